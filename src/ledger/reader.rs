//! Looking at a ledger without changing it: counts and dead letters.
//!
//! Long answers are read in pages, so that a slow reader never keeps the log from being written back.

use std::path::Path;

use rusqlite::{Connection, Row, params};

use crate::domain::{BadRecord, Failure, Record, Reference, Timestamp};

use super::place::{Occupant, Place};
use super::row::{self, State};
use super::{LedgerError, schema};

const PAGE: i64 = 256;

/// A ledger, open for looking.
#[derive(Debug)]
pub struct LedgerReader {
    db: Connection,
    place: Place,
}

/// What a ledger keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// Conversions in this state.
    Conversion(State),
    /// Codes that were sent and whose window is open.
    OpenWindow,
    /// Input that was no record.
    Unreadable,
}

impl Kept {
    /// The name for people and programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Conversion(state) => state.as_str(),
            Self::OpenWindow => "open_window",
            Self::Unreadable => "unreadable",
        }
    }
}

/// How much of something is kept for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusRow {
    /// The account's fingerprint, as [`crate::domain::AccountFingerprint`] shows it.
    pub account: String,
    /// Of what.
    pub kept: Kept,
    /// How many.
    pub count: u64,
    /// When the oldest was recorded.
    pub oldest: Timestamp,
}

/// What will never be sent by itself, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The account's fingerprint.
    pub account: String,
    /// What it was.
    pub original: Original,
    /// When it became one.
    pub when: Timestamp,
}

/// What a dead letter was before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Original {
    /// A good record that the API refused, or that was postponed for too long.
    Record {
        /// The record.
        record: Record,
        /// What the API, or the last attempt, said.
        failure: Failure,
        /// The API's status, if it ever answered with one that was kept.
        http_status: Option<u16>,
        /// How many requests were begun for it.
        attempts: u32,
    },
    /// Input that was no record, with its bytes.
    Unreadable(BadRecord),
}

impl LedgerReader {
    /// Opens a ledger that exists; `None` where there is none yet. Nothing is created.
    pub fn open(path: &Path) -> Result<Option<Self>, LedgerError> {
        if let Some(folder) = path.parent()
            && !folder.as_os_str().is_empty()
            && !folder.exists()
        {
            return Ok(None);
        }
        let place = Place::find(path)?;
        match place.occupant()? {
            Occupant::Nothing => Ok(None),
            Occupant::Bytes => Ok(Some(Self { db: schema::open_to_read(&place)?, place })),
        }
    }

    /// Counts and oldest, by account and state.
    pub fn status(&self) -> Result<Vec<StatusRow>, LedgerError> {
        let mut rows = self.counts().map_err(|error| self.failed(error))?;
        rows.sort_by(|a, b| (&a.account, a.kept).cmp(&(&b.account, b.kept)));
        Ok(rows)
    }

    fn counts(&self) -> rusqlite::Result<Vec<StatusRow>> {
        let mut rows = self.counts_of(
            "SELECT fingerprint, count(*), min(recorded), state
             FROM conversion JOIN account ON account.id = conversion.account GROUP BY fingerprint, state",
            |row| row.get(3).map(Kept::Conversion),
        )?;
        rows.extend(self.counts_of(
            "SELECT fingerprint, count(*), min(seen)
             FROM unreadable JOIN account ON account.id = unreadable.account GROUP BY fingerprint",
            |_| Ok(Kept::Unreadable),
        )?);
        // A ledger that an older version wrote last knows no codes.
        if self.db.table_exists(None, "code")? {
            rows.extend(self.counts_of(
                "SELECT fingerprint, count(*), min(arrived)
                 FROM code JOIN account ON account.id = code.account WHERE state = 0 GROUP BY fingerprint",
                |_| Ok(Kept::OpenWindow),
            )?);
        }
        Ok(rows)
    }

    fn counts_of(
        &self,
        sql: &str,
        kept: impl Fn(&Row<'_>) -> rusqlite::Result<Kept>,
    ) -> rusqlite::Result<Vec<StatusRow>> {
        let mut query = self.db.prepare(sql)?;
        query
            .query_map([], |row| {
                Ok(StatusRow {
                    account: row.get(0)?,
                    count: row.get::<_, i64>(1)?.unsigned_abs(),
                    oldest: row::timestamp(row, 2)?,
                    kept: kept(row)?,
                })
            })?
            .collect()
    }

    /// Every dead letter, oldest first within its kind.
    pub fn refused(&self, mut each: impl FnMut(DeadLetter)) -> Result<(), LedgerError> {
        let record = format!(
            "SELECT {}, code, reached, message, http_status, attempts, fingerprint, settled, conversion.id
             FROM conversion JOIN account ON account.id = conversion.account
             WHERE state = ?1 AND state >= 2 AND (settled, conversion.id) > (?2, ?3)
             ORDER BY settled, conversion.id LIMIT ?4",
            row::RECORD
        );
        for state in [State::Refused, State::Expired] {
            self.pages(&record, state, dead_record, &mut each)?;
        }
        let unreadable = "SELECT line, reference, code, message, raw, fingerprint, seen, unreadable.id
             FROM unreadable JOIN account ON account.id = unreadable.account
             WHERE ?1 NOTNULL AND (seen, unreadable.id) > (?2, ?3)
             ORDER BY seen, unreadable.id LIMIT ?4";
        self.pages(unreadable, State::Refused, dead_input, &mut each)
    }

    fn pages<T>(
        &self,
        sql: &str,
        state: State,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<(T, Cursor)>,
        each: &mut impl FnMut(T),
    ) -> Result<(), LedgerError> {
        let mut query = self.db.prepare(sql).map_err(|error| self.failed(error))?;
        let mut after: Cursor = (i64::MIN, 0);
        loop {
            let page = query
                .query_map(params![state, after.0, after.1, PAGE], |row| read(row))
                .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
                .map_err(|error| self.failed(error))?;
            if page.is_empty() {
                return Ok(());
            }
            for (item, cursor) in page {
                each(item);
                after = cursor;
            }
        }
    }

    pub(super) fn db(&self) -> &Connection {
        &self.db
    }

    pub(super) fn failed(&self, source: rusqlite::Error) -> LedgerError {
        LedgerError::database(&self.place.file, source)
    }
}

/// Where the walk has come: time and row.
type Cursor = (i64, i64);

fn dead_record(row: &Row<'_>) -> rusqlite::Result<(DeadLetter, Cursor)> {
    let letter = DeadLetter {
        original: Original::Record {
            record: row::record(row)?,
            failure: row::failure(row, 7)?,
            http_status: row.get(10)?,
            attempts: row.get(11)?,
        },
        account: row.get(12)?,
        when: row::timestamp(row, 13)?,
    };
    Ok((letter, (row.get(13)?, row.get(14)?)))
}

fn dead_input(row: &Row<'_>) -> rusqlite::Result<(DeadLetter, Cursor)> {
    let letter = DeadLetter {
        original: Original::Unreadable(BadRecord {
            line: row.get::<_, i64>(0)?.unsigned_abs(),
            reference: row.get_ref(1)?.as_str_or_null()?.map(Reference::from_json),
            code: row::code(row, 2)?,
            message: row.get(3)?,
            raw: row.get(4)?,
        }),
        account: row.get(5)?,
        when: row::timestamp(row, 6)?,
    };
    Ok((letter, (row.get(6)?, row.get(7)?)))
}
