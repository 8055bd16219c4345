//! What now, for a configuration, a secret or a file that cannot be used: the part of `failure` about files and their owners.

use std::io::ErrorKind;

use super::shell::quoted_path;

use crate::config::{ConfigError, FileError, Origin, SecretError, ValueError};
use crate::domain::LedgerAddressError;

/// What now, for a configuration that cannot be used.
pub(super) fn config_hint(error: &ConfigError) -> Option<String> {
    Some(match error {
        ConfigError::File(error) => return file_hint(error),
        ConfigError::Secret { source, .. } => return secret_hint(source),
        ConfigError::Authorities { origin, source } => file_hint(source).unwrap_or_else(|| match origin {
            Origin::Variable(name) => format!("correct {name}, or unset it to trust the system's CAs"),
            Origin::Flag(_)
            | Origin::Profile { .. }
            | Origin::Section { .. }
            | Origin::VendorFile(_)
            | Origin::Default => CA_HINT.to_owned(),
        }),
        ConfigError::Encoding { .. } => SAVE_AS_UTF8.to_owned(),
        ConfigError::NoCredentials { .. } => "run `nexmo-conversion config init`, or set VONAGE_API_KEY and \
             VONAGE_API_SECRET; to try without an account, add `--sandbox`"
            .to_owned(),
        ConfigError::Incomplete { .. } => {
            "key and secret belong together: give both in the same place".to_owned()
        }
        ConfigError::BothSet { .. } => "remove one of them".to_owned(),
        ConfigError::UnknownProfile { .. } => "name one that is there, or add it to the file".to_owned(),
        ConfigError::Exists(_) => {
            "it is never overwritten: add a profile to it with `--profile NAME`, or choose another file with `--config FILE`"
                .to_owned()
        }
        ConfigError::SeveralProfiles { .. } => {
            "choose one with `--profile NAME`, or name it as default_profile in the file".to_owned()
        }
        ConfigError::ProfileExists { .. } => "edit it there, or choose another name".to_owned(),
        ConfigError::Flag { source: ValueError::Ledger(LedgerAddressError::Password), .. }
        | ConfigError::Value { source: ValueError::Ledger(LedgerAddressError::Password), .. }
        | ConfigError::Key { source: ValueError::Ledger(LedgerAddressError::Password), .. } => {
            PASSWORD_SOURCES.to_owned()
        }
        // These say where and why; what to do is to correct just that.
        ConfigError::Flag { .. }
        | ConfigError::Value { .. }
        | ConfigError::Key { .. }
        | ConfigError::Syntax { .. }
        | ConfigError::UnknownKey { .. }
        | ConfigError::VendorFile { .. }
        | ConfigError::ProfileName
        | ConfigError::Write { .. } => return None,
    })
}

/// What now, for a secret that cannot be had.
pub(super) fn secret_hint(error: &SecretError) -> Option<String> {
    match error {
        SecretError::File(FileError::Read { path, source }) if source.kind() == ErrorKind::NotFound => {
            Some(format!("correct the path, or write the secret there: (umask 077; cat > {})", quoted_path(path)))
        }
        SecretError::File(error) => file_hint(error),
        SecretError::Command(_) => None,
        SecretError::NotUtf8 | SecretError::Utf16 => Some(SAVE_AS_UTF8.to_owned()),
        SecretError::Empty | SecretError::SeveralLines | SecretError::Control(_) => {
            Some("give it as one line, as the dashboard shows it".to_owned())
        }
    }
}

const SAVE_AS_UTF8: &str = "save it as UTF-8";

/// The command that helps, to be pasted into a shell.
fn file_hint(error: &FileError) -> Option<String> {
    let me = rustix::process::geteuid().as_raw();
    Some(match error {
        FileError::Mode { path, .. } => format!("make it yours alone: chmod 600 {}", quoted_path(path)),
        FileError::Writable { path, .. } => format!("let nobody else change it: chmod go-w {}", quoted_path(path)),
        FileError::OpenFolder { folder, .. } => {
            format!("whoever may change the folder could choose what is read: chmod go-w {}", quoted_path(folder))
        }
        FileError::Owner { path, .. } => {
            format!("copy it to a file of your own, or, if you trust it: chown {me} {}", quoted_path(path))
        }
        FileError::ForeignWay { on_the_way, .. } => format!(
            "name a file that only you and root can replace, or, if you trust it: chown -h {me} {}",
            quoted_path(on_the_way)
        ),
        FileError::Read { .. } | FileError::NotRegular(_) | FileError::TooLarge { .. } => return None,
    })
}

/// What now, for CA certificates.
pub(super) const CA_HINT: &str = "`--cacert` (or `cacert`) takes a file of PEM certificates";

/// Where a password for a server may stand.
pub(super) const PASSWORD_SOURCES: &str =
    "give it in PGPASSWORD, in ~/.pgpass (mode 0600) or in a service file; never in the URL";
