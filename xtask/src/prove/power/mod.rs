//! The promise: what was recorded survives a power cut, because nothing is printed or sent before it is on disk.
//!
//! No power is cut. Each run's system calls are recorded, and from them disks as a cut may leave them are made and
//! opened again. In the controls commits return before they are synced, and a log is used before its name is.

mod disk;
mod trace;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use fastrand::Rng;
use nexmo_conversion::clock;
use nexmo_conversion::domain::ApiKey;
use nexmo_conversion::ledger::Ledger;
use rusqlite::Connection;
use tempfile::TempDir;

use self::disk::{Image, Lost, Unsynced};
use self::trace::{Contents, Event, Trace};
use super::stage::{BREAK, Programs, Witness};
use super::{ledger_rows, strace};

#[derive(Debug, Args)]
pub(crate) struct PowerArgs {
    /// How many disks to make
    #[arg(long, value_name = "N", default_value_t = 500)]
    images: usize,
    /// Where chance begins
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

pub(super) fn show(root: &Path, args: &PowerArgs) -> anyhow::Result<String> {
    strace::check()?;
    let programs = Programs::build(root)?;
    let witness = Witness::start(&programs, &[])?;
    let random = &mut Rng::with_seed(args.seed);
    let kept = cut(&programs, &witness, Promises::Kept, args.images, random)?;
    let broken = cut(&programs, &witness, Promises::CommitsNotSynced, args.images, random)?;
    let unnamed = cut(&programs, &witness, Promises::LogNotNamed, args.images, random)?;
    let shown = format!(
        "{kept}\ncontrol, commits that are not synced: {}\ncontrol, a log whose name is not synced: {}",
        broken.verdicts, unnamed.verdicts
    );
    ensure!(kept.verdicts.holds(), "a power cut breaks a promise\n{shown}");
    ensure!(kept.images_hit > 0 && kept.lost.torn > 0, "no cut took anything\n{shown}");
    ensure!(kept.must > 0 && kept.resumed > 0, "nothing had been printed or resumed\n{shown}");
    for control in [broken, unnamed] {
        ensure!(control.verdicts.images_with_lost_rows > 0, "a control lost nothing\n{shown}");
    }
    Ok(shown)
}

/// Whether the program keeps its promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Promises {
    Kept,
    CommitsNotSynced,
    LogNotNamed,
}

impl Promises {
    /// The name of the one that it breaks.
    fn broken(self) -> Option<&'static str> {
        match self {
            Self::Kept => None,
            Self::CommitsNotSynced => Some("synced-when-committed"),
            Self::LogNotNamed => Some("log-is-named"),
        }
    }
}

/// What the cuts of all runs came to.
#[derive(Debug, Default)]
struct Figures {
    images: usize,
    /// Disks from which something that was not synced is missing.
    images_hit: usize,
    lost: Lost,
    /// How often a disk had to have something: all that had been printed or sent before its cut.
    must: usize,
    resumed: usize,
    verdicts: Verdicts,
}

/// What is wrong with the disks.
#[derive(Debug, Default)]
struct Verdicts {
    /// Disks that do not open, or whose database is damaged.
    damaged: Vec<String>,
    /// Printed as accepted, and not there.
    rows_lost: usize,
    images_with_lost_rows: usize,
    /// Printed as accepted, and there as if not.
    outcomes_lost: usize,
    /// Sent, and not there.
    sent_unrecorded: usize,
    /// Disks from which `ledger resume` did not bring everything to its end.
    not_resumed: Vec<String>,
}

/// How many of the disks the program itself goes on with: one in so many.
const RESUMED: usize = 10;

