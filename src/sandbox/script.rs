//! Answers that are asked for: which request gets one, and how one is written down as text.
//!
//! A script is a function of the request's number and nothing else, so a run can be repeated exactly. It does not know
//! how an answer is carried out.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use crate::domain::{DurationError, named, parse_duration};

/// Which requests are answered differently. Requests are numbered from 1 in the order in which they were read.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// The answers of the first requests, in order.
    pub first: Vec<Answer>,
    /// What comes after those.
    pub then: Then,
    /// Every so many requests, this answer; looked at where `first` has none (left).
    pub every: Vec<Every>,
}

named! {
    /// What comes after a script's first answers.
    #[derive(Default)]
    Then {
        /// The documented behaviour.
        #[default]
        Normal = "normal",
        /// The same answers again, for ever.
        Cycle = "cycle",
        /// The last answer, for ever.
        Last = "last",
    }
}

/// One answer for every `nth` request; as text `10:503`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Every {
    /// 10: the requests 10, 20, 30 …
    pub nth: NonZeroU64,
    /// What those get.
    pub answer: Answer,
}

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
    /// The body.
    pub body: String,
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
        /// Headers without end.
        EndlessHeaders = "endless-headers",
        /// A body without end.
        EndlessBody = "endless-body",
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

impl Script {
    /// These answers to the first requests, normal behaviour afterwards.
    #[must_use]
    pub fn first(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            first: answers.into_iter().collect(),
            ..Self::default()
        }
    }

    /// This answer to every request.
    #[must_use]
    pub fn always(answer: Answer) -> Self {
        Self {
            first: vec![answer],
            then: Then::Last,
            every: Vec::new(),
        }
    }

    /// The answer to request `number`, counted from 1; nothing for normal behaviour.
    #[must_use]
    pub fn answer(&self, number: u64) -> Option<&Answer> {
        let index = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        let listed = match self.then {
            Then::Normal => self.first.get(index),
            Then::Cycle => index
                .checked_rem(self.first.len())
                .map(|index| &self.first[index]),
            Then::Last => self.first.get(index).or(self.first.last()),
        };
        listed.or_else(|| {
            self.every
                .iter()
                .find(|every| number.is_multiple_of(every.nth.get()))
                .map(|every| &every.answer)
        })
    }

    /// Whether some request may have to be refused unread, so that a connection must look before it reads.
    pub(super) fn may_reset_before_reading(&self) -> bool {
        self.first
            .iter()
            .chain(self.every.iter().map(|every| &every.answer))
            .any(Answer::resets_before_reading)
    }
}

impl Answer {
    /// Whatever the request deserves.
    #[must_use]
    pub fn ok() -> Self {
        Self::from(AnswerKind::Normal)
    }

