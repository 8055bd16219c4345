//! A connection that a proxy has closed costs nothing: no record is lost, repeated, or in doubt.
//!
//! nginx and HAProxy, which others have written, stand between the program and the sandbox and close connections, as they do in front
//! of real APIs: after some requests, and when nothing has come for a while. A busy stream and slow ones go
//! through each. The control does not look at a connection before it writes a request to it.

mod front;

use std::collections::BTreeSet;
use std::env;
use std::fmt;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use fastrand::Rng;
use nexmo_conversion::clock;
use rusqlite::Connection;

use self::front::{Front, IDLE, REQUESTS};
use super::stage::{BREAK, Programs, Witness};
use crate::prove::seed::Seed;

/// `prove proxies`.
#[derive(Debug, Args)]
pub(crate) struct ProxiesArgs {
    /// How many records a busy stream has
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(5000..))]
    records: u32,
    /// How many records each slow stream has, one every 0.3 to 1.2 s
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(10..))]
    lines: u32,
    #[command(flatten)]
    seed: Seed,
}

/// Slow streams through one proxy.
const SLOW: usize = 4;
/// How long a slow stream rests, in milliseconds.
const RESTS: std::ops::Range<u64> = 300..1200;
/// No rest ends when the proxy may be closing the connection at that moment: a request that crosses the end of its connection is in doubt
/// in all of HTTP/1.1. A busy machine is late by some of that.
const CLOSING: std::ops::Range<u64> = 400..600;
/// A hang is a failure.
const LIMIT: &str = "300s";

/// Sends through every proxy; fails if a record is lost, repeated or in doubt, or if none is where the program does not look.
pub(super) fn show(root: &Path, args: &ProxiesArgs) -> anyhow::Result<String> {
    let missing = Front::missing();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        ensure!(!is_ci(), "not installed: {missing} (apt-get install nginx-light haproxy util-linux)");
        return Ok(format!("SKIPPED, nothing is shown: not installed: {missing}"));
    }
    let programs = Programs::build(root)?;
    let seed = args.seed.choose();
    let mut chance = Rng::with_seed(seed);
    let mut answer = vec![format!("seed {seed}")];
    for front in Front::ALL {
        let busy = Tried::go(&programs, front, Promise::Kept, &[Stream::busy(args.records)])
            .with_context(|| format!("{front}, seed {seed}"))?;
        busy.holds().with_context(|| format!("{front}, seed {seed}: {busy}"))?;
        answer.push(format!("{front:<13} busy     {busy}"));
    }
    // They wait more than they work, so all of them run at once.
    let mut slow = |promise| {
        Front::ALL.map(|front| (front, promise, [(); SLOW].map(|()| Stream::slow(args.lines, &mut chance))))
    };
    let scenes = [slow(Promise::Kept), slow(Promise::Broken)].concat();
    let tried = thread::scope(|scope| {
        let running: Vec<_> = scenes
            .iter()
            .map(|(front, promise, streams)| scope.spawn(|| Tried::go(&programs, *front, *promise, streams)))
            .collect();
        running.into_iter().map(|one| one.join().map_err(|_| anyhow::anyhow!("a thread has died"))?).collect()
    });
    let tried: Vec<Tried> = Result::<_, anyhow::Error>::with_context(tried, || format!("seed {seed}"))?;
    for ((front, promise, _), tried) in scenes.iter().zip(tried) {
        let name = match promise {
            Promise::Kept => {
                tried.holds().with_context(|| format!("{front}, slow, seed {seed}: {tried}"))?;
                "slow   "
            }
            Promise::Broken => {
                ensure!(tried.ambiguous > 0, "{front}: the control had no doubt: {tried}");
                "control"
            }
        };
        answer.push(format!("{front:<13} {name}  {tried}"));
    }
    Ok(answer.join("\n"))
}

#[expect(clippy::disallowed_methods, reason = "the gate says so, and no setting of the program does")]
fn is_ci() -> bool {
    env::var_os("CI").is_some()
}

/// Whether the program looks at a connection before it uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Promise {
    Kept,
    Broken,
}

/// What one run of the program is fed: as many records as there are rests, each of which follows its record.
#[derive(Debug, Clone)]
struct Stream {
    rests: Vec<Duration>,
    jobs: usize,
    /// How many connections the proxy must have closed under it.
    closed: usize,
}

impl Stream {
    /// HAProxy closes by chance: a quarter of the average will do.
    fn busy(records: u32) -> Self {
        let records = records as usize;
        Self { rests: vec![Duration::ZERO; records], jobs: 16, closed: records / REQUESTS / 4 }
    }

