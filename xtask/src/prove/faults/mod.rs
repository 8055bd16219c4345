//! The promise: when the disk fails, the program says so and ends, and nothing that it printed or took is lost.
//!
//! One system call after the other is made to fail, once or from then on for good. Whatever the run then says, the
//! next ones must bring everything to its end that it did not call accepted, and nothing that it did. In the control
//! records are called accepted before they are recorded.

mod room;
mod scene;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};
use std::fs;
use std::path::Path;

use anyhow::ensure;
use clap::Args;
use tempfile::TempDir;

use self::scene::{Scene, Trial};
use super::stage::{Programs, Witness};
use super::strace;

#[derive(Debug, Args)]
pub(crate) struct FaultsArgs {
    /// Let only every N-th call fail
    #[arg(long, value_name = "N", default_value_t = 1)]
    every: usize,
}

pub(super) fn show(root: &Path, args: &FaultsArgs) -> anyhow::Result<String> {
    strace::check()?;
    ensure!(args.every > 0, "--every 0 lets nothing fail");
    let stage = Stage::new(root)?;
    let mut figures = Figures::default();
    for scene in Scene::all(&stage)? {
        for fault in Fault::all() {
            figures.try_all(&stage, &scene, &fault, args.every, Promise::Kept)?;
        }
    }
    let full = room::show(&stage).unwrap_or_else(|error| {
        figures.complaints.push(format!("{error:#}"));
        String::new()
    });
    let mut control = Figures::default();
    let disk_gone = Fault { call: "pwrite64", error: "EIO", lasts: Lasts::ForGood };
    for scene in Scene::all(&stage)? {
        control.try_all(&stage, &scene, &disk_gone, 3, Promise::Broken)?;
    }
    let shown = format!("{figures}\n{full}\ncontrol, accepted before recorded: {} lost", control.lost);
    ensure!(figures.complaints.is_empty(), "a fault breaks a promise\n{shown}");
    for (call, _) in CALLS {
        // A new ledger gets its name by one of the two.
        let others: &[&str] = if ["linkat", "renameat2"].contains(&call) { &["linkat", "renameat2"] } else { &[] };
        let failed = figures.fired.keys().any(|(fired, _)| *fired == call || others.contains(fired));
        ensure!(failed, "{call} never failed\n{shown}");
    }
    ensure!(control.lost > 0, "the control lost nothing\n{shown}");
    Ok(shown)
}

/// Where the runs take place.
struct Stage {
    programs: Programs,
    witness: Witness,
    /// In memory where possible: the disk's faults are the injected ones.
    folder: TempDir,
}

impl Stage {
    fn new(root: &Path) -> anyhow::Result<Self> {
        let programs = Programs::build(root)?;
        let witness = Witness::start(&programs, &[])?;
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? };
        Ok(Self { programs, witness, folder })
    }
}

/// Whether the program prints nothing before the ledger has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Promise {
    Kept,
    Broken,
}

/// What fails, and how.
#[derive(Debug, Clone, Copy)]
struct Fault {
    call: &'static str,
    error: &'static str,
    lasts: Lasts,
}

#[derive(Debug, Clone, Copy)]
enum Lasts {
    Once,
    ForGood,
}

/// The calls by which the program touches disks, and the errors that disks give.
const CALLS: [(&str, &[&str]); 10] = [
    ("fsync", &["EIO", "ENOSPC", "EROFS"]),
    ("pwrite64", &["EIO", "ENOSPC", "EROFS"]),
    ("ftruncate", &["EIO", "ENOSPC", "EROFS"]),
    ("openat", &["EIO", "ENOSPC", "EROFS"]),
    ("mkdir", &["EIO", "ENOSPC", "EROFS"]),
    ("linkat", &["EIO", "ENOSPC", "EROFS"]),
    ("renameat2", &["EIO", "ENOSPC", "EROFS"]),
    ("unlink", &["EIO", "EROFS"]),
    ("write", &["EIO", "ENOSPC"]),
    ("pread64", &["EIO"]),
];

