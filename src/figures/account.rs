//! An account's figures: read from the ledger, and worked out.

use crate::domain::{ErrorCode, Timestamp};
use crate::ledger::{CommandEnd, EffortSpent, LedgerError, LedgerReader, Pending, Remainder, RowState, TimeRange};

use super::course::Course;
use super::span::Span;
use super::tally::Tally;

/// An account's figures over a span.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// The time range.
    pub span: Span,
    /// Rates and lateness: of all traffic, then by channel, all, SMS, voice.
    pub courses: [Course; 3],
    /// How conversions ended in the span.
    pub outcomes: Outcomes,
    /// Why some did not get through, the most frequent reasons first.
    pub reasons: Vec<Reason>,
    /// What the settled ones took.
    pub effort: EffortSpent,
    /// What waits now, whenever it was recorded.
    pub pending: Pending,
    /// How the last run of each command ended, whenever that was.
    pub ends: Vec<CommandEnd>,
}

/// How conversions ended.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Outcomes {
    /// The API took them.
    pub accepted: u64,
    /// The API refused them for good.
    pub refused: u64,
    /// Postponed until they were given up.
    pub expired: u64,
    /// Overtaken by a newer value before they were sent.
    pub stale: u64,
    /// Input that was no record.
    pub unreadable: u64,
}

/// Why conversions were refused or given up, or input was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// What became of them.
    pub outcome: Ended,
    /// Why.
    pub code: ErrorCode,
    /// The API's last status, if it answered.
    pub http_status: Option<u16>,
    /// How many.
    pub count: u64,
}

/// How something ended that never got through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The API refused it.
    Refused,
    /// Given up after it had been postponed for too long.
    Expired,
    /// Never a record.
    Unreadable,
}

impl Ended {
    /// The name for people and programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Unreadable => "unreadable",
        }
    }
}

impl Figures {
    /// An account of which nothing is recorded.
    #[must_use]
    pub fn of_nothing(span: Span) -> Self {
        Self::new(span, Tally::new(span), &Remainder::default())
    }

    /// Reads the ledger and works everything out.
    pub fn of(ledger: &LedgerReader, account: &str, span: Span) -> Result<Self, LedgerError> {
        let mut tally = Tally::new(span);
        let look_back_to = span.marks().look_back_to().max(0);
        let range = TimeRange {
            after: span.from,
            until: span.to,
            with_times_after: Timestamp::from_unix(look_back_to).unwrap_or(span.from),
        };
        let remainder = ledger.history(account, range, |row| tally.count(&row))?;
        Ok(Self::new(span, tally, &remainder))
    }

    fn new(span: Span, tally: Tally, remainder: &Remainder) -> Self {
        let (accepted, mut effort) = (tally.accepted, tally.effort);
        let mut outcomes = Outcomes { accepted, ..Outcomes::default() };
        let mut reasons = Vec::new();
        for row in &remainder.settled {
            effort.add(row.effort);
            let ended = match row.state {
                RowState::Refused => {
                    outcomes.refused += row.rows;
                    Ended::Refused
                }
                RowState::Expired => {
                    outcomes.expired += row.rows;
                    Ended::Expired
                }
                RowState::Stale => {
                    outcomes.stale += row.rows;
                    continue;
                }
                RowState::Queued | RowState::Held | RowState::Accepted => continue,
            };
            let http_status = row.http_status;
            reasons.extend(row.code.map(|code| Reason { outcome: ended, code, http_status, count: row.rows }));
        }
        for (code, count) in &remainder.unreadable {
            outcomes.unreadable += count;
            reasons.push(Reason { outcome: Ended::Unreadable, code: *code, http_status: None, count: *count });
        }
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
        let ends = remainder.ends.clone();
        Self { span, courses: tally.courses(), outcomes, reasons, effort, pending: remainder.pending, ends }
    }

    /// Whether there is anything in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Outcomes { accepted, refused, expired, stale, unreadable } = self.outcomes;
        accepted + refused + expired + stale + unreadable + self.pending.rows == 0
    }
}
