//! Where a ledger on a server is, and how a run keeps it.

use std::fmt;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::connect::{Connection, connect_unless};
use super::schema::Schema;
use crate::domain::{Durability, SessionWanted, SharedLedger};
use crate::ledger::store::StoreError;

/// Opens a connection to the ledger's server, unless somebody says meanwhile that none is wanted any more.
pub(crate) type Connect = Box<dyn Fn(&AtomicBool) -> Result<Connection, StoreError> + Send>;

/// Where a ledger on a server is, and how a run keeps it.
pub(crate) struct Access {
    /// For people.
    pub(crate) name: String,
    /// How it is reached, now and after the connection was lost.
    pub(crate) connect: Connect,
    /// In which schema.
    pub(crate) schema: Schema,
    /// Where this machine's runs keep their locks.
    pub(crate) locks: Box<Path>,
    /// How long a run's rows stay its own without a word from it.
    pub(crate) lease: Duration,
    /// How long a server that is gone is waited for.
    pub(crate) patience: Duration,
    /// How long a settled row is remembered.
    pub(crate) keep: Duration,
    /// What the server has to promise.
    pub(crate) durability: Durability,
}

impl Access {
    /// To a ledger as the settings describe it.
    pub(crate) fn to(shared: &SharedLedger) -> Self {
        Self::by(SessionWanted::ReadWrite, shared)
    }

    /// The same for reading, which a replica is good for.
    pub(crate) fn for_reading(shared: &SharedLedger) -> Self {
        Self::by(SessionWanted::Any, shared)
    }

    fn by(needs: SessionWanted, shared: &SharedLedger) -> Self {
        let server = shared.server.clone();
        Self {
            name: server.to_string(),
            connect: Box::new(move |stop| connect_unless(stop, &server, needs)),
            schema: Schema::named(&shared.schema),
            locks: shared.locks.as_path().into(),
            lease: shared.lease,
            patience: shared.patience,
            keep: shared.keep,
            durability: shared.durability,
        }
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("name", &self.name).field("schema", &self.schema).finish_non_exhaustive()
    }
}
