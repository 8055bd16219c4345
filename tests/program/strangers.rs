//! Users other than the one who owns the files, and users without a home: nothing of another's is obeyed, nothing is read from or
//! made in the current folder. Most of it needs root, who alone can be others; where it cannot be tried, that is said.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown, lchown, symlink};
use std::path::Path;
use std::{fs, io};

use nexmo_conversion::sandbox::Sandbox;
use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::contains;
use rustix::process::{Pid, geteuid, getppid};

use crate::api;
use crate::cli::Cli;

const REPORT: [&str; 3] = ["sms", "A", "--delivered"];
const FILE: &str = ".config/nexmo-conversion/config.toml";
/// A number without a user: it has no entry in the user database.
const STRANGER: u32 = 61_234;

/// Whether the test that asks can be run here; printed past the harness if not, which keeps the output of what passes to itself.
pub(crate) fn can_be_others(what: &str) -> bool {
    if geteuid().is_root() && Path::new("/usr/bin/setpriv").exists() {
        return true;
    }
    let note = format!("skipped: {what}: needs root and setpriv\n");
    let _ = io::stderr().write_all(note.as_bytes());
    let parent = getppid().map_or(0, Pid::as_raw_pid);
    let notes = format!("{}/skipped-{parent}", env!("CARGO_TARGET_TMPDIR"));
    OpenOptions::new().append(true).create(true).open(notes).unwrap().write_all(note.as_bytes()).unwrap();
    false
}

/// Someone's current folder with a trap in it, and credentials in variables.
fn trapped(sandbox: &Sandbox) -> Cli<'_> {
    let cli = Cli::new().against(sandbox);
    let trap = "[network]\nbase_url = \"http://127.0.0.1:9\"\n[profiles.a]\napi_key = \"k\"\napi_secret_command = [\"touch\", \"ran\"]\n";
    cli.file("here/.config/nexmo-conversion/config.toml", trap, 0o600);
    cli.file("here/nexmo-conversion/config.toml", trap, 0o600);
    cli
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// What holds for users without a home.
#[track_caller]
fn has_no_home(cli: &Cli, sandbox: &Sandbox) {
    let sent = sandbox.counts().accepted;
    for command in [&REPORT[..], &["batch"], &["ledger", "status"], &["config", "path"], &["report"], &["check"]] {
        let ran = cli.run(command);
        ran.exits(78);
        let helps = ["HOME", "--config FILE", "--ledger FILE", "--no-ledger", "NEXMO_CONVERSION_LEDGER"];
        for help in helps {
            assert!(ran.said().contains(help), "{help}: {}", ran.shown());
        }
        if command[0] != "check" {
            assert_eq!(
                ran.stderr.lines().filter(|line| line.starts_with("error: ")).count(),
                1,
                "{}",
                ran.shown()
            );
        }
    }
    assert_eq!(sandbox.counts().accepted, sent);
    cli.run(REPORT.iter().chain(&["--no-ledger"])).exits(0);
    cli.run(REPORT.iter().chain(&["--ledger", "mine.db"])).exits(0);
    assert_eq!(sandbox.counts().accepted, sent + 2);
    let known =
        |name: &String| name.starts_with("mine.db") || [".config", "nexmo-conversion"].contains(&name.as_str());
    assert!(names(&cli.path("here")).iter().all(known), "{:?}", names(&cli.path("here")));
    assert!(!cli.path("here/ran").exists(), "the command of the current folder's configuration was run");
}

#[test]
fn a_relative_home_is_none() {
    let sandbox = api::plain();
    for home in [".", "home", "../here"] {
        let cli = trapped(&sandbox).with("HOME", home);
        has_no_home(&cli.with("XDG_CONFIG_HOME", ".config").with("XDG_STATE_HOME", "state"), &sandbox);
    }
}

