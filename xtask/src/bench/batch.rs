//! A stream of conversions: `batch` with and without ledger, beside other programs, against one server; and a million records
//! through a pipe.

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
use super::peers::{Peer, Peers, Wanted};
use super::pipe::{Flow, Order, flow, record};
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
    /// Beside Node's undici, Python's requests and `xargs` with curl, too; npm and pip fetch the first two
    #[arg(long)]
    peers: bool,
    /// Only our own instructions, which hardly vary: fail if docs/performance.md does not state them, to 5 %, with ledger to 10 %
    #[arg(long, conflicts_with_all = ["million", "peers"])]
    quick: bool,
}

/// Requests at once without latency.
const JOBS: usize = 16;
/// A server that is far away, and how many requests at once make up for that.
const LATENCY: Duration = Duration::from_millis(50);
const JOBS_FAR_AWAY: usize = 256;
/// Instructions are counted over these two lengths: their difference has no start-up in it.
const COUNTED: [u64; 2] = [2_000, 12_000];
/// How long the server may still be busy with what `wrk` left.
const QUIET: Duration = Duration::from_secs(1);
/// How many records go through a pipe, and the order of their message-ids. The first is what the others are compared with.
const FLOWS: [(u64, Order); 3] =
    [(100_000, Order::Ascending), (1_000_000, Order::Ascending), (1_000_000, Order::Random)];

