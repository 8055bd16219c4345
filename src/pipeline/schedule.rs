//! What may be sent when: concurrency, pauses, retries. Time is handed in; nothing here waits or sends.
//!
//! The numbers and their reasons are in `docs/decisions/0004-retries.md`.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::event::{State, StopReason};
use super::job::Job;
use super::judge::{TransientFailure, TransientKind};
use crate::domain::{Outcome, Reached};
use crate::failpoint::{Promise, is_broken};

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
    /// The in-flight limit W: how many requests may be handed out and not settled; the most that a crash can repeat.
    #[must_use]
    pub fn max_unsettled(&self) -> usize {
        if self.jobs > 1 { MAX_UNSETTLED_AT_LEAST.max(4 * self.jobs) } else { 1 }
    }
}

const BACKOFF_BASE: Duration = Duration::from_millis(200);
const BACKOFF_BASE_WHEN_OVERLOADED: Duration = Duration::from_secs(1);
const BACKOFF_CAP: Duration = Duration::from_secs(30);
/// Without `Retry-After`, all senders wait this long after a 429.
const THROTTLE_PAUSE: Duration = Duration::from_secs(1);
/// This many failures of the network in a row mean that it is gone.
const BREAKER_FAILURES: u32 = 20;
const BREAKER_PAUSE: Duration = Duration::from_secs(30);
/// Failures of the network that are further apart are not in a row.
const REST: Duration = Duration::from_secs(120);
/// Not HTTP or not TLS may be an accident this many times in a row.
const NOT_HTTP_LIMIT: u32 = 3;
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
/// The limit on unsettled requests is four times the jobs, and at least this.
const MAX_UNSETTLED_AT_LEAST: usize = 64;
/// The first answers that show whether a mapping is right, and how many refusals mean that it is not.
const FIRST_ANSWERS: u32 = 100;
const FIRST_REFUSALS: u32 = 95;

/// What becomes of a record whose attempt failed in a way that may pass.
#[derive(Debug)]
pub(super) enum Again {
    /// It will be tried again; all senders may have to pause.
    Planned {
        /// After this wait.
        wait: Duration,
        /// A pause that has just begun.
        pause: Option<Duration>,
    },
    /// Not in this run.
    GivenUp(Box<Job>),
    /// Not in this run, and nothing else either.
    NoRetryPossible(Box<Job>, StopReason),
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
    /// Have come back, and are not settled yet.
    unsettled: usize,
    /// Requests that may be under way at once, now: one until the first success, then more with each.
    concurrency: usize,
    paused_until: Duration,
    next_slot: Duration,
    retry_tokens: f64,
    /// Attempts in a row without an answer.
    failures: u32,
    /// Since when that has been so, and when it was so last.
    broken: Option<(Duration, Duration)>,
    /// When the run may send nothing new any more.
    ends: Option<Duration>,
    /// Answers in a row that were not HTTP.
    not_http: u32,
    answers: u32,
    refusals: u32,
}

impl Schedule {
    /// `ends` is when the run may send nothing new any more.
    pub(super) fn new(limits: Limits, ends: Option<Duration>) -> Self {
        Self {
            limits,
            ready: VecDeque::new(),
            due: VecDeque::new(),
            turn: 0,
            delayed: Delayed::new(),
            doubtful: Delayed::new(),
            delayed_count: 0,
            in_flight: 0,
            unsettled: 0,
            concurrency: 1,
            paused_until: Duration::ZERO,
            next_slot: Duration::ZERO,
            retry_tokens: RETRIES_FREE,
            failures: 0,
            broken: None,
            ends,
            not_http: 0,
            answers: 0,
            refusals: 0,
        }
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

    /// So many have come back and are not settled yet: they count for the in-flight limit.
    pub(super) fn keep_place_for(&mut self, unsettled: usize) {
        self.unsettled = unsettled;
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
            None if self.unsettled_are_at_the_limit() => return None,
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
        if full_speed { self.limits.max_unsettled() } else { self.concurrency }
    }

    /// Whether a kill could already cause as many repeats as it may. A record that may have arrived counts until it is settled,
    /// also while it waits to be tried again.
    fn unsettled_are_at_the_limit(&self) -> bool {
        let doubtful = if is_broken(Promise::InFlightLimitHeld) { 0 } else { self.doubtful.len() };
        self.in_flight + self.unsettled + doubtful >= self.limits.max_unsettled()
    }

    /// How long until [`Schedule::next`] may have something that it has not now.
    pub(super) fn wakeup(&self, now: Duration) -> Option<Duration> {
        let due = |waiting: &Delayed| waiting.first_key_value().map(|((due, _), _)| *due);
        let others = match () {
            () if self.unsettled_are_at_the_limit() => None,
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
        self.not_http = 0;
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
    pub(super) fn again(&mut self, mut job: Job, failed: &TransientFailure, now: Duration) -> Again {
        self.in_flight -= 1;
        let pause = self.pause_for(failed, now);
        if failed.kind == TransientKind::NotHttp && self.not_http >= NOT_HTTP_LIMIT {
            return Again::NoRetryPossible(Box::new(job), StopReason::Configuration);
        }
        if self.is_too_long_a_wait(now) {
            return Again::NoRetryPossible(Box::new(job), StopReason::Later);
        }
        job.ambiguous = job.ambiguous || failed.failure.reached_server == Reached::Unknown;
        let mut wait = backoff(failed, job.attempts).max(failed.wait.unwrap_or_default());
        if failed.kind == TransientKind::StaleConnection && !job.stale_connection_met {
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

    /// Whether no retry is possible in this run: everything has to wait for longer than a record may, or than the run lasts, or
    /// no answer has come for as long.
    fn is_too_long_a_wait(&self, now: Duration) -> bool {
        let paused = self.paused_until.saturating_sub(now);
        let broken = self.broken.map_or(Duration::ZERO, |(since, last)| last.saturating_sub(since));
        paused.max(broken) > self.limits.retry_max_time || self.ends.is_some_and(|ends| self.paused_until > ends)
    }

    /// Slows all senders down where the failure is not the record's; returns a pause that begins now.
    fn pause_for(&mut self, failed: &TransientFailure, now: Duration) -> Option<Duration> {
        let pause = match failed.kind {
            TransientKind::Throttled => {
                (self.failures, self.broken) = (0, None);
                self.concurrency = (self.concurrency / 2).max(1);
                Some(failed.wait.unwrap_or(THROTTLE_PAUSE))
            }
            TransientKind::NotSent | TransientKind::MaybeSent => {
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
            // A server that answers nothing but 5xx is soon asked by one sender only.
            TransientKind::Overloaded | TransientKind::Server => {
                self.concurrency = (self.concurrency / 2).max(1);
                (self.failures, self.broken, self.not_http) = (0, None, 0);
                failed.wait
            }
            TransientKind::NotHttp => {
                self.not_http += 1;
                None
            }
            TransientKind::StaleConnection => None,
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
fn backoff(failed: &TransientFailure, attempts: u32) -> Duration {
    let base = match failed.kind {
        TransientKind::Throttled | TransientKind::Overloaded => BACKOFF_BASE_WHEN_OVERLOADED,
        TransientKind::Server
        | TransientKind::NotSent
        | TransientKind::MaybeSent
        | TransientKind::StaleConnection
        | TransientKind::NotHttp => BACKOFF_BASE,
    };
    let ceiling = base.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(BACKOFF_CAP);
    ceiling.mul_f64(fastrand::f64())
}
