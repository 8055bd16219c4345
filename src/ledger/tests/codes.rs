//! Codes: which conversions follow from what a log tells, in whatever order and however often it is told.

use std::time::Duration;

use crate::domain::{
    Channel, CodeEvent, Delivered, Happening, MessageId, Record, Reference, TimeSource, Timestamp,
};
use crate::ledger::{
    Closing, CodeCounts, Due, Forget, Kept, Known, Ledger, LedgerReader, Observed, Recorded, forget,
};

use super::{Desk, accepted, at, ids};

const WINDOW: Duration = Duration::from_secs(600);

/// `sent ID` over SMS, so many seconds after the beginning.
fn sent(id: &str, seconds: i64) -> CodeEvent {
    CodeEvent {
        line: 1,
        reference: None,
        happening: Happening::Sent,
        message_id: MessageId::parse(id).unwrap(),
        channel: Some(Channel::Sms),
        timestamp: at(seconds),
        time: TimeSource::Given,
        doubts: Vec::new(),
        raw: Vec::new(),
    }
}

/// `converted ID`, by a line that does not say over which channel.
fn converted(id: &str, seconds: i64) -> CodeEvent {
    CodeEvent { happening: Happening::Converted, channel: None, raw: b"the line".to_vec(), ..sent(id, seconds) }
}

fn over(channel: Channel, event: CodeEvent) -> CodeEvent {
    CodeEvent { channel: Some(channel), ..event }
}

/// A part of a code.
fn of(reference: &str, event: CodeEvent) -> CodeEvent {
    CodeEvent { reference: Some(Reference::from_json(&format!("{reference:?}"))), ..event }
}

type Told = (String, bool, Timestamp);

fn told(record: &Record) -> Told {
    let conversion = &record.conversion;
    (conversion.message_id.to_string(), conversion.delivered == Delivered::True, conversion.timestamp)
}

fn yes(id: &str, seconds: i64) -> Told {
    (id.to_owned(), true, at(seconds))
}

fn no(id: &str, seconds: i64) -> Told {
    (id.to_owned(), false, at(seconds))
}

impl Ledger {
    /// What newly follows, in order; all of it is accepted at once.
    fn hears(&mut self, events: &[CodeEvent], now: Timestamp) -> Vec<Told> {
        let observed = self.observe(events, WINDOW, now).unwrap();
        self.accept(observed, now)
    }

    fn closes(&mut self, closing: Closing, now: Timestamp) -> Vec<Told> {
        let observed = self.close_windows(closing, 100, now).unwrap();
        self.accept(observed, now)
    }

    fn accept(&mut self, observed: Observed, now: Timestamp) -> Vec<Told> {
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
            all.extend(tickets.iter().map(|ticket| told(ticket.record())));
            let group = tickets.drain(..).map(|ticket| (ticket, accepted())).collect();
            tickets = self.settle(group, now).unwrap().tickets;
        }
        all
    }

    fn counts(&mut self, events: &[CodeEvent], now: Timestamp) -> CodeCounts {
        let observed = self.observe(events, WINDOW, now).unwrap();
        let counts = observed.counts;
        self.accept(observed, now);
        counts
    }
}

#[test]
fn a_conversion_within_the_window_is_true_at_its_own_time() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    assert_eq!(ledger.hears(&[sent("0A", -700)], desk.now), []);
    assert_eq!(ledger.hears(&[converted("0A", -100)], desk.now), [yes("0A", -100)]);
    assert_eq!(ledger.closes(Closing::All, desk.now), []);
}

#[test]
fn silence_becomes_false_at_the_time_at_which_the_window_closed() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    let _ = ledger.hears(&[sent("0A", -700), sent("0B", -650)], desk.now);
    assert_eq!(ledger.closes(Closing::ByLog(at(-101)), desk.now), []);
    assert_eq!(ledger.closes(Closing::ByLog(at(-100)), desk.now), [no("0A", -100)]);
    assert_eq!(ledger.closes(Closing::ByLog(at(0)), desk.now), [no("0B", -50)]);
}

#[test]
fn a_late_conversion_follows_its_false() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    let _ = ledger.hears(&[sent("0A", -700), sent("0B", -700)], desk.now);
    let _ = ledger.closes(Closing::ByLog(at(-100)), desk.now);
    assert_eq!(ledger.hears(&[converted("0A", -50)], desk.now), [yes("0A", -50)]);
    // The log's own times say that it happened within the window, but it was told too late: it must stay the newer fact.
    assert_eq!(ledger.hears(&[converted("0B", -150)], desk.now), [yes("0B", -100)]);
    assert_eq!(ledger.hears(&[converted("0B", -150)], desk.now), []);
}

