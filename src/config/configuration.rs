//! The configuration file as it was read, and what holds by it.

use std::path::{Path, PathBuf};

use crate::domain::{LedgerAddress, LedgerPlace};

use super::error::ConfigError;
use super::model::{FileConfig, KnownKey, Overrides, ResolvedAccount, Settings};
use super::origin::Setting;
use super::surroundings::Surroundings;
use super::{credentials, file, server, settings};

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

    /// Where the ledger is, complete; `None` where there is no home to keep it in. Reads what a server's description names.
    pub fn ledger(&self, settings: &Settings) -> Result<Option<LedgerPlace>, ConfigError> {
        match &settings.ledger.address.value {
            None => Ok(None),
            Some(LedgerAddress::File(path)) => Ok(Some(LedgerPlace::File(path.clone()))),
            Some(LedgerAddress::Server(url)) => {
                server::resolve(url, &settings.ledger.address.origin, settings, self.surroundings)
            }
        }
    }

    /// The names of the stored profiles, in order.
    pub fn profile_names(&self) -> impl Iterator<Item = &str> {
        self.file.profiles.keys().map(String::as_str)
    }
}

/// The ledger's file, where a flag or a variable names one: then the configuration has no say in it, and need not be read.
pub fn ledger_at_once(
    typed: Option<&Path>,
    surroundings: &Surroundings,
) -> Result<Option<Setting<PathBuf>>, ConfigError> {
    Ok(match settings::ledger_named(typed, surroundings)? {
        Some(Setting { value: LedgerAddress::File(value), origin }) => Some(Setting { value, origin }),
        Some(Setting { value: LedgerAddress::Server(_), .. }) | None => None,
    })
}
