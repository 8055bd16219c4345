//! What came of a conversion, in the words that result lines use.

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

/// The closed list of failure kinds in result lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(
    missing_docs,
    reason = "the names are the documentation; each is explained in docs/result-line.schema.json"
)]
pub enum ErrorCode {
    BadRecord,
    FutureTimestamp,
    Stale,
    TooOld,
    AlreadyAccepted,
    AlreadyQueued,
    AlreadyRefused,
    NotRecorded,
    BadCredentials,
    NotEnabled,
    BadParameters,
    RateLimited,
    ServerError,
    Timeout,
    Dns,
    Connect,
    TlsUntrusted,
    Tls,
    Proxy,
    Redirect,
    Interrupted,
    UnexpectedReply,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: &'static [Self] = &[
        Self::BadRecord,
        Self::FutureTimestamp,
        Self::Stale,
        Self::TooOld,
        Self::AlreadyAccepted,
        Self::AlreadyQueued,
        Self::AlreadyRefused,
        Self::NotRecorded,
        Self::BadCredentials,
        Self::NotEnabled,
        Self::BadParameters,
        Self::RateLimited,
        Self::ServerError,
        Self::Timeout,
        Self::Dns,
        Self::Connect,
        Self::TlsUntrusted,
        Self::Tls,
        Self::Proxy,
        Self::Redirect,
        Self::Interrupted,
        Self::UnexpectedReply,
    ];

    /// The name in result lines.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadRecord => "bad_record",
            Self::FutureTimestamp => "future_timestamp",
            Self::Stale => "stale",
            Self::TooOld => "too_old",
            Self::AlreadyAccepted => "already_accepted",
            Self::AlreadyQueued => "already_queued",
            Self::AlreadyRefused => "already_refused",
            Self::NotRecorded => "not_recorded",
            Self::BadCredentials => "bad_credentials",
            Self::NotEnabled => "not_enabled",
            Self::BadParameters => "bad_parameters",
            Self::RateLimited => "rate_limited",
            Self::ServerError => "server_error",
            Self::Timeout => "timeout",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::TlsUntrusted => "tls_untrusted",
            Self::Tls => "tls",
            Self::Proxy => "proxy",
            Self::Redirect => "redirect",
            Self::Interrupted => "interrupted",
            Self::UnexpectedReply => "unexpected_reply",
        }
    }
}
