//! The life of one connection: read, judge, write down, answer, again.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::connections::Waited;
use super::fault::{Deserved, Ending, carry_out};
use super::http::{BodyIs, Frame, Persistence, Reply, Request, http_date};
use super::judge::{Ruling, World, judge};
use super::log::LoggedRequest;
use super::page::jetty;
use super::parameters::Parameters;
use super::script::{AnswerKind, RetryAfter, ScriptedReply};
use super::service::Service;
use super::stream::{Inbox, NoRequest, Stream};
use super::unknowns::{ErrorBody, SuccessBody};
use crate::domain::{Secret, Timestamp};
use crate::wire::{names, reason};

/// What becomes of a connection after a request.
enum Next {
    Another,
    End(Ending),
}

/// Serves a connection to its end. Whatever fails on it ends it and concerns nobody else.
pub(super) fn serve(service: &Service, socket: &Arc<TcpStream>, number: u64) {
    let Ok(stream) = prepare(service, socket) else {
        return;
    };
    let mut connection = Connection {
        service,
        number,
        stream,
        out: Vec::with_capacity(1024),
        date: Date::at(service.now()),
    };
    let ending = connection.converse().unwrap_or(Ending::Cut);
    if connection.stream.is_handshaking() {
        service.log.failed_handshakes.fetch_add(1, Ordering::Relaxed);
    }
    connection.stream.end(ending);
}

fn prepare(service: &Service, socket: &Arc<TcpStream>) -> io::Result<Stream> {
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(service.client_timeout))?;
    socket.set_write_timeout(Some(service.client_timeout))?;
    Stream::new(socket, service.tls.as_ref())
}

/// A connection with what it needs for its replies, used again for each.
struct Connection<'a> {
    service: &'a Service,
    number: u64,
    stream: Stream,
    /// The reply, whole.
    out: Vec<u8>,
    date: Date,
}

/// The `Date` header, which changes once a second and not with every reply.
struct Date {
    now: Timestamp,
    text: String,
}

impl Date {
    fn at(now: Timestamp) -> Self {
        Self {
            now,
            text: http_date(now),
        }
    }
}

