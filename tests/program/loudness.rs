//! How much is said: `-v` tells where everything comes from and what passes between the program and the server; `-q` says nothing
//! but failures, whatever there is to remark.

use crate::api;
use crate::cli::{Cli, Ran};
use crate::examples::EXAMPLES;

/// The lines of standard error that begin with one of these labels.
fn labelled<'a>(stderr: &'a str, labels: &[&str]) -> Vec<&'a str> {
    let has_label = |line: &&str| line.split_once(": ").is_some_and(|(label, _)| labels.contains(&label));
    stderr.lines().filter(has_label).collect()
}

const ORIGINS: [&str; 7] = ["api_key", "auth", "api_secret", "base_url", "proxy", "ca", "ledger"];

#[test]
fn verbose_runs_say_where_everything_comes_from() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let (url, ledger) = (sandbox.base_url(), cli.path("here/l.db").display().to_string());
    let ran = cli.clone().with("NEXMO_CONVERSION_LEDGER", &ledger).run(["sms", "A", "--delivered", "-v"]);
    ran.exits(0);
    let [key, auth, secret, base_url, proxy, ca, at] = labelled(&ran.stderr, &ORIGINS)[..] else {
        panic!("{}", ran.shown())
    };
    assert_eq!(key, format!("api_key: {}, from VONAGE_API_KEY", api::KEY));
    assert_eq!((auth, secret), ("auth: form, by default", "api_secret: ********, from VONAGE_API_SECRET"));
    assert_eq!(base_url, format!("base_url: {url}, from NEXMO_CONVERSION_BASE_URL"));
    assert_eq!(proxy, "proxy: none");
    assert!(ca.ends_with(", by default"), "{ca}");
    assert_eq!(at, format!("ledger: {ledger}, from NEXMO_CONVERSION_LEDGER"));

    let configured =
        "[profiles.p]\napi_key = \"abcd1234\"\napi_secret = \"x\"\nproxy = \"http://proxy.example:3128\"\n";
    let ca = cli.file("ca.pem", include_bytes!("testdata/other-authority.pem"), 0o644);
    let arguments = ["batch", "-v", "--dry-run", "--base-url", "https://api.example", "--cacert"];
    let ran = Cli::new().configured(configured).run(arguments.iter().map(AsRef::as_ref).chain([ca.as_os_str()]));
    let said = labelled(&ran.exits(0).stderr, &ORIGINS).join("\n");
    for wanted in [
        "api_key: abcd1234, from profile \"p\" (",
        "api_secret: ********, from profile \"p\" (",
        "base_url: https://api.example, from --base-url",
        "proxy: proxy.example:3128, from profile \"p\" (",
        "ca.pem only, from --cacert",
    ] {
        assert!(said.contains(wanted), "{wanted}: {}", ran.shown());
    }
    let ran = cli.run(["sms", "B", "--delivered", "-v", "--no-ledger", "--proxy", "none"]);
    let said = labelled(&ran.exits(0).stderr, &ORIGINS).join("\n");
    assert!(
        said.ends_with("ledger: none, from --no-ledger") && said.contains("proxy: none, from --proxy"),
        "{said}"
    );
    for command in [&["ledger", "status"][..], &["ledger", "show", "A"], &["ledger", "refused"], &["report"]] {
        let ran = cli.run(command.iter().chain(&["-v", "--ledger", &ledger]));
        ran.exits(0);
        assert_eq!(
            labelled(&ran.stderr, &ORIGINS),
            [format!("ledger: {ledger}, from --ledger")],
            "{}",
            ran.shown()
        );
    }
    let ran = cli.run(["sms", "A", "--delivered", "-v", "--sandbox"]);
    let said = labelled(&ran.exits(0).stderr, &["credentials", "ca", "ledger"]).len();
    assert_eq!(said, 3, "{}", ran.shown());
}

