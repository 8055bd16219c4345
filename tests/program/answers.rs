//! An answer counts only for the request that asked for it, and only if it is the API's. The servers here say what no server
//! should, and count what they are asked.
#![expect(
    clippy::disallowed_methods,
    reason = "these servers pause in the middle of what they say; that is their fault to have"
)]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::api;
use crate::cli::{Cli, wait_until};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nOK";

/// What a server does with its connections, the first of which is number 0.
type Manner = fn(usize, &mut Wire<'_>);

/// A server on this machine. Its threads end with the test.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

/// One connection, seen from the server.
struct Wire<'a> {
    stream: &'a mut dyn ReadWrite,
    requests: &'a Mutex<Vec<String>>,
}

trait ReadWrite: Read + Write {
    /// Ends the connection as a server does that falls over.
    fn reset(&mut self);
}

impl ReadWrite for TcpStream {
    fn reset(&mut self) {
        // What was written arrives first.
        thread::sleep(Duration::from_millis(50));
        rustix::net::sockopt::set_socket_linger(&*self, Some(Duration::ZERO)).unwrap();
    }
}

impl ReadWrite for StreamOwned<ServerConnection, TcpStream> {
    fn reset(&mut self) {
        self.sock.reset();
    }
}

impl Wire<'_> {
    /// Reads one request and notes its id; `None` when the client has gone.
    fn request(&mut self) -> Option<()> {
        let mut read = Vec::new();
        loop {
            let mut chunk = [0; 4096];
            let length = self.stream.read(&mut chunk).ok().filter(|length| *length > 0)?;
            read.extend_from_slice(&chunk[..length]);
            let text = String::from_utf8_lossy(&read);
            if let Some((_, rest)) = text.split_once("message-id=")
                && text.contains("timestamp=")
            {
                let id = rest.split('&').next().unwrap_or_default().to_owned();
                self.requests.lock().unwrap().push(id);
                return Some(());
            }
        }
    }

    fn say(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
        let _ = self.stream.flush();
    }

    /// Answers every request as it should be.
    fn behave(&mut self) {
        while self.request().is_some() {
            self.say(OK);
        }
    }

    /// The connection is reset when it is dropped.
    fn reset(&mut self) {
        self.stream.reset();
    }

    /// Reads on, and never says anything more.
    fn ignore(&mut self) {
        while self.stream.read(&mut [0; 4096]).is_ok_and(|length| length > 0) {}
    }
}

impl Server {
    fn start(manner: Manner) -> Self {
        Self::serve(manner, None)
    }

    fn serve(manner: Manner, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (counted, noted) = (Arc::clone(&connections), Arc::clone(&requests));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let number = counted.fetch_add(1, SeqCst);
                let (tls, noted) = (tls.clone(), Arc::clone(&noted));
                thread::spawn(move || attend(client, number, manner, tls, &noted));
            }
        });
        Self { address, connections, requests }
    }

    fn cli(&self) -> Cli<'_> {
        Cli::new()
            .with("VONAGE_API_KEY", api::KEY)
            .with("VONAGE_API_SECRET", api::SECRET)
            .with("NEXMO_CONVERSION_BASE_URL", format!("http://{}", self.address))
    }

    fn asked_for(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }
}

fn attend(
    mut client: TcpStream,
    number: usize,
    manner: Manner,
    tls: Option<Arc<ServerConfig>>,
    noted: &Mutex<Vec<String>>,
) {
    client.set_nodelay(true).unwrap();
    match tls {
        Some(config) => {
            let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), client);
            manner(number, &mut Wire { stream: &mut stream, requests: noted });
        }
        None => manner(number, &mut Wire { stream: &mut client, requests: noted }),
    }
}

