//! `report --prometheus`: which lines a known ledger gives, what Prometheus' own checker says of them, and what becomes of the file
//! when it cannot be written.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::process::Stdio;

use nexmo_conversion::clock;
use nexmo_conversion::sandbox::Sandbox;
use serde_json::json;

use crate::api;
use crate::cli::{Cli, Ran, mode};
use crate::needs::{Needed, is_here, skip};
use crate::strangers::can_be_others;

/// One refused, one pending, four accepted, of which one is an hour late, and a line that is none. The moment is a mark that has
/// passed, so that all but the late one are in the newest window for at least ten minutes from now.
fn known(sandbox: &Sandbox) -> (Cli<'_>, i64) {
    let cli = Cli::new().against(sandbox);
    let mark = clock::now().unix() / 300 * 300;
    let mut input = String::new();
    for (id, channel, delivered, age) in [
        ("REFUSED", "sms", true, 60),
        ("PENDING", "sms", true, 60),
        ("A", "sms", true, 60),
        ("B", "sms", false, 60),
        ("C", "voice", true, 60),
        ("LATE", "voice", true, 3_600),
    ] {
        let line = json!({"id": id, "channel": channel, "delivered": delivered, "timestamp": mark - age});
        input += &(line.to_string() + "\n");
    }
    input += "not json\n";
    cli.run_with_input(["batch", "--jobs", "1", "--retry", "0"], input).exits(75);
    (cli, mark)
}

fn troubled() -> Sandbox {
    api::answering(&["420", "503"])
}

/// Names, labels and values, without the prefix and the account, which every sample has.
fn samples(text: &str) -> Vec<(String, i64)> {
    let mut accounts: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, rest) = line.strip_prefix("nexmo_conversion_").unwrap().split_once("{account=\"").unwrap();
        let (account, rest) = rest.split_once('"').unwrap();
        let (labels, value) = rest.split_once("} ").unwrap();
        accounts.push(account);
        #[expect(clippy::cast_possible_truncation, reason = "small numbers and moments")]
        let thousandths = (value.parse::<f64>().unwrap() * 1000.0).round() as i64;
        found.push((format!("{name} {}", labels.trim_start_matches(',')).trim_end().to_owned(), thousandths));
    }
    accounts.dedup();
    assert_eq!(accounts.len(), 1, "{accounts:?}");
    found
}

