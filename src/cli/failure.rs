//! What now: the exit code and the hint for every way to fail. Nothing below `cli` knows either.

use anyhow::Error;

use super::exit::Exit;
use super::terminal::Terminal;
use crate::config::{ConfigError, FileError, SecretError};
use crate::domain::{AuthMode, ErrorCode, Failure};
use crate::ledger::LedgerError;
use crate::output::{Escaped, Tone};
use crate::pipeline::{StopReason, Stopped};
use crate::transport::{ProxyError, TransportError, TrustError};

/// A command that failed: what and why in `error`'s chain, what now in `hint`.
#[derive(Debug)]
pub(super) struct CommandFailure {
    /// The exit code.
    pub(super) exit: Exit,
    /// What, and through its sources, why.
    pub(super) error: Error,
    /// What now.
    pub(super) hint: Option<String>,
}

impl CommandFailure {
    /// A failure with its advice.
    pub(super) fn new(exit: Exit, error: impl Into<Error>, hint: impl Into<String>) -> Self {
        Self { exit, error: error.into(), hint: Some(hint.into()) }
    }

    /// A failure that needs no advice.
    pub(super) fn plain(exit: Exit, error: impl Into<Error>) -> Self {
        Self { exit, error: error.into(), hint: None }
    }

    /// The same failure with other advice.
    pub(super) fn advising(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Standard output or a file could not be written.
    pub(super) fn io(what: &'static str, error: std::io::Error) -> Self {
        Self::plain(Exit::Io, Error::new(error).context(what))
    }
}

impl From<ConfigError> for CommandFailure {
    fn from(error: ConfigError) -> Self {
        // An address is configuration wherever it stands; any other bad value that was typed is a wrong command line.
        let typed =
            matches!(&error, ConfigError::Flag { flag, .. } if !matches!(flag.as_str(), "--base-url" | "--proxy"));
        let exit = if typed { Exit::Usage } else { Exit::Configuration };
        let hint = config_hint(&error);
        Self { exit, error: error.into(), hint }
    }
}

impl From<LedgerError> for CommandFailure {
    fn from(error: LedgerError) -> Self {
        let (exit, hint) = ledger_advice(&error);
        Self { exit, error: error.into(), hint: hint.map(str::to_owned) }
    }
}

fn ledger_advice(error: &LedgerError) -> (Exit, Option<&'static str>) {
    let elsewhere =
        "choose another file with `--ledger FILE` (sms, voice and batch can send without one: `--no-ledger`)";
    match error {
        LedgerError::Busy { .. } => (Exit::TryLater, Some("another run is writing; run it again")),
        LedgerError::DiskFull { .. } => (Exit::Io, Some("make room; what was recorded before is kept")),
        LedgerError::Foreign { .. }
        | LedgerError::Empty { .. }
        | LedgerError::Symlink { .. }
        | LedgerError::NotAFile { .. }
        | LedgerError::NetworkFileSystem { .. } => (Exit::Configuration, Some(elsewhere)),
        LedgerError::Newer { .. } => {
            (Exit::Configuration, Some("a later version of this program wrote it; use that one"))
        }
        LedgerError::ReadOnly { .. } => (Exit::Io, Some(elsewhere)),
        LedgerError::Damaged { .. } => {
            (Exit::Io, Some("keep a copy of it, and go on with a new one: `--ledger FILE`"))
        }
        LedgerError::NotHeld { .. }
        | LedgerError::SqliteTooOld { .. }
        | LedgerError::File { .. }
        | LedgerError::Database { .. } => (Exit::Io, None),
    }
}

impl From<ProxyError> for CommandFailure {
    fn from(error: ProxyError) -> Self {
        let hint = match error.origin {
            "--proxy" => "or go direct with `--proxy none`".to_owned(),
            variable => format!("correct the variable {variable}, or go direct with `--proxy none`"),
        };
        Self::new(Exit::Configuration, error, hint)
    }
}

impl From<TrustError> for CommandFailure {
    fn from(error: TrustError) -> Self {
        Self::new(Exit::Configuration, error, "`--cacert` (or `cacert`) takes a file of PEM certificates")
    }
}

impl From<TransportError> for CommandFailure {
    fn from(error: TransportError) -> Self {
        Self::plain(Exit::Configuration, error)
    }
}

/// Says what, why, and what now.
pub(super) fn say(failure: &CommandFailure, terminal: &mut Terminal) {
    terminal.remark("error", Tone::Bad, Escaped::text(&format!("{:#}", failure.error)));
    if let Some(hint) = &failure.hint {
        terminal.remark("hint", Tone::Aside, Escaped::text(hint));
    }
}

/// The exit code of a run that was stopped.
pub(super) fn exit_of(stopped: &Stopped, interrupted_by: Exit) -> Exit {
    match stopped {
        Stopped::Interrupted => interrupted_by,
        Stopped::OutputGone | Stopped::RecordingFailed(_) | Stopped::LedgerFailed(_) => Exit::Io,
        Stopped::LedgerBusy(_) | Stopped::DeadlinePassed | Stopped::For(StopReason::Later, _) => Exit::TryLater,
        Stopped::NearlyAllRefused | Stopped::InputBroken => Exit::Data,
        Stopped::For(StopReason::Account, _) => Exit::Account,
        Stopped::For(StopReason::Configuration, _) => Exit::Configuration,
    }
}

/// What now, for a record that failed.
pub(super) fn record_hint(failure: &Failure, auth: AuthMode) -> Option<String> {
    let other = match auth {
        AuthMode::Form | AuthMode::Query | AuthMode::Signature | AuthMode::SignatureQuery => "basic",
        AuthMode::Basic => "form",
    };
    let both_ways = format!("the request used auth = \"{auth}\", and auth = \"{other}\" exists too");
    Some(match failure.code {
        ErrorCode::BadCredentials => {
            format!("check the api_key and its secret (`nexmo-conversion config show` says where they come from); {both_ways}")
        }
        ErrorCode::NotEnabled => format!(
            "ask support@vonage.com to enable the Conversion API for this api_key; if it is enabled, check the key and its \
             secret (do not rotate them because of this answer); {both_ways}"
        ),
        ErrorCode::BadParameters => "check the id, and that the channel is the one it was sent on".to_owned(),
        ErrorCode::BadRecord => "correct the record; the others were not affected".to_owned(),
        ErrorCode::FutureTimestamp => {
            "the time is more than 24h ahead of this machine's clock; without a zone it is taken as UTC".to_owned()
        }
        ErrorCode::RateLimited => "it may pass by itself; run it again later, with a lower rate".to_owned(),
        ErrorCode::ServerError | ErrorCode::Timeout | ErrorCode::Connect => {
            "it may pass by itself; run it again later".to_owned()
        }
        ErrorCode::Dns => "check the network and `--base-url`; run it again later".to_owned(),
        ErrorCode::TlsUntrusted => {
            "nothing was sent. Behind a company's proxy, name its CA with `--cacert FILE`; otherwise check the clock and the \
             address. Verification cannot be switched off"
                .to_owned()
        }
        ErrorCode::Tls => "nothing was sent; check the port in `--base-url`, and whether a proxy interferes".to_owned(),
        ErrorCode::Proxy => "check `--proxy`, https_proxy and no_proxy; `--proxy none` goes direct".to_owned(),
        ErrorCode::Redirect => {
            "redirects are never followed, because a followed POST loses its body; check `--base-url` and the network's \
             sign-in page"
                .to_owned()
        }
        ErrorCode::UnexpectedReply => {
            "something else answered in the API's place; check `--base-url` and the network's sign-in page".to_owned()
        }
        ErrorCode::Stale | ErrorCode::AlreadyAccepted | ErrorCode::AlreadyQueued | ErrorCode::Interrupted => return None,
    })
}

fn config_hint(error: &ConfigError) -> Option<String> {
    Some(match error {
        ConfigError::File(error) | ConfigError::Secret { source: SecretError::File(error), .. } => {
            return file_hint(error);
        }
        ConfigError::NoCredentials { .. } => "run `nexmo-conversion config init`, or set VONAGE_API_KEY and \
             VONAGE_API_SECRET; to try without an account, add `--sandbox`"
            .to_owned(),
        ConfigError::Incomplete { .. } => {
            "a credential is one unit from one source; give the other half there too".to_owned()
        }
        ConfigError::BothSet { .. } => "remove one of them".to_owned(),
        ConfigError::UnknownProfile { .. } => "name one that is there, or add it to the file".to_owned(),
        ConfigError::Exists(_) => {
            "edit it, or choose another file with `--config FILE`; it is never overwritten".to_owned()
        }
        // These say where and why; what to do is to correct just that.
        ConfigError::Flag { .. }
        | ConfigError::Value { .. }
        | ConfigError::Key { .. }
        | ConfigError::Syntax { .. }
        | ConfigError::Encoding { .. }
        | ConfigError::UnknownKey { .. }
        | ConfigError::Secret { .. }
        | ConfigError::VendorFile { .. }
        | ConfigError::ProfileName
        | ConfigError::Write { .. } => return None,
    })
}

fn file_hint(error: &FileError) -> Option<String> {
    Some(match error {
        FileError::Mode { path, .. } => format!("make it yours alone: chmod 600 '{}'", path.display()),
        FileError::Symlink(path) => format!(
            "whoever may write the link could choose the secret; name the real file instead of '{}', or keep the secret out of \
             it with api_secret_file or api_secret_command",
            path.display()
        ),
        FileError::Owner { path, .. } => {
            format!("copy it to a file of your own instead of '{}'", path.display())
        }
        FileError::Read { .. } | FileError::NotRegular(_) | FileError::TooLarge { .. } => return None,
    })
}
