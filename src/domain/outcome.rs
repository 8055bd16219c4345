//! What came of a conversion, in the words that result lines use.

use super::names;

/// What came of one input record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The API answered 2xx.
    Accepted,
    /// The API refused this record; it will never be sent again.
    Rejected(Failure),
    /// Given up for now; sending it again may help.
    Retry(Failure),
    /// The record itself was bad and nothing was sent.
    Invalid(Failure),
    /// Left out on purpose; the code says why.
    Skipped(Failure),
    /// Shown, not sent.
    DryRun,
}

impl Outcome {
    /// The name in result lines.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected(_) => "rejected",
            Self::Retry(_) => "retry",
            Self::Invalid(_) => "invalid",
            Self::Skipped(_) => "skipped",
            Self::DryRun => "dry_run",
        }
    }

    /// What went wrong, where something did.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Accepted | Self::DryRun => None,
            Self::Rejected(failure) | Self::Retry(failure) | Self::Invalid(failure) | Self::Skipped(failure) => {
                Some(failure)
            }
        }
    }
}

/// What went wrong, and whether the API may know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The kind, for programs.
    pub code: ErrorCode,
    /// What and why, for people: lower case, no full stop, no secret, nothing raw from outside.
    pub message: String,
    /// Whether the request reached the API.
    pub reached_server: Reached,
}

impl Failure {
    /// A failure before anything was sent.
    #[must_use]
    pub fn unsent(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), reached_server: Reached::No }
    }

    /// A failure by the server's own answer.
    #[must_use]
    pub fn answered(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), reached_server: Reached::Yes }
    }
}

/// Whether a request reached the server; not knowing is an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// It answered.
    Yes,
    /// Not a byte was sent.
    No,
    /// Something was sent and no complete answer came.
    Unknown,
}

names! {
    /// The closed list of failure kinds in result lines.
    #[derive(PartialOrd, Ord)]
    #[expect(missing_docs, reason = "the names are the documentation; docs/result-line.schema.json explains each")]
    ErrorCode {
        BadRecord = "bad_record",
        FutureTimestamp = "future_timestamp",
        Stale = "stale",
        TooOld = "too_old",
        AlreadyAccepted = "already_accepted",
        AlreadyQueued = "already_queued",
        AlreadyRefused = "already_refused",
        NotRecorded = "not_recorded",
        BadCredentials = "bad_credentials",
        NotEnabled = "not_enabled",
        BadParameters = "bad_parameters",
        RateLimited = "rate_limited",
        ServerError = "server_error",
        Timeout = "timeout",
        Dns = "dns",
        Connect = "connect",
        TlsUntrusted = "tls_untrusted",
        Tls = "tls",
        Proxy = "proxy",
        Redirect = "redirect",
        Interrupted = "interrupted",
        UnexpectedReply = "unexpected_reply",
    }
}
