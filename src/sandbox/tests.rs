//! The sandbox as a client meets it: real sockets, and one byte for another.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rustls::crypto::ring;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};

use super::{
    Answer, CertificateKind, CredentialSource, Encryption, Every, Fault, Keep, LoggedRequest, Sandbox,
    SandboxAccount, SandboxOptions, Script, Then, TlsVersions,
};
use crate::clock;

const BODY: &str = "api_key=abcd1234&api_secret=topsecret&message-id=00A0B0C0&delivered=true\
                    &timestamp=2026-11-22+01%3A25%3A26";

fn options() -> SandboxOptions {
    SandboxOptions {
        encryption: Encryption::Plain,
        accounts: vec![
            SandboxAccount::new("abcd1234", "topsecret").unwrap(),
            SandboxAccount::new("off", "topsecret").unwrap().not_enabled(),
        ],
        ..SandboxOptions::default()
    }
}

fn plain() -> Sandbox {
    Sandbox::start(options()).unwrap()
}

fn scripted(answers: &[&str], then: Then) -> Sandbox {
    let script = Script {
        first: answers.iter().map(|text| text.parse().unwrap()).collect(),
        then,
        every: Vec::new(),
    };
    Sandbox::start(SandboxOptions { script, ..options() }).unwrap()
}

fn connect(sandbox: &Sandbox) -> TcpStream {
    let socket = TcpStream::connect(("127.0.0.1", sandbox.port())).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket
}

