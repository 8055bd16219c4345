//! Tests of `http`: what is read and what is refused.

use proptest::prelude::*;

use super::{Frame, MAX_BODY, MAX_HEAD, ParseStatus, Persistence, ReceivedRequest, Waiting, parse};

fn frame(bytes: &[u8]) -> Frame {
    match parse(bytes) {
        Ok(ParseStatus::Complete(frame)) => frame,
        other => panic!("{other:?}"),
    }
}

fn with_request(bytes: &[u8], check: impl FnOnce(ReceivedRequest<'_>)) {
    check(frame(bytes).request(bytes));
}

#[test]
fn a_request_is_taken_apart() {
    let bytes =
        b"POST /conversions/sms?a=b?c HTTP/1.1\r\nHost: x\r\ncontent-type: a/b\r\nAUTHORIZATION: Basic eA==\r\n\
                  Content-Length: 3\r\n\r\nx=yGET";
    assert_eq!(frame(bytes).length, bytes.len() - 3, "the next one stays");
    with_request(bytes, |request| {
        assert_eq!((request.method, request.path, request.query), ("POST", "/conversions/sms", "a=b?c"));
        assert_eq!((request.content_type, request.authorization), ("a/b", Some("Basic eA==")));
        assert_eq!(request.body, b"x=y");
    });
}

#[test]
fn chunks_are_put_together_and_trailers_skipped() {
    let bytes =
        b"POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=y\r\na=b\r\n2\r\n&c\r\n0\r\nT: u\r\n\r\nGET";
    assert_eq!(frame(bytes).length, bytes.len() - 3);
    with_request(bytes, |request| assert_eq!(request.body, b"a=b&c"));
}

#[test]
fn a_proxy_s_absolute_target_is_the_same_request() {
    with_request(b"GET http://127.0.0.1:80/conversions/sms?x=http://y HTTP/1.1\r\n\r\n", |request| {
        assert_eq!((request.path, request.query), ("/conversions/sms", "x=http://y"));
    });
    with_request(b"GET /a?x=http://y/z HTTP/1.1\r\n\r\n", |request| {
        assert_eq!((request.path, request.query), ("/a", "x=http://y/z"));
    });
}

#[test]
fn no_prefix_of_a_request_is_a_request() {
    for whole in [
        &b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nx=y"[..],
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nx=y\r\n0\r\n\r\n",
    ] {
        for cut in 0..whole.len() {
            assert!(matches!(parse(&whole[..cut]), Ok(ParseStatus::Partial(Waiting::ForBytes))), "{cut}");
        }
        assert_eq!(frame(whole).length, whole.len());
    }
}

#[test]
fn a_client_that_expects_a_continue_waits_for_it_once() {
    let head = b"POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    assert!(matches!(parse(head), Ok(ParseStatus::Partial(Waiting::ForContinue))));
    let more = [&head[..], b"x"].concat();
    assert!(matches!(parse(&more), Ok(ParseStatus::Partial(Waiting::ForBytes))));
}

#[test]
fn connections_last_as_the_version_and_the_header_say() {
    for (head, persistence) in [
        ("GET / HTTP/1.1\r\n\r\n", Persistence::Implied),
        ("GET / HTTP/1.1\r\nConnection: TE, Close\r\n\r\n", Persistence::Ends),
        ("GET / HTTP/1.0\r\n\r\n", Persistence::Ends),
        ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", Persistence::Announced),
    ] {
        assert_eq!(frame(head.as_bytes()).persistence, persistence, "{head}");
    }
}

#[test]
fn what_cannot_be_served_is_refused_with_the_right_status() {
    let long = "a".repeat(MAX_HEAD);
    let chunk = format!("{:x}", MAX_BODY + 1);
    for (text, status) in [
        ("\u{16}\u{3}\u{1}\r\n\r\n".to_owned(), 400),
        ("POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\n".to_owned(), 400),
        ("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_owned(), 400),
        ("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(), 400),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_owned(), 400),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc".to_owned(), 400),
        (format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}\r\n"), 413),
        (format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", MAX_BODY + 1), 413),
        (format!("GET /{long}"), 431),
        (format!("GET /{long} HTTP/1.1\r\n\r\n"), 431),
        (format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(65)), 431),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n".to_owned(), 501),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 505),
    ] {
        let refused = parse(text.as_bytes()).err();
        assert_eq!(refused, Some(status), "{}", text.get(..60).unwrap_or(&text));
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
        let _ = parse(&[b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", &bytes[..]].concat());
    }
}
