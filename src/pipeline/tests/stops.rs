//! What a run tells of what it could not finish.

use std::time::Duration;

use super::{Heard, LIMITS, NOW, Stage, record};
use crate::clock;
use crate::domain::{ErrorCode, Failure, Outcome, Reached, Timestamp};
use crate::ledger::Ledger;
use crate::pipeline::book::End;
use crate::pipeline::sending::Exchange;
use crate::pipeline::{Attempt, Book, Limits, Run, Stopped};
use crate::transport::{Cause, ConnectionAge, Phase, Sent, TransportError};

#[test]
fn a_stop_does_not_turn_maybe_sent_into_not_sent() {
    let stage = Stage::new();
    let plan = stage.plan(Limits { jobs: 1, ..LIMITS });
    let mut heard = Heard::default();
    let mut run = Run::new(Book::Nowhere, &plan, &mut heard);
    run.take_in(vec![Some(record(1)), Some(record(2)), None]);
    let job = run.schedule.next(clock::monotonic()).unwrap();
    run.stop(Stopped::Interrupted);
    let timed_out = TransportError {
        sent: Sent::Maybe,
        cause: Cause::Timeout(Phase::Exchange),
        connection: ConnectionAge::Fresh,
    };
    let at = Timestamp::from_unix(NOW + 1).unwrap();
    let sent = Some(Exchange { at, began: Duration::ZERO, ended: Duration::ZERO, result: Err(timed_out) });
    run.returned(job, Attempt { sent }, clock::monotonic());
    assert!(run.is_over());
    run.end();
    let told: Vec<_> = heard
        .0
        .iter()
        .map(|report| {
            let failure = report.outcome.failure().unwrap();
            (report.line, failure.code, failure.reached_server)
        })
        .collect();
    assert_eq!(told, [(2, ErrorCode::Interrupted, Reached::No), (1, ErrorCode::Timeout, Reached::Unknown)]);
}

#[test]
fn what_a_full_disk_does_not_let_be_settled_is_not_called_accepted_and_ends_the_sending() {
    let stage = Stage::new();
    let plan = stage.plan(Limits { jobs: 1, ..LIMITS });
    let folder = tempfile::tempdir().unwrap();
    let account = stage.account.api_key.fingerprint();
    let ledger = Ledger::open(&folder.path().join("ledger.db"), &account, 1, clock::now()).unwrap();
    ledger.leave_no_room();
    let mut heard = Heard::default();
    let mut run = Run::new(Book::Ledger(Box::new(ledger)), &plan, &mut heard);
    run.take_in((1..=3).map(record).map(Some).collect());
    let job = run.schedule.next(clock::monotonic()).unwrap();
    run.schedule.settled(&Outcome::Accepted);
    run.finish(job, Outcome::Accepted, End::Tried);
    let job = run.schedule.next(clock::monotonic()).unwrap();
    let larger_than_a_page = Failure::answered(ErrorCode::ServerError, "x".repeat(10_000));
    run.finish(job, Outcome::Retry(larger_than_a_page), End::Tried);
    run.settle();
    assert!(run.gives_up() && run.schedule.next(clock::monotonic()).is_none());
    let stopped = run.end();
    assert!(matches!(stopped, Some(Stopped::LedgerFailed(_))), "{stopped:?}");
    let told: Vec<_> = heard.0.iter().map(|report| report.outcome.failure().unwrap().code).collect();
    assert_eq!(told, [ErrorCode::Interrupted, ErrorCode::ServerError, ErrorCode::Interrupted]);
}

#[test]
fn what_a_full_disk_does_not_let_be_recorded_is_told_to_be_kept_nowhere() {
    let stage = Stage::new();
    let plan = stage.plan(LIMITS);
    let folder = tempfile::tempdir().unwrap();
    let account = stage.account.api_key.fingerprint();
    let ledger = Ledger::open(&folder.path().join("ledger.db"), &account, 1, clock::now()).unwrap();
    ledger.leave_no_room();
    let mut heard = Heard::default();
    let mut run = Run::new(Book::Ledger(Box::new(ledger)), &plan, &mut heard);
    run.take_in((1..=2000).map(record).map(Some).collect());
    let stopped = run.end();
    assert!(matches!(stopped, Some(Stopped::RecordingFailed(_))), "{stopped:?}");
    assert_eq!(heard.0.len(), 2000);
    for report in &heard.0 {
        assert_eq!(report.outcome.failure().unwrap().code, ErrorCode::NotRecorded);
    }
}
