//! The listener that writes results to one stream and everything else to another.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::text::write_line;
use super::{Age, Escaped, Paint, ResultLine, Summary, Tone, to_json};
use crate::clock;
use crate::domain::{Failure, Timestamp};
use crate::pipeline::{Event, Listener, ListenerGone, Notice, Report, Stopped, Subject};

/// Who reads the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// People.
    Text,
    /// Programs: one JSON object a record.
    Json,
}

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loudness {
    /// Failures only.
    Quiet,
    /// Every result, and what needs attention.
    Normal,
    /// Also what goes on meanwhile.
    Verbose,
}

/// How many different remarks are remembered so as not to repeat them.
const REMEMBERED: usize = 200;

/// Prints results to `results`, remarks to `remarks`, and counts.
pub struct Printer<'a> {
    /// Where results go.
    pub results: &'a mut dyn Write,
    /// Where everything else goes.
    pub remarks: &'a mut dyn Write,
    /// Who reads the results.
    pub format: Format,
    /// How much is said.
    pub loudness: Loudness,
    /// Whether results are coloured.
    pub results_paint: Paint,
    /// Whether remarks are coloured.
    pub remarks_paint: Paint,
    /// The profile named in result lines.
    pub profile: Option<String>,
    /// What to advise.
    pub hint: &'a dyn Fn(&Failure) -> Option<String>,
    /// What it came to so far.
    pub summary: Summary,
    /// Why results could not be written, if they could not.
    pub failure: Option<io::Error>,
    /// Remarks that were made already: the same trouble is explained once.
    pub said: HashSet<String>,
}

impl Listener for Printer<'_> {
    fn hear(&mut self, event: Event) -> Result<(), ListenerGone> {
        match event {
            Event::Settled(report) => {
                self.summary.count(&report);
                self.remark_on(&report);
                if self.failure.is_none()
                    && let Err(error) = self.print(&report)
                {
                    self.failure = Some(error);
                }
            }
            Event::Notice(Notice::Pausing { pause, why }) => {
                self.remark(
                    "pausing",
                    Tone::Doubtful,
                    &format!("for {}s: {}", pause.as_secs().max(1), Escaped::text(&why)),
                );
            }
            Event::Notice(Notice::Retrying {
                message_id,
                wait,
                why,
            }) => {
                if self.loudness >= Loudness::Verbose {
                    let (id, why) = (Escaped::text(message_id.as_str()), Escaped::text(&why));
                    self.remark(
                        "retrying",
                        Tone::Aside,
                        &format!("{id} in {}ms: {why}", wait.as_millis()),
                    );
                }
            }
            Event::Stopped(stopped) => self.say_why_it_stopped(&stopped),
        }
        if self.failure.is_some() {
            Err(ListenerGone)
        } else {
            Ok(())
        }
    }
}

impl Printer<'_> {
    fn print(&mut self, report: &Report) -> io::Result<()> {
        if self.loudness == Loudness::Quiet && !ResultLine::is_failure(&report.outcome) {
            return Ok(());
        }
        let now = clock::now();
        let line = match self.format {
            Format::Json => {
                let mut line = Vec::with_capacity(400);
                to_json(
                    &mut line,
                    &ResultLine::new(report, self.profile.as_deref(), now, self.hint),
                )?;
                line
            }
            Format::Text => {
                let mut line = String::with_capacity(160);
                let _ = write_line(&mut line, report, now, self.results_paint);
                line.into_bytes()
            }
        };
        self.results.write_all(&line)?;
        self.results.flush()
    }

    fn remark_on(&mut self, report: &Report) {
        if let Subject::Conversion(conversion, doubts) = &report.subject {
            let id = Escaped::text(conversion.message_id.as_str()).to_string();
            for doubt in doubts {
                self.remark_once(
                    "warning",
                    Tone::Doubtful,
                    &doubt.to_string(),
                    &format!("{id}: {doubt}"),
                );
            }
            let age = conversion
                .timestamp
                .age_at(report.sent_at.unwrap_or_else(clock::now));
            if report.attempts > 0 && age > Timestamp::ROUTING_WINDOW.as_secs().cast_signed() {
                let why = "over 15m it no longer counts in the current routing analysis";
                self.remark_once(
                    "warning",
                    Tone::Doubtful,
                    why,
                    &format!("{id}: the event is {} old; {why}", Age(age)),
                );
            }
        }
        if let Some(status) = report.http_status.filter(|status| (201..300).contains(status)) {
            let text = format!("the server answered {status} where the API answers 200; taken as accepted");
            self.remark_once("warning", Tone::Doubtful, &text, &text);
        }
        if let Some(failure) = report.outcome.failure()
            && ResultLine::is_failure(&report.outcome)
        {
            let said_as_reason_to_stop = failure.message.starts_with("not sent: ");
            let place = match report.subject {
                Subject::Unreadable(_) => format!("line {}: ", report.line),
                Subject::Conversion(..) => String::new(),
            };
            if !said_as_reason_to_stop {
                self.explain(failure, &place);
            }
        }
    }

    fn explain(&mut self, failure: &Failure, place: &str) {
        let message = Escaped::text(&failure.message).to_string();
        let key = format!("{} {message}", failure.code.as_str());
        let text = format!("{place}{message}");
        if self.remark_once("error", Tone::Bad, &key, &text)
            && let Some(hint) = (self.hint)(failure)
        {
            self.remark("hint", Tone::Aside, &hint);
        }
    }

    fn say_why_it_stopped(&mut self, stopped: &Stopped) {
        match stopped {
            Stopped::Interrupted => self.remark("interrupted", Tone::Doubtful, "finishing what is in flight"),
            Stopped::NearlyAllRefused => {
                self.remark(
                    "error",
                    Tone::Bad,
                    "stopped: at least 95 of the first 100 answers were refusals",
                );
            }
            // The record that met the failure has told it, and without an output there is nothing to tell.
            Stopped::For(..) | Stopped::OutputGone => {}
        }
    }

    /// Says something once; whether it was said now.
    fn remark_once(&mut self, label: &str, tone: Tone, key: &str, text: &str) -> bool {
        let is_new = self.said.len() < REMEMBERED && self.said.insert(key.to_owned());
        if is_new {
            self.remark(label, tone, text);
        }
        is_new
    }

    /// Says something, unless it is a doubt about what went well and only failures are wanted. That nobody reads remarks is
    /// no failure.
    fn remark(&mut self, label: &str, tone: Tone, text: &str) {
        if self.loudness == Loudness::Quiet && tone == Tone::Doubtful {
            return;
        }
        let mut line = String::new();
        let _ = writeln!(
            line,
            "{} {text}",
            self.remarks_paint.tone(tone, format_args!("{label}:"))
        );
        let _ = self.remarks.write_all(line.as_bytes());
    }
}
