//! A first configuration file, or another profile in it: written whole or not at all, closed to others, and nothing that stands
//! in it is lost.

use std::io;
use std::path::Path;

use toml::{Table, Value};
use toml_edit::{DocumentMut, Item};
use zeroize::Zeroizing;

use crate::domain::{ApiKey, AuthMode, Secret};
use crate::files::{self, Before};

use super::error::ConfigError;
use super::file::{MOST, is_profile_name};
use super::private_file::{OpenFile, OpenMode};

/// It holds a secret.
const MODE: u32 = 0o600;

/// The one profile of a new file.
#[derive(Debug, Clone)]
pub struct NewProfile {
    /// Its name, which also becomes the default profile.
    pub name: String,
    /// The public half.
    pub api_key: ApiKey,
    /// The api secret, or the signature secret where the mode is `signature`.
    pub secret: Secret,
    /// How to authenticate.
    pub auth: AuthMode,
}

/// Writes a new configuration file with mode 0600, and its folder with 0700 where that is new, under any umask.
pub fn write_new(path: &Path, profile: &NewProfile) -> Result<(), ConfigError> {
    if !is_profile_name(&profile.name) {
        return Err(ConfigError::ProfileName);
    }
    let text = text(profile);
    publish_new(path, text.as_bytes()).map_err(|source| {
        let path = path.to_owned();
        if source.kind() == io::ErrorKind::AlreadyExists {
            ConfigError::Exists(path)
        } else {
            ConfigError::Write { path, source }
        }
    })
}

/// Adds a profile to a configuration file that exists and can be read; comments and order stay as they are. Where the only
/// profile was chosen because it was the only one, it becomes the default.
pub fn add_profile(path: &Path, profile: &NewProfile) -> Result<(), ConfigError> {
    if !is_profile_name(&profile.name) {
        return Err(ConfigError::ProfileName);
    }
    let unwritable = |source| ConfigError::Write { path: path.to_owned(), source };
    let file = OpenFile::open(path, OpenMode::NonBlocking)?;
    file.insist_readable()?;
    let before = Zeroizing::new(file.read(MOST)?.to_vec());
    let no_toml = |()| unwritable(io::ErrorKind::InvalidData.into());
    let text = std::str::from_utf8(&before).map_err(|_| unwritable(io::ErrorKind::InvalidData.into()))?;
    let mut document: DocumentMut = text.parse().map_err(|_: toml_edit::TomlError| no_toml(()))?;
    insert(&mut document, profile).map_err(|refusal| match refusal {
        NotAdded::Exists => ConfigError::ProfileExists { name: profile.name.clone(), path: path.to_owned() },
        NotAdded::NoTable => no_toml(()),
    })?;
    let after = Zeroizing::new(document.to_string());
    replace(path, after.as_bytes()).map_err(unwritable)
}

/// Why a profile cannot be added.
enum NotAdded {
    Exists,
    NoTable,
}

fn insert(document: &mut DocumentMut, profile: &NewProfile) -> Result<(), NotAdded> {
    let has_default = document.contains_key("default_profile");
    let mut implicit = toml_edit::Table::new();
    implicit.set_implicit(true);
    let profiles = document.entry("profiles").or_insert(Item::Table(implicit));
    let profiles = profiles.as_table_like_mut().ok_or(NotAdded::NoTable)?;
    if profiles.contains_key(&profile.name) {
        return Err(NotAdded::Exists);
    }
    let mut names = profiles.iter().map(|(name, _)| name.to_owned());
    let default = match (names.next(), names.next()) {
        (Some(only), None) => Some(only),
        (None, _) => Some(profile.name.clone()),
        (Some(_), Some(_)) => None,
    };
    drop(names);
    let mut entries = toml_edit::Table::new();
    for (key, value) in entries_of(profile) {
        entries.insert(key, toml_edit::value(value));
    }
    profiles.insert(&profile.name, Item::Table(entries));
    if let Some(default) = default.filter(|_| !has_default) {
        document.insert("default_profile", toml_edit::value(default));
    }
    Ok(())
}

fn entries_of(profile: &NewProfile) -> [(&'static str, &str); 3] {
    [
        ("api_key", profile.api_key.as_str()),
        (profile.auth.secret_key(), profile.secret.expose()),
        ("auth", profile.auth.as_str()),
    ]
}

/// A complete file appears under its name, or nothing does.
fn publish_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    files::make_private_folders(files::folder_of(path))?;
    files::publish(path, bytes, MODE, Before::Nothing).map(drop)
}

/// The file has either its old content or its new one; a link to it stays a link.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    files::publish(&path.canonicalize()?, bytes, MODE, Before::Anything).map(drop)
}

fn text(profile: &NewProfile) -> Zeroizing<String> {
    let note = match profile.auth {
        AuthMode::Form | AuthMode::Basic | AuthMode::Query => API_SECRET_NOTE,
        AuthMode::Signature | AuthMode::SignatureQuery => SIGNATURE_NOTE,
    };
    let entries = entries_of(profile).map(|(key, value)| (key.to_owned(), Value::from(value)));
    let profiles = Table::from_iter([(profile.name.clone(), Value::Table(entries.into_iter().collect()))]);
    let root = Table::from_iter([
        ("default_profile".to_owned(), profile.name.as_str().into()),
        ("profiles".to_owned(), Value::Table(profiles)),
    ]);
    Zeroizing::new(format!("{HEAD}\n{root}\n{note}{TAIL}"))
}

const HEAD: &str = "\
# Configuration of nexmo-conversion. It holds a secret: keep its mode at 0600.
";
const API_SECRET_NOTE: &str = "\
# Instead of api_secret, one of these keeps the secret out of this file:
#   api_secret_file = \"/run/secrets/nexmo\"
#   api_secret_command = [\"pass\", \"show\", \"nexmo/2fa\"]
# auth is one of form, basic, query, signature.
";
const SIGNATURE_NOTE: &str = "\
# Instead of signature_secret, one of these keeps the secret out of this file:
#   signature_secret_file = \"/run/secrets/nexmo\"
#   signature_secret_command = [\"pass\", \"show\", \"nexmo/signature\"]
# signature_method is one of md5hash, md5, sha1, sha256, sha512, as the account's dashboard says.
";
const TAIL: &str = "
# Another account gets another [profiles.NAME]; choose it with --profile NAME.

# [network]
# max_time = \"15s\"
# retry = 4

# [batch]
# jobs = 16
";
