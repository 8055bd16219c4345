//! The results of tracking one-time codes: what followed from a log, and which codes expire.

use std::time::Duration;

use super::ticket::Entries;
use crate::domain::{Reference, Timestamp};

/// What makes a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeRules {
    /// How long a code may take to convert.
    pub lasts: Duration,
    /// The parts of a long message are sent within this time.
    pub parts_within: Duration,
}

/// A file or pipe of the log that a run reads: how a later run knows it again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogSource {
    /// Where it is, or what it was called. None of a pipe.
    pub name: Option<String>,
    /// What the file is, wherever it was moved.
    pub identity: Option<String>,
}

/// What a group of events, or of codes that expired, came to, after it is committed.
#[derive(Debug, Default, PartialEq, Eq)]
#[must_use = "the tickets in it must be settled"]
pub struct Observed {
    /// The conversions that followed.
    pub entries: Entries,
    /// How many of what.
    pub counts: CodeCounts,
    /// A `ref` that too many codes share: it does not mark the parts of one message, and has joined none.
    pub shared_ref: Option<Reference>,
}

/// Events and what they were, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CodeCounts {
    /// Codes that were seen being sent.
    pub sent: u64,
    /// Further message-ids of these.
    pub parts: u64,
    /// Codes that the user converted.
    pub converted: u64,
    /// Of these, how many came after their deadline.
    pub late: u64,
    /// Codes that expired without a conversion.
    pub silent: u64,
    /// Events that were known already.
    pub repeated: u64,
}

impl CodeCounts {
    /// Adds another group's.
    pub fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.parts += other.parts;
        self.converted += other.converted;
        self.late += other.late;
        self.silent += other.silent;
        self.repeated += other.repeated;
    }
}

/// Which codes have expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// By the log that this run reads: those that it told of, whose deadline is before this time of it.
    ByLog(Timestamp),
    /// By the clock.
    ByClock {
        /// Those of the log that this run reads, if they arrived before this time.
        ours: Timestamp,
        /// Those of logs that nobody reads any more, if they arrived, and were sent, before this time.
        others: Timestamp,
    },
    /// All of them: no log will say anything more about these codes.
    All,
}
