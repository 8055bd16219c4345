//! Both readers of replies, over many thousand made-up ones; and readers that are wrong on purpose, each of which is found.
#![expect(clippy::unwrap_used, reason = "a test says by panicking what does not hold")]

use nexmo_conversion::transport::{CommonReply, read_common};
use nexmo_conversion_fuzz::{Reader, agrees};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};

/// So many replies are made up, of which a good part are common ones.
const REPLIES: usize = 40_000;

#[test]
fn what_is_read_at_once_is_what_ureq_reads() {
    let (mut taken, mut differences) = (0, Vec::new());
    for reply in made_up(REPLIES) {
        match agrees(read_common, &reply) {
            Ok(true) => taken += 1,
            Ok(false) => {}
            Err(difference) => differences.push((difference, String::from_utf8_lossy(&reply).into_owned())),
        }
    }
    assert_eq!(differences, []);
    assert!(taken > REPLIES / 20, "only {taken} of {REPLIES} were common");
}

#[test]
fn a_reader_that_is_wrong_in_any_one_way_is_found() {
    let wrong: [(&str, Reader); 7] = [
        ("it takes every status", |bytes| naive(bytes, Carelessness { status: true, ..CAREFUL })),
        ("it does not see what closes the connection", |bytes| {
            naive(bytes, Carelessness { closing: true, ..CAREFUL })
        }),
        ("it does not see chunks", |bytes| naive(bytes, Carelessness { chunks: true, ..CAREFUL })),
        ("it takes the first of two lengths", |bytes| naive(bytes, Carelessness { lengths: true, ..CAREFUL })),
        ("it leaves what follows", |bytes| naive(bytes, Carelessness { rest: true, ..CAREFUL })),
        ("it reads HTTP/1.0", |bytes| naive(bytes, Carelessness { version: true, ..CAREFUL })),
        ("it forgets when to come again", |bytes| naive(bytes, Carelessness { waits: true, ..CAREFUL })),
    ];
    let replies = made_up(REPLIES);
    assert!(
        replies.iter().all(|reply| agrees(|bytes| naive(bytes, CAREFUL), reply).is_ok()),
        "the control is wrong itself"
    );
    for (how, reader) in wrong {
        let found = replies.iter().filter(|reply| agrees(reader, reply).is_err()).count();
        assert!(found > 0, "{how}, and no reply shows it");
    }
}

/// What a reader does not look at.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is one way to be wrong")]
struct Carelessness {
    status: bool,
    version: bool,
    closing: bool,
    chunks: bool,
    lengths: bool,
    rest: bool,
    waits: bool,
}

const CAREFUL: Carelessness = Carelessness {
    status: false,
    version: false,
    closing: false,
    chunks: false,
    lengths: false,
    rest: false,
    waits: false,
};

/// A reader in a few lines, over text, which takes only replies in small letters without any odd sign.
fn naive(bytes: &[u8], careless: Carelessness) -> Option<CommonReply<'_>> {
    let text = str::from_utf8(bytes).ok().filter(|text| text.is_ascii())?;
    let (head, rest) = text.split_once("\r\n\r\n")?;
    let (first, headers) = head.split_once("\r\n").unwrap_or((head, ""));
    let version = if careless.version {
        first.strip_prefix("HTTP/1.")?.get(1..)?
    } else {
        first.strip_prefix("HTTP/1.1")?
    };
    let is_good = if careless.status { version.starts_with(" 2") } else { version == " 200 OK" };
    let lines: Vec<(&str, &str)> =
        headers.split("\r\n").map(|line| line.split_once(": ")).collect::<Option<_>>()?;
    let is_plain = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-/;=, ".contains(&byte))
    };
    if !is_good
        || !lines.iter().all(|(name, value)| {
            is_plain(name)
                && !name.contains([' ', ';', '=', ',', '/'])
                && is_plain(value)
                && value.trim() == *value
        })
    {
        return None;
    }
    let all =
        |name: &str| lines.iter().filter(|(other, _)| *other == name).map(|(_, value)| *value).collect::<Vec<_>>();
    let one = |name: &str| match all(name)[..] {
        [] => Some(None),
        [value] => Some(Some(value)),
        _ => None,
    };
    let closes = !all("connection").is_empty() && !careless.closing;
    let chunked = !all("transfer-encoding").is_empty() && !careless.chunks;
    let waits = !all("retry-after").is_empty() && !careless.waits;
    let lengths = all("content-length");
    let length: usize = lengths.first()?.parse().ok()?;
    let body = rest.as_bytes().get(..length)?;
    let is_one = lengths.len() == 1 || careless.lengths;
    let is_whole = rest.len() == length || careless.rest;
    (!closes && !chunked && !waits && is_one && is_whole).then_some(CommonReply {
        content_type: one("content-type")?,
        content_encoding: one("content-encoding")?,
        body,
    })
}

