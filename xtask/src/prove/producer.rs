//! A producer of conversions: pipes them into the program, and pipes again what no result line acknowledged.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use fastrand::Rng;
use nexmo_conversion::clock;
use serde_json::Value;

/// What is reported: a message-id with one of its values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fact {
    pub(crate) id: String,
    pub(crate) delivered: bool,
    time: Option<String>,
}

/// A fact by what the API sees of it.
pub(crate) type Key = (String, bool);

impl Fact {
    pub(crate) fn new(id: String, delivered: bool, time: Option<String>) -> Self {
        Self { id, delivered, time }
    }

    pub(crate) fn key(&self) -> Key {
        (self.id.clone(), self.delivered)
    }

    fn line(&self) -> String {
        let time = self.time.as_ref().map(|time| format!(",\"timestamp\":\"{time}\"")).unwrap_or_default();
        format!("{{\"message_id\":\"{}\",\"channel\":\"sms\",\"delivered\":{}{time}}}\n", self.id, self.delivered)
    }
}

/// Facts that are not acknowledged, in their order, and what became of the others.
#[derive(Debug, Default)]
pub(crate) struct Producer {
    made: u64,
    queue: VecDeque<Fact>,
    pub(crate) fed: BTreeSet<Key>,
    /// The outcome in the first result line of each.
    pub(crate) acknowledged: BTreeMap<Key, String>,
    /// What was given up for a run, by the number of the run: its doubt is in the ledger.
    pub(crate) given_up: BTreeSet<(usize, Key)>,
    /// Result lines that no fact of ours should have.
    pub(crate) odd: Vec<String>,
}

/// As many facts wait at most: what a run could not do in its time is not made in advance.
const QUEUE: usize = 600;

/// Lines that are fed each millisecond.
const PACE: usize = 3;

impl Producer {
    /// What the next run is fed: first what is not acknowledged, then new facts. A fifth of all ids get a second value: false
    /// first, and true some lines later.
    pub(crate) fn script(&mut self, chance: &mut Rng) -> Vec<Fact> {
        let mut second = VecDeque::new();
        while self.queue.len() < QUEUE {
            let timed = chance.bool();
            let time = |second: u32| timed.then(|| format!("2026-11-22 01:25:{second:02}"));
            if chance.u8(..5) == 0 {
                let first = self.make("TWO", false, time(26));
                second.push_back(Fact { delivered: true, time: time(27), ..first.clone() });
                self.queue.push_back(first);
            } else {
                let fact = self.make("ONE", chance.bool(), time(26));
                self.queue.push_back(fact);
            }
            if chance.u8(..4) == 0 {
                self.queue.extend(second.pop_front());
            }
        }
        self.queue.extend(second);
        self.queue.iter().cloned().collect()
    }

    /// What was fed and is not acknowledged. The rest never reached the program.
    pub(crate) fn rest(&mut self) -> Vec<Fact> {
        self.queue.retain(|fact| self.fed.contains(&fact.key()));
        self.queue.iter().cloned().collect()
    }

    pub(crate) fn make(&mut self, kind: &str, delivered: bool, time: Option<String>) -> Fact {
        self.made += 1;
        Fact::new(format!("{kind}{:06}", self.made), delivered, time)
    }

    /// Takes note of what a run was fed and what it has acknowledged.
    pub(crate) fn heard(&mut self, run: usize, ended: &Ended) {
        for fact in &ended.fed {
            if self.fed.insert(fact.key()) && !self.queue.contains(fact) {
                self.queue.push_back(fact.clone());
            }
        }
        for line in &ended.lines {
            let code = line["error"]["code"].as_str().unwrap_or_default();
            let outcome = line["outcome"].as_str().unwrap_or_default();
            let key = line["message_id"].as_str().map(str::to_owned).zip(line["delivered"].as_bool());
            match (outcome, code, key) {
                ("accepted" | "retry", _, Some(key))
                | ("skipped", "already_accepted" | "already_queued", Some(key)) => {
                    if outcome == "retry" {
                        self.given_up.insert((run, key.clone()));
                    }
                    self.acknowledged.entry(key).or_insert_with(|| outcome.to_owned());
                }
                _ => self.odd.push(line.to_string()),
            }
        }
        self.queue.retain(|fact| !self.acknowledged.contains_key(&fact.key()));
    }
}

/// What a run is given to do.
pub(crate) enum Feed<'a> {
    /// Nothing to read.
    Nothing,
    /// This one, as arguments that it has already.
    Argument(Fact),
    /// Line by line, through a pipe that stays open.
    Pipe(Vec<Fact>),
    /// All at once, and then the pipe is closed.
    Rest(Vec<Fact>),
    /// Line by line once this has returned, and then the pipe is closed.
    RestAfter(&'a (dyn Fn() + Sync), Vec<Fact>),
}

