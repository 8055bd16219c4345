//! The schedule stepped by hand: what it hands out, when, and what it gives up.

use std::time::Duration;

use super::{Again, BREAKER_FAILURES, BREAKER_PAUSE, Limits, Schedule, backoff};
use crate::domain::{
    Channel, Conversion, Delivered, ErrorCode, Failure, MessageId, Outcome, Reached, Record, TimeSource, Timestamp,
};
use crate::ledger::Origin;
use crate::pipeline::StopReason;
use crate::pipeline::job::{Attempt, Job};
use crate::pipeline::judge::{TransientFailure, TransientKind};
use crate::pipeline::tests::LIMITS;
use crate::wire::{Body, BodyEnd, Reply};

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
    Job::unrecorded(record)
}

fn with_jobs(limits: Limits, count: u32) -> Schedule {
    let mut schedule = Schedule::new(limits, None);
    (0..count).for_each(|id| schedule.admit(job(id)));
    schedule
}

fn failing(kind: TransientKind, wait: Option<u64>) -> TransientFailure {
    let reached = if kind == TransientKind::MaybeSent { Reached::Unknown } else { Reached::No };
    let failure = Failure { code: ErrorCode::Connect, message: "down".into(), reached_server: reached };
    TransientFailure { failure, kind, wait: wait.map(seconds) }
}

/// Everything that may be sent now.
fn hand_out(schedule: &mut Schedule, now: Duration) -> Vec<Job> {
    std::iter::from_fn(|| schedule.next(now)).collect()
}

