//! The ledger as its users meet it: what is never sent twice, in which order, for which account, and what the `ledger` commands
//! say about it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::thread;

use nexmo_conversion::sandbox::{LoggedRequest, Sandbox, SandboxAccount, SandboxOptions, Script};
use serde_json::Value;

use crate::api;
use crate::cli::{Cli, Ran, assert_same, mode, wait_until};
use crate::interruptions::{records, tally};
use crate::needs::{Needed, is_here, skip};

const WHERE: &str = ".local/state/nexmo-conversion/ledger.db";
const BATCH: [&str; 6] = ["batch", "--json", "--channel", "sms", "--delivered", "true"];
const OTHER_KEY: &str = "efgh5678";
const OTHER_SECRET: &str = "another secret";

/// Ids and values of all requests, in their order.
fn received(sandbox: &Sandbox) -> Vec<(String, String)> {
    let parameter = |request: &LoggedRequest, name| request.parameter(name).unwrap_or_default().to_owned();
    sandbox.requests().iter().map(|one| (parameter(one, "message-id"), parameter(one, "delivered"))).collect()
}

fn pair(id: &str, delivered: &str) -> (String, String) {
    (id.to_owned(), delivered.to_owned())
}

/// Outcome and code of each line, in the order of the input.
fn came_to(ran: &Ran) -> Vec<String> {
    let mut lines = ran.lines();
    lines.sort_by_key(|line| line["line"].as_u64());
    let shown = |line: &Value| match line["error"]["code"].as_str() {
        Some(code) => format!("{} {code}", line["outcome"].as_str().unwrap()),
        None => line["outcome"].as_str().unwrap().to_owned(),
    };
    lines.iter().map(shown).collect()
}

fn two_accounts(script: Script) -> Sandbox {
    let other = SandboxAccount::new(OTHER_KEY, OTHER_SECRET).unwrap();
    api::with(SandboxOptions { accounts: vec![api::account(), other], script, ..api::options() })
}

#[test]
fn the_ledger_is_where_state_belongs_and_only_its_owner_may_read_it() {
    for arguments in [
        &["sms", "A", "--delivered"][..],
        &["voice", "A", "--delivered"],
        &["batch", "--channel", "sms", "--delivered", "true"],
    ] {
        let sandbox = api::plain();
        let cli = Cli::new().against(&sandbox);
        // Under a umask that takes nothing away, modes are what the program makes them.
        cli.file("here/input", "{\"id\":\"A\"}\n", 0o644);
        let words = arguments.join(" ");
        cli.shell(&format!("umask 000; nexmo-conversion {words} <input")).exits(0);
        let file = cli.path(WHERE);
        assert_eq!(mode(file.parent().unwrap()), 0o700, "{words}");
        for entry in fs::read_dir(file.parent().unwrap()).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{words}: {}", path.display());
        }
        assert!(file.exists(), "{words}");
    }
}

#[test]
fn without_a_ledger_no_file_is_made_and_with_another_one_that_is_used() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    cli.run_with_input(BATCH.iter().chain(&["--no-ledger"]), records(2)).exits(0);
    cli.run(["sms", "A", "--delivered", "--no-ledger"]).exits(0);
    cli.run(["sms", "A", "--delivered", "--dry-run"]).exits(0);
    cli.run_with_input(BATCH.iter().chain(&["--dry-run"]), records(2)).exits(0);
    cli.run(["ledger", "status"]).exits(0);
    cli.run(["ledger", "refused", "--json"]).exits(0);
    assert!(!cli.path(".local").exists(), "none of these makes anything");
    cli.run_with_input(BATCH.iter().chain(&["--ledger", "mine.db"]), records(2)).exits(0);
    assert!(!cli.path(".local").exists());
    assert_eq!(mode(&cli.path("here/mine.db")), 0o600);
    let requests = api::requests(&sandbox);
    let again = cli.run_with_input(BATCH.iter().chain(&["--ledger", "mine.db"]), records(2));
    assert_eq!(came_to(again.exits(0)), ["skipped already_accepted"; 2]);
    let elsewhere = cli.with("NEXMO_CONVERSION_LEDGER", "mine.db");
    assert_eq!(came_to(elsewhere.run_with_input(BATCH, records(2)).exits(0)), ["skipped already_accepted"; 2]);
    assert_eq!(api::requests(&sandbox), requests);
}

