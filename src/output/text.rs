//! Result lines for people.

use std::fmt;

use anstyle::{AnsiColor, Style};

use super::{Age, Escaped};
use crate::domain::{Outcome, Timestamp, counted, names};
use crate::pipeline::{RecordResult, Subject};
use crate::wire;

/// Whether text is coloured; never what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Escape sequences for colour.
    Colour,
    /// None.
    Plain,
}

/// How serious a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// All is well.
    Success,
    /// Worth a look.
    Warning,
    /// Something failed.
    Error,
    /// Less important.
    Note,
}

impl Paint {
    /// `text` in the colour of its severity.
    pub fn styled(self, severity: Severity, text: impl fmt::Display) -> impl fmt::Display {
        let style = match (self, severity) {
            (Self::Plain, _) => Style::new(),
            (Self::Colour, Severity::Success) => AnsiColor::Green.on_default(),
            (Self::Colour, Severity::Warning) => AnsiColor::Yellow.on_default(),
            (Self::Colour, Severity::Error) => AnsiColor::Red.on_default().bold(),
            (Self::Colour, Severity::Note) => Style::new().dimmed(),
        };
        Painted { style, text }
    }
}

struct Painted<T> {
    style: Style,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.style.render(), self.text, self.style.render_reset())
    }
}

names! {
    /// What the number of a record counts.
    Numbering {
        /// Lines of the input.
        Lines = "line",
        /// Ids on the command line.
        Ids = "id",
    }
}

/// Where a record stands: its number, or, of several files, the file's name and the number, as compilers and grep have it.
pub(super) fn place(result: &RecordResult, numbering: Numbering) -> String {
    match &result.file {
        Some(file) => format!("{}:{}", Escaped::text(file), result.line),
        None => format!("{} {}", numbering.as_str(), result.line),
    }
}

/// How result lines for people look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineStyle {
    /// Whether they are coloured.
    pub paint: Paint,
    /// What the number of a record counts.
    pub numbering: Numbering,
    /// How many columns there are, on a terminal. Anywhere else a line is never shortened.
    pub columns: Option<usize>,
}

/// How much a line says. What the rest of the line or the arithmetic of its reader could replace is left out first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Detail {
    All,
    WithoutElapsed,
    WithoutAge,
    WithoutReason,
}

impl Detail {
    const LESS: [Self; 3] = [Self::WithoutElapsed, Self::WithoutAge, Self::WithoutReason];
}

/// An outcome's name takes so much.
const WIDTH: &str = "        ";

/// Writes a result as one line, with its newline. On a terminal that is too narrow for it, it says less if it fits then.
pub fn write_line(
    line: &mut impl fmt::Write,
    result: &RecordResult,
    now: Timestamp,
    style: LineStyle,
) -> fmt::Result {
    let severity = match result.outcome {
        Outcome::Accepted => Severity::Success,
        Outcome::Rejected(_) | Outcome::Invalid(_) => Severity::Error,
        Outcome::Retry(_) => Severity::Warning,
        Outcome::Skipped(_) | Outcome::DryRun => Severity::Note,
    };
    let outcome = result.outcome.as_str();
    match style.paint {
        Paint::Plain => line.write_str(outcome)?,
        Paint::Colour => write!(line, "{}", style.paint.styled(severity, outcome))?,
    }
    line.write_str(WIDTH.get(outcome.len()..).unwrap_or_default())?;
    match style.columns {
        None => write_rest(line, result, now, style.numbering, Detail::All)?,
        Some(columns) => line.write_str(&fitting(result, now, style.numbering, columns.saturating_sub(8))?)?,
    }
    line.write_char('\n')
}

/// The most that fits. A conversion that would not fit in any case is wrapped by the terminal, and left whole.
fn fitting(
    result: &RecordResult,
    now: Timestamp,
    numbering: Numbering,
    room: usize,
) -> Result<String, fmt::Error> {
    let rest = |detail| {
        let mut rest = String::new();
        write_rest(&mut rest, result, now, numbering, detail).map(|()| rest)
    };
    let all = rest(Detail::All)?;
    let fits = |rest: &String| rest.chars().count() <= room;
    if fits(&all) {
        return Ok(all);
    }
    for detail in Detail::LESS {
        let less = rest(detail)?;
        if fits(&less) {
            return Ok(less);
        }
    }
    Ok(shortened(&all, result, room).unwrap_or(all))
}

/// What was no record, as much of it as there is room for; if that is enough to be recognised.
fn shortened(all: &str, result: &RecordResult, room: usize) -> Option<String> {
    const RECOGNISED: usize = 12;
    let Subject::Unreadable(raw) = &result.subject else { return None };
    let shown = shown_raw(raw).to_string();
    let excess = all.chars().count().saturating_sub(room);
    let kept = shown.chars().count().checked_sub(excess + 1).filter(|kept| *kept >= RECOGNISED)?;
    let (before, behind) = all.rsplit_once(&shown)?;
    let kept: String = shown.chars().take(kept).collect();
    Some(format!("{before}{kept}…{behind}"))
}

fn shown_raw(raw: &[u8]) -> Escaped<'_> {
    Escaped(&raw[..raw.len().min(200)])
}

