//! `sms` and `voice`: conversions from the command line. Standard input is never touched.

use super::args::{ConversionArgs, SmsArgs, VoiceArgs};
use super::context::Context;
use super::dry_run;
use super::exit::Exit;
use super::failure::{CommandFailure, cannot_print, record_hint};
use super::run::{Run, Summarise, style_for_ids};
use super::setup::{Setup, Target, limits_of_one, open_book};
use crate::clock;
use crate::domain::{
    BadRecord, Channel, Conversion, ErrorCode, MessageId, Record, TimeSource, Timestamp, TimestampError,
    parse_duration,
};
use crate::output::{Numbering, Printer};
use crate::pipeline::{Adopt, Event, Item, Listener as _, RefusedBefore, Report, State};
use std::io;

pub(super) fn sms(args: &SmsArgs, context: &mut Context) -> Result<Exit, CommandFailure> {
    send(Channel::Sms, &args.ids, &args.conversion, context)
}

pub(super) fn voice(args: &VoiceArgs, context: &mut Context) -> Result<Exit, CommandFailure> {
    send(Channel::Voice, &args.ids, &args.conversion, context)
}

fn send(
    channel: Channel,
    ids: &[String],
    args: &ConversionArgs,
    context: &mut Context,
) -> Result<Exit, CommandFailure> {
    let items = items(channel, ids, args)?;
    let target = Target::from(args.sending.sandbox);
    let setup = Setup::new(target, &args.sending.network, context)?;
    if args.sending.dry_run {
        return dry_run::show(items.into_iter(), Numbering::Ids, &setup, context);
    }
    let limits = limits_of_one(&setup.settings);
    let (book, _folder) = match open_book(&args.sending.ledger, target, &setup, limits, context) {
        Ok(opened) => opened,
        Err(failure) => {
            not_recorded(items, &failure, &setup, context)?;
            return Err(failure);
        }
    };
    let summary = if items.len() > 1 { Summarise::Always } else { Summarise::WhenStopped };
    let run = Run {
        book,
        adopt: Adopt::Nothing,
        tracking: None,
        limits,
        refused_before: RefusedBefore::Fail,
        summary,
        reading: None,
    };
    run.run(items.into_iter(), &setup, context)
}

/// Answers every id, where the ledger cannot be opened: none is sent, and none kept.
fn not_recorded(
    items: Vec<Item>,
    why: &CommandFailure,
    setup: &Setup,
    context: &mut Context,
) -> Result<(), CommandFailure> {
    let hint = |failure: &_| record_hint(failure, &setup.account);
    let streams = context.terminal.streams();
    let style = style_for_ids(setup, &context.global, &streams);
    // Why is said once, by the failure itself.
    let mut unsaid = io::sink();
    let mut printer = Printer::new(streams.results, &mut unsaid, style, &hint);
    for item in items {
        let report = match item {
            Item::Record(record) => Report::not_recorded(record, &format!("{:#}", why.error)),
            Item::Bad(bad) => Report::invalid(bad),
            Item::Event(_) | Item::Remark(_) | Item::Broken => continue,
        };
        // Whether anyone reads the lines is known below.
        let _ = printer.hear(Event::Settled(Box::new(report)));
    }
    let _ = printer.turn(State::default());
    match printer.finish() {
        (_, Some(error)) => Err(cannot_print(error)),
        (_, None) => Ok(()),
    }
}

/// The records that were typed. The time is resolved once, here, and stays the same whatever happens later.
fn items(channel: Channel, ids: &[String], args: &ConversionArgs) -> Result<Vec<Item>, CommandFailure> {
    let now = clock::now();
    let timestamp = match &args.timestamp {
        Some(text) => parse_when(text, now).map_err(|error| {
            CommandFailure::usage(error, "--timestamp is not usable").advising(
                "for example `--timestamp '2026-11-22 01:25:26'` (UTC), `--timestamp 2026-11-22T03:25:26+02:00`, \
                 `--timestamp 20s` (ago)",
            )
        })?,
        None => now,
    };
    let future = timestamp.age_at(now) < -Timestamp::MAX_AHEAD.as_secs().cast_signed();
    let time = match (args.force, &args.timestamp) {
        (true, _) => TimeSource::Forced,
        (false, Some(_)) => TimeSource::Given,
        (false, None) => TimeSource::Typed,
    };
    Ok(ids
        .iter()
        .chain(&args.message_id)
        .zip(1..)
        .map(|(text, line)| {
            let bad = |code, message: String| {
                Item::Bad(BadRecord { line, reference: None, code, message, raw: text.clone().into() })
            };
            let message_id = match MessageId::parse(text) {
                Ok(message_id) => message_id,
                Err(error) => return bad(ErrorCode::BadRecord, error.to_string()),
            };
            if future {
                return bad(ErrorCode::FutureTimestamp, format!("timestamp {timestamp}Z is more than 24h ahead"));
            }
            let conversion = Conversion { channel, message_id, delivered: args.delivered, timestamp };
            Item::Record(Record {
                line,
                reference: None,
                conversion,
                time,
                doubts: MessageId::doubts(text).collect(),
            })
        })
        .collect())
}

/// A time, `now`, or an age: a length of time with its unit, back from now.
fn parse_when(text: &str, now: Timestamp) -> Result<Timestamp, TimestampError> {
    if text.trim().eq_ignore_ascii_case("now") {
        return Ok(now);
    }
    match parse_duration(text) {
        Ok(age) => Ok(now.before(age)),
        Err(_) => Timestamp::parse(text),
    }
}
