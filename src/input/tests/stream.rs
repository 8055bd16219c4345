//! What holds for every format: lines, limits, promptness, and no surprise from any bytes.

use std::cell::Cell;
use std::io::{self, ErrorKind, Read};

use proptest::prelude::*;

use super::{NOW, describe, items, now, read, stopped, with_defaults};
use crate::domain::Timestamp;
use crate::input::{
    Encoding, Ending, Format, InputError, InputItem, InputNotice, InputOptions, LineFault, ReadCounts, Reader,
    Separator,
};

#[test]
fn an_empty_or_blank_input_has_no_records() {
    for input in ["", "\n", "\r\n \n\t\n", "\u{feff}", "\u{feff}\n"] {
        assert_eq!(read(input, &InputOptions::default()), [""; 0], "{input:?}");
    }
}

#[test]
fn line_ends_a_byte_order_mark_and_a_missing_last_line_end_make_no_difference() {
    for body in ["{\"id\":\"0A\"}", "id\n0A", "id\tref\n0A\t", "0A"] {
        let plain = read(body, &with_defaults(Format::Auto));
        assert_eq!(plain.len(), 1);
        for input in [
            format!("{body}\n"),
            format!("{}\r\n", body.replace('\n', "\r\n")),
            format!("\u{feff}{body}"),
            format!("{body}\n\n\n"),
        ] {
            assert_eq!(read(&input, &with_defaults(Format::Auto)), plain, "{input:?}");
        }
    }
}

#[test]
fn lines_blank_lines_and_bytes_are_counted_and_a_byte_order_mark_is_reported() {
    let input = "\u{feff}\n0A\n\n0B";
    let mut reader = Reader::new(input.as_bytes(), "in", with_defaults(Format::Auto));
    assert_eq!(reader.format(), None);
    while reader.next(now).unwrap().is_some() {}
    let bytes = input.len() as u64;
    assert_eq!(reader.counts(), ReadCounts { lines: 4, blank: 2, unwanted: 0, bytes });
    assert_eq!(reader.format(), Some(Format::Ids));
    assert_eq!(reader.take_notices(), [InputNotice::ByteOrderMark]);
    assert_eq!(reader.take_notices(), []);
}

#[test]
fn what_must_be_converted_first_stops_the_run() {
    for (head, expected) in [
        (&b"\xFF\xFE{\0\"\0i\0\n\0"[..], Encoding::Utf16),
        (b"\xFE\xFF\0{", Encoding::Utf16),
        (b"\x1F\x8B\x08\x00\x00\n", Encoding::Gzip),
        (b"PK\x03\x04\x0a\x00", Encoding::Zip),
    ] {
        for format in [Format::Auto, Format::Ndjson, Format::Csv, Format::Tsv, Format::Ids] {
            let error = items(head, &with_defaults(format)).unwrap_err();
            assert!(matches!(error, InputError::NotText { encoding, .. } if encoding == expected), "{error:?}");
        }
    }
}

#[test]
fn a_line_that_could_be_anything_stops_the_run() {
    assert_eq!(stopped("\nhello world\n", &InputOptions::default()), (2, LineFault::UnknownFormat));
}

#[test]
fn a_line_of_64_kib_is_taken_and_one_more_byte_is_refused_with_its_beginning() {
    const LIMIT: usize = 64 * 1024;
    let record = |length: usize| {
        let frame = "{\"id\":\"0A\",\"x\":\"\"}";
        frame.replace("\"\"", &format!("\"{}\"", "x".repeat(length - frame.len())))
    };
    for end in ["", "\n", "\r\n"] {
        let good = format!("{}{end}", record(LIMIT));
        assert_eq!(read(good, &with_defaults(Format::Auto)), ["1: sms 0A true"], "{end:?}");
        for excess in [1, 2, 3, LIMIT, 5 * LIMIT] {
            let bad = format!("{}{end}", record(LIMIT + excess));
            let items = items(bad.as_bytes(), &with_defaults(Format::Auto)).unwrap();
            assert_eq!(items.iter().map(describe).collect::<Vec<_>>(), ["1: bad: the line is longer than 64 KiB"]);
            let InputItem::Bad(refused) = &items[0] else { panic!() };
            assert_eq!(refused.raw, &bad.as_bytes()[..LIMIT]);
        }
    }
    let between = format!("0A\n{}\n0B\n", "x".repeat(LIMIT + 2));
    assert_eq!(
        read(between, &with_defaults(Format::Ids)),
        ["1: sms 0A true", "2: bad: the line is longer than 64 KiB", "3: sms 0B true"]
    );
}