#[test]
fn a_conversion_after_the_window_is_late_also_where_the_window_was_not_closed_in_between() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    let _ = ledger.hears(&[sent("0A", -700)], desk.now);
    let observed = ledger.observe(&[converted("0A", -50)], WINDOW, desk.now).unwrap();
    assert_eq!((observed.counts.late, observed.counts.silent, observed.counts.converted), (1, 1, 1));
    assert_eq!(ledger.accept(observed, desk.now), [no("0A", -100), yes("0A", -50)]);
}

#[test]
fn the_last_moment_of_the_window_belongs_to_it() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    let _ = ledger.hears(&[sent("0A", -700), sent("0B", -700)], desk.now);
    assert_eq!(ledger.hears(&[converted("0A", -100)], desk.now), [yes("0A", -100)]);
    assert_eq!(ledger.hears(&[converted("0B", -99)], desk.now), [no("0B", -100), yes("0B", -99)]);
}

#[test]
fn a_conversion_counts_although_nobody_saw_its_code_being_sent() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    assert_eq!(ledger.hears(&[over(Channel::Sms, converted("0A", -100))], desk.now), [yes("0A", -100)]);
    assert_eq!(ledger.hears(&[sent("0A", -200)], desk.now), []);
    assert_eq!(ledger.closes(Closing::All, desk.now), []);
}

#[test]
fn a_conversion_waits_for_its_channel_where_no_line_has_told_it() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    assert_eq!(ledger.hears(&[converted("0A", -100), converted("0B", -90), converted("0C", -80)], desk.now), []);
    assert_eq!(ledger.hears(&[over(Channel::Voice, sent("0A", -130))], desk.now), [yes("0A", -100)]);
    assert_eq!(ledger.hears(&[over(Channel::Sms, converted("0B", -90))], desk.now), [yes("0B", -90)]);
    let given_up = ledger.give_up_unplaced(desk.now, desk.now).unwrap();
    assert_eq!(given_up.iter().map(|bad| &bad.raw[..]).collect::<Vec<_>>(), [b"the line"]);
    assert_eq!(ledger.give_up_unplaced(desk.now, desk.now).unwrap(), []);
    assert_eq!(ledger.hears(&[sent("0C", -95)], desk.now), [yes("0C", -80)]);
    assert_eq!(ledger.closes(Closing::All, desk.now), []);
}

#[test]
fn what_another_run_may_still_place_is_in_nobodys_way() {
    let desk = Desk::new();
    let mut other = desk.open();
    let theirs: Vec<_> = (0..100).map(|id| converted(&format!("0A{id}"), -100)).collect();
    assert_eq!(other.hears(&theirs, desk.now), []);
    let mut ledger = desk.open();
    assert_eq!(ledger.hears(&[converted("0B", -90)], desk.now), []);
    assert_eq!(ledger.give_up_unplaced(desk.now, desk.now).unwrap().len(), 1);
    drop(other);
    let mut given_up = 0;
    while let more @ 1.. = desk.open().give_up_unplaced(desk.now, desk.now).unwrap().len() {
        given_up += more;
    }
    assert_eq!(given_up, 100);
}

#[test]
fn a_log_without_times_that_is_told_again_does_not_join_codes_of_one_ref() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    let untimed = |event| CodeEvent { time: TimeSource::Now, ..of("x", event) };
    assert_eq!(
        ledger.hears(&[untimed(sent("0A", -1000)), untimed(converted("0A", -990))], desk.now),
        [yes("0A", -990)]
    );
    assert_eq!(ledger.hears(&[untimed(sent("0B", -100))], desk.now), []);
    assert_eq!(ledger.hears(&[untimed(sent("0A", -90))], desk.now), []);
    assert_eq!(ledger.closes(Closing::All, at(600)), [no("0B", 500)]);
}

#[test]
fn what_is_told_again_changes_nothing() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    let log = [sent("0A", -700), converted("0A", -600), sent("0B", -650)];
    let _ = ledger.hears(&log, desk.now);
    let _ = ledger.closes(Closing::ByLog(at(0)), desk.now);
    assert_eq!(ledger.hears(&log, desk.now), []);
    assert_eq!(ledger.closes(Closing::All, desk.now), []);
    assert_eq!(ledger.counts(&log, desk.now), CodeCounts { repeated: 3, ..CodeCounts::default() });
    // A second click is no second conversion.
    assert_eq!(ledger.hears(&[converted("0A", -590)], desk.now), []);
}