#[test]
fn a_folder_is_made_also_where_it_is_named_from_the_current_one() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    for (number, path) in
        ["new/mine.db", "./other/mine.db", "deep/er/mine.db", "new/../third/mine.db"].iter().enumerate()
    {
        cli.run(["sms", &format!("A{number}"), "--delivered", "--ledger", path]).exits(0);
        assert_eq!(mode(cli.path(&format!("here/{path}")).parent().unwrap()), 0o700, "{path}");
    }
    cli.run(["check", "--ledger", "fourth/mine.db"]).exits(0);
    let words =
        ["config", "init", "--config", "fifth/config.toml", "--api-key", "abcd1234", "--api-secret-file", "-"];
    cli.run_with_input(words, "secret\n".to_owned()).exits(0);
    assert_eq!(mode(&cli.path("here/fifth")), 0o700);
    assert!(!cli.path("here/fourth").exists());
}

#[test]
fn the_same_input_twice_is_sent_once() {
    let with_times: String = (0..30)
        .map(|n| format!("{{\"id\":\"N{n}\",\"timestamp\":\"2026-11-20 01:25:{n:02}\"}}\n"))
        .collect::<Vec<_>>()
        .concat();
    for input in [with_times, records(30)] {
        let sandbox = api::plain();
        let cli = Cli::new().against(&sandbox);
        assert_eq!(came_to(cli.run_with_input(BATCH, input.as_str()).exits(0)), ["accepted"; 30]);
        let again = cli.run_with_input(BATCH, input.as_str());
        assert_eq!(came_to(again.exits(0)), ["skipped already_accepted"; 30]);
        assert!(
            again.stderr.contains("0 accepted, 0 rejected, 0 retry, 0 invalid, 30 skipped"),
            "{}",
            again.stderr
        );
        assert_eq!(api::requests(&sandbox), 30);
        // Twice in one input as well.
        let doubled = input.replace("\"N", "\"M");
        let ran = cli.run_with_input(BATCH, doubled.repeat(2));
        let outcomes = came_to(ran.exits(0));
        assert_eq!(outcomes.iter().filter(|outcome| *outcome == "accepted").count(), 30, "{outcomes:?}");
        assert_eq!(api::requests(&sandbox), 60);
    }
}

#[test]
fn what_one_command_has_sent_another_one_knows() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    cli.run(["sms", "A", "--delivered"]).exits(0);
    assert_eq!(came_to(cli.run_with_input(BATCH, "{\"id\":\"A\"}\n").exits(0)), ["skipped already_accepted"]);
    assert_eq!(came_to(cli.run(["sms", "A", "--delivered", "--json"]).exits(0)), ["skipped already_accepted"]);
    assert_eq!(
        came_to(cli.run(["voice", "A", "--delivered", "--json"]).exits(0)),
        ["accepted"],
        "another channel"
    );
    assert_eq!(api::requests(&sandbox), 2);
}

#[test]
fn another_value_of_an_id_is_sent_and_in_order() {
    for jobs in ["1", "16"] {
        let sandbox = api::plain();
        let cli = Cli::new().against(&sandbox);
        let input: String = (0..40)
            .map(|n| {
                format!(
                    "{{\"id\":\"N{n}\",\"delivered\":true,\"timestamp\":\"2026-11-20 01:25:26\"}}\n\
                     {{\"id\":\"N{n}\",\"delivered\":false,\"timestamp\":\"2026-11-20 01:25:27\"}}\n"
                )
            })
            .collect::<Vec<_>>()
            .concat();
        let ran = cli.run_with_input(BATCH.iter().chain(&["--jobs", jobs]), input);
        assert_eq!(came_to(ran.exits(0)), ["accepted"; 80]);
        let received = received(&sandbox);
        assert_eq!(received.len(), 80);
        for n in 0..40 {
            let id = format!("N{n}");
            let of_this: Vec<_> = received.iter().filter(|(other, _)| *other == id).cloned().collect();
            assert_eq!(of_this, [pair(&id, "true"), pair(&id, "false")], "{jobs} jobs");
        }
    }
}

#[test]
fn a_retried_value_is_not_overtaken_by_the_next() {
    let sandbox = api::answering(&["500"]);
    let cli = Cli::new().against(&sandbox);
    let input = "{\"id\":\"A\",\"delivered\":true}\n{\"id\":\"A\",\"delivered\":false}\n";
    cli.run_with_input(BATCH, input).exits(0);
    assert_eq!(received(&sandbox), [pair("A", "true"), pair("A", "true"), pair("A", "false")]);
}

