//! `track`: a log in, conversions out; silence becomes false.

use std::time::Duration;

use nexmo_conversion::sandbox::{LoggedRequest, Sandbox};
use predicates::str::contains;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::cli::{Cli, Ran, assert_same, wait_until};
use crate::{api, interruptions};

/// Seconds after the beginning of a day that is long over.
fn at(seconds: u32) -> String {
    format!("2026-11-20 {:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

fn sent(id: &str, seconds: u32) -> String {
    line(&json!({"event": "sent", "message_id": id, "channel": "sms", "timestamp": at(seconds)}))
}

fn converted(id: &str, seconds: u32) -> String {
    line(&json!({"event": "converted", "message_id": id, "timestamp": at(seconds)}))
}

fn line(event: &Value) -> String {
    format!("{event}\n")
}

/// What the sandbox received: id, delivered, timestamp; in the order of the requests of each id.
fn received(sandbox: &Sandbox) -> Vec<(String, String, String)> {
    let parameter = |request: &LoggedRequest, name| request.parameter(name).unwrap_or_default().to_owned();
    let mut received: Vec<_> = sandbox
        .requests()
        .iter()
        .map(|request| {
            (parameter(request, "message-id"), parameter(request, "delivered"), parameter(request, "timestamp"))
        })
        .collect();
    received.sort_by(|a, b| a.0.cmp(&b.0));
    received
}

fn yes(id: &str, seconds: u32) -> (String, String, String) {
    (id.to_owned(), "true".to_owned(), at(seconds))
}

fn no(id: &str, seconds: u32) -> (String, String, String) {
    (id.to_owned(), "false".to_owned(), at(seconds))
}

fn outcomes(ran: &Ran) -> Vec<(String, bool, String)> {
    let mut outcomes: Vec<_> = ran
        .lines()
        .iter()
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap().to_owned();
            (text("message_id"), line["delivered"].as_bool().unwrap(), text("outcome"))
        })
        .collect();
    outcomes.sort();
    outcomes
}

#[test]
fn a_log_becomes_conversions_and_reading_it_again_sends_nothing() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let log = [
        sent("A", 0),
        line(&json!({"level": "info", "text": "something else"})),
        sent("B", 10),
        converted("A", 20),
        sent("C", 30),
        converted("B", 700),
        sent("D", 800),
    ]
    .concat();
    let truth = [yes("A", 20), no("B", 610), yes("B", 700), no("C", 630)];

    let first = cli.run_with_input(["track", "--json"], log.as_str());
    first.exits(0).remarks(&contains("codes: 4 sent, 2 converted (1 late), 2 silent; 1 window open"));
    assert_eq!(received(&sandbox), truth);
    let accepted = |id: &str, delivered| (id.to_owned(), delivered, "accepted".to_owned());
    assert_eq!(
        outcomes(&first),
        [accepted("A", true), accepted("B", false), accepted("B", true), accepted("C", false)]
    );

    let second = cli.run_with_input(["track", "--json"], log.as_str());
    second
        .exits(0)
        .remarks(&contains("0 sent, 0 converted (0 late), 0 silent, 6 events known before; 1 window open"));
    assert_eq!(received(&sandbox), truth);
    let skipped = |id: &str| (id.to_owned(), true, "skipped".to_owned());
    assert_eq!(outcomes(&second), [skipped("A"), skipped("B")]);
}

#[test]
fn what_a_person_sees() {
    let sandbox = interruptions::slow(Duration::from_millis(200));
    let log = [sent("A", 0), converted("A", 20), sent("B", 30), sent("C", 800), converted("X", 900)].concat();
    let ran = Cli::new().against(&sandbox).run_with_input(["track", "--jobs", "1"], log.as_str());
    ran.exits(65);
    assert_same("track", [ran.shown()]);
}

#[test]
fn a_replay_is_not_misled_by_the_clock() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    cli.run_with_input(["track", "--source", "otp"], sent("A", 0) + &sent("B", 0)).exits(0);
    assert_eq!(received(&sandbox), [], "the log of yesterday may go on in another file");
    cli.run_with_input(["track", "--source", "otp"], converted("A", 20) + &sent("C", 700)).exits(0);
    assert_eq!(received(&sandbox), [yes("A", 20), no("B", 600)]);
}

#[test]
fn the_lines_of_a_log_may_be_out_of_order() {
    let sandbox = api::plain();
    let log = [sent("A", 0), sent("C", 700), converted("A", 590), converted("B", 640), sent("B", 630)].concat();
    Cli::new().against(&sandbox).run_with_input(["track"], log).exits(0);
    assert_eq!(received(&sandbox), [yes("A", 590), yes("B", 640)]);
}

