//! A day of an application's log, whose truth is known, becomes exactly the right conversions: once, again, and through kill -9. With
//! a ledger on a server, the application runs on several machines, each with a log of its own.

mod day;
mod live;
mod machines;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;
use std::{fs, thread};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use fastrand::Rng;
use nexmo_conversion::clock;

use super::ledger::{Kind, Ledger};
use super::stage::{Stage, Witness};
use crate::prove::seed::Seed;
use day::{Day, Fact};

/// `prove track`.
#[derive(Debug, Args)]
pub(crate) struct TrackArgs {
    /// How many codes were sent in the day
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    codes: usize,
    /// How many runs over the log are killed
    #[arg(long, value_name = "N", default_value_t = 20)]
    kills: usize,
    /// Where the ledger is; on a server, the log is of three machines
    #[arg(long, value_name = "KIND", value_enum, default_value_t)]
    ledger: Kind,
    /// Two logs instead, that are written while they are tracked
    #[arg(long)]
    live: bool,
    /// How often everything that happens to live logs happens to these; half a minute each
    #[arg(long, value_name = "N", default_value_t = 4, requires = "live")]
    rounds: u32,
    #[command(flatten)]
    seed: Seed,
}

/// Requests that one kill may repeat: four times the jobs that are the default.
const IN_FLIGHT_LIMIT: u64 = 64;

/// No run may take longer.
const LIMIT: Duration = Duration::from_secs(600);

/// Writes the day, lets it be tracked, and compares; fails if anything is missing, too many, wrong or out of order.
pub(crate) fn show(root: &Path, args: &TrackArgs) -> anyhow::Result<String> {
    let stage = &Stage::set(root, args.ledger)?;
    let seed = args.seed.choose();
    if args.live {
        let told = live::show(stage, args.rounds, seed).with_context(|| format!("seed {seed}"))?;
        return Ok(format!("seed {seed}\n{told}"));
    }
    let mut chance = Rng::with_seed(seed);
    let day = Day::make(args.codes, stage.machines(), clock::now(), &mut chance);
    if args.ledger == Kind::Postgres {
        day.ensure_shared()?;
    }
    let story = undisturbed(stage, &day).with_context(|| format!("seed {seed}"))?;
    let killed = match args.ledger {
        Kind::File => through_kills(stage, &day, args.kills, story.took, &mut chance),
        Kind::Postgres => machines::through_kills(stage, &day, args.kills, story.took, &mut chance),
    };
    let killed = killed.with_context(|| format!("seed {seed}, with kills"))?;
    let noticed = control(stage, &mut chance).with_context(|| format!("control, seed {seed}"))?;
    let mut told = format!(
        "seed {seed}\n{day}\n{story}\n{killed}\ncontrol (codes that expire a second too early): {noticed}"
    );
    if args.ledger == Kind::Postgres {
        let noticed = machines::control(stage, &mut chance).with_context(|| format!("control, seed {seed}"))?;
        let _ = write!(told, "\ncontrol (silence waits for its own log only): {noticed}");
    }
    Ok(told)
}

/// A program that is wrong by one second must be noticed.
fn control(stage: &Stage, chance: &mut Rng) -> anyhow::Result<String> {
    let day = Day::make(1000, stage.machines(), clock::now(), chance);
    let witness = stage.witness(&[])?;
    finish(stage, &witness, &day, &["--window", "599s"])?;
    match compare(&witness, &day.truth, Repeats::None) {
        Ok(_) => bail!("it was not noticed"),
        Err(error) => Ok(error.to_string()),
    }
}

/// The whole log, and the whole log again.
fn undisturbed(stage: &Stage, day: &Day) -> anyhow::Result<Story> {
    let witness = stage.witness(&[])?;
    let began = clock::monotonic();
    if stage.machines() > 1 {
        machines::read_together(&witness, &stage.programs.honest, None, day)?;
    }
    finish(stage, &witness, day, &[])?;
    let took = clock::monotonic().saturating_sub(began);
    let requests = compare(&witness, &day.truth, Repeats::None)?;
    finish(stage, &witness, day, &[])?;
    let again = compare(&witness, &day.truth, Repeats::None)? - requests;
    ensure!(again == 0, "reading the log again sent {again} requests");
    Ok(Story { took, requests })
}

/// A run that is not disturbed.
struct Story {
    took: Duration,
    requests: u64,
}

impl std::fmt::Display for Story {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { took, requests } = self;
        write!(
            f,
            "exactly the right {requests} conversions in {:.1} s; read again: no request",
            took.as_secs_f64()
        )
    }
}

