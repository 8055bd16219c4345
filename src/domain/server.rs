//! A PostgreSQL server that keeps a ledger: everything that a connection needs, complete. Where the parts were found is not
//! known here.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::{Secret, named};

/// A server, and who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Tried in this order.
    pub hosts: Vec<ServerHost>,
    /// The database's name.
    pub database: String,
    /// The role.
    pub user: String,
    /// How the connection is protected, if somebody said so.
    pub tls: Option<TlsMode>,
    /// Who may vouch for the server.
    pub authorities: CertificateAuthorities,
    /// Whether a password is bound to the connection.
    pub channel_binding: ChannelBinding,
    /// What the client shows of itself.
    pub certificate: Option<ClientCertificate>,
    /// Which of the hosts will do, if somebody said so.
    pub session: Option<SessionWanted>,
    /// How long one host may take to answer.
    pub connect_timeout: Duration,
    /// What the server's own lists call this program.
    pub application_name: String,
}

/// One of a server's hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerHost {
    /// Where it is.
    pub address: HostAddress,
    /// The port; of a socket the end of its name.
    pub port: u16,
    /// What proves the role there.
    pub password: Option<Secret>,
}

/// How a host is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostAddress {
    /// By the socket in this folder.
    Socket(PathBuf),
    /// By TCP to this name or address.
    Name(String),
}

named! {
    /// How a connection is protected: the words of libpq's `sslmode`, and what they mean there.
    TlsMode {
        /// Not at all.
        Disable = "disable",
        /// With TLS where the server has it, and nothing is verified.
        Prefer = "prefer",
        /// With TLS, and nothing is verified; with authorities that were named, as `verify-ca`.
        Require = "require",
        /// With TLS, and an authority vouches for the certificate.
        VerifyCa = "verify-ca",
        /// With TLS, and an authority vouches for this name.
        VerifyFull = "verify-full",
    }
}

named! {
    /// Whether a password is bound to the TLS connection that it is proved over: the words of libpq's `channel_binding`.
    ChannelBinding {
        /// Never.
        Disable = "disable",
        /// Where both sides can.
        Prefer = "prefer",
        /// Or nobody logs in.
        Require = "require",
    }
}

/// Who may vouch for a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateAuthorities {
    /// Nobody was named: the system's where something is verified.
    Unnamed,
    /// The system's trust store, by name.
    System,
    /// These only.
    Pem {
        /// Where they stand, for people.
        place: String,
        /// The text.
        pem: Vec<u8>,
    },
}

/// A certificate that shows the server who calls.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// Where it stands, for people.
    pub place: String,
    /// The certificate, with those that lead to its authority, as PEM.
    pub chain: Vec<u8>,
    /// Its key, as PEM.
    pub key: Secret,
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate").field("place", &self.place).finish_non_exhaustive()
    }
}

named! {
    /// Which sessions will do: the words of libpq's `target_session_attrs`.
    SessionWanted {
        /// Any.
        Any = "any",
        /// One that writes.
        ReadWrite = "read-write",
        /// One that does not.
        ReadOnly = "read-only",
        /// One on a server that is not in recovery.
        Primary = "primary",
        /// One on a server that is.
        Standby = "standby",
        /// On a standby if there is one, else any.
        PreferStandby = "prefer-standby",
    }
}

impl Server {
    /// How a connection to one of the hosts is protected. Unless somebody said otherwise, what leaves this machine is verified
    /// in full.
    #[must_use]
    pub fn tls_to(&self, host: &ServerHost) -> TlsMode {
        let named = match self.authorities {
            CertificateAuthorities::Unnamed => false,
            CertificateAuthorities::System | CertificateAuthorities::Pem { .. } => true,
        };
        match (&host.address, self.tls) {
            // libpq never asks for TLS on a socket.
            (HostAddress::Socket(_), _) => TlsMode::Disable,
            (HostAddress::Name(_), Some(TlsMode::Require)) if named => TlsMode::VerifyCa,
            (HostAddress::Name(_), Some(mode)) => mode,
            (HostAddress::Name(_), None) if host.is_local() => TlsMode::Prefer,
            (HostAddress::Name(_), None) => TlsMode::VerifyFull,
        }
    }
}

impl fmt::Display for Server {
    /// `host:port,host:port/database`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, host) in self.hosts.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{host}")?;
        }
        write!(f, "/{}", self.database)
    }
}

impl ServerHost {
    /// Whether it is reached by a socket.
    #[must_use]
    pub fn is_socket(&self) -> bool {
        matches!(self.address, HostAddress::Socket(_))
    }

    /// Whether what is said to it stays on this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match &self.address {
            HostAddress::Socket(_) => true,
            HostAddress::Name(name) => {
                name.eq_ignore_ascii_case("localhost")
                    || name.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
            }
        }
    }
}

impl fmt::Display for ServerHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.port;
        match &self.address {
            HostAddress::Socket(folder) => write!(f, "{}:{port}", folder.display()),
            HostAddress::Name(name) if name.contains(':') => write!(f, "[{name}]:{port}"),
            HostAddress::Name(name) => write!(f, "{name}:{port}"),
        }
    }
}
