//! One request and its reply over one connection, from state to state as ureq-proto has them:
//!
//! ```text
//! Prepare ─▶ SendRequest ─▶ SendBody ─▶ RecvResponse ─▶ RecvBody ─▶ Cleanup
//!                   └───────────────────────▲   │ └─────────────────────▲
//!                                               └─▶ Redirect: an answer like any other
//! ```
//!
//! What is HTTP is decided there, what leaves and comes when is decided here: a request leaves whole, or not at all. The
//! common form and its common reply go the same way in one step each ([`FormHead`](super::head::FormHead), [`read_common`]).

use std::io::{self, ErrorKind};
use std::time::Duration;

use httparse::{EMPTY_HEADER, Status};
use ureq::Error;
use ureq::http::{HeaderName, HeaderValue, Request as HttpRequest, Response, header};
use ureq_proto::BodyMode;
use ureq_proto::client::state::{Prepare, RecvBody, RecvResponse, Redirect};
use ureq_proto::client::{Call, RecvBodyResult, RecvResponseResult, SendRequestResult};

use super::common::read_common;
use super::connection::Connection;
use super::endpoint::USER_AGENT;
use super::error::unsendable;
use super::output::Output;
use super::trace::ConnectionAge;
use crate::clock;
use crate::domain::Timestamp;
use crate::wire::{Body, BodyEnd, parse_http_date, parse_retry_after};

/// How much of a reply's body is looked at.
const BODY_LIMIT: usize = 64 * 1024;

/// As many as ureq-proto takes.
const MOST_FIELDS: usize = 128;

/// A reply, as far as it matters here, with as much of its body as the API could send.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    pub(super) date: Option<Timestamp>,
    pub(super) body: Body,
    pub(super) connection: Afterwards,
    /// Where it leads, and nobody goes.
    pub(super) redirect: Option<Box<Call<Redirect>>>,
    pub(super) came_by: ConnectionAge,
    pub(super) tls: Option<&'static str>,
}

/// What is wanted of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// What it says of the request; in the common reply nothing else is looked at.
    Verdict,
    /// The server's clock, too.
    Date,
}

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Afterwards {
    Kept,
    Closed,
}

/// Sends a request over a connection and reads the reply to its end. A reply that is not the common one is `awaited` by the call
/// that wrote the request, or by one like it.
pub(super) fn exchange(
    connection: &mut Connection,
    request: &[u8],
    wanted: Wanted,
    awaited: impl FnOnce() -> Result<Call<RecvResponse>, Error>,
) -> Result<Answer, Error> {
    connection.send(request)?;
    let received = connection.receive()?;
    if wanted == Wanted::Verdict
        && let Some(reply) = read_common(connection.received())
    {
        let body = Body::new(reply.body.to_vec(), reply.content_type, reply.content_encoding, BodyEnd::Reached);
        connection.consume_all();
        return Ok(Answer {
            status: 200,
            retry_after: None,
            date: None,
            body,
            connection: Afterwards::Kept,
            redirect: None,
            came_by: connection.age(),
            tls: connection.tls(),
        });
    }
    read_reply(connection, received, awaited()?)
}

/// `Prepare`: a request, with the headers that every request has.
pub(super) fn prepare(request: HttpRequest<()>, body: Option<&[u8]>) -> Result<Call<Prepare>, Error> {
    let mut call = Call::new(request).map_err(unsendable)?;
    if let Some(body) = body {
        call.header(header::CONTENT_LENGTH, HeaderValue::from(body.len())).map_err(unsendable)?;
    }
    call.header(header::USER_AGENT, HeaderValue::from_static(USER_AGENT)).map_err(unsendable)?;
    Ok(call)
}

/// `SendRequest` and `SendBody`: all of it goes into the output, and nothing leaves yet.
pub(super) fn write(call: Call<Prepare>, body: &[u8], output: &mut Output) -> Result<Call<RecvResponse>, Error> {
    output.begin(0);
    let mut call = call.proceed();
    while !call.can_proceed() {
        let written = call.write(output.room()).map_err(unsendable)?;
        output.written(written);
    }
    match call.proceed().map_err(unsendable)? {
        Some(SendRequestResult::RecvResponse(call)) => Ok(call),
        Some(SendRequestResult::SendBody(mut call)) => {
            let (_, written) = call.write(body, output.room()).map_err(unsendable)?;
            output.written(written);
            call.proceed().ok_or_else(|| unsendable(()))
        }
        // No request expects a "100 Continue".
        Some(SendRequestResult::Await100(_)) | None => Err(unsendable(())),
    }
}

