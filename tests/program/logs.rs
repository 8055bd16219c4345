//! Logs as applications write them: whose codes they tell of, what a `ref` is worth in them, and how far they have come.

use std::fs;
use std::time::Duration;

use nexmo_conversion::clock;
use nexmo_conversion::sandbox::Sandbox;
use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::contains;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::cli::{Cli, wait_until};
use crate::{api, interruptions};

/// Seconds after the beginning of a day that is long over.
fn at(seconds: u32) -> String {
    format!("2026-11-20 {:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

fn sent(id: &str, seconds: u32) -> Value {
    json!({"event": "sent", "message_id": id, "channel": "sms", "timestamp": at(seconds)})
}

fn converted(id: &str, seconds: u32) -> Value {
    json!({"event": "converted", "message_id": id, "timestamp": at(seconds)})
}

fn other(seconds: u32) -> Value {
    json!({"level": "info", "timestamp": at(seconds)})
}

/// The same event with another field.
fn with(mut event: Value, name: &str, value: impl Into<Value>) -> Value {
    event[name] = value.into();
    event
}

fn of(reference: &str, event: Value) -> Value {
    with(event, "ref", reference)
}

fn voice(event: Value) -> Value {
    with(event, "channel", "voice")
}

fn log(events: &[Value]) -> String {
    events.iter().fold(String::new(), |log, event| log + &event.to_string() + "\n")
}

/// What the sandbox received, in order: channel, id and value.
fn received(sandbox: &Sandbox) -> Vec<String> {
    let requests = sandbox.requests();
    let mut received: Vec<_> = requests
        .iter()
        .map(|request| {
            let channel = request.path.trim_start_matches("/conversions/");
            let parameter = |name| request.parameter(name).unwrap_or_default().to_owned();
            format!("{channel} {} {}", parameter("message-id"), parameter("delivered"))
        })
        .collect();
    received.sort();
    received
}

/// What becomes of one log.
fn comes_to(events: &[Value]) -> Vec<String> {
    let sandbox = api::plain();
    Cli::new().against(&sandbox).run_with_input(["track"], log(events)).exits(0);
    received(&sandbox)
}

const HOUR: u32 = 3600;

#[test]
fn a_ref_that_returns_is_another_code() {
    let in_b = with(of("u", converted("B", 3 * HOUR)), "channel", "sms");
    let events =
        [of("u", sent("A", HOUR)), sent("X", 3 * HOUR), in_b, of("u", sent("B", 3 * HOUR)), sent("Z", 4 * HOUR)];
    assert_eq!(comes_to(&events), ["sms A false", "sms B true", "sms X false"]);
    let resent = [of("u", sent("A", 0)), of("u", sent("B", 300)), converted("B", 310), sent("Z", HOUR)];
    assert_eq!(comes_to(&resent), ["sms A false", "sms B true"]);
}

#[test]
fn a_call_that_follows_a_message_is_a_code_of_its_own() {
    let events = [of("u", sent("A", 0)), of("u", voice(sent("B", 5))), converted("B", 30), sent("Z", HOUR)];
    assert_eq!(comes_to(&events), ["sms A false", "voice B true"]);
}

#[test]
fn one_id_over_two_channels_is_two_codes() {
    let events = [sent("A", 0), voice(sent("A", 20)), voice(converted("A", 30)), sent("Z", HOUR)];
    assert_eq!(comes_to(&events), ["sms A false", "voice A true"]);
}

#[test]
fn a_ref_that_means_nothing_or_everything_joins_nothing() {
    for (reference, is_told) in [
        (json!(""), false),
        (json!(0), false),
        (json!(false), false),
        (json!(null), false),
        (json!("signup"), true),
    ] {
        let mut events: Vec<_> =
            (0..50).map(|n| with(sent(&format!("{n:02}"), 4 * n), "ref", reference.clone())).collect();
        events.push(other(HOUR));
        let sandbox = api::plain();
        let ran = Cli::new().against(&sandbox).run_with_input(["track"], log(&events));
        assert_eq!(received(&sandbox).len(), 50, "{reference}");
        let told = contains("the ref \"signup\" is shared by too many codes");
        let dry = Cli::new().against(&sandbox).run_with_input(["track", "--dry-run"], log(&events));
        for ran in [ran, dry] {
            if is_told {
                ran.exits(0).remarks(&told);
            } else {
                ran.exits(0).remarks(&told.clone().not());
            }
        }
    }
}

#[test]
fn how_far_apart_parts_may_be_is_an_option() {
    for (option, sent_as) in [("0s", 2), ("30s", 1)] {
        let sandbox = api::plain();
        let events = [of("u", sent("A", 0)), of("u", sent("B", 20)), other(HOUR)];
        let cli = Cli::new().against(&sandbox);
        cli.run_with_input(["track", "--parts-within", option], log(&events)).exits(0);
        assert_eq!(received(&sandbox).len(), sent_as, "{option}");
    }
}

#[test]
fn the_files_of_a_rotated_log_may_be_named_in_any_order_where_an_earlier_run_left_windows_open() {
    for names in [["otp.log", "otp.log.1"], ["otp.log.1", "otp.log"]] {
        let sandbox = api::plain();
        let cli = Cli::new().against(&sandbox);
        let ids: Vec<_> = (0..60).map(|n| format!("A{n:02}")).collect();
        let older: Vec<_> = ids.iter().map(|id| sent(id, HOUR)).collect();
        let path = cli.file("otp.log", log(&older), 0o600);
        cli.run(["track".as_ref(), path.as_os_str()]).exits(0).remarks(&contains("60 windows open"));
        let rotated: Vec<_> = ids.iter().map(|id| converted(id, HOUR + 300)).collect();
        let all = log(&older) + &log(&rotated);
        fs::write(&path, &all).unwrap();
        fs::rename(&path, cli.path("otp.log.1")).unwrap();
        cli.file("otp.log", log(&[sent("B", 3 * HOUR)]), 0o600);
        let paths = names.map(|name| cli.path(name));
        cli.run([&["track".into()], &paths.map(Into::into)[..]].concat() as Vec<std::ffi::OsString>).exits(0);
        let received = received(&sandbox);
        assert_eq!(received.len(), 60);
        assert!(received.iter().all(|value| value.ends_with("true")), "{received:?}");
    }
}

#[test]
fn two_logs_whose_events_belong_together_are_one_in_one_command() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let ids: Vec<_> = (0..200).map(|n| (n, format!("A{n:03}"))).collect();
    let sending: Vec<_> = ids.iter().map(|(n, id)| sent(id, 60 * n)).collect();
    let converting: Vec<_> =
        ids.iter().filter(|(n, _)| n % 2 == 0).map(|(n, id)| converted(id, 60 * n + 300)).collect();
    let files = [cli.file("sent.log", log(&sending), 0o600), cli.file("used.log", log(&converting), 0o600)];
    cli.run([&["track".into()], &files.map(Into::into)[..]].concat() as Vec<std::ffi::OsString>).exits(0);
    let received = received(&sandbox);
    assert_eq!(received.iter().filter(|value| value.ends_with("true")).count(), 100);
    let told_twice = ids.iter().filter(|(_, id)| received.iter().filter(|value| value.contains(id)).count() > 1);
    assert_eq!(told_twice.count(), 0);
}

#[test]
fn another_logs_tracker_leaves_windows_to_their_own_log() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let [one, other_log] = ["a.log", "b.log"].map(|name| cli.file(name, "", 0o600));
    fs::write(&one, log(&[sent("A", 0)])).unwrap();
    cli.run(["track".as_ref(), one.as_os_str()]).exits(0);
    fs::write(&other_log, log(&[sent("B", 0), other(5 * HOUR)])).unwrap();
    cli.run(["track".as_ref(), other_log.as_os_str()]).exits(0);
    assert_eq!(received(&sandbox), ["sms B false"]);
    fs::write(&one, log(&[sent("A", 0), converted("A", 300), other(HOUR)])).unwrap();
    cli.run(["track".as_ref(), one.as_os_str()]).exits(0);
    assert_eq!(received(&sandbox), ["sms A true", "sms B false"]);
}

