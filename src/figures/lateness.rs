//! How long after its event a conversion was accepted.

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

impl Lateness {
    /// Of these, whose order is lost.
    pub(super) fn of(late: &mut [u32]) -> Self {
        let (Some(max), Some(p50)) = (late.iter().max().copied(), percentile(late, 50)) else {
            return Self::default();
        };
        let p95 = percentile(late, 95).unwrap_or(max);
        let in_time = late.iter().filter(|late| i64::from(**late) <= WINDOW_SECONDS).count() as u64;
        Self { values: late.len() as u64, p50, p95, max, in_time }
    }

    /// The share that was accepted in time, where there are any.
    #[must_use]
    pub fn share_in_time(&self) -> Option<f64> {
        share(self.in_time, self.values)
    }
}

/// The smallest that `percent` of them do not exceed.
fn percentile(late: &mut [u32], percent: usize) -> Option<u32> {
    let rank = (late.len() * percent).div_ceil(100).checked_sub(1)?;
    Some(*late.select_nth_unstable(rank).1)
}

#[cfg(test)]
mod tests {
    use super::Lateness;

    #[test]
    fn percentiles_are_the_smallest_that_so_many_do_not_exceed() {
        let mut hundred: Vec<u32> = (1..=100).rev().collect();
        assert_eq!(Lateness::of(&mut hundred), Lateness { values: 100, p50: 50, p95: 95, max: 100, in_time: 100 });
        assert_eq!(
            Lateness::of(&mut [900, 901, 3]),
            Lateness { values: 3, p50: 900, p95: 901, max: 901, in_time: 2 }
        );
        assert_eq!(Lateness::of(&mut [7]), Lateness { values: 1, p50: 7, p95: 7, max: 7, in_time: 1 });
        assert_eq!(Lateness::of(&mut []), Lateness::default());
        assert_eq!(Lateness::default().share_in_time(), None);
    }
}
