//! What linking statically costs, or saves, in instructions.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use nexmo_conversion::sandbox::{Encryption, Sandbox, SandboxOptions};

use super::Said;
use crate::build::{Build, build};

const COMMANDS: [&[&str]; 2] = [&["--version"], &["sms", "A", "--delivered", "--no-ledger"]];

/// Counts both; fails if the static program needs more.
pub(super) fn show(root: &Path, program: &Path) -> anyhow::Result<String> {
    let dynamic = build(root, Build::Honest)?;
    let sandbox = Sandbox::start(SandboxOptions { encryption: Encryption::Plain, ..SandboxOptions::default() })?;
    let mut shown = Vec::new();
    for command in COMMANDS {
        let (ours, theirs) =
            (instructions(program, command, &sandbox)?, instructions(&dynamic, command, &sandbox)?);
        let text = format!(
            "`{}` {:.2} M, linked dynamically {:.2} M",
            command.join(" "),
            millions(ours),
            millions(theirs)
        );
        ensure!(ours <= theirs, "the static program needs more instructions: {text}");
        shown.push(text);
    }
    Ok(format!("cost     instructions of {}", shown.join("; ")))
}

fn instructions(program: &Path, command: &[&str], sandbox: &Sandbox) -> anyhow::Result<u64> {
    let account = sandbox.accounts().first().context("the sandbox has no account")?;
    let said = Said::of(
        Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(program)
            .args(command)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("NEXMO_CONVERSION_BASE_URL", sandbox.base_url())
            .env("VONAGE_API_KEY", account.api_key.as_str())
            .env("VONAGE_API_SECRET", account.api_secret.expose()),
    )?;
    let counted =
        said.stderr.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, count)| count.trim());
    counted
        .and_then(|count| count.parse().ok())
        .with_context(|| format!("callgrind counted nothing: {}", said.stderr))
}

#[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
fn millions(count: u64) -> f64 {
    count as f64 / 1e6
}
