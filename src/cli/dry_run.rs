//! `--dry-run`: the request as it would be sent, without its secrets, and a shell line that sends the same with curl.

use std::fmt::Write as _;
use std::io;

use super::context::Context;
use super::exit::Exit;
use super::failure::{CommandFailure, cannot_print, record_hint};
use super::setup::Setup;
use super::shell::{quoted, quoted_path};
use super::terminal::Terminal;
use crate::clock;
use crate::domain::{Outcome, Placement, Secret};
use crate::ledger::Ledger;
use crate::output::{
    Escaped, LineStyle, Numbering, OutputFormat, RequestLine, ResultLine, of_shared_ref, to_json, write_line,
};
use crate::pipeline::{
    Event, Item, Listener, ListenerGone, Notice, RecordResult, State, Stopped, Subject, Tracking, preview,
};
use crate::wire::{Parameter, ParameterValue, Request};

/// Shows what would be sent of these items.
pub(super) fn show(
    items: impl Iterator<Item = Item>,
    numbering: Numbering,
    setup: &Setup,
    context: &mut Context,
) -> Result<Exit, CommandFailure> {
    let mut shown = Shown::new(numbering, setup, context);
    for item in items {
        let event = match item {
            Item::Record(record) => Event::Settled(Box::new(RecordResult::not_sent(record, Outcome::DryRun))),
            Item::Bad(bad) => Event::Settled(Box::new(RecordResult::invalid(bad))),
            Item::Remark(text) => Event::Notice(Notice::Input(text)),
            Item::Event(_) | Item::LogTime(_) | Item::ReadTo(_) => continue,
            Item::Broken => break,
        };
        if shown.hear(event).is_err() {
            break;
        }
    }
    shown.end(None)
}

/// Shows what would be sent because of what a log says.
pub(super) fn show_what_follows(
    log: impl Iterator<Item = Item>,
    ledger: Ledger,
    tracking: Tracking,
    setup: &Setup,
    context: &mut Context,
) -> Result<Exit, CommandFailure> {
    let mut shown = Shown::new(Numbering::Lines, setup, context);
    let stopped = preview(log, ledger, tracking, &mut shown);
    shown.end(stopped)
}

/// Shows each record as soon as it is known what would become of it.
struct Shown<'a> {
    numbering: Numbering,
    setup: &'a Setup,
    format: OutputFormat,
    terminal: &'a mut Terminal,
    exit: Exit,
    /// One such `ref` is enough.
    has_told_of_ref: bool,
    /// Nothing can be shown any more.
    failure: Option<io::Error>,
}

impl Listener for Shown<'_> {
    fn hear(&mut self, event: Event) -> Result<(), ListenerGone> {
        match event {
            Event::Settled(result) => self.show(&result).map_err(|error| {
                self.failure = Some(error);
                ListenerGone
            }),
            Event::Notice(Notice::Input(text)) => {
                self.terminal.warn(&text);
                Ok(())
            }
            Event::Notice(Notice::SharedRef(reference)) => {
                if !std::mem::replace(&mut self.has_told_of_ref, true) {
                    self.terminal.warn(of_shared_ref(&reference));
                }
                Ok(())
            }
            Event::Notice(_)
            | Event::Tracked(_)
            | Event::OpenCodes(_)
            | Event::LeftOver(_)
            | Event::Stopped(_) => Ok(()),
        }
    }

    fn turn(&mut self, _: State) -> Result<(), ListenerGone> {
        Ok(())
    }
}

impl<'a> Shown<'a> {
    fn new(numbering: Numbering, setup: &'a Setup, context: &'a mut Context) -> Self {
        let format = context.global.format();
        let terminal = &mut context.terminal;
        Self { numbering, setup, format, terminal, exit: Exit::Done, has_told_of_ref: false, failure: None }
    }

    fn show(&mut self, result: &RecordResult) -> io::Result<()> {
        let request = match (&result.subject, &result.outcome) {
            (Subject::Conversion(conversion, _), Outcome::DryRun) => {
                Some(request_line(&Request::new(conversion, &self.setup.account), self.setup))
            }
            (Subject::Conversion(..) | Subject::Unreadable(_), outcome) => {
                if ResultLine::is_failure(outcome) {
                    self.exit = Exit::Data;
                }
                None
            }
        };
        let style = self.terminal.streams().line_style(self.numbering);
        let shown = match self.format {
            OutputFormat::Json => json(result, request.as_ref(), self.setup)?,
            OutputFormat::Text => text(result, request.as_ref(), self.setup, style).into_bytes(),
        };
        self.terminal.print(shown)
    }