#[test]
fn an_older_value_is_not_sent_after_a_newer_one_was_accepted() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let newer = "{\"id\":\"A\",\"delivered\":true,\"timestamp\":\"2026-11-20 02:00:00\"}\n";
    let older = "{\"id\":\"A\",\"delivered\":false,\"timestamp\":\"2026-11-20 01:00:00\"}\n";
    assert_eq!(came_to(cli.run_with_input(BATCH, newer).exits(0)), ["accepted"]);
    assert_eq!(came_to(cli.run_with_input(BATCH, older).exits(0)), ["skipped stale"]);
    assert_eq!(received(&sandbox), [pair("A", "true")]);
}

#[test]
fn an_account_never_sends_what_another_one_recorded() {
    // Every request of the first run is answered 503, so all of it stays pending.
    let sandbox = two_accounts(Script::always(api::answer("503")));
    let cli = Cli::new().against(&sandbox);
    cli.run_with_input(BATCH.iter().chain(&["--retry", "0"]), records(5)).exits(75);
    assert_eq!(api::requests(&sandbox), 5);
    sandbox.mend();
    let other = cli.with("VONAGE_API_KEY", OTHER_KEY).with("VONAGE_API_SECRET", OTHER_SECRET);
    other.run(["ledger", "resume"]).exits(0);
    assert_eq!(api::requests(&sandbox), 0, "nothing of the first account");
    let ran = other.run_with_input(BATCH, "{\"id\":\"N00000\"}\n{\"id\":\"MINE\"}\n");
    assert_eq!(came_to(ran.exits(0)), ["accepted"; 2]);
    let keys: Vec<_> = sandbox.requests().iter().map(|one| one.parameter("api_key").unwrap().to_owned()).collect();
    assert_eq!(keys, [OTHER_KEY; 2]);
    let first = other.with("VONAGE_API_KEY", api::KEY).with("VONAGE_API_SECRET", api::SECRET);
    first.run(["ledger", "resume"]).exits(0);
    let keys: Vec<_> =
        sandbox.requests()[2..].iter().map(|one| one.parameter("api_key").unwrap().to_owned()).collect();
    assert_eq!(keys, [api::KEY; 5]);
    let accounts: Vec<Value> = first.run(["ledger", "status", "--json"]).exits(0).lines();
    let counts: Vec<_> =
        accounts.iter().map(|line| (line["state"].as_str().unwrap(), line["count"].as_u64().unwrap())).collect();
    assert_eq!(counts.len(), 2, "{accounts:?}");
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), 7);
    assert_ne!(accounts[0]["account"], accounts[1]["account"]);
}

#[test]
fn what_was_given_up_for_now_is_pending_until_it_is_resumed() {
    let sandbox = api::always("503");
    let cli = Cli::new().against(&sandbox);
    let first = cli.run_with_input(BATCH.iter().chain(&["--retry", "0"]), records(8));
    assert_eq!(came_to(first.exits(75)), ["retry server_error"; 8]);
    let pending = cli.run(["ledger", "status", "--json"]).exits(0).lines();
    assert_eq!((pending.len(), &pending[0]["count"]), (1, &8.into()), "{pending:?}");
    sandbox.mend();
    let resumed = cli.run(["ledger", "resume", "--json"]);
    assert_eq!(came_to(resumed.exits(0)), ["accepted"; 8]);
    assert!(tally(&sandbox).values().all(|count| *count == 1));
    assert_eq!(tally(&sandbox).len(), 8);
    cli.run(["ledger", "resume"]).exits(0);
    assert_eq!(came_to(cli.run_with_input(BATCH, records(8)).exits(0)), ["skipped already_accepted"; 8]);
    assert_eq!(api::requests(&sandbox), 8, "nothing is left");
}

#[test]
fn a_value_that_comes_again_without_a_time_after_another_one_is_pointed_out() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let record = |value: bool| format!("{{\"id\":\"A\",\"delivered\":{value}}}\n");
    let batch = ["batch", "--json", "--channel", "sms", "--jobs", "1"];
    let pointed_out = |ran: &Ran| ran.exits(0).stderr.contains("warning: A came again without a time");
    assert!(
        !pointed_out(&cli.run_with_input(batch, record(true) + &record(true))),
        "the same value is no contradiction"
    );
    assert!(!pointed_out(&cli.run_with_input(batch, record(false))), "nor is news");
    let again = cli.run_with_input(batch, record(true) + &record(true));
    assert!(pointed_out(&again) && again.stderr.matches("warning").count() == 1, "{}", again.shown());
    assert_eq!(came_to(&again), ["skipped already_accepted"; 2]);
    let timed = "{\"id\":\"A\",\"delivered\":true,\"timestamp\":\"5s\"}\n";
    assert!(!cli.run_with_input(batch, timed).stderr.contains("without a time"));
    let at_once =
        cli.run_with_input(batch, (record(true) + &record(false) + &record(true)).replace("\"A\"", "\"B\""));
    assert!(at_once.exits(0).stderr.contains("warning: B came again without a time"), "{}", at_once.shown());
}

