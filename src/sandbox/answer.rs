//! One answer that is asked for, as a value and as text.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use crate::domain::{DurationError, named, parse_duration};

/// How one request is answered.
///
/// As text: `ok`, a status, `portal`, or the name of a [`Fault`], then fields after commas: `delay=2s`, and with a
/// status `retry-after=30`, `retry-after=date+30` (an HTTP date so many seconds ahead), `location=URL`, `type=MEDIA/TYPE`,
/// and last (it may contain commas) `body=TEXT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// How long it takes, on top of the sandbox's latency.
    pub delay: Duration,
    /// What it is.
    pub kind: AnswerKind,
}

/// What an answer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerKind {
    /// Whatever the request deserves.
    Normal,
    /// This reply, whatever the request was.
    Reply(ScriptedReply),
    /// Not a whole reply.
    Fault(Fault),
}

/// A reply that is made up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptedReply {
    /// 200 to 599.
    pub status: u16,
    /// `Retry-After`.
    pub retry_after: Option<RetryAfter>,
    /// `Location`.
    pub location: Option<String>,
    /// `Content-Type`; `text/plain` where there is a body and nothing else is said.
    pub content_type: Option<String>,
    /// The body; without one a 402 has the page that was seen of the service, anything else has none.
    pub body: Option<String>,
}

/// Both forms of `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// Seconds.
    Seconds(u32),
    /// An HTTP date, so many seconds ahead of the sandbox's clock (negative: in the past).
    Date(i32),
}

named! {
    /// What goes wrong. Where a part of a reply is sent, it is a part of the one that the request deserves.
    Fault {
        /// Reset as soon as something arrives and before any of it is read; on a new connection, before TLS.
        ResetBefore = "reset-before",
        /// Reset once the request has been read.
        Reset = "reset",
        /// Closed once the request has been read, without a reply.
        Close = "close",
        /// Closed within the status line.
        HalfStatus = "half-status",
        /// Closed within the headers.
        HalfHeaders = "half-headers",
        /// Closed before the body is as long as `Content-Length` said.
        Truncated = "truncated",
        /// The reply, one byte every 200 ms.
        Drip = "drip",
        /// Nothing, until the client leaves or the sandbox stops.
        Stall = "stall",
        /// One interim reply (100 Continue) after the other, without end.
        EndlessInterim = "endless-interim",
        /// Headers without end.
        EndlessHeaders = "endless-headers",
        /// One header without end.
        EndlessHeader = "endless-header",
        /// A body without end.
        EndlessBody = "endless-body",
        /// Headers behind the body, without end.
        EndlessTrailers = "endless-trailers",
        /// Bytes that are not HTTP.
        Garbage = "garbage",
    }
}

/// Why a text is not an answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AnswerError {
    /// Not a kind of answer.
    #[error("`{0}` is no answer: wanted ok, portal, a status of 200 to 599, or a fault ({faults})", faults = fault_names())]
    Kind(String),
    /// Not a field, or not one of this answer.
    #[error("`{field}` is no field of the answer `{kind}`")]
    Field {
        /// What stands there.
        field: String,
        /// The answer.
        kind: String,
    },
    /// A length of time that cannot be read.
    #[error("delay `{text}`")]
    Delay {
        /// What stands there.
        text: String,
        /// Why.
        source: DurationError,
    },
    /// A `Retry-After` that is neither form.
    #[error("retry-after `{0}` is neither seconds nor date+SECONDS")]
    RetryAfter(String),
    /// `Every` without a count.
    #[error("`{0}` is not COUNT:ANSWER with a count of at least 1")]
    Every(String),
}

impl Answer {
    /// Whatever the request deserves.
    #[must_use]
    pub fn ok() -> Self {
        Self::from(AnswerKind::Normal)
    }

    /// This status; without a body, but for a 402, of which the service's page is known.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::from(AnswerKind::Reply(ScriptedReply::bare(status)))
    }

    /// The 200 of another web page.
    #[must_use]
    pub fn portal() -> Self {
        Self::from(AnswerKind::Reply(ScriptedReply {
            content_type: Some("text/html; charset=utf-8".to_owned()),
            body: Some(
                "<!DOCTYPE html>\n<html><title>Welcome</title><p>Please accept our terms.</html>\n".to_owned(),
            ),
            ..ScriptedReply::bare(200)
        }))
    }

    /// This fault.
    #[must_use]
    pub fn fault(fault: Fault) -> Self {
        Self::from(AnswerKind::Fault(fault))
    }

    /// The same answer, later.
    #[must_use]
    pub fn delayed(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// The same reply with `Retry-After`; only replies have headers.
    #[must_use]
    pub fn retry_after(mut self, retry_after: RetryAfter) -> Self {
        if let AnswerKind::Reply(reply) = &mut self.kind {
            reply.retry_after = Some(retry_after);
        }
        self
    }

    /// The same reply with a body; only replies have one.
    #[must_use]
    pub fn body(mut self, text: &str) -> Self {
        if let AnswerKind::Reply(reply) = &mut self.kind {
            reply.body = Some(text.to_owned());
        }
        self
    }

    pub(super) fn resets_before_reading(&self) -> bool {
        self.kind == AnswerKind::Fault(Fault::ResetBefore)
    }

    fn set(&mut self, field: &str) -> Result<(), AnswerError> {
        let unknown = |kind: &AnswerKind| AnswerError::Field { field: field.to_owned(), kind: kind.to_string() };
        let (name, value) = field.split_once('=').ok_or_else(|| unknown(&self.kind))?;
        if name == "delay" {
            self.delay =
                parse_duration(value).map_err(|source| AnswerError::Delay { text: value.to_owned(), source })?;
            return Ok(());
        }
        let AnswerKind::Reply(reply) = &mut self.kind else {
            return Err(unknown(&self.kind));
        };
        match name {
            "retry-after" => reply.retry_after = Some(value.parse()?),
            "location" => reply.location = Some(value.to_owned()),
            "type" => reply.content_type = Some(value.to_owned()),
            "body" => reply.body = Some(value.to_owned()),
            _ => return Err(unknown(&self.kind)),
        }
        Ok(())
    }
}

