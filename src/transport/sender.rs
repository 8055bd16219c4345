//! One request at a time over one connection: written, sent, and its reply read.

use std::io::Read as _;
use std::sync::Arc;
use std::sync::mpsc::Sender as Watcher;
use std::time::Duration;

use ureq::http::{HeaderValue, Method, Request as HttpRequest, Response, Uri, header};
use ureq::{Agent, AsSendBody};
use zeroize::Zeroizing;

use super::connection::ConnectionMaker;
use super::endpoint::Endpoint;
use super::error::{self, Cause, ConnectionAge, NotQuiet, Sent, TransportError};
use super::exchange::Exchange;
use super::names::Names;
use super::proxy::ProxyUrl;
use super::trace::Trace;
use crate::clock;
use crate::domain::{Channel, Placement, Timestamp};
use crate::failpoint::{Promise, is_broken};
use crate::wire::{Body, BodyEnd, CONTENT_TYPE, Reply, Request, Scheme, parse_http_date, parse_retry_after};

/// How much of a reply's body is looked at.
const BODY_LIMIT: u64 = 64 * 1024;
/// On so many connections in a row a request is not written because the server has already said something or has closed:
/// one may have been kept alive for too long, more are the server's manner.
const CONNECTIONS: u32 = 3;
/// Holds a reply's head. The API's are under 500 bytes; ureq's default would cost 128 KiB a connection, each way.
const BUFFER: usize = 16 * 1024;
/// Connections that have been quiet for longer are not used again.
const MAX_IDLE: Duration = Duration::from_secs(60);

/// Makes senders that share the address cache and the trust store.
#[derive(Debug)]
pub struct Transport {
    endpoint: Arc<Endpoint>,
    urls: [Uri; 2],
    names: Names,
    watcher: Option<Watcher<Exchange>>,
}

impl Transport {
    /// Prepares senders; opens nothing yet. Fails for a base URL that HTTP cannot carry.
    pub fn new(endpoint: Endpoint) -> Result<Self, TransportError> {
        let url = |channel| -> Result<Uri, TransportError> {
            endpoint.base_url.conversions(channel).parse().map_err(|_| TransportError::unsent(Cause::Unsendable))
        };
        let urls = [url(Channel::Sms)?, url(Channel::Voice)?];
        Ok(Self { endpoint: Arc::new(endpoint), urls, names: Names::default(), watcher: None })
    }

    /// Its senders show each request before it is sent, and its answer before they return it.
    #[must_use]
    pub fn watched(self, watcher: Option<Watcher<Exchange>>) -> Self {
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
        let trace = Arc::new(Trace::default());
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(if is_broken(Promise::RedirectsNotFollowed) { 10 } else { 0 })
            .max_redirects_will_error(false)
            .proxy(endpoint.proxy.as_ref().map(ProxyUrl::to_ureq))
            .user_agent(concat!("nexmo-conversion/", env!("CARGO_PKG_VERSION")))
            // Absent, it means the same `*/*` that would be sent.
            .accept("")
            .timeout_connect(Some(endpoint.connect_timeout))
            .timeout_resolve(Some(endpoint.connect_timeout))
            .timeout_global(Some(endpoint.max_time))
            .input_buffer_size(BUFFER)
            .output_buffer_size(BUFFER)
            .max_response_header_size(BUFFER)
            .max_idle_connections(1)
            .max_idle_connections_per_host(1)
            .max_idle_age(MAX_IDLE)
            .build();
        let maker = ConnectionMaker::new(endpoint.trust.clone(), endpoint.proxy.is_some(), Arc::clone(&trace));
        Sender {
            agent: Agent::with_parts(config, maker.chained(), self.names.clone()),
            endpoint: Arc::clone(&self.endpoint),
            urls: self.urls.clone(),
            names: self.names.clone(),
            trace,
            watcher: self.watcher.clone(),
        }
    }
}

