//! How long after its event a conversion was accepted.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::rate::share;
use super::span::WINDOW_SECONDS;

/// How late some conversions were accepted, in seconds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Lateness {
    /// How many values were accepted.
    pub values: u64,
    /// Half of them were not later than this; meaningless where there are none.
    pub p50: u32,
    /// 95 of 100 were not later than this.
    pub p95: u32,
    /// None was later than this.
    pub max: u32,
    /// How many came while the routing still looked at the event.
    pub in_time: u64,
}

/// How many conversions were accepted how late: far fewer numbers than conversions.
#[derive(Debug, Default, Clone)]
pub(super) struct Latenesses(HashMap<u32, u64, RandomState>);

impl Latenesses {
    pub(super) fn add(&mut self, late: u32, conversions: u64) {
        *self.0.entry(late).or_default() += conversions;
    }
}

impl Lateness {
    /// Of all of these.
    pub(super) fn of<'a>(parts: impl IntoIterator<Item = &'a Latenesses>) -> Self {
        let mut all = Latenesses::default();
        for (late, conversions) in parts.into_iter().flat_map(|part| &part.0) {
            all.add(*late, *conversions);
        }
        let mut all: Vec<(u32, u64)> = all.0.into_iter().collect();
        all.sort_unstable();
        let values = all.iter().map(|(_, conversions)| conversions).sum();
        let in_time = all.iter().filter(|(late, _)| i64::from(*late) <= WINDOW_SECONDS);
        Self {
            values,
            p50: percentile(&all, values, 50),
            p95: percentile(&all, values, 95),
            max: all.last().map_or(0, |(late, _)| *late),
            in_time: in_time.map(|(_, conversions)| conversions).sum(),
        }
    }

    /// The share that was accepted in time, where there are any.
    #[must_use]
    pub fn share_in_time(&self) -> Option<f64> {
        share(self.in_time, self.values)
    }
}

/// The smallest that `percent` of them do not exceed; zero where there are none.
fn percentile(sorted: &[(u32, u64)], values: u64, percent: u64) -> u32 {
    let rank = (values * percent).div_ceil(100);
    let mut seen = 0;
    let found = sorted.iter().find(|(_, conversions)| {
        seen += conversions;
        seen >= rank
    });
    found.map_or(0, |(late, _)| *late)
}

#[cfg(test)]
mod tests {
    use super::{Lateness, Latenesses};

    fn of(lates: impl IntoIterator<Item = u32>) -> Lateness {
        let mut each = Latenesses::default();
        lates.into_iter().for_each(|late| each.add(late, 1));
        Lateness::of([&each])
    }

    #[test]
    fn percentiles_are_the_smallest_that_so_many_do_not_exceed() {
        let hundred = (1..=100).rev();
        assert_eq!(of(hundred), Lateness { values: 100, p50: 50, p95: 95, max: 100, in_time: 100 });
        assert_eq!(of([900, 901, 3]), Lateness { values: 3, p50: 900, p95: 901, max: 901, in_time: 2 });
        assert_eq!(of([7]), Lateness { values: 1, p50: 7, p95: 7, max: 7, in_time: 1 });
        assert_eq!(of([]), Lateness::default());
        assert_eq!(Lateness::default().share_in_time(), None);
    }
}