/// `RecvResponse`, and what follows it.
fn read_reply(connection: &mut Connection, received: usize, call: Call<RecvResponse>) -> Result<Answer, Error> {
    let (head, next) = read_head(connection, received, call)?;
    let mut bytes = Vec::new();
    let (end, afterwards, redirect) = match next {
        RecvResponseResult::RecvBody(mut call) => match read_body(connection, &mut call, &mut bytes) {
            BodyEnd::Missed => (BodyEnd::Missed, Afterwards::Closed, None),
            BodyEnd::Reached => match call.proceed() {
                Some(RecvBodyResult::Cleanup(call)) => (BodyEnd::Reached, clean_up(call.close_reason()), None),
                Some(RecvBodyResult::Redirect(call)) => {
                    (BodyEnd::Reached, clean_up(call.close_reason()), Some(Box::new(call)))
                }
                // Its end was inferred.
                None => (BodyEnd::Reached, Afterwards::Closed, None),
            },
        },
        RecvResponseResult::Redirect(call) => {
            (BodyEnd::Reached, clean_up(call.close_reason()), Some(Box::new(call)))
        }
        RecvResponseResult::Cleanup(call) => (BodyEnd::Reached, clean_up(call.close_reason()), None),
    };
    let value = |name: HeaderName| head.headers().get(name).and_then(|value| value.to_str().ok());
    let all = |name: HeaderName| together(&head, &name);
    Ok(Answer {
        status: head.status().as_u16(),
        retry_after: value(header::RETRY_AFTER).and_then(|value| parse_retry_after(value, clock::now())),
        date: value(header::DATE).and_then(parse_http_date),
        body: Body::new(bytes, all(header::CONTENT_TYPE).as_deref(), codings(&head).as_deref(), end),
        // Whatever has come besides, it answers nothing that was asked.
        connection: if connection.received().is_empty() { afterwards } else { Afterwards::Closed },
        redirect,
        came_by: connection.age(),
        tls: connection.tls(),
    })
}

/// All values of a header as one list. Bytes that are not UTF-8 are replaced by what no label has: an unreadable one is not none.
fn together(head: &Response<()>, name: &HeaderName) -> Option<String> {
    let values = head.headers().get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let list: Vec<_> = values.collect();
    (!list.is_empty()).then(|| list.join(", "))
}

/// All that has to be undone before the body can be read, but for chunks.
fn codings(head: &Response<()>) -> Option<String> {
    let transfer = together(head, &header::TRANSFER_ENCODING).unwrap_or_default();
    let transfer = transfer.split(',').filter(|coding| !coding.trim().eq_ignore_ascii_case("chunked"));
    let content = together(head, &header::CONTENT_ENCODING);
    let list: Vec<_> = transfer.chain(content.as_deref()).filter(|coding| !coding.trim().is_empty()).collect();
    (!list.is_empty()).then(|| list.join(","))
}

/// `RecvResponse`: the first head that is not a 1xx. So many bytes have just been received; 0 was the end.
fn read_head(
    connection: &mut Connection,
    mut received: usize,
    mut call: Call<RecvResponse>,
) -> Result<(Response<()>, RecvResponseResult), Error> {
    loop {
        loop {
            let (used, head) = match call.try_response(connection.received(), false) {
                // ureq-proto takes no fields with a 100, which may have some like any other 1xx.
                Err(ureq_proto::Error::HeadersWith100) => (length_of_head(connection.received()), None),
                other => other?,
            };
            connection.consume(used);
            match head {
                Some(head) => return Ok((head, call.proceed().ok_or(Error::ConnectionFailed)?)),
                // Behind a 1xx the reply may be there already.
                None if used > 0 => {}
                None => break,
            }
        }
        if received == 0 {
            return Err(Error::Io(ErrorKind::UnexpectedEof.into()));
        }
        received = connection.receive()?;
    }
}

/// Of a head that is whole.
fn length_of_head(bytes: &[u8]) -> usize {
    let mut headers = [EMPTY_HEADER; MOST_FIELDS];
    match httparse::Response::new(&mut headers).parse(bytes) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) | Err(_) => 0,
    }
}

/// `Cleanup`.
fn clean_up(close_reason: Option<&'static str>) -> Afterwards {
    if close_reason.is_some() { Afterwards::Closed } else { Afterwards::Kept }
}

/// `RecvBody`: what comes of a body. That it breaks off does not undo the answer.
fn read_body(connection: &mut Connection, call: &mut Call<RecvBody>, body: &mut Vec<u8>) -> BodyEnd {
    let ends_by_itself = call.body_mode() != BodyMode::CloseDelimited;
    loop {
        let input = connection.received();
        let length = body.len();
        body.resize(length + input.len(), 0);
        let Ok((used, read)) = call.read(input, &mut body[length..]) else {
            body.truncate(length);
            return BodyEnd::Missed;
        };
        body.truncate(length + read);
        connection.consume(used);
        if body.len() > BODY_LIMIT {
            body.truncate(BODY_LIMIT + 1);
            return BodyEnd::Missed;
        }
        if ends_by_itself && call.can_proceed() {
            return BodyEnd::Reached;
        }
        if used > 0 && !connection.received().is_empty() {
            continue;
        }
        match connection.receive() {
            Ok(1..) => {}
            Ok(0) => return inferred_end(connection, call),
            // A reset is no end of what ends with the connection.
            Err(Error::Io(error)) if is_end(&error) && (ends_by_itself || !is_reset(&error)) => {
                return inferred_end(connection, call);
            }
            Err(_) => return BodyEnd::Missed,
        }
    }
}

/// The other side has closed the connection, which is one way to end a body. After the last chunk of another its end is all
/// there was to come.
fn inferred_end(connection: &Connection, call: &Call<RecvBody>) -> BodyEnd {
    let is_over = call.can_proceed() || call.is_ended_chunked();
    if is_over && connection.received().is_empty() { BodyEnd::Reached } else { BodyEnd::Missed }
}

fn is_end(error: &io::Error) -> bool {
    error.kind() == ErrorKind::UnexpectedEof || is_reset(error)
}

fn is_reset(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}
