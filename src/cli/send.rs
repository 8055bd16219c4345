//! `sms` and `voice`: conversions from the command line. Standard input is never touched.

use std::collections::HashSet;

use super::args::{Global, ReportArgs, SmsArgs, VoiceArgs};
use super::dry_run;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::{CommandFailure, exit_of, record_hint};
use super::interrupt::Interrupt;
use super::setup::{Setup, Target, format, limits, loudness};
use super::terminal::Terminal;
use crate::clock;
use crate::domain::{
    BadRecord, Channel, Conversion, ErrorCode, MessageId, Record, Timestamp, TimestampError, parse_duration,
};
use crate::output::{Printer, Summary};
use crate::pipeline::{self, Item, Limits, Stopped};
use crate::transport::Transport;

pub(super) fn sms(
    args: &SmsArgs,
    global: &Global,
    environment: &Environment,
    terminal: &mut Terminal,
) -> Result<Exit, CommandFailure> {
    report(Channel::Sms, &args.ids, &args.report, global, environment, terminal)
}

pub(super) fn voice(
    args: &VoiceArgs,
    global: &Global,
    environment: &Environment,
    terminal: &mut Terminal,
) -> Result<Exit, CommandFailure> {
    report(Channel::Voice, &args.ids, &args.report, global, environment, terminal)
}

fn report(
    channel: Channel,
    ids: &[String],
    args: &ReportArgs,
    global: &Global,
    environment: &Environment,
    terminal: &mut Terminal,
) -> Result<Exit, CommandFailure> {
    let items = items(channel, ids, args)?;
    let target = Target::from(args.sending.sandbox);
    let setup = Setup::new(target, global, &args.sending.network, environment, terminal)?;
    if args.sending.dry_run {
        return dry_run::show(items, &setup, global, terminal);
    }
    let limits = limits(&setup.settings);
    run(items, &setup, limits, global, terminal)
}

/// The records that were typed. The time is resolved once, here, and stays the same whatever happens later.
fn items(channel: Channel, ids: &[String], args: &ReportArgs) -> Result<Vec<Item>, CommandFailure> {
    let now = clock::now();
    let timestamp = match &args.timestamp {
        Some(text) => parse_when(text, now).map_err(|error| {
            CommandFailure::new(
                Exit::Usage,
                anyhow::Error::new(error).context("--timestamp is not usable"),
                "for example `--timestamp '2026-11-22 01:25:26'` (UTC), `--timestamp 2026-11-22T03:25:26+02:00`, \
                 `--timestamp 20s` (ago)",
            )
        })?,
        None => now,
    };
    let future = timestamp.age_at(now) < -Timestamp::MAX_AHEAD.as_secs().cast_signed();
    Ok(ids
        .iter()
        .chain(&args.message_id)
        .zip(1..)
        .map(|(text, line)| {
            let bad = |code, message: String| BadRecord {
                line,
                reference: None,
                code,
                message,
                raw: text.clone().into(),
            };
            let message_id =
                MessageId::parse(text).map_err(|error| bad(ErrorCode::BadRecord, error.to_string()))?;
            if future {
                let message = format!("timestamp {timestamp}Z is more than 24h ahead");
                return Err(bad(ErrorCode::FutureTimestamp, message));
            }
            let conversion = Conversion { channel, message_id, delivered: args.delivered, timestamp };
            Ok(Record { line, reference: None, conversion, doubts: MessageId::doubts(text).collect() })
        })
        .collect())
}

/// A time, or an age: a length of time with its unit, back from now.
fn parse_when(text: &str, now: Timestamp) -> Result<Timestamp, TimestampError> {
    match parse_duration(text) {
        Ok(age) => Ok(now.before(age)),
        Err(_) => Timestamp::parse(text),
    }
}

/// Sends the items, prints what comes of them, and says how it ended.
pub(super) fn run(
    items: Vec<Item>,
    setup: &Setup,
    limits: Limits,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, CommandFailure> {
    let interrupt = Interrupt::listen().map_err(|error| CommandFailure::io("cannot listen to signals", error))?;
    let transport = Transport::new(setup.endpoint.clone())?;
    let auth = setup.account.auth.mode();
    let several = items.len() > 1;
    let streams = terminal.streams();
    let mut printer = Printer {
        results: streams.results,
        remarks: streams.remarks,
        format: format(global),
        loudness: loudness(global),
        results_paint: streams.results_paint,
        remarks_paint: streams.remarks_paint,
        profile: setup.profile.clone(),
        hint: &|failure| record_hint(failure, auth),
        summary: Summary::default(),
        failure: None,
        said: HashSet::new(),
    };
    let stopped =
        pipeline::run(items.into_iter(), &transport, &setup.account, limits, interrupt.asked(), &mut printer);
    let (summary, failure) = (printer.summary, printer.failure);
    if (several || stopped == Some(Stopped::Interrupted)) && !global.quiet {
        terminal.say(&summary);
    }
    if let Some(error) = failure {
        return Err(CommandFailure::io("cannot write results to standard output", error));
    }
    Ok(exit(&summary, stopped.as_ref(), &interrupt))
}

fn exit(summary: &Summary, stopped: Option<&Stopped>, interrupt: &Interrupt) -> Exit {
    if stopped == Some(&Stopped::Interrupted) {
        return interrupt.exit();
    }
    let bad = (summary.rejected + summary.invalid > 0).then_some(Exit::Data);
    let later = (summary.retry > 0).then_some(Exit::TryLater);
    let stop = stopped.map(|stopped| exit_of(stopped, interrupt.exit()));
    Exit::worst([bad, later, stop].into_iter().flatten())
}
