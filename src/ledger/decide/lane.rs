//! The order of values: all rows of one message-id are a lane, in which one at a time is under way.
//!
//! Within a lane the order is by timestamp, then by recording. The first pending row may go if no live run holds
//! another; what is older than a value that was accepted never goes.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::domain::{Channel, Conversion, MessageId, Record, Timestamp};
use crate::ledger::state::RowState;
use crate::ledger::ticket::{Due, Origin, RowId};

use super::plan::{Change, Plan, RowRef};
use super::retry::latest_plan;

/// Who owns a row, as seen from this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Me,
    /// Another run that is alive.
    Other,
    /// No run, or one that has crashed: any run may take it.
    Free,
}

/// A row's place in its lane.
pub(crate) type Order = (Timestamp, RowRef);

/// One row, as far as order is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sibling {
    pub(crate) row: RowRef,
    pub(crate) delivered: bool,
    /// The key's time; none where the input gave none.
    pub(crate) key_time: Option<Timestamp>,
    pub(crate) timestamp: Timestamp,
    pub(crate) state: RowState,
    pub(crate) owner: Owner,
    pub(crate) next_attempt: Timestamp,
    pub(crate) postponed_by_me: bool,
}

impl Sibling {
    pub(crate) fn order(&self) -> Order {
        (self.timestamp, self.row)
    }

    /// Whether it says what the message-id's value is, or will be.
    fn counts(&self) -> bool {
        self.state == RowState::Accepted || self.state.is_pending()
    }
}

/// The rows of a message-id that decisions need: all of them, or where there are many (a wrong mapping) what is under way,
/// first, last, overtaken or without a time, the newest accepted value, and the wanted keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lane {
    pub(crate) rows: Vec<Sibling>,
    /// Whether a row of this run's own input waits in it, perhaps one that was not read.
    pub(crate) mine_waits: bool,
}

/// What a group touches: each lane once, and for each item of the group which lane is its.
#[derive(Debug)]
pub(crate) struct Want<'a> {
    pub(crate) lanes: Vec<LaneWant<'a>>,
    /// Values whose row is wanted wherever it is in its lane.
    pub(crate) keys: Vec<KeyWant>,
    lane_of_item: Vec<usize>,
    known: HashMap<(Channel, &'a MessageId), usize, RandomState>,
}

/// One message-id over one channel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LaneWant<'a> {
    pub(crate) channel: Channel,
    pub(crate) message_id: &'a MessageId,
    /// This value is about to be accepted: what it overtakes is wanted.
    pub(crate) accepting: Option<(Timestamp, RowId)>,
    /// What the lane is where nothing of it is pending but the one row that this run is settling.
    pub(crate) alone: Option<Sibling>,
}

/// A value in a lane, by the key that two of one kind share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyWant {
    /// In which of the wanted lanes.
    pub(crate) lane: usize,
    pub(crate) delivered: bool,
    pub(crate) key_time: Option<Timestamp>,
    /// And those with later times.
    pub(crate) and_later: bool,
}

impl<'a> Want<'a> {
    /// Of a group with so many items.
    pub(super) fn of(items: usize) -> Self {
        Self {
            lanes: Vec::with_capacity(items),
            keys: Vec::new(),
            lane_of_item: Vec::with_capacity(items),
            known: HashMap::with_capacity_and_hasher(items, RandomState::default()),
        }
    }

    pub(super) fn add(&mut self, conversion: &'a Conversion) -> usize {
        let (channel, message_id) = (conversion.channel, &conversion.message_id);
        let lane = *self.known.entry((channel, message_id)).or_insert_with(|| {
            self.lanes.push(LaneWant { channel, message_id, accepting: None, alone: None });
            self.lanes.len() - 1
        });
        self.lane_of_item.push(lane);
        lane
    }

    pub(super) fn lane_of(&self, item: usize) -> usize {
        self.lane_of_item[item]
    }
}

impl Lane {
    /// The row with a record's key.
    ///
    /// A record that was read without a time has one in its result line. That line, read again, is the same record: the
    /// time it gives is the one that is stored.
    pub(super) fn find(&self, record: &Record) -> Option<usize> {
        let delivered = record.conversion.delivered.as_bool();
        let key_time = record.key_time();
        let untimed = |row: &Sibling| {
            row.delivered == delivered && row.key_time.is_none() && Some(row.timestamp) == key_time
        };
        self.find_key(delivered, key_time).or_else(|| self.rows.iter().position(untimed))
    }

