//! What is in the pictures: a home with a configuration, a sandbox, two hours of conversions, and the program in its three roles.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use nexmo_conversion::clock;
use nexmo_conversion::sandbox::{Encryption, Sandbox, SandboxAccount, SandboxOptions, Script};
use rusqlite::Connection;
use tempfile::TempDir;

use super::moments::{Moments, STEP};

const KEY: &str = "abcd1234";
const SECRET: &str = "of the pictures";
/// Instead of the fingerprint, which depends on the sandbox's port.
const FINGERPRINT: &str = "8d45af51c25902c3";
const HOME: &str = "/home/me";
const SPAN: i64 = 7200;
/// In the span, and before its newest mark.
const RECORDS: i64 = 1400;

pub(super) struct Scene {
    folder: TempDir,
    program: PathBuf,
    sandbox: Sandbox,
}

pub(super) struct Report {
    /// With the command before it and terminal colours in it.
    pub(super) text: String,
    pub(super) page: String,
}

impl Scene {
    pub(super) fn new(program: &Path) -> anyhow::Result<Self> {
        let every = vec!["230:420".parse().ok().context("the sandbox does not know this answer")?];
        let options = SandboxOptions {
            encryption: Encryption::Plain,
            accounts: vec![SandboxAccount::new(KEY, SECRET)?],
            script: Script { every, ..Script::default() },
            ..SandboxOptions::default()
        };
        let scene =
            Self { folder: tempfile::tempdir()?, program: program.to_owned(), sandbox: Sandbox::start(options)? };
        let settings = format!("[profiles.2fa]\napi_key = \"{KEY}\"\napi_secret_file = \"2fa.secret\"\n");
        let others = "\n[network]\nmax_time = \"10s\"\nretry = 2\n\n[batch]\nrate = \"50/s\"\n";
        scene.configure("showing", &format!("default_profile = \"2fa\"\n\n{settings}{others}"))?;
        scene.configure("sending", &format!("{settings}base_url = \"{}\"\n", scene.sandbox.base_url()))?;
        Ok(scene)
    }

    /// A home of its own for what this picture shows.
    fn configure(&self, home: &str, settings: &str) -> anyhow::Result<()> {
        let folder = self.folder.path().join(home).join(".config/nexmo-conversion");
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        for (name, text) in [("config.toml", settings), ("2fa.secret", SECRET)] {
            fs::write(folder.join(name), text)?;
            fs::set_permissions(folder.join(name), Permissions::from_mode(0o600))?;
        }
        Ok(())
    }

    pub(super) fn config_show(&self) -> anyhow::Result<String> {
        let shown = self.run("showing", &["config", "show"])?;
        let home = self.folder.path().join("showing");
        Ok(typed("config show", &shown.replace(&*home.to_string_lossy(), HOME)))
    }

    /// Two hours up to the newest mark. A mark that passes meanwhile begins it anew.
    pub(super) fn report(&self) -> anyhow::Result<Report> {
        for _ in 0..3 {
            let mark = newest_mark();
            let ledger = self.folder.path().join(format!("{mark}.db"));
            self.fill(&ledger, mark)?;
            let with_ledger = |arguments: &[&str]| {
                let mut all = vec!["report", "--since", "2h", "--ledger", ledger.to_str().unwrap_or_default()];
                all.extend(arguments);
                self.run("sending", &all)
            };
            let before = clock::now().unix();
            let (text, page) = (with_ledger(&["--color", "always"])?, with_ledger(&["--html", "-"])?);
            let after = clock::now().unix();
            // The output says minutes of its own moment, and must have one moment only.
            if newest_mark() == mark && before / 60 == after / 60 && before > mark {
                let moments = Moments::new(mark, before, SPAN);
                let known =
                    self.run("sending", &["ledger", "status", "--ledger", ledger.to_str().unwrap_or_default()])?;
                let fingerprint =
                    known.lines().nth(1).and_then(|line| line.split(' ').next()).context("no account")?;
                let fixed = |text: &str| moments.fixed(&text.replace(fingerprint, FINGERPRINT));
                return Ok(Report { text: typed("report --since 2h", &fixed(&text)), page: fixed(&page) });
            }
        }
        anyhow::bail!("the report took longer than the minute in which it began, three times")
    }

