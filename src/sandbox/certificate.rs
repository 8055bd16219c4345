//! A certificate authority that lives as long as the sandbox, and a certificate from it that is right or, if asked,
//! wrong in one way. Knows nothing of sockets.

use std::io;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::version::{TLS12, TLS13};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::options::{CertificateKind, TlsVersions};

/// The name of every sandbox's authority.
const AUTHORITY: &str = "nexmo-conversion sandbox CA";
const BEGIN: &[u8] = b"-----BEGIN ";

/// How the sandbox speaks TLS, and what a client needs in order to trust it.
pub(super) struct Identity {
    pub(super) security: Security,
    pub(super) ca_pem: String,
}

/// What lies between the socket and HTTP.
pub(super) enum Security {
    /// Nothing.
    None,
    /// TLS.
    Tls(Arc<ServerConfig>),
    /// A TLS so old that no client gets through it.
    OldTls,
}

pub(super) fn identity(kind: CertificateKind, versions: TlsVersions) -> io::Result<Identity> {
    let (ca_pem, certificate, key) = certify(kind).map_err(io::Error::other)?;
    let versions = match versions {
        TlsVersions::Both => &[&TLS12, &TLS13][..],
        TlsVersions::Only12 => &[&TLS12],
        TlsVersions::Only13 => &[&TLS13],
        TlsVersions::Only11 => {
            return Ok(Identity { security: Security::OldTls, ca_pem });
        }
    };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key))
        .map_err(io::Error::other)?;
    Ok(Identity { security: Security::Tls(Arc::new(config)), ca_pem })
}

fn certify(kind: CertificateKind) -> Result<(String, rcgen::Certificate, KeyPair), rcgen::Error> {
    let mut ca = CertificateParams::default();
    ca.distinguished_name.push(DnType::CommonName, AUTHORITY);
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca_key = KeyPair::generate()?;
    let ca_pem = ca.self_signed(&ca_key)?.pem();
    let issuer = Issuer::new(ca, ca_key);

    let names = match kind {
        CertificateKind::WrongName => vec!["somewhere-else.invalid".to_owned()],
        CertificateKind::Valid
        | CertificateKind::Expired
        | CertificateKind::NotYetValid
        | CertificateKind::SelfSigned => vec!["127.0.0.1".to_owned(), "localhost".to_owned()],
    };
    let mut leaf = CertificateParams::new(names)?;
    leaf.distinguished_name.push(DnType::CommonName, "nexmo-conversion sandbox");
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    match kind {
        CertificateKind::Expired => leaf.not_after = date_time_ymd(2001, 1, 1),
        CertificateKind::NotYetValid => leaf.not_before = date_time_ymd(2999, 1, 1),
        CertificateKind::Valid | CertificateKind::WrongName | CertificateKind::SelfSigned => {}
    }
    let key = KeyPair::generate()?;
    let certificate = match kind {
        CertificateKind::SelfSigned => leaf.self_signed(&key)?,
        CertificateKind::Valid
        | CertificateKind::Expired
        | CertificateKind::NotYetValid
        | CertificateKind::WrongName => leaf.signed_by(&key, &issuer)?,
    };
    Ok((ca_pem, certificate, key))
}

/// Whether a file's text is the certificate of a sandbox's authority, and nothing but that.
#[must_use]
pub fn is_authority(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let whole = text.starts_with(b"-----BEGIN CERTIFICATE-----") && text.ends_with(b"-----END CERTIFICATE-----");
    let is_one = text.windows(BEGIN.len()).filter(|window| *window == BEGIN).count() == 1;
    let certificate = CertificateDer::from_pem_slice(text);
    let named = |der: &CertificateDer<'_>| der.windows(AUTHORITY.len()).any(|name| name == AUTHORITY.as_bytes());
    whole && is_one && certificate.is_ok_and(|der| named(&der))
}
