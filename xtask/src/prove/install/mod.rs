//! What `cargo xtask dist` makes is installed as users install it: into a minimal Debian system without a compiler, whose units run
//! under a systemd of its own; by rpm; and as one file in a root file system that has nothing else.
//!
//! Nothing of this machine's is changed: each root is a folder of its own, entered with its own processes, mounts and network.

mod bare;
mod boot;
mod cost;
mod debian;
mod names;
mod red_hat;
mod root;
mod services;
mod units;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use clap::Args;
use rustix::process::geteuid;

use crate::dist::{self, DistArgs, Kind, TARGET};
use crate::machine::installed;

/// `prove install`.
#[derive(Debug, Args)]
pub(crate) struct InstallArgs {
    /// Without the .rpm, and with a program that is linked from what the release build has compiled
    #[arg(long)]
    short: bool,
}

/// Installs everything everywhere; fails where a step does not do what the documents say.
pub(crate) fn show(root: &Path, args: &InstallArgs) -> anyhow::Result<String> {
    if let Some(why) = impossible() {
        ensure!(!is_ci(), "{why}");
        return Ok(format!("SKIPPED, nothing is shown: {why}"));
    }
    let out = Path::new("target/dist-tried");
    let only = if args.short { vec![Kind::Deb, Kind::Container] } else { Vec::new() };
    let made =
        DistArgs { target: TARGET.to_owned(), out: out.to_owned(), only, allow_dirty: true, draft: args.short };
    dist::run(root, &made)?;
    let out = root.join(out);
    let program = root.join("target/static").join(TARGET).join("release/nexmo-conversion");

    let mut answer = debian::show(root, &package(&out, ".deb")?)?;
    if !args.short {
        answer.push(red_hat::show(root, &package(&out, ".rpm")?)?);
    }
    answer.extend(bare::show(root, &program, &package(&out, "-rootfs.tar.gz")?)?);
    answer.push(names::show(&program)?);
    answer.push(cost::show(root, &program)?);
    Ok(answer.join("\n"))
}

/// Why this cannot be shown here.
fn impossible() -> Option<String> {
    if !geteuid().is_root() {
        return Some("only root may enter a root file system of its own".to_owned());
    }
    let needed = ["mmdebstrap", "systemd-analyze", "unshare", "nsenter", "ip", "rpm", "dnsmasq", "valgrind"];
    let missing: Vec<_> = needed.into_iter().filter(|name| installed(name).is_none()).collect();
    if !missing.is_empty() {
        return Some(format!("not installed: {}", missing.join(", ")));
    }
    let allowed = Command::new("unshare").args(["--mount", "--pid", "--net", "--fork", "true"]).output();
    (!allowed.is_ok_and(|output| output.status.success())).then(|| "namespaces cannot be made here".to_owned())
}

#[expect(clippy::disallowed_methods, reason = "the gate says so, and no setting of the program does")]
fn is_ci() -> bool {
    env::var_os("CI").is_some()
}

fn package(out: &Path, kind: &str) -> anyhow::Result<PathBuf> {
    let mut files = fs::read_dir(out)?.filter_map(|entry| Some(entry.ok()?.path()));
    let is_it = |path: &PathBuf| path.to_string_lossy().ends_with(kind);
    files.find(is_it).with_context(|| format!("there is no {kind}"))
}

/// What a command came to.
pub(super) struct Said {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Said {
    /// Runs a command to its end.
    fn of(command: &mut Command) -> anyhow::Result<Self> {
        let output =
            command.output().with_context(|| format!("cannot run {}", command.get_program().display()))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Self { status: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) })
    }

    /// Its standard output, if it ended so.
    fn exits(self, status: i32) -> anyhow::Result<String> {
        let Self { status: was, stdout, stderr } = self;
        ensure!(was == Some(status), "ended with {was:?} instead of {status}\n{stdout}{stderr}");
        Ok(stdout)
    }
}
