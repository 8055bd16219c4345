//! The configuration file: what may stand in it. Everything is checked when it is read, also profiles that this run
//! does not use; secrets are only looked at, not fetched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::domain::{ApiKey, Secret};

use super::document::{Document, TomlEntry, TomlTable};
use super::error::ConfigError;
use super::file_error::FileError;
use super::model::{Credential, FileConfig, Preferences, Profile, PromisedSecret};
use super::origin::{Origin, Setting};
use super::private_file::{OpenFile, OpenMode, is_absent};
use super::secret_source::SecretSource;
use super::settings::{BATCH_KEYS, LEDGER_KEYS, NETWORK_KEYS, RawSetting};
use super::surroundings::ConfigFileChoice;
use super::text;
use super::value::{Folders, Raw, ValueError};

/// A configuration is written by hand; more than this is something else.
pub(super) const MOST: usize = 1024 * 1024;

pub(super) fn read(choice: &ConfigFileChoice, home: Option<&Path>) -> Result<FileConfig, ConfigError> {
    let Some(path) = choice.path() else { return Ok(FileConfig::default()) };
    let file = match (OpenFile::open(path, OpenMode::NonBlocking), choice) {
        (Err(FileError::Read { source, .. }), ConfigFileChoice::Default(_)) if is_absent(&source) => {
            return Ok(FileConfig { path: Some(path.to_owned()), ..FileConfig::default() });
        }
        (opened, ConfigFileChoice::Default(_) | ConfigFileChoice::Explicit(_) | ConfigFileChoice::Nowhere) => {
            opened?
        }
    };
    file.insist_readable()?;
    file.insist_ours()?;
    let bytes = file.read(MOST)?;
    let bytes = text::without_mark(&bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
        let at = Document { path, text: good }.position(good.len());
        ConfigError::Encoding { at }
    })?;
    let document = Document { path, text };
    let config = FileReader { path, home }.config(document.parse()?)?;
    if config.holds_secret() {
        file.insist_private()?;
    }
    file.insist_unwritable()?;
    Ok(config)
}

impl FileConfig {
    fn holds_secret(&self) -> bool {
        let preferences = self.profiles.values().map(|profile| &profile.preferences);
        self.profiles.values().any(|profile| profile.credential.holds_secret())
            || preferences.chain([&self.network, &self.batch]).any(Preferences::hold_secret)
    }
}

struct FileReader<'a> {
    path: &'a Path,
    home: Option<&'a Path>,
}

