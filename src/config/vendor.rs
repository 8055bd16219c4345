//! The files in which the vendor's own command lines keep credentials, read-only and asked last. They are not ours: that
//! others can read them we only say, and what else stands in them does not concern us.

use std::path::PathBuf;

use crate::domain::{ApiKey, Secret};

use super::error::ConfigError;
use super::file_error::FileError;
use super::model::{Credential, PromisedSecret};
use super::npm_ini;
use super::origin::{Origin, Setting};
use super::private_file::{OpenFile, OpenMode, Warning};
use super::secret_source::SecretSource;
use super::surroundings::Surroundings;
use super::text;

/// A vendor's file that has credentials, or half of them.
pub(super) struct VendorFile {
    pub(super) path: PathBuf,
    pub(super) kind: VendorProgram,
    pub(super) credential: Credential,
    pub(super) warnings: Vec<Warning>,
}

/// Whose file it is, which is also its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VendorProgram {
    /// `vonage-cli`: JSON.
    Vonage,
    /// `nexmo-cli`: INI with a section `[credentials]`.
    Nexmo,
}

const MOST: usize = 64 * 1024;

/// The places, in the order of asking: the newer program first, the nearer file first.
pub(super) fn places(surroundings: &Surroundings) -> impl Iterator<Item = (PathBuf, VendorProgram)> {
    let (here, home) = (Some(surroundings.working_dir.as_path()), surroundings.home.as_deref());
    [
        (here, ".vonagerc", VendorProgram::Vonage),
        (home, ".vonage/config.json", VendorProgram::Vonage),
        (here, ".nexmorc", VendorProgram::Nexmo),
        (home, ".nexmorc", VendorProgram::Nexmo),
    ]
    .into_iter()
    // A current folder that was removed has no path.
    .filter_map(|(folder, name, kind)| Some((folder.filter(|folder| folder.is_absolute())?.join(name), kind)))
}

/// The first file that has a key or a secret.
pub(super) fn find(surroundings: &Surroundings) -> Result<Option<VendorFile>, ConfigError> {
    for (path, kind) in places(surroundings) {
        if let Some(found) = read(path, kind)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn read(path: PathBuf, kind: VendorProgram) -> Result<Option<VendorFile>, ConfigError> {
    let file = match OpenFile::open(&path, OpenMode::NonBlocking) {
        Ok(file) => file,
        // Not ours to complain about: a user who cannot read it does not use it.
        Err(FileError::Read { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    file.insist_readable()?;
    let bytes = file.read(MOST)?;
    let malformed = |line| ConfigError::VendorFile { path: path.clone(), line, wanted: kind.format() };
    let text = std::str::from_utf8(text::without_mark(&bytes)).map_err(|_| malformed(1))?;
    let pair = match kind {
        VendorProgram::Vonage => json(text),
        VendorProgram::Nexmo => ini(text),
    };
    let Pair { key, secret } = pair.map_err(malformed)?;
    if key.is_none() && secret.is_none() {
        return Ok(None);
    }
    let origin = Origin::VendorFile(path.clone());
    let api_key = key.as_deref().map(ApiKey::parse).transpose();
    let api_key = api_key.map_err(|why| ConfigError::Value {
        place: format!("{} in {origin}", kind.key_name()),
        source: why.into(),
    })?;
    let credential = Credential {
        api_key: api_key.map(|value| Setting { value, origin: origin.clone() }),
        api_secret: secret.map(|secret| PromisedSecret {
            source: SecretSource::Value(secret),
            key: kind.secret_name(),
            origin,
        }),
        ..Credential::default()
    };
    // Another user would choose the account that the user's conversions go to.
    file.insist_ours()?;
    file.insist_unwritable()?;
    let warnings = file.doubt().into_iter().collect();
    Ok(Some(VendorFile { path, kind, credential, warnings }))
}

struct Pair {
    key: Option<String>,
    secret: Option<Secret>,
}

/// The line is all that an error carries: the parsers' own texts may quote values.
fn json(text: &str) -> Result<Pair, usize> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| error.line())?;
    let object = value.as_object().ok_or(1_usize)?;
    let get = |names: [&str; 2]| {
        let value = names.into_iter().find_map(|name| object.get(name)?.as_str());
        value.filter(|value| !value.is_empty()).map(str::to_owned)
    };
    Ok(Pair {
        // Version 3 of the program writes the first spelling, older ones the second.
        key: get(["api-key", "apiKey"]),
        secret: get(["api-secret", "apiSecret"]).map(Secret::new),
    })
}

fn ini(text: &str) -> Result<Pair, usize> {
    let get = |name| -> Result<Option<String>, usize> {
        let value = npm_ini::value(text, "credentials", name)?;
        Ok(value.filter(|value| !value.is_empty()))
    };
    Ok(Pair { key: get("api_key")?, secret: get("api_secret")?.map(Secret::new) })
}

impl VendorProgram {
    pub(super) fn key_name(self) -> &'static str {
        match self {
            Self::Vonage => "api-key",
            Self::Nexmo => "api_key",
        }
    }

    pub(super) fn secret_name(self) -> &'static str {
        match self {
            Self::Vonage => "api-secret",
            Self::Nexmo => "api_secret",
        }
    }

    fn format(self) -> &'static str {
        match self {
            Self::Vonage => "the JSON that vonage-cli writes",
            Self::Nexmo => "the INI that nexmo-cli writes",
        }
    }
}
