//! Whether a server can be reached, and what is said where it cannot.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use super::{Cluster, by_socket};
use crate::domain::{HostAddress, Secret, Server, ServerHost, SessionWanted};
use crate::ledger::store::postgres::connect;
use crate::ledger::store::postgres::connect::connect_unless;
use crate::ledger::store::{ServerError, StoreError};

/// The same server by its loopback port.
fn by_tcp(cluster: &Cluster, database: &str) -> Server {
    let address = HostAddress::Name("127.0.0.1".to_owned());
    Server {
        hosts: vec![ServerHost { address, port: cluster.port(), password: None }],
        ..by_socket(cluster, database)
    }
}

/// A server at a port of this machine's.
fn at_port(port: u16) -> Server {
    Server {
        hosts: vec![ServerHost { address: HostAddress::Name("127.0.0.1".to_owned()), port, password: None }],
        database: "d".to_owned(),
        user: "u".to_owned(),
        tls: None,
        authorities: crate::domain::CertificateAuthorities::Unnamed,
        channel_binding: crate::domain::ChannelBinding::Prefer,
        certificate: None,
        session: None,
        connect_timeout: Duration::from_millis(300),
        application_name: "nexmo-conversion".to_owned(),
    }
}

fn refused(server: &Server) -> ServerError {
    match connect(server) {
        Err(StoreError::Server(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// A listener that greets each caller so, and then reads until they go.
fn listener(greeting: impl AsRef<[u8]> + Send + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = [0; 8];
            let _ = stream.read(&mut asked);
            let _ = stream.write_all(greeting.as_ref());
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    port
}

#[test]
fn a_server_is_reached_by_its_socket() {
    let Some(cluster) = Cluster::shared("a_server_is_reached_by_its_socket") else { return };
    let server = by_socket(cluster, &cluster.database());
    let mut connection = connect(&server).unwrap();
    let rows = connection.wait(async |client| client.query_typed("SELECT current_user::text", &[]).await).unwrap();
    assert_eq!(rows[0].get::<_, &str>(0), "postgres");
    assert!(connection.is_usable());
    assert_eq!(connection.session().protection, "a socket of this machine");
}

#[test]
fn passwords_databases_and_standbys_are_told_apart() {
    let Some(cluster) = Cluster::prepare("passwords_databases_and_standbys_are_told_apart") else { return };
    let hba =
        "local all all trust\nhost all app 127.0.0.1/32 scram-sha-256\nhost all postgres 127.0.0.1/32 trust\n";
    let cluster = cluster.tcp().file("pg_hba.conf", hba).start();
    cluster.sql("postgres", "CREATE ROLE app LOGIN PASSWORD 's3cret'");
    cluster.sql("postgres", "CREATE DATABASE frozen");
    cluster.sql("postgres", "ALTER DATABASE frozen SET default_transaction_read_only = on");
    let app = |password: Option<&str>| {
        let mut server = Server { user: "app".to_owned(), ..by_tcp(&cluster, "postgres") };
        server.hosts[0].password = password.map(|password| Secret::new(password.to_owned()));
        server
    };
    assert!(connect(&app(Some("s3cret"))).is_ok());
    let wrong = refused(&app(Some("wr0ng")));
    assert!(matches!(&wrong, ServerError::LoginRefused(why) if why.to_string().contains("28P01")), "{wrong:?}");
    assert!(!format!("{wrong:?}").contains("wr0ng"));
    assert!(matches!(refused(&app(None)), ServerError::NoPassword(_)));
    let unknown = Server { user: "nobody".to_owned(), ..app(None) };
    assert!(matches!(refused(&unknown), ServerError::LoginRefused(_)));
    assert!(matches!(refused(&by_tcp(&cluster, "nowhere")), ServerError::NoDatabase(_)));
    let frozen = by_tcp(&cluster, "frozen");
    assert!(matches!(refused(&frozen), ServerError::WrongSession(why) if why.contains("read only")));
    for (wanted, will_do) in [
        (SessionWanted::Any, true),
        (SessionWanted::ReadOnly, true),
        (SessionWanted::Primary, true),
        (SessionWanted::Standby, false),
        (SessionWanted::PreferStandby, true),
    ] {
        assert_eq!(connect_unless(&AtomicBool::new(false), &frozen, wanted).is_ok(), will_do, "{wanted}");
    }
    // The second host will do, where the first is not even there.
    let mut two = by_tcp(&cluster, "postgres");
    two.hosts.insert(0, ServerHost { port: 1, ..two.hosts[0].clone() });
    assert!(connect(&two).is_ok());
}

#[test]
fn a_server_without_room_says_so() {
    let Some(cluster) = Cluster::prepare("a_server_without_room_says_so") else { return };
    let cluster = cluster.setting("max_connections = 4").setting("superuser_reserved_connections = 2").start();
    cluster.sql("postgres", "CREATE ROLE app LOGIN");
    let server = Server { user: "app".to_owned(), ..by_socket(&cluster, "postgres") };
    let held = [connect(&server).unwrap(), connect(&server).unwrap()];
    assert!(matches!(refused(&server), ServerError::TooManyConnections(_)));
    drop(held);
}

#[test]
fn what_is_no_server_is_told_from_one_that_is_away() {
    let web = listener(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    assert!(matches!(refused(&at_port(web)), ServerError::NotPostgres(_)));
    let socket_like = Server { tls: Some(crate::domain::TlsMode::Disable), ..at_port(web) };
    assert!(matches!(refused(&socket_like), ServerError::NotPostgres(_)));
    let silent = refused(&at_port(listener(b"")));
    assert!(matches!(&silent, ServerError::Unreachable(why) if why.to_string().contains("within")), "{silent:?}");
    assert!(matches!(refused(&at_port(1)), ServerError::Unreachable(_)));
    // Nobody has proved to be the server yet: its words are not believed.
    let mocking =
        refused(&Server { tls: Some(crate::domain::TlsMode::VerifyFull), ..at_port(listener(b"Efake")) });
    assert!(matches!(&mocking, ServerError::Unreachable(why) if !why.to_string().contains("fake")), "{mocking:?}");
}

#[test]
fn what_a_server_says_at_the_door_is_told_by_its_code() {
    let said = |code: &str| {
        let fields = format!("SFATAL\0VFATAL\0C{code}\0Mno\0\0");
        let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
        let message = [&b"E"[..], &length, fields.as_bytes()].concat();
        let server = Server { tls: Some(crate::domain::TlsMode::Disable), ..at_port(listener(message)) };
        match connect(&server) {
            Err(StoreError::Server(error)) => error.to_string(),
            Err(error) => format!("{error:?}"),
            Ok(_) => panic!("there is no server"),
        }
    };
    for (code, meaning) in [
        ("53100", "DiskFull"),
        ("53300", "the server takes no more connections"),
        ("57P03", "the server cannot be reached"),
        ("57P01", "the server cannot be reached"),
        ("08006", "the server cannot be reached"),
        ("25006", "the server takes no writes"),
        ("28P01", "the server refused the login"),
        ("3D000", "the server has no such database"),
        ("42501", "the role lacks a right"),
    ] {
        assert_eq!(said(code), meaning, "{code}");
    }
}

#[test]
fn a_server_that_stops_in_the_middle_is_noticed_and_not_waited_for() {
    let Some(cluster) = Cluster::prepare("a_server_that_stops_in_the_middle_is_noticed_and_not_waited_for") else {
        return;
    };
    let cluster = cluster.tcp().start();
    let mut connection = connect(&by_tcp(&cluster, "postgres")).unwrap();
    drop(cluster);
    let asked = connection.wait(async |client| client.query_typed("SELECT 1", &[]).await);
    assert!(matches!(asked, Err(StoreError::Server(ServerError::Unreachable(_)))), "{asked:?}");
    assert!(!connection.is_usable());
}
