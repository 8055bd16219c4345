//! What may be sent when: concurrency, pauses, retries. Time is handed in; nothing here waits or sends.
//!
//! The numbers and their reasons are in `docs/decisions/0004-retries.md`.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use super::judge::{Trouble, TroubleKind};
use super::{Report, StopReason, Subject};
use crate::domain::{Failure, Outcome, Reached, Record, Timestamp};

/// The bounds of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests under way at once, at most.
    pub jobs: usize,
    /// Tries after the first, for each record.
    pub retries: u32,
    /// From a record's first try, how long it may be tried again.
    pub retry_max_time: Duration,
    /// How many requests may start in a time.
    pub rate: Option<Rate>,
}

/// Requests per time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The least time between two requests.
    pub interval: Duration,
}

const BACKOFF_BASE: Duration = Duration::from_millis(200);
const BACKOFF_BASE_WHEN_OVERLOADED: Duration = Duration::from_secs(1);
const BACKOFF_CAP: Duration = Duration::from_secs(30);
/// Without `Retry-After`, everyone waits this long after a 429.
const THROTTLE_PAUSE: Duration = Duration::from_secs(1);
/// This many failures of the network in a row mean that it is gone.
const BREAKER_FAILURES: u32 = 20;
const BREAKER_PAUSE: Duration = Duration::from_secs(30);
/// Not HTTP or not TLS may be an accident this many times in a row.
const NONSENSE_LIMIT: u32 = 3;
/// Retries are at most a tenth of the requests, beyond a start of this many.
const RETRIES_FREE: f64 = 20.0;
const RETRIES_PER_REQUEST: f64 = 0.1;
/// Records that are held in memory at once, at most.
const HELD: usize = 1024;
/// The first answers that show whether a mapping is right, and how many refusals mean that it is not.
const FIRST_ANSWERS: u32 = 100;
const FIRST_REFUSALS: u32 = 95;

/// A record on its way.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) record: Record,
    pub(super) attempts: u32,
    pub(super) sent_at: Option<Timestamp>,
    pub(super) last_status: Option<u16>,
    /// What its last attempt met; a run that stops must not say of it that nothing was sent.
    pub(super) last_failure: Option<Failure>,
    ambiguous: bool,
    ambiguous_resends: u32,
    stale_connection_met: bool,
    read: Duration,
    first_try: Option<Duration>,
}

impl Job {
    pub(super) fn new(record: Record, now: Duration) -> Self {
        Self {
            record,
            attempts: 0,
            sent_at: None,
            last_status: None,
            last_failure: None,
            ambiguous: false,
            ambiguous_resends: 0,
            stale_connection_met: false,
            read: now,
            first_try: None,
        }
    }

    pub(super) fn report(self, outcome: Outcome, now: Duration) -> Report {
        Report {
            line: self.record.line,
            reference: self.record.reference,
            subject: Subject::Conversion(self.record.conversion, self.record.doubts),
            outcome,
            http_status: self.last_status,
            attempts: self.attempts,
            ambiguous_resends: self.ambiguous_resends,
            elapsed: now.saturating_sub(self.read),
            sent_at: self.sent_at,
        }
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

/// The plan of a run.
#[derive(Debug)]
pub(super) struct Schedule {
    limits: Limits,
    ready: VecDeque<Job>,
    delayed: BinaryHeap<Reverse<Delayed>>,
    delayed_count: u64,
    in_flight: usize,
    /// Requests that may be under way at once, now: one until the first success, then more with each.
    concurrency: usize,
    paused_until: Duration,
    next_slot: Duration,
    retry_tokens: f64,
    network_failures: u32,
    nonsense: u32,
    answers: u32,
    refusals: u32,
}

impl Schedule {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            ready: VecDeque::new(),
            delayed: BinaryHeap::new(),
            delayed_count: 0,
            in_flight: 0,
            concurrency: 1,
            paused_until: Duration::ZERO,
            next_slot: Duration::ZERO,
            retry_tokens: RETRIES_FREE,
            network_failures: 0,
            nonsense: 0,
            answers: 0,
            refusals: 0,
        }
    }

    /// Takes new work.
    pub(super) fn admit(&mut self, job: Job) {
        self.ready.push_back(job);
    }

    /// Whether more work may be admitted.
    pub(super) fn has_room(&self) -> bool {
        self.ready.len() + self.delayed.len() + self.in_flight < HELD.max(4 * self.limits.jobs)
    }

    /// Whether nothing waits and nothing is under way.
    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.delayed.is_empty() && self.in_flight == 0
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    pub(super) fn is_paused(&self, now: Duration) -> bool {
        now < self.paused_until
    }