/// Sends one request at a time over one kept-alive connection.
#[derive(Debug)]
pub struct Sender {
    agent: Agent,
    endpoint: Arc<Endpoint>,
    urls: [Uri; 2],
    names: Names,
    trace: Arc<Trace>,
    watcher: Option<Watcher<Exchange>>,
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
        let url = match request.channel {
            Channel::Sms => self.urls[0].clone(),
            Channel::Voice => self.urls[1].clone(),
        };
        let encoded = request.encoded();
        let authorization = request.authorization();
        self.show(|_| Exchange::request(request, url.to_string()));
        let began = clock::monotonic();
        let result = self.run(|| {
            let (url, body) = match request.placement {
                Placement::Form => (url.clone(), encoded.as_bytes()),
                Placement::Query => {
                    let whole = Zeroizing::new(format!("{url}?{}", encoded.as_str()));
                    (whole.parse().map_err(unsendable)?, &[][..])
                }
            };
            // Not with a builder, which moves the whole request at each step.
            let mut message = HttpRequest::new(body);
            *message.method_mut() = Method::POST;
            *message.uri_mut() = url;
            message.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
            if let Some(authorization) = &authorization {
                let value = HeaderValue::from_str(authorization).map_err(unsendable)?;
                message.headers_mut().insert(header::AUTHORIZATION, value);
            }
            Ok(message)
        });
        self.show_answer(result.as_ref(), request.message_id(), began);
        let response = result?;
        let retry_after = response
            .headers()
            .get(header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| parse_retry_after(value, clock::now()));
        Ok(Reply { status: response.status().as_u16(), retry_after, body: read(response) })
    }

    /// Fetches a page that changes nothing, for `check`.
    pub fn get(&mut self, url: &str, authorization: Option<&str>) -> Result<Page, TransportError> {
        self.show(|_| Exchange::Request {
            method: "GET",
            url: url.to_owned(),
            parameters: String::new(),
            authorized: authorization.is_some(),
        });
        let began = clock::monotonic();
        let result = self.run(|| {
            let mut message = HttpRequest::get(url);
            if let Some(authorization) = authorization {
                message = message.header(header::AUTHORIZATION, authorization);
            }
            message.body(()).map_err(unsendable)
        });
        self.show_answer(result.as_ref(), url, began);
        let response = result?;
        let date = response.headers().get(header::DATE).and_then(|date| parse_http_date(date.to_str().ok()?));
        let status = response.status().as_u16();
        Ok(Page { status, date, body: read(response), tls: self.trace.tls() })
    }

    fn show(&self, exchange: impl FnOnce(&Self) -> Exchange) {
        if let Some(watcher) = &self.watcher {
            let _ = watcher.send(exchange(self));
        }
    }

    fn show_answer(&self, result: Result<&Response<ureq::Body>, &TransportError>, about: &str, began: Duration) {
        self.show(|this| {
            let (about, took) = (about.to_owned(), clock::monotonic().saturating_sub(began));
            match result {
                Ok(response) => Exchange::Answer {
                    about,
                    status: response.status().as_u16(),
                    took,
                    tls: this.trace.tls(),
                    connection: if this.trace.was_reused() { ConnectionAge::Reused } else { ConnectionAge::Fresh },
                },
                Err(error) => Exchange::Failure { about, why: error.to_string(), took },
            }
        });
    }

    /// Sends a request, over another connection where one is not fit for it: that is known before a byte has left, so it is
    /// the same attempt and has the same time.
    fn run<B: AsSendBody>(
        &mut self,
        request: impl Fn() -> Result<HttpRequest<B>, TransportError>,
    ) -> Result<Response<ureq::Body>, TransportError> {
        self.trace.start();
        let began = clock::monotonic();
        let mut result = self.agent.run(request()?);
        for _ in 1..CONNECTIONS {
            if !result.as_ref().is_err_and(NotQuiet::is_why) {
                break;
            }
            self.trace.start();
            let left = self.endpoint.max_time.saturating_sub(clock::monotonic().saturating_sub(began));
            let request = self.agent.configure_request(request()?).timeout_global(Some(left)).build();
            result = self.agent.run(request);
        }
        result.map_err(|error| {
            let error = error::explain(error, &self.trace, &self.endpoint);
            if error.sent == Sent::No {
                self.names.forget();
            }
            error
        })
    }
}

/// A URL or header that HTTP cannot carry: nothing was sent, and nothing of it may be shown.
fn unsendable<E>(_: E) -> TransportError {
    TransportError::unsent(Cause::Unsendable)
}

/// A reply's body, as much of it as the API could send.
fn read(response: Response<ureq::Body>) -> Body {
    let (head, body) = response.into_parts();
    let value = |name| head.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let mut bytes = Vec::new();
    let end = match body.into_reader().take(BODY_LIMIT + 1).read_to_end(&mut bytes) {
        Ok(length) if length as u64 <= BODY_LIMIT => BodyEnd::Reached,
        Ok(_) | Err(_) => BodyEnd::Missed,
    };
    Body::new(bytes, value(header::CONTENT_TYPE), value(header::CONTENT_ENCODING), end)
}