pub(crate) fn batch(root: &Path, args: &BatchArgs) -> anyhow::Result<String> {
    let binary = build(root, Build::Honest)?;
    let tools = Tools::find(root, if args.peers { Wanted::All } else { Wanted::Installed })?;
    let near = Track::open(&binary, &tools, Duration::ZERO, JOBS)?;
    if args.quick {
        let counted = near.instructions(&OURS)?;
        stated(&fs::read_to_string(root.join("docs/performance.md"))?, &counted)?;
        return Ok(in_a_table(&counted));
    }
    let counted = near.instructions(&[OURS[0], OURS[1], Runner::Other(Peer::Curl)])?;
    let mut parts = vec![
        "### 16 at once, no latency\n".to_owned() + &near.side_by_side(args.records, args.rounds)?,
        "### User instructions a record\n".to_owned() + &in_a_table(&counted),
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

/// Instructions a record, by who executes them.
type Counted = Vec<(Runner, f64)>;

fn in_a_table(counted: &Counted) -> String {
    let ours = counted.first().map_or(f64::NAN, |(_, each)| *each);
    let row = |(runner, each): &(Runner, f64)| {
        vec![runner.name().to_owned(), format!("{each:.0}"), format!("{:.3}", each / ours)]
    };
    markdown(
        &["client", "instructions", "against `batch --no-ledger`"],
        &counted.iter().map(row).collect::<Vec<_>>(),
    )
}

/// Holds that a document states these counts: to a twentieth, and to a tenth where a ledger's groups are as large as the machine is busy.
fn stated(document: &str, counted: &Counted) -> anyhow::Result<()> {
    ensure!(!counted.is_empty(), "nothing was counted: valgrind is not installed");
    let table = document.split_once("| client | instructions |").map(|(_, table)| table).unwrap_or_default();
    for (runner, each) in counted {
        let row = table.lines().find_map(|line| line.strip_prefix(&format!("| {} | ", runner.name())));
        let stated: f64 = row
            .and_then(|row| row.split(' ').next()?.parse().ok())
            .with_context(|| format!("no instructions of {}", runner.name()))?;
        let off = (each / stated - 1.0).abs();
        ensure!(
            off <= runner.tolerance(),
            "docs/performance.md states {stated} instructions a record of {}, but these are {each:.0}: run `cargo xtask bench batch`",
            runner.name()
        );
    }
    Ok(())
}

/// What is installed here.
struct Tools {
    peers: Peers,
    valgrind: Option<PathBuf>,
    cores: Option<(Core, Core)>,
}

impl Tools {
    fn find(root: &Path, wanted: Wanted) -> anyhow::Result<Self> {
        Ok(Self { peers: Peers::find(root, wanted)?, valgrind: installed("valgrind"), cores: Core::two() })
    }

    fn notes(&self) -> Vec<String> {
        let pinned = match self.cores {
            Some(_) => "Client and server ran on a core of their own each, by `taskset`.",
            None => "Client and server were not kept apart: there is no `taskset`, or only one core.",
        };
        let mut notes = vec![pinned.to_owned()];
        let missing = Peer::ALL.into_iter().filter(|peer| !self.peers.found().any(|found| found == *peer));
        notes.extend(
            missing.map(|peer| {
                format!("{} did not take part: it is not installed, or was not asked for.", peer.name())
            }),
        );
        if self.valgrind.is_none() {
            notes.push("valgrind is not installed: no instruction counts.".to_owned());
        }
        notes
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
    Other(Peer),
}

const OURS: [Runner; 2] = [Runner::Ours(Ledger::None), Runner::Ours(Ledger::Fresh)];

impl Runner {
    fn tolerance(self) -> f64 {
        match self {
            Self::Ours(Ledger::None) | Self::Other(_) => 0.05,
            Self::Ours(Ledger::Fresh) => 0.10,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Ours(Ledger::None) => "`batch --no-ledger`",
            Self::Ours(Ledger::Fresh) => "`batch` with ledger",
            Self::Other(peer) => peer.name(),
        }
    }

    fn share(self, records: u64) -> u64 {
        match self {
            Self::Ours(_) => records,
            Self::Other(peer) => peer.share(records),
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
        let cpu = |laps: &[Lap]| median_of(laps, Lap::cpu_of_one);
        let of = |peer| {
            let at = runners.iter().position(|runner| *runner == Runner::Other(peer));
            at.map(|at| cpu(&laps[at]))
        };
        let against =
            |cpu: f64, other: Option<f64>| other.map_or("–".to_owned(), |other| format!("{:.2}", cpu / other));
        let (curls, h2loads) = (of(Peer::Curl), of(Peer::H2load));
        let rows: Vec<_> = runners
            .iter()
            .zip(&laps)
            .map(|(runner, laps)| {
                vec![
                    runner.name().to_owned(),
                    format!("{:.0}", median_of(laps, Lap::rate)),
                    format!("{:.1}", cpu(laps)),
                    against(cpu(laps), curls),
                    against(cpu(laps), h2loads),
                    format!("{:.1}", median_of(laps, |lap| mib(lap.cost.peak))),
                ]
            })
            .collect();
        let header = ["client", "records/s", "CPU µs a record", "against curl", "against h2load", "peak MiB"];
        Ok(markdown(&header, &rows))
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
                format!("{:.1}", lap.cpu_of_one()),
                format!("{:.1}", mib(lap.cost.peak)),
            ]);
        }
        let share = format!("of {limit:.0}/s");
        Ok(markdown(&["client", "records/s", &share, "CPU µs a record", "peak MiB"], &rows))
    }

    fn runners(&self) -> Vec<Runner> {
        OURS.into_iter().chain(self.tools.peers.found().map(Runner::Other)).collect()
    }

    fn lap(&self, runner: Runner, records: u64) -> anyhow::Result<Lap> {
        let records = runner.share(records);
        let program = self.program(runner, records, &clock::now().to_string())?;
        let cost = self.pin(program).run()?;
        if runner == Runner::Other(Peer::Wrk) {
            // It sends as many as it can.
            let seen = self.arena.requests_after(QUIET);
            return Ok(Lap { records: seen - self.seen.replace(seen), cost });
        }
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
            Runner::Other(peer) => self.tools.peers.program(peer, &self.arena, records, self.jobs, now),
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

    fn instructions(&self, runners: &[Runner]) -> anyhow::Result<Counted> {
        let Some(valgrind) = &self.tools.valgrind else {
            return Ok(Vec::new());
        };
        let mut counted = Vec::new();
        for runner in runners {
            let mut counts = [0; 2];
            for (records, slot) in COUNTED.into_iter().zip(&mut counts) {
                let program = self.program(*runner, records, &clock::now().to_string())?;
                *slot = program.instructions(valgrind)?;
                self.arrived(records, *runner)?;
            }
            let each = count(counts[1].saturating_sub(counts[0])) / count(COUNTED[1] - COUNTED[0]);
            counted.push((*runner, each));
        }
        Ok(counted)
    }

    /// The same through a pipe, ten times as long: neither memory nor the cost of a record may grow.
    fn flows(&self) -> anyhow::Result<String> {
        let mut rows = Vec::new();
        for ledger in [Ledger::None, Ledger::Fresh] {
            let runner = Runner::Ours(ledger);
            let mut costs = Vec::new();
            for (records, order) in FLOWS {
                let program = self.pin(self.ours(ledger, None)?);
                let Flow { cost, peak_at_a_tenth, peak_at_the_end } =
                    flow(&program, order, records, &clock::now().to_string())?;
                self.arrived(records, runner)?;
                let lap = Lap { records, cost };
                costs.push(lap.cpu_of_one());
                rows.push(vec![
                    runner.name().to_owned(),
                    format!("{records} {}", order.name()),
                    format!("{:.0}", lap.rate()),
                    format!("{:.1}", lap.cpu_of_one()),
                    format!("{:.3}", lap.cpu_of_one() / costs[0]),
                    format!("{:.1}", mib(peak_at_a_tenth)),
                    format!("{:.1}", mib(peak_at_the_end)),
                ]);
            }
        }
        let header = [
            "client",
            "records",
            "records/s",
            "CPU µs a record",
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

    /// CPU microseconds for one record.
    fn cpu_of_one(&self) -> f64 {
        self.cost.cpu.as_secs_f64() * 1e6 / count(self.records)
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

#[cfg(test)]
mod tests {
    use super::{OURS, in_a_table, stated};

    #[test]
    fn what_a_document_states_is_compared_to_a_twentieth_or_a_tenth() {
        let counted = |without, with| vec![(OURS[0], without), (OURS[1], with)];
        let document = format!("words\n{}\nmore", in_a_table(&counted(26_000.0, 52_000.0)));
        for (without, with, is_true) in [
            (26_000.0, 52_000.0, true),
            (27_200.0, 49_500.0, true),
            (27_400.0, 52_000.0, false),
            (26_000.0, 49_000.0, true),
            (26_000.0, 46_700.0, false),
        ] {
            assert_eq!(stated(&document, &counted(without, with)).is_ok(), is_true, "{without} {with}");
        }
        assert!(stated("no table", &counted(1.0, 1.0)).is_err());
        assert!(stated(&document, &Vec::new()).is_err());
    }
}