#[test]
fn a_known_ledger_gives_exactly_these_metrics() {
    let sandbox = troubled();
    let (cli, mark) = known(&sandbox);
    let before = clock::now().unix();
    let text = cli.run(["report", "--since", "2h", "--prometheus", "-"]).exits(0).stdout.clone();
    let after = clock::now().unix();
    let (times, counts): (Vec<_>, Vec<_>) =
        samples(&text).into_iter().partition(|(name, _)| name.split(' ').next().unwrap().ends_with("_seconds"));
    let counts: Vec<_> = counts.iter().map(|(name, thousandths)| (name.as_str(), thousandths / 1000)).collect();
    assert_eq!(
        counts.iter().filter(|(name, _)| !name.contains("_ratio")).copied().collect::<Vec<_>>(),
        [
            (r#"settled outcome="accepted""#, 4),
            (r#"settled outcome="refused""#, 1),
            (r#"settled outcome="expired""#, 0),
            (r#"settled outcome="stale""#, 0),
            (r#"settled outcome="unreadable""#, 1),
            (r#"requests rows="settled""#, 5),
            (r#"requests rows="pending""#, 1),
            (r#"retries rows="settled""#, 0),
            (r#"retries rows="pending""#, 0),
            (r#"ambiguous_resends rows="settled""#, 0),
            (r#"ambiguous_resends rows="pending""#, 0),
            ("pending", 1),
            (r#"window_conversions channel="sms""#, 2),
            (r#"window_conversions channel="voice""#, 1),
            (r#"window_converted channel="sms""#, 1),
            (r#"window_converted channel="voice""#, 1),
            (r#"last_run_exit_code command="batch""#, 75),
        ]
    );
    let ratios: Vec<&str> = text.lines().filter(|line| line.contains("_ratio{")).collect();
    let ends: Vec<_> = ratios.iter().map(|line| line.split(',').nth(1).unwrap()).collect();
    assert_eq!(
        ends,
        [r#"channel="sms"} 0.5"#, r#"channel="voice"} 1"#, r#"channel="sms"} 1"#, r#"channel="voice"} 0.5"#]
    );

    // The batch took place between the mark and now.
    let since_mark = after - mark;
    let expected = [
        ("report_timestamp_seconds", before..=after),
        ("report_span_seconds", 7_200..=7_200),
        ("pending_oldest_timestamp_seconds", mark..=after),
        ("window_end_timestamp_seconds", mark..=after),
        (r#"lateness_p50_seconds channel="sms""#, 60..=60 + since_mark),
        (r#"lateness_p50_seconds channel="voice""#, 60..=60 + since_mark),
        (r#"lateness_p95_seconds channel="sms""#, 60..=60 + since_mark),
        (r#"lateness_p95_seconds channel="voice""#, 3_600..=3_600 + since_mark),
        (r#"lateness_max_seconds channel="sms""#, 60..=60 + since_mark),
        (r#"lateness_max_seconds channel="voice""#, 3_600..=3_600 + since_mark),
        (r#"last_run_end_timestamp_seconds command="batch""#, mark..=after),
    ];
    assert_eq!(times.len(), expected.len(), "{times:?}");
    for ((name, thousandths), (expected, range)) in times.iter().zip(expected) {
        assert!(
            name == expected && range.contains(&(thousandths / 1000)),
            "{name} {thousandths}: {expected} {range:?}"
        );
    }
}

#[test]
fn each_command_tells_how_its_last_run_ended_by_signals_and_failures_too() {
    let sandbox = api::answering(&["ok", "420"]);
    let cli = Cli::new().against(&sandbox);
    let codes = || {
        let text = cli.run(["report", "--prometheus", "-"]).exits(0).stdout.clone();
        let ends = samples(&text).into_iter().filter(|(name, _)| name.starts_with("last_run_exit_code"));
        ends.map(|(name, thousandths)| format!("{} {}", name, thousandths / 1000)).collect::<Vec<_>>()
    };
    cli.run(["sms", "A", "--delivered"]).exits(0);
    cli.run(["voice", "B", "--delivered"]).exits(65);
    assert_eq!(codes(), [r#"last_run_exit_code command="sms" 0"#, r#"last_run_exit_code command="voice" 65"#]);
    cli.run(["voice", "C", "--delivered"]).exits(0);
    cli.run(["sms", "D", "--delivered", "--base-url", sandbox.base_url()]).exits(0);
    let mut run = cli.start_with_pipe(["batch", "--channel", "sms"]);
    run.write("{\"id\":\"E\",\"delivered\":true}\n");
    assert!(run.next_line().contains("accepted"));
    run.signal(rustix::process::Signal::TERM);
    assert_eq!(run.finish().0, Some(143));
    cli.run(["ledger", "resume"]).exits(0);
    let expected = [("batch", 143), ("ledger resume", 0), ("sms", 0), ("voice", 0)];
    assert_eq!(
        codes(),
        expected.map(|(command, code)| format!("last_run_exit_code command=\"{command}\" {code}"))
    );
    // A run that fails before it has a ledger is a cron monitor's matter.
    cli.run(["track", "none.log"]).exits(66);
    assert_eq!(codes().len(), 4);
}

#[test]
fn a_ledger_without_anything_gives_no_samples_that_do_not_exist() {
    let cli = Cli::new().with("VONAGE_API_KEY", api::KEY).with("VONAGE_API_SECRET", api::SECRET);
    let text = cli.run(["report", "--prometheus", "-"]).exits(0).stdout.clone();
    let names: Vec<_> = samples(&text).into_iter().map(|(name, _)| name).collect();
    for absent in ["pending_oldest", "_ratio", "lateness"] {
        assert!(!names.iter().any(|name| name.contains(absent)), "{names:?}");
    }
    assert!(names.contains(&"pending".to_owned()));
    assert!(!cli.path(".local").exists(), "nothing is made");
}

/// What Prometheus' own checker says of a text.
fn check_metrics(cli: &Cli, text: &str) -> (bool, String) {
    let mut command = cli.command("promtool", &["check".into(), "metrics".into()]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn promtool_accepts_the_metrics() {
    if !is_here(Needed::Promtool, "the metrics of `report --prometheus`") {
        return;
    }
    let sandbox = troubled();
    let (cli, _) = known(&sandbox);
    let of = |cli: &Cli| cli.run(["report", "--all-accounts", "--prometheus", "-"]).exits(0).stdout.clone();
    let full = of(&cli);
    for text in [&full, &of(&Cli::new())] {
        assert_eq!(check_metrics(&cli, text), (true, String::new()), "{text}");
    }
    // The controls: a name against the conventions, and a text that is none.
    assert!(!check_metrics(&cli, &full.replace("_conversion_pending", "_conversion_pending_total")).0);
    assert!(!check_metrics(&cli, "a{b} c\n").0);
}

#[test]
fn the_file_is_written_whole_readable_by_the_collector_and_quietly() {
    let sandbox = troubled();
    let (cli, _) = known(&sandbox);
    let file = cli.file("here/metrics.prom", "old", 0o600);
    let shell = cli.shell("umask 077; nexmo-conversion report --prometheus metrics.prom");
    assert_eq!((shell.exits(0).said().as_str(), mode(&file)), ("", 0o644), "cron would send a mail");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("# HELP nexmo_conversion_") && text.ends_with('\n'), "{text}");
    assert_eq!(fs::read_dir(cli.path("here")).unwrap().count(), 1, "no draft is left");
    let verbose = cli.run(["report", "-v", "--prometheus", "metrics.prom"]);
    assert!(verbose.exits(0).stderr.contains("written: metrics.prom"), "{}", verbose.shown());
    for other in [&["--csv"][..], &["--json"], &["--html", "-"]] {
        cli.run(["report", "--prometheus", "-"].iter().chain(other)).exits(2);
    }
    let printed = cli.shell("nexmo-conversion report --prometheus - > /dev/full");
    printed.exits(74);
}

/// Fails, says which file, and leaves it as it was.
#[track_caller]
fn assert_untouched(cli: &Cli, ran: &Ran, said: &str) {
    assert!(ran.exits(74).stderr.contains(said) && ran.stdout.is_empty(), "{}", ran.shown());
    assert_eq!(fs::read_to_string(cli.path("here/folder/metrics.prom")).unwrap(), "old");
    assert_eq!(fs::read_dir(cli.path("here/folder")).unwrap().count(), 1, "no draft is left");
}

#[test]
fn a_file_that_cannot_be_written_stays_as_it_was() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    cli.run(["sms", "A", "--delivered"]).exits(0);
    cli.file("here/folder/metrics.prom", "old", 0o644);
    symlink("folder/metrics.prom", cli.path("here/link.prom")).unwrap();
    for place in ["link.prom", "folder", "/dev/null"] {
        let ran = cli.run(["report", "--prometheus", place]);
        assert_untouched(&cli, &ran, &format!("{place} is not a regular file"));
        assert!(ran.stderr.contains("`--prometheus -`"), "{}", ran.shown());
    }
    assert_untouched(
        &cli,
        &cli.run(["report", "--prometheus", "none/metrics.prom"]),
        "cannot write none/metrics.prom: ",
    );
    if can_be_others("a folder that is another user's") {
        // A folder that another user owns.
        let cli = cli.owned_by(61_001);
        let folder = cli.path("here/folder");
        std::os::unix::fs::chown(&folder, Some(0), Some(0)).unwrap();
        let ran = cli.run(["report", "--prometheus", "folder/metrics.prom"]);
        assert_untouched(&cli, &ran, "cannot write folder/metrics.prom: Permission denied");
    }
}

/// Runs the program with a system call tampered with; nothing where nobody may trace.
fn tampered(cli: &Cli, inject: &str) -> Option<Ran> {
    let what = "a report's file while writing fails";
    if !is_here(Needed::Strace, what) {
        return None;
    }
    if cli.shell("strace -f -o /dev/null true").status != Some(0) {
        skip(what, "nobody may trace here");
        return None;
    }
    let line = format!(
        "strace -f -o ../trace -e trace=fsync -e inject=fsync:{inject} \
         nexmo-conversion report --prometheus folder/metrics.prom"
    );
    let ran = cli.shell(&line);
    let trace = fs::read_to_string(cli.path("trace")).unwrap();
    assert!(trace.contains("INJECTED") || trace.contains("SIGKILL"), "the fault has not fired: {trace}");
    Some(ran)
}

#[test]
fn a_write_that_fails_or_is_killed_leaves_no_half_file() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    cli.run(["sms", "A", "--delivered"]).exits(0);
    cli.file("here/folder/metrics.prom", "old", 0o644);
    let Some(full) = tampered(&cli, "error=ENOSPC:when=1") else { return };
    assert_untouched(&cli, &full, "cannot write folder/metrics.prom: No space left on device");
    let killed = tampered(&cli, "signal=KILL:when=1").unwrap();
    assert_ne!(killed.status, Some(0), "{}", killed.shown());
    assert_eq!(fs::read_to_string(cli.path("here/folder/metrics.prom")).unwrap(), "old");
    let drafts: Vec<_> = fs::read_dir(cli.path("here/folder"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with("metrics.prom"))
        .collect();
    assert_eq!(drafts.len(), 1, "a killed run leaves its draft: {drafts:?}");
    assert!(drafts.iter().all(|path| path.extension().is_none()), "the collector would read {drafts:?}");
    cli.run(["report", "--prometheus", "folder/metrics.prom"]).exits(0);
}
