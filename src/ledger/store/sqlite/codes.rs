//! Codes: how those that a group touches are found, and how a plan for them is carried out.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Params, Row, params};

use super::liveness::RunId;
use super::row::{self, channel_number, number};
use super::session::{Owners, SqliteTx};
use super::statements as sql;
use crate::domain::{Reference, Timestamp};
use crate::ledger::decide::{AwaitingChannel, Code, CodePlan, CodeRef, CodeState, CodeWant, Owner, SeenCodes};
use crate::ledger::store::StoreError;
use crate::ledger::tracking::Expiry;

impl CodeState {
    const ALL: [Self; 5] = [Self::Open, Self::AwaitingChannel, Self::GivenUp, Self::Converted, Self::Silent];
}

impl ToSql for CodeState {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Open => 0,
            Self::AwaitingChannel => 1,
            Self::GivenUp => 2,
            Self::Converted => 3,
            Self::Silent => 4,
        }
        .into())
    }
}

impl FromSql for CodeState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        let index = usize::try_from(number).ok();
        index.and_then(|index| Self::ALL.get(index)).copied().ok_or(FromSqlError::OutOfRange(number))
    }
}

/// The codes that a group of events touches.
pub(super) fn find(tx: &mut SqliteTx<'_>, want: &CodeWant<'_>) -> Result<SeenCodes, StoreError> {
    let mut seen = SeenCodes::default();
    let mut by_part = tx.db.prepare_cached(sql::CODE_OF_PART)?;
    for part in &want.parts {
        seen.by_part.push(one(&mut by_part, params![part.as_str(), tx.account], &mut tx.owners)?);
    }
    let mut by_reference = tx.db.prepare_cached(sql::CODE_OF_REFERENCE)?;
    for reference in &want.references {
        let key = params![reference.as_json(), tx.account];
        seen.by_reference.push(one(&mut by_reference, key, &mut tx.owners)?);
    }
    Ok(seen)
}

fn one(
    query: &mut CachedStatement<'_>,
    key: impl Params,
    owners: &mut Owners<'_>,
) -> Result<Option<Code>, StoreError> {
    let mut rows = query.query(key)?;
    rows.next()?.map(|row| read(row, owners)).transpose()
}

fn read(row: &Row<'_>, owners: &mut Owners<'_>) -> Result<Code, StoreError> {
    let time = |column| row.get::<_, Option<i64>>(column)?.map(|_| row::timestamp(row, column)).transpose();
    let state: CodeState = row.get(3)?;
    Ok(Code {
        id: CodeRef::Stored(row.get(0)?),
        channel: row.get::<_, Option<i64>>(1)?.map(|_| row::channel(row, 1)).transpose()?,
        message_id: row::message_id(row, 2)?,
        state,
        owner: if state == CodeState::Open { owners.of(row.get(4)?)? } else { Owner::Free },
        sent: time(5)?,
        deadline: time(6)?,
        converted: time(7)?,
        line: row.get::<_, i64>(8)?.unsigned_abs(),
        reference: row.get_ref(9)?.as_str_or_null().map_err(rusqlite::Error::from)?.map(Reference::from_json),
        raw: None,
    })
}

/// Carries out a plan.
pub(super) fn apply(tx: &SqliteTx<'_>, plan: &CodePlan) -> rusqlite::Result<()> {
    let mut inserted = Vec::with_capacity(plan.inserts.len());
    let mut insert = tx.db.prepare_cached(sql::INSERT_CODE)?;
    for code in &plan.inserts {
        inserted.push(insert.insert(params![
            tx.account,
            code.channel.map(channel_number),
            code.message_id.as_str(),
            code.state,
            tx.owners.me,
            code.sent.map(Timestamp::unix),
            code.deadline.map(Timestamp::unix),
            code.converted.map(Timestamp::unix),
            tx.now.unix(),
            number(code.line),
            code.reference.as_ref().map(Reference::as_json),
            code.raw,
        ])?);
    }
    let id = |code: CodeRef| match code {
        CodeRef::Stored(id) => id,
        CodeRef::New(at) => inserted[at],
    };
    let mut update = tx.db.prepare_cached(sql::UPDATE_CODE)?;
    for code in &plan.updates {
        update.execute(params![
            id(code.id),
            code.channel.map(channel_number),
            code.state,
            code.sent.map(Timestamp::unix),
            code.deadline.map(Timestamp::unix),
            code.converted.map(Timestamp::unix),
            code.reference.as_ref().map(Reference::as_json),
            code.state == CodeState::AwaitingChannel,
            (code.owner == Owner::Me).then_some(tx.owners.me),
        ])?;
    }
    let mut add = tx.db.prepare_cached(sql::ADD_PART)?;
    for (message_id, code) in &plan.parts {
        add.execute(params![message_id.as_str(), tx.account, id(*code)])?;
    }
    for (part, whole) in &plan.merges {
        tx.db.prepare_cached(sql::MOVE_PARTS)?.execute([*part, id(*whole)])?;
        tx.db.prepare_cached(sql::REMOVE_CODE)?.execute([part])?;
    }
    Ok(())
}

