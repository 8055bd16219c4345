//! The same commit gives the same packages, whatever the folder is called and whenever they are made.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::Args;

use super::reproducible::clone;
use crate::dist::{self, DistArgs, TARGET};

/// `prove dist`.
#[derive(Debug, Args)]
pub(crate) struct TwiceArgs {
    /// Pack twice what was built once: minutes less, and nothing is shown of the build
    #[arg(long)]
    packing: bool,
}

/// Makes everything that is published of what is committed, in two folders, and compares; then once more, of something else.
pub(crate) fn show(root: &Path, args: &TwiceArgs) -> anyhow::Result<String> {
    let folder = tempfile::tempdir()?;
    let [here, there] = ["here", "somewhere-else-with-a-longer-name"].map(|name| folder.path().join(name));
    clone(root, &here)?;
    let first = made(&here, "target/dist")?;
    let again = if args.packing {
        here
    } else {
        clone(root, &there)?;
        there
    };
    let second = made(&again, "target/dist-again")?;
    ensure!(first.keys().eq(second.keys()), "other files: {:?} and {:?}", first.keys(), second.keys());
    for (name, bytes) in &first {
        ensure!(second.get(name) == Some(bytes), "{name} differs");
    }
    let mut changelog = fs::OpenOptions::new().append(true).open(again.join("CHANGELOG.md"))?;
    writeln!(changelog, "Not committed.")?;
    let control = made(&again, "target/dist-control")?;
    for packed in [".deb", ".rpm", "gnu.tar.gz", "SHA256SUMS"] {
        let of = |files: &BTreeMap<String, Vec<u8>>| {
            files.iter().find(|(name, _)| name.ends_with(packed)).map(|(_, bytes)| bytes.clone())
        };
        let made = of(&first).with_context(|| format!("there is no {packed}"))?;
        ensure!(of(&control) != Some(made), "control: another {packed} has the same bytes");
    }
    let what = if args.packing { "packed twice" } else { "made in two folders" };
    Ok(format!("{} files, the same bytes, {what}; control: of another changelog they differ", first.len()))
}

/// What one folder makes, by its names.
fn made(root: &Path, out: &str) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let args = DistArgs {
        target: TARGET.to_owned(),
        out: PathBuf::from(out),
        only: Vec::new(),
        allow_dirty: true,
        draft: false,
    };
    dist::run(root, &args)?;
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(root.join(out))? {
        let entry = entry?;
        files.insert(entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?);
    }
    Ok(files)
}
