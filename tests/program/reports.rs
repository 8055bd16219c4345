//! `report`: its figures beside what the sandbox's log says, whose they are, and every form that they come in.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;

use jsonschema::Validator;
use nexmo_conversion::clock;
use nexmo_conversion::domain::{ApiKey, Timestamp};
use nexmo_conversion::sandbox::{LoggedRequest, Sandbox, SandboxAccount, SandboxOptions, Script};
use nexmo_conversion::wire::BaseUrl;
use serde_json::{Value, json};

use crate::api;
use crate::cli::{Cli, Ran, mode};

const BATCH: [&str; 2] = ["batch", "--json"];
const OTHER_KEY: &str = "efgh5678";
const OTHER_SECRET: &str = "another secret";

/// Two hours of conversions on two channels, with late ones (false, and true after all), doubles, and lines that are no records.
pub(crate) fn two_hours(now: Timestamp) -> String {
    let mut input = String::new();
    let mut add = |id: String, channel: &str, delivered: bool, age: i64| {
        let timestamp = now.unix() - age;
        let line = json!({"id": id, "channel": channel, "delivered": delivered, "timestamp": timestamp});
        input += &(line.to_string() + "\n");
    };
    for n in 0..240_i64 {
        let channel = if n % 5 == 0 { "voice" } else { "sms" };
        let age = 7_200 - 30 * n + 5;
        add(format!("ID{n:04}"), channel, n % 3 > 0, age);
        if n % 3 == 0 && n % 2 == 0 {
            add(format!("ID{n:04}"), channel, true, age - 1 - (n * 37) % 1_200);
        }
        if n % 40 == 0 {
            // The same id on both channels: two conversions.
            add(format!("ID{n:04}"), "sms", false, age + 3);
        }
    }
    input.push_str("not json\n{\"id\":\"a b\",\"channel\":\"sms\",\"delivered\":true}\n");
    input
}

/// Answers that make retries, ambiguous re-sends and refusals.
fn troubled() -> Sandbox {
    let every = ["7:500", "11:reset", "13:420"].map(|text| text.parse().unwrap()).into();
    api::with(SandboxOptions { script: Script { every, ..Script::default() }, ..api::options() })
}

/// A conversion that the sandbox received, and its answer each time.
struct Received {
    channel: &'static str,
    id: String,
    delivered: bool,
    timestamp: i64,
    requests: Vec<LoggedRequest>,
}

fn received(sandbox: &Sandbox) -> Vec<Received> {
    let mut all: BTreeMap<(String, String, String, String), Vec<LoggedRequest>> = BTreeMap::new();
    for request in sandbox.requests() {
        let parameter = |name| request.parameter(name).unwrap().to_owned();
        let key = (request.path.clone(), parameter("message-id"), parameter("delivered"), parameter("timestamp"));
        all.entry(key).or_default().push(request);
    }
    all.into_iter()
        .map(|((path, id, delivered, timestamp), requests)| Received {
            channel: if path.ends_with("/sms") { "sms" } else { "voice" },
            id,
            delivered: delivered == "true",
            timestamp: Timestamp::parse(&timestamp).unwrap().unix(),
            requests,
        })
        .collect()
}

impl Received {
    fn ended_with(&self, status: u16) -> bool {
        self.requests.last().unwrap().status == Some(status)
    }

    /// How many requests came after one that was read and not answered.
    fn sent_in_doubt(&self) -> usize {
        let unanswered = self.requests.iter().position(|request| request.fault.as_deref() == Some("reset"));
        unanswered.map_or(0, |first| self.requests.len() - first - 1)
    }

    fn late(&self) -> i64 {
        let arrived = Timestamp::parse(&self.requests.last().unwrap().time).unwrap().unix();
        (arrived - self.timestamp).max(0)
    }
}

