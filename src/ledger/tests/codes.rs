//! Codes: which conversions follow from a log, in whatever order and however often its lines come.

use std::time::Duration;

use crate::domain::{Channel, CodeEvent, Delivered, MessageIdDoubt, Record, Reference, TimeSource, Timestamp};
use crate::ledger::{
    Arrived, CodeCounts, CodeRules, Due, Entries, Expiry, Forget, Kept, Known, Ledger, LedgerReader, LogSource,
    Observed, Recorded, forget,
};

use super::{Fixture, accepted, at, converted, ids, on_every_store, sent};

const LASTS: Duration = Duration::from_secs(600);
const RULES: CodeRules = CodeRules { lasts: LASTS, parts_within: Duration::from_secs(10) };

/// The same, on a line of its own.
fn on_line(line: u64, event: CodeEvent) -> CodeEvent {
    CodeEvent { line, ..event }
}

/// The same, by a line that does not say when.
fn read_now(event: CodeEvent) -> CodeEvent {
    CodeEvent { time: TimeSource::Now, ..event }
}

fn over(channel: Channel, event: CodeEvent) -> CodeEvent {
    CodeEvent { channel: Some(channel), ..event }
}

/// A part of a code.
fn of(reference: &str, event: CodeEvent) -> CodeEvent {
    CodeEvent { reference: Some(Reference::from_json(&format!("{reference:?}"))), ..event }
}

type Value = (String, bool, Timestamp);

fn value(record: &Record) -> Value {
    let conversion = &record.conversion;
    (conversion.message_id.to_string(), conversion.delivered == Delivered::True, conversion.timestamp)
}

fn yes(id: &str, seconds: i64) -> Value {
    (id.to_owned(), true, at(seconds))
}

fn no(id: &str, seconds: i64) -> Value {
    (id.to_owned(), false, at(seconds))
}

/// A file that logs say is at this place.
fn file(name: &str) -> LogSource {
    LogSource { name: Some(name.to_owned()), identity: None }
}

/// Whatever has arrived.
fn all(fixture: &Fixture) -> Arrived {
    Arrived { ours: fixture.now, others: fixture.now }
}

/// Of whatever log.
fn by_clock(seconds: i64) -> Expiry {
    Expiry::ByClock(Arrived { ours: at(seconds), others: at(seconds) })
}

impl Fixture {
    /// Open for a run that reads the log of which all these tests tell.
    fn reader(&self) -> Ledger {
        self.open_reading(&[file("/log")])
    }
}

impl Ledger {
    /// What newly follows, in order; all of it is accepted at once.
    fn follow(&mut self, events: &[CodeEvent], now: Timestamp) -> Vec<Value> {
        let observed = self.observe(events, RULES, now).unwrap();
        self.accept(observed, now)
    }

    fn expire(&mut self, expiry: Expiry, now: Timestamp) -> Vec<Value> {
        let observed = self.expire_codes(expiry, 100, now).unwrap();
        self.accept(observed, now)
    }

    fn accept(&mut self, observed: Observed, now: Timestamp) -> Vec<Value> {
        let mut tickets = observed.entries.released.tickets;
        for recorded in observed.entries.recorded {
            match recorded {
                Recorded::Ready(ticket) => tickets.push(ticket),
                Recorded::Waiting(..) | Recorded::Known(_, Known::Accepted | Known::Repeated) => {}
                Recorded::Known(record, known) => panic!("{known:?}: {record:?}"),
            }
        }
        let mut all = Vec::new();
        while !tickets.is_empty() {
            all.extend(tickets.iter().map(|ticket| value(ticket.record())));
            let group = tickets.drain(..).map(|ticket| (ticket, accepted())).collect();
            tickets = self.settle(group, now).unwrap().tickets;
        }
        all
    }

