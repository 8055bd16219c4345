//! Outages on a clock that is set by hand: the engine against a server that is a function of time.
//!
//! What the threads do is done here: `jobs` requests at once, the rest waits in front of the gate and comes back untouched
//! when it is closed.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::{Heard, LIMITS, account, after, plan, record};
use crate::domain::Outcome;
use crate::ledger::Ledger;
use crate::pipeline::deadlines::Input;
use crate::pipeline::engine::{Engine, Happened};
use crate::pipeline::gate::Gate;
use crate::pipeline::job::{Attempt, Job};
use crate::pipeline::{Limits, Outbox, RecordResult, StopReason, Stopped};
use crate::transport::{Cause, ConnectionAge, Sent, TransportError};
use crate::wire::{Body, BodyEnd, Reply};

const RECORDS: u64 = 10_000;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// One request to the server.
#[derive(Debug, Clone, Copy)]
struct Asked {
    line: u64,
    began: Duration,
    ended: Duration,
    status: Option<u16>,
    /// How many were under way when it began, with it.
    at_once: usize,
}

/// What a run came to.
struct Seen {
    asked: Vec<Asked>,
    results: Vec<RecordResult>,
    stopped: Option<Stopped>,
    /// When it was over.
    ended: Duration,
    /// Records that were not even read.
    unread: u64,
}

impl Seen {
    fn accepted(&self) -> Vec<u64> {
        self.lines(|outcome| *outcome == Outcome::Accepted)
    }

    /// Kept for another run.
    fn kept(&self) -> Vec<u64> {
        self.lines(|outcome| matches!(outcome, Outcome::Retry(_)))
    }

    fn lines(&self, wanted: impl Fn(&Outcome) -> bool) -> Vec<u64> {
        self.results.iter().filter(|result| wanted(&result.outcome)).map(|result| result.line).collect()
    }

    /// Every record is accepted, kept or unread; none is lost, and none has two results.
    fn loses_nothing(&self) {
        let mut answered = [self.accepted(), self.kept()].concat();
        answered.sort_unstable();
        assert_eq!(answered.len() as u64 + self.unread, RECORDS);
        assert!(answered.into_iter().eq(1..=RECORDS - self.unread));
    }
}

/// Sends all records from this time on to a server that says, for a request that begins at a time, how long it takes and what
/// comes of it.
fn simulate(
    outbox: Outbox,
    limits: Limits,
    start: Duration,
    mut server: impl FnMut(Duration) -> (Duration, Result<Reply, TransportError>),
) -> Seen {
    let mut unread: VecDeque<_> = (1..=RECORDS).map(record).collect();
    let (mut heard, gate) = (Heard::default(), Gate::default());
    let mut engine = Engine::new(outbox, plan(limits), &gate, &mut heard, after(start));
    let mut now = start;
    let mut asked = Vec::new();
    let mut before_the_gate: VecDeque<Job> = VecDeque::new();
    let mut under_way: Vec<(Job, Attempt)> = Vec::new();
    while !engine.is_over() {
        let orders = engine.orders(now);
        let rests = orders.start.is_empty() && orders.room.min(unread.len()) == 0;
        assert!(!rests || !orders.wait.is_zero(), "it waits for nothing");
        before_the_gate.extend(orders.start);
        while under_way.len() < limits.jobs
            && let Some(job) = before_the_gate.pop_front()
        {
            let (takes, result) = server(now);
            let status = result.as_ref().ok().map(|reply| reply.status);
            let (line, ended, at_once) = (job.record().line, now + takes, under_way.len() + 1);
            asked.push(Asked { line, began: now, ended, status, at_once });
            under_way.push((job, Attempt { at: after(now).wall, began: now, ended, result }));
        }
        let arrived: Vec<_> = unread.drain(..orders.room.min(unread.len())).collect();
        if arrived.is_empty() {
            let next_answer = under_way.iter().map(|(_, attempt)| attempt.ended).min();
            now = next_answer.into_iter().chain([now + orders.wait]).min().unwrap_or(now);
        }
        let answered = under_way.extract_if(.., |(_, attempt)| attempt.ended <= now);
        let returned = answered.map(|(job, attempt)| (job, Some(attempt))).collect();
        let input = if unread.is_empty() { Input::Ended } else { Input::Flows };
        engine.step(Happened { arrived, input, returned, interrupted: false }, after(now));
        if gate.is_closed() {
            let returned = before_the_gate.drain(..).map(|job| (job, None)).collect();
            engine.step(Happened { arrived: Vec::new(), input, returned, interrupted: false }, after(now));
        }
    }
    let stopped = engine.end(after(now).wall);
    Seen { asked, results: heard.0, stopped, ended: now, unread: unread.len() as u64 }
}