#[test]
fn the_same_key_at_another_address_is_another_account() {
    let (first, second) = (api::plain(), api::plain());
    let cli = Cli::new().against(&first);
    let elsewhere = cli.clone().at(&second);
    for (cli, outcome) in [
        (&cli, "accepted"),
        (&elsewhere, "accepted"),
        (&cli, "skipped already_accepted"),
        (&elsewhere, "skipped already_accepted"),
    ] {
        assert_eq!(came_to(cli.run(["sms", "F", "--delivered", "--json"]).exits(0)), [outcome]);
    }
    let slash = cli.with("NEXMO_CONVERSION_BASE_URL", format!("{}/", first.base_url()));
    assert_eq!(came_to(slash.run(["sms", "F", "--delivered", "--json"]).exits(0)), ["skipped already_accepted"]);
    assert_eq!((api::requests(&first), api::requests(&second)), (1, 1));
}

#[test]
fn the_input_that_failed_goes_again_by_itself_when_it_is_given_again() {
    let sandbox = api::always("503");
    let cli = Cli::new().against(&sandbox);
    cli.run_with_input(BATCH.iter().chain(&["--retry", "0"]), records(8)).exits(75);
    sandbox.mend();
    assert_eq!(came_to(cli.run_with_input(BATCH, records(8)).exits(0)), ["accepted"; 8]);
    assert_eq!(api::requests(&sandbox), 8);
}

#[test]
fn a_refused_account_leaves_everything_queued_and_nothing_refused() {
    // Late enough for all of the input to be read before it.
    let sandbox = api::always("401,delay=300ms");
    let cli = Cli::new().against(&sandbox);
    let ran = cli.run_with_input(BATCH, records(50));
    ran.exits(77);
    assert_eq!(ran.lines().len(), 50);
    assert_eq!(api::requests(&sandbox), 1);
    assert_eq!(cli.run(["ledger", "refused", "--json"]).exits(0).stdout, "");
    sandbox.mend();
    assert_eq!(came_to(cli.run_with_input(BATCH, records(50)).exits(0)), ["accepted"; 50]);
    assert_eq!((tally(&sandbox).len(), api::requests(&sandbox)), (50, 50));
}

#[test]
fn what_was_refused_comes_out_as_input_and_can_be_sent_again_once_it_is_forgotten() {
    let refusing = api::answering(&["420", "422"]);
    let cli = Cli::new().against(&refusing);
    let input = "{\"id\":\"A\",\"ref\":\"a\",\"timestamp\":\"2026-11-20 01:25:26\"}\n{\"id\":\"B\"}\n{\"id\":\"C\"}\nnot json\n";
    let ran = cli.run_with_input(BATCH.iter().chain(&["--jobs", "1"]), input);
    ran.exits(65);
    let refused = cli.run(["ledger", "refused", "--json"]);
    refused.exits(0);
    let letters: Vec<&str> = refused.stdout.lines().collect();
    assert_eq!(letters.len(), 3, "{}", refused.shown());
    let first: Value = serde_json::from_str(letters[0]).unwrap();
    assert_eq!(
        (&first["message_id"], &first["ref"], &first["http_status"]),
        (&"A".into(), &"a".into(), &420.into())
    );
    assert_eq!((&first["outcome"], &first["timestamp"]), (&"rejected".into(), &"2026-11-20 01:25:26".into()));
    let never: Value = serde_json::from_str(letters[2]).unwrap();
    assert_eq!(
        (&never["outcome"], &never["raw"]),
        (&"invalid".into(), &"not json".into()),
        "all its bytes are there"
    );
    let before = api::requests(&refusing);
    let known = cli.run_with_input(BATCH, letters[..2].join("\n"));
    assert_eq!(came_to(known.exits(0)), ["skipped already_refused"; 2], "it is still refused");
    assert_eq!(api::requests(&refusing), before, "and no request was made");
    let forgotten = cli.run(["ledger", "forget", "refused", "--older-than", "0s"]);
    assert_eq!(forgotten.exits(0).stderr, "3 rows removed\n");
    let again = cli.run_with_input(BATCH, letters[..2].join("\n"));
    assert_eq!(came_to(again.exits(0)), ["accepted"; 2]);
    assert_eq!(received(&refusing)[3..], [pair("A", "true"), pair("B", "true")]);
    assert_eq!(cli.run(["ledger", "refused", "--json"]).exits(0).stdout, "");
}

