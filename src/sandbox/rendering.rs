//! A ruling, or a scripted answer, as a reply.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::answer::{RetryAfter, ScriptedReply};
use super::judge::{NOT_ENABLED_REASON, Ruling};
use super::page::jetty;
use super::reply::{Envelope, Response};
use super::switches::{ErrorBody, SuccessBody};
use super::unknowns::Unknowns;
use crate::domain::Timestamp;
use crate::wire::http_date;
use crate::wire::reason;

/// What the service's pages are labelled with.
const HTML: &str = "text/html;charset=ISO-8859-1";

/// Appends the reply to `out` and returns the length of its head.
pub(super) fn write_ruling(
    ruling: &Ruling<'_>,
    path: &str,
    unknowns: &Unknowns,
    envelope: &Envelope<'_>,
    out: &mut Vec<u8>,
) -> usize {
    let status = ruling.status(unknowns);
    let reason = ruling.reason(unknowns);
    let (page, allow);
    let mut headers = "";
    let (content_type, body) = match ruling {
        Ruling::Accepted(_) => match unknowns.success {
            SuccessBody::Ok => ("text/plain", "OK"),
            SuccessBody::Empty => ("", ""),
        },
        Ruling::Balance => ("application/json", r#"{"value":10.17,"autoReload":false}"#),
        Ruling::NotFound
        | Ruling::MethodNotAllowed(_)
        | Ruling::Unauthorized
        | Ruling::NotEnabled
        | Ruling::Missing(_)
        | Ruling::Malformed(_)
        | Ruling::Doubted(..) => match unknowns.errors {
            ErrorBody::Html => {
                page = jetty(status, &reason, path);
                (HTML, page.as_str())
            }
            ErrorBody::Empty => ("", ""),
        },
    };
    if let Ruling::MethodNotAllowed(methods) = ruling {
        allow = format!("Allow: {methods}\r\n");
        headers = &allow;
    }
    let reply = Response { status, reason: &reason, content_type, headers, body: body.as_bytes() };
    reply.write(out, envelope)
}

/// Appends the reply to `out` and returns the length of its head. A 402 without a body of its own is the service's.
pub(super) fn write_scripted(
    scripted: &ScriptedReply,
    path: &str,
    unknowns: &Unknowns,
    envelope: &Envelope<'_>,
    out: &mut Vec<u8>,
) -> usize {
    let mut headers = String::new();
    // Writing to a string cannot fail.
    if let Some(retry_after) = scripted.retry_after {
        let value = match retry_after {
            RetryAfter::Seconds(seconds) => seconds.to_string(),
            RetryAfter::Date(ahead) => {
                let now = envelope.date.now;
                let date = now.unix().saturating_add(ahead.into());
                http_date(Timestamp::from_unix(date).unwrap_or(now))
            }
        };
        let _ = write!(headers, "Retry-After: {value}\r\n");
    }
    if let Some(location) = &scripted.location {
        let _ = write!(headers, "Location: {location}\r\n");
    }
    let is_seen_402 = scripted.status == 402 && scripted.body.is_none();
    let reason = if is_seen_402 { NOT_ENABLED_REASON } else { reason(scripted.status) };
    let (implied, body) = match (&scripted.body, unknowns.errors) {
        (None, ErrorBody::Html) if is_seen_402 => (HTML, jetty(scripted.status, reason, path).into()),
        (None, _) => ("", Cow::Borrowed("")),
        (Some(body), _) => (if body.is_empty() { "" } else { "text/plain" }, body.as_str().into()),
    };
    let reply = Response {
        status: scripted.status,
        reason,
        content_type: scripted.content_type.as_deref().unwrap_or(implied),
        headers: &headers,
        body: body.as_bytes(),
    };
    reply.write(out, envelope)
}