const ANSWER_TIME: Duration = Duration::from_millis(50);

fn answered(status: u16, retry_after: Option<Duration>) -> (Duration, Result<Reply, TransportError>) {
    let body = Body::new(b"OK".to_vec(), None, None, BodyEnd::Reached);
    (ANSWER_TIME, Ok(Reply { status, retry_after, body }))
}

/// Nothing listens.
fn refused() -> (Duration, Result<Reply, TransportError>) {
    let cause = Cause::Connect("127.0.0.1:9".to_owned(), "connection refused".to_owned());
    let error = TransportError { sent: Sent::No, cause, connection: ConnectionAge::Fresh };
    (Duration::from_millis(1), Err(error))
}

/// Nothing listens until this time; then all is well.
fn down_until(end: Duration) -> impl Fn(Duration) -> (Duration, Result<Reply, TransportError>) {
    move |now| if now < end { refused() } else { answered(200, None) }
}

const OUTAGE: Duration = Duration::from_secs(600);
/// 20 failures open the breaker; each 30 s later one probe.
fn most_requests(outage: Duration) -> u64 {
    20 + outage.as_secs() / 30
}

/// One after the first success, then twice as many with each.
fn ramps_up_from_one(asked: &[Asked]) {
    assert_eq!(asked[0].at_once, 1);
    for one in asked {
        let successes = asked.iter().filter(|other| other.ended <= one.began).count();
        let most = 1_usize.checked_shl(successes.try_into().unwrap()).unwrap_or(usize::MAX);
        assert!(one.at_once <= most, "{} at once after {successes} successes", one.at_once);
    }
    assert!(asked.iter().any(|one| one.at_once == LIMITS.jobs), "it comes to full speed");
}

#[test]
fn runs_in_ten_minutes_without_a_network_ask_little_lose_nothing_and_the_next_one_delivers() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = |path: &Path| {
        let ledger = Ledger::open(&path.join("ledger.db"), &account(), 1, after(Duration::ZERO).wall);
        Outbox::Durable(Box::new(ledger.unwrap()))
    };
    let mut now = Duration::ZERO;
    for _ in 0..4 {
        let seen = simulate(outbox(folder.path()), LIMITS, now, down_until(OUTAGE));
        seen.loses_nothing();
        assert_eq!(seen.kept().len() as u64 + seen.unread, RECORDS);
        assert!(matches!(seen.stopped, Some(Stopped::For(StopReason::Later, _))), "{:?}", seen.stopped);
        let lasted = seen.ended.saturating_sub(now);
        assert!(lasted > LIMITS.retry_max_time && lasted < LIMITS.retry_max_time + seconds(30), "{lasted:?}");
        assert!(seen.asked.len() as u64 <= most_requests(lasted), "{} in {lasted:?}", seen.asked.len());
        now = seen.ended;
    }
    let seen = simulate(outbox(folder.path()), LIMITS, OUTAGE, down_until(OUTAGE));
    assert!(now < OUTAGE && seen.stopped.is_none(), "{now:?}, {:?}", seen.stopped);
    assert_eq!((seen.accepted().len() as u64, seen.asked.len() as u64), (RECORDS, RECORDS), "each once");
    ramps_up_from_one(&seen.asked);
}

