//! When silence is long enough: which codes' deadlines have passed, by the log's own time and by the clock. Time is handed in; the
//! open codes are in the ledger.

use std::time::Duration;

use crate::domain::Timestamp;
use crate::ledger::{CodeRules, Expiry};

/// How codes are tracked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tracking {
    /// What makes a code.
    pub rules: CodeRules,
    /// What becomes of the codes that are open when the input ends.
    pub at_end: AtEnd,
}

/// What becomes of the codes that are open when the input ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtEnd {
    /// They stay open; a later run expires what is due then.
    Keep,
    /// The run goes on until they have expired.
    Wait,
    /// They expire at once.
    Expire,
}

/// What the input does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    /// There is more to read.
    Flows,
    /// There is nothing to read for now: everything that has happened was read.
    Rests,
    /// Nothing more will come.
    Ended,
}

/// The lines of a log may be out of order by this part of the time that a code lasts before one expires too early.
const DISORDER: u32 = 4;

/// How far the log and the clock have come, and what was checked last.
#[derive(Debug)]
pub(super) struct Deadlines {
    pub(super) tracking: Tracking,
    /// How far the log has come.
    log_time: Option<Timestamp>,
    /// The latest time in it: how far it has come goes back where an older file begins.
    latest: Option<Timestamp>,
    /// When its last line came, by the clock; at first, when the run began.
    heard: Timestamp,
    /// The last checks that found nothing to expire: by the log, and by the clock.
    nothing: [Option<Expiry>; 2],
    /// When the open codes were last checked, and what the input did then; nothing while there are more to check.
    checked: Option<(Input, Timestamp)>,
    finished: bool,
}

impl Deadlines {
    pub(super) fn new(tracking: Tracking, now: Timestamp) -> Self {
        let (log_time, latest) = (None, None);
        Self { tracking, log_time, latest, heard: now, nothing: [None; 2], checked: None, finished: false }
    }

    /// Reads the log's time off its lines. A time further back than lines may be out of order begins an older part of the log,
    /// whose codes expire by its own time.
    pub(super) fn saw(&mut self, times: &[Timestamp], now: Timestamp) {
        self.heard = now;
        for time in times {
            let ahead = self.log_time.filter(|known| known.before(self.slack()) <= *time);
            self.log_time = ahead.max(Some(*time));
            self.latest = self.latest.max(self.log_time);
        }
    }

    fn slack(&self) -> Duration {
        self.tracking.rules.lasts / DISORDER
    }

    /// Which codes have expired by now; a check that has found nothing is not repeated.
    ///
    /// While a log is read, only its own time counts: the next line of yesterday's log may say that the code was used. Where the
    /// log has nothing to say, its time advances with the clock. The clock itself counts only once the log has rested for a while,
    /// because even a file comes through a pipe in pieces. A log's time is never ahead of the clock.
    ///
    /// Codes of a log that nobody reads any more have only the clock, which leaves them for as long as their answer would count:
    /// whoever read that log may come back.
    pub(super) fn expired(&self, input: Input, now: Timestamp) -> impl Iterator<Item = Expiry> + use<> {
        let Tracking { rules: CodeRules { lasts, .. }, at_end } = self.tracking;
        let slack = self.slack();
        let by_log = |time: Option<Timestamp>, slack| time.map(|time| Expiry::ByLog(time.min(now).before(slack)));
        let by_clock = |slack| {
            let ours = lasts + slack;
            Some(Expiry::ByClock {
                ours: now.before(ours),
                others: now.before(ours.max(Timestamp::ROUTING_WINDOW)),
            })
        };
        let expired = match (input, at_end) {
            (Input::Flows, _) => [by_log(self.log_time, slack), None],
            (Input::Rests, _) => {
                let goes_on = self.log_time.map(|time| now.before(seconds_between(time, self.heard)));
                let has_rested = seconds_between(self.heard, now) >= slack;
                [by_log(goes_on, slack), if has_rested { by_clock(slack) } else { None }]
            }
            (Input::Ended, AtEnd::Keep) => [by_log(self.latest, Duration::ZERO), by_clock(Duration::ZERO)],
            (Input::Ended, AtEnd::Wait) => [Some(Expiry::ByLog(now)), by_clock(Duration::ZERO)],
            (Input::Ended, AtEnd::Expire) => [Some(Expiry::All), None],
        };
        let nothing = self.nothing;
        expired
            .into_iter()
            .zip(nothing)
            .filter(|(expired, nothing)| expired != nothing)
            .filter_map(|(expired, _)| expired)
    }

