//! What comes of each answer and each fault. The sandbox's log says how many requests there really were, and each fault
//! proves that it happened.

use std::time::Duration;

use nexmo_conversion::clock;
use nexmo_conversion::sandbox::Sandbox;
use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::contains;
use serde_json::Value;

use crate::api;
use crate::cli::{Cli, Ran, assert_same};
use crate::together::together;

const ONE: [&str; 4] = ["sms", "A", "--delivered", "--json"];
const FIVE: [&str; 8] = ["sms", "A", "B", "C", "D", "E", "--delivered", "--json"];

fn run(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    Cli::new().against(sandbox).run(arguments)
}

fn code(line: &Value) -> &str {
    line["error"]["code"].as_str().unwrap_or("none")
}

#[test]
fn a_refused_account_costs_one_request_however_many_ids_there_are() {
    for (status, expected) in [("401", "bad_credentials"), ("402", "not_enabled"), ("403", "bad_credentials")] {
        let sandbox = api::always(status);
        let lines = run(&sandbox, &FIVE).exits(77).lines();
        assert_eq!(api::requests(&sandbox), 1, "{status}");
        assert_eq!(api::fired(&sandbox, status), 1);
        assert_eq!(lines.len(), 5, "one line for each id");
        assert!(lines.iter().all(|line| line["outcome"] == "retry" && code(line) == expected), "{lines:?}");
        let mut attempts: Vec<_> = lines.iter().map(|line| line["attempts"].as_u64().unwrap()).collect();
        attempts.sort_unstable();
        assert_eq!(attempts, [0, 0, 0, 0, 1], "{status}");
        let never_sent = |line: &&Value| line["attempts"] == 0;
        assert!(lines.iter().filter(never_sent).all(|line| line["error"]["reached_server"] == false));
    }
}

#[test]
fn a_refused_account_is_explained() {
    let shown = ["401", "402", "403"].map(|status| {
        Cli::new()
            .against(&api::always(status))
            .run(["sms", "A", "B", "--delivered", "--timestamp", "2026-11-20 01:25:26"])
            .shown()
    });
    assert_same("refused_accounts", shown);
}

#[test]
fn a_refused_conversion_is_not_retried_and_the_others_are_sent() {
    for status in ["400", "413", "420", "422", "423", "431", "418"] {
        let sandbox = api::always(status);
        let line = run(&sandbox, &ONE).exits(65).line();
        assert_eq!(api::requests(&sandbox), 1, "{status}");
        assert_eq!(line["outcome"], "rejected");
        assert_eq!(line["http_status"].to_string(), status);
        assert_eq!((code(&line), &line["error"]["reached_server"]), ("bad_parameters", &Value::Bool(true)));

        let sandbox = api::answering(&[status]);
        let lines = run(&sandbox, &FIVE).exits(65).lines();
        assert_eq!(lines.iter().filter(|line| line["outcome"] == "accepted").count(), 4, "{status}");
        assert_eq!((api::requests(&sandbox), api::fired(&sandbox, status)), (5, 1));
    }
}

#[test]
fn the_sandboxs_own_refusals_are_understood() {
    let sandbox = api::plain();
    let ran = Cli::new().against(&sandbox).with("VONAGE_API_KEY", "somebody").run(ONE);
    ran.exits(77);
    assert_eq!(sandbox.requests()[0].status, Some(401));
}

#[test]
fn a_passing_failure_is_retried_until_it_has_passed() {
    // Connections that break are those of `faults`.
    together(&["500", "502", "504", "408", "425", "520", "reset"], |answer| {
        let sandbox = api::answering(&[answer, answer]);
        let ran = run(&sandbox, &ONE);
        let line = ran.exits(0).line();
        assert_eq!(line["outcome"], "accepted", "{answer}");
        assert_eq!(line["attempts"], 3, "{answer}");
        assert_eq!((api::requests(&sandbox), api::fired(&sandbox, answer)), (3, 2), "{answer}");
        assert_eq!(sandbox.counts().accepted, 1, "{answer}");
    });
}