/// Cuts the power of every run at points spread over it.
fn cut(
    programs: &Programs,
    witness: &Witness,
    promises: Promises,
    images: usize,
    random: &mut Rng,
) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    // In memory where possible: the disks are synced in earnest when they are opened again.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? };
    let scenes =
        [(Scene::FirstBatch, 35), (Scene::Single, 15), (Scene::WithoutALog, 15), (Scene::AfterACrash, 35)];
    for (scene, share) in scenes {
        let (home, trace) = scene.play(programs, witness, promises, random)?;
        let images = images * share / 100;
        for number in 0..images {
            let last = trace.events.len() * (number + 1) / images;
            let first = trace.events.len() * number / images;
            let cut = random.usize(first..=last);
            let unsynced = Unsynced::ALL[random.usize(..Unsynced::ALL.len())];
            let image = Image::after(&trace, cut, unsynced, random);
            let place = folder.path().join("disk");
            image.lay_out(home.path(), &place)?;
            figures.judge(&place, witness, &image, &Known::at(&trace, cut))?;
            if promises == Promises::Kept && number % RESUMED == 0 {
                figures.resume(&place, programs, witness)?;
            }
            if let Err(error) = fs::remove_dir_all(&place) {
                ensure!(!place.exists(), "cannot remove {}: {error}", place.display());
            }
        }
    }
    Ok(figures)
}

/// A run whose power is cut.
#[derive(Debug, Clone, Copy)]
enum Scene {
    /// A stream, with nothing there yet.
    FirstBatch,
    /// One conversion, with a ledger there.
    Single,
    /// One conversion, with a ledger there whose log is gone: SQLite's tools write it back and remove it.
    WithoutALog,
    /// A stream after a run that was killed, with a log that is about to be written back.
    AfterACrash,
}

/// Where the ledger is in a run's folder. Its folders are missing at first.
const LEDGER: &str = "state/nexmo/ledger.db";

/// The length of a log that is nearly written back: a few pages below the program's 2,048 of 4,096 bytes.
const FULL_LOG: u64 = 1_980 * 4_120;
/// As much of it as a run for twenty conversions may write.
const NEARLY: u64 = 120 * 4_120;

impl Scene {
    /// Plays it and returns the folder that the run worked in, and what it did.
    fn play(
        self,
        programs: &Programs,
        witness: &Witness,
        promises: Promises,
        random: &mut Rng,
    ) -> anyhow::Result<(TempDir, Trace)> {
        let home = tempfile::tempdir()?;
        let stage = Stage { programs, witness, ledger: home.path().join(LEDGER) };
        match self {
            Self::FirstBatch => {}
            Self::Single => stage.untraced(&["sms", "EARLIER", "--delivered"])?,
            Self::WithoutALog => {
                stage.untraced(&["sms", "EARLIER", "--delivered"])?;
                stage.remove_log()?;
            }
            Self::AfterACrash => stage.crash_with_full_log()?,
        }
        let before = Contents::read(home.path())?;
        let log = witness.folder().join("strace.log");
        let program = match promises.broken() {
            None => &programs.honest,
            Some(_) => &programs.breakable,
        };
        let mut command = strace::command(witness, &trace::OPTIONS, &log, program);
        command.env("NEXMO_CONVERSION_LEDGER", &stage.ledger).stdout(File::create("/dev/null")?);
        if let Some(broken) = promises.broken() {
            command.env(BREAK, broken);
        }
        match self {
            Self::Single | Self::WithoutALog => {
                run(command.args(["--json", "sms", "A", "B", "C", "--delivered"]), &[], random)?;
            }
            Self::FirstBatch | Self::AfterACrash => {
                let lines: Vec<_> = (0..300)
                    .map(|number| {
                        let delivered = number % 3 != 0;
                        format!("{{\"id\":\"R{number}\",\"delivered\":{delivered},\"channel\":\"sms\"}}\n")
                    })
                    .collect();
                run(command.args(["--json", "batch", "--jobs", "8", "-"]), &lines, random)?;
            }
        }
        let trace = Trace::read(&fs::read_to_string(&log)?, home.path(), before)?;
        let written_back = trace.before.names.get(&stage.ledger).is_some_and(|file| trace.writes(*file));
        ensure!(!matches!(self, Self::AfterACrash) || written_back, "the log was not written back");
        Ok((home, trace))
    }
}

