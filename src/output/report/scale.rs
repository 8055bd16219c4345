//! The scale on which lateness is drawn: from a second to weeks, with a fixed distance between the times that people think in. The
//! routing's 15 minutes are always on it.

use std::time::Duration;

use crate::domain::{REMEMBERED, Timestamp};

/// Seconds; drawn at equal distances.
const TICKS: [(u32, &str); 10] = [
    (0, "0s"),
    (1, "1s"),
    (5, "5s"),
    (15, "15s"),
    (60, "1m"),
    (300, "5m"),
    (seconds(Timestamp::ROUTING_WINDOW), "15m"),
    (3_600, "1h"),
    (21_600, "6h"),
    (86_400, "1d"),
];
const BEYOND: (u32, &str) = (seconds(REMEMBERED), "30d");
/// The tick at 15 minutes, which is never left out.
const ROUTING_WINDOW: usize = 6;

#[expect(clippy::cast_possible_truncation, reason = "a month of seconds fits")]
const fn seconds(time: Duration) -> u32 {
    time.as_secs() as u32
}

/// As many ticks as the latest of all needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LatenessScale {
    ticks: Vec<(u32, &'static str)>,
}

impl LatenessScale {
    /// A scale that reaches to `max` seconds.
    pub(super) fn up_to(max: u32) -> Self {
        let all: Vec<_> = TICKS.into_iter().chain([BEYOND]).collect();
        let last = all.iter().position(|(seconds, _)| *seconds >= max).unwrap_or(all.len() - 1);
        Self { ticks: all[..=last.max(ROUTING_WINDOW)].to_vec() }
    }

    /// The ticks' names, from the lowest.
    pub(super) fn labels(&self) -> impl DoubleEndedIterator<Item = &'static str> {
        self.ticks.iter().map(|(_, label)| *label)
    }

    /// Where so many seconds stand, from 0 at the bottom to 1 at the top.
    pub(super) fn height(&self, seconds: u32) -> f64 {
        let steps = f64::from(u32::try_from(self.ticks.len() - 1).unwrap_or(1));
        let above = self.ticks.iter().position(|(tick, _)| *tick >= seconds).unwrap_or(self.ticks.len() - 1);
        let Some(below) = above.checked_sub(1) else { return 0.0 };
        let (low, high) = (f64::from(self.ticks[below].0), f64::from(self.ticks[above].0));
        let part = ((f64::from(seconds) - low) / (high - low)).min(1.0);
        (f64::from(u32::try_from(below).unwrap_or_default()) + part) / steps
    }

    /// Where the routing's 15 minutes stand.
    pub(super) fn routing_window(&self) -> f64 {
        self.height(TICKS[ROUTING_WINDOW].0)
    }
}

#[cfg(test)]
mod tests {
    use super::{BEYOND, LatenessScale, ROUTING_WINDOW, TICKS};
    use crate::output::Age;

    #[test]
    fn times_that_are_named_elsewhere_have_their_labels() {
        for (seconds, label) in [TICKS[ROUTING_WINDOW], BEYOND] {
            assert_eq!(Age(seconds.into()).to_string(), label);
        }
    }

    #[test]
    fn it_reaches_as_far_as_needed_and_always_to_15_minutes() {
        let labels = |max| LatenessScale::up_to(max).labels().collect::<Vec<_>>().join(" ");
        assert_eq!(labels(0), "0s 1s 5s 15s 1m 5m 15m");
        assert_eq!(labels(900), "0s 1s 5s 15s 1m 5m 15m");
        assert_eq!(labels(901), "0s 1s 5s 15s 1m 5m 15m 1h");
        assert_eq!(labels(u32::MAX), "0s 1s 5s 15s 1m 5m 15m 1h 6h 1d 30d");
    }

    #[test]
    fn later_is_higher_and_ticks_stand_at_equal_distances() {
        let scale = LatenessScale::up_to(3_600);
        let heights: Vec<f64> = [0, 1, 5, 15, 60, 300, 900, 3_600].map(|late| scale.height(late)).into();
        for (step, height) in (0..).zip(heights) {
            assert!((height - f64::from(step) / 7.0).abs() < 1e-9, "{step}: {height}");
        }
        let mut last = -1.0;
        for seconds in 0..=3_600 {
            assert!(scale.height(seconds) > last);
            last = scale.height(seconds);
        }
        assert!((scale.height(u32::MAX) - 1.0).abs() < 1e-9, "beyond the scale is at its top");
    }
}
