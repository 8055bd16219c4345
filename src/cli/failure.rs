//! What now: the exit code and the hint for every way to fail. Nothing below `cli` knows either.

use anyhow::Error;

use super::config_hint::{CA_HINT, PASSWORD_SOURCES, config_hint, secret_hint};
use super::exit::Exit;
use super::machine::{TooFewFiles, is_out_of_files};
use super::shell::quoted_path;
use super::terminal::Terminal;
use crate::config::{ConfigError, FileError, SecretError};
use crate::domain::{Account, AuthMode, ErrorCode, Failure};
use crate::ledger::{LedgerError, ServerError, StoreError};
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

    /// Something that was typed cannot be used.
    pub(super) fn usage(error: impl std::error::Error + Send + Sync + 'static, what: &'static str) -> Self {
        Self::plain(Exit::Usage, Error::new(error).context(what))
    }

    /// The same failure with other advice.
    pub(super) fn advising(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// There is no usual place for something, because there is no home. The current folder is none: it may be anyone's.
    pub(super) fn no_home(sought: Sought) -> Self {
        let what = match sought {
            Sought::Configuration => "configuration",
            Sought::Ledger => "ledger",
        };
        Self::new(
            Exit::Configuration,
            anyhow::anyhow!("there is no {what}, because there is no home folder: HOME is not an absolute path"),
            "set HOME, or name the files with `--config FILE` (NEXMO_CONVERSION_CONFIG) and `--ledger FILE` \
             (NEXMO_CONVERSION_LEDGER); sms, voice and batch can send without a ledger: `--no-ledger`",
        )
    }

    /// A thread could not be started.
    pub(super) fn no_thread(what: &'static str, error: std::io::Error) -> Self {
        let hint =
            "raise the limit on processes (`ulimit -u`, a cgroup's pids.max) or on memory, then run it again";
        Self::new(Exit::TryLater, Error::new(error).context(what), hint)
    }

    /// Standard output or a file could not be written.
    pub(super) fn io(what: &'static str, error: std::io::Error) -> Self {
        if is_out_of_files(&error) {
            return Self::new(Exit::TryLater, Error::new(error).context(what), FILES_HINT);
        }
        Self::plain(Exit::Io, Error::new(error).context(what))
    }
}

/// What now, where the limit on open files is the reason.
pub(super) const FILES_HINT: &str =
    "raise the limit on open files (`ulimit -n`, systemd's LimitNOFILE), then run it again";

impl From<TooFewFiles> for CommandFailure {
    fn from(error: TooFewFiles) -> Self {
        Self::new(Exit::TryLater, error, FILES_HINT)
    }
}

/// Standard output could not be written. That its reader has gone, as `head` does, is no fault of anybody.
pub(super) fn cannot_print(error: std::io::Error) -> CommandFailure {
    let exit = if error.kind() == std::io::ErrorKind::BrokenPipe { Exit::ReaderGone } else { Exit::Io };
    CommandFailure { exit, ..CommandFailure::io("cannot write to standard output", error) }
}

impl CommandFailure {
    /// What was given as a secret is none.
    pub(super) fn of_secret(error: SecretError, what: &'static str) -> Self {
        let unreadable = matches!(error, SecretError::File(FileError::Read { .. }));
        let hint = secret_hint(&error);
        let error = Error::new(error).context(format!("no usable {what}"));
        Self { exit: if unreadable { Exit::NoInput } else { Exit::Configuration }, error, hint }
    }
}

/// What is kept in a home folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sought {
    Configuration,
    Ledger,
}

impl From<ConfigError> for CommandFailure {
    fn from(error: ConfigError) -> Self {
        // An address is configuration wherever it stands; any other bad value that was typed is a wrong command line.
        let typed = matches!(&error, ConfigError::Flag { flag, .. } if !matches!(flag.as_str(), "--base-url" | "--proxy" | "--ledger"));
        let exit = if typed { Exit::Usage } else { Exit::Configuration };
        let hint = config_hint(&error);
        Self { exit, error: error.into(), hint }
    }
}

impl From<LedgerError> for CommandFailure {
    fn from(error: LedgerError) -> Self {
        let (exit, hint) = ledger_advice(&error);
        let hint = leftover_advice(&error).or_else(|| newer_advice(&error)).or_else(|| hint.map(str::to_owned));
        Self { exit, error: error.into(), hint }
    }
}

