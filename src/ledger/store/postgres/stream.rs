//! The bytes to and from a server: a socket, TCP, or TLS over TCP. What the driver takes for TLS of its own is made here.

use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use rustls::ProtocolVersion;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

use super::binding::server_end_point;
use crate::domain::TlsMode;

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
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

impl Way {
    /// What protects it, for people.
    pub(super) fn protection(&self, mode: TlsMode) -> &'static str {
        let tls = match self {
            Self::Socket(_) => return "a socket of this machine",
            Self::Tcp(_) => return "no TLS",
            Self::Tls(tls) => tls.get_ref().1.protocol_version(),
        };
        match (tls, mode) {
            (Some(ProtocolVersion::TLSv1_3), TlsMode::VerifyFull) => "TLS 1.3, verified in full",
            (Some(ProtocolVersion::TLSv1_3), TlsMode::VerifyCa) => "TLS 1.3, verified but for the name",
            (Some(ProtocolVersion::TLSv1_3), TlsMode::Disable | TlsMode::Prefer | TlsMode::Require) => {
                "TLS 1.3, not verified"
            }
            (_, TlsMode::VerifyFull) => "TLS 1.2, verified in full",
            (_, TlsMode::VerifyCa) => "TLS 1.2, verified but for the name",
            (_, TlsMode::Disable | TlsMode::Prefer | TlsMode::Require) => "TLS 1.2, not verified",
        }
    }
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
            Way::Tls(tls) => Pin::new(tls).poll_read(context, buffer),
        };
        if stream.first.0.get().is_none()
            && let Some(byte) = buffer.filled().get(before)
        {
            let _ = stream.first.0.set(*byte);
            if stream.first.is_foreign() {
                // Whatever a length would be here, is none, and must not be waited for.
                return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
            }
        }
        polled
    }
}

impl AsyncWrite for ServerStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().way {
            Way::Socket(socket) => Pin::new(socket).poll_write(context, bytes),
            Way::Tcp(tcp) => Pin::new(tcp).poll_write(context, bytes),
            Way::Tls(tls) => Pin::new(tls).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().way {
            Way::Socket(socket) => Pin::new(socket).poll_flush(context),
            Way::Tcp(tcp) => Pin::new(tcp).poll_flush(context),
            Way::Tls(tls) => Pin::new(tls).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().way {
            Way::Socket(socket) => Pin::new(socket).poll_shutdown(context),
            Way::Tcp(tcp) => Pin::new(tcp).poll_shutdown(context),
            Way::Tls(tls) => Pin::new(tls).poll_shutdown(context),
        }
    }
}

impl TlsStream for ServerStream {
    fn channel_binding(&self) -> ChannelBinding {
        let end_point = match &self.way {
            Way::Socket(_) | Way::Tcp(_) => None,
            Way::Tls(tls) => server_end_point(tls.get_ref().1),
        };
        end_point.map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
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