#[test]
fn verbose_runs_tell_each_request_and_each_answer() {
    let sandbox = api::answering(&["503"]);
    let cli = Cli::new().against(&sandbox);
    let time = ["--timestamp", "2026-11-20 01:25:26"];
    for json in [&[][..], &["--json"]] {
        let (id, attempts) = if json.is_empty() { ("A", 2) } else { ("B", 1) };
        let ran = cli.run(["sms", id, "--delivered", "-v"].iter().chain(&time).chain(json));
        ran.exits(0);
        assert_eq!(ran.stdout.lines().count(), 1, "results stay alone: {}", ran.shown());
        let said = labelled(&ran.stderr, &["request", "answer", "retrying"]);
        let request = format!(
            "request: POST {}/conversions/sms api_key={}&api_secret=********&message-id={id}&delivered=true&\
             timestamp=2026-11-20+01%3A25%3A26",
            sandbox.base_url(),
            api::KEY
        );
        assert_eq!(said.iter().filter(|line| **line == request).count(), attempts, "{}", ran.shown());
        assert_eq!((said.len(), said[0]), (3 * attempts - 1, &*request), "{}", ran.shown());
        let answered = |line: &str, status: &str| line.starts_with(&format!("answer: {id}: {status} in "));
        if attempts > 1 {
            assert!(
                answered(said[1], "503 Service Unavailable") && said[2].starts_with("retrying: A"),
                "{said:?}"
            );
        }
        assert!(answered(said[said.len() - 1], "200 OK") && said[1].contains("ms, no TLS, a new connection"));
    }
    let ran = cli.run(["check", "-v"]);
    let said = labelled(&ran.exits(0).stderr, &["request", "answer"]);
    assert_eq!(said.len(), 4, "{}", ran.shown());
    assert!(said[2].ends_with("/account/get-balance (Authorization: Basic ********)"), "{said:?}");
    assert!(said[3].ends_with(", the same connection"), "{said:?}");
    let ran = Cli::new().against(&sandbox).with("NEXMO_CONVERSION_BASE_URL", "http://127.0.0.1:9").run([
        "sms",
        "A",
        "--delivered",
        "-v",
        "--retry",
        "0",
    ]);
    let said = labelled(&ran.exits(75).stderr, &["answer"]).join("\n");
    assert!(said.starts_with("answer: A: none in ") && said.ends_with("connection refused"), "{}", ran.shown());
}

/// What a command says with `-q`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quietly {
    /// Nothing at all: all went well.
    Nothing,
    /// What was asked for, and nothing beside it.
    TheAnswer,
    /// Only what failed, with this exit code.
    Failures(i32),
}

const QUIETLY: &[(&str, Quietly)] = &[
    ("config path", Quietly::TheAnswer),
    ("config init", Quietly::Nothing),
    ("config show", Quietly::TheAnswer),
    ("config profiles", Quietly::TheAnswer),
    ("check", Quietly::Nothing),
    ("sms", Quietly::Nothing),
    ("voice", Quietly::Nothing),
    ("batch", Quietly::Failures(65)),
    ("track", Quietly::Nothing),
    ("ledger status", Quietly::TheAnswer),
    ("ledger show", Quietly::TheAnswer),
    ("ledger refused", Quietly::TheAnswer),
    ("ledger resume", Quietly::Nothing),
    ("report", Quietly::TheAnswer),
    ("ledger forget", Quietly::Nothing),
    ("ledger migrate", Quietly::Nothing),
    ("sandbox", Quietly::TheAnswer),
    ("completions", Quietly::TheAnswer),
    ("man", Quietly::TheAnswer),
];

#[track_caller]
fn assert_quiet(ran: &Ran, quietly: Quietly) {
    let is_failure = |line: &str| ["rejected ", "retry ", "invalid "].iter().any(|word| line.starts_with(word));
    let is_explained = |line: &str| ["error: ", "hint: ", "pending: "].iter().any(|label| line.starts_with(label));
    match quietly {
        Quietly::Nothing => assert_eq!(ran.exits(0).said(), "", "{}", ran.shown()),
        Quietly::TheAnswer => {
            assert!(!ran.exits(0).stdout.is_empty() && ran.stderr.is_empty(), "{}", ran.shown());
        }
        Quietly::Failures(exit) => {
            ran.exits(exit);
            assert!(ran.stdout.lines().all(is_failure), "{}", ran.shown());
            assert!(!ran.stderr.is_empty() && ran.stderr.lines().all(is_explained), "{}", ran.shown());
        }
    }
}