/// Sends ids one after the other, each when the one before has its line, and the server had this long to add something.
fn one_by_one(
    cli: &Cli,
    ids: &[&str],
    rest: Duration,
    more: &[&str],
) -> (Option<i32>, Vec<(String, String)>, String) {
    let arguments = ["batch", "--format", "ids", "--channel", "sms", "--delivered", "true", "--json", "-j", "1"];
    let mut running = cli.start_with_pipe(arguments.iter().chain(more));
    let mut outcomes = Vec::new();
    for id in ids {
        running.write(format!("{id}\n"));
        let line: serde_json::Value = serde_json::from_str(&running.next_line()).unwrap();
        outcomes
            .push((line["message_id"].as_str().unwrap().to_owned(), line["outcome"].as_str().unwrap().to_owned()));
        thread::sleep(rest);
    }
    running.close_stdin();
    let (status, _, stderr) = running.finish();
    (status, outcomes, stderr)
}

const REST: Duration = Duration::from_millis(60);

/// After the first answer this comes unasked, and the connection is never served again.
fn unasked(bytes: &'static [u8]) -> Manner {
    match bytes {
        b"200" => |number, wire| one_too_many(number, wire, OK),
        b"420" => |number, wire| one_too_many(number, wire, b"HTTP/1.1 420 X\r\nContent-Length: 0\r\n\r\n"),
        b"401" => |number, wire| one_too_many(number, wire, b"HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n"),
        b"100" => |number, wire| one_too_many(number, wire, b"HTTP/1.1 100 Continue\r\n\r\n"),
        b"half" => |number, wire| one_too_many(number, wire, b"HTTP/1.1 20"),
        _ => |number, wire| one_too_many(number, wire, b"?"),
    }
}

fn one_too_many(number: usize, wire: &mut Wire<'_>, bytes: &[u8]) {
    if number > 0 {
        return wire.behave();
    }
    wire.request();
    wire.say(OK);
    thread::sleep(Duration::from_millis(20));
    wire.say(bytes);
    wire.ignore();
}