/// Conversions and converted ones of these: of each id of each channel, its newest value.
fn rate<'a>(received: impl Iterator<Item = &'a Received>) -> (u64, u64) {
    let mut newest: BTreeMap<(&str, &str), (i64, bool)> = BTreeMap::new();
    for one in received {
        let known = newest.entry((one.channel, &one.id)).or_insert((one.timestamp, one.delivered));
        assert!(
            known.0 != one.timestamp || known.1 == one.delivered,
            "the input leaves no doubt about what is newer"
        );
        *known = (*known).max((one.timestamp, one.delivered));
    }
    (newest.len() as u64, newest.values().filter(|(_, delivered)| *delivered).count() as u64)
}

fn percentile(late: &mut [i64], percent: usize) -> i64 {
    late.sort_unstable();
    late[(late.len() * percent).div_ceil(100) - 1]
}

/// Between the sandbox's reading of a request and the ledger's note of its answer lies a moment.
#[track_caller]
fn assert_close(reported: &Value, seen: i64, what: &str) {
    let reported = reported.as_i64().unwrap();
    assert!((seen..=seen + 3).contains(&reported), "{what}: {reported} reported, {seen} seen");
}

#[track_caller]
fn assert_rate(reported: &Value, (conversions, converted): (u64, u64), what: &str) {
    assert_eq!(
        (&reported["conversions"], &reported["converted"]),
        (&conversions.into(), &converted.into()),
        "{what}"
    );
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let share = converted as f64 / conversions as f64;
    match reported["rate"].as_f64() {
        None => assert_eq!(conversions, 0, "{what}"),
        Some(rate) => assert!((rate - share).abs() <= 0.000_05, "{what}: {rate} {share}"),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one reckoning, compared figure by figure")]
fn the_figures_are_what_the_sandbox_saw() {
    let sandbox = troubled();
    let cli = Cli::new().against(&sandbox);
    let input = two_hours(clock::now());
    cli.run_with_input(BATCH, input);
    // A run spends only so much on retries; what is left is sent by the next ones.
    let pending = || cli.run(["report", "--json"]).line()["pending"]["count"].as_u64().unwrap();
    for _ in 0..20 {
        if pending() > 0 {
            cli.run(["ledger", "resume"]);
        }
    }
    let report = cli.run(["report", "--json"]).exits(0).line();

    let received = received(&sandbox);
    let (accepted, refused): (Vec<_>, Vec<_>) = received.iter().partition(|one| one.ended_with(200));
    assert!(refused.iter().all(|one| one.ended_with(420)), "everything came to its end");
    let requests: usize = received.iter().map(|one| one.requests.len()).sum();
    let ambiguous: usize = received.iter().map(Received::sent_in_doubt).sum();
    assert!(
        api::fired(&sandbox, "reset") > 10 && api::fired(&sandbox, "500") > 10 && refused.len() > 10,
        "the faults have fired"
    );
    let outcomes = json!({"accepted": accepted.len(), "refused": refused.len(), "expired": 0, "stale": report["outcomes"]["stale"], "unreadable": 2});
    assert_eq!(report["outcomes"], outcomes);
    assert_eq!(
        report["reasons"][0],
        json!({"outcome": "refused", "code": "bad_parameters", "http_status": 420, "count": refused.len()})
    );
    assert_eq!(
        report["reasons"][1],
        json!({"outcome": "unreadable", "code": "bad_record", "http_status": null, "count": 2})
    );
    assert_eq!(report["reasons"].as_array().unwrap().len(), 2);
    assert_eq!(report["requests"], requests);
    assert_eq!(report["retries"], requests - received.len());
    assert!(ambiguous > 10);
    assert_eq!(report["ambiguous_resends"], ambiguous);
    assert_eq!(report["pending"]["count"], 0);

    let moment = |name: &str| Timestamp::parse(report[name].as_str().unwrap()).unwrap().unix();
    let marks: Vec<i64> = (moment("from") + 1..=moment("to")).filter(|moment| moment % 300 == 0).collect();
    assert_eq!(marks.len(), 288);
    let (mut with_data, mut of_several) = (0, 0);
    for (course, name) in report["channels"].as_array().unwrap().iter().zip(["all", "sms", "voice"]) {
        assert_eq!(course["channel"], name);
        let of_it = |one: &&&Received| name == "all" || one.channel == name;
        assert_rate(course, rate(accepted.iter().filter(of_it).copied()), name);
        let mut late: Vec<i64> = accepted.iter().filter(of_it).map(|one| one.late()).collect();
        assert_eq!(course["lateness"]["reports"], late.len());
        assert_close(&course["lateness"]["p50_s"], percentile(&mut late, 50), name);
        assert_close(&course["lateness"]["p95_s"], percentile(&mut late, 95), name);
        assert_close(&course["lateness"]["max_s"], percentile(&mut late, 100), name);
        let windows = course["windows"].as_array().unwrap();
        assert_eq!(windows.len(), marks.len());
        for (window, mark) in windows.iter().zip(&marks) {
            assert_eq!(window["end"], Timestamp::from_unix(*mark).unwrap().to_rfc3339());
            let in_it = |one: &&&Received| of_it(one) && mark - 900 < one.timestamp && one.timestamp <= *mark;
            let rate = rate(accepted.iter().filter(in_it).copied());
            assert_rate(window, rate, &format!("{name} {}", window["end"]));
            let reports = accepted.iter().filter(in_it).count() as u64;
            assert_eq!(window["lateness"]["reports"], reports);
            with_data += u64::from(rate.0 > 0);
            of_several += u64::from(reports > rate.0);
        }
    }
    assert!(
        with_data > 60 && of_several > 20,
        "{with_data} windows with data, {of_several} with late conversions"
    );
}

#[test]
fn a_report_counts_as_in_time_up_to_15_minutes() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    for (id, age) in [("A", "1m"), ("B", "14m"), ("C", "16m"), ("D", "3h")] {
        cli.run(["sms", id, "--delivered", "--timestamp", age]).exits(0);
    }
    let report = cli.run(["report", "--json"]).exits(0).line();
    assert_eq!(report["channels"][0]["lateness"]["in_15m"], 0.5);
    assert!(cli.run(["report"]).exits(0).stdout.contains("50.0%"));
}

#[test]
fn a_span_has_what_was_accepted_in_it() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    cli.run(["sms", "A", "B", "--delivered", "--timestamp", "3h"]).exits(0);
    let report = cli.run(["report", "--json", "--since", "1h"]).exits(0).line();
    assert_eq!(report["outcomes"]["accepted"], 2, "accepted just now");
    let windows = |report: &Value| {
        let windows = report["channels"][0]["windows"].as_array().unwrap().clone();
        windows.iter().filter(|window| window["conversions"] == 2).count()
    };
    assert_eq!(windows(&report), 0, "but their events are older than every window of the span");
    assert_eq!(windows(&cli.run(["report", "--json", "--since", "4h"]).line()), 3);
}

