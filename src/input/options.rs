//! How an input is to be read.

use super::detect::Format;
use super::field::FieldMap;
use super::lines::Ending;
use crate::domain::{Channel, Delivered};

/// How an input is to be read.
#[derive(Debug, Clone, Default)]
pub struct InputOptions {
    /// How records are written.
    pub format: Format,
    /// What ends a record.
    pub separator: Separator,
    /// The channel of records that do not say.
    pub channel: Option<Channel>,
    /// What holds for records that do not say.
    pub delivered: Option<Delivered>,
    /// Where fields stand that do not go by their own names.
    pub fields: FieldMap,
    /// What it means that the source ends.
    pub ending: Ending,
}

/// What ends a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Separator {
    /// A line feed, or a carriage return and a line feed.
    #[default]
    Newline,
    /// A NUL byte, as `find -print0` writes.
    Nul,
}