    fn end(self, stopped: Option<Stopped>) -> Result<Exit, CommandFailure> {
        if let Some(error) = self.failure {
            return Err(cannot_print(error));
        }
        match stopped {
            Some(Stopped::LedgerBusy(why) | Stopped::LedgerFailed(why) | Stopped::RecordingFailed(why)) => {
                Err(CommandFailure::plain(Exit::Io, anyhow::anyhow!(why)))
            }
            Some(_) | None => Ok(self.exit),
        }
    }
}

fn json(result: &RecordResult, request: Option<&RequestLine>, setup: &Setup) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let hint = |failure: &_| record_hint(failure, &setup.account);
    let shown = ResultLine::new(result, setup.profile.as_deref(), clock::now(), hint);
    to_json(&mut line, &shown.with_request(request))?;
    Ok(line)
}

fn text(result: &RecordResult, request: Option<&RequestLine>, setup: &Setup, style: LineStyle) -> String {
    let mut text = String::new();
    let _ = write_line(&mut text, result, clock::now(), style);
    if let Some(failure) = result.outcome.failure() {
        let _ = writeln!(text, "  {}", Escaped::text(&failure.message));
    }
    if let Some(request) = request {
        let _ = writeln!(text, "  {} {}", request.method, Escaped::text(&request.url));
        if let Some(authorization) = &request.authorization {
            let _ = writeln!(text, "  Authorization: {authorization}");
        }
        for (name, value) in &request.form {
            let _ = writeln!(text, "  {name}={}", Escaped::text(value));
        }
        let _ = match &request.curl {
            Some(curl) => writeln!(text, "  {}", Escaped::text(curl)),
            None => writeln!(
                text,
                "  (no curl line: a request with auth = \"{}\" is signed when it is sent)",
                setup.account.auth.mode()
            ),
        };
    }
    text
}

fn request_line(request: &Request<'_>, setup: &Setup) -> RequestLine {
    let url = setup.endpoint.base_url.conversions(request.channel);
    let shown = || request.parameters.iter().map(|parameter| (parameter.name, shown(parameter).to_owned()));
    let (url, form) = match request.placement {
        Placement::Form => (url, shown().collect()),
        Placement::Query => {
            let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(shown()).finish();
            (format!("{url}?{query}"), Vec::new())
        }
    };
    RequestLine {
        method: "POST",
        url,
        authorization: request.basic.map(|_| format!("Basic {}", Secret::MASK)),
        form,
        curl: curl(request, setup),
    }
}

fn shown<'a>(parameter: &'a Parameter<'_>) -> &'a str {
    match &parameter.value {
        ParameterValue::Plain(value) => value,
        ParameterValue::Secret(_) => Secret::MASK,
    }
}

/// The secret goes from a variable through a pipe: on curl's own command line everyone on the machine could read it.
fn curl(request: &Request<'_>, setup: &Setup) -> Option<String> {
    let variable = &setup.secret_variable;
    let mut line = match request.basic {
        Some((key, _)) => format!(
            "printf 'Authorization: Basic %s' \"$(printf %s {}\"${variable}\" | base64 -w0)\" | curl -sS -H @-",
            quoted(&format!("{key}:"))
        ),
        None => format!("printf %s \"${variable}\" | curl -sS"),
    };
    if request.placement == Placement::Query {
        line.push_str(" -G -X POST");
    }
    for parameter in &request.parameters {
        let argument = match (&parameter.value, parameter.name) {
            (ParameterValue::Plain(value), name) => quoted(&format!("{name}={value}")),
            (ParameterValue::Secret(_), name @ crate::wire::names::API_SECRET) => format!("{name}@-"),
            // A signature would be this one request's only.
            (ParameterValue::Secret(_), _) => return None,
        };
        let _ = write!(line, " --data-urlencode {argument}");
    }
    if let Some(file) = &setup.settings.cacert.value {
        let _ = write!(line, " --cacert {}", quoted_path(file));
    }
    let _ = write!(line, " {}", quoted(&setup.endpoint.base_url.conversions(request.channel)));
    Some(line)
}