impl Fault {
    fn all() -> impl Iterator<Item = Self> {
        CALLS.into_iter().flat_map(|(call, errors)| {
            errors
                .iter()
                .flat_map(move |error| [Lasts::Once, Lasts::ForGood].map(|lasts| Self { call, error, lasts }))
        })
    }

    /// The options with which strace makes the call of this number fail. Each thread counts for itself; the ledger's calls are
    /// all made by one.
    fn options(&self, number: usize) -> [String; 4] {
        let more = match self.lasts {
            Lasts::Once => "",
            Lasts::ForGood => "+",
        };
        let inject = format!("inject={}:error={}:when={number}{more}", self.call, self.error);
        ["-e".to_owned(), format!("trace={}", self.call), "-e".to_owned(), inject]
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let lasts = match self.lasts {
            Lasts::Once => "once",
            Lasts::ForGood => "for good",
        };
        write!(f, "{} {} {lasts}", self.call, self.error)
    }
}

/// What all faults came to.
#[derive(Debug, Default)]
struct Figures {
    runs: usize,
    /// Runs whose fault came about, by call and error.
    fired: BTreeMap<(&'static str, &'static str), usize>,
    exits: BTreeMap<String, usize>,
    hangs: usize,
    /// Conversions that never arrived, although they had been printed as accepted, were recorded, or were read again.
    lost: usize,
    /// Conversions that arrived again, and had not been printed as accepted.
    duplicates: usize,
    complaints: Vec<String>,
}

impl Figures {
    /// Lets the first call fail, then a later one, until there is none that late.
    fn try_all(
        &mut self,
        stage: &Stage,
        scene: &Scene,
        fault: &Fault,
        every: usize,
        promise: Promise,
    ) -> anyhow::Result<()> {
        // Not always the same ones; but where there are few, the first.
        let first = 1 + self.runs % every;
        for mut number in (first..).step_by(every) {
            let mut trial = scene.play(stage, fault, number, promise)?;
            if trial.fired == 0 && number == first {
                number = 1;
                trial = scene.play(stage, fault, number, promise)?;
            }
            if trial.fired == 0 {
                break;
            }
            self.add(fault, trial, &format!("{}, {fault}, number {number}", scene.name));
        }
        Ok(())
    }

    fn add(&mut self, fault: &Fault, trial: Trial, what: &str) {
        self.runs += 1;
        *self.fired.entry((fault.call, fault.error)).or_default() += 1;
        *self.exits.entry(trial.exit).or_default() += 1;
        self.hangs += usize::from(trial.hung);
        self.lost += trial.lost;
        self.duplicates += trial.duplicates;
        self.complaints.extend(trial.complaints.into_iter().map(|complaint| format!("{what}: {complaint}")));
    }
}

impl Display for Figures {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { runs, fired, exits, hangs, lost, duplicates, complaints } = self;
        write!(f, "faults: {runs} runs in which a fault came about:")?;
        let calls: BTreeSet<_> = fired.keys().map(|(call, _)| *call).collect();
        for call in calls {
            write!(f, " {call}")?;
            for ((_, error), count) in fired.iter().filter(|((of, _), _)| *of == call) {
                write!(f, " {error} {count}")?;
            }
            write!(f, ",")?;
        }
        write!(f, "\nexits:")?;
        for (exit, count) in exits {
            write!(f, " {exit}: {count},")?;
        }
        write!(f, "\n{hangs} hangs, {lost} lost, {duplicates} sent again, {} complaints", complaints.len())?;
        for complaint in complaints.iter().take(20) {
            write!(f, "\n  {}", complaint.trim_end())?;
        }
        Ok(())
    }
}

/// The conversions of which a program's result lines say that this came of them.
fn said_of(stdout: &[u8], outcomes: &[&str]) -> BTreeSet<String> {
    String::from_utf8_lossy(stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|line| outcomes.iter().any(|outcome| line["outcome"] == *outcome))
        .filter_map(|line| line["message_id"].as_str().map(str::to_owned))
        .collect()
}

/// Copies the files of a folder.
fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
