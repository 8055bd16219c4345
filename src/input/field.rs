//! The fields of a record, the names they go by, and where `--field` says to look for them.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::filter::Filter;
use super::path::{Mark, Path};
use crate::domain::{self, Happening, names};

names! {
    /// What is read from a record, by the name that it has in messages and in `--field`.
    Field {
        /// The message, call or event id.
        MessageId = "message-id",
        /// Whether the user completed the step.
        Delivered = "delivered",
        /// When.
        Timestamp = "timestamp",
        /// SMS or voice.
        Channel = "channel",
        /// What says that a code was sent.
        Sent = "the sent event",
        /// What says that the user converted.
        Converted = "the converted event",
        /// The caller's own mark.
        Reference = "ref",
        /// What only a carrier's delivery receipt has.
        Receipt = "the carrier's receipt",
    }
}

/// The names that are understood without `--field`; of several in one record, the one that stands first here counts.
/// (Application logs have their own `id`, `time` and `type` beside ours.)
const NAMES: [(Field, &[&str]); Field::COUNT] = [
    (Field::MessageId, &["message_id", "message-id", "messageId", "id", "call_id", "call-id", "event_id"]),
    (Field::Delivered, &["delivered"]),
    (Field::Timestamp, &["timestamp", "ts", "time"]),
    (Field::Channel, &["channel", "type"]),
    // These two are looked for only where `FieldMap::for_events` says.
    (Field::Sent, &[]),
    (Field::Converted, &[]),
    (Field::Reference, &["ref"]),
    (Field::Receipt, &["err-code", "err_code", "errCode", "scts", "network-code", "network_code", "networkCode"]),
];

/// The other names in our own result lines, which are valid input.
const RESULT_LINE: [&str; 13] = [
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
    "request",
];

impl Field {
    pub(super) const COUNT: usize = Self::ALL.len();
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
    let known =
        NAMES.iter().flat_map(|(field, names)| names.iter().map(move |known| (bare(known), (*field, *known))));
    domain::nearest(&bare(name), known)
}

pub(super) fn bare(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(64).collect()
}

/// Whether this is the carrier's word on a message. In all of the provider's answers and receipts, 0 means success.
pub(super) fn is_carriers(name: &str) -> bool {
    ["status", "statuscode", "errcode", "errorcode", "messagestatus", "deliverystatus", "dlrstatus"]
        .contains(&&*bare(name))
}

/// One `--field NAME=PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldMapping {
    field: Field,
    path: Path,
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
    /// The carrier's word where the user's is wanted.
    #[error(
        "`{0}` is the carrier's word on the message, in which 0 means success, and not whether the user converted"
    )]
    Carriers(String),
    /// Two `--delivered-when` that look at different fields.
    #[error("all --delivered-when must look at the same field")]
    SeveralFields,
    /// There is no `=` in it, or nothing after it.
    #[error("`{0}` is not FIELD=VALUE")]
    NoValue(String),
}

impl FromStr for FieldMapping {
    type Err = FieldMappingError;

    fn from_str(text: &str) -> Result<Self, FieldMappingError> {
        let (name, path) = text.split_once('=').ok_or_else(|| FieldMappingError::NoPath(text.to_owned()))?;
        let field = named_in_any_case(name.trim()).filter(|(field, _)| *field != Field::Receipt);
        let (field, _) = field.ok_or_else(|| FieldMappingError::UnknownField {
            name: name.to_owned(),
            nearest: nearest(name).map(|(field, _)| field),
        })?;
        Ok(Self { field, path: Path::parse(path).ok_or_else(|| FieldMappingError::EmptyStep(text.to_owned()))? })
    }
}

impl FromStr for Mark {
    type Err = FieldMappingError;

    fn from_str(text: &str) -> Result<Self, FieldMappingError> {
        let (path, value) = text.split_once('=').ok_or_else(|| FieldMappingError::NoValue(text.to_owned()))?;
        let path = Path::parse(path).ok_or_else(|| FieldMappingError::EmptyStep(text.to_owned()))?;
        match value.trim() {
            "" => Err(FieldMappingError::NoValue(text.to_owned())),
            value => Ok(Self { path, value: value.into() }),
        }
    }
}

impl fmt::Display for FieldMapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.field, self.path.text())
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.path.text(), self.value)
    }
}

/// Every `--field` of a run. A mapped field is looked for at its path and nowhere else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldMap {
    paths: [Option<Path>; Field::COUNT],
    /// The values that say that a code was sent, and that the user converted.
    happenings: Option<[Box<str>; 2]>,
    /// The values that mean that the user converted, where others are wanted than `true` and `false`.
    delivered: Vec<Box<str>>,
    filter: Filter,
}

