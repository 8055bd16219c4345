//! When the ledger is searched for rows that are due: what this run postponed, and what earlier runs left. Time is handed in.
//!
//! A search costs one transaction, whatever it finds. It is made beside the input, however fast that flows.

use std::time::Duration;

use crate::ledger::Due;

/// Which rows of earlier runs a run takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adopt {
    /// None.
    Nothing,
    /// Those whose next attempt is due.
    Due,
    /// All that are pending.
    Everything,
}

/// What else the run has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Besides {
    /// New input arrives.
    Input,
    /// Nothing for now, but the run goes on.
    Rest,
    /// Nothing any more.
    Nothing,
}

/// How long new input alone is taken at the beginning: a file that is read again mostly has the very rows that its last run left,
/// and a row that is met in the input has a line of its own.
const HEAD_START: Duration = Duration::from_secs(2);
/// How long after a search that found nothing the next one is made.
const INTERVAL: Duration = Duration::from_secs(1);
/// How often it is looked whether another run has settled what this run's input waits behind.
const WAITING_INTERVAL: Duration = Duration::from_millis(100);
/// At most one part in so many of the time is spent on searches in vain.
const SHARE: u32 = 10;

/// How far the searches have come.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Looks {
    adopt: Adopt,
    next: Next,
    /// When what waits is looked at again.
    next_waiting: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// There was none yet; where input flows, the first is made then.
    First(Duration),
    /// There may be more.
    Now,
    /// The last search, at this time, found nothing; how long it took shows when the time is handed in again.
    InVain(Duration),
    /// There was no more.
    At(Duration),
}

impl Looks {
    pub(super) fn new(adopt: Adopt, now: Duration) -> Self {
        Self { adopt, next: Next::First(now + HEAD_START), next_waiting: now }
    }

    /// Which rows to search for now, if any.
    pub(super) fn wanted(&mut self, besides: Besides, now: Duration) -> Option<Due> {
        if let Next::InVain(began) = self.next {
            // A wait that followed it is counted, too: at most 50 ms, which make no difference.
            self.next = Next::At(now + INTERVAL.max(now.saturating_sub(began) * SHARE));
        }
        let is_time = match self.next {
            Next::First(time) => besides != Besides::Input || now >= time,
            Next::Now => true,
            Next::InVain(_) => false,
            Next::At(time) => now >= time,
        };
        match (self.adopt, besides) {
            _ if !is_time => None,
            (Adopt::Nothing, _) => None,
            (Adopt::Due, Besides::Input | Besides::Rest) => Some(Due::OnlyDue),
            // A run with nothing else to do would never end if it took up again what it had itself postponed.
            (Adopt::Due, Besides::Nothing) => Some(Due::OnlyDueOfOthers),
            (Adopt::Everything, _) => Some(Due::Everything),
        }
    }

    /// A search that began now found so many rows.
    pub(super) fn found(&mut self, rows: usize, now: Duration) {
        self.next = if rows > 0 { Next::Now } else { Next::InVain(now) };
    }

    /// Whether to look now at what waits.
    pub(super) fn are_due_for_waiting(&mut self, now: Duration) -> bool {
        let due = now >= self.next_waiting;
        if due {
            self.next_waiting = now + WAITING_INTERVAL;
        }
        due
    }

    /// The input has ended: what is left now is searched for once more.
    pub(super) fn input_ended(&mut self) {
        self.next = Next::Now;
    }

    /// Whether the last search found all that there was.
    pub(super) fn are_finished(&self) -> bool {
        self.adopt == Adopt::Nothing || matches!(self.next, Next::InVain(_) | Next::At(_))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Besides, Looks};
    use crate::ledger::Due;
    use crate::pipeline::Adopt;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn while_input_flows_what_is_due_is_searched_for_from_two_seconds_on() {
        let mut looks = Looks::new(Adopt::Due, ms(500));
        assert_eq!(looks.wanted(Besides::Input, ms(2499)), None);
        assert_eq!(looks.wanted(Besides::Input, ms(2500)), Some(Due::OnlyDue));
    }

    #[test]
    fn where_the_input_rests_it_is_searched_for_at_once() {
        let mut looks = Looks::new(Adopt::Due, ms(500));
        assert_eq!(looks.wanted(Besides::Rest, ms(500)), Some(Due::OnlyDue));
    }

    #[test]
    fn a_search_in_vain_is_repeated_after_a_second_and_one_that_found_something_at_once() {
        let mut looks = Looks::new(Adopt::Due, ms(0));
        looks.found(0, ms(3000));
        assert_eq!(looks.wanted(Besides::Input, ms(3001)), None);
        assert_eq!(looks.wanted(Besides::Input, ms(4000)), None);
        assert_eq!(looks.wanted(Besides::Input, ms(4001)), Some(Due::OnlyDue));
        looks.found(7, ms(4001));
        assert_eq!(looks.wanted(Besides::Input, ms(4002)), Some(Due::OnlyDue));
    }

    #[test]
    fn searches_in_vain_take_a_tenth_of_the_time_at_most() {
        let mut looks = Looks::new(Adopt::Due, ms(0));
        looks.found(0, ms(3000));
        assert_eq!(looks.wanted(Besides::Rest, ms(4000)), None);
        assert_eq!(looks.wanted(Besides::Rest, ms(13_999)), None);
        assert_eq!(looks.wanted(Besides::Rest, ms(14_000)), Some(Due::OnlyDue));
    }

    #[test]
    fn at_the_end_there_is_a_last_search_for_what_others_left() {
        let mut looks = Looks::new(Adopt::Due, ms(0));
        looks.found(0, ms(3000));
        looks.input_ended();
        assert!(!looks.are_finished());
        assert_eq!(looks.wanted(Besides::Nothing, ms(3002)), Some(Due::OnlyDueOfOthers));
        looks.found(1, ms(3002));
        assert!(!looks.are_finished());
        looks.found(0, ms(3003));
        assert!(looks.are_finished());
    }

    #[test]
    fn what_waits_for_another_run_is_looked_at_ten_times_a_second() {
        let mut looks = Looks::new(Adopt::Nothing, ms(0));
        let due = [0, 50, 99, 100, 150, 200].map(|time| looks.are_due_for_waiting(ms(time)));
        assert_eq!(due, [true, false, false, true, false, true]);
    }

    #[test]
    fn a_run_that_adopts_nothing_never_searches() {
        let mut looks = Looks::new(Adopt::Nothing, ms(0));
        assert_eq!(looks.wanted(Besides::Nothing, ms(9000)), None);
        assert!(looks.are_finished());
    }
}
