//! The listener that writes results to one stream and everything else to another.

use std::collections::HashSet;
use std::io::{self, Write};
use std::sync::mpsc::Receiver;

use super::text::{place, write_line};
use super::{Age, Escaped, LineStyle, RemarkFormat, ResultLine, Severity, Summary, to_json};
use crate::clock;
use crate::domain::{Failure, Reference, Timestamp, counted};
use crate::ledger::Origin;
use crate::pipeline::{Event, Listener, ListenerGone, Notice, RecordResult, State, Stopped, Subject};
use crate::transport::Watched;

/// Who reads the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputFormat {
    /// People.
    Text,
    /// Programs: one JSON object a record.
    Json,
}

/// How much is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Failures only.
    Quiet,
    /// Every result, and what needs attention.
    Normal,
    /// Also what goes on meanwhile.
    Verbose,
}

/// Results are written at the end of each turn of the run, and earlier when there are this many bytes of them.
const FLUSH_AT: usize = 32 * 1024;
/// How many different remarks are remembered so as not to repeat them.
const REMEMBERED: usize = 200;

/// Whether rows that an earlier run left get result lines of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdoptedRows {
    /// Their lines would answer no line of this input: they are counted only.
    Counted,
    /// They are what the command is about.
    Shown,
}

/// Whether records that were not sent because the run stopped get lines of their own in text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsent {
    /// They are recorded: how many is said at the end.
    Counted,
    /// They are recorded nowhere.
    Shown,
}

/// Shows how far a run has come, on a terminal.
pub trait Progress {
    /// Makes room for lines on the screen, lets `print` write them, and comes back.
    fn around(&mut self, print: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()>;

    /// Shows new numbers.
    fn show(&mut self, summary: &Summary, state: State);
}

/// How results are shown.
#[derive(Debug, Clone)]
pub struct OutputStyle {
    /// Who reads the results.
    pub format: OutputFormat,
    /// How much is printed.
    pub verbosity: Verbosity,
    /// How a result looks to people.
    pub line: LineStyle,
    /// How remarks are written.
    pub remarks: RemarkFormat,
    /// The profile named in result lines.
    pub profile: Option<String>,
    /// What is done about rows of earlier runs.
    pub adopted: AdoptedRows,
    /// What is done about records that were not sent because the run stopped.
    pub unsent: Unsent,
}

/// What to advise about a failure.
pub type Hint<'a> = &'a dyn Fn(&Failure) -> Option<String>;

/// Prints results to one stream, remarks to another, and counts.
pub struct Printer<'a> {
    results: &'a mut dyn Write,
    remarks: &'a mut dyn Write,
    style: OutputStyle,
    hint: Hint<'a>,
    progress: Option<&'a mut dyn Progress>,
    exchanges: Option<Receiver<Watched>>,
    unwritten: Vec<u8>,
    unsaid: String,
    summary: Summary,
    failure: Option<io::Error>,
    in_flight: usize,
    /// The failure of records that were not sent because the run stopped.
    for_the_stop: Option<Failure>,
    /// Failures that were explained already.
    said: HashSet<String>,
}

impl<'a> Printer<'a> {
    /// Prints to these streams, in this style.
    pub fn new(
        results: &'a mut dyn Write,
        remarks: &'a mut dyn Write,
        style: OutputStyle,
        hint: Hint<'a>,
    ) -> Self {
        Self {
            results,
            remarks,
            style,
            hint,
            progress: None,
            exchanges: None,
            unwritten: Vec::new(),
            unsaid: String::new(),
            summary: Summary::default(),
            failure: None,
            in_flight: 0,
            for_the_stop: None,
            said: HashSet::new(),
        }
    }

    /// Also shows how far the run has come.
    #[must_use]
    pub fn with_progress(self, progress: Option<&'a mut dyn Progress>) -> Self {
        Self { progress, ..self }
    }

    /// Also says what passes between this program and the server.
    #[must_use]
    pub fn with_exchanges(self, exchanges: Option<Receiver<Watched>>) -> Self {
        Self { exchanges, ..self }
    }

    /// What it all came to, and why results could not be written.
    #[must_use]
    pub fn finish(self) -> (Summary, Option<io::Error>) {
        (self.summary, self.failure)
    }
}

