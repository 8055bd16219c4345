//! One JSON object on a line: found without building a document, with duplicate keys and excessive depth refused.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::assemble::{Defaults, Entry, Problem, Refusal, Said, assemble, text, unwanted};
use super::detect;
use super::field::{Field, FieldMap, is_from_a_result_line, named};
use super::lookup;
use super::notice::Notices;
use super::scalar::{Also, mark, reference, scalar};

/// The scalar half of a visitor that wants none of them.
macro_rules! skip_scalars {
    () => {
        fn visit_bool<E>(self, _: bool) -> Result<(), E> {
            Ok(())
        }

        fn visit_i64<E>(self, _: i64) -> Result<(), E> {
            Ok(())
        }

        fn visit_u64<E>(self, _: u64) -> Result<(), E> {
            Ok(())
        }

        fn visit_f64<E>(self, _: f64) -> Result<(), E> {
            Ok(())
        }

        fn visit_str<E>(self, _: &str) -> Result<(), E> {
            Ok(())
        }

        fn visit_unit<E>(self) -> Result<(), E> {
            Ok(())
        }
    };
}

pub(super) fn read(
    record: &[u8],
    fields: &FieldMap,
    notices: &mut Notices,
    defaults: Defaults,
    line: u64,
) -> Result<Entry, Refusal> {
    let filter = fields.filter();
    if !filter.is_empty() {
        if !detect::claims_to_be_an_object(record) {
            return Ok(Entry::Unwanted(None));
        }
        let text = text(record)?;
        if !lookup::is_wanted(text, filter, |number| notices.found(number))? {
            // What else its names may be does not matter, but its time does.
            let found = found(text, fields, &mut Notices::default()).unwrap_or_default();
            return Ok(unwanted(&found.only_time(), defaults));
        }
    }
    let said = found(text(record)?, fields, notices)?.into_said(fields)?;
    assemble(said, defaults, line)
}

fn found<'a>(text: &'a str, fields: &FieldMap, notices: &mut Notices) -> Result<FieldTexts<'a>, Problem> {
    if text.as_bytes().trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::NotAnObject);
    }
    let mut found = FieldTexts::default();
    let mut twice = None;
    let mut json = serde_json::Deserializer::from_str(text);
    Node { fields, reach: Fields::mapped(fields), depth: 0, found: &mut found, twice: &mut twice, notices }
        .deserialize(&mut json)
        .and_then(|()| json.end())
        .map_err(|error| match twice {
            Some(field) => Problem::Twice(field),
            None => Problem::bad_json(&error),
        })?;
    Ok(found)
}

/// The JSON text of each field's value, with the precedence of the name it was found under.
#[derive(Debug, Default)]
struct FieldTexts<'a>([Option<(usize, &'a str)>; Field::COUNT]);

impl<'a> FieldTexts<'a> {
    /// `null` is silence.
    fn put(&mut self, field: Field, rank: usize, json: &'a str) {
        let slot = &mut self.0[field as usize];
        if json != "null" && slot.is_none_or(|(held, _)| rank < held) {
            *slot = Some((rank, json));
        }
    }

    fn get(&self, field: Field) -> Option<&'a str> {
        self.0[field as usize].map(|(_, json)| json)
    }

    /// A line of a log without an event may have anything else in it.
    fn into_said(self, fields: &FieldMap) -> Result<Said<'a>, Refusal> {
        let marked = |field| self.get(field).map(mark);
        let happening = fields.happening(marked(Field::Sent).as_deref(), marked(Field::Converted).as_deref());
        if fields.is_for_events() && happening.is_none() {
            return Ok(self.only_time());
        }
        let reference = self.get(Field::Reference).map(reference).transpose()?;
        let is_receipt = self.get(Field::Receipt).is_some();
        match self.texts(fields) {
            Ok([message_id, delivered, timestamp, channel]) => {
                Ok(Said { message_id, delivered, timestamp, channel, happening, reference, is_receipt })
            }
            Err(problem) => Err(Refusal { reference, problem }),
        }
    }

    /// The time, if it can be read as one.
    fn only_time(&self) -> Said<'a> {
        let time =
            self.get(Field::Timestamp).and_then(|json| scalar(json, Field::Timestamp, Also::Fractions).ok());
        Said { timestamp: time, ..Said::default() }
    }

    fn texts(&self, fields: &FieldMap) -> Result<[Option<Cow<'a, str>>; 4], Problem> {
        let text = |field, also| {
            let json = self.get(field);
            json.map(|json| scalar(json, field, also)).transpose()
        };
        Ok([
            text(Field::MessageId, Also::Integers)?,
            if fields.has_own_values() {
                text(Field::Delivered, Also::Anything)?.map(|text| fields.delivered(text))
            } else {
                text(Field::Delivered, Also::Booleans)?
            },
            text(Field::Timestamp, Also::Fractions)?,
            text(Field::Channel, Also::Nothing)?,
        ])
    }
}

/// A set of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Fields(u8);

impl Fields {
    const NONE: Self = Self(0);

    /// Those that have a path of their own.
    fn mapped(fields: &FieldMap) -> Self {
        let mut set = Self::NONE;
        for field in Field::ALL.iter().copied() {
            if fields.maps(field) {
                set.add(field);
            }
        }
        set
    }

