//! A store's error with its place: what people and commands get to see.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

use super::store::StoreError;
use crate::domain::SharedLedger;

/// Where a ledger is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// In this file and those beside it.
    File(PathBuf),
    /// On this server, as `host:port/database`.
    Server(String),
    /// Nowhere: it is gone with the process.
    Memory,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Server(server) => f.write_str(server),
            Self::Memory => f.write_str("in memory"),
        }
    }
}

/// Why the ledger did not do what was asked. Whatever it had recorded before is untouched.
#[derive(Debug)]
pub struct LedgerError {
    location: Location,
    cause: StoreError,
}

impl LedgerError {
    pub(super) fn at_file(path: &Path) -> impl FnOnce(StoreError) -> Self {
        move |cause| Self::new(Location::File(path.to_owned()), cause)
    }

    pub(super) fn at_server(shared: &SharedLedger) -> impl FnOnce(StoreError) -> Self {
        let location = Location::Server(shared.server.to_string());
        move |cause| Self::new(location, cause)
    }

    pub(super) fn new(location: Location, cause: StoreError) -> Self {
        Self { location, cause }
    }

    /// What went wrong, whatever the place.
    #[must_use]
    pub fn cause(&self) -> &StoreError {
        &self.cause
    }

    /// Whether another process kept the ledger from us for too long: trying again may help.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self.cause, StoreError::Busy)
    }

    /// Whether the ledger's server is away: it may come back, and what it has acknowledged is kept.
    #[must_use]
    pub fn is_server_away(&self) -> bool {
        matches!(&self.cause, StoreError::Server(error) if error.is_away())
    }

    /// Whether the ledger is on a server.
    #[must_use]
    pub fn is_of_a_server(&self) -> bool {
        matches!(self.location, Location::Server(_))
    }

    /// Whether there was no room.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        matches!(self.cause, StoreError::DiskFull)
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.location;
        match &self.cause {
            StoreError::Busy => match place {
                Location::Server(_) => {
                    write!(f, "ledger {place} is busy: others were in the way each time, as long as it was tried")
                }
                Location::File(_) | Location::Memory => write!(f, "ledger {place} is busy"),
            },
            StoreError::DiskFull => write!(f, "no space left for ledger {place}"),
            StoreError::Foreign => write!(f, "{place} is not a ledger of this program"),
            StoreError::Empty => write!(f, "{place} is an empty file, not a ledger"),
            StoreError::Newer { found, known, .. } => {
                write!(f, "ledger {place} has schema {found}; this program knows up to {known}")
            }
            StoreError::Symlink => write!(f, "{place} is a symbolic link, which a ledger must not be"),
            StoreError::NotAFile(path) => write!(f, "{} is not a regular file", path.display()),
            StoreError::NetworkFileSystem(kind) => {
                write!(f, "ledger {place} is on a network file system ({kind})")
            }
            StoreError::Anothers { owner } => write!(f, "ledger {place} belongs to another user (uid {owner})"),
            StoreError::LeftByAnother { path, owner, .. } => {
                write!(f, "cannot use {}, which belongs to another user (uid {owner})", path.display())
            }
            StoreError::ReadOnly => write!(f, "ledger {place} is read-only"),
            StoreError::Damaged(detail) => write!(f, "ledger {place} is damaged: {detail}"),
            StoreError::SqliteTooOld(version) => {
                write!(f, "SQLite {version} is too old for a ledger (wanted 3.51.3 or later)")
            }
            StoreError::File { action, path, .. } => write!(f, "cannot {action} {}", path.display()),
            StoreError::Server(error) => write!(f, "ledger {place}: {error}"),
            StoreError::Database(_) => write!(f, "ledger {place}: the database failed"),
        }
    }
}

impl Error for LedgerError {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are whole in themselves")]
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            StoreError::File { source, .. } => Some(source),
            StoreError::Database(source) => Some(&**source),
            StoreError::Server(error) => error.source(),
            _ => None,
        }
    }
}
