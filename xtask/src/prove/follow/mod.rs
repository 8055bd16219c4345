//! A log that is followed while it is written, rotated and its follower killed: no line is missing, none is taken twice beyond what
//! kills may repeat, and what was read is not read again.
//!
//! The log is rotated by renaming and by copying and cutting off, by this program and by logrotate. Between the copy and the cut the
//! writer rests: what is written in between is lost by any way of reading, because it is in neither file.

mod writer;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{fmt, fs, thread};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use fastrand::Rng;
use nexmo_conversion::clock;
use rusqlite::{Connection, OpenFlags};
use rustix::process::{Pid, Signal, kill_process};

use super::ledger::Kind;
use super::seed::Seed;
use super::stage::{BREAK, Stage, Witness};
use writer::{Rotation, Writer, Written};

/// `prove follow`.
#[derive(Debug, Args)]
pub(crate) struct FollowArgs {
    /// How many lines are written
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    lines: usize,
    /// How many followers are killed
    #[arg(long, value_name = "N", default_value_t = 100)]
    kills: usize,
    #[command(flatten)]
    seed: Seed,
}

/// Requests at once; their in-flight limit, as `docs/promises.md` has it.
const JOBS: &str = "32";
const IN_FLIGHT_LIMIT: usize = 128;

/// A follower that takes nothing new for so long has taken all that it will.
const IDLE: Duration = Duration::from_secs(10);

/// The control must lose lines within so many chapters.
const CONTROL: usize = 5;

/// Follows logs and counts; fails if a line is missing or too many are repeated, or if a follower that runs ahead of its ledger was
/// not noticed.
pub(crate) fn show(root: &Path, args: &FollowArgs) -> anyhow::Result<String> {
    let stage = Stage::set(root, Kind::File)?;
    let seed = args.seed.choose();
    let mut chance = Rng::with_seed(seed);
    let mut told = vec![format!("seed {seed}")];
    let rotations: Vec<_> = Rotation::ALL.into_iter().filter(|rotation| rotation.is_possible()).collect();
    for rotation in &rotations {
        let (lines, kills) = (args.lines / rotations.len(), args.kills.div_ceil(rotations.len()));
        let chapter = Chapter::play(&stage, *rotation, lines, Subject::Honest { kills }, &mut chance)
            .with_context(|| format!("seed {seed}, {rotation}"))?;
        ensure!(chapter.is_good(), "seed {seed}, {rotation}: {chapter}");
        told.push(format!("{rotation}: {chapter}"));
    }
    let lost = control(&stage, &mut chance)?;
    told.push(format!("control (what was read counts before it is recorded): {lost}"));
    Ok(told.join("\n"))
}

/// A follower that notes what it has read before that is recorded.
fn control(stage: &Stage, chance: &mut Rng) -> anyhow::Result<String> {
    for chapter in 1..=CONTROL {
        let played = Chapter::play(stage, Rotation::Rename, 10_000, Subject::Breaking, chance)?;
        if played.missing > 0 {
            return Ok(format!("{} lines missing in chapter {chapter}: {played}", played.missing));
        }
    }
    bail!("control: what was read counted before it was recorded, and no line was lost in {CONTROL} chapters")
}

/// Which program follows, and how many are killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    /// The one that users get.
    Honest {
        /// At least so many are killed.
        kills: usize,
    },
    /// One that notes what it has read before that is recorded.
    Breaking,
}

/// One log, from its first line to its last.
#[derive(Debug, Default)]
struct Chapter {
    lines: usize,
    written: Written,
    kills: usize,
    requests: usize,
    /// Never delivered.
    missing: usize,
    first_missing: Vec<String>,
    /// Requests beyond one for each line.
    repeats: usize,
    /// Lines that the last follower, which was not killed, has read although they had been taken.
    read_again: usize,
    took: Duration,
}

