//! A run during which something fails, the runs after it, and what is asked of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::ensure;

use super::super::stage::BREAK;
use super::super::{ledger_rows, strace};
use super::{Fault, Promise, Stage, copy_folder, said_of};

/// What the program is asked to do, with what it finds.
pub(super) struct Scene {
    pub(super) name: &'static str,
    kind: Kind,
    /// What the program is given.
    ids: Vec<String>,
    /// The ledger's folder as the program finds it; none yet without one.
    found: Option<PathBuf>,
    /// What the ledger has and has not sent.
    pending: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Batch,
    Sms,
}

/// What came of one run with a fault and those after it.
#[derive(Debug, Default)]
pub(super) struct Trial {
    pub(super) fired: usize,
    pub(super) exit: String,
    pub(super) hung: bool,
    pub(super) lost: usize,
    pub(super) duplicates: usize,
    pub(super) complaints: Vec<String>,
}

/// A program that takes longer than this many seconds hangs; one that waits for a lock gives up after ten.
const PATIENCE: &str = "20";

/// The exit codes with which the program may answer a fault: all is well, or what could not be read, written or configured.
const ANSWERS: [i32; 5] = [0, 66, 74, 75, 78];

/// What the loader exits with when it cannot open a library, before the program begins.
const LOADER: i32 = 127;

impl Scene {
    pub(super) fn all(stage: &Stage) -> anyhow::Result<Vec<Self>> {
        let ids = |letter: char, count: usize| (0..count).map(|number| format!("{letter}{number}")).collect();
        let crashed = Crash::stage(stage)?;
        let mut mixed: Vec<String> = ids('N', 6);
        mixed.extend(crashed.pending.iter().take(3).cloned());
        Ok(vec![
            Self {
                name: "first batch",
                kind: Kind::Batch,
                ids: ids('B', 10),
                found: None,
                pending: BTreeSet::new(),
            },
            Self {
                name: "batch after a crash",
                kind: Kind::Batch,
                ids: mixed,
                found: Some(crashed.folder.clone()),
                pending: crashed.pending.clone(),
            },
            Self {
                name: "sms after a crash",
                kind: Kind::Sms,
                ids: ids('S', 3),
                found: Some(crashed.folder),
                pending: crashed.pending,
            },
        ])
    }

    /// Plays it with the call of this number failing, and then without a fault until everything is at its end.
    pub(super) fn play(
        &self,
        stage: &Stage,
        fault: &Fault,
        number: usize,
        promise: Promise,
    ) -> anyhow::Result<Trial> {
        let mut trial = Trial::default();
        let place = stage.folder.path().join("play");
        if place.exists() {
            fs::remove_dir_all(&place)?;
        }
        fs::create_dir(&place)?;
        if let Some(found) = &self.found {
            copy_folder(found, &place.join("ledger"))?;
        }
        let begin = stage.witness.log_length();

        let log = place.join("strace.log");
        let mut command = stage.witness.command(Path::new("timeout"));
        command.args(["-s", "KILL", PATIENCE, "strace", "-f", "-o"]).arg(&log).args(fault.options(number));
        match promise {
            Promise::Kept => command.arg(&stage.programs.honest),
            Promise::Broken => command.arg(&stage.programs.breakable).env(BREAK, "recorded-before-result"),
        };
        let output = self.give(&mut command, &place, &self.ids)?;
        let log = fs::read_to_string(&log)?;
        trial.fired = log.lines().filter(|line| line.ends_with("(INJECTED)")).count();
        let accepted = said_of(&output.stdout, &["accepted"]);
        // A record that a crashed run had left, and that was sent before the input was read, is skipped there.
        let done_with = said_of(&output.stdout, &["accepted", "skipped"]);
        trial.judge_answer(&output, &log, self.ids.iter().all(|id| done_with.contains(id)));

        let left: Vec<_> = self.ids.iter().filter(|id| !accepted.contains(*id)).cloned().collect();
        if !left.is_empty() {
            let mut command = stage.witness.command(&stage.programs.honest);
            let again = self.give(&mut command, &place, &left)?;
            // `sms` only mentions what a crashed run left.
            if !is_done_but_for_others(&again) {
                trial.must_succeed("the input read again", &again);
            }
        }
        let mut command = stage.witness.command(&stage.programs.honest);
        command.env("NEXMO_CONVERSION_LEDGER", ledger(&place)).args(["ledger", "resume"]);
        trial.must_succeed("ledger resume", &command.stdin(Stdio::null()).output()?);

        let mut arrived: BTreeMap<String, usize> = BTreeMap::new();
        for request in stage.witness.requests_since(begin)? {
            if let (Some(id), Some(200)) = (request.parameter("message-id"), request.status) {
                *arrived.entry(id.to_owned()).or_default() += 1;
            }
        }
        self.judge_arrivals(&mut trial, &arrived, &accepted);
        match ledger_rows(&ledger(&place)) {
            Ok(rows) if rows.values().all(|state| *state == 2) => {}
            Ok(rows) => trial.complaints.push(format!("not everything is accepted in the end: {rows:?}")),
            Err(error) => trial.complaints.push(format!("the ledger is damaged: {error:#}")),
        }
        Ok(trial)
    }