#[test]
fn an_id_is_shown_with_its_whole_history() {
    let sandbox = api::answering(&["ok", "420", "503"]);
    let cli = Cli::new().against(&sandbox);
    assert_eq!(cli.run(["ledger", "show", "A"]).exits(0).stdout, "nothing is recorded about A\n");
    cli.run_with_input(
        BATCH.iter().chain(&["--jobs", "1", "--retry", "0"]),
        "{\"id\":\"A\"}\n{\"id\":\"B\"}\n{\"id\":\"C\"}\n",
    );
    for (id, state, answer, next) in [
        (
            "A",
            "accepted   sms  A  delivered=true  ",
            ", 200 OK, 1 attempt\n",
            "nothing; only another value would be sent",
        ),
        (
            "B",
            "refused    sms  B",
            ", 420 Invalid Parameters, 1 attempt; bad_parameters: ",
            "correct it and send it again",
        ),
        ("C", "queued     sms  C", "not settled yet", "`ledger resume`"),
    ] {
        let ran = cli.run(["ledger", "show", id]);
        assert!(ran.exits(0).stdout.starts_with(state), "{}", ran.shown());
        for part in ["\n  recorded  2", "\n  answered  ", answer, "\n  next      ", next] {
            assert!(ran.stdout.contains(part), "{part}: {}", ran.shown());
        }
        let line = cli.run(["ledger", "show", id, "--json"]).line();
        assert_eq!((&line["message_id"], &line["delivered"]), (&id.into(), &true.into()));
        assert_eq!(line["state"], state.split(' ').next().unwrap());
    }
}

#[test]
fn refusals_are_shown_to_people_with_the_reason_and_the_way_back() {
    let sandbox = api::always("420");
    let cli = Cli::new().against(&sandbox);
    assert_eq!(cli.run(["ledger", "refused"]).exits(0).said(), "nothing was refused\n");
    cli.run_with_input(BATCH, "{\"id\":\"A\"}\nnot json\n").exits(65);
    let ran = cli.run(["ledger", "refused"]);
    let lines: Vec<_> = ran.exits(0).stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{}", ran.shown());
    assert!(
        lines[0].starts_with("rejected  sms  A  delivered=true  ") && lines[0].ends_with("  420"),
        "{}",
        ran.shown()
    );
    assert!(lines[1].contains(", bad_parameters: ") && lines[3].contains(", bad_record: "), "{}", ran.shown());
    assert_eq!(lines[2], "invalid   line 2  not json");
    assert!(ran.stderr.contains("--json") && ran.stderr.contains("`nexmo-conversion batch`"), "{}", ran.shown());
    assert_eq!(cli.run(["ledger", "refused", "-q"]).exits(0).stderr, "");
}

#[test]
fn forgetting_takes_what_is_said_and_nothing_else() {
    let sandbox = api::answering(&["ok", "420", "503"]);
    let cli = Cli::new().against(&sandbox);
    cli.run_with_input(BATCH.iter().chain(&["--jobs", "1", "--retry", "0"]), records(3)).exits(75);
    let counts = || -> Vec<String> {
        let lines = cli.run(["ledger", "status", "--json"]).exits(0).lines();
        lines.iter().map(|line| format!("{} {}", line["state"].as_str().unwrap(), line["count"])).collect()
    };
    let all = counts();
    assert_eq!(all.len(), 3, "{all:?}");
    assert_eq!(cli.run(["ledger", "forget", "settled", "--older-than", "1d"]).exits(0).stderr, "0 rows removed\n");
    assert_eq!(counts(), all);
    for (what, left) in [("settled", 2), ("refused", 1), ("pending", 0)] {
        let ran = cli.run(["ledger", "forget", what, "--older-than", "0s"]);
        assert_eq!(ran.exits(0).stderr, "1 row removed\n", "{what}");
        assert_eq!(counts().len(), left, "{what}");
    }
    assert_eq!(api::requests(&sandbox), 3);
    cli.run(["ledger", "forget", "settled"]).exits(2);
}

#[test]
fn the_ledger_commands_speak_to_people_and_to_programs() {
    let sandbox = api::answering(&["ok", "420", "503"]);
    let cli = Cli::new().against(&sandbox);
    let empty = [cli.run(["ledger", "status"]).shown(), cli.run(["ledger", "status", "--json"]).shown()];
    let input = records(3) + "not json\n";
    cli.run_with_input(BATCH.iter().chain(&["--jobs", "1", "--retry", "0"]), input).exits(75);
    let status = cli.run(["ledger", "status"]).shown();
    let json = cli.run(["ledger", "status", "--json"]);
    for line in json.lines() {
        assert_eq!(line["v"], 1);
        assert!(line["oldest"].as_str().unwrap().ends_with('Z'));
        assert!(!line["account"].as_str().unwrap().contains(api::KEY), "a fingerprint, not the key: {line}");
    }
    let account = json.lines()[0]["account"].as_str().unwrap().to_owned();
    let moments = without_moments(&[status, json.shown()].concat()).replace(&account, "[account]       ");
    assert_same("ledger_status", [empty.concat(), moments]);
}

