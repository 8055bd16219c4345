//! One conversion: a whole process of ours beside curl sending the same form to the same server, and the commands that
//! must not cost anything at all.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use nexmo_conversion::clock;

use super::arena::Arena;
use super::cost::{Cost, Program, median};
use super::table::markdown;
use crate::machine::installed;

/// How it is measured.
#[derive(Debug, Args)]
pub(crate) struct SingleArgs {
    /// How often each program runs; the medians are shown
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
}

/// How often instructions are counted; the count hardly varies.
const COUNTS: u32 = 3;

const MESSAGE_ID: &str = "0A0000000123ABCD1";

pub(crate) fn single(root: &Path, args: &SingleArgs) -> anyhow::Result<String> {
    let curl = installed("curl").context("curl is not installed, and it is what is compared with")?;
    let valgrind = installed("valgrind");
    let arena = Arena::open(root)?;
    let mut sent = 0;
    let mut compared = Vec::new();
    let mut notes = vec![format!("Medians of {} runs, taken in turns.", args.runs)];
    for trust in trusts(&arena) {
        let pair = [ours(&arena, &trust), curls(&arena, &curl, &trust)];
        let rows = compare(&pair, args.runs, valgrind.as_deref())?;
        sent += 2 * (1 + args.runs + valgrind.as_ref().map_or(0, |_| COUNTS));
        compared.extend(rows.into_iter().map(|row| [vec![trust.name.to_owned()], row].concat()));
    }
    if arena.system.is_none() {
        notes.push("No system trust store was found: that comparison is left out.".to_owned());
    }
    let arrived = arena.requests(sent.into());
    ensure!(u64::from(sent) == arrived, "{sent} requests were sent, but {arrived} arrived");
    let mut alone = Vec::new();
    for (name, program) in quick_commands(&arena) {
        alone.push([vec![name.to_owned()], lone(&program, args.runs, valgrind.as_deref())?].concat());
    }
    if valgrind.is_none() {
        notes.push("valgrind is not installed: no instruction counts.".to_owned());
    }
    Ok([
        markdown(&["trust", "figure", "nexmo-conversion", "curl", "ratio"], &compared),
        markdown(&["command", "wall ms", "CPU ms", "peak MiB", "M instructions"], &alone),
        notes.join("\n"),
    ]
    .join("\n\n"))
}

