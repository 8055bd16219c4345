//! Text from elsewhere never acts on the terminal: not from ids and arguments, not from files, not from servers.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use crate::api;
use crate::cli::{Cli, Ran};
use crate::relay::Proxy;

/// Sets the window's title, clears the screen, overwrites the line, reorders text, and a C1 control for the same.
pub(crate) const ATTACK: &str = "\u{1b}]0;pwned\u{7}\u{1b}[2J\r\u{8}\u{9b}31m\u{202e}x";

/// Whether nothing in it does anything but print.
#[track_caller]
fn only_prints(ran: &Ran) {
    let said = ran.said();
    let acts = said.chars().find(|c| {
        (c.is_control() && *c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    });
    assert_eq!(acts, None, "{said:?}");
}

#[test]
fn arguments_are_escaped_wherever_they_are_quoted() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    for arguments in [
        &["sms", ATTACK, "--delivered"][..],
        &["sms", ATTACK, "--delivered", "--json"],
        &["sms", ATTACK, "--delivered", "--dry-run"],
        &["sms", "--delivered", ATTACK],
        &["sms", "A", "--delivered", ATTACK, "B"],
        &["sms", "A", "--delivered", "--timestamp", ATTACK],
        &["sms", "A", "--delivered", "--retry", ATTACK],
        &["sms", "A", "--delivered", "--max-time", ATTACK],
        &["sms", "A", "--delivered", "--color", ATTACK],
        &["sms", "A", "--delivered", "--profile", ATTACK],
        &["sms", "A", "--delivered", "--config", ATTACK],
        &["sms", "A", "--delivered", "--cacert", ATTACK],
        &["sms", "A", "--delivered", "--base-url", ATTACK],
        &["sms", "A", "--delivered", "--proxy", ATTACK],
        &[ATTACK],
        &["completions", ATTACK],
        &["config", "init", "--api-key", ATTACK, "--api-secret-file", "-"],
        &["config", "init", "--api-key", "abcd1234", "--api-secret-file", ATTACK],
        &["config", "init", "--api-key", "abcd1234", "--name", ATTACK, "--api-secret-file", "-"],
        &["sandbox", "--set", ATTACK],
        &["sandbox", "--reply", ATTACK],
        &["sandbox", "--api-key", ATTACK],
    ] {
        let ran = cli.run_with_input(arguments, "x");
        assert_ne!(ran.status, Some(0), "{arguments:?}");
        only_prints(&ran);
    }
}

#[test]
fn arguments_that_are_no_text_are_escaped_too() {
    let broken = OsString::from_vec(b"\xff\x1b[2J".to_vec());
    for arguments in [
        vec!["sms".into(), broken.clone(), "--delivered".into()],
        vec!["sms".into(), "A".into(), "--delivered".into(), "--config".into(), broken],
    ] {
        let ran = Cli::new().run(arguments);
        assert_ne!(ran.status, Some(0));
        only_prints(&ran);
    }
}

#[test]
fn what_a_file_says_is_escaped() {
    let key = "\\u001B]0;pwned\\u0007\\u202E";
    for toml in [
        format!("\"{key}\" = 1\n"),
        format!("[profiles.\"{key}\"]\napi_key = \"a\"\n"),
        format!("default_profile = \"{key}\"\n"),
        format!("[profiles.a]\n\"{key}\" = \"a\"\n"),
        format!("[profiles.a]\napi_key = \"{key}\"\napi_secret = \"x\"\n"),
        format!("[profiles.a]\napi_key = \"a\"\nauth = \"{key}\"\napi_secret = \"x\"\n"),
        format!("[profiles.a]\napi_key = \"a\"\napi_secret_file = \"{key}\"\n"),
        format!("[profiles.a]\napi_key = \"a\"\napi_secret_command = [\"{key}\"]\n"),
        format!("[profiles.a]\napi_key = \"a\"\napi_secret_command = [\"ls\", \"{key}\"]\n"),
        format!("[network]\nbase_url = \"{key}\"\n"),
        format!("[network]\ncacert = \"{key}\"\n"),
        format!("[network]\nproxy = \"{key}\"\n"),
        "raw \u{1b}[2J = 1\n".to_owned(),
    ] {
        let cli = Cli::new().configured(&toml);
        for command in [&["sms", "A", "--delivered"][..], &["config", "show"], &["check"], &["check", "--json"]] {
            only_prints(&cli.run(command));
        }
    }
}

#[test]
fn what_the_server_says_is_never_repeated_raw() {
    let page = format!("<html>{ATTACK}</html>");
    let bare = [401, 402, 420, 500, 200, 302, 404].map(|status| {
        format!(
            "HTTP/1.1 {status} {ATTACK}\r\nX-Header: {ATTACK}\r\nLocation: https://evil.example/{ATTACK}\r\nContent-Type: \
             text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
            page.len()
        )
    });
    let tame = bare.clone().map(|reply| reply.replacen(ATTACK, "Some\u{9b}thing", 1).replacen(ATTACK, "x", 1));
    for reply in bare.into_iter().chain(tame) {
        for flag in ["-v", "--json"] {
            let server = Proxy::answering(reply.clone());
            let url = format!("http://{}", server.address());
            let ran = Cli::new().against(&api::plain()).run([
                "sms",
                "A",
                "--delivered",
                "--retry",
                "0",
                "--base-url",
                &url,
                flag,
            ]);
            only_prints(&ran);
            assert!(!ran.said().contains("html") && !ran.said().contains("pwned"), "{}", ran.shown());
            assert!(!server.heads().is_empty(), "the server was not asked");
        }
        let server = Proxy::answering(reply);
        let ran = Cli::new().against(&api::plain()).run([
            "check",
            "--base-url",
            &format!("http://{}", server.address()),
        ]);
        only_prints(&ran);
        assert!(!server.heads().is_empty());
    }
}

#[test]
fn what_a_proxy_says_is_never_repeated_raw() {
    for status in [407, 403, 502] {
        let proxy = Proxy::answering(format!("HTTP/1.1 {status} {ATTACK}\r\nContent-Length: 0\r\n\r\n"));
        let ran = Cli::new().against(&api::plain()).run([
            "sms",
            "A",
            "--delivered",
            "-v",
            "--retry",
            "0",
            "--base-url",
            "https://api.example.org",
            "--proxy",
            &proxy.address(),
        ]);
        assert_ne!(ran.status, Some(0));
        assert!(!proxy.heads().is_empty(), "the proxy was not asked");
        only_prints(&ran);
    }
}

#[test]
fn harmless_text_is_left_as_it_is() {
    let ran = Cli::new().against(&api::plain()).run(["sms", "ид-Ü-漢-🐢", "--delivered"]);
    assert!(ran.exits(0).stdout.contains("  ид-Ü-漢-🐢  "), "{}", ran.shown());
}