#[test]
fn a_user_without_an_entry_has_no_home_but_what_the_variables_say() {
    if !can_be_others("a user without an entry") {
        return;
    }
    let sandbox = api::plain();
    let bare = || trapped(&sandbox).without("XDG_CONFIG_HOME").without("XDG_STATE_HOME");
    has_no_home(&bare().without("HOME").owned_by(STRANGER), &sandbox);
    has_no_home(&bare().with("HOME", "").owned_by(STRANGER), &sandbox);
    let relative = trapped(&sandbox).without("HOME").with("XDG_CONFIG_HOME", ".config").with("XDG_STATE_HOME", "");
    has_no_home(&relative.owned_by(STRANGER), &sandbox);
    // With an absolute folder for either there is that one.
    let cli = trapped(&sandbox).without("HOME").without("XDG_CONFIG_HOME").owned_by(STRANGER);
    cli.run(REPORT).exits(0);
    assert!(cli.path(".local/state/nexmo-conversion/ledger.db").exists());
}

#[test]
fn without_variables_the_user_database_tells_the_home() {
    let cli = Cli::new().without("HOME").without("XDG_CONFIG_HOME");
    let ran = cli.run(["config", "path"]);
    // Where there is an entry; a container may have none for the user who runs the tests.
    if ran.status == Some(0) {
        assert!(ran.stdout.starts_with('/') && !ran.stdout.contains("here"), "{}", ran.shown());
    } else {
        ran.exits(78);
    }
    // A relative folder counts as unset, as its specification says.
    let relative = Cli::new().with("XDG_CONFIG_HOME", "config");
    let path = relative.path(FILE);
    assert_eq!(relative.run(["config", "path"]).exits(0).stdout.trim_end(), path.to_str().unwrap());
}

#[test]
fn another_users_configuration_is_not_obeyed() {
    if !can_be_others("another user's configuration") {
        return;
    }
    let sandbox = api::plain();
    let trap = format!("[network]\nbase_url = \"{}\"\n", sandbox.base_url());
    let refuses = |cli: &Cli, why: &str, help: &str| {
        for flags in [&[][..], &["--no-ledger"], &["--dry-run"]] {
            let ran = cli.run(REPORT.iter().chain(flags));
            ran.exits(78);
            ran.remarks(&contains(why).and(contains(help)));
        }
        cli.run(["check"]).exits(78);
        assert_eq!(sandbox.counts().connections, 0);
    };
    let good = || {
        let cli = Cli::new().with("NEXMO_CONVERSION_BASE_URL", "").configured(&trap);
        cli.with("VONAGE_API_KEY", api::KEY).with("VONAGE_API_SECRET", api::SECRET)
    };
    let cli = good();
    chown(cli.path(FILE), Some(STRANGER), None).unwrap();
    refuses(&cli, "belongs to another user (uid 61234)", "chown 0 '");

    let cli = good();
    chown(cli.path(".config"), Some(STRANGER), None).unwrap();
    refuses(&cli, ".config, which belongs to another user", "chown -h 0 '");

    let cli = good();
    cli.file("theirs.toml", &trap, 0o644);
    fs::remove_file(cli.path(FILE)).unwrap();
    symlink(cli.path("theirs.toml"), cli.path(FILE)).unwrap();
    lchown(cli.path(FILE), Some(STRANGER), None).unwrap();
    refuses(&cli, "config.toml, which belongs to another user", "chown -h 0 '");

    let cli = good().owned_by(STRANGER);
    chown(cli.path(FILE), Some(0), None).unwrap();
    fs::set_permissions(cli.path(FILE), fs::Permissions::from_mode(0o644)).unwrap();
    cli.run(REPORT).exits(0);
    chown(cli.path(FILE), Some(STRANGER + 1), None).unwrap();
    let ran = cli.run(REPORT);
    ran.exits(78);
    ran.remarks(&contains(format!("chown {STRANGER} '")));
}

#[test]
fn a_secret_that_is_mounted_for_a_group_is_used_without_a_word() {
    if !can_be_others("a secret that is mounted for a group") {
        return;
    }
    let sandbox = api::plain();
    let cli = Cli::new().at(&sandbox).with("VONAGE_API_KEY", api::KEY);
    let secret = cli.file("mount/..2026/secret", api::SECRET, 0o440);
    symlink("..2026", cli.path("mount/..data")).unwrap();
    symlink("..data/secret", cli.path("mount/secret")).unwrap();
    let cli = cli.with("VONAGE_API_SECRET_FILE", "../mount/secret").owned_by(STRANGER);
    for (name, mode) in [("mount", 0o3777), ("mount/..2026", 0o2755), ("mount/..2026/secret", 0o440)] {
        chown(cli.path(name), Some(0), Some(2000)).unwrap();
        fs::set_permissions(cli.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    for link in ["mount/..data", "mount/secret"] {
        lchown(cli.path(link), Some(0), Some(0)).unwrap();
    }
    let ran = cli.run(REPORT);
    assert_eq!(ran.exits(0).stderr, "", "{}", ran.shown());
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o444)).unwrap();
    cli.run(["sms", "B", "--delivered"]).exits(0).remarks(&contains("can be read by others (mode 0444)"));
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o460)).unwrap();
    cli.run(REPORT).exits(78).remarks(&contains("chmod 600 '"));
}

