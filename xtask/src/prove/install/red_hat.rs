//! The .rpm, by Debian's rpm, into a minimal system: its own scripts make the user there.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::Said;
use super::root::Root;

/// What must be where.
const FILES: [&str; 7] = [
    "/etc/nexmo-conversion/config.toml",
    "/usr/bin/nexmo-conversion",
    "/usr/lib/systemd/system/nexmo-conversion-batch@.timer",
    "/usr/lib/systemd/system/nexmo-conversion-track@.service",
    "/usr/share/bash-completion/completions/nexmo-conversion",
    "/usr/share/man/man1/nexmo-conversion.1",
    "/usr/share/zsh/site-functions/_nexmo-conversion",
];

/// Installs it, tries it and erases it.
pub(super) fn show(root: &Path, package: &Path) -> anyhow::Result<String> {
    let listed = Said::of(Command::new("rpm").arg("-qpl").arg(package))?.exits(0).context("rpm -qpl")?;
    for file in FILES {
        ensure!(listed.lines().any(|line| line == file), "the .rpm has no {file}: {listed}");
    }
    let system = Root::debian(root)?;
    let rpm = |words: &[&str]| Said::of(Command::new("rpm").arg("--root").arg(system.path()).args(words));
    rpm(&["--initdb"])?.exits(0).context("rpm --initdb")?;
    // The system's own database is dpkg's, and knows nothing of what an .rpm requires.
    rpm(&["--nodeps", "-i", &package.display().to_string()])?.exits(0).context("rpm -i")?;
    let said = system.shell("nexmo-conversion sms 0A0000000123ABCD1 --delivered --sandbox")?.exits(0)?;
    ensure!(said.starts_with("accepted  sms  "), "{said}");
    let owners =
        system.shell("stat -c '%U:%G %a' /etc/nexmo-conversion /etc/nexmo-conversion/config.toml")?.exits(0)?;
    ensure!(owners == "root:nexmo-conversion 750\nroot:nexmo-conversion 640\n", "/etc: {owners}");
    let ledger = system.at("/var/lib/nexmo-conversion/ledger.db");
    fs::create_dir_all(system.at("/var/lib/nexmo-conversion"))?;
    fs::write(&ledger, "kept")?;
    rpm(&["-e", "nexmo-conversion"])?.exits(0).context("rpm -e")?;
    ensure!(!system.at("/usr/bin/nexmo-conversion").exists(), "erasing leaves the program");
    ensure!(ledger.exists(), "erasing has removed the ledger");
    Ok(format!(
        "rpm      {} files, installed by rpm with its user; erasing keeps the ledger",
        listed.lines().count()
    ))
}
