//! The order of values: all rows of one message-id are a lane, in which one at a time is under way.
//!
//! Within a lane the order is by timestamp, then by recording. The first pending row may go if no living run holds
//! another; what is older than a value that was accepted never goes.

use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Row, params};

use crate::domain::{Conversion, MessageId, Record, Timestamp};

use super::LedgerError;
use super::place::Place;
use super::row::{self, State, channel_number};
use super::run::{Owner, Owners, RunId};
use super::ticket::{Due, Origin, Released, RowId, Stale, Ticket};

/// The longest wait for another attempt.
pub(super) const LONGEST_WAIT: u64 = 15 * 60;

/// One transaction's view of the ledger: on whose behalf, for whom and when it acts.
pub(super) struct Desk<'a> {
    pub(super) db: &'a Connection,
    pub(super) place: &'a Place,
    pub(super) account: i64,
    pub(super) owners: Owners<'a>,
    pub(super) now: Timestamp,
    pub(super) statements: Statements<'a>,
    /// See [`super::Entries::contradicted`].
    pub(super) contradicted: Option<MessageId>,
}

/// What is asked for every record of a group: looking a statement up in the cache costs as much as a tenth of running it.
#[derive(Default)]
pub(super) struct Statements<'a> {
    lane: Option<CachedStatement<'a>>,
    pub(super) insert: Option<CachedStatement<'a>>,
    pub(super) end: Option<CachedStatement<'a>>,
}

/// The statement in its place, prepared if this is the first time in its group.
pub(super) fn held<'s, 'a>(
    place: &'s mut Option<CachedStatement<'a>>,
    db: &'a Connection,
    sql: &str,
) -> rusqlite::Result<&'s mut CachedStatement<'a>> {
    match place {
        Some(statement) => Ok(statement),
        None => Ok(place.insert(db.prepare_cached(sql)?)),
    }
}

/// One row, as far as order is concerned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sibling {
    pub(super) id: i64,
    pub(super) delivered: bool,
    pub(super) key_time: i64,
    pub(super) timestamp: i64,
    pub(super) state: State,
    pub(super) owner: RunId,
    pub(super) next_attempt: i64,
    pub(super) postponed_by: RunId,
}

/// How much of a lane was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    Whole,
    Cut,
}

/// A shorter lane was read whole: it takes two accepted values to cut one.
const CUT_AT_LEAST: usize = 2;

impl Sibling {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            delivered: row.get(1)?,
            key_time: row.get(2)?,
            timestamp: row.get(3)?,
            state: row.get(4)?,
            owner: row.get(5)?,
            next_attempt: row.get(6)?,
            postponed_by: row.get(7)?,
        })
    }

    /// Its place in the lane.
    pub(super) fn order(&self) -> (i64, i64) {
        (self.timestamp, self.id)
    }
}

