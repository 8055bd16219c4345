//! What a killed run had is free: at once for a run on its machine, for others when its lease has ended. What a live run has, is not.

use std::fmt;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use nexmo_conversion::clock;

use super::{IN_FLIGHT_LIMIT, slowest};
use crate::prove::ledger::Ledger;
use crate::prove::producer::{Fate, Feed, Producer, watch};
use crate::prove::stage::{Stage, Witness};

/// Records of a run that is killed.
const LEFT: usize = 200;

/// The next run must have begun to send by then, on a busy machine too. Waiting for a lock (10 s) or for a planned attempt (60 s)
/// would be later.
const AT_ONCE: Duration = Duration::from_secs(8);

/// The same for the time after the end of a lease: runs look every second.
const AFTER_ITS_END: Duration = Duration::from_secs(4);

/// Which run takes over what a killed one had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Successor {
    /// One that is started on the same machine when it was killed.
    OnItsMachine,
    /// One that lives on another machine at that time.
    OnAnother,
}

impl Successor {
    /// Records of a run that lives meanwhile, and how many of them it sends in a second: no lease of ours ends before it does.
    fn live(self) -> (usize, &'static str) {
        match self {
            Self::OnItsMachine => (60, "30/s"),
            Self::OnAnother => (720, "60/s"),
        }
    }
}

/// What was found by the run that took over.
pub(super) struct Found {
    successor: Successor,
    left: u64,
    repeats: u64,
    until_first: Duration,
    after_lease: Duration,
}

/// Kills a run, and lets another one take over what it had.
pub(super) fn take_over(stage: &Stage, successor: Successor) -> anyhow::Result<Found> {
    let witness = stage.witness(&["--latency", "20ms"])?;
    let program = |machine: usize, arguments: &[&str]| {
        let mut command = witness.command_on(machine % stage.machines(), &stage.programs.honest);
        command.arg("--json").args(arguments);
        command
    };
    let stderr = |name: &str| witness.folder().join(format!("stderr-{name}"));
    let mut producer = Producer::default();
    let (live, rate) = successor.live();
    let bystanders: Vec<_> = (0..live).map(|_| producer.make("LIVE", true, None)).collect();
    let left: Vec<_> = (0..LEFT).map(|_| producer.make("LEFT", true, None)).collect();
    let mut slow = program(1, &["batch", "--rate", rate]);
    thread::scope(|scope| {
        let live_run = scope.spawn(|| watch(&mut slow, Feed::Rest(bystanders), Fate::Finishes, &stderr("live")));
        let killed = watch(
            &mut program(0, &["batch", "-j", "4"]),
            Feed::Pipe(left),
            Fate::KilledWhen(&|| arrived(&witness, "LEFT").is_ok_and(|count| count >= 20)),
            &stderr("killed"),
        )?;
        ensure!(killed.code.is_none(), "a run that was to be killed ended with {:?}", killed.code);
        let began = clock::monotonic();
        let lease = match successor {
            Successor::OnItsMachine => Duration::ZERO,
            Successor::OnAnother => rest_of_lease(witness.ledger())?,
        };
        let at_kill = pending(witness.ledger(), "LEFT")?;
        ensure!(at_kill > 0, "the run that was killed had nothing pending");
        let before = arrived(&witness, "LEFT")?;
        let machine = match successor {
            Successor::OnItsMachine => 0,
            Successor::OnAnother => 2,
        };
        let (program, stderr) = (&program, &stderr);
        let next = scope.spawn(move || {
            watch(&mut program(machine, &["ledger", "resume"]), Feed::Nothing, Fate::Finishes, &stderr("next"))
        });
        let mut until_first = Duration::ZERO;
        let latest = lease + if lease.is_zero() { AT_ONCE } else { AFTER_ITS_END };
        while arrived(&witness, "LEFT")? == before {
            until_first = clock::monotonic().saturating_sub(began);
            ensure!(until_first < latest, "what a killed run had was not free within {latest:?}");
            clock::sleep(Duration::from_millis(1));
        }
        ensure!(until_first >= lease, "taken from a run whose lease had not ended: {until_first:?} of {lease:?}");
        for run in [live_run, next] {
            let ended = run.join().map_err(|_| anyhow::anyhow!("a run's watcher has died"))??;
            ensure!(ended.code == Some(0), "a run ended with {:?}: {}", ended.code, ended.stderr);
        }
        let repeats = count_repeats(&witness, live)?;
        let after_lease = until_first.saturating_sub(lease);
        Ok(Found { successor, left: at_kill, repeats, until_first, after_lease })
    })
}