    /// The records that newly follow, as they are sent.
    fn follows(&mut self, events: &[CodeEvent], now: Timestamp) -> Vec<Record> {
        let Entries { recorded, released, .. } = self.observe(events, RULES, now).unwrap().entries;
        let tickets = recorded.into_iter().filter_map(|recorded| match recorded {
            Recorded::Ready(ticket) => Some(ticket),
            Recorded::Waiting(..) | Recorded::Known(..) => None,
        });
        tickets.chain(released.tickets).map(|ticket| ticket.record().clone()).collect()
    }

    fn counts(&mut self, events: &[CodeEvent], now: Timestamp) -> CodeCounts {
        let observed = self.observe(events, RULES, now).unwrap();
        let counts = observed.counts;
        self.accept(observed, now);
        counts
    }
}

#[test]
fn a_conversion_before_the_deadline_is_true_at_its_own_time() {
    on_every_store(|fixture| {
        let mut ledger = fixture.reader();
        assert_eq!(ledger.follow(&[sent("0A", -700)], fixture.now), []);
        assert_eq!(ledger.follow(&[converted("0A", -100)], fixture.now), [yes("0A", -100)]);
        assert_eq!(ledger.expire(Expiry::All, fixture.now), []);
    });
}

#[test]
fn silence_becomes_false_at_the_time_of_the_deadline() {
    on_every_store(|fixture| {
        let mut ledger = fixture.reader();
        let _ = ledger.follow(&[sent("0A", -700), sent("0B", -650)], fixture.now);
        assert_eq!(ledger.expire(Expiry::ByLog(at(-100)), fixture.now), []);
        assert_eq!(ledger.expire(Expiry::ByLog(at(-99)), fixture.now), [no("0A", -100)]);
        assert_eq!(ledger.expire(Expiry::ByLog(at(1)), fixture.now), [no("0B", -50)]);
    });
}

#[test]
fn a_late_conversion_follows_its_false() {
    on_every_store(|fixture| {
        let mut ledger = fixture.reader();
        let _ = ledger.follow(&[sent("0A", -700), sent("0B", -700)], fixture.now);
        let _ = ledger.expire(Expiry::ByLog(at(-99)), fixture.now);
        assert_eq!(ledger.follow(&[converted("0A", -50)], fixture.now), [yes("0A", -50)]);
        // By the log's own times it converted before the deadline, but the line came too late: it must stay the newer fact.
        assert_eq!(ledger.follow(&[converted("0B", -150)], fixture.now), [yes("0B", -100)]);
        assert_eq!(ledger.follow(&[converted("0B", -150)], fixture.now), []);
    });
}

#[test]
fn a_conversion_after_the_deadline_is_late_even_if_the_code_has_not_expired_in_between() {
    on_every_store(|fixture| {
        let mut ledger = fixture.reader();
        let _ = ledger.follow(&[sent("0A", -700)], fixture.now);
        let observed = ledger.observe(&[converted("0A", -50)], RULES, fixture.now).unwrap();
        assert_eq!((observed.counts.late, observed.counts.silent, observed.counts.converted), (1, 1, 1));
        assert_eq!(ledger.accept(observed, fixture.now), [no("0A", -100), yes("0A", -50)]);
    });
}

#[test]
fn the_moment_of_the_deadline_is_in_time() {
    on_every_store(|fixture| {
        let mut ledger = fixture.reader();
        let _ = ledger.follow(&[sent("0A", -700), sent("0B", -700)], fixture.now);
        assert_eq!(ledger.follow(&[converted("0A", -100)], fixture.now), [yes("0A", -100)]);
        assert_eq!(ledger.follow(&[converted("0B", -99)], fixture.now), [no("0B", -100), yes("0B", -99)]);
    });
}

#[test]
fn a_conversion_counts_although_its_code_was_never_seen_being_sent() {
    on_every_store(|fixture| {
        let mut ledger = fixture.reader();
        assert_eq!(ledger.follow(&[over(Channel::Sms, converted("0A", -100))], fixture.now), [yes("0A", -100)]);
        assert_eq!(ledger.follow(&[sent("0A", -200)], fixture.now), []);
        assert_eq!(ledger.expire(Expiry::All, fixture.now), []);
    });
}

