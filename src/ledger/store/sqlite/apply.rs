//! How a plan for conversions is carried out.

use rusqlite::{Connection, ToSql, params};

use super::ends;
use super::row::{self, channel_number, key_number, number};
use super::session::{Length, SqliteTx};
use super::statements as sql;
use crate::domain::{ErrorCode, Reference};
use crate::ledger::decide::{Applied, Change, Claim, NewRow, Plan, RowRef, StoredRow};
use crate::ledger::state::RowState;
use crate::ledger::ticket::RowId;

/// Carries out a plan.
pub(super) fn apply(tx: &mut SqliteTx<'_>, plan: &Plan) -> rusqlite::Result<Applied> {
    let inserted = insert(tx, plan)?;
    for row in &plan.crowded {
        match *row {
            RowRef::Stored(id) => tx.alone.crowd(id),
            RowRef::New(at) => tx.alone.crowd(inserted[at]),
        }
    }
    ends::accept(tx, plan)?;
    for change in &plan.changes {
        carry_out(tx, change)?;
    }
    let read = plan.reads.iter().map(|row| read(&tx.db, *row)).collect::<Result<_, _>>()?;
    Ok(Applied { inserted, read })
}

fn insert(tx: &mut SqliteTx<'_>, plan: &Plan) -> rusqlite::Result<Vec<RowId>> {
    let mut inserted = Vec::with_capacity(plan.inserts.len());
    if plan.inserts.is_empty() {
        return Ok(inserted);
    }
    let mut waiting = Vec::with_capacity(sql::TOGETHER);
    for row in &plan.inserts {
        let (alone, is_news) = joins(&mut tx.lengths[row.lane]);
        if is_news {
            // Those that are told may be among those that wait.
            insert_all(tx, &mut waiting, &mut inserted)?;
            note_company(tx, row, alone)?;
        }
        waiting.push((row, alone));
        if waiting.len() == sql::TOGETHER {
            insert_all(tx, &mut waiting, &mut inserted)?;
        }
    }
    insert_all(tx, &mut waiting, &mut inserted)?;
    if let Some(first) = inserted.first() {
        tx.alone.recorded(*first);
    }
    let rows = plan.inserts.iter().zip(&inserted);
    let held: Vec<_> = rows.filter(|(row, _)| row.state == RowState::Held).map(|(_, id)| *id).collect();
    for row in &plan.inserts {
        tx.tally.add(row.state, 1);
    }
    tx.holdings.recorded(&tx.db, tx.owners.me, &held)?;
    Ok(inserted)
}

/// Writes rows that wait for it, each with its `alone`, and notes their ids.
fn insert_all(
    tx: &SqliteTx<'_>,
    waiting: &mut Vec<(&NewRow, i64)>,
    inserted: &mut Vec<RowId>,
) -> rusqlite::Result<()> {
    let (together, sql) =
        if waiting.len() == sql::TOGETHER { (sql::TOGETHER, &sql::INSERT_TOGETHER) } else { (1, &sql::INSERT) };
    for rows in waiting.chunks(together) {
        let mut insert = tx.db.prepare_cached(sql)?;
        let mut parameters = 1..;
        let mut bind = |value: &dyn ToSql| insert.raw_bind_parameter(parameters.next().unwrap_or(0), value);
        bind(&tx.account)?;
        bind(&tx.owners.me)?;
        bind(&tx.now.unix())?;
        for (row, alone) in rows {
            let conversion = &row.record.conversion;
            bind(&channel_number(conversion.channel))?;
            bind(&conversion.message_id.as_str())?;
            bind(&conversion.delivered.as_bool())?;
            bind(&key_number(row.record.key_time()))?;
            bind(&conversion.timestamp.unix())?;
            bind(&row.state)?;
            bind(&number(row.record.line))?;
            bind(&row.record.reference.as_ref().map(Reference::as_json))?;
            bind(alone)?;
        }
        insert.raw_execute()?;
        // SQLite numbers new rows one after another, and nobody else writes meanwhile.
        let last = tx.db.last_insert_rowid();
        inserted.extend((last + 1 - number(rows.len() as u64)..=last).map(RowId));
    }
    waiting.clear();
    Ok(())
}

