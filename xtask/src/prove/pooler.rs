//! Through PgBouncer in transaction mode, whose server connections belong to nobody for longer than a transaction, a shared ledger
//! keeps its promises.
//!
//! PgBouncer has fewer connections to the server than there are runs. The server's log tells which of them each run's transactions
//! were on; a client that keeps something in its session must fail there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use fastrand::Rng;
use nexmo_conversion::clock;
use rustix::process::geteuid;
use tempfile::TempDir;

use super::ledger::{Ledger, Ledgers};
use super::producer::{Ended, Fact, Fate, Feed, Producer, watch};
use super::seed::Seed;
use super::stage::{Programs, Witness};
use crate::machine::installed;
use crate::postgres::Cluster;

/// `prove pooler`.
#[derive(Debug, Args)]
pub(crate) struct PoolerArgs {
    /// How often four runs meet behind the pooler, two of which are killed
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    #[command(flatten)]
    seed: Seed,
}

/// Runs at once, each of a machine of its own.
const RUNS: usize = 4;

/// PgBouncer's connections to the server.
const CONNECTIONS: usize = 2;

/// Records that all runs of a round have, and that each has for itself.
const SHARED: usize = 300;
const OWN: usize = 150;

/// W of a run with up to 16 jobs.
const IN_FLIGHT_LIMIT: u64 = 64;

/// PgBouncer answers within this time, or something is wrong.
const PATIENCE: Duration = Duration::from_secs(10);

/// Lets runs meet behind the pooler; fails if anything was lost or repeated too often, if the runs did not change their connections,
/// or if a client that must not be able to do so got through.
pub(crate) fn show(root: &Path, args: &PoolerArgs) -> anyhow::Result<String> {
    let programs = Programs::build(root)?;
    let began = clock::monotonic();
    let seed = args.seed.choose();
    let mut chance = Rng::with_seed(seed);
    let server = Cluster::prepare("a proof").context("PostgreSQL is not installed")?;
    let server = server.setting("log_line_prefix = '%p %a '").setting("log_statement = 'all'").start();
    let ledgers = Ledgers::Server(Arc::new(server));
    is_noticed(&programs, &ledgers)?;
    let mut sum = Round::default();
    for number in 1..=args.rounds {
        let round = Round::play(&programs, &ledgers, &mut chance);
        sum.add(&round.with_context(|| format!("seed {seed}, round {number}"))?);
    }
    ensure!(sum.killed > 0, "no kill hit a live run");
    ensure!(sum.changed > 0, "no run had transactions on more than one connection of the pooler");
    let took = clock::monotonic().saturating_sub(began);
    let refused = control(&ledgers)?;
    let Round { records, killed, repeats, transactions, changed } = sum;
    Ok(format!(
        "seed {seed}\n{} rounds of {RUNS} runs over {CONNECTIONS} connections: {records} records, 0 lost, {killed} runs killed, \
         {repeats} records sent twice (the bound is {IN_FLIGHT_LIMIT} a kill); {transactions} transactions, {changed} of {} runs had \
         theirs on more than one connection\nin {:.1} s\ncontrol (pgbench with prepared statements): {refused}",
        args.rounds,
        args.rounds * RUNS,
        took.as_secs_f64(),
    ))
}

/// `check` tells that there is a pooler, and does not where there is none.
fn is_noticed(programs: &Programs, ledgers: &Ledgers) -> anyhow::Result<()> {
    let witness = Witness::with(programs, ledgers, &[])?;
    let Ledger::Server { cluster, database } = witness.ledger() else { anyhow::bail!("no server") };
    let pooler = PgBouncer::start(cluster)?;
    for (address, expected) in [(witness.ledger().address(), false), (pooler.address(database), true)] {
        let checked = witness.command(&programs.honest).args(["check", "--ledger", &address]).output()?;
        let said = String::from_utf8_lossy(&checked.stdout);
        ensure!(checked.status.success(), "check: {}: {said}", checked.status);
        ensure!(said.contains("pooler") == expected, "whether there is a pooler, check tells wrongly: {said}");
    }
    Ok(())
}

