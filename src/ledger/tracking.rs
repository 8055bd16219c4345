//! The results of tracking one-time codes: what followed from a log, and which codes expire.

use super::ticket::Entries;
use crate::domain::Timestamp;

/// What a group of events, or of codes that expired, came to, after it is committed.
#[derive(Debug, Default, PartialEq, Eq)]
#[must_use = "the tickets in it must be settled"]
pub struct Observed {
    /// The conversions that followed.
    pub entries: Entries,
    /// How many of what.
    pub counts: CodeCounts,
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
    /// By the log: those whose deadline is at or before this time of it.
    ByLog(Timestamp),
    /// By the clock: those that arrived at or before this time.
    ByClock(Timestamp),
    /// All of them: the log will say nothing more about these codes.
    All,
}