#[test]
fn a_line_of_100_mb_is_skipped_in_the_memory_of_the_buffer() {
    let source = io::repeat(b'x').take(100_000_000).chain(&b"\n0B\n"[..]);
    assert_eq!(
        items(source, &with_defaults(Format::Ids)).unwrap().iter().map(describe).collect::<Vec<_>>(),
        ["1: bad: the line is longer than 64 KiB", "2: sms 0B true"]
    );
}

/// Gives one byte at a time, now and then interrupted, and panics when it is asked for more than it was allowed to give.
struct Dripping<'a> {
    bytes: &'a [u8],
    given: usize,
    allowed: usize,
    interrupted: bool,
}

impl Read for &mut Dripping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(ErrorKind::Interrupted.into());
        }
        assert!(self.given < self.allowed, "read past byte {}", self.allowed);
        buffer[0] = self.bytes[self.given];
        self.given += 1;
        Ok(1)
    }
}

#[test]
fn an_item_is_handed_out_as_soon_as_its_line_has_been_read() {
    for (head, lines) in [
        ("", vec!["{\"id\":\"0A\"}\n", "\n{\"id\":\"0B\"}\n", "nonsense\n"]),
        ("id,delivered,note\n", vec!["0A,true,\n", "0B,false,\"x\ny\"\n", "0C,true,x\n"]),
        ("id\tref\n", vec!["0A\t\n", "0B\t\"\n"]),
        ("", vec!["0A\n", "0B\r\n"]),
    ] {
        let input = format!("{head}{}", lines.concat());
        let mut source = Dripping { bytes: input.as_bytes(), given: 0, allowed: 0, interrupted: false };
        let ends = lines.iter().scan(head.len(), |end, line| {
            *end += line.len();
            Some(*end)
        });
        // A reader keeps its source to itself, so each further line gets a new reader.
        for (count, end) in ends.enumerate() {
            source.given = 0;
            source.allowed = end;
            let mut reader = Reader::new(&mut source, "in", with_defaults(Format::Auto));
            for _ in 0..=count {
                assert!(reader.next(now).unwrap().is_some());
            }
        }
    }
}

#[test]
fn the_first_line_that_is_of_a_format_decides_it() {
    let json = "{\"id\":\"0A\",\"channel\":\"sms\",\"delivered\":false}\n";
    for odd in [
        "\0\0\0\n",
        "ready\n",
        "# exported\n",
        "Picked up JAVA_TOOL_OPTIONS: -Xmx2g\n",
        "id\":\"x\"}\n",
        "[INFO] up\n",
    ] {
        for options in [InputOptions::default(), with_defaults(Format::Auto)] {
            if odd == "ready\n" && options.channel.is_some() {
                continue; // A word is a plain id where ids are expected.
            }
            for body in [
                json,
                "id,channel,delivered\n0A,sms,false\n",
                "sep=;\nid;channel;delivered\n;;\n0A;sms;false\n;;\n",
            ] {
                let lines = read(format!("{odd}{body}"), &options);
                assert_eq!(lines.len(), 2, "{odd:?}: {lines:?}");
                assert!(lines[0].starts_with("1: bad: "), "{lines:?}");
                assert!(lines[1].ends_with(": sms 0A false"), "{lines:?}");
            }
        }
    }
    assert!(
        read("0A1\n{\"id\":\"0B\",\"delivered\":false}\n", &with_defaults(Format::Auto))[1]
            .ends_with("sms 0B false")
    );
    for none in ["<html>\n<body>\n", "msisdn=1&messageId=0F&err-code=1\n", "level=info id=0A\n"] {
        stopped(none, &with_defaults(Format::Auto));
    }
    let endless = "no format\n".repeat(70);
    assert_eq!(stopped(endless, &with_defaults(Format::Auto)), (1, LineFault::UnknownFormat));
}

