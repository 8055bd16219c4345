//! What a reply means. The status decides; the body only has to be one that the API could have sent.

use std::time::Duration;

use http::StatusCode;

use super::body::Body;
use crate::domain::ErrorCode;

/// A reply, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// What `Retry-After` asked for.
    pub retry_after: Option<Duration>,
    /// What it carried.
    pub body: Body,
}

/// What a reply means for the record and for the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Done. Any 2xx; all but 200 are odd and worth a warning.
    Accepted,
    /// The API will never take this record.
    Refused,
    /// No record can succeed: the whole account, address or path to it is wrong.
    Stop(StopCause),
    /// May pass by itself, after this wait at least.
    Transient(Option<Duration>),
    /// Too fast: everyone waits.
    Throttled(Option<Duration>),
}

/// Why a run must stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopCause {
    /// 401 or 403: the credentials.
    Credentials,
    /// 402: conversions are not enabled, or (its own text) the credentials.
    NotEnabled,
    /// 3xx: someone else answered, or the address is old. Never followed: the POST would become a GET.
    Redirect,
    /// Success with a body that is not the API's, or 511: a captive portal or a proxy.
    Portal,
    /// 404, 405 and the like: not the Conversion API's address.
    WrongAddress,
    /// 407: the proxy wants credentials.
    ProxyCredentials,
}

impl StopCause {
    /// The kind of failure in result lines.
    #[must_use]
    pub fn code(self) -> ErrorCode {
        match self {
            Self::Credentials => ErrorCode::BadCredentials,
            Self::NotEnabled => ErrorCode::NotEnabled,
            Self::Redirect => ErrorCode::Redirect,
            Self::Portal | Self::WrongAddress => ErrorCode::UnexpectedReply,
            Self::ProxyCredentials => ErrorCode::Proxy,
        }
    }
}

/// The status table. 200, 401, 402, 420, 422 and 423 are documented; the rest follows HTTP.
#[must_use]
pub fn classify(reply: &Reply) -> Verdict {
    match reply.status {
        200..=299 if reply.body.may_be_the_apis() => Verdict::Accepted,
        200..=299 | 511 => Verdict::Stop(StopCause::Portal),
        300..=399 => Verdict::Stop(StopCause::Redirect),
        401 | 403 => Verdict::Stop(StopCause::Credentials),
        402 => Verdict::Stop(StopCause::NotEnabled),
        404 | 405 | 406 | 410 | 415 | 501 | 505 => Verdict::Stop(StopCause::WrongAddress),
        407 => Verdict::Stop(StopCause::ProxyCredentials),
        429 => Verdict::Throttled(reply.retry_after),
        408 | 425 => Verdict::Transient(reply.retry_after),
        400..=499 => Verdict::Refused,
        _ => Verdict::Transient(reply.retry_after),
    }
}

/// The registered reason phrase of a status, or an empty text. The API's own 420 and 423 mean "invalid parameters".
#[must_use]
pub fn reason(status: u16) -> &'static str {
    match status {
        // As RFC 9110 has renamed it.
        413 => "Content Too Large",
        420 | 423 => "Invalid Parameters",
        // The same.
        422 => "Unprocessable Content",
        _ => StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Reply, StopCause, Verdict, classify, reason};
    use crate::wire::{Body, BodyEnd};

    fn reply(status: u16, body: &str) -> Reply {
        let body = Body::new(body.into(), None, None, BodyEnd::Reached);
        Reply { status, retry_after: Some(Duration::from_secs(7)), body }
    }

    #[test]
    fn the_documented_statuses() {
        assert_eq!(classify(&reply(200, "OK")), Verdict::Accepted);
        assert_eq!(classify(&reply(200, "")), Verdict::Accepted);
        assert_eq!(classify(&reply(401, "OK")), Verdict::Stop(StopCause::Credentials));
        assert_eq!(classify(&reply(402, "Bad Account Credentials")), Verdict::Stop(StopCause::NotEnabled));
        for status in [420, 422, 423] {
            assert_eq!(classify(&reply(status, "OK")), Verdict::Refused, "{status}");
        }
    }

    #[test]
    fn a_web_page_is_not_success_and_a_redirect_is_never_followed() {
        for status in [200, 201, 204] {
            let page = classify(&reply(status, "<html>"));
            assert_eq!(page, Verdict::Stop(StopCause::Portal), "{status}");
        }
        for status in [300, 301, 302, 303, 304, 307, 308] {
            assert_eq!(classify(&reply(status, "OK")), Verdict::Stop(StopCause::Redirect), "{status}");
        }
    }

    #[test]
    fn the_rest_follows_http() {
        let wait = Some(Duration::from_secs(7));
        assert_eq!(classify(&reply(429, "")), Verdict::Throttled(wait));
        for status in [408, 425, 500, 502, 503, 504, 520, 599] {
            assert_eq!(classify(&reply(status, "")), Verdict::Transient(wait), "{status}");
        }
        for status in [400, 409, 413, 414, 418, 431, 451] {
            assert_eq!(classify(&reply(status, "")), Verdict::Refused, "{status}");
        }
        for status in [404, 405, 406, 410, 415, 501, 505] {
            assert_eq!(classify(&reply(status, "")), Verdict::Stop(StopCause::WrongAddress), "{status}");
        }
        assert_eq!(classify(&reply(511, "")), Verdict::Stop(StopCause::Portal));
        for status in [201, 202, 204, 299] {
            assert_eq!(classify(&reply(status, "")), Verdict::Accepted, "{status}");
        }
    }
    #[test]
    fn a_status_is_shown_by_its_registered_name_or_by_the_apis_own() {
        for (status, name) in [
            (200, "OK"),
            (401, "Unauthorized"),
            (413, "Content Too Large"),
            (420, "Invalid Parameters"),
            (422, "Unprocessable Content"),
            (423, "Invalid Parameters"),
            (503, "Service Unavailable"),
            (520, ""),
            (0, ""),
        ] {
            assert_eq!(reason(status), name, "{status}");
        }
    }
}
