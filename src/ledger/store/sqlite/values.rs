//! Everything that a ledger holds about one id, in the order of recording, for questions about a single message.

use rusqlite::{Row, params};

use super::reader::SqliteReader;
use super::row;
use crate::domain::Timestamp;
use crate::ledger::contents::{HistoryRow, OpenCode};
use crate::ledger::state::RowState;
use crate::ledger::store::StoreError;

impl SqliteReader {
    /// The values of an id, of every account and channel.
    pub(crate) fn values(&self, message_id: &str) -> Result<Vec<HistoryRow>, StoreError> {
        let sql = format!(
            "SELECT {}, state, recorded, next_attempt, settled, attempts, http_status, code, message, fingerprint
             FROM conversion JOIN account ON account.id = conversion.account
             WHERE message_id = ?1 ORDER BY conversion.id",
            row::RECORD
        );
        self.all(&sql, message_id, history_row)
    }

    /// The open codes of an id.
    pub(crate) fn open_codes(&self, message_id: &str) -> Result<Vec<OpenCode>, StoreError> {
        // A ledger that an older version wrote last knows no codes.
        if !self.db().table_exists(None, "code")? {
            return Ok(Vec::new());
        }
        let sql = "SELECT fingerprint, closes FROM part JOIN code ON code.id = part.code
             JOIN account ON account.id = code.account WHERE part.message_id = ?1 AND code.state = 0";
        self.all(sql, message_id, |row| {
            let deadline = row.get::<_, Option<i64>>(1)?.and_then(|at| Timestamp::from_unix(at).ok());
            Ok(OpenCode { account: row.get(0)?, deadline })
        })
    }

    fn all<T>(
        &self,
        sql: &str,
        message_id: &str,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let rows = self.db().prepare(sql).and_then(|mut query| {
            query.query_map(params![message_id], |row| read(row))?.collect::<rusqlite::Result<Vec<_>>>()
        });
        Ok(rows?)
    }
}

fn history_row(row: &Row<'_>) -> rusqlite::Result<HistoryRow> {
    let state: RowState = row.get(7)?;
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
