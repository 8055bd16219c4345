//! One JSON object on a line: found without building a document, with duplicate keys and excessive depth refused.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::assemble::{Defaults, Problem, Refusal, Said, assemble, text};
use super::field::{Field, FieldMap, is_from_a_result_line, named};
use super::notice::Notices;
use crate::domain::{Record, Reference};

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
) -> Result<Record, Refusal> {
    let said = said(text(record)?, fields, notices)?;
    assemble(said, defaults, line)
}

fn said<'a>(text: &'a str, fields: &FieldMap, notices: &mut Notices) -> Result<Said<'a>, Refusal> {
    if !text.trim_start().starts_with('{') {
        return Err(Problem::NotAnObject.into());
    }
    let mut found = Found::default();
    let mut twice = None;
    let mut json = serde_json::Deserializer::from_str(text);
    Node { fields, reach: Fields::ALL, depth: 0, found: &mut found, twice: &mut twice, notices }
        .deserialize(&mut json)
        .and_then(|()| json.end())
        .map_err(|error| match twice {
            Some(field) => Problem::Twice(field),
            None => bad_json(&error),
        })?;
    found.into_said()
}

fn bad_json(error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    let what = match text.rsplit_once(" at line ") {
        Some((what, _)) => what,
        None => &text,
    };
    Problem::BadJson { what: what.to_owned(), column: error.column() }
}

/// The JSON text of each field's value, with the precedence of the name it was found under.
#[derive(Debug, Default)]
struct Found<'a>([Option<(usize, &'a str)>; Field::COUNT]);

impl<'a> Found<'a> {
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

    fn into_said(self) -> Result<Said<'a>, Refusal> {
        let reference = self.get(Field::Reference).map(reference).transpose()?;
        match self.texts() {
            Ok([message_id, delivered, timestamp, channel]) => {
                Ok(Said { message_id, delivered, timestamp, channel, reference })
            }
            Err(problem) => Err(Refusal { reference, problem }),
        }
    }

    fn texts(&self) -> Result<[Option<Cow<'a, str>>; 4], Problem> {
        let text = |field, also, wanted| {
            self.get(field).map(|json| scalar(json, also).map_err(|found| wrong(field, found, wanted))).transpose()
        };
        Ok([
            text(Field::MessageId, Also::Integers, "a string or a whole number")?,
            text(Field::Delivered, Also::IntegersAndBooleans, "true or false")?,
            text(Field::Timestamp, Also::Integers, "a string or a whole number")?,
            text(Field::Channel, Also::Nothing, "a string")?,
        ])
    }
}

fn wrong(field: Field, found: Kind, wanted: &'static str) -> Problem {
    Problem::WrongType { field, found: found.as_str(), wanted }
}

/// What a field takes besides strings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Also {
    Nothing,
    /// Whole numbers, digit for digit. Not fractions and exponents: an id that a program took for a floating-point
    /// number (`1.2e+19`) has lost digits, and is no longer the id.
    Integers,
    IntegersAndBooleans,
}

/// The text that a JSON scalar stands for.
fn scalar(json: &str, also: Also) -> Result<Cow<'_, str>, Kind> {
    let kind = Kind::of(json);
    let is_taken = match kind {
        Kind::Text => return unquoted(json).ok_or(Kind::BrokenText),
        Kind::Integer => also != Also::Nothing,
        Kind::Boolean => also == Also::IntegersAndBooleans,
        Kind::BrokenText | Kind::Number | Kind::List | Kind::Object => false,
    };
    if is_taken { Ok(json.into()) } else { Err(kind) }
}

/// The caller's mark, as it was written.
fn reference(json: &str) -> Result<Reference, Problem> {
    let kind = Kind::of(json);
    let is_scalar = match kind {
        Kind::Text => unquoted(json).is_some(),
        Kind::Number => json.parse().is_ok_and(f64::is_finite),
        Kind::Integer | Kind::Boolean => true,
        Kind::BrokenText | Kind::List | Kind::Object => false,
    };
    if is_scalar {
        Ok(Reference::from_json(json))
    } else {
        Err(wrong(Field::Reference, kind, "a string, a number or a boolean"))
    }
}