#[test]
fn a_conversion_awaits_its_channel_where_no_line_has_named_it() {
    on_every_store(|fixture| {
        let mut ledger = fixture.reader();
        assert_eq!(
            ledger.follow(&[converted("0A", -100), converted("0B", -90), converted("0C", -80)], fixture.now),
            []
        );
        assert_eq!(ledger.follow(&[over(Channel::Voice, sent("0A", -130))], fixture.now), [yes("0A", -100)]);
        assert_eq!(ledger.follow(&[over(Channel::Sms, converted("0B", -90))], fixture.now), [yes("0B", -90)]);
        let given_up = ledger.give_up_awaiting_channel(all(&fixture), fixture.now).unwrap();
        assert_eq!(given_up.iter().map(|bad| &bad.raw[..]).collect::<Vec<_>>(), [b"the line"]);
        assert_eq!(ledger.give_up_awaiting_channel(all(&fixture), fixture.now).unwrap(), []);
        assert_eq!(ledger.follow(&[sent("0C", -95)], fixture.now), [yes("0C", -80)]);
        assert_eq!(ledger.expire(Expiry::All, fixture.now), []);
    });
}

#[test]
fn a_conversion_whose_channel_another_run_may_resolve_holds_up_none() {
    on_every_store(|fixture| {
        let mut other = fixture.reader();
        let theirs: Vec<_> = (0..100).map(|id| converted(&format!("0A{id}"), -100)).collect();
        assert_eq!(other.follow(&theirs, fixture.now), []);
        let mut ledger = fixture.reader();
        assert_eq!(ledger.follow(&[converted("0B", -90)], fixture.now), []);
        assert_eq!(ledger.give_up_awaiting_channel(all(&fixture), fixture.now).unwrap().len(), 1);
        drop(other);
        let mut given_up = 0;
        while let more @ 1.. = fixture.reader().give_up_awaiting_channel(all(&fixture), fixture.now).unwrap().len()
        {
            given_up += more;
        }
        assert_eq!(given_up, 100);
    });
}

#[test]
fn a_log_without_times_that_is_read_again_does_not_join_codes_of_one_ref() {
    on_every_store(|fixture| {
        let mut ledger = fixture.reader();
        let untimed = |event| CodeEvent { time: TimeSource::Now, ..of("x", event) };
        assert_eq!(
            ledger.follow(&[untimed(sent("0A", -1000)), untimed(converted("0A", -990))], fixture.now),
            [yes("0A", -990)]
        );
        assert_eq!(ledger.follow(&[untimed(sent("0B", -100))], fixture.now), []);
        assert_eq!(ledger.follow(&[untimed(sent("0A", -90))], fixture.now), []);
        assert_eq!(ledger.expire(Expiry::All, at(600)), [no("0B", 500)]);
    });
}

#[test]
fn repeated_lines_change_nothing() {
    on_every_store(|fixture| {
        let mut ledger = fixture.reader();
        let log = [sent("0A", -700), converted("0A", -600), sent("0B", -650)];
        let _ = ledger.follow(&log, fixture.now);
        let _ = ledger.expire(Expiry::ByLog(at(1)), fixture.now);
        assert_eq!(ledger.follow(&log, fixture.now), []);
        assert_eq!(ledger.expire(Expiry::All, fixture.now), []);
        assert_eq!(ledger.counts(&log, fixture.now), CodeCounts { repeated: 3, ..CodeCounts::default() });
        // A second click is no second conversion.
        assert_eq!(ledger.follow(&[converted("0A", -590)], fixture.now), []);
    });
}