#[test]
fn every_command_says_nothing_but_failures_when_it_is_to_be_quiet() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    assert_eq!(
        EXAMPLES.iter().map(|example| example.name).collect::<Vec<_>>(),
        QUIETLY.iter().map(|(name, _)| *name).collect::<Vec<_>>()
    );
    for (example, (_, quietly)) in EXAMPLES.iter().zip(QUIETLY) {
        let mut arguments = example.arguments();
        arguments.push("-q".into());
        assert_quiet(&cli.run_with_input(arguments, example.input), *quietly);
    }
}

/// On which machine, a command, its options, what it reads, and what it says.
type Case<'a> = (&'a Cli<'a>, &'a [&'a str], &'a [&'a str], &'a str, Quietly);

#[test]
fn whatever_there_is_to_remark_a_quiet_command_does_not_say_it() {
    let sandbox = api::plain();
    let open = Cli::new().at(&sandbox);
    let vendor = format!("[credentials]\napi_key={}\napi_secret=\"{}\"\n", api::KEY, api::SECRET.replace('"', ""));
    open.file(".nexmorc", vendor, 0o644);
    let known = Cli::new().against(&sandbox);
    let elsewhere = known.clone().with("NEXMO_CONVERSION_BASE_URL", "http://127.0.0.1:1");
    let nobody = Cli::new();
    let sms = ["sms", "A", "--delivered"];
    let batch = ["batch", "--channel", "sms", "--delivered", "true"];
    let track = ["track", "--channel", "sms"];
    let records = "\u{feff}id,odd\nB,1\n\nC,2\nD,3";
    let sent = "{\"event\":\"sent\",\"id\":\"E\"}\n";
    let unrelated = "{\"event\":\"login\"}\n";
    let cases: &[Case<'_>] = &[
        // A file that others can read.
        (&open, &["config", "show"], &[], "", Quietly::TheAnswer),
        (&open, &sms, &[], "", Quietly::Nothing),
        // No credentials, which is no failure of what only shows.
        (&nobody, &["config", "show"], &[], "", Quietly::TheAnswer),
        // An old event, a doubtful id, a byte order mark, an unknown column, blank lines, too long a window, nothing to track.
        (&known, &sms, &["--timestamp", "2h"], "", Quietly::Nothing),
        (&known, &["sms", "none", "--delivered"], &[], "", Quietly::Nothing),
        (&known, &batch, &[], records, Quietly::Nothing),
        (&known, &batch, &["--dry-run"], records, Quietly::TheAnswer),
        (&known, &track, &["--window", "20m", "--at-end", "expire"], sent, Quietly::Nothing),
        (&known, &track, &[], unrelated, Quietly::Nothing),
        (&known, &track, &["--dry-run"], unrelated, Quietly::Nothing),
        // Somebody else's ledger, and a page.
        (&elsewhere, &["report"], &[], "", Quietly::TheAnswer),
        (&known, &["report"], &["--html", "page.html"], "", Quietly::Nothing),
        (&nobody, &["check"], &["--sandbox"], "", Quietly::Nothing),
        (&nobody, &sms, &["--sandbox"], "", Quietly::Nothing),
        // Failures are said, and what is left by them.
        (
            &known,
            &["sms", "F", "G", "--delivered"],
            &["--base-url", "http://127.0.0.1:9", "--retry", "0"],
            "",
            Quietly::Failures(75),
        ),
        (
            &known,
            &["ledger", "resume"],
            &["--base-url", "http://127.0.0.1:9", "--retry", "0"],
            "",
            Quietly::Failures(75),
        ),
        (&known, &batch, &["nowhere.csv"], "", Quietly::Failures(66)),
        (&known, &batch, &["--ledger", "/dev/full"], "H,1\n", Quietly::Failures(78)),
        (&nobody, &sms, &[], "", Quietly::Failures(78)),
    ];
    for (cli, command, options, input, quietly) in cases {
        let words = || command.iter().chain(*options);
        let loud = Cli::clone(cli).with("XDG_STATE_HOME", cli.path("loud"));
        let loud = loud.run_with_input(words(), *input);
        assert!(!loud.stderr.is_empty(), "there is nothing to be quiet about: {}", loud.shown());
        assert_quiet(&cli.run_with_input(words().chain(&["-q"]), *input), *quietly);
    }
}

#[test]
fn no_summary_of_nothing_follows_a_failure() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    cli.file("here/gzip", b"\x1f\x8b\x08\0\n", 0o600);
    cli.file("here/array", "[{\"id\":\"A\"}]\n", 0o600);
    cli.file("here/columns", "id,odd\nA,1\n", 0o600);
    let batch = &["batch"][..];
    let track = &["track", "--channel", "sms"][..];
    let nowhere = &["--ledger", "/proc/none/ledger.db"][..];
    let cases: &[(&[&str], &[&str], i32)] = &[
        (batch, &["gzip"], 65),
        (batch, &["array"], 65),
        (batch, &["columns"], 65),
        (batch, &["missing"], 66),
        (track, &["gzip"], 65),
        (track, &["columns"], 65),
        (batch, nowhere, 74),
        (track, nowhere, 74),
        (&["ledger", "resume"], nowhere, 74),
        (&["sms", "A", "B", "--delivered"], nowhere, 74),
    ];
    for (command, options, exit) in cases {
        let ran = cli.run(command.iter().chain(*options));
        ran.exits(*exit);
        assert!(ran.stderr.starts_with("error: ") && !ran.stderr.contains(" accepted"), "{}", ran.shown());
    }
    for (command, answer) in
        [(batch, "ok"), (&["ledger", "resume"], "ok"), (&["sms", "A", "B", "--delivered"], "401")]
    {
        let sandbox = api::always(answer);
        let ran = Cli::new().against(&sandbox).run(command);
        assert!(ran.stderr.contains("0 accepted, 0 rejected, "), "of what was done it is told: {}", ran.shown());
    }
}

