//! Runs that do not come to their end: signals, kill -9, readers that go away, full disks. Nothing is lost, and what is sent twice
//! is counted.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::process::Stdio;
use std::time::Duration;

use nexmo_conversion::sandbox::{Sandbox, SandboxOptions, Script};
use rustix::process::Signal;
use serde_json::Value;

use crate::api;
use crate::cli::{Cli, PROGRAM, wait_until};
use crate::together::together;

/// The most that an unclean stop of a run with 16 jobs can cause to be sent twice.
const WINDOW: usize = 64;
const BATCH: [&str; 6] = ["batch", "--json", "--channel", "sms", "--delivered", "true"];

pub(crate) fn records(count: usize) -> String {
    (0..count).map(|n| format!("{{\"id\":\"N{n:05}\"}}\n")).collect::<Vec<_>>().concat()
}

/// How often each id was asked for.
pub(crate) fn tally(sandbox: &Sandbox) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for id in api::ids(sandbox) {
        *tally.entry(id).or_default() += 1;
    }
    tally
}

/// A sandbox that takes its time, so that a run lasts.
pub(crate) fn slow(latency: Duration) -> Sandbox {
    api::with(SandboxOptions { latency, ..api::options() })
}

fn lines(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn after_a_signal_what_is_in_flight_is_settled_and_the_next_run_sends_the_rest() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let sandbox = api::answering(&["ok,delay=600ms"]);
        let cli = Cli::new().against(&sandbox);
        let file = cli.file("here/input.ndjson", records(200), 0o644);
        let arguments = || BATCH.iter().map(Into::into).chain([file.clone().into_os_string()]);
        let mut run = cli.start(arguments());
        wait_until("the first request is in flight", || api::requests(&sandbox) == 1);
        run.signal(signal);
        let (status, stdout, stderr) = run.finish();
        assert_eq!(status, Some(code), "{stderr}");
        assert_eq!(api::requests(&sandbox), 1, "nothing more is sent");
        let shown = lines(&stdout);
        let accepted: Vec<_> = shown.iter().filter(|line| line["outcome"] == "accepted").collect();
        assert_eq!(accepted.len(), 1, "what was in flight was waited for");
        assert_eq!(accepted[0]["message_id"], "N00000");
        for line in shown.iter().filter(|line| line["outcome"] != "accepted") {
            assert_eq!((&line["outcome"], &line["error"]["code"]), (&"retry".into(), &"interrupted".into()));
            assert_eq!((&line["attempts"], &line["error"]["reached_server"]), (&0.into(), &false.into()));
        }
        assert!(stderr.contains(&format!("1 accepted, 0 rejected, {} retry", shown.len() - 1)), "{stderr}");
        let mut numbers: Vec<_> = shown.iter().map(|line| line["line"].as_u64().unwrap()).collect();
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(1..=shown.len() as u64), "one line for each record that was read");
        let again = cli.run(arguments());
        again.exits(0);
        assert_eq!(again.lines().len(), 200);
        let tally = tally(&sandbox);
        assert_eq!(tally.len(), 200);
        assert!(tally.values().all(|count| *count == 1), "every id exactly once: {tally:?}");
    }
}

#[test]
fn a_reply_that_never_comes_is_ambiguous_and_sent_again_by_the_next_run() {
    let sandbox = api::answering(&["stall"]);
    let cli = Cli::new().against(&sandbox);
    let file = cli.file("here/input.ndjson", records(5), 0o644);
    let arguments = || BATCH.iter().map(Into::into).chain([file.clone().into_os_string()]);
    let mut run = cli.start(arguments().chain(["--max-time".into(), "1s".into()]));
    wait_until("the first request is in flight", || api::requests(&sandbox) == 1);
    run.signal(Signal::INT);
    let (status, stdout, stderr) = run.finish();
    assert_eq!(status, Some(130), "{stderr}");
    let first = lines(&stdout).into_iter().find(|line| line["message_id"] == "N00000").unwrap();
    assert_eq!((&first["outcome"], &first["error"]["code"]), (&"retry".into(), &"timeout".into()), "{stdout}");
    assert!(first["error"]["reached_server"].is_null(), "it is unknown: {first}");
    let resumed = cli.run(["ledger", "resume", "--json"]);
    resumed.exits(0);
    let again = cli.run(arguments());
    again.exits(0);
    let tally = tally(&sandbox);
    assert_eq!(tally.len(), 5);
    assert_eq!(tally["N00000"], 2, "the ambiguous one");
    assert_eq!(tally.values().sum::<usize>(), 6, "{tally:?}");
}

