//! The packers: other people's programs, each in one version.

use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

use crate::build::cargo;

/// A subcommand of cargo's that is no part of it.
pub(super) struct Tool {
    /// Its package, which is `cargo-` and the subcommand.
    package: &'static str,
    version: &'static str,
}

pub(super) const DEB: Tool = Tool { package: "cargo-deb", version: "3.8.0" };
pub(super) const RPM: Tool = Tool { package: "cargo-generate-rpm", version: "0.21.1" };
pub(super) const SBOM: Tool = Tool { package: "cargo-cyclonedx", version: "0.5.9" };

impl Tool {
    /// The subcommand, ready for its arguments; installed first where it is missing.
    pub(super) fn command(&self) -> anyhow::Result<Command> {
        match self.installed() {
            Some(version) if version == self.version => {}
            Some(other) => bail!(
                "{} {other} is installed, and another version makes other bytes: `cargo install --locked --version {} {}`",
                self.package,
                self.version,
                self.package
            ),
            None => self.install()?,
        }
        Ok(self.subcommand())
    }

    fn subcommand(&self) -> Command {
        let mut command = cargo();
        command.arg(self.package.strip_prefix("cargo-").unwrap_or(self.package));
        command
    }

    /// The version that is here.
    fn installed(&self) -> Option<String> {
        let output = self.subcommand().arg("--version").stderr(Stdio::null()).output().ok()?;
        let said = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| said.split_whitespace().next_back().map(str::to_owned))?
    }

    fn install(&self) -> anyhow::Result<()> {
        let mut cargo = cargo();
        cargo.args(["install", "--quiet", "--locked", "--version", self.version, self.package]);
        // It shares nothing with a build of ours.
        cargo.env_remove("CARGO_TARGET_DIR");
        ensure!(cargo.status().context("cannot run cargo")?.success(), "{} cannot be installed", self.package);
        Ok(())
    }
}