impl FieldMap {
    /// Collects the mappings; each field may be mapped once.
    pub fn new(mappings: impl IntoIterator<Item = FieldMapping>) -> Result<Self, FieldMappingError> {
        let mut map = Self::default();
        for FieldMapping { field, path } in mappings {
            if field == Field::Delivered && path.steps().last().is_some_and(|step| is_carriers(step)) {
                return Err(FieldMappingError::Carriers(path.text().into()));
            }
            let slot = &mut map.paths[field as usize];
            if slot.is_some() {
                return Err(FieldMappingError::Twice(field));
            }
            *slot = Some(path);
        }
        Ok(map)
    }

    /// Makes `delivered` true where a field has one of these values, and false where it has another one.
    pub fn delivered_when(mut self, marks: impl IntoIterator<Item = Mark>) -> Result<Self, FieldMappingError> {
        for mark in marks {
            match &mut self.paths[Field::Delivered as usize] {
                Some(_) if self.delivered.is_empty() => return Err(FieldMappingError::Twice(Field::Delivered)),
                Some(path) if *path != mark.path => return Err(FieldMappingError::SeveralFields),
                slot => *slot = Some(mark.path),
            }
            self.delivered.push(mark.value);
        }
        Ok(self)
    }

    /// Takes only lines that say this: of several values for one field one of them, and of several fields all.
    #[must_use]
    pub fn only(mut self, marks: impl IntoIterator<Item = Mark>) -> Self {
        for mark in marks {
            self.filter.add(mark);
        }
        self
    }

    /// Which lines are wanted.
    pub(super) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Whether `delivered` has values of its own.
    pub(super) fn has_own_values(&self) -> bool {
        !self.delivered.is_empty()
    }

    /// What a value says of `delivered`.
    pub(super) fn delivered<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        if self.delivered.is_empty() {
            return text;
        }
        let means_true = self.delivered.iter().any(|value| value.eq_ignore_ascii_case(text.trim()));
        if means_true { "true".into() } else { "false".into() }
    }

    /// Makes it a map for a log, with the values that mark the two events.
    #[must_use]
    pub fn for_events(mut self, sent: Mark, converted: Mark) -> Self {
        self.paths[Field::Sent as usize] = Some(sent.path);
        self.paths[Field::Converted as usize] = Some(converted.path);
        self.happenings = Some([sent.value, converted.value]);
        self
    }

    /// Whether lines are events of a log, and not conversions.
    pub(super) fn is_for_events(&self) -> bool {
        self.happenings.is_some()
    }

    /// What happened, by the texts that a line has where the two events are marked. A line may mark both: then the user has
    /// converted.
    pub(super) fn happening(&self, sent: Option<&str>, converted: Option<&str>) -> Option<Happening> {
        let [sent_value, converted_value] = self.happenings.as_ref()?;
        if converted.is_some_and(|text| text.trim() == &**converted_value) {
            Some(Happening::Converted)
        } else {
            sent.is_some_and(|text| text.trim() == &**sent_value).then_some(Happening::Sent)
        }
    }

    /// Whether `--field` says where this field stands.
    pub(super) fn maps(&self, field: Field) -> bool {
        self.paths[field as usize].is_some()
    }

    /// The fields that stand in the column of this name.
    pub(super) fn in_column(&self, name: &str) -> impl Iterator<Item = Field> {
        self.mapped().filter(move |(_, path)| path.text().eq_ignore_ascii_case(name)).map(|(field, _)| field)
    }

    /// The column or path that a field is mapped to.
    pub(super) fn column_of(&self, field: Field) -> Option<&str> {
        self.paths[field as usize].as_ref().map(Path::text)
    }

    /// The steps of the path that a field is mapped to.
    pub(super) fn steps_of(&self, field: Field) -> Option<&[Box<str>]> {
        self.paths[field as usize].as_ref().map(Path::steps)
    }

    fn mapped(&self) -> impl Iterator<Item = (Field, &Path)> {
        Field::ALL.iter().copied().zip(&self.paths).filter_map(|(field, path)| Some((field, path.as_ref()?)))
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
    fn every_field_of_a_result_line_is_a_known_name() {
        let schema: serde_json::Value =
            serde_json::from_str(include_str!("../../docs/result-line.schema.json")).unwrap();
        for name in schema["properties"].as_object().unwrap().keys() {
            assert!(named(name).is_some() || super::is_from_a_result_line(name), "{name} would be called unknown");
        }
    }

    #[test]
    fn the_table_of_names_is_in_the_order_of_the_fields() {
        for (field, (named, _)) in Field::ALL.iter().copied().zip(super::NAMES) {
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
