//! Stored configuration and credentials, and how they become total [`Settings`] in which every value knows where it
//! comes from.
//!
//! Three shapes: what was typed ([`Overrides`]), what is stored (the TOML file), what holds ([`Settings`] and
//! [`ResolvedAccount`]). This room reads no environment variable and asks nobody for a home folder: both are handed in
//! as [`Surroundings`]. It knows no command line, no exit code and no hint, and it never opens a socket.

mod authorities;
mod command;
mod credentials;
mod document;
mod error;
mod file;
mod file_error;
mod init;
mod npm_ini;
mod origin;
mod private_file;
mod proxy;
mod rate;
mod secret_source;
mod settings;
mod show;
#[cfg(test)]
mod tests;
mod text;
mod value;
mod variables;
mod vendor;
mod way;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

pub use authorities::CaCertificates;
pub use command::CommandError;
pub use credentials::{KnownKey, ResolvedAccount};
pub use document::Position;
pub use error::ConfigError;
pub use file_error::FileError;
pub use init::{NewProfile, add_profile, write_new};
pub use origin::{Origin, Setting};
pub use private_file::Warning;
pub use proxy::ProxySetting;
pub use rate::{Rate, RateError};
pub use secret_source::{SecretError, parse_secret, read_secret_file};
pub use settings::{BatchOverrides, Overrides, Settings};
pub use show::{ShownValue, show};
pub use value::ValueError;

use file::FileConfig;

/// What surrounds the program: everything this room needs to know and must not ask for itself.
#[derive(Clone)]
pub struct Surroundings {
    /// The environment; a variable that is set to nothing counts as unset.
    pub variables: BTreeMap<String, String>,
    /// Where the configuration is.
    pub config_file: ConfigFileChoice,
    /// The user's home, where it is known.
    pub home: Option<PathBuf>,
    /// The folder against which typed paths and variables are read.
    pub working_dir: PathBuf,
}

impl fmt::Debug for Surroundings {
    /// Leaves the variables out: secrets are among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings")
            .field("config_file", &self.config_file)
            .field("home", &self.home)
            .field("working_dir", &self.working_dir)
            .finish_non_exhaustive()
    }
}

/// Which configuration file, and whether it may be absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigFileChoice {
    /// The usual place; absent means empty.
    Default(PathBuf),
    /// `--config FILE`; must be there.
    Explicit(PathBuf),
    /// There is no usual place, because there is no home.
    Nowhere,
}

impl ConfigFileChoice {
    /// The file's path, whoever chose it.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Default(path) | Self::Explicit(path) => Some(path),
            Self::Nowhere => None,
        }
    }
}

impl Surroundings {
    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl Settings {
    /// The CA certificates that replace the system's; none where the system's hold.
    pub fn ca_certificates(&self) -> Result<Vec<CaCertificates>, ConfigError> {
        authorities::read(&self.cacert, &self.ca_folders)
    }
}

/// The configuration file as read, once, beside what surrounds the program. Settings and credentials are asked of it
/// separately, because much of the program works without credentials.
#[derive(Debug)]
pub struct Configuration<'a> {
    surroundings: &'a Surroundings,
    file: FileConfig,
}

impl<'a> Configuration<'a> {
    /// Reads the configuration file, and checks all of it.
    pub fn read(surroundings: &'a Surroundings) -> Result<Self, ConfigError> {
        Ok(Self { surroundings, file: file::read(&surroundings.config_file, surroundings.home.as_deref())? })
    }

    /// The settings that hold: flag, then `NEXMO_CONVERSION_<FLAG>`, then profile, then `[network]` or `[batch]`, then
    /// the default.
    pub fn settings(&self, overrides: &Overrides) -> Result<Settings, ConfigError> {
        settings::resolve(overrides, self.surroundings, &self.file)
    }

    /// The credentials that hold: one unit from one source, the first that there is. May run the command that prints
    /// the secret.
    pub fn account(&self, overrides: &Overrides) -> Result<ResolvedAccount, ConfigError> {
        credentials::resolve(overrides, self.surroundings, &self.file)
    }

    /// Whose credentials hold, without a look at any secret; `None` where there are none.
    pub fn api_key(&self, overrides: &Overrides) -> Result<Option<KnownKey>, ConfigError> {
        credentials::resolve_key(overrides, self.surroundings, &self.file)
    }

    /// The names of the stored profiles, in order.
    pub fn profile_names(&self) -> impl Iterator<Item = &str> {
        self.file.profiles.keys().map(String::as_str)
    }
}
