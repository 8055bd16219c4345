//! One request at a time over one connection: written, sent, and its reply read.

use std::sync::Arc;
use std::sync::mpsc::Sender as Watcher;
use std::time::Duration;

use ureq::Error;
use ureq::http::{HeaderValue, Request as HttpRequest, Uri, header};
use ureq_proto::client::state::RecvResponse;
use ureq_proto::client::{Call, RedirectAuthHeaders};
use zeroize::Zeroizing;

use super::connection::{Connection, Opener};
use super::endpoint::Endpoint;
use super::error::{Cause, NotQuiet, Sent, TransportError, explain, unsendable};
use super::exchange::{Afterwards, Answer, Wanted, exchange, prepare, write};
use super::head::{FormHead, form};
use super::names::Names;
use super::output::Output;
use super::trace::Trace;
use super::watched::Watched;
use crate::clock;
use crate::domain::{Channel, Placement, Timestamp};
use crate::failpoint::{Promise, is_broken};
use crate::wire::{Body, Reply, Request, Scheme};

/// On so many connections in a row a request is not written because the server has already said something or has closed:
/// one may have been kept alive for too long, more are the server's manner.
const CONNECTIONS: u32 = 3;

/// Makes senders that share the address cache and the trust store.
#[derive(Debug)]
pub struct Transport {
    endpoint: Arc<Endpoint>,
    /// Of conversions over SMS, and over voice.
    heads: Arc<[FormHead; 2]>,
    names: Names,
    watcher: Option<Watcher<Watched>>,
}

impl Transport {
    /// Prepares senders; opens nothing yet. Fails for a base URL that HTTP cannot carry.
    pub fn new(endpoint: Endpoint) -> Result<Self, TransportError> {
        let head = |channel| {
            let url = endpoint.base_url.conversions(channel).parse().map_err(unsendable)?;
            FormHead::new(url)
        };
        let heads = head(Channel::Sms).and_then(|sms| Ok([sms, head(Channel::Voice)?]));
        let heads = Arc::new(heads.map_err(|_| TransportError::unsent(Cause::Unsendable))?);
        Ok(Self { endpoint: Arc::new(endpoint), heads, names: Names::default(), watcher: None })
    }

    /// Its senders show each request before it is sent, and its answer before they return it.
    #[must_use]
    pub fn watched(self, watcher: Option<Watcher<Watched>>) -> Self {
        Self { watcher, ..self }
    }

    /// A sender with a connection of its own, for one thread.
    #[must_use]
    pub fn sender(&self) -> Sender {
        let endpoint = &*self.endpoint;
        // Before the first connection, of which there may be as many as there are file descriptors. A fault is returned when it is used.
        if endpoint.base_url.scheme() == Scheme::Https {
            let _ = endpoint.trust.client_config();
        }
        Sender {
            opener: Opener::new(Arc::clone(&self.endpoint), self.names.clone()),
            endpoint: Arc::clone(&self.endpoint),
            heads: Arc::clone(&self.heads),
            kept: None,
            output: Output::new(),
            watcher: self.watcher.clone(),
        }
    }
}

/// Sends one request at a time over one kept-alive connection.
#[derive(Debug)]
pub struct Sender {
    opener: Opener,
    endpoint: Arc<Endpoint>,
    heads: Arc<[FormHead; 2]>,
    /// In a box, because it is large and taken out and put back for each request.
    kept: Option<Box<Connection>>,
    output: Output,
    watcher: Option<Watcher<Watched>>,
}

/// From when until when an attempt lasts.
#[derive(Debug, Clone, Copy)]
struct Time {
    began: Duration,
    ends: Duration,
}

/// A complete answer to [`Sender::get`].
#[derive(Debug)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// The server's clock, by its `Date` header.
    pub date: Option<Timestamp>,
    /// What it carried.
    pub body: Body,
    /// The TLS version that was agreed on, where there was one.
    pub tls: Option<&'static str>,
}

impl Sender {
    /// How long one attempt may last.
    #[must_use]
    pub fn max_time(&self) -> Duration {
        self.endpoint.max_time
    }

    /// Sends one request and waits for its reply.
    ///
    /// An answer with whatever status is `Ok`; what it means is [`wire::classify`](crate::wire::classify)'s matter.
    pub fn send(&mut self, request: &Request<'_>) -> Result<Reply, TransportError> {
        let heads = Arc::clone(&self.heads);
        let head = match request.channel {
            Channel::Sms => &heads[0],
            Channel::Voice => &heads[1],
        };
        self.show(|| Watched::request(request, head.url().to_string()));
        let began = clock::monotonic();
        let result = match (request.placement, request.basic) {
            (Placement::Form, None) => self.send_form(request, head, began),
            (Placement::Form | Placement::Query, _) => self.send_otherwise(request, head.url(), began),
        };
        self.show_answer(result.as_ref(), request.message_id(), began);
        let Answer { status, retry_after, body, .. } = result?;
        Ok(Reply { status, retry_after, body })
    }

    /// All that is its own is in the form.
    fn send_form(
        &mut self,
        request: &Request<'_>,
        head: &FormHead,
        began: Duration,
    ) -> Result<Answer, TransportError> {
        self.output.begin(head.room());
        let written = request.encode(self.output.room()).ok_or_else(|| unsendable(())).and_then(|length| {
            self.output.written(length);
            head.complete(&mut self.output)
        });
        let awaited = || write(prepare(form(head.url().clone()), Some(&[]))?, &[], &mut Output::new());
        self.run(head.url(), began, Wanted::Verdict, written.map(|()| awaited))
    }

