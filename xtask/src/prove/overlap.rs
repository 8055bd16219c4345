//! Several runs at once on one ledger: every record goes once, and what a killed run had is free at that moment.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use fastrand::Rng;
use nexmo_conversion::clock;

use super::producer::{Ended, Fact, Fate, Feed, Key, Producer, watch};
use super::stage::{BREAK, Programs, Witness};

/// `prove overlap`.
#[derive(Debug, Args)]
pub(crate) struct OverlapArgs {
    /// How often four runs meet on a ledger, and how often a run is killed for the next one
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// Begin chance with this number, which an earlier proof has printed
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// Runs on one ledger at once.
const RUNS: usize = 4;

/// Records that all of them have.
const SHARED: usize = 300;

/// Records of a run that is killed.
const LEFT: usize = 200;

/// Records of a run that lives meanwhile.
const LIVE: u64 = 60;

/// W of a run with up to 16 jobs.
const IN_FLIGHT_LIMIT: u64 = 64;

/// The next run must have begun to send by then, on a busy machine too. Waiting for a lock (10 s) or for a planned attempt (60 s)
/// would be later.
const AT_ONCE: Duration = Duration::from_secs(8);

/// Lets runs meet and counts; fails if something went twice, or if runs without ownership sent nothing twice.
pub(crate) fn show(root: &Path, args: &OverlapArgs) -> anyhow::Result<String> {
    let programs = Programs::build(root)?;
    let began = clock::monotonic();
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    let mut chance = Rng::with_seed(seed);
    let (mut met, mut left, mut repeats, mut slowest) = (0, 0, 0, Duration::ZERO);
    for round in 1..=args.rounds {
        met += meet_honestly(&programs, &mut chance).with_context(|| format!("seed {seed}, meeting {round}"))?;
        let freed = free(&programs).with_context(|| format!("killed run {round}"))?;
        left += freed.left;
        repeats += freed.repeats;
        slowest = slowest.max(freed.until_first);
    }
    ensure!(met > 0, "no run has met a record that another live run had");
    let took = clock::monotonic().saturating_sub(began);
    let (rounds, twice) = meet_without_ownership(&programs, &mut chance)?;
    Ok(format!(
        "seed {seed}\n{} meetings of {RUNS} runs with the same {SHARED} records: every record was sent once, {met} times a record \
         of another live run was left alone\n{} killed runs left at least {left} rows: the next run sent its first of them after \
         {} ms at the latest, {repeats} were sent twice (the bound is {IN_FLIGHT_LIMIT} each), none of a run that lived meanwhile\n\
         in {:.1} s\ncontrol (every other run looks crashed): {twice} of {SHARED} records sent more than once in meeting {rounds}",
        args.rounds,
        args.rounds,
        slowest.as_millis(),
        took.as_secs_f64(),
    ))
}

/// How often a record was left to another live run.
fn meet_honestly(programs: &Programs, chance: &mut Rng) -> anyhow::Result<usize> {
    let witness = Witness::start(programs, &["--latency", "5ms"])?;
    let ended = meet(&witness, || witness.command(&programs.honest), chance)?;
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
fn meet_without_ownership(programs: &Programs, chance: &mut Rng) -> anyhow::Result<(usize, usize)> {
    for round in 1..=5 {
        let witness = Witness::start(programs, &["--latency", "5ms"])?;
        let broken = || {
            let mut command = witness.command(&programs.breakable);
            command.env(BREAK, "owned-by-one-run");
            command
        };
        // How such runs end is another matter: each takes from the others what they have.
        meet(&witness, broken, chance)?;
        let twice = sent_twice(&witness.deliveries()?);
        if twice > 0 {
            return Ok((round, twice));
        }
    }
    anyhow::bail!("control: runs that own nothing sent nothing twice")
}

fn sent_twice(deliveries: &BTreeMap<Key, u64>) -> usize {
    deliveries.values().filter(|count| **count > 1).count()
}

/// Runs at the same time, each with the same records in an order of its own. The ledger is made by all of them at once.
fn meet(witness: &Witness, program: impl Fn() -> Command + Sync, chance: &mut Rng) -> anyhow::Result<Vec<Ended>> {
    let facts = facts(SHARED);
    let orders: Vec<_> = (0..RUNS)
        .map(|_| {
            let mut facts = facts.clone();
            chance.shuffle(&mut facts);
            facts
        })
        .collect();
    thread::scope(|scope| {
        let runs: Vec<_> = orders
            .into_iter()
            .enumerate()
            .map(|(number, facts)| {
                let mut command = program();
                command.args(["--json", "batch", "-j", "8"]);
                let stderr = witness.folder().join(format!("stderr-{number}"));
                scope.spawn(move || watch(&mut command, Feed::Rest(facts), Fate::Finishes, &stderr))
            })
            .collect();
        runs.into_iter().map(|run| run.join().map_err(|_| anyhow::anyhow!("a run's watcher has died"))?).collect()
    })
}

fn facts(count: usize) -> Vec<Fact> {
    let mut producer = Producer::default();
    (0..count).map(|_| producer.make("SHARED", true, None)).collect()
}

/// What a run found that was started at the moment at which another was killed.
struct Freed {
    left: u64,
    repeats: u64,
    until_first: Duration,
}

fn free(programs: &Programs) -> anyhow::Result<Freed> {
    let witness = Witness::start(programs, &["--latency", "20ms"])?;
    let program = |arguments: &[&str]| {
        let mut command = witness.command(&programs.honest);
        command.arg("--json").args(arguments);
        command
    };
    let stderr = |name: &str| witness.folder().join(format!("stderr-{name}"));
    let mut producer = Producer::default();
    let bystanders: Vec<_> = (0..LIVE).map(|_| producer.make("LIVE", true, None)).collect();
    let left: Vec<_> = (0..LEFT).map(|_| producer.make("LEFT", true, None)).collect();
    let mut slow = program(&["batch", "--rate", "30/s"]);
    thread::scope(|scope| {
        let live = scope.spawn(|| watch(&mut slow, Feed::Rest(bystanders), Fate::Finishes, &stderr("live")));
        let killed = watch(
            &mut program(&["batch", "-j", "4"]),
            Feed::Pipe(left),
            Fate::KilledWhen(&|| arrived(&witness, "LEFT").is_ok_and(|count| count >= 20)),
            &stderr("killed"),
        )?;
        ensure!(killed.code.is_none(), "a run that was to be killed ended with {:?}", killed.code);
        let at_kill = witness.ledger().pending()?;
        let before = arrived(&witness, "LEFT")?;
        let next = scope
            .spawn(|| watch(&mut program(&["ledger", "resume"]), Feed::Nothing, Fate::Finishes, &stderr("next")));
        let began = clock::monotonic();
        let mut until_first = Duration::ZERO;
        while arrived(&witness, "LEFT")? == before {
            until_first = clock::monotonic().saturating_sub(began);
            ensure!(until_first < AT_ONCE, "what a killed run had was not free within {AT_ONCE:?}");
            clock::sleep(Duration::from_millis(1));
        }
        for run in [live, next] {
            let ended = run.join().map_err(|_| anyhow::anyhow!("a run's watcher has died"))??;
            ensure!(ended.code == Some(0), "a run ended with {:?}: {}", ended.code, ended.stderr);
        }
        let deliveries = witness.deliveries()?;
        let of = |name: &str| -> Vec<u64> {
            deliveries.iter().filter(|(key, _)| key.0.starts_with(name)).map(|(_, count)| *count).collect()
        };
        ensure!(
            of("LIVE").len() as u64 == LIVE && of("LIVE").iter().sum::<u64>() == LIVE,
            "a live run's rows were taken"
        );
        let recorded = of("LEFT").len();
        ensure!(witness.ledger().pending()? == 0, "rows are pending after all runs have ended");
        let repeats = of("LEFT").iter().map(|count| count - 1).sum();
        ensure!(repeats <= IN_FLIGHT_LIMIT, "{repeats} of {recorded} records were sent twice");
        ensure!(at_kill > LIVE, "the run that was killed had nothing pending");
        Ok(Freed { left: at_kill - LIVE, repeats, until_first })
    })
}

fn arrived(witness: &Witness, name: &str) -> anyhow::Result<usize> {
    Ok(witness.log_now()?.matches(name).count())
}