#[test]
fn check_finds_a_ledger_that_this_user_cannot_write() {
    if !can_be_others("a ledger that this user cannot write") {
        return;
    }
    let sandbox = api::plain();
    let fails = |cli: &Cli, flags: &[&str]| {
        let ran = cli.run(["check", "--json"].iter().chain(flags));
        ran.exits(74);
        let line = ran.lines().into_iter().find(|line| line["check"] == "ledger").unwrap();
        assert_eq!(line["status"], "fail", "{line}");
        assert!(line["hint"].as_str().unwrap().contains("--ledger FILE"), "{line}");
        // A run says the same.
        cli.run(REPORT.iter().chain(flags)).exits(74);
    };
    let homeless = Cli::new().against(&sandbox).without("XDG_STATE_HOME").without("XDG_CONFIG_HOME");
    fails(&homeless.with("HOME", "/nonexistent").owned_by(STRANGER), &[]);

    let cli = Cli::new().against(&sandbox).owned_by(STRANGER);
    fs::create_dir(cli.path("roots")).unwrap();
    fails(&cli, &["--ledger", "../roots/ledger.db"]);
    fails(&cli, &["--ledger", "../roots/below/ledger.db"]);
    assert_eq!(names(&cli.path("roots")), [""; 0]);

    cli.run(REPORT).exits(0);
    let ledger = cli.path(".local/state/nexmo-conversion/ledger.db");
    cli.run(["check"]).exits(0);
    fs::set_permissions(&ledger, fs::Permissions::from_mode(0o400)).unwrap();
    fails(&cli, &[]);
    fs::set_permissions(&ledger, fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(ledger.parent().unwrap(), fs::Permissions::from_mode(0o500)).unwrap();
    fails(&cli, &[]);
}

#[test]
fn what_roots_run_left_beside_a_users_ledger_is_reported_with_what_mends_it_by_check_too() {
    if !can_be_others("what root's run left beside a user's ledger") {
        return;
    }
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox).owned_by(STRANGER);
    cli.run(REPORT).exits(0);
    let ledger = cli.path(".local/state/nexmo-conversion/ledger.db");
    let beside = |end: &str| ledger.with_file_name(format!("ledger.db{end}"));
    let crashed = rusqlite::Connection::open(&ledger).unwrap();
    crashed.execute("INSERT INTO run (id, started) VALUES (7, 0)", []).unwrap();
    drop(crashed);
    fs::write(beside(".run-7.lock"), "").unwrap();
    for end in [".run-7.lock", ".next.lock", ".write.lock", "-wal", "-shm"] {
        if !beside(end).exists() {
            fs::write(beside(end), "").unwrap();
        }
        chown(&ledger, Some(STRANGER), Some(STRANGER)).unwrap();
        for other in ["", ".run-7.lock", ".next.lock", ".write.lock", "-wal", "-shm"] {
            let _ = chown(beside(other), Some(STRANGER), Some(STRANGER));
        }
        chown(beside(end), Some(0), Some(0)).unwrap();
        fs::set_permissions(beside(end), fs::Permissions::from_mode(0o600)).unwrap();
        for command in [&["check"][..], &REPORT] {
            let ran = cli.run(command);
            ran.exits(74);
            let mends = format!("sudo chown {STRANGER} '{}'*", ledger.display());
            assert!(ran.said().contains(&mends), "{end}: {}", ran.shown());
            assert!(ran.said().contains("belongs to another user (uid 0)"), "{end}: {}", ran.shown());
        }
        chown(beside(end), Some(STRANGER), Some(STRANGER)).unwrap();
    }
    cli.run(["sms", "B", "--delivered"]).exits(0);
    cli.run(["check"]).exits(0);
}