/// How many of the records that were left went twice; fails if there were too many, or if any of the live run's did.
fn count_repeats(witness: &Witness, live: usize) -> anyhow::Result<u64> {
    ensure!(witness.ledger().pending()? == 0, "rows are pending after all runs have ended");
    let deliveries = witness.deliveries()?;
    let of = |name: &str| -> Vec<u64> {
        deliveries.iter().filter(|(key, _)| key.0.starts_with(name)).map(|(_, count)| *count).collect()
    };
    ensure!(
        of("LIVE").len() == live && of("LIVE").iter().sum::<u64>() == live as u64,
        "a live run's rows were taken"
    );
    let recorded = of("LEFT").len();
    let repeats = of("LEFT").iter().map(|count| count - 1).sum();
    ensure!(repeats <= IN_FLIGHT_LIMIT, "{repeats} of {recorded} records were sent twice");
    Ok(repeats)
}

/// For how long the lease of the killed run still lasts, by the server's clock.
fn rest_of_lease(ledger: &Ledger) -> anyhow::Result<Duration> {
    let rows = ledger.rows(
        "SELECT extract(epoch FROM until - now()) FROM lease WHERE run =
             (SELECT max(owner) FROM conversion WHERE message_id LIKE 'LEFT%' AND state < 2)",
    )?;
    let rest: f64 = rows.first().context("a killed run has no lease")?.parse()?;
    ensure!(rest > 0.0, "the lease of a killed run had ended: {rest}");
    Ok(Duration::from_secs_f64(rest))
}

fn pending(ledger: &Ledger, name: &str) -> anyhow::Result<u64> {
    let rows =
        ledger.rows(&format!("SELECT count(*) FROM conversion WHERE message_id LIKE '{name}%' AND state < 2"))?;
    rows.first().map_or(Ok(0), |row| Ok(row.parse()?))
}

fn arrived(witness: &Witness, name: &str) -> anyhow::Result<usize> {
    Ok(witness.log_now()?.matches(name).count())
}

/// What all of these came to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) runs: usize,
    successor: Option<Successor>,
    left: u64,
    repeats: u64,
    until_first: Vec<Duration>,
    after_lease: Vec<Duration>,
}

impl Tally {
    pub(super) fn add(&mut self, found: &Found) {
        self.runs += 1;
        self.successor = Some(found.successor);
        self.left += found.left;
        self.repeats += found.repeats;
        self.until_first.push(found.until_first);
        self.after_lease.push(found.after_lease);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, successor, left, repeats, until_first, after_lease } = self;
        write!(f, "{runs} killed runs left {left} rows: ")?;
        match successor {
            Some(Successor::OnAnother) => write!(
                f,
                "a run on another machine sent its first of them {} ms after the kill at the latest, none before the lease had \
                 ended, and all within {} ms of that",
                slowest(until_first),
                slowest(after_lease)
            )?,
            Some(Successor::OnItsMachine) | None => {
                write!(f, "the next run sent its first of them after {} ms at the latest", slowest(until_first))?;
            }
        }
        write!(
            f,
            ", {repeats} were sent twice (the bound is {IN_FLIGHT_LIMIT} each), none of a run that lived meanwhile"
        )
    }
}