    /// A job that may be sent now; it counts as under way from here on.
    pub(super) fn next(&mut self, now: Duration) -> Option<Job> {
        if self.is_paused(now) || now < self.next_slot || self.in_flight >= self.concurrency {
            return None;
        }
        let due = self
            .delayed
            .peek()
            .is_some_and(|Reverse(delayed)| delayed.due <= now);
        let mut job = match if due { self.delayed.pop() } else { None } {
            Some(Reverse(delayed)) => delayed.job,
            None => self.ready.pop_front()?,
        };
        if let Some(rate) = self.limits.rate {
            self.next_slot = self.next_slot.max(now.saturating_sub(rate.interval)) + rate.interval;
        }
        job.first_try.get_or_insert(now);
        if job.ambiguous {
            job.ambiguous_resends += 1;
        }
        self.in_flight += 1;
        self.retry_tokens += RETRIES_PER_REQUEST;
        Some(job)
    }

    /// How long until [`Schedule::next`] may have something that it has not now.
    pub(super) fn wakeup(&self, now: Duration) -> Option<Duration> {
        let work = match self.delayed.peek() {
            _ if !self.ready.is_empty() => now,
            Some(Reverse(delayed)) => delayed.due,
            None => return None,
        };
        (self.in_flight < self.concurrency).then(|| {
            work.max(self.paused_until)
                .max(self.next_slot)
                .saturating_sub(now)
        })
    }

    /// A job came back untouched, because the gate was closed.
    pub(super) fn bounced(&mut self, mut job: Job) {
        self.in_flight -= 1;
        if job.ambiguous {
            job.ambiguous_resends -= 1;
        }
        self.ready.push_front(job);
    }

    /// A record was settled by the server.
    pub(super) fn settled(&mut self, outcome: &Outcome) {
        self.in_flight -= 1;
        self.network_failures = 0;
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
        if self.paused_until.saturating_sub(now) > self.limits.retry_max_time {
            return Again::Hopeless(Box::new(job), StopReason::Later);
        }
        job.ambiguous = job.ambiguous || trouble.failure.reached_server == Reached::Unknown;
        let mut wait = backoff(trouble, job.attempts).max(trouble.wait.unwrap_or_default());
        if trouble.kind == TroubleKind::StaleConnection && !job.stale_connection_met {
            job.stale_connection_met = true;
            wait = Duration::ZERO;
        }
        let due = now + wait;
        let too_late = due
            .max(self.paused_until)
            .saturating_sub(job.first_try.unwrap_or(now))
            > self.limits.retry_max_time;
        if too_late || job.attempts > self.limits.retries || self.retry_tokens < 1.0 {
            return Again::GivenUp(Box::new(job));
        }
        self.retry_tokens -= 1.0;
        self.delayed_count += 1;
        self.delayed.push(Reverse(Delayed {
            due,
            order: self.delayed_count,
            job,
        }));
        Again::Planned { wait, pause }
    }

    /// Slows everyone down where the trouble is everyone's; returns a pause that begins now.
    fn pause_for(&mut self, trouble: &Trouble, now: Duration) -> Option<Duration> {
        let pause = match trouble.kind {
            TroubleKind::Throttled => {
                self.concurrency = (self.concurrency / 2).max(1);
                Some(trouble.wait.unwrap_or(THROTTLE_PAUSE))
            }
            TroubleKind::NotSent | TroubleKind::MaybeSent => {
                self.network_failures += 1;
                if self.network_failures >= BREAKER_FAILURES {
                    // One probe after the pause: another failure opens the breaker again at once.
                    self.concurrency = 1;
                    self.network_failures = BREAKER_FAILURES - 1;
                    Some(BREAKER_PAUSE)
                } else {
                    None
                }
            }
            TroubleKind::Nonsense => {
                self.nonsense += 1;
                None
            }
            TroubleKind::Overloaded | TroubleKind::Server => trouble.wait,
            TroubleKind::StaleConnection => None,
        };
        let until = now + pause?;
        let begins = until > self.paused_until;
        self.paused_until = self.paused_until.max(until);
        pause.filter(|_| begins)
    }

    /// Everything that waits; what is under way will still come back.
    pub(super) fn drain(&mut self) -> Vec<Job> {
        let delayed = std::mem::take(&mut self.delayed).into_sorted_vec();
        self.ready
            .drain(..)
            .chain(delayed.into_iter().rev().map(|Reverse(delayed)| delayed.job))
            .collect()
    }
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
    let ceiling = base
        .saturating_mul(1 << attempts.saturating_sub(1).min(16))
        .min(BACKOFF_CAP);
    ceiling.mul_f64(fastrand::f64())
}

/// A job that waits for its time; equal times keep their order.
#[derive(Debug)]
struct Delayed {
    due: Duration,
    order: u64,
    job: Job,
}

impl PartialEq for Delayed {
    fn eq(&self, other: &Self) -> bool {
        (self.due, self.order) == (other.due, other.order)
    }
}

impl Eq for Delayed {}

impl PartialOrd for Delayed {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Delayed {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.order).cmp(&(other.due, other.order))
    }
}
