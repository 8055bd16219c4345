//! Everything that a ledger knows of one id, in the order of recording; for whoever is asked about a single message.

use rusqlite::{Row, params};

use crate::domain::{ErrorCode, Record, Timestamp};

use super::LedgerError;
use super::reader::LedgerReader;
use super::row::{self, State};

/// One value that was recorded for an id, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// The account's fingerprint.
    pub account: String,
    /// What was recorded.
    pub record: Record,
    /// Where it stands.
    pub state: State,
    /// When it was recorded.
    pub recorded: Timestamp,
    /// When it is to be sent, if it is pending.
    pub next_attempt: Option<Timestamp>,
    /// When it was settled, if it is.
    pub settled: Option<Timestamp>,
    /// How many requests were begun for it.
    pub attempts: u32,
    /// The last answer's status, where one was kept.
    pub http_status: Option<u16>,
    /// Why it was not accepted, so far or for good.
    pub error: Option<(ErrorCode, String)>,
}

/// A code whose log has not told yet whether the user converted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCode {
    /// The account's fingerprint.
    pub account: String,
    /// When silence becomes `delivered=false`, where that is known.
    pub closes: Option<Timestamp>,
}

impl LedgerReader {
    /// The values of an id, of every account and channel.
    pub fn history(&self, message_id: &str) -> Result<Vec<HistoryRow>, LedgerError> {
        let sql = format!(
            "SELECT {}, state, recorded, next_attempt, settled, attempts, http_status, code, message, fingerprint
             FROM conversion JOIN account ON account.id = conversion.account
             WHERE message_id = ?1 ORDER BY conversion.id",
            row::RECORD
        );
        self.all(&sql, message_id, history_row)
    }

    /// The codes of an id whose window is open.
    pub fn open_codes(&self, message_id: &str) -> Result<Vec<OpenCode>, LedgerError> {
        // A ledger that an older version wrote last knows no codes.
        if !self.db().table_exists(None, "code").map_err(|error| self.failed(error))? {
            return Ok(Vec::new());
        }
        let sql = "SELECT fingerprint, closes FROM part JOIN code ON code.id = part.code
             JOIN account ON account.id = code.account WHERE part.message_id = ?1 AND code.state = 0";
        self.all(sql, message_id, |row| {
            let closes = row.get::<_, Option<i64>>(1)?.and_then(|at| Timestamp::from_unix(at).ok());
            Ok(OpenCode { account: row.get(0)?, closes })
        })
    }

    fn all<T>(
        &self,
        sql: &str,
        message_id: &str,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, LedgerError> {
        let rows = self.db().prepare(sql).and_then(|mut query| {
            query.query_map(params![message_id], |row| read(row))?.collect::<rusqlite::Result<Vec<_>>>()
        });
        rows.map_err(|error| self.failed(error))
    }
}

fn history_row(row: &Row<'_>) -> rusqlite::Result<HistoryRow> {
    let state: State = row.get(7)?;
    let code = row.get_ref(13)?.as_str_or_null()?.map(|_| row::code(row, 13)).transpose()?;
    let message = row.get::<_, Option<String>>(14)?.unwrap_or_default();
    Ok(HistoryRow {
        account: row.get(15)?,
        record: row::record(row)?,
        state,
        recorded: row::timestamp(row, 8)?,
        next_attempt: if state.is_pending() { Some(row::timestamp(row, 9)?) } else { None },
        settled: row.get::<_, Option<i64>>(10)?.and_then(|at| Timestamp::from_unix(at).ok()),
        attempts: row.get(11)?,
        http_status: row.get(12)?,
        error: code.map(|code| (code, message)),
    })
}
