//! Upkeep of a ledger outside of any run.

use std::path::Path;
use std::time::Duration;

use super::error::LedgerError;
use super::examination::Examination;
use super::store::postgres::{self, Access, Schema};
use super::store::{self, Forget};
use crate::domain::{LedgerPlace, SharedLedger, Timestamp};

/// The version of SQLite that is built in.
#[must_use]
pub fn sqlite_version() -> &'static str {
    store::sqlite_version()
}

/// Removes rows of every account that are older than that, and returns how many.
pub fn forget(path: &Path, what: Forget, older_than: Duration, now: Timestamp) -> Result<u64, LedgerError> {
    store::forget(path, what, older_than, now).map_err(LedgerError::at_file(path))
}

/// The same for the ledger at a place; nothing where there is none.
pub fn forget_at(
    place: &LedgerPlace,
    what: Forget,
    older_than: Duration,
    now: Timestamp,
) -> Result<u64, LedgerError> {
    match place {
        LedgerPlace::File(path) if !path.exists() => Ok(0),
        LedgerPlace::File(path) => forget(path, what, older_than, now),
        LedgerPlace::Server(shared) => {
            postgres::forget(&Access::to(shared), what, older_than, now).map_err(LedgerError::at_server(shared))
        }
    }
}

/// Tries whether a run could write to the ledger in a file, or make it where there is none.
pub fn try_to_write(path: &Path) -> Result<(), LedgerError> {
    store::try_to_write(path).map_err(LedgerError::at_file(path))
}

/// What became of a server's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migrated {
    /// Its version before; none where there was none.
    pub before: Option<i64>,
    /// Its version now.
    pub now: i64,
}

/// Makes a server's schema, or takes the steps that are missing.
pub fn migrate(shared: &SharedLedger) -> Result<Migrated, LedgerError> {
    let migrated = postgres::connect(&shared.server)
        .and_then(|mut connection| postgres::migrate(&mut connection, &Schema::named(&shared.schema)));
    let (before, now) = migrated.map_err(LedgerError::at_server(shared))?;
    Ok(Migrated { before, now })
}

/// Looks at a server. Changes nothing.
pub fn examine(shared: &SharedLedger) -> Result<Examination, LedgerError> {
    postgres::examine(shared).map_err(LedgerError::at_server(shared))
}
