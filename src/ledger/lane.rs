//! The order of values: all rows of one message-id are a lane, in which one at a time is under way.
//!
//! Within a lane the order is by timestamp, then by recording. The first pending row may go if no living run holds
//! another; what is older than a value that was accepted never goes.

use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Row, ToSql, params};

use crate::domain::{Conversion, ErrorCode, MessageId, Record, Timestamp};

use super::LedgerError;
use super::place::Place;
use super::row::{self, State, channel_number};
use super::run::{Owner, Owners, RunId};
use super::ticket::{Due, Origin, Released, RowId, Stale, Ticket};

/// The statements below, for one lane: `?1` is the account, `?2` the channel, `?3` the message-id.
macro_rules! of_lane {
    ($rest:literal) => {
        concat!(
            "SELECT id, delivered, key_time, timestamp, state, owner, next_attempt, postponed_by FROM conversion
             WHERE account = ?1 AND channel = ?2 AND message_id = ?3 ",
            $rest
        )
    };
}

/// One more than [`FEW`] rows.
pub(super) const LANE: &str = of_lane!("LIMIT 5");

/// The head of a long lane, in this order: what `?4` and `?5` say, the newest accepted value, is known after the first.
pub(super) const HEAD: &[&str] = &[
    of_lane!("AND alone = 0 AND state = 2 ORDER BY timestamp DESC, id DESC LIMIT 1"),
    of_lane!("AND alone = 0 AND state = 1"),
    of_lane!("AND alone = 0 AND state = 0 AND (timestamp, id) < (?4, ?5)"),
    of_lane!("AND alone = 0 AND state = 0 AND (timestamp, id) >= (?4, ?5) ORDER BY timestamp, id LIMIT 1"),
    of_lane!("AND alone = 0 AND state = 0 ORDER BY timestamp DESC, id DESC LIMIT 1"),
    of_lane!("AND key_time = -1"),
];

/// One of a long lane's rows that wait for this run.
pub(super) const WAITS: &str = of_lane!("AND alone = 0 AND state = 0 AND owner = ?4 LIMIT 1");

/// The row with a key.
pub(super) const KEY: &str = of_lane!("AND key_time = ?4 AND delivered = ?5");

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

/// The rows of a message-id that decisions need.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) rows: Vec<Sibling>,
    pub(super) extent: Extent,
}

/// How much of a lane was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    /// What is under way, first, last, overtaken or without a time, and the newest accepted value.
    Head,
}

/// The most rows that a lane is read whole with. A longer one is read by indices that hold no row of a shorter one, so that
/// ordinary rows pay nothing for them.
pub(super) const FEW: usize = 4;

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

    /// Reads the rows of a conversion's message-id, or its head where there are many: a message-id with very many values (a
    /// wrong mapping) costs no more for each than any other.
    pub(super) fn lane(&mut self, conversion: &Conversion) -> rusqlite::Result<Lane> {
        let query = held(&mut self.statements.lane, self.db, LANE)?;
        let key = params![self.account, channel_number(conversion.channel), conversion.message_id.as_str()];
        let rows = query.query_map(key, Sibling::read)?.collect::<rusqlite::Result<Vec<_>>>()?;
        if rows.len() <= FEW {
            return Ok(Lane { rows, extent: Extent::Whole });
        }
        Ok(Lane { rows: self.head(conversion)?, extent: Extent::Head })
    }

    fn head(&self, conversion: &Conversion) -> rusqlite::Result<Vec<Sibling>> {
        let mut rows: Vec<Sibling> = Vec::new();
        let mut floor = (i64::MIN, 0);
        for sql in HEAD {
            let mut query = self.db.prepare_cached(sql)?;
            let key: [&dyn ToSql; 5] = [
                &self.account,
                &channel_number(conversion.channel),
                &conversion.message_id.as_str(),
                &floor.0,
                &floor.1,
            ];
            let wanted = query.parameter_count();
            for row in query.query_map(&key[..wanted], Sibling::read)? {
                let row = row?;
                if !rows.iter().any(|known| known.id == row.id) {
                    rows.push(row);
                }
            }
            floor = newest_accepted(&rows).unwrap_or(floor);
        }
        Ok(rows)
    }

    /// Whether a row of this run's input waits in a lane.
    pub(super) fn waits_in(&self, lane: &Lane, conversion: &Conversion) -> rusqlite::Result<bool> {
        let me = self.owners.me();
        match lane.extent {
            Extent::Whole => Ok(lane.rows.iter().any(|row| row.state == State::Queued && row.owner == me)),
            Extent::Head => self.db.prepare_cached(WAITS)?.exists(params![
                self.account,
                channel_number(conversion.channel),
                conversion.message_id.as_str(),
                me
            ]),
        }
    }

    /// The row with a record's key, wherever in its lane it is.
    ///
    /// A record that was read without a time has one in its result line. That line, read again, is the same record: the
    /// time it gives is the one that is stored.
    pub(super) fn find(&self, record: &Record, lane: &mut Lane) -> rusqlite::Result<Option<usize>> {
        let delivered = record.conversion.delivered.as_bool();
        let key_time = row::key_time(record);
        let untimed = |row: &Sibling| {
            row.delivered == delivered && row.key_time == row::NO_TIME && row.timestamp == key_time
        };
        let found = self.find_key(&record.conversion, key_time, lane)?;
        Ok(found.or_else(|| lane.rows.iter().position(untimed)))
    }

    /// The row with this very key.
    pub(super) fn find_key(
        &self,
        conversion: &Conversion,
        key_time: i64,
        lane: &mut Lane,
    ) -> rusqlite::Result<Option<usize>> {
        let delivered = conversion.delivered.as_bool();
        let same = |row: &Sibling| row.delivered == delivered && row.key_time == key_time;
        if let Some(at) = lane.rows.iter().position(same) {
            return Ok(Some(at));
        }
        if lane.extent == Extent::Whole {
            return Ok(None);
        }
        let key = params![
            self.account,
            channel_number(conversion.channel),
            conversion.message_id.as_str(),
            key_time,
            delivered
        ];
        lane.rows.extend(self.db.prepare_cached(KEY)?.query_row(key, Sibling::read).optional()?);
        Ok(lane.rows.iter().position(same))
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
                if owner == Owner::Nobody && self.is_too_far_ahead(row.timestamp) {
                    self.give_up_as_future(row.id).map_err(|error| self.failed(error))?;
                    released.expired.push(RowId(row.id));
                } else {
                    first = first.or(Some((row, owner)));
                }
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

    /// Whether an event time was recorded by a clock that was ahead. Input with such a time is refused.
    pub(super) fn is_too_far_ahead(&self, event: i64) -> bool {
        event > self.now.unix().saturating_add_unsigned(Timestamp::MAX_AHEAD.as_secs())
    }

    /// A dead letter: what time the event had, nobody knows any more.
    fn give_up_as_future(&self, id: i64) -> rusqlite::Result<()> {
        let mut give_up = self.db.prepare_cached(
            "UPDATE conversion SET state = ?2, owner = 0, settled = ?3, code = ?4, message = ?5 WHERE id = ?1",
        )?;
        give_up.execute(params![
            id,
            State::Expired,
            self.now.unix(),
            ErrorCode::FutureTimestamp.as_str(),
            "its time is more than 24 hours ahead: it was recorded while the clock was"
        ])?;
        Ok(())
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
