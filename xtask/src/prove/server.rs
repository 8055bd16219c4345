//! The ledger's server is crashed and started again under the runs of several machines: they go on by themselves, nothing is lost,
//! and a commit whose answer was lost counts if it had happened.
//!
//! Crashes alone hardly ever hit the moment between a commit and its answer. So each run has a proxy between itself and the server,
//! which now and then keeps back the server's "COMMIT", asks by psql whether the commit had happened, and cuts the connection.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use fastrand::Rng;
use nexmo_conversion::clock;

use super::between::{Between, Lost};
use super::fleet::{self, BATCH, IN_FLIGHT_LIMIT, Live, Outcome, Past, STATES};
use super::ledger::{Kind, Ledger, Ledgers};
use super::seed::Seed;
use super::stage::{BREAK, Programs, Witness};
use crate::postgres::Cluster;

/// `prove server`.
#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    /// How often the server is crashed
    #[arg(long, value_name = "N", default_value_t = 20)]
    kills: u64,
    #[command(flatten)]
    seed: Seed,
}

/// Machines that share the ledger.
const MACHINES: usize = 3;

/// How often each run is fed.
const PACE: Duration = Duration::from_millis(5);

/// After each crash, each run has to answer so many records more, which is more than it may have had in flight.
const GOES_ON: u64 = 100;

/// A control must show its broken promise within so many crashes.
const CONTROL: u64 = 10;

/// Crashes the server and counts; fails if something was lost or repeated, or if a program that asks for no commit was not noticed.
pub(crate) fn show(root: &Path, args: &ServerArgs) -> anyhow::Result<String> {
    let programs = Programs::build(root)?;
    let ledgers = Ledgers::of(Kind::Postgres)?;
    let seed = args.seed.choose();
    let mut chance = Rng::with_seed(seed);
    let began = clock::monotonic();
    let told = || format!("seed {seed}");
    let played = play(&programs, &ledgers, None, args.kills, &mut chance).with_context(told)?;
    let took = clock::monotonic().saturating_sub(began);
    let bound = IN_FLIGHT_LIMIT * MACHINES as u64 * args.kills;
    for run in &played.runs {
        ensure!(run.code == Some(0), "seed {seed}: a run ended with {:?}: {}\n{played}", run.code, run.stderr);
    }
    if let Some(fault) = played.outcome.fault(bound) {
        anyhow::bail!("seed {seed}: {fault}");
    }
    ensure!(played.lost.had_happened > 0, "seed {seed}: no commit of unknown outcome had happened");
    let noticed = control(&programs, &ledgers, &mut chance).context("control: lost answers count as failures")?;
    Ok(format!(
        "seed {seed}\n{played} (the bound is {bound})\nin {:.1} s\ncontrol (a commit whose answer was lost counts as failed): {noticed}",
        took.as_secs_f64()
    ))
}

/// The same with a program that takes each commit for failed whose answer it has not got.
fn control(programs: &Programs, ledgers: &Ledgers, chance: &mut Rng) -> anyhow::Result<String> {
    let played = play(programs, ledgers, Some("unknown-commits-are-read"), CONTROL, chance)?;
    let failed = played.runs.iter().filter(|run| run.code != Some(0)).count();
    let bound = IN_FLIGHT_LIMIT * MACHINES as u64 * CONTROL;
    let fault = played.outcome.fault(bound);
    ensure!(failed > 0 || fault.is_some(), "it was not noticed: {played}");
    Ok(format!("{}; {failed} of {MACHINES} runs failed", played.outcome))
}

/// What was done, and what it came to.
struct Played {
    crashes: u64,
    processes: usize,
    lost: Lost,
    runs: Vec<Past>,
    outcome: Outcome,
}

fn play(
    programs: &Programs,
    ledgers: &Ledgers,
    breaks: Option<&str>,
    crashes: u64,
    chance: &mut Rng,
) -> anyhow::Result<Played> {
    let witness = Witness::with(programs, ledgers, &["--latency", "2ms"])?;
    let Ledger::Server { cluster, database } = witness.ledger() else { anyhow::bail!("no server") };
    let ways = (0..MACHINES).map(|_| Between::start(cluster, database)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut runs = Vec::new();
    for (machine, way) in ways.iter().enumerate() {
        let program = if breaks.is_some() { &programs.breakable } else { &programs.honest };
        let mut command = witness.command_on(machine, program);
        let folder = way.folder().display();
        let url = format!("postgres://postgres@/{database}?host={folder}&port={}", cluster.port());
        command.args(BATCH).env("NEXMO_CONVERSION_LEDGER", url).envs(breaks.map(|promise| (BREAK, promise)));
        // However slowly a busy machine starts a server: no run is to lose its lease here.
        command.env("NEXMO_CONVERSION_LEDGER_LEASE", "2m");
        let stderr = witness.folder().join(format!("stderr-{machine}"));
        runs.push(Live::start(command, &machine.to_string(), PACE, stderr, |command| Ok(command.spawn()?))?);
        way.lose_answers(chance.fork());
    }
    let mut processes = 0;
    for number in 1..=crashes {
        let went_on = goes_on(&mut runs);
        // A program that breaks a promise may end when it likes.
        if breaks.is_none() {
            went_on.with_context(|| format!("before crash {number}"))?;
        } else if went_on.is_err() {
            break;
        }
        processes += crash(cluster, chance);
    }
    if breaks.is_none() {
        goes_on(&mut runs).context("after the last crash")?;
    }
    for way in &ways {
        way.lose_nothing();
    }
    let runs = fleet::finish(runs)?;
    let mut lost = Lost::default();
    for Lost { answers, had_happened, in_the_air } in ways.iter().map(Between::lost) {
        lost.answers += answers;
        lost.had_happened += had_happened;
        lost.in_the_air += in_the_air;
    }
    let outcome = Outcome::of(&runs, &witness.requests()?, &witness.ledger().rows(STATES)?);
    Ok(Played { crashes, processes, lost, runs, outcome })
}

/// Whether each run answers records that it has read since now.
fn goes_on(runs: &mut [Live]) -> anyhow::Result<()> {
    runs.iter_mut().try_for_each(|run| run.wait_for_answers(GOES_ON))
}

/// Crashes the server at any moment, and starts it again; returns how many of its processes were killed.
fn crash(cluster: &Arc<Cluster>, chance: &mut Rng) -> usize {
    clock::sleep(Duration::from_millis(chance.u64(0..400)));
    let killed = cluster.crash();
    clock::sleep(Duration::from_millis(chance.u64(0..300)));
    cluster.start_again();
    killed
}

impl fmt::Display for Played {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} crashes of the server ({} processes killed) under {MACHINES} runs, each of which went on after each; {} COMMITs in \
             the air at a crash, {} whose answer a proxy lost: {} of these had happened\n{}",
            self.crashes,
            self.processes,
            self.lost.in_the_air,
            self.lost.answers,
            self.lost.had_happened,
            self.outcome
        )
    }
}
