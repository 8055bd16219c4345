//! Whatever happens in whatever order, the ledger agrees with a model that is a list in memory.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::domain::Record;
use crate::ledger::{Due, Known, Ledger, Recorded, Released, Settlement, Ticket};

use super::{Desk, accepted, failed, postponed, refused, sms};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    True,
    False,
}

#[derive(Debug, Clone)]
enum Step {
    Record(Vec<(u8, Value, i64)>),
    Settle(usize, Settlement),
    Adopt,
    Crash,
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    let value = prop_oneof![Just(Value::True), Just(Value::False)];
    let end = prop_oneof![
        4 => Just(accepted()),
        1 => Just(refused()),
        2 => Just(postponed()),
        1 => Just(Settlement::Unsent)
    ];
    prop_oneof![
        4 => vec((0_u8..3, value, 0_i64..4), 1..4).prop_map(Step::Record),
        6 => (any::<usize>(), end).prop_map(|(which, end)| Step::Settle(which, end)),
        2 => Just(Step::Adopt),
        1 => Just(Step::Crash),
        1 => Just(Step::Close),
    ]
}

/// What the model knows of one conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fact {
    Pending,
    Out,
    Accepted,
    Refused,
    Stale,
}

#[derive(Default)]
struct Model {
    /// In the order of recording.
    rows: Vec<(Record, Fact)>,
    out: Vec<Ticket>,
}

impl Model {
    fn at(&mut self, record: &Record) -> Option<usize> {
        self.rows.iter().position(|(row, _)| row.conversion == record.conversion)
    }

    /// Nothing else of its message-id is out, and nothing newer was accepted.
    fn take(&mut self, ticket: Ticket) {
        let at = self.at(ticket.record()).expect("a ticket for what was never recorded");
        assert_eq!(self.rows[at].1, Fact::Pending, "handed out twice, or after its end");
        let order = |at: usize, row: &Record| (row.conversion.timestamp, at);
        for (other, (row, fact)) in self.rows.iter().enumerate() {
            if row.conversion.message_id == ticket.conversion().message_id {
                assert_ne!(*fact, Fact::Out, "two values under way at once");
                if *fact == Fact::Accepted {
                    assert!(order(other, row) < order(at, ticket.record()), "older after newer");
                }
                if *fact == Fact::Pending {
                    assert!(order(at, ticket.record()) <= order(other, row), "out of turn");
                }
            }
        }
        self.rows[at].1 = Fact::Out;
        self.out.push(ticket);
    }

    fn release(&mut self, released: Released) {
        for stale in released.stale {
            let at = self.at(&stale.record).unwrap();
            assert_eq!(self.rows[at].1, Fact::Pending);
            self.rows[at].1 = Fact::Stale;
        }
        for ticket in released.tickets {
            self.take(ticket);
        }
    }

    fn record(&mut self, ledger: &mut Ledger, records: &[Record], desk: &Desk) {
        // One at a time, so that the model sees each step; groups are tested on their own.
        for record in records {
            let known = self.at(record);
            if known.is_none() {
                self.rows.push((record.clone(), Fact::Pending));
            }
            let before = known.map(|at| self.rows[at].1);
            let mut entries = ledger.record(std::slice::from_ref(record), desk.now).unwrap();
            self.release(entries.released);
            match entries.recorded.pop().unwrap() {
                Recorded::Ready(ticket) => self.take(ticket),
                Recorded::Waiting(..) => assert!(matches!(before, None | Some(Fact::Pending))),
                Recorded::Known(_, Known::Accepted) => assert_eq!(before, Some(Fact::Accepted)),
                Recorded::Known(_, Known::Refused { .. }) => assert_eq!(before, Some(Fact::Refused)),
                Recorded::Known(_, Known::Repeated) => {
                    assert!(matches!(before, Some(Fact::Out | Fact::Pending)));
                }
                Recorded::Known(_, Known::Queued) => panic!("there is no other run"),
                Recorded::Known(_, Known::Stale) => {
                    let at = self.at(record).unwrap();
                    assert!(matches!(self.rows[at].1, Fact::Pending | Fact::Stale));
                    self.rows[at].1 = Fact::Stale;
                }
            }
        }
    }

    fn settle(&mut self, ledger: &mut Ledger, which: usize, end: Settlement, desk: &Desk) {
        if self.out.is_empty() {
            return;
        }
        let ticket = self.out.swap_remove(which % self.out.len());
        let at = self.at(ticket.record()).unwrap();
        self.rows[at].1 = match end {
            Settlement::Accepted { .. } => Fact::Accepted,
            Settlement::Refused { .. } => Fact::Refused,
            Settlement::Postponed { .. } | Settlement::Unsent => Fact::Pending,
        };
        let released = ledger.settle(vec![(ticket, end)], desk.now).unwrap();
        self.release(released);
    }

    /// The run is gone, and its tickets with it.
    fn lose_tickets(&mut self) {
        for ticket in std::mem::take(&mut self.out) {
            let at = self.at(ticket.record()).unwrap();
            self.rows[at].1 = Fact::Pending;
        }
    }

    /// In the end everything can be brought to its end.
    fn drain(&mut self, ledger: &mut Ledger, desk: &Desk) {
        loop {
            let released = ledger.adopt(usize::MAX, Due::Everything, desk.now).unwrap();
            self.release(released);
            if self.out.is_empty() {
                break;
            }
            while !self.out.is_empty() {
                self.settle(ledger, 0, accepted(), desk);
            }
        }
        for (row, fact) in &self.rows {
            assert!(matches!(fact, Fact::Accepted | Fact::Refused | Fact::Stale), "{row:?} is {fact:?} for ever");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn nothing_is_lost_sent_twice_or_out_of_order(steps in vec(step(), 1..24)) {
        let desk = Desk::new();
        let mut model = Model::default();
        let mut ledger = desk.open();
        for step in steps {
            match step {
                Step::Record(values) => {
                    let records: Vec<_> = values
                        .iter()
                        .map(|(id, value, time)| {
                            let record = sms(&format!("id-{id}"), *time);
                            if *value == Value::True { record } else { failed(record) }
                        })
                        .collect();
                    model.record(&mut ledger, &records, &desk);
                }
                Step::Settle(which, end) => model.settle(&mut ledger, which, end, &desk),
                Step::Adopt => {
                    let released = ledger.adopt(2, Due::Everything, desk.now).unwrap();
                    model.release(released);
                }
                Step::Crash => {
                    ledger.crash();
                    model.lose_tickets();
                    ledger = desk.open();
                }
                Step::Close => {
                    ledger.close(desk.now).unwrap();
                    model.lose_tickets();
                    ledger = desk.open();
                }
            }
        }
        ledger.close(desk.now).unwrap();
        model.lose_tickets();
        model.drain(&mut desk.open(), &desk);
    }
}
