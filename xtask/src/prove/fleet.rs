//! Runs of several machines at once, each a `batch` that reads records from a pipe for as long as the proof goes on, and what they all
//! came to: by the sandbox's log, and by the ledger's rows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use nexmo_conversion::clock;
use nexmo_conversion::sandbox::LoggedRequest;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// W of a run with 16 jobs, as `docs/promises.md` has it.
pub(crate) const IN_FLIGHT_LIMIT: u64 = 64;

/// What each run is started as.
pub(crate) const BATCH: [&str; 4] = ["--json", "batch", "-j", "16"];

/// How every message-id begins that only one run has.
pub(crate) const OWN: &str = "own-";

/// One record of so many is one that all runs have.
const COMMON: u64 = 8;

/// How often it is looked whether feeding goes on.
const PAUSE: Duration = Duration::from_millis(2);

/// Lines are written in groups of so many.
const GROUP: u64 = 2;

/// Whatever a proof waits for comes about within this time, or something is wrong.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// A run that is under way.
pub(crate) struct Live {
    child: Child,
    feeder: JoinHandle<BTreeSet<String>>,
    reader: JoinHandle<anyhow::Result<Vec<Value>>>,
    stderr: PathBuf,
    closing: Arc<AtomicBool>,
    held: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
}

/// Whether a run is fed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feeding {
    GoesOn,
    Held,
}

/// A run that has ended by itself.
#[derive(Debug)]
pub(crate) struct Past {
    pub(crate) code: Option<i32>,
    fed: BTreeSet<String>,
    lines: Vec<Value>,
    pub(crate) stderr: String,
}

impl Live {
    /// Starts a run and feeds it two records every so often. No two runs of a proof have the same name.
    pub(crate) fn start(
        mut command: Command,
        name: &str,
        pace: Duration,
        stderr: PathBuf,
        spawn: impl FnOnce(&mut Command) -> anyhow::Result<Child>,
    ) -> anyhow::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(File::create(&stderr)?);
        let mut child = spawn(&mut command)?;
        let stdin = child.stdin.take().context("no standard input")?;
        let stdout = child.stdout.take().context("no standard output")?;
        let (closing, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let held = Arc::new(AtomicBool::new(false));
        let (is_closing, is_held) = (Arc::clone(&closing), Arc::clone(&held));
        let (counts, name) = (Arc::clone(&answered), name.to_owned());
        let feeder = thread::spawn(move || feed(stdin, &name, pace, &is_closing, &is_held));
        let reader = thread::spawn(move || read(stdout, &counts));
        Ok(Self { child, feeder, reader, stderr, closing, held, answered })
    }

    /// How many records it has answered so far.
    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Acquire)
    }

    /// Waits until it has answered so many more.
    pub(crate) fn wait_for_answers(&mut self, more: u64) -> anyhow::Result<()> {
        let before = self.answered();
        wait_until("a run does not go on", || {
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!("a run has ended with {status}: {}", fs::read_to_string(&self.stderr)?);
            }
            Ok(self.answered() >= before + more)
        })
    }

    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), signal)?)
    }

    /// Feeds it nothing for a while.
    pub(crate) fn hold(&self, feeding: Feeding) {
        self.held.store(feeding == Feeding::Held, Ordering::Release);
    }

    /// Feeds it no more.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }

    /// Waits until it has ended by itself.
    pub(crate) fn finish(mut self) -> anyhow::Result<Past> {
        self.close();
        let mut code = None;
        let ended = wait_until("a run does not end", || {
            code = self.child.try_wait()?;
            Ok(code.is_some())
        });
        if ended.is_err() {
            self.child.kill()?;
            self.child.wait()?;
        }
        let said = fs::read_to_string(&self.stderr)?;
        ended.with_context(|| said.clone())?;
        Ok(Past {
            code: code.and_then(|status| status.code()),
            fed: self.feeder.join().map_err(|_| anyhow::anyhow!("a feeder has died"))?,
            lines: self.reader.join().map_err(|_| anyhow::anyhow!("a reader has died"))??,
            stderr: said,
        })
    }
}

