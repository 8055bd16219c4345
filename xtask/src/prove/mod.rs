//! Proofs of what `docs/promises.md` promises: each breaks something for real, shows that it did, counts in the sandbox's log,
//! and has a control in which the promise is broken and the same count must notice.

mod redirects;
mod stage;

use std::path::Path;

use clap::Subcommand;

/// A promise
#[derive(Debug, Subcommand)]
pub(crate) enum Proof {
    /// Nothing recorded is lost by kill -9
    Kill,
    /// No redirect is followed
    Redirects,
}

impl Proof {
    /// Tries to break the promise; fails if that succeeds, or if the control does not.
    pub(crate) fn show(self, root: &Path) -> anyhow::Result<String> {
        match self {
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
            Self::Redirects => redirects::show(root),
        }
    }
}