#[test]
fn what_comes_unasked_after_an_answer_answers_nothing() {
    let cases = [&b"200"[..], b"420", b"401", b"100", b"half", b"junk"];
    let threads = cases.map(|case| {
        thread::spawn(move || {
            let server = Server::start(unasked(case));
            let (status, outcomes, stderr) = one_by_one(&server.cli(), &["m0", "m1", "m2"], REST, &[]);
            let shown = String::from_utf8_lossy(case);
            assert_eq!(status, Some(0), "{shown}: {stderr}");
            assert!(outcomes.iter().all(|(_, outcome)| outcome == "accepted"), "{shown}: {outcomes:?}");
            assert_eq!(server.asked_for(), ["m0", "m1", "m2"], "{shown}");
            assert_eq!(server.connections(), 2, "{shown}: what came unasked was not noticed");
            assert!(stderr.contains(" 0 ambiguous re-sends"), "{shown}: {stderr}");
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn an_answer_that_follows_another_in_one_piece_answers_nothing() {
    let server = Server::start(|_, wire| {
        wire.request();
        wire.say(&[OK, OK].concat());
        while wire.request().is_some() {
            wire.say(b"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let (status, outcomes, stderr) =
        one_by_one(&server.cli(), &["m0", "m1", "m2"], Duration::ZERO, &["--retry", "0"]);
    assert_eq!(status, Some(0), "{stderr}");
    assert!(outcomes.iter().all(|(_, outcome)| outcome == "accepted"), "{outcomes:?}");
    assert_eq!((server.connections(), server.asked_for().len()), (3, 3));
}

#[test]
fn what_comes_before_the_first_request_answers_nothing() {
    // A look waits a moment only: on a busy machine the server may speak after it, which no client can notice.
    let is_noticed = || {
        let once = Server::start(|number, wire| {
            if number > 0 {
                return wire.behave();
            }
            wire.say(OK);
            wire.ignore();
        });
        let (status, outcomes, stderr) = one_by_one(&once.cli(), &["m0"], Duration::ZERO, &[]);
        assert_eq!((status, outcomes[0].1.as_str()), (Some(0), "accepted"), "{stderr}");
        assert!(stderr.contains(" 0 ambiguous re-sends"), "{stderr}");
        once.connections() == 2
    };
    assert!((0..5).any(|_| is_noticed()), "it was taken for the answer each time");

    let always = Server::start(|_, wire| {
        wire.say(OK);
        wire.behave();
    });
    let ran = always.cli().run(["sms", "m0", "--delivered", "--json", "--retry", "0"]);
    let line = ran.exits(75).line();
    assert_eq!(line["error"]["code"], "unexpected_reply", "{}", ran.shown());
    assert_eq!(line["error"]["reached_server"], false, "{}", ran.shown());
    assert_eq!((always.asked_for().len(), always.connections()), (0, 3));
}

#[test]
fn a_connection_that_was_closed_meanwhile_is_no_ambiguous_request() {
    let server = Server::start(|_, wire| {
        wire.request();
        wire.say(OK);
    });
    let (status, outcomes, stderr) = one_by_one(&server.cli(), &["m0", "m1", "m2", "m3"], REST, &[]);
    assert_eq!((status, outcomes.len(), server.connections()), (Some(0), 4, 4), "{stderr}");
    assert_eq!(server.asked_for(), ["m0", "m1", "m2", "m3"]);
    assert!(stderr.contains(" 0 ambiguous re-sends"), "{stderr}");
}

/// A certificate for this machine, and the file that makes the program believe it.
fn certificate(cli: &Cli) -> (CertificateDer<'static>, PrivateKeyDer<'static>, PathBuf) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let file = cli.file("ca.pem", made.cert.pem(), 0o600);
    let certificate = CertificateDer::from(made.cert.der().to_vec());
    (certificate, PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap(), file)
}

fn tls(cli: &Cli) -> (Arc<ServerConfig>, PathBuf) {
    let (certificate, key, file) = certificate(cli);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    (Arc::new(config), file)
}

#[test]
fn what_tls_holds_back_answers_nothing() {
    let cases: [Manner; 3] = [
        // Exactly what TLS hands out at once, and one more reply behind it.
        |number, wire| {
            if number > 0 {
                return wire.behave();
            }
            wire.request();
            let head = |length: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {length:05}\r\n\r\n");
            let length = 16 * 1024 - head(0).len();
            wire.say(&[head(length).as_bytes(), &vec![b' '; length], OK].concat());
            wire.ignore();
        },
        |number, wire| one_too_many(number, wire, OK),
        // Closed as TLS closes.
        |number, wire| {
            if number > 0 {
                return wire.behave();
            }
            wire.request();
            wire.say(OK);
        },
    ];
    let threads = cases.map(|manner| {
        thread::spawn(move || {
            let home = Cli::new();
            let (config, ca) = tls(&home);
            let server = Server::serve(manner, Some(config));
            let cli = server.cli().with("NEXMO_CONVERSION_BASE_URL", format!("https://{}", server.address));
            let ca = ["--cacert", ca.to_str().unwrap()];
            let (status, outcomes, stderr) = one_by_one(&cli, &["m0", "m1", "m2"], REST, &ca);
            assert_eq!(status, Some(0), "{stderr}");
            assert!(outcomes.iter().all(|(_, outcome)| outcome == "accepted"), "{outcomes:?}");
            assert_eq!(server.asked_for(), ["m0", "m1", "m2"]);
            assert_eq!(server.connections(), 2, "what came unasked was not noticed");
            assert!(stderr.contains(" 0 ambiguous re-sends"), "{stderr}");
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn check_asks_again_where_the_connection_was_closed_as_it_was_used() {
    let server = Server::start(|_, wire| {
        // The front page, and then only the first request of a connection.
        if wire.stream.read(&mut [0; 4096]).is_ok_and(|length| length > 0) {
            wire.say(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"value\":1}",
            );
            let _ = wire.stream.read(&mut [0; 4096]);
        }
    });
    let ran = server.cli().run(["check"]);
    assert!(ran.exits(0).stdout.contains("the credentials are right"), "{}", ran.shown());
    assert_eq!(server.connections(), 2);
}

#[test]
fn a_100_may_have_fields_like_any_other_1xx() {
    let server = Server::start(|_, wire| {
        while wire.request().is_some() {
            wire.say(&[b"HTTP/1.1 100 Continue\r\nDate: now\r\nX: y\r\n\r\n", OK].concat());
        }
    });
    let (status, outcomes, stderr) = one_by_one(&server.cli(), &["m0", "m1"], Duration::ZERO, &["--retry", "0"]);
    assert_eq!(status, Some(0), "{stderr}");
    assert!(outcomes.iter().all(|(_, outcome)| outcome == "accepted"), "{outcomes:?}");
    assert_eq!((server.connections(), server.asked_for().len()), (1, 2));
}

#[test]
fn a_server_that_wants_a_certificate_is_told_apart_from_one_that_is_away() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let home = Cli::new();
        let (certificate, key, ca) = certificate(&home);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let wanting =
            rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_client_cert_verifier(wanting.build().unwrap())
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let server = Server::serve(|_, wire| wire.behave(), Some(Arc::new(config)));
        let cli = server.cli().with("NEXMO_CONVERSION_BASE_URL", format!("https://{}", server.address));
        let ran = cli.run(["sms", "A", "--delivered", "--json", "--retry", "9", "--cacert", ca.to_str().unwrap()]);
        let line = ran.exits(78).line();
        assert_eq!(line["error"]["code"], "tls", "{version:?}: {}", ran.shown());
        let message = line["error"]["message"].as_str().unwrap();
        assert!(message.contains("refused with the alert"), "{version:?}: {message}");
        assert_eq!(server.asked_for().len(), 0, "{version:?}");
    }
}

/// How long after its head this page comes.
const LATE: Duration = Duration::from_millis(2500);

#[test]
fn a_page_with_status_200_is_no_acceptance_and_check_says_so() {
    let pages: [(&str, Manner); 13] = [
        ("a label that is not ASCII", |_, wire| {
            words(wire, "Content-Type: text/html; title=\"gew\u{e4}hrt\"\r\n");
        }),
        ("the second label", |_, wire| words(wire, "Content-Type: text/plain\r\nContent-Type: text/html\r\n")),
        ("a list of labels", |_, wire| words(wire, "Content-Type: text/html, text/plain\r\n")),
        ("the second coding", |_, wire| words(wire, "Content-Encoding: identity\r\nContent-Encoding: gzip\r\n")),
        ("a coding that is not ASCII", |_, wire| words(wire, "Content-Encoding: gzip\u{e9}\r\n")),
        ("packed for the way", |_, wire| {
            wire.request();
            wire.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
            wire.ignore();
        }),
        ("broken off", |_, wire| {
            wire.request();
            wire.say(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n");
            wire.reset();
        }),
        ("in bytes that are not UTF-8", |_, wire| {
            wire.request();
            wire.say(b"HTTP/1.1 200 OK\r\nContent-Type: text/html; x=\xe9\r\nContent-Length: 2\r\n\r\nHi");
            wire.ignore();
        }),
        ("gzip", |_, wire| {
            page(wire, "Content-Encoding: gzip\r\n", b"\x1f\x8b\x08\0\0\0\0\0\0\x03", Duration::ZERO);
        }),
        ("utf-16", |_, wire| page(wire, "", b"\xff\xfe<\0h\0t\0m\0l\0>\0", Duration::ZERO)),
        ("late", |_, wire| page(wire, "Content-Type: text/html\r\n", b"<html></html>", LATE)),
        ("words", |_, wire| page(wire, "Content-Type: text/html\r\n", b"Please log in", Duration::ZERO)),
        ("never came", |_, wire| {
            wire.request();
            wire.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
        }),
    ];
    let threads = pages.map(|(name, manner)| {
        thread::spawn(move || {
            let server = Server::start(manner);
            let ran = server.cli().run(["sms", "A", "--delivered", "--json"]);
            let line = ran.exits(78).line();
            assert_eq!(line["outcome"], "retry", "{name}: {}", ran.shown());
            assert_eq!(line["error"]["code"], "unexpected_reply", "{name}");
            assert_eq!(server.asked_for(), ["A"], "{name}");
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }

    let portal = Server::start(|_, wire| {
        while wire.stream.read(&mut [0; 4096]).is_ok_and(|length| length > 0) {
            wire.say(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\nlog in");
        }
    });
    let ran = portal.cli().run(["check"]);
    ran.exits(78);
    assert!(
        ran.stdout.contains("fail  account") && !ran.stdout.contains("credentials are right"),
        "{}",
        ran.shown()
    );
}

fn words(wire: &mut Wire<'_>, headers: &str) {
    page(wire, headers, b"Please log in", Duration::ZERO);
}

fn page(wire: &mut Wire<'_>, headers: &str, body: &[u8], late: Duration) {
    wire.request();
    wire.say(format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    thread::sleep(late);
    wire.say(body);
    wire.ignore();
}

#[test]
fn a_handshake_keeps_to_its_limit_and_a_bad_certificate_is_one_however_slowly_it_comes() {
    // Five bytes of a handshake, then nothing: the limit for connecting holds.
    let stalled = Server::start(|_, wire| {
        let _ = wire.stream.read(&mut [0; 4096]);
        wire.say(&[22, 3, 3, 0, 122]);
        wire.ignore();
    });
    let cli = stalled.cli().with("NEXMO_CONVERSION_BASE_URL", format!("https://{}", stalled.address));
    let arguments = ["sms", "A", "--delivered", "--json", "--retry", "0", "--connect-timeout", "400ms"];
    let ran = cli.run(arguments);
    let line = ran.exits(75).line();
    assert_eq!(line["error"]["code"], "timeout", "{}", ran.shown());
    let elapsed = line["elapsed_ms"].as_u64().unwrap();
    assert!((350..3000).contains(&elapsed), "{elapsed}");

    // A whole handshake, with pauses: whose certificate it is, is judged all the same, and once.
    let home = Cli::new();
    let (config, _) = tls(&home);
    let slow = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&slow);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            counted.fetch_add(1, SeqCst);
            let mut server = ServerConnection::new(Arc::clone(&config)).unwrap();
            drip_handshake(&mut server, client);
        }
    });
    let cli = home
        .with("VONAGE_API_KEY", api::KEY)
        .with("VONAGE_API_SECRET", api::SECRET)
        .with("NEXMO_CONVERSION_BASE_URL", format!("https://{address}"));
    let ran = cli.run(["sms", "A", "--delivered", "--json"]);
    assert_eq!(ran.exits(78).line()["error"]["code"], "tls_untrusted", "{}", ran.shown());
    wait_until("the one try is counted", || slow.load(SeqCst) == 1);
}

/// The first five bytes of the server's answer, a pause, and the rest.
fn drip_handshake(server: &mut ServerConnection, mut client: TcpStream) {
    while !server.wants_write() {
        if !matches!(server.read_tls(&mut client), Ok(1..)) || server.process_new_packets().is_err() {
            return;
        }
    }
    let mut flight = Vec::new();
    while server.wants_write() {
        let _ = server.write_tls(&mut flight);
    }
    let (first, rest) = flight.split_at(5);
    let _ = client.write_all(first);
    thread::sleep(Duration::from_millis(300));
    let _ = client.write_all(rest);
    while client.read(&mut [0; 4096]).is_ok_and(|length| length > 0) {}
}