/// The authority that both sides trust, and the option for each.
struct TrustChoice {
    name: &'static str,
    our_arguments: Vec<OsString>,
    our_environment: Vec<(&'static str, OsString)>,
    curls_arguments: Vec<OsString>,
}

/// One CA by `--cacert`, which both sides have; and the system's file and folder, to a copy of which the sandbox's CA was
/// added. Both sides read these two by default; ours is led to the copy by OpenSSL's variables, curl by its options, because
/// it forgets the file when a variable names a folder.
fn trusts(arena: &Arena) -> Vec<TrustChoice> {
    let option = |name: &str, path: &Path| [name.into(), path.into()];
    let one = TrustChoice {
        name: "one CA",
        our_arguments: option("--cacert", &arena.ca).into(),
        our_environment: Vec::new(),
        curls_arguments: option("--cacert", &arena.ca).into(),
    };
    let system = arena.system.as_ref().map(|store| TrustChoice {
        name: "system store",
        our_arguments: Vec::new(),
        our_environment: vec![
            ("SSL_CERT_FILE", store.file.clone().into()),
            ("SSL_CERT_DIR", store.folder.clone().into()),
        ],
        curls_arguments: [option("--cacert", &store.file), option("--capath", &store.folder)].concat(),
    });
    [Some(one), system].into_iter().flatten().collect()
}

fn ours(arena: &Arena, trust: &TrustChoice) -> Program {
    let mut environment = trust.our_environment.clone();
    environment.extend(arena.environment());
    let mut arguments: Vec<OsString> =
        ["sms", MESSAGE_ID, "--delivered", "--no-ledger"].map(OsString::from).into();
    arguments.extend(trust.our_arguments.iter().cloned());
    Program { path: arena.binary.clone().into(), arguments, environment, exit: 0 }
}

/// What a script would do today; `-q` keeps a personal `.curlrc` out.
fn curls(arena: &Arena, curl: &Path, trust: &TrustChoice) -> Program {
    let timestamp = clock::now().to_string();
    let mut arguments: Vec<OsString> = ["-q", "--silent", "--show-error", "--fail"].map(OsString::from).into();
    arguments.extend(trust.curls_arguments.iter().cloned());
    for (name, value) in [
        ("message-id", MESSAGE_ID),
        ("delivered", "true"),
        ("timestamp", &timestamp),
        ("api_key", &arena.api_key),
        ("api_secret", &arena.api_secret),
    ] {
        arguments.extend(["--data-urlencode".into(), format!("{name}={value}").into()]);
    }
    arguments.push(format!("{}/conversions/sms", arena.base_url).into());
    Program { path: curl.into(), arguments, environment: vec![("HOME", arena.home())], exit: 0 }
}

/// Commands that touch neither network nor trust store, and a program that does nothing: the floor of the method.
fn quick_commands(arena: &Arena) -> Vec<(&'static str, Program)> {
    let home = || vec![("HOME", arena.home())];
    let quick = |arguments: &[&str], environment, exit| Program {
        path: arena.binary.clone().into(),
        arguments: arguments.iter().map(OsString::from).collect(),
        environment,
        exit,
    };
    let half_a_pair = [home(), vec![("VONAGE_API_KEY", "abcd1234".into())]].concat();
    let mut commands = vec![
        ("`--help`", quick(&["--help"], home(), 0)),
        ("`completions bash`", quick(&["completions", "bash"], home(), 0)),
        ("a configuration error", quick(&["sms", MESSAGE_ID, "--delivered"], half_a_pair, 78)),
    ];
    commands.extend(installed("true").map(|path: PathBuf| {
        let nothing = Program { path: path.into(), arguments: Vec::new(), environment: home(), exit: 0 };
        ("`true`, for the method's own floor", nothing)
    }));
    commands
}

/// Runs two programs in turns, after one run each that does not count.
fn compare(pair: &[Program; 2], runs: u32, valgrind: Option<&Path>) -> anyhow::Result<Vec<Vec<String>>> {
    let mut costs = [Vec::new(), Vec::new()];
    for program in pair {
        program.run()?;
    }
    for _ in 0..runs {
        for (program, costs) in pair.iter().zip(&mut costs) {
            costs.push(program.run()?);
        }
    }
    let [ours, theirs] = costs.each_ref().map(|costs| Figures::of(costs));
    let mut rows: Vec<_> = ours
        .in_words()
        .into_iter()
        .zip(theirs.in_words())
        .map(|((name, ours), (_, theirs))| row(name, ours, theirs))
        .collect();
    if let Some(valgrind) = valgrind {
        let count = |program: &Program| count(program, valgrind);
        rows.push(row("M instructions", count(&pair[0])?, count(&pair[1])?));
    }
    Ok(rows)
}

fn row(name: &str, ours: f64, theirs: f64) -> Vec<String> {
    vec![name.to_owned(), format!("{ours:.1}"), format!("{theirs:.1}"), format!("{:.3}", ours / theirs)]
}

fn lone(program: &Program, runs: u32, valgrind: Option<&Path>) -> anyhow::Result<Vec<String>> {
    program.run()?;
    let costs = (0..runs).map(|_| program.run()).collect::<anyhow::Result<Vec<_>>>()?;
    let mut row: Vec<_> = Figures::of(&costs).in_words().iter().map(|(_, value)| format!("{value:.1}")).collect();
    row.push(match valgrind {
        Some(valgrind) => format!("{:.2}", count(program, valgrind)?),
        None => "–".to_owned(),
    });
    Ok(row)
}

/// Millions of instructions.
fn count(program: &Program, valgrind: &Path) -> anyhow::Result<f64> {
    let counts = (0..COUNTS).map(|_| program.instructions(valgrind)).collect::<anyhow::Result<Vec<_>>>()?;
    #[expect(clippy::cast_precision_loss, reason = "it is shown with two decimals")]
    Ok(median(counts).unwrap_or_default() as f64 / 1e6)
}

/// The medians of some runs.
struct Figures {
    wall: Duration,
    cpu: Duration,
    peak: u64,
}

impl Figures {
    fn of(costs: &[Cost]) -> Self {
        Self {
            wall: median(costs.iter().map(|cost| cost.wall)).unwrap_or_default(),
            cpu: median(costs.iter().map(|cost| cost.cpu)).unwrap_or_default(),
            peak: median(costs.iter().map(|cost| cost.peak)).unwrap_or_default(),
        }
    }

    fn in_words(&self) -> [(&'static str, f64); 3] {
        #[expect(clippy::cast_precision_loss, reason = "it is shown with one decimal")]
        let peak = self.peak as f64 / f64::from(1 << 20);
        [("wall ms", self.wall.as_secs_f64() * 1e3), ("CPU ms", self.cpu.as_secs_f64() * 1e3), ("peak MiB", peak)]
    }
}