/// Without the moments, which differ from run to run.
fn without_moments(shown: &str) -> String {
    let mut out = String::new();
    for word in shown.split_inclusive([' ', '\n', '"', ',']) {
        let bare = word.trim_end_matches([' ', '\n', '"', ',']);
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || b"-:TZ".contains(&byte));
        if bare.len() >= 9 && bare.contains([':', '-']) && digits(bare) {
            out.push_str("[when]");
            out.push_str(&word[bare.len()..]);
        } else {
            out.push_str(word);
        }
    }
    out
}

/// A ledger that this version must not touch: how it is made, and how a run that meets it ends.
type Spoiled = (&'static str, fn(&Path), i32);

const SPOILED: &[Spoiled] = &[
    ("text", |path| fs::write(path, "not a database, but long enough to be looked at\n".repeat(50)).unwrap(), 78),
    ("zero bytes", |path| fs::write(path, "").unwrap(), 78),
    ("a database of another program", |path| another_database(path), 78),
    ("newer", |path| newer(path), 78),
    ("a symbolic link", |path| link_to_a_ledger(path), 78),
    ("a folder", |path| fs::create_dir(path).unwrap(), 78),
];

fn another_database(path: &Path) {
    let db = rusqlite::Connection::open(path).unwrap();
    db.execute_batch(
        "CREATE TABLE recipe (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO recipe VALUES (1, 'soup')",
    )
    .unwrap();
}

/// A real ledger, in one file without companions.
fn real(path: &Path) {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    cli.run(["sms", "A", "--delivered", "--ledger", "made.db"]).exits(0);
    let db = rusqlite::Connection::open(cli.path("here/made.db")).unwrap();
    db.execute("VACUUM INTO ?1", [path.to_str().unwrap()]).unwrap();
}

fn newer(path: &Path) {
    real(path);
    let db = rusqlite::Connection::open(path).unwrap();
    db.execute_batch("UPDATE program SET version = '7.8.9'; PRAGMA user_version = 999").unwrap();
}

fn link_to_a_ledger(path: &Path) {
    let target = path.with_file_name("target.db");
    real(&target);
    symlink(&target, path).unwrap();
}

/// Puts two entries of the index of settled rows in the wrong order.
fn swap_in_index(ledger: &Path) {
    let db = rusqlite::Connection::open(ledger).unwrap();
    db.execute("UPDATE conversion SET settled = settled - 20 + id", []).unwrap();
    let root = "SELECT rootpage FROM sqlite_master WHERE name = 'conversion_settled'";
    let page: usize = db.query_row(root, [], |row| row.get::<_, i64>(0)).unwrap().try_into().unwrap();
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    db.close().unwrap();
    let mut bytes = fs::read(ledger).unwrap();
    // A page that has entries only: its kind, then five numbers, then where each entry is.
    let page = &mut bytes[(page - 1) * 4096..][..4096];
    assert_eq!((page[0], page[4]), (10, 5), "a leaf with five entries");
    let (first, last) = (8, 8 + 2 * 4);
    page.swap(first, last);
    page.swap(first + 1, last + 1);
    fs::write(ledger, bytes).unwrap();
}

#[test]
fn forgetting_by_a_damaged_index_ends_and_says_so() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let forget = ["ledger", "forget", "settled", "--older-than", "0s", "--yes", "--ledger"];
    for name in ["whole.db", "damaged.db"] {
        cli.run(["sms", "A", "B", "C", "D", "E", "--delivered", "--ledger", name]).exits(0);
    }
    swap_in_index(&cli.path("here/damaged.db"));
    cli.run(forget.iter().chain(&["whole.db"])).exits(0);
    let ran = cli.run(forget.iter().chain(&["damaged.db"]));
    assert!(ran.exits(74).stderr.contains("damaged"), "{}", ran.shown());
}