/// Tries a job again and again, each time as soon as it may be, until it is given up; returns the times of its tries.
fn tries(limits: Limits, failure: &TransientFailure) -> Vec<Duration> {
    let mut schedule = with_jobs(limits, 1);
    let (mut now, mut times) = (Duration::ZERO, Vec::new());
    loop {
        let mut job = schedule.next(now).expect("something to send");
        times.push(now);
        job.attempts += 1;
        match schedule.again(job, failure, now) {
            Again::Planned { .. } => now += schedule.wakeup(now).expect("something to wait for"),
            Again::GivenUp(_) | Again::NoRetryPossible(..) => return times,
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
fn the_limit_on_unsettled_requests_is_never_exceeded() {
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
        let _ = schedule.again(job, &failing(TransientKind::Server, None), Duration::ZERO);
    }
    assert!(schedule.wants_more());
}

#[test]
fn a_record_gets_five_tries_and_no_more() {
    assert_eq!(tries(LIMITS, &failing(TransientKind::NotSent, None)).len(), 5);
    assert_eq!(tries(Limits { retries: 0, ..LIMITS }, &failing(TransientKind::NotSent, None)).len(), 1);
}

#[test]
fn no_try_begins_after_the_records_time_is_over() {
    let limits = Limits { retries: 100, retry_max_time: seconds(10), ..LIMITS };
    for _ in 0..50 {
        let times = tries(limits, &failing(TransientKind::Overloaded, None));
        assert!(times.iter().all(|time| *time <= seconds(10)), "{times:?}");
    }
}

#[test]
fn the_server_is_never_asked_again_before_the_time_that_it_named() {
    let times = tries(LIMITS, &failing(TransientKind::Overloaded, Some(7)));
    assert!(times.windows(2).all(|pair| pair[1].saturating_sub(pair[0]) >= seconds(7)), "{times:?}");
}

#[test]
fn after_a_429_no_sender_sends_until_the_named_time_and_then_half_as_many() {
    let mut schedule = with_jobs(LIMITS, 1000);
    for _ in 0..4 {
        hand_out(&mut schedule, Duration::ZERO);
        while schedule.in_flight() > 0 {
            schedule.settled(&Outcome::Accepted);
        }
    }
    let mut job = schedule.next(Duration::ZERO).unwrap();
    job.attempts += 1;
    let again = schedule.again(job, &failing(TransientKind::Throttled, Some(30)), Duration::ZERO);
    assert!(matches!(again, Again::Planned { pause: Some(pause), .. } if pause == seconds(30)));
    assert!(schedule.next(seconds(29)).is_none());
    assert_eq!(hand_out(&mut schedule, seconds(31)).len(), 8);
}

#[test]
fn what_comes_back_during_a_pause_may_lengthen_it_and_begins_no_other() {
    let mut schedule = with_jobs(LIMITS, 3);
    schedule.concurrency = 3;
    let pauses: Vec<_> = hand_out(&mut schedule, Duration::ZERO)
        .into_iter()
        .zip(1..)
        .map(|(job, at)| schedule.again(job, &failing(TransientKind::Throttled, Some(10)), seconds(at)))
        .map(|again| matches!(again, Again::Planned { pause: Some(_), .. }))
        .collect();
    assert_eq!(pauses, [true, false, false]);
    assert!(schedule.is_paused(seconds(12)) && !schedule.is_paused(seconds(13)));
}

#[test]
fn a_pause_longer_than_a_record_may_last_ends_the_run() {
    let mut schedule = with_jobs(LIMITS, 2);
    let mut job = schedule.next(Duration::ZERO).unwrap();
    job.attempts += 1;
    let again = schedule.again(job, &failing(TransientKind::Throttled, Some(300)), Duration::ZERO);
    assert!(matches!(again, Again::NoRetryPossible(_, StopReason::Later)));
}

#[test]
fn a_dead_network_opens_the_breaker_and_gets_one_probe_at_a_time() {
    let mut schedule = with_jobs(Limits { retries: 0, ..LIMITS }, 1000);
    let gone = failing(TransientKind::NotSent, None);
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
    let mut no_retry = false;
    while now < seconds(600) && !no_retry {
        for mut job in hand_out(&mut schedule, now) {
            requests += 1;
            job.attempts += 1;
            let again = schedule.again(job, &failing(TransientKind::NotSent, None), now);
            no_retry |= matches!(again, Again::NoRetryPossible(_, StopReason::Later));
        }
        now += schedule.wakeup(now).unwrap_or(seconds(600)).max(Duration::from_millis(1));
    }
    assert!((BREAKER_FAILURES..=BREAKER_FAILURES + 5).contains(&requests), "{requests}");
    assert!(no_retry && now < seconds(200), "it ends the run when a record's time has passed: {now:?}");
}

#[test]
fn what_may_have_arrived_counts_as_unsettled_while_it_waits_to_be_tried_again() {
    for (jobs, most) in [(1, 1), (4, 64)] {
        let mut schedule = with_jobs(Limits { jobs, ..LIMITS }, 1000);
        schedule.retry_tokens = 1000.0;
        let mut handed_out = 0;
        while let Some(mut job) = schedule.next(Duration::ZERO) {
            handed_out += 1;
            job.attempts += 1;
            if handed_out % 2 == 0 || jobs == 1 {
                let _ = schedule.again(job, &failing(TransientKind::MaybeSent, None), Duration::ZERO);
            } else {
                schedule.settled(&Outcome::Accepted);
            }
        }
        assert_eq!(schedule.state().to_retry, most, "as many as may be unsettled");
        assert!(schedule.wakeup(Duration::ZERO).is_some(), "and it is known when the first is tried again");
        assert!(schedule.next(seconds(60)).unwrap().may_have_arrived(), "these go on");
        schedule.settled(&Outcome::Accepted);
        let others = hand_out(&mut schedule, Duration::ZERO);
        assert_eq!(others.len(), 1, "each that is settled makes room for another");
    }
}

#[test]
fn a_network_that_swallows_everything_ends_the_run_about_when_a_records_time_is_over() {
    let mut schedule = with_jobs(Limits { jobs: 1, retry_max_time: seconds(5), ..LIMITS }, 40);
    let mut job = schedule.next(Duration::ZERO).unwrap();
    job.attempts += 1;
    let first = schedule.again(job, &failing(TransientKind::MaybeSent, None), seconds(15));
    assert!(matches!(first, Again::GivenUp(_)));
    let mut job = schedule.next(seconds(15)).unwrap();
    job.attempts += 1;
    let second = schedule.again(job, &failing(TransientKind::MaybeSent, None), seconds(30));
    assert!(matches!(second, Again::NoRetryPossible(_, StopReason::Later)));
}

#[test]
fn failures_hours_apart_are_not_one_outage() {
    let mut schedule = with_jobs(Limits { retries: 0, ..LIMITS }, 10);
    for hour in 0..10 {
        let mut job = schedule.next(seconds(3600 * hour)).unwrap();
        job.attempts += 1;
        let again = schedule.again(job, &failing(TransientKind::NotSent, None), seconds(3600 * hour));
        assert!(matches!(again, Again::GivenUp(_)));
    }
}

#[test]
fn a_server_that_only_says_503_is_asked_by_one_sender_at_a_time() {
    let mut schedule = with_jobs(LIMITS, 1000);
    schedule.concurrency = LIMITS.jobs;
    for job in hand_out(&mut schedule, Duration::ZERO) {
        let _ = schedule.again(job, &failing(TransientKind::Overloaded, None), Duration::ZERO);
    }
    assert_eq!(hand_out(&mut schedule, Duration::ZERO).len(), 1);
}

#[test]
fn nothing_is_planned_for_after_the_end_of_the_run() {
    let mut schedule = with_jobs(LIMITS, 1);
    schedule.ends = Some(seconds(3));
    let mut job = schedule.next(Duration::ZERO).unwrap();
    job.attempts += 1;
    let again = schedule.again(job, &failing(TransientKind::Throttled, Some(60)), Duration::ZERO);
    assert!(matches!(again, Again::NoRetryPossible(_, StopReason::Later)));
}

#[test]
fn retries_are_at_most_a_tenth_of_the_records_beyond_the_first_few() {
    let mut schedule = Schedule::new(Limits { jobs: 1, ..LIMITS }, None);
    let (mut now, mut requests, mut retried) = (Duration::ZERO, 0_u32, 0_u32);
    for id in 0..5_000 {
        schedule.admit(job(id));
        while let Some(mut job) = schedule.next(now) {
            requests += 1;
            retried += u32::from(job.attempts > 0);
            job.attempts += 1;
            if requests % 2 == 0 {
                let _ = schedule.again(job, &failing(TransientKind::Server, None), now);
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
    assert!(matches!(schedule.again(job, &failing(TransientKind::Server, None), late), Again::Planned { .. }));
}

#[test]
fn an_old_connection_that_was_closed_is_replaced_at_once_but_only_once() {
    let mut schedule = with_jobs(LIMITS, 1);
    let stale = failing(TransientKind::StaleConnection, None);
    let mut job = schedule.next(Duration::ZERO).unwrap();
    job.attempts += 1;
    assert!(matches!(schedule.again(job, &stale, Duration::ZERO), Again::Planned { wait: Duration::ZERO, .. }));
    assert!(schedule.next(Duration::ZERO).is_some());
}

#[test]
fn garbage_three_times_in_a_row_ends_the_run() {
    let mut schedule = with_jobs(Limits { retries: 0, ..LIMITS }, 5);
    let garbage = failing(TransientKind::NotHttp, None);
    for _ in 0..2 {
        let mut job = schedule.next(Duration::ZERO).unwrap();
        job.attempts += 1;
        assert!(matches!(schedule.again(job, &garbage, Duration::ZERO), Again::GivenUp(_)));
    }
    let job = schedule.next(Duration::ZERO).unwrap();
    let again = schedule.again(job, &garbage, Duration::ZERO);
    assert!(matches!(again, Again::NoRetryPossible(_, StopReason::Configuration)));
}

#[test]
fn garbage_with_another_reply_in_between_is_not_in_a_row() {
    for between in [TransientKind::Overloaded, TransientKind::Server] {
        let mut schedule = with_jobs(Limits { retries: 0, ..LIMITS }, 20);
        let mut now = Duration::ZERO;
        for kind in [TransientKind::NotHttp, TransientKind::NotHttp, between].repeat(4) {
            now += seconds(400);
            let mut job = schedule.next(now).unwrap();
            job.attempts += 1;
            let again = schedule.again(job, &failing(kind, None), now);
            assert!(matches!(again, Again::GivenUp(_)), "{kind:?} after {between:?}");
        }
    }
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
    let _ = schedule.again(job, &failing(TransientKind::MaybeSent, None), Duration::ZERO);
    let job = schedule.next(seconds(60)).unwrap();
    assert_eq!(job.result(Outcome::Accepted).1.ambiguous_resends, 1);
}
#[test]
fn unsettled_may_be_one_alone_64_for_a_few_and_four_times_the_jobs_for_many() {
    let most = |jobs| Limits { jobs, ..LIMITS }.max_unsettled();
    assert_eq!([1, 2, 16, 17, 100].map(most), [1, 64, 64, 68, 400]);
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
    let _ = schedule.again(under_way.remove(0), &failing(TransientKind::NotSent, None), Duration::ZERO);
    assert_eq!((schedule.room(), schedule.in_flight(), schedule.state().to_retry), (1014, 2, 1));
    schedule.failed();
    schedule.settled(&Outcome::Accepted);
    assert_eq!((schedule.room(), schedule.in_flight()), (1016, 0));
    assert_eq!(Schedule::new(Limits { jobs: 1000, ..LIMITS }, None).room(), 4000);
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
    let _ = schedule.again(under_way, &failing(TransientKind::NotSent, None), Duration::ZERO);
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
    let _ = schedule.again(first, &failing(TransientKind::MaybeSent, None), Duration::ZERO);
    let again = schedule.next(seconds(60)).unwrap();
    schedule.bounced(again);
    assert_eq!((schedule.in_flight(), schedule.room()), (0, 1021));
    let again = schedule.next(seconds(60)).unwrap();
    assert_eq!(again.record().line, 0);
    assert_eq!(again.result(Outcome::Accepted).1.ambiguous_resends, 1);
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
    for (time, began, ended) in [(10, 1, 2), (20, 5, 9)] {
        let body = Body::new(b"OK".to_vec(), None, None, BodyEnd::Reached);
        let result = Ok(Reply { status: 503, retry_after: None, body });
        job.tried(&Attempt { at: at(time), began: seconds(began), ended: seconds(ended), result });
    }
    let (ticket, result) = job.result(Outcome::Accepted);
    assert!(ticket.is_none());
    assert_eq!((result.line, result.origin, result.attempts), (7, Origin::Adopted, 2));
    assert_eq!((result.http_status, result.sent_at, result.elapsed), (Some(503), Some(at(20)), seconds(8)));
}

#[test]
fn that_a_try_may_have_arrived_is_not_forgotten_for_a_later_one_that_did_not() {
    let mut schedule = with_jobs(LIMITS, 1);
    let mut job = schedule.next(Duration::ZERO).unwrap();
    assert!(!job.may_have_arrived());
    assert_eq!(job.unfinished(), None);
    let refused = failing(TransientKind::NotSent, None);
    job.last_failure = Some(refused.failure.clone());
    assert_eq!(job.unfinished().unwrap().reached_server, Reached::No);
    let _ = schedule.again(job, &failing(TransientKind::MaybeSent, None), Duration::ZERO);
    let mut job = schedule.next(seconds(60)).unwrap();
    assert!(job.may_have_arrived());
    job.last_failure = Some(refused.failure);
    let failure = job.unfinished().unwrap();
    assert_eq!((failure.reached_server, failure.code), (Reached::Unknown, ErrorCode::Connect));
}

#[test]
fn a_fresh_connection_that_is_closed_too_is_waited_for() {
    let (mut schedule, mut waits) = (with_jobs(Limits { retries: 100, ..LIMITS }, 1), Vec::new());
    for second in 0..10 {
        let mut job = schedule.next(seconds(60 * second)).unwrap();
        job.attempts += 1;
        let stale = failing(TransientKind::StaleConnection, None);
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
        schedule.ends = Some(seconds(ends));
        let job = schedule.next(Duration::ZERO).unwrap();
        let again = schedule.again(job, &failing(TransientKind::MaybeSent, Some(wait)), Duration::ZERO);
        matches!(again, Again::Planned { .. })
    };
    assert!(planned(1000, 100) && !planned(1000, 101));
    assert!(planned(50, 50) && !planned(50, 51));
}
#[test]
fn waits_are_anything_up_to_a_ceiling_that_doubles() {
    for (kind, attempts, ceiling) in [
        (TransientKind::Server, 1, 200),
        (TransientKind::NotSent, 3, 800),
        (TransientKind::Overloaded, 1, 1000),
        (TransientKind::Throttled, 4, 8000),
        (TransientKind::MaybeSent, 1000, 30_000),
    ] {
        let ceiling = Duration::from_millis(ceiling);
        let waits: Vec<_> = (0..500).map(|_| backoff(&failing(kind, None), attempts)).collect();
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
        let _ = schedule.again(job, &failing(TransientKind::MaybeSent, Some(40)), Duration::ZERO);
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
        let again = schedule.again(job, &failing(TransientKind::NotSent, None), Duration::ZERO);
        assert_eq!(matches!(again, Again::Planned { .. }), planned);
    }
}

#[test]
fn a_wait_that_is_just_not_too_long_does_not_end_the_run() {
    let no_retry = |wait: u64, ends: u64, silence: u64| {
        let mut schedule = with_jobs(Limits { retry_max_time: seconds(100), retries: 0, ..LIMITS }, 2);
        schedule.ends = Some(seconds(ends));
        schedule.broken = Some((Duration::ZERO, seconds(silence)));
        let job = schedule.next(seconds(silence)).unwrap();
        let kind = if wait > 0 { TransientKind::Throttled } else { TransientKind::NotSent };
        let again = schedule.again(job, &failing(kind, Some(wait)), seconds(silence));
        matches!(again, Again::NoRetryPossible(_, StopReason::Later))
    };
    assert!(!no_retry(100, 1000, 0) && no_retry(101, 1000, 0), "longer than a record may wait");
    assert!(!no_retry(50, 50, 0) && no_retry(51, 50, 0), "longer than the run lasts");
    assert!(!no_retry(0, 1000, 100) && no_retry(0, 1000, 101), "no answer for longer than a record may wait");
}

#[test]
fn no_time_at_all_is_no_pause() {
    let mut schedule = with_jobs(LIMITS, 1);
    let job = schedule.next(Duration::ZERO).unwrap();
    let again = schedule.again(job, &failing(TransientKind::Throttled, Some(0)), Duration::ZERO);
    assert!(matches!(again, Again::Planned { pause: None, .. }));
    assert!(!schedule.is_paused(Duration::ZERO));
}

#[test]
fn each_503_halves_the_requests_under_way() {
    let mut schedule = with_jobs(LIMITS, 1000);
    schedule.concurrency = 15;
    let job = schedule.next(Duration::ZERO).unwrap();
    let _ = schedule.again(job, &failing(TransientKind::Overloaded, None), Duration::ZERO);
    assert_eq!(hand_out(&mut schedule, Duration::ZERO).len(), 7);
}
#[test]
fn who_may_hand_out_only_what_may_have_arrived_waits_for_its_time() {
    let mut schedule = with_jobs(Limits { jobs: 1, ..LIMITS }, 2);
    let job = schedule.next(Duration::ZERO).unwrap();
    let _ = schedule.again(job, &failing(TransientKind::MaybeSent, Some(40)), Duration::ZERO);
    assert!(schedule.next(seconds(39)).is_none(), "one may be unsettled");
    assert_eq!(schedule.wakeup(seconds(10)), Some(seconds(30)));
    assert_eq!(schedule.next(seconds(40)).unwrap().record().line, 0);
}
