//! What is sent: path, parameters and times, as they arrive.

use nexmo_conversion::clock;
use nexmo_conversion::domain::Timestamp;
use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::contains;

use crate::api;
use crate::cli::Cli;

/// The value of one parameter of the one request that these arguments make.
fn arrives(name: &str, arguments: &[&str]) -> String {
    let sandbox = api::plain();
    Cli::new().against(&sandbox).run(arguments).exits(0);
    let requests = sandbox.requests();
    assert_eq!(requests.len(), 1);
    requests[0].parameter(name).unwrap().to_owned()
}

#[test]
fn each_channel_has_its_path() {
    for (channel, path) in [("sms", "/conversions/sms"), ("voice", "/conversions/voice")] {
        let sandbox = api::plain();
        Cli::new().against(&sandbox).run([channel, "A", "--delivered"]).exits(0);
        assert_eq!(sandbox.requests()[0].path, path);
    }
}

#[test]
fn the_base_urls_prefix_stays_in_front_of_the_path() {
    for suffix in ["/gateway/nexmo", "/gateway/nexmo/"] {
        let sandbox = api::always("200,body=OK");
        let url = format!("{}{suffix}", sandbox.base_url());
        Cli::new().against(&sandbox).run(["sms", "A", "--delivered", "--base-url", &url]).exits(0);
        assert_eq!(sandbox.requests()[0].path, "/gateway/nexmo/conversions/sms");
    }
}

#[test]
fn a_timestamp_is_sent_even_if_none_was_given() {
    let before = clock::now();
    let sent = Timestamp::parse(&arrives("timestamp", &["sms", "A", "--delivered"])).unwrap();
    assert!(before <= sent && sent <= clock::now(), "{sent}");
}

#[test]
fn times_are_understood_in_every_form_and_sent_in_utc() {
    for typed in [
        "2026-11-22 01:25:26",
        "2026-11-22T01:25:26",
        "2026-11-22T01:25:26Z",
        "2026-11-22T03:25:26+02:00",
        "2026-11-21T20:25:26.987-05:00",
        "1795310726",
        "1795310726123",
    ] {
        let sent = arrives("timestamp", &["sms", "A", "--delivered", "--timestamp", typed]);
        assert_eq!(sent, "2026-11-22 01:25:26", "{typed}");
    }
}

#[test]
fn an_age_is_a_time_back_from_now() {
    for (typed, seconds) in [("20s", 20), ("5m", 300), ("1h30m", 5400)] {
        let before = clock::now();
        let sent =
            Timestamp::parse(&arrives("timestamp", &["sms", "A", "--delivered", "--timestamp", typed])).unwrap();
        let (oldest, youngest) = (before.unix() - seconds, clock::now().unix() - seconds);
        assert!((oldest..=youngest).contains(&sent.unix()), "{typed}: {sent}");
    }
}

#[test]
fn the_time_stays_the_same_over_retries() {
    let sandbox = api::answering(&["500,delay=1100ms"]);
    Cli::new().against(&sandbox).run(["sms", "A", "--delivered"]).exits(0);
    let sent: Vec<_> =
        sandbox.requests().iter().map(|request| request.parameter("timestamp").map(str::to_owned)).collect();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0], sent[1]);
}

#[test]
fn delivered_is_understood_in_every_spelling() {
    for (arguments, value) in [
        (&["sms", "A", "--delivered"][..], "true"),
        (&["sms", "A", "--delivered=true"], "true"),
        (&["sms", "A", "--delivered=1"], "true"),
        (&["sms", "A", "--delivered", "true"], "true"),
        (&["sms", "--delivered=TRUE", "A"], "true"),
        (&["sms", "A", "--delivered=false"], "false"),
        (&["sms", "A", "--delivered=0"], "false"),
        (&["sms", "A", "--delivered", "false"], "false"),
        (&["sms", "--delivered", "false", "A"], "false"),
    ] {
        assert_eq!(arrives("delivered", arguments), value, "{arguments:?}");
    }
}

#[test]
fn ids_arrive_as_the_bytes_that_were_typed() {
    for id in [
        "a&delivered=false",
        "%0d%0aX-Injected: yes".split(' ').next().unwrap(),
        "../../etc/passwd",
        "a=b",
        "a+b",
        "a%20b",
        "ид-Ü-漢-🐢",
        "'\"$(id)`",
        "-1",
        "#?;",
    ] {
        for auth in ["form", "query", "basic"] {
            let sandbox = api::plain();
            let cli = Cli::new().against(&sandbox).with("NEXMO_CONVERSION_AUTH", auth);
            cli.run(["sms", "--delivered", &format!("--message-id={id}")]).exits(0);
            let request = &sandbox.requests()[0];
            assert_eq!(request.parameter("message-id"), Some(id), "{auth}");
            assert_eq!(request.parameter("delivered"), Some("true"), "{auth}: {id}");
            assert_eq!(request.path, "/conversions/sms");
        }
    }
}

#[test]
fn ids_are_taken_in_both_spellings_together() {
    let sandbox = api::plain();
    Cli::new()
        .against(&sandbox)
        .run(["voice", "A", "--message-id", "B", "C", "--message-id=D", "--delivered=0"])
        .exits(0);
    let mut ids: Vec<_> =
        sandbox.requests().iter().map(|request| request.parameter("message-id").unwrap().to_owned()).collect();
    ids.sort();
    assert_eq!(ids, ["A", "B", "C", "D"]);
}

#[test]
fn a_doubtful_id_is_sent_with_a_warning() {
    for (typed, sent, says) in
        [(" A ", "A", "was removed"), ("null", "null", "missing value"), ("NaN", "NaN", "missing value")]
    {
        let sandbox = api::plain();
        let ran = Cli::new().against(&sandbox).run(["sms", typed, "--delivered"]);
        ran.exits(0);
        ran.remarks(&contains("warning").and(contains(says)));
        assert_eq!(sandbox.requests()[0].parameter("message-id"), Some(sent));
    }
}