#[test]
fn parts_of_one_message_count_as_one_whichever_converts() {
    on_every_store(|fixture| {
        let mut ledger = fixture.reader();
        let parts = [of("x", sent("0A1", -700)), of("x", sent("0A2", -699)), of("x", sent("0A3", -700))];
        assert_eq!(ledger.counts(&parts, fixture.now), CodeCounts { sent: 1, parts: 2, ..CodeCounts::default() });
        assert_eq!(ledger.follow(&[converted("0A3", -600)], fixture.now), [yes("0A1", -600)]);
        assert_eq!(ledger.follow(&[converted("0A2", -600)], fixture.now), []);
        assert_eq!(ledger.expire(Expiry::All, fixture.now), []);

        let _ = ledger.follow(&[of("y", sent("0B1", -700)), of("y", sent("0B2", -700))], fixture.now);
        assert_eq!(ledger.expire(Expiry::ByLog(at(1)), fixture.now), [no("0B1", -100)]);
        assert_eq!(ledger.follow(&[of("y", converted("0B2", -50))], fixture.now), [yes("0B1", -50)]);
    });
}

#[test]
fn a_part_that_converts_before_anything_is_seen_being_sent_stands_for_the_whole() {
    on_every_store(|fixture| {
        let mut ledger = fixture.reader();
        let values = ledger.follow(
            &[
                over(Channel::Sms, converted("0A2", -690)),
                of("x", sent("0A1", -700)),
                of("x", sent("0A2", -700)),
                over(Channel::Sms, of("y", converted("0B2", -690))),
                of("y", sent("0B1", -700)),
                of("y", sent("0B2", -700)),
            ],
            fixture.now,
        );
        assert_eq!(values, [yes("0A2", -690), yes("0B2", -690)]);
        let values = ledger.follow(
            &[
                converted("0C2", -690),
                of("z", sent("0C1", -700)),
                of("z", sent("0C2", -700)),
                of("z", sent("0C3", -700)),
                converted("0D1", -690),
                of("w", sent("0D1", -700)),
                of("w", sent("0D2", -700)),
                converted("0C2", -687),
            ],
            fixture.now,
        );
        assert_eq!(values, [yes("0C1", -690), yes("0D1", -690)]);
        assert_eq!(ledger.expire(Expiry::All, fixture.now), []);
    });
}

#[test]
fn the_same_ref_later_is_another_code() {
    on_every_store(|fixture| {
        let mut ledger = fixture.reader();
        let user = |event| of("user-1", event);
        let values = ledger.follow(
            &[
                user(sent("0A", -5000)),
                user(converted("0A", -4900)),
                user(sent("0B", -2000)),
                over(Channel::Sms, user(converted("0B", -1950))),
                over(Channel::Sms, user(converted("0C", -1000))),
            ],
            fixture.now,
        );
        assert_eq!(values, [yes("0A", -4900), yes("0B", -1950), yes("0C", -1000)]);
    });
}

#[test]
fn open_codes_outlive_a_crash_and_belong_to_the_run_that_reads_on() {
    on_every_store(|mut fixture| {
        let mut crashed = fixture.reader();
        let _ = crashed.follow(&[sent("0A", -10), sent("0B", 0)], fixture.now);
        let mut other = fixture.reader();
        fixture.wait(Duration::from_secs(900));
        assert_eq!(other.expire(Expiry::All, fixture.now), [], "a live run watches these");
        assert_eq!(other.open_codes(fixture.now).unwrap(), 0);
        assert_eq!(crashed.open_codes(fixture.now).unwrap(), 2);
        crashed.crash();
        assert_eq!(other.open_codes(fixture.now).unwrap(), 2);
        assert_eq!(other.follow(&[converted("0A", 30)], fixture.now), [yes("0A", 30)]);
        assert_eq!(other.expire(by_clock(0), fixture.now), []);
        assert_eq!(other.expire(by_clock(1), fixture.now), [no("0B", 600)]);
    });
}

#[test]
fn a_run_that_reads_the_log_of_a_crashed_run_again_watches_its_codes() {
    on_every_store(|fixture| {
        let mut crashed = fixture.reader();
        let _ = crashed.follow(&[sent("0A", -700)], fixture.now);
        crashed.crash();
        let (mut reader, mut other) = (fixture.reader(), fixture.reader());
        let _ = reader.follow(&[sent("0A", -700)], fixture.now);
        assert_eq!(other.expire(Expiry::All, fixture.now), []);
        assert_eq!(reader.expire(Expiry::ByLog(at(1)), fixture.now), [no("0A", -100)]);
    });
}