impl Desk<'_> {
    pub(super) fn failed(&self, source: rusqlite::Error) -> LedgerError {
        LedgerError::database(&self.place.file, source)
    }

    /// The rows of a conversion's message-id that can still matter, newest first.
    ///
    /// What is older than two accepted values was settled when the older of them was accepted, so a message-id with
    /// very many values (a wrong mapping) costs no more than its pending ones. Values without a time of their own are
    /// at most two and are always among the rows.
    pub(super) fn lane(&mut self, conversion: &Conversion) -> rusqlite::Result<Vec<Sibling>> {
        let mut lane = Vec::new();
        if self.read_lane(conversion, i64::MAX, &mut lane)? == Extent::Cut {
            self.read_lane(conversion, 0, &mut lane)?;
        }
        Ok(lane)
    }

    fn read_lane(
        &mut self,
        conversion: &Conversion,
        before: i64,
        lane: &mut Vec<Sibling>,
    ) -> rusqlite::Result<Extent> {
        let query = held(
            &mut self.statements.lane,
            self.db,
            "SELECT id, delivered, key_time, timestamp, state, owner, next_attempt, postponed_by FROM conversion
             WHERE account = ?1 AND channel = ?2 AND message_id = ?3 AND key_time < ?4
             ORDER BY key_time DESC, delivered DESC",
        )?;
        let mut rows = query.query(params![
            self.account,
            channel_number(conversion.channel),
            conversion.message_id.as_str(),
            before
        ])?;
        let mut accepted = 0;
        let mut floor = 0;
        while let Some(row) = rows.next()? {
            let row = Sibling::read(row)?;
            if (0..floor).contains(&row.key_time) {
                return Ok(Extent::Cut);
            }
            if row.state == State::Accepted {
                accepted += 1;
                if accepted == 2 {
                    floor = row.key_time;
                }
            }
            lane.push(row);
        }
        Ok(Extent::Whole)
    }

    /// The row with a record's key, wherever in its lane it is.
    ///
    /// A record that was read without a time has one in its result line. That line, read again, is the same record: the
    /// time it gives is the one that is stored.
    pub(super) fn find(&self, record: &Record, lane: &mut Vec<Sibling>) -> rusqlite::Result<Option<usize>> {
        let delivered = record.conversion.delivered.as_bool();
        let key_time = row::key_time(record);
        let same = |row: &Sibling| row.delivered == delivered && row.key_time == key_time;
        let untimed = |row: &Sibling| {
            row.delivered == delivered && row.key_time == row::NO_TIME && row.timestamp == key_time
        };
        let found = lane.iter().position(same);
        if found.is_some() {
            return Ok(found);
        }
        if lane.len() >= CUT_AT_LEAST {
            let mut query = self.db.prepare_cached(
                "SELECT id, delivered, key_time, timestamp, state, owner, next_attempt, postponed_by FROM conversion
                 WHERE account = ?1 AND channel = ?2 AND message_id = ?3 AND key_time = ?4 AND delivered = ?5",
            )?;
            let key = params![
                self.account,
                channel_number(record.conversion.channel),
                record.conversion.message_id.as_str(),
                key_time,
                delivered
            ];
            lane.extend(query.query_row(key, Sibling::read).optional()?);
        }
        Ok(lane.iter().position(same).or_else(|| lane.iter().position(untimed)))
    }

    /// Hands out the first row of a lane if it may go, and settles what was overtaken.
    pub(super) fn advance(
        &mut self,
        lane: &[Sibling],
        due: Due,
        released: &mut Released,
    ) -> Result<(), LedgerError> {
        let overtaken = newest_accepted(lane);
        let mut pending: Vec<_> = lane.iter().filter(|row| row.state.is_pending()).collect();
        pending.sort_unstable_by_key(|row| row.order());
        let mut first = None;
        let mut under_way = false;
        for row in pending {
            let owner = self.owners.of(row.owner)?;
            if row.state == State::Held && owner != Owner::Nobody {
                under_way = true;
            } else if Some(row.order()) >= overtaken {
                first = first.or(Some((row, owner)));
            } else if owner != Owner::Other {
                let stale = self.overtake(row.id, owner).map_err(|error| self.failed(error))?;
                released.stale.push(stale);
            }
        }
        if let Some((row, owner @ (Owner::Me | Owner::Nobody))) = first
            && !under_way
            && self.is_time_for(row, due)
        {
            let ticket = self.hand_out(row.id, owner).map_err(|error| self.failed(error))?;
            released.tickets.push(ticket);
        }
        Ok(())
    }

    /// A run that resumes everything would never end if it resumed what it has itself postponed.
    fn is_time_for(&self, row: &Sibling, due: Due) -> bool {
        let plan = row.next_attempt;
        let is_due = plan <= self.now.unix() || plan > self.latest_plan();
        let is_mine = row.postponed_by == self.owners.me();
        match due {
            Due::OnlyDue => is_due,
            Due::OnlyDueOfOthers => is_due && !is_mine,
            Due::Everything => is_due || !is_mine,
        }
    }

    /// The latest time that anything is planned for. A later plan was made by a clock that was ahead: it is due now.
    pub(super) fn latest_plan(&self) -> i64 {
        self.now.unix().saturating_add_unsigned(LONGEST_WAIT)
    }

    /// Takes a row for this run and makes its ticket.
    pub(super) fn hand_out(&self, id: i64, owner: Owner) -> rusqlite::Result<Ticket> {
        let mut take = self.db.prepare_cached("UPDATE conversion SET state = ?2, owner = ?3 WHERE id = ?1")?;
        take.execute(params![id, State::Held, self.owners.me()])?;
        self.read(id, |row, record| {
            Ok(Ticket {
                row: RowId(id),
                record,
                origin: self.origin(owner, row.get(10)?),
                recorded: row::timestamp(row, 7)?,
                rounds: row.get(8)?,
                may_have_arrived: row.get(9)?,
            })
        })
    }

    /// Settles a row that a newer value has overtaken.
    pub(super) fn overtake(&self, id: i64, owner: Owner) -> rusqlite::Result<Stale> {
        self.settle_as_stale(id)?;
        self.read(id, |row, record| Ok(Stale { row: RowId(id), record, origin: self.origin(owner, row.get(10)?) }))
    }

    fn origin(&self, owner: Owner, postponed_by: RunId) -> Origin {
        match owner {
            Owner::Me => Origin::Input,
            Owner::Other | Owner::Nobody if postponed_by == self.owners.me() => Origin::Postponed,
            Owner::Other | Owner::Nobody => Origin::Adopted,
        }
    }

    pub(super) fn settle_as_stale(&self, id: i64) -> rusqlite::Result<()> {
        let mut settle =
            self.db.prepare_cached("UPDATE conversion SET state = ?2, owner = 0, settled = ?3 WHERE id = ?1")?;
        settle.execute(params![id, State::Stale, self.now.unix()])?;
        Ok(())
    }

    fn read<T>(&self, id: i64, make: impl Fn(&Row<'_>, Record) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let mut read = self.db.prepare_cached(&format!(
            "SELECT {}, recorded, rounds, code IS NOT NULL AND reached IS NULL, postponed_by
             FROM conversion WHERE id = ?1",
            row::RECORD
        ))?;
        read.query_row([id], |row| make(row, row::record(row)?))
    }
}

/// The last value that the API has taken.
pub(super) fn newest_accepted(lane: &[Sibling]) -> Option<(i64, i64)> {
    let accepted = lane.iter().filter(|row| row.state == State::Accepted);
    accepted.map(Sibling::order).max()
}
