//! Record streams: every line is accounted for, whatever the pieces it arrives in, and a result line is an input line.
//!
//! Four characters in front: the format (0 auto, 1 NDJSON, 2 CSV, 3 TSV, 4 ids), what holds by default (bits: 1 channel,
//! 2 delivered, 4 NUL separates), a mapping (4, 5 and 7 are logs of events, 6 and 7 want
//! only some lines), and where the bytes are cut. U+0002 stands for
//! 40,000 letters.

use std::cell::Cell;
use std::iter;
use std::rc::Rc;

use nexmo_conversion::domain::{
    BadRecord, Channel, CodeEvent, Delivered, ErrorCode, Failure, Happening, Outcome, Record, Reference,
    TimeSource,
};
use nexmo_conversion::input::{
    FieldMap, Format, InputItem, InputNotice, InputOptions, ReadCounts, Reader, Separator,
};
use nexmo_conversion::output::{LineStyle, Numbering, Paint, ResultLine, to_json, write_line};
use nexmo_conversion::pipeline::RecordResult;

use crate::plain::{Plain, plain};
use crate::source::{Cut, Source};
use crate::{assert_only_prints, choice, now};

/// See the module.
pub fn records(mut data: &[u8]) {
    let maps_fields = data.get(2).is_some_and(|choice| (1..=7).contains(&(choice & 0x0f)));
    let options = options(&mut data);
    let seed = u64::from(choice(&mut data));
    let input = with_long_lines(data);
    let separator = match options.separator {
        Separator::Newline => b'\n',
        Separator::Nul => 0,
    };

    let read_by_line = read(&input, &options, Cut::After(separator));
    assert!(
        read_by_line == read(&input, &options, Cut::Nowhere),
        "what is read depends on the pieces: all at once"
    );
    assert!(
        read_by_line == read(&input, &options, Cut::Anywhere(seed)),
        "what is read depends on the pieces: anywhere"
    );

    let lines = Lines::of(&input, separator);
    read_by_line.is_accounted_for(&lines);
    if !maps_fields && (!input.contains(&b'"') || read_by_line.format == Some(Format::Ndjson)) {
        read_by_line.takes_what_is_plain(&lines, &options);
    }
    for (item, _) in &read_by_line.items {
        match item {
            InputItem::Record(record) => is_good(record),
            InputItem::Event(event) => is_good_event(event),
            InputItem::Unrelated(_) => assert!(!matches!(options.format, Format::Ids)),
            InputItem::Bad(bad) => is_explained(bad),
            InputItem::Unfinished => panic!("a complete input is unfinished"),
        }
    }
}

fn options(data: &mut &[u8]) -> InputOptions {
    let format = match choice(data) {
        1 => Format::Ndjson,
        2 => Format::Csv,
        3 => Format::Tsv,
        4 => Format::Ids,
        _ => Format::Auto,
    };
    let defaults = choice(data);
    let mut only: &[&str] = &[];
    let (mappings, events): (&[&str], Option<[&str; 2]>) = match choice(data) {
        1 => (&["message-id=otp.id"], None),
        2 => (&["message-id=sid", "delivered=ok", "timestamp=meta.at"], None),
        3 => (&["message-id=a.0.b", "ref=a", "channel=a.1"], None),
        4 => (&[], Some(["event=sent", "event=ok"])),
        5 => (&["message-id=otp.id", "ref=user"], Some(["otp.sent=1", "login=true"])),
        6 => {
            only = &["event=otp", "a.0=1", "event=x"];
            (&[], None)
        }
        7 => {
            only = &["event=sent"];
            (&[], Some(["event=sent", "event=ok"]))
        }
        _ => (&[], None),
    };
    let fields = FieldMap::new(mappings.iter().map(|mapping| mapping.parse().unwrap())).unwrap();
    let fields = match events.map(|marks| marks.map(|mark| mark.parse().unwrap())) {
        Some([sent, converted]) => fields.for_events(sent, converted),
        None => fields,
    };
    let fields = fields.only(only.iter().map(|mark| mark.parse().unwrap()));
    InputOptions {
        format,
        separator: if defaults & 4 == 0 { Separator::Newline } else { Separator::Nul },
        channel: (defaults & 1 != 0).then_some(Channel::Voice),
        delivered: (defaults & 2 != 0).then_some(Delivered::False),
        fields,
        ..InputOptions::default()
    }
}

/// What a fuzzer would not find in years.
fn with_long_lines(data: &[u8]) -> Vec<u8> {
    let mut input = Vec::new();
    let mut left = 5;
    for byte in data {
        if *byte == 2 && left > 0 {
            left -= 1;
            input.extend(iter::repeat_n(b'x', 40_000));
        } else {
            input.push(*byte);
        }
    }
    input
}