#[test]
fn a_code_that_expires_before_its_deadline_expires_now() {
    on_every_store(|fixture| {
        let mut ledger = fixture.reader();
        let _ = ledger.follow(&[sent("0A", -10)], fixture.now);
        assert_eq!(ledger.expire(Expiry::All, fixture.now), [no("0A", 0)]);
    });
}

#[test]
fn codes_expire_in_bounded_portions_and_another_accounts_not_at_all() {
    on_every_store(|fixture| {
        let mut ledger = fixture.reader();
        let events: Vec<_> = (0..25).map(|n| sent(&format!("0A{n:02}"), -700)).collect();
        let _ = ledger.follow(&events, fixture.now);
        let mut stranger = fixture.open_as("efgh5678");
        assert_eq!(stranger.expire(Expiry::All, fixture.now), []);
        let mut closed = Vec::new();
        loop {
            let observed = ledger.expire_codes(Expiry::ByLog(at(1)), 10, fixture.now).unwrap();
            if observed.counts.silent == 0 {
                break;
            }
            assert!(observed.counts.silent <= 10);
            closed.extend(ledger.accept(observed, fixture.now));
        }
        assert_eq!(closed.len(), 25);
    });
}

#[test]
fn the_portions_are_of_several_crashed_runs_and_of_no_live_one() {
    on_every_store(|fixture| {
        let codes = |run: &str| (0..5).map(|n| sent(&format!("0{run}{n}"), -700)).collect::<Vec<_>>();
        for run in ["A", "B"] {
            let mut crashed = fixture.reader();
            let _ = crashed.follow(&codes(run), fixture.now);
            crashed.crash();
        }
        let mut live = fixture.reader();
        let _ = live.follow(&codes("C"), fixture.now);
        let mut ledger = fixture.reader();
        let _ = ledger.follow(&codes("D"), fixture.now);
        let mut portion = || {
            let observed = ledger.expire_codes(Expiry::All, 7, fixture.now).unwrap();
            let closed = ledger.accept(observed, fixture.now);
            closed.into_iter().map(|(id, ..)| id).collect::<Vec<_>>()
        };
        let portions = [portion(), portion(), portion(), portion()];
        assert_eq!(portions.each_ref().map(Vec::len), [7, 7, 1, 0]);
        assert!(portions.iter().flatten().all(|id| !id.starts_with("0C")), "{portions:?}");
        assert_eq!(live.expire(Expiry::All, fixture.now).len(), 5);
    });
}

#[test]
fn the_false_of_a_crash_is_adopted_like_anything_that_is_recorded() {
    on_every_store(|fixture| {
        let mut crashed = fixture.reader();
        let _ = crashed.follow(&[sent("0A", -700)], fixture.now);
        let _lost = crashed.expire_codes(Expiry::ByLog(at(1)), 10, fixture.now).unwrap();
        crashed.crash();
        assert_eq!(ids(&fixture.open().adopted(Due::OnlyDue, fixture.now)), ["0A"]);
    });
}

#[test]
fn open_codes_are_counted_and_ended_ones_are_forgotten_after_a_month() {
    let mut fixture = Fixture::new();
    let mut ledger = fixture.reader();
    let _ = ledger.follow(&[sent("0A", 0), sent("0B", 0), sent("0C", 0), converted("0A", 5)], fixture.now);
    let status = |fixture: &Fixture| LedgerReader::open(&fixture.path()).unwrap().unwrap().status().unwrap();
    let open = |fixture: &Fixture| {
        status(fixture).into_iter().find(|row| row.kept == Kept::OpenCode).map(|row| row.count)
    };
    assert_eq!(open(&fixture), Some(2));
    fixture.wait(Duration::from_secs(31 * 24 * 60 * 60));
    assert_eq!(forget(&fixture.path(), Forget::Settled, Duration::from_secs(86_400), fixture.now).unwrap(), 2);
    assert_eq!(open(&fixture), Some(2), "what is open is not forgotten");
    let again = CodeEvent { channel: Some(Channel::Sms), ..converted("0A", 5) };
    assert_eq!(ledger.follow(&[again], fixture.now), [yes("0A", 5)], "it is new again");
}

