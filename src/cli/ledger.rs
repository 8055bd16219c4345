//! `ledger status`, `resume` and `forget`.

use std::fmt::Write as _;
use std::io;
use std::iter;
use std::path::Path;

use serde_json::json;

use super::args::{ForgetArgs, ForgetWhat, Global, LedgerFile, ResumeArgs};
use super::environment::Environment;
use super::exit::Exit;
use super::failure::{CommandFailure, cannot_print};
use super::run::{Run, Summarise};
use super::setup::{Setup, Target, format, ledger_path, limits};
use super::terminal::Terminal;
use crate::clock;
use crate::config::BatchOverrides;
use crate::ledger::{self, Forget, Ledger, LedgerReader, StatusRow};
use crate::output::{Age, Escaped, Format, to_json};
use crate::pipeline::{Adopt, Limits, Outbox, RefusedBefore};

pub(super) fn status(
    file: &LedgerFile,
    global: &Global,
    environment: &Environment,
    terminal: &mut Terminal,
) -> Result<Exit, CommandFailure> {
    let path = ledger_path(file.ledger.as_ref(), environment)?;
    let rows = match LedgerReader::open(&path)? {
        Some(ledger) => ledger.status()?,
        None => Vec::new(),
    };
    let shown = match format(global) {
        Format::Json => status_json(&rows),
        Format::Text => Ok(status_text(&rows, &path).into_bytes()),
    };
    print(terminal, shown)
}

fn status_text(rows: &[StatusRow], path: &Path) -> String {
    let mut text = format!("{}\n", Escaped(path.as_os_str().as_encoded_bytes()));
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
pub(super) fn resume(
    args: &ResumeArgs,
    global: &Global,
    environment: &Environment,
    terminal: &mut Terminal,
) -> Result<Exit, CommandFailure> {
    let overrides = BatchOverrides { jobs: args.jobs, rate: args.rate.clone(), max_age: None };
    let setup = Setup::for_stream(Target::Api, global, &args.network, overrides, environment, terminal)?;
    let path = ledger_path(args.file.ledger.as_ref(), environment)?;
    let limits = Limits { deadline: args.deadline, max_age: None, ..limits(&setup.settings) };
    let ledger = Ledger::open(&path, &setup.fingerprint(), limits.max_unsettled(), clock::now())?;
    let run = Run {
        outbox: Outbox::Durable(Box::new(ledger)),
        adopt: Adopt::Everything,
        tracking: None,
        limits,
        refused_before: RefusedBefore::Fail,
        summary: Summarise::Always,
        reading: None,
    };
    run.run(iter::empty(), &setup, global, terminal)
}

pub(super) fn forget(
    args: &ForgetArgs,
    global: &Global,
    environment: &Environment,
    terminal: &mut Terminal,
) -> Result<Exit, CommandFailure> {
    let path = ledger_path(args.file.ledger.as_ref(), environment)?;
    let what = match args.what {
        ForgetWhat::Settled => Forget::Settled,
        ForgetWhat::Refused => Forget::Refused,
        ForgetWhat::Pending => Forget::Pending,
    };
    let count = if path.exists() { ledger::forget(&path, what, args.older_than, clock::now())? } else { 0 };
    if !global.quiet {
        terminal.say(format_args!("{count} removed"));
    }
    Ok(Exit::Done)
}

fn print(terminal: &mut Terminal, shown: io::Result<Vec<u8>>) -> Result<Exit, CommandFailure> {
    shown.and_then(|shown| terminal.print(shown)).map_err(cannot_print)?;
    Ok(Exit::Done)
}
