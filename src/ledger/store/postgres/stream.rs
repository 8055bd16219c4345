//! The bytes to and from a server: a socket, TCP, or TLS over TCP. What the driver takes for TLS of its own is made here.

use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

/// A stream to a server.
#[derive(Debug)]
pub(super) struct ServerStream {
    way: Way,
    first: FirstByte,
}

/// By which way.
#[derive(Debug)]
pub(super) enum Way {
    Socket(UnixStream),
    Tcp(TcpStream),
}

/// The first byte that came back, which shows whether a PostgreSQL server sent it.
#[derive(Debug, Clone, Default)]
pub(super) struct FirstByte(Arc<OnceLock<u8>>);

impl FirstByte {
    /// Whether something answered that a PostgreSQL server would not: its first message asks for a proof (`R`), is an error
    /// (`E`), a notice (`N`), or about the protocol's version (`v`).
    pub(super) fn is_foreign(&self) -> bool {
        self.0.get().is_some_and(|byte| !b"RENv".contains(byte))
    }
}

impl ServerStream {
    pub(super) fn new(way: Way) -> (Self, FirstByte) {
        let first = FirstByte::default();
        (Self { way, first: first.clone() }, first)
    }
}

impl AsyncRead for ServerStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        let before = buffer.filled().len();
        let polled = match &mut stream.way {
            Way::Socket(socket) => Pin::new(socket).poll_read(context, buffer),
            Way::Tcp(tcp) => Pin::new(tcp).poll_read(context, buffer),
        };
        if stream.first.0.get().is_none()
            && let Some(byte) = buffer.filled().get(before)
        {
            let _ = stream.first.0.set(*byte);
        }
        polled
    }
}

impl AsyncWrite for ServerStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().way {
            Way::Socket(socket) => Pin::new(socket).poll_write(context, bytes),
            Way::Tcp(tcp) => Pin::new(tcp).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().way {
            Way::Socket(socket) => Pin::new(socket).poll_flush(context),
            Way::Tcp(tcp) => Pin::new(tcp).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().way {
            Way::Socket(socket) => Pin::new(socket).poll_shutdown(context),
            Way::Tcp(tcp) => Pin::new(tcp).poll_shutdown(context),
        }
    }
}

impl TlsStream for ServerStream {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

/// For the driver: whatever is to be agreed about TLS has been agreed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Agreed;

impl TlsConnect<ServerStream> for Agreed {
    type Stream = ServerStream;
    type Error = io::Error;
    type Future = Ready<io::Result<ServerStream>>;

    fn connect(self, stream: ServerStream) -> Self::Future {
        ready(Ok(stream))
    }
}
