//! A day in the logs of several machines, each of which tracks its own, at the same time as the others.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use fastrand::Rng;
use nexmo_conversion::clock;

use super::day::{Day, Log};
use super::{IN_FLIGHT_LIMIT, LIMIT, Repeats, compare, end, finish, log_file};
use crate::prove::ledger::Ledger;
use crate::prove::stage::{BREAK, Stage, Witness};

/// A log that rests is taken to be read when the time that its run publishes is no further back than this: a quarter of the time a
/// code lasts, and a minute by which lines may be written late.
const READ: i64 = 150 + 60;

/// Lets all machines read their logs at the same time, the first one far ahead of the others towards the end of the day.
pub(super) fn read_together(
    witness: &Witness,
    program: &Path,
    breaks: Option<&str>,
    day: &Day,
) -> anyhow::Result<()> {
    let mut runs = begin(witness, program, breaks, day.logs.len())?;
    let logs: Vec<_> = day.logs.iter().map(|log| halves(&log.text)).collect();
    pour(&mut runs, logs.iter().map(|(first, _)| *first).collect())?;
    let ahead = |number: usize| if number == 0 { logs[0].1 } else { "" };
    pour(&mut runs, (0..logs.len()).map(ahead).collect())?;
    wait_until_read(witness.ledger(), &day.logs[0])?;
    let behind = |number: usize| if number == 0 { "" } else { logs[number].1 };
    pour(&mut runs, (0..logs.len()).map(behind).collect())?;
    for run in &mut runs {
        drop(run.stdin.take());
    }
    runs.into_iter().try_for_each(|run| end(run, witness.ledger()))
}

/// Programs that do not wait for the other machines' logs must be noticed.
pub(super) fn control(stage: &Stage, chance: &mut Rng) -> anyhow::Result<String> {
    let day = Day::make(1000, stage.machines(), clock::now(), chance);
    let witness = stage.witness(&[])?;
    read_together(&witness, &stage.programs.breakable, Some("silence-waits-for-every-log"), &day)?;
    finish(stage, &witness, &day, &[])?;
    match compare(&witness, &day.truth, Repeats::None) {
        Ok(_) => bail!("it was not noticed"),
        Err(error) => Ok(error.to_string()),
    }
}

/// Starts a run on each machine, and waits until all of them say that they read.
fn begin(witness: &Witness, program: &Path, breaks: Option<&str>, machines: usize) -> anyhow::Result<Vec<Child>> {
    let mut runs = Vec::new();
    for machine in 0..machines {
        let mut command = track(witness, program, machine);
        command.envs(breaks.map(|promise| (BREAK, promise)));
        runs.push(command.stdin(Stdio::piped()).spawn()?);
    }
    let began = clock::monotonic();
    while witness.ledger().rows("SELECT 1 FROM lease WHERE log_time IS NOT NULL AND until > now()")?.len()
        < machines
    {
        ensure!(clock::monotonic().saturating_sub(began) < LIMIT, "not all runs have begun");
        clock::sleep(Duration::from_millis(10));
    }
    Ok(runs)
}

fn track(witness: &Witness, program: &Path, machine: usize) -> Command {
    let mut command = witness.command_on(machine, program);
    command.args(["track", "--quiet", "--source", &format!("machine-{machine}")]);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Two parts of a log, the first one twice as long as the second.
fn halves(log: &str) -> (&str, &str) {
    let two_thirds = log.len() / 3 * 2;
    let end_of_line = log.bytes().skip(two_thirds).position(|byte| byte == b'\n');
    log.split_at(end_of_line.map_or(log.len(), |end| two_thirds + end + 1))
}

/// Lets each run read this, all at once.
fn pour(runs: &mut [Child], texts: Vec<&str>) -> anyhow::Result<()> {
    thread::scope(|scope| {
        let pours: Vec<_> = runs
            .iter_mut()
            .zip(texts)
            .map(|(run, text)| {
                scope.spawn(move || {
                    let pipe = run.stdin.as_mut().context("no pipe")?;
                    pipe.write_all(text.as_bytes()).context("a run takes no more")
                })
            })
            .collect();
        pours.into_iter().try_for_each(|pour| pour.join().map_err(|_| anyhow::anyhow!("a writer has died"))?)
    })
}

/// Waits until a log has been read to its end, by what its run publishes.
fn wait_until_read(ledger: &Ledger, log: &Log) -> anyhow::Result<()> {
    let began = clock::monotonic();
    let read = format!("SELECT 1 FROM lease WHERE log_time >= {}", log.last - READ);
    while ledger.rows(&read)?.is_empty() {
        ensure!(clock::monotonic().saturating_sub(began) < LIMIT, "a run does not read its log");
        clock::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// On all machines at once runs are killed at random moments of the time that one takes, and begin again; the last of each may finish.
pub(super) fn through_kills(
    stage: &Stage,
    day: &Day,
    kills: usize,
    took: Duration,
    chance: &mut Rng,
) -> anyhow::Result<String> {
    let witness = stage.witness(&[])?;
    let machines = day.logs.len();
    let share = kills.div_ceil(machines);
    // Every machine is known to read before the first one does.
    let openers = begin(&witness, &stage.programs.honest, None, machines)?;
    let runs = thread::scope(|scope| {
        let machines: Vec<_> = openers
            .into_iter()
            .enumerate()
            .map(|(machine, opener)| {
                let mut chance = chance.fork();
                let witness = &witness;
                scope.spawn(move || {
                    let start = || -> anyhow::Result<Child> {
                        let log = File::open(log_file(witness, day, machine)?)?;
                        Ok(track(witness, &stage.programs.honest, machine).stdin(log).spawn()?)
                    };
                    let runs = kill_again_and_again(opener, &start, share, took / 5, &mut chance)?;
                    end(start()?, witness.ledger())?;
                    Ok(runs)
                })
            })
            .collect();
        let runs = machines
            .into_iter()
            .map(|machine| machine.join().map_err(|_| anyhow::anyhow!("a machine's watcher has died"))?);
        runs.sum::<anyhow::Result<usize>>()
    })?;
    let hit = share * machines;
    let bound = hit as u64 * IN_FLIGHT_LIMIT;
    finish(stage, &witness, day, &[])?;
    let requests = compare(&witness, &day.truth, Repeats::UpTo(bound))?;
    let repeated = requests - day.truth.len() as u64;
    Ok(format!(
        "{hit} of {runs} runs killed on {machines} machines: none missing, none wrong, {repeated} repeated (at most {bound})"
    ))
}

/// Kills this many runs; returns how many it took.
fn kill_again_and_again(
    opener: Child,
    start: &dyn Fn() -> anyhow::Result<Child>,
    kills: usize,
    mut reach: Duration,
    chance: &mut Rng,
) -> anyhow::Result<usize> {
    let (mut hit, mut runs) = (0, 0);
    let mut run = opener;
    loop {
        // The next one begins at once: nobody waits for the log of a run whose lease has ended.
        run.kill()?;
        run.wait()?;
        if hit == kills {
            return Ok(runs);
        }
        run = start()?;
        runs += 1;
        ensure!(runs <= 50 * kills, "only {hit} of {runs} kills hit a live run");
        clock::sleep(Duration::from_millis(2).max(reach.mul_f64(chance.f64())));
        if run.try_wait()?.is_none() {
            hit += 1;
        } else {
            reach = reach.mul_f64(0.7);
        }
    }
}
