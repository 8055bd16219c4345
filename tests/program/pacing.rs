//! How fast, how long and how stubbornly a stream is sent: rates, throttling, order, ages, deadlines, and when to stop.
//!
//! Times are measured here, not in the sandbox's log, whose clock has whole seconds. Bounds below are exact; bounds above are generous.

use std::thread;
use std::time::Duration;

use nexmo_conversion::clock;
use nexmo_conversion::sandbox::{CertificateKind, Sandbox, SandboxOptions, Script, Then};

use crate::api;
use crate::cli::{Cli, wait_until};
use crate::interruptions::{records, slow};
use crate::relay::Proxy;

const BATCH: [&str; 6] = ["batch", "--json", "--channel", "sms", "--delivered", "true"];

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = clock::monotonic();
    let done = work();
    (done, clock::monotonic().saturating_sub(began))
}

#[test]
fn a_rate_spaces_the_requests() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let (ran, at_twenty) = timed(|| cli.run_with_input(BATCH.iter().chain(&["--rate", "20/s"]), records(21)));
    ran.exits(0);
    assert!(at_twenty >= Duration::from_secs(1), "21 requests need 20 gaps of 50 ms: {at_twenty:?}");
    assert_eq!(api::requests(&sandbox), 21);
    let (ran, free) = timed(|| cli.run_with_input(BATCH.iter().chain(&["--no-ledger"]), records(21)));
    ran.exits(0);
    assert!(free < at_twenty, "without a rate it is faster: {free:?}");
}

#[test]
fn after_a_429_nobody_sends_until_its_time_has_passed() {
    // The first answers open the throttle, so that there is more than one worker to be silenced.
    let first = ["ok"; 12].into_iter().chain(["429,retry-after=1"]).map(api::answer);
    let sandbox = api::with(SandboxOptions {
        script: Script { then: Then::Normal, ..Script::first(first) },
        latency: Duration::from_millis(20),
        ..api::options()
    });
    let cli = Cli::new().against(&sandbox);
    cli.file("here/input.ndjson", records(200), 0o644);
    let run = cli.start(BATCH.iter().chain(&["input.ndjson"]));
    wait_until("the 429 was answered", || {
        api::fired(&sandbox, "429,retry-after=1") == 1 || answered(&sandbox, 429) == 1
    });
    let mut last = (api::requests(&sandbox), clock::monotonic());
    let (mut longest, mut before) = (Duration::ZERO, 0);
    wait_until("all is sent", || {
        let (now, count) = (clock::monotonic(), api::requests(&sandbox));
        if count != last.0 {
            if now.saturating_sub(last.1) > longest {
                (longest, before) = (now.saturating_sub(last.1), last.0);
            }
            last = (count, now);
        }
        count == 201
    });
    let (status, stdout, stderr) = run.finish();
    assert_eq!(status, Some(0), "{stderr}");
    assert!(longest >= Duration::from_millis(900), "the longest silence was {longest:?}");
    assert!(before <= 13 + 64, "what was handed out already and nothing else: {before}");
    assert_eq!(stdout.lines().count(), 200);
    assert!(stderr.contains("pausing: for 1s"), "{stderr}");
    assert_eq!(answered(&sandbox, 429), 1);
}

#[test]
fn no_retry_after_holds_anybody_up_for_longer_than_the_run_may_last() {
    // What is clear asks for more than this run may last, so that it ends at once; what is not asks for nothing.
    let clear = [
        "300",
        "86400",
        "99999999999999999999999",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Fri, 31 Dec 99999 23:59:59 GMT",
        "Friday, 31-Dec-60 23:59:59 GMT",
    ];
    let past = ["0", "0\r\nRetry-After: 300", "Thu, 01 Jan 1970 00:00:00 GMT", "Sun Nov  6 08:49:37 1994"];
    let unclear = ["", "-1", "NaN", "1e9", "300, 300", "\u{202e}300", "\u{7}", "soon"];
    thread::scope(|scope| {
        for status in ["429 Too Many Requests", "503 Service Unavailable"] {
            for value in &clear {
                scope.spawn(move || asks_to_wait(status, value, 1));
            }
            for value in past.iter().chain(&unclear) {
                scope.spawn(move || asks_to_wait(status, value, 2));
            }
        }
    });
}

