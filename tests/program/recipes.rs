//! The documents' recipes, run as they stand there: each is taken out of the block below its line `<!-- recipe: NAME -->`.
//!
//! What a recipe finds on its machine is played here: `psql` and `journalctl` are small scripts of these tests, cron's part
//! is read off the recipe, systemd's off the units. `sh`, `tail` and `jq` are real. Without `jq` the tests say that they were skipped,
//! because the tests ask for nothing but a compiler; where `CI` is set they fail.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nexmo_conversion::sandbox::{LoggedRequest, Sandbox, SandboxOptions};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};

use crate::api;
use crate::book::{block_below, names_of};
use crate::cli::{Cli, PROGRAM, Ran, wait_until};
use crate::documents::ROOT;
use crate::needs::{Needed, is_here};

fn recipe(name: &str) -> String {
    block_below(&format!("recipe: {name}")).trim_end().to_owned()
}

/// A machine on which the recipes can run, with the program first in PATH; none where there is no `jq`.
fn machine(sandbox: &Sandbox) -> Option<Cli<'_>> {
    is_here(Needed::Jq, "the documents' recipes").then(|| {
        let cli = Cli::new().against(sandbox);
        fs::create_dir(cli.path("bin")).unwrap();
        symlink(PROGRAM, cli.path("bin/nexmo-conversion")).unwrap();
        cli
    })
}

/// A program that the recipe calls and the test plays.
fn stub(cli: &Cli, name: &str, script: &str) {
    cli.file(&format!("bin/{name}"), format!("#!/bin/sh\n{script}"), 0o755);
}

/// The ids that were reported, in their order, each as often as it arrived.
fn reported(sandbox: &Sandbox) -> Vec<String> {
    sandbox.requests().iter().map(|one| one.parameter("message-id").unwrap().to_owned()).collect()
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

fn pending(cli: &Cli) -> u64 {
    let status = cli.run(["ledger", "status", "--json"]);
    let rows = status.exits(0).lines();
    rows.iter()
        .filter(|row| row["state"] == "queued" || row["state"] == "in_flight")
        .map(|row| row["count"].as_u64().unwrap())
        .sum()
}

/// A recipe that runs until it is stopped. Dropping it ends everything that it started.
struct Started {
    shell: Child,
}

impl Started {
    fn new(cli: &Cli, script: &str) -> Self {
        let mut command: Command =
            cli.command("sh", &["-c".into(), format!("PATH=\"$HOME/bin:$PATH\"\n{script}").into()]);
        let stdout = File::create(cli.path("stdout")).unwrap();
        let stderr = File::create(cli.path("stderr")).unwrap();
        command.stdin(Stdio::null()).stdout(stdout).stderr(stderr).process_group(0);
        Self { shell: command.spawn().unwrap() }
    }

    /// As Ctrl-C does it: everything in the pipeline gets the signal.
    fn interrupt(&mut self) {
        kill_process_group(Pid::from_child(&self.shell), Signal::INT).unwrap();
        wait_until("the recipe ends", || self.has_ended());
    }

    fn has_ended(&mut self) -> bool {
        self.shell.try_wait().unwrap().is_some()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.shell), Signal::KILL);
        let _ = self.shell.wait();
    }
}

fn append(path: &Path, lines: &[Value]) {
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    for line in lines {
        writeln!(file, "{line}").unwrap();
    }
}

#[test]
fn there_is_a_test_for_every_recipe() {
    let names = sorted(names_of("recipe"));
    assert_eq!(
        names,
        [
            "again",
            "alarm",
            "cron",
            "journald",
            "metrics",
            "ping",
            "pipe",
            "psql",
            "tail",
            "track-cron",
            "track-tail",
        ]
    );
}

/// The command that cron would run: what follows the five fields.
pub(crate) fn cron_command(name: &str) -> String {
    let line = recipe(name);
    let mut fields = line.splitn(6, ' ');
    assert_eq!(fields.next(), Some("*/2"));
    let command = fields.nth(4).unwrap().to_owned();
    assert!(!command.contains(['%', '\n']), "cron reads % as the end of the line: {command}");
    command
}

fn conversions(count: usize) -> String {
    (0..count)
        .map(|n| {
            json!({"message_id": format!("ID{n:03}"), "channel": "sms", "delivered": true}).to_string() + "\n"
        })
        .collect()
}

