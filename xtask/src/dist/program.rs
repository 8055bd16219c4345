//! The program, linked statically: it needs no library of the machine it runs on.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use super::Release;
use crate::build::cargo;

/// For whom it is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// For users: the same bytes wherever it is built.
    Published,
    /// For a trial: what the release build has compiled is linked once more.
    Draft,
}

const PROGRAM: [&str; 4] = ["--release", "--locked", "--bin", "nexmo-conversion"];
const STATIC: &str = "-Ctarget-feature=+crt-static";

/// Builds it, and says where it is.
pub(super) fn build(release: &Release<'_>) -> anyhow::Result<PathBuf> {
    let program = release.built().join("nexmo-conversion");
    match release.manner {
        Manner::Published => {
            published(release)?;
            let bytes = fs::read(&program).with_context(|| format!("cannot read {}", program.display()))?;
            for folder in [release.root, &cargo_home()?] {
                let name = folder.display();
                ensure!(!contains(&bytes, folder), "the program has a folder of this machine in it: {name}");
            }
        }
        Manner::Draft => {
            fs::create_dir_all(release.built())?;
            fs::copy(draft(release)?, &program).context("cannot copy the program")?;
        }
    }
    Ok(program)
}

fn published(release: &Release<'_>) -> anyhow::Result<()> {
    let status = cargo()
        .current_dir(release.root)
        .args(["build", "--target", release.target])
        .args(PROGRAM)
        .env("CARGO_TARGET_DIR", release.target_dir())
        .env("CARGO_ENCODED_RUSTFLAGS", flags(release.root, &cargo_home()?).join("\x1f"))
        .status();
    ensure!(status.context("cannot run cargo")?.success(), "the static build failed");
    Ok(())
}

/// Only the last crate is told: what is linked decides.
fn draft(release: &Release<'_>) -> anyhow::Result<PathBuf> {
    let target_dir = release.root.join("target");
    let status = cargo()
        .current_dir(release.root)
        .arg("rustc")
        .args(PROGRAM)
        .env("CARGO_TARGET_DIR", &target_dir)
        .args(["--", STATIC])
        .status();
    ensure!(status.context("cannot run cargo")?.success(), "the static build failed");
    Ok(target_dir.join("release/nexmo-conversion"))
}

/// No folder of this machine's is named in what is built.
fn flags(root: &Path, cargo_home: &Path) -> [String; 3] {
    [
        STATIC.to_owned(),
        format!("--remap-path-prefix={}=/cargo", cargo_home.join("registry/src").display()),
        format!("--remap-path-prefix={}=/nexmo-conversion", root.display()),
    ]
}

#[expect(clippy::disallowed_methods, reason = "where cargo keeps its sources, and no setting of the program")]
fn cargo_home() -> anyhow::Result<PathBuf> {
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cargo"));
    env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home).context("neither CARGO_HOME nor HOME is set")
}

fn contains(bytes: &[u8], folder: &Path) -> bool {
    let name = folder.as_os_str().as_encoded_bytes();
    bytes.windows(name.len()).any(|window| window == name)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::contains;

    #[test]
    fn a_name_is_found_wherever_it_is() {
        assert!(contains(b"\0/home/me/src\0", Path::new("/home/me")));
        assert!(!contains(b"\0/home/you\0", Path::new("/home/me")));
    }
}
