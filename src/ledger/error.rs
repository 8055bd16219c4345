//! What can go wrong with a ledger, each kind on its own because each has another remedy.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use thiserror::Error;

use super::RowId;

/// Why the ledger did not do what was asked. Whatever it had recorded before is untouched.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the fields repeat what the message names")]
pub enum LedgerError {
    /// Another process kept the write lock for longer than we wait.
    #[error("ledger {} is busy", .path.display())]
    Busy { path: PathBuf },
    /// No room: nothing of the group was recorded. Settling may still work.
    #[error("no space left for ledger {}", .path.display())]
    DiskFull { path: PathBuf },
    /// A file that is not a ledger, or a database of another program.
    #[error("{} is not a ledger of this program", .path.display())]
    Foreign { path: PathBuf },
    /// A file without a byte in it: this program never leaves one, so something else did.
    #[error("{} is an empty file, not a ledger", .path.display())]
    Empty { path: PathBuf },
    /// Written by a later version of this program.
    #[error("ledger {} has schema {found}; this program knows up to {known}", .path.display())]
    Newer { path: PathBuf, found: i64, known: i64 },
    /// The last component is a symbolic link.
    #[error("{} is a symbolic link, which a ledger must not be", .path.display())]
    Symlink { path: PathBuf },
    /// The last component is a directory, a pipe or a device.
    #[error("{} is not a regular file", .path.display())]
    NotAFile { path: PathBuf },
    /// Locks and shared memory do not work reliably there.
    #[error("ledger {} is on a network file system ({kind})", .path.display())]
    NetworkFileSystem { path: PathBuf, kind: &'static str },
    /// Root may write it, and would leave files beside it that its owner cannot open.
    #[error("ledger {} belongs to another user (uid {owner})", .path.display())]
    Anothers { path: PathBuf, owner: u32 },
    /// A lock or a log beside the ledger that a run of another user's made, before that was refused.
    #[error("cannot use {}, which belongs to another user (uid {owner})", .path.display())]
    LeftByAnother { path: PathBuf, owner: u32, ledger: PathBuf, me: u32 },
    /// May be read and not written.
    #[error("ledger {} is read-only", .path.display())]
    ReadOnly { path: PathBuf },
    /// SQLite found what it never writes.
    #[error("ledger {} is damaged: {detail}", .path.display())]
    Damaged { path: PathBuf, detail: String },
    /// Older versions can lose or corrupt a write-ahead log.
    #[error("SQLite {version} is too old for a ledger (wanted 3.51.3 or later)")]
    SqliteTooOld { version: &'static str },
    /// A ticket of another ledger, or a row that something else has changed.
    #[error("ledger {}: row {row} is not held by this run", .path.display())]
    NotHeld { path: PathBuf, row: RowId },
    /// Making, checking or removing one of the files around the ledger.
    #[error("cannot {action} {}", .path.display())]
    File { action: &'static str, path: PathBuf, source: io::Error },
    /// Everything else that SQLite reports.
    #[error("ledger {}: the database failed", .path.display())]
    Database { path: PathBuf, source: rusqlite::Error },
}

impl LedgerError {
    #[expect(clippy::wildcard_enum_match_arm, reason = "SQLite's list of failures, not ours")]
    pub(super) fn database(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match &source {
            rusqlite::Error::SqliteFailure(failure, text) => match failure.code {
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy { path },
                ErrorCode::DiskFull => Self::DiskFull { path },
                ErrorCode::ReadOnly => Self::ReadOnly { path },
                ErrorCode::NotADatabase => Self::Foreign { path },
                ErrorCode::DatabaseCorrupt => Self::Damaged { path, detail: text.clone().unwrap_or_default() },
                _ => Self::Database { path, source },
            },
            rusqlite::Error::FromSqlConversionFailure(_, _, why) => {
                Self::Damaged { path, detail: why.to_string() }
            }
            _ => Self::Database { path, source },
        }
    }

    pub(super) fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File { action, path: path.to_owned(), source }
    }
}
