//! What a look at a ledger's server shows.

use std::time::Duration;

/// A server, as it is right now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examination {
    /// Which of its hosts answered.
    pub host: String,
    /// Its version, in its own words.
    pub version: String,
    /// What protects the connection, for people.
    pub protection: &'static str,
    /// How long a question took.
    pub round_trip: Duration,
    /// The version of the ledger's schema; none where there is none.
    pub found: Option<i64>,
    /// The one that this program needs.
    pub known: i64,
    /// The release that a later schema asks for, where it says so.
    pub program: Option<String>,
    /// Seconds by which this machine's clock is ahead of the server's.
    pub clock_ahead: i64,
    /// Whether it waits for its disk.
    pub fsync: String,
    /// What a commit waits for.
    pub synchronous_commit: String,
    /// Which standbys it waits for.
    pub synchronous_standbys: String,
    /// Whether transactions go to connections that others use, too.
    pub is_pooled: bool,
    /// Tables that the role may not work on.
    pub missing_grants: Vec<String>,
    /// Runs whose lease has not ended.
    pub live_runs: Option<u64>,
    /// How long the oldest transaction in the database has been open.
    pub oldest_transaction: Duration,
}