/// Sends a report, with one retry, to a server that says so; this many requests come of it, soon.
fn asks_to_wait(status: &str, retry_after: &str, requests: usize) {
    let server = Proxy::answering(format!(
        "HTTP/1.1 {status}\r\nRetry-After: {retry_after}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    ));
    let url = format!("http://{}", server.address());
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox).with("NEXMO_CONVERSION_BASE_URL", url);
    let flags = ["sms", "A", "--delivered", "--json", "--retry", "1", "--retry-max-time", "5s"];
    let (ran, took) = timed(|| cli.run(flags));
    let line = ran.exits(75).line();
    let seen = (&line["outcome"], &line["attempts"], server.heads().len());
    assert_eq!(seen, (&"retry".into(), &requests.into(), requests), "{retry_after}: {line}");
    assert!(took < Duration::from_secs(10), "{retry_after}: {took:?}");
}

fn answered(sandbox: &Sandbox, status: u16) -> usize {
    sandbox.requests().iter().filter(|request| request.status == Some(status)).count()
}

#[test]
fn one_job_sends_in_the_order_of_the_input_over_one_connection() {
    let sandbox = api::plain();
    let ran = Cli::new().against(&sandbox).run_with_input(BATCH.iter().chain(&["--jobs", "1"]), records(200));
    ran.exits(0);
    let expected: Vec<_> = (0..200).map(|n| format!("N{n:05}")).collect();
    assert_eq!(api::ids(&sandbox), expected);
    let answered: Vec<_> =
        ran.lines().iter().map(|line| line["message_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(answered, expected);
    assert_eq!(sandbox.counts().connections, 1);
}

#[test]
fn many_jobs_use_many_connections_and_no_more_than_were_allowed() {
    for jobs in [2, 8] {
        let sandbox = slow(Duration::from_millis(10));
        let flag = jobs.to_string();
        let ran =
            Cli::new().against(&sandbox).run_with_input(BATCH.iter().chain(&["--jobs", &flag]), records(200));
        ran.exits(0);
        let connections = sandbox.counts().connections;
        assert!(connections > 1 && connections <= jobs, "{connections} connections for {jobs} jobs");
        assert_eq!(api::requests(&sandbox), 200);
    }
}

#[test]
fn what_is_too_old_is_left_out() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let input = "{\"id\":\"OLD\",\"ts\":\"2026-11-20 01:25:26\"}\n{\"id\":\"NEW\"}\n";
    let ran = cli.run_with_input(BATCH.iter().chain(&["--max-age", "1h"]), input);
    ran.exits(0);
    assert_eq!(api::ids(&sandbox), ["NEW"]);
    let old = ran.lines().into_iter().find(|line| line["message_id"] == "OLD").unwrap();
    assert_eq!((&old["outcome"], &old["error"]["code"]), (&"skipped".into(), &"too_old".into()));
    // It was not recorded either: with another limit it is sent.
    cli.run_with_input(BATCH, input).exits(0);
    assert_eq!(api::ids(&sandbox), ["NEW", "OLD"]);
}

#[test]
fn at_the_deadline_the_rest_is_kept_for_the_next_run() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    cli.file("here/input.ndjson", records(100), 0o644);
    let flags = ["--rate", "20/s", "--deadline", "500ms", "input.ndjson"];
    let ran = cli.run(BATCH.iter().chain(&flags));
    ran.exits(75);
    let sent = api::requests(&sandbox);
    assert!((1..=11).contains(&sent), "20 a second for half a second: {sent}");
    assert_eq!(ran.lines().len(), 100);
    assert!(ran.stderr.contains("the deadline has passed"), "{}", ran.stderr);
    cli.run(["ledger", "resume"]).exits(0);
    assert_eq!(api::requests(&sandbox), 100);
}

#[test]
fn without_retries_every_record_has_one_try() {
    let sandbox = api::always("500");
    let ran = Cli::new().against(&sandbox).run_with_input(BATCH.iter().chain(&["--retry", "0"]), records(40));
    ran.exits(75);
    assert_eq!(api::requests(&sandbox), 40);
    assert!(ran.lines().iter().all(|line| line["attempts"] == 1 && line["outcome"] == "retry"));
}

#[test]
fn retries_are_a_tenth_of_the_requests_however_long_the_input() {
    let sandbox = api::always("500");
    let ran = Cli::new().against(&sandbox).run_with_input(BATCH, records(400));
    ran.exits(75);
    let requests = api::requests(&sandbox);
    assert!((400..=400 + 20 + 47).contains(&requests), "{requests}");
    assert_eq!(ran.lines().len(), 400);
}

#[test]
fn an_input_of_which_nearly_all_is_refused_is_mapped_wrongly() {
    let mut first = vec!["420"; 200];
    for at in [10, 30, 50, 70, 90] {
        first[at] = "ok";
    }
    let sandbox = api::answering(&first);
    let cli = Cli::new().against(&sandbox);
    cli.file("here/input.ndjson", records(2000), 0o644);
    let ran = cli.run(BATCH.iter().chain(&["input.ndjson"]));
    ran.exits(65);
    let requests = api::requests(&sandbox);
    assert!((100..=164).contains(&requests), "{requests}");
    assert!(ran.stderr.contains("stopped: at least 95 of the first 100 answers were refusals"), "{}", ran.stderr);
    let rejected = ran.lines().iter().filter(|line| line["outcome"] == "rejected").count();
    assert!(rejected >= 95, "{rejected}");
    // One after the other, the hundredth answer is the last; and with one refusal less it goes on to the end.
    for (at, requests) in [(10, 100), (5, 300)] {
        first[at] = "ok";
        let sandbox = api::answering(&first);
        let ran = Cli::new().against(&sandbox).run_with_input(BATCH.iter().chain(&["--jobs", "1"]), records(300));
        ran.exits(65);
        assert_eq!(api::requests(&sandbox), requests);
    }
}

#[test]
fn an_answer_that_is_not_the_apis_stops_the_run_after_one_request() {
    for (answer, status) in [
        ("302,location=https://elsewhere.example/", 78),
        ("307", 78),
        ("portal", 78),
        ("404", 78),
        ("401", 77),
        ("402", 77),
        ("403", 77),
    ] {
        let sandbox = api::always(answer);
        let cli = Cli::new().against(&sandbox);
        let ran = cli.run_with_input(BATCH, records(500));
        assert_eq!(ran.status, Some(status), "{answer}: {}", ran.stderr);
        assert_eq!(api::requests(&sandbox), 1, "{answer}");
        let lines = ran.lines();
        assert!(lines.iter().all(|line| line["outcome"] == "retry"), "{answer}");
        let mut numbers: Vec<_> = lines.iter().map(|line| line["line"].as_u64().unwrap()).collect();
        numbers.sort_unstable();
        assert!(numbers.iter().copied().eq(1..=lines.len() as u64), "{answer}: one line each");
        assert_eq!(ran.stderr.matches("error:").count(), 1, "{answer}: printed once: {}", ran.stderr);
        // Nothing of it is lost.
        sandbox.mend();
        let again = cli.run_with_input(BATCH, records(500));
        assert_eq!(again.exits(0).lines().len(), 500, "{answer}");
        assert_eq!(api::requests(&sandbox), 500, "{answer}");
    }
}

#[test]
fn a_certificate_that_is_not_trusted_stops_the_run_before_anything_is_sent() {
    for kind in [CertificateKind::SelfSigned, CertificateKind::Expired, CertificateKind::WrongName] {
        let sandbox = api::tls(kind);
        let ran = Cli::new().against(&sandbox).run_with_input(BATCH, records(50));
        ran.exits(78);
        assert_eq!((api::requests(&sandbox), sandbox.counts().connections), (0, 1), "{kind}");
        assert!(ran.lines().iter().all(|line| line["error"]["code"] == "tls_untrusted"), "{kind}");
    }
}

#[test]
fn what_was_postponed_goes_out_beside_a_log_that_flows_and_counts_once() {
    let sandbox =
        api::with(SandboxOptions { script: Script::first(vec![api::answer("503"); 40]), ..api::options() });
    let mut run = Cli::new().against(&sandbox).start_with_pipe([
        "batch",
        "--channel",
        "sms",
        "--delivered",
        "true",
        "--retry",
        "0",
    ]);
    for n in 0..40 {
        run.write(format!("{{\"id\":\"P{n}\"}}\n"));
    }
    wait_until("the outage is over", || api::requests(&sandbox) == 40);
    let (mut glances, mut flowed) = (0, 0);
    // A line every 20 ms, which is no rest, and not more than fits into the pipe that nothing reads meanwhile.
    wait_until("all that was postponed went out", || {
        glances += 1;
        if glances % 10 == 0 && flowed < 500 {
            run.write(format!("{{\"id\":\"F{flowed}\"}}\n"));
            flowed += 1;
        }
        let asked = api::ids(&sandbox);
        (0..40).all(|n| asked.iter().filter(|id| **id == format!("P{n}")).count() == 2)
    });
    run.close_stdin();
    let (status, stdout, stderr) = run.finish();
    assert_eq!(status, Some(0), "{stderr}");
    assert_eq!(stdout.lines().count(), 40 + flowed, "one line for each record");
    assert!(stderr.contains(&format!("{} accepted, 0 rejected, 0 retry", 40 + flowed)), "{stderr}");
    assert!(stderr.contains("; 40 of these were `retry` at first") && !stderr.contains("left by"), "{stderr}");
}