/// All that is to be known about an input.
#[derive(PartialEq)]
struct Seen {
    items: Vec<(InputItem, Moment)>,
    notices: Vec<InputNotice>,
    format: Option<Format>,
    /// What was read by the end, or the error.
    end: Result<ReadCounts, String>,
}

/// How far the input was when an item came.
struct Moment {
    /// Bytes that the source had handed out.
    handed_out: usize,
    /// Lines that the reader had taken.
    taken: u64,
}

impl PartialEq for Moment {
    /// What was handed out is about one way of cutting.
    fn eq(&self, other: &Self) -> bool {
        self.taken == other.taken
    }
}

fn read(input: &[u8], options: &InputOptions, cut: Cut) -> Seen {
    let handed_out = Rc::new(Cell::new(0));
    let mut reader = Reader::new(Source::new(input, cut, Rc::clone(&handed_out)), "input", options.clone());
    let (mut items, mut notices) = (Vec::new(), Vec::new());
    let end = loop {
        let item = reader.next(now);
        notices.extend(reader.take_notices());
        match item {
            Ok(Some(item)) => {
                items.push((item, Moment { handed_out: handed_out.get(), taken: reader.counts().lines }));
            }
            Ok(None) => break Ok(reader.counts()),
            Err(error) => break Err(error.to_string()),
        }
    };
    if end.is_ok() {
        assert_eq!(reader.next(now).unwrap(), None, "there is more after the end");
    }
    Seen { items, notices, format: reader.format(), end }
}

/// The lines of an input, found in the simplest way.
struct Lines<'a> {
    /// Without their ends and without the byte order mark, and where each ends in the input.
    lines: Vec<(&'a [u8], usize)>,
    length: usize,
}

impl<'a> Lines<'a> {
    fn of(input: &'a [u8], separator: u8) -> Self {
        let mut end = 0;
        let mut lines: Vec<_> = input
            .split_inclusive(|byte| *byte == separator)
            .map(|line| {
                end += line.len();
                let line = line.strip_suffix(&[separator]).unwrap_or(line);
                let line = if separator == b'\n' { line.strip_suffix(b"\r").unwrap_or(line) } else { line };
                (line, end)
            })
            .collect();
        if let Some((first, _)) = lines.first_mut() {
            *first = first.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(first);
        }
        Self { lines, length: input.len() }
    }

    /// Nothing but white space, or but what separates the cells of a table.
    fn is_empty_row(&self, index: usize) -> bool {
        let named: Vec<u8> = self.lines.iter().filter_map(|(line, _)| separator(line)).chain(*b",;").collect();
        let line = self.lines[index].0;
        line.len() <= BadRecord::RAW_MAX
            && line.iter().all(|byte| byte.is_ascii_whitespace() || named.contains(byte))
    }

    fn is_separator(&self, index: usize) -> bool {
        separator(self.lines[index].0).is_some()
    }
}

/// What `sep=;` names.
fn separator(line: &[u8]) -> Option<u8> {
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    let (name, separator) = line.split_at_checked(4)?;
    (name.eq_ignore_ascii_case(b"sep=") && separator.len() == 1).then(|| separator[0])
}

impl Seen {
    fn is_accounted_for(&self, lines: &Lines<'_>) {
        let number = |(item, moment): &(InputItem, Moment)| match item {
            InputItem::Record(record) => record.line,
            InputItem::Event(event) => event.line,
            InputItem::Bad(bad) => bad.line,
            InputItem::Unrelated(_) | InputItem::Unfinished => moment.taken,
        };
        let numbers: Vec<usize> = self.items.iter().map(|item| usize::try_from(number(item)).unwrap()).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "line numbers do not rise: {numbers:?}");
        assert!(numbers.iter().all(|number| (1..=lines.lines.len()).contains(number)), "{numbers:?}");

