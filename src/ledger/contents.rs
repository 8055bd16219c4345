//! A ledger's contents as they are shown: counts, dead letters, and everything about one id.

use super::state::RowState;
use crate::domain::{BadRecord, ErrorCode, Failure, Record, Timestamp};

/// What a ledger keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// Conversions in this state.
    Conversion(RowState),
    /// Codes that were sent and have not expired.
    OpenCode,
    /// Input that was no record.
    Unreadable,
}

impl Kept {
    /// The name for people and programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Conversion(state) => state.as_str(),
            Self::OpenCode => "open_window",
            Self::Unreadable => "unreadable",
        }
    }
}

/// How much of something is kept for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusRow {
    /// The account's fingerprint, as [`crate::domain::AccountFingerprint`] shows it.
    pub account: String,
    /// Of what.
    pub kept: Kept,
    /// How many.
    pub count: u64,
    /// When the oldest was recorded.
    pub oldest: Timestamp,
}

/// What will never be sent by itself, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The account's fingerprint.
    pub account: String,
    /// What it was.
    pub original: Original,
    /// When it became one.
    pub when: Timestamp,
}

/// What a dead letter was before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Original {
    /// A good record that the API refused, or that was postponed for too long.
    Record {
        /// The record.
        record: Record,
        /// What the API, or the last attempt, said.
        failure: Failure,
        /// The API's status, if it ever answered with one that was kept.
        http_status: Option<u16>,
        /// How many requests were begun for it.
        attempts: u32,
    },
    /// Input that was no record, with its bytes.
    Unreadable(BadRecord),
}

/// One value that was recorded for an id, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// The account's fingerprint.
    pub account: String,
    /// What was recorded.
    pub record: Record,
    /// Where it stands.
    pub state: RowState,
    /// When it was recorded.
    pub recorded: Timestamp,
    /// When it is to be sent, if it is pending.
    pub next_attempt: Option<Timestamp>,
    /// When it was settled, if it is.
    pub settled: Option<Timestamp>,
    /// How many requests were begun for it.
    pub attempts: u32,
    /// The last answer's status, where one was kept.
    pub http_status: Option<u16>,
    /// Why it was not accepted, so far or for good.
    pub error: Option<(ErrorCode, String)>,
}

/// A code that the log has not settled yet: it may still convert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCode {
    /// The account's fingerprint.
    pub account: String,
    /// When silence becomes `delivered=false`, where that is known.
    pub deadline: Option<Timestamp>,
}
