//! libFuzzer over every check of `fuzz/`, one after the other. What the checks say stands there; this only drives them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use clap::Args;

use crate::build::TOLD_BY_CARGO;

#[derive(Debug, Args)]
pub(crate) struct FuzzArgs {
    /// How long each check is tried
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Only this one
    #[arg(long)]
    check: Option<String>,
}

/// Tries each check; fails with the input that broke one.
pub(crate) fn run(root: &Path, args: &FuzzArgs) -> anyhow::Result<String> {
    let mut answer = Vec::new();
    for check in checks(root)? {
        if args.check.as_ref().is_none_or(|only| *only == check) {
            answer.push(format!("{check}: {} inputs", try_to_break(root, &check, args.seconds)?));
        }
    }
    ensure!(!answer.is_empty(), "there is no such check in fuzz/fuzz_targets");
    Ok(answer.join("\n"))
}

fn checks(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join("fuzz/fuzz_targets")).context("no fuzz/fuzz_targets")? {
        names.extend(entry?.path().file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// How many inputs were tried. What libFuzzer finds interesting stays in the target folder, so that the next call goes on.
fn try_to_break(root: &Path, check: &str, seconds: u32) -> anyhow::Result<String> {
    let found = root.join("target/fuzz").join(check);
    fs::create_dir_all(&found)?;
    let mut cargo = Command::new("rustup");
    for name in TOLD_BY_CARGO {
        cargo.env_remove(name);
    }
    // There is no unsafe code for an address sanitizer to look at, and without one it is several times as fast.
    let output = cargo
        .args(["run", "nightly", "cargo", "fuzz", "run", "--features", "libfuzzer", "--sanitizer", "none", check])
        .arg(&found)
        .arg(root.join("fuzz/corpus").join(check))
        .args(["--", "-max_len=600", "-timeout=20", "-print_final_stats=1", &format!("-max_total_time={seconds}")])
        .current_dir(root)
        .stderr(Stdio::piped())
        .output()
        .context("cannot run rustup")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{check}:\n{said}");
    let tried = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    tried.map(|count| count.trim().to_owned()).context("libFuzzer did not say what it has done")
}
