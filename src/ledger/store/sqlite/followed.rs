//! Followed files: how far they have been read.

use std::sync::Arc;

use rusqlite::{Connection, Row, params};

use super::place::Place;
use super::queue::begin;
use super::row::number;
use crate::domain::{FileHead, FollowedFile, REMEMBERED, ReadTo, Timestamp};
use crate::ledger::store::StoreError;

/// How far a file has been read, the last one first. What was not read for a month is forgotten.
pub(super) fn find(
    db: &mut Connection,
    place: &Place,
    account: i64,
    file: &Arc<FollowedFile>,
    now: Timestamp,
) -> Result<Vec<ReadTo>, StoreError> {
    let tx = begin(db, place)?;
    forget(&tx, now.before(REMEMBERED).unix())?;
    let found = {
        let mut query = tx.prepare(
            "SELECT identity, head, head_size, read_to, lines, read FROM followed WHERE account = ?1 AND file = ?2
             ORDER BY read DESC, read_to DESC",
        )?;
        let read = |row: &Row<'_>| {
            Ok(ReadTo {
                file: Arc::clone(file),
                identity: row.get(0)?,
                head: FileHead { digest: row.get(1)?, size: row.get::<_, i64>(2)?.unsigned_abs() },
                offset: row.get::<_, i64>(3)?.unsigned_abs(),
                lines: row.get::<_, i64>(4)?.unsigned_abs(),
                looked: Timestamp::nearest(row.get(5)?),
            })
        };
        query.query_map(params![account, file.key], read)?.collect::<Result<_, _>>()?
    };
    tx.commit()?;
    Ok(found)
}

/// Writes down how far files have been read.
pub(super) fn note(
    db: &mut Connection,
    place: &Place,
    account: i64,
    positions: &[ReadTo],
) -> Result<(), StoreError> {
    let tx = begin(db, place)?;
    for ReadTo { file, identity, head, offset, lines, looked } in positions {
        let mut note = tx.prepare_cached(
            "INSERT INTO followed (account, file, identity, path, read_to, lines, head, head_size, read)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT DO UPDATE SET read_to = excluded.read_to, lines = excluded.lines, head = excluded.head,
                                       head_size = excluded.head_size, read = excluded.read",
        )?;
        let (offset, lines, size) = (number(*offset), number(*lines), number(head.size));
        note.execute(params![
            account,
            file.key,
            identity,
            file.path,
            offset,
            lines,
            head.digest,
            size,
            looked.unix()
        ])?;
    }
    Ok(tx.commit()?)
}

/// Forgets files that were last read before then.
pub(super) fn forget(db: &Connection, before: i64) -> rusqlite::Result<()> {
    db.execute("DELETE FROM followed WHERE read < ?1", [before]).map(drop)
}
