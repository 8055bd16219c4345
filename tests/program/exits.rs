//! Exit codes: every one is reached by the program itself, with real files, pipes and signals.

use std::fs::OpenOptions;
use std::process::Stdio;

use nexmo_conversion::cli::Exit;
use rustix::process::Signal;

use crate::api;
use crate::cli::{Cli, PROGRAM, wait_until};
use crate::relay;
use crate::together::together;

const ONE: [&str; 3] = ["sms", "0A0000000123ABCD1", "--delivered"];

enum Reached {
    With(Option<i32>),
    FromInsideOnly,
}

/// How a code is reached; a new one does not compile before it has a way here.
fn reach(exit: Exit) -> Reached {
    let status = match exit {
        Exit::Done => Cli::new().against(&api::plain()).run(ONE).status,
        Exit::Usage => Cli::new().run(["sms", "--delivered"]).status,
        Exit::Data => Cli::new().against(&api::always("420")).run(ONE).status,
        Exit::NoInput => {
            let init = ["config", "init", "--api-key", "abcd1234", "--api-secret-file", "missing"];
            Cli::new().run(init).status
        }
        Exit::Io => with_full_stdout(&ONE),
        Exit::TryLater => {
            let closed = format!("http://{}", relay::closed_port());
            let arguments = ONE.iter().copied().chain(["--retry", "0", "--base-url", &closed]);
            Cli::new().against(&api::plain()).run(arguments).status
        }
        Exit::Account => Cli::new().against(&api::always("401")).run(ONE).status,
        Exit::Configuration => Cli::new().run(ONE).status,
        Exit::HungUp => signalled(Signal::HUP),
        Exit::ReaderGone => {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            with_stdout_of(writer.into(), &ONE)
        }
        Exit::Interrupted => signalled(Signal::INT),
        Exit::Terminated => signalled(Signal::TERM),
        // A panic is a bug that is not found yet; none can be made from outside, and there is no switch that makes one.
        Exit::Bug => return Reached::FromInsideOnly,
    };
    Reached::With(status)
}

#[test]
fn every_exit_code_but_that_of_a_bug_is_reached() {
    let mut codes = Vec::new();
    for (exit, meaning) in Exit::ALL {
        let Reached::With(status) = reach(*exit) else { continue };
        assert_eq!(status, Some(i32::from(exit.code())), "{meaning}");
        codes.push(exit.code());
    }
    assert_eq!(codes, [0, 2, 65, 66, 74, 75, 77, 78, 129, 130, 141, 143]);
}

fn with_full_stdout(arguments: &[&str]) -> Option<i32> {
    with_stdout_of(OpenOptions::new().write(true).open("/dev/full").unwrap().into(), arguments)
}

fn with_stdout_of(stdout: Stdio, arguments: &[&str]) -> Option<i32> {
    let sandbox = api::plain();
    let arguments: Vec<_> = arguments.iter().map(Into::into).collect();
    let cli = Cli::new().against(&sandbox);
    let mut command = cli.command(PROGRAM, &arguments);
    command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::null());
    cli.spawn(command).finish().0
}

#[test]
fn a_full_disk_under_standard_output_is_an_io_error_for_every_command() {
    for arguments in [
        &ONE[..],
        &["sms", "A", "B", "C", "--delivered", "--json"],
        &["sms", "A", "--delivered", "--dry-run"],
        &["check"],
        &["report"],
        &["report", "--json"],
        &["report", "--csv"],
        &["report", "--html", "-"],
        &["config", "show"],
        &["config", "path"],
        &["completions", "bash"],
        &["--help"],
        &["--version"],
        &["sandbox"],
    ] {
        assert_eq!(with_full_stdout(arguments), Some(74), "{arguments:?}");
    }
}

#[test]
fn a_closed_standard_output_stops_the_run_without_a_panic() {
    let sandbox = api::always("ok,delay=200ms");
    let mut run = Cli::new().against(&sandbox).start(["sms", "A", "B", "C", "D", "E", "--delivered"]);
    run.close_stdout();
    let (status, _, stderr) = run.finish();
    assert_eq!(status, Some(141), "{stderr}");
    assert!(!stderr.contains("error: ") && !stderr.contains("bug"), "in silence: {stderr}");
    assert_eq!(api::requests(&sandbox), 1, "nothing is sent once the reader of the results has gone");
}

