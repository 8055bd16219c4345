//! kill -9 at any moment: nothing that was recorded is lost, and what a kill repeats is bounded.
//!
//! A producer pipes records into one run after the other. Each run is killed after a random time; the next one is fed again
//! what no result line has acknowledged, and only that. In the end one run may finish, and the sandbox's log is counted.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use fastrand::Rng;
use nexmo_conversion::clock;

use super::count::{Count, End, Run};
use super::ledger::{Kind, Ledger, Ledgers};
use super::producer::{Fate, Feed, Key, Producer, watch};
use super::seed::Seed;
use super::stage::{BREAK, Programs, Stage, Witness};

/// `prove kill`.
#[derive(Debug, Args)]
pub(crate) struct KillArgs {
    /// How many live runs are killed
    #[arg(long, value_name = "N", default_value_t = 100)]
    kills: usize,
    /// Where the ledger is; on a server, the runs are of three machines
    #[arg(long, value_name = "KIND", value_enum, default_value_t)]
    ledger: Kind,
    #[command(flatten)]
    seed: Seed,
}

/// Kills in one chapter. Each has a sandbox and a ledger of its own, so that the last kills hit no other program than the first.
const CHAPTER: usize = 25;

/// A control must show its broken promise within this many kills.
const CONTROL: usize = 1000;

/// How the sandbox answers in a chapter; they take turns.
const WEATHER: [&[&str]; 3] = [&[], &["--latency", "20ms"], &["--latency", "5ms", "--every", "4:half-headers"]];

/// Kills and counts; fails if something was lost or repeated too often, or if a program that breaks a promise was not noticed.
pub(crate) fn show(root: &Path, args: &KillArgs) -> anyhow::Result<String> {
    let stage = Stage::set(root, args.ledger)?;
    let began = clock::monotonic();
    let seed = args.seed.choose();
    let mut chance = Rng::with_seed(seed);
    let mut honest = Tally::default();
    while honest.kills < args.kills {
        let kills = CHAPTER.min(args.kills - honest.kills);
        let weather = WEATHER[honest.chapters % WEATHER.len()];
        let chapter = Chapter::play(&stage, Subject::Honest, weather, kills, &mut chance)
            .with_context(|| format!("seed {seed}, chapter {}", honest.chapters + 1))?;
        ensure!(chapter.count.is_good(), "seed {seed}, chapter {}: {}", honest.chapters + 1, chapter.count);
        honest.add(&chapter);
    }
    honest.ensure_fired()?;
    let creations = match args.ledger {
        Kind::File => creations(&stage.programs, args.kills.div_ceil(4), &mut chance)?,
        Kind::Postgres => migrations(&stage, args.kills.div_ceil(4), &mut chance)?,
    };
    let took = clock::monotonic().saturating_sub(began);

    let lost = control(&stage, "recorded-before-result", WEATHER[0], &mut chance, |count| count.lost.len())?;
    let beyond = control(&stage, "in-flight-limit-held", WEATHER[2], &mut chance, |count| count.beyond)?;
    Ok(format!(
        "seed {seed}\n{honest}\n{creations}\nin {:.1} s\ncontrol (accepted before recorded): records lost: {lost}\ncontrol (the \
         in-flight limit forgets retries): kills that repeated more than their bound: {beyond}",
        took.as_secs_f64(),
    ))
}

/// Kills a program that breaks a promise until that shows.
fn control(
    stage: &Stage,
    promise: &'static str,
    weather: &[&str],
    chance: &mut Rng,
    shows: impl Fn(&Count) -> usize,
) -> anyhow::Result<String> {
    let mut broken = Tally::default();
    while shows(&broken.count) == 0 {
        ensure!(broken.kills < CONTROL, "control: {promise} is broken, and {CONTROL} kills have not shown it");
        let chapter = Chapter::play(stage, Subject::Breaking(promise), weather, CHAPTER, chance);
        broken.add(&chapter.with_context(|| format!("control: {promise} is broken"))?);
    }
    Ok(format!("{} after {} kills and {} records", shows(&broken.count), broken.kills, broken.count.facts))
}

/// Which program is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    /// The one that users get.
    Honest,
    /// One that breaks this promise.
    Breaking(&'static str),
}

/// One ledger, from its creation to its last run.
struct Chapter {
    runs: Vec<Run>,
    count: Count,
}