#[test]
fn where_nothing_is_recorded_there_is_nothing_to_report_and_nothing_is_made() {
    let cli = Cli::new();
    for (arguments, shown) in [
        (&["report"][..], "[home]/.local/state/nexmo-conversion/ledger.db\nnothing is recorded\n"),
        (&["report", "--json"], ""),
        (&["report", "--csv"], "account,window_end,channel,"),
        (&["report", "--html", "-"], "<!DOCTYPE html>"),
    ] {
        let ran = cli.run(arguments);
        let stdout = ran.exits(0).stdout.replace(cli.path("").to_str().unwrap().trim_end_matches('/'), "[home]");
        assert!(stdout.starts_with(shown) && ran.stderr.is_empty(), "{}", ran.shown());
    }
    let own = cli.with("VONAGE_API_KEY", api::KEY).with("VONAGE_API_SECRET", api::SECRET);
    let report = own.run(["report", "--json"]).exits(0).line();
    assert_eq!((&report["outcomes"]["accepted"], &report["channels"][0]["rate"]), (&json!(0), &Value::Null));
    assert!(!own.path(".local").exists());
}

fn fingerprint(key: &str, sandbox: &Sandbox) -> String {
    BaseUrl::parse(sandbox.base_url()).unwrap().account(&ApiKey::parse(key).unwrap()).to_string()
}