    /// The row with this very key.
    pub(super) fn find_key(&self, delivered: bool, key_time: Option<Timestamp>) -> Option<usize> {
        self.rows.iter().position(|row| row.delivered == delivered && row.key_time == key_time)
    }

    /// The last value that the API has taken.
    pub(crate) fn newest_accepted(&self) -> Option<Order> {
        let accepted = self.rows.iter().filter(|row| row.state == RowState::Accepted);
        accepted.map(Sibling::order).max()
    }

    /// The last value that was accepted or may be.
    pub(super) fn newest(&self) -> Option<&Sibling> {
        self.rows.iter().filter(|row| row.counts()).max_by_key(|row| row.order())
    }

    /// Whether a row of this run's input waits here.
    pub(super) fn has_mine_waiting(&self) -> bool {
        let waits = |row: &Sibling| row.state == RowState::Queued && row.owner == Owner::Me;
        self.mine_waits || self.rows.iter().any(waits)
    }
}

impl Plan {
    /// Hands out the first row of a lane if it may go, and settles what was overtaken.
    pub(super) fn advance(&mut self, lane: &mut Lane, due: Due, now: Timestamp) {
        let overtaken = lane.newest_accepted();
        let mut pending: Vec<_> = lane.rows.iter_mut().filter(|row| row.state.is_pending()).collect();
        pending.sort_unstable_by_key(|row| row.order());
        let mut first = None;
        let mut under_way = false;
        for row in pending {
            if row.state == RowState::Held && row.owner != Owner::Free {
                under_way = true;
            } else if Some(row.order()) >= overtaken {
                if row.owner == Owner::Free && is_too_far_ahead(row.timestamp, now) {
                    self.give_up_as_future(row);
                } else if first.is_none() {
                    first = Some(row);
                }
            } else if row.owner != Owner::Other {
                self.overtake(row);
            }
        }
        if let Some(row) = first
            && row.owner != Owner::Other
            && !under_way
            && is_time_for(row, due, now)
        {
            self.hand_out(row);
        }
    }

    /// A dead letter: the event's real time cannot be known any more.
    fn give_up_as_future(&mut self, row: &mut Sibling) {
        row.state = RowState::Expired;
        if let RowRef::Stored(id) = row.row {
            self.changes.push(Change::GiveUpAsFuture(id));
            self.released.expired.push(id);
        }
    }

    /// Takes a row for this run. One that is only about to be inserted is inserted as taken, and needs no ticket beside the
    /// one that its record gets.
    pub(super) fn hand_out(&mut self, row: &mut Sibling) {
        let origin = origin(row);
        (row.state, row.owner) = (RowState::Held, Owner::Me);
        match row.row {
            RowRef::New(at) => self.inserts[at].state = RowState::Held,
            RowRef::Stored(id) => {
                self.changes.push(Change::HandOut(id));
                let read = self.read(id);
                self.released.tickets.push((id, read, origin));
            }
        }
    }

    /// Settles a row that a newer value has overtaken.
    fn overtake(&mut self, row: &mut Sibling) {
        let origin = origin(row);
        (row.state, row.owner) = (RowState::Stale, Owner::Free);
        if let RowRef::Stored(id) = row.row {
            self.changes.push(Change::Overtaken(id));
            let read = self.read(id);
            self.released.stale.push((id, read, origin));
        }
    }
}

fn origin(row: &Sibling) -> Origin {
    match row.owner {
        Owner::Me => Origin::Input,
        Owner::Other | Owner::Free if row.postponed_by_me => Origin::Postponed,
        Owner::Other | Owner::Free => Origin::Adopted,
    }
}

/// A run that resumes everything would never end if it resumed what it has itself postponed.
fn is_time_for(row: &Sibling, due: Due, now: Timestamp) -> bool {
    let is_due = row.next_attempt <= now || row.next_attempt > latest_plan(now);
    match due {
        Due::OnlyDue => is_due,
        Due::OnlyDueOfOthers => is_due && !row.postponed_by_me,
        Due::Everything => is_due || !row.postponed_by_me,
    }
}

/// Whether an event time was recorded by a clock that was ahead. Input with such a time is refused.
pub(super) fn is_too_far_ahead(event: Timestamp, now: Timestamp) -> bool {
    event > now.after(Timestamp::MAX_AHEAD)
}
