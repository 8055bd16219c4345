//! A stream of conversions: `batch` with and without ledger, beside `curl --parallel` and `wrk`, against one server; and a
//! million records through a pipe.

use std::cell::Cell;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use nexmo_conversion::clock;

use super::arena::Arena;
use super::cores::Core;
use super::cost::{Cost, Program};
use super::peers;
use super::pipe::{Flow, flow, record};
use super::table::markdown;
use crate::build::{Build, build};
use crate::machine::installed;

/// How it is measured.
#[derive(Debug, Args)]
pub(crate) struct BatchArgs {
    /// How many records each program sends in one run
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(100..))]
    records: u64,
    /// How often each program runs without latency, in turns; the medians are shown
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Also send 1,000,000 records through a pipe
    #[arg(long)]
    million: bool,
}

/// Requests at once without latency.
const JOBS: usize = 16;
/// A server that is far away, and how many requests at once make up for that.
const LATENCY: Duration = Duration::from_millis(50);
const JOBS_FAR_AWAY: usize = 256;
/// Instructions are counted over these two lengths: their difference has no start-up in it.
const COUNTED: [u64; 2] = [2_000, 12_000];
/// How long `wrk` runs, and how long the server may still be busy with what it left.
const SECONDS: u64 = 5;
const QUIET: Duration = Duration::from_secs(1);
/// How many records go through a pipe.
const FLOWS: [u64; 2] = [100_000, 1_000_000];

pub(crate) fn batch(root: &Path, args: &BatchArgs) -> anyhow::Result<String> {
    let binary = build(root, Build::Honest)?;
    let tools = Tools::find()?;
    let near = Track::open(&binary, &tools, Duration::ZERO, JOBS)?;
    let mut parts = vec![
        "### 16 at once, no latency\n".to_owned() + &near.side_by_side(args.records, args.rounds)?,
        "### User instructions a record\n".to_owned() + &near.instructions()?,
    ];
    if args.million {
        parts.push("### Through a pipe\n".to_owned() + &near.flows()?);
    }
    drop(near);
    let far = Track::open(&binary, &tools, LATENCY, JOBS_FAR_AWAY)?;
    parts.push("### 256 at once, 50 ms a request\n".to_owned() + &far.reach(args.records)?);
    parts.extend(tools.notes());
    Ok(parts.join("\n\n"))
}

/// What is installed here.
struct Tools {
    curl: PathBuf,
    wrk: Option<PathBuf>,
    valgrind: Option<PathBuf>,
    cores: Option<(Core, Core)>,
}

impl Tools {
    fn find() -> anyhow::Result<Self> {
        let curl = installed("curl").context("curl is not installed, and it is what is compared with")?;
        ensure!(peers::has_parallel(&curl), "this curl has no --parallel; 7.66 is the first that has");
        Ok(Self { curl, wrk: installed("wrk"), valgrind: installed("valgrind"), cores: Core::two() })
    }

    fn notes(&self) -> Vec<String> {
        let pinned = match self.cores {
            Some(_) => "Client and server ran on a core of their own each, by `taskset`.",
            None => "Client and server were not kept apart: there is no `taskset`, or only one core.",
        };
        let missing = [
            (self.wrk.is_none(), "wrk is not installed: no load generator to compare with."),
            (self.valgrind.is_none(), "valgrind is not installed: no instruction counts."),
        ];
        let missing = missing.into_iter().filter(|(is_missing, _)| *is_missing).map(|(_, note)| note);
        [pinned].into_iter().chain(missing).map(str::to_owned).collect()
    }
}

/// Whether conversions are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ledger {
    None,
    /// In a file of its own for each run.
    Fresh,
}

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runner {
    Ours(Ledger),
    Curl,
    Wrk,
}

impl Runner {
    fn name(self) -> &'static str {
        match self {
            Self::Ours(Ledger::None) => "`batch --no-ledger`",
            Self::Ours(Ledger::Fresh) => "`batch` with ledger",
            Self::Curl => "`curl --parallel`",
            Self::Wrk => "`wrk`",
        }
    }
}

/// One server and everybody who runs against it.
struct Track<'a> {
    arena: Arena,
    tools: &'a Tools,
    jobs: usize,
    /// Requests that the server has seen; none may come that was not sent.
    seen: Cell<u64>,
}

