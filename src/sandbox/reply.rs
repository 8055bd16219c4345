//! A reply becomes bytes. Nothing here touches a socket.

use std::io::Write as _;

use super::http::Persistence;
use crate::domain::Timestamp;
use crate::wire::http_date;

/// A reply to be written.
#[derive(Debug, Default)]
pub(super) struct Response<'a> {
    pub(super) status: u16,
    pub(super) reason: &'a str,
    pub(super) content_type: &'a str,
    /// Further headers, complete and with their line ends.
    pub(super) headers: &'a str,
    pub(super) body: &'a [u8],
}

/// Whether the body is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyIs {
    Sent,
    /// The request was a `HEAD`.
    Withheld,
}

/// What goes around every reply.
#[derive(Clone, Copy)]
pub(super) struct Envelope<'a> {
    pub(super) date: &'a Date,
    pub(super) persistence: Persistence,
    pub(super) body: BodyIs,
}

/// The `Date` header, which changes once a second and not with every reply.
pub(super) struct Date {
    pub(super) now: Timestamp,
    text: String,
}

impl Date {
    pub(super) fn at(now: Timestamp) -> Self {
        Self { now, text: http_date(now) }
    }
}

impl Response<'_> {
    /// Appends the whole reply to `out`, so that one write sends it. Returns the length of the head.
    pub(super) fn write(&self, out: &mut Vec<u8>, envelope: &Envelope<'_>) -> usize {
        let connection = match envelope.persistence {
            Persistence::Implied => "",
            Persistence::Announced => "Connection: keep-alive\r\n",
            Persistence::Ends => "Connection: close\r\n",
        };
        let (status, reason, headers) = (self.status, self.reason, self.headers);
        let date = &envelope.date.text;
        // Writing to a vector cannot fail.
        let _ = write!(out, "HTTP/1.1 {status} {reason}\r\nDate: {date}\r\n{connection}{headers}");
        let may_have_body = !matches!(status, 204 | 304);
        if may_have_body {
            if !self.content_type.is_empty() {
                let _ = write!(out, "Content-Type: {}\r\n", self.content_type);
            }
            let _ = write!(out, "Content-Length: {}\r\n", self.body.len());
        }
        out.extend_from_slice(b"\r\n");
        let head = out.len();
        if may_have_body && envelope.body == BodyIs::Sent {
            out.extend_from_slice(self.body);
        }
        head
    }
}

#[cfg(test)]
mod tests {
    use super::{BodyIs, Date, Envelope, Response};
    use crate::domain::Timestamp;
    use crate::sandbox::http::Persistence;

    #[test]
    fn replies_are_written_byte_for_byte() {
        let reply =
            Response { status: 200, reason: "OK", content_type: "text/plain", headers: "X: y\r\n", body: b"OK" };
        let date = Date::at(Timestamp::from_unix(0).unwrap());
        let written = |reply: &Response<'_>, persistence, body| {
            let mut out = Vec::new();
            let envelope = Envelope { date: &date, persistence, body };
            let head = reply.write(&mut out, &envelope);
            assert!(out[..head].ends_with(b"\r\n\r\n"));
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            written(&reply, Persistence::Implied, BodyIs::Sent),
            "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nX: y\r\n\
             Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nOK"
        );
        assert_eq!(
            written(&reply, Persistence::Ends, BodyIs::Withheld),
            "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nConnection: close\r\nX: y\r\n\
             Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n"
        );
        let nothing = Response { status: 204, headers: "", ..reply };
        assert_eq!(
            written(&nothing, Persistence::Announced, BodyIs::Sent),
            "HTTP/1.1 204 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nConnection: keep-alive\r\n\r\n"
        );
    }
}
