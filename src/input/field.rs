//! The fields of a record, the names they go by, and where `--field` says to look for them.

use std::fmt;
use std::str::FromStr;

use strsim::damerau_levenshtein;
use thiserror::Error;

/// What is read from a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The message, call or event id.
    MessageId,
    /// Whether the user completed the step.
    Delivered,
    /// When.
    Timestamp,
    /// SMS or voice.
    Channel,
    /// The caller's own mark.
    Reference,
}

/// The names that are understood without `--field`; of several in one record, the one that stands first here counts.
/// (Application logs have their own `id`, `time` and `type` beside ours.)
const NAMES: [(Field, &[&str]); Field::COUNT] = [
    (Field::MessageId, &["message_id", "message-id", "messageId", "id", "call_id", "call-id", "event_id"]),
    (Field::Delivered, &["delivered"]),
    (Field::Timestamp, &["timestamp", "ts", "time"]),
    (Field::Channel, &["channel", "type"]),
    (Field::Reference, &["ref"]),
];

/// The other names in our own result lines, which are valid input.
const RESULT_LINE: [&str; 12] = [
    "v",
    "line",
    "outcome",
    "http_status",
    "attempts",
    "elapsed_ms",
    "age_s",
    "profile",
    "sent_at",
    "error",
    "raw",
    "file",
];

impl Field {
    pub(super) const COUNT: usize = 5;
    pub(super) const ALL: [Self; Self::COUNT] =
        [Self::MessageId, Self::Delivered, Self::Timestamp, Self::Channel, Self::Reference];

    /// The name in messages and in `--field`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MessageId => "message-id",
            Self::Delivered => "delivered",
            Self::Timestamp => "timestamp",
            Self::Channel => "channel",
            Self::Reference => "ref",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The field that goes by exactly this name, and the name's place in the order of precedence.
pub(super) fn named(name: &str) -> Option<(Field, usize)> {
    find(|known| known == name)
}

/// As [`named`], in any case: people write headers by hand.
pub(super) fn named_in_any_case(name: &str) -> Option<(Field, usize)> {
    find(|known| known.eq_ignore_ascii_case(name))
}

fn find(is_it: impl Fn(&str) -> bool) -> Option<(Field, usize)> {
    NAMES.iter().find_map(|(field, names)| {
        let rank = names.iter().position(|known| is_it(known))?;
        Some((*field, rank))
    })
}

/// Whether this is one of the names in our own result lines that are not read.
pub(super) fn is_from_a_result_line(name: &str) -> bool {
    RESULT_LINE.contains(&name)
}

/// The known name that was probably meant: the same but for case and punctuation, or nearly.
pub(super) fn nearest(name: &str) -> Option<(Field, &'static str)> {
    let wanted = bare(name);
    NAMES
        .iter()
        .flat_map(|(field, names)| names.iter().map(move |known| (*field, *known)))
        .map(|(field, known)| (damerau_levenshtein(&wanted, &bare(known)), field, known))
        .filter(|(distance, _, known)| *distance <= (known.len() / 3).min(2))
        .min_by_key(|(distance, _, _)| *distance)
        .map(|(_, field, known)| (field, known))
}

fn bare(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(64).collect()
}

/// One `--field NAME=PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldMapping {
    field: Field,
    path: Path,
}

/// Where a field stands: a column's name, or the keys and array indices that lead to it in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    text: Box<str>,
    steps: Box<[Box<str>]>,
}

/// Why a `--field` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FieldMappingError {
    /// There is no `=` in it.
    #[error("`{0}` is not NAME=PATH")]
    NoPath(String),
    /// The part before `=` is no field; the field that was probably meant.
    #[error("`{name}` is not a field (there are message-id, delivered, timestamp, channel, ref)")]
    UnknownField {
        /// What was written.
        name: String,
        /// What was probably meant.
        nearest: Option<Field>,
    },
    /// The part after `=` is empty, or has nothing between two dots.
    #[error("`{0}` has an empty step in its path")]
    EmptyStep(String),
    /// The same field twice.
    #[error("{0} is mapped twice")]
    Twice(Field),
}

impl FromStr for FieldMapping {
    type Err = FieldMappingError;

    fn from_str(text: &str) -> Result<Self, FieldMappingError> {
        let (name, path) = text.split_once('=').ok_or_else(|| FieldMappingError::NoPath(text.to_owned()))?;
        let (field, _) = named_in_any_case(name.trim()).ok_or_else(|| FieldMappingError::UnknownField {
            name: name.to_owned(),
            nearest: nearest(name).map(|(field, _)| field),
        })?;
        let path = path.trim();
        if path.split('.').any(str::is_empty) {
            return Err(FieldMappingError::EmptyStep(text.to_owned()));
        }
        let path = Path { text: path.into(), steps: path.split('.').map(Into::into).collect() };
        Ok(Self { field, path })
    }
}

