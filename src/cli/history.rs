//! `ledger show` and `ledger refused`: what came of single records, and what is next.

use std::fmt::Write as _;
use std::io;

use serde_json::json;

use super::args::{LedgerFile, ShowArgs};
use super::context::Context;
use super::exit::Exit;
use super::failure::{CommandFailure, cannot_print};
use crate::clock;
use crate::domain::{Failure, Outcome, Timestamp, counted};
use crate::ledger::{DeadLetter, HistoryRow, LedgerReader, OpenCode, Original, RowState};
use crate::output::{Age, Escaped, OutputFormat, ResultLine, to_json};
use crate::pipeline::RecordResult;
use crate::wire;

pub(super) fn show(args: &ShowArgs, context: &mut Context) -> Result<Exit, CommandFailure> {
    let place = context.ledger(args.file.ledger.as_ref(), None)?;
    let (rows, codes) = match LedgerReader::open_at(&place)? {
        Some(ledger) => (ledger.values(&args.id)?, ledger.open_codes(&args.id)?),
        None => (Vec::new(), Vec::new()),
    };
    let shown = match context.global.format() {
        OutputFormat::Json => history_json(&rows).map_err(cannot_print)?,
        OutputFormat::Text => history_text(&args.id, &rows, &codes, clock::now()).into_bytes(),
    };
    context.print(shown)
}

fn history_text(id: &str, rows: &[HistoryRow], codes: &[OpenCode], now: Timestamp) -> String {
    let mut text = String::new();
    for row in rows {
        let (state, conversion) = (row.state.as_str(), &row.record.conversion);
        let (channel, delivered, at) = (conversion.channel, conversion.delivered, conversion.timestamp);
        let _ = writeln!(text, "{state:<9}  {channel}  {}  delivered={delivered}  {at}Z", Escaped::text(id));
        let recorded = row.recorded;
        let ago = Age(recorded.age_at(now));
        let _ = writeln!(text, "  recorded  {recorded}Z ({ago} ago), account {}", row.account);
        let _ = writeln!(text, "  answered  {}", answered(row));
        let _ = writeln!(text, "  next      {}", next(row, now));
    }
    for code in codes {
        let deadline = code.deadline.map_or("later".to_owned(), |at| format!("{at}Z"));
        let _ = writeln!(text, "open code  {}, account {}", Escaped::text(id), code.account);
        let _ = writeln!(
            text,
            "  next      without a conversion, delivered=false is sent; its deadline is {deadline}"
        );
    }
    if text.is_empty() {
        let _ = writeln!(text, "nothing is recorded about {}", Escaped::text(id));
    }
    text
}

fn answered(row: &HistoryRow) -> String {
    let mut said = match (row.settled, row.attempts) {
        (_, 0) => return "not sent".to_owned(),
        (Some(at), _) => format!("{at}Z"),
        (None, _) => "not settled yet".to_owned(),
    };
    if let Some(status) = row.http_status {
        let _ = write!(said, ", {}", format!("{status} {}", wire::reason(status)).trim_end());
    }
    let _ = write!(said, ", {}", counted(row.attempts.into(), "attempt"));
    if let Some((code, message)) = &row.error {
        let _ = write!(said, "; {}: {}", code.as_str(), Escaped::text(message));
    }
    said
}

fn next(row: &HistoryRow, now: Timestamp) -> String {
    match row.state {
        RowState::Queued => match row.next_attempt.filter(|at| at.age_at(now) < 0) {
            Some(at) => format!("the next `batch` after {at}Z sends it, `ledger resume` now"),
            None => "the next `batch` sends it, `ledger resume` now".to_owned(),
        },
        RowState::Held => "the run that holds it settles it; if that died, the next `batch` sends it".to_owned(),
        RowState::Accepted => "nothing; only another value would be sent".to_owned(),
        RowState::Refused => "nothing by itself; correct it and send it again: `ledger refused --json`".to_owned(),
        RowState::Expired => "nothing by itself; send it again with `--timestamp`".to_owned(),
        RowState::Stale => "nothing; a newer value of this id took its place".to_owned(),
    }
}

