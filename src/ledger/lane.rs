//! The order of values: all rows of one message-id are a lane, in which one at a time is under way.
//!
//! Within a lane the order is by timestamp, then by recording. The first pending row may go if no living run holds
//! another; what is older than a value that was accepted never goes.

use rusqlite::{Connection, Row, params};

use crate::domain::{Conversion, Record, Timestamp};

use super::LedgerError;
use super::place::Place;
use super::row::{self, State, channel_number};
use super::run::{Owner, Owners, RunId};
use super::ticket::{Due, Origin, Released, RowId, Stale, Ticket};

/// One transaction's view of the ledger: on whose behalf, for whom and when it acts.
pub(super) struct Desk<'a> {
    pub(super) db: &'a Connection,
    pub(super) place: &'a Place,
    pub(super) account: i64,
    pub(super) owners: Owners<'a>,
    pub(super) now: Timestamp,
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
}

impl Sibling {
    /// Its place in the lane.
    fn order(&self) -> (i64, i64) {
        (self.timestamp, self.id)
    }
}

impl Desk<'_> {
    pub(super) fn failed(&self, source: rusqlite::Error) -> LedgerError {
        LedgerError::database(&self.place.file, source)
    }

    /// All rows of a conversion's message-id.
    pub(super) fn lane(&self, conversion: &Conversion) -> rusqlite::Result<Vec<Sibling>> {
        let mut rows = self.db.prepare_cached(
            "SELECT id, delivered, key_time, timestamp, state, owner, next_attempt FROM conversion
             WHERE account = ?1 AND channel = ?2 AND message_id = ?3",
        )?;
        let key = params![
            self.account,
            channel_number(conversion.channel),
            conversion.message_id.as_str()
        ];
        rows.query_map(key, |row| {
            Ok(Sibling {
                id: row.get(0)?,
                delivered: row.get(1)?,
                key_time: row.get(2)?,
                timestamp: row.get(3)?,
                state: row.get(4)?,
                owner: row.get(5)?,
                next_attempt: row.get(6)?,
            })
        })?
        .collect()
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
            match (row.state, owner) {
                (State::Held, Owner::Me | Owner::Other) => under_way = true,
                (_, Owner::Other) => {}
                _ if Some(row.order()) < overtaken => {
                    let stale = self.overtake(row, owner).map_err(|error| self.failed(error))?;
                    released.stale.push(stale);
                    continue;
                }
                _ => {}
            }
            first = first.or(Some((row, owner)));
        }
        if let Some((row, owner @ (Owner::Me | Owner::Nobody))) = first
            && !under_way
            && (due == Due::Everything || row.next_attempt <= self.now.unix())
        {
            let ticket = self
                .hand_out(row.id, origin(owner))
                .map_err(|error| self.failed(error))?;
            released.tickets.push(ticket);
        }
        Ok(())
    }

    /// Takes a row for this run and makes its ticket.
    pub(super) fn hand_out(&self, id: i64, origin: Origin) -> rusqlite::Result<Ticket> {
        let mut take = self
            .db
            .prepare_cached("UPDATE conversion SET state = ?2, owner = ?3 WHERE id = ?1")?;
        take.execute(params![id, State::Held, self.owners.me()])?;
        self.read(id, |row, record| {
            Ok(Ticket {
                row: RowId(id),
                record,
                origin,
                recorded: row::timestamp(row, 7)?,
                rounds: row.get(8)?,
            })
        })
    }

    /// Settles a row that a newer value has overtaken.
    fn overtake(&self, row: &Sibling, owner: Owner) -> rusqlite::Result<Stale> {
        self.settle_as_stale(row.id)?;
        self.read(row.id, |_, record| {
            Ok(Stale {
                row: RowId(row.id),
                record,
                origin: origin(owner),
            })
        })
    }

    pub(super) fn settle_as_stale(&self, id: i64) -> rusqlite::Result<()> {
        let mut settle = self
            .db
            .prepare_cached("UPDATE conversion SET state = ?2, owner = 0, settled = ?3 WHERE id = ?1")?;
        settle.execute(params![id, State::Stale, self.now.unix()])?;
        Ok(())
    }

    fn read<T>(
        &self,
        id: i64,
        make: impl Fn(&Row<'_>, Record) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let mut read = self.db.prepare_cached(&format!(
            "SELECT {}, recorded, rounds FROM conversion WHERE id = ?1",
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

fn origin(owner: Owner) -> Origin {
    match owner {
        Owner::Me => Origin::Input,
        Owner::Other | Owner::Nobody => Origin::Adopted,
    }
}
