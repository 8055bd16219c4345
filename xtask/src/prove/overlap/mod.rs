//! Several runs at once on one ledger: every record goes once, the values of a message-id go in their order, and what a killed run
//! had is free: at that moment on its machine, when its lease has ended on others.

mod left;
mod values;

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use fastrand::Rng;
use nexmo_conversion::clock;

use super::ledger::{Kind, Ledger};
use super::producer::{Ended, Fact, Fate, Feed, Key, Producer, watch};
use super::stage::{BREAK, Stage, Witness};
use crate::prove::seed::Seed;
use left::Successor;

/// `prove overlap`.
#[derive(Debug, Args)]
pub(crate) struct OverlapArgs {
    /// How often four runs meet on a ledger, and how often a run is killed for the next one
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// Where the ledger is; on a server, the runs are of three machines
    #[arg(long, value_name = "KIND", value_enum, default_value_t)]
    ledger: Kind,
    #[command(flatten)]
    seed: Seed,
}

/// Runs on one ledger at once.
const RUNS: usize = 4;

/// Records that all of them have.
const SHARED: usize = 300;

/// W of a run with up to 16 jobs.
const IN_FLIGHT_LIMIT: u64 = 64;

/// A control must show its broken promise within so many meetings.
const CONTROL: usize = 20;

/// Lets runs meet and counts; fails if something went twice, or if runs without ownership sent nothing twice.
pub(crate) fn show(root: &Path, args: &OverlapArgs) -> anyhow::Result<String> {
    let stage = Stage::set(root, args.ledger)?;
    let began = clock::monotonic();
    let seed = args.seed.choose();
    let mut chance = Rng::with_seed(seed);
    let mut honest = Tally { seed, ..Tally::default() };
    for round in 1..=args.rounds {
        honest.met +=
            meet_honestly(&stage, &mut chance).with_context(|| format!("seed {seed}, meeting {round}"))?;
        let left = left::take_over(&stage, Successor::OnItsMachine);
        honest.left.add(&left.with_context(|| format!("killed run {round}"))?);
        if args.ledger == Kind::Postgres {
            let left = left::take_over(&stage, Successor::OnAnother);
            honest.left_elsewhere.add(&left.with_context(|| format!("killed run {round}, another machine"))?);
            honest.values.add(&values::meet_in_order(&stage).with_context(|| format!("values {round}"))?);
        }
        honest.rounds += 1;
    }
    ensure!(honest.met > 0, "no run has met a record that another live run had");
    let took = clock::monotonic().saturating_sub(began);
    let (meetings, twice) = meet_without_ownership(&stage, &mut chance)?;
    let mut told = format!(
        "{honest}\nin {:.1} s\ncontrol (every other run looks crashed): {twice} of {SHARED} records sent more than once in \
         meeting {meetings}",
        took.as_secs_f64()
    );
    if args.ledger == Kind::Postgres {
        let broken = values::meet_without_index(&stage)?;
        let _ = write!(told, "\ncontrol (without the index of values under way): {broken}");
    }
    Ok(told)
}

/// What all rounds came to.
#[derive(Default)]
struct Tally {
    seed: u64,
    rounds: usize,
    met: usize,
    left: left::Tally,
    left_elsewhere: left::Tally,
    values: values::Seen,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, rounds, met, left, left_elsewhere, values } = self;
        write!(
            f,
            "seed {seed}\n{rounds} meetings of {RUNS} runs with the same {SHARED} records: every record was sent once, {met} times a \
             record of another live run was left alone\n{left}"
        )?;
        if left_elsewhere.runs > 0 {
            write!(f, "\n{left_elsewhere}\n{values}")?;
        }
        Ok(())
    }
}