#[test]
fn retry_0_means_one_request() {
    for (answer, expected, reached) in [
        ("500", "server_error", Value::Bool(true)),
        ("503", "server_error", Value::Bool(true)),
        ("429", "rate_limited", Value::Bool(true)),
        ("reset", "connect", Value::Null),
        ("close", "connect", Value::Null),
        ("half-status", "connect", Value::Null),
        ("half-headers", "connect", Value::Null),
        ("garbage", "unexpected_reply", Value::Null),
    ] {
        let sandbox = api::always(answer);
        let line = run(&sandbox, &["sms", "A", "--delivered", "--json", "--retry", "0"]).exits(75).line();
        assert_eq!((api::requests(&sandbox), api::fired(&sandbox, answer)), (1, 1), "{answer}");
        assert_eq!((line["outcome"].as_str(), code(&line)), (Some("retry"), expected), "{answer}");
        assert_eq!(line["error"]["reached_server"], reached, "{answer}");
    }
}

#[test]
fn retries_end_and_say_so() {
    let sandbox = api::always("500");
    let line = run(&sandbox, &["sms", "A", "--delivered", "--json", "--retry", "2"]).exits(75).line();
    assert_eq!((line["outcome"].as_str(), line["attempts"].as_u64()), (Some("retry"), Some(3)));
    assert_eq!(api::requests(&sandbox), 3);
}

#[test]
fn a_retry_that_would_come_too_late_is_not_waited_for() {
    let sandbox = api::always("503,retry-after=60");
    let began = clock::monotonic();
    let line = run(&sandbox, &["sms", "A", "--delivered", "--json", "--retry-max-time", "2s"]).exits(75).line();
    assert!(clock::monotonic().saturating_sub(began) < Duration::from_secs(10));
    assert_eq!((line["attempts"].as_u64(), api::requests(&sandbox)), (Some(1), 1));
}

#[test]
fn an_overloaded_server_is_given_the_time_that_it_asks_for() {
    let cases = [
        ("503,retry-after=1", "503"),
        ("429,retry-after=1", "429"),
        ("500,retry-after=1", "500"),
        ("503,retry-after=date+2", "503"),
    ];
    together(&cases, |(answer, name)| {
        let sandbox = api::answering(&[answer]);
        let began = clock::monotonic();
        let ran = run(&sandbox, &ONE);
        let line = ran.exits(0).line();
        let took = clock::monotonic().saturating_sub(began);
        assert_eq!((line["outcome"].as_str(), line["attempts"].as_u64()), (Some("accepted"), Some(2)), "{answer}");
        assert_eq!((api::requests(&sandbox), api::fired(&sandbox, name)), (2, 1), "{answer}");
        assert!(took >= Duration::from_millis(900), "{answer}: came back after {took:?}");
        ran.remarks(&contains("pausing:"));
    });
}

#[test]
fn without_retry_after_it_is_retried_all_the_same() {
    together(&["503", "429"], |answer| {
        let sandbox = api::answering(&[answer]);
        let line = run(&sandbox, &ONE).exits(0).line();
        assert_eq!((line["outcome"].as_str(), line["attempts"].as_u64()), (Some("accepted"), Some(2)), "{answer}");
        assert_eq!((api::requests(&sandbox), api::fired(&sandbox, answer)), (2, 1), "{answer}");
    });
}

#[test]
fn silence_ends_with_the_time_limit() {
    let sandbox = api::always("stall");
    let began = clock::monotonic();
    let ran = run(&sandbox, &["sms", "A", "--delivered", "--json", "--max-time", "300ms", "--retry", "0"]);
    let line = ran.exits(75).line();
    let took = clock::monotonic().saturating_sub(began);
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(10), "{took:?}");
    assert_eq!((code(&line), &line["error"]["reached_server"]), ("timeout", &Value::Null));
    assert_eq!((api::requests(&sandbox), api::fired(&sandbox, "stall")), (1, 1));
}

#[test]
fn a_report_that_may_have_arrived_is_counted_when_it_is_sent_again() {
    let sandbox = api::answering(&["reset"]);
    let ran = run(&sandbox, &["sms", "A", "B", "--delivered"]);
    ran.exits(0);
    assert_eq!(api::fired(&sandbox, "reset"), 1);
    ran.remarks(&contains("2 accepted").and(contains("1 ambiguous re-send\n")));
}