impl CommandFailure {
    /// The ledger did not open for input: nothing of that is kept.
    pub(super) fn of_recording(error: LedgerError) -> Self {
        let busy = error.is_busy();
        let is_of_a_server = error.is_of_a_server();
        let failure = Self::from(error);
        if busy && is_of_a_server {
            Self { exit: Exit::Io, ..failure }
        } else if busy {
            Self { exit: Exit::Io, ..failure }
                .advising("another run is writing, so nothing was recorded; run it again")
        } else {
            failure
        }
    }
}

/// Given to its user, a lock can be asked whether its run lives, and a log be read; to remove either could lose something.
fn leftover_advice(error: &LedgerError) -> Option<String> {
    let StoreError::LeftByAnother { ledger, me, .. } = error.cause() else { return None };
    Some(format!(
        "another user's run left it beside your ledger; this gives it to you: `sudo chown {me} {}*`",
        quoted_path(ledger)
    ))
}

/// A ledger says which release it asks for; those of the first schemas did not yet.
fn newer_advice(error: &LedgerError) -> Option<String> {
    let StoreError::Newer { program, .. } = error.cause() else { return None };
    Some(later_release(program.as_deref()))
}

/// What to install for a ledger that a later release has changed.
pub(super) fn later_release(named: Option<&str>) -> String {
    match named {
        Some(version) if !version.is_empty() => {
            format!("a later version of this program wrote it; install nexmo-conversion {version} or later")
        }
        Some(_) | None => "a later version of this program wrote it; use that one".to_owned(),
    }
}

/// Other runs are in the way for moments, and never for all of them.
const BUSY_SERVER: &str = "a long transaction or a lock in the database may be the reason (`nexmo-conversion check` shows old \
                           transactions); run it again";

fn ledger_advice(error: &LedgerError) -> (Exit, Option<&'static str>) {
    let elsewhere =
        "choose another file with `--ledger FILE` (sms, voice and batch can send without one: `--no-ledger`)";
    match error.cause() {
        StoreError::Busy if error.is_of_a_server() => (Exit::TryLater, Some(BUSY_SERVER)),
        StoreError::Busy => (Exit::TryLater, Some("another run is writing; run it again")),
        StoreError::DiskFull => (
            Exit::Io,
            Some(
                "free some disk space, or remove old rows with `ledger forget`; what was recorded before is kept",
            ),
        ),
        StoreError::Foreign
        | StoreError::Empty
        | StoreError::Symlink
        | StoreError::NotAFile(_)
        | StoreError::NetworkFileSystem(_) => (Exit::Configuration, Some(elsewhere)),
        StoreError::Newer { .. } => (Exit::Configuration, None),
        StoreError::Anothers { .. } => (
            Exit::Configuration,
            Some("run it as the user it belongs to (sudo -u USER), or keep a ledger of your own: `--ledger FILE`"),
        ),
        StoreError::ReadOnly | StoreError::LeftByAnother { .. } | StoreError::File { .. } => {
            (Exit::Io, Some(elsewhere))
        }
        StoreError::Damaged(_) => {
            (Exit::Io, Some("keep a copy of it, and continue with a new one: `--ledger FILE`"))
        }
        StoreError::Server(error) => {
            let (exit, hint) = server_advice(error);
            (exit, Some(hint))
        }
        StoreError::SqliteTooOld(_) | StoreError::Database(_) => (Exit::Io, None),
    }
}

/// The same for a ledger on a server.
fn server_advice(error: &ServerError) -> (Exit, &'static str) {
    match error {
        ServerError::Unreachable(_) => {
            (Exit::TryLater, "check that it runs and that nothing stands between; run it again later")
        }
        ServerError::NotPostgres(_) => {
            (Exit::Configuration, "check host and port; PostgreSQL usually listens on 5432")
        }
        ServerError::TooManyConnections(_) => {
            (Exit::TryLater, "run it again later; a higher max_connections or a pooler in front makes room")
        }
        ServerError::ReadOnly(_) | ServerError::WrongSession(_) => {
            (Exit::TryLater, "name the primary's host, or every host; during a failover, run it again later")
        }
        ServerError::LoginRefused(_) => {
            (Exit::Configuration, "check the user, the password and the server's pg_hba.conf")
        }
        ServerError::NoPassword(_) => (Exit::Configuration, PASSWORD_SOURCES),
        ServerError::NoDatabase(_) => {
            (Exit::Configuration, "correct the database at the end of the URL, or have it made: `createdb NAME`")
        }
        ServerError::NotGranted(_) => {
            (Exit::Configuration, "have the role granted the rights that docs/postgres.md lists")
        }
        ServerError::Tls(_) => (
            Exit::Configuration,
            "name the file of the authority that vouches for the server, `?sslrootcert=FILE`, and the host as its \
             certificate has it",
        ),
        ServerError::Older { .. } => (Exit::Configuration, "run `nexmo-conversion ledger migrate`"),
        ServerError::NotDurable(_) => (
            Exit::Configuration,
            "set it on the server, or accept the loss by name: `durability = \"server\"` in `[ledger]`",
        ),
    }
}