/// How often a record was left to another live run.
fn meet_honestly(stage: &Stage, chance: &mut Rng) -> anyhow::Result<usize> {
    let witness = stage.witness(&["--latency", "5ms"])?;
    let ended = meet(&witness, |run| witness.command_on(run % stage.machines(), &stage.programs.honest), chance)?;
    let deliveries = witness.deliveries()?;
    let twice = sent_twice(&deliveries);
    ensure!(deliveries.len() == SHARED, "{} of {SHARED} records were sent", deliveries.len());
    ensure!(twice == 0, "{twice} records were sent more than once");
    let of =
        |outcome: &str| ended.iter().flat_map(|run| &run.lines).filter(|line| line["outcome"] == outcome).count();
    for run in &ended {
        ensure!(run.code == Some(0), "a run ended with {:?}: {}", run.code, run.stderr);
        ensure!(run.lines.len() == SHARED, "a run answered {} of {SHARED} records", run.lines.len());
    }
    ensure!(of("accepted") == SHARED, "{} of {SHARED} records were called accepted", of("accepted"));
    ensure!(of("skipped") == SHARED * (RUNS - 1), "{} records were called skipped", of("skipped"));
    let lines = ended.iter().flat_map(|run| &run.lines);
    Ok(lines.filter(|line| line["error"]["code"] == "already_queued").count())
}

/// How many meetings it took until something went twice, and how much.
fn meet_without_ownership(stage: &Stage, chance: &mut Rng) -> anyhow::Result<(usize, usize)> {
    for meeting in 1..=CONTROL {
        let witness = stage.witness(&["--latency", "5ms"])?;
        let broken = |run: usize| {
            let mut command = witness.command_on(run % stage.machines(), &stage.programs.breakable);
            command.env(BREAK, "owned-by-one-run");
            command
        };
        // How such runs end is another matter: each takes from the others what they have.
        meet(&witness, broken, chance)?;
        let twice = sent_twice(&witness.deliveries()?);
        if twice > 0 {
            return Ok((meeting, twice));
        }
    }
    anyhow::bail!("control: runs that own nothing sent nothing twice")
}

fn sent_twice(deliveries: &BTreeMap<Key, u64>) -> usize {
    deliveries.values().filter(|count| **count > 1).count()
}

/// Runs at the same time, each with the same records in an order of its own. A file is made by all of them at once.
fn meet(
    witness: &Witness,
    program: impl Fn(usize) -> Command + Sync,
    chance: &mut Rng,
) -> anyhow::Result<Vec<Ended>> {
    let mut producer = Producer::default();
    let facts: Vec<_> = (0..SHARED).map(|_| producer.make("SHARED", true, None)).collect();
    let orders = (0..RUNS).map(|_| {
        let mut facts = facts.clone();
        chance.shuffle(&mut facts);
        facts
    });
    at_once(witness, orders.collect(), |run| {
        let mut command = program(run);
        command.args(["--json", "batch", "-j", "8"]);
        command
    })
}

/// Runs at the same time, each with its records. On a server they are fed when all of them have begun.
fn at_once(
    witness: &Witness,
    records: Vec<Vec<Fact>>,
    program: impl Fn(usize) -> Command + Sync,
) -> anyhow::Result<Vec<Ended>> {
    let program = &program;
    let (runs, ready) = (records.len(), AtomicUsize::new(0));
    let all_have_begun = &|| {
        if let Ledger::Server { .. } = witness.ledger() {
            let leases = || witness.ledger().rows("SELECT 1 FROM lease WHERE until > now()");
            wait_until(&|| leases().is_ok_and(|leases| leases.len() >= runs));
            ready.fetch_add(1, Ordering::Relaxed);
            wait_until(&|| ready.load(Ordering::Relaxed) >= runs);
        }
    };
    thread::scope(|scope| {
        let runs: Vec<_> = records
            .into_iter()
            .enumerate()
            .map(|(number, facts)| {
                let stderr = witness.folder().join(format!("stderr-{number}"));
                let feed = Feed::RestAfter(all_have_begun, facts);
                scope.spawn(move || watch(&mut program(number), feed, Fate::Finishes, &stderr))
            })
            .collect();
        runs.into_iter().map(|run| run.join().map_err(|_| anyhow::anyhow!("a run's watcher has died"))?).collect()
    })
}

/// Waits, but not for ever: what it waits for only makes it likelier that runs meet.
fn wait_until(it_is_so: &dyn Fn() -> bool) {
    let began = clock::monotonic();
    while !it_is_so() && clock::monotonic().saturating_sub(began) < Duration::from_secs(5) {
        clock::sleep(Duration::from_micros(200));
    }
}

/// The latest of some times, for people.
fn slowest(times: &[Duration]) -> u128 {
    times.iter().max().map_or(0, Duration::as_millis)
}
