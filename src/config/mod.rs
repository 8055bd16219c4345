//! Stored configuration and credentials, and how they become total [`Settings`] in which every value knows where it
//! comes from.
//!
//! Three shapes: what was typed ([`Overrides`]), what is stored (the TOML file), what holds ([`Settings`] and
//! [`ResolvedAccount`]). This room reads no environment variable and does not look up the home folder: both are handed in
//! as [`Surroundings`]. It knows no command line, no exit code and no hint, and it never opens a socket.

mod authorities;
mod command;
mod configuration;
mod credentials;
mod document;
mod error;
mod file;
mod file_error;
mod init;
mod model;
mod npm_ini;
mod origin;
mod passfile;
mod position;
mod private_file;
mod proxy;
mod rate;
mod secret_source;
mod server;
mod service;
mod settings;
mod show;
mod surroundings;
#[cfg(test)]
mod tests;
mod text;
mod value;
mod variables;
mod vendor;
mod way;

pub use authorities::CaCertificates;
pub use command::CommandError;
pub use configuration::{Configuration, ledger_at_once};
pub use error::ConfigError;
pub use file_error::FileError;
pub use init::{NewProfile, add_profile, write_new};
pub use model::{BatchOverrides, KnownKey, LedgerSettings, Overrides, ResolvedAccount, Settings};
pub use origin::{Origin, Setting};
pub use position::Position;
pub use private_file::Warning;
pub use proxy::{ProxySetting, ProxySettingError};
pub use rate::{RequestRate, RequestRateError};
pub use secret_source::{SecretError, parse_secret, read_secret_file};
pub use show::{ShownValue, show};
pub use surroundings::{ConfigFileChoice, Surroundings};
pub use value::ValueError;