    /// Nothing had expired.
    pub(super) fn none_expired(&mut self, expiry: Expiry) {
        match expiry {
            Expiry::ByLog(_) | Expiry::All => self.nothing[0] = Some(expiry),
            Expiry::ByClock { .. } => self.nothing[1] = Some(expiry),
        }
    }

    /// Whether the open codes can have changed since they were checked.
    pub(super) fn may_have_changed(&mut self, input: Input, now: Timestamp) -> bool {
        self.checked.replace((input, now)) != Some((input, now))
    }

    /// The last check did not reach all codes: it is repeated until none is left.
    pub(super) fn check_again(&mut self) {
        self.checked = None;
    }

    /// Whether there are more to check.
    pub(super) fn are_checked_again(&self) -> bool {
        self.checked.is_none()
    }

    /// Conversions without a channel that arrived by this time are given up.
    pub(super) fn channel_deadline(&self, input: Input, now: Timestamp) -> Option<Timestamp> {
        match input {
            Input::Flows => None,
            Input::Rests => Some(now.before(self.tracking.rules.lasts)),
            Input::Ended => Some(now),
        }
    }

    /// The input has ended, and everything that is due has expired.
    pub(super) fn all_expired(&mut self, still_open: u64) {
        self.finished = self.tracking.at_end != AtEnd::Wait || still_open == 0;
    }

    /// Whether the run has nothing left to wait for.
    pub(super) fn are_finished(&self) -> bool {
        self.finished
    }
}

