//! Certificates and versions, and what faults look like through TLS.

use std::io::{self, ErrorKind, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};

use super::{BODY, ask, connect, options, post, read_to_the_end};
use crate::clock;
use crate::sandbox::{Answer, CertificateKind, Encryption, Fault, Sandbox, SandboxOptions, Script, TlsVersions};

fn handshake(sandbox: &Sandbox) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(sandbox.ca_pem().unwrap().as_bytes()).unwrap();
    roots.add(ca).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, connect(sandbox));
    stream.conn.complete_io(&mut stream.sock)?;
    Ok(stream)
}

fn tls(certificate: CertificateKind, versions: TlsVersions) -> Sandbox {
    let encryption = Encryption::Tls { certificate, versions };
    Sandbox::start(SandboxOptions { encryption, ..options() }).unwrap()
}

#[test]
fn tls_works_in_both_versions_and_ends_with_a_good_bye() {
    for versions in [TlsVersions::Both, TlsVersions::Only12, TlsVersions::Only13] {
        let sandbox = tls(CertificateKind::Valid, versions);
        assert!(sandbox.base_url().starts_with("https://127.0.0.1:"));
        let mut stream = handshake(&sandbox).unwrap();
        assert_eq!(ask(&mut stream, &post(BODY)).unwrap().1, "OK");
        let last = post(BODY).replace("Content-Type", "Connection: close\r\nContent-Type");
        assert_eq!(ask(&mut stream, &last).unwrap().1, "OK");
        assert_eq!(read_to_the_end(stream), (Vec::new(), None));
        assert_eq!(sandbox.counts().failed_handshakes, 0);
    }
}

#[test]
fn every_wrong_certificate_is_wrong_in_its_own_way() {
    for (kind, complaint) in [
        (CertificateKind::Expired, "Expired"),
        (CertificateKind::NotYetValid, "NotValidYet"),
        (CertificateKind::WrongName, "NotValidForName"),
        (CertificateKind::SelfSigned, "UnknownIssuer"),
    ] {
        let sandbox = tls(kind, TlsVersions::Both);
        let error = handshake(&sandbox).map(drop).unwrap_err();
        assert!(format!("{error:?}").contains(complaint), "{kind}: {error:?}");
        while sandbox.counts().failed_handshakes == 0 {
            clock::sleep(Duration::from_millis(1));
        }
        assert!(sandbox.requests().is_empty());
    }
}

#[test]
fn a_cut_tls_connection_ends_without_a_good_bye() {
    let encryption = Encryption::default();
    let script = Script::first([Answer::fault(Fault::Close)]);
    let sandbox = Sandbox::start(SandboxOptions { encryption, script, ..options() }).unwrap();
    let mut stream = handshake(&sandbox).unwrap();
    stream.write_all(post(BODY).as_bytes()).unwrap();
    assert_eq!(read_to_the_end(stream), (Vec::new(), Some(ErrorKind::UnexpectedEof)));
}

#[test]
fn an_unread_reset_hits_the_handshake_or_the_next_request() {
    let script = Script::first(["reset-before", "ok", "reset-before"].map(|text| text.parse().unwrap()));
    let sandbox =
        Sandbox::start(SandboxOptions { encryption: Encryption::default(), script, ..options() }).unwrap();
    assert_eq!(handshake(&sandbox).map(drop).unwrap_err().kind(), ErrorKind::ConnectionReset);
    let mut stream = handshake(&sandbox).unwrap();
    assert_eq!(ask(&mut stream, &post(BODY)).unwrap().1, "OK");
    assert!(ask(&mut stream, &post(BODY)).is_err());
    assert_eq!(sandbox.faults_fired()["reset-before"], 2);
    assert_eq!(sandbox.requests().len(), 3);
}

#[test]
fn a_client_of_today_does_not_take_tls_1_1() {
    let sandbox = tls(CertificateKind::Valid, TlsVersions::Only11);
    let error = handshake(&sandbox).map(drop).unwrap_err();
    assert!(format!("{error:?}").contains("ServerDoesNotSupportTls12Or13"), "{error:?}");
}

#[test]
fn a_good_bye_does_not_use_up_an_unread_reset() {
    for versions in [TlsVersions::Only12, TlsVersions::Only13] {
        let sandbox = Sandbox::start(SandboxOptions {
            encryption: Encryption::Tls { certificate: CertificateKind::Valid, versions },
            script: Script::first(["ok", "reset-before"].map(|text| text.parse().unwrap())),
            ..options()
        })
        .unwrap();
        let mut stream = handshake(&sandbox).unwrap();
        assert_eq!(ask(&mut stream, &post(BODY)).unwrap().1, "OK");
        stream.conn.send_close_notify();
        stream.flush().unwrap();
        assert_eq!(read_to_the_end(stream), (Vec::new(), None), "answered with a good-bye");
        assert!(sandbox.faults_fired().is_empty());
        assert_eq!(handshake(&sandbox).map(drop).unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
}
