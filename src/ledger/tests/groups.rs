//! A group comes to what its items come to one by one: what was decided of the first counts for the next.

use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::domain::{Channel, CodeEvent, Happening, MessageId, Record, Reference, TimeSource, Timestamp};
use crate::ledger::store::Memory;
use crate::ledger::{
    Arrived, CodeCounts, CodeRules, Entries, Expiry, Known, Ledger, Observed, Recorded, Released, Settlement,
    Ticket,
};

use super::{Fixture, Room, accepted, at, failed, on_every_store, postponed, refused, sms};

/// Two runs, as two processes would have them.
const RUNS: usize = 2;
const RULES: CodeRules = CodeRules { lasts: Duration::from_secs(600), parts_within: Duration::from_secs(10) };

#[derive(Debug, Clone)]
enum Step {
    Record(Vec<Record>),
    /// As many of the tickets that are out come back.
    Settle(Vec<Settlement>),
    Observe(Vec<CodeEvent>),
    CloseCodes,
    Crash,
    ClockJump(i64),
}

fn record() -> impl Strategy<Value = Record> {
    let time = prop_oneof![
        4 => Just(TimeSource::Given),
        2 => Just(TimeSource::Now),
        2 => Just(TimeSource::Typed),
    ];
    (0..2, any::<bool>(), 0_i64..4, time).prop_map(|(id, value, seconds, time)| {
        let record = Record { time, ..sms(&format!("id-{id}"), seconds) };
        if value { record } else { failed(record) }
    })
}

/// A command forces all of its values or none.
fn forced(record: Record) -> Record {
    Record { time: TimeSource::Forced, ..record }
}

