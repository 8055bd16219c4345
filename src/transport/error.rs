//! Why a request got no reply, and whether it may have arrived.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the kernel's, ureq's and rustls's enums are open; an unknown value has its own arm"
)]

use std::fmt;
use std::io::{self, ErrorKind};

use rustls::AlertDescription;
use thiserror::Error;

use super::endpoint::Endpoint;
use super::names::is_out_of_descriptors;
use super::trace::{ConnectionAge, Trace};
use super::trust::TrustError;
use crate::certificates;
use crate::domain::{ErrorCode, Reached};

/// A request without a complete reply.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("{cause}")]
pub struct TransportError {
    /// Whether bytes of the request may have left; nothing turns "maybe" into "no".
    pub sent: Sent,
    /// What happened. It carries no text from outside but host names and certificate names.
    pub cause: Cause,
    /// Whether the connection was an old one, on which silence may only mean that it had been closed meanwhile.
    pub connection: ConnectionAge,
}

/// Whether bytes of a request may have reached the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// Certainly not.
    No,
    /// Perhaps: sending it again may count it twice.
    Maybe,
}

impl From<Sent> for Reached {
    fn from(sent: Sent) -> Self {
        match sent {
            Sent::No => Self::No,
            Sent::Maybe => Self::Unknown,
        }
    }
}

/// The part of an attempt during which it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Looking up the name.
    Resolve,
    /// Connecting, with the proxy's and TLS's handshakes.
    Connect,
    /// Sending, or waiting for the reply.
    Exchange,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "looking up the host name",
            Self::Connect => "connecting",
            Self::Exchange => "waiting for the reply",
        })
    }
}

/// What went wrong on the way.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum Cause {
    /// The host has no address.
    #[error("could not resolve host {0}")]
    Dns(String),
    /// No connection to the host; its name and the reason.
    #[error("could not connect to {0}: {1}")]
    Connect(String, String),
    /// This process may open no further file or socket.
    #[error("this process may open no further connection: raise the limit on open files (`ulimit -n`)")]
    NoDescriptor,
    /// No connection to or through the proxy; its name and the reason.
    #[error("proxy {0}: {1}")]
    Proxy(String, String),
    /// The proxy does not take the credentials that it was given.
    #[error("proxy {0} refused the user name and password")]
    ProxyDenied(String),
    /// The proxy itself answered with this status.
    #[error("proxy {0} answered {1}")]
    ProxyStatus(String, u16),
    /// A time limit passed.
    #[error("timed out {0}")]
    Timeout(Phase),
    /// The server's certificate is not to be believed.
    #[error("the certificate of {0} was not accepted: {1}")]
    Untrusted(String, String),
    /// TLS failed otherwise.
    #[error("no TLS connection to {0}: {1}")]
    Tls(String, String),
    /// There is no usable trust store.
    #[error("{0}")]
    TrustStore(TrustError),
    /// The connection broke; how.
    #[error("the connection broke before a complete reply: {0}")]
    Broken(String),
    /// On every connection something came before anything was asked.
    #[error("{0} speaks before it is asked, so what it says is no answer")]
    Unasked(String),
    /// What came was not HTTP, or its head was over the limit.
    #[error("the reply was not HTTP, or its head was too large")]
    Garbage,
    /// The request cannot be written as HTTP.
    #[error("the request cannot be written as HTTP")]
    Unsendable,
}

impl Cause {
    /// The kind of failure in result lines.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Dns(_) => ErrorCode::Dns,
            Self::Connect(..) | Self::Broken(_) | Self::NoDescriptor => ErrorCode::Connect,
            Self::Proxy(..) | Self::ProxyDenied(_) | Self::ProxyStatus(..) => ErrorCode::Proxy,
            Self::Timeout(_) => ErrorCode::Timeout,
            Self::Untrusted(..) | Self::TrustStore(_) => ErrorCode::TlsUntrusted,
            Self::Tls(..) => ErrorCode::Tls,
            Self::Unasked(_) | Self::Garbage => ErrorCode::UnexpectedReply,
            Self::Unsendable => ErrorCode::BadRecord,
        }
    }
}

impl TransportError {
    pub(super) fn unsent(cause: Cause) -> Self {
        Self { sent: Sent::No, cause, connection: ConnectionAge::Fresh }
    }
}

/// Why a connection is not fit for a request, of which nothing has left yet: carried through ureq.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum NotQuiet {
    #[error("spoken")]
    Spoken,
    #[error("closed")]
    Closed,
    /// By an alert of TLS, after the handshake.
    #[error("refused")]
    Refused(AlertDescription),
}

impl NotQuiet {
    /// Whether a request failed for this.
    pub(super) fn is_why(error: &ureq::Error) -> bool {
        matches!(error, ureq::Error::Other(inner) if inner.is::<Self>())
    }
}

/// A failed handshake, carried through ureq with its reason.
#[derive(Debug, Error)]
pub(super) enum Handshake {
    #[error("untrusted")]
    Untrusted(String),
    #[error("tls")]
    Tls(String),
    #[error("trust store")]
    TrustStore(TrustError),
}

impl Handshake {
    pub(super) fn refused(alert: AlertDescription) -> Self {
        Self::Tls(refused_with(alert))
    }
}

fn refused_with(alert: AlertDescription) -> String {
    format!("the server refused with the alert {alert:?}")
}

