//! What happened to an account's conversions in a time range: every one that was accepted, row by row, and everything else
//! counted. The statistics are worked out elsewhere.

use super::state::RowState;
use crate::domain::{Channel, ErrorCode, Timestamp};

/// Which rows are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// Settled later than this …
    pub after: Timestamp,
    /// … and not later than this.
    pub until: Timestamp,
    /// Accepted rows that were settled before, but whose own time is later than this, are wanted, too.
    pub with_times_after: Timestamp,
}

/// A conversion that was accepted; borrowed, because there may be millions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptedRow<'a> {
    /// Grows with the order of recording.
    pub row: i64,
    /// The channel.
    pub channel: Channel,
    /// The message-id.
    pub message_id: &'a str,
    /// Whether the user completed the step.
    pub delivered: bool,
    /// When the user completed it, or did not.
    pub timestamp: Timestamp,
    /// When the API's answer was written down.
    pub settled: Timestamp,
    /// What it took.
    pub effort: EffortSpent,
    /// Whether there are others of its message-id and channel.
    pub others: Others,
}

/// Whether a message-id has other rows than one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// It has none.
    None,
    /// It may have some.
    Possible,
}

/// What it took to settle one or more rows, or not to settle them yet.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct EffortSpent {
    /// Requests begun.
    pub requests: u64,
    /// Of these, how many were not a row's first.
    pub retries: u64,
    /// Of these, how many were sent although the one before may have arrived.
    pub ambiguous_resends: u64,
}

impl EffortSpent {
    /// Adds another one.
    pub fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.retries += other.retries;
        self.ambiguous_resends += other.ambiguous_resends;
    }
}

/// Everything of the time range that was not accepted, and what is pending whenever it was recorded.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Remainder {
    /// Refused, expired and stale rows, by their reason.
    pub settled: Vec<SettledOtherwise>,
    /// Input that was no record, by its reason.
    pub unreadable: Vec<(ErrorCode, u64)>,
    /// Rows whose outcome is open.
    pub pending: Pending,
    /// How the last run of each command ended, by the command.
    pub ends: Vec<CommandEnd>,
}

/// How the last run of a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandEnd {
    /// `batch`, `ledger resume`, …
    pub command: String,
    /// When.
    pub at: Timestamp,
    /// What its caller was told.
    pub exit_code: u8,
}

/// Rows that ended otherwise than accepted, with one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettledOtherwise {
    /// Refused, expired or stale.
    pub state: RowState,
    /// Why; a row that was overtaken has no reason unless it failed before.
    pub code: Option<ErrorCode>,
    /// The API's last status, if it answered.
    pub http_status: Option<u16>,
    /// How many.
    pub rows: u64,
    /// What they took.
    pub effort: EffortSpent,
}

/// Rows whose outcome is open.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// How many.
    pub rows: u64,
    /// When the oldest was recorded.
    pub oldest: Option<Timestamp>,
    /// What was spent on them so far.
    pub effort: EffortSpent,
}
