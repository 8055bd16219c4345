//! One input record: a conversion and where it came from.

use std::sync::Arc;

use super::{Conversion, ErrorCode, MessageIdDoubt, Timestamp};

/// A good record, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its place in the input, from 1: the line, or the position among the arguments.
    pub line: u64,
    /// The caller's own mark, echoed in the result.
    pub reference: Option<Reference>,
    /// What is to be sent.
    pub conversion: Conversion,
    /// Where the conversion's timestamp comes from.
    pub time: TimeSource,
    /// What is doubtful about it, for a warning and nothing else.
    pub doubts: Vec<MessageIdDoubt>,
}

/// Where a timestamp comes from; two records without one are the same record, whenever they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeSource {
    /// The input gives it.
    Given,
    /// The input gives none: it is the moment of reading.
    Now,
    /// Typed without one: another value than the newest one is a new fact, from now on.
    Typed,
    /// Typed, and to be sent whatever was sent before.
    Forced,
}

impl Record {
    /// The time in its key, which distinguishes two records of one value: its own, or that there was none.
    #[must_use]
    pub fn key_time(&self) -> Option<Timestamp> {
        match self.time {
            TimeSource::Given | TimeSource::Typed | TimeSource::Forced => Some(self.conversion.timestamp),
            TimeSource::Now => None,
        }
    }
}

/// A record that can never be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRecord {
    /// Its place in the input, from 1.
    pub line: u64,
    /// The caller's own mark, where it could be read.
    pub reference: Option<Reference>,
    /// `bad_record` or `future_timestamp`.
    pub code: ErrorCode,
    /// What is wrong with it: lower case, no full stop.
    pub message: String,
    /// The original bytes, at most [`BadRecord::RAW_MAX`] of them.
    pub raw: Vec<u8>,
    /// The file that the line is counted in, where there are several; the ledger does not keep it.
    pub file: Option<Arc<str>>,
}

impl BadRecord {
    /// How much of the original is kept: the longest line that is taken at all.
    pub const RAW_MAX: usize = 64 * 1024;
}

/// The caller's `ref`: a JSON scalar, kept as the JSON text it was written in so that it is echoed unchanged (but that what
/// acts on a terminal is escaped, as everywhere in JSON).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference(Box<str>);

impl Reference {
    /// Takes the JSON text of a scalar; the caller vouches that it is one.
    #[must_use]
    pub fn from_json(text: &str) -> Self {
        Self(text.into())
    }

    /// The JSON text.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// Whether it names something, and is not what programs write where they have nothing to write.
    #[must_use]
    pub fn is_meant(&self) -> bool {
        const NOTHING: [&str; 9] = ["", "0", "false", "null", "none", "nil", "undefined", "nan", "-"];
        let text = self.0.trim_matches('"').trim();
        !NOTHING.iter().any(|nothing| text.eq_ignore_ascii_case(nothing))
    }
}
