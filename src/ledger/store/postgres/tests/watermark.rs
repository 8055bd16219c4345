//! A code whose conversion may stand in another machine's log is silent once every log has been read that far.

use std::time::Duration;

use crate::domain::{Channel, CodeEvent, Happening, MessageId, TimeSource};
use crate::ledger::tests::{Fixture, at};
use crate::ledger::{CodeRules, Expiry, Ledger, LogSource};

const RULES: CodeRules = CodeRules { lasts: Duration::from_secs(600), parts_within: Duration::from_secs(10) };

fn told(id: &str, happening: Happening, seconds: i64) -> CodeEvent {
    CodeEvent {
        line: 1,
        source: 0,
        reference: None,
        message_id: MessageId::parse(id).unwrap(),
        channel: Some(Channel::Sms),
        happening,
        timestamp: at(seconds),
        time: TimeSource::Given,
        doubts: Vec::new(),
        raw: b"the line".to_vec(),
    }
}

fn reading(fixture: &Fixture, log: &str) -> Ledger {
    fixture.open_reading(&[LogSource { name: Some(log.to_owned()), identity: None }])
}

fn silent(ledger: &mut Ledger, fixture: &Fixture, read_to: i64) -> u64 {
    ledger.expire_codes(Expiry::ByLog(at(read_to)), 10, fixture.now).unwrap().counts.silent
}

#[test]
fn no_run_calls_a_code_silent_before_every_log_was_read_that_far() {
    let Some(fixture) = Fixture::on_server() else { return };
    let (mut one, mut other) = (reading(&fixture, "/one"), reading(&fixture, "/other"));
    let codes = ["0A", "0B"].map(|id| told(id, Happening::Sent, -700));
    let _ = one.observe(&codes, RULES, fixture.now);
    assert_eq!(silent(&mut one, &fixture, 0), 0, "nothing of the other log has been read");
    assert_eq!(silent(&mut other, &fixture, -200), 0);
    assert_eq!(silent(&mut one, &fixture, 0), 0, "the other log has not come so far");
    let converted = other.observe(&[told("0A", Happening::Converted, -650)], RULES, fixture.now).unwrap();
    assert_eq!((converted.counts.converted, converted.counts.late), (1, 0));
    assert_eq!(silent(&mut other, &fixture, -50), 0, "it is watched by the run that lives");
    assert_eq!(silent(&mut one, &fixture, 0), 1);
}

#[test]
fn a_run_that_reads_the_same_log_holds_nothing_back() {
    let Some(fixture) = Fixture::on_server() else { return };
    let rotated = |identity: &str| {
        let file = LogSource { name: Some("/one".to_owned()), identity: Some(identity.to_owned()) };
        fixture.open_reading(&[file])
    };
    let (same, mut one) = (rotated("1"), rotated("2"));
    let _ = one.observe(&[told("0A", Happening::Sent, -700)], RULES, fixture.now);
    assert_eq!(silent(&mut one, &fixture, 0), 1);
    same.close(fixture.now).unwrap();
}

#[test]
fn the_log_of_a_run_that_was_killed_is_waited_for_until_its_lease_has_ended() {
    let Some(fixture) = Fixture::on_server() else { return };
    let (mut one, mut killed) = (reading(&fixture, "/one"), reading(&fixture, "/other"));
    let codes = ["0A", "0B"].map(|id| told(id, Happening::Sent, -700));
    let _ = one.observe(&codes, RULES, fixture.now);
    assert_eq!(silent(&mut killed, &fixture, -200), 0);
    killed.crash();
    let mut next = fixture.open();
    assert_eq!(silent(&mut one, &fixture, 0), 0, "the next run of its machine has not begun to read");
    next.reads(&[LogSource { name: Some("/other".to_owned()), identity: None }], fixture.now).unwrap();
    let converted = next.observe(&[told("0A", Happening::Converted, -150)], RULES, fixture.now).unwrap();
    assert_eq!((converted.counts.converted, converted.counts.late), (1, 0));
    next.crash();
    assert_eq!(silent(&mut one, &fixture, 1), 0, "nor does it know that nobody comes back");
    fixture.end_leases_but_the_first();
    assert_eq!(silent(&mut one, &fixture, 2), 1);
}
