//! How many settled rows there are, by account and state: counted as they change, because counting ten million takes seconds.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::statements as sql;
use crate::ledger::state::RowState;

/// What a transaction changes of an account's counts.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<RowState, i64>);

impl Tally {
    /// So many rows more are in this state. Pending rows are not counted: they are few, and have an index.
    pub(super) fn add(&mut self, state: RowState, rows: i64) {
        if rows != 0 && !state.is_pending() {
            *self.0.entry(state).or_default() += rows;
        }
    }

    /// To be called before the commit. Rows that were added were settled at `since`.
    pub(super) fn write(&self, db: &Connection, account: i64, since: i64) -> rusqlite::Result<()> {
        for (state, rows) in &self.0 {
            db.prepare_cached(sql::ADD_TO_TALLY)?.execute(params![account, state, rows, since])?;
        }
        Ok(())
    }
}

/// Counts all rows where the counts may be wrong: programs of earlier versions settle rows and count nothing. As long as one of
/// their runs is left, the counts do not hold.
pub(super) fn keep(db: &Connection) -> rusqlite::Result<()> {
    let is_set = |sql| db.query_row(sql, [], |row| row.get::<_, bool>(0));
    if is_set("SELECT EXISTS (SELECT 1 FROM run WHERE notes = 0)")? {
        db.execute("DELETE FROM tally WHERE account = 0", [])?;
    } else if !holds(db)? {
        db.execute_batch(
            "DELETE FROM tally;
             INSERT INTO tally SELECT account, state, count(*), min(settled) FROM conversion
                 WHERE state >= 2 GROUP BY account, state;
             INSERT INTO tally VALUES (0, 0, 0, 0)",
        )?;
    }
    Ok(())
}

/// Whether the counts are right.
pub(super) fn holds(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("SELECT EXISTS (SELECT 1 FROM tally WHERE account = 0)", [], |row| row.get(0))
}
