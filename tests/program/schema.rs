//! Real result lines of every outcome, judged by the JSON Schema that is published for them.

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::api;
use crate::cli::Cli;

fn validator() -> Validator {
    let schema: Value = serde_json::from_str(include_str!("../../docs/result-line.schema.json")).unwrap();
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

#[track_caller]
fn assert_valid(validator: &Validator, line: &Value) {
    let faults: Vec<_> =
        validator.iter_errors(line).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}\n{line}");
}

const BATCH: [&str; 8] = ["batch", "--json", "--channel", "sms", "--delivered", "true", "--retry", "0"];

#[test]
#[expect(clippy::too_many_lines, reason = "the fields of the schema, one by one")]
fn result_lines_of_every_outcome_are_as_the_schema_says() {
    let validator = validator();
    let mut seen = BTreeSet::new();
    let mut see = |lines: Vec<Value>| {
        for line in lines {
            assert_valid(&validator, &line);
            let code = line["error"]["code"].as_str().unwrap_or("none").to_owned();
            seen.insert(format!("{} {code}", line["outcome"].as_str().unwrap()));
        }
    };
    for answer in [
        "ok",
        "204",
        "420",
        "429,retry-after=300",
        "503",
        "401",
        "402",
        "302",
        "404",
        "portal",
        "garbage",
        "close",
    ] {
        let sandbox = api::always(answer);
        let cli = Cli::new().against(&sandbox);
        let input = "{\"id\":\"A\",\"ref\":\"x-9\"}\n{\"id\":\"B\",\"ref\":17}\n{\"id\":\"C\",\"ref\":null,\"ts\":1795137926}\n";
        see(cli.run_with_input(BATCH, input).lines());
        see(cli.run_with_input(BATCH, input).lines());
        see(cli.run(["ledger", "refused", "--json"]).lines());
    }
    let stalled = api::always("stall");
    see(Cli::new()
        .against(&stalled)
        .run_with_input(BATCH.iter().chain(&["--max-time", "1s"]), "{\"id\":\"A\"}\n")
        .lines());
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let long = "x".repeat(300);
    let bad = format!(
        "{{\"id\":\"x y\",\"ref\":\"r\"}}\nno json {long}\n{{\"id\":\"x\",\"ts\":\"2999-01-01 00:00:00\"}}\n{{\"id\":[]}}\n"
    );
    see(cli.run_with_input(BATCH, bad).lines());
    see(cli
        .run_with_input(BATCH.iter().chain(&["--max-age", "1m"]), "{\"id\":\"A\",\"ts\":1795137926}\n")
        .lines());
    for ts in [1_795_137_926, 1_795_137_000] {
        let value = format!("{{\"id\":\"S\",\"ts\":{ts},\"delivered\":{}}}\n", ts % 2 == 0);
        see(cli.run_with_input(BATCH, value).lines());
    }
    see(cli.run_with_input(BATCH.iter().chain(&["--dry-run"]), "{\"id\":\"A\"}\n").lines());
    see(cli.run_with_input(BATCH.iter().chain(&["--sandbox"]), "{\"id\":\"A\"}\n").lines());
    see(cli.run_with_input(BATCH.iter().chain(&["--base-url", "http://127.0.0.1:9"]), "{\"id\":\"A\"}\n").lines());
    for expected in [
        "accepted none",
        "dry_run none",
        "invalid bad_record",
        "invalid future_timestamp",
        "rejected bad_parameters",
        "retry bad_credentials",
        "retry not_enabled",
        "retry redirect",
        "retry unexpected_reply",
        "retry server_error",
        "retry rate_limited",
        "retry connect",
        "retry timeout",
        "skipped already_accepted",
        "skipped already_refused",
        "skipped stale",
        "skipped too_old",
    ] {
        assert!(seen.contains(expected), "no line was seen with {expected}: {seen:?}");
    }
}

#[test]
fn the_schema_refuses_what_is_no_result_line() {
    let validator = validator();
    let sandbox = api::plain();
    let line = Cli::new().against(&sandbox).run_with_input(BATCH, "{\"id\":\"A\"}\n").line();
    assert_valid(&validator, &line);
    for (name, value) in [
        ("v", json!(2)),
        ("line", json!(0)),
        ("outcome", json!("perhaps")),
        ("outcome", json!("retry")),
        ("delivered", json!("true")),
        ("timestamp", json!("2026-11-20T01:25:26Z")),
        ("sent_at", json!("yesterday")),
        ("http_status", json!(99)),
        ("channel", json!("fax")),
        ("error", json!({"code": "bad_record"})),
    ] {
        let mut changed = line.clone();
        changed[name] = value;
        assert!(!validator.is_valid(&changed), "{changed}");
    }
    for name in line.as_object().unwrap().keys() {
        let mut changed = line.clone();
        changed.as_object_mut().unwrap().remove(name);
        assert!(!validator.is_valid(&changed), "without {name}");
    }
}