/// What a dry run says of it, too; as it came, so not for terminals.
#[must_use]
pub fn of_shared_ref(reference: &Reference) -> String {
    format!(
        "the ref {} is shared by too many codes to mark the parts of one message: each code is counted on its own",
        reference.as_json()
    )
}

impl Listener for Printer<'_> {
    fn hear(&mut self, event: Event) -> Result<(), ListenerGone> {
        self.say_exchanges();
        match event {
            Event::Settled(result) => self.settled(&result),
            Event::Notice(Notice::Input(text)) => {
                self.remark("warning", Severity::Warning, &Escaped::text(&text).to_string());
            }
            Event::Notice(Notice::NeedsTimes(message_id)) => {
                let id = Escaped::text(message_id.as_str());
                let text = format!(
                    "{id} came again without a time, after another value; it is taken for the old one: give records whose value \
                     may change a `timestamp`"
                );
                self.remark_once("warning", Severity::Warning, "needs times", &text);
            }
            Event::Notice(Notice::SharedRef(reference)) => {
                let text = Escaped::text(&of_shared_ref(&reference)).to_string();
                self.remark_once("warning", Severity::Warning, "shared ref", &text);
            }
            Event::Notice(Notice::Pausing { pause, why }) => {
                let text = format!("for {}s: {}", pause.as_secs().max(1), Escaped::text(&why));
                self.remark("pausing", Severity::Warning, &text);
            }
            Event::Notice(Notice::Retrying { message_id, wait, why }) => {
                if self.style.verbosity >= Verbosity::Verbose {
                    let (id, why) = (Escaped::text(message_id.as_str()), Escaped::text(&why));
                    self.remark("retrying", Severity::Note, &format!("{id} in {}ms: {why}", wait.as_millis()));
                }
            }
            Event::Tracked(counts) => self.summary.track(counts),
            Event::LeftOver(left) => self.summary.left_over = Some(left),
            Event::Notice(Notice::TakenOver(count)) => {
                let what = counted(count as u64, "conversion");
                let text =
                    format!("{what} sent by this run and taken over by another one, which may send them again");
                self.remark("warning", Severity::Warning, &text);
            }
            Event::Notice(Notice::FewerSenders(why)) => {
                self.remark_once(
                    "warning",
                    Severity::Warning,
                    "fewer senders",
                    &format!("fewer requests at once: {why}"),
                );
            }
            Event::OpenCodes(open) => self.summary.open_codes = Some(open),
            Event::Stopped(stopped) => {
                self.for_the_stop = Some(stopped.failure_of_the_unsent());
                self.say_why_it_stopped(&stopped);
            }
        }
        if self.unwritten.len() > FLUSH_AT { self.write() } else { self.standing() }
    }

    fn turn(&mut self, state: State) -> Result<(), ListenerGone> {
        self.in_flight = state.in_flight;
        self.say_exchanges();
        let written = self.write();
        if let Some(progress) = &mut self.progress {
            progress.show(&self.summary, state);
        }
        written
    }
}