    /// With parameters in its URL, or a header that not every request has.
    fn send_otherwise(
        &mut self,
        request: &Request<'_>,
        url: &Uri,
        began: Duration,
    ) -> Result<Answer, TransportError> {
        let written = write_otherwise(request, url, &mut self.output);
        self.run(url, began, Wanted::Verdict, written.map(|call| || Ok(call)))
    }

    /// Fetches a page that changes nothing, for `check`.
    pub fn get(&mut self, url: &str, authorization: Option<&str>) -> Result<Page, TransportError> {
        self.show(|| Watched::Request {
            method: "GET",
            url: url.to_owned(),
            parameters: String::new(),
            authorized: authorization.is_some(),
        });
        let began = clock::monotonic();
        let result = match write_get(url, authorization, &mut self.output) {
            Ok((url, call)) => self.run(&url, began, Wanted::Date, Ok(|| Ok(call))),
            Err(error) => Err(explain(error, Trace::Nowhere, &self.endpoint)),
        };
        self.show_answer(result.as_ref(), url, began);
        let Answer { status, date, body, tls, .. } = result?;
        Ok(Page { status, date, body, tls })
    }

    fn show(&self, seen: impl FnOnce() -> Watched) {
        if let Some(watcher) = &self.watcher {
            let _ = watcher.send(seen());
        }
    }

    fn show_answer(&self, result: Result<&Answer, &TransportError>, about: &str, began: Duration) {
        self.show(|| {
            let (about, took) = (about.to_owned(), clock::monotonic().saturating_sub(began));
            match result {
                Ok(answer) => Watched::Answer {
                    about,
                    status: answer.status,
                    took,
                    tls: answer.tls,
                    connection: answer.came_by,
                },
                Err(error) => Watched::Failure { about, why: error.to_string(), took },
            }
        });
    }

    /// Sends what is in the output, over another connection where one is not fit for it: that is known before a byte has left,
    /// so it is the same attempt and has the same time.
    fn run<F>(
        &mut self,
        url: &Uri,
        began: Duration,
        wanted: Wanted,
        awaited: Result<F, Error>,
    ) -> Result<Answer, TransportError>
    where
        F: FnOnce() -> Result<Call<RecvResponse>, Error>,
    {
        let time = Time { began, ends: began.saturating_add(self.endpoint.max_time) };
        let mut trace = Trace::Nowhere;
        let mut result = awaited.and_then(|awaited| {
            // Whoever has sent the request also waits for the reply.
            let mut awaited = Some(awaited);
            let mut await_reply = || awaited.take().ok_or_else(|| unsendable(()))?();
            let mut result = self.attempt(url, time, wanted, &mut trace, &mut await_reply);
            for _ in 1..CONNECTIONS {
                if !result.as_ref().is_err_and(NotQuiet::is_why) {
                    break;
                }
                result = self.attempt(url, time, wanted, &mut trace, &mut await_reply);
            }
            result
        });
        if is_broken(Promise::RedirectsNotFollowed) {
            result = result.and_then(|answer| self.follow(answer, time, &mut trace));
        }
        result.map_err(|error| {
            let error = explain(error, trace, &self.endpoint);
            if error.sent == Sent::No {
                self.opener.forget_addresses();
            }
            error
        })
    }

    /// Over the connection of the last request, or a new one.
    fn attempt(
        &mut self,
        url: &Uri,
        time: Time,
        wanted: Wanted,
        trace: &mut Trace,
        awaited: impl FnOnce() -> Result<Call<RecvResponse>, Error>,
    ) -> Result<Answer, Error> {
        *trace = Trace::Nowhere;
        let mut connection = match self.kept.take().filter(|kept| kept.fits(url, time.began)) {
            Some(kept) => kept,
            None => Box::new(self.opener.open(url, time.ends)?),
        };
        connection.begin(time.ends);
        let result = exchange(&mut connection, self.output.bytes(), wanted, awaited);
        *trace = connection.trace();
        let answer = result?;
        if answer.connection == Afterwards::Kept {
            connection.keep(time.began);
            self.kept = Some(connection);
        }
        Ok(answer)
    }

    /// What a broken promise does: it goes where a redirect leads.
    fn follow(&mut self, mut answer: Answer, time: Time, trace: &mut Trace) -> Result<Answer, Error> {
        for _ in 0..10 {
            let next = answer.redirect.as_mut().map(|call| call.as_new_call(RedirectAuthHeaders::Never));
            let Some(Ok(Some(call))) = next else {
                break;
            };
            let url = call.uri().clone();
            let call = write(call, &[], &mut self.output)?;
            answer = self.attempt(&url, time, Wanted::Date, trace, || Ok(call))?;
        }
        Ok(answer)
    }
}

fn write_otherwise(request: &Request<'_>, url: &Uri, output: &mut Output) -> Result<Call<RecvResponse>, Error> {
    let encoded = request.encoded();
    let (url, body) = match request.placement {
        Placement::Form => (url.clone(), encoded.as_bytes()),
        Placement::Query => {
            let whole = Zeroizing::new(format!("{url}?{}", encoded.as_str()));
            (whole.parse().map_err(unsendable)?, &[][..])
        }
    };
    let mut message = form(url);
    if let Some(authorization) = request.authorization() {
        let value = HeaderValue::from_str(&authorization).map_err(unsendable)?;
        message.headers_mut().insert(header::AUTHORIZATION, value);
    }
    write(prepare(message, Some(body))?, body, output)
}

fn write_get(
    url: &str,
    authorization: Option<&str>,
    output: &mut Output,
) -> Result<(Uri, Call<RecvResponse>), Error> {
    let mut message = HttpRequest::get(url);
    if let Some(authorization) = authorization {
        message = message.header(header::AUTHORIZATION, authorization);
    }
    let message = message.body(()).map_err(unsendable)?;
    let url = message.uri().clone();
    Ok((url, write(prepare(message, None)?, &[], output)?))
}
