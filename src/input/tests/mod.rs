//! Whole inputs in, items out. Each item is described in one line, so that a test shows everything that was read.

mod csv;
mod csv_spectrum;
mod events;
mod filter;
mod followed;
mod ids;
mod ndjson;
mod stream;
mod tsv;

use std::io::Read;

use super::{Format, InputError, InputItem, InputNotice, InputOptions, LineFault, Reader};
use crate::domain::{BadRecord, Channel, CodeEvent, Delivered, Record, TimeSource, Timestamp};

/// 2026-11-22 01:25:26 UTC.
const NOW: i64 = 1_795_310_726;

fn now() -> Timestamp {
    Timestamp::from_unix(NOW).unwrap()
}

/// Every record is an SMS that converted, unless it says otherwise.
fn with_defaults(format: Format) -> InputOptions {
    InputOptions {
        format,
        channel: Some(Channel::Sms),
        delivered: Some(Delivered::True),
        ..InputOptions::default()
    }
}

fn mapped(mappings: &[&str]) -> InputOptions {
    InputOptions {
        fields: super::FieldMap::new(mappings.iter().map(|text| text.parse().unwrap())).unwrap(),
        ..InputOptions::default()
    }
}

fn items(source: impl Read, options: &InputOptions) -> Result<Vec<InputItem>, InputError> {
    let mut reader = Reader::new(source, "in", options.clone());
    std::iter::from_fn(|| reader.next(now).transpose()).collect()
}

fn read(input: impl AsRef<[u8]>, options: &InputOptions) -> Vec<String> {
    items(input.as_ref(), options).unwrap().iter().map(describe).collect()
}

fn stopped(input: impl AsRef<[u8]>, options: &InputOptions) -> (u64, LineFault) {
    match items(input.as_ref(), options).unwrap_err() {
        InputError::Line { line, fault, .. } => (line, fault),
        other @ (InputError::Unreadable { .. } | InputError::NotText { .. }) => panic!("{other:?}"),
    }
}

fn notices(input: impl AsRef<[u8]>, options: &InputOptions) -> Vec<InputNotice> {
    let mut reader = Reader::new(input.as_ref(), "in", options.clone());
    while reader.next(now).unwrap().is_some() {}
    reader.take_notices()
}

fn describe(item: &InputItem) -> String {
    match item {
        InputItem::Record(record) => tell_record(record),
        InputItem::Event(event) => tell_event(event),
        InputItem::Unrelated(None) => "unrelated".to_owned(),
        InputItem::Unrelated(Some(time)) => format!("unrelated at {time}"),
        InputItem::Unfinished => "unfinished".to_owned(),
        InputItem::Bad(BadRecord { line, reference, message, .. }) => {
            let reference = reference.as_ref().map_or(String::new(), |it| format!(" ref={}", it.as_json()));
            format!("{line}: bad: {message}{reference}")
        }
    }
}

fn tell_record(record: &Record) -> String {
    let it = &record.conversion;
    let time = match record.time {
        TimeSource::Given => format!(" {}", it.timestamp),
        TimeSource::Now | TimeSource::Typed | TimeSource::Forced => String::new(),
    };
    let reference = record.reference.as_ref().map_or(String::new(), |it| format!(" ref={}", it.as_json()));
    let doubts: Vec<String> = record.doubts.iter().map(|doubt| format!(" ({doubt})")).collect();
    let doubts = doubts.concat();
    let (line, channel, id, delivered) = (record.line, it.channel, &it.message_id, it.delivered);
    format!("{line}: {channel} {id} {delivered}{time}{reference}{doubts}")
}

fn tell_event(event: &CodeEvent) -> String {
    let channel = event.channel.map_or("over something", |channel| channel.as_str());
    let reference = event.reference.as_ref().map_or(String::new(), |it| format!(" ref={}", it.as_json()));
    let raw = if event.raw.is_empty() { "" } else { " (raw)" };
    let (line, id, happening, time) = (event.line, &event.message_id, event.happening, event.timestamp);
    format!("{line}: {channel} {id} {happening:?} {time}{reference}{raw}")
}
