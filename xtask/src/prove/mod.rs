//! Proofs of what `docs/promises.md` promises: each breaks something for real, shows that it did, counts in the sandbox's log,
//! and has a control in which the promise is broken and the same count must notice.

mod faults;
mod power;
mod stage;
mod strace;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::ensure;
use clap::Subcommand;
use rusqlite::Connection;

/// A promise
#[derive(Debug, Subcommand)]
pub(crate) enum Proof {
    /// Nothing recorded is lost by kill -9
    Kill,
    /// Nothing is lost when system calls fail
    Faults(faults::FaultsArgs),
    /// Nothing recorded is lost when the power is cut
    Power(power::PowerArgs),
}

impl Proof {
    /// Tries to break the promise; fails if that succeeds, or if the control does not.
    pub(crate) fn show(self, root: &Path) -> anyhow::Result<String> {
        match self {
            Self::Faults(args) => faults::show(root, &args),
            Self::Power(args) => power::show(root, &args),
            Self::Kill => {
                let programs = stage::Programs::build(root)?;
                let witness = stage::Witness::start(&programs, &[])?;
                let mut program = witness.command(&programs.honest);
                program.args(["--json", "sms", "0A0000000123ABCD1", "--delivered"]).status()?;
                let mut broken = witness.command(&programs.breakable);
                broken.args(["--json", "sms", "0A0000000123ABCD2", "--delivered"]);
                broken.env(stage::BREAK, "owned-by-one-run").status()?;
                Ok(format!("{:?}", witness.deliveries()?))
            }
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