fn write_rest(
    line: &mut impl fmt::Write,
    result: &RecordResult,
    now: Timestamp,
    numbering: Numbering,
    detail: Detail,
) -> fmt::Result {
    match &result.subject {
        Subject::Conversion(conversion, _) => {
            let (id, when) = (Escaped::text(conversion.message_id.as_str()), conversion.timestamp);
            // Piece by piece, without `write!`, which is half of what a line costs.
            line.write_str("  ")?;
            line.write_str(conversion.channel.as_str())?;
            line.write_str("  ")?;
            id.write_to(line)?;
            line.write_str("  delivered=")?;
            line.write_str(conversion.delivered.as_str())?;
            line.write_str("  ")?;
            when.write_to(line)?;
            line.write_char('Z')?;
            if detail < Detail::WithoutAge {
                let age = when.age_at(result.sent_at.unwrap_or(now));
                line.write_str(" (")?;
                Age(age).write_to(line)?;
                line.write_str(if age < 0 { " ahead)" } else { " ago)" })?;
            }
        }
        Subject::Unreadable(raw) => {
            write!(line, "  {}  {}", place(result, numbering), shown_raw(raw))?;
        }
    }
    if let Some(status) = result.http_status {
        line.write_str("  ")?;
        line.write_str(itoa::Buffer::new().format(status))?;
        let reason = wire::reason(status);
        if !reason.is_empty() && detail < Detail::WithoutReason {
            line.write_char(' ')?;
            line.write_str(reason)?;
        }
    }
    if result.attempts > 0 && detail < Detail::WithoutElapsed {
        line.write_char(' ')?;
        line.write_str(itoa::Buffer::new().format(result.elapsed.as_millis()))?;
        line.write_str("ms")?;
    }
    if result.attempts > 1 {
        write!(line, " ({})", counted(result.attempts.into(), "attempt"))?;
    }
    if let Some(failure) = result.outcome.failure() {
        write!(line, "  {}", failure.code.as_str())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LineStyle, Numbering, Paint, write_line};
    use crate::domain::{
        BadRecord, Channel, Conversion, Delivered, ErrorCode, MessageId, Outcome, Record, TimeSource, Timestamp,
    };
    use crate::pipeline::RecordResult;

    fn accepted(id: &str) -> RecordResult {
        let conversion = Conversion {
            channel: Channel::Sms,
            message_id: MessageId::parse(id).unwrap(),
            delivered: Delivered::True,
            timestamp: Timestamp::parse("2026-11-22 01:25:26").unwrap(),
        };
        let record = Record { line: 1, reference: None, conversion, time: TimeSource::Given, doubts: Vec::new() };
        let sent_at = Timestamp::parse("2026-11-22 01:25:47").ok();
        let (http_status, attempts, elapsed) = (Some(200), 1, Duration::from_millis(142));
        RecordResult {
            http_status,
            attempts,
            elapsed,
            sent_at,
            ..RecordResult::not_sent(record, Outcome::Accepted)
        }
    }

    #[test]
    fn a_line_says_less_where_it_fits_then_and_only_there() {
        let line = |id: &str, columns, paint| {
            let mut line = String::new();
            let style = LineStyle { paint, numbering: Numbering::Lines, columns };
            write_line(&mut line, &accepted(id), accepted(id).sent_at.unwrap(), style).unwrap();
            line
        };
        let of = |columns| line("0A0000000123ABCD1", Some(columns), Paint::Plain);
        let whole =
            "accepted  sms  0A0000000123ABCD1  delivered=true  2026-11-22 01:25:26Z (21s ago)  200 OK 142ms\n";
        assert_eq!(line("0A0000000123ABCD1", None, Paint::Plain), whole);
        assert_eq!((whole.len() - 1, of(94)), (94, whole.to_owned()));
        assert_eq!(of(93), whole.replace(" 142ms", ""));
        assert_eq!(of(88), whole.replace(" 142ms", ""));
        let narrow = "accepted  sms  0A0000000123ABCD1  delivered=true  2026-11-22 01:25:26Z  200 OK\n";
        assert_eq!([87, 80, 78].map(of), [narrow; 3]);
        assert_eq!(of(75), narrow.replace(" OK", ""));
        assert_eq!(of(74), whole, "what is wrapped in any case is whole");
        assert!(line("0A0000000123ABCD1", Some(80), Paint::Colour).ends_with(&narrow[8..]), "colour has no width");
    }

    #[test]
    fn what_was_no_record_is_cut_where_a_terminal_would_wrap_it() {
        let line = |raw: &str, columns| {
            let bad = BadRecord {
                line: 812,
                file: None,
                reference: None,
                raw: raw.as_bytes().to_vec(),
                code: ErrorCode::BadRecord,
                message: String::new(),
            };
            let mut line = String::new();
            let style = LineStyle { paint: Paint::Plain, numbering: Numbering::Lines, columns };
            write_line(
                &mut line,
                &RecordResult::invalid(bad),
                Timestamp::parse("2026-11-22 01:25:26").unwrap(),
                style,
            )
            .unwrap();
            line.trim_end().to_owned()
        };
        let raw = "{\"event\":\"otp\",\"message_id\":\"0A0000000123ABCD1\",\"use\u{f6}\u{1b}[31m\":true,\"more\":\"and more\"}";
        let whole = line(raw, None);
        assert!(whole.ends_with("more\"}  bad_record") && whole.chars().count() > 80, "{whole}");
        let cut = line(raw, Some(80));
        assert_eq!(cut.chars().count(), 80, "{cut}");
        assert!(
            cut.starts_with("invalid   line 812  {\"event\":\"otp\"") && cut.ends_with("…  bad_record"),
            "{cut}"
        );
        assert_eq!(line("short", Some(80)), "invalid   line 812  short  bad_record");
        assert_eq!(line(raw, Some(40)), whole, "too little would be left");
    }
}
