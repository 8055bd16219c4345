//! What happened to an account's conversions in a time range. It finds rows by the time at which they
//! were settled, because that has an index.

use std::time::Duration;

use rusqlite::{Connection, Row, params};

use crate::domain::{ErrorCode, Timestamp};

use super::reader::SqliteReader;
use super::row;
use super::statements;
use crate::ledger::history::{
    AcceptedRow, CommandEnd, EffortSpent, Others, Pending, Remainder, SettledOtherwise, TimeRange,
};
use crate::ledger::state::RowState;
use crate::ledger::store::StoreError;

/// The retries of a row: the first request is none.
const EFFORT: &str =
    "coalesce(sum(attempts), 0), coalesce(sum(max(attempts - 1, 0)), 0), coalesce(sum(ambiguous), 0)";

impl SqliteReader {
    /// The fingerprints of all accounts that ever recorded something, in order.
    pub(crate) fn accounts(&self) -> Result<Vec<String>, StoreError> {
        let mut query = self.db().prepare("SELECT fingerprint FROM account ORDER BY fingerprint")?;
        Ok(query.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?)
    }

    /// Shows each of the account's accepted rows of the range, in no particular order, and counts the rest, all at one moment.
    pub(crate) fn history(
        &self,
        account: &str,
        range: TimeRange,
        each: impl FnMut(AcceptedRow<'_>),
    ) -> Result<Remainder, StoreError> {
        // Dropped without a commit, and nothing was written: it is there to hold one view of the file.
        let view = self.db().unchecked_transaction()?;
        let Some(account) = number_of(&view, account)? else {
            return Ok(Remainder::default());
        };
        accepted(&view, account, range, each)?;
        Ok(Remainder {
            settled: settled_otherwise(&view, account, range)?,
            unreadable: unreadable(&view, account, range)?,
            pending: pending(&view, account)?,
            ends: ends(&view, account)?,
        })
    }
}

fn number_of(db: &Connection, account: &str) -> rusqlite::Result<Option<i64>> {
    let mut query = db.prepare("SELECT id FROM account WHERE fingerprint = ?1")?;
    let mut rows = query.query([account])?;
    rows.next()?.map(|row| row.get(0)).transpose()
}

/// How commands ended. A ledger that an older version wrote last does not know.
fn ends(db: &Connection, account: i64) -> rusqlite::Result<Vec<CommandEnd>> {
    if !db.table_exists(None, "ended")? {
        return Ok(Vec::new());
    }
    let mut query = db.prepare("SELECT command, at, exit_code FROM ended WHERE account = ?1 ORDER BY command")?;
    let read = |row: &Row<'_>| {
        Ok(CommandEnd { command: row.get(0)?, at: row::timestamp(row, 1)?, exit_code: row.get(2)? })
    };
    query.query_map([account], read)?.collect()
}

/// A row whose own time is ahead of the clock was settled up to so long before that time.
const MOST_AHEAD: Duration = Timestamp::MAX_AHEAD;

