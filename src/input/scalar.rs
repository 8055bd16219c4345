//! JSON values as they were written, and the texts they stand for.

use std::borrow::Cow;

use memchr::memchr;

use super::assemble::Problem;
use super::field::Field;
use crate::domain::Reference;

/// What a field takes besides strings.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Also {
    Nothing,
    /// Whole numbers, digit for digit. Not fractions and exponents: an id that a program took for a floating-point
    /// number (`1.2e+19`) has lost digits, and is no longer the id.
    Integers,
    /// Numbers with or without a fraction: Unix time.
    Fractions,
    /// Every scalar.
    Anything,
    /// `true` and `false`, and the 0 and 1 of languages without them.
    Booleans,
}

impl Also {
    fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "a string",
            Self::Integers => "a string or a whole number",
            Self::Fractions => "a string or a number without an exponent",
            Self::Anything => "a string, a number or a boolean",
            Self::Booleans => "true or false",
        }
    }
}

/// The text that a JSON scalar stands for.
pub(super) fn scalar(json: &str, field: Field, also: Also) -> Result<Cow<'_, str>, Problem> {
    let (is_taken, kind) = match JsonKind::of(json) {
        JsonKind::Text => match unquoted(json) {
            Some(text) => return Ok(text),
            None => (false, JsonKind::BrokenText),
        },
        JsonKind::Integer => (also != Also::Nothing, JsonKind::Integer),
        JsonKind::Boolean => (matches!(also, Also::Booleans | Also::Anything), JsonKind::Boolean),
        JsonKind::Number if also == Also::Anything => (true, JsonKind::Number),
        JsonKind::Number if also == Also::Fractions => (!json.contains(['e', 'E']), JsonKind::Number),
        kind @ (JsonKind::BrokenText | JsonKind::Number | JsonKind::List | JsonKind::Object) => (false, kind),
    };
    if is_taken { Ok(json.into()) } else { Err(wrong(field, kind, also.as_str())) }
}

/// What a value says that may be anything: the text of a string, and of everything else how it was written.
pub(super) fn mark(json: &str) -> Cow<'_, str> {
    match JsonKind::of(json) {
        JsonKind::Text => unquoted(json).unwrap_or(json.into()),
        JsonKind::BrokenText
        | JsonKind::Integer
        | JsonKind::Boolean
        | JsonKind::Number
        | JsonKind::List
        | JsonKind::Object => json.into(),
    }
}

/// The caller's mark, as it was written.
pub(super) fn reference(json: &str) -> Result<Reference, Problem> {
    let (is_scalar, kind) = match JsonKind::of(json) {
        JsonKind::Text => (unquoted(json).is_some(), JsonKind::BrokenText),
        JsonKind::Number => (json.parse().is_ok_and(f64::is_finite), JsonKind::Number),
        kind @ (JsonKind::Integer | JsonKind::Boolean) => (true, kind),
        kind @ (JsonKind::BrokenText | JsonKind::List | JsonKind::Object) => (false, kind),
    };
    if is_scalar {
        Ok(Reference::from_json(json))
    } else {
        Err(wrong(Field::Reference, kind, "a string, a number or a boolean"))
    }
}

fn wrong(field: Field, kind: JsonKind, wanted: &'static str) -> Problem {
    Problem::WrongType { field, found: kind.as_str(), wanted }
}

/// The inside of a JSON string; nothing where an escape makes no character (half a surrogate pair).
fn unquoted(json: &str) -> Option<Cow<'_, str>> {
    let inside = json.strip_prefix('"')?.strip_suffix('"')?;
    if memchr(b'\\', inside.as_bytes()).is_some() {
        serde_json::from_str(json).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inside))
    }
}

/// What a JSON value is, from its text, which is known to be well formed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum JsonKind {
    Text,
    BrokenText,
    Integer,
    Number,
    Boolean,
    List,
    Object,
}

impl JsonKind {
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
