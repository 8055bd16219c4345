//! What one process costs, from exec to exit.

use std::ffi::OsString;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use nexmo_conversion::clock;
use wait4::Wait4 as _;

/// One run of a process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    /// User and system time.
    pub(crate) cpu: Duration,
    /// Bytes. Never less than what this process had when it forked: see the row of the empty program.
    pub(crate) peak: u64,
}

/// A program with its arguments and its whole environment: nothing is inherited, so that both sides find the same.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) path: OsString,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) environment: Vec<(&'static str, OsString)>,
    /// A run that ends otherwise is no measurement.
    pub(crate) exit: i32,
}

impl Program {
    fn command(&self) -> Command {
        self.under(Command::new(&self.path))
    }

    /// The program with this as its standard input.
    pub(crate) fn with_input(&self, input: Stdio) -> Command {
        let mut command = self.command();
        command.stdin(input);
        command
    }

    fn under(&self, mut command: Command) -> Command {
        command.args(&self.arguments).env_clear().envs(self.environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self) -> anyhow::Result<Cost> {
        let began = clock::monotonic();
        let mut child = self.command().spawn().with_context(|| format!("cannot start {}", self.path.display()))?;
        let mut said = String::new();
        if let Some(mut stderr) = child.stderr.take() {
            stderr.read_to_string(&mut said)?;
        }
        let end = child.wait4()?;
        let wall = clock::monotonic().saturating_sub(began);
        ensure!(end.status.code() == Some(self.exit), "{} ended with {}: {said}", self.path.display(), end.status);
        Ok(Cost { wall, cpu: end.rusage.utime + end.rusage.stime, peak: end.rusage.maxrss })
    }

    /// The instructions that it executes in user space, as valgrind counts them.
    pub(crate) fn instructions(&self, valgrind: &Path) -> anyhow::Result<u64> {
        let mut command = Command::new(valgrind);
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(&self.path);
        let output = self.under(command).output().context("cannot start valgrind")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(self.exit), "under valgrind: {}: {said}", output.status);
        collected(&said).with_context(|| format!("valgrind did not say what it collected: {said}"))
    }
}

fn collected(said: &str) -> Option<u64> {
    said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
}

/// The middle one, which one disturbed run does not move.
pub(crate) fn median<T: Ord + Copy>(values: impl IntoIterator<Item = T>) -> Option<T> {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::{collected, median};

    #[test]
    fn the_middle_of_an_odd_number_is_not_moved_by_an_outlier() {
        assert_eq!(median([5, 1, 900]), Some(5));
        assert_eq!(median::<u8>([]), None);
    }

    #[test]
    fn what_valgrind_collected_is_read() {
        assert_eq!(collected("==7== Events    : Ir\n==7== Collected : 4712345\n==7==\n"), Some(4_712_345));
        assert_eq!(collected("==7== I refs: 12\n"), None);
    }
}
