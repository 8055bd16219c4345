//! Which rows of this run are known, without a look, to be the only pending ones of their message-ids.
//!
//! A row's lane is read when it is recorded. Nothing changes in it afterwards but by this run, which notes it here, or by
//! another connection, which SQLite counts: then nothing is known any more of rows that were recorded before.

use std::collections::HashSet;

use rusqlite::Connection;

use foldhash::fast::RandomState;

use crate::ledger::ticket::RowId;

/// What is known from one transaction to the next.
#[derive(Debug, Default)]
pub(super) struct Alone {
    /// Changes when another connection has written.
    version: Option<i64>,
    /// The first row that was recorded since.
    since: Option<RowId>,
    crowded: HashSet<RowId, RandomState>,
}

impl Alone {
    /// Looks whether another connection has written. To be called in each transaction, before anything else.
    pub(super) fn look(&mut self, db: &Connection) -> rusqlite::Result<()> {
        let version = Some(db.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?);
        if version != self.version {
            *self = Self { version, ..Self::default() };
        }
        Ok(())
    }

    pub(super) fn recorded(&mut self, row: RowId) {
        self.since.get_or_insert(row);
    }

    /// It has company. What is noted of a transaction that is given up does no harm.
    pub(super) fn crowd(&mut self, row: RowId) {
        self.crowded.insert(row);
    }

    /// It is pending no more.
    pub(super) fn ended(&mut self, row: RowId) {
        if !self.crowded.is_empty() {
            self.crowded.remove(&row);
        }
    }

    pub(super) fn knows(&self, row: RowId) -> bool {
        self.since.is_some_and(|since| since <= row) && !self.crowded.contains(&row)
    }
}