/// Among how many rows of its message-id a new one is, and whether that is news for those that are there.
fn joins(length: &mut Length) -> (i64, bool) {
    let (alone, is_news) = match *length {
        Length::Few(0) => (sql::IS_ONLY, false),
        Length::Few(rows) if rows < sql::FEW => (sql::IS_OF_FEW, rows == 1),
        Length::Few(_) => (sql::IS_OF_MANY, true),
        Length::Many => (sql::IS_OF_MANY, false),
    };
    *length = match *length {
        Length::Few(rows) if rows < sql::FEW => Length::Few(rows + 1),
        Length::Few(_) | Length::Many => Length::Many,
    };
    (alone, is_news)
}

fn note_company(tx: &SqliteTx<'_>, row: &NewRow, alone: i64) -> rusqlite::Result<()> {
    let conversion = &row.record.conversion;
    let key = params![tx.account, channel_number(conversion.channel), conversion.message_id.as_str(), alone];
    tx.db.prepare_cached(sql::NOTE_COMPANY)?.execute(key).map(drop)
}

fn carry_out(tx: &mut SqliteTx<'_>, change: &Change) -> rusqlite::Result<()> {
    let (me, now) = (tx.owners.me, tx.now.unix());
    match change {
        Change::HandOut(row) => {
            tx.db.prepare_cached(sql::HAND_OUT)?.execute([row.0, me])?;
            tx.holdings.handed_out(&tx.db, me, *row)
        }
        Change::Overtaken(row) => {
            tx.db.prepare_cached(sql::OVERTAKEN)?.execute([row.0, now])?;
            tx.alone.ended(*row);
            tx.tally.add(RowState::Stale, 1);
            Ok(())
        }
        Change::GiveUpAsFuture(row) => {
            tx.db.prepare_cached(sql::DEAD_LETTER)?.execute(params![
                row.0,
                now,
                ErrorCode::FutureTimestamp.as_str(),
                "its time is more than 24 hours ahead: it was recorded while the clock was"
            ])?;
            tx.tally.add(RowState::Expired, 1);
            Ok(())
        }
        Change::Claim(row, claim) => claim_row(tx, *row, claim),
        Change::End(_, end) if end.state == RowState::Accepted => Ok(()),
        Change::End(row, end) => ends::end(tx, *row, end),
    }
}

fn claim_row(tx: &mut SqliteTx<'_>, row: RowId, claim: &Claim) -> rusqlite::Result<()> {
    let was = tx.db.prepare_cached(sql::STATE_OF)?.query_row([row.0], |row| row.get(0))?;
    tx.tally.add(was, -1);
    let Claim { line, reference, timestamp, is_revived, is_forced: _ } = claim;
    let reference = reference.as_ref().map(Reference::as_json);
    tx.db.prepare_cached(sql::CLAIM)?.execute(params![
        row.0,
        is_revived,
        tx.now.unix(),
        tx.owners.me,
        number(*line),
        reference,
        timestamp.unix()
    ])?;
    Ok(())
}

fn read(db: &Connection, id: RowId) -> rusqlite::Result<StoredRow> {
    let columns = format!("SELECT {}, {} FROM conversion WHERE id = ?1", row::RECORD, sql::STORED);
    db.prepare_cached(&columns)?.query_row([id.0], |row| {
        let has_failed = row.get_ref(10)?.as_str_or_null()?.is_some();
        Ok(StoredRow {
            record: row::record(row)?,
            recorded: row::timestamp(row, 7)?,
            rounds: row.get(8)?,
            http_status: row.get(9)?,
            failure: has_failed.then(|| row::failure(row, 10)).transpose()?,
        })
    })
}