/// What a run for one conversion syncs, in order: names of files, and of the ledger's folder.
fn synced(cli: &Cli, id: &str) -> Vec<String> {
    let line = format!(
        "strace -f -y -o ../trace -e trace=fsync,fdatasync nexmo-conversion sms {id} --delivered -q --ledger here.db"
    );
    cli.shell(&line).exits(0);
    let trace = fs::read_to_string(cli.path("trace")).unwrap();
    let names = trace.lines().filter_map(|line| line.split_once("sync(")?.1.split_once('<')?.1.split_once('>'));
    let name = |path: &str| Path::new(path).file_name().unwrap().to_string_lossy().into_owned();
    names.map(|(path, _)| name(path)).filter(|name| name != "here.db.ballast").collect()
}

#[test]
fn one_conversion_takes_two_syncs_and_a_log_without_a_name_is_named_first() {
    let what = "the syncs of one conversion";
    if !is_here(Needed::Strace, what) {
        return;
    }
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    if cli.shell("strace -f -o /dev/null true").status != Some(0) {
        return skip(what, "nobody may trace here");
    }
    let [recorded, settled] = ["here.db-wal"; 2].map(String::from);
    let both = [recorded, settled];
    // The folder, and the head of the log.
    let named = ["here", "here.db-wal"].map(String::from);
    let named_and_both = [named, both.clone()].concat();
    let first = synced(&cli, "A");
    assert!(first.ends_with(&named_and_both), "{first:?}");
    assert_eq!(synced(&cli, "B"), both);
    // SQLite's own tools write the log back and remove it.
    let open = || rusqlite::Connection::open(cli.path("here/here.db")).unwrap();
    let db = open();
    assert_eq!(db.query_row("SELECT count(*) FROM conversion", [], |row| row.get(0)), Ok(2));
    db.close().unwrap();
    assert!(!cli.path("here/here.db-wal").exists());
    assert_eq!(synced(&cli, "C"), named_and_both);
    // Without this mode there is no log.
    let db = open();
    db.pragma_update(None, "journal_mode", "delete").unwrap();
    db.close().unwrap();
    let last = synced(&cli, "D");
    assert!(last.ends_with(&named_and_both), "{last:?}");
}

/// The bytes of all files in a folder, by name.
fn bytes(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    all.sort();
    all
}

const RECORD: &str = "{\"id\":\"A\",\"timestamp\":\"2026-11-22 01:25:26\"}\n";

#[test]
fn a_file_that_is_no_ledger_of_ours_is_refused_and_left_as_it_is() {
    let mut shown = Vec::new();
    for (about, spoil, status) in SPOILED {
        let sandbox = api::plain();
        let cli = Cli::new().against(&sandbox);
        let folder = cli.path("state");
        fs::create_dir(&folder).unwrap();
        let file = folder.join("ledger.db");
        spoil(&file);
        let before = bytes(&folder);
        let cli = cli.with("NEXMO_CONVERSION_LEDGER", &file);
        for (arguments, input) in [
            (&["batch", "--channel", "sms", "--delivered", "true"][..], RECORD),
            (&["sms", "A", "--delivered"], ""),
            (&["ledger", "resume"], ""),
            (&["ledger", "status"], ""),
            (&["ledger", "refused"], ""),
            (&["ledger", "forget", "pending", "--older-than", "0s"], ""),
        ] {
            let ran = cli.run_with_input(arguments, input);
            // A newer ledger cannot be read either; every command that fails to says so.
            assert_eq!(ran.status, Some(*status), "{about} {arguments:?}: {}", ran.shown());
            if arguments[0] == "batch" {
                shown.push(format!("## {about}\n{}", ran.shown()));
            }
        }
        assert_eq!(api::requests(&sandbox), 0, "{about}");
        assert_eq!(bytes(&folder), before, "{about}: untouched");
        cli.run(["sms", "A", "--delivered", "--no-ledger"]).exits(0);
    }
    assert_same("spoiled_ledgers", shown);
}

#[test]
fn a_folder_that_cannot_be_written_to_stops_the_run_before_anything_is_sent() {
    // Even root is stopped by the kernel's own read-only folder.
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox).with("XDG_STATE_HOME", "/proc/self");
    let ran = cli.run_with_input(BATCH, records(3));
    ran.exits(74);
    assert!(ran.stderr.contains("cannot create folder"), "{}", ran.stderr);
    assert_eq!(api::requests(&sandbox), 0);
}

