//! Machines that are cut off from the ledger's server, or stopped, for longer than their lease: another machine takes over what they
//! had, and when they come back they do no harm.
//!
//! Of what a machine does while its cable is out, the sandbox and its bridges are the witnesses; of what it does to the ledger when it
//! comes back, triggers on the server's tables are.

mod audit;
mod net;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use fastrand::Rng;
use nexmo_conversion::clock;
use rustix::process::Signal;

use self::audit::Audit;
use self::net::{Network, Road};
use super::fleet::{self, BATCH, Feeding, IN_FLIGHT_LIMIT, Live, Outcome, Past, STATES, message_id, wait_until};
use super::ledger::Ledgers;
use super::stage::{BREAK, Programs, Witness};
use crate::prove::seed::Seed;

/// `prove partition`.
#[derive(Debug, Args)]
pub(crate) struct PartitionArgs {
    /// How often a machine is cut off, and how often one is stopped
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: u64,
    /// Cut machines off with proxies, also where namespaces of the network are allowed
    #[arg(long)]
    proxies: bool,
    #[command(flatten)]
    seed: Seed,
}

/// Machines that share a ledger.
const MACHINES: usize = 3;

/// Ledgers at the same time: the program's, and one for each control.
const LEDGERS: usize = 3;

/// How often each run is fed. An answer takes longer, so that there is always something in flight.
const PACE: Duration = Duration::from_millis(20);
const WEATHER: [&str; 2] = ["--latency", "100ms"];

/// A run that goes on answers so many records more than it may have had in flight.
const GOES_ON: u64 = 100;

/// A control must show its broken promise within so many cuts.
const CONTROL: u64 = 5;

/// Cuts and counts; fails if harm was done, or if harm that a broken program did was not noticed.
pub(crate) fn show(root: &Path, args: &PartitionArgs) -> anyhow::Result<String> {
    let programs = Programs::build(root)?;
    let network = Network::make(MACHINES * LEDGERS, !args.proxies)?;
    let ledgers = Ledgers::Server(Arc::new(network.start_server()?));
    let seed = args.seed.choose();
    let mut chance = Rng::with_seed(seed);
    let began = clock::monotonic();
    let stage = Stage { programs: &programs, network: &network, ledgers: &ledgers };
    let controls = ["fenced-when-recording", "fenced-when-settling"];
    // Nearly all of the time is spent on waiting for leases.
    let (honest, broken) = thread::scope(|scope| {
        let own = chance.fork();
        let stage = &stage;
        let honest = scope.spawn(move || Story::play(stage, 0, args.rounds, own));
        let broken = controls.map(|promise| {
            let own = chance.fork();
            let place = if promise == controls[0] { 1 } else { 2 };
            scope.spawn(move || control(stage, place, promise, own).with_context(|| format!("control: {promise}")))
        });
        let died = |_| anyhow::anyhow!("a part of the proof has panicked");
        let broken = broken.map(|control| control.join().map_err(died)?);
        (honest.join().map_err(died), broken)
    });
    let told = || format!("seed {seed}, {}", network.describe());
    let honest = honest?.with_context(told)?;
    honest.ensure_good().with_context(told)?;
    let [recording, settling] = broken;
    let took = clock::monotonic().saturating_sub(began);
    Ok(format!(
        "seed {seed}, {}\n{honest}\nin {:.1} s\ncontrol (a run without a lease records): {}\ncontrol (a run settles what another one \
         has taken over): {}",
        network.describe(),
        took.as_secs_f64(),
        recording?,
        settling?
    ))
}

/// Cuts machines off whose program breaks a promise until that shows.
fn control(stage: &Stage<'_>, place: usize, promise: &'static str, chance: Rng) -> anyhow::Result<String> {
    let moment = if promise == "fenced-when-recording" { Moment::Recording } else { Moment::Any };
    let mut table = Table::lay(stage, place, Some(promise), chance)?;
    for cut in 1..=CONTROL {
        table.cut_off(MACHINES - 1, moment)?;
        let audit = table.audit();
        let (recorded, settled) = (audit.recorded_in_vain()?, audit.settled_in_vain()?);
        let noticed = if moment == Moment::Recording { recorded } else { settled };
        if noticed > 0 {
            return Ok(format!(
                "after {cut} cuts {recorded} records recorded by a run whose lease had ended, {settled} settled that were not its own"
            ));
        }
    }
    anyhow::bail!("{CONTROL} cuts have not shown it")
}

/// What all ledgers of the proof have in common.
struct Stage<'a> {
    programs: &'a Programs,
    network: &'a Network,
    ledgers: &'a Ledgers,
}

/// One ledger, with three machines that run.
struct Table {
    witness: Witness,
    names: Vec<String>,
    roads: Vec<Road>,
    runs: Vec<Live>,
    chance: Rng,
}

/// When machines leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Any,
    /// When they have settled all they had, and are about to record something.
    Recording,
}

