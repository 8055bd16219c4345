//! Proofs of what `docs/promises.md` promises: each breaks something for real, shows that it did, counts in the sandbox's log,
//! and has a control in which the promise is broken and the same count must notice.

mod count;
mod kill;
mod overlap;
mod power;
mod producer;
mod stage;
mod strace;

use std::path::Path;

use clap::Subcommand;

/// A promise
#[derive(Debug, Subcommand)]
pub(crate) enum Proof {
    /// Nothing recorded is lost by kill -9, and what it repeats is bounded
    Kill(kill::KillArgs),
    /// Of several runs at once, one sends each record, and a killed one's are free at once
    Overlap(overlap::OverlapArgs),
    /// Nothing recorded is lost when the power is cut
    Power(power::PowerArgs),
}

impl Proof {
    /// Tries to break the promise; fails if that succeeds, or if the control does not.
    pub(crate) fn show(self, root: &Path) -> anyhow::Result<String> {
        match self {
            Self::Kill(args) => kill::show(root, &args),
            Self::Overlap(args) => overlap::show(root, &args),
            Self::Power(args) => power::show(root, &args),
        }
    }
}
