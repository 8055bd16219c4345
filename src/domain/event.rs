//! An event of a one-time code in an application's log: that it was sent, or that the user converted.

use super::{Channel, MessageId, MessageIdDoubt, Reference, TimeSource, Timestamp};

/// One line of such a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeEvent {
    /// Its place in the input, from 1.
    pub line: u64,
    /// Which file of the log it stands in, by its number.
    pub source: usize,
    /// The caller's own mark; the parts of one code share it.
    pub reference: Option<Reference>,
    /// What happened.
    pub happening: Happening,
    /// The message or call that carried the code, or a part of it.
    pub message_id: MessageId,
    /// SMS or voice. What was sent says so; a conversion need not, as it is known from when its code was sent.
    pub channel: Option<Channel>,
    /// When it happened, by the log's own time.
    pub timestamp: Timestamp,
    /// Where that time comes from.
    pub time: TimeSource,
    /// What is doubtful about the id, for a warning and nothing else.
    pub doubts: Vec<MessageIdDoubt>,
    /// The original bytes of a conversion that does not say its channel: perhaps nothing ever will.
    pub raw: Vec<u8>,
}

/// What happened to a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// It was sent to the user.
    Sent,
    /// The user completed the step.
    Converted,
}
