//! Command lines that cannot work: each says what is wrong, why, and what now; nothing is sent.

use predicates::str::contains;

use crate::api;
use crate::cli::{Cli, assert_same};

/// Runs all, expects the status of each, and keeps what they said.
fn refused(name: &str, status: i32, command_lines: &[&[&str]]) {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let shown: Vec<_> = command_lines
        .iter()
        .map(|arguments| {
            let ran = cli.run(*arguments);
            ran.exits(status);
            ran.shown()
        })
        .collect();
    assert_same(name, shown);
    assert_eq!(sandbox.counts().connections, 0, "something was sent");
}

#[test]
fn wrong_flags_are_refused() {
    refused(
        "wrong_flags",
        2,
        &[
            &["smss", "A", "--delivered"],
            &["sms"],
            &["sms", "A"],
            &["sms", "--delivered"],
            &["sms", "A", "--delivered=maybe"],
            &["sms", "A", "--delivered", "--delivered=false"],
            &["sms", "A", "--delivered", "--api-secret", "x"],
            &["sms", "A", "--delivered", "--insecure"],
            &["sms", "A", "--delivered", "-q", "-v"],
            &["-q", "sms", "A", "--delivered", "-v"],
            &["-n", "sms", "A", "--delivered", "--sandbox"],
            &["--sandbox", "report"],
            &["--retry", "3", "sms", "A", "--delivered"],
            &["sms", "A", "--delivered="],
            &["config", "list"],
            &["-v", "ledger", "-q", "status"],
            &["--json", "report", "--csv"],
            &["report", "--json", "--csv"],
            &["--profile", "work", "report", "--all-accounts"],
            &["sms", "A", "--delivered", "--dry-run", "--sandbox"],
            &["sms", "A", "--delivered", "--sandbox", "--base-url", "https://127.0.0.1"],
            &["sms", "A", "--delivered", "--color", "sometimes"],
            &["sms", "A", "--delivered", "--retry", "-1"],
            &["sms", "A", "--delivered", "--retry", "many"],
            &["sms", "A", "--delivered", "--retry", "1000000000"],
            &["sms", "A", "--delivered", "--max-time", "15"],
            &["sms", "A", "--delivered", "--max-time", "0s"],
            &["sms", "A", "--delivered", "--max-time", "-1s"],
            &["sms", "A", "--delivered", "--max-time", "2d"],
            &["sms", "A", "--delivered", "--connect-timeout", "soon"],
            &["completions", "cmd.exe"],
            &["config"],
            &["config", "init", "--auth", "oauth", "--api-key", "abcd1234"],
            &["config", "init"],
            &["sandbox", "--port", "65536"],
            &["sandbox", "--certificate", "expired"],
            &["sandbox", "--reply", "explode"],
            &["sandbox", "--every", "503"],
            &["sandbox", "--set", "colour=red"],
            &["sandbox", "--set", "missing=404"],
            &["sandbox", "--set", "get"],
        ],
    );
}

#[test]
fn no_command_at_all_is_answered_with_help_and_exit_2() {
    let ran = Cli::new().run(std::iter::empty::<&str>());
    ran.exits(2);
    assert_eq!(ran.stdout, "");
    ran.remarks(&contains("Usage: nexmo-conversion"));
}

#[test]
fn the_ambiguous_delivered_before_an_id_sends_nothing() {
    let sandbox = api::plain();
    let ran = Cli::new().against(&sandbox).run(["sms", "--delivered", "0A0000000123ABCD1"]);
    ran.exits(2);
    ran.remarks(&contains("`0A0000000123ABCD1 --delivered`"));
    assert_eq!(sandbox.counts().connections, 0);
    assert_eq!(api::requests(&sandbox), 0);
}

#[test]
fn times_that_are_none_are_refused() {
    refused(
        "wrong_times",
        2,
        &[
            &["sms", "A", "--delivered", "--timestamp", "yesterday"],
            &["sms", "A", "--delivered", "--timestamp", ""],
            &["sms", "A", "--delivered", "--timestamp", "2026-02-30 01:25:26"],
            &["sms", "A", "--delivered", "--timestamp", "2026-11-22 25:25:26"],
            &["sms", "A", "--delivered", "--timestamp", "2026-11-22"],
            &["sms", "A", "--delivered", "--timestamp", "12345"],
            &["sms", "A", "--delivered", "--timestamp", "-5m"],
            &["sms", "A", "--delivered", "--timestamp", "2026-11-22T01:25:26+99:00"],
        ],
    );
}

#[test]
fn ids_that_can_be_none_are_invalid_and_never_sent() {
    let long = "x".repeat(257);
    refused(
        "wrong_ids",
        65,
        &[
            &["sms", "", "--delivered"],
            &["sms", "   ", "--delivered"],
            &["sms", "A B", "--delivered"],
            &["sms", "A\nB", "--delivered"],
            &["sms", "A\u{7f}B", "--delivered"],
            &["sms", "A\u{202e}B", "--delivered"],
            &["sms", "A\u{200b}B", "--delivered"],
            &["sms", &long, "--delivered"],
            &["voice", "--message-id", "A\tB", "--delivered", "--json"],
            &["sms", "A", "--delivered", "--timestamp", "9999-12-31 23:59:59"],
        ],
    );
}

#[test]
fn an_invalid_id_does_not_keep_the_others_from_being_sent() {
    let sandbox = api::plain();
    let ran = Cli::new().against(&sandbox).run(["sms", "A", "B B", "C", "--delivered", "--json"]);
    let outcomes: Vec<_> = ran.exits(65).lines().iter().map(|line| line["outcome"].to_string()).collect();
    assert_eq!(outcomes.len(), 3);
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "\"accepted\"").count(), 2, "{outcomes:?}");
    assert_eq!(api::requests(&sandbox), 2);
}