/// Sends the signal while the first of two reports is in flight for certain: the sandbox has read it and holds it.
fn signalled(signal: Signal) -> Option<i32> {
    interrupted_while("stall", "1500ms", signal).0
}

fn interrupted_while(answer: &str, max_time: &str, signal: Signal) -> (Option<i32>, String, String) {
    let sandbox = api::always(answer);
    let mut run = Cli::new().against(&sandbox).start([
        "sms",
        "A",
        "B",
        "--delivered",
        "--json",
        "--retry",
        "0",
        "--max-time",
        max_time,
    ]);
    wait_until("the first report is in flight", || api::requests(&sandbox) == 1);
    run.signal(signal);
    let ended = run.finish();
    assert_eq!(api::requests(&sandbox), 1, "nothing more is sent: {}", ended.2);
    ended
}

#[test]
fn what_is_in_flight_at_a_signal_is_settled_and_the_rest_is_reported_as_not_sent() {
    together(&[(Signal::INT, 130), (Signal::TERM, 143)], |(signal, code)| {
        let (status, stdout, stderr) = interrupted_while("ok,delay=1500ms", "15s", *signal);
        assert_eq!(status, Some(*code), "{stderr}");
        let lines: Vec<serde_json::Value> =
            stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let line = |id: &str| lines.iter().find(|line| line["message_id"] == id).unwrap();
        assert_eq!(lines.len(), 2, "one line for each id: {stdout}");
        assert_eq!(line("A")["outcome"], "accepted");
        assert_eq!(line("B")["outcome"], "retry");
        assert_eq!(line("B")["error"]["code"], "interrupted");
        assert_eq!(line("B")["error"]["reached_server"], false);
        assert_eq!(line("B")["attempts"], 0);
        assert!(stderr.contains("1 accepted, 0 rejected, 1 retry"), "{stderr}");
    });
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    let sandbox = api::always("stall");
    let mut run = Cli::new().against(&sandbox).start(["sms", "A", "--delivered", "--max-time", "20s"]);
    wait_until("the report is in flight", || api::requests(&sandbox) == 1);
    // Two that are sent at once may be merged into one, so they are sent until one has ended it.
    wait_until("a second signal has ended it", || {
        if run.has_ended() {
            return true;
        }
        run.signal(Signal::INT);
        false
    });
    assert_eq!(run.finish().0, Some(130));
}

#[test]
fn of_several_reasons_the_worst_is_the_exit_code() {
    for (answers, code) in [
        (&["420", "ok"][..], 65),
        (&["420", "500"], 75),
        (&["500", "420"], 75),
        (&["420", "500", "401"], 77),
        (&["420", "500", "302"], 78),
    ] {
        let sandbox = api::answering(answers);
        let ran = Cli::new().against(&sandbox).run(["sms", "A", "B", "C", "--delivered", "--retry", "0"]);
        assert_eq!(ran.status, Some(code), "{answers:?}: {}", ran.shown());
        assert_eq!(api::requests(&sandbox), 3);
    }
}

#[test]
fn with_something_pending_an_end_without_a_fault_is_75() {
    let sandbox = api::answering(&["503", "ok", "ok", "ok", "503"]);
    let cli = Cli::new().against(&sandbox);
    cli.run(["sms", "A", "--delivered", "--retry", "0"]).exits(75);
    let accepted = cli.run(["sms", "B", "--delivered"]);
    accepted.exits(75);
    assert!(accepted.stdout.starts_with("accepted"), "{}", accepted.shown());
    assert!(accepted.stderr.contains("pending: 1 "), "{}", accepted.shown());
    assert!(accepted.stderr.contains("`nexmo-conversion ledger status`"), "{}", accepted.shown());
    // A stream takes it along as soon as it is due.
    cli.run(["ledger", "resume"]).exits(0);
    cli.run(["sms", "C", "--delivered"]).exits(0);
    let batch = ["batch", "--channel", "sms", "--delivered", "true", "--retry", "0"];
    cli.run_with_input(batch, "{\"id\":\"D\"}\n").exits(75);
    // Nothing of this input failed, and it ends before D is due again.
    let ended = cli.run_with_input(batch, "{\"id\":\"C\"}\n");
    assert!(ended.status == Some(75) || ended.stderr.contains("left by earlier runs"), "{}", ended.shown());
}
