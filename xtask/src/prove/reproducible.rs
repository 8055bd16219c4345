//! The same source gives the same bytes, whatever the folder is called in which it is built.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::build::{Build, build};

/// Builds what is committed in two folders and compares; then once more, differently, which must be noticed.
pub(crate) fn show(root: &Path) -> anyhow::Result<String> {
    let folder = tempfile::tempdir()?;
    let [here, there] = ["here", "somewhere-else-with-a-longer-name"].map(|name| folder.path().join(name));
    let program = |place: &Path, which| fs::read(build(place, which)?).context("cannot read the program");
    clone(root, &here)?;
    clone(root, &there)?;
    let first = program(&here, Build::Honest)?;
    let second = program(&there, Build::Honest)?;
    ensure!(first == second, "the two builds differ, in {} bytes", differing(&first, &second));
    ensure!(program(&here, Build::Breakable)? != first, "control: another program has the same bytes");
    Ok(format!("{} bytes, the same in both folders; control: a build with another feature differs", first.len()))
}

/// A copy of what is committed.
pub(super) fn clone(root: &Path, place: &Path) -> anyhow::Result<()> {
    let status = Command::new("git").args(["clone", "--quiet"]).arg(root).arg(place).status();
    ensure!(status.context("cannot run git")?.success(), "git clone failed");
    Ok(())
}

fn differing(first: &[u8], second: &[u8]) -> usize {
    let differing = first.iter().zip(second).filter(|(a, b)| a != b).count();
    differing + first.len().abs_diff(second.len())
}
