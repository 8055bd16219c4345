//! What happened to an account's conversions in a stretch of time: every one that was accepted, row by row, and everything else
//! counted. It finds rows by when they were settled, because the index has that; what the rows come to is not known here.

use std::time::Duration;

use rusqlite::{Connection, Row, params};

use crate::domain::{Channel, ErrorCode, Timestamp};

use super::LedgerError;
use super::reader::LedgerReader;
use super::row::{self, State};

/// Which rows are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Settled later than this …
    pub after: Timestamp,
    /// … and not later than this.
    pub until: Timestamp,
    /// Accepted rows that were settled before, but whose own time is later than this, are wanted, too.
    pub with_times_after: Timestamp,
}

/// A conversion that was accepted; borrowed, because there may be millions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptedRow<'a> {
    /// Grows with the order of recording.
    pub row: i64,
    /// The channel.
    pub channel: Channel,
    /// The message-id.
    pub message_id: &'a str,
    /// Whether the user completed the step.
    pub delivered: bool,
    /// When the user completed it, or did not.
    pub timestamp: Timestamp,
    /// When the API's answer was written down.
    pub settled: Timestamp,
    /// What it took.
    pub effort: EffortSpent,
}

/// What it took to settle one or more rows, or not to settle them yet.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct EffortSpent {
    /// Requests begun.
    pub requests: u64,
    /// Of these, how many were not a row's first.
    pub retries: u64,
    /// Of these, how many were sent although the one before may have arrived.
    pub ambiguous_resends: u64,
}

impl EffortSpent {
    /// Adds another one.
    pub fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.retries += other.retries;
        self.ambiguous_resends += other.ambiguous_resends;
    }
}

/// Everything of the stretch that was not accepted, and what is pending whenever it was recorded.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Remainder {
    /// Refused, expired and stale rows, by their reason.
    pub settled: Vec<SettledOtherwise>,
    /// Input that was no record, by its reason.
    pub unreadable: Vec<(ErrorCode, u64)>,
    /// Rows whose outcome is open.
    pub pending: Pending,
}

/// Rows that ended otherwise than accepted, with one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettledOtherwise {
    /// Refused, expired or stale.
    pub state: State,
    /// Why; a row that was overtaken has no reason unless it failed before.
    pub code: Option<ErrorCode>,
    /// The API's last status, if it answered.
    pub http_status: Option<u16>,
    /// How many.
    pub rows: u64,
    /// What they took.
    pub effort: EffortSpent,
}

/// Rows whose outcome is open.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// How many.
    pub rows: u64,
    /// When the oldest was recorded.
    pub oldest: Option<Timestamp>,
    /// What was spent on them so far.
    pub effort: EffortSpent,
}

/// The retries of a row: the first request is none.
const EFFORT: &str =
    "coalesce(sum(attempts), 0), coalesce(sum(max(attempts - 1, 0)), 0), coalesce(sum(ambiguous), 0)";

impl LedgerReader {
    /// The fingerprints of all accounts that ever recorded something, in order.
    pub fn accounts(&self) -> Result<Vec<String>, LedgerError> {
        let names = || {
            let mut query = self.db().prepare("SELECT fingerprint FROM account ORDER BY fingerprint")?;
            query.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()
        };
        names().map_err(|error| self.failed(error))
    }

    /// Shows each of the account's accepted rows of the stretch, in no order that means anything, and counts the rest. All of it is of one moment.
    pub fn evidence(
        &self,
        account: &str,
        stretch: Stretch,
        each: impl FnMut(AcceptedRow<'_>),
    ) -> Result<Remainder, LedgerError> {
        let look = || {
            // Dropped without a commit, and nothing was written: it is there to hold one view of the file.
            let view = self.db().unchecked_transaction()?;
            let Some(account) = number_of(&view, account)? else {
                return Ok(Remainder::default());
            };
            accepted(&view, account, stretch, each)?;
            Ok(Remainder {
                settled: settled_otherwise(&view, account, stretch)?,
                unreadable: unreadable(&view, account, stretch)?,
                pending: pending(&view, account)?,
            })
        };
        look().map_err(|error| self.failed(error))
    }
}

fn number_of(db: &Connection, account: &str) -> rusqlite::Result<Option<i64>> {
    let mut query = db.prepare("SELECT id FROM account WHERE fingerprint = ?1")?;
    let mut rows = query.query([account])?;
    rows.next()?.map(|row| row.get(0)).transpose()
}

/// A row whose own time is ahead of the clock was settled up to so long before that time.
const MOST_AHEAD: Duration = Timestamp::MAX_AHEAD;

fn accepted(
    db: &Connection,
    account: i64,
    stretch: Stretch,
    mut each: impl FnMut(AcceptedRow<'_>),
) -> rusqlite::Result<()> {
    let mut query = db.prepare(
        "SELECT id, channel, message_id, delivered, timestamp, settled, attempts, ambiguous FROM conversion
         WHERE state = ?1 AND state >= 2 AND settled > ?2 AND settled <= ?3 AND account = ?4
           AND (settled > ?5 OR timestamp > ?6)",
    )?;
    let earliest = stretch.after.min(stretch.with_times_after.before(MOST_AHEAD));
    let mut rows = query.query(params![
        State::Accepted,
        earliest.unix(),
        stretch.until.unix(),
        account,
        stretch.after.unix(),
        stretch.with_times_after.unix(),
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
        });
    }
    Ok(())
}

fn settled_otherwise(db: &Connection, account: i64, stretch: Stretch) -> rusqlite::Result<Vec<SettledOtherwise>> {
    let mut query = db.prepare(&format!(
        "SELECT state, code, http_status, count(*), {EFFORT} FROM conversion
         WHERE state = ?1 AND state >= 2 AND settled > ?2 AND settled <= ?3 AND account = ?4
         GROUP BY code, http_status ORDER BY count(*) DESC, code, http_status"
    ))?;
    let mut found = Vec::new();
    for state in [State::Refused, State::Expired, State::Stale] {
        let rows =
            query.query_map(params![state, stretch.after.unix(), stretch.until.unix(), account], |row| {
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

fn unreadable(db: &Connection, account: i64, stretch: Stretch) -> rusqlite::Result<Vec<(ErrorCode, u64)>> {
    let mut query = db.prepare(
        "SELECT code, count(*) FROM unreadable WHERE seen > ?1 AND seen <= ?2 AND account = ?3
         GROUP BY code ORDER BY count(*) DESC, code",
    )?;
    query
        .query_map(params![stretch.after.unix(), stretch.until.unix(), account], |row| {
            Ok((row::code(row, 0)?, count(row, 1)?))
        })?
        .collect()
}

fn pending(db: &Connection, account: i64) -> rusqlite::Result<Pending> {
    let sql = format!("SELECT count(*), min(recorded), {EFFORT} FROM conversion WHERE account = ?1 AND state < 2");
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