    fn add(&mut self, field: Field) {
        self.0 |= 1 << field as usize;
    }

    fn has(self, field: Field) -> bool {
        self.0 & 1 << field as usize != 0
    }

    fn iter(self) -> impl Iterator<Item = Field> {
        Field::ALL.iter().copied().filter(move |field| self.has(*field))
    }
}

/// Where a key, or an index, leads.
#[derive(Default)]
struct Branch {
    /// The fields whose value stands right there.
    here: Fields,
    /// The precedence of the name that led there.
    rank: usize,
    /// The fields whose mapped path goes on.
    deeper: Fields,
}

impl Branch {
    /// One bit for each name that a field can go by in one object: to notice a name that comes twice.
    fn names(&self) -> u64 {
        let fields = Fields(self.here.0 | self.deeper.0);
        fields.iter().fold(0, |names, field| names | 1 << (8 * field as usize + self.rank))
    }
}

/// An object or a list that paths lead into; the record itself at depth 0.
struct Node<'n, 'a> {
    fields: &'n FieldMap,
    /// The mapped fields whose paths have led here.
    reach: Fields,
    depth: usize,
    found: &'n mut FieldTexts<'a>,
    twice: &'n mut Option<Field>,
    notices: &'n mut Notices,
}

impl<'a> Node<'_, 'a> {
    /// A flat key with dots in it (`"otp.id"`) is understood too, after the path.
    fn turn(&mut self, key: &str) -> Branch {
        let mut turn = Branch::default();
        for field in self.reach.iter() {
            if let Some(steps) = self.fields.steps_of(field) {
                if &*steps[self.depth] == key {
                    if self.depth + 1 == steps.len() {
                        turn.here.add(field);
                    } else {
                        turn.deeper.add(field);
                    }
                } else if self.depth == 0 && self.fields.column_of(field) == Some(key) {
                    turn.here.add(field);
                    turn.rank = 1;
                }
            }
        }
        if self.depth == 0 {
            match named(key) {
                Some((field, rank)) if !self.fields.maps(field) => {
                    turn.here.add(field);
                    turn.rank = rank;
                }
                None if turn.names() == 0 && !is_from_a_result_line(key) => self.notices.unknown(key),
                Some(_) | None => {}
            }
        }
        turn
    }

    /// What to do with the value. Where it is wanted itself and paths lead into it as well, it is wanted itself.
    fn target(&mut self, turn: &Branch) -> Action<'_, 'a> {
        if turn.here != Fields::NONE {
            Action::Value { found: self.found, fields: turn.here, rank: turn.rank }
        } else if turn.deeper != Fields::NONE {
            Action::Inside(Node {
                fields: self.fields,
                reach: turn.deeper,
                depth: self.depth + 1,
                found: self.found,
                twice: self.twice,
                notices: self.notices,
            })
        } else {
            Action::Nothing
        }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut seen = 0;
        while let Some(turn) = map.next_key_seed(Key(&mut self))? {
            let names = turn.names();
            if seen & names != 0 {
                *self.twice = turn.here.iter().chain(turn.deeper.iter()).next();
                return Err(A::Error::custom("duplicate key"));
            }
            seen |= names;
            map.next_value_seed(self.target(&turn))?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        for index in 0_usize.. {
            let turn = self.turn(&index.to_string());
            if seq.next_element_seed(self.target(&turn))?.is_none() {
                break;
            }
        }
        Ok(())
    }

    // A path that leads into a scalar leads nowhere: the record is silent there.
    skip_scalars!();
}

/// A key, turned at once into where it leads.
struct Key<'k, 'n, 'a>(&'k mut Node<'n, 'a>);

impl<'de> DeserializeSeed<'de> for Key<'_, '_, '_> {
    type Value = Branch;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Branch, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_, '_, '_> {
    type Value = Branch;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Branch, E> {
        Ok(self.0.turn(key))
    }
}

/// What is to be done with a value.
enum Action<'n, 'a> {
    /// Keep its text for these fields.
    Value { found: &'n mut FieldTexts<'a>, fields: Fields, rank: usize },
    /// Look for more inside.
    Inside(Node<'n, 'a>),
    /// Nothing.
    Nothing,
}

impl<'de> DeserializeSeed<'de> for Action<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self {
            Self::Value { found, fields, rank } => {
                let value = <&RawValue>::deserialize(deserializer)?;
                for field in fields.iter() {
                    found.put(field, rank, value.get());
                }
                Ok(())
            }
            Self::Inside(node) => node.deserialize(deserializer),
            Self::Nothing => Skipped::deserialize(deserializer).map(|Skipped| ()),
        }
    }
}

/// A value that is not wanted. Unlike serde's `IgnoredAny` it is looked at, so that a number no computer can hold
/// (`1e999`) and nesting without end are refused wherever they stand.
struct Skipped;

impl<'de> Deserialize<'de> for Skipped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Skip).map(|()| Self)
    }
}

struct Skip;

impl<'de> Visitor<'de> for Skip {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<Skipped, Skipped>()?.is_some() {}
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<Skipped>()?.is_some() {}
        Ok(())
    }

    skip_scalars!();
}
