//! From a value as it was written to a value that can be used: types and bounds, the same for flags, variables
//! and the file. Knows nothing of where it stood.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use crate::domain::{ApiKeyError, DurationError, LedgerAddress, LedgerAddressError, REMEMBERED, parse_duration};
use crate::wire::{BaseUrl, BaseUrlError, PingUrl, PingUrlError};

use super::proxy::{ProxySetting, ProxySettingError};
use super::rate::{RequestRate, RequestRateError};

/// Why a value cannot be used. Shows nothing of the value that could be a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ValueError {
    /// Not a base URL.
    #[error(transparent)]
    BaseUrl(#[from] BaseUrlError),
    /// Not a length of time.
    #[error(transparent)]
    Duration(#[from] DurationError),
    /// Not a rate.
    #[error(transparent)]
    Rate(#[from] RequestRateError),
    /// Not an api key.
    #[error(transparent)]
    ApiKey(#[from] ApiKeyError),
    /// Not a proxy.
    #[error(transparent)]
    Proxy(#[from] ProxySettingError),
    /// Not a monitor's URL.
    #[error(transparent)]
    Ping(#[from] PingUrlError),
    /// Not where a ledger can be.
    #[error(transparent)]
    Ledger(#[from] LedgerAddressError),
    /// Not what a database calls a schema.
    #[error("must be a lower-case name of letters, digits and `_`, at most 63 of them")]
    Identifier,
    /// A length of time out of its range.
    #[error("must be from {least} to {most}")]
    Between {
        /// The shortest that works.
        least: &'static str,
        /// The longest that works.
        most: &'static str,
    },
    /// A time limit of nothing.
    #[error("must be more than zero")]
    Zero,
    /// A time limit that limits nothing.
    #[error("must not be more than {0}")]
    TooLong(&'static str),
    /// A number out of its range.
    #[error("must be a whole number from {least} to {most}")]
    Range {
        /// The smallest that works.
        least: u32,
        /// The largest that works.
        most: u32,
    },
    /// Not one of the names that there are.
    #[error("{0}")]
    Name(String),
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// A name that could not be typed or shown.
    #[error("a profile's name must not be empty or contain control characters")]
    ProfileName,
    /// The wrong type in the file.
    #[error("must be {wanted}, not {found}")]
    Type {
        /// What it ought to be, with an article.
        wanted: &'static str,
        /// What stands there, with an article.
        found: &'static str,
    },
}

/// A value as it was spelled. No `Debug`: it may be a proxy with its password.
pub(super) enum Raw {
    /// A variable or a flag: a text that may mean anything.
    Untyped(String),
    /// A TOML string.
    Text(String),
    /// A TOML integer, or a number that was typed.
    Integer(i64),
    /// A length of time that is already parsed.
    Length(Duration),
    /// A path that was typed, and need not be UTF-8.
    Path(PathBuf),
}

/// Where a relative path starts, and what `~` means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Folders<'a> {
    pub(super) base: &'a Path,
    pub(super) home: Option<&'a Path>,
}

impl Folders<'_> {
    /// The full path. `~/` is for the file, where no shell has replaced it.
    pub(super) fn resolve(self, path: &Path) -> PathBuf {
        match (path.strip_prefix("~"), self.home) {
            (Ok(rest), Some(home)) => home.join(rest),
            (Ok(_), None) | (Err(_), _) => self.base.join(path),
        }
    }
}

impl Raw {
    fn found(&self) -> &'static str {
        match self {
            Self::Untyped(_) | Self::Text(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Length(_) => "a length of time",
            Self::Path(_) => "a path",
        }
    }

    fn text(&self, wanted: &'static str) -> Result<&str, ValueError> {
        match self {
            Self::Untyped(text) | Self::Text(text) => Ok(text),
            Self::Integer(_) | Self::Length(_) | Self::Path(_) => {
                Err(ValueError::Type { wanted, found: self.found() })
            }
        }
    }

    pub(super) fn base_url(&self) -> Result<BaseUrl, ValueError> {
        Ok(BaseUrl::parse(self.text("a string")?)?)
    }

    pub(super) fn proxy(&self) -> Result<ProxySetting, ValueError> {
        Ok(ProxySetting::parse(self.text("a string")?)?)
    }

    pub(super) fn ping(&self) -> Result<PingUrl, ValueError> {
        Ok(PingUrl::parse(self.text("a string")?)?)
    }

    pub(super) fn rate(&self) -> Result<RequestRate, ValueError> {
        Ok(self.text("a string such as \"50/s\"")?.parse()?)
    }

    pub(super) fn path(&self, folders: Folders<'_>) -> Result<PathBuf, ValueError> {
        let path = match self {
            Self::Path(path) => path,
            Self::Untyped(_) | Self::Text(_) | Self::Integer(_) | Self::Length(_) => {
                Path::new(self.text("a string")?)
            }
        };
        if path.as_os_str().is_empty() {
            return Err(ValueError::Empty);
        }
        Ok(folders.resolve(path))
    }

    /// A file, as a shell or the file of settings has it, or a server.
    pub(super) fn ledger(&self, folders: Folders<'_>) -> Result<LedgerAddress, ValueError> {
        Ok(match self {
            Self::Path(path) => LedgerAddress::of_path(path)?,
            // As it was typed: what is shown of it is then what was typed.
            Self::Untyped(text) => LedgerAddress::parse(text)?,
            Self::Text(_) | Self::Integer(_) | Self::Length(_) => {
                match LedgerAddress::parse(self.text("a string")?)? {
                    LedgerAddress::File(path) => LedgerAddress::File(folders.resolve(&path)),
                    server @ LedgerAddress::Server(_) => server,
                }
            }
        })
    }

    /// What PostgreSQL takes for a name without quotes.
    pub(super) fn identifier(&self) -> Result<String, ValueError> {
        let text = self.text("a string")?;
        let is_one = text.len() <= 63
            && text.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if is_one { Ok(text.to_owned()) } else { Err(ValueError::Identifier) }
    }

    /// One out of a set.
    pub(super) fn name<T: FromStr<Err = String>>(&self) -> Result<T, ValueError> {
        self.text("a string")?.parse().map_err(ValueError::Name)
    }

    /// How long a record may wait for others: nothing at all, or too little to be noticed.
    pub(super) fn linger(&self) -> Result<Duration, ValueError> {
        self.between(Duration::ZERO, Duration::from_secs(1), "0s", "1s")
    }

    /// Longer than the API takes, and not so long that what a dead run had is too old.
    pub(super) fn lease(&self) -> Result<Duration, ValueError> {
        self.between(Duration::from_secs(5), Duration::from_secs(300), "5s", "5m")
    }

    /// At least as long as a postponed row may take, and somebody may have reports of a year.
    pub(super) fn keep(&self) -> Result<Duration, ValueError> {
        self.between(Duration::from_secs(86_400), Duration::from_secs(366 * 86_400), "1d", "366d")
    }

    fn between(
        &self,
        least: Duration,
        most: Duration,
        shown_least: &'static str,
        shown_most: &'static str,
    ) -> Result<Duration, ValueError> {
        let length = parse_duration(self.text("a string with a unit such as \"30s\"")?)?;
        if (least..=most).contains(&length) {
            Ok(length)
        } else {
            Err(ValueError::Between { least: shown_least, most: shown_most })
        }
    }

    /// A time limit of one call: something, and at most a day.
    pub(super) fn time_limit(&self) -> Result<Duration, ValueError> {
        self.length(Duration::from_secs(86_400), "1d")
    }

    /// An age: nothing older than what is remembered can be distinguished from new.
    pub(super) fn age(&self) -> Result<Duration, ValueError> {
        self.length(REMEMBERED, "30d")
    }

    fn length(&self, most: Duration, shown: &'static str) -> Result<Duration, ValueError> {
        let length = match self {
            Self::Length(length) => *length,
            Self::Untyped(_) | Self::Text(_) | Self::Integer(_) | Self::Path(_) => {
                parse_duration(self.text("a string with a unit such as \"15s\"")?)?
            }
        };
        if length.is_zero() {
            Err(ValueError::Zero)
        } else if length > most {
            Err(ValueError::TooLong(shown))
        } else {
            Ok(length)
        }
    }

    pub(super) fn number(&self, least: u32, most: u32) -> Result<u32, ValueError> {
        let number = match self {
            Self::Integer(number) => u32::try_from(*number).ok(),
            Self::Untyped(text) => text.trim().parse().ok(),
            Self::Text(_) | Self::Length(_) | Self::Path(_) => {
                return Err(ValueError::Type { wanted: "an integer", found: self.found() });
            }
        };
        number.filter(|number| (least..=most).contains(number)).ok_or(ValueError::Range { least, most })
    }
}
