//! What may be sent when: concurrency, pauses, retries. Time is handed in; nothing here waits or sends.
//!
//! The numbers and their reasons are in `docs/decisions/0004-retries.md`.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::book::Warrant;
use super::judge::{Trouble, TroubleKind};
use super::{Report, State, StopReason};
use crate::domain::{Failure, Outcome, Reached, Record, Timestamp};
use crate::failpoint::{Promise, is_broken};
use crate::ledger::{Origin, Ticket};

/// The bounds of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests under way at once, at most.
    pub jobs: usize,
    /// Tries after the first, for each record.
    pub retries: u32,
    /// From a record's first try, how long it may be tried again.
    pub retry_max_time: Duration,
    /// The least time between the starts of two requests.
    pub interval: Option<Duration>,
    /// Older conversions are left out.
    pub max_age: Option<Duration>,
    /// From the start of the run, how long anything new is sent.
    pub deadline: Option<Duration>,
}

impl Limits {
    /// W: how many requests may be handed out and not settled; the most that an unclean stop can cause to be repeated.
    #[must_use]
    pub fn window(&self) -> usize {
        if self.jobs > 1 { WINDOW_MIN.max(4 * self.jobs) } else { 1 }
    }
}

const BACKOFF_BASE: Duration = Duration::from_millis(200);
const BACKOFF_BASE_WHEN_OVERLOADED: Duration = Duration::from_secs(1);
const BACKOFF_CAP: Duration = Duration::from_secs(30);
/// Without `Retry-After`, everyone waits this long after a 429.
const THROTTLE_PAUSE: Duration = Duration::from_secs(1);
/// This many failures of the network in a row mean that it is gone.
const BREAKER_FAILURES: u32 = 20;
const BREAKER_PAUSE: Duration = Duration::from_secs(30);
/// Failures of the network that are further apart are not in a row.
const REST: Duration = Duration::from_secs(120);
/// Not HTTP or not TLS may be an accident this many times in a row.
const NONSENSE_LIMIT: u32 = 3;
/// Retries are at most a tenth of the records that were tried, beyond a start of this many. A retry earns no other one: a
/// tenth of a tenth of a tenth would be more than was promised.
const RETRIES_FREE: f64 = 20.0;
const RETRIES_PER_RECORD: f64 = 0.1;
/// Records that are held in memory at once, at most.
const HELD: usize = 1024;
/// And so many more that have come due, so that there is room for them however fast input flows.
const DUE_HELD: usize = 256;
/// What has come due goes before what is new, so many in a row; then as many new ones have their turn.
const TURN: usize = 64;
/// The unsettled window is four times the jobs, and at least this.
const WINDOW_MIN: usize = 64;
/// The first answers that show whether a mapping is right, and how many refusals mean that it is not.
const FIRST_ANSWERS: u32 = 100;
const FIRST_REFUSALS: u32 = 95;

/// A conversion on its way.
#[derive(Debug)]
pub(super) struct Job {
    warrant: Warrant,
    origin: Origin,
    pub(super) attempts: u32,
    pub(super) sent_at: Option<Timestamp>,
    pub(super) last_status: Option<u16>,
    /// What its last attempt met; a run that stops must not say of it that nothing was sent.
    pub(super) last_failure: Option<Failure>,
    ambiguous: bool,
    ambiguous_resends: u32,
    stale_connection_met: bool,
    first_try: Option<Duration>,
    /// From the beginning of the first request to the end of the last one.
    elapsed: Option<(Duration, Duration)>,
}

impl Job {
    pub(super) fn new(warrant: Warrant, origin: Origin) -> Self {
        Self {
            ambiguous: warrant.may_have_arrived(),
            warrant,
            origin,
            attempts: 0,
            sent_at: None,
            last_status: None,
            last_failure: None,
            ambiguous_resends: 0,
            stale_connection_met: false,
            first_try: None,
            elapsed: None,
        }
    }

    pub(super) fn record(&self) -> &Record {
        self.warrant.record()
    }

    /// One more request was made for it.
    pub(super) fn tried(&mut self, at: Timestamp, began: Duration, ended: Duration) {
        self.attempts += 1;
        self.sent_at = Some(at);
        self.elapsed = Some((self.elapsed.map_or(began, |(first, _)| first), ended));
    }

    /// Whether a try of it, in this run or before, may have arrived.
    pub(super) fn may_have_arrived(&self) -> bool {
        self.ambiguous
    }

    /// What its last try met, as long as it has not been settled; that an earlier try may have arrived is not forgotten.
    pub(super) fn unfinished(&self) -> Option<Failure> {
        let reached = |failure: &Failure| if self.ambiguous { Reached::Unknown } else { failure.reached_server };
        self.last_failure.as_ref().map(|failure| Failure { reached_server: reached(failure), ..failure.clone() })
    }

    /// Its end: the ticket to be settled, where there is one, and what to tell.
    pub(super) fn report(self, outcome: Outcome) -> (Option<Ticket>, Report) {
        let (ticket, record) = match self.warrant {
            Warrant::Recorded(ticket) => {
                let record = ticket.record().clone();
                (Some(ticket), record)
            }
            Warrant::Unrecorded(record) => (None, record),
        };
        let report = Report {
            origin: self.origin,
            http_status: self.last_status,
            attempts: self.attempts,
            ambiguous_resends: self.ambiguous_resends,
            elapsed: self.elapsed.map_or(Duration::ZERO, |(began, ended)| ended.saturating_sub(began)),
            sent_at: self.sent_at,
            ..Report::not_sent(record, outcome)
        };
        (ticket, report)
    }
}

/// What becomes of a record whose attempt failed in a way that may pass.
#[derive(Debug)]
pub(super) enum Again {
    /// It will be tried again; everyone may have to pause.
    Planned {
        /// After this wait.
        wait: Duration,
        /// A pause that has just begun.
        pause: Option<Duration>,
    },
    /// Not in this run.
    GivenUp(Box<Job>),
    /// Not in this run, and nothing else either.
    Hopeless(Box<Job>, StopReason),
}

/// Jobs that wait for their time, by that time; equal times keep their order.
type Delayed = BTreeMap<(Duration, u64), Job>;

