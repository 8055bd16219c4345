//! Reading a ledger without changing it: counts, dead letters, everything about one id, and what happened in a time range.
//!
//! Long answers are read in pages, so that no question takes longer than one may.

use std::cell::RefCell;
use std::sync::atomic::AtomicBool;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::access::Access;
use super::connect::Connection;
use super::exchange::{Statement, Step};
use super::row::{self, get, state_number};
use super::schema::{self, Schema};
use crate::domain::{BadRecord, Reference, Timestamp};
use crate::ledger::contents::{DeadLetter, HistoryRow, Kept, OpenCode, Original, StatusRow};
use crate::ledger::history::{
    AcceptedRow, CommandEnd, EffortSpent, Others, Pending, Remainder, SettledOtherwise, TimeRange,
};
use crate::ledger::state::RowState;
use crate::ledger::store::{ServerError, StoreError};

/// Rows of one answer.
const PAGE: i64 = 5000;

/// The retries of a row: the first request is none.
const EFFORT: &str = "coalesce(sum(c.attempts), 0)::int8, coalesce(sum(greatest(c.attempts - 1, 0)), 0)::int8,
     coalesce(sum(c.ambiguous), 0)::int8";

/// How commands ended.
const ENDS: &str = "SELECT command, at, exit_code FROM @ended WHERE account = $1 ORDER BY command";

/// A ledger, open for reading.
#[derive(Debug)]
pub(crate) struct PostgresReader {
    connection: RefCell<Connection>,
    schema: Schema,
}

impl PostgresReader {
    /// Opens a ledger that exists; `None` where there is none yet. Nothing is created.
    pub(crate) fn open(access: &Access) -> Result<Option<Self>, StoreError> {
        let mut connection = (access.connect)(&AtomicBool::new(false))?;
        match schema::refuse_other_versions(&mut connection, &access.schema) {
            Err(StoreError::Server(ServerError::Older { found: None, .. })) => Ok(None),
            Err(error) => Err(error),
            Ok(()) => {
                let schema = access.schema.clone();
                Ok(Some(Self { connection: RefCell::new(connection), schema }))
            }
        }
    }

    /// Counts and oldest, by account and state.
    pub(crate) fn status(&self) -> Result<Vec<StatusRow>, StoreError> {
        let answers = self.exchange(&[
            self.schema
                .statement(
                    "SELECT a.fingerprint, count(*), min(c.recorded), c.state FROM @conversion c
                     JOIN @account a ON a.id = c.account GROUP BY a.fingerprint, c.state",
                )
                .into(),
            self.schema
                .statement(
                    "SELECT a.fingerprint, count(*), min(u.seen) FROM @unreadable u
                     JOIN @account a ON a.id = u.account GROUP BY a.fingerprint",
                )
                .into(),
            self.schema
                .statement(
                    "SELECT a.fingerprint, count(*), min(c.arrived) FROM @code c
                     JOIN @account a ON a.id = c.account WHERE c.state = 0 GROUP BY a.fingerprint",
                )
                .into(),
        ])?;
        let mut rows = Vec::new();
        for (at, answer) in answers.iter().enumerate() {
            for row in answer {
                rows.push(StatusRow {
                    account: get(row, 0)?,
                    count: count(row, 1)?,
                    oldest: row::timestamp(row, 2)?,
                    kept: match at {
                        0 => Kept::Conversion(row::state(row, 3)?),
                        1 => Kept::Unreadable,
                        _ => Kept::OpenCode,
                    },
                });
            }
        }
        rows.sort_by(|a, b| (&a.account, a.kept).cmp(&(&b.account, b.kept)));
        Ok(rows)
    }

    /// Every dead letter, oldest first within its kind.
    pub(crate) fn refused(&self, mut each: impl FnMut(DeadLetter)) -> Result<(), StoreError> {
        let record = format!(
            "SELECT {}, c.code, c.reached, c.message, c.http_status, c.attempts, a.fingerprint, c.settled, c.id
             FROM @conversion c JOIN @account a ON a.id = c.account
             WHERE c.state = $1 AND c.state >= 2 AND (c.settled, c.id) > ($2, $3)
             ORDER BY c.settled, c.id LIMIT $4",
            row::RECORD
        );
        for state in [RowState::Refused, RowState::Expired] {
            self.pages(&record, state, dead_record, &mut each)?;
        }
        let unreadable = "SELECT u.line, u.reference, u.code, u.message, u.raw, a.fingerprint, u.seen, u.id
             FROM @unreadable u JOIN @account a ON a.id = u.account
             WHERE $1::int2 IS NOT NULL AND (u.seen, u.id) > ($2, $3) ORDER BY u.seen, u.id LIMIT $4";
        self.pages(unreadable, RowState::Refused, dead_input, &mut each)
    }

