//! What SQLite reports, by what can be done about it.

use rusqlite::ErrorCode;

use crate::ledger::store::StoreError;

impl From<rusqlite::Error> for StoreError {
    #[expect(clippy::wildcard_enum_match_arm, reason = "SQLite's list of failures, not ours")]
    fn from(error: rusqlite::Error) -> Self {
        match &error {
            rusqlite::Error::SqliteFailure(failure, text) => match failure.code {
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
                ErrorCode::DiskFull => Self::DiskFull,
                ErrorCode::ReadOnly => Self::ReadOnly,
                ErrorCode::NotADatabase => Self::Foreign,
                ErrorCode::DatabaseCorrupt => Self::Damaged(text.clone().unwrap_or_default()),
                _ => Self::Database(error.into()),
            },
            rusqlite::Error::FromSqlConversionFailure(_, _, why) => Self::Damaged(why.to_string()),
            _ => Self::Database(error.into()),
        }
    }
}