impl Chapter {
    fn play(
        stage: &Stage,
        rotation: Rotation,
        lines: usize,
        subject: Subject,
        chance: &mut Rng,
    ) -> anyhow::Result<Self> {
        // What a position runs ahead by is lost only if there is more to read than can be sent for a while.
        let (latency, has_a_backlog) = match subject {
            Subject::Honest { .. } => ("1ms", false),
            Subject::Breaking => ("20ms", true),
        };
        let witness = stage.witness(&["--latency", latency])?;
        let logs = witness.folder().join("logs");
        fs::create_dir(&logs)?;
        let began = clock::monotonic();
        let kills = match subject {
            Subject::Honest { kills } => kills,
            Subject::Breaking => 5,
        };
        let follow = || Follower::start(stage, &witness, &logs, subject);
        let mut chapter = Self { lines, ..Self::default() };
        let mut writer = Writer::begin(&logs, rotation, lines, chance.fork())?;
        if has_a_backlog {
            writer = writer.without_rotation();
        }
        // What was rotated before anybody had begun to follow is not asked for.
        let first = follow()?;
        wait_for("a follower begins", || known(&witness).map(|files| files > 0))?;
        chapter.kills += first.kill()?;
        thread::scope(|scope| -> anyhow::Result<()> {
            let writing = scope.spawn(move || writer.write());
            while has_a_backlog && !writing.is_finished() {
                clock::sleep(Duration::from_millis(5));
            }
            while chapter.kills < kills || !writing.is_finished() {
                let follower = follow()?;
                clock::sleep(if has_a_backlog {
                    Duration::from_millis(chance.u64(2_000..3_500))
                } else {
                    time_to_live(chance, &writing, chapter.kills < kills)
                });
                chapter.kills += follower.kill()?;
            }
            chapter.written = writing.join().map_err(|_| anyhow::anyhow!("the writer has died"))??;
            Ok(())
        })?;
        let last = follow()?;
        wait_for_the_rest(&witness, lines)?;
        wait_until_all_is_noted(&witness)?;
        last.end()?;
        // Another one finds nothing to do.
        let before = accepted(&witness)?;
        let idle = follow()?;
        clock::sleep(Duration::from_secs(1));
        chapter.read_again = idle.end()?;
        ensure!(accepted(&witness)? == before, "a follower found lines that the one before had not");
        chapter.took = clock::monotonic().saturating_sub(began);
        chapter.count(&witness)?;
        Ok(chapter)
    }

    fn count(&mut self, witness: &Witness) -> anyhow::Result<()> {
        let mut delivered: BTreeMap<String, usize> = BTreeMap::new();
        for request in witness.requests()? {
            let id = request.parameter("message-id").context("a request without an id")?;
            *delivered.entry(id.to_owned()).or_default() += 1;
            self.requests += 1;
        }
        let missing = (0..self.lines).map(writer::id).filter(|id| !delivered.contains_key(id));
        let missing: Vec<_> = missing.collect();
        self.missing = missing.len();
        self.first_missing = missing.into_iter().take(5).collect();
        ensure!(delivered.len() + self.missing == self.lines, "something was sent that no line says");
        self.repeats = self.requests - delivered.len();
        Ok(())
    }

    fn is_good(&self) -> bool {
        self.missing == 0
            && self.repeats <= self.bound()
            && self.kills > 0
            && self.written.rotations > 0
            && self.read_again == 0
    }

    fn bound(&self) -> usize {
        self.kills * IN_FLIGHT_LIMIT
    }
}

impl fmt::Display for Chapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lines, kills, requests, missing, repeats, read_again, .. } = self;
        let Written { rotations, late } = self.written;
        write!(
            f,
            "{lines} lines, {rotations} rotations, {late} lines after one in the old file, {kills} kills; {requests} requests, \
             {missing} lines missing, {repeats} repeated (the bound is {}), {read_again} read again by a run after a clean end; \
             in {:.1} s",
            self.bound(),
            self.took.as_secs_f64(),
        )?;
        if self.first_missing.is_empty() { Ok(()) } else { write!(f, "; missing: {:?}", self.first_missing) }
    }
}

/// While kills are due, from 20 to 400 ms; afterwards long enough to come forward.
fn time_to_live<T>(chance: &mut Rng, writing: &thread::ScopedJoinHandle<'_, T>, is_due: bool) -> Duration {
    let longest = if is_due || writing.is_finished() { 400 } else { 4_000 };
    Duration::from_millis(chance.u64(20..longest))
}

/// Waits until every line is taken, or nothing moves any more.
fn wait_for_the_rest(witness: &Witness, lines: usize) -> anyhow::Result<()> {
    let (mut last, mut since) = (0, clock::monotonic());
    loop {
        let now = accepted(witness)?;
        if now >= lines {
            return Ok(());
        }
        if now != last {
            (last, since) = (now, clock::monotonic());
        }
        if clock::monotonic().saturating_sub(since) > IDLE {
            return Ok(());
        }
        clock::sleep(Duration::from_millis(200));
    }
}

