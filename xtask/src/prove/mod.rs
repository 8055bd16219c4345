//! Proofs of what `docs/promises.md` promises: each breaks something for real, shows that it did, counts in the sandbox's log,
//! and has a control in which the promise is broken and the same count must notice.

mod between;
mod count;
mod dist;
mod faults;
mod fleet;
mod follow;
mod install;
mod kill;
mod ledger;
mod overlap;
mod partition;
mod pooler;
mod power;
mod producer;
mod proxies;
mod redirects;
mod reproducible;
mod retry;
mod seed;
mod server;
mod stage;
mod standby;
mod strace;
mod track;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::ensure;
use clap::Subcommand;
use rusqlite::Connection;

/// A promise
#[derive(Debug, Subcommand)]
pub(crate) enum Proof {
    /// Nothing recorded is lost by kill -9, and what it repeats is bounded
    Kill(kill::KillArgs),
    /// Nothing recorded is lost or repeated when the ledger's server crashes under the runs of several machines
    Server(server::ServerArgs),
    /// A machine that is cut off from the ledger's server, or stopped for a while, does no harm when it comes back
    Partition(partition::PartitionArgs),
    /// Nothing recorded is lost with the ledger's server where a standby was asked before each commit was acknowledged
    Standby(standby::StandbyArgs),
    /// Of several runs at once, one sends each record, in order, and what a killed one had is free
    Overlap(overlap::OverlapArgs),
    /// Nothing is lost when system calls fail
    Faults(faults::FaultsArgs),
    /// Nothing recorded is lost when the power is cut
    Power(power::PowerArgs),
    /// The same source gives the same bytes in another folder
    Build,
    /// What `cargo xtask dist` makes is the same in another folder, and at another time
    Dist(dist::TwiceArgs),
    /// What `cargo xtask dist` makes can be installed, works where nothing else is, and goes again
    Install(install::InstallArgs),
    /// A day of a log becomes exactly the right conversions, again and through kills
    Track(track::TrackArgs),
    /// Of a log that is followed no line is missing and none is taken twice, through rotations and kill -9
    Follow(follow::FollowArgs),
    /// No redirect is followed
    Redirects,
    /// A connection that nginx or HAProxy has closed costs no record, no repeat and no doubt
    Proxies(proxies::ProxiesArgs),
    /// A shared ledger behind PgBouncer in transaction mode keeps what one without a pooler does
    Pooler(pooler::PoolerArgs),
    /// What a shared ledger's server gives up because of others is tried again, and comes to the same
    Retry(retry::RetryArgs),
}

impl Proof {
    /// Tries to break the promise; fails if that succeeds, or if the control does not.
    pub(crate) fn show(self, root: &Path) -> anyhow::Result<String> {
        match self {
            Self::Kill(args) => kill::show(root, &args),
            Self::Server(args) => server::show(root, &args),
            Self::Partition(args) => partition::show(root, &args),
            Self::Standby(args) => standby::show(root, &args),
            Self::Overlap(args) => overlap::show(root, &args),
            Self::Faults(args) => faults::show(root, &args),
            Self::Power(args) => power::show(root, &args),
            Self::Build => reproducible::show(root),
            Self::Dist(args) => dist::show(root, &args),
            Self::Install(args) => install::show(root, &args),
            Self::Track(args) => track::show(root, &args),
            Self::Follow(args) => follow::show(root, &args),
            Self::Redirects => redirects::show(root),
            Self::Proxies(args) => proxies::show(root, &args),
            Self::Pooler(args) => pooler::show(root, &args),
            Self::Retry(args) => retry::show(root, &args),
        }
    }
}

/// The message-ids of an undamaged ledger with the numbers of their states: below 2 is pending, 2 is accepted.
fn ledger_rows(ledger: &Path) -> anyhow::Result<BTreeMap<String, i64>> {
    let db = Connection::open(ledger)?;
    let found: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    ensure!(found == "ok", "{found}");
    let mut query = db.prepare("SELECT message_id, state FROM conversion")?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
