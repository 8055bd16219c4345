//! The room seen from outside, with real files and modes. Here: the one builder through which the tests speak, a
//! throw-away home with a configuration file, variables and what the user types.

mod credentials;
mod errors;
mod files;
mod init;
mod settings;
mod trust;

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{ConfigError, ConfigFileChoice, Configuration, Overrides, ResolvedAccount, Settings, Surroundings};

pub(super) struct Home {
    folder: TempDir,
    pub(super) surroundings: Surroundings,
    pub(super) overrides: Overrides,
}

impl Home {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "work"] {
            folder_at(&folder.path().join(name));
        }
        Self {
            surroundings: Surroundings {
                variables: std::collections::BTreeMap::new(),
                config_file: ConfigFileChoice::Default(folder.path().join("config.toml")),
                home: Some(folder.path().join("home")),
                state_dir: Some(folder.path().join("state")),
                working_dir: folder.path().join("work"),
            },
            folder,
            overrides: Overrides::default(),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn file(self, name: &str, text: impl AsRef<[u8]>, mode: u32) -> Self {
        let path = self.path(name);
        folder_at(path.parent().unwrap());
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        self
    }

    pub(super) fn pipe(&self, name: &str) {
        let made = std::process::Command::new("mkfifo").args(["-m", "600"]).arg(self.path(name)).status();
        assert!(made.unwrap().success());
    }

    pub(super) fn config(self, text: &str) -> Self {
        self.file("config.toml", text, 0o600)
    }

    pub(super) fn variable(mut self, name: &str, value: &str) -> Self {
        self.surroundings.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(super) fn typed(mut self, change: impl FnOnce(&mut Overrides)) -> Self {
        change(&mut self.overrides);
        self
    }

    pub(super) fn settings(&self) -> Result<Settings, ConfigError> {
        Configuration::read(&self.surroundings)?.settings(&self.overrides)
    }

    pub(super) fn account(&self) -> Result<ResolvedAccount, ConfigError> {
        Configuration::read(&self.surroundings)?.account(&self.overrides)
    }

    /// An error with its causes, as `cli` shows them, with the folder's name taken out.
    pub(super) fn message<T>(&self, result: Result<T, ConfigError>) -> String {
        let Err(error) = result else {
            panic!("there is no error");
        };
        self.redacted(&chain(&error))
    }

    pub(super) fn redacted(&self, text: &str) -> String {
        text.replace(&self.folder.path().display().to_string(), "~")
    }
}

/// A folder that only its owner can change, whatever the umask.
fn folder_at(path: &Path) {
    DirBuilder::new().recursive(true).mode(0o755).create(path).unwrap();
}

fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}
