//! Whose certificates are believed. Verification has no off switch.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_native_certs::{load_certs_from_paths, load_native_certs};
use thiserror::Error;

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
            Trust::System if load_system().is_some() => "the system's trust store".to_owned(),
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
        Trust::System => {
            load_system().unwrap_or_else(|| RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
        }
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

fn load_system() -> Option<RootCertStore> {
    let mut certificates = load_native_certs().certs;
    if certificates.is_empty() {
        // OpenSSL's variables are settings, and hold something only when they are not asked for here. Set to nothing they
        // count as unset; the loader takes that for a path.
        let probed = openssl_probe::probe();
        let folder = probed.cert_dir.first().map(PathBuf::as_path);
        certificates = load_certs_from_paths(probed.cert_file.as_deref(), folder).certs;
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates);
    (!roots.is_empty()).then_some(roots)
}

fn load_named(named: &[Pem]) -> Result<RootCertStore, TrustError> {
    let mut roots = RootCertStore::empty();
    for Pem { place, pem } in named {
        let before = roots.len();
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(pem).flatten());
        if roots.len() == before {
            return Err(TrustError::NoCertificate(place.clone()));
        }
    }
    Ok(roots)
}
