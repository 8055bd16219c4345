//! The life of one connection: read, judge, write down, answer, again.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::answer::{Answer, AnswerKind};
use super::certificate::Security;
use super::connections::Waited;
use super::fault::{Deserved, Termination, carry_out};
use super::http::{Frame, Persistence, ReceivedRequest};
use super::judge::{Ruling, World, judge};
use super::log::LoggedRequest;
use super::masking;
use super::old_tls::answer_hello;
use super::parameters::Parameters;
use super::rendering::{write_ruling, write_scripted};
use super::reply::{BodyIs, Date, Envelope, Response};
use super::service::Service;
use super::stream::{Inbox, NoRequest, Stream};
use crate::wire::reason;

/// What becomes of a connection after a request.
enum AfterRequest {
    Another,
    End(Termination),
}

/// Serves a connection to its end. Whatever fails on it ends it and no other.
pub(super) fn serve(service: &Service, socket: &Arc<TcpStream>, number: u64) {
    let Ok(stream) = open(service, socket) else {
        return;
    };
    let mut connection =
        Session { service, number, stream, out: Vec::with_capacity(1024), date: Date::at(service.now()) };
    let talk = match service.security {
        Security::OldTls => answer_hello(socket).map(|()| Termination::Cut),
        Security::None | Security::Tls(_) => connection.converse(),
    };
    if connection.stream.is_handshaking() || matches!(service.security, Security::OldTls) {
        service.log.failed_handshakes.fetch_add(1, Ordering::Relaxed);
    }
    connection.stream.end(talk.unwrap_or(Termination::Cut));
}

fn open(service: &Service, socket: &Arc<TcpStream>) -> io::Result<Stream> {
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(service.client_timeout))?;
    socket.set_write_timeout(Some(service.client_timeout))?;
    match &service.security {
        Security::None | Security::OldTls => Ok(Stream::plain(socket)),
        Security::Tls(config) => Stream::tls(socket, config),
    }
}

/// A connection with what it needs for its replies, used again for each.
struct Session<'a> {
    service: &'a Service,
    number: u64,
    stream: Stream,
    /// The reply, whole.
    out: Vec<u8>,
    date: Date,
}

impl Session<'_> {
    fn converse(&mut self) -> io::Result<Termination> {
        let look_first = self.service.may_reset_before_reading();
        let mut inbox = Inbox::new();
        loop {
            if look_first && inbox.bytes().is_empty() && self.is_refused_unread()? {
                return Ok(Termination::Reset);
            }
            let received = inbox.receive(&mut self.stream, self.service.client_timeout);
            let now = self.service.now();
            if now != self.date.now {
                self.date = Date::at(now);
            }
            let frame = match received {
                Ok(frame) => frame,
                Err(NoRequest::Gone) => return Ok(Termination::Close),
                Err(NoRequest::Refused(status)) => return self.refuse(status),
            };
            match self.answer(&frame, inbox.bytes())? {
                AfterRequest::Another => inbox.remove(frame.length),
                AfterRequest::End(ending) => return Ok(ending),
            }
        }
    }

    /// Waits until something arrives, and returns whether the script leaves it unread.
    fn is_refused_unread(&mut self) -> io::Result<bool> {
        if !self.stream.awaits_request()? {
            return Ok(false);
        }
        let Some((turn, answer)) = self.service.take_unread_turn() else {
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
    fn refuse(&mut self, status: u16) -> io::Result<Termination> {
        let turn = self.service.take_turn();
        self.service.log.record(|| LoggedRequest {
            status: Some(status),
            ..LoggedRequest::unread(turn, self.number, self.date.now)
        })?;
        let reply = Response { status, reason: reason(status), ..Response::default() };
        let envelope = Envelope { date: &self.date, persistence: Persistence::Ends, body: BodyIs::Sent };
        self.out.clear();
        reply.write(&mut self.out, &envelope);
        self.stream.write_all(&self.out)?;
        Ok(Termination::Close)
    }

    fn answer(&mut self, frame: &Frame, bytes: &[u8]) -> io::Result<AfterRequest> {
        let service = self.service;
        let turn = service.take_turn();
        let answer = service.scripted(turn);
        let kind = answer.map_or(&AnswerKind::Normal, |answer| &answer.kind);

        let request = frame.request(bytes);
        let parameters = Parameters::read(&request, service.unknowns.mislabelled_form);
        let world = World { accounts: &service.accounts, unknowns: &service.unknowns, now: self.date.now };
        let judgement = judge(&request, &parameters, &world);
        let ruling = match kind {
            AnswerKind::Reply(_) => judgement.ruling,
            AnswerKind::Normal | AnswerKind::Fault(_) => {
                service.compare_with_earlier(judgement.ruling, &parameters)
            }
        };

        // Before the wait as well: the client may be killed while it waits for the answer.
        service.log.record(|| LoggedRequest {
            method: request.method.to_owned(),
            path: masking::path(request.path, &service.accounts),
            parameters: masking::parameters(&parameters, &service.accounts),
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

        let wait = service.latency + answer.map_or(Duration::ZERO, |answer| answer.delay);
        if !wait.is_zero() && service.connections.wait(wait) == Waited::Stopped {
            return Ok(AfterRequest::End(Termination::Cut));
        }

        let head = self.write(kind, &ruling, &request, frame.persistence);
        if answer.is_some_and(|answer| *answer != Answer::ok()) {
            service.log.fired(kind);
        }
        if *kind == AnswerKind::Normal && matches!(ruling, Ruling::Accepted(_)) {
            service.log.accepted.fetch_add(1, Ordering::Relaxed);
        }
        self.send(kind, head, frame.persistence)
    }

    /// Makes the response ready, and returns the length of its head.
    fn write(
        &mut self,
        kind: &AnswerKind,
        ruling: &Ruling<'_>,
        request: &ReceivedRequest<'_>,
        persistence: Persistence,
    ) -> usize {
        let body = if request.method == "HEAD" { BodyIs::Withheld } else { BodyIs::Sent };
        let envelope = Envelope { date: &self.date, persistence, body };
        let (unknowns, out) = (&self.service.unknowns, &mut self.out);
        out.clear();
        match kind {
            AnswerKind::Reply(reply) => write_scripted(reply, request.path, unknowns, &envelope, out),
            AnswerKind::Normal | AnswerKind::Fault(_) => {
                write_ruling(ruling, request.path, unknowns, &envelope, out)
            }
        }
    }

    /// Sends what has been made ready, or does to it what the fault says.
    fn send(&mut self, kind: &AnswerKind, head: usize, persistence: Persistence) -> io::Result<AfterRequest> {
        if let AnswerKind::Fault(fault) = kind {
            let bytes = &self.out;
            let reply = Deserved { bytes, head };
            return carry_out(*fault, reply, &mut self.stream, &self.service.connections).map(AfterRequest::End);
        }
        self.stream.write_all(&self.out)?;
        Ok(match persistence {
            Persistence::Implied | Persistence::Announced => AfterRequest::Another,
            Persistence::Ends => AfterRequest::End(Termination::Close),
        })
    }
}
