//! What other transactions do at the same moment is no failure: a transaction that the server gives up is tried again, and comes to
//! the same.
//!
//! First the server gives up a part of them by itself: triggers of the proof's raise the SQLSTATE of a conflict or of a deadlock, at a
//! statement and at a COMMIT. Then several machines want the same message-ids, in orders of their own, and conflicts are real.

use std::path::Path;
use std::sync::Arc;
use std::thread;

use anyhow::{Context as _, ensure};
use clap::Args;
use fastrand::Rng;

use super::ledger::{Ledger, Ledgers};
use super::producer::{Ended, Fact, Fate, Feed, Producer, watch};
use super::seed::Seed;
use super::stage::{BREAK, Programs, Witness};
use crate::postgres::Cluster;

/// `prove retry`.
#[derive(Debug, Args)]
pub(crate) struct RetryArgs {
    /// How many records each SQLSTATE is injected into, and how many each machine of a meeting has
    #[arg(long, value_name = "N", default_value_t = 1000)]
    records: usize,
    /// How often machines meet
    #[arg(long, value_name = "N", default_value_t = 5)]
    meetings: usize,
    #[command(flatten)]
    seed: Seed,
}

/// What is raised: a conflict of serializable transactions, and a deadlock.
const RAISED: [&str; 2] = ["40001", "40P01"];

/// What is no conflict: a run that meets it must fail.
const NO_CONFLICT: &str = "XX000";

/// A control must show its broken promise within so many meetings.
const CONTROL: usize = 50;

/// Machines that meet.
const MACHINES: usize = 6;

/// Injects and lets machines meet; fails if nothing was given up, if a record was lost or sent twice, or if a control was not noticed.
pub(crate) fn show(root: &Path, args: &RetryArgs) -> anyhow::Result<String> {
    let programs = Programs::build(root)?;
    let seed = args.seed.choose();
    let mut chance = Rng::with_seed(seed);
    let server = Cluster::prepare("a proof").context("PostgreSQL is not installed")?;
    let server = server.setting("deadlock_timeout = 20ms").setting("log_line_prefix = '%d %e '").start();
    let ledgers = Ledgers::Server(Arc::new(server));

    let mut injected = Vec::new();
    for state in RAISED {
        let given_up =
            inject(&programs, &ledgers, state, args.records).with_context(|| format!("seed {seed}, {state}"))?;
        injected.push(format!(
            "{state}: {given_up} transactions given up, {} records, 0 lost, 0 sent twice",
            args.records
        ));
    }
    let refused = match inject(&programs, &ledgers, NO_CONFLICT, args.records) {
        Ok(_) => anyhow::bail!("control: what is no conflict is tried again, too"),
        Err(error) => error.to_string(),
    };
    let mut honest = Meeting::default();
    for _ in 0..args.meetings {
        let met = Meeting::hold(&programs, &ledgers, None, args.records, &mut chance);
        honest.add(&met.with_context(|| format!("seed {seed}, a meeting"))?);
    }
    ensure!(honest.conflicts > 0, "the machines have not met");
    ensure!(honest.deadlocks == 0, "machines that go in one order had {} deadlocks", honest.deadlocks);
    let mut unsorted = Meeting::default();
    while unsorted.deadlocks == 0 {
        ensure!(unsorted.held < CONTROL, "control: groups in any order had no deadlock in {CONTROL} meetings");
        let met = Meeting::hold(&programs, &ledgers, Some("groups-in-one-order"), args.records, &mut chance);
        unsorted.add(&met.with_context(|| format!("control, seed {seed}"))?);
    }
    Ok(format!(
        "seed {seed}\n{}\ncontrol (injected {NO_CONFLICT}, which is no conflict): {refused}\n{} meetings of {MACHINES} machines with the same \
         {} message-ids: {} conflicts, 0 deadlocks, 0 lost, 0 sent twice\ncontrol (groups in any order): {} deadlocks in {} meetings",
        injected.join("\n"),
        honest.held,
        args.records,
        honest.conflicts,
        unsorted.deadlocks,
        unsorted.held,
    ))
}

