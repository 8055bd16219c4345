//! Certificate authorities, from the system or from PEM, and in words what is wrong with a certificate. Opens no connection and does
//! not know whose certificates are looked at.

use std::path::PathBuf;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertificateError, RootCertStore};
use rustls_native_certs::{load_certs_from_paths, load_native_certs};

/// The system's trust store; none where the system has none. Reading it is the largest cost of a single connection.
pub(crate) fn of_the_system() -> Option<RootCertStore> {
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

/// The authorities that are built into this program.
pub(crate) fn built_in() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

/// Adds the authorities of a PEM text, and returns how many there were.
pub(crate) fn add_pem(roots: &mut RootCertStore, pem: &[u8]) -> usize {
    let before = roots.len();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(pem).flatten());
    roots.len() - before
}

/// What is wrong with it, in words.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library's list of reasons, not ours")]
pub(crate) fn reason(error: &CertificateError) -> String {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet".to_owned()
        }
        CertificateError::UnknownIssuer => "its issuer is not trusted here".to_owned(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another name".to_owned()
        }
        CertificateError::BadSignature => "its signature is wrong".to_owned(),
        CertificateError::Revoked => "it has been revoked".to_owned(),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it is not a server certificate".to_owned()
        }
        _ => "it is not valid".to_owned(),
    }
}
