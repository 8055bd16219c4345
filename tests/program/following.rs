//! `--follow`: logs that grow, are renamed, copied, cut off, removed; and the next run, which reads on.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use nexmo_conversion::sandbox::Sandbox;
use predicates::str::contains;
use rustix::process::Signal;

use crate::api;
use crate::cli::{Cli, Running, assert_same, wait_until};
use crate::interruptions::tally;
use crate::strangers::can_be_others;

const FOLLOW: [&str; 9] =
    ["batch", "--follow", "--jobs", "1", "--channel", "sms", "--delivered", "true", "app.log"];

/// Appends to a file, which is made where it is missing.
fn append(cli: &Cli<'_>, name: &str, text: &str) {
    let path = cli.path("here").join(name);
    OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

fn rename(cli: &Cli<'_>, from: &str, to: &str) {
    fs::rename(cli.path("here").join(from), cli.path("here").join(to)).unwrap();
}

fn line(id: &str) -> String {
    format!("{{\"id\":\"{id}\"}}\n")
}

/// Each of these was sent once, and nothing else was.
#[track_caller]
fn each_once(sandbox: &Sandbox, ids: &[&str]) {
    let sent = tally(sandbox);
    let expected = ids.iter().map(|id| ((*id).to_owned(), 1)).collect();
    assert_eq!(sent, expected);
}

fn wait_for(sandbox: &Sandbox, id: &str) {
    wait_until(&format!("{id} is sent"), || api::ids(sandbox).iter().any(|sent| sent == id));
}

/// How far the ledger says that files were read, in all.
fn read_to(cli: &Cli<'_>) -> i64 {
    of_followed(cli, "coalesce(sum(read_to), 0)")
}

/// Of how many files, or of how many paths without one, the ledger knows.
fn rows(cli: &Cli<'_>) -> i64 {
    of_followed(cli, "count(*)")
}

fn of_followed(cli: &Cli<'_>, what: &str) -> i64 {
    let ledger = cli.path(".local/state/nexmo-conversion/ledger.db");
    let db = rusqlite::Connection::open_with_flags(ledger, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY);
    db.and_then(|db| db.query_row(&format!("SELECT {what} FROM followed"), [], |row| row.get(0)))
        .unwrap_or_default()
}

/// Ends a run as a service manager does. Returns what is left on standard output, and standard error.
#[track_caller]
fn end(mut run: Running<'_>) -> (String, String) {
    run.signal(Signal::TERM);
    let (status, stdout, stderr) = run.finish();
    assert_eq!(status, Some(143), "{stdout}{stderr}");
    (stdout, stderr)
}

#[test]
fn lines_are_sent_as_they_are_written_half_a_line_waits_and_the_next_run_reads_on() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    append(&cli, "app.log", &(line("A") + "{\"id\":\"B"));
    let mut run = cli.start(FOLLOW);
    assert!(run.next_line().contains("accepted  sms  A"));
    append(&cli, "app.log", "\"}\n");
    assert!(run.next_line().contains("accepted  sms  B"));
    end(run);
    append(&cli, "app.log", &(line("C") + "no record\n"));
    let mut run = cli.start(FOLLOW);
    // What was read before is not even skipped, and lines keep their numbers.
    assert!(run.next_line().contains("invalid   line 4  no record"));
    assert!(run.next_line().contains("accepted  sms  C"));
    let (rest, _) = end(run);
    assert_eq!(rest, "");
    each_once(&sandbox, &["A", "B", "C"]);
}

