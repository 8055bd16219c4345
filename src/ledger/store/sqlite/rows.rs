//! Conversions: how lanes are read, and what waits.

use rusqlite::{Row, ToSql, params};
use sha2::{Digest as _, Sha256};

use super::alone::Alone;
use super::holdings::{give_back, next_holder};
use super::liveness::RunId;
use super::row::{self, channel_number, key_number, number};
use super::session::{Length, Owners, SqliteTx};
use super::statements as sql;
use crate::domain::{BadRecord, Conversion, Reference, Timestamp};
use crate::ledger::decide::{KeyWant, Lane, LaneWant, Owner, Planned, RowRef, Sibling, Want};
use crate::ledger::state::RowState;
use crate::ledger::store::{Cursor, StoreError};
use crate::ledger::ticket::{LeftOver, Novelty, RowId};

/// Reads the lanes of a group.
pub(super) fn lanes(tx: &mut SqliteTx<'_>, want: &Want<'_>) -> Result<Vec<Lane>, StoreError> {
    let mut lanes = Vec::with_capacity(want.lanes.len());
    let mut lengths = Vec::with_capacity(want.lanes.len());
    {
        let mut is_known = tx.db.prepare_cached(sql::IS_KNOWN)?;
        let mut query = tx.db.prepare_cached(sql::LANE)?;
        for wanted in &want.lanes {
            if let Some(row) = wanted.alone.filter(|row| is_known_alone(tx.alone, row)) {
                lengths.push(Length::Few(1));
                lanes.push(Lane { rows: vec![row], mine_waits: false });
                continue;
            }
            // Most are not, and this needs the key's index alone.
            if !is_known.exists(key_of(tx.account, wanted))? {
                lengths.push(Length::Few(0));
                lanes.push(Lane::default());
                continue;
            }
            let mut rows = query.query(key_of(tx.account, wanted))?;
            let mut lane = Lane::default();
            while let Some(row) = rows.next()? {
                lane.rows.push(sibling(row, &mut tx.owners)?);
            }
            lengths.push(if lane.rows.len() <= sql::FEW { Length::Few(lane.rows.len()) } else { Length::Many });
            lanes.push(lane);
        }
    }
    for (at, wanted) in want.lanes.iter().enumerate().filter(|(at, _)| lengths[*at] == Length::Many) {
        lanes[at] = head(tx, wanted)?;
    }
    for key in want.keys.iter().filter(|key| lengths[key.lane] == Length::Many) {
        find_key(tx, &want.lanes[key.lane], key, &mut lanes[key.lane])?;
    }
    tx.lengths = lengths;
    Ok(lanes)
}

/// Whether nothing else of its lane is pending, so that nothing else of it matters to the row's end.
fn is_known_alone(alone: &Alone, row: &Sibling) -> bool {
    match row.row {
        RowRef::Stored(id) => alone.knows(id),
        RowRef::New(_) => false,
    }
}

fn key_of<'a>(account: i64, lane: &LaneWant<'a>) -> (i64, i64, &'a str) {
    (account, channel_number(lane.channel), lane.message_id.as_str())
}

fn sibling(row: &Row<'_>, owners: &mut Owners<'_>) -> Result<Sibling, StoreError> {
    let state: RowState = row.get(4)?;
    Ok(Sibling {
        row: RowRef::Stored(RowId(row.get(0)?)),
        delivered: row.get(1)?,
        key_time: row::key_time(row, 2)?,
        timestamp: row::timestamp(row, 3)?,
        state,
        owner: if state.is_pending() { owners.of(row.get(5)?)? } else { Owner::Free },
        next_attempt: row::timestamp(row, 6)?,
        postponed_by_me: row.get::<_, RunId>(7)? == owners.me,
    })
}

/// Reads the head of a lane that has many rows: a message-id with very many values (a wrong mapping) costs no more for each
/// than any other.
fn head(tx: &mut SqliteTx<'_>, wanted: &LaneWant<'_>) -> Result<Lane, StoreError> {
    let (account, channel, message_id) = key_of(tx.account, wanted);
    let mut lane = Lane::default();
    let accepting = wanted.accepting.map_or((i64::MIN, 0), |(timestamp, row)| (timestamp.unix(), row.0));
    let mut floor = accepting;
    for sql in sql::HEAD {
        let mut query = tx.db.prepare_cached(sql)?;
        let key: [&dyn ToSql; 5] = [&account, &channel, &message_id, &floor.0, &floor.1];
        let params = query.parameter_count();
        let mut rows = query.query(&key[..params])?;
        while let Some(row) = rows.next()? {
            add(&mut lane, sibling(row, &mut tx.owners)?);
        }
        if let Some((timestamp, RowRef::Stored(row))) = lane.newest_accepted() {
            floor = accepting.max((timestamp.unix(), row.0));
        }
    }
    lane.mine_waits =
        tx.db.prepare_cached(sql::WAITS)?.exists(params![account, channel, message_id, tx.owners.me])?;
    Ok(lane)
}