/// Waits until something is so, for as long as a proof has patience.
pub(crate) fn wait_until(
    else_what: &str,
    mut condition: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let began = clock::monotonic();
    while !condition()? {
        ensure!(clock::monotonic().saturating_sub(began) < PATIENCE, "{else_what}");
        clock::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Ends all runs, and returns how they ended.
pub(crate) fn finish(runs: Vec<Live>) -> anyhow::Result<Vec<Past>> {
    for run in &runs {
        run.close();
    }
    runs.into_iter().map(Live::finish).collect()
}

fn feed(
    mut pipe: ChildStdin,
    name: &str,
    pace: Duration,
    closing: &AtomicBool,
    held: &AtomicBool,
) -> BTreeSet<String> {
    let mut fed = BTreeSet::new();
    let mut made = 0;
    while !closing.load(Ordering::Acquire) {
        if held.load(Ordering::Acquire) {
            clock::sleep(PAUSE);
            continue;
        }
        let mut lines = String::new();
        for _ in 0..GROUP {
            made += 1;
            let id = if made % COMMON == 0 { format!("all-{made:07}") } else { format!("{OWN}{name}-{made:07}") };
            let _ = writeln!(lines, "{{\"message_id\":\"{id}\",\"channel\":\"sms\",\"delivered\":true}}");
            fed.insert(id);
        }
        if pipe.write_all(lines.as_bytes()).is_err() {
            break;
        }
        clock::sleep(pace);
    }
    fed
}

fn read(stdout: impl Read, answered: &AtomicU64) -> anyhow::Result<Vec<Value>> {
    let mut lines = Vec::new();
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        lines.push(serde_json::from_str(&line).context(line)?);
        answered.fetch_add(1, Ordering::AcqRel);
    }
    Ok(lines)
}

/// What all runs came to.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) records: usize,
    requests: usize,
    /// Fed to a run, and never delivered.
    pub(crate) lost: BTreeSet<String>,
    /// Called accepted, and never delivered.
    unfounded: BTreeSet<String>,
    /// Requests beyond the first for a record.
    pub(crate) repeats: u64,
    /// Records with more rows than one.
    pub(crate) twice: Vec<String>,
    /// Recorded, and not accepted in the end.
    pub(crate) open: Vec<String>,
    /// Fed to a run, and not in the ledger.
    pub(crate) forgotten: BTreeSet<String>,
}

impl Outcome {
    /// Holds the sandbox's log and the ledger's rows (`message_id|state`) against what the runs were fed and have said.
    pub(crate) fn of(runs: &[Past], requests: &[LoggedRequest], rows: &[String]) -> Self {
        let fed: BTreeSet<_> = runs.iter().flat_map(|run| &run.fed).cloned().collect();
        let mut delivered = BTreeMap::<_, u64>::new();
        for id in requests.iter().filter(|request| request.status == Some(200)).filter_map(message_id) {
            *delivered.entry(id).or_default() += 1;
        }
        let mut states = BTreeMap::<_, Vec<_>>::new();
        for (id, state) in rows.iter().filter_map(|row| row.split_once('|')) {
            states.entry(id).or_default().push(state);
        }
        let said_accepted = runs.iter().flat_map(|run| &run.lines).filter(|line| line["outcome"] == "accepted");
        Self {
            records: fed.len(),
            requests: requests.len(),
            lost: fed.iter().filter(|id| !delivered.contains_key(id.as_str())).cloned().collect(),
            unfounded: said_accepted
                .filter_map(|line| line["message_id"].as_str())
                .filter(|id| !delivered.contains_key(id))
                .map(str::to_owned)
                .collect(),
            repeats: delivered.values().map(|times| times - 1).sum(),
            twice: states.iter().filter(|(_, rows)| rows.len() > 1).map(|(id, _)| (*id).to_owned()).collect(),
            open: states.iter().filter(|(_, rows)| rows[..] != ["2"]).map(|(id, _)| (*id).to_owned()).collect(),
            forgotten: fed.iter().filter(|id| !states.contains_key(id.as_str())).cloned().collect(),
        }
    }

    /// Why this is not what was promised, if it is not.
    pub(crate) fn fault(&self, bound: u64) -> Option<String> {
        let some = |ids: &mut dyn Iterator<Item = &String>| ids.take(3).cloned().collect::<Vec<_>>().join(", ");
        let faults = [
            (!self.lost.is_empty(), format!("lost: {}", some(&mut self.lost.iter()))),
            (!self.unfounded.is_empty(), format!("not sent: {}", some(&mut self.unfounded.iter()))),
            (!self.twice.is_empty(), format!("twice in the ledger: {}", some(&mut self.twice.iter()))),
            (!self.open.is_empty(), format!("not accepted in the ledger: {}", some(&mut self.open.iter()))),
            (!self.forgotten.is_empty(), format!("not in the ledger: {}", some(&mut self.forgotten.iter()))),
            (self.repeats > bound, format!("repeated beyond the bound of {bound}")),
        ];
        let found: Vec<_> = faults.into_iter().filter(|(is_so, _)| *is_so).map(|(_, what)| what).collect();
        (!found.is_empty()).then(|| format!("{self}\n{}", found.join("\n")))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} records, {} requests: {} lost, {} recorded and not sent or not settled, {} twice in the ledger, {} not in it; {} \
             repeated",
            self.records,
            self.requests,
            self.lost.len(),
            self.open.len(),
            self.twice.len(),
            self.forgotten.len(),
            self.repeats
        )
    }
}

/// The rows that [`Outcome::of`] wants.
pub(crate) const STATES: &str = "SELECT message_id, state FROM conversion ORDER BY id";

/// Of which record a request is.
pub(crate) fn message_id(request: &LoggedRequest) -> Option<&str> {
    request.parameter("message-id")
}
