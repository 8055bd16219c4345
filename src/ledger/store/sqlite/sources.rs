//! The files of logs: how a run finds those again that earlier runs have read.

use rusqlite::{Connection, params};

use super::place::Place;
use super::queue::begin;
use crate::domain::{REMEMBERED, Timestamp};
use crate::ledger::store::StoreError;
use crate::ledger::store::sources::{Sources, UNKNOWN};
use crate::ledger::tracking::LogSource;

/// Finds the files again, and writes down those that are new. Files that were not read for a month are forgotten.
pub(super) fn find(
    db: &mut Connection,
    place: &Place,
    account: i64,
    files: &[LogSource],
    now: Timestamp,
) -> Result<Sources, StoreError> {
    let mut sources = Sources::default();
    let tx = begin(db, place)?;
    tx.execute("DELETE FROM source WHERE read < ?1", [now.before(REMEMBERED).unix()])?;
    for LogSource { name, identity } in files {
        if name.is_none() && identity.is_none() {
            sources.add(UNKNOWN, []);
            continue;
        }
        let mut query = tx.prepare_cached(
            "SELECT id, name IS ?2 AND identity IS ?3 FROM source WHERE account = ?1 AND name = ?2
             UNION SELECT id, name IS ?2 AND identity IS ?3 FROM source WHERE account = ?1 AND identity = ?3",
        )?;
        let known = query.query_map(params![account, name, identity], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let known: Vec<(i64, bool)> = known.collect::<Result<_, _>>()?;
        let own = known.iter().find(|(_, is_same)| *is_same).map(|(id, _)| *id);
        let mut note = tx.prepare_cached(
            "INSERT INTO source (id, account, name, identity, read) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (id) DO UPDATE SET read = excluded.read",
        )?;
        note.execute(params![own, account, name, identity, now.unix()])?;
        sources.add(own.unwrap_or_else(|| tx.last_insert_rowid()), known.into_iter().map(|(id, _)| id));
    }
    tx.commit()?;
    Ok(sources)
}
