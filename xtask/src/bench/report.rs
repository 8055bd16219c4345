//! `report` over ledgers of 100,000 and a million conversions, which `batch` has made by sending them all to a sandbox.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use clap::Args;
use nexmo_conversion::clock;
use serde_json::{Value, json};

use super::arena::Arena;
use super::cost::{Cost, Program};
use super::peers::message_id;
use super::table::markdown;

/// How it is measured.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// How many conversions the larger ledger has; the smaller one has a tenth
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    records: u64,
    /// How often each report is made; the medians are shown
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
}

const DAY: u64 = 24 * 60 * 60;

/// Every form; a page goes into a file.
const FORMS: [(&str, &[&str]); 4] = [
    ("text", &[]),
    ("`--json`", &["--json"]),
    ("`--csv`", &["--csv"]),
    ("`--html FILE`", &["--html", "report.html"]),
];

pub(crate) fn report(root: &Path, args: &ReportArgs) -> anyhow::Result<String> {
    let arena = Arena::open(root)?;
    let mut rows = Vec::new();
    let mut sent = 0;
    for records in [args.records / 10, args.records] {
        let ledger = arena.folder().join(format!("{records}.db"));
        fill(&arena, &ledger, records)?;
        sent += records;
        let arrived = arena.requests(sent);
        ensure!(arrived == sent, "{arrived} requests have arrived, not {sent}");
        ensure_all_is_seen(&arena, &ledger, records)?;
        for (form, arguments) in FORMS {
            let program = reporting(&arena, &ledger, arguments);
            let costs = (0..args.rounds).map(|_| program.run()).collect::<anyhow::Result<Vec<_>>>()?;
            rows.push(row(records, form, &costs));
        }
    }
    Ok(markdown(&["conversions", "form", "wall ms", "CPU ms", "peak MiB"], &rows))
}

/// A day's traffic, sent at once: two channels, four of five converted, one of fifty an id that had another value before.
fn fill(arena: &Arena, ledger: &Path, records: u64) -> anyhow::Result<()> {
    let input = arena.folder().join("records.ndjson");
    write_day(&input, records).context("cannot write the input")?;
    let mut arguments: Vec<OsString> = ["batch", "-q", "--cacert"].map(OsString::from).into();
    arguments.extend([arena.ca.clone().into(), "--ledger".into(), ledger.into(), input.into()]);
    let (path, environment) = (arena.binary.clone().into(), arena.environment());
    Program { path, arguments, environment, exit: 0 }.run()?;
    Ok(())
}

fn write_day(path: &Path, records: u64) -> io::Result<()> {
    let begin = clock::now().unix().unsigned_abs() - DAY;
    let mut file = BufWriter::new(File::create(path)?);
    for number in 0..records {
        let id = if number % 50 == 49 { number - 40 } else { number };
        let channel = if id % 10 < 7 { "sms" } else { "voice" };
        let timestamp = begin + number * DAY / records;
        let delivered = number % 5 > 0;
        let record = json!({"message_id": message_id(id), "channel": channel, "delivered": delivered, "timestamp": timestamp});
        writeln!(file, "{record}")?;
    }
    file.flush()
}

/// A report that did not see all of it would measure something else.
fn ensure_all_is_seen(arena: &Arena, ledger: &Path, records: u64) -> anyhow::Result<()> {
    let program = reporting(arena, ledger, &["--json"]);
    let output = Command::new(&program.path)
        .args(&program.arguments)
        .env_clear()
        .envs(program.environment)
        .stdin(Stdio::null())
        .output()
        .context("cannot start the program")?;
    let line: Value = serde_json::from_slice(&output.stdout)?;
    let accepted = line["outcomes"]["accepted"].as_u64();
    ensure!(accepted == Some(records), "the report saw {accepted:?} conversions, not {records}");
    Ok(())
}

fn reporting(arena: &Arena, ledger: &Path, form: &[&str]) -> Program {
    let mut arguments: Vec<OsString> = ["report", "--ledger"].map(OsString::from).into();
    arguments.push(ledger.into());
    arguments.extend(form.iter().map(|word| match *word {
        "report.html" => PathBuf::from(arena.folder()).join(word).into(),
        word => word.into(),
    }));
    Program { path: arena.binary.clone().into(), arguments, environment: arena.environment(), exit: 0 }
}

fn row(records: u64, form: &str, costs: &[Cost]) -> Vec<String> {
    let median = |figure: fn(&Cost) -> f64| {
        let mut figures: Vec<f64> = costs.iter().map(figure).collect();
        figures.sort_unstable_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or_default()
    };
    vec![
        records.to_string(),
        form.to_owned(),
        format!("{:.0}", median(|cost| cost.wall.as_secs_f64() * 1e3)),
        format!("{:.0}", median(|cost| cost.cpu.as_secs_f64() * 1e3)),
        format!("{:.1}", median(|cost| mib(cost.peak))),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "far below 2⁵², and shown with few digits")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
