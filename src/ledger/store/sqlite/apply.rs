//! How a plan for conversions is carried out.

use rusqlite::{Connection, params};

use super::ends;
use super::row::{self, channel_number, key_number, number};
use super::session::{Length, SqliteTx};
use super::statements as sql;
use crate::domain::{ErrorCode, Reference, Timestamp};
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
    let mut held = Vec::with_capacity(plan.inserts.len());
    let mut insert = tx.db.prepare_cached(sql::INSERT)?;
    for row in &plan.inserts {
        let alone = note_company(&tx.db, tx.account, &mut tx.lengths[row.lane], row)?;
        let (owner, settled) = if row.state.is_pending() { (tx.owners.me, None) } else { (0, Some(tx.now)) };
        let conversion = &row.record.conversion;
        let id = RowId(insert.insert(params![
            tx.account,
            channel_number(conversion.channel),
            conversion.message_id.as_str(),
            conversion.delivered.as_bool(),
            key_number(row.record.key_time()),
            conversion.timestamp.unix(),
            row.state,
            owner,
            tx.now.unix(),
            number(row.record.line),
            row.record.reference.as_ref().map(Reference::as_json),
            settled.map(Timestamp::unix),
            alone,
        ])?);
        if row.state == RowState::Held {
            held.push(id);
        }
        tx.tally.add(row.state, 1);
        inserted.push(id);
    }
    if let Some(first) = inserted.first() {
        tx.alone.recorded(*first);
    }
    tx.holdings.recorded(&tx.db, tx.owners.me, &held)?;
    Ok(inserted)
}

/// Among how many rows of its message-id a new one is. Where that is news for those that are there, they are told.
fn note_company(db: &Connection, account: i64, length: &mut Length, row: &NewRow) -> rusqlite::Result<i64> {
    let (alone, is_news) = match *length {
        Length::Few(0) => (sql::IS_ONLY, false),
        Length::Few(rows) if rows < sql::FEW => (sql::IS_OF_FEW, rows == 1),
        Length::Few(_) => (sql::IS_OF_MANY, true),
        Length::Many => (sql::IS_OF_MANY, false),
    };
    if is_news {
        let conversion = &row.record.conversion;
        let key = params![account, channel_number(conversion.channel), conversion.message_id.as_str(), alone];
        db.prepare_cached(sql::NOTE_COMPANY)?.execute(key)?;
    }
    *length = match *length {
        Length::Few(rows) if rows < sql::FEW => Length::Few(rows + 1),
        Length::Few(_) | Length::Many => Length::Many,
    };
    Ok(alone)
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