#[test]
fn the_second_of_the_deadline_is_in_time_also_for_the_next_run() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let path = cli.file("otp.log", log(&[sent("A", 0), other(600)]), 0o600);
    cli.run(["track".as_ref(), path.as_os_str()]).exits(0);
    fs::write(&path, log(&[sent("A", 0), other(600), converted("A", 600)])).unwrap();
    cli.run(["track".as_ref(), path.as_os_str()]).exits(0);
    assert_eq!(received(&sandbox), ["sms A true"]);
}

#[test]
fn lines_about_anything_carry_the_logs_time_and_events_that_cannot_be_read_do_not() {
    assert_eq!(comes_to(&[sent("A", 0), other(601)]), ["sms A false"]);
    let csv = format!("event,message_id,channel,time\nsent,A,sms,{}\nlogin,,,{}\n", at(0), at(601));
    let sandbox = api::plain();
    Cli::new().against(&sandbox).run_with_input(["track"], csv).exits(0);
    assert_eq!(received(&sandbox), ["sms A false"]);
    let sandbox = api::plain();
    let events = log(&[sent("A", 0), sent("an id", 2 * HOUR)]);
    Cli::new().against(&sandbox).run_with_input(["track"], events).exits(65);
    assert_eq!(received(&sandbox), [] as [&str; 0]);
}