    fn pages<T>(
        &self,
        text: &str,
        state: RowState,
        read: impl Fn(&Row) -> Result<(T, PageStart), StoreError>,
        each: &mut impl FnMut(T),
    ) -> Result<(), StoreError> {
        /// Each of these may have its input's line with it.
        const FEWER: i64 = 256;
        let mut after: PageStart = (i64::MIN, 0);
        loop {
            let asked = self.schema.statement(text).with(state_number(state), Type::INT2);
            let page = self.query(asked.number(after.0).number(after.1).number(FEWER))?;
            if page.is_empty() {
                return Ok(());
            }
            for row in &page {
                let (item, start) = read(row)?;
                each(item);
                after = start;
            }
        }
    }

    /// The values of an id, of every account and channel.
    pub(crate) fn values(&self, message_id: &str) -> Result<Vec<HistoryRow>, StoreError> {
        let text = format!(
            "SELECT {}, c.state, c.recorded, c.next_attempt, c.settled, c.attempts, c.http_status, c.code, c.message,
                    a.fingerprint
             FROM @conversion c JOIN @account a ON a.id = c.account WHERE c.message_id = $1 ORDER BY c.id",
            row::RECORD
        );
        let asked = self.schema.statement(&text).with(message_id.to_owned(), Type::TEXT);
        self.query(asked)?.iter().map(history_row).collect()
    }

    /// The codes of an id that are open.
    pub(crate) fn open_codes(&self, message_id: &str) -> Result<Vec<OpenCode>, StoreError> {
        let asked = self.schema.statement(
            "SELECT a.fingerprint, c.closes FROM @part p JOIN @code c ON c.id = p.code
             JOIN @account a ON a.id = c.account WHERE p.message_id = $1 AND c.state = 0 ORDER BY c.id",
        );
        let rows = self.query(asked.with(message_id.to_owned(), Type::TEXT))?;
        let read = |row: &Row| {
            let deadline = get::<Option<i64>>(row, 1)?.and_then(|at| Timestamp::from_unix(at).ok());
            Ok(OpenCode { account: get(row, 0)?, deadline })
        };
        rows.iter().map(read).collect()
    }

    /// The fingerprints of all accounts that ever recorded something, in order.
    pub(crate) fn accounts(&self) -> Result<Vec<String>, StoreError> {
        let asked = self.schema.statement("SELECT fingerprint FROM @account ORDER BY fingerprint");
        self.query(asked)?.iter().map(|row| get(row, 0)).collect()
    }