/// The alert for which a read failed.
fn alert_in(error: &io::Error) -> Option<AlertDescription> {
    match error.get_ref()?.downcast_ref() {
        Some(rustls::Error::AlertReceived(alert)) => Some(*alert),
        Some(_) | None => None,
    }
}

impl From<rustls::Error> for Handshake {
    /// The reasons are ours: rustls's texts can quote what the server sent.
    fn from(error: rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(reason) => Self::Untrusted(certificates::reason(&reason)),
            rustls::Error::NoCertificatesPresented => Self::Untrusted("it presented none".to_owned()),
            rustls::Error::AlertReceived(alert) => Self::refused(alert),
            rustls::Error::PeerIncompatible(_) => {
                Self::Tls("the server offers no common version or cipher".to_owned())
            }
            rustls::Error::InvalidMessage(_) | rustls::Error::InappropriateMessage { .. } => {
                Self::Tls("the server does not speak TLS on this port".to_owned())
            }
            _ => Self::Tls("the handshake failed".to_owned()),
        }
    }
}

/// A request that HTTP cannot carry. Nothing of it was sent, and nothing of it may be shown.
pub(super) fn unsendable<E>(_: E) -> ureq::Error {
    ureq::Error::BadUri(String::new())
}

/// Rebuilds ureq's error from its kind, the trace and names: its own text may hold the full URL.
pub(super) fn explain(error: ureq::Error, trace: Trace, endpoint: &Endpoint) -> TransportError {
    let sent = if trace.was_sent() { Sent::Maybe } else { Sent::No };
    TransportError { sent, cause: cause(error, trace, endpoint), connection: trace.silent_connection() }
}

fn cause(error: ureq::Error, trace: Trace, endpoint: &Endpoint) -> Cause {
    let host = || endpoint.base_url.host().to_owned();
    let proxy = endpoint.proxy.as_ref().filter(|_| !trace.was_connected());
    let on_the_way = |reason: String| match proxy {
        Some(proxy) => Cause::Proxy(proxy.to_string(), reason),
        None if trace.was_connected() => Cause::Broken(reason),
        None => Cause::Connect(format!("{}:{}", host(), endpoint.base_url.port()), reason),
    };
    match error {
        ureq::Error::HostNotFound => match proxy {
            Some(proxy) => Cause::Proxy(proxy.to_string(), "could not resolve its host name".to_owned()),
            None => Cause::Dns(host()),
        },
        ureq::Error::Timeout(ureq::Timeout::Resolve) => Cause::Timeout(Phase::Resolve),
        ureq::Error::Timeout(_) if !trace.was_connected() => Cause::Timeout(Phase::Connect),
        ureq::Error::Timeout(_) => Cause::Timeout(Phase::Exchange),
        ureq::Error::ConnectProxyFailed(reason) => match (proxy, status_in(&reason)) {
            (Some(proxy), Some(status)) => Cause::ProxyStatus(proxy.to_string(), status),
            _ => on_the_way("it opened no connection".to_owned()),
        },
        ureq::Error::Io(error) if is_out_of_descriptors(&error) => Cause::NoDescriptor,
        ureq::Error::Io(error) => match (alert_in(&error), trace) {
            // Instead of the first answer: it belongs to the handshake.
            (Some(alert), Trace::Sent(ConnectionAge::Fresh)) => Cause::Tls(host(), refused_with(alert)),
            (Some(alert), _) => on_the_way(refused_with(alert)),
            (None, _) => match (proxy, error.kind()) {
                (Some(proxy), ErrorKind::PermissionDenied) => Cause::ProxyDenied(proxy.to_string()),
                (Some(proxy), ErrorKind::Other) => {
                    Cause::Proxy(proxy.to_string(), "it refused to connect".to_owned())
                }
                (_, kind) => on_the_way(io_reason(kind)),
            },
        },
        ureq::Error::Other(inner) if inner.is::<NotQuiet>() => match inner.downcast_ref() {
            Some(NotQuiet::Spoken) => Cause::Unasked(host()),
            Some(NotQuiet::Refused(alert)) => on_the_way(refused_with(*alert)),
            Some(NotQuiet::Closed) | None => on_the_way(io_reason(ErrorKind::UnexpectedEof)),
        },
        ureq::Error::Other(inner) => match inner.downcast::<Handshake>().map(|handshake| *handshake) {
            Ok(Handshake::Untrusted(reason)) => Cause::Untrusted(host(), reason),
            Ok(Handshake::Tls(reason)) => Cause::Tls(host(), reason),
            Ok(Handshake::TrustStore(error)) => Cause::TrustStore(error),
            Err(_) => on_the_way("unknown reason".to_owned()),
        },
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => match proxy {
            Some(proxy) => Cause::Proxy(proxy.to_string(), "what it said was not HTTP, or too much".to_owned()),
            None => Cause::Garbage,
        },
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => Cause::Unsendable,
        _ => on_the_way("unknown reason".to_owned()),
    }
}

/// The status in ureq's text `proxy server responded 407/407`, which has no field of its own.
fn status_in(reason: &str) -> Option<u16> {
    reason.strip_prefix("proxy server responded ")?.split('/').next()?.parse().ok()
}

fn io_reason(kind: ErrorKind) -> String {
    match kind {
        ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        ErrorKind::ConnectionReset => "connection reset".to_owned(),
        ErrorKind::UnexpectedEof => "closed by the other side".to_owned(),
        ErrorKind::BrokenPipe => "closed by the other side while sending".to_owned(),
        other => other.to_string(),
    }
}
