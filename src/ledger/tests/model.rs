//! Whatever happens in whatever order, to one run or to two at once, the ledger agrees with a model that is a list in memory.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::domain::{Reached, Record, TimeSource, Timestamp};
use crate::ledger::{Due, Known, Ledger, Recorded, Released, Settlement, Ticket};

use super::{
    Fixture, START, accepted, ambiguous, at, failed, on_memory_and_file, postponed, refused, sms, untimed,
};

/// Two runs, as two processes would have them.
const RUNS: usize = 2;

/// A row that is postponed after this long is given up: `LIFETIME` of `decide/retry.rs` a second time, because the model shares
/// nothing with the rules.
const LIFETIME: i64 = 5 * 24 * 60 * 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    True,
    False,
}

#[derive(Debug, Clone)]
struct Entry {
    id: u8,
    value: Value,
    /// Nothing: the record has no time of its own.
    time: Option<i64>,
}

#[derive(Debug, Clone)]
enum Step {
    Record(Vec<Entry>),
    /// One of the tickets that are out comes back.
    Settle(usize, Settlement),
    Adopt(usize, Due),
    Crash,
    Close,
    ClockJump(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let value = prop_oneof![Just(Value::True), Just(Value::False)];
    let time = prop_oneof![3 => (0_i64..4).prop_map(Some), 1 => Just(None)];
    let entry = (0_u8..3, value, time).prop_map(|(id, value, time)| Entry { id, value, time });
    let end = prop_oneof![
        4 => Just(accepted()),
        1 => Just(refused()),
        2 => Just(postponed()),
        2 => Just(ambiguous()),
        1 => Just(Settlement::Unsent)
    ];
    let due = prop_oneof![Just(Due::OnlyDue), Just(Due::Everything)];
    let jump = prop_oneof![Just(-7200), Just(-1), Just(4), Just(5), Just(60), Just(1000), Just(86_400)];
    prop_oneof![
        4 => vec(entry, 1..4).prop_map(Step::Record),
        6 => (any::<usize>(), end).prop_map(|(which, end)| Step::Settle(which, end)),
        2 => (1_usize..4, due).prop_map(|(limit, due)| Step::Adopt(limit, due)),
        1 => Just(Step::Crash),
        1 => Just(Step::Close),
        2 => jump.prop_map(Step::ClockJump),
    ]
}

/// Sent, and no answer came.
/// The model's row of one conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fact {
    /// Waiting, for the turn of this run or of any.
    Pending(Option<usize>),
    /// Handed out to this run.
    Out(usize),
    Accepted,
    Refused,
    Expired,
    Stale,
}

impl Fact {
    fn is_pending(self) -> bool {
        match self {
            Self::Pending(_) => true,
            Self::Out(_) | Self::Accepted | Self::Refused | Self::Expired | Self::Stale => false,
        }
    }
}

struct Row {
    record: Record,
    fact: Fact,
    recorded: Timestamp,
    planned: Timestamp,
    /// An earlier round sent it without learning whether it arrived.
    in_doubt: bool,
}

#[derive(Default)]
struct Model {
    /// In the order of recording.
    rows: Vec<Row>,
    out: [Vec<Ticket>; RUNS],
}

impl Model {
    /// The row that has a record's key: the same time, or both without one. A time that is given may also be the one under
    /// which a record without a time is stored.
    fn find(&self, record: &Record) -> Option<usize> {
        let same_value = |row: &Row| {
            let (row, record) = (&row.record.conversion, &record.conversion);
            (&row.message_id, row.delivered) == (&record.message_id, record.delivered)
        };
        let same_time = |row: &Row| match (row.record.time, record.time) {
            (TimeSource::Typed | TimeSource::Forced, _) | (_, TimeSource::Typed | TimeSource::Forced) => {
                unreachable!("the model types nothing")
            }
            (TimeSource::Now, TimeSource::Now) => true,
            (TimeSource::Given, TimeSource::Given) => {
                row.record.conversion.timestamp == record.conversion.timestamp
            }
            (TimeSource::Now, TimeSource::Given) | (TimeSource::Given, TimeSource::Now) => false,
        };
        let stored_time = |row: &Row| {
            (row.record.time, record.time) == (TimeSource::Now, TimeSource::Given)
                && row.record.conversion.timestamp == record.conversion.timestamp
        };
        let position = |same: &dyn Fn(&Row) -> bool| self.rows.iter().position(|row| same_value(row) && same(row));
        position(&same_time).or_else(|| position(&stored_time))
    }

    fn of_ticket(&self, record: &Record) -> usize {
        self.find(record).expect("a ticket for what was never recorded")
    }

