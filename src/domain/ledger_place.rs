//! Where a ledger is kept, complete: what a run and every look at it need to open it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::{Server, named};

/// A file, or a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerPlace {
    /// In this file, for the runs of one machine.
    File(PathBuf),
    /// On a server, for the runs of many.
    Server(Box<SharedLedger>),
}

/// A ledger on a server, and how runs share it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedLedger {
    /// The server.
    pub server: Server,
    /// The schema that has the tables.
    pub schema: String,
    /// How long a record may wait for others to be written down together.
    pub linger: Duration,
    /// How long a settled row is remembered.
    pub keep: Duration,
    /// How long a run that is silent owns its rows.
    pub lease: Duration,
    /// How long a run waits for a server that has gone.
    pub patience: Duration,
    /// The folder in which this machine's runs show each other that they live.
    pub locks: PathBuf,
    /// What the server has to promise.
    pub durability: Durability,
}

named! {
    /// Whether a server may say that something is kept before it is on its disk.
    Durability {
        /// It may not, and a run refuses it.
        Strict = "strict",
        /// It may, as it is set up: what it loses in a crash is lost here too, and may be sent twice or never.
        Server = "server",
    }
}

impl fmt::Display for LedgerPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Server(shared) => shared.server.fmt(f),
        }
    }
}
