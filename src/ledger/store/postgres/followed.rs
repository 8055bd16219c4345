//! Followed files: how far they have been read. Which machine's file it is, its identity says.

use std::sync::Arc;

use tokio_postgres::types::Type;

use super::row::{damaged, get};
use super::run::PostgresStore;
use crate::domain::{FileHead, FollowedFile, ReadTo, Timestamp};
use crate::ledger::store::StoreError;

/// What was not read since then is forgotten.
pub(super) const FORGET: &str = "DELETE FROM @followed WHERE read < $1";

const FIND: &str =
    "SELECT identity, head, head_size, read_to, lines, read FROM @followed WHERE account = $1 AND file = $2
     ORDER BY read DESC, read_to DESC";

const NOTE: &str = "INSERT INTO @followed (account, file, identity, path, read_to, lines, head, head_size, read)
     SELECT $1, u.file, u.identity, u.path, u.read_to, u.lines, u.head, u.head_size, u.looked
     FROM unnest($2::bytea[], $3::text[], $4::text[], $5::int8[], $6::int8[], $7::bytea[], $8::int8[], $9::int8[])
          u(file, identity, path, read_to, lines, head, head_size, looked)
     ON CONFLICT (account, file, identity) DO UPDATE
     SET read_to = excluded.read_to, lines = excluded.lines, head = excluded.head, head_size = excluded.head_size,
         read = excluded.read";

/// How far a file has been read, the last one first.
pub(super) fn find(
    store: &mut PostgresStore,
    file: &Arc<FollowedFile>,
    now: Timestamp,
) -> Result<Vec<ReadTo>, StoreError> {
    let schema = &store.access.schema;
    let forget = schema.statement(FORGET).number(now.before(store.access.keep).unix());
    let find = schema.statement(FIND).number(store.account).with(&file.key[..], Type::BYTEA);
    let answers = store.connection.exchange(&[forget.into(), find.into()])?;
    let number = |row, column| get::<i64>(row, column).map(i64::unsigned_abs);
    let rows = answers.iter().flatten().map(|row| {
        let digest = get::<&[u8]>(row, 1)?.try_into().map_err(|_| damaged("a head of another size"))?;
        Ok(ReadTo {
            file: Arc::clone(file),
            identity: get(row, 0)?,
            head: FileHead { digest, size: number(row, 2)? },
            offset: number(row, 3)?,
            lines: number(row, 4)?,
            looked: Timestamp::nearest(get(row, 5)?),
        })
    });
    rows.collect()
}

/// Writes down how far files have been read. Of two positions of one file, the last one counts.
pub(super) fn note(store: &mut PostgresStore, positions: &[ReadTo]) -> Result<(), StoreError> {
    let column = |of: fn(&ReadTo) -> u64| {
        positions.iter().map(|position| i64::try_from(of(position)).unwrap_or(i64::MAX)).collect()
    };
    let note = store.access.schema.statement(NOTE).number(store.account);
    let note = note
        .with(positions.iter().map(|position| &position.file.key[..]).collect::<Vec<_>>(), Type::BYTEA_ARRAY)
        .with(positions.iter().map(|position| &*position.identity).collect::<Vec<_>>(), Type::TEXT_ARRAY)
        .with(positions.iter().map(|position| &*position.file.path).collect::<Vec<_>>(), Type::TEXT_ARRAY)
        .numbers(column(|position| position.offset))
        .numbers(column(|position| position.lines))
        .with(positions.iter().map(|position| &position.head.digest[..]).collect::<Vec<_>>(), Type::BYTEA_ARRAY)
        .numbers(column(|position| position.head.size))
        .numbers(positions.iter().map(|position| position.looked.unix()).collect());
    store.connection.query(note).map(drop)
}