fn find_key(
    tx: &mut SqliteTx<'_>,
    wanted: &LaneWant<'_>,
    key: &KeyWant,
    lane: &mut Lane,
) -> Result<(), StoreError> {
    let (account, channel, message_id) = key_of(tx.account, wanted);
    let mut query = tx.db.prepare_cached(if key.and_later { sql::KEYS_FROM } else { sql::KEY })?;
    let mut rows = query.query(params![account, channel, message_id, key_number(key.key_time), key.delivered])?;
    while let Some(row) = rows.next()? {
        add(lane, sibling(row, &mut tx.owners)?);
    }
    Ok(())
}

fn add(lane: &mut Lane, row: Sibling) {
    if !lane.rows.iter().any(|known| known.row == row.row) {
        lane.rows.push(row);
    }
}

/// The next rows that may be taken over.
pub(super) fn candidates(
    tx: &mut SqliteTx<'_>,
    planned: Planned,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<(Cursor, Conversion)>, StoreError> {
    give_back_from_crashed(tx)?;
    let mut found = Vec::new();
    let mut owner = after.map_or(-1, |after| after.owner - 1);
    while found.len() < limit
        && let Some(next) = next_owner(tx, owner)?
    {
        owner = next;
        if tx.owners.of(owner)? != Owner::Other {
            let start = Cursor { owner, state: RowState::Queued.number(), planned: i64::MIN, row: 0 };
            let from = after.filter(|after| after.owner == owner).unwrap_or(start);
            found.extend(candidates_from(tx, planned, from, limit - found.len())?);
        }
    }
    Ok(found)
}

/// Rows in the hands of runs that are dead by now wait again.
fn give_back_from_crashed(tx: &mut SqliteTx<'_>) -> Result<(), StoreError> {
    let mut run = RunId::MIN;
    while let Some(holder) = next_holder(&tx.db, run)? {
        run = holder;
        if tx.owners.of(run)? == Owner::Free {
            give_back(&tx.db, run)?;
        }
    }
    Ok(())
}

fn next_owner(tx: &SqliteTx<'_>, after: RunId) -> rusqlite::Result<Option<RunId>> {
    tx.db.prepare_cached(sql::NEXT_OWNER)?.query_row([tx.account, after], |row| row.get(0))
}

fn candidates_from(
    tx: &SqliteTx<'_>,
    planned: Planned,
    from: Cursor,
    limit: usize,
) -> rusqlite::Result<Vec<(Cursor, Conversion)>> {
    let columns = format!("SELECT {}, {}", row::RECORD, sql::CANDIDATES);
    let mut rows = tx.db.prepare_cached(&columns)?;
    let values = params![
        tx.account,
        from.owner,
        from.planned,
        from.row,
        planned.until.map_or(i64::MAX, Timestamp::unix),
        planned.mine_until.map_or(i64::MIN, Timestamp::unix),
        tx.owners.me,
        planned.latest.unix(),
        i64::try_from(limit).unwrap_or(i64::MAX),
    ];
    rows.query_map(values, |row| {
        let cursor = Cursor { planned: row.get(7)?, row: row.get(8)?, ..from };
        Ok((cursor, row::record(row)?.conversion))
    })?
    .collect()
}

/// What is pending and not another live run's.
pub(super) fn left_over(tx: &mut SqliteTx<'_>, latest: Timestamp) -> Result<Option<LeftOver>, StoreError> {
    give_back_from_crashed(tx)?;
    let mut left: Option<LeftOver> = None;
    let mut owner = -1;
    while let Some(next) = next_owner(tx, owner)? {
        owner = next;
        if tx.owners.of(owner)? == Owner::Other {
            continue;
        }
        let mut count = tx.db.prepare_cached(sql::COUNT_PENDING)?;
        let (count, until) = count.query_row(params![tx.account, owner, tx.now.unix(), latest.unix()], |row| {
            Ok((row.get::<_, i64>(0)?.unsigned_abs(), row::timestamp(row, 1)?))
        })?;
        let sum = left.get_or_insert(LeftOver { count: 0, until });
        (sum.count, sum.until) = (sum.count + count, sum.until.max(until));
    }
    Ok(left)
}

/// Keeps input that was no record.
pub(super) fn keep_unreadable(tx: &SqliteTx<'_>, records: &[BadRecord]) -> rusqlite::Result<Vec<Novelty>> {
    let mut find = tx.db.prepare_cached(sql::UNREADABLE_IS_KNOWN)?;
    let mut insert = tx.db.prepare_cached(sql::KEEP_UNREADABLE)?;
    let mut novelty = Vec::with_capacity(records.len());
    for record in records {
        let digest = Sha256::digest(&record.raw);
        let is_known = find.exists(params![tx.account, &digest[..16]])?;
        novelty.push(if is_known { Novelty::Known } else { Novelty::New });
        insert.execute(params![
            tx.account,
            &digest[..16],
            record.raw,
            number(record.line),
            record.reference.as_ref().map(Reference::as_json),
            record.code.as_str(),
            record.message,
            tx.now.unix(),
        ])?;
    }
    Ok(novelty)
}
