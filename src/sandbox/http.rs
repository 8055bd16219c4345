//! HTTP/1.1 as a server needs it: bytes become a request.
//!
//! Nothing here touches a socket or knows what a conversion is.

use std::ops::Range;

use httparse::{EMPTY_HEADER, Header, Status};

/// No request line and headers may be longer.
const MAX_HEAD: usize = 8 * 1024;
/// No body may be longer.
const MAX_BODY: usize = 64 * 1024;
/// What the framing of a chunked body may add to it, so that tiny chunks cannot grow the buffer without end.
const MAX_FRAMING: usize = 64 * 1024;
const MAX_HEADERS: usize = 64;

/// What the bytes that have arrived so far are.
#[derive(Debug)]
pub(super) enum ParseStatus {
    /// Not a whole request yet.
    Partial(Waiting),
    /// A request.
    Complete(Frame),
}

/// What an incomplete request waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    /// For more bytes.
    ForBytes,
    /// For a `100 Continue` (RFC 9110 §10.1.1).
    ForContinue,
}

/// Where a request's parts are in the buffer.
#[derive(Debug)]
pub(super) struct Frame {
    /// How many bytes of the buffer the request takes.
    pub(super) length: usize,
    /// Whether another request may follow on the connection.
    pub(super) persistence: Persistence,
    method: Range<usize>,
    target: Range<usize>,
    content_type: Option<Range<usize>>,
    authorization: Option<Range<usize>>,
    body: BodyBytes,
}

#[derive(Debug)]
enum BodyBytes {
    InPlace(Range<usize>),
    Unchunked(Vec<u8>),
}

/// Whether a connection lasts, and whether the reply has to say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Persistence {
    /// It lasts, as HTTP/1.1 has it.
    Implied,
    /// It lasts, and a client of HTTP/1.0 is sent a header that says so.
    Announced,
    /// It ends with this reply.
    Ends,
}

/// A request, as far as the sandbox looks at it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ReceivedRequest<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) content_type: &'a str,
    pub(super) authorization: Option<&'a str>,
    pub(super) body: &'a [u8],
}

/// Reads the request at the beginning of `bytes`. The error is the status that the sender deserves.
pub(super) fn parse(bytes: &[u8]) -> Result<ParseStatus, u16> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let head_length = match head.parse(bytes) {
        Ok(Status::Complete(length)) if length <= MAX_HEAD => length,
        Ok(Status::Partial) if bytes.len() < MAX_HEAD => return Ok(ParseStatus::Partial(Waiting::ForBytes)),
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(431),
        Err(httparse::Error::Version) => return Err(505),
        Err(_) => return Err(400),
    };
    let (Some(method), Some(target), Some(version)) = (head.method, head.path, head.version) else {
        return Err(400);
    };
    let headers = Headers::read(head.headers)?;
    let rest = &bytes[head_length..];
    let incomplete = match headers.expectation {
        Expectation::Continue if rest.is_empty() => ParseStatus::Partial(Waiting::ForContinue),
        Expectation::Continue | Expectation::None => ParseStatus::Partial(Waiting::ForBytes),
    };
    let (body, length) = match headers.framing {
        Framing::Length(length) if length > MAX_BODY => return Err(413),
        Framing::Length(length) if rest.len() < length => return Ok(incomplete),
        Framing::Length(length) => {
            let end = head_length + length;
            (BodyBytes::InPlace(head_length..end), end)
        }
        Framing::Chunked => match unchunk(rest)? {
            Some((body, length)) => (BodyBytes::Unchunked(body), head_length + length),
            None => return Ok(incomplete),
        },
    };
    let persistence = match (version, headers.connection) {
        (_, ConnectionHeader::Close) | (0, ConnectionHeader::Unsaid) => Persistence::Ends,
        (0, ConnectionHeader::KeepAlive) => Persistence::Announced,
        (_, ConnectionHeader::KeepAlive | ConnectionHeader::Unsaid) => Persistence::Implied,
    };
    let place = |part: &[u8]| {
        let start = part.as_ptr().addr() - bytes.as_ptr().addr();
        start..start + part.len()
    };
    Ok(ParseStatus::Complete(Frame {
        length,
        persistence,
        method: place(method.as_bytes()),
        target: place(target.as_bytes()),
        content_type: headers.content_type.map(place),
        authorization: headers.authorization.map(place),
        body,
    }))
}

struct Headers<'a> {
    framing: Framing,
    connection: ConnectionHeader,
    expectation: Expectation,
    content_type: Option<&'a [u8]>,
    authorization: Option<&'a [u8]>,
}

