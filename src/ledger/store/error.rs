//! What can go wrong with a store, one variant for each remedy. Which store it was is in
//! [`LedgerError`](crate::ledger::LedgerError): an error is given its place once, where it leaves the ledger.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

/// Why a store did not do what was asked.
#[derive(Debug)]
pub enum StoreError {
    /// Another process kept the write lock for longer than we wait.
    Busy,
    /// No room: nothing of the group was recorded. Settling may still work.
    DiskFull,
    /// A file that is not a ledger, or a database of another program.
    Foreign,
    /// A file without a byte in it: this program never leaves one, so something else did.
    Empty,
    /// Written by a later version of this program.
    Newer {
        /// The version of its schema.
        found: i64,
        /// The latest that this program knows.
        known: i64,
    },
    /// The last component is a symbolic link.
    Symlink,
    /// A directory, a pipe or a device stands where this file should be.
    NotAFile(PathBuf),
    /// Locks and shared memory do not work reliably on this kind of file system.
    NetworkFileSystem(&'static str),
    /// The ledger is this user's. Root may write it, and would leave files beside it that its owner cannot open.
    Anothers {
        /// Whose it is.
        owner: u32,
    },
    /// A lock or a log beside the ledger that a run of another user's made, before that was refused.
    LeftByAnother {
        /// What was left.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// The ledger that it lies beside.
        ledger: PathBuf,
        /// Who cannot use it.
        me: u32,
    },
    /// May be read and not written.
    ReadOnly,
    /// The database has what it never writes.
    Damaged(String),
    /// Older versions can lose or corrupt a write-ahead log.
    SqliteTooOld(&'static str),
    /// Making, checking or removing one of the files around the ledger.
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Everything else that the database reports.
    Database(Box<dyn Error + Send + Sync>),
}

impl StoreError {
    pub(crate) fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File { action, path: path.to_owned(), source }
    }
}