/// Open codes that have expired, watcher by watcher.
pub(super) fn expired(tx: &mut SqliteTx<'_>, expiry: Expiry, limit: usize) -> Result<Vec<Code>, StoreError> {
    let (query, until) = match expiry {
        Expiry::ByLog(time) => (sql::EXPIRED_BY_LOG, time.unix()),
        Expiry::ByClock(time) => (sql::EXPIRED_BY_CLOCK, time.unix()),
        Expiry::All => (sql::EXPIRED_BY_LOG, i64::MAX),
    };
    let mut next_watcher = tx.db.prepare_cached(sql::NEXT_WATCHER)?;
    let mut query = tx.db.prepare_cached(query)?;
    let mut found = Vec::new();
    let mut before = RunId::MIN;
    while let Some(watcher) =
        next_watcher.query_row(params![tx.account, before], |row| row.get::<_, Option<RunId>>(0))?
    {
        before = watcher;
        if tx.owners.of(watcher)? != Owner::Other {
            let limit = i64::try_from(limit - found.len()).unwrap_or(i64::MAX);
            let mut rows = query.query(params![tx.account, watcher, until, limit])?;
            while let Some(row) = rows.next()? {
                found.push(read(row, &mut tx.owners)?);
            }
        }
    }
    Ok(found)
}

/// How many codes are open that no other live run watches.
pub(super) fn count_open(tx: &mut SqliteTx<'_>) -> Result<u64, StoreError> {
    let mut query = tx.db.prepare_cached(sql::WATCHERS)?;
    let mut rows = query.query([tx.account])?;
    let mut open = 0;
    while let Some(row) = rows.next()? {
        if tx.owners.of(row.get(0)?)? != Owner::Other {
            open += row.get::<_, i64>(1)?.unsigned_abs();
        }
    }
    Ok(open)
}

/// Conversions whose channel nothing has named since they arrived.
pub(super) fn awaiting_channel(
    tx: &mut SqliteTx<'_>,
    arrived: Timestamp,
    limit: usize,
) -> Result<Vec<AwaitingChannel>, StoreError> {
    let mut query = tx.db.prepare_cached(sql::AWAITING_CHANNEL)?;
    let portion = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut found = Vec::new();
    let mut after = (i64::MIN, 0_i64);
    loop {
        let mut rows = query.query(params![tx.account, arrived.unix(), after.0, after.1, portion])?;
        let mut looked_at = 0;
        while let Some(row) = rows.next()? {
            looked_at += 1;
            after = (row.get(5)?, row.get(0)?);
            if tx.owners.of(row.get(1)?)? != Owner::Other {
                found.push(AwaitingChannel {
                    id: row.get(0)?,
                    line: row.get::<_, i64>(2)?.unsigned_abs(),
                    reference: row
                        .get_ref(3)?
                        .as_str_or_null()
                        .map_err(rusqlite::Error::from)?
                        .map(Reference::from_json),
                    raw: row.get::<_, Option<Vec<u8>>>(4)?.unwrap_or_default(),
                });
                if found.len() == limit {
                    return Ok(found);
                }
            }
        }
        if looked_at < limit {
            return Ok(found);
        }
    }
}

/// Notes that these were given up.
pub(super) fn give_up(tx: &SqliteTx<'_>, codes: &[AwaitingChannel]) -> rusqlite::Result<()> {
    let mut give_up = tx.db.prepare_cached(sql::GIVE_UP)?;
    codes.iter().try_for_each(|code| give_up.execute([code.id]).map(drop))
}
