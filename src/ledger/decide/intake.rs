//! Recording: the key decides whether a record is new, and the lane whether it may go at once.

use crate::domain::{MessageId, Record, TimeSource, Timestamp};
use crate::ledger::state::RowState;
use crate::ledger::ticket::{Due, Known, RowId};

use super::lane::{KeyWant, Lane, Owner, Sibling, Want, is_too_far_ahead};
use super::plan::{Change, Claim, NewRow, Plan, RowRef};

/// Values that are typed within so many seconds may have their times moved that far, to keep their order.
const SAME_MOMENT: i64 = 60;

/// The answer to one record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is the plan's insert with this number, whose state says the rest.
    Inserted(usize),
    /// It is this row, which the plan reads here and hands out.
    TakenUp(Record, RowId, usize),
    /// It is this row, which waits.
    Waits(Record, RowId),
    /// There is nothing to send.
    Known(Record, Known),
    /// The API refused it: this read says why.
    Refused(Record, usize),
}

/// What a group of records comes to.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    pub(crate) plan: Plan,
    /// One for each record.
    pub(crate) answers: Vec<Answer>,
    /// See [`crate::ledger::Entries::contradicted`].
    pub(crate) contradicted: Option<MessageId>,
}

/// What recording a group touches.
pub(crate) fn want_records(records: &[Record]) -> Want<'_> {
    let mut want = Want::of(records.len());
    want.keys.reserve(records.len());
    for record in records {
        let lane = want.add(&record.conversion);
        let delivered = record.conversion.delivered.as_bool();
        let and_later = record.time == TimeSource::Typed;
        want.keys.push(KeyWant { lane, delivered, key_time: record.key_time(), and_later });
    }
    want
}

/// Decides what becomes of a group of records, given its lanes.
pub(crate) fn record(records: &[Record], want: &Want<'_>, lanes: Vec<Lane>, now: Timestamp) -> Recording {
    let mut intake = Intake { recording: Recording::default(), lanes, now };
    intake.recording.answers.reserve(records.len());
    intake.recording.plan.inserts.reserve(records.len());
    for (item, record) in records.iter().enumerate() {
        let answer = intake.enter(record.clone(), want.lane_of(item));
        intake.recording.answers.push(answer);
    }
    intake.recording
}

/// A group on its way in: what was decided of its first records counts for the next.
struct Intake {
    recording: Recording,
    lanes: Vec<Lane>,
    now: Timestamp,
}

impl Intake {
    fn enter(&mut self, record: Record, lane: usize) -> Answer {
        if record.time == TimeSource::Typed {
            return self.enter_typed(record, lane);
        }
        let same = self.lanes[lane].find(&record);
        match same {
            Some(at) if record.time == TimeSource::Forced => self.enter_forced(record, lane, at),
            Some(at) => self.meet_again(record, lane, at),
            None if record.time == TimeSource::Forced => self.insert(record, lane, RowState::Held),
            None => self.enter_new(record, lane),
        }
    }

    /// What is typed without a time says how it is now: that is news where the newest value is another one.
    fn enter_typed(&mut self, mut record: Record, lane: usize) -> Answer {
        let rows = &self.lanes[lane];
        let delivered = record.conversion.delivered.as_bool();
        let newest = rows.newest().copied();
        if let Some(newest) = newest.filter(|newest| newest.delivered == delivered) {
            let at = rows.rows.iter().position(|row| row.row == newest.row).unwrap_or_default();
            return self.meet_again(record, lane, at);
        }
        let now = record.conversion.timestamp;
        // The first of its kind is what a stream without times would have recorded, so that a stream knows it again.
        if rows.find_key(delivered, None).is_none() && newest.is_none_or(|newest| newest.timestamp <= now) {
            record.time = TimeSource::Now;
            return self.enter_new(record, lane);
        }
        // Several in one second are that many facts. One row at least has another key than these.
        let latest = now.unix().saturating_add(SAME_MOMENT);
        let earliest = newest.map_or(now, |newest| newest.timestamp).unix().clamp(now.unix(), latest);
        let mut times = (earliest..).take(rows.rows.len()).map(|time| Timestamp::from_unix(time).unwrap_or(now));
        let free = times.find(|time| rows.find_key(delivered, Some(*time)).is_none());
        record.conversion.timestamp = free.unwrap_or(now);
        self.enter_new(record, lane)
    }

    /// Sent whatever was sent before, and whatever is newer; but not beside itself.
    fn enter_forced(&mut self, record: Record, lane: usize, at: usize) -> Answer {
        let same = self.lanes[lane].rows[at];
        match (same.state.is_pending(), same.owner) {
            (true, Owner::Me) => Answer::Known(record, Known::Repeated),
            (true, Owner::Other) => Answer::Known(record, Known::Queued),
            (true, Owner::Free) | (false, _) => {
                self.claim(&record, lane, at);
                self.hand_out(record, lane, at)
            }
        }
    }