        let has_header = matches!(self.format, Some(Format::Csv | Format::Tsv));
        let quotes = |line: &[u8]| line.contains(&b'"');
        let may_go_on = has_header && lines.lines.iter().any(|(line, _)| quotes(line));
        for (at, ((item, moment), number)) in self.items.iter().zip(&numbers).enumerate() {
            let (line, end) = lines.lines[number - 1];
            if let InputItem::Bad(bad) = item {
                let kept = &line[..line.len().min(BadRecord::RAW_MAX)];
                let is_kept = if may_go_on { bad.raw.starts_with(kept) } else { bad.raw == kept };
                // The mark counts where a line is too long.
                let is_kept =
                    is_kept || *number == 1 && kept.starts_with(&bad.raw) && line.len() + 3 > BadRecord::RAW_MAX;
                assert!(is_kept, "line {number} is kept as {:?}", String::from_utf8_lossy(&bad.raw));
            }
            // A line that is of no format waits for one that is.
            let is_held = matches!(item, InputItem::Bad(_)) && moment.taken > *number as u64;
            // As long as the format is not known, or ids are only a guess, a quote may open a record that goes on.
            let may_be_looked_past = lines.lines[..*number].iter().any(|(line, _)| quotes(line))
                && (self.format != Some(Format::Ndjson)
                    || self.items[..at].iter().all(|(item, _)| matches!(item, InputItem::Bad(_))));
            assert!(
                may_go_on || is_held || may_be_looked_past || moment.handed_out <= end,
                "line {number} waits for what comes after it"
            );
        }

        let Ok(counts) = self.end else { return };
        assert_eq!(counts.bytes, lines.length as u64);
        assert_eq!(counts.lines, lines.lines.len() as u64);
        let missing: Vec<usize> = (1..=lines.lines.len())
            .filter(|number| !numbers.contains(number) && !lines.is_empty_row(number - 1))
            .filter(|number| !lines.is_separator(number - 1))
            .collect();
        if may_go_on {
            // An unrelated line does not say where it began.
            let is_told = self.items.iter().all(|(item, _)| !matches!(item, InputItem::Unrelated(_)));
            if is_told && counts.unwanted == 0 {
                let header = if has_header { missing.first().copied() } else { None };
                self.no_line_without_a_quote_is_swallowed(lines, &missing, &numbers, header);
            }
        } else {
            // Lines that are not wanted are no items before the format is known.
            let unwanted = usize::try_from(counts.unwanted).unwrap();
            assert!(missing.len() <= usize::from(has_header) + unwanted, "{missing:?} are left out");
        }
    }

    /// A reader that refused everything would keep every other promise.
    fn takes_what_is_plain(&self, lines: &Lines<'_>, options: &InputOptions) {
        let Some(format) = self.format else { return };
        if (0..lines.lines.len()).any(|index| lines.is_separator(index)) {
            return;
        }
        let number = |(item, moment): &(InputItem, Moment)| match item {
            InputItem::Record(record) => record.line,
            InputItem::Event(event) => event.line,
            InputItem::Bad(bad) => bad.line,
            InputItem::Unrelated(_) | InputItem::Unfinished => moment.taken,
        };
        let numbers: Vec<_> = self.items.iter().map(number).collect();
        let header = (1..).zip(&lines.lines).find(|(number, _)| {
            !numbers.contains(number) && !lines.is_empty_row(usize::try_from(number - 1).unwrap())
        });
        let is_table = matches!(format, Format::Csv | Format::Tsv);
        let first = header.filter(|_| is_table).map_or(0, |(number, _)| number);
        let header = header.map(|(_, (line, _))| *line);
        for ((item, moment), number) in self.items.iter().zip(numbers) {
            // Before the format was known, or while the input was taken for plain ids.
            if number < first || matches!(item, InputItem::Bad(_)) && moment.taken > number {
                continue;
            }
            let line = lines.lines[usize::try_from(number).unwrap() - 1].0;
            let Some(expected) = plain(line, header.unwrap_or_default(), format, options) else { continue };
            let InputItem::Record(record) = item else {
                panic!("{:?} is taken for {item:?}", String::from_utf8_lossy(line))
            };
            let conversion = &record.conversion;
            let said = Plain {
                message_id: conversion.message_id.as_str().to_owned(),
                delivered: conversion.delivered,
                channel: conversion.channel,
                timestamp: (record.time == TimeSource::Given).then_some(conversion.timestamp),
            };
            assert_eq!(said, expected, "{:?}", String::from_utf8_lossy(line));
        }
    }

    /// In a CSV with quotes a line has an item of its own, or belongs to the record before it, which then has a quote that
    /// was opened.
    fn no_line_without_a_quote_is_swallowed(
        &self,
        lines: &Lines<'_>,
        missing: &[usize],
        numbers: &[usize],
        header: Option<usize>,
    ) {
        for swallowed in missing.iter().filter(|number| Some(**number) != header) {
            let before = numbers.iter().chain(&header).filter(|number| *number < swallowed).max();
            let before = before.unwrap_or_else(|| panic!("line {swallowed} belongs to nothing"));
            assert!(
                lines.lines[before - 1].0.contains(&b'"'),
                "line {before} has no quote to swallow {swallowed} with"
            );
            if Some(*before) == header {
                continue;
            }
            let is_whole = |item: &InputItem| match item {
                InputItem::Record(record) => record.line == *before as u64,
                InputItem::Event(event) => event.line == *before as u64,
                // Several lines that are a row, if not a good one; of what is no row only the first is refused.
                InputItem::Bad(bad) => bad.line == *before as u64 && bad.raw.contains(&b'\n'),
                InputItem::Unrelated(_) | InputItem::Unfinished => false,
            };
            let is_whole = self.items.iter().any(|(item, _)| is_whole(item));
            assert!(is_whole, "line {swallowed} is lost with the refused line {before}");
        }
    }
}

