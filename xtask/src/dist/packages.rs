//! The two packages. What is in them stands in Cargo.toml, where their packers read it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::program::Manner;
use super::{Release, tools};

/// Debian's.
pub(super) fn deb(release: &Release<'_>, out: &Path) -> anyhow::Result<()> {
    let mut packer = tools::DEB.command()?;
    // The program is packed as it is in the archive.
    packer.args(["--quiet", "--no-build", "--no-strip", "--no-dbgsym", "--locked"]);
    // A draft need not be small.
    packer.args((release.manner == Manner::Draft).then_some("--fast"));
    pack(release, out, packer, "the .deb")
}

/// Red Hat's.
pub(super) fn rpm(release: &Release<'_>, out: &Path) -> anyhow::Result<()> {
    pack(release, out, tools::RPM.command()?, "the .rpm")
}

fn pack(release: &Release<'_>, out: &Path, mut packer: Command, what: &str) -> anyhow::Result<()> {
    packer
        .args(["--target", release.target, "--output"])
        .arg(out.join(""))
        .current_dir(release.root)
        .env("CARGO_TARGET_DIR", release.target_dir())
        .env("SOURCE_DATE_EPOCH", release.epoch.to_string());
    let output = packer.output().context("cannot run cargo")?;
    ensure!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