#[test]
fn local_times_that_lie_ahead_of_the_clock_are_told_with_their_offset() {
    let time = |minutes: u64| clock::now().after(Duration::from_secs(60 * minutes)).to_string();
    let cli = Cli::new();
    let sandbox = api::plain();
    let cli = cli.against(&sandbox);
    let tracked = |time: String| cli.run_with_input(["track"], log(&[with(sent("A", 0), "timestamp", time)]));
    let told = contains("has no time zone and is ahead of the clock when read as UTC").and(contains("+02:00"));
    tracked(time(120)).exits(0).remarks(&told);
    tracked(time(5)).exits(0).remarks(&contains("no time zone").not());
    tracked(time(120) + "Z").exits(0).remarks(&contains("no time zone").not());
    let batch = format!("message_id,channel,delivered,timestamp\nB,sms,true,{}\n", time(120));
    cli.run_with_input(["batch"], batch).exits(0).remarks(&told);
    cli.run(["sms", "C", "--delivered", "--timestamp", &time(120)]).exits(0).remarks(&told);
    cli.run(["sms", "D", "--delivered", "--timestamp", &(time(120) + "Z")])
        .exits(0)
        .remarks(&contains("no time zone").not());
}

#[test]
fn a_true_goes_as_soon_as_the_false_before_it_is_settled_by_another_run() {
    let sandbox = interruptions::slow(Duration::from_millis(1500));
    let cli = Cli::new().against(&sandbox);
    let mut first = cli.start_with_pipe(["track", "--source", "a"]);
    first.write(log(&[sent("A", 0), other(2 * HOUR)]));
    let mut second = cli.start_with_pipe(["track", "--source", "b"]);
    wait_until("the false is on its way", || sandbox.requests().len() == 1);
    second.write(log(&[converted("A", HOUR)]));
    wait_until("the true has followed", || sandbox.requests().len() == 2);
    let [sent_false, sent_true] = [0, 1].map(|n| sandbox.requests()[n].clone());
    assert_eq!(
        (sent_false.parameter("delivered"), sent_true.parameter("delivered")),
        (Some("false"), Some("true"))
    );
    for mut run in [first, second] {
        run.signal(Signal::TERM);
        run.finish();
    }
}