#[test]
fn parts_that_share_a_ref_count_as_one() {
    let sandbox = api::plain();
    let part = |id: &str, code: u32, seconds| {
        line(&json!({"event": "sent", "message_id": id, "channel": "sms", "ref": code, "ts": at(seconds)}))
    };
    let log = [
        part("A1", 1, 0),
        part("A2", 1, 0),
        part("B1", 2, 5),
        part("B2", 2, 6),
        converted("A2", 30),
        converted("A1", 31),
        sent("Z", 2000),
    ]
    .concat();
    let ran = Cli::new().against(&sandbox).run_with_input(["track", "--json"], log);
    ran.exits(0).remarks(&contains("2 further parts"));
    assert_eq!(received(&sandbox), [yes("A1", 30), no("B1", 605)]);
    let code = ran.lines().into_iter().find(|line| line["message_id"] == "B1").unwrap();
    assert_eq!((&code["ref"], &code["line"]), (&json!(2), &json!(3)), "that of the code's first part");
}

#[test]
fn events_are_found_by_what_the_log_calls_them() {
    let sandbox = api::plain();
    let log = format!(
        "when,kind,sid,what\n{},code.out,A,x\n{},login,,\n{},code.ok,A,\n{},code.out,B,x\n{},code.out,C,x\n",
        at(0),
        at(1),
        at(20),
        at(30),
        at(800)
    );
    let options = ["--field", "message-id=sid", "--field", "timestamp=when", "--sent-when", "kind=code.out"];
    let arguments = ["track", "--channel", "voice", "--converted-when", "kind=code.ok"];
    Cli::new().against(&sandbox).run_with_input(arguments.into_iter().chain(options), log).exits(0);
    assert_eq!(received(&sandbox), [yes("A", 20), no("B", 630)]);
    assert!(sandbox.requests().iter().all(|request| request.path == "/conversions/voice"));
}

#[test]
fn a_mapping_that_fits_nothing_is_reported() {
    let sandbox = api::plain();
    let log = line(&json!({"kind": "code.out", "id": "A"}));
    let ran = Cli::new().against(&sandbox).run_with_input(["track"], log);
    ran.exits(0).remarks(&contains("none of 1 line says")).remarks(&contains("--sent-when FIELD=VALUE"));
    let ran = Cli::new().against(&sandbox).run_with_input(["track", "--sent-when", "kind"], "");
    ran.exits(2).remarks(&contains("FIELD=VALUE"));
    let ran = Cli::new().against(&sandbox).run_with_input(["track"], "id,channel\nA,sms\n");
    ran.exits(65).remarks(&contains("--sent-when COLUMN=VALUE"));
}

#[test]
fn advice_is_for_the_command_that_was_given() {
    let track = |input: &[u8]| Cli::new().against(&api::plain()).run_with_input(["track"], input);
    track(b"\x1f\x8b\x08\x00 and more").exits(65).remarks(&contains("zcat FILE | nexmo-conversion track"));
    track(b"a,b\n1,2\n").exits(65).remarks(&contains("for example event,message_id,channel,timestamp"));
    let same = ["track", "--sent-when", "event=code", "--converted-when", "event=code"];
    Cli::new().run_with_input(same, "").exits(2).remarks(&contains("are the same"));
}

#[test]
fn a_code_that_has_a_word_for_nothing_as_its_id_is_doubted_also_in_silence() {
    let ran = Cli::new().against(&api::plain()).run_with_input(["track"], sent("null", 0) + &sent("B", 700));
    ran.exits(0).remarks(&contains("null: the message-id is a word that programs print for a missing value"));
}

#[test]
fn at_the_end_open_codes_are_kept_or_expire() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let ran = cli.run_with_input(["track"], sent("A", 0) + &sent("B", 30));
    ran.exits(0).remarks(&contains("2 windows open"));
    cli.run(["ledger", "status"]).exits(0);
    assert!(
        cli.run(["ledger", "status"]).stdout.contains("open_window          2"),
        "{}",
        cli.run(["ledger", "status"]).stdout
    );
    assert_eq!(received(&sandbox), []);
    cli.run_with_input(["track", "--at-end", "expire"], "").exits(0);
    assert_eq!(received(&sandbox), [no("A", 600), no("B", 630)]);
}

#[test]
fn a_run_that_waits_ends_when_its_codes_have_expired() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let now = "{\"event\":\"sent\",\"message_id\":\"A\",\"channel\":\"sms\"}\n";
    let ran = cli.run_with_input(["track", "--json", "--window", "2s", "--at-end", "wait"], now);
    ran.exits(0).remarks(&contains("0 windows open"));
    assert_eq!(outcomes(&ran), [("A".to_owned(), false, "accepted".to_owned())]);
    // What is long over need not be waited for.
    cli.run_with_input(["track", "--at-end", "wait"], sent("B", 0)).exits(0);
    assert_eq!(received(&sandbox).last(), Some(&no("B", 600)));
}