#[test]
fn a_renamed_file_is_read_to_its_end_also_by_the_run_after_a_kill() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    append(&cli, "app.log", &line("A"));
    let mut run = cli.start(FOLLOW);
    wait_for(&sandbox, "A");
    rename(&cli, "app.log", "app.log.1");
    append(&cli, "app.log", &line("B"));
    wait_for(&sandbox, "B");
    append(&cli, "app.log.1", &line("LATE"));
    wait_for(&sandbox, "LATE");
    wait_until("that is noted", || read_to(&cli) == 36);
    run.signal(Signal::KILL);
    let _ = run.finish();
    // Twice, while nobody looks.
    append(&cli, "app.log", &line("C"));
    rename(&cli, "app.log.1", "app.log.3");
    rename(&cli, "app.log", "app.log.2");
    append(&cli, "app.log.1", &line("D"));
    append(&cli, "app.log", &line("E"));
    let mut run = cli.start(FOLLOW);
    let order: Vec<_> = (0..3).map(|_| run.next_line()).collect();
    for (line, id) in order.iter().zip(["C", "D", "E"]) {
        assert!(line.contains(&format!("accepted  sms  {id}")), "{order:?}");
    }
    let (_, stderr) = end(run);
    assert!(!stderr.contains("missing"), "{stderr}");
    each_once(&sandbox, &["A", "B", "LATE", "C", "D", "E"]);
}

#[test]
fn a_file_that_was_copied_and_cut_off_is_read_to_the_end_of_its_copy_and_anew() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    append(&cli, "app.log", &line("A"));
    let run = cli.start(FOLLOW);
    wait_for(&sandbox, "A");
    // In one moment, so that only the copy has B.
    let copied = line("A") + &line("B");
    cli.file("here/app.log.1", &copied, 0o644);
    fs::write(cli.path("here/app.log"), line("C")).unwrap();
    wait_for(&sandbox, "C");
    wait_for(&sandbox, "B");
    end(run);
    // And while nobody looks.
    append(&cli, "app.log", &line("D"));
    rename(&cli, "app.log.1", "app.log.2");
    fs::copy(cli.path("here/app.log"), cli.path("here/app.log.1")).unwrap();
    fs::write(cli.path("here/app.log"), line("E") + &line("F") + &line("G")).unwrap();
    let run = cli.start(FOLLOW);
    wait_for(&sandbox, "G");
    wait_for(&sandbox, "D");
    let (_, stderr) = end(run);
    assert!(!stderr.contains("missing"), "{stderr}");
    each_once(&sandbox, &["A", "B", "C", "D", "E", "F", "G"]);
}

#[test]
fn what_cannot_be_found_is_said_once_and_the_rest_goes_on() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    append(&cli, "app.log", &line("A"));
    let run = cli.start(FOLLOW);
    wait_for(&sandbox, "A");
    fs::write(cli.path("here/app.log"), "").unwrap();
    append(&cli, "app.log", &line("B"));
    wait_for(&sandbox, "B");
    let (_, cut) = end(run);
    assert_eq!(cut.matches("app.log: cut off, and no copy of it is found beside it").count(), 1, "{cut}");
    fs::remove_file(cli.path("here/app.log")).unwrap();
    append(&cli, "app.log", &line("C"));
    let run = cli.start(FOLLOW);
    wait_for(&sandbox, "C");
    let (_, gone) = end(run);
    assert_eq!(gone.matches("after its byte 11 may be missing").count(), 1, "{gone}");
    // Packed before it was read to its end.
    append(&cli, "app.log", &line("D"));
    rename(&cli, "app.log", "app.log.1.gz");
    append(&cli, "app.log", &line("E"));
    let run = cli.start(FOLLOW);
    wait_for(&sandbox, "E");
    let (_, stderr) = end(run);
    // By its number it is known to be the same file, whatever it is called; a real packed file is another one.
    assert!(!stderr.contains("missing"), "{stderr}");
    fs::remove_file(cli.path("here/app.log.1.gz")).unwrap();
    fs::write(cli.path("here/app.log.1.gz"), "\u{1f}").unwrap();
    fs::remove_file(cli.path("here/app.log")).unwrap();
    append(&cli, "app.log", &line("F"));
    let run = cli.start(FOLLOW);
    wait_for(&sandbox, "F");
    let (_, stderr) = end(run);
    assert!(stderr.contains("app.log.1.gz was packed before it was read to its end"), "{stderr}");
}

