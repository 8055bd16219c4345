//! Two logs that are written while they are tracked, with everything that happens to live logs; the truth is worked out by the
//! writer, who alone knows it.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use fastrand::Rng;
use nexmo_conversion::clock;
use nexmo_conversion::domain::Timestamp;
use serde_json::json;

use super::day::Fact;
use super::{IN_FLIGHT_LIMIT, Repeats, compare};
use crate::prove::stage::{BREAK, Stage, Witness};

/// How long a code lasts here; a quarter of it is left for lines that are out of order.
const LASTS: i64 = 12;
const SLACK: i64 = LASTS / 4;
/// What happens to the logs, once in each of these rounds.
const ROUND: Duration = Duration::from_secs(30);
/// `tail` follows within this time, or something is wrong.
const PATIENCE: Duration = Duration::from_secs(30);
/// Codes each second, over both logs.
const RATE: u32 = 40;
/// So many users take turns: one comes again after longer than the parts of a message take.
const USERS: u32 = 1000;

/// The proof, and beside it the control: a program whose windows are every tracker's.
pub(super) fn show(stage: &Stage, rounds: u32, seed: u64) -> anyhow::Result<String> {
    thread::scope(|scope| {
        let control = scope.spawn(|| {
            let mut story = Story::begin(stage, &stage.programs.breakable, seed)?;
            story.breaks = Some("windows-of-their-log");
            story.tell(1)?;
            match story.judge() {
                Ok(_) => anyhow::bail!("it was not noticed"),
                Err(error) => Ok(error.to_string()),
            }
        });
        let mut story = Story::begin(stage, &stage.programs.honest, seed)?;
        let told = story.tell(rounds).and_then(|()| story.judge());
        let told = told.or_else(|error| {
            Err(error.context(format!("what was written is in {}", story.witness.keep()?.display())))
        })?;
        let noticed = control.join().map_err(|_| anyhow::anyhow!("the control has died"))?.context("control")?;
        Ok(format!("{told}\ncontrol (a tracker closes the windows of any log): {noticed}"))
    })
}

/// One of the two logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    A,
    B,
}

/// A log, as its writer has it.
struct Log {
    path: PathBuf,
    file: File,
    /// Its earlier parts, oldest first.
    rotated: Vec<PathBuf>,
}

impl Log {
    fn create(path: PathBuf) -> anyhow::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        Ok(Self { path, file, rotated: Vec::new() })
    }

    /// A line, and now and then one that stands there half for a moment.
    fn write(&mut self, line: &str, halves: Option<Duration>) -> anyhow::Result<()> {
        let (first, second) = line.split_at(line.len() / 2);
        if let Some(pause) = halves {
            self.file.write_all(first.as_bytes())?;
            clock::sleep(pause);
            self.file.write_all(second.as_bytes())?;
        } else {
            self.file.write_all(line.as_bytes())?;
        }
        Ok(())
    }

    fn next_place(&mut self) -> PathBuf {
        let place = self.path.with_extension(format!("log.{}", self.rotated.len() + 1));
        self.rotated.push(place.clone());
        place
    }

    fn rename(&mut self, tracker: Option<&Tracker>) -> anyhow::Result<()> {
        tracker.map_or(Ok(()), |tracker| tracker.catches_up(&self.path))?;
        let place = self.next_place();
        fs::rename(&self.path, place)?;
        self.file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        Ok(())
    }

    fn copy_and_truncate(&mut self, tracker: Option<&Tracker>) -> anyhow::Result<()> {
        tracker.map_or(Ok(()), |tracker| tracker.catches_up(&self.path))?;
        let place = self.next_place();
        fs::copy(&self.path, place)?;
        self.file.set_len(0)?;
        tracker.map_or(Ok(()), |tracker| tracker.catches_up(&self.path))
    }
}

/// `tail -F` into the program.
struct Tracker {
    tail: Child,
    program: Child,
}