/// The inside of a JSON string; nothing where an escape makes no character (half a surrogate pair).
fn unquoted(json: &str) -> Option<Cow<'_, str>> {
    let inside = json.strip_prefix('"')?.strip_suffix('"')?;
    if inside.contains('\\') {
        serde_json::from_str(json).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inside))
    }
}

/// What a JSON value is, from its text, which is known to be well formed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    BrokenText,
    Integer,
    Number,
    Boolean,
    List,
    Object,
}

impl Kind {
    fn of(json: &str) -> Self {
        let bytes = json.as_bytes();
        match bytes.first() {
            Some(b'"') => Self::Text,
            Some(b't' | b'f') => Self::Boolean,
            Some(b'[') => Self::List,
            Some(b'{') => Self::Object,
            _ if bytes.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-') => Self::Integer,
            _ => Self::Number,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::BrokenText => "a string with a broken escape",
            Self::Integer => "a number",
            Self::Number => "a number with a fraction or an exponent",
            Self::Boolean => "a boolean",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }
}

/// A set of fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Fields(u8);

impl Fields {
    const NONE: Self = Self(0);
    const ALL: Self = Self((1 << Field::COUNT) - 1);

    fn add(&mut self, field: Field) {
        self.0 |= 1 << field as usize;
    }

    fn has(self, field: Field) -> bool {
        self.0 & 1 << field as usize != 0
    }

    fn iter(self) -> impl Iterator<Item = Field> {
        Field::ALL.into_iter().filter(move |field| self.has(*field))
    }
}

/// Where a key, or an index, leads.
#[derive(Default)]
struct Turn {
    /// The fields whose value stands right there.
    here: Fields,
    /// The precedence of the name that led there.
    rank: usize,
    /// The fields whose mapped path goes on.
    deeper: Fields,
}

impl Turn {
    /// One bit for each name that a field can go by in one object: to notice a name that comes twice.
    fn names(&self) -> u64 {
        self.here.iter().chain(self.deeper.iter()).map(|field| 1 << (8 * field as usize + self.rank)).sum()
    }
}

/// An object or a list that paths lead into; the record itself at depth 0.
struct Node<'n, 'a> {
    fields: &'n FieldMap,
    /// The fields whose paths have led here.
    reach: Fields,
    depth: usize,
    found: &'n mut Found<'a>,
    twice: &'n mut Option<Field>,
    notices: &'n mut Notices,
}

impl<'a> Node<'_, 'a> {
    fn turn(&mut self, key: &str) -> Turn {
        let mut turn = Turn::default();
        for field in self.reach.iter() {
            if let Some(steps) = self.fields.steps_of(field)
                && &*steps[self.depth] == key
            {
                if self.depth + 1 == steps.len() {
                    turn.here.add(field);
                } else {
                    turn.deeper.add(field);
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
    fn target(&mut self, turn: &Turn) -> Target<'_, 'a> {
        if turn.here != Fields::NONE {
            Target::Value { found: self.found, fields: turn.here, rank: turn.rank }
        } else if turn.deeper != Fields::NONE {
            Target::Inside(Node {
                fields: self.fields,
                reach: turn.deeper,
                depth: self.depth + 1,
                found: self.found,
                twice: self.twice,
                notices: self.notices,
            })
        } else {
            Target::Nothing
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
    type Value = Turn;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Turn, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_, '_, '_> {
    type Value = Turn;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Turn, E> {
        Ok(self.0.turn(key))
    }
}

/// What is to be done with a value.
enum Target<'n, 'a> {
    /// Keep its text for these fields.
    Value { found: &'n mut Found<'a>, fields: Fields, rank: usize },
    /// Look for more inside.
    Inside(Node<'n, 'a>),
    /// Nothing.
    Nothing,
}

impl<'de> DeserializeSeed<'de> for Target<'_, 'de> {
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

/// A value that nobody wants. Unlike serde's `IgnoredAny` it is looked at, so that a number no computer can hold
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