impl From<ProxyError> for CommandFailure {
    fn from(error: ProxyError) -> Self {
        let hint = "correct it, or go direct with `--proxy none`";
        Self::new(Exit::Configuration, error, hint)
    }
}

impl From<TrustError> for CommandFailure {
    fn from(error: TrustError) -> Self {
        Self::new(Exit::Configuration, error, CA_HINT)
    }
}

impl From<TransportError> for CommandFailure {
    fn from(error: TransportError) -> Self {
        Self::plain(Exit::Configuration, error)
    }
}

/// Says what, why, and what now; nothing once the reader has gone.
pub(super) fn say(failure: &CommandFailure, terminal: &mut Terminal) {
    if failure.exit == Exit::ReaderGone {
        return;
    }
    terminal.fail(format_args!("{:#}", failure.error), failure.hint.as_ref());
}

/// The exit code of a run that was stopped.
pub(super) fn exit_of(stopped: &Stopped, interrupted_by: Exit) -> Exit {
    match stopped {
        Stopped::Interrupted => interrupted_by,
        Stopped::OutputGone | Stopped::RecordingFailed(_) | Stopped::LedgerFailed(_) => Exit::Io,
        Stopped::NoThread(_)
        | Stopped::LedgerBusy(_)
        | Stopped::LedgerAway(_)
        | Stopped::DeadlinePassed
        | Stopped::For(StopReason::Later, _) => Exit::TryLater,
        Stopped::NearlyAllRefused | Stopped::InputBroken => Exit::Data,
        Stopped::For(StopReason::Account, _) => Exit::Account,
        Stopped::For(StopReason::Configuration, _) => Exit::Configuration,
    }
}

/// What now, for a record that failed.
pub(super) fn record_hint(failure: &Failure, account: &Account) -> Option<String> {
    Some(match failure.code {
        ErrorCode::BadCredentials => credentials_hint(account) + "; " + &ways_to_authenticate(account.auth.mode()),
        ErrorCode::NotEnabled => format!(
            "ask support@vonage.com to enable the Conversion API for this api_key; if it is enabled, check the key and its \
             secret (do not rotate them because of this answer){}; {}",
            doubt_about(account),
            ways_to_authenticate(account.auth.mode())
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
        ErrorCode::Stale => {
            "a newer value was accepted; to send this one all the same, give it a later time, or use `sms` or `voice` with `--force`"
                .to_owned()
        }
        ErrorCode::TooOld => "raise `--max-age` or leave it out to report it all the same".to_owned(),
        ErrorCode::AlreadyRefused => {
            "`nexmo-conversion ledger refused` shows why; `--strict` makes it fail again".to_owned()
        }
        ErrorCode::NotRecorded => "it was not kept: send it again when the ledger can be written".to_owned(),
        ErrorCode::AlreadyAccepted | ErrorCode::AlreadyQueued | ErrorCode::Interrupted => return None,
    })
}

/// What to do about credentials that were refused.
pub(super) fn credentials_hint(account: &Account) -> String {
    let source = "`nexmo-conversion config show` says where they come from";
    format!("check the api_key and its secret ({source}){}", doubt_about(account))
}

fn doubt_about(account: &Account) -> String {
    account.doubt().map_or_else(String::new, |doubt| format!("; {doubt}"))
}

fn ways_to_authenticate(used: AuthMode) -> String {
    let others = AuthMode::ALL.iter().filter(|mode| **mode != used).map(|mode| format!("\"{mode}\""));
    format!("the request used auth = \"{used}\"; there are {} too", others.collect::<Vec<_>>().join(", "))
}
