//! A connection to the API, for one request after the other.
//!
//! ureq's own layers are not used below HTTP, for four reasons. An answer counts only for the request that asked for it:
//! right before each request nothing may be there to be read, see [`Connection::look`]. Head and body leave together in one
//! TLS record and one system call. The [`Trace`] learns exactly whether bytes of the request left. And a failed handshake
//! keeps its reason, which ureq would turn into an I/O error like any other.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::http::uri::{Authority, Scheme};
use ureq::unversioned::resolver::Resolver as _;
use ureq::unversioned::transport::NextTimeout;
use ureq::{Error, Timeout};

use super::endpoint::{Endpoint, USER_AGENT};
use super::error::{Handshake, NotQuiet};
use super::input::{BUFFER, Input};
use super::line::Line;
use super::names::Names;
use super::proxy::ProxyUrl;
use super::socket::{Socket, phase_error, remaining};
use super::stream::Stream;
use super::trace::{ConnectionAge, Trace};
use super::tunnel::tunnel;
use crate::clock;
use crate::failpoint::{Promise, is_broken};

/// Connections whose last request was sent longer ago are not used again.
const MAX_IDLE: Duration = Duration::from_secs(60);

/// Opens connections, directly or by the proxy.
#[derive(Debug)]
pub(super) struct Opener {
    endpoint: Arc<Endpoint>,
    names: Names,
    /// What ureq's connectors for proxies want to know.
    config: Config,
}

impl Opener {
    pub(super) fn new(endpoint: Arc<Endpoint>, names: Names) -> Self {
        let config = Config::builder()
            .proxy(endpoint.proxy.as_ref().map(ProxyUrl::to_ureq))
            .user_agent(USER_AGENT)
            .input_buffer_size(BUFFER)
            .output_buffer_size(BUFFER)
            .build();
        Self { endpoint, names, config }
    }

    /// A new connection to the host of a URL, made before the time is over.
    pub(super) fn open(&self, uri: &Uri, ends: Duration) -> Result<Connection, Error> {
        let addresses = match &self.endpoint.proxy {
            // The proxy looks it up.
            Some(proxy) if !proxy.wants_addresses() => self.names.empty(),
            Some(_) | None => self.names.resolve(uri, &self.config, self.limit(Timeout::Resolve, ends)?)?,
        };
        let timeout = self.limit(Timeout::Connect, ends)?;
        let deadline = Some(clock::monotonic().saturating_add(*timeout.after));
        let mut line = match self.endpoint.proxy {
            Some(_) => tunnel(uri, addresses, &self.config, &self.names, &self.endpoint.trust, timeout)?,
            None => Line::direct(Socket::connect(&addresses, deadline)?),
        };
        line.set_deadline(deadline, timeout.reason);
        let stream = if uri.scheme() == Some(&Scheme::HTTPS) {
            Stream::secured(line, &self.endpoint.trust, uri.host().unwrap_or_default())?
        } else {
            line.let_it_speak();
            Stream::plain(line)
        };
        Ok(Connection {
            stream,
            input: Input::new(),
            site: (uri.scheme().cloned(), uri.authority().cloned()),
            trace: Trace::Connected(ConnectionAge::Fresh),
            kept_since: None,
        })
    }

    /// What a phase may take.
    fn limit(&self, phase: Timeout, ends: Duration) -> Result<NextTimeout, Error> {
        let left = remaining(Some(ends)).map_err(|error| phase_error(error, Timeout::Global))?.unwrap_or_default();
        let connect_timeout = self.endpoint.connect_timeout;
        let reason = if connect_timeout < left { phase } else { Timeout::Global };
        Ok(NextTimeout { after: left.min(connect_timeout).into(), reason, ..NextTimeout::default() })
    }

    /// The addresses did not work: ask anew next time.
    pub(super) fn forget_addresses(&self) {
        self.names.forget();
    }
}

/// One connection.
pub(super) struct Connection {
    stream: Stream,
    input: Input,
    /// Whom it leads to.
    site: (Option<Scheme>, Option<Authority>),
    trace: Trace,
    kept_since: Option<Duration>,
}

impl Connection {
    /// Whether it leads to the host of this URL and is young enough to be tried.
    pub(super) fn fits(&self, url: &Uri, now: Duration) -> bool {
        let is_young = self.kept_since.is_none_or(|since| now.saturating_sub(since) <= MAX_IDLE);
        let (scheme, authority) = &self.site;
        let is_of =
            |other: Option<&Authority>| other.map(Authority::as_str) == authority.as_ref().map(Authority::as_str);
        is_young && scheme.as_ref() == url.scheme() && is_of(url.authority())
    }

    /// An exchange begins that may take until then.
    pub(super) fn begin(&mut self, ends: Duration) {
        self.stream.set_deadline(Some(ends), Timeout::Global);
    }

    /// The exchange that began then is over, and another one may follow.
    pub(super) fn keep(&mut self, began: Duration) {
        self.trace = Trace::Connected(ConnectionAge::Reused);
        self.kept_since = Some(began);
    }

    /// How far the exchange has come.
    pub(super) fn trace(&self) -> Trace {
        self.trace
    }

    /// The TLS version, where there is TLS.
    pub(super) fn tls(&self) -> Option<&'static str> {
        self.stream.tls()
    }

    /// Whether an earlier exchange has made it.
    pub(super) fn age(&self) -> ConnectionAge {
        if self.kept_since.is_some() { ConnectionAge::Reused } else { ConnectionAge::Fresh }
    }

    /// Sends a whole request, if nothing was heard before it.
    pub(super) fn send(&mut self, request: &[u8]) -> Result<(), Error> {
        if !is_broken(Promise::AnswersAreAskedFor) {
            self.look().map_err(|why| match why {
                NotQuiet::Refused(alert) if self.age() == ConnectionAge::Fresh => {
                    Error::Other(Box::new(Handshake::refused(alert)))
                }
                NotQuiet::Spoken | NotQuiet::Closed | NotQuiet::Refused(_) => Error::Other(Box::new(why)),
            })?;
        }
        self.trace = Trace::Sent(self.age());
        self.stream.write(request).map_err(|error| phase_error(error, Timeout::Global))
    }

    /// Holds that the other side has neither sent anything nor closed since the last reply ended: what is there before a
    /// request is written answers something else. It looks into our own buffer, TLS's, and the socket (one system call).
    fn look(&mut self) -> Result<(), NotQuiet> {
        if !self.input.is_empty() {
            return Err(NotQuiet::Spoken);
        }
        self.stream.look()
    }

    /// Waits for more than [`Self::received`] has; 0 is the end.
    pub(super) fn receive(&mut self) -> Result<usize, Error> {
        let room = self.input.room();
        if room.is_empty() {
            // A whole buffer, and still no end of what should end in it.
            return Err(Error::LargeResponseHeader(BUFFER, BUFFER));
        }
        let amount = self.stream.read(room).map_err(|error| phase_error(error, Timeout::Global))?;
        self.input.filled(amount);
        if amount > 0 {
            self.trace = Trace::Answered(self.age());
        }
        Ok(amount)
    }

    /// What has come and is not consumed.
    pub(super) fn received(&self) -> &[u8] {
        self.input.bytes()
    }

    /// All of it is done with.
    pub(super) fn consume_all(&mut self) {
        self.consume(self.input.bytes().len());
    }

    /// So much of it is done with.
    pub(super) fn consume(&mut self, amount: usize) {
        self.input.consume(amount);
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}