#[test]
fn the_longest_id_is_sent() {
    let sandbox = api::plain();
    let longest = "x".repeat(256);
    Cli::new().against(&sandbox).run(["sms", &longest, "--delivered"]).exits(0);
    assert_eq!(sandbox.requests()[0].parameter("message-id"), Some(longest.as_str()));
}

#[test]
fn addresses_that_would_send_the_secret_astray_are_refused() {
    for url in [
        "ftp://api.example.org",
        "http://api.example.org",
        "http://localhost:8080",
        "http://127.0.0.1.example.org",
        "https://user:pa55word@api.example.org",
        "https://api.example.org/?a=b",
        "https://api.example.org/#f",
        "api.example.org",
        "https://",
        "https://api.example.org:0",
        "https://api.example.org:99999",
        "",
    ] {
        let ran = Cli::new().against(&api::plain()).run(["sms", "A", "--delivered", "--base-url", url]);
        ran.exits(78);
        assert!(!ran.said().contains("pa55word"), "{}", ran.shown());
    }
    refused(
        "wrong_addresses",
        78,
        &[
            &["sms", "A", "--delivered", "--base-url", "ftp://api.example.org"],
            &["sms", "A", "--delivered", "--base-url", "http://api.example.org"],
            &["sms", "A", "--delivered", "--base-url", "https://user:pa55word@api.example.org"],
            &["sms", "A", "--delivered", "--base-url", "https://api.example.org/?a=b"],
            &["sms", "A", "--delivered", "--base-url", "api.example.org"],
        ],
    );
}

#[test]
fn proxies_and_ca_files_that_are_none_are_refused() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    cli.file("here/empty.pem", "", 0o644);
    cli.file("here/not.pem", "not a certificate\n", 0o644);
    let shown: Vec<_> = [
        (78, ["--proxy", "http://"]),
        (78, ["--proxy", "ftp://proxy:1"]),
        (78, ["--proxy", "http://user:pa55word@proxy:99999"]),
        (78, ["--cacert", "missing.pem"]),
        (78, ["--cacert", "empty.pem"]),
        (78, ["--cacert", "not.pem"]),
        (78, ["--cacert", "."]),
    ]
    .into_iter()
    .map(|(status, flag)| {
        let ran = cli.run(["sms", "A", "--delivered"].into_iter().chain(flag));
        ran.exits(status);
        ran.shown()
    })
    .collect();
    assert!(!shown.iter().any(|shown| shown.split("---").nth(1).unwrap().contains("pa55word")));
    assert_same("wrong_proxies_and_ca_files", shown);
}

#[test]
fn variables_that_cannot_be_used_name_themselves() {
    let shown = [
        ("NEXMO_CONVERSION_MAX_TIME", "15"),
        ("NEXMO_CONVERSION_RETRY", "many"),
        ("NEXMO_CONVERSION_BASE_URL", "http://api.example.org"),
        ("NEXMO_CONVERSION_AUTH", "oauth"),
        ("NEXMO_CONVERSION_PROXY", "http://"),
        ("https_proxy", "http://user:pa55word@"),
        ("VONAGE_API_KEY", "has space"),
    ]
    .map(|(name, value)| {
        let ran = Cli::new()
            .with("VONAGE_API_KEY", "abcd1234")
            .with("VONAGE_API_SECRET", "x")
            .with("NEXMO_CONVERSION_BASE_URL", "https://127.0.0.1:9")
            .with(name, value)
            .run(["sms", "A", "--delivered"]);
        ran.exits(78);
        assert!(!ran.said().contains("pa55word"), "{}", ran.shown());
        format!("{name}={value}\n{}", ran.shown())
    });
    assert_same("wrong_variables", shown);
}

#[test]
fn an_option_may_stand_before_the_command_and_of_one_that_every_command_has_the_last_counts() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let behind = cli.run(["sms", "A", "--delivered", "--dry-run", "--timestamp", "2026-11-22 01:25:26"]);
    behind.exits(0);
    for before in [["-n", "sms"], ["--dry-run", "sms"]] {
        let ran = cli.run(before.into_iter().chain(["A", "--delivered", "--timestamp", "2026-11-22 01:25:26"]));
        ran.exits(0);
        assert_eq!(ran.stdout, behind.stdout);
    }
    assert_eq!(sandbox.counts().connections, 0, "something was sent");
    let tried = Cli::new().run(["--sandbox", "sms", "A", "--delivered"]);
    tried.exits(0);
    assert!(tried.stdout.contains("accepted"), "{}", tried.shown());
    let path = cli.run(["--config", "/a", "config", "path", "--config", "/b"]);
    assert_eq!(path.stdout, "/b\n");
    let again = cli.run(["--config", "/a", "--config", "/b", "-q", "-q", "config", "path"]);
    assert_eq!(again.stdout, "/b\n");
}

#[test]
fn the_colour_of_a_complaint_and_of_help_is_the_one_that_was_asked_for() {
    let cli = Cli::new();
    for line in [["frob", "--color", "always"], ["help", "sms", "--color=always"], ["--color", "always", "--help"]]
    {
        let line: Vec<_> = line.into_iter().collect();
        let ran = cli.run(&line);
        assert!((ran.stdout.clone() + &ran.stderr).contains('\u{1b}'), "{}", ran.shown());
        let plain: Vec<_> = line.iter().map(|word| word.replace("always", "never")).collect();
        let ran = cli.run(&plain);
        assert!(!(ran.stdout.clone() + &ran.stderr).contains('\u{1b}'), "{}", ran.shown());
    }
}