#[test]
fn what_a_growing_file_ends_in_waits_until_it_is_complete() {
    let growing = |format| InputOptions { ending: Ending::MayGrow, ..with_defaults(format) };
    for (input, whole) in [
        ("id,delivered,time\n0A,true,\n0B,true,2026-11-22T01:25:26", 1),
        ("id,delivered,note\n0A,true,\n0B,true,\"hello\n0C,true,x\n", 1),
        ("0A\n0B", 1),
        ("{\"id\":\"0A\"}\n{\"id\":", 1),
        ("id,deliv", 0),
    ] {
        let mut reader = Reader::new(input.as_bytes(), "in", growing(Format::Auto));
        for _ in 0..whole {
            assert!(matches!(reader.next(now).unwrap(), Some(InputItem::Record(_))), "{input:?}");
        }
        for _ in 0..2 {
            assert_eq!(reader.next(now).unwrap(), Some(InputItem::Unfinished), "{input:?}");
        }
        reader.complete();
        let rest: Vec<_> = std::iter::from_fn(|| reader.next(now).ok().flatten()).collect();
        assert!(
            !rest.contains(&InputItem::Unfinished) && rest.len() == whole * (1 + input.matches("hello").count())
        );
    }
    let mut reader = Reader::new(&b"0A\n  "[..], "in", growing(Format::Auto));
    assert!(matches!(reader.next(now).unwrap(), Some(InputItem::Record(_))));
    assert_eq!(reader.next(now).unwrap(), None, "blanks are nothing to wait for");
}

#[test]
fn a_record_that_does_not_say_when_gets_the_time_at_which_its_line_arrived() {
    struct Slow<'a>(&'a Cell<i64>);
    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.set(self.0.get() + 600);
            buffer[..3].copy_from_slice(b"0A\n");
            Ok(3)
        }
    }
    let clock = Cell::new(NOW);
    let mut reader = Reader::new(Slow(&clock), "in", with_defaults(Format::Ids));
    for arrived in [NOW + 600, NOW + 1200] {
        let item = reader.next(|| Timestamp::from_unix(clock.get()).unwrap()).unwrap();
        let Some(InputItem::Record(record)) = item else { panic!("{item:?}") };
        assert_eq!(record.conversion.timestamp.unix(), arrived);
    }
}

#[test]
fn a_read_error_stops_the_run_and_names_the_input() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(ErrorKind::IsADirectory.into())
        }
    }
    let error = items((&b"0A\n"[..]).chain(Broken), &with_defaults(Format::Auto)).unwrap_err();
    assert_eq!(error.to_string(), "cannot read in");
    assert!(std::error::Error::source(&error).is_some());
}

/// Gives the bytes in pieces of these sizes, over and over.
struct Pieces<'a> {
    bytes: &'a [u8],
    sizes: std::iter::Cycle<std::slice::Iter<'a, usize>>,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = (*self.sizes.next().unwrap()).min(self.bytes.len()).min(buffer.len());
        let (piece, rest) = self.bytes.split_at(size);
        buffer[..size].copy_from_slice(piece);
        self.bytes = rest;
        Ok(size)
    }
}

/// Bytes that are nearly input: pieces of good and bad records, and noise.
fn nearly_input() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "id,delivered,note\n", "id\tref\n", "0A,true,x\n", "0B,false,\"a\nb\"\n", "\"", ",", ";", "\t", "\n", "\r\n", "\0",
            "{\"id\":\"0A\"}\n", "{\"id\":", "{\"a\":[{\"b\":1}],\"id\":2}", "[", "}", "\u{feff}", "0A0000000123ABCD1\n", "x",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        1 => (60_000..70_000_usize, any::<bool>()).prop_map(|(length, end)| {
            let mut long = vec![b'x'; length];
            long.extend(end.then_some(b'\n'));
            long
        }),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn how_the_bytes_are_cut_into_reads_makes_no_difference(
        input in nearly_input(),
        sizes in prop::collection::vec(1..9000_usize, 1..8),
        format in prop::sample::select(vec![Format::Auto, Format::Ndjson, Format::Csv, Format::Tsv, Format::Ids]),
        separator in prop::sample::select(vec![Separator::Newline, Separator::Nul]),
    ) {
        let options = InputOptions { separator, ..with_defaults(format) };
        let pieces = Pieces { bytes: &input, sizes: sizes.iter().cycle() };
        match (items(&input[..], &options), items(pieces, &options)) {
            (Ok(whole), Ok(cut)) => prop_assert_eq!(whole, cut),
            (Err(whole), Err(cut)) => prop_assert_eq!(whole.to_string(), cut.to_string()),
            (whole, cut) => prop_assert!(false, "{:?} but {:?}", whole, cut),
        }
    }

    #[test]
    fn no_bytes_panic_and_every_line_with_something_in_it_is_answered(
        input in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let lines = input.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
        if let Ok(items) = items(&input[..], &with_defaults(Format::Ids)) {
            prop_assert_eq!(items.len(), lines);
        }
    }
}