    /// Sends what happened in the two hours, and then says in the ledger when each was accepted, and after how many requests.
    fn fill(&self, ledger: &Path, mark: i64) -> anyhow::Result<()> {
        let mut input = "message_id,channel,delivered,timestamp\n".to_owned();
        for n in 0..RECORDS {
            let age = (SPAN - 2 * STEP - 10) * (RECORDS - n) / RECORDS;
            let channel = if n % 4 == 0 { "voice" } else { "sms" };
            // The sms have a bad half hour, and calls are always worse.
            let bad = n * 10 / RECORDS == 5 || n * 10 / RECORDS == 6;
            let percent = if channel == "voice" {
                64 + n / 7 % 5
            } else if bad {
                58
            } else {
                84 + n / 90 % 4
            };
            let delivered = n * 37 % 100 < percent;
            let _ = writeln!(input, "ID{n:05},{channel},{delivered},{}", mark - age);
        }
        let file = self.folder.path().join("conversions.csv");
        fs::write(&file, input)?;
        let (file, place) = (file.to_string_lossy(), ledger.to_string_lossy());
        // Some are refused. One job, so that the same ones are.
        self.command("sending", &["batch", "-q", "-j", "1", "--ledger", &place, &file]).output()?;
        let rows = Connection::open(ledger)?.execute(
            "UPDATE conversion SET settled = timestamp + 2 + id * 37 % 23 + (id % 97 = 0) * (200 + id % 7 * 60),
                                   recorded = timestamp, attempts = attempts + (id % 160 = 0)",
            [],
        )?;
        ensure!(rows == usize::try_from(RECORDS)?, "the ledger has {rows} conversions");
        Ok(())
    }

    /// On a terminal, as `script` plays one: what was on it when some 40 % were answered.
    pub(super) fn progress(&self) -> anyhow::Result<String> {
        let mut input = "message_id,channel,delivered\n".to_owned();
        for n in 0..600 {
            let _ = writeln!(input, "0A0000000123{n:04},sms,{}", n % 5 > 0);
        }
        let file = self.folder.path().join("sending/conversions.csv");
        fs::write(&file, input)?;
        let line = format!("{} batch --rate 200/s conversions.csv", self.program.display());
        let mut command = self.command("sending", &[]);
        let mut script = Command::new("script");
        script.args(["-qefc", &line, "/dev/null"]).env_clear();
        script.envs(command_environment(&mut command)).env("TERM", "xterm").env("COLUMNS", "100");
        script.current_dir(self.folder.path().join("sending"));
        let output = script.output().context("no script(1) of util-linux, which plays a terminal")?;
        let screen = String::from_utf8_lossy(&output.stdout).into_owned();
        let (results, progress) = at_a_good_moment(&screen).context("no progress line was seen")?;
        let shown: Vec<_> = results.into_iter().chain([progress]).collect();
        Ok(typed("batch --rate 200/s conversions.csv", &without_moments(&shown.join("\n"))))
    }

    fn run(&self, home: &str, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.command(home, arguments).output()?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{arguments:?} failed: {complaint}");
        Ok(String::from_utf8(output.stdout)?)
    }

    fn command(&self, home: &str, arguments: &[&str]) -> Command {
        let home = self.folder.path().join(home);
        let mut command = Command::new(&self.program);
        command.args(arguments).env_clear().env("LC_ALL", "C.UTF-8").env("COLUMNS", "80");
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", &home).env("TMPDIR", self.folder.path());
        command
    }
}

fn command_environment(command: &mut Command) -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
    command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect()
}

fn newest_mark() -> i64 {
    let now = clock::now().unix();
    now - now % STEP
}

/// With the prompt and the command before it.
fn typed(command: &str, answer: &str) -> String {
    format!("\x1b[1m$ nexmo-conversion {command}\x1b[0m\n{}\n", answer.trim_end())
}

/// Some result lines, and the progress line below them.
fn at_a_good_moment(screen: &str) -> Option<(Vec<String>, String)> {
    let pieces: Vec<String> =
        screen.split(['\r', '\n']).map(plain).filter(|piece| !piece.trim().is_empty()).collect();
    let is_progress = |piece: &String| piece.contains(" answered, ");
    let moment = pieces.iter().position(|piece| is_progress(piece) && piece.starts_with("####"))?;
    let results: Vec<_> =
        pieces[..moment].iter().rev().filter(|piece| piece.starts_with("accepted ")).take(6).cloned().collect();
    (results.len() == 6).then(|| (results.into_iter().rev().collect(), pieces[moment].clone()))
}

/// Without the sequences that move the cursor and clear lines.
fn plain(piece: &str) -> String {
    let mut parts = piece.split('\x1b');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let part = part.strip_prefix('[').unwrap_or(part);
        text + part
            .trim_start_matches(|c: char| c.is_ascii_digit() || c == ';' || c == '?')
            .get(1..)
            .unwrap_or_default()
    })
}

/// The days of the result lines are those of the other pictures.
fn without_moments(text: &str) -> String {
    let today: String = clock::now().to_string().chars().take(10).collect();
    text.replace(&today, "2026-11-22")
}