    fn lane(&self, at: usize) -> impl Iterator<Item = (usize, &Row)> {
        let id = &self.rows[at].record.conversion.message_id;
        self.rows.iter().enumerate().filter(move |(_, row)| row.record.conversion.message_id == *id)
    }

    /// By time, and then by recording.
    fn order(&self, at: usize) -> (Timestamp, usize) {
        (self.rows[at].record.conversion.timestamp, at)
    }

    fn newest_accepted(&self, at: usize) -> Option<(Timestamp, usize)> {
        self.lane(at).filter(|(_, row)| row.fact == Fact::Accepted).map(|(other, _)| self.order(other)).max()
    }

    /// A ticket may come out if it is that run's or free, nothing else of its message-id is out, nothing newer was
    /// accepted, and nothing older waits.
    fn take(&mut self, run: usize, ticket: Ticket) {
        let at = self.of_ticket(ticket.record());
        let fact = self.rows[at].fact;
        assert!(
            fact == Fact::Pending(None) || fact == Fact::Pending(Some(run)),
            "{fact:?} was handed out to run {run}"
        );
        let overtaken = self.newest_accepted(at);
        assert!(Some(self.order(at)) > overtaken, "older after newer");
        for (other, row) in self.lane(at) {
            assert!(!matches!(row.fact, Fact::Out(_)), "two values under way at once");
            let waits = row.fact.is_pending() && Some(self.order(other)) > overtaken;
            assert!(!waits || self.order(at) <= self.order(other), "out of turn");
        }
        assert_eq!(ticket.may_have_arrived(), self.rows[at].in_doubt);
        self.rows[at].fact = Fact::Out(run);
        self.out[run].push(ticket);
    }

    fn release(&mut self, run: usize, released: Released) {
        for stale in released.stale {
            let at = self.of_ticket(&stale.record);
            let fact = self.rows[at].fact;
            assert!(fact == Fact::Pending(None) || fact == Fact::Pending(Some(run)), "{fact:?} is not stale");
            assert!(self.newest_accepted(at) > Some(self.order(at)), "stale, and nothing newer was accepted");
            self.rows[at].fact = Fact::Stale;
        }
        for ticket in released.tickets {
            self.take(run, ticket);
        }
    }

    /// One at a time, so that the model sees each step; groups are tested on their own.
    fn record(&mut self, run: usize, ledger: &mut Ledger, record: &Record, now: Timestamp) {
        let known = self.find(record);
        let before = known.map(|at| self.rows[at].fact);
        let at = known.unwrap_or(self.rows.len());
        match before {
            None => self.rows.push(Row {
                record: record.clone(),
                fact: Fact::Pending(Some(run)),
                recorded: now,
                planned: now,
                in_doubt: false,
            }),
            // What is asked for again is due again; only what had expired is young again.
            Some(fact @ (Fact::Pending(None) | Fact::Expired)) => {
                let row = &mut self.rows[at];
                row.recorded = if fact == Fact::Expired { now } else { row.recorded };
                row.planned = now;
                row.fact = Fact::Pending(Some(run));
            }
            Some(Fact::Pending(Some(_)) | Fact::Out(_) | Fact::Accepted | Fact::Refused | Fact::Stale) => {}
        }
        let mut entries = ledger.record(std::slice::from_ref(record), now).unwrap();
        self.release(run, entries.released);
        match (entries.recorded.pop().unwrap(), before) {
            (Recorded::Ready(ticket), None | Some(Fact::Pending(None) | Fact::Expired)) => self.take(run, ticket),
            (Recorded::Waiting(..), None | Some(Fact::Pending(None) | Fact::Expired))
            | (Recorded::Known(_, Known::Accepted), Some(Fact::Accepted))
            | (Recorded::Known(_, Known::Refused { .. }), Some(Fact::Refused))
            | (Recorded::Known(_, Known::Stale), Some(Fact::Stale)) => {}
            (Recorded::Known(_, Known::Stale), None | Some(Fact::Pending(None))) => {
                assert!(self.newest_accepted(at) > Some(self.order(at)), "stale, and nothing newer was accepted");
                self.rows[at].fact = Fact::Stale;
            }
            (Recorded::Known(_, Known::Repeated), Some(Fact::Out(owner) | Fact::Pending(Some(owner)))) => {
                assert_eq!(owner, run, "another run has it");
            }
            (Recorded::Known(_, Known::Queued), Some(Fact::Out(owner) | Fact::Pending(Some(owner)))) => {
                assert_ne!(owner, run, "this run has it itself");
            }
            (answer, before) => panic!("{answer:?} for what was {before:?}"),
        }
    }

