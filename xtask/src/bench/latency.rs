//! How long a record takes that comes alone: from its line in the pipe to its request, and to its result line; beside what the disk needs
//! for the syncs between them.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use nexmo_conversion::clock;

use super::arena::Arena;
use super::cost::Program;
use super::pipe::record;
use super::table::markdown;

/// How it is measured.
#[derive(Debug, Args)]
pub(crate) struct LatencyArgs {
    /// How many records each run is given, ten a second
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(20..))]
    records: u64,
}

const EVERY: Duration = Duration::from_millis(100);
/// The first ones open the connection, and are left out.
const FIRST: u64 = 5;
/// What one sync of a small group writes.
const SYNCED: usize = 12 * 1024;

pub(crate) fn latency(root: &Path, args: &LatencyArgs) -> anyhow::Result<String> {
    let arena = Arena::open(root)?;
    let mut rows = Vec::new();
    let mut seen = 0;
    for (name, ledger) in [("`batch --no-ledger`", false), ("`batch` with ledger", true)] {
        let [to_request, to_result] = trickle(&program(&arena, ledger), &arena, seen, args.records)?;
        seen += args.records;
        rows.push(row(&format!("{name}: to the request"), to_request));
        rows.push(row(&format!("{name}: to the result"), to_result));
    }
    rows.push(row("one sync of 12 KiB", syncs(&arena.folder().join("synced"), args.records)?));
    Ok(markdown(&["10 records a second", "p50 ms", "p95 ms"], &rows))
}

fn program(arena: &Arena, ledger: bool) -> Program {
    let mut arguments: Vec<OsString> = vec!["batch".into(), "--cacert".into(), arena.ca.clone().into()];
    if ledger {
        arguments.extend(["--ledger".into(), arena.folder().join("ledger.db").into()]);
    } else {
        arguments.push("--no-ledger".into());
    }
    Program { path: arena.binary.clone().into(), arguments, environment: arena.environment(), exit: 0 }
}

/// Gives a program one record after the other, and takes the times to its request and to its result.
fn trickle(program: &Program, arena: &Arena, seen: u64, records: u64) -> anyhow::Result<[Vec<Duration>; 2]> {
    let mut child = program
        .with_input(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start the program")?;
    let mut input = child.stdin.take().context("the program has no standard input")?;
    let mut results = BufReader::new(child.stdout.take().context("the program has no standard output")?).lines();
    let now = clock::now().to_string();
    let mut times = [Vec::new(), Vec::new()];
    for number in 0..records {
        let line = record(number, &now);
        let began = clock::monotonic();
        input.write_all(line.as_bytes())?;
        ensure!(arena.requests(seen + number + 1) == seen + number + 1, "no request of {line}");
        let requested = clock::monotonic().saturating_sub(began);
        results.next().context("no result line")??;
        let settled = clock::monotonic().saturating_sub(began);
        if number >= FIRST {
            times[0].push(requested);
            times[1].push(settled);
        }
        clock::sleep(EVERY.saturating_sub(clock::monotonic().saturating_sub(began)));
    }
    drop(input);
    ensure!(child.wait()?.success(), "the program failed");
    Ok(times)
}

/// What a sync costs that comes alone, at the same pace.
fn syncs(path: &Path, count: u64) -> anyhow::Result<Vec<Duration>> {
    let mut file = File::create(path)?;
    let block = vec![7; SYNCED];
    (0..count)
        .map(|_| {
            clock::sleep(EVERY);
            let began = clock::monotonic();
            file.write_all(&block)?;
            file.sync_data()?;
            Ok(clock::monotonic().saturating_sub(began))
        })
        .collect()
}

fn row(what: &str, mut times: Vec<Duration>) -> Vec<String> {
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    let ms = |time: Duration| format!("{:.2}", time.as_secs_f64() * 1e3);
    vec![what.to_owned(), ms(at(50)), ms(at(95))]
}
