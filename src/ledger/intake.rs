//! Recording: the key decides whether a record is new, and the lane whether it may go at once.

use rusqlite::params;
use sha2::{Digest as _, Sha256};

use crate::domain::{BadRecord, Record, Reference, TimeSource, Timestamp};

use super::LedgerError;
use super::lane::{Desk, Extent, FEW, Lane, Sibling, held, newest_accepted};
use super::row::{self, NO_TIME, State, channel_number, key_time, number};
use super::run::{NOBODY, Owner};
use super::ticket::{Due, Entries, Known, Novelty, Origin, Recorded, Released, RowId, Ticket};

/// Values that are typed within so many seconds may have their times moved that far, to keep their order.
const SAME_MOMENT: i64 = 60;

impl Desk<'_> {
    /// Records a group.
    pub(super) fn record(&mut self, records: &[Record]) -> Result<Entries, LedgerError> {
        let mut entries = Entries::default();
        for record in records {
            let answer = self.enter(record, &mut entries.released)?;
            entries.recorded.push(answer);
        }
        entries.contradicted = self.contradicted.take();
        Ok(entries)
    }

    fn enter(&mut self, record: &Record, released: &mut Released) -> Result<Recorded, LedgerError> {
        let mut lane = self.lane(&record.conversion).map_err(|error| self.failed(error))?;
        if record.time == TimeSource::Typed {
            return self.enter_typed(record, lane, released);
        }
        let same = self.find(record, &mut lane).map_err(|error| self.failed(error))?;
        if record.time == TimeSource::Forced {
            return self.enter_forced(record, same, &lane);
        }
        match same {
            Some(at) => self.meet_again(record, lane, at, released),
            None => self.enter_new(record, lane, released),
        }
    }

    /// What is typed without a time says how it is now: that is news where the newest value is another one.
    fn enter_typed(
        &mut self,
        record: &Record,
        mut lane: Lane,
        released: &mut Released,
    ) -> Result<Recorded, LedgerError> {
        let delivered = record.conversion.delivered.as_bool();
        let counts = |row: &&Sibling| row.state == State::Accepted || row.state.is_pending();
        let newest = lane.rows.iter().filter(counts).max_by_key(|row| row.order()).copied();
        if let Some(newest) = newest.filter(|newest| newest.delivered == delivered) {
            let at = lane.rows.iter().position(|row| row.id == newest.id).unwrap_or_default();
            return self.meet_again(record, lane, at, released);
        }
        let mut record = record.clone();
        let now = record.conversion.timestamp.unix();
        // The first of its kind is what a stream without times would have told, so that a stream knows it again.
        let told = lane.rows.iter().any(|row| row.delivered == delivered && row.key_time == NO_TIME);
        if !told && newest.is_none_or(|newest| newest.timestamp <= now) {
            record.time = TimeSource::Now;
            return self.enter_new(&record, lane, released);
        }
        // Several in one second are that many facts.
        let mut time = newest.map_or(now, |newest| newest.timestamp).clamp(now, now.saturating_add(SAME_MOMENT));
        while self.find_key(&record.conversion, time, &mut lane).map_err(|error| self.failed(error))?.is_some() {
            time += 1;
        }
        record.conversion.timestamp = Timestamp::from_unix(time).unwrap_or(record.conversion.timestamp);
        self.enter_new(&record, lane, released)
    }

    /// Sent whatever was sent before, and whatever is newer; but not beside itself.
    fn enter_forced(
        &mut self,
        record: &Record,
        same: Option<usize>,
        lane: &Lane,
    ) -> Result<Recorded, LedgerError> {
        let Some(same) = same.map(|at| lane.rows[at]) else {
            let id = self.insert(record, State::Held, lane).map_err(|error| self.failed(error))?;
            return Ok(Recorded::Ready(self.first_ticket(id, record)));
        };
        if same.state.is_pending() {
            match self.owners.of(same.owner)? {
                Owner::Me => return Ok(Recorded::Known(record.clone(), Known::Repeated)),
                Owner::Other => return Ok(Recorded::Known(record.clone(), Known::Queued)),
                Owner::Nobody => {}
            }
        }
        self.claim(same.id, record).map_err(|error| self.failed(error))?;
        let ticket = self.hand_out(same.id, Owner::Me).map_err(|error| self.failed(error))?;
        Ok(Recorded::Ready(ticket))
    }

    fn first_ticket(&self, id: i64, record: &Record) -> Ticket {
        Ticket {
            row: RowId(id),
            record: record.clone(),
            origin: Origin::Input,
            recorded: self.now,
            rounds: 0,
            may_have_arrived: false,
        }
    }

    /// The key is there already. Whatever time this record was read at, the stored one is its time.
    fn meet_again(
        &mut self,
        record: &Record,
        lane: Lane,
        at: usize,
        released: &mut Released,
    ) -> Result<Recorded, LedgerError> {
        let found = lane.rows[at];
        let mut record = record.clone();
        record.conversion.timestamp = Timestamp::from_unix(found.timestamp).unwrap_or(record.conversion.timestamp);
        let known = match found.state {
            State::Accepted => Known::Accepted,
            State::Stale => Known::Stale,
            State::Refused => self.refusal(found.id).map_err(|error| self.failed(error))?,
            State::Expired => return self.take_up(record, lane, at, released),
            State::Queued | State::Held => match self.owners.of(found.owner)? {
                Owner::Me => Known::Repeated,
                Owner::Other => Known::Queued,
                Owner::Nobody => {
                    if newest_accepted(&lane.rows) > Some((found.timestamp, found.id)) {
                        self.settle_as_stale(found.id).map_err(|error| self.failed(error))?;
                        Known::Stale
                    } else {
                        return self.take_up(record, lane, at, released);
                    }
                }
            },
        };
        if record.time == TimeSource::Now && is_contradicted(&lane.rows, at) {
            self.contradicted.get_or_insert_with(|| record.conversion.message_id.clone());
        }
        Ok(Recorded::Known(record, known))
    }

    fn refusal(&self, id: i64) -> rusqlite::Result<Known> {
        let mut read =
            self.db.prepare_cached("SELECT http_status, code, reached, message FROM conversion WHERE id = ?1")?;
        read.query_row([id], |row| Ok(Known::Refused { http_status: row.get(0)?, failure: row::failure(row, 1)? }))
    }

    /// Makes a row that nobody has, or that had expired, a row of this run's input.
    fn take_up(
        &mut self,
        mut record: Record,
        mut lane: Lane,
        at: usize,
        released: &mut Released,
    ) -> Result<Recorded, LedgerError> {
        let id = lane.rows[at].id;
        // Only a record without a time of its own is known by such a row.
        if self.is_too_far_ahead(lane.rows[at].timestamp) {
            record.conversion.timestamp = self.now;
            lane.rows[at].timestamp = self.now.unix();
        }
        self.claim(id, &record).map_err(|error| self.failed(error))?;
        lane.rows[at] = Sibling {
            state: State::Queued,
            owner: self.owners.me(),
            next_attempt: self.now.unix(),
            ..lane.rows[at]
        };
        self.in_turn(id, record, &lane.rows, released)
    }

    /// A row that expired begins a new life; one that is only orphaned keeps its age.
    fn claim(&self, id: i64, record: &Record) -> rusqlite::Result<()> {
        let mut claim = self.db.prepare_cached(
            "UPDATE conversion
             SET recorded = CASE WHEN state = ?2 THEN ?3 ELSE recorded END,
                 rounds = CASE WHEN state = ?2 THEN 0 ELSE rounds END,
                 state = ?4, owner = ?5, line = ?6, reference = ?7, next_attempt = ?3, settled = NULL, timestamp = ?8
             WHERE id = ?1",
        )?;
        claim.execute(params![
            id,
            State::Expired,
            self.now.unix(),
            State::Queued,
            self.owners.me(),
            number(record.line),
            record.reference.as_ref().map(Reference::as_json),
            record.conversion.timestamp.unix(),
        ])?;
        Ok(())
    }

    fn enter_new(
        &mut self,
        record: &Record,
        mut lane: Lane,
        released: &mut Released,
    ) -> Result<Recorded, LedgerError> {
        let timestamp = record.conversion.timestamp.unix();
        let newest = newest_accepted(&lane.rows);
        let state = if newest.is_some_and(|(newest, _)| newest > timestamp) {
            State::Stale
        } else if lane.rows.iter().any(|row| row.state.is_pending() && Some(row.order()) > newest) {
            State::Queued
        } else {
            State::Held
        };
        let id = self.insert(record, state, &lane).map_err(|error| self.failed(error))?;
        match state {
            State::Stale => Ok(Recorded::Known(record.clone(), Known::Stale)),
            State::Queued => {
                lane.rows.push(Sibling {
                    id,
                    delivered: record.conversion.delivered.as_bool(),
                    key_time: key_time(record),
                    timestamp,
                    state,
                    owner: self.owners.me(),
                    next_attempt: self.now.unix(),
                    postponed_by: NOBODY,
                });
                self.in_turn(id, record.clone(), &lane.rows, released)
            }
            State::Held | State::Accepted | State::Refused | State::Expired => {
                Ok(Recorded::Ready(self.first_ticket(id, record)))
            }
        }
    }

    fn insert(&mut self, record: &Record, state: State, lane: &Lane) -> rusqlite::Result<i64> {
        let conversion = &record.conversion;
        let (owner, settled) =
            if state.is_pending() { (self.owners.me(), None) } else { (NOBODY, Some(self.now.unix())) };
        let alone = lane.extent == Extent::Whole && lane.rows.len() < FEW;
        if !alone && lane.extent == Extent::Whole {
            self.db
                .prepare_cached(
                    "UPDATE conversion SET alone = 0 WHERE account = ?1 AND channel = ?2 AND message_id = ?3",
                )?
                .execute(params![
                    self.account,
                    channel_number(conversion.channel),
                    conversion.message_id.as_str()
                ])?;
        }
        let insert = held(
            &mut self.statements.insert,
            self.db,
            "INSERT INTO conversion (account, channel, message_id, delivered, key_time, timestamp, state, owner,
                                     recorded, next_attempt, line, reference, settled, alone)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11, ?12, ?13)",
        )?;
        insert.insert(params![
            self.account,
            channel_number(conversion.channel),
            conversion.message_id.as_str(),
            conversion.delivered.as_bool(),
            key_time(record),
            conversion.timestamp.unix(),
            state,
            owner,
            self.now.unix(),
            number(record.line),
            record.reference.as_ref().map(Reference::as_json),
            settled,
            alone,
        ])
    }

    /// Lets the lane's first row go, whether or not that is this one.
    fn in_turn(
        &mut self,
        id: i64,
        record: Record,
        lane: &[Sibling],
        released: &mut Released,
    ) -> Result<Recorded, LedgerError> {
        self.advance(lane, Due::Everything, released)?;
        let mine = released.tickets.iter().position(|ticket| ticket.row == RowId(id));
        Ok(match mine {
            Some(at) => Recorded::Ready(Ticket { record, ..released.tickets.swap_remove(at) }),
            None => Recorded::Waiting(RowId(id), record),
        })
    }

    /// Keeps input that was no record, once however often it is read.
    pub(super) fn record_refused(&self, records: &[BadRecord]) -> rusqlite::Result<Vec<Novelty>> {
        let mut find = self.db.prepare_cached("SELECT 1 FROM unreadable WHERE account = ?1 AND digest = ?2")?;
        let mut insert = self.db.prepare_cached(
            "INSERT INTO unreadable (account, digest, raw, line, reference, code, message, seen)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (account, digest) DO UPDATE
             SET line = excluded.line, code = excluded.code, message = excluded.message, seen = excluded.seen",
        )?;
        let mut novelty = Vec::with_capacity(records.len());
        for record in records {
            let digest = Sha256::digest(&record.raw);
            let is_known = find.exists(params![self.account, &digest[..16]])?;
            novelty.push(if is_known { Novelty::Known } else { Novelty::New });
            insert.execute(params![
                self.account,
                &digest[..16],
                record.raw,
                number(record.line),
                record.reference.as_ref().map(Reference::as_json),
                record.code.as_str(),
                record.message,
                self.now.unix(),
            ])?;
        }
        Ok(novelty)
    }
}

/// Whether another value has come since this one. Where neither has a time, this one may be an old record that is read again,
/// or news.
fn is_contradicted(rows: &[Sibling], at: usize) -> bool {
    let found = rows[at];
    let counts = |row: &&Sibling| row.state == State::Accepted || row.state.is_pending();
    let newest = rows.iter().filter(counts).max_by_key(|row| row.order());
    newest.is_some_and(|newest| newest.delivered != found.delivered && newest.order() > found.order())
}