impl Chapter {
    #[expect(clippy::too_many_lines, reason = "one ledger, run by run")]
    fn play(
        stage: &Stage,
        subject: Subject,
        weather: &[&str],
        kills: usize,
        chance: &mut Rng,
    ) -> anyhow::Result<Self> {
        let witness = stage.witness(weather)?;
        let ledger = witness.ledger();
        let program = |machine: usize, arguments: &[&str]| {
            let program = match subject {
                Subject::Honest => &stage.programs.honest,
                Subject::Breaking(_) => &stage.programs.breakable,
            };
            let mut command = witness.command_on(machine, program);
            if let Subject::Breaking(promise) = subject {
                command.env(BREAK, promise);
            }
            command.arg("--json").args(arguments);
            command
        };
        let stderr = witness.folder().join("stderr");
        let mut producer = Producer::default();
        let mut runs = Vec::new();
        // A run that was faster than its killer is not counted.
        while runs.iter().filter(|run: &&Run| run.end == End::Killed).count() < kills {
            let jobs = *chance.choice(&[1, 4, 16, 16, 32]).unwrap_or(&16);
            let many = jobs.to_string();
            let machine = chance.usize(..stage.machines());
            let fate = Fate::KilledAfter(time_to_live(runs.len(), chance));
            let (feed, arguments, limit) = match chance.u8(..10) {
                0 => {
                    let fact = producer.make("ONE", true, None);
                    let value = format!("--delivered={}", fact.delivered);
                    let arguments = ["sms", &fact.id, &value].map(str::to_owned).to_vec();
                    (Feed::Argument(fact), arguments, 1)
                }
                1 => {
                    let arguments = ["ledger", "resume", "-j", &many].map(str::to_owned).to_vec();
                    (Feed::Nothing, arguments, in_flight_limit(jobs))
                }
                _ => {
                    let arguments = ["batch", "-j", &many].map(str::to_owned).to_vec();
                    (Feed::Pipe(producer.script(chance)), arguments, in_flight_limit(jobs))
                }
            };
            let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
            let ended = watch(&mut program(machine, &arguments), feed, fate, &stderr)?;
            let end = match ended.code {
                None => End::Killed,
                // The sandbox of a chapter with faults may have had some for an `sms` that was too fast to be killed.
                Some(0 | 75) if arguments[0] != "batch" => End::Clean,
                Some(code) => anyhow::bail!("{arguments:?} ended by itself with {code}: {}", ended.stderr),
            };
            producer.heard(runs.len(), &ended);
            runs.push(Run { end, limit, log: witness.log_at_rest()?, left: leavings(&witness)? });
        }

        ledger.wait_for_leases()?;
        let crashed = match ledger {
            Ledger::File(_) => crashes(&runs),
            Ledger::Server { .. } => usize::try_from(ledger.crashed()?)?,
        };
        let last = Feed::Rest(producer.rest());
        let ended = watch(&mut program(0, &["batch", "-j", "32"]), last, Fate::Finishes, &stderr)?;
        producer.heard(runs.len(), &ended);
        let shown = crashes_shown(&ended.stderr);
        // The lock of a run that was killed before it had begun may be the next one's.
        ensure!(
            shown + 1 >= crashed,
            "{crashed} runs crashed since one had ended, and the next to end showed {shown}"
        );
        let mut code = ended.code;
        let mut said = ended.stderr;
        // Where the sandbox has faults, some records are given up for the run: resuming sends them.
        for _ in 0..20 {
            if code == Some(0) && ledger.pending()? == 0 {
                break;
            }
            ensure!(matches!(code, Some(0 | 75)), "the last run ended with {code:?}: {said}");
            runs.push(Run { end: End::Clean, limit: 0, log: witness.log_at_rest()?, left: leavings(&witness)? });
            let resume = &mut program(0, &["ledger", "resume"]);
            let ended = watch(resume, Feed::Nothing, Fate::Finishes, &stderr)?;
            producer.heard(runs.len(), &ended);
            (code, said) = (ended.code, ended.stderr);
        }
        ensure!(code == Some(0), "the last run ended with {code:?}: {said}");
        ensure!(ledger.pending()? == 0, "rows are pending after a run that ended with 0");
        let requests = witness.requests_with_places()?;
        let left = leavings(&witness)?;
        ensure!(left.files.is_empty(), "left beside the ledger: {:?}", left.files);
        runs.push(Run { end: End::Clean, limit: 0, log: u64::MAX, left });
        let count = Count::of(&producer, &runs, &requests);
        Ok(Self { runs, count })
    }
}

/// How many runs have crashed since the last one that ended, by their locks. A run that was killed between closing its ledger and
/// printing its summary has ended: it has forgotten the crashed ones.
fn crashes(runs: &[Run]) -> usize {
    let since = runs.iter().rev().take_while(|run| run.end == End::Killed && run.left.crashed > 0);
    let locks: BTreeSet<_> = since
        .flat_map(|run| &run.left.files)
        .filter(|path| path.extension().is_some_and(|extension| extension == "lock"))
        .collect();
    locks.len()
}

