//! Several runs at once on one ledger: cron jobs that overlap, `xargs -P`.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::api;
use crate::cli::{Cli, Running, wait_until};
use crate::interruptions::{records, slow, tally};

const BATCH: [&str; 7] = ["batch", "--json", "--channel", "sms", "--delivered", "true", "input.ndjson"];

fn count(stdout: &str, outcome: &str) -> usize {
    let lines = stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["outcome"] == outcome).count()
}

#[test]
fn three_runs_at_once_send_every_record_exactly_once() {
    let sandbox = slow(Duration::from_millis(5));
    let cli = Cli::new().against(&sandbox);
    cli.file("here/input.ndjson", records(300), 0o644);
    let runs = [0; 3].map(|_| cli.start(BATCH));
    let ended = runs.map(Running::finish);
    let tally = tally(&sandbox);
    assert_eq!((tally.len(), tally.values().max()), (300, Some(&1)), "every id exactly once");
    let accepted: usize = ended.iter().map(|(_, stdout, _)| count(stdout, "accepted")).sum();
    assert_eq!(accepted, 300);
    for (status, stdout, stderr) in &ended {
        assert_eq!(*status, Some(0), "{stderr}");
        assert_eq!(stdout.lines().count(), 300, "each run answers each of its records");
        assert_eq!(count(stdout, "accepted") + count(stdout, "skipped"), 300);
    }
    let skipped =
        ended.iter().flat_map(|(_, stdout, _)| stdout.lines()).filter(|line| line.contains("\"skipped\""));
    let known = |line: &str| line.contains("\"already_queued\"") || line.contains("\"already_accepted\"");
    assert!(skipped.into_iter().all(known));
}

#[test]
fn a_record_that_a_live_run_holds_is_left_to_it() {
    let sandbox = api::answering(&["ok,delay=1s"]);
    let cli = Cli::new().against(&sandbox);
    cli.file("here/input.ndjson", records(10), 0o644);
    let first = cli.start(BATCH);
    wait_until("the first run has its first request in flight", || api::requests(&sandbox) == 1);
    let second = cli.run(BATCH);
    second.exits(0);
    assert_eq!(second.lines().len(), 10);
    for line in second.lines() {
        assert_eq!((&line["outcome"], &line["error"]["code"]), (&"skipped".into(), &"already_queued".into()));
    }
    let (status, stdout, stderr) = first.finish();
    assert_eq!((status, count(&stdout, "accepted")), (Some(0), 10), "{stderr}");
    assert_eq!(api::requests(&sandbox), 10);
}

#[test]
fn the_rows_of_a_run_that_was_killed_are_free_for_the_next() {
    let sandbox = api::answering(&["stall"]);
    let cli = Cli::new().against(&sandbox);
    cli.file("here/input.ndjson", records(50), 0o644);
    let mut killed = cli.start(BATCH);
    wait_until("its first request is in flight", || api::requests(&sandbox) == 1);
    killed.signal(Signal::KILL);
    assert_eq!(killed.finish().0, None);
    // Another input: the rows of the crashed run are adopted and counted, and get no lines here.
    let next =
        cli.run_with_input(["batch", "--json", "--channel", "sms", "--delivered", "true"], "{\"id\":\"OTHER\"}\n");
    next.exits(0);
    assert_eq!(next.line()["message_id"], "OTHER");
    assert!(
        next.stderr.contains("51 accepted") && next.stderr.contains("50 of these left by earlier runs"),
        "{}",
        next.stderr
    );
    let tally = tally(&sandbox);
    assert_eq!(tally.len(), 51);
    assert_eq!(tally.values().sum::<usize>(), 52, "the one that was in flight is sent again, and nothing else");
    assert_eq!(tally["N00000"], 2);
}

#[test]
fn while_one_of_two_is_killed_the_other_takes_nothing_twice() {
    let sandbox = slow(Duration::from_millis(10));
    let cli = Cli::new().against(&sandbox);
    cli.file("here/input.ndjson", records(600), 0o644);
    let mut first = cli.start(BATCH);
    wait_until("the first run is under way", || api::requests(&sandbox) >= 30);
    let second = cli.start(BATCH);
    first.signal(Signal::KILL);
    assert_eq!(first.finish().0, None, "it was killed in flight");
    let (status, _, stderr) = second.finish();
    assert_eq!(status, Some(0), "{stderr}");
    cli.run(BATCH).exits(0);
    let tally = tally(&sandbox);
    assert_eq!(tally.len(), 600, "no id is missing");
    let repeated: usize = tally.values().map(|count| count - 1).sum();
    assert!(repeated <= 64, "{repeated}");
}
