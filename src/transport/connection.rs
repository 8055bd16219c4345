//! A connection to the API: a socket or a proxy's tunnel, with TLS where the URL asks for it.
//!
//! ureq keeps the HTTP; this replaces its socket and TLS layers, for four reasons. An answer counts only for the request
//! that asked for it: right before each request nothing may be there to be read, see [`Connection::look`]. Head and
//! body leave together in one TLS record and one system call. The [`Trace`] learns exactly whether bytes of the request
//! left. And a failed handshake keeps its reason, which ureq would turn into an I/O error like any other.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the kernel's, ureq's and rustls's enums are open; an unknown value has its own arm"
)]

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, ProtocolVersion};
use ureq::unversioned::resolver::ResolvedSocketAddrs;
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, LazyBuffers, NextTimeout, SocksConnector,
    Transport, TransportAdapter,
};
use ureq::{Error, Timeout};
use zeroize::Zeroize;

use super::error::{Handshake, NotQuiet};
use super::records::Records;
use super::trace::Trace;
use super::trust::TrustStore;
use crate::clock;
use crate::failpoint::{Promise, is_broken};

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
                Line::new(Way::Tunnel(TransportAdapter::new(tunnel, Arc::clone(&details.current_time))))
            }
            None => Line::new(Way::Direct(Socket::connect(&details.addrs, deadline)?)),
        };
        line.set_timeout(details.timeout, deadline);
        let tls = match (details.needs_tls(), &line.way) {
            (true, _) => Some(shake_hands(&self.trust, details.uri.host().unwrap_or_default(), &mut line)?),
            (false, Way::Direct(socket)) => {
                socket.let_it_speak();
                None
            }
            (false, Way::Tunnel(_)) => None,
        };
        // The way to the proxy itself runs through this maker, too; what happens there is not the request's story.
        let is_way_to_proxy = self.proxied && details.config.proxy().is_none();
        let trace = (!is_way_to_proxy).then(|| Arc::clone(&self.trace));
        if let Some(trace) = &trace {
            trace.connected(tls.as_ref().and_then(|tls| tls.protocol_version()).map(version_name));
        }
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Connection { line, tls, buffers, unsent: Vec::new(), trace }))
    }
}

/// The TLS handshake, to its end: not a byte of a request leaves before the certificate was verified.
fn shake_hands(trust: &TrustStore, host: &str, line: &mut Line) -> Result<ClientConnection, Error> {
    let failed = |handshake: Handshake| Error::Other(Box::new(handshake));
    let config = trust.client_config().map_err(|error| failed(Handshake::TrustStore(error)))?;
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
        .map_err(|_| failed(Handshake::Tls("the host is not a name that a certificate can have".to_owned())))?;
    let mut tls = ClientConnection::new(config, name).map_err(|error| failed(Handshake::from(error)))?;
    // Not by rustls's `complete_io`: it calls a wait that ran out after some bytes a success.
    while tls.is_handshaking() {
        let step = if tls.wants_write() { tls.write_tls(line) } else { tls.read_tls(line) };
        match step {
            Ok(0) => return Err(Error::Io(ErrorKind::UnexpectedEof.into())),
            Ok(_) => {}
            Err(error) => return Err(phase_error(error, Timeout::Connect)),
        }
        if let Err(error) = tls.process_new_packets() {
            // An alert with the reason, if the server still reads.
            let _ = tls.write_tls(line);
            return Err(failed(Handshake::from(error)));
        }
    }
    while tls.wants_write() {
        tls.write_tls(line).map_err(|error| phase_error(error, Timeout::Connect))?;
    }
    Ok(tls)
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
    /// None on the way to a proxy, where what is said is neither a request nor a reply.
    trace: Option<Arc<Trace>>,
}

impl Connection {
    fn flush(&mut self) -> Result<(), Error> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        let result = self.send();
        self.unsent.zeroize();
        self.unsent.clear();
        result
    }

    fn send(&mut self) -> Result<(), Error> {
        if self.trace.is_some() && !is_broken(Promise::AnswersAreAskedFor) {
            self.look().map_err(|why| Error::Other(Box::new(why)))?;
        }
        if let Some(trace) = &self.trace {
            trace.sending();
        }
        match &mut self.tls {
            Some(tls) => {
                let mut stream = rustls::Stream::new(tls, &mut self.line);
                stream.write_all(&self.unsent).and_then(|()| stream.flush())
            }
            None => self.line.write_all(&self.unsent).and_then(|()| self.line.flush()),
        }
        .map_err(|error| phase_error(error, Timeout::SendBody))
    }

    /// Holds that the other side has neither sent anything nor closed since the last reply ended: what is there before a
    /// request is written answers something else. It looks into our own buffers, TLS's, and the socket (one system call).
    fn look(&mut self) -> Result<(), NotQuiet> {
        if !self.buffers.input().is_empty() {
            return Err(NotQuiet::Spoken);
        }
        match &mut self.tls {
            Some(tls) => look_into_tls(tls, &mut self.line),
            None => self.line.look(),
        }
    }
}

