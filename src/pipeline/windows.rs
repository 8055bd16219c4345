//! When silence is long enough: which windows have closed, by the log's own time and by the clock. Time is handed in; what is open
//! stands in the ledger.

use std::time::Duration;

use crate::domain::{CodeEvent, Timestamp};
use crate::ledger::Closing;

/// How codes are tracked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tracking {
    /// How long a code may take to convert.
    pub window: Duration,
    /// What becomes of the windows that are open when the input ends.
    pub at_end: AtEnd,
}

/// What becomes of the windows that are open when the input ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtEnd {
    /// They stay open; a later run closes what is due then.
    Keep,
    /// The run goes on until they have closed.
    Wait,
    /// They close at once.
    Expire,
}

/// What the input does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    /// There is more to read.
    Flows,
    /// For now there is nothing to read: what happened has been said.
    Rests,
    /// Nothing more will come.
    Ended,
}

/// Part of the window for which the lines of a log may be out of order before a window is closed too early.
const DISORDER: u32 = 4;

/// What a run knows of its windows.
#[derive(Debug)]
pub(super) struct Windows {
    pub(super) tracking: Tracking,
    /// How far the log has come.
    log_time: Option<Timestamp>,
    /// The latest time in it: how far it has come goes back where an older file begins.
    latest: Option<Timestamp>,
    /// When it last said something, by the clock; at first, when the run began.
    heard: Timestamp,
    /// What was asked last and had nothing to close: by the log, and by the clock.
    nothing: [Option<Closing>; 2],
    /// While the input did what, and when, all that stays open was last looked at; nothing as long as there is more to look at.
    looked: Option<(Input, Timestamp)>,
    finished: bool,
}

impl Windows {
    pub(super) fn new(tracking: Tracking, now: Timestamp) -> Self {
        let (log_time, latest) = (None, None);
        Self { tracking, log_time, latest, heard: now, nothing: [None; 2], looked: None, finished: false }
    }

    /// Reads the log's time off its events. Further back than lines may be out of order another log has begun, and its windows
    /// close by its own time.
    pub(super) fn saw(&mut self, events: &[CodeEvent], now: Timestamp) {
        self.heard = now;
        for event in events {
            let ahead = self.log_time.filter(|known| known.before(self.slack()) <= event.timestamp);
            self.log_time = ahead.max(Some(event.timestamp));
            self.latest = self.latest.max(self.log_time);
        }
    }

    fn slack(&self) -> Duration {
        self.tracking.window / DISORDER
    }

    /// Which windows have closed now, in so far as it was not asked already.
    ///
    /// While a log is read, only its own time counts: yesterday's log may say a line later that the code was used. Where the log
    /// has nothing to say, its time goes on as the clock's does. The clock itself counts only once the log has rested for a while:
    /// also a file comes through a pipe in pieces. A log's time is never ahead of the clock's.
    pub(super) fn closed(&self, input: Input, now: Timestamp) -> impl Iterator<Item = Closing> + use<> {
        let Tracking { window, at_end } = self.tracking;
        let slack = self.slack();
        let by_log = |time: Option<Timestamp>, slack| time.map(|time| Closing::ByLog(time.min(now).before(slack)));
        let by_clock = |slack| Some(Closing::ByClock(now.before(window + slack)));
        let closed = match (input, at_end) {
            (Input::Flows, _) => [by_log(self.log_time, slack), None],
            (Input::Rests, _) => {
                let goes_on = self.log_time.map(|time| now.before(seconds_between(time, self.heard)));
                let has_rested = seconds_between(self.heard, now) >= slack;
                [by_log(goes_on, slack), if has_rested { by_clock(slack) } else { None }]
            }
            (Input::Ended, AtEnd::Keep) => [by_log(self.latest, Duration::ZERO), by_clock(Duration::ZERO)],
            (Input::Ended, AtEnd::Wait) => [Some(Closing::ByLog(now)), by_clock(Duration::ZERO)],
            (Input::Ended, AtEnd::Expire) => [Some(Closing::All), None],
        };
        let nothing = self.nothing;
        closed
            .into_iter()
            .zip(nothing)
            .filter(|(closed, nothing)| closed != nothing)
            .filter_map(|(closed, _)| closed)
    }

