//! What users install, made of what is committed: an archive, a .deb, an .rpm, a bill of materials, checksums.
//!
//! The same commit gives the same bytes, in any folder. Nothing here knows how a release is published.

mod archive;
mod formula;
mod licences;
mod packages;
mod program;
mod sbom;
mod sums;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::build::cargo;
use program::Manner;

/// What is linked statically by the toolchain that everybody has.
pub(crate) const TARGET: &str = "x86_64-unknown-linux-gnu";

#[derive(Debug, Clone, Args)]
pub(crate) struct DistArgs {
    /// What it runs on
    #[arg(long, value_name = "TRIPLE", default_value = TARGET)]
    pub(crate) target: String,

    /// Where everything goes
    #[arg(long, value_name = "DIR", default_value = "target/dist")]
    pub(crate) out: PathBuf,

    /// Make only these
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub(crate) only: Vec<Kind>,

    /// Pack also what is not committed: to try it, not to publish it
    #[arg(long)]
    pub(crate) allow_dirty: bool,

    /// Link what the release build has compiled, in seconds. Names of this machine's folders stay in it: to try it, not to publish it
    #[arg(long)]
    pub(crate) draft: bool,
}

/// Something to install, or to go with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// The archive, and the Homebrew formula that fetches it
    Archive,
    Deb,
    Rpm,
    /// The bill of materials, by itself and in the archive
    Sbom,
    /// The root file system of a container
    Container,
}

/// One version for one target, and where it comes from.
pub(crate) struct Release<'a> {
    root: &'a Path,
    target: &'a str,
    manner: Manner,
    version: String,
    /// When it was committed: the time of everything that is made of it.
    epoch: u64,
}

impl Release<'_> {
    /// What the files of this release begin with.
    fn name(&self) -> String {
        format!("nexmo-conversion-{}-{}", self.version, self.target)
    }

    /// Where cargo puts what it builds for this. A folder of its own: other flags would build everything else anew.
    fn target_dir(&self) -> PathBuf {
        self.root.join("target/static")
    }

    /// Where the packers look for what is listed under `target/release`.
    fn built(&self) -> PathBuf {
        self.target_dir().join(self.target).join("release")
    }
}

/// Makes everything that was asked for.
pub(crate) fn run(root: &Path, args: &DistArgs) -> anyhow::Result<String> {
    ensure!(
        args.allow_dirty || is_clean(root)?,
        "something is not committed, so this would be no release: commit it, or give --allow-dirty to try it"
    );
    let metadata = metadata(root, &args.target)?;
    let manner = if args.draft { Manner::Draft } else { Manner::Published };
    let (version, epoch) = (version(&metadata)?, committed(root)?);
    let release = Release { root, target: &args.target, manner, version, epoch };
    let out = root.join(&args.out);
    if out.exists() {
        fs::remove_dir_all(&out).with_context(|| format!("cannot empty {}", out.display()))?;
    }
    fs::create_dir_all(&out)?;
    let wanted = |kind| args.only.is_empty() || args.only.contains(&kind);

    let program = program::build(&release)?;
    let licences = licences::collect(&metadata)?;
    fs::write(release.built().join(licences::FILE), &licences)?;
    let sbom = if wanted(Kind::Sbom) { Some(sbom::write(&release, &out)?) } else { None };
    if wanted(Kind::Archive) {
        let archive = archive::write(&release, &program, sbom.as_deref(), &out)?;
        formula::write(&release, &archive, &out)?;
    }
    if wanted(Kind::Container) {
        archive::write_root(&release, &program, &out)?;
    }
    if wanted(Kind::Deb) {
        packages::deb(&release, &out)?;
    }
    if wanted(Kind::Rpm) {
        packages::rpm(&release, &out)?;
    }
    sums::write(&out)
}

/// Whether what is here is what is committed. What git ignores is in no package.
fn is_clean(root: &Path) -> anyhow::Result<bool> {
    Ok(git(root, &["status", "--porcelain"])?.is_empty())
}

fn committed(root: &Path) -> anyhow::Result<u64> {
    git(root, &["log", "-1", "--format=%ct"])?.parse().context("git did not say when this was committed")
}

fn git(root: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output().context("cannot run git")?;
    ensure!(output.status.success(), "git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn metadata(root: &Path, target: &str) -> anyhow::Result<Value> {
    let output = cargo()
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", target])
        .current_dir(root)
        .output()
        .context("cannot run cargo")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("cargo metadata answered something else than JSON")
}

fn version(metadata: &Value) -> anyhow::Result<String> {
    let packages = metadata["packages"].as_array().context("no packages in cargo's metadata")?;
    let ours =
        packages.iter().find(|package| package["name"] == "nexmo-conversion" && package["source"].is_null());
    Ok(ours.and_then(|ours| ours["version"].as_str()).context("cargo does not know the version")?.to_owned())
}
