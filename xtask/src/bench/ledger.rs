//! A ledger in a file that has grown, and message-ids with very many values.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::ensure;
use clap::Args;
use nexmo_conversion::clock;
use rusqlite::Connection;

use super::arena::Arena;
use super::cost::{Cost, Program};
use super::table::markdown;

/// How it is measured.
#[derive(Debug, Args)]
pub(crate) struct LedgerArgs {
    /// How many settled rows the ledger has, of the last 28 days
    #[arg(long, value_name = "N", default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(1000..))]
    rows: u64,
    /// 100,000 rows and short lanes: shows that the commands work, not how they grow
    #[arg(long)]
    quick: bool,
}

const QUICK: u64 = 100_000;
/// How many values one message-id has, or how many message-ids one value each.
const VALUES: [u64; 3] = [1000, 2000, 4000];

pub(crate) fn ledger(root: &Path, args: &LedgerArgs) -> anyhow::Result<String> {
    let arena = Arena::open(root)?;
    let rows = if args.quick { QUICK } else { args.rows };
    let grown = Grown::make(&arena, rows)?;
    let commands = grown.commands()?;
    let values = if args.quick { &VALUES[..1] } else { &VALUES };
    Ok(format!("### {rows} settled rows\n{commands}\n\n### One message-id\n{}", lanes(&arena, values)?))
}

/// A ledger with very many rows.
struct Grown<'a> {
    arena: &'a Arena,
    path: PathBuf,
}

impl<'a> Grown<'a> {
    /// A run makes the ledger and knows its account; the rows are written without it.
    fn make(arena: &'a Arena, rows: u64) -> anyhow::Result<Self> {
        let grown = Self { arena, path: arena.folder().join("grown.db") };
        grown.sms("FIRST").run()?;
        let db = Connection::open(&grown.path)?;
        db.execute_batch("PRAGMA synchronous = off; PRAGMA cache_size = -8000")?;
        db.execute(
            "INSERT INTO conversion (account, channel, message_id, delivered, key_time, timestamp, state, owner, recorded,
                                     next_attempt, line, attempts, settled, http_status, alone)
             WITH RECURSIVE number(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM number WHERE i + 1 < ?1),
                  event AS (SELECT i, unixepoch() - 28 * 86400 + i * 28 * 86400 / ?1 AS at FROM number)
             SELECT 1, i % 10 >= 7, printf('0A%014X', i), i % 5 > 0, at, at, 2, 0, at + i % 7, at + i % 7, i, 1,
                    at + i % 7 + 1 + (i % 97 = 0) * i % 1000, 200, 2
             FROM event",
            [i64::try_from(rows)?],
        )?;
        db.execute_batch("DELETE FROM tally; PRAGMA wal_checkpoint(TRUNCATE)")?;
        drop(db);
        // Counts them.
        grown.sms("SECOND").run()?;
        Ok(grown)
    }

    fn program(&self, words: &[&str]) -> Program {
        let mut arguments: Vec<OsString> = words.iter().map(OsString::from).collect();
        arguments.extend(["--ledger".into(), self.path.clone().into()]);
        let (path, environment) = (self.arena.binary.clone().into(), self.arena.environment());
        Program { path, arguments, environment, exit: 0 }
    }

    fn sms(&self, id: &str) -> Program {
        let mut program = self.program(&["sms", id, "--delivered", "--cacert"]);
        let ledger = program.arguments.split_off(4);
        program.arguments.push(self.arena.ca.clone().into());
        program.arguments.extend(ledger);
        program
    }

    fn commands(&self) -> anyhow::Result<String> {
        let mut rows = vec![row("`sms`", self.sms("THIRD").run()?)];
        // What a killed run leaves: its row, and no lock.
        Connection::open(&self.path)?.execute("INSERT INTO run (started, notes) VALUES (0, 1)", [])?;
        rows.push(row("`sms` after a `kill -9`", self.sms("FOURTH").run()?));
        rows.push(row("`ledger status`", self.program(&["ledger", "status"]).run()?));
        for since in ["24h", "29d"] {
            let cost = self.program(&["report", "--json", "--since", since]).run()?;
            rows.push(row(&format!("`report --since {since}`"), cost));
        }
        let size = || fs::metadata(&self.path).map(|meta| meta.len() / (1 << 20));
        let before = size()?;
        let (cost, longest) = self.forget_beside_others()?;
        rows.push(row("`ledger forget settled --older-than 0s`", cost));
        let table = markdown(&["command", "wall ms", "CPU ms", "peak MiB"], &rows);
        let longest = longest.as_millis();
        Ok(format!(
            "{table}\n\nThe file had {before} MiB, and {} after `forget`; no `sms` meanwhile took longer than {longest} ms.",
            size()?
        ))
    }

    /// Forgets everything while one `sms` after another wants to write; with the longest of these.
    fn forget_beside_others(&self) -> anyhow::Result<(Cost, Duration)> {
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let others = scope.spawn(|| {
                let mut longest = Duration::ZERO;
                let mut number = 0;
                while !is_over.load(Ordering::Relaxed) {
                    longest = longest.max(self.sms(&format!("BESIDE{number}")).run()?.wall);
                    number += 1;
                }
                anyhow::Ok(longest)
            });
            let forgotten = self.program(&["ledger", "forget", "settled", "--older-than", "0s", "--yes"]).run();
            is_over.store(true, Ordering::Relaxed);
            let longest = others.join().map_err(|_| anyhow::anyhow!("the other writer has died"))??;
            Ok((forgotten?, longest))
        })
    }
}

