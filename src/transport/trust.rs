//! Whose certificates are believed. Verification has no off switch.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;

/// Where certificate authorities come from.
#[derive(Debug, Clone)]
pub enum Trust {
    /// The system's trust store; roots built into this program where the system has none.
    System,
    /// A PEM file *instead of* the system's store, as curl's `--cacert` has it.
    File(PathBuf),
    /// PEM text: the embedded sandbox's own authority.
    Pem(String),
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
    /// The file cannot be read; its path and the reason.
    #[error("cannot read the CA file {0}: {1}")]
    Unreadable(PathBuf, String),
    /// The file holds no certificate.
    #[error("no PEM certificate in the CA file {0}")]
    NoCertificate(PathBuf),
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

    /// Loads a file at once, so that its faults are told before anything is sent. The system's store stays unread.
    pub fn check(&self) -> Result<(), TrustError> {
        match self.trust {
            Trust::File(_) => self.client_config().map(drop),
            Trust::System | Trust::Pem(_) => Ok(()),
        }
    }

    /// What this store is, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.trust {
            Trust::System if load_system().is_some() => "the system's trust store".to_owned(),
            Trust::System => "the built-in roots (the system has no trust store)".to_owned(),
            Trust::File(path) => format!("{} only", path.display()),
            Trust::Pem(_) => "the sandbox's own CA only".to_owned(),
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
        Trust::File(path) => load_file(path)?,
        Trust::Pem(text) => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(CertificateDer::pem_slice_iter(text.as_bytes()).flatten());
            roots
        }
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
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    (!roots.is_empty()).then_some(roots)
}

/// All the world's authorities are a few hundred KiB; `/dev/zero` has no end.
const LARGEST_FILE: u64 = 16 * 1024 * 1024;

fn load_file(path: &Path) -> Result<RootCertStore, TrustError> {
    let unreadable = |reason: String| TrustError::Unreadable(path.to_owned(), reason);
    let mut pem = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST_FILE + 1).read_to_end(&mut pem))
        .map_err(|error| unreadable(error.kind().to_string()))?;
    if pem.len() as u64 > LARGEST_FILE {
        return Err(unreadable(format!("larger than {LARGEST_FILE} bytes")));
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).flatten());
    if roots.is_empty() { Err(TrustError::NoCertificate(path.to_owned())) } else { Ok(roots) }
}