#[test]
fn cron_sends_only_what_was_added_since_the_last_time() {
    let sandbox = api::plain();
    let Some(cli) = machine(&sandbox) else { return };
    let file = cli.file("conversions.jsonl", conversions(3), 0o644);
    let first = cli.shell(&cron_command("cron"));
    assert_eq!((first.status, first.said()), (Some(0), String::new()), "cron would send a mail");
    append(&file, &[json!({"message_id": "new", "channel": "voice", "delivered": false})]);
    cli.shell(&cron_command("cron")).exits(0);
    assert_eq!(sorted(reported(&sandbox)), ["ID000", "ID001", "ID002", "new"]);
}

#[test]
fn cron_needs_no_lock_because_runs_that_overlap_do_not_send_twice() {
    const IDS: usize = 40;
    /// What two runs send of which the second starts while the first is at work, and how many the second left to the first.
    fn sent_by_two(command: &str) -> Option<(usize, usize)> {
        let slow = SandboxOptions { latency: Duration::from_millis(500), ..api::options() };
        let sandbox = Sandbox::start(slow).unwrap();
        let cli = machine(&sandbox)?;
        cli.file("conversions.jsonl", conversions(IDS), 0o644);
        let mut first = Started::new(&cli, command);
        wait_until("the first run sends", || api::requests(&sandbox) > 0);
        let second = cli.shell(&command.replace(" -q ", " --json "));
        let left = second.exits(0).lines().iter().filter(|line| line["error"]["code"] == "already_queued").count();
        wait_until("the first run ends", || first.has_ended());
        Some((reported(&sandbox).len(), left))
    }
    let Some((sent, left)) = sent_by_two(&cron_command("cron")) else { return };
    assert_eq!(sent, IDS);
    assert!(left > 0, "the runs did not overlap");
    // The negative control: it is the ledger that holds them apart.
    assert_eq!(sent_by_two(&cron_command("cron").replace("batch", "batch --no-ledger")), Some((2 * IDS, 0)));
}

#[test]
fn a_log_that_is_followed_is_reported_line_by_line() {
    let sandbox = api::plain();
    let Some(cli) = machine(&sandbox) else { return };
    reports_line_by_line(&sandbox, &cli, "tail", 1);
}

#[test]
fn so_is_a_log_that_comes_through_a_pipe_which_is_read_anew_each_time() {
    let sandbox = api::plain();
    let Some(cli) = machine(&sandbox) else { return };
    stub(&cli, "ssh", "shift\nexec \"$@\"\n");
    reports_line_by_line(&sandbox, &cli, "pipe", 3);
}

/// `answered_again`: how many lines a second run answers, with one that is new.
fn reports_line_by_line(sandbox: &Sandbox, cli: &Cli, name: &str, answered_again: usize) {
    let log = cli.path("here/app.log");
    fs::write(&log, "2026-11-22 started, this is no JSON\n").unwrap();
    let otp =
        |id: &str, used| json!({"event": "otp", "message_id": id, "used": used, "time": "2026-11-22T01:25:26Z"});
    let mut running = Started::new(cli, &recipe(name));
    append(&log, &[json!({"event": "login"}), otp("A", true)]);
    wait_until("the first line is reported while the log is open", || api::requests(sandbox) == 1);
    append(&log, &[otp("B", false), json!([1])]);
    wait_until("the next one, too", || api::requests(sandbox) == 2);
    wait_until("both are answered", || fs::read_to_string(cli.path("stdout")).unwrap().lines().count() == 2);
    running.interrupt();
    let requests = sandbox.requests();
    let seen = requests.iter().map(|one| {
        let parameter = |name| one.parameter(name).unwrap();
        (parameter("message-id"), parameter("delivered"), parameter("timestamp"))
    });
    assert!(seen.eq([("A", "true", "2026-11-22 01:25:26"), ("B", "false", "2026-11-22 01:25:26")]));

    // Started again, nothing is sent twice: the ledger knows what was sent, and of a file how far it was read.
    append(&log, &[otp("C", true)]);
    let again = Started::new(cli, &recipe(name));
    wait_until("the new line is reported", || api::requests(sandbox) == 3);
    wait_until("it is answered", || {
        fs::read_to_string(cli.path("stdout")).unwrap().lines().count() == answered_again
    });
    drop(again);
    assert_eq!(reported(sandbox), ["A", "B", "C"]);
}