/// A sandbox that knows two accounts.
fn two_accounts() -> Sandbox {
    let other = SandboxAccount::new(OTHER_KEY, OTHER_SECRET).unwrap();
    api::with(SandboxOptions { accounts: vec![api::account(), other], ..api::options() })
}

/// A ledger into which both have reported: two conversions, and one.
fn reported_by_two(sandbox: &Sandbox) -> Cli<'_> {
    let cli = Cli::new().against(sandbox);
    cli.run(["sms", "A", "B", "--delivered"]).exits(0);
    let cli = cli.with("VONAGE_API_KEY", OTHER_KEY).with("VONAGE_API_SECRET", OTHER_SECRET);
    cli.run(["voice", "A", "--delivered=false"]).exits(0);
    cli
}

/// Account and accepted conversions of each report.
fn whose(ran: &Ran) -> BTreeSet<(String, u64)> {
    let lines = ran.exits(0).lines();
    let of = |line: &Value| {
        (line["account"].as_str().unwrap().to_owned(), line["outcomes"]["accepted"].as_u64().unwrap())
    };
    lines.iter().map(of).collect()
}

#[test]
fn the_account_is_the_one_whose_credentials_hold_unless_another_is_asked_for() {
    let sandbox = two_accounts();
    let cli = reported_by_two(&sandbox);
    let (first, other) = ((fingerprint(api::KEY, &sandbox), 2), (fingerprint(OTHER_KEY, &sandbox), 1));
    let both = BTreeSet::from([first.clone(), other.clone()]);
    assert_eq!(whose(&cli.run(["report", "--json"])), BTreeSet::from([other.clone()]));
    assert_eq!(whose(&cli.run(["report", "--json", "--all-accounts"])), both);
    assert_eq!(whose(&cli.run(["report", "--json", "--account", &first.0])), BTreeSet::from([first.clone()]));
    let text = cli.run(["report", "--all-accounts"]);
    assert!(
        both.iter().all(|(account, _)| text.stdout.contains(&format!("account {account}\n"))),
        "{}",
        text.shown()
    );

    let unknown = cli.run(["report", "--account", "0123456789abcdef"]);
    unknown.exits(2);
    assert!(unknown.stderr.contains("hint: it has ") && unknown.stderr.contains(&first.0), "{}", unknown.stderr);
    cli.run(["report", "--account", &first.0, "--all-accounts"]).exits(2);
    cli.run(["report", "--account", &first.0, "--profile", "x"]).exits(2);

    // Without credentials: everybody's. With a profile: its own, and the secret is not even looked for.
    let no_key = cli.with("VONAGE_API_KEY", "").with("VONAGE_API_SECRET", "");
    assert_eq!(whose(&no_key.run(["report", "--json"])), both);
    let profiles = no_key.configured(
        "[profiles.a]\napi_key = \"abcd1234\"\napi_secret_command = [\"false\"]\n\
         [profiles.b]\napi_key = \"nobody99\"\napi_secret_file = \"/nowhere\"\n",
    );
    let named = profiles.run(["report", "--json", "--profile", "a"]);
    assert_eq!((whose(&named), &named.line()["profile"]), (BTreeSet::from([first]), &json!("a")));
    let nothing = profiles.run(["report", "-p", "b"]);
    assert!(nothing.exits(0).stdout.ends_with("nothing is recorded\n"), "{}", nothing.shown());
    assert!(nothing.stderr.contains("--all-accounts"), "{}", nothing.shown());
    assert_eq!(profiles.run(["report", "-q", "-p", "b"]).stderr, "");
    profiles.run(["report", "-p", "c"]).exits(78);
}