/// What is to become of a run.
#[derive(Clone, Copy)]
pub(crate) enum Fate<'a> {
    /// SIGKILL, after this long.
    KilledAfter(Duration),
    /// SIGKILL, as soon as this is so.
    KilledWhen(&'a dyn Fn() -> bool),
    /// It ends by itself.
    Finishes,
}

/// A run that finishes by itself does so within this time.
const LIMIT: Duration = Duration::from_secs(60);

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None` if it was killed.
    pub(crate) code: Option<i32>,
    fed: Vec<Fact>,
    /// The whole lines that it wrote.
    pub(crate) lines: Vec<Value>,
    pub(crate) stderr: String,
}

/// Starts a run, feeds it, kills it in its time, and reads what it has said until then.
pub(crate) fn watch(
    command: &mut Command,
    feed: Feed<'_>,
    fate: Fate<'_>,
    stderr: &Path,
) -> anyhow::Result<Ended> {
    command.stdout(Stdio::piped()).stderr(File::create(stderr)?);
    command.stdin(match feed {
        Feed::Nothing | Feed::Argument(_) => Stdio::null(),
        Feed::Pipe(_) | Feed::Rest(_) | Feed::RestAfter(..) => Stdio::piped(),
    });
    let mut child = command.spawn().context("cannot start the program")?;
    let stdin = child.stdin.take();
    let stdout = child.stdout.take().context("no standard output")?;
    thread::scope(|scope| {
        let reader = scope.spawn(|| whole_lines(stdout));
        let feeder = scope.spawn(|| pour(feed, stdin));
        let code = end(&mut child, fate);
        let (poured, pipe) = feeder.join().map_err(|_| anyhow::anyhow!("the feeder has died"))?;
        drop(pipe);
        let lines = reader.join().map_err(|_| anyhow::anyhow!("the reader has died"))??;
        Ok(Ended { code: code?, fed: poured, lines, stderr: fs::read_to_string(stderr)? })
    })
}

/// Writes until the reader has gone. A fact whose line has begun counts as fed. A pipe that is to stay open comes back.
fn pour(feed: Feed<'_>, stdin: Option<ChildStdin>) -> (Vec<Fact>, Option<ChildStdin>) {
    let (facts, mut pipe, stays_open, pace) = match (feed, stdin) {
        (Feed::Argument(fact), _) => return (vec![fact], None),
        (Feed::Pipe(facts), Some(pipe)) => (facts, pipe, true, PACE),
        (Feed::Rest(facts), Some(pipe)) => {
            let all = facts.len().max(1);
            (facts, pipe, false, all)
        }
        (Feed::RestAfter(wait, facts), Some(pipe)) => {
            wait();
            (facts, pipe, false, PACE)
        }
        (Feed::Nothing | Feed::Pipe(_) | Feed::Rest(_) | Feed::RestAfter(..), _) => return (Vec::new(), None),
    };
    let mut poured = 0;
    for some in facts.chunks(pace) {
        poured += some.len();
        let lines: String = some.iter().map(Fact::line).collect();
        if pipe.write_all(lines.as_bytes()).is_err() {
            break;
        }
        clock::sleep(Duration::from_millis(1));
    }
    let poured = facts.into_iter().take(poured).collect();
    (poured, stays_open.then_some(pipe))
}

/// A line without its end was cut short by the kill, and acknowledges nothing.
fn whole_lines(stdout: impl Read) -> anyhow::Result<Vec<Value>> {
    let mut reader = BufReader::new(stdout);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || !line.ends_with('\n') {
            return Ok(lines);
        }
        lines.push(serde_json::from_str(&line).with_context(|| line)?);
    }
}

fn end(child: &mut Child, fate: Fate<'_>) -> anyhow::Result<Option<i32>> {
    let began = clock::monotonic();
    let killed = match fate {
        Fate::KilledAfter(time) => {
            clock::sleep(time);
            true
        }
        Fate::KilledWhen(_) | Fate::Finishes => false,
    };
    while !killed && child.try_wait()?.is_none() {
        if let Fate::KilledWhen(condition) = fate
            && condition()
        {
            break;
        }
        if clock::monotonic().saturating_sub(began) > LIMIT {
            child.kill()?;
            child.wait()?;
            bail!("a run did not end within {LIMIT:?}");
        }
        clock::sleep(Duration::from_millis(2));
    }
    child.kill()?;
    Ok(child.wait()?.code())
}