/// A machine that was away, and has come back.
#[derive(Debug)]
struct Absence {
    /// Records that others have taken over.
    taken: u64,
    /// Requests that it began after its lease had ended, before it was back.
    late: usize,
}

impl Table {
    fn lay(stage: &Stage<'_>, place: usize, breaks: Option<&'static str>, chance: Rng) -> anyhow::Result<Self> {
        let witness = Witness::with(stage.programs, stage.ledgers, &WEATHER)?;
        Audit::begin(witness.ledger())?;
        let program = if breaks.is_some() { &stage.programs.breakable } else { &stage.programs.honest };
        let (mut names, mut roads, mut runs) = (Vec::new(), Vec::new(), Vec::new());
        for machine in 0..MACHINES {
            let name = format!("host-{machine}");
            let road = stage.network.road(place * MACHINES + machine, &witness)?;
            let mut command = witness.command_on(machine, program);
            command.args(BATCH).env("NEXMO_CONVERSION_LEDGER", &road.url).env("PGAPPNAME", &name);
            command.envs(breaks.map(|promise| (BREAK, promise)));
            let stderr = witness.folder().join(format!("stderr-{machine}"));
            runs.push(Live::start(command, &name, PACE, stderr, |command| road.spawn(command))?);
            names.push(name);
            roads.push(road);
        }
        Ok(Self { witness, names, roads, runs, chance })
    }

    fn audit(&self) -> Audit<'_> {
        Audit::of(self.witness.ledger())
    }

    /// Pulls the cables of some machines until their leases have ended and others have what they had, and puts them back.
    fn cut_off(&mut self, machines: usize, moment: Moment) -> anyhow::Result<Vec<Absence>> {
        self.away(machines, moment, |road, _| road.cut(), |road, _| road.heal())
    }

    /// The same with machines that do nothing meanwhile.
    fn stop(&mut self, machines: usize) -> anyhow::Result<Vec<Absence>> {
        self.away(machines, Moment::Any, |_, run| run.signal(Signal::STOP), |_, run| run.signal(Signal::CONT))
    }

    fn away(
        &mut self,
        machines: usize,
        moment: Moment,
        leave: impl Fn(&Road, &Live) -> anyhow::Result<()>,
        come_back: impl Fn(&Road, &Live) -> anyhow::Result<()>,
    ) -> anyhow::Result<Vec<Absence>> {
        for run in &mut self.runs {
            run.wait_for_answers(GOES_ON)?;
        }
        let machines = self.chance.choose_multiple(0..MACHINES, machines);
        clock::sleep(Duration::from_millis(self.chance.u64(..300)));
        let audit = self.audit();
        let number =
            |machine: &usize| audit.run_of(&self.names[*machine])?.context("a run that the ledger does not know");
        let numbers = machines.iter().map(number).collect::<anyhow::Result<Vec<_>>>()?;
        let all = || machines.iter().copied().zip(numbers.iter().copied());
        let leave = || all().try_for_each(|(machine, _)| leave(&self.roads[machine], &self.runs[machine]));
        if moment == Moment::Recording {
            // Nothing is under way any more, and the first thing that cannot reach the server is a record.
            all().for_each(|(machine, _)| self.runs[machine].hold(Feeding::Held));
            clock::sleep(Duration::from_millis(400));
        }
        leave()?;
        all().for_each(|(machine, _)| self.runs[machine].hold(Feeding::GoesOn));
        // What was on its way has arrived by then.
        clock::sleep(Duration::from_millis(200));
        let mut absences = Vec::new();
        for (machine, number) in all() {
            absences.push(self.outlast(machine, number)?);
        }
        for (machine, _) in all() {
            come_back(&self.roads[machine], &self.runs[machine])?;
        }
        for (machine, number) in all() {
            let name = &self.names[machine];
            wait_until("a machine that is back has no new number", || Ok(audit.run_of(name)? > Some(number)))?;
        }
        for machine in machines {
            self.runs[machine].wait_for_answers(GOES_ON)?;
        }
        Ok(absences)
    }

    /// Waits until a run that is away has lost its lease, and others have sent what it had.
    fn outlast(&self, machine: usize, number: u64) -> anyhow::Result<Absence> {
        let audit = self.audit();
        let ends = self.lease_end(number)?;
        wait_until("a lease does not end", || Ok(audit.lease_of(number)?.is_none_or(|rest| rest < 0.0)))?;
        let (log, held) = (self.witness.log_length(), audit.held_by(number)?);
        wait_until("what a silent machine had is not taken over", || Ok(audit.held_by(number)?.is_empty()))?;
        wait_until("what was taken over is not sent", || Ok(audit.open(&held)? == 0))?;
        // Others have sent each once since: what is beyond that, this machine has sent. Where there is a bridge, it knows, too.
        let late = self.beyond_once(log, &held)? + self.roads[machine].requests_since(ends).unwrap_or(0);
        Ok(Absence { taken: audit.taken_from(number)?, late })
    }

    /// Requests for these records since the log had this length, beyond the first for each.
    fn beyond_once(&self, log: u64, records: &[String]) -> anyhow::Result<usize> {
        let records: BTreeSet<_> = records.iter().map(String::as_str).collect();
        let requests = self.witness.requests_since(log)?;
        let ids: Vec<_> = requests.iter().filter_map(message_id).filter(|id| records.contains(id)).collect();
        Ok(ids.len() - ids.iter().collect::<BTreeSet<_>>().len())
    }

    /// When a run's lease ends, or a moment before, by the clock that never jumps.
    fn lease_end(&self, number: u64) -> anyhow::Result<Duration> {
        let asked = clock::monotonic();
        let rest = self.audit().lease_of(number)?.unwrap_or(0.0).max(0.0);
        Ok(asked + Duration::from_secs_f64(rest / 1000.0))
    }
}

