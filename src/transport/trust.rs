//! Whose certificates are believed. Verification has no off switch.

use std::sync::{Arc, OnceLock};

use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;

use crate::certificates::{self, Authorities};

/// Where certificate authorities come from.
#[derive(Debug, Clone)]
pub enum Trust {
    /// The system's trust store; roots built into this program where the system has none.
    System,
    /// These *instead of* the system's store, as curl's `--cacert` has it. Each must hold a certificate.
    Pem(Vec<Pem>),
}

/// PEM text of certificate authorities.
#[derive(Debug, Clone)]
pub struct Pem {
    /// Where it stands, for people.
    pub place: String,
    /// The text.
    pub pem: Vec<u8>,
}

/// Certificate authorities, loaded when the first TLS connection is made and only once: the system's store is the
/// largest cost of a single request.
#[derive(Debug, Clone)]
pub struct TrustStore {
    trust: Trust,
    config: Arc<OnceLock<Result<Arc<ClientConfig>, TrustError>>>,
}

/// Why there are no certificate authorities.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TrustError {
    /// No certificate there.
    #[error("no PEM certificate in {0}")]
    NoCertificate(String),
    /// The TLS library refused its own defaults; cannot happen with the versions this program is built with.
    #[error("TLS cannot be set up")]
    Setup,
}

impl TrustStore {
    /// A store that has loaded nothing yet.
    #[must_use]
    pub fn new(trust: Trust) -> Self {
        Self { trust, config: Arc::default() }
    }

    /// Loads what was named at once, so that its faults are found before anything is sent. The system's store stays unread.
    pub fn check(&self) -> Result<(), TrustError> {
        match self.trust {
            Trust::Pem(_) => self.client_config().map(drop),
            Trust::System => Ok(()),
        }
    }

    /// What this store is, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.trust {
            Trust::System if certificates::of_the_system().is_some() => "the system's trust store".to_owned(),
            Trust::System => "the built-in roots (the system has no trust store)".to_owned(),
            Trust::Pem(named) => {
                let places: Vec<_> = named.iter().map(|pem| pem.place.as_str()).collect();
                format!("{} only", places.join(" and "))
            }
        }
    }

    pub(super) fn client_config(&self) -> Result<Arc<ClientConfig>, TrustError> {
        self.config.get_or_init(|| build(&self.trust)).clone()
    }
}

fn build(trust: &Trust) -> Result<Arc<ClientConfig>, TrustError> {
    let roots = match trust {
        Trust::System => certificates::of_the_system().unwrap_or_else(certificates::built_in),
        Trust::Pem(named) => load_named(named)?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|_| TrustError::Setup)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn load_named(named: &[Pem]) -> Result<RootCertStore, TrustError> {
    let mut authorities = Authorities::default();
    for Pem { place, pem } in named {
        if authorities.add(pem) == 0 {
            return Err(TrustError::NoCertificate(place.clone()));
        }
    }
    Ok(authorities.roots)
}