impl Printer<'_> {
    /// An answer is watched before it is judged, so it stands above the result that it led to.
    fn say_exchanges(&mut self) {
        let Some(exchanges) = self.exchanges.take() else { return };
        for exchange in exchanges.try_iter() {
            let text = exchange.to_string();
            self.remark(exchange_label(&exchange), Severity::Note, &Escaped::text(&text).to_string());
        }
        self.exchanges = Some(exchanges);
    }

    fn settled(&mut self, result: &RecordResult) {
        self.summary.count(result);
        if result.origin == Origin::Adopted && self.style.adopted == AdoptedRows::Counted {
            return;
        }
        self.remark_on(result);
        // Its line was printed when it was given up for the time being: each record has one.
        if result.origin == Origin::Postponed {
            return;
        }
        if self.is_counted_only(result) {
            return;
        }
        if self.style.verbosity > Verbosity::Quiet || ResultLine::is_failure(&result.outcome) {
            self.print(result);
        }
    }

    /// People need no line for each of thousands of records that are recorded and were not sent because the run stopped: how many
    /// there are is said at the end.
    fn is_counted_only(&self, result: &RecordResult) -> bool {
        self.is_of_the_stop(result.outcome.failure())
            && self.style.unsent == Unsent::Counted
            && self.style.format == OutputFormat::Text
    }

    /// Whether a record was only not sent because the run stopped, for a reason that is printed already.
    fn is_of_the_stop(&self, failure: Option<&Failure>) -> bool {
        failure.is_some() && failure == self.for_the_stop.as_ref()
    }

    fn print(&mut self, result: &RecordResult) {
        let now = clock::now();
        match self.style.format {
            OutputFormat::Json => {
                let line = ResultLine::new(result, self.style.profile.as_deref(), now, self.hint);
                if let Err(error) = to_json(&mut self.unwritten, &line) {
                    self.failure = Some(error);
                }
            }
            OutputFormat::Text => {
                let mut line = String::with_capacity(160);
                let _ = write_line(&mut line, result, now, self.style.line);
                self.unwritten.extend_from_slice(line.as_bytes());
            }
        }
    }

    /// Writes what was heard: results where they go, then remarks. A reader of remarks that has gone is no failure.
    fn write(&mut self) -> Result<(), ListenerGone> {
        if self.unwritten.is_empty() && self.unsaid.is_empty() {
            return self.standing();
        }
        let (results, remarks) = (&mut *self.results, &mut *self.remarks);
        let (unwritten, unsaid) = (&self.unwritten, &self.unsaid);
        let mut print = || {
            let _ = remarks.write_all(unsaid.as_bytes());
            results.write_all(unwritten)?;
            results.flush()
        };
        let printed = match &mut self.progress {
            _ if self.failure.is_some() => Ok(()),
            Some(progress) => progress.around(&mut print),
            None => print(),
        };
        if let Err(error) = printed {
            self.failure = Some(error);
        }
        self.unwritten.clear();
        self.unsaid.clear();
        self.standing()
    }

    fn standing(&self) -> Result<(), ListenerGone> {
        if self.failure.is_some() { Err(ListenerGone) } else { Ok(()) }
    }

    fn remark_on(&mut self, result: &RecordResult) {
        if let Subject::Conversion(conversion, doubts) = &result.subject {
            let id = Escaped::text(conversion.message_id.as_str());
            for doubt in doubts {
                self.remark_once("warning", Severity::Warning, &doubt.to_string(), &format!("{id}: {doubt}"));
            }
            let age = conversion.timestamp.age_at(result.sent_at.unwrap_or_else(clock::now));
            if result.attempts > 0 && age > Timestamp::ROUTING_WINDOW.as_secs().cast_signed() {
                let why = "over 15m it no longer counts in the current routing analysis";
                self.remark_once(
                    "warning",
                    Severity::Warning,
                    why,
                    &format!("{id}: the event is {} old; {why}", Age(age)),
                );
            }
        }
        if let Some(status) = result.http_status.filter(|status| (201..300).contains(status)) {
            let text = format!("the server answered {status} where the API answers 200; taken as accepted");
            self.remark_once("warning", Severity::Warning, &text, &text);
        }
        if let Some(failure) = result.outcome.failure()
            && ResultLine::is_failure(&result.outcome)
        {
            let said_as_reason_to_stop = self.is_of_the_stop(Some(failure));
            let place = match result.subject {
                Subject::Unreadable(_) => format!("{}: ", place(result, self.style.line.numbering)),
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
        if self.remark_once("error", Severity::Error, &key, &text)
            && let Some(hint) = (self.hint)(failure)
        {
            // Many failures may have one remedy.
            self.remark_once("hint", Severity::Note, &hint, &hint);
        }
    }

    fn say_why_it_stopped(&mut self, stopped: &Stopped) {
        match stopped {
            Stopped::Interrupted => {
                let text = format!(
                    "finishing what is in flight ({}); a second Ctrl-C or signal ends at once",
                    self.in_flight
                );
                self.remark("interrupted", Severity::Warning, &text);
            }
            Stopped::NoThread(why) => self.remark("error", Severity::Error, why),
            Stopped::DeadlinePassed => {
                self.remark("stopped", Severity::Warning, "the deadline has passed; finishing what is in flight");
            }
            Stopped::NearlyAllRefused => {
                self.remark(
                    "error",
                    Severity::Error,
                    "stopped: at least 95 of the first 100 answers were refusals",
                );
                self.remark("hint", Severity::Note, "the ids or the channel are probably mapped wrongly");
            }
            Stopped::LedgerBusy(why) | Stopped::LedgerAway(why) | Stopped::LedgerFailed(why) => {
                self.remark("error", Severity::Error, &Escaped::text(why).to_string());
            }
            Stopped::RecordingFailed(why) => {
                let why = Escaped::text(why);
                self.remark(
                    "error",
                    Severity::Error,
                    &format!("{why}; sending what is recorded, and taking no more"),
                );
            }
            // The record that met the failure has printed it; the command prints the input's fault; without an output there
            // is no reader.
            Stopped::For(..) | Stopped::InputBroken | Stopped::OutputGone => {}
        }
    }

    /// Says something once; whether it was said now.
    fn remark_once(&mut self, label: &str, severity: Severity, key: &str, text: &str) -> bool {
        let is_new = self.said.len() < REMEMBERED && self.said.insert(key.to_owned());
        if is_new {
            self.remark(label, severity, text);
        }
        is_new
    }

    /// Says something, unless it is a doubt about what went well and only failures are wanted.
    fn remark(&mut self, label: &str, severity: Severity, text: &str) {
        if self.style.verbosity == Verbosity::Quiet && severity == Severity::Warning {
            return;
        }
        self.unsaid.push_str(&self.style.remarks.line(label, severity, text, clock::now()));
    }
}

/// What an exchange's line begins with.
#[must_use]
pub fn exchange_label(exchange: &Watched) -> &'static str {
    if exchange.is_request() { "request" } else { "answer" }
}

