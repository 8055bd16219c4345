//! The ledger's server is lost for good and its standby takes its place, under the runs of several machines: they go on there by
//! themselves, and what the old server had acknowledged is known to the new one, because it was asked first.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use fastrand::Rng;
use nexmo_conversion::clock;

use super::fleet::{self, BATCH, IN_FLIGHT_LIMIT, Live, Outcome, Past, STATES, wait_until};
use super::ledger::{Ledger, Ledgers};
use super::seed::Seed;
use super::stage::{Programs, Witness};
use crate::postgres::Cluster;

/// `prove standby`.
#[derive(Debug, Args)]
pub(crate) struct StandbyArgs {
    /// How many servers are lost
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: u64,
    #[command(flatten)]
    seed: Seed,
}

/// Machines that share the ledger.
const MACHINES: usize = 3;

/// How often each run is fed.
const PACE: Duration = Duration::from_millis(5);

/// A run that goes on answers so many records more than it may have had in flight.
const GOES_ON: u64 = 100;

/// The standby's name, for the server that asks it.
const NAME: &str = "second";

/// Loses servers and counts; fails if something was lost with them, or if nothing was that was lost with one whose standby had fallen
/// behind.
pub(crate) fn show(root: &Path, args: &StandbyArgs) -> anyhow::Result<String> {
    let programs = Programs::build(root)?;
    let seed = args.seed.choose();
    let mut chance = Rng::with_seed(seed);
    let began = clock::monotonic();
    let mut told = Vec::new();
    for round in 1..=args.rounds {
        let told_of = || format!("seed {seed}, round {round}");
        let played = play(&programs, Standby::Asked, &mut chance).with_context(told_of)?;
        played.ensure_good().with_context(told_of)?;
        told.push(played.to_string());
    }
    let took = clock::monotonic().saturating_sub(began);
    let lossy =
        play(&programs, Standby::Behind, &mut chance).context("control: a standby that has fallen behind")?;
    let missing = lossy.missing();
    ensure!(missing > 0, "control: with the server nothing was lost that its standby had not got");
    Ok(format!(
        "seed {seed}\n{}\nin {:.1} s\ncontrol (a standby that is not asked, and has fallen behind): {missing} records that the old server \
         had as accepted are not so on the new one; {}",
        told.join("\n"),
        took.as_secs_f64(),
        lossy.outcome
    ))
}

/// What the standby is to its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standby {
    /// No commit is acknowledged before it has it.
    Asked,
    /// It has heard nothing for a while.
    Behind,
}

/// What was done, and what it came to.
struct Played {
    killed: usize,
    /// Records that were accepted on the old server before it was lost.
    before: Vec<String>,
    /// Those on the new one in the end.
    after: Vec<String>,
    runs: Vec<Past>,
    outcome: Outcome,
}

fn play(programs: &Programs, standby: Standby, chance: &mut Rng) -> anyhow::Result<Played> {
    let first = Arc::new(Cluster::prepare("a proof").context("PostgreSQL is not installed")?.start());
    // What it asks of others is its server's business, and is not to become its own.
    let second = first.standby(NAME).setting("synchronous_standby_names = ''").start();
    wait_until("the standby does not follow", || {
        Ok(first.sql("postgres", "SELECT state FROM pg_stat_replication") == "streaming")
    })?;
    let set = |setting: &str| {
        first.sql("postgres", setting);
        first.sql("postgres", "SELECT pg_reload_conf()");
    };
    if standby == Standby::Asked {
        set(&format!("ALTER SYSTEM SET synchronous_standby_names = '{NAME}'"));
        wait_until("the standby is not asked", || {
            Ok(first.sql("postgres", "SELECT sync_state FROM pg_stat_replication") == "sync")
        })?;
    }
    let witness = Witness::with(programs, &Ledgers::Server(Arc::clone(&first)), &["--latency", "2ms"])?;
    let Ledger::Server { database, .. } = witness.ledger() else { anyhow::bail!("no server") };
    let folders = format!("{},{}", first.folder().display(), second.folder().display());
    let url = format!("postgres://postgres@/{database}?host={folders}&port={},{}", first.port(), second.port());
    let mut runs = Vec::new();
    for machine in 0..MACHINES {
        let mut command = witness.command_on(machine, &programs.honest);
        // However slowly a busy machine promotes a server: no run is to lose its lease here.
        command.args(BATCH).env("NEXMO_CONVERSION_LEDGER", &url).env("NEXMO_CONVERSION_LEDGER_LEASE", "2m");
        let stderr = witness.folder().join(format!("stderr-{machine}"));
        runs.push(Live::start(command, &machine.to_string(), PACE, stderr, |command| Ok(command.spawn()?))?);
    }
    go_on(&mut runs)?;
    if standby == Standby::Behind {
        second.sql("postgres", "ALTER SYSTEM SET primary_conninfo = ''");
        second.sql("postgres", "SELECT pg_reload_conf()");
        wait_until("the standby goes on following", || {
            Ok(first.sql("postgres", "SELECT count(*) FROM pg_stat_replication") == "0")
        })?;
        go_on(&mut runs)?;
    }
    clock::sleep(Duration::from_millis(chance.u64(0..1000)));
    let accepted = |cluster: &Cluster| -> Vec<String> {
        let accepted = "SELECT message_id FROM nexmo_conversion.conversion WHERE state = 2";
        cluster.sql(database, accepted).lines().map(str::to_owned).collect()
    };
    let before = accepted(&first);
    let killed = first.crash();
    // A run may ask before there is anybody to take its writes.
    clock::sleep(Duration::from_millis(chance.u64(0..1000)));
    second.promote();
    if standby == Standby::Asked {
        go_on(&mut runs).context("on the new server")?;
    }
    let runs = fleet::finish(runs)?;
    let rows = second.sql(database, &format!("SET search_path = nexmo_conversion; {STATES}"));
    let rows: Vec<_> = rows.lines().map(str::to_owned).collect();
    let outcome = Outcome::of(&runs, &witness.requests()?, &rows);
    Ok(Played { killed, before, after: accepted(&second), runs, outcome })
}

/// Whether each run answers records that it has read since now.
fn go_on(runs: &mut [Live]) -> anyhow::Result<()> {
    runs.iter_mut().try_for_each(|run| run.wait_for_answers(GOES_ON))
}

impl Played {
    /// Records that were accepted on the old server and are not so on the new one.
    fn missing(&self) -> usize {
        self.before.iter().filter(|id| !self.after.contains(id)).count()
    }

    fn ensure_good(&self) -> anyhow::Result<()> {
        for run in &self.runs {
            ensure!(run.code == Some(0), "a run ended with {:?}: {}", run.code, run.stderr);
        }
        ensure!(self.missing() == 0, "{} accepted records were lost with their server: {self}", self.missing());
        let bound = IN_FLIGHT_LIMIT * MACHINES as u64;
        self.outcome.fault(bound).map_or(Ok(()), |fault| Err(anyhow::anyhow!(fault)))
    }
}

impl fmt::Display for Played {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a server lost with {} processes under {MACHINES} runs, with {} records accepted by then; on its standby: {}",
            self.killed,
            self.before.len(),
            self.outcome
        )
    }
}
