//! What can go wrong with a store, one variant for each remedy. Which store it was is in
//! [`LedgerError`](crate::ledger::LedgerError): an error is given its place once, where it leaves the ledger.

use std::error;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// What the other side, or the way to it, said.
pub type Why = Box<dyn error::Error + Send + Sync>;

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
        /// The release that it asks for, where it says so.
        program: Option<String>,
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
    /// What only a server can report.
    Server(ServerError),
    /// Everything else that the database reports.
    Database(Why),
}

impl StoreError {
    pub(crate) fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File { action, path: path.to_owned(), source }
    }
}

/// Why a server did not do what was asked, one variant for each remedy.
#[derive(Debug, Error)]
pub enum ServerError {
    /// It does not answer, or no longer.
    #[error("the server cannot be reached")]
    Unreachable(#[source] Why),
    /// What answers is no PostgreSQL server.
    #[error("what answers at {0} is not a PostgreSQL server")]
    NotPostgres(String),
    /// It has no place for another connection.
    #[error("the server takes no more connections")]
    TooManyConnections(#[source] Why),
    /// It takes no writes: a replica, or one that was told so.
    #[error("the server takes no writes")]
    ReadOnly(#[source] Why),
    /// It is not one of those that are wanted.
    #[error("{0}")]
    WrongSession(String),
    /// It does not let this role in.
    #[error("the server refused the login")]
    LoginRefused(#[source] Why),
    /// It asks for a proof, and there is no password.
    #[error("the server asks for a proof of who calls, and no password was found")]
    NoPassword(#[source] Why),
    /// It has no such database.
    #[error("the server has no such database")]
    NoDatabase(#[source] Why),
    /// The role lacks a right.
    #[error("the role lacks a right")]
    NotGranted(#[source] Why),
    /// The connection could not be protected as it must be.
    #[error("the connection cannot be protected")]
    Tls(#[source] Why),
    /// It has no ledger yet, or one that an older version made. Only `ledger migrate` changes that.
    #[error("{}", older(*found, *known))]
    Older {
        /// The version of its schema; none where there is none.
        found: Option<i64>,
        /// The version that this program needs.
        known: i64,
    },
    /// It says that something is kept before it is.
    #[error("the server acknowledges before what it acknowledges is durable ({0})")]
    NotDurable(&'static str),
}

impl ServerError {
    /// Whether it is away, or none of its hosts takes writes: it may come back, or another take its place.
    #[must_use]
    pub fn is_away(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::TooManyConnections(_) | Self::ReadOnly(_) | Self::WrongSession(_)
        )
    }
}

impl From<ServerError> for StoreError {
    fn from(error: ServerError) -> Self {
        Self::Server(error)
    }
}

fn older(found: Option<i64>, known: i64) -> String {
    match found {
        None => "there is no ledger in the database yet".to_owned(),
        Some(found) => format!("its schema is {found}; this program needs {known}"),
    }
}
