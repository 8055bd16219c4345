//! Machines that give a process little: few files to open, few threads to start. Fewer requests are in flight at once; where none
//! can be, the limit is named, and neither the network nor this program is blamed.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::geteuid;

use crate::api;
use crate::cli::{Cli, PROGRAM, Running};
use crate::interruptions::{records, slow};
use crate::needs::{Needed, is_here};
use crate::strangers::can_be_others;
use crate::together::together;

/// Whose processes are counted, where the test is root's, who has no limit: one for each test.
const LONELY: [u32; 3] = [64_242, 64_243, 64_244];

/// Starts the program under a limit of the shell's.
fn limited<'s>(cli: &Cli<'s>, limit: &str, arguments: &[&str]) -> Running<'s> {
    let line = format!("ulimit {limit} && exec \"$0\" \"$@\"");
    let words = ["-c", &line, PROGRAM].into_iter().chain(arguments.iter().copied());
    // POSIX has no limit on processes, and dash calls it `-p`.
    let shell = if limit.starts_with("-u") { "bash" } else { "sh" };
    let mut command = cli.command(shell, &words.map(Into::into).collect::<Vec<_>>());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    cli.spawn(command)
}

const BATCH: [&str; 9] =
    ["batch", "--channel", "sms", "--delivered", "true", "--jobs", "64", "--json", "input.ndjson"];

#[test]
fn where_too_few_files_may_be_opened_nothing_is_sent_and_the_limit_is_named() {
    let sandbox = api::plain();
    together(&[4, 5, 6, 7, 8], |limit| {
        let cli = Cli::new().against(&sandbox);
        cli.file("here/input.ndjson", records(3), 0o644);
        for arguments in [&["sms", "A", "B", "--delivered"][..], &BATCH] {
            let (status, stdout, stderr) = limited(&cli, &format!("-n {limit}"), arguments).finish();
            assert_eq!(status, Some(75), "{limit} files: {stderr}");
            if arguments[0] == "sms" {
                let is_answered = |line: &str| line.starts_with("retry ") && line.contains("not_recorded");
                assert_eq!(stdout.lines().filter(|line| is_answered(line)).count(), 2, "{limit} files: {stdout}");
            }
            assert!(stderr.contains("limit on open files (`ulimit -n`"), "{limit} files: {stderr}");
        }
    });
    assert_eq!(api::requests(&sandbox), 0);
}

#[test]
fn where_few_files_may_be_opened_there_are_fewer_requests_at_once() {
    let sandbox = slow(Duration::from_millis(5));
    together(&[11, 14, 20], |limit| {
        let cli = Cli::new().against(&sandbox);
        cli.file("here/input.ndjson", records(100), 0o644);
        let (status, stdout, stderr) = limited(&cli, &format!("-n {limit}"), &BATCH).finish();
        assert_eq!(status, Some(0), "{limit} files: {stderr}");
        assert!(stdout.lines().all(|line| line.contains("\"accepted\"")), "{limit} files: {stdout}");
        assert!(stderr.contains("fewer requests at once") && stderr.contains("instead of 64"), "{stderr}");
    });
}

#[test]
fn where_little_memory_may_be_mapped_there_are_fewer_requests_at_once() {
    let sandbox = slow(Duration::from_millis(5));
    // Kibibytes. What a thread reserves and does not touch counts, so that 64 threads ask for more than 8 GB.
    together(&[4_000_000, 400_000, 200_000, 120_000], |limit| {
        let cli = Cli::new().against(&sandbox);
        cli.file("here/input.ndjson", records(300), 0o644);
        let (status, stdout, stderr) = limited(&cli, &format!("-v {limit}"), &BATCH).finish();
        assert_eq!(status, Some(0), "{limit} KiB: {stderr}");
        assert!(stdout.lines().all(|line| line.contains("\"accepted\"")), "{limit} KiB: {stdout}");
        assert!(stderr.contains("fewer requests at once") && stderr.contains("ulimit -v"), "{stderr}");
    });
}

#[test]
fn more_files_than_may_be_opened_are_no_missing_input() {
    let cli = Cli::new().with("VONAGE_API_KEY", api::KEY).with("VONAGE_API_SECRET", api::SECRET);
    cli.file("here/input.ndjson", records(1), 0o644);
    let files = ["input.ndjson"; 20];
    let arguments: Vec<_> = BATCH.iter().copied().chain(files).collect();
    let (status, _, stderr) = limited(&cli, "-n 16", &arguments).finish();
    assert_eq!(status, Some(75), "{stderr}");
    assert!(stderr.contains("ulimit -n"), "{stderr}");
}

/// A machine whose processes are counted by themselves.
fn lonely(cli: Cli<'_>, user: u32) -> Cli<'_> {
    if geteuid().is_root() { cli.owned_by(user) } else { cli }
}

#[test]
fn without_a_thread_to_read_on_each_id_is_recorded_and_answered() {
    if !is_here(Needed::Bash, "no thread to read on") {
        return;
    }
    let sandbox = api::plain();
    let cli = lonely(Cli::new().against(&sandbox), LONELY[0]);
    let (status, stdout, stderr) = limited(&cli, "-u 1", &["sms", "A", "B", "--delivered", "--json"]).finish();
    assert_eq!(status, Some(75), "{stderr}");
    assert_eq!(stdout.lines().filter(|line| line.contains("\"outcome\":\"retry\"")).count(), 2, "{stdout}");
    assert!(stderr.contains("limit on processes (`ulimit -u`"), "{stderr}");
    cli.run(["ledger", "resume"]).exits(0);
    assert_eq!(api::requests(&sandbox), 2, "they were kept");
}

#[test]
fn with_one_thread_to_read_and_one_to_send_all_is_sent() {
    // A user's processes are not only these.
    let what = "one thread to read and one to send";
    if !can_be_others(what) || !is_here(Needed::Bash, what) {
        return;
    }
    let sandbox = slow(Duration::from_millis(5));
    let cli = lonely(Cli::new().against(&sandbox), LONELY[1]);
    let mut run = limited(&cli, "-u 3", &[&BATCH[..8], &["-"]].concat());
    run.write(records(20));
    // The reader is held in its thread by the open pipe.
    let accepted = (0..20).filter(|_| run.next_line().contains("\"accepted\"")).count();
    run.close_stdin();
    let (status, _, stderr) = run.finish();
    assert_eq!((status, accepted), (Some(0), 20), "{stderr}");
    assert!(stderr.contains("fewer requests at once") && stderr.contains("ulimit -u"), "{stderr}");
}

#[test]
fn a_sandbox_in_the_same_process_has_its_threads_too() {
    let what = "a sandbox with few threads";
    if !can_be_others(what) || !is_here(Needed::Bash, what) {
        return;
    }
    for limit in [4, 5, 8, 12] {
        let cli = lonely(Cli::new(), LONELY[2]);
        cli.file("here/input.ndjson", records(50), 0o644);
        let (status, stdout, stderr) =
            limited(&cli, &format!("-u {limit}"), &[&BATCH[..], &["--sandbox"]].concat()).finish();
        assert_eq!(status, Some(0), "{limit} threads: {stderr}");
        assert_eq!(
            stdout.lines().filter(|line| line.contains("\"accepted\"")).count(),
            50,
            "{limit} threads: {stdout}"
        );
        assert!(stderr.contains("fewer requests at once") && stderr.contains("ulimit -u"), "{stderr}");
    }
}