/// How many of them a summary shows.
fn crashes_shown(summary: &str) -> usize {
    let summary = summary.replace(" earlier run ended", " earlier runs ended");
    let before = summary.split(" earlier runs ended uncleanly").next().filter(|before| *before != summary);
    before.and_then(|before| before.split(' ').next_back()?.parse().ok()).unwrap_or(0)
}

/// From 5 to 200 ms; now and then, and while the ledger is new, hardly any time: that hits a run that recovers, or is
/// about to begin.
fn time_to_live(number: usize, chance: &mut Rng) -> Duration {
    let longest = if number < 3 || chance.u8(..5) == 0 { 15_000 } else { 200_000 };
    let shortest = if longest < 200_000 { 0 } else { 5_000 };
    Duration::from_micros(chance.u64(shortest..longest))
}

/// The in-flight limit W, as `docs/promises.md` has it, not as the program has it.
fn in_flight_limit(jobs: u64) -> u64 {
    if jobs == 1 { 1 } else { 64.max(4 * jobs) }
}

/// What a killed run left.
#[derive(Debug, Default)]
pub(crate) struct Leavings {
    /// Rows whose outcome was not settled.
    pub(crate) pending: u64,
    /// Of these, what was given up in doubt and settled so: sending it again is what the summary calls an ambiguous re-send, and
    /// not a repeat of the kill. It has no result line if an earlier run had left it.
    pub(crate) in_doubt: BTreeSet<Key>,
    /// Runs that have not ended and were not reported.
    crashed: u64,
    /// The next run will notice it.
    is_unclean: bool,
    /// Files beside the ledger that belong to a run, or to a ledger that was being made.
    pub(crate) files: Vec<PathBuf>,
}

fn leavings(witness: &Witness) -> anyhow::Result<Leavings> {
    let ledger = witness.ledger();
    let crashed = ledger.crashed()?;
    let files = ledger.strangers()?;
    let is_unclean = match ledger {
        Ledger::File(_) => !files.is_empty(),
        Ledger::Server { .. } => crashed > 0,
    };
    Ok(Leavings { pending: ledger.pending()?, in_doubt: ledger.in_doubt()?, crashed, is_unclean, files })
}

/// What all chapters came to.
#[derive(Debug, Default)]
struct Tally {
    chapters: usize,
    kills: usize,
    in_recovery: usize,
    unclean: usize,
    unsettled: usize,
    count: Count,
}

impl Tally {
    fn add(&mut self, chapter: &Chapter) {
        let killed: Vec<_> = chapter.runs.iter().filter(|run| run.end == End::Killed).collect();
        self.chapters += 1;
        self.kills += killed.len();
        self.unclean += killed.iter().filter(|run| run.left.is_unclean).count();
        self.unsettled += killed.iter().filter(|run| run.left.pending > 0).count();
        let both = chapter.runs.windows(2).filter(|pair| pair.iter().all(|run| run.end == End::Killed));
        self.in_recovery += both.filter(|pair| pair[0].left.is_unclean).count();
        self.count.add(&chapter.count);
    }

    fn ensure_fired(&self) -> anyhow::Result<()> {
        ensure!(self.unclean > 0, "no kill left an unclean stop");
        ensure!(self.unsettled > 0, "no kill left rows unsettled");
        ensure!(self.count.repeats > 0, "no kill hit a run with a request in flight");
        Ok(())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} kills of live runs on {} ledgers: {} left an unclean stop, {} left rows unsettled, {} hit the run after an \
             unclean stop",
            self.kills, self.chapters, self.unclean, self.unsettled, self.in_recovery
        )?;
        self.count.fmt(f)
    }
}

