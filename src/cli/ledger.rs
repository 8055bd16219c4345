//! `ledger status`, `resume`, `forget` and `migrate`.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, Read as _};
use std::iter;
use std::time::Duration;

use serde_json::json;

use super::args::{ForgetArgs, ForgetWhat, LedgerFile, ResumeArgs};
use super::context::Context;
use super::exit::Exit;
use super::failure::{CommandFailure, cannot_print};
use super::run::{Run, Summarise};
use super::setup::{Setup, Target, Watched, limits, stream_overrides};
use super::terminal::Terminal;
use crate::clock;
use crate::domain::{LedgerPlace, counted};
use crate::ledger::{self, Forget, Ledger, LedgerReader, Migrated, StatusRow};
use crate::output::{Age, Escaped, OutputFormat, to_json};
use crate::pipeline::{Adopt, Limits, Outbox, RefusedBefore};

/// More than anyone answers with.
const LONGEST_ANSWER: u64 = 64;

pub(super) fn status(file: &LedgerFile, context: &mut Context) -> Result<Exit, CommandFailure> {
    let place = context.ledger(file.ledger.as_ref(), None)?;
    let rows = match LedgerReader::open_at(&place)? {
        Some(ledger) => ledger.status()?,
        None => Vec::new(),
    };
    let shown = match context.global.format() {
        OutputFormat::Json => status_json(&rows),
        OutputFormat::Text => Ok(status_text(&rows, &place).into_bytes()),
    };
    context.print(shown.map_err(cannot_print)?)
}

fn status_text(rows: &[StatusRow], place: &LedgerPlace) -> String {
    let mut text = format!("{}\n", Escaped::text(&place.to_string()));
    if rows.is_empty() {
        text.push_str("nothing is recorded\n");
    }
    let now = clock::now();
    for row in rows {
        let (state, age) = (row.kept.as_str(), Age(row.oldest.age_at(now)));
        let _ =
            writeln!(text, "{}  {state:<11}  {:>9}  oldest {}Z ({age} ago)", row.account, row.count, row.oldest);
    }
    text
}

fn status_json(rows: &[StatusRow]) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for row in rows {
        let (state, oldest) = (row.kept.as_str(), row.oldest.to_rfc3339());
        let line = json!({"v": 1, "account": row.account, "state": state, "count": row.count, "oldest": oldest});
        to_json(&mut lines, &line)?;
    }
    Ok(lines)
}

/// Sends what is pending, as a run without input.
pub(super) fn resume(args: &ResumeArgs, context: &mut Context) -> Result<Exit, CommandFailure> {
    let overrides = stream_overrides(&args.pace, &args.ping);
    let setup = Setup::for_stream(Target::Api, &args.network, overrides, Watched::Yes, context)?;
    let place = context.ledger(args.file.ledger.as_ref(), Some(&setup.settings))?;
    let limits = Limits { deadline: args.pace.deadline, max_age: None, ..limits(&setup.settings) };
    let ledger = Ledger::open_at(&place, &setup.fingerprint(), limits.max_unsettled(), clock::now())?;
    let run = Run {
        command: "ledger resume",
        outbox: Outbox::Durable(Box::new(ledger)),
        adopt: Adopt::Everything,
        tracking: None,
        limits,
        linger: Duration::ZERO,
        refused_before: RefusedBefore::Fail,
        summary: Summarise::Always,
        reading: None,
        is_nameless: false,
    };
    run.run(iter::empty(), &setup, context)
}

pub(super) fn forget(args: &ForgetArgs, context: &mut Context) -> Result<Exit, CommandFailure> {
    let place = context.ledger(args.file.ledger.as_ref(), None)?;
    let what = match args.what {
        ForgetWhat::Settled => Forget::Settled,
        ForgetWhat::Refused => Forget::Refused,
        ForgetWhat::Pending => Forget::Pending,
    };
    if !args.yes && Terminal::can_ask() && !may_forget(args, &mut context.terminal)? {
        context.terminal.say("nothing was removed");
        return Ok(Exit::Done);
    }
    let count = ledger::forget_at(&place, what, args.older_than, clock::now())?;
    context.terminal.say(format_args!("{} removed", counted(count, "row")));
    Ok(Exit::Done)
}

/// Nothing brings back what is forgotten.
fn may_forget(args: &ForgetArgs, terminal: &mut Terminal) -> Result<bool, CommandFailure> {
    let (which, consequence) = match args.what {
        ForgetWhat::Settled => ("settled", "the same input would be sent again"),
        ForgetWhat::Refused => ("refused", "they cannot be corrected from here any more"),
        ForgetWhat::Pending => ("pending", "they will never be sent"),
    };
    let age = Age(i64::try_from(args.older_than.as_secs()).unwrap_or(i64::MAX));
    terminal.prompt(&format!("Remove all {which} rows older than {age}? After that {consequence}. [y/N] "));
    let mut answer = String::new();
    let read = io::stdin().lock().take(LONGEST_ANSWER).read_line(&mut answer);
    read.map_err(|error| CommandFailure::io("cannot read the answer", error))?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Makes a server's schema, or changes it for this version.
pub(super) fn migrate(file: &LedgerFile, context: &mut Context) -> Result<Exit, CommandFailure> {
    match context.ledger(file.ledger.as_ref(), None)? {
        LedgerPlace::File(path) => {
            let path = path.display().to_string();
            let path = Escaped::text(&path);
            context.terminal.say(format_args!("nothing to do: a ledger in a file changes by itself ({path})"));
        }
        LedgerPlace::Server(shared) => {
            let Migrated { before, now } = ledger::migrate(&shared)?;
            let place = format!("schema {} of {}", shared.schema, shared.server);
            let place = Escaped::text(&place);
            match before {
                None => context.terminal.say(format_args!("{place} is made, version {now}")),
                Some(before) if before == now => {
                    context.terminal.say(format_args!("{place} is up to date, version {now}"));
                }
                Some(before) => {
                    context.terminal.say(format_args!("{place} is changed from version {before} to {now}"));
                }
            }
        }
    }
    Ok(Exit::Done)
}