    fn slow(lines: u32, chance: &mut Rng) -> Self {
        let gap = CLOSING.end - CLOSING.start;
        let rest = |_| match chance.u64(RESTS.start..RESTS.end - gap) {
            early if early < CLOSING.start => Duration::from_millis(early),
            late => Duration::from_millis(late + gap),
        };
        let rests: Vec<_> = (0..lines).map(rest).collect();
        // A rest begins with the answer, which may be late; after the last one nothing is sent.
        let closed = rests.iter().rev().skip(1).filter(|rest| **rest > IDLE * 3 / 2).count();
        Self { rests, jobs: 1, closed }
    }

    /// Feeds a run to its end, and says how often it sent again what was in doubt.
    fn feed(&self, mut run: Command, ledger: &Path, name: usize) -> anyhow::Result<Fed> {
        run.env("NEXMO_CONVERSION_LEDGER", ledger)
            .args(["--format", "ids", "--channel", "sms", "--delivered", "true"])
            .args(["--jobs", &self.jobs.to_string(), "--deadline", LIMIT])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = run.spawn().context("cannot start the program")?;
        let mut input = child.stdin.take().context("no standard input")?;
        for (number, rest) in self.rests.iter().enumerate() {
            // A run that has ended too early says why.
            if writeln!(input, "{name}N{number:06}").is_err() {
                break;
            }
            if !rest.is_zero() {
                clock::sleep(*rest);
            }
        }
        drop(input);
        let ended = child.wait_with_output()?;
        let sum = "SELECT count(*), coalesce(sum(ambiguous), 0) FROM conversion WHERE state = 2";
        let (accepted, ambiguous) =
            Connection::open(ledger)?.query_row(sum, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        let trouble = (!ended.status.success()).then(|| format!("{}: {said}", ended.status));
        Ok(Fed { accepted, ambiguous, trouble })
    }
}

/// What came of one run.
struct Fed {
    accepted: u32,
    ambiguous: u32,
    /// How it ended, if not well.
    trouble: Option<String>,
}

/// What came of sending streams through one proxy.
struct Tried {
    records: usize,
    accepted: u32,
    delivered: usize,
    twice: usize,
    ambiguous: u32,
    connections: usize,
    /// So many there are at least if the proxy closes some.
    wanted: usize,
    trouble: Vec<String>,
}

impl Tried {
    fn go(programs: &Programs, front: Front, promise: Promise, streams: &[Stream]) -> anyhow::Result<Self> {
        let api = Witness::start(programs, &[])?;
        let proxy = front.start(&api)?;
        let program = match promise {
            Promise::Kept => &programs.honest,
            Promise::Broken => &programs.breakable,
        };
        let fed = thread::scope(|scope| {
            let feed = |(name, stream): (usize, &Stream)| {
                let mut run = proxy.batch(&api, program);
                run.env(BREAK, "answers-are-asked-for");
                stream.feed(run, &api.folder().join(format!("ledger-{name}/ledger.db")), name)
            };
            let runs: Vec<_> =
                streams.iter().enumerate().map(|stream| scope.spawn(move || feed(stream))).collect();
            runs.into_iter().map(|run| run.join().map_err(|_| anyhow::anyhow!("a thread has died"))?).collect()
        });
        let fed: Vec<Fed> = Result::<_, anyhow::Error>::context(fed, front)?;
        let deliveries = api.deliveries()?;
        let requests = proxy.requests(deliveries.values().sum::<u64>().try_into()?)?;
        Ok(Self {
            records: streams.iter().map(|stream| stream.rests.len()).sum(),
            delivered: deliveries.len(),
            twice: deliveries.values().filter(|times| **times > 1).count(),
            accepted: fed.iter().map(|run| run.accepted).sum(),
            ambiguous: fed.iter().map(|run| run.ambiguous).sum(),
            connections: requests.iter().collect::<BTreeSet<_>>().len(),
            wanted: streams.iter().map(|stream| stream.jobs + stream.closed).sum(),
            trouble: fed.into_iter().filter_map(|run| run.trouble).collect(),
        })
    }

    /// The promise. A fault that did not come about would prove nothing.
    fn holds(&self) -> anyhow::Result<()> {
        ensure!(self.trouble.is_empty(), "{}", self.trouble.join("\n"));
        ensure!(self.accepted as usize == self.records, "a record was not accepted");
        ensure!(self.delivered == self.records, "a record was not delivered");
        ensure!(self.twice == 0, "a record was delivered twice");
        ensure!(self.ambiguous == 0, "a record was in doubt");
        ensure!(self.connections >= self.wanted, "the proxy has closed too few: {} would show it", self.wanted);
        Ok(())
    }
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { records, accepted, delivered, twice, ambiguous, connections, .. } = self;
        write!(
            f,
            "{accepted} of {records} records accepted, {delivered} delivered, {twice} of them twice, {ambiguous} ambiguous re-sends, over \
             {connections} connections"
        )
    }
}