/// What one round, or all of them, came to.
#[derive(Debug, Default)]
struct Round {
    records: usize,
    killed: u64,
    repeats: u64,
    transactions: usize,
    /// Runs that had transactions on more than one of the pooler's connections.
    changed: usize,
}

impl Round {
    fn play(programs: &Programs, ledgers: &Ledgers, chance: &mut Rng) -> anyhow::Result<Self> {
        let witness = Witness::with(programs, ledgers, &["--latency", "5ms"])?;
        let Ledger::Server { cluster, database } = witness.ledger() else { anyhow::bail!("no server") };
        let pooler = PgBouncer::start(cluster)?;
        let address = pooler.address(database);
        let program = |machine: usize, arguments: &[&str]| {
            let mut command = witness.command_on(machine, &programs.honest);
            command.env("NEXMO_CONVERSION_LEDGER", &address).env("PGAPPNAME", name(database, machine));
            command.args(arguments);
            command
        };
        let mut producer = Producer::default();
        let shared: Vec<_> = (0..SHARED).map(|_| producer.make("SHARED", true, None)).collect();
        let mut all = shared.clone();
        let mut runs: Vec<(Vec<Fact>, Option<Duration>)> = Vec::new();
        for run in 0..RUNS {
            let own: Vec<_> = (0..OWN).map(|_| producer.make("OWN", true, None)).collect();
            all.extend(own.iter().cloned());
            let mut facts = [shared.clone(), own].concat();
            chance.shuffle(&mut facts);
            let life = Duration::from_millis(chance.u64(50..400));
            runs.push((facts, (run < RUNS / 2).then_some(life)));
        }
        let ended: Vec<Ended> = thread::scope(|scope| {
            let started: Vec<_> = runs
                .into_iter()
                .enumerate()
                .map(|(machine, (facts, life))| {
                    let mut batch = program(machine, &["--json", "batch", "-j", "8"]);
                    let stderr = witness.folder().join(format!("stderr-{machine}"));
                    let fate = move || life.map_or(Fate::Finishes, Fate::KilledAfter);
                    scope.spawn(move || watch(&mut batch, Feed::Rest(facts), fate(), &stderr))
                })
                .collect();
            let ended =
                started.into_iter().map(|run| run.join().map_err(|_| anyhow::anyhow!("a watcher has died"))?);
            ended.collect::<anyhow::Result<_>>()
        })?;
        for run in &ended {
            ensure!(matches!(run.code, None | Some(0)), "a run ended with {:?}: {}", run.code, run.stderr);
        }
        witness.ledger().wait_for_leases()?;
        let records = all.len();
        let mut last = program(0, &["--json", "batch"]);
        let last = watch(&mut last, Feed::Rest(all), Fate::Finishes, &witness.folder().join("stderr-last"))?;
        ensure!(last.code == Some(0), "the last run ended with {:?}: {}", last.code, last.stderr);
        ensure!(witness.ledger().pending()? == 0, "rows are pending after the last run");

        let deliveries = witness.deliveries()?;
        ensure!(deliveries.len() == records, "{} of {records} records arrived", deliveries.len());
        let killed = ended.iter().filter(|run| run.code.is_none()).count() as u64;
        let repeats = deliveries.values().map(|count| count - 1).sum();
        ensure!(repeats <= killed * IN_FLIGHT_LIMIT, "{repeats} records were sent twice, by {killed} kills");
        let (transactions, changed) = connections(&cluster.log(), database);
        Ok(Self { records, killed, repeats, transactions, changed })
    }

    fn add(&mut self, other: &Self) {
        self.records += other.records;
        self.killed += other.killed;
        self.repeats += other.repeats;
        self.transactions += other.transactions;
        self.changed += other.changed;
    }
}

/// What a machine's sessions are called on the server.
fn name(database: &str, machine: usize) -> String {
    format!("{database}-machine-{machine}")
}