impl Connection<'_> {
    fn converse(&mut self) -> io::Result<Ending> {
        let look_first = self.service.script.may_reset_before_reading();
        let mut inbox = Inbox::new();
        loop {
            if look_first && inbox.bytes().is_empty() && self.is_refused_unread()? {
                return Ok(Ending::Reset);
            }
            let received = inbox.receive(&mut self.stream, self.service.client_timeout);
            let now = self.service.now();
            if now != self.date.now {
                self.date = Date::at(now);
            }
            let frame = match received {
                Ok(frame) => frame,
                Err(NoRequest::Gone) => return Ok(Ending::Close),
                Err(NoRequest::Refused(status)) => return self.refuse(status),
            };
            match self.answer(&frame, inbox.bytes())? {
                Next::Another => inbox.remove(frame.length),
                Next::End(ending) => return Ok(ending),
            }
        }
    }

    /// Waits until something arrives, and tells whether the script has it that nobody reads it.
    fn is_refused_unread(&mut self) -> io::Result<bool> {
        let arrived = self.stream.socket().peek(&mut [0])? > 0;
        let Some((turn, answer)) = arrived.then(|| self.service.take_unread_turn()).flatten() else {
            return Ok(false);
        };
        let log = &self.service.log;
        log.record(|| LoggedRequest {
            fault: Some(answer.kind.to_string()),
            ..LoggedRequest::unread(turn, self.number, self.service.now())
        })?;
        log.fired(&answer.kind);
        self.service.connections.wait(answer.delay);
        Ok(true)
    }

    /// Answers what is not a request. The script has no say: a client that cannot speak HTTP is a finding of its own.
    fn refuse(&mut self, status: u16) -> io::Result<Ending> {
        let turn = self.service.take_turn();
        self.service.log.record(|| LoggedRequest {
            status: Some(status),
            ..LoggedRequest::unread(turn, self.number, self.date.now)
        })?;
        let reply = Reply {
            status,
            reason: reason(status),
            ..Reply::default()
        };
        self.write_out(&reply, Persistence::Ends, BodyIs::Sent);
        self.stream.write_all(&self.out)?;
        Ok(Ending::Close)
    }

    fn answer(&mut self, frame: &Frame, bytes: &[u8]) -> io::Result<Next> {
        let service = self.service;
        let turn = service.take_turn();
        let answer = service.script.answer(turn);
        let kind = answer.map_or(&AnswerKind::Normal, |answer| &answer.kind);

        let request = frame.request(bytes);
        let parameters = Parameters::read(&request);
        let world = World {
            accounts: &service.accounts,
            unknowns: &service.unknowns,
            now: self.date.now,
        };
        let judgement = judge(&request, &parameters, &world);
        let ruling = match kind {
            AnswerKind::Reply(_) => judgement.ruling,
            AnswerKind::Normal | AnswerKind::Fault(_) => {
                service.compare_with_earlier(judgement.ruling, &parameters)
            }
        };

        // Before the wait as well: whoever waits for the answer may be killed while it does.
        service.log.record(|| LoggedRequest {
            method: request.method.to_owned(),
            path: request.path.to_owned(),
            parameters: parameters.pairs().map(masked).collect(),
            credentials: judgement.credentials,
            status: match kind {
                AnswerKind::Normal => Some(ruling.status(&service.unknowns)),
                AnswerKind::Reply(reply) => Some(reply.status),
                AnswerKind::Fault(_) => None,
            },
            fault: match kind {
                AnswerKind::Normal | AnswerKind::Reply(_) => None,
                AnswerKind::Fault(fault) => Some(fault.to_string()),
            },
            ..LoggedRequest::unread(turn, self.number, self.date.now)
        })?;

        let wait = service.latency + answer.map_or_else(Default::default, |answer| answer.delay);
        if !wait.is_zero() && service.connections.wait(wait) == Waited::Stopped {
            return Ok(Next::End(Ending::Cut));
        }

        let body = if request.method == "HEAD" {
            BodyIs::Withheld
        } else {
            BodyIs::Sent
        };
        let head = match kind {
            AnswerKind::Reply(reply) => self.write_scripted(reply, frame.persistence, body),
            AnswerKind::Normal | AnswerKind::Fault(_) => {
                self.write_ruling(&ruling, &request, frame.persistence, body)
            }
        };
        match kind {
            AnswerKind::Normal => {
                if matches!(ruling, Ruling::Accepted(_)) {
                    service.log.accepted.fetch_add(1, Ordering::Relaxed);
                }
            }
            AnswerKind::Reply(_) | AnswerKind::Fault(_) => service.log.fired(kind),
        }
        if let AnswerKind::Fault(fault) = kind {
            let bytes = &self.out;
            let ending = carry_out(
                *fault,
                Deserved { bytes, head },
                &mut self.stream,
                &service.connections,
            )?;
            return Ok(Next::End(ending));
        }
        self.stream.write_all(&self.out)?;
        Ok(match frame.persistence {
            Persistence::Implied | Persistence::Announced => Next::Another,
            Persistence::Ends => Next::End(Ending::Close),
        })
    }

    fn write_ruling(
        &mut self,
        ruling: &Ruling<'_>,
        request: &Request<'_>,
        persistence: Persistence,
        body: BodyIs,
    ) -> usize {
        let unknowns = &self.service.unknowns;
        let status = ruling.status(unknowns);
        let reason = ruling.reason(unknowns);
        let page;
        let (content_type, text) = match ruling {
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
                    page = jetty(status, &reason, request.path);
                    ("text/html; charset=ISO-8859-1", page.as_str())
                }
                ErrorBody::Empty => ("", ""),
            },
        };
        let allow = if let Ruling::MethodNotAllowed(methods) = ruling {
            format!("Allow: {methods}\r\n")
        } else {
            String::new()
        };
        let reply = Reply {
            status,
            reason: &reason,
            content_type,
            headers: &allow,
            body: text.as_bytes(),
        };
        self.write_out(&reply, persistence, body)
    }

    fn write_scripted(&mut self, scripted: &ScriptedReply, persistence: Persistence, body: BodyIs) -> usize {
        let mut headers = String::new();
        // Writing to a string cannot fail.
        let _ = match scripted.retry_after {
            None => Ok(()),
            Some(RetryAfter::Seconds(seconds)) => write!(headers, "Retry-After: {seconds}\r\n"),
            Some(RetryAfter::Date(ahead)) => {
                let now = self.date.now;
                let date = Timestamp::from_unix(now.unix().saturating_add(i64::from(ahead))).unwrap_or(now);
                write!(headers, "Retry-After: {}\r\n", http_date(date))
            }
        };
        if let Some(location) = &scripted.location {
            let _ = write!(headers, "Location: {location}\r\n");
        }
        let implied = if scripted.body.is_empty() {
            ""
        } else {
            "text/plain"
        };
        let reply = Reply {
            status: scripted.status,
            reason: reason(scripted.status),
            content_type: scripted.content_type.as_deref().unwrap_or(implied),
            headers: &headers,
            body: scripted.body.as_bytes(),
        };
        self.write_out(&reply, persistence, body)
    }

    fn write_out(&mut self, reply: &Reply<'_>, persistence: Persistence, body: BodyIs) -> usize {
        self.out.clear();
        reply.write(&mut self.out, &self.date.text, persistence, body)
    }
}

fn masked((name, value): (&str, &str)) -> (String, String) {
    let value = if [names::API_SECRET, names::SIG].contains(&name) {
        Secret::MASK
    } else {
        value
    };
    (name.to_owned(), value.to_owned())
}