#[test]
fn parts_of_one_message_count_as_one_whichever_converts() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    let parts = [of("x", sent("0A1", -700)), of("x", sent("0A2", -699)), of("x", sent("0A3", -700))];
    assert_eq!(ledger.counts(&parts, desk.now), CodeCounts { sent: 1, parts: 2, ..CodeCounts::default() });
    assert_eq!(ledger.hears(&[converted("0A3", -600)], desk.now), [yes("0A1", -600)]);
    assert_eq!(ledger.hears(&[converted("0A2", -600)], desk.now), []);
    assert_eq!(ledger.closes(Closing::All, desk.now), []);

    let _ = ledger.hears(&[of("y", sent("0B1", -700)), of("y", sent("0B2", -700))], desk.now);
    assert_eq!(ledger.closes(Closing::ByLog(at(0)), desk.now), [no("0B1", -100)]);
    assert_eq!(ledger.hears(&[of("y", converted("0B9", -50))], desk.now), [yes("0B1", -50)]);
}

#[test]
fn a_part_that_converts_before_anything_is_seen_being_sent_stands_for_the_whole() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    let told = ledger.hears(
        &[
            over(Channel::Sms, converted("0A2", -690)),
            of("x", sent("0A1", -700)),
            of("x", sent("0A2", -700)),
            over(Channel::Sms, of("y", converted("0B2", -690))),
            of("y", sent("0B1", -700)),
            of("y", sent("0B2", -700)),
        ],
        desk.now,
    );
    assert_eq!(told, [yes("0A2", -690), yes("0B2", -690)]);
    let told = ledger.hears(
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
        desk.now,
    );
    assert_eq!(told, [yes("0C1", -690), yes("0D1", -690)]);
    assert_eq!(ledger.closes(Closing::All, desk.now), []);
}

#[test]
fn the_same_ref_later_is_another_code() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    let user = |event| of("user-1", event);
    let told = ledger.hears(
        &[
            user(sent("0A", -5000)),
            user(converted("0A", -4900)),
            user(sent("0B", -2000)),
            over(Channel::Sms, user(converted("0B", -1950))),
            over(Channel::Sms, user(converted("0C", -1000))),
        ],
        desk.now,
    );
    assert_eq!(told, [yes("0A", -4900), yes("0B", -1950), yes("0C", -1000)]);
}

#[test]
fn windows_outlive_a_crash_and_belong_to_whoever_reads_on() {
    let mut desk = Desk::new();
    let mut dead = desk.open();
    let _ = dead.hears(&[sent("0A", -10), sent("0B", 0)], desk.now);
    let mut other = desk.open();
    desk.wait(Duration::from_secs(900));
    assert_eq!(other.closes(Closing::All, desk.now), [], "a living run watches these");
    assert_eq!(other.open_windows(desk.now).unwrap(), 0);
    assert_eq!(dead.open_windows(desk.now).unwrap(), 2);
    dead.crash();
    assert_eq!(other.open_windows(desk.now).unwrap(), 2);
    assert_eq!(other.hears(&[converted("0A", 30)], desk.now), [yes("0A", 30)]);
    assert_eq!(other.closes(Closing::ByClock(at(-1)), desk.now), []);
    assert_eq!(other.closes(Closing::ByClock(at(0)), desk.now), [no("0B", 600)]);
}

#[test]
fn whoever_reads_the_log_of_a_dead_run_again_watches_its_windows() {
    let desk = Desk::new();
    let mut dead = desk.open();
    let _ = dead.hears(&[sent("0A", -700)], desk.now);
    dead.crash();
    let (mut reader, mut other) = (desk.open(), desk.open());
    let _ = reader.hears(&[sent("0A", -700)], desk.now);
    assert_eq!(other.closes(Closing::All, desk.now), []);
    assert_eq!(reader.closes(Closing::ByLog(at(0)), desk.now), [no("0A", -100)]);
}

#[test]
fn a_window_that_is_closed_before_its_time_closes_now() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    let _ = ledger.hears(&[sent("0A", -10)], desk.now);
    assert_eq!(ledger.closes(Closing::All, desk.now), [no("0A", 0)]);
}

