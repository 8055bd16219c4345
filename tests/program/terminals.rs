//! What a stream shows to somebody who watches: the progress line, on a terminal and nowhere else.

use std::time::Duration;

use serde_json::Value;

use crate::api;
use crate::cli::Cli;
use crate::interruptions::{records, slow};

const BATCH: &str = "nexmo-conversion batch --json --channel sms --delivered true --rate 60/s input.ndjson";

/// Runs a line of shell on a terminal of its own; what appeared on it, escape sequences and all, is left in the file `screen`.
fn on_a_terminal(line: &str) -> String {
    format!("TERM=xterm COLUMNS=120 script -qefc '{line}' screen </dev/null >/dev/null 2>&1; echo $? >status")
}

/// Without escape sequences; what a carriage return overwrites is kept.
fn without_sequences(screen: &str) -> String {
    let mut plain = String::new();
    let mut chars = screen.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            let _ = chars.find(char::is_ascii_alphabetic);
        } else {
            plain.push(c);
        }
    }
    plain
}

#[test]
fn a_terminal_shows_progress_and_no_result_line_is_torn() {
    let sandbox = slow(Duration::from_millis(30));
    let cli = Cli::new().against(&sandbox);
    cli.file("here/input.ndjson", records(60), 0o644);
    let ran = cli.shell(&on_a_terminal(BATCH));
    assert!(cli.path("here/screen").exists(), "this test needs script(1) of util-linux: {}", ran.shown());
    assert_eq!(std::fs::read_to_string(cli.path("here/status")).unwrap().trim(), "0");
    let screen = std::fs::read_to_string(cli.path("here/screen")).unwrap();
    let plain = without_sequences(&screen);
    assert!(plain.contains(" in flight, ") && plain.contains(" to retry"), "no progress line: {plain:?}");
    assert!(plain.contains("% ") && plain.contains(" left"), "the size is known, and so is the rest: {plain:?}");
    // Each result begins where a line begins (maybe one that was just cleared), is whole, and ends its line.
    let results: Vec<Value> = plain
        .split(['\n', '\r'])
        .filter(|piece| piece.contains("\"v\":1"))
        .map(|piece| serde_json::from_str(piece).unwrap_or_else(|why| panic!("torn ({why}): {piece:?}")))
        .collect();
    assert_eq!(results.len(), 60);
    assert!(
        plain.trim_end().lines().last().is_some_and(|line| !line.contains("in flight")),
        "it is gone at the end"
    );
    assert!(plain.contains("60 accepted, 0 rejected"), "{plain:?}");
}

#[test]
fn whoever_asks_for_quiet_sees_no_progress() {
    let sandbox = slow(Duration::from_millis(30));
    let cli = Cli::new().against(&sandbox);
    cli.file("here/input.ndjson", records(30), 0o644);
    cli.shell(&on_a_terminal(&format!("{BATCH} -q")));
    let screen = std::fs::read_to_string(cli.path("here/screen")).expect("script(1) of util-linux");
    assert!(!screen.contains("in flight") && !screen.contains('\u{1b}'), "{screen:?}");
    assert_eq!(api::requests(&sandbox), 30);
}

#[test]
fn a_pipe_never_sees_progress() {
    let sandbox = slow(Duration::from_millis(30));
    let cli = Cli::new().against(&sandbox);
    cli.file("here/input.ndjson", records(60), 0o644);
    let ran = cli.shell(&format!("TERM=xterm {BATCH}"));
    ran.exits(0);
    assert!(!ran.said().contains(['\u{1b}', '\r']), "{}", ran.shown());
    assert!(!ran.said().contains("in flight"), "{}", ran.shown());
    assert_eq!(ran.lines().len(), 60);
}

#[test]
fn a_stream_is_not_read_from_a_terminal() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    cli.shell(&on_a_terminal("nexmo-conversion batch --channel sms --delivered true"));
    let screen = std::fs::read_to_string(cli.path("here/screen")).expect("script(1) of util-linux");
    assert_eq!(std::fs::read_to_string(cli.path("here/status")).unwrap().trim(), "2", "{screen}");
    assert!(screen.contains("for example: echo"), "{screen}");
    assert_eq!(api::requests(&sandbox), 0);
}