struct Stage<'a> {
    programs: &'a Programs,
    witness: &'a Witness,
    ledger: PathBuf,
}

impl Stage<'_> {
    fn untraced(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let mut command = self.witness.command(&self.programs.honest);
        command.env("NEXMO_CONVERSION_LEDGER", &self.ledger).arg("-q").args(arguments);
        let status = command.stdin(Stdio::null()).status()?;
        ensure!(status.success(), "{arguments:?} failed: {status}");
        Ok(())
    }

    /// Opens and closes the ledger as SQLite's own tools do.
    fn remove_log(&self) -> anyhow::Result<()> {
        let db = Connection::open(&self.ledger)?;
        db.query_row("SELECT count(*) FROM conversion", [], |_| Ok(()))?;
        db.close().map_err(|(_, error)| error)?;
        ensure!(!self.ledger.with_extension("db-wal").exists(), "the log is still there");
        Ok(())
    }

    /// Fills the log nearly up, and leaves free rows behind.
    fn crash_with_full_log(&self) -> anyhow::Result<()> {
        let log = self.ledger.with_extension("db-wal");
        let mut number = 0;
        loop {
            let length = fs::metadata(&log).map_or(0, |meta| meta.len());
            if length >= FULL_LOG {
                break;
            }
            // Small steps at last: one that fills the log has it written back, and the file does not get shorter by that.
            let step = if length < FULL_LOG - NEARLY { 20 } else { 1 };
            let ids: Vec<_> = (number..number + step).map(|number| format!("P{number}")).collect();
            let ids = ids.iter().map(String::as_str);
            self.untraced(&["sms", "--delivered=true"].into_iter().chain(ids).collect::<Vec<_>>())?;
            number += step;
            ensure!(number < 10_000, "the log does not fill up");
        }
        let options = ["-e", "trace=fsync", "-e", "inject=fsync:signal=KILL:when=2"];
        let mut command = strace::command(
            self.witness,
            &options,
            &self.witness.folder().join("strace.log"),
            &self.programs.honest,
        );
        let ids = (0..10).map(|number| format!("K{number}"));
        command.env("NEXMO_CONVERSION_LEDGER", &self.ledger).args(["-q", "sms", "--delivered=true"]).args(ids);
        let status = command.stdin(Stdio::null()).status()?;
        ensure!(!status.success(), "the run that was to be killed was not");
        Ok(())
    }
}

/// Runs it, with the lines coming in groups as chance will have it.
fn run(command: &mut Command, lines: &[String], random: &mut Rng) -> anyhow::Result<()> {
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().context("no standard input")?;
    let mut rest = lines;
    while !rest.is_empty() {
        let (group, later) = rest.split_at(random.usize(1..=20).min(rest.len()));
        input.write_all(group.concat().as_bytes())?;
        clock::sleep(Duration::from_millis(random.u64(0..8)));
        rest = later;
    }
    drop(input);
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "the run failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// What the outside world knew when the power went.
#[derive(Debug, Default)]
struct Known<'a> {
    printed: BTreeSet<&'a str>,
    sent: BTreeSet<&'a str>,
}

impl<'a> Known<'a> {
    fn at(trace: &'a Trace, cut: usize) -> Self {
        let mut known = Self::default();
        for event in &trace.events[..cut] {
            match event {
                Event::Printed(id) => known.printed.insert(id.as_str()),
                Event::Sent(id) => known.sent.insert(id.as_str()),
                Event::Change(_) | Event::Synced { .. } => false,
            };
        }
        known
    }
}

/// The ledger's number for an accepted conversion; below 2 it is pending.
const ACCEPTED: i64 = 2;