#[test]
fn the_part_that_was_sent_first_sets_the_deadline_in_whatever_order_they_are_logged() {
    for parts in [[-700, -690], [-690, -700]] {
        let fixture = Fixture::new();
        let mut ledger = fixture.reader();
        let parts = parts.map(|time| of("x", sent(&format!("0A{}", -time), time)));
        let first = parts[0].message_id.to_string();
        let _ = ledger.follow(&parts, fixture.now);
        assert_eq!(ledger.expire(Expiry::ByLog(at(-100)), fixture.now), []);
        assert_eq!(ledger.expire(Expiry::ByLog(at(-99)), fixture.now), [no(&first, -100)]);
    }
}

#[test]
fn a_code_keeps_its_deadline_when_the_log_is_read_again_with_another_length() {
    on_every_store(|fixture| {
        let mut ledger = fixture.reader();
        let _ = ledger.follow(&[sent("0A", -700)], fixture.now);
        let _ = ledger.observe(&[sent("0A", -700)], CodeRules { lasts: 2 * LASTS, ..RULES }, fixture.now).unwrap();
        assert_eq!(ledger.expire(Expiry::ByLog(at(-99)), fixture.now), [no("0A", -100)]);
    });
}

#[test]
fn a_time_of_reading_moves_no_deadline() {
    on_every_store(|mut fixture| {
        let mut ledger = fixture.reader();
        let _ = ledger.follow(&[sent("0A", 10), read_now(sent("0A", 0))], fixture.now);
        fixture.wait(Duration::from_secs(900));
        assert_eq!(ledger.expire(Expiry::ByLog(at(610)), fixture.now), []);
        assert_eq!(ledger.expire(Expiry::ByLog(at(611)), fixture.now), [no("0A", 610)]);
    });
}

#[test]
fn a_code_that_is_logged_after_its_conversion_is_sent_once_and_has_parts_with_times_and_without() {
    for as_told in [std::convert::identity, read_now] {
        let fixture = Fixture::new();
        let mut ledger = fixture.reader();
        let one = |count: CodeCounts| (count.sent, count.parts, count.repeated);
        let log = [of("x", sent("0A1", 0)), of("x", sent("0A2", 0))].map(as_told);
        let _ = ledger.follow(&[as_told(over(Channel::Sms, converted("0A1", 0)))], fixture.now);
        assert_eq!(one(ledger.counts(&log, fixture.now)), (1, 1, 0));
        assert_eq!(one(ledger.counts(&log, fixture.now)), (0, 0, 2));
        assert_eq!(ledger.expire(Expiry::All, fixture.now), [], "no part of it was silent");
    }
}

#[test]
fn every_conversion_is_counted_once_and_as_what_it_is() {
    on_every_store(|fixture| {
        let mut ledger = fixture.reader();
        let none = CodeCounts::default();
        let mut counts = |event| ledger.counts(&[event], fixture.now);
        assert_eq!(counts(converted("0A", -100)), CodeCounts { converted: 1, ..none });
        assert_eq!(counts(over(Channel::Sms, converted("0A", -100))), CodeCounts { repeated: 1, ..none });
        assert_eq!(counts(sent("0A", -110)), CodeCounts { sent: 1, ..none });
        assert_eq!(counts(sent("0B", -700)), CodeCounts { sent: 1, ..none });
        assert_eq!(ledger.expire(Expiry::ByLog(at(1)), fixture.now), [no("0B", -100)]);
        assert_eq!(
            ledger.counts(&[converted("0B", -50)], fixture.now),
            CodeCounts { converted: 1, late: 1, ..none }
        );
    });
}

