//! What a sender shows of each request and its answer, for people who watch: one line each, and never a secret.

use std::fmt;
use std::time::Duration;

use super::trace::ConnectionAge;
use crate::domain::Secret;
use crate::wire::{ParameterValue, Request, reason};

/// One half of an exchange with the server, on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watched {
    /// A request is about to be sent.
    Request {
        /// `POST` or `GET`.
        method: &'static str,
        /// Where to, without parameters.
        url: String,
        /// The encoded parameters, secrets masked; empty where there are none.
        parameters: String,
        /// Whether a masked `Authorization` header goes with it.
        authorized: bool,
    },
    /// A complete answer came.
    Answer {
        /// What was asked for: a message-id, or a URL.
        about: String,
        /// The HTTP status.
        status: u16,
        /// From the beginning of the attempt.
        took: Duration,
        /// The TLS version, where there was one.
        tls: Option<&'static str>,
        /// Which connection it came on.
        connection: ConnectionAge,
    },
    /// No answer came.
    Failure {
        /// What was asked for: a message-id, or a URL.
        about: String,
        /// Why there is no answer.
        why: String,
        /// From the beginning of the attempt.
        took: Duration,
    },
}

impl Watched {
    /// A conversion's request.
    pub(super) fn request(request: &Request<'_>, url: String) -> Self {
        let shown = request.parameters.iter().map(|parameter| match &parameter.value {
            ParameterValue::Plain(value) => (parameter.name, value.as_ref()),
            ParameterValue::Secret(_) => (parameter.name, Secret::MASK),
        });
        let mut parameters = String::new();
        for (name, value) in shown {
            let separator = if parameters.is_empty() { "" } else { "&" };
            parameters.extend([separator, name, "="]);
            parameters.extend(form_urlencoded::byte_serialize(value.as_bytes()));
        }
        Self::Request { method: "POST", url, parameters, authorized: request.basic.is_some() }
    }

    /// Whether this is what was sent, and not what came of it.
    #[must_use]
    pub fn is_request(&self) -> bool {
        match self {
            Self::Request { .. } => true,
            Self::Answer { .. } | Self::Failure { .. } => false,
        }
    }
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request { method, url, parameters, authorized } => {
                write!(f, "{method} {url}")?;
                if !parameters.is_empty() {
                    write!(f, " {parameters}")?;
                }
                if *authorized {
                    write!(f, " (Authorization: Basic {})", Secret::MASK)?;
                }
                Ok(())
            }
            Self::Answer { about, status, took, tls, connection } => {
                let status = format!("{status} {}", reason(*status));
                let tls = tls.unwrap_or("no TLS");
                let connection = match connection {
                    ConnectionAge::Fresh => "a new connection",
                    ConnectionAge::Reused => "the same connection",
                };
                write!(f, "{about}: {} in {}ms, {tls}, {connection}", status.trim_end(), took.as_millis())
            }
            Self::Failure { about, why, took } => write!(f, "{about}: none in {}ms: {why}", took.as_millis()),
        }
    }
}