enum Framing {
    Length(usize),
    Chunked,
}

enum ConnectionHeader {
    Unsaid,
    KeepAlive,
    Close,
}

enum Expectation {
    None,
    Continue,
}

impl<'a> Headers<'a> {
    fn read(headers: &[Header<'a>]) -> Result<Self, u16> {
        let mut found = Self {
            framing: Framing::Length(0),
            connection: ConnectionHeader::Unsaid,
            expectation: Expectation::None,
            content_type: None,
            authorization: None,
        };
        let (mut length, mut coding) = (None, None);
        for Header { name, value } in headers {
            if name.eq_ignore_ascii_case("content-length") {
                if length.is_some_and(|earlier| earlier != *value) {
                    return Err(400);
                }
                length = Some(*value);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                coding = Some(*value);
            } else if name.eq_ignore_ascii_case("connection") {
                if has_token(value, "close") {
                    found.connection = ConnectionHeader::Close;
                } else if has_token(value, "keep-alive") {
                    found.connection = ConnectionHeader::KeepAlive;
                }
            } else if name.eq_ignore_ascii_case("expect") {
                if value.eq_ignore_ascii_case(b"100-continue") {
                    found.expectation = Expectation::Continue;
                }
            } else if name.eq_ignore_ascii_case("content-type") {
                found.content_type = Some(value);
            } else if name.eq_ignore_ascii_case("authorization") {
                found.authorization = Some(value);
            }
        }
        found.framing = match (length, coding) {
            (None, None) => Framing::Length(0),
            (Some(length), None) => Framing::Length(parse_length(length).ok_or(400_u16)?),
            (None, Some(coding)) if coding.eq_ignore_ascii_case(b"chunked") => Framing::Chunked,
            (None, Some(_)) => return Err(501),
            // Two lengths: one of them is an attempt to smuggle a second request (RFC 9112 §6.1).
            (Some(_), Some(_)) => return Err(400),
        };
        Ok(found)
    }
}

fn has_token(list: &[u8], token: &str) -> bool {
    list.split(|byte| *byte == b',').any(|item| item.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}

/// Digits only: `+5` is a number for Rust and not for HTTP.
fn parse_length(value: &[u8]) -> Option<usize> {
    let digits = str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok()
}

/// The body and the length of its chunks, or nothing while they are not complete. Trailers are skipped.
fn unchunk(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, u16> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let Status::Complete((skip, size)) = httparse::parse_chunk_size(&bytes[at..]).map_err(|_| 400_u16)? else {
            return within_bounds(bytes);
        };
        let size = usize::try_from(size).ok().filter(|size| body.len() + size <= MAX_BODY).ok_or(413_u16)?;
        at += skip;
        if size == 0 {
            break;
        }
        let Some(chunk) = bytes.get(at..at + size + 2) else {
            return within_bounds(bytes);
        };
        let data = chunk.strip_suffix(b"\r\n").ok_or(400_u16)?;
        body.extend_from_slice(data);
        at += size + 2;
    }
    let mut trailers = [EMPTY_HEADER; MAX_HEADERS];
    match httparse::parse_headers(&bytes[at..], &mut trailers).map_err(|_| 400_u16)? {
        Status::Complete((length, _)) => Ok(Some((body, at + length))),
        Status::Partial => within_bounds(bytes),
    }
}

fn within_bounds<T>(chunks: &[u8]) -> Result<Option<T>, u16> {
    if chunks.len() < MAX_BODY + MAX_FRAMING { Ok(None) } else { Err(413) }
}

impl Frame {
    /// The request itself; `bytes` is the buffer that was parsed.
    pub(super) fn request<'a>(&'a self, bytes: &'a [u8]) -> ReceivedRequest<'a> {
        let text = |range: &Range<usize>| str::from_utf8(&bytes[range.clone()]).unwrap_or_default();
        let target = origin_form(text(&self.target));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        ReceivedRequest {
            method: text(&self.method),
            path,
            query,
            content_type: self.content_type.as_ref().map_or("", text),
            authorization: self.authorization.as_ref().map(text),
            body: match &self.body {
                BodyBytes::InPlace(range) => &bytes[range.clone()],
                BodyBytes::Unchunked(body) => body,
            },
        }
    }
}

/// A client that believes in a proxy sends the whole URL; its host does not matter here.
fn origin_form(target: &str) -> &str {
    let Some((_, rest)) = target.split_once("://").filter(|_| !target.starts_with('/')) else {
        return target;
    };
    rest.find('/').map_or("/", |slash| &rest[slash..])
}

#[cfg(test)]
mod tests;