/// What was reported: id, delivered, timestamp.
fn facts(sandbox: &Sandbox) -> Vec<(String, String, String)> {
    let fact = |one: &LoggedRequest| {
        let parameter = |name| one.parameter(name).unwrap().to_owned();
        (parameter("message-id"), parameter("delivered"), parameter("timestamp"))
    };
    sandbox.requests().iter().map(fact).collect()
}

fn fact(id: &str, delivered: &str, timestamp: &str) -> (String, String, String) {
    (id.to_owned(), delivered.to_owned(), timestamp.to_owned())
}

#[test]
fn a_log_that_is_followed_tells_who_was_silent() {
    let sandbox = api::plain();
    let Some(cli) = machine(&sandbox) else { return };
    let log = cli.path("here/app.log");
    fs::write(&log, "2026-11-20 started, this is no JSON\n").unwrap();
    let line = |event: &str, id: &str, time: &str| json!({"event": event, "message_id": id, "time": time});
    let mut running = Started::new(&cli, &recipe("track-tail"));
    append(
        &log,
        &[
            line("otp_sent", "A", "2026-11-20T01:00:00Z"),
            line("login", "A", "2026-11-20T01:00:10Z"),
            line("otp_sent", "B", "2026-11-20T01:00:00Z"),
            line("otp_used", "A", "2026-11-20T01:00:20Z"),
        ],
    );
    wait_until("the conversion is reported while the log is open", || api::requests(&sandbox) == 1);
    append(&log, &[line("otp_sent", "C", "2026-11-20T01:12:31Z")]);
    wait_until("so is the silence", || api::requests(&sandbox) == 2);
    running.interrupt();
    let truth = [fact("A", "true", "2026-11-20 01:00:20"), fact("B", "false", "2026-11-20 01:10:00")];
    assert_eq!(facts(&sandbox), truth);
}

#[test]
fn cron_closes_what_is_due_and_leaves_the_rest_to_the_next_time() {
    let sandbox = api::plain();
    let Some(cli) = machine(&sandbox) else { return };
    let line = |event: &str, id: &str, time: &str| json!({"event": event, "message_id": id, "timestamp": time});
    let file = cli.path("codes.jsonl");
    append(&file, &[line("sent", "A", "2026-11-20 01:00:00"), line("sent", "B", "2026-11-20 01:05:00")]);
    let quiet = cli.shell(&cron_command("track-cron"));
    assert_eq!((quiet.status, quiet.said()), (Some(0), String::new()), "cron would send a mail");
    assert_eq!(facts(&sandbox), []);
    append(&file, &[line("converted", "B", "2026-11-20 01:06:00"), line("sent", "C", "2026-11-20 01:14:00")]);
    for _ in 0..2 {
        cli.shell(&cron_command("track-cron")).exits(0);
        let mut facts_sent = facts(&sandbox);
        facts_sent.sort();
        assert_eq!(
            facts_sent,
            [fact("A", "false", "2026-11-20 01:10:00"), fact("B", "true", "2026-11-20 01:06:00")]
        );
    }
}

/// `journalctl` is a script here: it checks what it is asked for, prints two entries as the real one does, and then
/// blocks as `-f` does.
#[test]
fn a_journal_is_reported_with_the_times_of_its_entries() {
    let sandbox = api::plain();
    let Some(cli) = machine(&sandbox) else { return };
    let entry = |message: &Value, time: &str| {
        json!({"MESSAGE": message, "__REALTIME_TIMESTAMP": time, "_PID": "7"}).to_string()
    };
    let entries = [
        entry(&json!("started"), "1795310725000000"),
        entry(&json!([255, 254]), "1795310725000000"),
        entry(&json!(json!({"event": "otp", "message_id": "it's", "used": true}).to_string()), "1795310726999999"),
        entry(&json!(json!({"event": "login"}).to_string()), "1795310727000000"),
    ];
    cli.file("entries", entries.join("\n") + "\n", 0o644);
    stub(
        &cli,
        "journalctl",
        "case \" $* \" in *' -f '*) ;; *) exit 1;; esac\ncase \" $* \" in *' -o json '*) ;; *) exit 1;; esac\n\
         cat \"$HOME/entries\"\nexec tail -f /dev/null\n",
    );
    let mut running = Started::new(&cli, &recipe("journald"));
    wait_until("the entry is reported while the journal is open", || api::requests(&sandbox) == 1);
    running.interrupt();
    let requests = sandbox.requests();
    assert_eq!(requests[0].parameter("message-id"), Some("it's"));
    assert_eq!(requests[0].parameter("timestamp"), Some("2026-11-22 01:25:26"));
}

