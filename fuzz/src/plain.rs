//! Lines about which there can be no two opinions, read in the simplest way: they must be taken, and for what they say.

use std::collections::BTreeMap;
use std::fmt;

use nexmo_conversion::domain::{Channel, Delivered, MessageId, Timestamp};
use nexmo_conversion::input::{Format, InputOptions};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

use crate::now;

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plain {
    pub(crate) message_id: String,
    pub(crate) delivered: Delivered,
    pub(crate) channel: Channel,
    /// Where it is said.
    pub(crate) timestamp: Option<Timestamp>,
}

/// What must be read from `line`, where that is beyond doubt. `header` is the first line of a table.
pub(crate) fn plain(line: &[u8], header: &[u8], format: Format, options: &InputOptions) -> Option<Plain> {
    let (line, header) = (str::from_utf8(line).ok()?, str::from_utf8(header).ok()?);
    match format {
        Format::Ndjson => of_json(line),
        Format::Csv if header.contains(',') => of_cells(header.split(','), line.split(',')),
        Format::Tsv => of_cells(header.split('\t'), line.split('\t')),
        Format::Ids => Some(Plain {
            message_id: id(line.trim())?,
            delivered: options.delivered?,
            channel: options.channel?,
            timestamp: None,
        }),
        Format::Auto | Format::Csv => None,
    }
}

fn of_json(line: &str) -> Option<Plain> {
    let Object(mut object) = serde_json::from_str(line).ok()?;
    let mut text = |key| match object.remove(key) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let (message_id, channel) = (id(&text("message_id")?)?, text("channel")?);
    let timestamp = match object.remove("timestamp") {
        Some(Value::String(text)) => Some(past(&text)?),
        Some(_) => return None,
        None => None,
    };
    let Some(Value::Bool(delivered)) = object.remove("delivered") else { return None };
    // Any further key may have a meaning of its own, and be wrong.
    let plain = Plain { message_id, delivered: delivered.into(), channel: named(&channel)?, timestamp };
    object.is_empty().then_some(plain)
}

fn of_cells<'a>(header: impl Iterator<Item = &'a str>, line: impl Iterator<Item = &'a str>) -> Option<Plain> {
    let (names, cells): (Vec<_>, Vec<_>) = (header.collect(), line.collect());
    let known = ["message_id", "delivered", "channel", "timestamp"];
    if names.len() != cells.len() || !names.iter().all(|name| known.contains(name)) {
        return None;
    }
    let row: BTreeMap<_, _> = names.into_iter().zip(cells).collect();
    let delivered = match *row.get("delivered")? {
        "true" => Delivered::True,
        "false" => Delivered::False,
        _ => return None,
    };
    let timestamp = match row.get("timestamp") {
        Some(text) => Some(past(text)?),
        None => None,
    };
    Some(Plain {
        message_id: id(row.get("message_id")?)?,
        delivered,
        channel: named(row.get("channel")?)?,
        timestamp,
    })
}

fn id(text: &str) -> Option<String> {
    // Of signs there can be two opinions: some are traces of a spreadsheet, or of another format.
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (is_plain && text.len() <= MessageId::MAX_BYTES).then(|| text.to_owned())
}

fn named(channel: &str) -> Option<Channel> {
    match channel {
        "sms" => Some(Channel::Sms),
        "voice" => Some(Channel::Voice),
        _ => None,
    }
}

fn past(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text).ok().filter(|moment| *moment <= now())
}

/// An object without a key that comes twice.
struct Object(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut object = BTreeMap::new();
                while let Some((key, value)) = map.next_entry::<String, Value>()? {
                    if object.insert(key, value).is_some() {
                        return Err(A::Error::custom("twice"));
                    }
                }
                Ok(Object(object))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}
