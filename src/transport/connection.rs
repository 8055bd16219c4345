//! A connection to the API: a socket or a proxy's tunnel, with TLS where the URL asks for it.
//!
//! ureq keeps the HTTP; this replaces its socket and TLS layers, for three reasons. Head and body leave together in one
//! TLS record and one system call. The [`Trace`] learns exactly whether bytes of the request left. And a failed
//! handshake keeps its reason, which ureq would turn into an I/O error like any other.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the kernel's, ureq's and rustls's enums are open; an unknown value has its own arm"
)]

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, ProtocolVersion};
use ureq::unversioned::resolver::ResolvedSocketAddrs;
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, LazyBuffers, NextTimeout, SocksConnector,
    Transport, TransportAdapter,
};
use ureq::{Error, Timeout};
use zeroize::Zeroize;

use super::error::Handshake;
use super::trace::Trace;
use super::trust::TrustStore;
use crate::clock;

/// Makes [`Connection`]s at the end of ureq's chain of proxy connectors.
pub(super) struct ConnectionMaker {
    trust: TrustStore,
    proxied: bool,
    trace: Arc<Trace>,
}

impl ConnectionMaker {
    pub(super) fn new(trust: TrustStore, proxied: bool, trace: Arc<Trace>) -> Self {
        Self { trust, proxied, trace }
    }

    /// The whole chain: a SOCKS or CONNECT proxy where one is set, then this.
    pub(super) fn chained(self) -> impl Connector {
        ().chain(SocksConnector::default()).chain(ConnectProxyConnector::default()).chain(self)
    }
}

impl<In: Transport> Connector<In> for ConnectionMaker {
    type Out = Connection;

    fn connect(&self, details: &ConnectionDetails<'_>, tunnel: Option<In>) -> Result<Option<Connection>, Error> {
        let deadline = deadline(details.timeout);
        let mut line = match tunnel {
            Some(tunnel) => {
                let tunnel: Box<dyn Transport> = Box::new(tunnel);
                Line::Tunnel(TransportAdapter::new(tunnel, Arc::clone(&details.current_time)))
            }
            None => Line::Direct(Socket::connect(&details.addrs, deadline)?),
        };
        line.set_timeout(details.timeout, deadline);
        let mut tls = None;
        if details.needs_tls() {
            tls = Some(shake_hands(&self.trust, details.uri.host().unwrap_or_default(), &mut line)?);
        }
        // The way to the proxy itself runs through this maker, too; what happens there is not the request's story.
        let is_way_to_proxy = self.proxied && details.config.proxy().is_none();
        let trace = (!is_way_to_proxy).then(|| Arc::clone(&self.trace));
        if let Some(trace) = &trace {
            trace.connected(tls.as_ref().and_then(|tls| tls.protocol_version()).map(version_name));
        }
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Connection { line, tls, buffers, unsent: Vec::new(), trace, used: clock::monotonic() }))
    }
}

/// The TLS handshake, to its end: not a byte of a request leaves before the certificate was verified.
fn shake_hands(trust: &TrustStore, host: &str, line: &mut Line) -> Result<ClientConnection, Error> {
    let failed = |handshake: Handshake| Error::Other(Box::new(handshake));
    let config = trust.client_config().map_err(|error| failed(Handshake::TrustStore(error)))?;
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
        .map_err(|_| failed(Handshake::Tls("the host is not a name that a certificate can have".to_owned())))?;
    let mut tls = ClientConnection::new(config, name).map_err(|error| failed(Handshake::from(error)))?;
    match tls.complete_io(line) {
        Ok(_) => Ok(tls),
        Err(error) => Err(match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(tls) => failed(Handshake::from(tls.clone())),
            None => phase_error(error, Timeout::Connect),
        }),
    }
}

fn version_name(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_3 => "TLS 1.3",
        ProtocolVersion::TLSv1_2 => "TLS 1.2",
        _ => "TLS",
    }
}

/// One connection, for one request after the other.
pub(super) struct Connection {
    line: Line,
    tls: Option<ClientConnection>,
    buffers: LazyBuffers,
    /// The request, until its reply is waited for: head and body leave together.
    unsent: Vec<u8>,
    trace: Option<Arc<Trace>>,
    used: Duration,
}

/// A connection that was used less than this ago is taken to be open; a probe would cost three system calls a request.
const SURELY_OPEN: Duration = Duration::from_secs(1);