#[test]
fn files_that_are_not_there_yet_are_waited_for_and_one_does_not_hold_up_another() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    append(&cli, "b.csv", "id,ref\nA,1\n");
    let run = ["batch", "--follow", "--channel", "sms", "--delivered", "true", "a.csv", "b.csv"];
    let mut first = cli.start(run);
    assert!(first.next_line().contains("accepted  sms  A"));
    append(&cli, "a.csv", "message_id;ref\nB;1\n");
    assert!(first.next_line().contains("accepted  sms  B"));
    let (_, stderr) = end(first);
    assert_eq!(stderr.matches("a.csv: not there yet; waiting for it").count(), 1, "{stderr}");
    // Each header is read again, and no line.
    append(&cli, "a.csv", "C;2\n");
    append(&cli, "b.csv", "D,2\n");
    let second = cli.start(run);
    wait_for(&sandbox, "C");
    wait_for(&sandbox, "D");
    let (stdout, _) = end(second);
    assert_eq!(stdout.matches("accepted").count(), stdout.lines().count(), "{stdout}");
    each_once(&sandbox, &["A", "B", "C", "D"]);
}

#[test]
fn what_stood_at_a_path_since_it_was_first_waited_for_is_read_also_after_a_kill() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let mut run = cli.start(FOLLOW);
    wait_until("that nothing is there is noted", || rows(&cli) == 1);
    run.signal(Signal::KILL);
    let _ = run.finish();
    append(&cli, "app.log", &line("A"));
    rename(&cli, "app.log", "app.log.1");
    append(&cli, "app.log", &line("B"));
    let run = cli.start(FOLLOW);
    wait_for(&sandbox, "A");
    wait_for(&sandbox, "B");
    let (_, stderr) = end(run);
    assert!(!stderr.contains("missing"), "{stderr}");
    each_once(&sandbox, &["A", "B"]);
}

#[test]
fn without_a_ledger_and_with_other_options_a_file_is_read_from_its_beginning() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    append(&cli, "app.log", &line("A"));
    for sent in [1, 2] {
        let run = cli.start(FOLLOW.iter().chain(&["--no-ledger"]));
        wait_until("it is sent", || api::requests(&sandbox) == sent);
        end(run);
    }
    let mut run = cli.start(FOLLOW);
    assert!(run.next_line().contains("accepted"));
    end(run);
    // Another mapping may find what this one did not.
    let mut run = cli.start(FOLLOW.iter().chain(&["--field", "message-id=id"]));
    assert!(run.next_line().contains("skipped"));
    end(run);
    let run = cli.start(FOLLOW);
    append(&cli, "app.log", &line("B"));
    wait_for(&sandbox, "B");
    let (stdout, _) = end(run);
    assert_eq!(stdout.lines().count(), 1, "{stdout}");
}

#[test]
fn a_log_is_tracked_across_runs_and_its_silence_becomes_false() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let now = nexmo_conversion::clock::now().unix();
    let event = |event: &str, id: &str| {
        format!("{{\"event\":\"{event}\",\"message_id\":\"{id}\",\"channel\":\"sms\",\"timestamp\":{now}}}\n")
    };
    let track = ["track", "--follow", "--window", "4s", "app.log", "conversions.log"];
    append(&cli, "app.log", &(event("sent", "A") + &event("sent", "SILENT")));
    append(&cli, "conversions.log", "");
    let run = cli.start(track);
    wait_until("it is read", || read_to(&cli) > 0);
    end(run);
    append(&cli, "conversions.log", &event("converted", "A"));
    let mut run = cli.start(track);
    assert!(run.next_line().contains("accepted  sms  A  delivered=true"));
    assert!(run.next_line().contains("accepted  sms  SILENT  delivered=false"));
    end(run);
    each_once(&sandbox, &["A", "SILENT"]);
}