/// Kills while a ledger is made for the first time, by two at once: each on a fresh folder, until a run is let through.
fn creations(programs: &Programs, ledgers: usize, chance: &mut Rng) -> anyhow::Result<String> {
    let witness = Witness::start(programs, &[])?;
    let (mut hits, mut unborn, mut drafts) = (0, 0, 0);
    let mut number = 0;
    // A ledger is made within a millisecond or two: a few may all be missed.
    while number < ledgers || (number < 20 * ledgers && (unborn == 0 || drafts == 0)) {
        let path = witness.folder().join(format!("created/{number}/ledger.db"));
        let ledger = Ledger::File(path.clone());
        let id = format!("CREATED{number}");
        let sms = || {
            let mut command = witness.command(&programs.honest);
            command.args(["--json", "sms", &id, "--delivered"]).env("NEXMO_CONVERSION_LEDGER", &path);
            command
        };
        let stderr = witness.folder().join("stderr");
        for _ in 0..2 {
            let lives = [0; 2].map(|_| {
                let longest = if chance.bool() { 6_000 } else { 60_000 };
                Duration::from_micros(chance.u64(..longest))
            });
            let ended = thread::scope(|scope| {
                let both = lives.map(|life| {
                    let stderr = stderr.with_extension(life.as_micros().to_string());
                    scope.spawn(move || watch(&mut sms(), Feed::Nothing, Fate::KilledAfter(life), &stderr))
                });
                both.map(|one| one.join().map_err(|_| anyhow::anyhow!("a run's watcher has died"))?)
            });
            let ended = ended.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
            let killed = ended.iter().filter(|ended| ended.code.is_none()).count();
            for one in ended {
                // The other one may be killed with the id in hand, just after this one has left it to it.
                let is_as_it_should = matches!(one.code, None | Some(0)) || one.code == Some(75) && killed == 1;
                ensure!(is_as_it_should, "{:?}: {}", one.code, one.stderr);
            }
            hits += killed;
            unborn += usize::from(!path.exists());
            ledger.pending()?;
            drafts += ledger.strangers()?.iter().filter(|path| path.to_string_lossy().contains(".new-")).count();
        }
        let ended = watch(&mut sms(), Feed::Nothing, Fate::Finishes, &stderr)?;
        ensure!(ended.code == Some(0), "after kills during its creation: {:?}: {}", ended.code, ended.stderr);
        let left = ledger.strangers()?;
        ensure!(left.is_empty(), "left beside a new ledger: {left:?}");
        number += 1;
    }
    let deliveries = witness.deliveries()?;
    ensure!(deliveries.len() == number, "{} of {number} records arrived", deliveries.len());
    ensure!(unborn > 0 && drafts > 0, "no kill hit the creation of a ledger");
    Ok(format!(
        "{number} ledgers whose first runs were killed {hits} times, two at once: {unborn} times there was no ledger then, and \
         {drafts} files of one that was being made; each was used then, and nothing was left beside it"
    ))
}

/// Kills while the tables are made on a server, by two at once: each on a fresh database, until one is let through.
fn migrations(stage: &Stage, databases: usize, chance: &mut Rng) -> anyhow::Result<String> {
    let Ledgers::Server(cluster) = &stage.ledgers else { anyhow::bail!("no server") };
    let witness = Witness::start(&stage.programs, &[])?;
    let (mut hits, mut unmade) = (0, 0);
    for number in 0..databases {
        let ledger = Ledger::Server { cluster: Arc::clone(cluster), database: cluster.database() };
        let program = |arguments: &[&str]| {
            let mut command = witness.command(&stage.programs.honest);
            command.arg("--json").args(arguments).args(["--ledger", &ledger.address()]);
            command
        };
        let stderr = witness.folder().join("stderr");
        let lives = [0; 2].map(|_| Duration::from_micros(chance.u64(..60_000)));
        let ended = thread::scope(|scope| {
            let both = lives.map(|life| {
                let stderr = stderr.with_extension(life.as_micros().to_string());
                let mut migrate = program(&["ledger", "migrate"]);
                scope.spawn(move || watch(&mut migrate, Feed::Nothing, Fate::KilledAfter(life), &stderr))
            });
            both.map(|one| one.join().map_err(|_| anyhow::anyhow!("a run's watcher has died"))?)
        });
        for ended in ended {
            let ended = ended?;
            ensure!(matches!(ended.code, None | Some(0)), "{:?}: {}", ended.code, ended.stderr);
            hits += usize::from(ended.code.is_none());
        }
        let made = ledger
            .rows("SELECT 1 FROM pg_tables WHERE schemaname = 'nexmo_conversion' AND tablename = 'conversion'")?;
        unmade += usize::from(made.is_empty());
        let id = format!("MIGRATED{number}");
        for arguments in [&["ledger", "migrate"][..], &["sms", &id, "--delivered"]] {
            let ended = watch(&mut program(arguments), Feed::Nothing, Fate::Finishes, &stderr)?;
            ensure!(ended.code == Some(0), "{arguments:?} after kills: {:?}: {}", ended.code, ended.stderr);
        }
    }
    let deliveries = witness.deliveries()?;
    ensure!(deliveries.len() == databases, "{} of {databases} records arrived", deliveries.len());
    ensure!(unmade > 0, "no kill hit the making of the tables");
    Ok(format!(
        "{databases} databases whose first migrations were killed {hits} times, two at once: {unmade} times there was nothing then; \
         each was made and used then"
    ))
}