/// Seconds. Whatever is further ahead of the clock is refused.
const DAY: i64 = 86_400;

/// What every good record keeps to, and that its result line is an input line that says the same.
fn is_good(record: &Record) {
    let conversion = &record.conversion;
    let id = conversion.message_id.as_str();
    assert!((1..=256).contains(&id.len()) && !id.contains(char::is_whitespace), "{id:?}");
    assert_only_prints(id);
    assert!(conversion.timestamp.age_at(now()) >= -DAY, "{record:?}");
    assert!(record.time == TimeSource::Given || conversion.timestamp == now(), "{record:?}");
    let failure = Failure::answered(ErrorCode::BadParameters, "the server answered 420");
    for outcome in [Outcome::Accepted, Outcome::Rejected(failure)] {
        let line = shown(&RecordResult::not_sent(record.clone(), outcome));
        if line.len() > BadRecord::RAW_MAX {
            continue;
        }
        let again = read(&line, &InputOptions::default(), Cut::Nowhere);
        // The time of a result line names no zone, because it is always UTC.
        let mut notices = again.notices;
        notices.retain(|notice| !matches!(notice, InputNotice::NoZone { .. }));
        assert_eq!((notices, again.format), (vec![], Some(Format::Ndjson)));
        let [(InputItem::Record(again), _)] = &again.items[..] else {
            panic!("{} is no record", String::from_utf8_lossy(&line));
        };
        assert_eq!(again.conversion, record.conversion);
        assert_eq!(mark(again.reference.as_ref()), mark(record.reference.as_ref()));
        assert_eq!((again.time, again.line), (TimeSource::Given, 1));
    }
}

/// An event says enough to become a record, or is kept as it was written.
fn is_good_event(event: &CodeEvent) {
    let id = event.message_id.as_str();
    assert!((1..=256).contains(&id.len()) && !id.contains(char::is_whitespace), "{id:?}");
    assert!(event.timestamp.age_at(now()) >= -DAY, "{event:?}");
    assert!(event.time == TimeSource::Given || event.timestamp == now(), "{event:?}");
    assert!(event.channel.is_some() || event.happening == Happening::Converted, "{event:?}");
    assert_eq!(event.raw.is_empty(), event.channel.is_some());
    assert!(event.raw.len() <= BadRecord::RAW_MAX);
}

/// That the reason is one for people, and that a result line about it is no good record either.
fn is_explained(bad: &BadRecord) {
    assert!(matches!(bad.code, ErrorCode::BadRecord | ErrorCode::FutureTimestamp));
    assert!(
        !bad.message.is_empty() && bad.message.len() < 300 && !bad.message.ends_with('.'),
        "{:?}",
        bad.message
    );
    assert_only_prints(&bad.message);
    assert!(bad.raw.len() <= BadRecord::RAW_MAX);
    let line = shown(&RecordResult::invalid(bad.clone()));
    if line.len() > BadRecord::RAW_MAX {
        return;
    }
    let again = read(&line, &InputOptions::default(), Cut::Nowhere);
    let [(InputItem::Bad(again), _)] = &again.items[..] else {
        panic!("{} is taken for a record", String::from_utf8_lossy(&line));
    };
    assert_eq!(mark(again.reference.as_ref()), mark(bad.reference.as_ref()));
}

/// The result line for programs; the one for people is looked at on the way.
fn shown(report: &RecordResult) -> Vec<u8> {
    let mut text = String::new();
    write_line(
        &mut text,
        report,
        now(),
        LineStyle { paint: Paint::Plain, numbering: Numbering::Lines, columns: None },
    )
    .unwrap();
    assert_only_prints(&text);
    let mut line = Vec::new();
    to_json(&mut line, &ResultLine::new(report, None, now(), |_| None)).unwrap();
    assert_only_prints(str::from_utf8(&line).unwrap());
    line
}

/// What a `ref` means. Numbers are compared as they are written: no digit may be lost.
fn mark(reference: Option<&Reference>) -> Option<String> {
    let json = reference?.as_json();
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    assert!(!value.is_array() && !value.is_object(), "{json}");
    Some(value.as_str().map_or_else(|| json.to_owned(), |text| format!("{text:?}")))
}