fn accepted(
    db: &Connection,
    account: i64,
    range: TimeRange,
    mut each: impl FnMut(AcceptedRow<'_>),
) -> rusqlite::Result<()> {
    // Before there were counts, there was nothing that said of a row that it is its message-id's only one.
    let alone = if db.table_exists(None, "tally")? { "alone" } else { "0" };
    let earliest = range.after.min(range.with_times_after.before(MOST_AHEAD));
    let way = if is_most_of_all(db, earliest)? { "NOT INDEXED" } else { "INDEXED BY conversion_settled" };
    let mut query = db.prepare(&format!(
        "SELECT id, channel, message_id, delivered, timestamp, settled, attempts, ambiguous, {alone} FROM conversion {way}
         WHERE state = ?1 AND state >= 2 AND settled > ?2 AND settled <= ?3 AND account = ?4
           AND (settled > ?5 OR timestamp > ?6)"
    ))?;
    let mut rows = query.query(params![
        RowState::Accepted,
        earliest.unix(),
        range.until.unix(),
        account,
        range.after.unix(),
        range.with_times_after.unix(),
    ])?;
    while let Some(row) = rows.next()? {
        let attempts: u32 = row.get(6)?;
        each(AcceptedRow {
            row: row.get(0)?,
            channel: row::channel(row, 1)?,
            message_id: row.get_ref(2)?.as_str()?,
            delivered: row.get(3)?,
            timestamp: row::timestamp(row, 4)?,
            settled: row::timestamp(row, 5)?,
            effort: EffortSpent {
                requests: attempts.into(),
                retries: attempts.saturating_sub(1).into(),
                ambiguous_resends: row.get::<_, u32>(7)?.into(),
            },
            others: if row.get_ref(8)?.as_i64() == Ok(statements::IS_ONLY) {
                Others::None
            } else {
                Others::Possible
            },
        });
    }
    Ok(())
}

/// Whether most of all rows were recorded after the first one that was accepted then. Read one after the other, each costs a third of what
/// it costs to find it by an index.
pub(super) fn is_most_of_all(db: &Connection, earliest: Timestamp) -> rusqlite::Result<bool> {
    // Each of these is one look into an index.
    let mut query = db.prepare(
        "SELECT (SELECT id FROM conversion WHERE state = ?1 AND state >= 2 AND settled > ?2 ORDER BY settled LIMIT 1),
                (SELECT min(id) FROM conversion), (SELECT max(id) FROM conversion)",
    )?;
    let ids: [Option<i64>; 3] = query.query_row(params![RowState::Accepted, earliest.unix()], |row| {
        Ok([row.get(0)?, row.get(1)?, row.get(2)?])
    })?;
    Ok(matches!(ids, [Some(found), Some(first), Some(last)] if last - found > found - first))
}

fn settled_otherwise(db: &Connection, account: i64, range: TimeRange) -> rusqlite::Result<Vec<SettledOtherwise>> {
    let mut query = db.prepare(&format!(
        "SELECT state, code, http_status, count(*), {EFFORT} FROM conversion
         WHERE state = ?1 AND state >= 2 AND settled > ?2 AND settled <= ?3 AND account = ?4
         GROUP BY code, http_status ORDER BY count(*) DESC, code, http_status"
    ))?;
    let mut found = Vec::new();
    for state in [RowState::Refused, RowState::Expired, RowState::Stale] {
        let rows = query.query_map(params![state, range.after.unix(), range.until.unix(), account], |row| {
            let has_code = row.get_ref(1)?.as_str_or_null()?.is_some();
            Ok(SettledOtherwise {
                state: row.get(0)?,
                code: has_code.then(|| row::code(row, 1)).transpose()?,
                http_status: row.get(2)?,
                rows: count(row, 3)?,
                effort: effort(row, 4)?,
            })
        })?;
        for row in rows {
            found.push(row?);
        }
    }
    Ok(found)
}

fn unreadable(db: &Connection, account: i64, range: TimeRange) -> rusqlite::Result<Vec<(ErrorCode, u64)>> {
    let mut query = db.prepare(
        "SELECT code, count(*) FROM unreadable WHERE seen > ?1 AND seen <= ?2 AND account = ?3
         GROUP BY code ORDER BY count(*) DESC, code",
    )?;
    query
        .query_map(params![range.after.unix(), range.until.unix(), account], |row| {
            Ok((row::code(row, 0)?, count(row, 1)?))
        })?
        .collect()
}

fn pending(db: &Connection, account: i64) -> rusqlite::Result<Pending> {
    let pending = if db.table_exists(None, "held")? {
        // Each half by its index; what a live run of an earlier version has in hand is in neither.
        "(SELECT recorded, attempts, ambiguous FROM conversion INDEXED BY conversion_queued
             WHERE account = ?1 AND state = 0
          UNION ALL SELECT recorded, attempts, ambiguous FROM held CROSS JOIN conversion
             ON conversion.id BETWEEN first AND last AND state = 1 AND owner = run AND account = ?1)"
    } else {
        "conversion WHERE account = ?1 AND state < 2"
    };
    let sql = format!("SELECT count(*), min(recorded), {EFFORT} FROM {pending}");
    db.query_row(&sql, [account], |row| {
        let rows = count(row, 0)?;
        let oldest = if rows == 0 { None } else { Some(row::timestamp(row, 1)?) };
        Ok(Pending { rows, oldest, effort: effort(row, 2)? })
    })
}

fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::unsigned_abs)
}

fn effort(row: &Row<'_>, from: usize) -> rusqlite::Result<EffortSpent> {
    Ok(EffortSpent {
        requests: count(row, from)?,
        retries: count(row, from + 1)?,
        ambiguous_resends: count(row, from + 2)?,
    })
}