#[test]
fn a_run_that_may_last_longer_than_the_outage_asks_little_loses_nothing_and_goes_on_from_one() {
    let limits = Limits { retry_max_time: seconds(900), ..LIMITS };
    let seen = simulate(Outbox::Off, limits, Duration::ZERO, down_until(OUTAGE));
    seen.loses_nothing();
    assert!(seen.stopped.is_none(), "{:?}", seen.stopped);
    let (meanwhile, after): (Vec<_>, Vec<_>) = seen.asked.iter().partition(|one| one.began < OUTAGE);
    assert!(meanwhile.len() as u64 <= most_requests(OUTAGE), "{}", meanwhile.len());
    assert!(meanwhile.len() > 30, "it went on probing: {}", meanwhile.len());
    assert_eq!(seen.unread, 0);
    assert!(seen.kept().len() <= meanwhile.len(), "only what was tried in it is given up: {}", seen.kept().len());
    ramps_up_from_one(&after);
    assert!(after[0].began <= OUTAGE + seconds(30), "the next probe finds it well");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_minute_of_half_503_costs_at_most_a_tenth_more_requests(seed: u64, every in 0..2_u64) {
        let mut dice = fastrand::Rng::with_seed(seed);
        let mut number = 0;
        let seen = simulate(Outbox::Off, LIMITS, Duration::ZERO, |now| {
            number += 1;
            let bad = if every == 0 { number % 2 == 0 } else { dice.bool() };
            answered(if now < seconds(60) && bad { 503 } else { 200 }, None)
        });
        seen.loses_nothing();
        prop_assert!(seen.stopped.is_none() && seen.unread == 0);
        let bad = seen.asked.iter().filter(|one| one.status == Some(503)).count();
        prop_assert!(bad > 300, "{bad}");
        let requests = seen.asked.len() as u64;
        prop_assert!(requests * 100 <= RECORDS * 110, "{requests} requests");
        // And not only because the time after it was long: in that minute as well, beyond the first 20.
        let meanwhile: Vec<_> = seen.asked.iter().filter(|one| one.began < seconds(60)).map(|one| one.line).collect();
        let mut records = meanwhile.clone();
        records.sort_unstable();
        records.dedup();
        let retries = meanwhile.len() - records.len();
        prop_assert!(retries * 10 <= 200 + records.len(), "{retries} retries of {} records", records.len());
    }

    #[test]
    fn after_a_429_all_are_silent_for_as_long_as_it_says(
        waits in proptest::collection::vec((20..2000_usize, 0..=120_u64), 1..6),
    ) {
        let mut number = 0;
        let mut asked_to_wait = Vec::new();
        let seen = simulate(Outbox::Off, LIMITS, Duration::ZERO, |now| {
            number += 1;
            match waits.iter().find(|(at, _)| *at == number) {
                Some((_, wait)) => {
                    asked_to_wait.push((now + ANSWER_TIME, seconds(*wait)));
                    answered(429, Some(seconds(*wait)))
                }
                None => answered(200, None),
            }
        });
        seen.loses_nothing();
        prop_assert!(seen.stopped.is_none() && seen.unread == 0, "{:?}", seen.stopped);
        prop_assert!(!asked_to_wait.is_empty());
        for (from, wait) in asked_to_wait {
            let silent = |one: &&Asked| one.began >= from && one.began < from + wait;
            prop_assert_eq!(seen.asked.iter().filter(silent).count(), 0, "{:?} from {:?}", wait, from);
        }
        // Only a record that had to wait can be given up, because its time was over.
        prop_assert!(seen.kept().len() <= waits.len());
    }
}

#[test]
fn a_429_that_asks_for_longer_than_the_run_lasts_ends_it_and_keeps_everything() {
    let mut number = 0;
    let seen = simulate(Outbox::Off, LIMITS, Duration::ZERO, |_| {
        number += 1;
        if number == 500 { answered(429, Some(seconds(300))) } else { answered(200, None) }
    });
    seen.loses_nothing();
    assert!(matches!(seen.stopped, Some(Stopped::For(StopReason::Later, _))), "{:?}", seen.stopped);
    let refused = seen.asked.iter().find(|one| one.status == Some(429)).unwrap().ended;
    assert!(seen.asked.iter().all(|one| one.began <= refused), "nothing was sent after it");
    assert_eq!(seen.accepted().len(), seen.asked.len() - 1);
}
