//! Result lines for programs and for people, how much is said, and colour.

use std::collections::BTreeSet;

use predicates::str::contains;
use serde_json::Value;

use crate::api;
use crate::cli::{Cli, assert_same};

const WHEN: [&str; 3] = ["--delivered", "--timestamp", "2026-11-20 01:25:26"];
const FIELDS: [&str; 15] = [
    "v",
    "line",
    "ref",
    "channel",
    "message_id",
    "delivered",
    "timestamp",
    "outcome",
    "http_status",
    "attempts",
    "elapsed_ms",
    "age_s",
    "profile",
    "sent_at",
    "error",
];

/// The names of a JSON object's fields in the order in which they stand there; it has no names in its values.
fn names(line: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0;
    let mut rest = line;
    while let Some(at) = rest.find(['{', '}', '"']) {
        let (mark, after) = (rest.as_bytes()[at], &rest[at + 1..]);
        rest = after;
        match mark {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {
                let end = after.find('"').unwrap();
                rest = &after[end + 1..];
                if depth == 1 && rest.starts_with(':') {
                    names.push(after[..end].to_owned());
                }
            }
        }
    }
    names
}

#[test]
fn a_result_line_has_the_fields_of_the_contract_in_its_order() {
    for (answer, status) in [("ok", 0), ("420", 65), ("500", 75), ("401", 77), ("reset", 75)] {
        let ran = Cli::new()
            .against(&api::always(answer))
            .run(["sms", "A", "--json", "--retry", "0"].into_iter().chain(WHEN));
        let line = ran.exits(status).line();
        assert_eq!(names(ran.stdout.trim_end()), FIELDS, "{answer}");
        assert_eq!(ran.stdout.lines().count(), 1);
        assert_eq!((&line["v"], &line["line"], &line["ref"]), (&Value::from(1), &Value::from(1), &Value::Null));
        assert_eq!((&line["channel"], &line["message_id"]), (&Value::from("sms"), &Value::from("A")));
        assert_eq!((&line["delivered"], &line["timestamp"]), (&Value::from(true), &Value::from(WHEN[2])));
        assert!(line["elapsed_ms"].is_u64() && line["age_s"].as_i64().unwrap() > 0);
        let sent_at = line["sent_at"].as_str().unwrap();
        assert!(sent_at.len() == 20 && sent_at.ends_with('Z') && sent_at.contains('T'), "{sent_at}");
        if answer == "ok" {
            assert!(line["error"].is_null());
        } else {
            let names: BTreeSet<_> = line["error"].as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(names, ["code", "message", "hint", "reached_server"].into());
        }
    }
}

#[test]
fn there_is_one_line_for_each_id_whatever_happens() {
    for answer in ["ok", "420", "500", "401", "404", "reset", "garbage"] {
        let ran = Cli::new()
            .against(&api::always(answer))
            .run(["voice", "A", "B", "not one", "C", "--json", "--retry", "0"].into_iter().chain(WHEN));
        let mut numbers: Vec<_> = ran.lines().iter().map(|line| line["line"].as_u64().unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2, 3, 4], "{answer}: {}", ran.shown());
    }
}

#[test]
fn the_profile_is_named() {
    let sandbox = api::plain();
    let cli = Cli::new()
        .at(&sandbox)
        .configured("[profiles.2fa]\napi_key = \"abcd1234\"\napi_secret_command = [\"printenv\", \"HELD\"]\n")
        .with("HELD", api::SECRET);
    assert_eq!(cli.run(["sms", "A", "--delivered", "--json"]).exits(0).line()["profile"], "2fa");
}

#[test]
fn the_text_line_has_the_shape_of_the_contract() {
    let ran = Cli::new().against(&api::plain()).run(["sms", "0A0000000123ABCD1"].into_iter().chain(WHEN));
    ran.exits(0);
    let words: Vec<&str> = ran.stdout.trim_end().split("  ").collect();
    assert_eq!(words[..4], ["accepted", "sms", "0A0000000123ABCD1", "delivered=true"]);
    assert!(words[4].starts_with("2026-11-20 01:25:26Z (") && words[4].ends_with(" ago)"), "{words:?}");
    assert!(words[5].starts_with("200 OK ") && words[5].ends_with("ms"), "{words:?}");
    assert_eq!((words.len(), ran.stdout.lines().count()), (6, 1));
}