    fn settle(&mut self, run: usize, ledger: &mut Ledger, which: usize, end: Settlement, now: Timestamp) {
        if self.out[run].is_empty() {
            return;
        }
        let which = which % self.out[run].len();
        let ticket = self.out[run].swap_remove(which);
        let at = self.of_ticket(ticket.record());
        let row = &mut self.rows[at];
        let mut expired = 0;
        row.fact = match &end {
            Settlement::Accepted { .. } => Fact::Accepted,
            Settlement::Refused { .. } => Fact::Refused,
            Settlement::Unsent => {
                row.planned = now;
                Fact::Pending(None)
            }
            Settlement::Postponed { failure, .. } => {
                row.in_doubt = failure.reached_server == Reached::Unknown;
                row.planned = Timestamp::from_unix(now.unix() + 5).unwrap();
                expired = usize::from(row.recorded.age_at(now) >= LIFETIME);
                if expired == 1 { Fact::Expired } else { Fact::Pending(None) }
            }
        };
        let released = ledger.settle(vec![(ticket, end)], now).unwrap();
        assert_eq!(released.expired.len(), expired);
        self.release(run, released);
    }

    fn adopt(&mut self, run: usize, ledger: &mut Ledger, limit: usize, due: Due, now: Timestamp) {
        let released = ledger.adopt(limit, due, now).unwrap();
        assert!(released.tickets.len() <= limit);
        for ticket in &released.tickets {
            let row = &self.rows[self.of_ticket(ticket.record())];
            // A plan that is further away is one of a clock that was ahead.
            let is_due = row.planned <= now || row.planned.unix() > now.unix() + 900;
            assert!(due == Due::Everything || is_due, "before its time");
        }
        self.release(run, released);
    }

    /// The run is gone, and its tickets with it: its rows are free.
    fn lose(&mut self, run: usize) {
        self.out[run].clear();
        for row in &mut self.rows {
            if row.fact == Fact::Out(run) || row.fact == Fact::Pending(Some(run)) {
                row.fact = Fact::Pending(None);
            }
        }
    }

    /// In the end everything can be brought to its end.
    fn drain(&mut self, ledger: &mut Ledger, now: Timestamp) {
        loop {
            self.adopt(0, ledger, usize::MAX, Due::Everything, now);
            if self.out[0].is_empty() {
                break;
            }
            while !self.out[0].is_empty() {
                self.settle(0, ledger, 0, accepted(), now);
            }
        }
        for Row { record, fact, .. } in &self.rows {
            assert!(
                matches!(fact, Fact::Accepted | Fact::Refused | Fact::Stale | Fact::Expired),
                "{record:?} is {fact:?} for ever"
            );
        }
    }
}

fn record_of(entry: &Entry, now: Timestamp) -> Record {
    let id = format!("id-{}", entry.id);
    let record = match entry.time {
        Some(time) => sms(&id, time),
        None => untimed(&id, now.unix() - START),
    };
    if entry.value == Value::True { record } else { failed(record) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn nothing_is_lost_sent_twice_or_out_of_order(steps in vec((0..RUNS, step()), 1..40)) {
        on_memory_and_file(|fixture| story(fixture, steps.clone()));
    }
}

proptest! {
    // Every step is a journey or two.
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn nothing_is_lost_sent_twice_or_out_of_order_on_a_server(steps in vec((0..RUNS, step()), 1..40)) {
        if let Some(fixture) = Fixture::on_server() {
            story(fixture, steps);
        }
    }
}

fn story(mut fixture: Fixture, steps: Vec<(usize, Step)>) {
    let mut model = Model::default();
    let mut ledgers = [Some(fixture.open()), Some(fixture.open())];
    for (run, step) in steps {
        let mut ledger = ledgers[run].take().unwrap();
        match step {
            Step::Record(entries) => {
                for entry in &entries {
                    model.record(run, &mut ledger, &record_of(entry, fixture.now), fixture.now);
                }
            }
            Step::Settle(which, end) => model.settle(run, &mut ledger, which, end, fixture.now),
            Step::Adopt(limit, due) => model.adopt(run, &mut ledger, limit, due, fixture.now),
            Step::Crash => {
                model.lose(run);
                ledger.crash();
                ledger = fixture.open();
            }
            Step::Close => {
                model.lose(run);
                ledger.close(fixture.now).unwrap();
                ledger = fixture.open();
            }
            Step::ClockJump(seconds) => fixture.now = at(fixture.now.unix() + seconds - START),
        }
        ledger.assert_noted();
        ledgers[run] = Some(ledger);
    }
    let [first, second] = ledgers.map(Option::unwrap);
    model.lose(0);
    model.lose(1);
    first.close(fixture.now).unwrap();
    second.crash();
    fixture.wait(Duration::from_secs(900));
    model.drain(&mut fixture.open(), fixture.now);
}
