//! `sms` and `voice`: conversions from the command line. Standard input is never touched.

use std::time::Duration;

use super::args::{ConversionArgs, SmsArgs, VoiceArgs};
use super::context::Context;
use super::dry_run;
use super::exit::Exit;
use super::failure::CommandFailure;
use super::run::{Run, Summarise, not_recorded};
use super::setup::{Opened, Patience, Setup, Target, limits_of_one, open_outbox};
use super::source::describe;
use crate::clock;
use crate::domain::{
    BadRecord, Channel, Conversion, ErrorCode, MessageId, Record, TimeSource, Timestamp, TimestampError,
    parse_duration,
};
use crate::input::{self, InputNotice};
use crate::output::Numbering;
use crate::pipeline::{Adopt, Item, RefusedBefore};

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
    let Opened { outbox, folder: _folder, linger: _ } =
        match open_outbox(&args.sending.ledger, target, &setup, limits, Patience::None, context) {
            Ok(opened) => opened,
            Err(failure) => {
                not_recorded(items.into_iter(), Numbering::Ids, &failure, &setup, context)?;
                return Err(failure);
            }
        };
    let summary = if items.len() > 1 { Summarise::Always } else { Summarise::WhenStopped };
    let run = Run {
        command: channel.as_str(),
        outbox,
        adopt: Adopt::Nothing,
        tracking: None,
        limits,
        linger: Duration::ZERO,
        refused_before: RefusedBefore::Fail,
        summary,
        reading: None,
        is_nameless: false,
    };
    run.run(items.into_iter(), &setup, context)
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
    let typed = args.timestamp.as_deref().unwrap_or_default();
    let offset = input::missing_offset(typed.as_bytes(), timestamp, now);
    let remark = offset.map(|offset| Item::Remark(describe(&InputNotice::NoZone { time: timestamp, offset })));
    let future = timestamp.age_at(now) < -Timestamp::MAX_AHEAD.as_secs().cast_signed();
    let time = match (args.force, &args.timestamp) {
        (true, _) => TimeSource::Forced,
        (false, Some(_)) => TimeSource::Given,
        (false, None) => TimeSource::Typed,
    };
    let records = ids.iter().chain(&args.message_id).zip(1..).map(|(text, line)| {
        let bad = |code, message: String| {
            Item::Bad(BadRecord { line, reference: None, code, message, raw: text.clone().into(), file: None })
        };
        let message_id = match MessageId::parse(text) {
            Ok(message_id) => message_id,
            Err(error) => return bad(ErrorCode::BadRecord, error.to_string()),
        };
        if future {
            return bad(ErrorCode::FutureTimestamp, format!("timestamp {timestamp}Z is more than 24h ahead"));
        }
        let conversion = Conversion { channel, message_id, delivered: args.delivered, timestamp };
        Item::Record(Record { line, reference: None, conversion, time, doubts: MessageId::doubts(text).collect() })
    });
    Ok(remark.into_iter().chain(records).collect())
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