/// A server sends a few session tickets after the handshake; more than this is no such thing.
const MOST_TICKETS: usize = 16;

/// Holds that TLS has no part of an answer and the line none for it. Session tickets are taken, and are no answer.
fn look_into_tls(tls: &mut ClientConnection, line: &mut Line) -> Result<(), NotQuiet> {
    for _ in 0..=MOST_TICKETS {
        match tls.process_new_packets() {
            Ok(state) if state.plaintext_bytes_to_read() > 0 => return Err(NotQuiet::Spoken),
            Ok(state) if state.peer_has_closed() => return Err(NotQuiet::Closed),
            Ok(_) => {}
            Err(_) => return Err(NotQuiet::Spoken),
        }
        if line.look().is_ok() {
            // Part of a record may be part of an answer.
            return if line.records.is_between_two() { Ok(()) } else { Err(NotQuiet::Spoken) };
        }
        // There is something, so this does not wait.
        if !matches!(tls.read_tls(line), Ok(1..)) {
            return Err(NotQuiet::Closed);
        }
    }
    Err(NotQuiet::Spoken)
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
        self.flush()?;
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
        if let Some(trace) = &self.trace
            && amount > 0
        {
            trace.answered();
        }
        Ok(amount > 0)
    }

    /// Asked before a connection is kept and before it is used again. For requests the look comes later, right before they
    /// are written; for a tunnel this is the look.
    fn is_open(&mut self) -> bool {
        self.unsent.is_empty() && (self.trace.is_some() || self.look().is_ok())
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
struct Line {
    way: Way,
    /// Where in TLS's records what was read has come to; means nothing without TLS.
    records: Records,
}

enum Way {
    Direct(Socket),
    Tunnel(TransportAdapter<Box<dyn Transport>>),
}

impl Line {
    fn new(way: Way) -> Self {
        Self { way, records: Records::default() }
    }

    fn set_timeout(&mut self, timeout: NextTimeout, deadline: Option<Duration>) {
        match &mut self.way {
            Way::Direct(socket) => socket.deadline = deadline,
            Way::Tunnel(tunnel) => tunnel.set_timeout(timeout),
        }
    }

    /// Holds that a read would wait: there is neither anything to be read nor an end.
    fn look(&mut self) -> Result<(), NotQuiet> {
        match &mut self.way {
            Way::Direct(socket) => socket.look(),
            Way::Tunnel(tunnel) => {
                let tunnel = tunnel.get_mut();
                let is_quiet = tunnel.buffers().input().is_empty() && tunnel.is_open();
                if is_quiet { Ok(()) } else { Err(NotQuiet::Spoken) }
            }
        }
    }
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let amount = match &mut self.way {
            Way::Direct(socket) => socket.read(buffer),
            Way::Tunnel(tunnel) => tunnel.read(buffer),
        }?;
        self.records.pass(&buffer[..amount]);
        Ok(amount)
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.way {
            Way::Direct(socket) => socket.write(bytes),
            Way::Tunnel(tunnel) => tunnel.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.way {
            Way::Direct(_) => Ok(()),
            Way::Tunnel(tunnel) => tunnel.flush(),
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

    /// Gives a server that speaks at once the time to do so: a request that crosses what it says would take that for its
    /// answer. TLS needs no such time, because there the client speaks first.
    fn let_it_speak(&self) {
        let limit = Timespec { tv_sec: 0, tv_nsec: SPEAKS_AT_ONCE.subsec_nanos().into() };
        // Whether it has spoken is seen before the request.
        let _ = poll(&mut [PollFd::new(&self.stream, PollFlags::IN)], Some(&limit));
    }

    fn look(&self) -> Result<(), NotQuiet> {
        match recv(&self.stream, &mut [0; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
            Err(Errno::WOULDBLOCK) => Ok(()),
            Ok((1.., _)) => Err(NotQuiet::Spoken),
            Ok(_) | Err(_) => Err(NotQuiet::Closed),
        }
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

/// Once a connection, and without TLS only, which is for servers on this machine.
const SPEAKS_AT_ONCE: Duration = Duration::from_millis(10);

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
