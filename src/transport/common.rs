//! The reply that nearly every request gets, read at once: `200`, a `Content-Length`, and all of its body.
//!
//! ureq-proto's word counts. What this takes, ureq-proto takes for the same, which `fuzz/` checks; and whatever is unusual
//! in any way is left to it.

use httparse::{EMPTY_HEADER, Header, Response, Status};

/// A whole reply. It neither closes the connection nor leaves anything on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommonReply<'a> {
    /// What `Content-Type` says, if the reply has one.
    pub content_type: Option<&'a str>,
    /// What `Content-Encoding` says, if the reply has one.
    pub content_encoding: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// A reply with more headers is unusual.
const MOST_HEADERS: usize = 24;

/// Reads a reply, if these bytes are one and nothing else, and if it is a common one.
#[must_use]
pub fn read_common(bytes: &[u8]) -> Option<CommonReply<'_>> {
    let mut headers = [EMPTY_HEADER; MOST_HEADERS];
    let mut reply = Response::new(&mut headers);
    let Ok(Status::Complete(head)) = reply.parse(bytes) else {
        return None;
    };
    if (reply.version, reply.code) != (Some(1), Some(200)) {
        return None;
    }
    let (mut length, mut content_type, mut content_encoding) = (None, None, None);
    for header in &*reply.headers {
        match meaning(header.name) {
            Meaning::Length => once(&mut length, number(header.value)?)?,
            Meaning::Type => once(&mut content_type, text(header)?)?,
            Meaning::Encoding => once(&mut content_encoding, text(header)?)?,
            Meaning::Keeping if header.value.eq_ignore_ascii_case(b"keep-alive") => {}
            Meaning::Keeping | Meaning::Other => return None,
            Meaning::None => {}
        }
    }
    let body = bytes.get(head..)?;
    (Some(body.len()) == length).then_some(CommonReply { content_type, content_encoding, body })
}

/// What a header is to this reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Length,
    Type,
    Encoding,
    /// Whether the connection lives on.
    Keeping,
    /// Where the reply ends, or when to come again: left to others.
    Other,
    /// It changes nothing here.
    None,
}

/// By the length first, because nearly all names are none of these.
fn meaning(name: &str) -> Meaning {
    let known = match name.len() {
        10 => ("connection", Meaning::Keeping),
        11 => ("retry-after", Meaning::Other),
        12 => ("content-type", Meaning::Type),
        14 => ("content-length", Meaning::Length),
        16 => ("content-encoding", Meaning::Encoding),
        17 => ("transfer-encoding", Meaning::Other),
        _ => return Meaning::None,
    };
    if name.eq_ignore_ascii_case(known.0) { known.1 } else { Meaning::None }
}

/// A header that comes twice is unusual.
fn once<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.replace(value).is_none().then_some(())
}

/// A few digits and nothing else.
fn number(value: &[u8]) -> Option<usize> {
    let is_plain = (1..=5).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    is_plain.then(|| value.iter().fold(0, |number, digit| number * 10 + usize::from(digit - b'0')))
}

/// Visible ASCII, which everybody reads in one way.
fn text<'a>(header: &Header<'a>) -> Option<&'a str> {
    let is_visible = header.value.iter().all(|byte| (b' '..=b'~').contains(byte));
    str::from_utf8(header.value).ok().filter(|_| is_visible)
}