#[test]
fn an_idle_pipe_does_not_hold_up_a_signal() {
    let sandbox = api::plain();
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut run = Cli::new().against(&sandbox).start_with_pipe(BATCH);
        run.write("{\"id\":\"A\"}\n");
        assert!(run.next_line().contains("accepted"));
        run.signal(signal);
        // The pipe stays open: only the signal can end it.
        wait_until("the signal has ended it", || run.has_ended());
        let (status, rest, stderr) = run.finish();
        assert_eq!((status, rest.as_str()), (Some(code), ""), "{stderr}");
        assert!(stderr.contains("1 accepted, 0 rejected, 0 retry"), "{stderr}");
    }
}

#[test]
fn a_reader_who_has_seen_enough_ends_the_run_and_nothing_is_lost() {
    let sandbox = slow(Duration::from_millis(5));
    let cli = Cli::new().against(&sandbox);
    cli.file("here/input.ndjson", records(3000), 0o644);
    let line = "{ nexmo-conversion batch --json --channel sms --delivered true input.ndjson; echo $? >status; } | head -1";
    let ran = cli.shell(line);
    assert_eq!(ran.lines().len(), 1, "{}", ran.shown());
    assert_eq!(std::fs::read_to_string(cli.path("here/status")).unwrap().trim(), "141", "{}", ran.stderr);
    assert!(!ran.stderr.contains("error: "), "in silence: {}", ran.stderr);
    assert!(!ran.stderr.contains("panic") && !ran.stderr.contains("bug"), "{}", ran.stderr);
    let before = api::requests(&sandbox);
    assert!(before < 3000, "the run was ended: {before}");
    let arguments = BATCH.iter().chain(&["input.ndjson"]);
    cli.run(arguments).exits(0);
    let tally = tally(&sandbox);
    assert_eq!(tally.len(), 3000);
    assert!(tally.values().all(|count| *count == 1));
}

#[test]
fn a_full_disk_under_the_results_stops_the_run_and_nothing_is_lost() {
    let sandbox = slow(Duration::from_millis(5));
    let cli = Cli::new().against(&sandbox);
    cli.file("here/input.ndjson", records(1000), 0o644);
    let arguments: Vec<_> = BATCH.iter().chain(&["input.ndjson"]).map(Into::into).collect();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = cli.command(PROGRAM, &arguments);
    command.stdin(Stdio::null()).stdout(full).stderr(Stdio::piped());
    let (status, _, stderr) = cli.spawn(command).finish();
    assert_eq!(status, Some(74), "{stderr}");
    assert!(stderr.contains("cannot write to standard output"), "{stderr}");
    assert!(api::requests(&sandbox) < 1000, "it went on: {}", api::requests(&sandbox));
    cli.run(&arguments).exits(0);
    let tally = tally(&sandbox);
    assert_eq!((tally.len(), tally.values().max()), (1000, Some(&1)));
}

#[test]
fn kill_9_loses_nothing_and_repeats_no_more_than_the_window() {
    const COUNT: usize = 2000;
    // Fewer than would fill the pipe of results, which nothing reads meanwhile.
    together(&[1, 40, 150], |at| {
        let sandbox = slow(Duration::from_millis(10));
        let cli = Cli::new().against(&sandbox);
        cli.file("here/input.ndjson", records(COUNT), 0o644);
        let arguments = || BATCH.iter().chain(&["input.ndjson"]);
        let mut run = cli.start(arguments());
        wait_until("enough requests have been made", || api::requests(&sandbox) >= *at);
        run.signal(Signal::KILL);
        let (status, stdout, _) = run.finish();
        assert_eq!(status, None, "it was killed, and did not end by itself");
        let acknowledged = stdout.lines().filter(|line| line.contains("\"accepted\"")).count();
        let in_flight = usize::try_from(api::requests(&sandbox)).unwrap();
        assert!(acknowledged < COUNT && in_flight < COUNT, "the kill came too late to hit a run in flight");
        let again = cli.run(arguments());
        again.exits(0);
        assert!(again.stderr.contains("1 earlier run ended uncleanly: up to 64 repeats"), "{}", again.stderr);
        assert_eq!(again.lines().len(), COUNT, "one line for each record");
        let tally = tally(&sandbox);
        assert_eq!(tally.len(), COUNT, "no id is missing");
        let repeated: usize = tally.values().map(|count| count - 1).sum();
        assert!(repeated <= WINDOW, "{repeated} repeats after a kill at {at}");
        // What had been acknowledged before the kill is not sent again by anybody.
        for line in stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            if line["outcome"] == "accepted" {
                assert_eq!(tally[line["message_id"].as_str().unwrap()], 1, "{line}");
            }
        }
        let third = cli.run(arguments());
        third.exits(0);
        assert_eq!(api::ids(&sandbox).len(), COUNT + repeated, "everything is settled now");
    });
}