/// Runs are killed at random moments of the time that one takes; the last one may finish.
fn through_kills(
    stage: &Stage,
    day: &Day,
    kills: usize,
    took: Duration,
    chance: &mut Rng,
) -> anyhow::Result<String> {
    let witness = stage.witness(&[])?;
    // What a killed run has read, the next one reads in a fraction of the time; who ends before it is killed shows how much sooner
    // the next one must be.
    let mut reach = took / 5;
    let (mut hit, mut runs) = (0, 0);
    while hit < kills {
        runs += 1;
        ensure!(runs <= 50 * kills, "only {hit} of {runs} kills hit a live run");
        let log = log_file(&witness, day, 0)?;
        let mut run = witness.command(&stage.programs.honest);
        let mut run = run.arg("track").arg(log).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        clock::sleep(Duration::from_millis(2).max(reach.mul_f64(chance.f64())));
        if run.try_wait()?.is_none() {
            run.kill()?;
            hit += 1;
        } else {
            reach = reach.mul_f64(0.7);
        }
        run.wait()?;
    }
    let bound = hit as u64 * IN_FLIGHT_LIMIT;
    finish(stage, &witness, day, &[])?;
    let requests = compare(&witness, &day.truth, Repeats::UpTo(bound))?;
    let repeated = requests - day.truth.len() as u64;
    Ok(format!("{hit} of {runs} runs killed: none missing, none wrong, {repeated} repeated (at most {bound})"))
}

fn log_file(witness: &Witness, day: &Day, machine: usize) -> anyhow::Result<PathBuf> {
    let path = witness.folder().join(format!("day-{machine}.ndjson"));
    if !path.exists() {
        fs::write(&path, &day.logs[machine].text)?;
    }
    Ok(path)
}

/// Lets a run on each machine come to its end. The day is over, so what has not converted by now is silent.
fn finish(stage: &Stage, witness: &Witness, day: &Day, more: &[&str]) -> anyhow::Result<()> {
    let mut runs = Vec::new();
    for machine in 0..day.logs.len() {
        let mut command = witness.command_on(machine, &stage.programs.honest);
        command.args(["track", "--quiet", "--at-end", "expire"]).args(more).arg(log_file(witness, day, machine)?);
        runs.push(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?);
    }
    runs.into_iter().try_for_each(|run| end(run, witness.ledger()))?;
    send_the_rest(stage, witness)
}

/// What waited behind another machine's value is left for later runs.
fn send_the_rest(stage: &Stage, witness: &Witness) -> anyhow::Result<()> {
    for _ in 0..10 {
        if witness.ledger().pending()? == 0 {
            return Ok(());
        }
        let mut resume = witness.command(&stage.programs.honest);
        resume.args(["ledger", "resume"]).stdout(Stdio::null()).stderr(Stdio::piped());
        end(resume.spawn()?, witness.ledger())?;
    }
    bail!("rows are pending after all runs have ended")
}

/// Waits until a run has ended, which must be well; or with a value that waits for another machine's.
fn end(run: Child, ledger: &Ledger) -> anyhow::Result<()> {
    let began = clock::monotonic();
    let run = thread::spawn(move || run.wait_with_output());
    while !run.is_finished() {
        ensure!(clock::monotonic().saturating_sub(began) < LIMIT, "a run did not end");
        clock::sleep(Duration::from_millis(10));
    }
    let Ok(output) = run.join() else { bail!("a run was lost") };
    let output = output?;
    let waits = matches!(ledger, Ledger::Server { .. }) && output.status.code() == Some(75);
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() || waits, "{}: {said}", output.status);
    Ok(())
}

/// How much may be sent more than once.
#[derive(Debug, Clone, Copy)]
enum Repeats {
    None,
    UpTo(u64),
}

/// Compares the sandbox's log with the truth, and returns how many requests there were.
fn compare(witness: &Witness, truth: &BTreeSet<Fact>, repeats: Repeats) -> anyhow::Result<u64> {
    let mut count: BTreeMap<Fact, u64> = BTreeMap::new();
    let mut values: BTreeMap<String, Vec<bool>> = BTreeMap::new();
    let requests = witness.requests()?;
    for request in &requests {
        let parameter = |name| request.parameter(name).unwrap_or_default().to_owned();
        let fact = Fact {
            message_id: parameter("message-id"),
            channel: request.path.trim_start_matches("/conversions/").to_owned(),
            delivered: parameter("delivered") == "true",
            timestamp: parameter("timestamp"),
        };
        ensure!(request.status == Some(200), "answered otherwise: {request:?}");
        values.entry(fact.message_id.clone()).or_default().push(fact.delivered);
        *count.entry(fact).or_default() += 1;
    }
    for fact in truth {
        ensure!(count.contains_key(fact), "missing: {fact:?}");
    }
    for fact in count.keys() {
        ensure!(truth.contains(fact), "wrong: {fact:?}");
    }
    for (id, values) in values {
        ensure!(values.is_sorted(), "{id}: false after true");
    }
    let total = requests.len() as u64;
    let repeated = total - truth.len() as u64;
    match repeats {
        Repeats::None => ensure!(repeated == 0, "{repeated} conversions were sent more than once"),
        Repeats::UpTo(bound) => ensure!(repeated <= bound, "{repeated} repeated, and {bound} are allowed"),
    }
    Ok(total)
}