/// The plan of a run.
#[derive(Debug)]
pub(super) struct Schedule {
    limits: Limits,
    /// What is new.
    ready: VecDeque<Job>,
    /// What had to wait, was postponed, or was left by an earlier run, and may go now.
    due: VecDeque<Job>,
    /// How many of a turn of each have gone: first what is due, then what is new.
    turn: usize,
    delayed: Delayed,
    /// As `delayed`, but a try of these may have arrived: they are unsettled like those that are under way.
    doubtful: Delayed,
    delayed_count: u64,
    in_flight: usize,
    /// Requests that may be under way at once, now: one until the first success, then more with each.
    concurrency: usize,
    paused_until: Duration,
    next_slot: Duration,
    retry_tokens: f64,
    /// Attempts in a row to which nobody answered.
    failures: u32,
    /// Since when that has been so, and when it was so last.
    broken: Option<(Duration, Duration)>,
    /// When the run may send nothing new any more.
    ends: Option<Duration>,
    nonsense: u32,
    answers: u32,
    refusals: u32,
}

impl Schedule {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            ready: VecDeque::new(),
            due: VecDeque::new(),
            turn: 0,
            delayed: Delayed::new(),
            doubtful: Delayed::new(),
            delayed_count: 0,
            in_flight: 0,
            concurrency: 1,
            paused_until: Duration::ZERO,
            next_slot: Duration::ZERO,
            retry_tokens: RETRIES_FREE,
            failures: 0,
            broken: None,
            ends: None,
            nonsense: 0,
            answers: 0,
            refusals: 0,
        }
    }

    /// The run ends then.
    pub(super) fn end_at(&mut self, ends: Option<Duration>) {
        self.ends = ends;
    }

    /// Takes new work.
    pub(super) fn admit(&mut self, job: Job) {
        self.ready.push_back(job);
    }

    /// Takes what has come due.
    pub(super) fn admit_due(&mut self, job: Job) {
        self.due.push_back(job);
    }

    /// How much more new work may be admitted.
    pub(super) fn room(&self) -> usize {
        let held = self.ready.len() + self.to_retry() + self.in_flight;
        self.most_held().saturating_sub(held).min(self.room_for_all())
    }

    /// How much may be admitted of what has come due; nothing while enough of it is here, because each group has its price.
    pub(super) fn room_for_due(&self) -> usize {
        let most = if self.ready.is_empty() { self.most_held() } else { DUE_HELD };
        let has_enough = self.due.len() > most / 2;
        if has_enough { 0 } else { (most - self.due.len()).min(self.room_for_all()) }
    }

    fn room_for_all(&self) -> usize {
        let held = self.ready.len() + self.due.len() + self.to_retry() + self.in_flight;
        (self.most_held() + DUE_HELD).saturating_sub(held)
    }

    /// Whether the senders could soon do with more. Until then new work would only wait here, and taken in small pieces each
    /// would be a group that the disk has to sync.
    pub(super) fn wants_more(&self) -> bool {
        self.ready.len() <= self.most_held() / 2
    }

    fn most_held(&self) -> usize {
        HELD.max(4 * self.limits.jobs)
    }

    /// Whether nothing waits and nothing is under way.
    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.due.is_empty() && self.to_retry() == 0 && self.in_flight == 0
    }

    fn to_retry(&self) -> usize {
        self.delayed.len() + self.doubtful.len()
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    pub(super) fn state(&self) -> State {
        State { in_flight: self.in_flight.min(self.concurrency), to_retry: self.to_retry() }
    }

    pub(super) fn is_paused(&self, now: Duration) -> bool {
        now < self.paused_until
    }

    /// A job that may be sent now; it counts as under way from here on.
    pub(super) fn next(&mut self, now: Duration) -> Option<Job> {
        if self.is_paused(now) || now < self.next_slot || self.in_flight >= self.permits() {
            return None;
        }
        let mut job = match pop_due(&mut self.doubtful, now) {
            Some(job) => job,
            None if self.window_is_full() => return None,
            None => pop_due(&mut self.delayed, now).or_else(|| self.pop_in_turn())?,
        };
        if let Some(interval) = self.limits.interval {
            self.next_slot = self.next_slot.max(now) + interval;
        }
        job.first_try.get_or_insert(now);
        if job.ambiguous {
            job.ambiguous_resends += 1;
        }
        if job.attempts == 0 {
            self.retry_tokens += RETRIES_PER_RECORD;
        }
        self.in_flight += 1;
        Some(job)
    }

    /// What is due goes first; where there is much of it, it shares with what is new.
    fn pop_in_turn(&mut self) -> Option<Job> {
        let (first, other) =
            if self.turn < TURN { (&mut self.due, &mut self.ready) } else { (&mut self.ready, &mut self.due) };
        if let Some(job) = first.pop_front() {
            self.turn = (self.turn + 1) % (2 * TURN);
            Some(job)
        } else {
            self.turn = 0;
            other.pop_front()
        }
    }

    /// How many jobs may be handed out at once. At full speed some more than are under way wait in front of the senders, so
    /// that these need not wait while a group is settled; a closed gate gives them back.
    fn permits(&self) -> usize {
        let full_speed = self.concurrency == self.limits.jobs && self.limits.interval.is_none();
        if full_speed { self.limits.window() } else { self.concurrency }
    }

    /// Whether a kill could already cause as many repeats as it may. A record that may have arrived counts until it is settled,
    /// also while it waits to be tried again.
    fn window_is_full(&self) -> bool {
        let doubtful = if is_broken(Promise::WindowHeld) { 0 } else { self.doubtful.len() };
        self.in_flight + doubtful >= self.limits.window()
    }

    /// How long until [`Schedule::next`] may have something that it has not now.
    pub(super) fn wakeup(&self, now: Duration) -> Option<Duration> {
        let due = |waiting: &Delayed| waiting.first_key_value().map(|((due, _), _)| *due);
        let others = match () {
            () if self.window_is_full() => None,
            () if !self.ready.is_empty() || !self.due.is_empty() => Some(now),
            () => due(&self.delayed),
        };
        let work = due(&self.doubtful).into_iter().chain(others).min()?;
        (self.in_flight < self.permits())
            .then(|| work.max(self.paused_until).max(self.next_slot).saturating_sub(now))
    }

    /// A job came back untouched, because the gate was closed: it is as if it had not been handed out.
    pub(super) fn bounced(&mut self, mut job: Job) {
        self.in_flight -= 1;
        if job.attempts == 0 {
            job.first_try = None;
            self.retry_tokens -= RETRIES_PER_RECORD;
        }
        if job.ambiguous {
            job.ambiguous_resends -= 1;
        }
        self.ready.push_front(job);
    }

    /// A record was settled by the server.
    pub(super) fn settled(&mut self, outcome: &Outcome) {
        self.in_flight -= 1;
        self.failures = 0;
        self.broken = None;
        self.nonsense = 0;
        self.answers = self.answers.saturating_add(1);
        match outcome {
            Outcome::Accepted => self.concurrency = (self.concurrency * 2).min(self.limits.jobs),
            Outcome::Rejected(_) => self.refusals = self.refusals.saturating_add(1),
            Outcome::Retry(_) | Outcome::Invalid(_) | Outcome::Skipped(_) | Outcome::DryRun => {}
        }
    }

    /// Whether the first answers were so bad that the input must be mapped wrongly.
    pub(super) fn nearly_all_refused(&self) -> bool {
        self.answers == FIRST_ANSWERS && self.refusals >= FIRST_REFUSALS
    }

    /// A job came back with an answer that ends the run.
    pub(super) fn failed(&mut self) {
        self.in_flight -= 1;
    }

    /// A job came back with a failure that may pass.
    pub(super) fn again(&mut self, mut job: Job, trouble: &Trouble, now: Duration) -> Again {
        self.in_flight -= 1;
        let pause = self.pause_for(trouble, now);
        if trouble.kind == TroubleKind::Nonsense && self.nonsense >= NONSENSE_LIMIT {
            return Again::Hopeless(Box::new(job), StopReason::Configuration);
        }
        if self.is_too_long_a_wait(now) {
            return Again::Hopeless(Box::new(job), StopReason::Later);
        }
        job.ambiguous = job.ambiguous || trouble.failure.reached_server == Reached::Unknown;
        let mut wait = backoff(trouble, job.attempts).max(trouble.wait.unwrap_or_default());
        if trouble.kind == TroubleKind::StaleConnection && !job.stale_connection_met {
            job.stale_connection_met = true;
            wait = Duration::ZERO;
        }
        let due = now + wait;
        let too_late =
            due.max(self.paused_until).saturating_sub(job.first_try.unwrap_or(now)) > self.limits.retry_max_time;
        let too_late = too_late || self.ends.is_some_and(|ends| due > ends);
        if too_late || job.attempts > self.limits.retries || self.retry_tokens < 1.0 {
            return Again::GivenUp(Box::new(job));
        }
        self.retry_tokens -= 1.0;
        self.delayed_count += 1;
        let waiting = if job.ambiguous { &mut self.doubtful } else { &mut self.delayed };
        waiting.insert((due, self.delayed_count), job);
        Again::Planned { wait, pause }
    }

    /// Whether nothing can be hoped for in this run: everyone has to wait for longer than a record may, or the run lasts, or
    /// there has been nobody to answer for as long.
    fn is_too_long_a_wait(&self, now: Duration) -> bool {
        let paused = self.paused_until.saturating_sub(now);
        let broken = self.broken.map_or(Duration::ZERO, |(since, last)| last.saturating_sub(since));
        paused.max(broken) > self.limits.retry_max_time || self.ends.is_some_and(|ends| self.paused_until > ends)
    }

    /// Slows everyone down where the trouble is everyone's; returns a pause that begins now.
    fn pause_for(&mut self, trouble: &Trouble, now: Duration) -> Option<Duration> {
        let pause = match trouble.kind {
            TroubleKind::Throttled => {
                (self.failures, self.broken) = (0, None);
                self.concurrency = (self.concurrency / 2).max(1);
                Some(trouble.wait.unwrap_or(THROTTLE_PAUSE))
            }
            TroubleKind::NotSent | TroubleKind::MaybeSent => {
                let (since, last) = self.broken.unwrap_or((now, now));
                // A stream that rests for hours between two failures has not been without a network for hours.
                let goes_on = now.saturating_sub(last) <= self.limits.retry_max_time.max(REST);
                self.broken = Some((if goes_on { since } else { now }, now));
                self.failures = if goes_on { self.failures.saturating_add(1) } else { 1 };
                if self.failures >= BREAKER_FAILURES {
                    // One probe after the pause: another failure, which counts on, opens the breaker again at once.
                    self.concurrency = 1;
                    Some(BREAKER_PAUSE)
                } else {
                    None
                }
            }
            // Whoever answers nothing but 5xx is soon asked by one sender only.
            TroubleKind::Overloaded | TroubleKind::Server => {
                self.concurrency = (self.concurrency / 2).max(1);
                (self.failures, self.broken) = (0, None);
                trouble.wait
            }
            TroubleKind::Nonsense => {
                self.nonsense += 1;
                None
            }
            TroubleKind::StaleConnection => None,
        };
        let until = now + pause?;
        // What was under way when a pause began comes back during it; it may make it longer, but that is no new pause.
        let begins = until > now && !self.is_paused(now);
        self.paused_until = self.paused_until.max(until);
        pause.filter(|_| begins)
    }

    /// Everything that waits; what is under way will still come back.
    pub(super) fn drain(&mut self) -> Vec<Job> {
        let (doubtful, delayed) = (std::mem::take(&mut self.doubtful), std::mem::take(&mut self.delayed));
        let due = std::mem::take(&mut self.due);
        due.into_iter()
            .chain(self.ready.drain(..))
            .chain(doubtful.into_values())
            .chain(delayed.into_values())
            .collect()
    }
}

