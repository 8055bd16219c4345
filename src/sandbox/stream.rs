//! One connection's bytes, with TLS or without, and the requests that arrive on it.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::fault::Termination;
use super::http::{Frame, ParseStatus, Waiting, parse};
use crate::clock;

/// What one read takes at most. Longer requests grow the buffer.
const READ_SIZE: usize = 8 * 1024;

/// How long, and for how many bytes, a client may go on sending what will not be read any more.
const LAST_WORDS: (Duration, usize) = (Duration::from_millis(500), 1024 * 1024);

/// A connection's bytes in the clear.
pub(super) enum Stream {
    Plain(ListedSocket),
    Tls(Box<StreamOwned<ServerConnection, ListedSocket>>),
}

/// A socket that is also in the list of open connections; no second descriptor, which would hold back a reset.
pub(super) struct ListedSocket(Arc<TcpStream>);

impl Stream {
    pub(super) fn plain(socket: &Arc<TcpStream>) -> Self {
        Self::Plain(ListedSocket(Arc::clone(socket)))
    }

    pub(super) fn tls(socket: &Arc<TcpStream>, config: &Arc<ServerConfig>) -> io::Result<Self> {
        let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        let stream = StreamOwned::new(connection, ListedSocket(Arc::clone(socket)));
        Ok(Self::Tls(Box::new(stream)))
    }

    pub(super) fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => &socket.0,
            Self::Tls(stream) => &stream.sock.0,
        }
    }

    /// Waits until something arrives and returns, without reading it, whether it can be (the beginning of) a request. The
    /// end of the connection is none, and neither is TLS's good-bye, which is an alert: visible in TLS 1.2, and in 1.3
    /// an encrypted record of 19 bytes (RFC 8446 §5.2), shorter than any request.
    pub(super) fn awaits_request(&self) -> io::Result<bool> {
        const ALERT: u8 = 21;
        const ENCRYPTED_ALERT: [u8; 5] = [23, 3, 3, 0, 19];
        let mut start = [0; 5];
        let arrived = self.socket().peek(&mut start)?;
        Ok(match self {
            Self::Plain(_) => arrived > 0,
            Self::Tls(_) => arrived > 0 && start[0] != ALERT && start != ENCRYPTED_ALERT,
        })
    }

    pub(super) fn is_handshaking(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(stream) => stream.conn.is_handshaking(),
        }
    }

    /// Says good-bye. What cannot be said any more is not missed.
    pub(super) fn end(&mut self, ending: Termination) {
        match ending {
            Termination::Reset => {
                let _ = set_socket_linger(self.socket(), Some(Duration::ZERO));
            }
            Termination::Close => {
                if let Self::Tls(stream) = self {
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                }
                let _ = self.drain();
            }
            Termination::Cut => {
                let _ = self.drain();
            }
        }
    }

    /// Closing a socket with unread bytes resets it, and a reset may overtake the reply.
    fn drain(&mut self) -> io::Result<()> {
        let mut socket = self.socket();
        let (timeout, mut bytes) = LAST_WORDS;
        socket.shutdown(Shutdown::Write)?;
        socket.set_read_timeout(Some(timeout))?;
        let mut waste = [0; 4096];
        loop {
            let count = socket.read(&mut waste)?;
            if count == 0 || count > bytes {
                return Ok(());
            }
            bytes -= count;
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

impl Read for ListedSocket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.as_ref().read(buffer)
    }
}

impl Write for ListedSocket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.as_ref().write(bytes)
    }

    /// TLS hands over a record in pieces; together they are one call and one packet.
    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.as_ref().write_vectored(pieces)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What has arrived and not been answered.
pub(super) struct Inbox {
    buffer: Vec<u8>,
    filled: usize,
}

/// Why there is no request.
pub(super) enum NoRequest {
    /// The client left, or was silent for too long between two requests.
    Gone,
    /// What it sent deserves this status and nothing more.
    Refused(u16),
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self { buffer: vec![0; READ_SIZE], filled: 0 }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }

    /// Forgets the answered request at the beginning.
    pub(super) fn remove(&mut self, length: usize) {
        self.buffer.copy_within(length..self.filled, 0);
        self.filled -= length;
    }

    /// The next request. In the good case this is one read, and the clock is not asked.
    pub(super) fn receive(&mut self, stream: &mut Stream, timeout: Duration) -> Result<Frame, NoRequest> {
        let mut deadline = None;
        let mut continued = false;
        loop {
            if self.filled > 0 {
                match parse(self.bytes()).map_err(NoRequest::Refused)? {
                    ParseStatus::Complete(frame) => return Ok(frame),
                    ParseStatus::Partial(Waiting::ForContinue) if !continued => {
                        continued = true;
                        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").map_err(|_| NoRequest::Gone)?;
                    }
                    ParseStatus::Partial(_) => {}
                }
                let now = clock::monotonic();
                if now > *deadline.get_or_insert(now + timeout) {
                    return Err(NoRequest::Refused(408));
                }
            }
            if self.filled == self.buffer.len() {
                self.buffer.resize(2 * self.filled, 0);
            }
            match stream.read(&mut self.buffer[self.filled..]) {
                Ok(0) => return Err(NoRequest::Gone),
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error)
                    if self.filled > 0 && matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    return Err(NoRequest::Refused(408));
                }
                Err(_) => return Err(NoRequest::Gone),
            }
        }
    }
}
