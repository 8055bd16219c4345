//! When a row that was postponed is due again, and for how long at all.

use std::time::Duration;

use crate::domain::Timestamp;

/// A row that was postponed for longer than this is given up.
pub(super) const LIFETIME: Duration = Duration::from_secs(5 * 24 * 60 * 60);

/// The wait after a first round in vain: a conversion is worth something for 15 minutes, and most outages are short. It
/// doubles from round to round, so that nothing waits for longer than the outage lasted, up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_secs(5);

/// The longest wait for another attempt.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// The wait after so many earlier rounds in vain.
pub(super) fn wait_after(rounds: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << rounds.min(10)).min(LONGEST_WAIT)
}

/// The latest time that anything is planned for. A later plan was made by a clock that was ahead: it is due now.
pub(crate) fn latest_plan(now: Timestamp) -> Timestamp {
    now.after(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::wait_after;

    #[test]
    fn waits_double_from_a_few_seconds_to_a_quarter_of_an_hour() {
        let waits: Vec<_> = (0..10).map(|rounds| wait_after(rounds).as_secs()).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
        assert_eq!(wait_after(u32::MAX).as_secs(), 900);
    }
}
