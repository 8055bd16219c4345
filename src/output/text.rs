//! Result lines for people.

use std::fmt;

use anstyle::{AnsiColor, Style};

use super::{Age, Escaped};
use crate::domain::{Outcome, Timestamp, names};
use crate::pipeline::{Report, Subject};
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
pub(super) fn place(report: &Report, numbering: Numbering) -> String {
    match &report.file {
        Some(file) => format!("{}:{}", Escaped::text(file), report.line),
        None => format!("{} {}", numbering.as_str(), report.line),
    }
}

/// Writes a report as one line, with its newline.
pub fn write_line(
    line: &mut impl fmt::Write,
    report: &Report,
    numbering: Numbering,
    now: Timestamp,
    paint: Paint,
) -> fmt::Result {
    let severity = match report.outcome {
        Outcome::Accepted => Severity::Success,
        Outcome::Rejected(_) | Outcome::Invalid(_) => Severity::Error,
        Outcome::Retry(_) => Severity::Warning,
        Outcome::Skipped(_) | Outcome::DryRun => Severity::Note,
    };
    let outcome = report.outcome.as_str();
    match paint {
        Paint::Plain => write!(line, "{outcome:<8}")?,
        Paint::Colour => write!(line, "{}", paint.styled(severity, format_args!("{outcome:<8}")))?,
    }
    match &report.subject {
        Subject::Conversion(conversion, _) => {
            let (id, when) = (Escaped::text(conversion.message_id.as_str()), conversion.timestamp);
            write!(line, "  {}  {id}  delivered={}  {when}Z ", conversion.channel, conversion.delivered)?;
            match when.age_at(report.sent_at.unwrap_or(now)) {
                ahead @ ..0 => write!(line, "({} ahead)", Age(ahead))?,
                age => write!(line, "({} ago)", Age(age))?,
            }
        }
        Subject::Unreadable(raw) => {
            let shown = Escaped(&raw[..raw.len().min(200)]);
            write!(line, "  {}  {shown}", place(report, numbering))?;
        }
    }
    if let Some(status) = report.http_status {
        match wire::reason(status) {
            "" => write!(line, "  {status}")?,
            reason => write!(line, "  {status} {reason}")?,
        }
    }
    if report.attempts > 0 {
        write!(line, " {}ms", report.elapsed.as_millis())?;
    }
    if report.attempts > 1 {
        write!(line, " ({} attempts)", report.attempts)?;
    }
    if let Some(failure) = report.outcome.failure() {
        write!(line, "  {}", failure.code.as_str())?;
    }
    writeln!(line)
}
