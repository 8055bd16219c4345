//! Chance that can be repeated.

use clap::Args;

/// Where chance begins.
#[derive(Debug, Args)]
pub(crate) struct Seed {
    /// Begin chance with this number, which an earlier proof has printed
    #[arg(long = "seed", value_name = "N")]
    number: Option<u64>,
}

impl Seed {
    /// The number that was asked for, or any: the proof prints it.
    pub(crate) fn choose(&self) -> u64 {
        self.number.unwrap_or_else(|| fastrand::u64(..1_000_000))
    }
}
