//! Whose log it is: a code expires by the log that told of it, and by the clock where nobody reads that any more.

use std::time::Duration;

use crate::domain::{CodeEvent, Reference, Timestamp};
use crate::ledger::{Arrived, CodeRules, Expiry, Ledger, LogSource};

use super::{Fixture, at, converted, on_every_store, sent};

const RULES: CodeRules = CodeRules { lasts: Duration::from_secs(600), parts_within: Duration::from_secs(10) };

fn named(name: &str) -> LogSource {
    LogSource { name: Some(name.to_owned()), identity: None }
}

fn file(name: &str, identity: &str) -> LogSource {
    LogSource { identity: Some(identity.to_owned()), ..named(name) }
}

/// A pipe without a name.
fn pipe() -> LogSource {
    LogSource::default()
}

/// The same event in another file of the log.
fn in_file(source: usize, event: CodeEvent) -> CodeEvent {
    CodeEvent { source, ..event }
}

impl Ledger {
    fn told(&mut self, events: &[CodeEvent], now: Timestamp) {
        let _ = self.observe(events, RULES, now).unwrap();
    }

    /// How many codes expire.
    fn silent(&mut self, expiry: Expiry, now: Timestamp) -> u64 {
        self.expire_codes(expiry, 100, now).unwrap().counts.silent
    }
}

/// A run that has told of one code, and is gone for longer than a lease.
fn gone(fixture: &Fixture, files: &[LogSource], event: CodeEvent) {
    let mut ledger = fixture.open_reading(files);
    ledger.told(&[event], fixture.now);
    ledger.crash();
    fixture.end_leases();
}

const LATER: Expiry = Expiry::ByLog(Timestamp::nearest(4_000_000_000));

#[test]
fn another_log_says_nothing_about_a_code_however_far_it_has_come() {
    on_every_store(|fixture| {
        gone(&fixture, &[named("/a")], sent("0A", 0));
        let mut other = fixture.open_reading(&[named("/b")]);
        assert_eq!(other.silent(LATER, fixture.now), 0);
        assert_eq!(other.open_codes(fixture.now).unwrap(), 0);
        let mut same = fixture.open_reading(&[named("/a")]);
        assert_eq!(same.open_codes(fixture.now).unwrap(), 1);
        assert_eq!(same.silent(LATER, fixture.now), 1);
    });
}

#[test]
fn a_file_is_known_again_by_its_name_and_wherever_it_was_moved() {
    on_every_store(|fixture| {
        let before = || file("/log", "5");
        for (n, (after, is_same)) in [
            (vec![file("/log", "9")], true),
            (vec![file("/log.1", "5")], true),
            (vec![file("/log.1", "9")], false),
            (vec![file("/other", "7"), file("/log.1", "5")], true),
            (vec![pipe()], false),
        ]
        .into_iter()
        .enumerate()
        {
            gone(&fixture, &[before()], sent(&format!("0A{n}"), 0));
            let mut ledger = fixture.open_reading(&after);
            assert_eq!(ledger.silent(LATER, fixture.now), u64::from(is_same), "{after:?}");
            let _ = ledger.silent(Expiry::All, fixture.now);
        }
    });
}

#[test]
fn each_file_of_a_command_has_its_own_codes() {
    on_every_store(|fixture| {
        gone(&fixture, &[named("/a"), named("/b")], in_file(1, sent("0B", 0)));
        assert_eq!(fixture.open_reading(&[named("/a")]).silent(LATER, fixture.now), 0);
        assert_eq!(fixture.open_reading(&[named("/c"), named("/b")]).silent(LATER, fixture.now), 1);
    });
}

#[test]
fn a_pipe_without_a_name_is_no_other_runs_pipe_and_its_codes_expire_by_its_own_log() {
    on_every_store(|fixture| {
        let mut ledger = fixture.open_reading(&[pipe()]);
        ledger.told(&[sent("0A", 0)], fixture.now);
        assert_eq!(ledger.silent(LATER, fixture.now), 1);
        gone(&fixture, &[pipe()], sent("0B", 0));
        assert_eq!(fixture.open_reading(&[pipe()]).silent(LATER, fixture.now), 0);
    });
}

