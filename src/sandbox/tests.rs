//! The sandbox as a client meets it: real sockets, and one byte for another.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::Duration;

use super::{
    Answer, CredentialSource, Encryption, Keep, LoggedRequest, Sandbox, SandboxAccount, SandboxOptions, Script,
};
use crate::clock;

mod faults;
mod tls;

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
    ask(&mut socket, "GET /conversions/voice?api_key=a&sig=s HTTP/1.1\r\n\r\n").unwrap();
    let requests = sandbox.requests();
    assert_eq!((requests[0].n, requests[1].n), (1, 2));
    assert_eq!(requests[0].parameter("message-id"), Some("00A0B0C0"));
    assert_eq!(requests[0].parameter("timestamp"), Some("2026-11-22 01:25:26"));
    assert_eq!(requests[0].parameter("api_secret"), Some("********"));
    assert_eq!((requests[0].status, requests[0].credentials), (Some(200), CredentialSource::Form));
    assert_eq!((requests[1].method.as_str(), requests[1].path.as_str()), ("GET", "/conversions/voice"));
    assert_eq!(requests[1].parameter("sig"), Some("********"));
    assert_eq!((requests[1].status, requests[1].credentials), (Some(401), CredentialSource::Signature));
}

#[test]
fn an_account_that_is_not_enabled_gets_the_misleading_page() {
    let sandbox = plain();
    let body = BODY.replace("abcd1234", "off");
    let (head, page) = ask(&mut connect(&sandbox), &post(&body)).unwrap();
    assert!(head.starts_with("HTTP/1.1 402 Bad Account Credentials\r\n"), "{head}");
    assert!(head.contains("\r\nContent-Type: text/html;charset=ISO-8859-1\r\nContent-Length: 306\r\n"), "{head}");
    assert!(page.contains("Problem accessing /conversions/sms. Reason:\n<pre>    Bad Account Credentials"));
    // Asked for by name it is the same.
    let replies = ["402", "402,body=", "402,body=no", "402,type=a/b"].map(|text| text.parse().unwrap());
    let scripted = Sandbox::start(SandboxOptions { script: Script::first(replies), ..options() }).unwrap();
    let mut socket = connect(&scripted);
    let without_date =
        |head: &str| head.lines().filter(|line| !line.starts_with("Date: ")).collect::<Vec<_>>().join("\n");
    let asked_for = ask(&mut socket, &post(BODY)).unwrap();
    assert_eq!((without_date(&asked_for.0), &asked_for.1), (without_date(&head), &page));
    let bodies = [0; 3].map(|_| ask(&mut socket, &post(BODY)).unwrap().1);
    assert_eq!(bodies, ["", "no", &page]);
}

#[test]
fn the_balance_is_shown_to_its_owner_only() {
    let sandbox = plain();
    let mut socket = connect(&sandbox);
    let query = "GET /account/get-balance?api_key=abcd1234&api_secret=topsecret HTTP/1.1\r\n\r\n";
    let (head, body) = ask(&mut socket, query).unwrap();
    assert!(head.contains("Content-Type: application/json"));
    assert_eq!(body, r#"{"value":10.17,"autoReload":false}"#);
    let refused = ask(&mut socket, "GET /account/get-balance HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(status(&refused), 401);
    socket.write_all(query.replace("GET", "HEAD").as_bytes()).unwrap();
    socket.write_all(b"PUT /conversions/sms HTTP/1.1\r\nConnection: close\r\n\r\n").unwrap();
    let (rest, error) = read_to_the_end(socket);
    let rest = String::from_utf8(rest).unwrap();
    assert_eq!(error, None);
    assert!(rest.contains("Content-Length: 34\r\n\r\nHTTP/1.1 405"), "a HEAD has no body: {rest}");
    assert!(rest.contains("\r\nAllow: POST, GET\r\n"));
}

#[test]
fn pipelined_chunked_and_hesitant_requests_are_served() {
    let sandbox = plain();
    let mut socket = connect(&sandbox);
    socket.write_all(format!("{}{}", post(BODY), post(BODY)).as_bytes()).unwrap();
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
    assert_eq!(read_to_the_end(socket), (Vec::new(), None), "HTTP/1.0 ends the connection");
}

#[test]
fn long_bodies_are_read_and_longer_ones_refused() {
    let sandbox = plain();
    let padding = "x".repeat(60 * 1024);
    let mut socket = connect(&sandbox);
    assert_eq!(status(&ask(&mut socket, &post(&format!("{BODY}&{padding}"))).unwrap()), 200);
    let refused = ask(&mut socket, &post(&format!("{BODY}&{padding}{padding}"))).unwrap();
    assert_eq!(status(&refused), 413);
    let last = sandbox.requests().pop().unwrap();
    assert_eq!((last.n, last.status, last.method.as_str()), (2, Some(413), ""));
}

#[test]
fn a_slow_client_is_answered_and_an_idle_one_dropped() {
    let options = SandboxOptions { client_timeout: Duration::from_millis(50), ..options() };
    let sandbox = Sandbox::start(options).unwrap();
    let mut slow = connect(&sandbox);
    slow.write_all(b"POST /conv").unwrap();
    assert_eq!(status(&read_reply(&mut slow).unwrap()), 408);
    let idle = connect(&sandbox);
    assert_eq!(read_to_the_end(idle), (Vec::new(), None));
}

#[test]
fn latency_and_delay_hold_an_answer_back_after_it_was_logged() {
    let (sender, lines) = mpsc::channel();
    let options = SandboxOptions {
        latency: Duration::from_millis(100),
        script: Script::first([Answer::ok().delayed(Duration::from_millis(100))]),
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
    assert!(clock::monotonic().saturating_sub(before) >= Duration::from_millis(200));
    let logged: LoggedRequest = serde_json::from_slice(&line).unwrap();
    assert_eq!((logged.v, logged.n, logged.connection, logged.status), (1, 1, 1, Some(200)));
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
    let options = SandboxOptions { log: Some(Box::new(Lines(sender))), ..options() };
    let sandbox = Sandbox::start(options).unwrap();
    assert!(ask(&mut connect(&sandbox), &post(BODY)).is_err());
}

#[test]
fn the_clock_can_be_wrong() {
    let options = SandboxOptions { clock_skew: -1_000_000_000, ..options() };
    let sandbox = Sandbox::start(options).unwrap();
    let (head, _) = ask(&mut connect(&sandbox), &post(BODY)).unwrap();
    let year: u32 = head.split("Date: ").nth(1).and_then(|date| date.split(' ').nth(3)?.parse().ok()).unwrap();
    let right: u32 = clock::now().to_string()[..4].parse().unwrap();
    assert!((30..=33).contains(&(right - year)), "{head}");
}

#[test]
fn repeated_and_contradicting_conversions_are_distinguished() {
    let mut options = options();
    options.unknowns.set("repeated=422").unwrap();
    options.unknowns.set("contradicting=420").unwrap();
    let sandbox = Sandbox::start(options).unwrap();
    let mut socket = connect(&sandbox);
    let mut send = |body: &str| status(&ask(&mut socket, &post(body)).unwrap());
    let (yes, no) = (BODY, BODY.replace("true", "false"));
    assert_eq!([send(yes), send(yes), send(&no), send(yes)], [200, 422, 420, 422]);
    assert_eq!(send(&BODY.replace("00A0B0C0", "other")), 200);
}