#[test]
fn a_report_is_ascii_unless_the_locale_is_utf_8() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    cli.run_with_input(BATCH, two_hours(clock::now())).exits(65);
    let report = |variables: &[(&str, &str)]| {
        let words: Vec<_> = variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
        cli.shell(&format!("env {} nexmo-conversion report --since 2h", words.join(" ")))
    };
    for variables in [
        &[("LANG", "en_GB.UTF-8")][..],
        &[("LC_ALL", "C.utf8"), ("LANG", "C")],
        &[("LC_CTYPE", "C.UTF-8"), ("TERM", "xterm")],
    ] {
        let ran = report(variables);
        assert!(ran.exits(0).stdout.contains(|c| ('\u{2801}'..='\u{28ff}').contains(&c)), "{}", ran.shown());
        assert!(ran.stdout.lines().all(|line| line.chars().count() <= 80), "{}", ran.shown());
    }
    for variables in [
        &[][..],
        &[("LANG", "C")],
        &[("LC_ALL", "POSIX"), ("LANG", "en_GB.UTF-8")],
        &[("LANG", "en_GB.UTF-8"), ("TERM", "dumb")],
    ] {
        let ran = report(variables);
        assert!(ran.exits(0).stdout.is_ascii() && ran.stdout.contains("100% +"), "{}", ran.shown());
        assert!(ran.stdout.lines().all(|line| line.len() <= 80), "{}", ran.shown());
    }
}

#[test]
fn a_page_is_written_whole_and_never_through_a_link_or_into_a_device() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    cli.run(["sms", "A", "--delivered"]).exits(0);
    let written = cli.run(["report", "--html", "report.html"]);
    assert!(
        written.exits(0).stdout.is_empty() && written.stderr == "written: report.html\n",
        "{}",
        written.shown()
    );
    let file = cli.path("here/report.html");
    assert_eq!(mode(&file), 0o600);
    assert!(fs::read_to_string(&file).unwrap().ends_with("</html>"));
    assert_eq!(cli.run(["report", "-q", "--html", "report.html"]).exits(0).said(), "");
    assert_eq!(fs::read_dir(cli.path("here")).unwrap().count(), 1, "no draft is left");

    let target = cli.file("target", "mine", 0o644);
    symlink(&target, cli.path("here/link.html")).unwrap();
    for place in ["link.html", "/dev/null", "/dev/full", "."] {
        let ran = cli.run(["report", "--html", place]);
        assert!(ran.exits(74).stderr.contains("is not a regular file"), "{}", ran.shown());
    }
    assert_eq!(fs::read_to_string(&target).unwrap(), "mine");
    let nowhere = cli.run(["report", "--html", "no/such/folder.html"]);
    assert!(nowhere.exits(74).stderr.contains("cannot write no/such/folder.html: "), "{}", nowhere.shown());
    for other in ["--csv", "--json"] {
        cli.run(["report", "--html", "-", other]).exits(2);
    }
    cli.run(["report", "--csv", "--json"]).exits(2);
}

#[test]
fn spans_are_checked() {
    let cli = Cli::new();
    for since in ["24", "0s", "367d", "yesterday"] {
        cli.run(["report", "--since", since]).exits(2);
    }
    for since in ["1s", "90m", "366d"] {
        cli.run(["report", "--since", since]).exits(0);
    }
}