fn seconds_between(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::from_secs(u64::try_from(earlier.age_at(later)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{AtEnd, Deadlines, Input, Tracking};
    use crate::domain::Timestamp;
    use crate::ledger::{CodeRules, Expiry};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_795_310_726 + seconds).unwrap()
    }

    fn deadlines(at_end: AtEnd, log_time: i64) -> Deadlines {
        let rules = CodeRules { lasts: Duration::from_secs(600), parts_within: Duration::from_secs(10) };
        let mut deadlines = Deadlines::new(Tracking { rules, at_end }, at(0));
        deadlines.saw(&[at(log_time - 5), at(log_time), at(log_time - 1)], at(0));
        deadlines
    }

    /// Codes of our log that arrived before this time, and of others.
    fn by_clock(ours: i64, others: i64) -> Expiry {
        Expiry::ByClock { ours: at(ours), others: at(others) }
    }

    #[test]
    fn while_a_log_is_read_only_its_own_time_counts_with_some_room_for_disorder() {
        let deadlines = deadlines(AtEnd::Keep, 0);
        let expired: Vec<_> = deadlines.expired(Input::Flows, at(86_400)).collect();
        assert_eq!(expired, [Expiry::ByLog(at(-150))]);
    }

    #[test]
    fn when_the_log_rests_the_clock_goes_on_for_it() {
        let deadlines = deadlines(AtEnd::Keep, 0);
        let expired = |now| deadlines.expired(Input::Rests, now).collect::<Vec<_>>();
        assert_eq!(expired(at(5)), [Expiry::ByLog(at(5 - 150))]);
        assert_eq!(expired(at(149)), [Expiry::ByLog(at(149 - 150))]);
        assert_eq!(expired(at(150)), [Expiry::ByLog(at(0)), by_clock(150 - 750, 150 - 900)]);
    }

    #[test]
    fn a_pause_in_an_old_log_is_no_more_than_a_pause() {
        let deadlines = deadlines(AtEnd::Keep, -86_400);
        assert_eq!(
            deadlines.expired(Input::Rests, at(5)).collect::<Vec<_>>(),
            [Expiry::ByLog(at(-86_400 + 5 - 150))]
        );
    }

    #[test]
    fn before_the_first_line_the_clock_waits_too() {
        let deadlines = Deadlines::new(deadlines(AtEnd::Keep, 0).tracking, at(0));
        assert_eq!(deadlines.expired(Input::Rests, at(149)).next(), None);
        assert_eq!(deadlines.expired(Input::Rests, at(150)).next(), Some(by_clock(150 - 750, 150 - 900)));
    }

    #[test]
    fn an_older_file_after_a_newer_one_has_its_own_time() {
        let mut deadlines = deadlines(AtEnd::Keep, -3600);
        let flows = |deadlines: &Deadlines| deadlines.expired(Input::Flows, at(0)).next();
        deadlines.saw(&[at(-3600 - 150)], at(0));
        assert_eq!(flows(&deadlines), Some(Expiry::ByLog(at(-3600 - 150))), "only out of order");
        deadlines.saw(&[at(-7200), at(-7100), at(-7101)], at(0));
        assert_eq!(flows(&deadlines), Some(Expiry::ByLog(at(-7100 - 150))));
        assert_eq!(deadlines.expired(Input::Ended, at(0)).next(), Some(Expiry::ByLog(at(-3600))));
    }

    #[test]
    fn at_the_end_nothing_more_can_come() {
        let end = |at_end| deadlines(at_end, 0).expired(Input::Ended, at(5)).collect::<Vec<_>>();
        assert_eq!(end(AtEnd::Keep), [Expiry::ByLog(at(0)), by_clock(5 - 600, 5 - 900)]);
        assert_eq!(end(AtEnd::Wait), [Expiry::ByLog(at(5)), by_clock(5 - 600, 5 - 900)]);
        assert_eq!(end(AtEnd::Expire), [Expiry::All]);
    }

    #[test]
    fn a_log_from_the_future_does_not_expire_what_the_clock_leaves_open() {
        let deadlines = deadlines(AtEnd::Keep, 3600);
        assert_eq!(deadlines.expired(Input::Flows, at(0)).next(), Some(Expiry::ByLog(at(-150))));
    }

    #[test]
    fn codes_of_a_log_that_nobody_reads_are_left_for_as_long_as_their_answer_counts() {
        let of_others = |lasts| {
            let mut deadlines = deadlines(AtEnd::Keep, 0);
            deadlines.tracking.rules.lasts = Duration::from_secs(lasts);
            deadlines.expired(Input::Ended, at(5)).last()
        };
        assert_eq!(of_others(60), Some(by_clock(5 - 60, 5 - 900)));
        assert_eq!(of_others(3600), Some(by_clock(5 - 3600, 5 - 3600)));
    }

    #[test]
    fn no_check_is_repeated() {
        let mut deadlines = deadlines(AtEnd::Keep, 0);
        for expiry in deadlines.expired(Input::Rests, at(155)) {
            deadlines.none_expired(expiry);
        }
        assert_eq!(deadlines.expired(Input::Rests, at(155)).next(), None);
        assert_eq!(deadlines.expired(Input::Rests, at(156)).count(), 2);
        assert_eq!(Deadlines::new(deadlines.tracking, at(0)).expired(Input::Flows, at(5)).next(), None);
    }

    #[test]
    fn open_codes_are_checked_once_a_second_and_when_the_input_changes() {
        let mut deadlines = deadlines(AtEnd::Keep, 0);
        let checks =
            [(Input::Rests, 5), (Input::Rests, 5), (Input::Rests, 6), (Input::Ended, 6), (Input::Ended, 6)];
        let changed = checks.map(|(input, seconds)| deadlines.may_have_changed(input, at(seconds)));
        assert_eq!(changed, [true, false, true, true, false]);
    }

    #[test]
    fn a_channel_is_awaited_while_there_is_more_to_read_and_as_long_as_a_code_lasts_where_the_log_rests() {
        let deadlines = deadlines(AtEnd::Keep, 0);
        assert_eq!(deadlines.channel_deadline(Input::Flows, at(5)), None);
        assert_eq!(deadlines.channel_deadline(Input::Rests, at(5)), Some(at(5 - 600)));
        assert_eq!(deadlines.channel_deadline(Input::Ended, at(5)), Some(at(5)));
    }

    #[test]
    fn only_a_run_that_waits_goes_on_after_the_end() {
        for (at_end, open, finished) in
            [(AtEnd::Keep, 1, true), (AtEnd::Wait, 1, false), (AtEnd::Wait, 0, true), (AtEnd::Expire, 0, true)]
        {
            let mut deadlines = deadlines(at_end, 0);
            deadlines.all_expired(open);
            assert_eq!(deadlines.are_finished(), finished);
        }
    }
}