    /// Nothing was to be closed.
    pub(super) fn found_nothing(&mut self, closing: Closing) {
        match closing {
            Closing::ByLog(_) | Closing::All => self.nothing[0] = Some(closing),
            Closing::ByClock(_) => self.nothing[1] = Some(closing),
        }
    }

    /// Whether anything can have changed in what stays open.
    pub(super) fn is_worth_a_look(&mut self, input: Input, now: Timestamp) -> bool {
        self.looked.replace((input, now)) != Some((input, now))
    }

    /// What was looked at was not all: it is looked at again and again until all is done.
    pub(super) fn look_again(&mut self) {
        self.looked = None;
    }

    /// Whether that is so.
    pub(super) fn are_looked_at_again(&self) -> bool {
        self.looked.is_none()
    }

    /// By when a conversion has to have arrived for nothing more to be expected that says its channel.
    pub(super) fn unplaced_since(&self, input: Input, now: Timestamp) -> Option<Timestamp> {
        match input {
            Input::Flows => None,
            Input::Rests => Some(now.before(self.tracking.window)),
            Input::Ended => Some(now),
        }
    }

    /// After the input's end everything that is due has been closed.
    pub(super) fn all_closed(&mut self, still_open: u64) {
        self.finished = self.tracking.at_end != AtEnd::Wait || still_open == 0;
    }

    /// Whether the run has nothing to wait for any more.
    pub(super) fn are_finished(&self) -> bool {
        self.finished
    }
}