fn event() -> impl Strategy<Value = CodeEvent> {
    let reference = option::of(prop_oneof![Just("1"), Just("2")].prop_map(Reference::from_json));
    let happening = prop_oneof![Just(Happening::Sent), Just(Happening::Converted)];
    let seconds = prop_oneof![0_i64..3, 9_i64..12, 600_i64..603, Just(5000)];
    let channel = prop_oneof![4 => Just(Channel::Sms), 1 => Just(Channel::Voice)];
    (0..4, reference, happening, seconds, channel, any::<bool>()).prop_map(
        |(id, reference, happening, seconds, channel, names_channel)| CodeEvent {
            line: 1,
            source: 0,
            reference,
            happening,
            message_id: MessageId::parse(&format!("code-{id}")).unwrap(),
            channel: (happening == Happening::Sent || names_channel).then_some(channel),
            timestamp: at(seconds),
            time: TimeSource::Given,
            doubts: Vec::new(),
            raw: format!("line {id}").into_bytes(),
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let end = prop_oneof![
        4 => Just(accepted()),
        1 => Just(refused()),
        2 => Just(postponed()),
        1 => Just(Settlement::Unsent)
    ];
    prop_oneof![
        5 => vec(record(), 1..6).prop_map(Step::Record),
        1 => vec(record().prop_map(forced), 1..4).prop_map(Step::Record),
        4 => vec(end, 1..4).prop_map(Step::Settle),
        4 => vec(event(), 1..8).prop_map(Step::Observe),
        1 => Just(Step::CloseCodes),
        1 => Just(Step::Crash),
        1 => prop_oneof![Just(-60_i64), Just(4), Just(5 * 86_400)].prop_map(Step::ClockJump),
    ]
}

/// Runs over one store, whose groups are of this size at most.
struct House {
    fixture: Fixture,
    group_max: usize,
    ledgers: Vec<Option<Ledger>>,
    out: [Vec<Ticket>; RUNS],
}

impl House {
    fn new(group_max: usize) -> Self {
        let fixture = Fixture { place: Room::Memory(Memory::default()), now: at(0) };
        let ledgers = (0..RUNS).map(|_| Some(fixture.open())).collect();
        Self { fixture, group_max, ledgers, out: Default::default() }
    }

    fn now(&self) -> Timestamp {
        self.fixture.now
    }

    fn ledger(&mut self, run: usize) -> &mut Ledger {
        self.ledgers[run].as_mut().unwrap()
    }

    fn record(&mut self, run: usize, records: &[Record]) -> Entries {
        let (now, group_max) = (self.now(), self.group_max);
        let mut all = Entries::default();
        for group in records.chunks(group_max) {
            all.absorb(self.ledger(run).record(group, now).unwrap());
        }
        all
    }

    fn settle(&mut self, run: usize, ends: &[Settlement]) -> Released {
        let (now, group_max) = (self.now(), self.group_max);
        let count = ends.len().min(self.out[run].len());
        let tickets: Vec<_> = self.out[run].drain(..count).collect();
        let mut returned = tickets.into_iter().zip(ends.iter().cloned()).peekable();
        let mut all = Released::default();
        while returned.peek().is_some() {
            let group = returned.by_ref().take(group_max).collect();
            all.absorb(self.ledger(run).settle(group, now).unwrap());
        }
        all
    }

    fn observe(&mut self, run: usize, events: &[CodeEvent]) -> (Entries, CodeCounts) {
        let (now, group_max) = (self.now(), self.group_max);
        let (mut all, mut counts) = (Entries::default(), CodeCounts::default());
        for group in events.chunks(group_max) {
            let observed = self.ledger(run).observe(group, RULES, now).unwrap();
            all.absorb(observed.entries);
            counts.add(observed.counts);
        }
        (all, counts)
    }

    fn close_codes(&mut self, run: usize) -> (Entries, CodeCounts) {
        let now = self.now();
        let Observed { entries, counts, .. } = self.ledger(run).expire_codes(Expiry::All, 100, now).unwrap();
        (entries, counts)
    }

    fn keep(&mut self, run: usize, entries: Entries) {
        self.out[run].extend(entries.recorded.into_iter().filter_map(|recorded| match recorded {
            Recorded::Ready(ticket) => Some(ticket),
            Recorded::Waiting(..) | Recorded::Known(..) => None,
        }));
        self.out[run].extend(entries.released.tickets);
    }

    fn crash(&mut self, run: usize) {
        self.out[run].clear();
        self.ledgers[run].take().unwrap().crash();
        self.ledgers[run] = Some(self.fixture.open());
    }
}

impl Entries {
    /// Adds what came of another group.
    fn absorb(&mut self, other: Self) {
        self.recorded.extend(other.recorded);
        self.released.absorb(other.released);
        self.contradicted = self.contradicted.take().or(other.contradicted);
    }
}

fn both<T: PartialEq + std::fmt::Debug>(houses: &mut [House; 2], act: impl Fn(&mut House) -> T) -> [T; 2] {
    let [at_once, one_by_one] = houses;
    let came = [act(at_once), act(one_by_one)];
    assert_eq!(came[0], came[1], "at once, and one by one");
    came
}

#[test]
fn each_record_of_a_large_group_has_a_row_of_its_own() {
    on_every_store(|fixture| {
        // More than one statement writes; of three ids a second value comes with the same statement, or with a later one.
        let mut records: Vec<_> = (0..40).map(|number| sms(&format!("id-{number}"), 0)).collect();
        for (at, number) in [(5, 4), (20, 3), (39, 1)] {
            records[at] = failed(sms(&format!("id-{number}"), 10));
        }
        let mut ledger = fixture.open();
        let entries = ledger.record(&records, fixture.now).unwrap();
        let waiting: Vec<_> = entries.recorded.iter().map(|it| matches!(it, Recorded::Waiting(..))).collect();
        assert_eq!(waiting, (0..40).map(|at| [5, 20, 39].contains(&at)).collect::<Vec<_>>());
        let tickets = entries.recorded.into_iter().filter_map(|recorded| match recorded {
            Recorded::Ready(ticket) => Some(ticket),
            Recorded::Waiting(..) | Recorded::Known(..) => None,
        });
        let is_refused = |record: &Record| record.conversion.message_id.as_str().ends_with('7');
        let ends = tickets.map(|ticket| {
            let end = if is_refused(ticket.record()) { refused() } else { accepted() };
            (ticket, end)
        });
        let released = ledger.settle(ends.collect(), fixture.now).unwrap();
        assert_eq!(
            released.tickets.iter().map(Ticket::record).collect::<Vec<_>>(),
            [&records[39], &records[20], &records[5]],
            "as the first values were settled"
        );
        let ends = released.tickets.into_iter().map(|ticket| (ticket, accepted()));
        assert_eq!(ledger.settle(ends.collect(), fixture.now).unwrap(), Released::default());
        ledger.crash();
        let mut ledger = fixture.open();
        for record in &records {
            let Recorded::Known(_, known) = ledger.enter(record, fixture.now) else {
                panic!("{record:?} is not known")
            };
            assert_eq!(matches!(known, Known::Refused { .. }), is_refused(record), "{record:?}: {known:?}");
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn a_group_at_once_comes_to_the_same_as_its_items_one_by_one(steps in vec((0..RUNS, step()), 1..20)) {
        let mut houses = [House::new(usize::MAX), House::new(1)];
        for (run, step) in steps {
            let entries = match step {
                Step::Record(records) => both(&mut houses, |house| house.record(run, &records)),
                Step::Settle(ends) => both(&mut houses, |house| house.settle(run, &ends))
                    .map(|released| Entries { released, ..Entries::default() }),
                Step::Observe(events) => both(&mut houses, |house| house.observe(run, &events)).map(|(all, _)| all),
                Step::CloseCodes => both(&mut houses, |house| house.close_codes(run)).map(|(all, _)| all),
                Step::Crash => both(&mut houses, |house| house.crash(run)).map(|()| Entries::default()),
                Step::ClockJump(seconds) => both(&mut houses, |house| {
                    house.fixture.now = Timestamp::nearest(house.now().unix() + seconds);
                }).map(|()| Entries::default()),
            };
            for (house, entries) in houses.iter_mut().zip(entries) {
                house.keep(run, entries);
            }
        }
        both(&mut houses, |house| house.ledger(0).give_up_awaiting_channel(Arrived { ours: at(i64::from(u32::MAX)), others: at(0) }, at(0)).unwrap());
    }
}