/// What one run came to.
struct Lap {
    records: u64,
    cost: Cost,
}

impl<'a> Track<'a> {
    fn open(binary: &Path, tools: &'a Tools, latency: Duration, jobs: usize) -> anyhow::Result<Self> {
        let core = tools.cores.as_ref().map(|(_, server)| server);
        Ok(Self { arena: Arena::with(binary, latency, core)?, tools, jobs, seen: Cell::new(0) })
    }

    /// All in turns, so that whatever disturbs this machine disturbs all of them.
    fn side_by_side(&self, records: u64, rounds: u32) -> anyhow::Result<String> {
        let runners = self.runners();
        let mut laps: Vec<Vec<Lap>> = runners.iter().map(|_| Vec::new()).collect();
        for _ in 0..rounds {
            for (runner, laps) in runners.iter().zip(&mut laps) {
                laps.push(self.lap(*runner, records)?);
            }
        }
        let cpu = |laps: &[Lap]| median_of(laps, |lap| lap.cpu_of(100_000));
        let curls = runners.iter().position(|runner| *runner == Runner::Curl).map_or(0.0, |curl| cpu(&laps[curl]));
        let rows: Vec<_> = runners
            .iter()
            .zip(&laps)
            .map(|(runner, laps)| {
                vec![
                    runner.name().to_owned(),
                    format!("{:.0}", median_of(laps, Lap::rate)),
                    format!("{:.2}", cpu(laps)),
                    format!("{:.3}", cpu(laps) / curls),
                    format!("{:.1}", median_of(laps, |lap| mib(lap.cost.peak))),
                ]
            })
            .collect();
        Ok(markdown(&["client", "records/s", "CPU s per 100,000", "CPU against curl", "peak MiB"], &rows))
    }

    /// How much of what so many jobs could send at this latency was sent.
    fn reach(&self, records: u64) -> anyhow::Result<String> {
        let limit = count(u64::try_from(self.jobs)?) / LATENCY.as_secs_f64();
        let mut rows = Vec::new();
        for runner in self.runners() {
            let lap = self.lap(runner, records)?;
            rows.push(vec![
                runner.name().to_owned(),
                format!("{:.0}", lap.rate()),
                format!("{:.3}", lap.rate() / limit),
                format!("{:.2}", lap.cpu_of(100_000)),
                format!("{:.1}", mib(lap.cost.peak)),
            ]);
        }
        let share = format!("of {limit:.0}/s");
        Ok(markdown(&["client", "records/s", &share, "CPU s per 100,000", "peak MiB"], &rows))
    }

    fn runners(&self) -> Vec<Runner> {
        let mut runners = vec![Runner::Ours(Ledger::None), Runner::Ours(Ledger::Fresh), Runner::Curl];
        runners.extend(self.tools.wrk.as_ref().map(|_| Runner::Wrk));
        runners
    }

    fn lap(&self, runner: Runner, records: u64) -> anyhow::Result<Lap> {
        let now = clock::now().to_string();
        if let (Runner::Wrk, Some(wrk)) = (runner, &self.tools.wrk) {
            let cost = self.pin(peers::wrk(&self.arena, wrk, self.jobs, SECONDS, &now)?).run()?;
            let seen = self.arena.requests_after(QUIET);
            return Ok(Lap { records: seen - self.seen.replace(seen), cost });
        }
        let program = self.program(runner, records, &now)?;
        let cost = self.pin(program).run()?;
        self.arrived(records, runner)?;
        Ok(Lap { records, cost })
    }

    /// All that was sent has arrived, and nothing else.
    fn arrived(&self, records: u64, runner: Runner) -> anyhow::Result<()> {
        let expected = self.seen.get() + records;
        let arrived = self.arena.requests(expected);
        ensure!(arrived == expected, "{}: {arrived} requests have arrived, not {expected}", runner.name());
        self.seen.set(arrived);
        Ok(())
    }

    fn program(&self, runner: Runner, records: u64, now: &str) -> anyhow::Result<Program> {
        match runner {
            Runner::Ours(ledger) => {
                let path = self.arena.folder().join("records.ndjson");
                let mut file = BufWriter::new(File::create(&path)?);
                (0..records).try_for_each(|number| file.write_all(record(number, now).as_bytes()))?;
                file.flush()?;
                self.ours(ledger, Some(&path))
            }
            Runner::Curl | Runner::Wrk => peers::curl(&self.arena, &self.tools.curl, records, self.jobs, now),
        }
    }

