//! What can be wrong with a configuration. No text here can contain a secret: values are never shown, lines of the file
//! neither.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::file_error::FileError;
use super::origin::Origin;
use super::position::Position;
use super::secret_source::SecretError;
use super::value::ValueError;

/// Why there are no settings, or no credentials.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A flag's value cannot be used. The only fault of the command line in here.
    #[error("{flag} is not usable")]
    Flag {
        /// As typed: `--max-time`.
        flag: String,
        /// Why not.
        source: ValueError,
    },
    /// A value that has no position cannot be used: a variable's, or one in a file of the vendor's.
    #[error("{place} is not usable")]
    Value {
        /// The variable, or the key and its file.
        place: String,
        /// Why not.
        source: ValueError,
    },
    /// A value in the file cannot be used.
    #[error("{at}: `{key}` is not usable")]
    Key {
        /// Where the value stands.
        at: Position,
        /// Its key.
        key: String,
        /// Why not.
        source: ValueError,
    },
    /// The file is not TOML.
    #[error("{at}: {reason}")]
    Syntax {
        /// Where reading stopped.
        at: Position,
        /// What was wanted there; from the parser, which shows nothing of the file.
        reason: String,
    },
    /// The file is not UTF-8.
    #[error("{at}: not UTF-8")]
    Encoding {
        /// The first byte that is wrong.
        at: Position,
    },
    /// A key that means nothing.
    #[error("{at}: unknown key `{key}`{}", did_you_mean(*.nearest))]
    UnknownKey {
        /// Where it stands.
        at: Position,
        /// The key, escaped.
        key: String,
        /// The known key that is most like it.
        nearest: Option<&'static str>,
    },
    /// A profile that is asked for and not stored.
    #[error("{asked_by} asks for profile {name:?}, which is not in {}{}", file_or_none(.file.as_deref()), there(.known, .nearest.as_deref()))]
    UnknownProfile {
        /// Who asks.
        asked_by: String,
        /// For whom.
        name: String,
        /// Where the profiles are stored, where there is a home to store them in.
        file: Option<PathBuf>,
        /// The profiles there.
        known: Vec<String>,
        /// The one that is most like it.
        nearest: Option<String>,
    },
    /// Two ways to say the same thing, both used.
    #[error("{first} and {second} are both set, and only one of them can hold")]
    BothSet {
        /// One of them.
        first: String,
        /// The other, with its position where it has one.
        second: String,
    },
    /// Half a credential. It does not fall through to the next source: the other half would be another account's.
    #[error("{missing} is missing {place}")]
    Incomplete {
        /// The other half's name, and its alternatives.
        missing: String,
        /// Where it is missed: beside a variable, in a profile, in a file.
        place: String,
    },
    /// A secret that is promised and cannot be had.
    #[error("no usable secret from {place}")]
    Secret {
        /// Who promised it.
        place: String,
        /// Why not.
        source: SecretError,
    },
    /// A file that cannot be read, or not be trusted.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file or folder of CA certificates that cannot be read, or not be trusted.
    #[error("no usable CA certificates from {origin}")]
    Authorities {
        /// Who named it.
        origin: Origin,
        /// Why not.
        source: FileError,
    },
    /// A file of the vendor's own command line that is not what that program writes.
    #[error("{}:{line}: not {wanted}", .path.display())]
    VendorFile {
        /// The file.
        path: PathBuf,
        /// Where reading stopped.
        line: usize,
        /// What it ought to be.
        wanted: &'static str,
    },
    /// No source has credentials.
    #[error("no credentials found; looked at {}", .looked.join(", "))]
    NoCredentials {
        /// Every place that was looked at, in this order.
        looked: Vec<String>,
    },
    /// `config init` never overwrites.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// There are several profiles, and nothing says which.
    #[error("{} has several profiles and no default_profile: {}", .path.display(), .names.join(", "))]
    SeveralProfiles {
        /// The configuration file.
        path: PathBuf,
        /// Their names.
        names: Vec<String>,
    },
    /// `config init` never overwrites.
    #[error("{} has a profile `{name}` already", .path.display())]
    ProfileExists {
        /// The name.
        name: String,
        /// The configuration file.
        path: PathBuf,
    },
    /// A profile name that could not be typed or shown.
    #[error("a profile's name must not be empty or contain control characters")]
    ProfileName,
    /// The new configuration file cannot be written.
    #[error("cannot write {}", .path.display())]
    Write {
        /// Its path.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl ConfigError {
    /// The error for a value that was typed or set.
    pub(super) fn value(origin: &Origin, source: ValueError) -> Self {
        if let Origin::Flag(flag) = origin {
            let flag = flag.clone();
            return Self::Flag { flag, source };
        }
        let place = origin.to_string();
        Self::Value { place, source }
    }
}

/// The configuration file, for a list of places.
pub(super) fn file_or_none(file: Option<&Path>) -> String {
    file.map_or_else(
        || {
            "the configuration file (there is no home folder for it; set HOME, or name one with `--config FILE`)"
                .to_owned()
        },
        |file| file.display().to_string(),
    )
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(" (did you mean `{name}`?)"))
}

fn there(known: &[String], nearest: Option<&str>) -> String {
    if known.is_empty() {
        return " (no profiles there)".to_owned();
    }
    format!(" (there: {}){}", known.join(", "), did_you_mean(nearest))
}
