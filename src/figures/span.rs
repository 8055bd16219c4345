//! The time range of a report, and the marks in it at which the routing decides.

use std::time::Duration;

use crate::domain::Timestamp;

/// How much time each of the routing's decisions looks back on.
pub const WINDOW: Duration = Timestamp::ROUTING_WINDOW;
/// How often the routing decides.
pub const EVERY: Duration = Duration::from_secs(5 * 60);

pub(super) const WINDOW_SECONDS: i64 = WINDOW.as_secs().cast_signed();
pub(super) const EVERY_SECONDS: i64 = EVERY.as_secs().cast_signed();

/// A time range without its beginning.
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
    pub(super) fn marks(self) -> Marks {
        let first = self.from.unix().div_euclid(EVERY_SECONDS) + 1;
        let last = self.to.unix().div_euclid(EVERY_SECONDS);
        let count = usize::try_from(last - first + 1).unwrap_or(0);
        Marks { first: first * EVERY_SECONDS, count }
    }
}

/// The moments at which the routing decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) first: i64,
    pub(super) count: usize,
}

impl Marks {
    /// What every window's conversions are later than.
    pub(super) fn look_back_to(self) -> i64 {
        self.first - WINDOW_SECONDS
    }

    pub(super) fn moments(self) -> impl Iterator<Item = Timestamp> {
        (self.first..)
            .step_by(usize::try_from(EVERY_SECONDS).unwrap_or(usize::MAX))
            .take(self.count)
            .filter_map(|mark| Timestamp::from_unix(mark).ok())
    }
}