#[test]
fn a_server_that_speaks_something_else_is_tried_three_times() {
    let sandbox = api::always("garbage");
    let lines = run(&sandbox, &["sms", "A", "B", "--delivered", "--json", "--retry", "9"]).exits(78).lines();
    assert_eq!((api::requests(&sandbox), api::fired(&sandbox, "garbage")), (3, 3));
    assert!(lines.iter().all(|line| line["outcome"] == "retry" && code(line) == "unexpected_reply"), "{lines:?}");
}

#[test]
fn redirects_are_never_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = api::plain();
        let answer = format!("{status},location={}/conversions/sms", elsewhere.base_url());
        let sandbox = api::always(&answer);
        let lines = run(&sandbox, &FIVE).exits(78).lines();
        assert_eq!(api::requests(&sandbox), 1, "{status}");
        assert_eq!(api::fired(&sandbox, &status.to_string()), 1);
        assert_eq!(elsewhere.counts().connections, 0, "{status} was followed");
        assert_eq!(lines.len(), 5);
        assert!(lines.iter().all(|line| line["outcome"] == "retry" && code(line) == "redirect"), "{lines:?}");
    }
}

#[test]
fn what_is_not_the_apis_answer_stops_the_run() {
    for (answer, status, expected) in [
        ("portal", 200, "unexpected_reply"),
        ("404", 404, "unexpected_reply"),
        ("405", 405, "unexpected_reply"),
        ("406", 406, "unexpected_reply"),
        ("410", 410, "unexpected_reply"),
        ("415", 415, "unexpected_reply"),
        ("501", 501, "unexpected_reply"),
        ("505", 505, "unexpected_reply"),
        ("407", 407, "proxy"),
    ] {
        let sandbox = api::always(answer);
        let lines = run(&sandbox, &FIVE).exits(78).lines();
        assert_eq!(api::requests(&sandbox), 1, "{answer}");
        assert_eq!(lines.len(), 5);
        assert!(
            lines.iter().all(|line| line["outcome"] == "retry" && code(line) == expected),
            "{answer}: {lines:?}"
        );
        assert_eq!(lines.iter().filter(|line| line["http_status"] == status).count(), 1, "{answer}");
    }
}

#[test]
fn another_success_is_taken_with_a_warning() {
    for status in ["201", "202", "204"] {
        let sandbox = api::always(status);
        let ran = run(&sandbox, &ONE);
        assert_eq!(ran.exits(0).line()["outcome"], "accepted");
        ran.remarks(&contains(format!("warning: the server answered {status}")));
        assert_eq!(api::requests(&sandbox), 1);
    }
}

#[test]
fn an_empty_body_is_as_good_as_ok() {
    let sandbox = api::always("200");
    let ran = run(&sandbox, &ONE);
    assert_eq!(ran.exits(0).line()["outcome"], "accepted");
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_refused_connection_is_certainly_not_sent() {
    let url = format!("http://{}", crate::relay::closed_port());
    let ran = Cli::new().with("VONAGE_API_KEY", api::KEY).with("VONAGE_API_SECRET", api::SECRET).run([
        "sms",
        "A",
        "--delivered",
        "--json",
        "--retry",
        "1",
        "--base-url",
        &url,
    ]);
    let line = ran.exits(75).line();
    assert_eq!((code(&line), &line["error"]["reached_server"]), ("connect", &Value::Bool(false)));
    assert_eq!(line["attempts"], 2);
}

#[test]
fn every_failure_is_printed_in_three_parts() {
    let report =
        ["sms", "A", "B", "--delivered", "--timestamp", "2026-11-20 01:25:26", "--retry", "0", "--max-time", "2s"];
    let shown = [
        "420",
        "422",
        "429",
        "500",
        "503",
        "reset",
        "stall",
        "garbage",
        "302,location=https://elsewhere.example/",
        "portal",
        "404",
        "407",
        "204",
    ]
    .map(|answer| format!("the sandbox answers {answer}\n{}", run(&api::answering(&[answer]), &report).shown()));
    assert_same("failures", shown);
}
