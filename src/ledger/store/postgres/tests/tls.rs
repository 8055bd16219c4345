//! TLS to a real server: what each mode accepts, and what it says about the rest.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

use super::{Cluster, by_socket};
use crate::domain::{
    CertificateAuthorities, ChannelBinding, ClientCertificate, HostAddress, Secret, Server, ServerHost, TlsMode,
};
use crate::ledger::store::postgres::connect;
use crate::ledger::store::{ServerError, StoreError};

/// An authority, with what it issues.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        Self { pem: params.self_signed(&key).unwrap().pem(), issuer: Issuer::new(params, key) }
    }

    /// A certificate for a name, and its key, as PEM.
    fn issue(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> (String, String) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.use_authority_key_identifier_extension = true;
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// A server with TLS, whose certificate is this one; `app` has a password, `cert` a certificate.
fn cluster(test: &str, authority: &Authority, (certificate, key): (String, String)) -> Option<Cluster> {
    let hba = "local all all trust\nhostssl all cert 127.0.0.1/32 cert\nhostssl all app 127.0.0.1/32 scram-sha-256\n\
               host all postgres 127.0.0.1/32 trust\n";
    let cluster = Cluster::prepare(test)?
        .tcp()
        .setting("ssl = on")
        .setting("ssl_ca_file = 'ca.pem'")
        .file("ca.pem", &authority.pem)
        .file("server.crt", &certificate)
        .file("server.key", &key)
        .file("pg_hba.conf", hba)
        .start();
    cluster.sql("postgres", "CREATE ROLE app LOGIN PASSWORD 's3cret'; CREATE ROLE cert LOGIN");
    Some(cluster)
}

fn server(cluster: &Cluster, host: &str, mode: TlsMode, authorities: CertificateAuthorities) -> Server {
    let address = HostAddress::Name(host.to_owned());
    let password = Some(Secret::new("s3cret".to_owned()));
    Server {
        hosts: vec![ServerHost { address, port: cluster.port(), password }],
        user: "postgres".to_owned(),
        tls: Some(mode),
        authorities,
        ..by_socket(cluster, "postgres")
    }
}

fn only(authority: &Authority) -> CertificateAuthorities {
    CertificateAuthorities::Pem { place: "ca.pem".to_owned(), pem: authority.pem.clone().into() }
}

/// How a connection is protected, or why it is not.
fn protection(server: &Server) -> String {
    match connect(server) {
        Ok(connection) => connection.session().protection.to_owned(),
        Err(StoreError::Server(ServerError::Tls(why))) => {
            why.to_string().split_once(": ").map_or_else(|| why.to_string(), |(_, why)| why.to_owned())
        }
        Err(error) => panic!("{error:?}"),
    }
}

#[test]
fn each_mode_verifies_what_libpq_says_it_verifies() {
    let authority = Authority::new("the tests' CA");
    let issued = authority.issue("localhost", |_| ());
    let Some(cluster) = cluster("each_mode_verifies_what_libpq_says_it_verifies", &authority, issued) else {
        return;
    };
    let (here, stranger) = (only(&authority), only(&Authority::new("a stranger")));
    let unnamed = CertificateAuthorities::Unnamed;
    let (full, but_the_name) = ("TLS 1.3, verified in full", "TLS 1.3, verified but for the name");
    let (not, no_tls) = ("TLS 1.3, not verified", "no TLS");
    let (name, signer) = ("it is for another name", "its issuer is not trusted here");
    for (host, mode, authorities, expected) in [
        ("localhost", TlsMode::VerifyFull, &here, full),
        ("127.0.0.1", TlsMode::VerifyFull, &here, name),
        ("localhost", TlsMode::VerifyFull, &stranger, signer),
        ("localhost", TlsMode::VerifyFull, &CertificateAuthorities::System, signer),
        ("127.0.0.1", TlsMode::VerifyCa, &here, but_the_name),
        ("127.0.0.1", TlsMode::VerifyCa, &stranger, signer),
        // With authorities that were named, `require` is `verify-ca`.
        ("127.0.0.1", TlsMode::Require, &here, but_the_name),
        ("127.0.0.1", TlsMode::Require, &stranger, signer),
        ("127.0.0.1", TlsMode::Require, &unnamed, not),
        ("127.0.0.1", TlsMode::Prefer, &unnamed, not),
        ("127.0.0.1", TlsMode::Disable, &unnamed, no_tls),
    ] {
        let said = protection(&server(&cluster, host, mode, authorities.clone()));
        assert_eq!(said, expected, "{host} {mode}");
    }
}

#[test]
fn a_password_is_bound_to_the_connection_and_a_certificate_takes_its_place() {
    let authority = Authority::new("the tests' CA");
    let issued = authority.issue("localhost", |_| ());
    let test = "a_password_is_bound_to_the_connection_and_a_certificate_takes_its_place";
    let Some(cluster) = cluster(test, &authority, issued) else { return };
    let app = Server {
        user: "app".to_owned(),
        channel_binding: ChannelBinding::Require,
        ..server(&cluster, "localhost", TlsMode::VerifyFull, only(&authority))
    };
    assert!(connect(&app).is_ok());
    let (chain, key) = authority.issue("cert", |_| ());
    let certificate = ClientCertificate { place: "c.crt".to_owned(), chain: chain.into(), key: Secret::new(key) };
    let cert = Server {
        user: "cert".to_owned(),
        certificate: Some(certificate),
        channel_binding: ChannelBinding::Prefer,
        ..app.clone()
    };
    assert!(connect(&cert).is_ok());
    let without = Server { certificate: None, ..cert };
    assert!(matches!(connect(&without), Err(StoreError::Server(ServerError::LoginRefused(_)))));
}

#[test]
fn tls_that_is_only_preferred_is_given_up_where_the_server_lets_nobody_in_with_it() {
    let authority = Authority::new("the tests' CA");
    let (certificate, key) = authority.issue("localhost", |_| ());
    let test = "tls_that_is_only_preferred_is_given_up_where_the_server_lets_nobody_in_with_it";
    let Some(cluster) = Cluster::prepare(test) else { return };
    let hba = "local all all trust\nhostnossl all app 127.0.0.1/32 scram-sha-256\nhostssl all postgres 127.0.0.1/32 trust\n";
    let cluster = cluster
        .tcp()
        .setting("ssl = on")
        .file("server.crt", &certificate)
        .file("server.key", &key)
        .file("pg_hba.conf", hba)
        .start();
    cluster.sql("postgres", "CREATE ROLE app LOGIN PASSWORD 's3cret'");
    let by = |user: &str, mode| {
        let server = server(&cluster, "127.0.0.1", mode, CertificateAuthorities::Unnamed);
        Server { user: user.to_owned(), ..server }
    };
    assert_eq!(protection(&by("app", TlsMode::Prefer)), "no TLS");
    assert_eq!(protection(&by("postgres", TlsMode::Prefer)), "TLS 1.3, not verified");
    // Not where TLS was asked for; nor is a password tried twice, or one door's answer given for the other's.
    let refused = |server: &Server| match connect(server) {
        Err(StoreError::Server(ServerError::LoginRefused(why))) => why.to_string(),
        other => panic!("{other:?}"),
    };
    for mode in [TlsMode::Require, TlsMode::VerifyCa] {
        let authorities = only(&authority);
        let why = refused(&Server { authorities, ..by("app", mode) });
        assert!(why.contains("28000") && why.contains("SSL encryption"), "{why}");
    }
    let stranger = refused(&by("stranger", TlsMode::Prefer));
    assert!(stranger.contains("28000") && stranger.contains(", SSL encryption"), "{stranger}");
    let mut wrong = by("app", TlsMode::Prefer);
    wrong.hosts[0].password = Some(Secret::new("wr0ng".to_owned()));
    assert!(refused(&wrong).contains("28P01"), "the server said so after TLS was given up");
}

#[test]
fn a_certificate_that_has_expired_is_refused_where_certificates_count() {
    let authority = Authority::new("the tests' CA");
    let issued = authority.issue("localhost", |leaf| leaf.not_after = date_time_ymd(2001, 1, 1));
    let test = "a_certificate_that_has_expired_is_refused_where_certificates_count";
    let Some(cluster) = cluster(test, &authority, issued) else { return };
    let said = |mode| protection(&server(&cluster, "localhost", mode, only(&authority)));
    assert_eq!(said(TlsMode::VerifyFull), "it has expired");
    assert_eq!(said(TlsMode::VerifyCa), "it has expired");
}

#[test]
fn a_server_without_tls_is_only_good_enough_where_that_was_said() {
    let Some(cluster) = Cluster::prepare("a_server_without_tls_is_only_good_enough_where_that_was_said") else {
        return;
    };
    let cluster = cluster.tcp().start();
    let said = |mode| protection(&server(&cluster, "127.0.0.1", mode, CertificateAuthorities::Unnamed));
    assert_eq!(said(TlsMode::Prefer), "no TLS");
    assert_eq!(said(TlsMode::Require), format!("127.0.0.1:{} speaks no TLS", cluster.port()));
}