#[test]
fn a_refusal_fails_once_and_again_with_strict() {
    let sandbox = api::answering(&["420", "ok"]);
    let cli = Cli::new().against(&sandbox);
    let input =
        "{\"id\":\"R\",\"ts\":\"2026-11-22 01:25:26\"}\nnot json\n{\"id\":\"G\",\"ts\":\"2026-11-22 01:25:26\"}\n";
    let one_by_one = BATCH.iter().chain(&["--jobs", "1", "--format", "ndjson"]);
    let first = cli.run_with_input(one_by_one.clone(), input);
    first.exits(65);
    assert_eq!(came_to(&first), ["rejected bad_parameters", "invalid bad_record", "accepted"]);
    let again = cli.run_with_input(one_by_one.clone(), input);
    again.exits(0);
    assert_eq!(
        came_to(&again),
        ["skipped already_refused", "skipped already_refused", "skipped already_accepted"]
    );
    let strict = cli.run_with_input(one_by_one.chain(&["--strict"]), input);
    strict.exits(65);
    assert_eq!(came_to(&strict), ["rejected bad_parameters", "invalid bad_record", "skipped already_accepted"]);
    assert_eq!(api::requests(&sandbox), 2);
}

#[test]
fn every_id_gets_its_line_also_where_there_is_no_ledger_to_keep_it() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let ran = cli.run(["sms", "A", "B", "--delivered", "--json", "--ledger", "/"]);
    ran.exits(78);
    assert_eq!(came_to(&ran), ["retry not_recorded", "retry not_recorded"]);
    assert_eq!(api::requests(&sandbox), 0);
}

#[test]
fn every_record_of_a_stream_gets_its_line_where_there_is_no_ledger_to_keep_it() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let nowhere = ["--ledger", "/"];
    let file = cli.file("ids", records(3000), 0o644);
    let ran = cli.run(BATCH.iter().chain(&nowhere).chain(&[file.to_str().unwrap()]));
    assert_eq!(came_to(ran.exits(78)), vec!["retry not_recorded"; 3000], "a file is read to its end");
    let ran = cli.run_with_input(BATCH.iter().filter(|word| **word != "--json").chain(&nowhere), "B\n");
    assert!(ran.exits(78).shown().contains("B  delivered=true"), "{}", ran.shown());
    let mut live = cli.start_with_pipe(BATCH.iter().chain(&nowhere));
    live.write("C\n");
    assert!(live.next_line().contains("not_recorded"));
    // The pipe stays open, and its end is not waited for.
    wait_until("the run has ended", || live.has_ended());
    assert_eq!(live.finish().0, Some(78));
    assert_eq!(api::requests(&sandbox), 0);
}

/// Another program, a backup for example, that keeps the ledger for itself for longer than a run waits.
#[test]
fn every_id_gets_its_line_while_another_writer_keeps_the_ledger() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    cli.run(["sms", "A", "--delivered"]).exits(0);
    let db = rusqlite::Connection::open(cli.path(WHERE)).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let ran = cli.run(["sms", "B", "C", "--delivered", "--json"]);
            assert_eq!(came_to(ran.exits(74)), ["retry not_recorded", "retry not_recorded"]);
        });
        scope.spawn(|| {
            let ran = cli.run_with_input(BATCH, "D\n<html>\nE\n");
            assert_eq!(came_to(ran.exits(74)), ["retry not_recorded", "invalid bad_record", "retry not_recorded"]);
            assert!(ran.said().contains("nothing was recorded"), "{}", ran.shown());
        });
    });
    db.execute_batch("ROLLBACK").unwrap();
    assert_eq!(api::requests(&sandbox), 1);
    cli.run(["sms", "B", "C", "--delivered"]).exits(0);
    let ran = cli.run_with_input(BATCH, "D\n<html>\nE\n");
    assert_eq!(came_to(ran.exits(65)), ["accepted", "invalid bad_record", "accepted"], "nothing was kept");
}

#[test]
fn what_is_typed_without_a_time_is_news_unless_it_is_the_newest_value_and_force_sends_it_all_the_same() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let says = |value: &str, more: &[&str]| {
        let ran = cli.run(["sms", "F", value, "--json"].iter().chain(more));
        came_to(ran.exits(0)).remove(0)
    };
    let (yes, no) = ("--delivered", "--delivered=false");
    assert_eq!(says(yes, &[]), "accepted");
    assert_eq!(says(yes, &[]), "skipped already_accepted");
    for value in [no, yes, no, yes] {
        assert_eq!(says(value, &[]), "accepted", "{value}");
    }
    assert_eq!(says(yes, &[]), "skipped already_accepted");
    assert_eq!(says(yes, &["--force"]), "accepted");
    let old = ["--timestamp", "2026-11-22 01:25:26"];
    assert_eq!(says(no, &old), "skipped stale");
    assert_eq!(says(no, &[old[0], old[1], "--force"]), "accepted");
    let values: Vec<_> = received(&sandbox).into_iter().map(|(_, value)| value).collect();
    assert_eq!(values, ["true", "false", "true", "false", "true", "true", "false"]);
}
