//! Result lines for people.

use std::fmt;

use anstyle::{AnsiColor, Style};

use super::{Age, Escaped};
use crate::domain::{Outcome, Timestamp};
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

/// What a piece of text is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// All is well.
    Good,
    /// Worth a look.
    Doubtful,
    /// Something failed.
    Bad,
    /// Less important.
    Aside,
}

impl Paint {
    /// `text` in its tone's colour.
    pub fn tone(self, tone: Tone, text: impl fmt::Display) -> impl fmt::Display {
        let style = match (self, tone) {
            (Self::Plain, _) => Style::new(),
            (Self::Colour, Tone::Good) => AnsiColor::Green.on_default(),
            (Self::Colour, Tone::Doubtful) => AnsiColor::Yellow.on_default(),
            (Self::Colour, Tone::Bad) => AnsiColor::Red.on_default().bold(),
            (Self::Colour, Tone::Aside) => Style::new().dimmed(),
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

/// What the number of a record counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Lines of the input.
    Lines,
    /// Ids on the command line.
    Ids,
}

impl Counted {
    /// `line` or `id`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lines => "line",
            Self::Ids => "id",
        }
    }
}

/// Writes a report as one line, with its newline.
pub fn write_line(
    line: &mut impl fmt::Write,
    report: &Report,
    counted: Counted,
    now: Timestamp,
    paint: Paint,
) -> fmt::Result {
    let tone = match report.outcome {
        Outcome::Accepted => Tone::Good,
        Outcome::Rejected(_) | Outcome::Invalid(_) => Tone::Bad,
        Outcome::Retry(_) => Tone::Doubtful,
        Outcome::Skipped(_) | Outcome::DryRun => Tone::Aside,
    };
    let outcome = report.outcome.as_str();
    match paint {
        Paint::Plain => write!(line, "{outcome:<8}")?,
        Paint::Colour => write!(line, "{}", paint.tone(tone, format_args!("{outcome:<8}")))?,
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
            write!(line, "  {} {}  {shown}", counted.as_str(), report.line)?;
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