#[test]
fn what_nobody_reads_expires_by_the_clock_when_its_answer_no_longer_counts() {
    on_every_store(|mut fixture| {
        gone(&fixture, &[named("/a")], sent("0A", 0));
        gone(&fixture, &[named("/a")], sent("0B", 300));
        fixture.wait(Duration::from_secs(1000));
        let mut other = fixture.open_reading(&[named("/b")]);
        let by_clock = |others| Expiry::ByClock(Arrived { ours: at(1000), others: at(others) });
        assert_eq!(other.silent(by_clock(0), fixture.now), 0);
        assert_eq!(other.silent(by_clock(1), fixture.now), 1, "the other one was sent later than it arrived");
        let mut same = fixture.open_reading(&[named("/a")]);
        let ours = Expiry::ByClock(Arrived { ours: at(1), others: at(0) });
        assert_eq!(same.silent(ours, fixture.now), 1, "for its own log, when it arrived is enough");
    });
}

#[test]
fn what_is_read_again_belongs_to_the_log_that_it_is_read_from() {
    on_every_store(|fixture| {
        gone(&fixture, &[pipe()], sent("0A", 0));
        gone(&fixture, &[named("/a")], sent("0A", 0));
        assert_eq!(fixture.open_reading(&[named("/a")]).silent(LATER, fixture.now), 1);
    });
}

#[test]
fn a_conversion_counts_whichever_log_it_is_found_in() {
    on_every_store(|fixture| {
        let mut sending = fixture.open_reading(&[named("/a")]);
        sending.told(&[sent("0A", 0)], fixture.now);
        let mut converting = fixture.open_reading(&[named("/b")]);
        let converted = converted("0A", 0);
        let observed = converting.observe(&[converted], RULES, fixture.now).unwrap();
        assert_eq!((observed.counts.converted, observed.entries.recorded.len()), (1, 1));
        assert_eq!(sending.silent(LATER, fixture.now), 0);
    });
}

#[test]
fn one_ref_in_two_logs_marks_no_parts() {
    on_every_store(|fixture| {
        let of = |event| CodeEvent { reference: Some(Reference::from_json("1")), ..event };
        let mut one = fixture.open_reading(&[named("/a")]);
        one.told(&[of(sent("0A", 0))], fixture.now);
        let mut other = fixture.open_reading(&[named("/b")]);
        let counts = other.observe(&[of(sent("0B", 0))], RULES, fixture.now).unwrap().counts;
        assert_eq!((counts.sent, counts.parts), (1, 0));
        let counts = one.observe(&[of(sent("0C", 0))], RULES, fixture.now).unwrap().counts;
        assert_eq!((counts.sent, counts.parts), (0, 1));
    });
}

#[test]
fn what_a_ref_that_never_changes_had_joined_before_that_showed_is_parted() {
    for group in [1, 7, 19, 50] {
        on_every_store(|fixture| {
            let of = |event| CodeEvent { reference: Some(Reference::from_json("1")), ..event };
            let mut ledger = fixture.open_reading(&[named("/a")]);
            let events: Vec<_> = (0..50).map(|n| of(sent(&format!("0A{n:02}"), 4 * n))).collect();
            events.chunks(group).for_each(|events| ledger.told(events, fixture.now));
            assert_eq!(ledger.open_codes(fixture.now).unwrap(), 50, "{group} at a time");
        });
    }
}

#[test]
fn parts_that_too_many_share_are_parted_in_the_store_too() {
    on_every_store(|fixture| {
        let of = |event| CodeEvent { reference: Some(Reference::from_json("1")), ..event };
        let mut ledger = fixture.open_reading(&[named("/a")]);
        for n in 0..30 {
            ledger.told(&[of(sent(&format!("0A{n:02}"), 4 * n)), sent(&format!("0B{n:02}"), 4 * n)], fixture.now);
        }
        assert_eq!(ledger.open_codes(fixture.now).unwrap(), 60);
        let converted = converted("0A01", 60);
        let observed = ledger.observe(&[converted], RULES, fixture.now).unwrap();
        assert_eq!(observed.counts.converted, 1, "its id is of its own code now");
        assert_eq!(ledger.silent(LATER, fixture.now), 59);
    });
}

#[test]
fn a_conversion_that_awaits_its_channel_is_given_up_by_whoever_reads_its_log() {
    on_every_store(|fixture| {
        let converted = converted("0A", 0);
        gone(&fixture, &[named("/a")], converted);
        let arrived = Arrived { ours: at(0), others: at(-1) };
        let given_up =
            |ledger: &mut Ledger, arrived| ledger.give_up_awaiting_channel(arrived, fixture.now).unwrap().len();
        let mut other = fixture.open_reading(&[named("/b")]);
        assert_eq!(given_up(&mut other, arrived), 0, "whoever reads that log may find its channel");
        assert_eq!(given_up(&mut fixture.open_reading(&[named("/a")]), arrived), 1);
        assert_eq!(given_up(&mut other, Arrived { others: at(0), ..arrived }), 0, "once");
    });
}