#[test]
fn two_parts_that_convert_before_a_line_names_their_channel_are_both_sent() {
    on_every_store(|fixture| {
        let mut ledger = fixture.reader();
        let log = [
            of("x", converted("0A1", -690)),
            converted("0A2", -680),
            of("x", sent("0A2", -700)),
            of("x", sent("0A1", -700)),
        ];
        assert_eq!(ledger.follow(&log, fixture.now), [yes("0A2", -680), yes("0A1", -690)]);
    });
}

#[test]
fn a_part_whose_whole_has_become_known_is_not_given_up() {
    on_every_store(|fixture| {
        let mut ledger = fixture.reader();
        let log = [converted("0A2", -690), of("x", sent("0A1", -700)), of("x", sent("0A2", -700))];
        assert_eq!(ledger.follow(&log, fixture.now), [yes("0A1", -690)]);
        assert_eq!(ledger.give_up_awaiting_channel(all(&fixture), fixture.now).unwrap(), []);
        let again = CodeCounts { repeated: 3, ..CodeCounts::default() };
        assert_eq!(ledger.counts(&log, fixture.now), again);
    });
}

#[test]
fn a_conversion_has_its_own_line_and_a_silence_the_line_of_its_code() {
    on_every_store(|fixture| {
        let mut ledger = fixture.reader();
        let lines = |records: Vec<Record>| records.iter().map(|record| record.line).collect::<Vec<_>>();
        let late = [on_line(1, sent("0A", -700)), on_line(2, converted("0A", -50))];
        assert_eq!(lines(ledger.follows(&late, fixture.now)), [1], "the true waits for the false");
        let in_time = [on_line(3, sent("0B", -700)), on_line(4, converted("0B", -650))];
        assert_eq!(lines(ledger.follows(&in_time, fixture.now)), [4]);
        let early = [
            on_line(5, converted("0C2", -690)),
            on_line(6, of("x", sent("0C1", -700))),
            on_line(7, of("x", sent("0C2", -700))),
        ];
        assert_eq!(lines(ledger.follows(&early, fixture.now)), [5]);
    });
}

#[test]
fn a_conversion_has_the_doubts_of_its_line_and_no_better_time_than_it() {
    on_every_store(|fixture| {
        let mut ledger = fixture.reader();
        let doubts = vec![MessageIdDoubt::Trimmed];
        let log = [sent("0A", -10), read_now(CodeEvent { doubts: doubts.clone(), ..converted("0A", 0) })];
        let records = ledger.follows(&log, fixture.now);
        assert_eq!((records[0].time, &records[0].doubts), (TimeSource::Now, &doubts));
    });
}

#[test]
fn a_code_that_expired_early_and_converts_did_so_then_and_not_at_its_deadline() {
    on_every_store(|mut fixture| {
        let mut ledger = fixture.reader();
        let _ = ledger.follow(&[sent("0A", -10)], fixture.now);
        assert_eq!(ledger.expire(Expiry::All, fixture.now), [no("0A", 0)]);
        fixture.wait(Duration::from_secs(60));
        assert_eq!(ledger.follow(&[converted("0A", 5)], fixture.now), [yes("0A", 5)]);
    });
}

#[test]
fn codes_behind_those_that_a_live_run_watches_expire_in_the_same_portion() {
    on_every_store(|fixture| {
        let (mut other, mut ledger) = (fixture.reader(), fixture.reader());
        let watched: Vec<_> = (0..10).map(|n| sent(&format!("0A{n}"), -700)).collect();
        let _ = other.follow(&watched, fixture.now);
        let _ = ledger.follow(&[sent("0B", -690)], fixture.now);
        let observed = ledger.expire_codes(Expiry::ByLog(at(1)), 10, fixture.now).unwrap();
        assert_eq!(ledger.accept(observed, fixture.now), [no("0B", -90)]);
    });
}