    /// Runs a program with these conversions as its input.
    fn give(&self, command: &mut Command, place: &Path, ids: &[String]) -> anyhow::Result<Output> {
        command.env("NEXMO_CONVERSION_LEDGER", ledger(place)).stdin(Stdio::null()).arg("--json");
        match self.kind {
            Kind::Sms => command.args(["sms", "--delivered=true"]).args(ids),
            Kind::Batch => {
                let input = place.join("input.txt");
                fs::write(&input, ids.join("\n") + "\n")?;
                command.args(["batch", "--format", "ids", "--delivered", "true", "--channel", "sms"]).arg(input)
            }
        };
        Ok(command.output()?)
    }

    fn judge_arrivals(&self, trial: &mut Trial, arrived: &BTreeMap<String, usize>, accepted: &BTreeSet<String>) {
        let wanted: BTreeSet<_> = self.ids.iter().chain(&self.pending).collect();
        for id in &wanted {
            match arrived.get(*id).copied().unwrap_or(0) {
                0 => {
                    trial.lost += 1;
                    trial.complaints.push(format!("{id} never arrived"));
                }
                1 => {}
                2 if !accepted.contains(*id) => trial.duplicates += 1,
                times => trial.complaints.push(format!("{id} arrived {times} times")),
            }
        }
        for id in arrived.keys().filter(|id| !wanted.contains(id)) {
            trial.complaints.push(format!("{id} had been accepted before, and was sent again"));
        }
    }
}

/// Whether all that a run ended with is that other rows of the account are pending.
fn is_done_but_for_others(output: &Output) -> bool {
    let (lines, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    output.status.code() == Some(75) && said.contains("pending: ") && !lines.contains("\"outcome\":\"retry\"")
}

impl Trial {
    /// Whether the run's exit code and its words are an answer to a fault.
    fn judge_answer(&mut self, output: &Output, log: &str, all_done: bool) {
        let said = String::from_utf8_lossy(&output.stderr);
        let injected = log.lines().find(|line| line.ends_with("(INJECTED)")).unwrap_or_default();
        match output.status.code() {
            Some(137) | None if output.status.signal().is_none_or(|signal| signal == 9) => {
                self.hung = true;
                self.complaints.push("it hangs".to_owned());
            }
            Some(0) if !all_done => {
                self.complaints.push(format!("exit 0, and not everything is done: {said}"));
            }
            Some(0) => {}
            Some(LOADER) if said.contains("error while loading shared libraries") => {}
            Some(code) if ANSWERS.contains(&code) => {
                // Where writing fails, the message may be what could not be written.
                let is_done = all_done && is_done_but_for_others(output);
                if !is_done && !said.contains("error: ") && !injected.contains(" write(") {
                    self.complaints.push(format!("exit {code} without an error message: {said}"));
                }
            }
            Some(_) | None => self.complaints.push(format!("{}: {said}", output.status)),
        }
        self.exit = output.status.code().map_or_else(|| output.status.to_string(), |code| code.to_string());
    }

    fn must_succeed(&mut self, what: &str, output: &Output) {
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            self.complaints.push(format!("{what}: {}: {said}", output.status));
        }
    }
}

fn ledger(place: &Path) -> PathBuf {
    place.join("ledger/ledger.db")
}

/// A ledger that a killed run left behind.
struct Crash {
    folder: PathBuf,
    pending: BTreeSet<String>,
}

impl Crash {
    fn stage(stage: &Stage) -> anyhow::Result<Self> {
        let place = stage.folder.path().join("crash");
        if place.exists() {
            fs::remove_dir_all(&place)?;
        }
        fs::create_dir(&place)?;
        let mut command = stage.witness.command(&stage.programs.honest);
        command.env("NEXMO_CONVERSION_LEDGER", ledger(&place)).args(["-q", "sms", "E0", "--delivered"]);
        ensure!(command.stdin(Stdio::null()).status()?.success(), "the run before the crash failed");
        let options = ["-e", "trace=fsync", "-e", "inject=fsync:signal=KILL:when=5"];
        let log = place.join("strace.log");
        let mut command = strace::command(&stage.witness, &options, &log, &stage.programs.honest);
        command.env("NEXMO_CONVERSION_LEDGER", ledger(&place)).args(["-q", "sms", "--delivered=true"]);
        let status = command.args((0..8).map(|number| format!("K{number}"))).stdin(Stdio::null()).status()?;
        ensure!(!status.success(), "the run that was to be killed was not");
        let folder = place.join("ledger");
        let copy = stage.folder.path().join("look");
        copy_folder(&folder, &copy)?;
        let rows = ledger_rows(&copy.join("ledger.db"))?;
        fs::remove_dir_all(copy)?;
        let (accepted, pending): (BTreeMap<_, _>, _) = rows.into_iter().partition(|(_, state)| *state == 2);
        ensure!(!accepted.is_empty() && !pending.is_empty(), "the killed run left {accepted:?} and {pending:?}");
        Ok(Self { folder, pending: pending.into_keys().collect() })
    }
}