fn validator() -> Validator {
    let schema: Value = serde_json::from_str(include_str!("../../docs/report.schema.json")).unwrap();
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

#[test]
fn the_schema_describes_reports_and_refuses_what_is_none() {
    let validator = validator();
    let sandbox = api::answering(&["420", "503"]);
    let cli = Cli::new().against(&sandbox);
    let before = cli.run(["report", "--json"]).exits(0).line();
    cli.run_with_input(BATCH.iter().chain(&["--jobs", "1", "--retry", "0"]), two_hours(clock::now())).exits(75);
    let report = cli.run(["report", "--json", "--since", "1h"]).exits(0).line();
    for line in [&before, &report] {
        let faults: Vec<_> =
            validator.iter_errors(line).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
        assert!(faults.is_empty(), "{faults:#?}");
    }
    assert_eq!((&report["outcomes"]["refused"], &report["pending"]["count"]), (&json!(1), &json!(1)));
    for (name, value) in [
        ("v", json!(2)),
        ("account", json!(api::KEY)),
        ("from", json!("2026-11-22 01:25:26")),
        ("channels", json!([])),
        ("requests", json!(-1)),
        ("reasons", json!([{"outcome": "refused"}])),
        ("pending", json!({"count": 1})),
    ] {
        let mut changed = report.clone();
        changed[name] = value;
        assert!(!validator.is_valid(&changed), "{name}");
    }
    for (pointer, value) in [
        ("/channels/0/rate", json!(1.1)),
        ("/channels/1/channel", json!("voice")),
        ("/channels/0/windows/0/lateness/p50_s", json!("2s")),
    ] {
        let mut changed = report.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        assert!(!validator.is_valid(&changed), "{pointer}");
    }
    for name in report.as_object().unwrap().keys() {
        let mut changed = report.clone();
        changed.as_object_mut().unwrap().remove(name);
        assert!(!validator.is_valid(&changed), "without {name}");
    }
}

#[test]
fn csv_has_the_windows_of_the_json() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    cli.run_with_input(BATCH, two_hours(clock::now())).exits(65);
    // The two runs look at most a second apart: what both have is the same.
    let csv = cli.run(["report", "--csv"]).exits(0).stdout.clone();
    let report = cli.run(["report", "--json"]).exits(0).line();
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let rows: Vec<BTreeMap<&str, &str>> =
        lines.map(|line| header.iter().copied().zip(line.split(',')).collect()).collect();
    assert_eq!(rows.len(), 288 * 3);
    let mut compared = 0;
    for course in report["channels"].as_array().unwrap() {
        for window in course["windows"].as_array().unwrap() {
            let Some(row) = rows.iter().find(|row| {
                row["window_end"] == window["end"].as_str().unwrap()
                    && row["channel"] == course["channel"].as_str().unwrap()
            }) else {
                continue;
            };
            for (column, value) in [
                ("conversions", &window["conversions"]),
                ("converted", &window["converted"]),
                ("rate", &window["rate"]),
                ("reports", &window["lateness"]["reports"]),
                ("late_p50_s", &window["lateness"]["p50_s"]),
                ("late_p95_s", &window["lateness"]["p95_s"]),
                ("late_max_s", &window["lateness"]["max_s"]),
                ("in_15m", &window["lateness"]["in_15m"]),
            ] {
                let same = match (row[column].parse::<f64>(), value.as_f64()) {
                    (Ok(one), Some(other)) => (one - other).abs() < 1e-9,
                    (Err(_), None) => row[column].is_empty(),
                    (Ok(_), None) | (Err(_), Some(_)) => false,
                };
                assert!(same, "{column} {row:?} {window}");
            }
            compared += 1;
        }
    }
    assert!(compared >= 287 * 3, "{compared}");
}

#[test]
fn a_report_begins_at_its_since() {
    let cli = Cli::new();
    for since in ["24h", "7d", "2026-11-20", "2026-11-20 08:00:00", "2026-11-20T08:00:00+02:00"] {
        cli.run(["report", "--since", since]).exits(0);
    }
    for since in ["", "yesterday", "2999-01-01", "1999-01-01", "2026-11-31", "0s", "400d"] {
        let ran = cli.run(["report", "--since", since]);
        assert!(ran.exits(2).stderr.contains("--since"), "{}", ran.shown());
    }
}