#[test]
fn only_what_failed_is_sent_again() {
    let sandbox = api::answering(&["200", "503", "420"]);
    let Some(cli) = machine(&sandbox) else { return };
    let cli = cli.with("NEXMO_CONVERSION_RETRY", "0");
    cli.file("here/conversions.csv", "message_id,channel,delivered\nA,sms,1\nB,sms,1\nC,sms,1\n,sms,1\n", 0o644);
    let ran = cli.shell(&recipe("again"));
    ran.exits(0);
    let first = fs::read_to_string(cli.path("here/results.jsonl")).unwrap();
    let outcomes = lines(&first).iter().map(|line| line["outcome"].as_str().unwrap().to_owned()).collect();
    assert_eq!(sorted(outcomes), ["accepted", "invalid", "rejected", "retry"]);
    let failed: Vec<_> = lines(&first).into_iter().filter(|line| line["outcome"] == "retry").collect();
    // Without a time in the input, its result line has one: the ledger must know it again, or it is sent twice.
    let requests = reported(&sandbox);
    assert_eq!(requests.len(), 4, "{requests:?}");
    assert_eq!(failed[0]["message_id"], requests[3].as_str());
    assert!(ran.stdout.starts_with("accepted "), "{}", ran.shown());
    assert_eq!(pending(&cli), 0);
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// `psql` is a script here: asked for rows it prints them as the real one does, asked for anything else it writes down
/// its arguments and its input.
fn database(cli: &Cli, rows: &[Value]) {
    append(&cli.path("rows"), rows);
    stub(
        cli,
        "psql",
        "case \"$*\" in\n*SELECT*) cat \"$HOME/rows\" ;;\n\
         *) for word; do printf '%s\\0' \"$word\"; done > \"$HOME/asked\"; cat > \"$HOME/marked\" ;;\nesac\n",
    );
}

fn run_psql(cli: &Cli) -> (Ran, String) {
    let ran = cli.shell(&recipe("psql"));
    let marked = fs::read_to_string(cli.path("marked")).unwrap();
    (ran, marked)
}

#[test]
fn a_database_marks_what_was_accepted_and_nothing_else() {
    // One after the other, so that the answers are known.
    let sandbox = api::answering(&["200", "420", "503", "200"]);
    let Some(cli) = machine(&sandbox) else { return };
    let cli = cli.with("NEXMO_CONVERSION_RETRY", "0").with("NEXMO_CONVERSION_JOBS", "1");
    let row = |id: &str, reference: Value| json!({"message_id": id, "channel": "sms", "delivered": true, "timestamp": "2026-11-22 01:25:26", "ref": reference});
    let hostile = "7'); DROP TABLE otp; --\"\n\\.,";
    let rows = [row("A", json!(1)), row("B", json!(2)), row("C", json!(3)), row("it's", json!(hostile))];
    database(&cli, &rows);
    let (ran, marked) = run_psql(&cli);
    ran.exits(0);
    // RFC 4180, as COPY … (FORMAT csv) reads it.
    assert_eq!(marked, format!("1\n\"{}\"\n", hostile.replace('"', "\"\"")), "{}", ran.shown());
    let asked = fs::read_to_string(cli.path("asked")).unwrap();
    assert!(asked.contains("COPY") && !asked.contains("DROP") && !asked.contains("it's"), "{asked}");

    // A run that ended before it could mark anything: what the API has taken is marked now, and not sent again.
    let (_, again) = run_psql(&cli);
    let mut wanted = [marked.as_str(), "3\n"].concat().into_bytes();
    let mut got = again.clone().into_bytes();
    wanted.sort_unstable();
    got.sort_unstable();
    assert!(got == wanted && again.lines().any(|line| line == "3"), "{again}");
    assert_eq!(sorted(reported(&sandbox)), ["A", "B", "C", "C", "it's"]);
}

/// The values of a unit file's key, in their order.
fn values<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

fn of_the_package(file: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join("contrib/systemd").join(file)).unwrap()
}