impl Tracker {
    /// Waits until `tail` stands at the end of the log, which nobody writes meanwhile: what it misses is not the program's.
    fn catches_up(&self, log: &Path) -> anyhow::Result<()> {
        let began = clock::monotonic();
        while self.position(log)? != Some(fs::metadata(log)?.len()) {
            ensure!(clock::monotonic().saturating_sub(began) < PATIENCE, "tail does not catch up");
            clock::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Where `tail` stands in the log, by the kernel's word.
    fn position(&self, log: &Path) -> anyhow::Result<Option<u64>> {
        let process = PathBuf::from(format!("/proc/{}", self.tail.id()));
        for entry in fs::read_dir(process.join("fd"))? {
            let file = entry?.file_name();
            if fs::read_link(process.join("fd").join(&file)).is_ok_and(|target| target == log) {
                let info = fs::read_to_string(process.join("fdinfo").join(&file)).unwrap_or_default();
                let position = info.lines().find_map(|line| line.strip_prefix("pos:"));
                return Ok(position.and_then(|position| position.trim().parse().ok()));
            }
        }
        Ok(None)
    }

    fn kill(mut self) -> anyhow::Result<()> {
        for child in [&mut self.program, &mut self.tail] {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// The end of the log: the program settles what it has and ends.
    fn end(mut self) -> anyhow::Result<()> {
        self.tail.kill()?;
        self.tail.wait()?;
        let ended = self.program.wait_with_output()?;
        let said = String::from_utf8_lossy(&ended.stderr);
        ensure!(ended.status.success(), "a tracker ended with {}: {said}", ended.status);
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Counts {
    codes: u32,
    late: u32,
    silent: u32,
    in_the_other_log: u32,
    in_parts: u32,
    half_lines: u32,
    out_of_order: u32,
    renamed: u32,
    truncated: u32,
    kills: u64,
    away: u32,
    outages: u32,
}

struct Story<'a> {
    witness: Witness,
    program: &'a Path,
    breaks: Option<&'static str>,
    logs: [Mutex<Log>; 2],
    chance: Rng,
    truth: BTreeSet<Fact>,
    counts: Counts,
}

/// A line that is to be written, when its time has come.
type Due = Reverse<(Duration, Name, String)>;

impl<'a> Story<'a> {
    fn begin(stage: &Stage, program: &'a Path, seed: u64) -> anyhow::Result<Self> {
        let witness = stage.witness(&[])?;
        let log = |name: &str| anyhow::Ok(Mutex::new(Log::create(witness.folder().join(name))?));
        let logs = [log("a.log")?, log("b.log")?];
        let (truth, counts) = (BTreeSet::new(), Counts::default());
        Ok(Self { witness, program, breaks: None, logs, chance: Rng::with_seed(seed), truth, counts })
    }

    fn log(&self, name: Name) -> MutexGuard<'_, Log> {
        self.logs[name as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes for so many rounds, and lets everything happen meanwhile.
    fn tell(&mut self, rounds: u32) -> anyhow::Result<()> {
        let mut written = Vec::new();
        let began = clock::monotonic();
        for number in 0..rounds * RATE * u32::try_from(ROUND.as_secs())? {
            self.code(number, began, &mut written);
        }
        let halves = Rng::with_seed(self.chance.u64(..));
        let over = AtomicBool::new(false);
        let (torn, kills) = thread::scope(|scope| -> anyhow::Result<_> {
            let writer = scope.spawn(|| {
                let torn = self.write_all(began, written.into_iter().collect(), halves);
                over.store(true, Ordering::Release);
                torn
            });
            let kills = self.disturb(began, rounds, &over);
            let torn = writer.join().map_err(|_| anyhow::anyhow!("the writer has died"))??;
            Ok((torn, kills?))
        })?;
        self.counts.half_lines = torn;
        self.counts.kills = kills;
        (self.counts.renamed, self.counts.truncated) = (3 * rounds, 2 * rounds);
        (self.counts.away, self.counts.outages) = (rounds, rounds);
        Ok(())
    }

    /// What happens to one code, and what is true of it.
    fn code(&mut self, number: u32, began: Duration, lines: &mut Vec<Due>) {
        let chance = &mut self.chance;
        self.counts.codes += 1;
        let at = began + Duration::from_secs(1) * number / RATE;
        let ahead = at.saturating_sub(clock::monotonic());
        let sent = clock::now().unix() + i64::try_from(ahead.as_secs()).unwrap_or_default();
        let log = if chance.bool() { Name::A } else { Name::B };
        let channel = if chance.u8(..4) == 0 { "voice" } else { "sms" };
        let parts = if chance.u8(..10) == 0 { chance.usize(2..=3) } else { 1 };
        let ids: Vec<_> = (0..parts).map(|part| format!("0{number:06}{part}")).collect();
        // The other log is a log of its own: the same user may be in both.
        let reference = if parts > 1 { format!("message-{number}") } else { format!("user-{}", number % USERS) };
        // Less than the slack, with room for a slow machine.
        let mut delay = |chance: &mut Rng| {
            let delayed = chance.u8(..8) == 0;
            self.counts.out_of_order += u32::from(delayed);
            Duration::from_millis(if delayed { chance.u64(..1000) } else { 0 })
        };
        // The part that is logged first stands for all.
        let logged = at + delay(chance);
        for id in &ids {
            let event = json!({"event": "sent", "message_id": id, "channel": channel, "ref": reference, "timestamp": sent});
            lines.push(Reverse((logged, log, format!("{event}\n"))));
        }
        let took = match chance.u8(..10) {
            0..=6 => Some(chance.i64(0..=LASTS)),
            7 => Some(chance.i64(LASTS + SLACK + 3..2 * LASTS)),
            _ => None,
        };
        let mut truth = |delivered, at: i64| {
            let timestamp = Timestamp::from_unix(at).map(|time| time.to_string()).unwrap_or_default();
            let (message_id, channel) = (ids[0].clone(), channel.to_owned());
            self.truth.insert(Fact { message_id, channel, delivered, timestamp });
        };
        if took.is_none_or(|took| took > LASTS) {
            truth(false, sent + LASTS);
        }
        let Some(took) = took else { return self.counts.silent += 1 };
        truth(true, sent + took);
        self.counts.late += u32::from(took > LASTS);
        self.counts.in_parts += u32::from(parts > 1);
        // The tracker of B is never away for long, so what it says of A's codes comes in time; perhaps before that of A is back.
        let there = if log == Name::A && took <= LASTS && chance.u8(..4) == 0 { Name::B } else { log };
        self.counts.in_the_other_log += u32::from(there != log);
        // A part that converts before it is logged as sent stands for itself.
        let part = if there == log && took > 1 { chance.usize(..parts) } else { 0 };
        let mut event = json!({"event": "converted", "message_id": ids[part], "timestamp": sent + took});
        if there != log {
            event["channel"] = json!(channel);
        }
        let at = at + Duration::from_secs(took.unsigned_abs()) + delay(chance);
        lines.push(Reverse((at, there, format!("{event}\n"))));
    }

    fn write_all(&self, began: Duration, mut lines: BinaryHeap<Due>, mut chance: Rng) -> anyhow::Result<u32> {
        let mut torn = 0;
        let mut said = began;
        while let Some(Reverse((at, name, line))) = lines.pop() {
            clock::sleep(at.saturating_sub(clock::monotonic()));
            let halves = (chance.u16(..300) == 0).then(|| Duration::from_millis(chance.u64(20..100)));
            torn += u32::from(halves.is_some());
            self.log(name).write(&line, halves)?;
            // What else is in such a log.
            if clock::monotonic().saturating_sub(said) > Duration::from_secs(1) {
                said = clock::monotonic();
                let other = json!({"level": "info", "timestamp": clock::now().unix(), "text": "alive"});
                self.log(Name::A).write(&format!("{other}\n"), None)?;
            }
        }
        Ok(torn)
    }

    /// Follows a log from its beginning, with all that was rotated away.
    fn follow(&self, name: Name) -> anyhow::Result<Tracker> {
        let (rotated, path) = {
            let log = self.log(name);
            (log.rotated.clone(), log.path.clone())
        };
        let mut tail = Command::new("sh")
            .args([
                "-c",
                r#"log=$1; shift; [ $# = 0 ] || cat "$@"; exec tail -n +1 -F "$log" 2>/dev/null"#,
                "tail",
            ])
            .arg(path)
            .args(rotated)
            .stdout(Stdio::piped())
            .spawn()?;
        let lines = tail.stdout.take().context("tail has no output")?;
        // Each log is of its own machine, where several share a ledger.
        let mut command = self.witness.command_on(name as usize, self.program);
        if let Some(breaks) = self.breaks {
            command.env(BREAK, breaks);
        }
        let program = command
            .args(["track", "--quiet", "--window", &format!("{LASTS}s"), "--source", &format!("{name:?}")])
            .stdin(lines)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        Ok(Tracker { tail, program })
    }

    /// What happens in each round. Returns how many trackers were killed.
    fn disturb(&self, began: Duration, rounds: u32, over: &AtomicBool) -> anyhow::Result<u64> {
        let mut trackers = [Some(self.follow(Name::A)?), Some(self.follow(Name::B)?)];
        let mut kills = 0;
        for round in 0..rounds {
            let until = |seconds| {
                let at = began + ROUND * round + Duration::from_secs(seconds);
                clock::sleep(at.saturating_sub(clock::monotonic()));
            };
            let mut kill = |trackers: &mut [Option<Tracker>; 2], name: Name| {
                kills += 1;
                trackers[name as usize].take().map_or(Ok(()), Tracker::kill)
            };
            until(3);
            self.log(Name::A).rename(trackers[Name::A as usize].as_ref())?;
            until(5);
            kill(&mut trackers, Name::B)?;
            trackers[Name::B as usize] = Some(self.follow(Name::B)?);
            // Away for longer than a code lasts, while the log is rotated and the other goes on.
            until(7);
            kill(&mut trackers, Name::A)?;
            until(11);
            self.log(Name::A).rename(trackers[Name::A as usize].as_ref())?;
            until(22);
            trackers[Name::A as usize] = Some(self.follow(Name::A)?);
            until(23);
            self.log(Name::A).copy_and_truncate(trackers[Name::A as usize].as_ref())?;
            self.log(Name::B).rename(trackers[Name::B as usize].as_ref())?;
            until(25);
            self.witness.pause(Duration::from_secs(2))?;
            until(27);
            kill(&mut trackers, Name::A)?;
            trackers[Name::A as usize] = Some(self.follow(Name::A)?);
            until(29);
            self.log(Name::B).copy_and_truncate(trackers[Name::B as usize].as_ref())?;
        }
        while !over.load(Ordering::Acquire) {
            clock::sleep(Duration::from_millis(50));
        }
        clock::sleep(Duration::from_secs((LASTS + SLACK + 3).unsigned_abs()));
        trackers.into_iter().flatten().try_for_each(Tracker::end)?;
        Ok(kills)
    }

    fn judge(&self) -> anyhow::Result<String> {
        let bound = self.counts.kills * IN_FLIGHT_LIMIT;
        let requests = compare(&self.witness, &self.truth, Repeats::UpTo(bound))?;
        let Counts { codes, late, silent, in_the_other_log, in_parts, half_lines, out_of_order, .. } = self.counts;
        let Counts { renamed, truncated, kills, away, outages, .. } = self.counts;
        for (what, count) in [("half lines", half_lines), ("lines out of order", out_of_order)] {
            ensure!(count > 0, "there were no {what}");
        }
        let repeated = requests - self.truth.len() as u64;
        Ok(format!(
            "live: {codes} codes in two logs: {late} late, {silent} silent, {in_parts} in parts, {in_the_other_log} converted in \
             the other log; {half_lines} half lines, {out_of_order} out of order; {renamed} times renamed, {truncated} truncated, \
             {kills} kills, {away} times away for longer than a code lasts, {outages} outages: none missing, none wrong, {repeated} \
             repeated (at most {bound})"
        ))
    }
}