#[test]
fn without_a_ledger_the_same_input_is_sent_again() {
    // The negative control of the tests above: it is the ledger that makes the second run silent.
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    for _ in 0..2 {
        cli.run_with_input(BATCH.iter().chain(&["--no-ledger"]), records(20)).exits(0);
    }
    assert!(tally(&sandbox).values().all(|count| *count == 2));
}

#[test]
fn what_may_have_arrived_is_sent_again_and_every_such_repeat_is_counted() {
    let sandbox = api::with(SandboxOptions {
        script: Script { every: vec!["10:reset".parse().unwrap()], ..Script::default() },
        ..api::options()
    });
    let ran = Cli::new().against(&sandbox).run_with_input(BATCH, records(150));
    ran.exits(0);
    let reset = api::fired(&sandbox, "reset");
    assert!(reset >= 15, "{reset}");
    assert_eq!(api::requests(&sandbox), 150 + reset);
    assert!(
        ran.stderr.contains(&format!(
            "150 accepted, 0 rejected, 0 retry, 0 invalid, 0 skipped, {reset} ambiguous re-sends"
        )),
        "{}",
        ran.stderr
    );
    assert_eq!(tally(&sandbox).len(), 150);
}

#[test]
fn what_a_killed_run_left_goes_out_beside_input_that_flows() {
    let sandbox = slow(Duration::from_millis(20));
    let cli = Cli::new().against(&sandbox);
    cli.file("here/input.ndjson", records(900), 0o644);
    // Quiet: nothing reads its lines, and a full pipe would hold it up.
    let mut killed = cli.start(BATCH.iter().chain(&["--jobs", "1", "--quiet", "input.ndjson"]));
    wait_until("all is recorded", || {
        let status = cli.run(["ledger", "status", "--json"]).lines();
        status.iter().map(|line| line["count"].as_u64().unwrap()).sum::<u64>() == 900
    });
    killed.signal(Signal::KILL);
    assert_eq!(killed.finish().0, None);
    let mut run = cli.start_with_pipe(BATCH.iter().chain(&["--jobs", "64", "--quiet"]));
    let mut flowed = 0;
    // A line with every glance, which is no rest; the wait has its limit.
    wait_until("all that was left went out", || {
        run.write(format!("{{\"id\":\"F{flowed}\"}}\n"));
        flowed += 1;
        api::ids(&sandbox).iter().filter(|id| id.starts_with('N')).collect::<std::collections::BTreeSet<_>>().len()
            == 900
    });
    run.close_stdin();
    let (status, stdout, stderr) = run.finish();
    assert_eq!((status, stdout.as_str()), (Some(0), ""), "{stderr}");
    assert_eq!(tally(&sandbox).len(), 900 + flowed, "nothing is missing");
}

#[test]
fn the_first_signal_says_what_is_waited_for_and_many_unsent_records_are_one_line() {
    together(&[None, Some("--json")], |json| {
        let sandbox = api::answering(&["ok,delay=600ms"]);
        let cli = Cli::new().against(&sandbox);
        let file = cli.file("here/input.ndjson", records(500), 0o644);
        let words = ["batch", "--channel", "sms", "--delivered", "true", "--jobs", "1"];
        let arguments = words.into_iter().chain(*json).chain([file.to_str().unwrap()]);
        let mut run = cli.start(arguments);
        wait_until("the first request is in flight", || api::requests(&sandbox) == 1);
        run.signal(Signal::INT);
        let (status, stdout, stderr) = run.finish();
        assert_eq!(status, Some(130), "{stderr}");
        let first = "interrupted: finishing what is in flight (1); a second Ctrl-C or signal ends at once";
        assert_eq!(stderr.matches(first).count(), 1, "{stderr}");
        let unsent = stdout.lines().filter(|line| line.contains("interrupted")).count();
        if json.is_some() {
            assert!(unsent > 1 && stdout.lines().count() == unsent + 1, "a line for each: {stdout}");
        } else {
            assert_eq!(stdout.lines().count(), 1, "what was sent: {stdout}");
        }
        let pending: Vec<_> = stderr.lines().filter(|line| line.starts_with("pending: ")).collect();
        assert!(pending.len() == 1 && pending[0].contains("`nexmo-conversion ledger resume`"), "{stderr}");
    });
}

#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let sandbox = api::answering(&["ok,delay=300ms"]);
    let cli = Cli::new().against(&sandbox);
    let line = "trap '' INT HUP; exec \"$0\" sms A --delivered";
    let mut command = cli.command("sh", &["-c", line, PROGRAM].map(Into::into));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut run = cli.spawn(command);
    wait_until("the report is in flight", || api::requests(&sandbox) == 1);
    run.signal(Signal::INT);
    run.signal(Signal::HUP);
    let (status, stdout, stderr) = run.finish();
    assert_eq!(status, Some(0), "{stderr}");
    assert!(stdout.starts_with("accepted") && stderr.is_empty(), "{stdout}{stderr}");
}