#[test]
fn windows_close_in_bounded_portions_and_another_accounts_not_at_all() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    let events: Vec<_> = (0..25).map(|n| sent(&format!("0A{n:02}"), -700)).collect();
    let _ = ledger.hears(&events, desk.now);
    let mut stranger = Ledger::open(&desk.path(), &super::account("efgh5678"), desk.now).unwrap();
    assert_eq!(stranger.closes(Closing::All, desk.now), []);
    let mut closed = Vec::new();
    loop {
        let observed = ledger.close_windows(Closing::ByLog(at(0)), 10, desk.now).unwrap();
        if observed.counts.silent == 0 {
            break;
        }
        assert!(observed.counts.silent <= 10);
        closed.extend(ledger.accept(observed, desk.now));
    }
    assert_eq!(closed.len(), 25);
}

#[test]
fn the_portions_are_of_several_dead_runs_and_of_no_living_one() {
    let desk = Desk::new();
    let codes = |run: &str| (0..5).map(|n| sent(&format!("0{run}{n}"), -700)).collect::<Vec<_>>();
    for run in ["A", "B"] {
        let mut dead = desk.open();
        let _ = dead.hears(&codes(run), desk.now);
        dead.crash();
    }
    let mut living = desk.open();
    let _ = living.hears(&codes("C"), desk.now);
    let mut ledger = desk.open();
    let _ = ledger.hears(&codes("D"), desk.now);
    let mut portion = || {
        let observed = ledger.close_windows(Closing::All, 7, desk.now).unwrap();
        let closed = ledger.accept(observed, desk.now);
        closed.into_iter().map(|(id, ..)| id).collect::<Vec<_>>()
    };
    let portions = [portion(), portion(), portion(), portion()];
    assert_eq!(portions.each_ref().map(Vec::len), [7, 7, 1, 0]);
    assert!(portions.iter().flatten().all(|id| !id.starts_with("0C")), "{portions:?}");
    assert_eq!(living.closes(Closing::All, desk.now).len(), 5);
}

#[test]
fn the_false_of_a_crash_is_adopted_like_anything_that_is_recorded() {
    let desk = Desk::new();
    let mut dead = desk.open();
    let _ = dead.hears(&[sent("0A", -700)], desk.now);
    let _lost = dead.close_windows(Closing::ByLog(at(0)), 10, desk.now).unwrap();
    dead.crash();
    assert_eq!(ids(&desk.open().adopted(Due::OnlyDue, desk.now)), ["0A"]);
}

#[test]
fn open_windows_are_counted_and_ended_codes_are_forgotten_after_a_month() {
    let mut desk = Desk::new();
    let mut ledger = desk.open();
    let _ = ledger.hears(&[sent("0A", 0), sent("0B", 0), sent("0C", 0), converted("0A", 5)], desk.now);
    let status = |desk: &Desk| LedgerReader::open(&desk.path()).unwrap().unwrap().status().unwrap();
    let open =
        |desk: &Desk| status(desk).into_iter().find(|row| row.kept == Kept::OpenWindow).map(|row| row.count);
    assert_eq!(open(&desk), Some(2));
    desk.wait(Duration::from_secs(31 * 24 * 60 * 60));
    assert_eq!(forget(&desk.path(), Forget::Settled, Duration::from_secs(86_400), desk.now).unwrap(), 2);
    assert_eq!(open(&desk), Some(2), "what is open is not forgotten");
    let again = CodeEvent { channel: Some(Channel::Sms), ..converted("0A", 5) };
    assert_eq!(ledger.hears(&[again], desk.now), [yes("0A", 5)], "it is new again");
}

#[test]
fn a_rehearsal_tells_the_same_and_records_nothing() {
    let desk = Desk::new();
    let mut ledger = Ledger::open_scratch(&desk.path(), &super::account("abcd1234"), desk.now).unwrap();
    let mut rehearse = |event: &CodeEvent| -> Vec<Told> {
        ledger.rehearse(event, WINDOW, desk.now).unwrap().iter().map(told).collect()
    };
    assert_eq!(rehearse(&sent("0A", -700)), []);
    assert_eq!(rehearse(&converted("0A", -600)), [yes("0A", -600)]);
    assert_eq!(rehearse(&converted("0A", -600)), []);
    assert_eq!(rehearse(&sent("0B", -700)), []);
    let silent = ledger.rehearse_closing(Closing::ByLog(at(0)), 10, desk.now).unwrap();
    assert_eq!(silent.iter().map(told).collect::<Vec<_>>(), [no("0B", -100)]);
    assert_eq!(ledger.adopted(Due::Everything, desk.now), []);
}