#[test]
fn where_a_live_log_rests_its_codes_expire_by_the_clock() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let mut run = cli.start_with_pipe(["track", "--json", "--window", "1s"]);
    run.write("{\"event\":\"sent\",\"message_id\":\"A\",\"channel\":\"sms\"}\n");
    let silent: Value = serde_json::from_str(&run.next_line()).unwrap();
    assert_eq!((&silent["message_id"], &silent["delivered"]), (&json!("A"), &json!(false)));
    assert!(!run.has_ended(), "the pipe is open");
    run.write("{\"event\":\"converted\",\"message_id\":\"A\"}\n");
    let late: Value = serde_json::from_str(&run.next_line()).unwrap();
    assert_eq!((&late["outcome"], &late["delivered"]), (&json!("accepted"), &json!(true)));
    run.signal(Signal::TERM);
    assert_eq!(run.finish().0, Some(143));
}

#[test]
fn very_many_lines_without_a_channel_do_not_hold_up_the_end() {
    let sandbox = api::plain();
    let log: String = (0..5000).map(|id| converted(&id.to_string(), 0)).collect();
    let ran = Cli::new().against(&sandbox).run_with_input(["track", "--json"], log);
    ran.exits(65).remarks(&contains("5000 invalid"));
    assert_eq!(ran.lines().len(), 5000);
}

#[test]
fn windows_survive_kill_9() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let mut run = cli.start_with_pipe(["track", "--json", "--source", "otp"]);
    run.write(sent("A", 0) + &sent("B", 0) + &sent("C", 30) + &converted("C", 40));
    run.next_line();
    run.signal(Signal::KILL);
    run.finish();
    cli.run_with_input(["track", "--source", "otp"], converted("A", 20) + &sent("D", 700)).exits(0);
    assert_eq!(received(&sandbox), [yes("A", 20), no("B", 600), yes("C", 40)]);
}

#[test]
fn a_dry_run_shows_what_would_follow_and_keeps_nothing() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let log = [sent("A", 0), converted("A", 20), sent("B", 30), sent("C", 800), converted("X", 900)].concat();
    let ran = cli.run_with_input(["track", "--dry-run", "--json"], log);
    ran.exits(65);
    let shown: Vec<_> = ran
        .lines()
        .iter()
        .map(|line| (line["message_id"].clone(), line["delivered"].clone(), line["outcome"].clone()))
        .collect();
    assert_eq!(
        shown,
        [
            (json!("A"), json!(true), json!("dry_run")),
            (json!("B"), json!(false), json!("dry_run")),
            (Value::Null, Value::Null, json!("invalid"))
        ]
    );
    assert_eq!(received(&sandbox), []);
    assert!(!cli.path(".local/state/nexmo-conversion").exists(), "no ledger is made");
}

#[test]
fn what_cannot_be_sent_now_is_kept() {
    let sandbox = api::always("503");
    let cli = Cli::new().against(&sandbox);
    let log = sent("A", 0) + &sent("B", 700);
    let ran = cli.run_with_input(["track", "--json", "--retry", "0"], log.as_str());
    ran.exits(75);
    assert_eq!(outcomes(&ran), [("A".to_owned(), false, "retry".to_owned())]);
    sandbox.mend();
    cli.run(["ledger", "resume"]).exits(0);
    assert_eq!(received(&sandbox), [no("A", 600)]);
}

#[test]
fn two_logs_at_once_do_not_expire_each_others_codes() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let mut slow = cli.start_with_pipe(["track", "--json"]);
    slow.write(sent("A", 0) + &sent("A2", 0) + &converted("A2", 1));
    slow.next_line();
    cli.run_with_input(["track"], sent("B", 5000) + &sent("C", 9000)).exits(0);
    wait_until("the other run has closed its own", || api::requests(&sandbox) >= 2);
    assert_eq!(received(&sandbox), [yes("A2", 1), no("B", 5600)]);
    slow.write(converted("A", 20));
    slow.next_line();
    slow.close_stdin();
    assert_eq!(slow.finish().0, Some(0));
    assert_eq!(received(&sandbox)[0], yes("A", 20));
}

#[test]
fn a_setting_that_is_not_for_track_is_reported() {
    let sandbox = api::plain();
    let ran = Cli::new().against(&sandbox).with("NEXMO_CONVERSION_MAX_AGE", "15m").run_with_input(["track"], "");
    ran.exits(0).remarks(&contains("max_age is not for track"));
}

#[test]
fn without_a_ledger_there_is_no_track() {
    Cli::new().run(["track", "--no-ledger"]).exits(2);
    let ran = Cli::new().run(["track", "--window", "500ms"]);
    ran.exits(2).remarks(&contains("must not be shorter than 1s"));
}