#[cfg(test)]
mod tests {
    use super::{AdoptedRows, OutputFormat, OutputStyle, Printer, Verbosity};
    use crate::domain::{BadRecord, ErrorCode, Failure};
    use crate::output::{LineStyle, Numbering, Paint, RemarkFormat};
    use crate::pipeline::{Event, Listener as _, RecordResult, State, Stopped};

    fn style() -> OutputStyle {
        OutputStyle {
            format: OutputFormat::Text,
            verbosity: Verbosity::Normal,
            line: LineStyle { paint: Paint::Plain, numbering: Numbering::Lines, columns: None },
            remarks: RemarkFormat::Text(Paint::Plain),
            profile: None,
            adopted: AdoptedRows::Counted,
            unsent: super::Unsent::Counted,
        }
    }

    #[test]
    fn a_hint_that_holds_for_many_failures_is_said_once() {
        let (mut results, mut remarks) = (Vec::new(), Vec::new());
        let hint = |failure: &Failure| Some(format!("see to {}", failure.code.as_str()));
        let mut printer = Printer::new(&mut results, &mut remarks, style(), &hint);
        for (line, code) in [(1, ErrorCode::BadRecord), (2, ErrorCode::BadRecord), (3, ErrorCode::FutureTimestamp)]
        {
            let bad = BadRecord {
                line,
                reference: None,
                code,
                message: format!("fault {line}"),
                raw: Vec::new(),
                file: None,
            };
            printer.hear(Event::Settled(Box::new(RecordResult::invalid(bad)))).unwrap();
        }
        printer.turn(State::default()).unwrap();
        assert_eq!(
            String::from_utf8(remarks).unwrap(),
            "error: line 1: fault 1\nhint: see to bad_record\nerror: line 2: fault 2\nerror: line 3: fault 3\n\
             hint: see to future_timestamp\n"
        );
    }

    #[test]
    fn the_name_of_a_ledgers_folder_does_not_act_on_the_terminal() {
        let why = "cannot write /tmp/\u{1b}[2J\u{202e}".to_owned();
        for stopped in
            [Stopped::LedgerBusy(why.clone()), Stopped::LedgerFailed(why.clone()), Stopped::RecordingFailed(why)]
        {
            let (mut results, mut remarks) = (Vec::new(), Vec::new());
            let mut printer = Printer::new(&mut results, &mut remarks, style(), &|_| None);
            printer.hear(Event::Stopped(stopped)).unwrap();
            printer.turn(State::default()).unwrap();
            let said = String::from_utf8(remarks).unwrap();
            assert!(said.starts_with(r"error: cannot write /tmp/\u{1b}[2J\u{202e}"), "{said:?}");
        }
    }
}
