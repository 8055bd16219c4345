//! Scripted answers and faults, and stopping in the middle of them.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::{BODY, ask, connect, options, post, read_to_the_end, status};
use crate::clock;
use crate::sandbox::{Every, Fault, Sandbox, SandboxOptions, Script, Then};

fn scripted(answers: &[&str], then: Then) -> Sandbox {
    let script =
        Script { first: answers.iter().map(|text| text.parse().unwrap()).collect(), then, every: Vec::new() };
    Sandbox::start(SandboxOptions { script, ..options() }).unwrap()
}

#[test]
fn a_script_answers_in_order_and_then_ends() {
    let sandbox = scripted(
        &["429,retry-after=7", "503,retry-after=date+60", "302,location=/x", "204", "portal"],
        Then::Normal,
    );
    let mut socket = connect(&sandbox);
    let mut next = || ask(&mut socket, &post(BODY)).unwrap();
    assert!(next().0.contains("\r\nRetry-After: 7\r\n"));
    let (head, _) = next();
    assert!(head.contains("\r\nRetry-After: ") && head.matches(" GMT\r\n").count() == 2, "{head}");
    assert!(next().0.contains("\r\nLocation: /x\r\n"));
    assert!(!next().0.contains("Content-Length"));
    assert!(next().1.starts_with("<!DOCTYPE html>"));
    assert_eq!(next().1, "OK");
    let fired = sandbox.faults_fired();
    assert_eq!(fired.keys().collect::<Vec<_>>(), ["200", "204", "302", "429", "503"]);
    assert_eq!(sandbox.counts().accepted, 1, "a scripted 200 is not a conversion that was accepted");
}

#[test]
fn every_nth_request_fails() {
    let script = Script { every: vec!["3:500".parse::<Every>().unwrap()], ..Script::default() };
    let sandbox = Sandbox::start(SandboxOptions { script, ..options() }).unwrap();
    let mut socket = connect(&sandbox);
    let statuses: Vec<_> = (0..6).map(|_| status(&ask(&mut socket, &post(BODY)).unwrap())).collect();
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
        assert_eq!((logged.status, logged.fault.as_deref()), (None, Some(fault.as_str())));
        (String::from_utf8_lossy(&seen.0).into_owned(), seen.1)
    };
    assert_eq!(after(Fault::ResetBefore), (String::new(), Some(ErrorKind::ConnectionReset)));
    assert_eq!(after(Fault::Reset), (String::new(), Some(ErrorKind::ConnectionReset)));
    assert_eq!(after(Fault::Close), (String::new(), None));
    assert_eq!(after(Fault::HalfStatus), ("HTTP/1.1 2".to_owned(), None));
    let (headers, _) = after(Fault::HalfHeaders);
    assert!(headers.starts_with("HTTP/1.1 200 OK\r\nDate: ") && !headers.contains("\r\n\r\n"));
    let (truncated, _) = after(Fault::Truncated);
    assert!(truncated.ends_with("Content-Length: 12\r\n\r\nOK"), "{truncated}");
    assert!(after(Fault::Garbage).0.contains("NO SUCH PROTOCOL"));
}

#[test]
fn endless_replies_go_on_until_the_client_leaves() {
    for fault in [
        Fault::EndlessInterim,
        Fault::EndlessHeaders,
        Fault::EndlessHeader,
        Fault::EndlessBody,
        Fault::EndlessTrailers,
    ] {
        let sandbox = scripted(&[fault.as_str()], Then::Last);
        let mut socket = connect(&sandbox);
        socket.write_all(post(BODY).as_bytes()).unwrap();
        let mut much = vec![0; 1024 * 1024];
        socket.read_exact(&mut much).unwrap();
        assert!(much.starts_with(b"HTTP/1.1 "));
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
    assert!(socket.read(&mut bytes).unwrap() < 10, "the whole is much longer");
    assert!(socket.read(&mut bytes).unwrap() < 10);
}

#[test]
fn stopping_waits_for_no_client() {
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
    assert!(clock::monotonic().saturating_sub(before) < Duration::from_secs(1));
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "nothing listens");
    for socket in sockets {
        read_to_the_end(socket);
    }
}