/// The first job that waits, if its time has come.
fn pop_due(waiting: &mut Delayed, now: Duration) -> Option<Job> {
    let first = waiting.first_entry().filter(|first| first.key().0 <= now)?;
    Some(first.remove())
}

/// Full jitter: anything up to base × 2ⁿ, so that many clients do not come back together.
fn backoff(trouble: &Trouble, attempts: u32) -> Duration {
    let base = match trouble.kind {
        TroubleKind::Throttled | TroubleKind::Overloaded => BACKOFF_BASE_WHEN_OVERLOADED,
        TroubleKind::Server
        | TroubleKind::NotSent
        | TroubleKind::MaybeSent
        | TroubleKind::StaleConnection
        | TroubleKind::Nonsense => BACKOFF_BASE,
    };
    let ceiling = base.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(BACKOFF_CAP);
    ceiling.mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Again, BREAKER_FAILURES, BREAKER_PAUSE, Job, Limits, Schedule, backoff};
    use crate::domain::{
        Channel, Conversion, Delivered, ErrorCode, Failure, MessageId, Outcome, Reached, Record, TimeSource,
        Timestamp,
    };
    use crate::ledger::Origin;
    use crate::pipeline::StopReason;
    use crate::pipeline::book::Warrant;
    use crate::pipeline::judge::{Trouble, TroubleKind};
    use crate::pipeline::tests::LIMITS;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn job(id: u32) -> Job {
        let conversion = Conversion {
            channel: Channel::Sms,
            message_id: MessageId::parse(&id.to_string()).unwrap(),
            delivered: Delivered::True,
            timestamp: Timestamp::from_unix(0).unwrap(),
        };
        let record =
            Record { line: id.into(), reference: None, conversion, time: TimeSource::Given, doubts: Vec::new() };
        Job::new(Warrant::Unrecorded(record), Origin::Input)
    }

    fn with_jobs(limits: Limits, count: u32) -> Schedule {
        let mut schedule = Schedule::new(limits);
        (0..count).for_each(|id| schedule.admit(job(id)));
        schedule
    }

    fn trouble(kind: TroubleKind, wait: Option<u64>) -> Trouble {
        let reached = if kind == TroubleKind::MaybeSent { Reached::Unknown } else { Reached::No };
        let failure = Failure { code: ErrorCode::Connect, message: "down".into(), reached_server: reached };
        Trouble { failure, kind, wait: wait.map(seconds) }
    }

    /// Everything that may be sent now.
    fn hand_out(schedule: &mut Schedule, now: Duration) -> Vec<Job> {
        std::iter::from_fn(|| schedule.next(now)).collect()
    }

    /// Tries a job again and again, each time as soon as it may be, until it is given up; returns the times of its tries.
    fn tries(limits: Limits, trouble: &Trouble) -> Vec<Duration> {
        let mut schedule = with_jobs(limits, 1);
        let (mut now, mut times) = (Duration::ZERO, Vec::new());
        loop {
            let mut job = schedule.next(now).expect("something to send");
            times.push(now);
            job.attempts += 1;
            match schedule.again(job, trouble, now) {
                Again::Planned { .. } => now += schedule.wakeup(now).expect("something to wait for"),
                Again::GivenUp(_) | Again::Hopeless(..) => return times,
            }
        }
    }

    #[test]
    fn a_run_starts_with_one_request_and_widens_with_each_success() {
        let mut schedule = with_jobs(LIMITS, 1000);
        assert_eq!(hand_out(&mut schedule, Duration::ZERO).len(), 1);
        schedule.settled(&Outcome::Accepted);
        assert_eq!(hand_out(&mut schedule, Duration::ZERO).len(), 2);
        schedule.settled(&Outcome::Accepted);
        schedule.settled(&Outcome::Accepted);
        assert_eq!(hand_out(&mut schedule, Duration::ZERO).len(), 8);
    }

    #[test]
    fn what_came_due_goes_before_what_is_new_and_shares_with_it_where_there_is_much() {
        let mut schedule = with_jobs(Limits { jobs: 1, ..LIMITS }, 200);
        (1000..1100).for_each(|id| schedule.admit_due(job(id)));
        let order: Vec<_> = std::iter::from_fn(|| {
            let job = schedule.next(Duration::ZERO)?;
            schedule.settled(&Outcome::Accepted);
            Some(job.record().line)
        })
        .collect();
        assert!(order[..64].iter().copied().eq(1000..1064), "due ones first");
        assert!(order[64..128].iter().copied().eq(0..64), "then as many new ones");
        assert!(order[128..164].iter().copied().eq(1064..1100), "then the other due ones");
        assert!(order[164..].iter().copied().eq(64..200));
        schedule.admit(job(1));
        schedule.admit_due(job(2));
        assert_eq!(schedule.next(Duration::ZERO).unwrap().record().line, 2, "due ones first, each time anew");
    }

    #[test]
    fn there_is_room_for_what_came_due_however_much_is_new_and_memory_stays_bounded() {
        let mut schedule = with_jobs(LIMITS, 1024);
        assert_eq!((schedule.room(), schedule.room_for_due()), (0, 256));
        (0..256).for_each(|id| schedule.admit_due(job(id)));
        assert_eq!((schedule.room(), schedule.room_for_due()), (0, 0));
        let mut schedule = with_jobs(LIMITS, 0);
        (0..1024).for_each(|id| schedule.admit_due(job(id)));
        assert_eq!((schedule.room(), schedule.room_for_due()), (256, 0), "and for what is new");
    }

    #[test]
    fn the_unsettled_window_is_never_exceeded() {
        let mut schedule = with_jobs(LIMITS, 1000);
        for _ in 0..100 {
            hand_out(&mut schedule, Duration::ZERO);
            assert!(schedule.in_flight() <= 64, "{}", schedule.in_flight());
            schedule.settled(&Outcome::Accepted);
        }
        assert_eq!(hand_out(&mut schedule, Duration::ZERO).len() + 63, 64);
    }

    #[test]
    fn new_work_is_wanted_while_little_is_ready_however_much_waits_to_be_tried_again() {
        let mut schedule = with_jobs(LIMITS, 513);
        assert!(!schedule.wants_more());
        while let Some(mut job) = schedule.next(Duration::ZERO) {
            job.attempts += 1;
            let _ = schedule.again(job, &trouble(TroubleKind::Server, None), Duration::ZERO);
        }
        assert!(schedule.wants_more());
    }

    #[test]
    fn a_record_gets_five_tries_and_no_more() {
        assert_eq!(tries(LIMITS, &trouble(TroubleKind::NotSent, None)).len(), 5);
        assert_eq!(tries(Limits { retries: 0, ..LIMITS }, &trouble(TroubleKind::NotSent, None)).len(), 1);
    }

    #[test]
    fn no_try_begins_after_the_records_time_is_over() {
        let limits = Limits { retries: 100, retry_max_time: seconds(10), ..LIMITS };
        for _ in 0..50 {
            let times = tries(limits, &trouble(TroubleKind::Overloaded, None));
            assert!(times.iter().all(|time| *time <= seconds(10)), "{times:?}");
        }
    }

    #[test]
    fn the_server_is_never_asked_again_before_the_time_that_it_named() {
        let times = tries(LIMITS, &trouble(TroubleKind::Overloaded, Some(7)));
        assert!(times.windows(2).all(|pair| pair[1].saturating_sub(pair[0]) >= seconds(7)), "{times:?}");
    }

    #[test]
    fn after_a_429_nobody_sends_until_the_named_time_and_then_half_as_many() {
        let mut schedule = with_jobs(LIMITS, 1000);
        for _ in 0..4 {
            hand_out(&mut schedule, Duration::ZERO);
            while schedule.in_flight() > 0 {
                schedule.settled(&Outcome::Accepted);
            }
        }
        let mut job = schedule.next(Duration::ZERO).unwrap();
        job.attempts += 1;
        let again = schedule.again(job, &trouble(TroubleKind::Throttled, Some(30)), Duration::ZERO);
        assert!(matches!(again, Again::Planned { pause: Some(pause), .. } if pause == seconds(30)));
        assert!(schedule.next(seconds(29)).is_none());
        assert_eq!(hand_out(&mut schedule, seconds(31)).len(), 8);
    }

    #[test]
    fn what_comes_back_during_a_pause_may_lengthen_it_and_begins_no_other() {
        let mut schedule = with_jobs(LIMITS, 3);
        schedule.concurrency = 3;
        let told: Vec<_> = hand_out(&mut schedule, Duration::ZERO)
            .into_iter()
            .zip(1..)
            .map(|(job, at)| schedule.again(job, &trouble(TroubleKind::Throttled, Some(10)), seconds(at)))
            .map(|again| matches!(again, Again::Planned { pause: Some(_), .. }))
            .collect();
        assert_eq!(told, [true, false, false]);
        assert!(schedule.is_paused(seconds(12)) && !schedule.is_paused(seconds(13)));
    }

    #[test]
    fn a_pause_longer_than_a_record_may_last_ends_the_run() {
        let mut schedule = with_jobs(LIMITS, 2);
        let mut job = schedule.next(Duration::ZERO).unwrap();
        job.attempts += 1;
        let again = schedule.again(job, &trouble(TroubleKind::Throttled, Some(300)), Duration::ZERO);
        assert!(matches!(again, Again::Hopeless(_, StopReason::Later)));
    }

    #[test]
    fn a_dead_network_opens_the_breaker_and_gets_one_probe_at_a_time() {
        let mut schedule = with_jobs(Limits { retries: 0, ..LIMITS }, 1000);
        let gone = trouble(TroubleKind::NotSent, None);
        for _ in 0..BREAKER_FAILURES {
            let job = schedule.next(Duration::ZERO).unwrap();
            let _ = schedule.again(job, &gone, Duration::ZERO);
        }
        assert!(schedule.next(BREAKER_PAUSE.saturating_sub(seconds(1))).is_none());
        let probes = hand_out(&mut schedule, BREAKER_PAUSE);
        assert_eq!(probes.len(), 1);
        for probe in probes {
            let _ = schedule.again(probe, &gone, BREAKER_PAUSE);
        }
        assert!(
            schedule.next((BREAKER_PAUSE * 2).saturating_sub(seconds(1))).is_none(),
            "one failed probe opens it again"
        );
    }

    #[test]
    fn a_dead_network_costs_a_bounded_number_of_requests_and_then_ends_the_run() {
        let mut schedule = with_jobs(LIMITS, 1000);
        let (mut now, mut requests) = (Duration::ZERO, 0);
        let mut hopeless = false;
        while now < seconds(600) && !hopeless {
            for mut job in hand_out(&mut schedule, now) {
                requests += 1;
                job.attempts += 1;
                let again = schedule.again(job, &trouble(TroubleKind::NotSent, None), now);
                hopeless |= matches!(again, Again::Hopeless(_, StopReason::Later));
            }
            now += schedule.wakeup(now).unwrap_or(seconds(600)).max(Duration::from_millis(1));
        }
        assert!((BREAKER_FAILURES..=BREAKER_FAILURES + 5).contains(&requests), "{requests}");
        assert!(hopeless && now < seconds(200), "it ends the run when a record's time has passed: {now:?}");
    }

    #[test]
    fn what_may_have_arrived_counts_in_the_window_while_it_waits_to_be_tried_again() {
        for (jobs, window) in [(1, 1), (4, 64)] {
            let mut schedule = with_jobs(Limits { jobs, ..LIMITS }, 1000);
            schedule.retry_tokens = 1000.0;
            let mut handed_out = 0;
            while let Some(mut job) = schedule.next(Duration::ZERO) {
                handed_out += 1;
                job.attempts += 1;
                if handed_out % 2 == 0 || jobs == 1 {
                    let _ = schedule.again(job, &trouble(TroubleKind::MaybeSent, None), Duration::ZERO);
                } else {
                    schedule.settled(&Outcome::Accepted);
                }
            }
            assert_eq!(schedule.state().to_retry, window, "the window is full of them");
            assert!(schedule.wakeup(Duration::ZERO).is_some(), "and it is known when the first is tried again");
            assert!(schedule.next(seconds(60)).unwrap().may_have_arrived(), "these go on");
            schedule.settled(&Outcome::Accepted);
            let others = hand_out(&mut schedule, Duration::ZERO);
            assert_eq!(others.len(), 1, "whoever is settled makes room for another");
        }
    }

    #[test]
    fn a_network_that_swallows_everything_ends_the_run_about_when_a_records_time_is_over() {
        let mut schedule = with_jobs(Limits { jobs: 1, retry_max_time: seconds(5), ..LIMITS }, 40);
        let mut job = schedule.next(Duration::ZERO).unwrap();
        job.attempts += 1;
        let first = schedule.again(job, &trouble(TroubleKind::MaybeSent, None), seconds(15));
        assert!(matches!(first, Again::GivenUp(_)));
        let mut job = schedule.next(seconds(15)).unwrap();
        job.attempts += 1;
        let second = schedule.again(job, &trouble(TroubleKind::MaybeSent, None), seconds(30));
        assert!(matches!(second, Again::Hopeless(_, StopReason::Later)));
    }

    #[test]
    fn failures_hours_apart_are_not_one_outage() {
        let mut schedule = with_jobs(Limits { retries: 0, ..LIMITS }, 10);
        for hour in 0..10 {
            let mut job = schedule.next(seconds(3600 * hour)).unwrap();
            job.attempts += 1;
            let again = schedule.again(job, &trouble(TroubleKind::NotSent, None), seconds(3600 * hour));
            assert!(matches!(again, Again::GivenUp(_)));
        }
    }

    #[test]
    fn a_server_that_only_says_503_is_asked_by_one_sender_at_a_time() {
        let mut schedule = with_jobs(LIMITS, 1000);
        schedule.concurrency = LIMITS.jobs;
        for job in hand_out(&mut schedule, Duration::ZERO) {
            let _ = schedule.again(job, &trouble(TroubleKind::Overloaded, None), Duration::ZERO);
        }
        assert_eq!(hand_out(&mut schedule, Duration::ZERO).len(), 1);
    }

    #[test]
    fn nothing_is_planned_for_after_the_end_of_the_run() {
        let mut schedule = with_jobs(LIMITS, 1);
        schedule.end_at(Some(seconds(3)));
        let mut job = schedule.next(Duration::ZERO).unwrap();
        job.attempts += 1;
        let again = schedule.again(job, &trouble(TroubleKind::Throttled, Some(60)), Duration::ZERO);
        assert!(matches!(again, Again::Hopeless(_, StopReason::Later)));
    }

    #[test]
    fn retries_are_at_most_a_tenth_of_the_records_beyond_the_first_few() {
        let mut schedule = Schedule::new(Limits { jobs: 1, ..LIMITS });
        let (mut now, mut requests, mut retried) = (Duration::ZERO, 0_u32, 0_u32);
        for id in 0..5_000 {
            schedule.admit(job(id));
            while let Some(mut job) = schedule.next(now) {
                requests += 1;
                retried += u32::from(job.attempts > 0);
                job.attempts += 1;
                if requests % 2 == 0 {
                    let _ = schedule.again(job, &trouble(TroubleKind::Server, None), now);
                } else {
                    schedule.settled(&Outcome::Accepted);
                }
            }
            now += seconds(1);
        }
        assert!(retried > 100, "the budget is used: {retried}");
        assert!(f64::from(retried) <= 20.0 + 0.1 * f64::from(requests - retried), "{retried} of {requests}");
    }

    #[test]
    fn what_comes_back_untouched_has_earned_no_retry_and_used_up_no_time() {
        let mut schedule = with_jobs(LIMITS, 1);
        for _ in 0..1000 {
            let job = schedule.next(Duration::ZERO).unwrap();
            schedule.bounced(job);
        }
        assert!((schedule.retry_tokens - super::RETRIES_FREE).abs() < 0.001, "{}", schedule.retry_tokens);
        let late = LIMITS.retry_max_time + seconds(1);
        let mut job = schedule.next(late).unwrap();
        job.attempts += 1;
        assert!(matches!(schedule.again(job, &trouble(TroubleKind::Server, None), late), Again::Planned { .. }));
    }

    #[test]
    fn an_old_connection_that_was_closed_is_replaced_at_once_but_only_once() {
        let mut schedule = with_jobs(LIMITS, 1);
        let stale = trouble(TroubleKind::StaleConnection, None);
        let mut job = schedule.next(Duration::ZERO).unwrap();
        job.attempts += 1;
        assert!(matches!(
            schedule.again(job, &stale, Duration::ZERO),
            Again::Planned { wait: Duration::ZERO, .. }
        ));
        assert!(schedule.next(Duration::ZERO).is_some());
    }

    #[test]
    fn nonsense_three_times_in_a_row_ends_the_run() {
        let mut schedule = with_jobs(Limits { retries: 0, ..LIMITS }, 5);
        let nonsense = trouble(TroubleKind::Nonsense, None);
        for _ in 0..2 {
            let mut job = schedule.next(Duration::ZERO).unwrap();
            job.attempts += 1;
            assert!(matches!(schedule.again(job, &nonsense, Duration::ZERO), Again::GivenUp(_)));
        }
        let job = schedule.next(Duration::ZERO).unwrap();
        let again = schedule.again(job, &nonsense, Duration::ZERO);
        assert!(matches!(again, Again::Hopeless(_, StopReason::Configuration)));
    }

    #[test]
    fn a_rate_spaces_requests_evenly_and_saves_nothing_up() {
        let limits = Limits { interval: Some(Duration::from_millis(100)), ..LIMITS };
        let mut schedule = with_jobs(limits, 100);
        let (mut now, mut times) = (Duration::ZERO, Vec::new());
        while times.len() < 20 {
            for _ in hand_out(&mut schedule, now) {
                times.push(now);
                schedule.settled(&Outcome::Accepted);
            }
            now += schedule.wakeup(now).unwrap().max(Duration::from_millis(1));
        }
        assert!(
            times.windows(2).all(|pair| pair[1].saturating_sub(pair[0]) >= Duration::from_millis(100)),
            "{times:?}"
        );
        assert_eq!(hand_out(&mut schedule, seconds(60)).len(), 1, "an idle minute buys no burst");
    }

    #[test]
    fn every_repetition_of_what_may_have_arrived_is_counted() {
        let mut schedule = with_jobs(LIMITS, 1);
        let mut job = schedule.next(Duration::ZERO).unwrap();
        job.attempts += 1;
        let _ = schedule.again(job, &trouble(TroubleKind::MaybeSent, None), Duration::ZERO);
        let job = schedule.next(seconds(60)).unwrap();
        assert_eq!(job.report(Outcome::Accepted).1.ambiguous_resends, 1);
    }
    #[test]
    fn the_unsettled_window_is_one_alone_64_for_a_few_and_four_times_the_jobs_for_many() {
        let window = |jobs| Limits { jobs, ..LIMITS }.window();
        assert_eq!([1, 2, 16, 17, 100].map(window), [1, 64, 64, 68, 400]);
        let mut many = with_jobs(Limits { jobs: 100, ..LIMITS }, 1000);
        many.concurrency = 100;
        assert_eq!(hand_out(&mut many, Duration::ZERO).len(), 400);
    }

    #[test]
    fn work_counts_against_the_room_whether_it_is_ready_waits_or_is_under_way() {
        let mut schedule = with_jobs(LIMITS, 10);
        schedule.concurrency = 3;
        assert_eq!((schedule.room(), schedule.state().in_flight), (1014, 0));
        let mut under_way = hand_out(&mut schedule, Duration::ZERO);
        assert_eq!((schedule.room(), schedule.state().in_flight), (1014, 3));
        let _ = schedule.again(under_way.remove(0), &trouble(TroubleKind::NotSent, None), Duration::ZERO);
        assert_eq!((schedule.room(), schedule.in_flight(), schedule.state().to_retry), (1014, 2, 1));
        schedule.failed();
        schedule.settled(&Outcome::Accepted);
        assert_eq!((schedule.room(), schedule.in_flight()), (1016, 0));
        assert_eq!(Schedule::new(Limits { jobs: 1000, ..LIMITS }).room(), 4000);
    }

    #[test]
    fn more_is_wanted_up_to_half_of_what_is_held() {
        assert!(with_jobs(LIMITS, 512).wants_more() && !with_jobs(LIMITS, 513).wants_more());
    }

    #[test]
    fn it_is_empty_only_if_nothing_is_ready_waits_or_is_under_way() {
        let mut schedule = with_jobs(LIMITS, 0);
        assert!(schedule.is_empty());
        schedule.admit(job(1));
        assert!(!schedule.is_empty(), "ready");
        let under_way = schedule.next(Duration::ZERO).unwrap();
        assert!(!schedule.is_empty(), "under way");
        let _ = schedule.again(under_way, &trouble(TroubleKind::NotSent, None), Duration::ZERO);
        assert!(!schedule.is_empty(), "waits");
        assert_eq!(schedule.drain().len(), 1);
        assert!(schedule.is_empty());
    }

    #[test]
    fn it_shows_what_is_being_sent_and_not_what_stands_in_front_of_the_senders() {
        let mut schedule = with_jobs(LIMITS, 100);
        schedule.concurrency = LIMITS.jobs;
        assert_eq!(hand_out(&mut schedule, Duration::ZERO).len(), 64);
        assert_eq!(schedule.state().in_flight, 16);
    }

    #[test]
    fn who_has_handed_out_all_it_may_waits_for_something_to_come_back() {
        let mut schedule = with_jobs(LIMITS, 2);
        assert_eq!(schedule.wakeup(seconds(5)), Some(Duration::ZERO));
        let _under_way = schedule.next(seconds(5)).unwrap();
        assert_eq!(schedule.wakeup(seconds(5)), None);
    }

    #[test]
    fn what_comes_back_untouched_goes_first_and_counts_as_never_handed_out() {
        let mut schedule = with_jobs(LIMITS, 3);
        let mut first = schedule.next(Duration::ZERO).unwrap();
        first.attempts += 1;
        let _ = schedule.again(first, &trouble(TroubleKind::MaybeSent, None), Duration::ZERO);
        let again = schedule.next(seconds(60)).unwrap();
        schedule.bounced(again);
        assert_eq!((schedule.in_flight(), schedule.room()), (0, 1021));
        let again = schedule.next(seconds(60)).unwrap();
        assert_eq!(again.record().line, 0);
        assert_eq!(again.report(Outcome::Accepted).1.ambiguous_resends, 1);
    }

    #[test]
    fn the_first_hundred_answers_decide_whether_nearly_all_is_refused() {
        let after = |refused: u32, accepted: u32| {
            let mut schedule = with_jobs(LIMITS, 200);
            let failure = Failure::answered(ErrorCode::BadParameters, "no");
            let answers = (0..refused).map(|_| Outcome::Rejected(failure.clone()));
            for answer in answers.chain((0..accepted).map(|_| Outcome::Accepted)) {
                schedule.next(Duration::ZERO).unwrap();
                schedule.settled(&answer);
            }
            schedule.nearly_all_refused()
        };
        assert!(after(95, 5) && after(100, 0));
        assert!(!after(94, 6) && !after(99, 0) && !after(0, 100) && !after(101, 0));
    }

    #[test]
    fn a_report_tells_all_tries_of_this_run() {
        let mut job = job(7);
        job.origin = Origin::Adopted;
        let at = |seconds| Timestamp::from_unix(seconds).unwrap();
        job.tried(at(10), seconds(1), seconds(2));
        job.tried(at(20), seconds(5), seconds(9));
        job.last_status = Some(503);
        let (ticket, report) = job.report(Outcome::Accepted);
        assert!(ticket.is_none());
        assert_eq!((report.line, report.origin, report.attempts), (7, Origin::Adopted, 2));
        assert_eq!((report.http_status, report.sent_at, report.elapsed), (Some(503), Some(at(20)), seconds(8)));
    }

    #[test]
    fn that_a_try_may_have_arrived_is_not_forgotten_for_a_later_one_that_did_not() {
        let mut schedule = with_jobs(LIMITS, 1);
        let mut job = schedule.next(Duration::ZERO).unwrap();
        assert!(!job.may_have_arrived());
        assert_eq!(job.unfinished(), None);
        let refused = trouble(TroubleKind::NotSent, None);
        job.last_failure = Some(refused.failure.clone());
        assert_eq!(job.unfinished().unwrap().reached_server, Reached::No);
        let _ = schedule.again(job, &trouble(TroubleKind::MaybeSent, None), Duration::ZERO);
        let mut job = schedule.next(seconds(60)).unwrap();
        assert!(job.may_have_arrived());
        job.last_failure = Some(refused.failure);
        let told = job.unfinished().unwrap();
        assert_eq!((told.reached_server, told.code), (Reached::Unknown, ErrorCode::Connect));
    }

    #[test]
    fn a_fresh_connection_that_is_closed_too_is_waited_for() {
        let (mut schedule, mut waits) = (with_jobs(Limits { retries: 100, ..LIMITS }, 1), Vec::new());
        for second in 0..10 {
            let mut job = schedule.next(seconds(60 * second)).unwrap();
            job.attempts += 1;
            let stale = trouble(TroubleKind::StaleConnection, None);
            let Again::Planned { wait, pause: None } = schedule.again(job, &stale, seconds(60 * second)) else {
                panic!("not planned")
            };
            waits.push(wait);
            schedule.limits.retry_max_time = seconds(3600);
        }
        assert_eq!(waits[0], Duration::ZERO);
        assert!(waits[1..].iter().all(|wait| !wait.is_zero()), "{waits:?}");
    }

    #[test]
    fn a_try_may_begin_in_the_last_moment_of_a_records_time_and_of_the_run() {
        let planned = |ends: u64, wait: u64| {
            let mut schedule = with_jobs(Limits { retry_max_time: seconds(100), ..LIMITS }, 1);
            schedule.end_at(Some(seconds(ends)));
            let job = schedule.next(Duration::ZERO).unwrap();
            let again = schedule.again(job, &trouble(TroubleKind::MaybeSent, Some(wait)), Duration::ZERO);
            matches!(again, Again::Planned { .. })
        };
        assert!(planned(1000, 100) && !planned(1000, 101));
        assert!(planned(50, 50) && !planned(50, 51));
    }
    #[test]
    fn waits_are_anything_up_to_a_ceiling_that_doubles() {
        for (kind, attempts, ceiling) in [
            (TroubleKind::Server, 1, 200),
            (TroubleKind::NotSent, 3, 800),
            (TroubleKind::Overloaded, 1, 1000),
            (TroubleKind::Throttled, 4, 8000),
            (TroubleKind::MaybeSent, 1000, 30_000),
        ] {
            let ceiling = Duration::from_millis(ceiling);
            let waits: Vec<_> = (0..500).map(|_| backoff(&trouble(kind, None), attempts)).collect();
            assert!(waits.iter().all(|wait| *wait <= ceiling), "{kind:?}");
            let longest = waits.iter().max().unwrap();
            assert!(*longest > ceiling * 3 / 4, "{kind:?}: {longest:?}");
            let shortest = waits.iter().min().unwrap();
            assert!(*shortest < ceiling / 4, "{kind:?}: {shortest:?}");
        }
    }

    #[test]
    fn what_is_due_at_the_same_time_keeps_its_order() {
        let mut schedule = with_jobs(LIMITS, 10);
        schedule.concurrency = 10;
        for job in hand_out(&mut schedule, Duration::ZERO) {
            // Longer than any wait of its own.
            let _ = schedule.again(job, &trouble(TroubleKind::MaybeSent, Some(40)), Duration::ZERO);
        }
        let lines: Vec<_> = schedule.drain().iter().map(|job| job.record().line).collect();
        assert_eq!(lines, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn the_last_token_buys_a_retry_and_less_than_one_does_not() {
        for (tokens, planned) in [(1.0, true), (0.99, false)] {
            let mut schedule = with_jobs(LIMITS, 1);
            let job = schedule.next(Duration::ZERO).unwrap();
            schedule.retry_tokens = tokens;
            let again = schedule.again(job, &trouble(TroubleKind::NotSent, None), Duration::ZERO);
            assert_eq!(matches!(again, Again::Planned { .. }), planned);
        }
    }

    #[test]
    fn a_wait_that_is_just_not_too_long_does_not_end_the_run() {
        let hopeless = |wait: u64, ends: u64, silence: u64| {
            let mut schedule = with_jobs(Limits { retry_max_time: seconds(100), retries: 0, ..LIMITS }, 2);
            schedule.end_at(Some(seconds(ends)));
            schedule.broken = Some((Duration::ZERO, seconds(silence)));
            let job = schedule.next(seconds(silence)).unwrap();
            let kind = if wait > 0 { TroubleKind::Throttled } else { TroubleKind::NotSent };
            let again = schedule.again(job, &trouble(kind, Some(wait)), seconds(silence));
            matches!(again, Again::Hopeless(_, StopReason::Later))
        };
        assert!(!hopeless(100, 1000, 0) && hopeless(101, 1000, 0), "longer than a record may wait");
        assert!(!hopeless(50, 50, 0) && hopeless(51, 50, 0), "longer than the run lasts");
        assert!(
            !hopeless(0, 1000, 100) && hopeless(0, 1000, 101),
            "nobody there for longer than a record may wait"
        );
    }

    #[test]
    fn no_time_at_all_is_no_pause() {
        let mut schedule = with_jobs(LIMITS, 1);
        let job = schedule.next(Duration::ZERO).unwrap();
        let again = schedule.again(job, &trouble(TroubleKind::Throttled, Some(0)), Duration::ZERO);
        assert!(matches!(again, Again::Planned { pause: None, .. }));
        assert!(!schedule.is_paused(Duration::ZERO));
    }

    #[test]
    fn each_503_halves_the_requests_under_way() {
        let mut schedule = with_jobs(LIMITS, 1000);
        schedule.concurrency = 15;
        let job = schedule.next(Duration::ZERO).unwrap();
        let _ = schedule.again(job, &trouble(TroubleKind::Overloaded, None), Duration::ZERO);
        assert_eq!(hand_out(&mut schedule, Duration::ZERO).len(), 7);
    }
    #[test]
    fn who_may_hand_out_only_what_may_have_arrived_waits_for_its_time() {
        let mut schedule = with_jobs(Limits { jobs: 1, ..LIMITS }, 2);
        let job = schedule.next(Duration::ZERO).unwrap();
        let _ = schedule.again(job, &trouble(TroubleKind::MaybeSent, Some(40)), Duration::ZERO);
        assert!(schedule.next(seconds(39)).is_none(), "the window of one is full");
        assert_eq!(schedule.wakeup(seconds(10)), Some(seconds(30)));
        assert_eq!(schedule.next(seconds(40)).unwrap().record().line, 0);
    }
}
