//! Codes: how those that a group touches are found, and how a plan for them is carried out.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, OptionalExtension as _, Row, params};

use super::liveness::RunId;
use super::row::{self, channel_number, number};
use super::session::{Owners, SqliteTx};
use super::statements as sql;
use crate::domain::{Reference, Timestamp};
use crate::ledger::decide::{
    AwaitingChannel, Code, CodePlan, CodeRef, CodeState, CodeWant, Kin, Mark, Owner, Part, SeenCodes,
};
use crate::ledger::store::StoreError;
use crate::ledger::store::sources::{SourceId, Sources};
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
    let mut of_id = tx.db.prepare_cached(sql::CODES_OF_ID)?;
    for id in &want.ids {
        let mut rows = of_id.query(params![id.as_str(), tx.account])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(read(row, &mut tx.owners, tx.sources)?);
        }
        seen.of_ids.push(found);
    }
    let mut of_mark = tx.db.prepare_cached(sql::CODES_OF_MARK)?;
    let most = i64::try_from(Mark::PARTS_MAX).unwrap_or(i64::MAX);
    for Mark { reference, channel, from, until } in &want.marks {
        let key = (reference.as_json(), tx.account, channel_number(*channel), from.unix(), until.unix(), most);
        let mut rows = of_mark.query(key)?;
        let mut last = None;
        while let Some(row) = rows.next()? {
            let id = row.get::<_, i64>(0)?;
            if last != Some(id) {
                let code = read(row, &mut tx.owners, tx.sources)?;
                seen.kin.push(Kin { code, parts: Vec::new() });
                last = Some(id);
            }
            if let Some(kin) = seen.kin.last_mut() {
                kin.parts.push(part(row)?);
            }
        }
    }
    Ok(seen)
}

fn read(row: &Row<'_>, owners: &mut Owners<'_>, sources: &Sources) -> Result<Code, StoreError> {
    let state: CodeState = row.get(3)?;
    let run = row.get(4)?;
    Ok(Code {
        id: CodeRef::Stored(row.get(0)?),
        channel: row.get::<_, Option<i64>>(1)?.map(|_| row::channel(row, 1)).transpose()?,
        message_id: row::message_id(row, 2)?,
        state,
        owner: if state == CodeState::Open { owners.of(run)? } else { Owner::Free },
        told_by: sources.told_by(row.get(10)?, run == owners.me),
        sent: time(row, 5)?,
        deadline: time(row, 6)?,
        converted: time(row, 7)?,
        line: row.get::<_, i64>(8)?.unsigned_abs(),
        reference: row.get_ref(9)?.as_str_or_null().map_err(rusqlite::Error::from)?.map(Reference::from_json),
        raw: None,
    })
}

fn part(row: &Row<'_>) -> Result<Part, StoreError> {
    Ok(Part {
        message_id: row::message_id(row, 11)?,
        sent: time(row, 12)?,
        line: row.get::<_, i64>(13)?.unsigned_abs(),
    })
}

fn time(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>, StoreError> {
    Ok(row.get::<_, Option<i64>>(column)?.map(|_| row::timestamp(row, column)).transpose()?)
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
            tx.sources.of(code.told_by),
        ])?);
    }
    let id = |code: CodeRef| match code {
        CodeRef::Stored(id) => id,
        CodeRef::New(at) => inserted[at],
    };
    let mut update = tx.db.prepare_cached(sql::UPDATE_CODE)?;
    for code in &plan.updates {
        let is_mine = code.owner == Owner::Me;
        update.execute(params![
            id(code.id),
            code.channel.map(channel_number),
            code.state,
            code.sent.map(Timestamp::unix),
            code.deadline.map(Timestamp::unix),
            code.converted.map(Timestamp::unix),
            code.reference.as_ref().map(Reference::as_json),
            code.state == CodeState::AwaitingChannel,
            is_mine.then_some(tx.owners.me),
            is_mine.then(|| tx.sources.of(code.told_by)),
        ])?;
    }
    let mut add = tx.db.prepare_cached(sql::ADD_PART)?;
    for (part, code) in &plan.parts {
        let sent = part.sent.map(Timestamp::unix);
        add.execute(params![part.message_id.as_str(), tx.account, id(*code), sent, number(part.line)])?;
    }
    let mut move_part = tx.db.prepare_cached(sql::MOVE_PART)?;
    for (message_id, from, to) in &plan.moves {
        move_part.execute(params![message_id.as_str(), tx.account, from, id(*to)])?;
    }
    Ok(())
}

/// A run, and one of the sources that it told codes of.
type Watcher = (RunId, SourceId);

/// Open codes that have expired, watcher by watcher.
pub(super) fn expired(tx: &mut SqliteTx<'_>, expiry: Expiry, limit: usize) -> Result<Vec<Code>, StoreError> {
    let mut next_watcher = tx.db.prepare_cached(sql::NEXT_WATCHER)?;
    let mut found = Vec::new();
    let mut watcher = (RunId::MIN, i64::MIN);
    while found.len() < limit
        && let Some(next) = next(&mut next_watcher, tx.account, watcher)?
    {
        watcher = next;
        let (run, source) = watcher;
        let is_ours = tx.sources.are_ours(source, run == tx.owners.me);
        let (query, until) = match (expiry, is_ours) {
            (Expiry::ByLog(time), true) => (sql::EXPIRED_BY_LOG, time.unix()),
            (Expiry::ByLog(_), false) => continue,
            (Expiry::ByClock { ours, .. }, true) => (sql::EXPIRED_BY_CLOCK, ours.unix()),
            (Expiry::ByClock { others, .. }, false) => (sql::EXPIRED_UNREAD, others.unix()),
            (Expiry::All, _) => (sql::EXPIRED_BY_LOG, i64::MAX),
        };
        if tx.owners.of(run)? != Owner::Other {
            let limit = i64::try_from(limit - found.len()).unwrap_or(i64::MAX);
            let mut query = tx.db.prepare_cached(query)?;
            let mut rows = query.query(params![tx.account, run, source, until, limit])?;
            while let Some(row) = rows.next()? {
                found.push(read(row, &mut tx.owners, tx.sources)?);
            }
        }
    }
    Ok(found)
}

fn next(query: &mut CachedStatement<'_>, account: i64, after: Watcher) -> rusqlite::Result<Option<Watcher>> {
    let key = params![account, after.0, after.1];
    query.query_row(key, |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

/// How many codes are open that our log told of and no other live run watches.
pub(super) fn count_open(tx: &mut SqliteTx<'_>) -> Result<u64, StoreError> {
    let mut next_watcher = tx.db.prepare_cached(sql::NEXT_WATCHER)?;
    let mut open = 0;
    let mut watcher = (RunId::MIN, i64::MIN);
    while let Some(next) = next(&mut next_watcher, tx.account, watcher)? {
        watcher = next;
        let (run, source) = watcher;
        let is_ours = tx.sources.are_ours(source, run == tx.owners.me);
        if is_ours && tx.owners.of(run)? != Owner::Other {
            let mut count = tx.db.prepare_cached(sql::COUNT_OPEN)?;
            open += count.query_row(params![tx.account, run, source], |row| row.get::<_, i64>(0))?.unsigned_abs();
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
