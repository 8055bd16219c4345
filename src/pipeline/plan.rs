//! What a run is given: its items, and what is fixed for it.

use std::time::Duration;

use super::deadlines::Tracking;
use super::looks::Adopt;
use super::schedule::Limits;
use crate::domain::{BadRecord, CodeEvent, ReadTo, Record, TimeSource, Timestamp};

/// Something out of the input.
#[derive(Debug)]
pub enum Item {
    /// A record to send.
    Record(Record),
    /// Something that happened to a code, from which records may follow.
    Event(CodeEvent),
    /// A line of a log without an event shows how far the log has come.
    LogTime(Timestamp),
    /// One that can never be sent.
    Bad(BadRecord),
    /// How far followed files have been read with all that came before this.
    ReadTo(Vec<ReadTo>),
    /// Something worth knowing about the input, once.
    Remark(String),
    /// The input cannot be read any further, and what was read may make no sense: nothing more is sent.
    Broken,
}

impl Item {
    /// When it happened by the log that it stands in.
    #[must_use]
    pub fn log_time(&self) -> Option<Timestamp> {
        match self {
            Self::Event(event) => (event.time == TimeSource::Given).then_some(event.timestamp),
            Self::LogTime(time) => Some(*time),
            Self::Record(_) | Self::Bad(_) | Self::ReadTo(_) | Self::Remark(_) | Self::Broken => None,
        }
    }
}

/// Everything that is fixed for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunPlan {
    /// The bounds of the run.
    pub limits: Limits,
    /// Which rows of earlier runs are taken over; none without a ledger.
    pub adopt: Adopt,
    /// How codes are tracked, where the input is a log of them.
    pub tracking: Option<Tracking>,
    /// What becomes of input that was refused before.
    pub refused_before: RefusedBefore,
    /// How long a group waits for more, while there is more to come, before it is written down.
    pub linger: Duration,
}

/// What becomes of input that the API refused, or that could not be read, in an earlier run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedBefore {
    /// It is left out: it had its result then.
    Skip,
    /// It fails again.
    Fail,
}
