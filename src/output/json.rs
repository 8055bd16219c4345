//! Result lines for programs: one JSON object a record. `docs/result-line.schema.json` describes them; changes only add.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::domain::{Failure, Outcome, Reached, Timestamp};
use crate::pipeline::{RecordResult, Subject};

/// The version of the format: fields are added under it, never changed.
const VERSION: u8 = 1;
/// How much of an unreadable record is shown, in characters.
const RAW_SHOWN: usize = 200;

/// One record's result.
#[derive(Debug, Serialize)]
pub struct ResultLine<'a> {
    v: u8,
    line: u64,
    #[serde(rename = "ref")]
    reference: Option<Box<RawValue>>,
    channel: Option<&'static str>,
    message_id: Option<&'a str>,
    delivered: Option<bool>,
    timestamp: Option<String>,
    outcome: &'static str,
    http_status: Option<u16>,
    attempts: u32,
    elapsed_ms: u64,
    age_s: Option<i64>,
    profile: Option<&'a str>,
    sent_at: Option<String>,
    error: Option<ErrorLine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<&'a RequestLine>,
}

/// A request as it would be sent, without its secrets; only in dry runs.
#[derive(Debug, Serialize)]
pub struct RequestLine {
    /// `POST`.
    pub method: &'static str,
    /// The full URL, secrets in its query masked.
    pub url: String,
    /// The `Authorization` header, masked.
    pub authorization: Option<String>,
    /// The form's parameters, secrets masked; in the order in which they are sent.
    #[serde(serialize_with = "in_order")]
    pub form: Vec<(&'static str, String)>,
    /// A shell line that sends the same with curl, where there is one.
    pub curl: Option<String>,
}

fn in_order<S: Serializer>(pairs: &[(&'static str, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}

#[derive(Debug, Serialize)]
struct ErrorLine<'a> {
    code: &'static str,
    message: &'a str,
    hint: Option<String>,
    reached_server: Option<bool>,
}

impl<'a> ResultLine<'a> {
    /// The line for a result. `now` dates what was never sent; `hint` advises.
    #[must_use]
    pub fn new(
        result: &'a RecordResult,
        profile: Option<&'a str>,
        now: Timestamp,
        hint: impl Fn(&Failure) -> Option<String>,
    ) -> Self {
        let (conversion, raw) = match &result.subject {
            Subject::Conversion(conversion, _) => (Some(conversion), None),
            Subject::Unreadable(raw) => {
                (None, Some(String::from_utf8_lossy(raw).chars().take(RAW_SHOWN).collect::<String>()))
            }
        };
        Self {
            v: VERSION,
            line: result.line,
            reference: result
                .reference
                .as_ref()
                .and_then(|reference| RawValue::from_string(reference.as_json().to_owned()).ok()),
            channel: conversion.map(|conversion| conversion.channel.as_str()),
            message_id: conversion.map(|conversion| conversion.message_id.as_str()),
            delivered: conversion.map(|conversion| conversion.delivered.as_bool()),
            timestamp: conversion.map(|conversion| conversion.timestamp.to_string()),
            outcome: result.outcome.as_str(),
            http_status: result.http_status,
            attempts: result.attempts,
            elapsed_ms: u64::try_from(result.elapsed.as_millis()).unwrap_or(u64::MAX),
            age_s: conversion.map(|conversion| conversion.timestamp.age_at(result.sent_at.unwrap_or(now))),
            profile,
            sent_at: result.sent_at.map(Timestamp::to_rfc3339),
            error: result.outcome.failure().map(|failure| ErrorLine {
                code: failure.code.as_str(),
                message: &failure.message,
                hint: hint(failure),
                reached_server: match failure.reached_server {
                    Reached::Yes => Some(true),
                    Reached::No => Some(false),
                    Reached::Unknown => None,
                },
            }),
            raw,
            request: None,
        }
    }

    /// The same line with all of an unreadable record, not only its beginning.
    #[must_use]
    pub fn with_all_of(self, result: &RecordResult) -> Self {
        match &result.subject {
            Subject::Conversion(..) => self,
            Subject::Unreadable(raw) => Self { raw: Some(String::from_utf8_lossy(raw).into_owned()), ..self },
        }
    }

    /// The same line with the request that a dry run shows.
    #[must_use]
    pub fn with_request(self, request: Option<&'a RequestLine>) -> Self {
        Self { request, ..self }
    }

    /// Whether this line is a failure.
    #[must_use]
    pub fn is_failure(outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Accepted | Outcome::DryRun | Outcome::Skipped(_) => false,
            Outcome::Rejected(_) | Outcome::Retry(_) | Outcome::Invalid(_) => true,
        }
    }
}

/// One finding of `check`.
#[derive(Debug, Serialize)]
pub struct CheckLine<'a> {
    /// The version of the format.
    pub v: u8,
    /// What was looked at.
    pub check: &'a str,
    /// `ok`, `warn`, `fail` or `skip`.
    pub status: &'a str,
    /// What was found.
    pub detail: &'a str,
    /// What to do about it.
    pub hint: Option<&'a str>,
}