    /// This status, without a body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::from(AnswerKind::Reply(ScriptedReply::bare(status)))
    }

    /// The 200 of somebody else's web page.
    #[must_use]
    pub fn portal() -> Self {
        Self::from(AnswerKind::Reply(ScriptedReply {
            content_type: Some("text/html; charset=utf-8".to_owned()),
            body: "<!DOCTYPE html>\n<html><title>Welcome</title><p>Please accept our terms.</html>\n"
                .to_owned(),
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
            text.clone_into(&mut reply.body);
        }
        self
    }

    pub(super) fn resets_before_reading(&self) -> bool {
        self.kind == AnswerKind::Fault(Fault::ResetBefore)
    }

    fn set(&mut self, field: &str) -> Result<(), AnswerError> {
        let unknown = |kind: &AnswerKind| AnswerError::Field {
            field: field.to_owned(),
            kind: kind.to_string(),
        };
        let (name, value) = field.split_once('=').ok_or_else(|| unknown(&self.kind))?;
        if name == "delay" {
            self.delay = parse_duration(value).map_err(|source| AnswerError::Delay {
                text: value.to_owned(),
                source,
            })?;
            return Ok(());
        }
        let AnswerKind::Reply(reply) = &mut self.kind else {
            return Err(unknown(&self.kind));
        };
        match name {
            "retry-after" => reply.retry_after = Some(value.parse()?),
            "location" => reply.location = Some(value.to_owned()),
            "type" => reply.content_type = Some(value.to_owned()),
            "body" => value.clone_into(&mut reply.body),
            _ => return Err(unknown(&self.kind)),
        }
        Ok(())
    }
}

impl ScriptedReply {
    fn bare(status: u16) -> Self {
        Self {
            status,
            retry_after: None,
            location: None,
            content_type: None,
            body: String::new(),
        }
    }
}

impl From<AnswerKind> for Answer {
    fn from(kind: AnswerKind) -> Self {
        Self {
            delay: Duration::ZERO,
            kind,
        }
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

impl FromStr for Every {
    type Err = AnswerError;

    fn from_str(text: &str) -> Result<Self, AnswerError> {
        let parsed = text
            .split_once(':')
            .and_then(|(nth, answer)| Some((nth.trim().parse().ok()?, answer)));
        let (nth, answer) = parsed.ok_or_else(|| AnswerError::Every(text.to_owned()))?;
        Ok(Self {
            nth,
            answer: answer.parse()?,
        })
    }
}

fn fault_names() -> String {
    let names: Vec<_> = Fault::ALL.iter().map(|fault| fault.as_str()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Answer, AnswerError, AnswerKind, Every, Fault, RetryAfter, Script, Then};

    #[test]
    fn answers_are_written_as_text() {
        let parse = |text: &str| text.parse::<Answer>().unwrap();
        assert_eq!(parse("ok"), Answer::ok());
        assert_eq!(
            parse("ok,delay=50ms"),
            Answer::ok().delayed(Duration::from_millis(50))
        );
        assert_eq!(
            parse("429,retry-after=30"),
            Answer::status(429).retry_after(RetryAfter::Seconds(30))
        );
        assert_eq!(
            parse("503, retry-after=date-5, delay=1s, body=a, b=c"),
            Answer::status(503)
                .retry_after(RetryAfter::Date(-5))
                .delayed(Duration::from_secs(1))
                .body("a, b=c")
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
        assert_eq!(
            error("stall,retry-after=1").to_string(),
            "`retry-after=1` is no field of the answer `stall`"
        );
        assert_eq!(error("503,x").to_string(), "`x` is no field of the answer `503`");
        assert!(matches!(error("ok,delay=5"), AnswerError::Delay { .. }));
        for text in ["soon", "date", "date5", "-1"] {
            assert_eq!(
                error(&format!("429,retry-after={text}")),
                AnswerError::RetryAfter(text.into())
            );
        }
        for text in ["503", "0:503", "x:503"] {
            assert_eq!(text.parse::<Every>(), Err(AnswerError::Every(text.into())));
        }
    }

    #[test]
    fn a_script_ends_repeats_or_holds() {
        let answers = |script: &Script| -> Vec<String> {
            (1..=5)
                .map(|n| script.answer(n).map_or("-".into(), |a| a.kind.to_string()))
                .collect()
        };
        let mut script = Script::first([Answer::status(503), Answer::fault(Fault::Stall)]);
        assert_eq!(answers(&script), ["503", "stall", "-", "-", "-"]);
        script.then = Then::Cycle;
        assert_eq!(answers(&script), ["503", "stall", "503", "stall", "503"]);
        script.then = Then::Last;
        assert_eq!(answers(&script), ["503", "stall", "stall", "stall", "stall"]);
        assert_eq!(
            answers(&Script::always(Answer::status(500))),
            ["500", "500", "500", "500", "500"]
        );
    }

    #[test]
    fn every_nth_request_is_answered_differently() {
        let script = Script {
            every: vec!["2:503".parse().unwrap(), "3:500".parse().unwrap()],
            ..Script::default()
        };
        let answered: Vec<_> = (1..=6).filter_map(|n| script.answer(n)).collect();
        assert_eq!(answered.len(), 4, "2, 3, 4 and 6");
        assert!(
            Script::default().answer(1).is_none()
                && Script {
                    then: Then::Cycle,
                    ..script
                }
                .answer(1)
                .is_none()
        );
    }
}