    /// `batch` over a file, or over standard input.
    fn ours(&self, ledger: Ledger, file: Option<&Path>) -> anyhow::Result<Program> {
        let mut arguments: Vec<OsString> = ["batch", "--jobs"].map(OsString::from).into();
        arguments.extend([self.jobs.to_string().into(), "--cacert".into(), self.arena.ca.clone().into()]);
        match ledger {
            Ledger::None => arguments.push("--no-ledger".into()),
            Ledger::Fresh => {
                let folder = self.arena.folder().join("ledger");
                if folder.exists() {
                    fs::remove_dir_all(&folder)?;
                }
                arguments.extend(["--ledger".into(), folder.join("ledger.db").into()]);
            }
        }
        arguments.extend(file.map(Into::into));
        let environment = self.arena.environment();
        Ok(Program { path: self.arena.binary.clone().into(), arguments, environment, exit: 0 })
    }

    fn pin(&self, program: Program) -> Program {
        match &self.tools.cores {
            Some((client, _)) => client.pin(program),
            None => program,
        }
    }

    fn instructions(&self) -> anyhow::Result<String> {
        let Some(valgrind) = &self.tools.valgrind else {
            return Ok("(not counted)".to_owned());
        };
        let mut rows = Vec::new();
        let mut ours = None;
        for runner in [Runner::Ours(Ledger::None), Runner::Ours(Ledger::Fresh), Runner::Curl] {
            let mut counts = [0; 2];
            for (records, slot) in COUNTED.into_iter().zip(&mut counts) {
                let program = self.program(runner, records, &clock::now().to_string())?;
                *slot = program.instructions(valgrind)?;
                self.arrived(records, runner)?;
            }
            let each = count(counts[1].saturating_sub(counts[0])) / count(COUNTED[1] - COUNTED[0]);
            let ours = *ours.get_or_insert(each);
            rows.push(vec![runner.name().to_owned(), format!("{each:.0}"), format!("{:.3}", each / ours)]);
        }
        Ok(markdown(&["client", "instructions", "against `batch --no-ledger`"], &rows))
    }

    /// The same through a pipe, ten times as long: neither memory nor the cost of a record may grow.
    fn flows(&self) -> anyhow::Result<String> {
        let mut rows = Vec::new();
        for ledger in [Ledger::None, Ledger::Fresh] {
            let runner = Runner::Ours(ledger);
            let mut costs = Vec::new();
            for records in FLOWS {
                let program = self.pin(self.ours(ledger, None)?);
                let Flow { cost, peak_at_a_tenth, peak_at_the_end } =
                    flow(&program, records, &clock::now().to_string())?;
                self.arrived(records, runner)?;
                let lap = Lap { records, cost };
                costs.push(lap.cpu_of(100_000));
                rows.push(vec![
                    runner.name().to_owned(),
                    records.to_string(),
                    format!("{:.0}", lap.rate()),
                    format!("{:.2}", lap.cpu_of(100_000)),
                    format!("{:.3}", lap.cpu_of(100_000) / costs[0]),
                    format!("{:.1}", mib(peak_at_a_tenth)),
                    format!("{:.1}", mib(peak_at_the_end)),
                ]);
            }
        }
        let header = [
            "client",
            "records",
            "records/s",
            "CPU s per 100,000",
            "against 100,000",
            "peak MiB at 10 %",
            "peak MiB at 100 %",
        ];
        Ok(markdown(&header, &rows))
    }
}

impl Lap {
    /// Records per second of the whole run.
    fn rate(&self) -> f64 {
        count(self.records) / self.cost.wall.as_secs_f64()
    }

    /// CPU seconds for so many records.
    fn cpu_of(&self, records: u64) -> f64 {
        self.cost.cpu.as_secs_f64() * count(records) / count(self.records)
    }
}

fn median_of(laps: &[Lap], figure: impl Fn(&Lap) -> f64) -> f64 {
    let mut figures: Vec<f64> = laps.iter().map(figure).collect();
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "far below 2⁵², and shown with few digits")]
fn count(number: u64) -> f64 {
    number as f64
}

fn mib(bytes: u64) -> f64 {
    count(bytes) / f64::from(1 << 20)
}