#[test]
fn every_loudness_has_its_words() {
    let shown = ["-q", "-v", "--json"].map(|flag| {
        let sandbox = api::answering(&["ok", "420", "500"]);
        Cli::new().against(&sandbox).run(["sms", "A", "B", "C", "not one", flag].into_iter().chain(WHEN)).shown()
    });
    // The retried one may come back before or after the invalid one; all else is in order.
    assert_same(
        "loudness_of_success",
        ["-q", "-v", "--json"].map(|flag| {
            Cli::new().against(&api::plain()).run(["sms", "A", "B", flag].into_iter().chain(WHEN)).shown()
        }),
    );
    assert!(shown[0].contains("rejected  sms  B") && shown[0].contains("invalid   id 4"), "{}", shown[0]);
    assert!(!shown[0].contains("accepted") && !shown[0].contains("warning"), "{}", shown[0]);
    assert!(shown[1].contains("retrying: C in ") && shown[1].contains("the server answered 500"), "{}", shown[1]);
    assert!(!shown[2].contains("retrying:"), "{}", shown[2]);
}

#[test]
fn the_summary_counts_everything_once() {
    let sandbox = api::answering(&["ok", "420"]);
    let ran =
        Cli::new().against(&sandbox).run(["sms", "A", "B", "C", "not one", "--delivered", "--timestamp", "20s"]);
    ran.exits(65);
    ran.remarks(&contains(
        "2 accepted, 1 rejected, 0 retry, 1 invalid, 0 skipped, 0 ambiguous re-sends\n\
         reasons bad_record 1 bad_parameters 1\nage p50 2",
    ));
    assert_eq!(sandbox.counts().accepted, 2);
    let one = Cli::new().against(&api::plain()).run(["sms", "A", "--delivered"]);
    assert_eq!(one.exits(0).stderr, "", "a single report needs no summary");
}

#[test]
fn an_event_that_no_longer_counts_is_pointed_out() {
    let ran = Cli::new().against(&api::plain()).run(["sms", "A", "--delivered", "--timestamp", "20m"]);
    assert!(ran.exits(0).stderr.contains("no longer counts in the current routing analysis"), "{}", ran.shown());
    let ran = Cli::new().against(&api::plain()).run(["sms", "A", "--delivered", "--timestamp", "10m"]);
    assert_eq!(ran.exits(0).stderr, "");
}

#[test]
fn the_environment_wishes_for_colour_and_what_was_typed_comes_first() {
    let sandbox = api::plain();
    let coloured = |variables: &[(&str, &str)], arguments: &[&str]| {
        let cli = variables.iter().fold(Cli::new().against(&sandbox), |cli, (name, value)| cli.with(name, value));
        cli.run(["sms", "A", "--delivered"].iter().chain(arguments)).exits(0).stdout.contains('\u{1b}')
    };
    assert!(!coloured(&[], &[]));
    assert!(coloured(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(coloured(&[("CLICOLOR_FORCE", "1"), ("TERM", "dumb")], &[]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "0")], &[]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1")], &["--color", "never"]));
    assert!(coloured(&[("NO_COLOR", "1")], &["--color", "always"]));
}

#[test]
fn colour_is_a_matter_of_asking() {
    let coloured = |variables: &[(&str, &str)], flags: &[&str]| {
        let sandbox = api::always("420");
        let cli = variables.iter().fold(Cli::new().against(&sandbox), |cli, (name, value)| cli.with(name, value));
        let ran = cli.run(["sms", "A", "--delivered"].iter().chain(flags));
        assert_eq!(api::requests(&sandbox), 1, "{}", ran.shown());
        (ran.stdout.contains('\u{1b}'), ran.stderr.contains('\u{1b}'))
    };
    assert_eq!(coloured(&[], &[]), (false, false), "a pipe is no terminal");
    assert_eq!(coloured(&[], &["--color", "auto"]), (false, false));
    assert_eq!(coloured(&[], &["--color", "never"]), (false, false));
    assert_eq!(coloured(&[], &["--color", "always"]), (true, true));
    assert_eq!(
        coloured(&[("NO_COLOR", "1")], &["--color", "always"]),
        (true, true),
        "the flag was typed just now"
    );
    assert_eq!(coloured(&[("NO_COLOR", "1")], &[]), (false, false));
    assert_eq!(coloured(&[("CLICOLOR_FORCE", "1")], &["--color", "never"]), (false, false));
    assert!(!coloured(&[], &["--color", "always", "--json"]).0, "JSON has no colour");
}

#[test]
fn colour_changes_nothing_that_is_said() {
    let said = |when: &str| {
        let ran =
            Cli::new().against(&api::always("420")).run(["sms", "A", "--color", when].into_iter().chain(WHEN));
        ran.stderr.clone()
    };
    let mut plain = String::new();
    let mut in_sequence = false;
    for c in said("always").chars() {
        match c {
            '\u{1b}' => in_sequence = true,
            'm' if in_sequence => in_sequence = false,
            _ if in_sequence => {}
            c => plain.push(c),
        }
    }
    assert_eq!(plain, said("never"));
}