/// Every `--field` of a run. A mapped field is looked for at its path and nowhere else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldMap([Option<Path>; Field::COUNT]);

impl FieldMap {
    /// Collects the mappings; each field may be mapped once.
    pub fn new(mappings: impl IntoIterator<Item = FieldMapping>) -> Result<Self, FieldMappingError> {
        let mut map = Self::default();
        for FieldMapping { field, path } in mappings {
            let slot = &mut map.0[field as usize];
            if slot.is_some() {
                return Err(FieldMappingError::Twice(field));
            }
            *slot = Some(path);
        }
        Ok(map)
    }

    /// Whether `--field` says where this field stands.
    pub(super) fn maps(&self, field: Field) -> bool {
        self.0[field as usize].is_some()
    }

    /// The fields that stand in the column of this name.
    pub(super) fn in_column(&self, name: &str) -> impl Iterator<Item = Field> {
        self.mapped().filter(move |(_, path)| path.text.eq_ignore_ascii_case(name)).map(|(field, _)| field)
    }

    /// The column or path that a field is mapped to.
    pub(super) fn column_of(&self, field: Field) -> Option<&str> {
        self.0[field as usize].as_ref().map(|path| &*path.text)
    }

    /// The steps of the path that a field is mapped to.
    pub(super) fn steps_of(&self, field: Field) -> Option<&[Box<str>]> {
        self.0[field as usize].as_ref().map(|path| &*path.steps)
    }

    fn mapped(&self) -> impl Iterator<Item = (Field, &Path)> {
        Field::ALL.into_iter().zip(&self.0).filter_map(|(field, path)| Some((field, path.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Field, FieldMap, FieldMapping, FieldMappingError, named, nearest};

    #[test]
    fn every_documented_alias_is_known_and_the_canonical_name_comes_first() {
        let first = named("message_id").unwrap();
        for alias in ["message-id", "messageId", "id", "call_id", "call-id", "event_id"] {
            let (field, rank) = named(alias).unwrap();
            assert_eq!(field, first.0);
            assert!(rank > first.1);
        }
        for (alias, field) in [
            ("ts", Field::Timestamp),
            ("time", Field::Timestamp),
            ("type", Field::Channel),
            ("ref", Field::Reference),
        ] {
            assert_eq!(named(alias).unwrap().0, field);
        }
        assert_eq!(named("Message_ID"), None);
    }

    #[test]
    fn the_table_of_names_is_in_the_order_of_the_fields() {
        for (field, (named, _)) in Field::ALL.into_iter().zip(super::NAMES) {
            assert_eq!(field, named);
            assert_eq!(Field::ALL[field as usize], field);
        }
    }

    #[test]
    fn a_typo_is_recognised_and_an_unrelated_name_is_not() {
        for (typo, meant) in [
            ("mesage_id", "message_id"),
            ("MessageID", "message_id"),
            ("deliverd", "delivered"),
            ("chanel", "channel"),
            ("time-stamp", "timestamp"),
            ("ID", "id"),
        ] {
            assert_eq!(nearest(typo).map(|(_, name)| name), Some(meant), "{typo}");
        }
        for name in ["", "level", "user", "country", "uid", "note"] {
            assert_eq!(nearest(name), None, "{name}");
        }
    }

    #[test]
    fn a_mapping_names_a_field_by_any_of_its_names() {
        let map = FieldMap::new(["message_id=otp.id".parse().unwrap(), "ref=id".parse().unwrap()]).unwrap();
        assert!(map.maps(Field::MessageId) && map.maps(Field::Reference) && !map.maps(Field::Channel));
        assert_eq!(map.column_of(Field::MessageId), Some("otp.id"));
        assert_eq!(map.steps_of(Field::MessageId).unwrap().len(), 2);
    }

    #[test]
    fn a_mapping_that_cannot_be_used_is_refused_with_the_reason() {
        let error = |text: &str| text.parse::<FieldMapping>().unwrap_err();
        assert_eq!(error("message-id"), FieldMappingError::NoPath("message-id".into()));
        assert_eq!(
            error("mesage-id=x"),
            FieldMappingError::UnknownField { name: "mesage-id".into(), nearest: Some(Field::MessageId) }
        );
        for text in ["ref=", "ref=a..b", "ref=.a", "ref=a."] {
            assert_eq!(error(text), FieldMappingError::EmptyStep(text.into()));
        }
        let twice = ["id=a", "message-id=b"].map(|text| text.parse().unwrap());
        assert_eq!(FieldMap::new(twice), Err(FieldMappingError::Twice(Field::MessageId)));
    }
}