#[test]
fn what_is_no_file_is_refused_before_anything_is_sent() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    append(&cli, "app.log", &line("A"));
    fs::create_dir(cli.path("here/folder")).unwrap();
    cli.shell("mkfifo pipe").exits(0);
    let follow = |files: &[&str]| cli.run(["batch", "--follow", "--channel", "sms"].iter().chain(files));
    let shown = [
        follow(&[]).exits(2).shown(),
        follow(&["app.log", "-"]).exits(2).shown(),
        follow(&["app.log", "pipe"]).exits(2).shown(),
        follow(&["app.log", "/dev/null"]).exits(2).shown(),
        follow(&["app.log", "folder"]).exits(66).shown(),
        follow(&["app.log", "app.log"]).exits(2).shown(),
        follow(&["app.log", "--complete"]).exits(2).shown(),
        cli.run(["track", "--follow", "--at-end", "wait", "app.log"]).exits(2).shown(),
    ];
    assert_eq!(api::requests(&sandbox), 0);
    assert_same("follow_refusals", shown);
}

#[test]
fn a_file_that_may_not_be_read_is_said_and_tried_again_while_the_rest_goes_on() {
    if !can_be_others("files that may not be read") {
        return;
    }
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let secret = cli.file("here/secret.log", line("B"), 0o000);
    append(&cli, "app.log", &line("A"));
    let cli = cli.owned_by(1234);
    let run = cli.start(["batch", "--follow", "--channel", "sms", "--delivered", "true", "secret.log", "app.log"]);
    wait_for(&sandbox, "A");
    fs::set_permissions(secret, fs::Permissions::from_mode(0o600)).unwrap();
    wait_for(&sandbox, "B");
    let (_, stderr) = end(run);
    assert_eq!(stderr.matches("secret.log: cannot be read (Permission denied").count(), 1, "{stderr}");
}

#[test]
fn what_has_no_sense_as_input_ends_the_run_as_it_does_without_following() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    cli.file("here/app.log", b"\x1F\x8B\x08\x00\n", 0o644);
    cli.run(FOLLOW).exits(65).remarks(&contains("gzip"));
}

#[test]
fn a_ledger_that_does_not_open_leaves_everything_unread() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    append(&cli, "app.log", &line("A"));
    cli.file("here/ledger.db", "not a ledger, and long enough to be looked at: ".repeat(9), 0o600);
    let ran = cli.run(FOLLOW.iter().chain(&["--ledger", "ledger.db"]));
    ran.exits(78);
    assert_eq!((ran.stdout.as_str(), api::requests(&sandbox)), ("", 0));
}

#[test]
fn only_the_lines_that_are_wanted_are_taken_and_the_others_counted_at_the_end() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    append(
        &cli,
        "app.log",
        "Shop 1.2, listening\n{\"event\":\"otp\",\"id\":\"A\"}\n{\"event\":\"login\",\"id\":{}}\n",
    );
    let run = cli.start(FOLLOW.into_iter().chain(["--where", "event=otp"]));
    wait_for(&sandbox, "A");
    append(&cli, "app.log", "at shop.Login(Login.java:12)\n{\"event\":\"otp\",\"id\":\"B\"}\n");
    wait_for(&sandbox, "B");
    let (_, stderr) = end(run);
    assert!(stderr.contains("passed over: 3 lines"), "{stderr}");
    each_once(&sandbox, &["A", "B"]);
}

#[test]
fn what_is_no_input_fails_a_dry_run_too() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    append(&cli, "app.log", "[{\"id\":\"A\"}]\n");
    let ran = cli.run(FOLLOW.into_iter().chain(["--dry-run"]));
    ran.exits(65);
    assert!(ran.shown().contains("a JSON array"), "{}", ran.shown());
}

#[test]
fn a_file_that_is_named_twice_is_refused_however_it_is_written() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let ran = cli.run(FOLLOW.into_iter().chain(["./app.log"]));
    ran.exits(2);
    assert!(ran.shown().contains("named twice"), "{}", ran.shown());
}
