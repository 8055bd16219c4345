//! What an input is made of.

use crate::domain::{BadRecord, CodeEvent, Record, Timestamp};

/// What stands in the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputItem {
    /// A record that can be sent.
    Record(Record),
    /// Something that happened to a code.
    Event(CodeEvent),
    /// A line of a log without an event, and its time if it says one.
    Unrelated(Option<Timestamp>),
    /// A record that never can.
    Bad(BadRecord),
    /// The source has ended within a record. It comes again until the input is said to be complete ([`Reader::complete`](super::Reader::complete)).
    Unfinished,
}