fn history_json(rows: &[HistoryRow]) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for row in rows {
        let conversion = &row.record.conversion;
        let line = json!({
            "v": 1,
            "account": row.account,
            "channel": conversion.channel.to_string(),
            "message_id": conversion.message_id.as_str(),
            "delivered": conversion.delivered.to_string() == "true",
            "timestamp": conversion.timestamp.to_string(),
            "state": row.state.as_str(),
            "recorded": row.recorded.to_rfc3339(),
            "settled": row.settled.map(Timestamp::to_rfc3339),
            "next_attempt": row.next_attempt.map(Timestamp::to_rfc3339),
            "attempts": row.attempts,
            "http_status": row.http_status,
            "error": row.error.as_ref().map(|(code, message)| json!({"code": code.as_str(), "message": message})),
        });
        to_json(&mut lines, &line)?;
    }
    Ok(lines)
}

/// Dead letters, one by one: for people with the reason below each, for programs as result lines, which are input lines again.
pub(super) fn refused(file: &LedgerFile, context: &mut Context) -> Result<Exit, CommandFailure> {
    let place = context.ledger(file.ledger.as_ref(), None)?;
    let (mut printed, mut count) = (Ok(()), 0_u64);
    if let Some(ledger) = LedgerReader::open_at(&place)? {
        ledger.refused(|letter| {
            if printed.is_ok() {
                count += 1;
                let line = match context.global.format() {
                    OutputFormat::Json => dead_letter(letter),
                    OutputFormat::Text => Ok(letter_text(&letter).into_bytes()),
                };
                printed = line.and_then(|line| context.terminal.print(line));
            }
        })?;
    }
    printed.map_err(cannot_print)?;
    if context.global.format() == OutputFormat::Text {
        if count == 0 {
            context.terminal.print("nothing was refused\n").map_err(cannot_print)?;
        } else {
            context.terminal.hint(AGAIN);
        }
    }
    Ok(Exit::Done)
}

const AGAIN: &str =
    "with --json each is an input line again: correct them, and send them with `nexmo-conversion batch`";

fn letter_text(letter: &DeadLetter) -> String {
    let (what, code, message) = match &letter.original {
        Original::Record { record, failure, http_status, .. } => {
            let conversion = &record.conversion;
            let id = Escaped::text(conversion.message_id.as_str()).to_string();
            let (channel, delivered, at) = (conversion.channel, conversion.delivered, conversion.timestamp);
            let status = http_status.map(|status| format!("  {status}")).unwrap_or_default();
            (
                format!("rejected  {channel}  {id}  delivered={delivered}  {at}Z{status}"),
                failure.code,
                &failure.message,
            )
        }
        Original::Unreadable(bad) => {
            let raw = Escaped(&bad.raw[..bad.raw.len().min(200)]);
            (format!("invalid   line {}  {raw}", bad.line), bad.code, &bad.message)
        }
    };
    let when = letter.when;
    format!("{what}\n  {when}Z, {}: {}\n", code.as_str(), Escaped::text(message))
}

fn dead_letter(letter: DeadLetter) -> io::Result<Vec<u8>> {
    let result = match letter.original {
        Original::Record { record, failure, http_status, attempts } => {
            let result = RecordResult::not_sent(record, Outcome::Rejected(failure));
            RecordResult { http_status, attempts, ..result }
        }
        // What was never a record has all its bytes in `raw`: that is what has to be corrected.
        Original::Unreadable(bad) => RecordResult::invalid(bad),
    };
    let mut line = Vec::new();
    to_json(&mut line, &ResultLine::new(&result, None, letter.when, |_: &Failure| None).with_all_of(&result))?;
    Ok(line)
}
