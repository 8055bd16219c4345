//! What an account's conversions come to: rates in the windows that the routing uses, how late reports were, outcomes.
//!
//! This room knows neither the database that the rows come from nor how the figures are shown. What they mean:
//!
//! - The **span** is the stretch of time that is reported, its beginning not included, its end included. What was accepted, refused
//!   or given up belongs to it by the time at which that was written down.
//! - A **conversion** is what was told of one message-id of one channel, and accepted. Of several values of one message-id (false, and
//!   true after all) the newest counts: by their own time, then by the order in which they were recorded.
//! - The **rate** is the converted ones' share of the conversions. Where there are none, there is no rate.
//! - A **window** ends at a mark: a moment of UTC that is a multiple of [`EVERY`]. It has the conversions whose own time lies in the
//!   [`WINDOW`] up to the mark, whenever they were accepted; what was accepted before the span began is in it, too. So a window has
//!   the same figures in every report that shows it, until something arrives late. Of several values of one message-id the newest *in the window*
//!   counts, because that is what the routing could know.
//! - A report's **lateness** is the time from the event to its acceptance. Every accepted value is one; clocks that make it negative are
//!   forgiven. Percentiles are exact: the smallest lateness that so many per cent do not exceed.

mod lateness;
mod tally;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use lateness::Lateness;
use tally::Tally;

use crate::domain::{Channel, ErrorCode, Timestamp};
use crate::ledger::{EffortSpent, LedgerError, LedgerReader, Pending, Remainder, State, Stretch};

/// How much time each of the routing's decisions looks back on.
pub const WINDOW: Duration = Timestamp::ROUTING_WINDOW;
/// How often the routing decides.
pub const EVERY: Duration = Duration::from_secs(5 * 60);

const WINDOW_SECONDS: i64 = WINDOW.as_secs().cast_signed();
const EVERY_SECONDS: i64 = EVERY.as_secs().cast_signed();

/// A stretch of time, its beginning not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Where it begins.
    pub from: Timestamp,
    /// Where it ends.
    pub to: Timestamp,
}

impl Span {
    /// So much time before now.
    #[must_use]
    pub fn before(now: Timestamp, length: Duration) -> Self {
        Self { from: now.before(length), to: now }
    }

    /// The marks in it.
    fn marks(self) -> Marks {
        let first = self.from.unix().div_euclid(EVERY_SECONDS) + 1;
        let last = self.to.unix().div_euclid(EVERY_SECONDS);
        let count = usize::try_from(last - first + 1).unwrap_or(0);
        Marks { first: first * EVERY_SECONDS, count }
    }
}

/// The moments at which the routing decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Marks {
    first: i64,
    count: usize,
}

impl Marks {
    /// What every window's conversions are later than.
    fn look_back_to(self) -> i64 {
        self.first - WINDOW_SECONDS
    }

    fn moments(self) -> impl Iterator<Item = Timestamp> {
        (self.first..)
            .step_by(usize::try_from(EVERY_SECONDS).unwrap_or(usize::MAX))
            .take(self.count)
            .filter_map(|mark| Timestamp::from_unix(mark).ok())
    }
}

/// Which conversions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Traffic {
    /// Of every channel.
    All,
    /// Of one.
    Channel(Channel),
}

impl Traffic {
    /// All of it, then by channel: the order in which it is shown.
    pub const EACH: [Self; 3] = [Self::All, Self::Channel(Channel::Sms), Self::Channel(Channel::Voice)];

    /// `all`, or the channel's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Channel(channel) => channel.as_str(),
        }
    }
}

/// An account's figures over a span.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// The stretch of time.
    pub span: Span,
    /// Rates and lateness: of all traffic, then by channel, as [`Traffic::EACH`] has them.
    pub courses: [Course; 3],
    /// How conversions ended in the span.
    pub outcomes: Outcomes,
    /// Why some did not get through, the most frequent reasons first.
    pub reasons: Vec<Reason>,
    /// What the settled ones took.
    pub effort: EffortSpent,
    /// What waits now, whenever it was recorded.
    pub pending: Pending,
}

/// How some traffic went.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// Which.
    pub traffic: Traffic,
    /// Over the span.
    pub rate: Rate,
    /// Over the span.
    pub lateness: Lateness,
    /// One for each mark in the span, the oldest first.
    pub windows: Vec<Window>,
}

/// What the routing sees at a mark.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// The mark.
    pub end: Timestamp,
    /// What converted of what happened in the window.
    pub rate: Rate,
    /// How late the reports about it were.
    pub lateness: Lateness,
}

/// How many converted, of how many.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Those whose newest value is true.
    pub converted: u64,
    /// All.
    pub conversions: u64,
}

impl Rate {
    /// From 0 to 1, where there is anything to be shared.
    #[must_use]
    pub fn share(self) -> Option<f64> {
        share(self.converted, self.conversions)
    }

    fn count(&mut self, converted: bool) {
        self.converted += u64::from(converted);
        self.conversions += 1;
    }

    fn plus(self, other: Self) -> Self {
        Self { converted: self.converted + other.converted, conversions: self.conversions + other.conversions }
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2⁵²")]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
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
        let stretch = Stretch {
            after: span.from,
            until: span.to,
            with_times_after: Timestamp::from_unix(look_back_to).unwrap_or(span.from),
        };
        let remainder = ledger.evidence(account, stretch, |row| tally.count(&row))?;
        Ok(Self::new(span, tally, &remainder))
    }

    fn new(span: Span, tally: Tally, remainder: &Remainder) -> Self {
        let (accepted, mut effort) = (tally.accepted, tally.effort);
        let mut outcomes = Outcomes { accepted, ..Outcomes::default() };
        let mut reasons = Vec::new();
        for row in &remainder.settled {
            effort.add(row.effort);
            let ended = match row.state {
                State::Refused => {
                    outcomes.refused += row.rows;
                    Ended::Refused
                }
                State::Expired => {
                    outcomes.expired += row.rows;
                    Ended::Expired
                }
                State::Stale => {
                    outcomes.stale += row.rows;
                    continue;
                }
                State::Queued | State::Held | State::Accepted => continue,
            };
            let http_status = row.http_status;
            reasons.extend(row.code.map(|code| Reason { outcome: ended, code, http_status, count: row.rows }));
        }
        for (code, count) in &remainder.unreadable {
            outcomes.unreadable += count;
            reasons.push(Reason { outcome: Ended::Unreadable, code: *code, http_status: None, count: *count });
        }
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
        Self { span, courses: tally.courses(), outcomes, reasons, effort, pending: remainder.pending }
    }

    /// Whether there is anything in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Outcomes { accepted, refused, expired, stale, unreadable } = self.outcomes;
        accepted + refused + expired + stale + unreadable + self.pending.rows == 0
    }
}