/// Commits of a round's runs by the server's log, and how many runs had some on more than one connection.
fn connections(log: &str, database: &str) -> (usize, usize) {
    let mut processes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut commits = 0;
    for line in log.lines().filter(|line| line.ends_with("statement: COMMIT")) {
        let mut words = line.split(' ');
        let (Some(process), Some(run)) = (words.next(), words.next()) else { continue };
        if run.strip_prefix(database).is_some_and(|rest| rest.starts_with("-machine-")) {
            processes.entry(run).or_default().insert(process);
            commits += 1;
        }
    }
    (commits, processes.values().filter(|processes| processes.len() > 1).count())
}

/// Statements that are prepared in one transaction and wanted in the next, as most drivers have them: what fails here, and not without
/// the pooler. (pgbench itself may get through, where another client has prepared the same under the same name.)
fn control(ledgers: &Ledgers) -> anyhow::Result<String> {
    let Ledgers::Server(cluster) = ledgers else { anyhow::bail!("no server") };
    let pooler = PgBouncer::start(cluster)?;
    let script = pooler.folder.path().join("script");
    fs::write(&script, "SELECT 1;\n")?;
    let failure = |folder: &Path, port: &str| -> anyhow::Result<Option<String>> {
        let mut pgbench = Command::new(cluster.program("pgbench"));
        pgbench.args(["-n", "-M", "prepared", "-c", "4", "-t", "200", "-U", "postgres", "-f"]).arg(&script);
        pgbench.arg("-h").arg(folder).args(["-p", port, "postgres"]);
        let ran = pgbench.output().context("cannot run pgbench")?;
        let said = String::from_utf8_lossy(&ran.stderr);
        Ok(said.lines().find(|line| line.contains("prepared statement")).map(|line| line.trim().to_owned()))
    };
    let direct = failure(cluster.folder(), &cluster.port().to_string())?;
    ensure!(direct.is_none(), "control: prepared statements fail without a pooler: {direct:?}");
    failure(pooler.folder.path(), PORT)?.context("control: prepared statements work through this pooler")
}

/// PgBouncer in transaction mode, on a socket.
struct PgBouncer {
    folder: TempDir,
    process: Child,
}

/// The end of its socket's name.
const PORT: &str = "6432";

impl PgBouncer {
    fn start(cluster: &Cluster) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let configuration = folder.path().join("configuration");
        fs::write(
            &configuration,
            format!(
                "[databases]\n* = host={} port={} user=postgres\n[pgbouncer]\npool_mode = transaction\n\
                 default_pool_size = {CONNECTIONS}\nauth_type = any\nlisten_port = {PORT}\nunix_socket_dir = {}\n",
                cluster.folder().display(),
                cluster.port(),
                folder.path().display(),
            ),
        )?;
        let program = installed("pgbouncer").context("PgBouncer is not installed")?;
        let mut command = Command::new(installed("setpriv").context("setpriv is not installed")?);
        command.args(["--pdeathsig", "TERM"]);
        if geteuid().is_root() {
            // It does not run as root.
            std::os::unix::fs::chown(folder.path(), Some(NOBODY), None)?;
            command.args(["--reuid", &NOBODY.to_string(), "--clear-groups"]);
        }
        let said = folder.path().join("said");
        command.arg(program).arg(&configuration).stdin(Stdio::null());
        let process =
            command.stdout(File::create(&said)?).stderr(File::options().append(true).open(&said)?).spawn()?;
        let mut pooler = Self { folder, process };
        let began = clock::monotonic();
        while !pooler.socket().exists() {
            let said = fs::read_to_string(&said)?;
            ensure!(pooler.process.try_wait()?.is_none(), "PgBouncer ended: {said}");
            ensure!(clock::monotonic().saturating_sub(began) < PATIENCE, "PgBouncer does not start: {said}");
            clock::sleep(Duration::from_millis(5));
        }
        Ok(pooler)
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join(format!(".s.PGSQL.{PORT}"))
    }

    /// What `--ledger` takes.
    fn address(&self, database: &str) -> String {
        format!("postgres://postgres@/{database}?host={}&port={PORT}", self.folder.path().display())
    }
}

/// A user without rights, as every Debian has one.
const NOBODY: u32 = 65534;

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