fn seconds_between(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::from_secs(u64::try_from(earlier.age_at(later)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::{AtEnd, Input, Tracking, Windows};
    use crate::domain::{Channel, CodeEvent, Happening, MessageId, TimeSource, Timestamp};
    use crate::ledger::Closing;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_795_310_726 + seconds).unwrap()
    }

    fn windows(at_end: AtEnd, log_time: i64) -> Windows {
        let mut windows = Windows::new(Tracking { window: std::time::Duration::from_secs(600), at_end }, at(0));
        windows.saw(&[event(log_time - 5), event(log_time), event(log_time - 1)], at(0));
        windows
    }

    fn event(seconds: i64) -> CodeEvent {
        CodeEvent {
            line: 1,
            reference: None,
            happening: Happening::Sent,
            message_id: MessageId::parse("0A").unwrap(),
            channel: Some(Channel::Sms),
            timestamp: at(seconds),
            time: TimeSource::Given,
            doubts: Vec::new(),
            raw: Vec::new(),
        }
    }

    #[test]
    fn while_a_log_is_read_only_its_own_time_counts_with_some_room_for_disorder() {
        let windows = windows(AtEnd::Keep, 0);
        let closed: Vec<_> = windows.closed(Input::Flows, at(86_400)).collect();
        assert_eq!(closed, [Closing::ByLog(at(-150))]);
    }

    #[test]
    fn when_the_log_rests_the_clock_goes_on_for_it() {
        let windows = windows(AtEnd::Keep, 0);
        let closed = |now| windows.closed(Input::Rests, now).collect::<Vec<_>>();
        assert_eq!(closed(at(5)), [Closing::ByLog(at(5 - 150))]);
        assert_eq!(closed(at(149)), [Closing::ByLog(at(149 - 150))]);
        assert_eq!(closed(at(150)), [Closing::ByLog(at(0)), Closing::ByClock(at(150 - 750))]);
    }

    #[test]
    fn a_pause_in_an_old_log_is_no_more_than_a_pause() {
        let windows = windows(AtEnd::Keep, -86_400);
        assert_eq!(
            windows.closed(Input::Rests, at(5)).collect::<Vec<_>>(),
            [Closing::ByLog(at(-86_400 + 5 - 150))]
        );
    }

    #[test]
    fn before_the_log_has_said_anything_the_clock_waits_too() {
        let windows = Windows::new(windows(AtEnd::Keep, 0).tracking, at(0));
        assert_eq!(windows.closed(Input::Rests, at(149)).next(), None);
        assert_eq!(windows.closed(Input::Rests, at(150)).next(), Some(Closing::ByClock(at(150 - 750))));
    }

    #[test]
    fn an_older_file_after_a_newer_one_has_its_own_time() {
        let mut windows = windows(AtEnd::Keep, -3600);
        let flows = |windows: &Windows| windows.closed(Input::Flows, at(0)).next();
        windows.saw(&[event(-3600 - 150)], at(0));
        assert_eq!(flows(&windows), Some(Closing::ByLog(at(-3600 - 150))), "only out of order");
        windows.saw(&[event(-7200), event(-7100), event(-7101)], at(0));
        assert_eq!(flows(&windows), Some(Closing::ByLog(at(-7100 - 150))));
        assert_eq!(windows.closed(Input::Ended, at(0)).next(), Some(Closing::ByLog(at(-3600))));
    }

    #[test]
    fn at_the_end_everything_has_been_said() {
        let end = |at_end| windows(at_end, 0).closed(Input::Ended, at(5)).collect::<Vec<_>>();
        assert_eq!(end(AtEnd::Keep), [Closing::ByLog(at(0)), Closing::ByClock(at(5 - 600))]);
        assert_eq!(end(AtEnd::Wait), [Closing::ByLog(at(5)), Closing::ByClock(at(5 - 600))]);
        assert_eq!(end(AtEnd::Expire), [Closing::All]);
    }

    #[test]
    fn a_log_from_the_future_does_not_close_what_the_clock_leaves_open() {
        let windows = windows(AtEnd::Keep, 3600);
        assert_eq!(windows.closed(Input::Flows, at(0)).next(), Some(Closing::ByLog(at(-150))));
    }

    #[test]
    fn nothing_is_asked_twice() {
        let mut windows = windows(AtEnd::Keep, 0);
        for closing in windows.closed(Input::Rests, at(155)) {
            windows.found_nothing(closing);
        }
        assert_eq!(windows.closed(Input::Rests, at(155)).next(), None);
        assert_eq!(windows.closed(Input::Rests, at(156)).count(), 2);
        assert_eq!(Windows::new(windows.tracking, at(0)).closed(Input::Flows, at(5)).next(), None);
    }

    #[test]
    fn what_stays_open_is_looked_at_once_in_every_second_and_when_the_input_changes() {
        let mut windows = windows(AtEnd::Keep, 0);
        let looks =
            [(Input::Rests, 5), (Input::Rests, 5), (Input::Rests, 6), (Input::Ended, 6), (Input::Ended, 6)];
        let worth = looks.map(|(input, seconds)| windows.is_worth_a_look(input, at(seconds)));
        assert_eq!(worth, [true, false, true, true, false]);
    }

    #[test]
    fn a_channel_is_waited_for_while_there_is_more_to_read_and_for_a_window_where_the_log_rests() {
        let windows = windows(AtEnd::Keep, 0);
        assert_eq!(windows.unplaced_since(Input::Flows, at(5)), None);
        assert_eq!(windows.unplaced_since(Input::Rests, at(5)), Some(at(5 - 600)));
        assert_eq!(windows.unplaced_since(Input::Ended, at(5)), Some(at(5)));
    }

    #[test]
    fn only_a_run_that_waits_goes_on_after_the_end() {
        for (at_end, open, finished) in
            [(AtEnd::Keep, 1, true), (AtEnd::Wait, 1, false), (AtEnd::Wait, 0, true), (AtEnd::Expire, 0, true)]
        {
            let mut windows = windows(at_end, 0);
            windows.all_closed(open);
            assert_eq!(windows.are_finished(), finished);
        }
    }
}