fn made_up(count: usize) -> Vec<Vec<u8>> {
    let mut runner = TestRunner::deterministic();
    let strategy = reply();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// A reply that is common but for what may be odd about it.
fn reply() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        12 => Just("HTTP/1.1 200 OK"),
        4 => select(vec![
            "HTTP/1.0 200 OK", "HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/1.1 200 \u{e9}", "HTTP/1.1 204 OK", "HTTP/1.1 201 Created",
            "HTTP/1.1 100 Continue", "HTTP/1.1 302 Found", "HTTP/1.1 500 Oh", "HTTP/1.1  200 OK", "HTTP/2 200 OK", "\r\nHTTP/1.1 200 OK",
        ]),
    ];
    let header = prop_oneof![
        4 => select(vec![
            "Content-Type: text/plain", "content-type: application/json", "Date: Sun, 22 Nov 2026 01:25:26 GMT", "server: nginx",
            "content-encoding: gzip", "Content-Encoding:identity", "X-Empty:", "connection: keep-alive", "Connection: Keep-Alive",
        ]).prop_map(String::from),
        2 => select(vec![
            "connection: close", "Connection: keep-alive, close", "transfer-encoding: chunked", "Transfer-Encoding: gzip, chunked",
            "retry-after: 7", "Retry-After: never", "content-length: 3", "Content-Length: +2", "content-length: 2, 2", "content-length:",
            "location: /elsewhere", "content-type: text/html\u{e9}", "x: \t y", "upgrade: h2c", "content-type:\ttext/html ", "trailer: x",
        ]).prop_map(String::from),
        1 => "[!#$%&'*+.^_`|~A-Za-z0-9-]{1,14}:[ \t]{0,2}[ -~]{0,12}",
        1 => "\\PC{0,12}",
    ];
    let body = prop_oneof![
        6 => Just(b"OK".to_vec()),
        2 => Just(Vec::new()),
        2 => Just(b"2\r\nOK\r\n0\r\n\r\n".to_vec()),
        2 => prop::collection::vec(any::<u8>(), 0..40),
    ];
    // Mostly the body's own length.
    let wrong = prop_oneof![10 => Just(0_isize), 1 => Just(1), 2 => -3_isize..0, 1 => Just(isize::MAX)];
    let rest = prop_oneof![8 => Just(""), 1 => Just("HTTP/1.1 200 OK\r\n\r\n"), 1 => Just("\n")];
    let end_of_line = prop_oneof![9 => Just("\r\n"), 1 => Just("\n")];
    (first, prop::collection::vec(header, 0..5), body, wrong, rest, end_of_line, any::<prop::sample::Index>())
        .prop_map(|(first, mut headers, body, wrong, rest, end_of_line, place)| {
            if wrong < isize::MAX {
                let length = body.len().saturating_add_signed(wrong);
                headers.insert(place.index(headers.len() + 1), format!("content-length: {length}"));
            }
            let head: String = [first.to_owned()]
                .into_iter()
                .chain(headers)
                .flat_map(|line| [line, end_of_line.to_owned()])
                .collect();
            [head.as_bytes(), end_of_line.as_bytes(), &body, rest.as_bytes()].concat()
        })
}

#[test]
fn edits_of_common_replies_are_read_alike() {
    let common = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nOK".to_vec();
    assert_eq!(agrees(read_common, &common), Ok(true));
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4);
    TestRunner::new(Config { cases: 20_000, failure_persistence: None, ..Config::default() })
        .run(&edits, |edits| {
            let mut reply = common.clone();
            for (at, byte) in edits {
                let at = at.index(reply.len());
                reply[at] = byte;
            }
            prop_assert!(agrees(read_common, &reply).is_ok(), "{:?}", String::from_utf8_lossy(&reply));
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}