/// Waits until the follower notes nothing more: it has then also read again what the one before it had not noted. A position is noted at most
/// once a second.
fn wait_until_all_is_noted(witness: &Witness) -> anyhow::Result<()> {
    let (mut last, mut since) = (noted(witness)?, clock::monotonic());
    while clock::monotonic().saturating_sub(since) < Duration::from_secs(2) {
        clock::sleep(Duration::from_millis(50));
        let now = noted(witness)?;
        if now != last {
            (last, since) = (now, clock::monotonic());
        }
    }
    Ok(())
}

fn wait_for(what: &str, is_so: impl Fn() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let began = clock::monotonic();
    while !is_so()? {
        ensure!(clock::monotonic().saturating_sub(began) < IDLE, "waited too long until {what}");
        clock::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// How many files the ledger says that somebody has begun to follow.
fn known(witness: &Witness) -> anyhow::Result<i64> {
    let super::ledger::Ledger::File(path) = witness.ledger() else { bail!("no file") };
    if !path.exists() {
        return Ok(0);
    }
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    Ok(db.query_row("SELECT count(*) FROM followed", [], |row| row.get(0))?)
}

/// How far the ledger says that all files have been read, together.
fn noted(witness: &Witness) -> anyhow::Result<i64> {
    let super::ledger::Ledger::File(path) = witness.ledger() else { bail!("no file") };
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    Ok(db.query_row("SELECT coalesce(sum(read_to), 0) FROM followed", [], |row| row.get(0))?)
}

fn accepted(witness: &Witness) -> anyhow::Result<usize> {
    let super::ledger::Ledger::File(path) = witness.ledger() else { bail!("no file") };
    if !path.exists() {
        return Ok(0);
    }
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let count: i64 = db.query_row("SELECT count(*) FROM conversion WHERE state = 2", [], |row| row.get(0))?;
    Ok(usize::try_from(count)?)
}

/// A run that follows the log.
struct Follower {
    child: Child,
    stdout: std::path::PathBuf,
}

impl Follower {
    fn start(stage: &Stage, witness: &Witness, logs: &Path, subject: Subject) -> anyhow::Result<Self> {
        let mut command = match subject {
            Subject::Honest { .. } => witness.command(&stage.programs.honest),
            Subject::Breaking => {
                let mut command = witness.command(&stage.programs.breakable);
                command.env(BREAK, "read-to-is-recorded");
                command
            }
        };
        let stdout = witness.folder().join("stdout");
        command.args(["batch", "--follow", "--channel", "sms", "--delivered", "true", "--jobs", JOBS]);
        command.arg(logs.join(writer::NAME)).stdin(Stdio::null());
        command.stdout(fs::File::create(&stdout)?).stderr(fs::File::create(witness.folder().join("stderr"))?);
        Ok(Self { child: spawn(&mut command)?, stdout })
    }

    /// Kills it; how many that was, because it may have ended.
    fn kill(mut self) -> anyhow::Result<usize> {
        ensure!(self.child.try_wait()?.is_none(), "a follower has ended by itself: {}", self.said()?);
        kill_process(Pid::from_child(&self.child), Signal::KILL)?;
        self.child.wait()?;
        Ok(1)
    }

    /// Ends it as a service manager does; how many result lines it had.
    fn end(mut self) -> anyhow::Result<usize> {
        wait_for("a follower listens to signals", || self.listens())?;
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let status = self.child.wait()?;
        ensure!(status.code() == Some(143), "a follower ended with {status}: {}", self.said()?);
        Ok(fs::read_to_string(&self.stdout)?.lines().count())
    }

    /// Whether it has a handler for SIGTERM; until then the signal would end it as any program.
    fn listens(&self) -> anyhow::Result<bool> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let caught =
            status.lines().find_map(|line| line.strip_prefix("SigCgt:")).context("no signals in /proc")?;
        let caught = u64::from_str_radix(caught.trim(), 16)?;
        Ok(caught & 1 << (Signal::TERM.as_raw() - 1) != 0)
    }

    fn said(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(self.stdout.with_file_name("stderr"))?)
    }
}

fn spawn(command: &mut Command) -> anyhow::Result<Child> {
    command.spawn().context("cannot start a follower")
}