fn post(body: &str) -> String {
    let length = body.len();
    format!(
        "POST /conversions/sms HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

/// One whole reply: head and body.
fn read_reply(stream: &mut impl Read) -> io::Result<(String, String)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.split("Content-Length: ").nth(1);
    let length = length.map_or(0, |rest| rest.split("\r\n").next().unwrap().parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok((head, String::from_utf8(body).unwrap()))
}

fn ask(stream: &mut (impl Read + Write), request: &str) -> io::Result<(String, String)> {
    stream.write_all(request.as_bytes())?;
    read_reply(stream)
}

fn status(reply: &(String, String)) -> u16 {
    reply.0[9..12].parse().unwrap()
}

/// Everything until the connection ends, properly or not.
fn read_to_the_end(mut stream: impl Read) -> (Vec<u8>, Option<ErrorKind>) {
    let mut bytes = Vec::new();
    let error = stream.read_to_end(&mut bytes).err();
    (bytes, error.map(|error| error.kind()))
}

#[test]
fn a_conversion_is_accepted_and_the_connection_kept() {
    let sandbox = plain();
    let mut socket = connect(&sandbox);
    for _ in 0..3 {
        let (head, body) = ask(&mut socket, &post(BODY)).unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\nDate: "), "{head}");
        assert!(head.ends_with(" GMT\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n"));
        assert_eq!(body, "OK");
    }
    let counts = sandbox.counts();
    assert_eq!((counts.connections, counts.requests, counts.accepted), (1, 3, 3));
    assert!(sandbox.base_url().starts_with("http://127.0.0.1:"));
}

#[test]
fn requests_are_logged_in_order_with_their_secrets_masked() {
    let sandbox = plain();
    let mut socket = connect(&sandbox);
    ask(&mut socket, &post(BODY)).unwrap();
    ask(
        &mut socket,
        "GET /conversions/voice?api_key=a&sig=s HTTP/1.1\r\n\r\n",
    )
    .unwrap();
    let requests = sandbox.requests();
    assert_eq!((requests[0].n, requests[1].n), (1, 2));
    assert_eq!(requests[0].parameter("message-id"), Some("00A0B0C0"));
    assert_eq!(requests[0].parameter("timestamp"), Some("2026-11-22 01:25:26"));
    assert_eq!(requests[0].parameter("api_secret"), Some("********"));
    assert_eq!(
        (requests[0].status, requests[0].credentials),
        (Some(200), CredentialSource::Form)
    );
    assert_eq!(
        (requests[1].method.as_str(), requests[1].path.as_str()),
        ("GET", "/conversions/voice")
    );
    assert_eq!(requests[1].parameter("sig"), Some("********"));
    assert_eq!(
        (requests[1].status, requests[1].credentials),
        (Some(401), CredentialSource::Signature)
    );
}

#[test]
fn an_account_that_is_not_enabled_gets_the_misleading_page() {
    let sandbox = plain();
    let body = BODY.replace("abcd1234", "off");
    let (head, page) = ask(&mut connect(&sandbox), &post(&body)).unwrap();
    assert!(
        head.starts_with("HTTP/1.1 402 Bad Account Credentials\r\n"),
        "{head}"
    );
    assert!(page.contains("Problem accessing /conversions/sms. Reason:\n<pre>    Bad Account Credentials"));
}

#[test]
fn the_balance_is_told_to_its_owner_only() {
    let sandbox = plain();
    let mut socket = connect(&sandbox);
    let query = "GET /account/get-balance?api_key=abcd1234&api_secret=topsecret HTTP/1.1\r\n\r\n";
    let (head, body) = ask(&mut socket, query).unwrap();
    assert!(head.contains("Content-Type: application/json"));
    assert_eq!(body, r#"{"value":10.17,"autoReload":false}"#);
    let refused = ask(&mut socket, "GET /account/get-balance HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(status(&refused), 401);
    socket.write_all(query.replace("GET", "HEAD").as_bytes()).unwrap();
    socket
        .write_all(b"PUT /conversions/sms HTTP/1.1\r\nConnection: close\r\n\r\n")
        .unwrap();
    let (rest, error) = read_to_the_end(socket);
    let rest = String::from_utf8(rest).unwrap();
    assert_eq!(error, None);
    assert!(
        rest.contains("Content-Length: 34\r\n\r\nHTTP/1.1 405"),
        "a HEAD has no body: {rest}"
    );
    assert!(rest.contains("\r\nAllow: POST, GET\r\n"));
}

#[test]
fn pipelined_chunked_and_hesitant_requests_are_served() {
    let sandbox = plain();
    let mut socket = connect(&sandbox);
    socket
        .write_all(format!("{}{}", post(BODY), post(BODY)).as_bytes())
        .unwrap();
    assert_eq!(status(&read_reply(&mut socket).unwrap()), 200);
    assert_eq!(status(&read_reply(&mut socket).unwrap()), 200);

    let length = BODY.len();
    let chunked = format!(
        "POST /conversions/sms HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{BODY}\r\n0\r\n\r\n"
    );
    assert_eq!(status(&ask(&mut socket, &chunked).unwrap()), 200);

    let head =
        format!("POST /conversions/sms HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n");
    assert_eq!(status(&ask(&mut socket, &head).unwrap()), 100);
    assert_eq!(status(&ask(&mut socket, BODY).unwrap()), 200);

    let old = post(BODY).replace("HTTP/1.1", "HTTP/1.0");
    assert_eq!(status(&ask(&mut socket, &old).unwrap()), 200);
    assert_eq!(
        read_to_the_end(socket),
        (Vec::new(), None),
        "HTTP/1.0 ends the connection"
    );
}

#[test]
fn long_bodies_are_read_and_longer_ones_refused() {
    let sandbox = plain();
    let padding = "x".repeat(60 * 1024);
    let mut socket = connect(&sandbox);
    assert_eq!(
        status(&ask(&mut socket, &post(&format!("{BODY}&{padding}"))).unwrap()),
        200
    );
    let refused = ask(&mut socket, &post(&format!("{BODY}&{padding}{padding}"))).unwrap();
    assert_eq!(status(&refused), 413);
    let last = sandbox.requests().pop().unwrap();
    assert_eq!((last.n, last.status, last.method.as_str()), (2, Some(413), ""));
}

#[test]
fn a_slow_client_is_told_and_an_idle_one_left() {
    let options = SandboxOptions {
        client_timeout: Duration::from_millis(50),
        ..options()
    };
    let sandbox = Sandbox::start(options).unwrap();
    let mut slow = connect(&sandbox);
    slow.write_all(b"POST /conv").unwrap();
    assert_eq!(status(&read_reply(&mut slow).unwrap()), 408);
    let idle = connect(&sandbox);
    assert_eq!(read_to_the_end(idle), (Vec::new(), None));
}

#[test]
fn a_script_answers_in_order_and_then_ends() {
    let sandbox = scripted(
        &[
            "429,retry-after=7",
            "503,retry-after=date+60",
            "302,location=/x",
            "204",
            "portal",
        ],
        Then::Normal,
    );
    let mut socket = connect(&sandbox);
    let mut next = || ask(&mut socket, &post(BODY)).unwrap();
    assert!(next().0.contains("\r\nRetry-After: 7\r\n"));
    let (head, _) = next();
    assert!(
        head.contains("\r\nRetry-After: ") && head.matches(" GMT\r\n").count() == 2,
        "{head}"
    );
    assert!(next().0.contains("\r\nLocation: /x\r\n"));
    assert!(!next().0.contains("Content-Length"));
    assert!(next().1.starts_with("<!DOCTYPE html>"));
    assert_eq!(next().1, "OK");
    let fired = sandbox.faults_fired();
    assert_eq!(
        fired.keys().collect::<Vec<_>>(),
        ["200", "204", "302", "429", "503"]
    );
    assert_eq!(
        sandbox.counts().accepted,
        1,
        "a scripted 200 is not a conversion that was accepted"
    );
}

#[test]
fn every_nth_request_fails() {
    let script = Script {
        every: vec!["3:500".parse::<Every>().unwrap()],
        ..Script::default()
    };
    let sandbox = Sandbox::start(SandboxOptions { script, ..options() }).unwrap();
    let mut socket = connect(&sandbox);
    let statuses: Vec<_> = (0..6)
        .map(|_| status(&ask(&mut socket, &post(BODY)).unwrap()))
        .collect();
    assert_eq!(statuses, [200, 200, 500, 200, 200, 500]);
}

#[test]
fn every_fault_happens_as_it_is_called() {
    let after = |fault: Fault| {
        let sandbox = scripted(&[fault.as_str()], Then::Last);
        let mut socket = connect(&sandbox);
        socket.write_all(post(BODY).as_bytes()).unwrap();
        let seen = read_to_the_end(socket);
        assert_eq!(sandbox.faults_fired().get(fault.as_str()), Some(&1), "{fault}");
        let logged = sandbox.requests().remove(0);
        assert_eq!(
            (logged.status, logged.fault.as_deref()),
            (None, Some(fault.as_str()))
        );
        (String::from_utf8_lossy(&seen.0).into_owned(), seen.1)
    };
    assert_eq!(
        after(Fault::ResetBefore),
        (String::new(), Some(ErrorKind::ConnectionReset))
    );
    assert_eq!(
        after(Fault::Reset),
        (String::new(), Some(ErrorKind::ConnectionReset))
    );
    assert_eq!(after(Fault::Close), (String::new(), None));
    assert_eq!(after(Fault::HalfStatus), ("HTTP/1.1 2".to_owned(), None));
    let (headers, _) = after(Fault::HalfHeaders);
    assert!(headers.ends_with("\r\nContent-Length: "), "{headers}");
    let (truncated, _) = after(Fault::Truncated);
    assert!(truncated.ends_with("Content-Length: 12\r\n\r\nOK"), "{truncated}");
    assert!(after(Fault::Garbage).0.contains("NO SUCH PROTOCOL"));
}

#[test]
fn endless_replies_go_on_until_the_client_leaves() {
    for fault in [Fault::EndlessHeaders, Fault::EndlessBody] {
        let sandbox = scripted(&[fault.as_str()], Then::Last);
        let mut socket = connect(&sandbox);
        socket.write_all(post(BODY).as_bytes()).unwrap();
        let mut much = vec![0; 1024 * 1024];
        socket.read_exact(&mut much).unwrap();
        assert!(much.starts_with(b"HTTP/1.1 200 OK\r\n"));
        drop(socket);
        assert_eq!(sandbox.faults_fired()[fault.as_str()], 1);
    }
}

#[test]
fn a_dripping_reply_comes_byte_by_byte() {
    let sandbox = scripted(&["drip"], Then::Normal);
    let mut socket = connect(&sandbox);
    socket.write_all(post(BODY).as_bytes()).unwrap();
    let mut bytes = [0; 100];
    assert_eq!(socket.read(&mut bytes).unwrap(), 1);
    assert_eq!(socket.read(&mut bytes).unwrap(), 1);
}

#[test]
fn stopping_waits_for_nobody() {
    let sandbox = scripted(&["stall", "ok,delay=1h", "drip", "endless-body"], Then::Normal);
    let mut sockets: Vec<_> = (0..5).map(|_| connect(&sandbox)).collect();
    for socket in &mut sockets[..4] {
        socket.write_all(post(BODY).as_bytes()).unwrap();
    }
    while sandbox.requests().len() < 4 {
        clock::sleep(Duration::from_millis(1));
    }
    let port = sandbox.port();
    let before = clock::monotonic();
    sandbox.stop();
    assert!(clock::monotonic().saturating_sub(before) < Duration::from_millis(400));
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "nobody listens");
    for socket in sockets {
        read_to_the_end(socket);
    }
}

#[test]
fn latency_and_delay_hold_an_answer_back_after_it_was_logged() {
    let (sender, lines) = mpsc::channel();
    let options = SandboxOptions {
        latency: Duration::from_millis(30),
        script: Script::first([Answer::ok().delayed(Duration::from_millis(30))]),
        log: Some(Box::new(Lines(sender))),
        keep: Keep::Counts,
        ..options()
    };
    let sandbox = Sandbox::start(options).unwrap();
    let mut socket = connect(&sandbox);
    let before = clock::monotonic();
    socket.write_all(post(BODY).as_bytes()).unwrap();
    let line = lines.recv_timeout(Duration::from_secs(10)).unwrap();
    socket.set_nonblocking(true).unwrap();
    let early = socket.peek(&mut [0]).map_err(|error| error.kind());
    assert_eq!(early, Err(ErrorKind::WouldBlock), "logged, and not yet answered");
    socket.set_nonblocking(false).unwrap();
    read_reply(&mut socket).unwrap();
    assert!(clock::monotonic().saturating_sub(before) >= Duration::from_millis(60));
    let logged: LoggedRequest = serde_json::from_slice(&line).unwrap();
    assert_eq!(
        (logged.v, logged.n, logged.connection, logged.status),
        (1, 1, 1, Some(200))
    );
    assert!(!String::from_utf8(line).unwrap().contains("topsecret"));
    assert!(sandbox.requests().is_empty(), "only counted");
}

/// Passes each write on.
struct Lines(mpsc::Sender<Vec<u8>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(bytes.to_vec()).map_err(|_| ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_cannot_be_logged_is_not_answered() {
    let (sender, lines) = mpsc::channel();
    drop(lines);
    let options = SandboxOptions {
        log: Some(Box::new(Lines(sender))),
        ..options()
    };
    let sandbox = Sandbox::start(options).unwrap();
    assert!(ask(&mut connect(&sandbox), &post(BODY)).is_err());
}

#[test]
fn the_clock_can_be_wrong() {
    let options = SandboxOptions {
        clock_skew: -1_000_000_000,
        ..options()
    };
    let sandbox = Sandbox::start(options).unwrap();
    let (head, _) = ask(&mut connect(&sandbox), &post(BODY)).unwrap();
    let year: u32 = head
        .split("Date: ")
        .nth(1)
        .and_then(|date| date.split(' ').nth(3)?.parse().ok())
        .unwrap();
    let right: u32 = clock::now().to_string()[..4].parse().unwrap();
    assert!((30..=33).contains(&(right - year)), "{head}");
}

#[test]
fn repeated_and_contradicting_reports_are_told_apart() {
    let mut options = options();
    options.unknowns.set("repeated=422").unwrap();
    options.unknowns.set("contradicting=420").unwrap();
    let sandbox = Sandbox::start(options).unwrap();
    let mut socket = connect(&sandbox);
    let mut report = |body: &str| status(&ask(&mut socket, &post(body)).unwrap());
    let (yes, no) = (BODY, BODY.replace("true", "false"));
    assert_eq!(
        [report(yes), report(yes), report(&no), report(yes)],
        [200, 422, 420, 422]
    );
    assert_eq!(report(&BODY.replace("00A0B0C0", "other")), 200);
}

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
    let encryption = Encryption::Tls {
        certificate,
        versions,
    };
    Sandbox::start(SandboxOptions {
        encryption,
        ..options()
    })
    .unwrap()
}

#[test]
fn tls_works_in_both_versions_and_ends_with_a_good_bye() {
    for versions in TlsVersions::ALL {
        let sandbox = tls(CertificateKind::Valid, *versions);
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
    let sandbox = Sandbox::start(SandboxOptions {
        encryption,
        script,
        ..options()
    })
    .unwrap();
    let mut stream = handshake(&sandbox).unwrap();
    stream.write_all(post(BODY).as_bytes()).unwrap();
    assert_eq!(
        read_to_the_end(stream),
        (Vec::new(), Some(ErrorKind::UnexpectedEof))
    );
}

#[test]
fn an_unread_reset_hits_the_handshake_or_the_next_request() {
    let script = Script::first(["reset-before", "ok", "reset-before"].map(|text| text.parse().unwrap()));
    let sandbox = Sandbox::start(SandboxOptions {
        encryption: Encryption::default(),
        script,
        ..options()
    })
    .unwrap();
    assert_eq!(
        handshake(&sandbox).map(drop).unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
    let mut stream = handshake(&sandbox).unwrap();
    assert_eq!(ask(&mut stream, &post(BODY)).unwrap().1, "OK");
    assert!(ask(&mut stream, &post(BODY)).is_err());
    assert_eq!(sandbox.faults_fired()["reset-before"], 2);
    assert_eq!(sandbox.requests().len(), 3);
}
