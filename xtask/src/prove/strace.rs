//! Starting the program under strace, which records its system calls or makes them fail.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use super::stage::Witness;

/// Fails where strace is not installed, or where the sandbox that we run in allows no tracing.
pub(super) fn check() -> anyhow::Result<()> {
    let traced = Command::new("strace")
        .args(["-f", "-o", "/dev/null", "true"])
        .stdin(Stdio::null())
        .output()
        .context("this proof needs strace (apt-get install strace)")?;
    let said = String::from_utf8_lossy(&traced.stderr);
    ensure!(traced.status.success(), "strace cannot trace here: {}", said.trim());
    Ok(())
}

/// The program under strace with these options; the program's own arguments follow.
pub(super) fn command(witness: &Witness, options: &[&str], log: &Path, program: &Path) -> Command {
    let mut command = witness.command(Path::new("strace"));
    command.args(["-f", "-o"]).arg(log).args(options).arg("--").arg(program);
    command
}