/// systemd's part is played here, as systemd.exec(5) and systemd.unit(5) describe it: the credential is a file in a folder of the service,
/// `%d` is that folder, `%S` the folder for state, and a file of variables wins over the unit's own. `cargo xtask prove install` lets
/// systemd do it.
#[test]
fn a_service_has_its_secret_as_a_credential() {
    let sandbox = api::plain();
    let (unit, example) = (of_the_package("nexmo-conversion-batch@.service"), of_the_package("example.env"));
    let cli = Cli::new().at(&sandbox);
    fs::create_dir(cli.path("bin")).unwrap();
    symlink(PROGRAM, cli.path("bin/nexmo-conversion")).unwrap();
    let (credential, _) = values(&unit, "LoadCredential")[0].split_once(':').unwrap();
    cli.file(&format!("credentials/{credential}"), api::SECRET, 0o400);
    let input = cli.file("conversions.jsonl", conversions(2), 0o644);
    let settings = cli.file("settings.toml", of_the_package("../packages/config.toml"), 0o644);
    let (credentials, state) = (cli.path("credentials"), cli.path("state"));
    let expanded =
        |text: &str| text.replace("%d", credentials.to_str().unwrap()).replace("%S", state.to_str().unwrap());
    let mut cli = cli.with("CREDENTIALS_DIRECTORY", &credentials).with("XDG_STATE_HOME", OsStr::new("/nowhere"));
    let variables =
        values(&unit, "Environment").into_iter().chain(example.lines().filter(|line| !line.starts_with('#')));
    for (name, value) in variables.map(|variable| variable.split_once('=').unwrap()) {
        assert!(!value.contains(api::SECRET));
        cli = match name {
            "INPUT" => cli.with(name, &input),
            "NEXMO_CONVERSION_CONFIG" => cli.with(name, &settings),
            "VONAGE_API_KEY" => cli.with(name, api::KEY),
            _ => cli.with(name, expanded(value)),
        };
    }
    fs::create_dir(&state).unwrap();
    let command = expanded(values(&unit, "ExecStart")[0]).replace("/usr/bin/", "");
    assert!(!command.contains('%'), "{command}");
    for _ in 0..2 {
        cli.shell(&command).exits(0);
    }
    assert_eq!(sorted(reported(&sandbox)), ["ID000", "ID001"]);
    let folder = values(&unit, "StateDirectory")[0];
    assert!(cli.path("state").join(folder).join("ledger.db").is_file());
    assert!(values(&unit, "SuccessExitStatus")[0].split(' ').any(|code| code == "75"));
    let timer = of_the_package("nexmo-conversion-batch@.timer");
    assert_eq!(values(&timer, "OnCalendar"), ["*:0/2"]);
}

/// What a unit's protection consists of.
fn protection(unit: &str) -> Vec<&str> {
    let (_, from) = unit.split_once("# What the program may not do").unwrap();
    from.lines().filter(|line| line.contains('=') && !line.starts_with("WantedBy")).collect()
}

#[test]
fn both_services_are_protected_alike() {
    let [batch, track] =
        ["batch", "track"].map(|name| of_the_package(&format!("nexmo-conversion-{name}@.service")));
    assert!(protection(&batch).len() > 20);
    assert_eq!(protection(&batch), protection(&track));
    for key in [
        "User",
        "Group",
        "StateDirectory",
        "StateDirectoryMode",
        "LoadCredential",
        "Environment",
        "EnvironmentFile",
    ] {
        assert_eq!(values(&batch, key), values(&track, key), "{key}");
    }
}

#[test]
fn the_alarm_speaks_when_less_than_half_of_the_newest_window_converted() {
    let sandbox = api::plain();
    let Some(cli) = machine(&sandbox) else { return };
    let alarm = || cli.shell(&recipe("alarm")).exits(0).said();
    assert_eq!(alarm(), "", "nothing is recorded");
    // 400 s ago is in the newest window, wherever its mark is.
    let report = |id, delivered| {
        cli.run(["sms", id, &format!("--delivered={delivered}"), "--timestamp", "400s"]).exits(0).status
    };
    report("A", true);
    report("B", false);
    assert_eq!(alarm(), "", "half is enough");
    report("C", false);
    let said = alarm();
    assert!(said.starts_with("all: only 1 of 3 converted in the 15 minutes up to 20"), "{said}");
    assert!(said.contains("\nsms: only 1 of 3 converted") && !said.contains("voice"), "{said}");
}