impl ScriptedReply {
    fn bare(status: u16) -> Self {
        Self { status, retry_after: None, location: None, content_type: None, body: None }
    }
}

impl From<AnswerKind> for Answer {
    fn from(kind: AnswerKind) -> Self {
        Self { delay: Duration::ZERO, kind }
    }
}

impl fmt::Display for AnswerKind {
    /// `ok`, the status, or the fault's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal => f.write_str("ok"),
            Self::Reply(reply) => reply.status.fmt(f),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl FromStr for Answer {
    type Err = AnswerError;

    fn from_str(text: &str) -> Result<Self, AnswerError> {
        let (kind, mut rest) = match text.split_once(',') {
            Some((kind, rest)) => (kind.trim(), rest),
            None => (text.trim(), ""),
        };
        let mut answer = match kind {
            "ok" => Self::ok(),
            "portal" => Self::portal(),
            other => {
                let status = other.parse().ok().filter(|status| (200..=599).contains(status));
                status
                    .map(Self::status)
                    .or_else(|| other.parse().ok().map(Self::fault))
                    .ok_or_else(|| AnswerError::Kind(other.to_owned()))?
            }
        };
        while !rest.is_empty() {
            let whole = rest.trim_start().starts_with("body=");
            let (field, later) = rest.split_once(',').filter(|_| !whole).unwrap_or((rest, ""));
            answer.set(field.trim_start())?;
            rest = later;
        }
        Ok(answer)
    }
}

impl FromStr for RetryAfter {
    type Err = AnswerError;

    fn from_str(text: &str) -> Result<Self, AnswerError> {
        let parsed = match text.strip_prefix("date") {
            Some(ahead) if ahead.starts_with(['+', '-']) => ahead.parse().ok().map(Self::Date),
            Some(_) => None,
            None => text.parse().ok().map(Self::Seconds),
        };
        parsed.ok_or_else(|| AnswerError::RetryAfter(text.to_owned()))
    }
}

fn fault_names() -> String {
    let names: Vec<_> = Fault::ALL.iter().map(|fault| fault.as_str()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Answer, AnswerError, AnswerKind, Fault, RetryAfter};

    #[test]
    fn answers_are_written_as_text() {
        let parse = |text: &str| text.parse::<Answer>().unwrap();
        assert_eq!(parse("ok"), Answer::ok());
        assert_eq!(parse("ok,delay=50ms"), Answer::ok().delayed(Duration::from_millis(50)));
        assert_eq!(parse("429,retry-after=30"), Answer::status(429).retry_after(RetryAfter::Seconds(30)));
        assert_eq!(
            parse("503, retry-after=date-5, delay=1s, body=a, b=c"),
            Answer::status(503).retry_after(RetryAfter::Date(-5)).delayed(Duration::from_secs(1)).body("a, b=c")
        );
        for fault in Fault::ALL {
            assert_eq!(parse(fault.as_str()), Answer::fault(*fault));
        }
        let AnswerKind::Reply(portal) = parse("portal").kind else {
            panic!("a portal is a reply");
        };
        assert_eq!(portal.status, 200);
        let AnswerKind::Reply(redirect) = parse("302,location=https://x.invalid/,type=a/b").kind else {
            panic!("a status is a reply");
        };
        assert_eq!(redirect.location.as_deref(), Some("https://x.invalid/"));
        assert_eq!(redirect.content_type.as_deref(), Some("a/b"));
    }

    #[test]
    fn texts_that_are_no_answer_say_why() {
        let error = |text: &str| text.parse::<Answer>().unwrap_err();
        for text in ["", "100", "600", "nope", "3x503"] {
            assert_eq!(error(text), AnswerError::Kind(text.to_owned()), "{text}");
        }
        assert_eq!(error("stall,retry-after=1").to_string(), "`retry-after=1` is no field of the answer `stall`");
        assert_eq!(error("503,x").to_string(), "`x` is no field of the answer `503`");
        assert!(matches!(error("ok,delay=5"), AnswerError::Delay { .. }));
        for text in ["soon", "date", "date5", "-1"] {
            assert_eq!(error(&format!("429,retry-after={text}")), AnswerError::RetryAfter(text.into()));
        }
    }
}
