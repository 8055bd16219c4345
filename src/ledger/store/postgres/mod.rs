//! The ledger on a PostgreSQL server, for the runs of many machines.
//!
//! This room knows PostgreSQL: how a server is reached and asked. It decides nothing about what is in the ledger.

mod binding;
mod connect;
mod failure;
mod session;
mod stream;
#[cfg(test)]
mod tests;
mod tls;

use crate::domain::SharedLedger;
use crate::ledger::store::{ServerError, StoreError};

/// What stands here until the store does.
pub(crate) fn not_yet(shared: &SharedLedger) -> StoreError {
    match connect(&shared.server, crate::domain::SessionWanted::ReadWrite) {
        Ok(_) => StoreError::Server(ServerError::Older { found: None, known: 1 }),
        Err(error) => error,
    }
}

pub(crate) use connect::{Connection, connect};