impl Figures {
    /// Opens a disk as the next run would, and looks into it in a way of our own.
    fn judge(&mut self, place: &Path, witness: &Witness, image: &Image, known: &Known<'_>) -> anyhow::Result<()> {
        self.images += 1;
        self.images_hit += usize::from(image.lost.writes + image.lost.torn + image.lost.names > 0);
        self.lost.add(&image.lost);
        self.must += known.printed.len() + known.sent.len();
        let ledger = place.join(LEDGER);
        let account = ApiKey::parse(&witness.api_key)?.fingerprint();
        let opened = Ledger::open(&ledger, &account, 1, clock::now()).map(drop);
        let rows = opened.map_err(anyhow::Error::from).and_then(|()| ledger_rows(&ledger));
        let rows = match rows {
            Ok(rows) => rows,
            Err(error) => {
                self.verdicts.damaged.push(format!("{error:#}"));
                BTreeMap::new()
            }
        };
        let lost = known.printed.iter().filter(|id| !rows.contains_key(**id)).count();
        self.verdicts.rows_lost += lost;
        self.verdicts.images_with_lost_rows += usize::from(lost > 0);
        self.verdicts.outcomes_lost +=
            known.printed.iter().filter(|id| rows.get(**id).is_some_and(|state| *state != ACCEPTED)).count();
        self.verdicts.sent_unrecorded += known.sent.iter().filter(|id| !rows.contains_key(**id)).count();
        Ok(())
    }

    /// Has the program itself go on from a disk: what is pending there must arrive.
    fn resume(&mut self, place: &Path, programs: &Programs, witness: &Witness) -> anyhow::Result<()> {
        self.resumed += 1;
        let ledger = place.join(LEDGER);
        let pending: BTreeSet<_> =
            ledger_rows(&ledger)?.into_iter().filter(|(_, state)| *state < ACCEPTED).map(|(id, _)| id).collect();
        let before = witness.log_length();
        let output = witness
            .command(&programs.honest)
            .env("NEXMO_CONVERSION_LEDGER", &ledger)
            .args(["ledger", "resume"])
            .stdin(Stdio::null())
            .output()?;
        let arrived: BTreeSet<_> = witness
            .requests_since(before)?
            .iter()
            .filter_map(|request| request.parameter("message-id").map(str::to_owned))
            .collect();
        let still: Vec<_> = ledger_rows(&ledger)?.into_iter().filter(|(_, state)| *state < ACCEPTED).collect();
        if !output.status.success() || arrived != pending || !still.is_empty() {
            self.verdicts.not_resumed.push(format!(
                "{}: {pending:?} were pending, {arrived:?} arrived, {still:?} are pending: {}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            ));
        }
        Ok(())
    }
}

impl Lost {
    fn add(&mut self, other: &Self) {
        self.writes += other.writes;
        self.torn += other.torn;
        self.names += other.names;
    }
}

impl Verdicts {
    fn holds(&self) -> bool {
        self.damaged.is_empty()
            && self.not_resumed.is_empty()
            && self.rows_lost + self.outcomes_lost + self.sent_unrecorded == 0
    }
}

impl Display for Figures {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { images, images_hit, lost, must, resumed, verdicts } = self;
        let Lost { writes, torn, names } = lost;
        write!(
            f,
            "power: {images} disks, {images_hit} of them without something that was not synced \
             ({writes} writes gone, {torn} torn, {names} names); {must} times something had been printed or sent before; \
             {resumed} disks gone on from\n{verdicts}"
        )
    }
}

impl Display for Verdicts {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} recorded rows lost (in {} disks), {} outcomes lost, {} sent but not written down, {} disks damaged, \
             {} not brought to their end",
            self.rows_lost,
            self.images_with_lost_rows,
            self.outcomes_lost,
            self.sent_unrecorded,
            self.damaged.len(),
            self.not_resumed.len()
        )?;
        for complaint in self.damaged.iter().chain(&self.not_resumed).take(5) {
            write!(f, "\n  {}", complaint.trim_end())?;
        }
        Ok(())
    }
}