impl Connection {
    fn flush(&mut self) -> io::Result<()> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        if let Some(trace) = &self.trace {
            trace.sending();
        }
        let result = match &mut self.tls {
            Some(tls) => {
                let mut stream = rustls::Stream::new(tls, &mut self.line);
                stream.write_all(&self.unsent).and_then(|()| stream.flush())
            }
            None => self.line.write_all(&self.unsent).and_then(|()| self.line.flush()),
        };
        self.unsent.zeroize();
        self.unsent.clear();
        result
    }
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
        let output = &mut self.buffers.output()[..amount];
        self.unsent.extend_from_slice(output);
        output.zeroize();
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.line.set_timeout(timeout, deadline(timeout));
        self.flush().map_err(|error| phase_error(error, Timeout::SendBody))?;
        let input = self.buffers.input_append_buf();
        if input.is_empty() {
            // A whole buffer, and still no end of what should end in it.
            let size = self.buffers.input().len();
            return Err(Error::LargeResponseHeader(size, size));
        }
        let amount = match &mut self.tls {
            Some(tls) => rustls::Stream::new(tls, &mut self.line).read(input),
            None => self.line.read(input),
        }
        .map_err(|error| phase_error(error, timeout.reason))?;
        self.buffers.input_appended(amount);
        self.used = clock::monotonic();
        if let Some(trace) = &self.trace
            && amount > 0
        {
            trace.answered();
        }
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.unsent.is_empty()
            && (clock::monotonic().saturating_sub(self.used) < SURELY_OPEN || self.line.looks_open())
    }

    fn is_tls(&self) -> bool {
        self.tls.is_some()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

impl fmt::Debug for ConnectionMaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectionMaker")
    }
}

/// What carries the bytes.
enum Line {
    Direct(Socket),
    Tunnel(TransportAdapter<Box<dyn Transport>>),
}

impl Line {
    fn set_timeout(&mut self, timeout: NextTimeout, deadline: Option<Duration>) {
        match self {
            Self::Direct(socket) => socket.deadline = deadline,
            Self::Tunnel(tunnel) => tunnel.set_timeout(timeout),
        }
    }

    fn looks_open(&mut self) -> bool {
        match self {
            Self::Direct(socket) => socket.looks_open(),
            Self::Tunnel(tunnel) => tunnel.get_mut().is_open(),
        }
    }
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Direct(socket) => socket.read(buffer),
            Self::Tunnel(tunnel) => tunnel.read(buffer),
        }
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Direct(socket) => socket.write(bytes),
            Self::Tunnel(tunnel) => tunnel.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Direct(_) => Ok(()),
            Self::Tunnel(tunnel) => tunnel.flush(),
        }
    }
}

/// A TCP socket that keeps to a deadline, also against a peer that sends a byte now and then.
struct Socket {
    stream: TcpStream,
    deadline: Option<Duration>,
    read_limit: Option<Duration>,
    write_limit: Option<Duration>,
}

impl Socket {
    /// Tries the addresses in turn; each gets an equal share of the time that is left.
    fn connect(addresses: &ResolvedSocketAddrs, deadline: Option<Duration>) -> Result<Self, Error> {
        let mut failure = Error::HostNotFound;
        for (tried, address) in addresses.iter().enumerate() {
            let shares = u32::try_from(addresses.len() - tried).unwrap_or(1);
            let connected = match remaining(deadline) {
                Ok(Some(left)) => TcpStream::connect_timeout(address, (left / shares).max(MIN_LIMIT)),
                Ok(None) => TcpStream::connect(address),
                Err(timed_out) => return Err(phase_error(timed_out, Timeout::Connect)),
            };
            match connected.and_then(|stream| stream.set_nodelay(true).map(|()| stream)) {
                Ok(stream) => {
                    return Ok(Self { stream, deadline, read_limit: None, write_limit: None });
                }
                Err(error) => failure = phase_error(error, Timeout::Connect),
            }
        }
        Err(failure)
    }

    /// Whether the peer has neither closed nor sent anything that was not asked for.
    fn looks_open(&self) -> bool {
        let quiet = self.stream.set_nonblocking(true).is_ok()
            && matches!(self.stream.peek(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
        self.stream.set_nonblocking(false).is_ok() && quiet
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(limit) = new_limit(self.deadline, self.read_limit)? {
            self.stream.set_read_timeout(Some(limit))?;
            self.read_limit = Some(limit);
        }
        self.stream.read(buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(limit) = new_limit(self.deadline, self.write_limit)? {
            self.stream.set_write_timeout(Some(limit))?;
            self.write_limit = Some(limit);
        }
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The kernel takes no time limit of zero.
const MIN_LIMIT: Duration = Duration::from_millis(1);

/// The socket's time limit, where it must change: a system call for every few per cent would cost more than it is worth, so
/// a wait may overrun its deadline by a sixteenth.
fn new_limit(deadline: Option<Duration>, current: Option<Duration>) -> io::Result<Option<Duration>> {
    let Some(left) = remaining(deadline)? else {
        return Ok(None);
    };
    let good_enough = current.is_some_and(|current| current <= left + left / 16 && left <= current + current / 16);
    Ok((!good_enough).then_some(left.max(MIN_LIMIT)))
}

fn deadline(timeout: NextTimeout) -> Option<Duration> {
    (!timeout.after.is_not_happening()).then(|| clock::monotonic().saturating_add(*timeout.after))
}

fn remaining(deadline: Option<Duration>) -> io::Result<Option<Duration>> {
    match deadline.map(|deadline| deadline.saturating_sub(clock::monotonic())) {
        Some(Duration::ZERO) => Err(ErrorKind::TimedOut.into()),
        left => Ok(left),
    }
}

/// An I/O error as ureq's, with a wait that ran out named by its phase.
fn phase_error(error: io::Error, phase: Timeout) -> Error {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Error::Timeout(phase),
        _ => Error::from(error),
    }
}
