//! Release builds of the program, for whatever measures or tries it as users have it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value;

/// The variables that cargo sets for a program that it runs. A cargo that finds it in its own environment builds ring and all above it anew,
/// because ring's build script watches these names.
pub(crate) const TOLD_BY_CARGO: [&str; 7] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_PKG_NAME",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
];

/// Which promises a build keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// All of them: the program as users get it.
    Honest,
    /// Those that it does not break.
    Breakable,
}

/// Cargo, and not as part of the build that has started us. The one that was found then, or else the one in `PATH`: rustup's chooses the
/// toolchain for all that it starts, where the toolchain's own would leave that to each crate's folder.
#[expect(
    clippy::disallowed_methods,
    reason = "what cargo tells those that it runs, and no setting of the program"
)]
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for name in TOLD_BY_CARGO {
        cargo.env_remove(name);
    }
    cargo
}

/// Builds the program, and says where it is. Both builds have the same place: who needs the two copies them.
pub(crate) fn build(root: &Path, build: Build) -> anyhow::Result<PathBuf> {
    let output = cargo()
        .args(["build", "--release", "--locked", "--bin", "nexmo-conversion"])
        .args((build == Build::Breakable).then_some("--features=failpoints"))
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    ensure!(output.status.success(), "the release build failed");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .context("cargo did not say where the program is")
}