impl FileReader<'_> {
    fn config(&self, mut root: TomlTable<'_>) -> Result<FileConfig, ConfigError> {
        let default_profile = root.take("default_profile").map(|entry| entry.text()).transpose()?;
        let mut profiles = BTreeMap::new();
        if let Some(entry) = root.take("profiles") {
            for (name, entry) in entry.table()?.into_entries() {
                if !is_profile_name(&name) {
                    return Err(entry.error(ValueError::ProfileName));
                }
                let profile = self.profile(name.clone(), entry.table()?)?;
                profiles.insert(name, profile);
            }
        }
        let network = self.section(&mut root, "network", NETWORK_KEYS)?;
        let batch = self.section(&mut root, "batch", BATCH_KEYS)?;
        let ledger = self.section(&mut root, "ledger", LEDGER_KEYS)?;
        root.finish()?;
        Ok(FileConfig { path: Some(self.path.to_owned()), default_profile, profiles, network, batch, ledger })
    }

    fn section(
        &self,
        root: &mut TomlTable<'_>,
        section: &'static str,
        keys: &[&str],
    ) -> Result<Preferences, ConfigError> {
        let Some(entry) = root.take(section) else {
            return Ok(Preferences::default());
        };
        let mut table = entry.table()?;
        let file = self.path.to_owned();
        let origin = Origin::Section { section, file };
        let preferences = self.preferences(&mut table, keys, in_section, &origin)?;
        table.finish()?;
        Ok(preferences)
    }

    fn profile(&self, name: String, mut table: TomlTable<'_>) -> Result<Profile, ConfigError> {
        let file = self.path.to_owned();
        let origin = Origin::Profile { name, file };
        let credential = self.credential(&mut table, &origin)?;
        let keys = [NETWORK_KEYS, BATCH_KEYS, LEDGER_KEYS].concat();
        let preferences = self.preferences(&mut table, &keys, |key| key, &origin)?;
        table.finish()?;
        Ok(Profile { origin, credential, preferences })
    }

    fn preferences(
        &self,
        table: &mut TomlTable<'_>,
        keys: &[&str],
        spelled: fn(&'static str) -> &'static str,
        origin: &Origin,
    ) -> Result<Preferences, ConfigError> {
        Preferences::gather(self.folders(), |key| {
            if !keys.contains(&key) {
                return Ok(None);
            }
            let Some(entry) = table.take(spelled(key)) else {
                return Ok(None);
            };
            let spelled = spelled(key);
            Ok(Some(RawSetting { raw: entry.raw()?, spelled, at: Some(entry.at()), origin: origin.clone() }))
        })
    }

    fn credential(&self, table: &mut TomlTable<'_>, origin: &Origin) -> Result<Credential, ConfigError> {
        let set = |value| Setting { value, origin: origin.clone() };
        let api_key = match table.take("api_key") {
            Some(entry) => {
                let key = ApiKey::parse(&entry.text()?).map_err(|why| entry.error(why.into()))?;
                Some(set(key))
            }
            None => None,
        };
        Ok(Credential {
            api_key,
            api_secret: self.secret(table, origin, API_SECRET)?,
            signature_secret: self.secret(table, origin, SIGNATURE_SECRET)?,
            auth: named(table.take("auth"))?.map(|value| Setting { value, origin: origin.clone() }),
            signature_method: named(table.take("signature_method"))?,
            signature_timestamp: named(table.take("signature_timestamp"))?,
        })
    }

    /// At most one of a value, a file and a command.
    fn secret(
        &self,
        table: &mut TomlTable<'_>,
        origin: &Origin,
        [value, file, command]: [&'static str; 3],
    ) -> Result<Option<PromisedSecret>, ConfigError> {
        let mut found: Option<PromisedSecret> = None;
        for key in [value, file, command] {
            let Some(entry) = table.take(key) else { continue };
            if let Some(first) = found {
                return Err(ConfigError::BothSet {
                    first: first.key.to_owned(),
                    second: format!("{key} ({})", entry.at()),
                });
            }
            let source = if key == value {
                SecretSource::Value(Secret::new(entry.text()?))
            } else if key == file {
                let path = Raw::Text(entry.text()?).path(self.folders());
                SecretSource::File(path.map_err(|why| entry.error(why))?)
            } else {
                let (program, arguments) = entry.argv()?;
                SecretSource::Command { program: self.program(program), arguments }
            };
            found = Some(PromisedSecret { source, key, origin: origin.clone() });
        }
        Ok(found)
    }

    /// A bare name is looked up in `PATH`. Any other is a path like those beside it, never one of the current folder.
    fn program(&self, name: String) -> PathBuf {
        if name.contains('/') { self.folders().resolve(Path::new(&name)) } else { name.into() }
    }

    fn folders(&self) -> Folders<'_> {
        Folders { base: self.path.parent().unwrap_or(Path::new("")), home: self.home }
    }
}

/// In `[ledger]`, `ledger_schema` is `schema`.
fn in_section(key: &'static str) -> &'static str {
    match key.strip_prefix("ledger") {
        Some("") => "url",
        Some(rest) => rest.trim_start_matches('_'),
        None => key,
    }
}

const API_SECRET: [&str; 3] = ["api_secret", "api_secret_file", "api_secret_command"];
const SIGNATURE_SECRET: [&str; 3] = ["signature_secret", "signature_secret_file", "signature_secret_command"];

/// One name out of a set.
fn named<T: FromStr<Err = String>>(entry: Option<TomlEntry<'_>>) -> Result<Option<T>, ConfigError> {
    let Some(entry) = entry else { return Ok(None) };
    let name = entry.text()?.parse();
    name.map(Some).map_err(|names| entry.error(ValueError::Name(names)))
}

/// A name that can be typed and stands in a result line.
pub(super) fn is_profile_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(char::is_control)
}
