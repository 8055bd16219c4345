//! `--dry-run`: the request as it would be sent, without its secrets, and a shell line that sends the same with curl.

use std::fmt::Write as _;

use super::context::Context;
use super::exit::Exit;
use super::failure::{CommandFailure, cannot_print, record_hint};
use super::setup::Setup;
use super::shell::{quoted, quoted_path};
use crate::clock;
use crate::domain::{Outcome, Placement, Secret};
use crate::output::{Escaped, Numbering, OutputFormat, Paint, RequestLine, ResultLine, to_json, write_line};
use crate::pipeline::{Item, Report};
use crate::wire::{Parameter, ParameterValue, Request};

pub(super) fn show(
    items: impl Iterator<Item = Item>,
    numbering: Numbering,
    setup: &Setup,
    context: &mut Context,
) -> Result<Exit, CommandFailure> {
    let mut exit = Exit::Done;
    for item in items {
        let (report, request) = match item {
            Item::Record(record) => {
                let request = request_line(&Request::new(&record.conversion, &setup.account), setup);
                (Report::not_sent(record, Outcome::DryRun), Some(request))
            }
            Item::Bad(bad) => {
                exit = Exit::Data;
                (Report::invalid(bad), None)
            }
            Item::Remark(text) => {
                context.terminal.warn(Escaped::text(&text));
                continue;
            }
            // Rehearsed, events have become records.
            Item::Event(_) => continue,
            Item::Broken => break,
        };
        let shown = match context.global.format() {
            OutputFormat::Json => json(&report, request.as_ref(), setup),
            OutputFormat::Text => {
                Ok(text(&report, request.as_ref(), numbering, setup, context.terminal.paint()).into_bytes())
            }
        };
        shown.and_then(|shown| context.terminal.print(shown)).map_err(cannot_print)?;
    }
    Ok(exit)
}

fn json(report: &Report, request: Option<&RequestLine>, setup: &Setup) -> std::io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let hint = |failure: &_| record_hint(failure, &setup.account);
    let result = ResultLine::new(report, setup.profile.as_deref(), clock::now(), hint);
    to_json(&mut line, &result.with_request(request))?;
    Ok(line)
}

fn text(
    report: &Report,
    request: Option<&RequestLine>,
    numbering: Numbering,
    setup: &Setup,
    paint: Paint,
) -> String {
    let mut text = String::new();
    let _ = write_line(&mut text, report, numbering, clock::now(), paint);
    if let Some(failure) = report.outcome.failure() {
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