#[test]
fn what_collects_logs_gets_one_object_a_line() {
    let sandbox = api::answering(&["422", "503"]);
    let cli = Cli::new().against(&sandbox);
    let input = "id,level\n0A,1\n0B,1\n0C\u{1b}[2J,1\n";
    let arguments = ["--channel", "sms", "--delivered", "true", "--jobs", "1", "--retry", "0"];
    let ran = cli.run_with_input(["batch", "-v", "--log-format", "json"].into_iter().chain(arguments), input);
    let lines: Vec<serde_json::Value> = ran
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    for line in &lines {
        assert!(matches!(line["level"].as_str(), Some("info" | "warning" | "error")), "{line}");
        assert!(line["time"].as_str().is_some_and(|time| time.ends_with('Z') && time.contains('T')), "{line}");
        assert!(line["event"].is_string() && line["message"].is_string(), "{line}");
    }
    let of = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
    assert!(of("request") >= 2 && of("answer") >= 2 && of("error") >= 2 && of("ledger") == 1, "{}", ran.stderr);
    let [summary, .., end] = &lines[lines.iter().position(|line| line["event"] == "summary").unwrap()..] else {
        panic!("{}", ran.stderr)
    };
    assert_eq!([&summary["accepted"], &summary["rejected"], &summary["invalid"]], [0, 1, 1], "{summary}");
    assert_eq!([&summary["retry"], &summary["pending"]], [1, 1], "{summary}");
    assert_eq!((&end["event"], &end["exit"]), (&"end".into(), &75.into()), "{end}");
    assert!(!ran.stderr.contains('\u{1b}'));
    // The results are what they are without it.
    assert!(ran.stdout.contains("0A"), "{}", ran.stdout);

    let missing = cli.run(["batch", "--log-format", "json", "-q", "no such file"]);
    let lines: Vec<serde_json::Value> =
        missing.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["level"], &lines.last().unwrap()["exit"]), (&"error".into(), &66.into()));
}