/// What a program did whose machines were away.
struct Story {
    cut_off: Vec<Absence>,
    stopped: Vec<Absence>,
    ended_too_early: u64,
    recorded_in_vain: u64,
    settled_in_vain: u64,
    /// Machines that said that others had taken over what they had sent.
    told: usize,
    runs: Vec<Past>,
    outcome: Outcome,
}

impl Story {
    fn play(stage: &Stage<'_>, place: usize, rounds: u64, chance: Rng) -> anyhow::Result<Self> {
        let mut table = Table::lay(stage, place, None, chance)?;
        let (mut cut_off, mut stopped) = (Vec::new(), Vec::new());
        for round in 1..=rounds {
            cut_off.extend(table.cut_off(1, Moment::Any).with_context(|| format!("cut {round}"))?);
            stopped.extend(table.stop(1).with_context(|| format!("stop {round}"))?);
        }
        let runs = fleet::finish(std::mem::take(&mut table.runs))?;
        let witness = &table.witness;
        // What a machine gave back as it returned may be left by all of them.
        let mut resumed = 0;
        while witness.ledger().pending()? > 0 {
            resumed += 1;
            ensure!(resumed < 20, "rows stay pending");
            let ran = witness.command(&stage.programs.honest).args(["ledger", "resume"]).output()?;
            let said = String::from_utf8_lossy(&ran.stderr);
            ensure!(matches!(ran.status.code(), Some(0 | 75)), "ledger resume: {}: {said}", ran.status);
        }
        let audit = table.audit();
        Ok(Self {
            ended_too_early: audit.ended_too_early()?,
            recorded_in_vain: audit.recorded_in_vain()?,
            settled_in_vain: audit.settled_in_vain()?,
            told: runs.iter().filter(|run| run.stderr.contains("taken over by another one")).count(),
            outcome: Outcome::of(&runs, &witness.requests()?, &witness.ledger().rows(STATES)?),
            cut_off,
            stopped,
            runs,
        })
    }

    fn ensure_good(&self) -> anyhow::Result<()> {
        for run in &self.runs {
            ensure!(matches!(run.code, Some(0 | 75)), "a run ended with {:?}: {}", run.code, run.stderr);
        }
        let late: usize = self.cut_off.iter().map(|absence| absence.late).sum();
        ensure!(
            late == 0,
            "{late} requests of machines that were cut off began after their leases had ended: {self}"
        );
        ensure!(self.ended_too_early == 0, "a lease was taken from a machine before it had ended: {self}");
        ensure!(self.recorded_in_vain == 0, "a run recorded without a lease: {self}");
        ensure!(self.settled_in_vain == 0, "a run settled what was not its own: {self}");
        for (absences, how) in [(&self.cut_off, "cut off"), (&self.stopped, "stopped")] {
            ensure!(
                absences.iter().any(|absence| absence.taken > 0),
                "nothing was taken from a machine {how}: {self}"
            );
        }
        ensure!(self.told > 0, "no machine said that others had taken over what it had sent: {self}");
        self.outcome.fault(self.bound()).map_or(Ok(()), |fault| Err(anyhow::anyhow!(fault)))
    }

    fn bound(&self) -> u64 {
        IN_FLIGHT_LIMIT * (self.cut_off.len() + self.stopped.len()) as u64
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let taken = |absences: &[Absence]| absences.iter().map(|absence| absence.taken).sum::<u64>();
        let late: usize = self.cut_off.iter().map(|absence| absence.late).sum();
        writeln!(
            f,
            "{} times one of {MACHINES} machines was cut off, {} times one was stopped, until its lease had ended: others took over {} \
             and {} of its records; requests that a machine began later while it was cut off: {}; leases that ended too early: {}; \
             records recorded without a lease: {}, settled that were not the run's own: {}; {} of the machines said what was taken \
             over",
            self.cut_off.len(),
            self.stopped.len(),
            taken(&self.cut_off),
            taken(&self.stopped),
            late,
            self.ended_too_early,
            self.recorded_in_vain,
            self.settled_in_vain,
            self.told
        )?;
        write!(f, "{} (the bound is {})", self.outcome, self.bound())
    }
}