    /// Shows each of the account's accepted rows of the range, in no particular order, and counts the rest, all at one moment.
    pub(crate) fn history(
        &self,
        account: &str,
        range: TimeRange,
        each: impl FnMut(AcceptedRow<'_>),
    ) -> Result<Remainder, StoreError> {
        let find = self.schema.statement("SELECT id FROM @account WHERE fingerprint = $1");
        let begin =
            Step::Commands("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL jit = off".to_owned());
        let answers = self.exchange(&[begin, find.with(account.to_owned(), Type::TEXT).into()])?;
        let found = match answers.iter().flatten().next() {
            None => Ok(Remainder::default()),
            Some(row) => {
                let account = get(row, 0)?;
                self.accepted(account, range, each).and_then(|()| self.remainder(account, range))
            }
        };
        self.exchange(&[Step::Commands("ROLLBACK".to_owned())])?;
        found
    }

    fn accepted(
        &self,
        account: i64,
        range: TimeRange,
        mut each: impl FnMut(AcceptedRow<'_>),
    ) -> Result<(), StoreError> {
        // A row whose own time is ahead of the clock was settled up to so long before that time.
        let earliest = range.after.min(range.with_times_after.before(Timestamp::MAX_AHEAD));
        let mut after: PageStart = (earliest.unix(), i64::MAX);
        loop {
            let asked = self.schema.statement(
                "SELECT id, channel, message_id, delivered, timestamp, settled, attempts, ambiguous FROM @conversion
                 WHERE state = 2 AND state >= 2 AND (settled, id) > ($1, $2) AND settled <= $3 AND account = $4
                   AND (settled > $5 OR timestamp > $6)
                 ORDER BY settled, id LIMIT $7",
            );
            let asked = asked.number(after.0).number(after.1).number(range.until.unix()).number(account);
            let asked = asked.number(range.after.unix()).number(range.with_times_after.unix()).number(PAGE);
            let page = self.query(asked)?;
            for row in &page {
                let attempts = get::<i32>(row, 6)?.unsigned_abs();
                each(AcceptedRow {
                    row: get(row, 0)?,
                    channel: row::channel(row, 1)?,
                    message_id: get(row, 2)?,
                    delivered: get(row, 3)?,
                    timestamp: row::timestamp(row, 4)?,
                    settled: row::timestamp(row, 5)?,
                    effort: EffortSpent {
                        requests: attempts.into(),
                        retries: attempts.saturating_sub(1).into(),
                        ambiguous_resends: get::<i32>(row, 7)?.unsigned_abs().into(),
                    },
                    others: Others::Possible,
                });
            }
            match page.last() {
                Some(last) => after = (get(last, 5)?, get(last, 0)?),
                None => return Ok(()),
            }
        }
    }

    fn remainder(&self, account: i64, range: TimeRange) -> Result<Remainder, StoreError> {
        let within = |text: &str| {
            let asked = self.schema.statement(text).number(account);
            asked.number(range.after.unix()).number(range.until.unix())
        };
        let settled = format!(
            "SELECT c.state, c.code, c.http_status, count(*), {EFFORT} FROM @conversion c
             WHERE c.state IN (3, 4, 5) AND c.state >= 2 AND c.account = $1 AND c.settled > $2 AND c.settled <= $3
             GROUP BY c.state, c.code, c.http_status
             ORDER BY c.state, count(*) DESC, c.code NULLS FIRST, c.http_status NULLS FIRST"
        );
        let unreadable = "SELECT code, count(*) FROM @unreadable WHERE account = $1 AND seen > $2 AND seen <= $3
             GROUP BY code ORDER BY count(*) DESC, code";
        let pending = format!(
            "SELECT count(*), min(c.recorded), {EFFORT} FROM @conversion c WHERE c.account = $1 AND c.state < 2"
        );
        let answers = self.exchange(&[
            within(&settled).into(),
            within(unreadable).into(),
            self.schema.statement(&pending).number(account).into(),
            self.schema.statement(ENDS).number(account).into(),
        ])?;
        let mut remainder = Remainder::default();
        for row in &answers[0] {
            remainder.settled.push(SettledOtherwise {
                state: row::state(row, 0)?,
                code: row::code(row, 1)?,
                http_status: http_status(row, 2)?,
                rows: count(row, 3)?,
                effort: effort(row, 4)?,
            });
        }
        for row in &answers[1] {
            let code = row::code(row, 0)?.ok_or_else(|| row::damaged("no reason"))?;
            remainder.unreadable.push((code, count(row, 1)?));
        }
        for row in &answers[2] {
            let rows = count(row, 0)?;
            let oldest = if rows == 0 { None } else { Some(row::timestamp(row, 1)?) };
            remainder.pending = Pending { rows, oldest, effort: effort(row, 2)? };
        }
        for row in &answers[3] {
            let exit_code = u8::try_from(get::<i32>(row, 2)?).map_err(|_| row::damaged("no exit code"))?;
            remainder.ends.push(CommandEnd { command: get(row, 0)?, at: row::timestamp(row, 1)?, exit_code });
        }
        Ok(remainder)
    }

    pub(super) fn query(&self, asked: Statement<'_>) -> Result<Vec<Row>, StoreError> {
        self.connection.borrow_mut().query(asked)
    }

    fn exchange(&self, steps: &[Step<'_>]) -> Result<Vec<Vec<Row>>, StoreError> {
        self.connection.borrow_mut().exchange(steps)
    }
}

/// The walk's position: time and row.
type PageStart = (i64, i64);

fn dead_record(row: &Row) -> Result<(DeadLetter, PageStart), StoreError> {
    let letter = DeadLetter {
        original: Original::Record {
            record: row::record(row)?,
            failure: row::failure(row, 7)?.ok_or_else(|| row::damaged("no failure"))?,
            http_status: http_status(row, 10)?,
            attempts: get::<i32>(row, 11)?.unsigned_abs(),
        },
        account: get(row, 12)?,
        when: row::timestamp(row, 13)?,
    };
    Ok((letter, (get(row, 13)?, get(row, 14)?)))
}

fn dead_input(row: &Row) -> Result<(DeadLetter, PageStart), StoreError> {
    let letter = DeadLetter {
        original: Original::Unreadable(BadRecord {
            line: get::<i64>(row, 0)?.unsigned_abs(),
            reference: get::<Option<&str>>(row, 1)?.map(Reference::from_json),
            code: row::code(row, 2)?.ok_or_else(|| row::damaged("no reason"))?,
            message: get(row, 3)?,
            raw: get(row, 4)?,
            file: None,
        }),
        account: get(row, 5)?,
        when: row::timestamp(row, 6)?,
    };
    Ok((letter, (get(row, 6)?, get(row, 7)?)))
}

fn history_row(row: &Row) -> Result<HistoryRow, StoreError> {
    let state = row::state(row, 7)?;
    let message = get::<Option<String>>(row, 14)?.unwrap_or_default();
    Ok(HistoryRow {
        account: get(row, 15)?,
        record: row::record(row)?,
        state,
        recorded: row::timestamp(row, 8)?,
        next_attempt: if state.is_pending() { Some(row::timestamp(row, 9)?) } else { None },
        settled: get::<Option<i64>>(row, 10)?.and_then(|at| Timestamp::from_unix(at).ok()),
        attempts: get::<i32>(row, 11)?.unsigned_abs(),
        http_status: http_status(row, 12)?,
        error: row::code(row, 13)?.map(|code| (code, message)),
    })
}

fn http_status(row: &Row, column: usize) -> Result<Option<u16>, StoreError> {
    Ok(get::<Option<i32>>(row, column)?.and_then(|status| u16::try_from(status).ok()))
}

fn count(row: &Row, column: usize) -> Result<u64, StoreError> {
    get::<i64>(row, column).map(i64::unsigned_abs)
}

fn effort(row: &Row, from: usize) -> Result<EffortSpent, StoreError> {
    Ok(EffortSpent {
        requests: count(row, from)?,
        retries: count(row, from + 1)?,
        ambiguous_resends: count(row, from + 2)?,
    })
}
