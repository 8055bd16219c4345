//! TLS to a server: asking for it as PostgreSQL wants to be asked, and what is verified in which mode. Authorities are read here, so
//! late, because the system's are the largest cost of a connection.

use std::io;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::version::{TLS12, TLS13};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::failure::unreachable;
use super::stream::Way;
use crate::certificates;
use crate::domain::{CertificateAuthorities, ClientCertificate, HostAddress, Server, ServerHost, TlsMode};
use crate::ledger::store::{ServerError, StoreError, Why};

/// The length of the message, and the number that asks for TLS.
const TLS_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// Protects a connection to a host as a mode demands.
pub(super) async fn protect(
    mut tcp: TcpStream,
    server: &Server,
    host: &ServerHost,
    mode: TlsMode,
) -> Result<Way, StoreError> {
    if mode == TlsMode::Disable {
        return Ok(Way::Tcp(tcp));
    }
    tcp.write_all(&TLS_REQUEST).await.map_err(unreachable)?;
    let answer = tcp.read_u8().await.map_err(unreachable)?;
    match answer {
        b'S' => {}
        b'N' if mode == TlsMode::Prefer => return Ok(Way::Tcp(tcp)),
        b'N' => return Err(failed(format!("{host} speaks no TLS"))),
        // Whoever answers here has proved nothing, so its words are not shown.
        b'E' => return Err(unreachable(format!("{host} answered with an error before it spoke TLS"))),
        _ => return Err(StoreError::Server(ServerError::NotPostgres(host.to_string()))),
    }
    let HostAddress::Name(name) = &host.address else { return Ok(Way::Tcp(tcp)) };
    let name = ServerName::try_from(name.clone()).map_err(failed)?;
    let config = config(server, mode)?;
    match TlsConnector::from(Arc::new(config)).connect(name, tcp).await {
        Ok(tls) => Ok(Way::Tls(Box::new(tls))),
        Err(error) => Err(explained(error, host)),
    }
}

fn explained(error: io::Error, host: &ServerHost) -> StoreError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(reason)) => {
            failed(format!("the certificate of {host} is refused: {}", certificates::reason(reason)))
        }
        Some(rustls::Error::AlertReceived(alert)) => failed(format!("{host} refused the handshake: {alert:?}")),
        Some(other) => failed(format!("{host}: {other}")),
        None => unreachable(error),
    }
}

fn failed(why: impl Into<Why>) -> StoreError {
    StoreError::Server(ServerError::Tls(why.into()))
}

fn config(server: &Server, mode: TlsMode) -> Result<ClientConfig, StoreError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match mode {
        TlsMode::Disable | TlsMode::Prefer | TlsMode::Require => Arc::new(Unverified(Arc::clone(&provider))),
        TlsMode::VerifyCa => Arc::new(AnyName(verifier(server, &provider)?)),
        TlsMode::VerifyFull => verifier(server, &provider)?,
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    match &server.certificate {
        None => Ok(config.with_no_client_auth()),
        Some(ClientCertificate { place, chain, key }) => {
            let chain: Vec<_> = CertificateDer::pem_slice_iter(chain).flatten().collect();
            let unusable = |why: String| failed(format!("the client certificate {place} is not usable: {why}"));
            let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes());
            let key = key.map_err(|_| unusable("its key is no PEM key without a passphrase".to_owned()))?;
            config.with_client_auth_cert(chain, key).map_err(|error| unusable(error.to_string()))
        }
    }
}

fn verifier(server: &Server, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, StoreError> {
    let mut roots = RootCertStore::empty();
    match &server.authorities {
        CertificateAuthorities::Unnamed | CertificateAuthorities::System => {
            roots = certificates::of_the_system().unwrap_or_else(certificates::built_in);
        }
        CertificateAuthorities::Pem { place, pem } => {
            if certificates::add_pem(&mut roots, pem) == 0 {
                return Err(failed(format!("there is no PEM certificate in {place}")));
            }
        }
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build().map_err(failed)
}

/// `verify-ca`: an authority vouches for the certificate, whatever name it is for.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.0.verify_server_cert(end_entity, intermediates, name, ocsp, now) {
            // The name is looked at last: all else was right.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// `prefer` and `require`, as libpq means them: against who listens, not against who answers in the server's place. Only where somebody
/// wrote the mode, or on this machine.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