/// One message-id with many values beside as many message-ids: sent as they are read, and taken up again.
fn lanes(arena: &Arena, values: &[u64]) -> anyhow::Result<String> {
    let mut rows = Vec::new();
    for count in values {
        let mut cells = vec![count.to_string()];
        for command in ["batch", "resume"] {
            let [one, many] = [IdsAre::One, IdsAre::Distinct].map(|ids| lane_cost(arena, *count, ids, command));
            let (one, many) = (one?.cpu.as_secs_f64(), many?.cpu.as_secs_f64());
            cells.extend([format!("{one:.2}"), format!("{many:.2}"), format!("{:.2}", one / many)]);
        }
        rows.push(cells);
    }
    let header =
        ["values", "`batch`: one id, CPU s", "distinct", "ratio", "`resume`: one id, CPU s", "distinct", "ratio"];
    Ok(markdown(&header, &rows))
}

#[derive(Debug, Clone, Copy)]
enum IdsAre {
    One,
    Distinct,
}

fn lane_cost(arena: &Arena, count: u64, ids: IdsAre, command: &str) -> anyhow::Result<Cost> {
    let lane = Grown { arena, path: arena.folder().join(format!("{command}-{count}-{ids:?}.db")) };
    let input = arena.folder().join("lane.csv");
    let begin = clock::now().unix() - i64::try_from(count)?;
    let record = |number: i64| match ids {
        IdsAre::One => format!("0A01,sms,true,{}\n", begin + number),
        IdsAre::Distinct => format!("0A{number},sms,true,{}\n", begin + number),
    };
    let lines: String = (0..i64::try_from(count)?).map(record).collect();
    fs::write(&input, format!("message_id,channel,delivered,timestamp\n{lines}"))?;
    let mut batch = lane.program(&["batch", "-q", "--cacert"]);
    batch.arguments.insert(3, arena.ca.clone().into());
    batch.arguments.push(input.into());
    let cost = batch.run()?;
    if command == "batch" {
        return Ok(cost);
    }
    let db = Connection::open(&lane.path)?;
    let reset =
        db.execute("UPDATE conversion SET state = 0, settled = NULL, next_attempt = 0 WHERE state IN (2, 5)", [])?;
    ensure!(reset as u64 == count, "{reset} rows were settled, not {count}");
    db.execute_batch("DELETE FROM tally")?;
    drop(db);
    let mut resume = lane.program(&["ledger", "resume", "-q", "--cacert"]);
    resume.arguments.insert(4, arena.ca.clone().into());
    resume.run()
}

#[expect(clippy::cast_precision_loss, reason = "far below 2⁵², and shown with few digits")]
fn row(what: &str, cost: Cost) -> Vec<String> {
    let ms = |time: Duration| format!("{:.0}", time.as_secs_f64() * 1e3);
    let peak = cost.peak as f64 / f64::from(1 << 20);
    vec![what.to_owned(), ms(cost.wall), ms(cost.cpu), format!("{peak:.1}")]
}
