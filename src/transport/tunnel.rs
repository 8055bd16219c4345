//! A tunnel through a proxy. What is said to a SOCKS or CONNECT proxy is ureq's; the way to it is ours.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::ResolvedSocketAddrs;
use ureq::unversioned::transport::time::Instant;
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector as _, LazyBuffers, NextTimeout, SocksConnector,
    Transport, TransportAdapter,
};
use zeroize::Zeroize as _;

use super::line::Line;
use super::names::Names;
use super::socket::{Socket, phase_error};
use super::stream::Stream;
use super::trust::TrustStore;
use crate::clock;

/// Has the proxy that `config` names open a tunnel to a server.
pub(super) fn tunnel(
    uri: &Uri,
    addrs: ResolvedSocketAddrs,
    config: &Config,
    names: &Names,
    trust: &TrustStore,
    timeout: NextTimeout,
) -> Result<Line, Error> {
    let now = || Instant::Exact(clock::instant());
    let trust = trust.clone();
    let opening = Arc::new(Opening { deadline: deadline(timeout), is_over: AtomicBool::new(false) });
    let opened = Arc::clone(&opening);
    let details = ConnectionDetails {
        uri,
        addrs,
        config,
        request_level: false,
        resolver: names,
        now: now(),
        timeout,
        current_time: Arc::new(now),
        run_connector: Arc::new(move |details| {
            Ok(Box::new(ToProxy::connect(details, &trust, Arc::clone(&opening))?))
        }),
        register_shutdown: Arc::new(|_| Ok(())),
    };
    let proxies = ().chain(SocksConnector::default()).chain(ConnectProxyConnector::default());
    let tunnel = proxies.connect(&details, None)?.ok_or(Error::ConnectionFailed)?;
    opened.is_over.store(true, Ordering::Relaxed);
    Ok(Line::tunnel(TransportAdapter::new(Box::new(tunnel), details.current_time)))
}

/// The talk with a proxy has one time limit, which ureq gives anew with each part of it that is waited for.
struct Opening {
    deadline: Option<Duration>,
    is_over: AtomicBool,
}

impl Opening {
    fn limit(&self, timeout: NextTimeout) -> Option<Duration> {
        let own = self.deadline.filter(|_| !self.is_over.load(Ordering::Relaxed));
        [own, deadline(timeout)].into_iter().flatten().min()
    }
}

/// The way to a CONNECT proxy, and through it once it is open.
struct ToProxy {
    stream: Stream,
    opening: Arc<Opening>,
    buffers: LazyBuffers,
}

impl ToProxy {
    fn connect(details: &ConnectionDetails<'_>, trust: &TrustStore, opening: Arc<Opening>) -> Result<Self, Error> {
        let deadline = opening.limit(details.timeout);
        let line = Line::direct(Socket::connect(&details.addrs, deadline)?);
        let stream = if details.needs_tls() {
            Stream::secured(line, trust, details.uri.host().unwrap_or_default())?
        } else {
            Stream::plain(line)
        };
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Self { stream, opening, buffers })
    }
}

impl Transport for ToProxy {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.set_deadline(self.opening.limit(timeout), timeout.reason);
        let output = &mut self.buffers.output()[..amount];
        let result = self.stream.write(output).map_err(|error| phase_error(error, timeout.reason));
        output.zeroize();
        result
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.set_deadline(self.opening.limit(timeout), timeout.reason);
        let input = self.buffers.input_append_buf();
        if input.is_empty() {
            // A whole buffer, and still no end of what should end in it.
            let size = self.buffers.input().len();
            return Err(Error::LargeResponseHeader(size, size));
        }
        let amount = self.stream.read(input).map_err(|error| phase_error(error, timeout.reason))?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.look().is_ok()
    }
}

impl fmt::Debug for ToProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ToProxy")
    }
}

fn deadline(timeout: NextTimeout) -> Option<Duration> {
    (!timeout.after.is_not_happening()).then(|| clock::monotonic().saturating_add(*timeout.after))
}