    /// The key is there already. Whatever time this record was read at, the stored one is its time.
    fn meet_again(&mut self, mut record: Record, lane: usize, at: usize) -> Answer {
        let found = self.lanes[lane].rows[at];
        record.conversion.timestamp = found.timestamp;
        let known = match (found.state, found.owner) {
            (RowState::Accepted, _) => Known::Accepted,
            (RowState::Stale, _) => Known::Stale,
            (RowState::Refused, _) => {
                self.note_contradiction(&record, lane, at);
                return self.refused(record, found);
            }
            (RowState::Expired, _) => return self.take_up(record, lane, at),
            (RowState::Queued | RowState::Held, Owner::Me) => Known::Repeated,
            (RowState::Queued | RowState::Held, Owner::Other) => Known::Queued,
            (RowState::Queued | RowState::Held, Owner::Free) => {
                if self.lanes[lane].newest_accepted() <= Some(found.order()) {
                    return self.take_up(record, lane, at);
                }
                let row = &mut self.lanes[lane].rows[at];
                (row.state, row.owner) = (RowState::Stale, Owner::Free);
                if let RowRef::Stored(id) = found.row {
                    self.recording.plan.changes.push(Change::Overtaken(id));
                }
                Known::Stale
            }
        };
        self.note_contradiction(&record, lane, at);
        Answer::Known(record, known)
    }

    fn refused(&mut self, record: Record, found: Sibling) -> Answer {
        match found.row {
            RowRef::Stored(id) => Answer::Refused(record, self.recording.plan.read(id)),
            RowRef::New(_) => Answer::Known(record, Known::Repeated),
        }
    }

    /// Where neither has a time, this one may be an old record that is read again, or news.
    fn note_contradiction(&mut self, record: &Record, lane: usize, at: usize) {
        let found = &self.lanes[lane].rows[at];
        let is_contradicted =
            |newest: &Sibling| newest.delivered != found.delivered && newest.order() > found.order();
        if record.time == TimeSource::Now && self.lanes[lane].newest().is_some_and(is_contradicted) {
            self.recording.contradicted.get_or_insert_with(|| record.conversion.message_id.clone());
        }
    }

    /// Makes a free or expired row a row of this run's input.
    fn take_up(&mut self, mut record: Record, lane: usize, at: usize) -> Answer {
        // Only a record without a time of its own is known by such a row.
        if is_too_far_ahead(self.lanes[lane].rows[at].timestamp, self.now) {
            record.conversion.timestamp = self.now;
        }
        self.claim(&record, lane, at);
        self.in_turn(record, lane, at)
    }

    fn claim(&mut self, record: &Record, lane: usize, at: usize) {
        let row = &mut self.lanes[lane].rows[at];
        if let RowRef::Stored(id) = row.row {
            let claim = Claim {
                line: record.line,
                reference: record.reference.clone(),
                timestamp: record.conversion.timestamp,
                is_revived: row.state == RowState::Expired,
                is_forced: record.time == TimeSource::Forced,
            };
            self.recording.plan.changes.push(Change::Claim(id, claim));
        }
        row.timestamp = record.conversion.timestamp;
        (row.state, row.owner, row.next_attempt) = (RowState::Queued, Owner::Me, self.now);
        self.note_company(lane);
    }

    /// Where several rows of a message-id are pending, none of them can be settled without looking at the others.
    fn note_company(&mut self, lane: usize) {
        let pending = || self.lanes[lane].rows.iter().filter(|row| row.state.is_pending());
        if pending().nth(1).is_some() {
            self.recording.plan.crowded.extend(pending().map(|row| row.row));
        }
    }

    fn enter_new(&mut self, record: Record, lane: usize) -> Answer {
        let timestamp = record.conversion.timestamp;
        let rows = &self.lanes[lane];
        if rows.newest_accepted().is_some_and(|(newest, _)| newest > timestamp) {
            self.insert(record, lane, RowState::Stale)
        } else if rows.rows.iter().any(|row| row.state.is_pending()) {
            let answer = self.insert(record, lane, RowState::Queued);
            self.recording.plan.advance(&mut self.lanes[lane], Due::Everything, self.now);
            answer
        } else {
            self.insert(record, lane, RowState::Held)
        }
    }

    fn insert(&mut self, record: Record, lane: usize, state: RowState) -> Answer {
        let at = self.recording.plan.inserts.len();
        self.lanes[lane].rows.push(Sibling {
            row: RowRef::New(at),
            delivered: record.conversion.delivered.as_bool(),
            key_time: record.key_time(),
            timestamp: record.conversion.timestamp,
            state,
            owner: if state.is_pending() { Owner::Me } else { Owner::Free },
            next_attempt: self.now,
            postponed_by_me: false,
        });
        self.recording.plan.inserts.push(NewRow { lane, record, state });
        self.note_company(lane);
        Answer::Inserted(at)
    }

    /// Lets the lane's first row go, whether or not that is this one.
    fn in_turn(&mut self, record: Record, lane: usize, at: usize) -> Answer {
        self.recording.plan.advance(&mut self.lanes[lane], Due::Everything, self.now);
        let row = self.lanes[lane].rows[at];
        match row.row {
            RowRef::Stored(_) if row.state == RowState::Held => self.handed_out(record),
            RowRef::Stored(id) => Answer::Waits(record, id),
            RowRef::New(new) => Answer::Inserted(new),
        }
    }

    fn hand_out(&mut self, record: Record, lane: usize, at: usize) -> Answer {
        let row = &mut self.lanes[lane].rows[at];
        self.recording.plan.hand_out(row);
        match row.row {
            RowRef::Stored(_) => self.handed_out(record),
            RowRef::New(_) => Answer::Known(record, Known::Repeated),
        }
    }

    /// The ticket that was made last is this record's own, and not one of what else was released.
    fn handed_out(&mut self, record: Record) -> Answer {
        match self.recording.plan.released.tickets.pop() {
            Some((row, read, _)) => Answer::TakenUp(record, row, read),
            None => Answer::Known(record, Known::Repeated),
        }
    }
}
