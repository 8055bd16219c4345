//! The one place that touches the standard streams.

use std::fmt::Display;
use std::io::{self, IsTerminal, Stderr, Stdout, Write};
use std::os::fd::AsFd;

use clap::builder::StyledStr;
use rustix::termios::tcgetwinsize;

use super::args::{ColorWhen, LogFormat};
use super::exit::Exit;
use crate::clock;
use crate::output::{Escaped, LineStyle, Numbering, Paint, RemarkFormat, Severity, Summary, Verbosity};

/// Standard output and standard error, and whether each is coloured.
pub(super) struct Terminal {
    out: Stdout,
    err: Stderr,
    out_paint: Paint,
    remarks: RemarkFormat,
    verbosity: Verbosity,
}

/// Both streams at once, for a [`Printer`](crate::output::Printer).
pub(super) struct Streams<'a> {
    pub(super) results: &'a mut dyn Write,
    pub(super) remarks: &'a mut dyn Write,
    pub(super) remarks_format: RemarkFormat,
    results_paint: Paint,
    columns: Option<usize>,
}

impl Streams<'_> {
    /// How result lines look there.
    pub(super) fn line_style(&self, numbering: Numbering) -> LineStyle {
        LineStyle { paint: self.results_paint, numbering, columns: self.columns }
    }
}

impl Terminal {
    /// What was typed comes first, then what the environment wishes.
    pub(super) fn new(color: ColorWhen, wish: ColorWish, log: LogFormat, verbosity: Verbosity) -> Self {
        let (out, err) = (io::stdout(), io::stderr());
        let paint = |is_terminal| match (color, wish) {
            (ColorWhen::Always, _) | (ColorWhen::Auto, ColorWish::Always) => Paint::Colour,
            (ColorWhen::Auto, ColorWish::OnTerminals) if is_terminal => Paint::Colour,
            (ColorWhen::Auto, ColorWish::OnTerminals | ColorWish::Never) | (ColorWhen::Never, _) => Paint::Plain,
        };
        let remarks = match log {
            LogFormat::Text => RemarkFormat::Text(paint(err.is_terminal())),
            LogFormat::Json => RemarkFormat::Json,
        };
        let out_paint = paint(out.is_terminal());
        Self { out, err, out_paint, remarks, verbosity }
    }

    /// Whether a person sits at standard input.
    pub(super) fn can_ask() -> bool {
        io::stdin().is_terminal()
    }

    /// Whether standard error is a terminal that can redraw a line.
    pub(super) fn can_show_progress(&self) -> bool {
        self.err.is_terminal() && self.remarks != RemarkFormat::Json
    }

    /// How many columns standard error has, as far as it is known.
    pub(super) fn width() -> usize {
        columns(io::stderr()).unwrap_or(80)
    }

    pub(super) fn streams(&mut self) -> Streams<'_> {
        Streams {
            columns: columns(&self.out),
            results: &mut self.out,
            remarks: &mut self.err,
            results_paint: self.out_paint,
            remarks_format: self.remarks,
        }
    }

    pub(super) fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    pub(super) fn paint(&self) -> Paint {
        self.out_paint
    }

    /// Prints to standard output; fails where it does (`/dev/full`, a closed pipe).
    pub(super) fn print(&mut self, text: impl AsRef<[u8]>) -> io::Result<()> {
        self.out.write_all(text.as_ref())?;
        self.out.flush()
    }

    /// clap's answer, coloured if standard output is.
    pub(super) fn for_out(&self, text: &StyledStr) -> String {
        painted(text, self.out_paint)
    }

    /// clap's complaint, coloured if standard error is.
    pub(super) fn for_err(&self, text: &StyledStr) -> String {
        match self.remarks {
            RemarkFormat::Text(paint) => painted(text, paint),
            RemarkFormat::Json => painted(text, Paint::Plain),
        }
    }

    /// Says something beside the results, at every loudness, on one line: it may quote a path, a profile's name or a switch, whoever chose
    /// them. A reader that has gone is no failure.
    pub(super) fn remark(&mut self, label: &str, severity: Severity, text: impl Display) {
        let text = Escaped::text(&text.to_string()).to_string();
        self.write(&self.remarks.line(label, severity, &text, clock::now()));
    }

    /// What failed, why, and what now; said at every loudness.
    pub(super) fn fail(&mut self, what: impl Display, now: Option<impl Display>) {
        self.remark("error", Severity::Error, what);
        if let Some(now) = now {
            self.remark("hint", Severity::Note, now);
        }
    }

    /// Something that is doubtful, and stops nothing.
    pub(super) fn warn(&mut self, text: impl Display) {
        self.note("warning", Severity::Warning, text);
    }

    /// Something worth knowing that is no failure.
    pub(super) fn note(&mut self, label: &str, severity: Severity, text: impl Display) {
        if self.verbosity > Verbosity::Quiet {
            self.remark(label, severity, text);
        }
    }

    /// How things are, for people who want to know all of it.
    pub(super) fn detail(&mut self, label: &str, text: impl Display) {
        if self.verbosity >= Verbosity::Verbose {
            self.remark(label, Severity::Note, text);
        }
    }

    /// What to do now, where nothing failed.
    pub(super) fn hint(&mut self, text: impl Display) {
        self.note("hint", Severity::Note, text);
    }

    /// Asks for something; the answer is read from standard input.
    pub(super) fn prompt(&mut self, question: &str) {
        let _ = write!(self.err, "{question}");
        let _ = self.err.flush();
    }

    /// Says something beside the results, without a label.
    pub(super) fn say(&mut self, text: impl Display) {
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        match self.remarks {
            RemarkFormat::Text(_) => self.write(&format!("{text}\n")),
            RemarkFormat::Json => self.remark("note", Severity::Note, text),
        }
    }

    /// Says what a run came to.
    pub(super) fn summarise(&mut self, summary: &Summary) {
        if self.verbosity > Verbosity::Quiet {
            self.write(&self.remarks.summary(summary, clock::now()));
        }
    }

    /// Says how the command ended, where a program reads it.
    pub(super) fn end(&mut self, exit: Exit) {
        if let Some(line) = self.remarks.end(exit.code(), clock::now()) {
            self.write(&line);
        }
    }

    /// A line is written at once, so that no other program's comes in between.
    fn write(&mut self, line: &str) {
        let _ = self.err.write_all(line.as_bytes());
    }
}

/// How many columns a terminal has; nothing where there is no terminal, or where it does not know.
fn columns(stream: impl AsFd) -> Option<usize> {
    let size = tcgetwinsize(stream).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

fn painted(text: &StyledStr, paint: Paint) -> String {
    match paint {
        Paint::Colour => text.ansi().to_string(),
        Paint::Plain => text.to_string(),
    }
}

/// What the environment wishes of colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColorWish {
    Always,
    OnTerminals,
    Never,
}