/// Lets the server give up every third statement that changes conversions, and every third commit of such, until it has done so often
/// enough. Returns how often that was.
fn inject(programs: &Programs, ledgers: &Ledgers, state: &str, records: usize) -> anyhow::Result<usize> {
    let witness = Witness::with(programs, ledgers, &[])?;
    let Ledger::Server { cluster, database } = witness.ledger() else { anyhow::bail!("no server") };
    cluster.sql(
        database,
        &format!(
            "CREATE FUNCTION give_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 IF random() < 0.3 THEN RAISE EXCEPTION 'injected' USING ERRCODE = '{state}'; END IF;
                 RETURN NULL;
             END $$;
             CREATE TRIGGER at_statement AFTER INSERT OR UPDATE ON nexmo_conversion.conversion
                 FOR EACH STATEMENT EXECUTE FUNCTION give_up();
             CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON nexmo_conversion.done
                 DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION give_up();"
        ),
    );
    let mut producer = Producer::default();
    let facts: Vec<_> = (0..records).map(|_| producer.make("INJECTED", true, None)).collect();
    let mut batch = witness.command(&programs.honest);
    let ended = watch(
        batch.args(["--json", "batch"]),
        Feed::Rest(facts),
        Fate::Finishes,
        &witness.folder().join("stderr"),
    )?;
    let last = ended.stderr.lines().find(|line| line.contains("error")).unwrap_or(&ended.stderr);
    ensure!(ended.code == Some(0), "a run ended with {:?}: {last}", ended.code);
    exactly_once(&witness, records)?;
    let given_up = cluster.log().lines().filter(|line| is_of(line, database, state)).count();
    ensure!(given_up > 0, "the server has given up nothing");
    Ok(given_up)
}

fn exactly_once(witness: &Witness, records: usize) -> anyhow::Result<()> {
    let deliveries = witness.deliveries()?;
    ensure!(deliveries.len() == records, "{} of {records} records arrived", deliveries.len());
    let twice = deliveries.values().filter(|count| **count > 1).count();
    ensure!(twice == 0, "{twice} records were sent twice");
    ensure!(witness.ledger().pending()? == 0, "rows are pending");
    Ok(())
}

/// Whether a line of the server's log is an error of this SQLSTATE in this database.
fn is_of(line: &str, database: &str, state: &str) -> bool {
    line.strip_prefix(database).is_some_and(|rest| rest.trim_start().starts_with(&format!("{state} ERROR:")))
}

/// What machines got in each other's way.
#[derive(Debug, Default)]
struct Meeting {
    held: usize,
    conflicts: usize,
    deadlocks: usize,
}

impl Meeting {
    /// All machines have the same records at the same time, each in an order of its own.
    fn hold(
        programs: &Programs,
        ledgers: &Ledgers,
        breaks: Option<&str>,
        records: usize,
        chance: &mut Rng,
    ) -> anyhow::Result<Self> {
        let witness = Witness::with(programs, ledgers, &[])?;
        let Ledger::Server { cluster, database } = witness.ledger() else { anyhow::bail!("no server") };
        let mut producer = Producer::default();
        let facts: Vec<_> = (0..records).map(|_| producer.make("MET", true, None)).collect();
        let orders: Vec<Vec<Fact>> = (0..MACHINES)
            .map(|_| {
                let mut facts = facts.clone();
                chance.shuffle(&mut facts);
                facts
            })
            .collect();
        let ended: Vec<Ended> = thread::scope(|scope| {
            let runs: Vec<_> = orders
                .into_iter()
                .enumerate()
                .map(|(machine, facts)| {
                    let program = if breaks.is_some() { &programs.breakable } else { &programs.honest };
                    let mut batch = witness.command_on(machine, program);
                    batch.args(["--json", "batch"]).envs(breaks.map(|promise| (BREAK, promise)));
                    let stderr = witness.folder().join(format!("stderr-{machine}"));
                    scope.spawn(move || watch(&mut batch, Feed::Rest(facts), Fate::Finishes, &stderr))
                })
                .collect();
            runs.into_iter()
                .map(|run| run.join().map_err(|_| anyhow::anyhow!("a watcher has died"))?)
                .collect::<Result<_, _>>()
        })?;
        for run in &ended {
            ensure!(run.code == Some(0), "a run ended with {:?}: {}", run.code, run.stderr);
        }
        exactly_once(&witness, records)?;
        let log = cluster.log();
        let count = |state: &str| log.lines().filter(|line| is_of(line, database, state)).count();
        Ok(Self { held: 1, conflicts: count("40001") + count("23505"), deadlocks: count("40P01") })
    }

    fn add(&mut self, other: &Self) {
        self.held += other.held;
        self.conflicts += other.conflicts;
        self.deadlocks += other.deadlocks;
    }
}
