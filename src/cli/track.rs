//! `track`: a log of codes that were sent and of users who converted. Silence becomes false.

use std::slice;

use super::args::{AtEndOfInput, TrackArgs};
use super::context::Context;
use super::dry_run;
use super::exit::Exit;
use super::failure::CommandFailure;
use super::following;
use super::input_hint::InputFor;
use super::reading::Reading;
use super::run::{Run, Summarise};
use super::setup::{Opened, Patience, Setup, Target, Watched, limits, open_outbox, stream_overrides};
use super::stream::{self, Order};
use super::terminal::Terminal;
use crate::clock;
use crate::domain::{Timestamp, counted};
use crate::input::InputOptions;
use crate::ledger::{CodeRules, Ledger, LogSource};
use crate::output::Age;
use crate::pipeline::{Adopt, AtEnd, Item, Limits, Outbox, Tracking};

pub(super) fn track(args: &TrackArgs, context: &mut Context) -> Result<Exit, CommandFailure> {
    let example = "echo '{\"event\":\"converted\",\"message_id\":\"0A0000000123ABCD1\",\"channel\":\"sms\"}' | \
                   nexmo-conversion track --sandbox";
    let options = stream::options(&args.input, example)?;
    if args.sent_when == args.converted_when {
        return Err(CommandFailure::plain(
            Exit::Usage,
            anyhow::anyhow!("--sent-when and --converted-when are the same: every code would have converted"),
        ));
    }
    let fields = options.fields.for_events(args.sent_when.clone(), args.converted_when.clone());
    let options = InputOptions { fields, ..options };
    let rules = CodeRules { lasts: args.window, parts_within: args.parts_within };
    let tracking = Tracking { rules, at_end: args.at_end.into() };
    let target = Target::from(args.sandbox);
    let overrides = stream_overrides(&args.pace, &args.ping);
    let setup = Setup::for_stream(target, &args.network, overrides, Watched::unless(args.dry_run), context)?;
    if args.window > Timestamp::ROUTING_WINDOW {
        let window = Age(i64::try_from(args.window.as_secs()).unwrap_or(i64::MAX));
        let text = format_args!(
            "silence is sent as false after {window}; over 15m it no longer counts in the current routing analysis"
        );
        context.terminal.warn(text);
    }
    if setup.settings.max_age.value.is_some() {
        let text = "max_age is not for track: what follows from a log is sent whatever its age";
        context.terminal.warn(text);
    }
    if args.input.follow {
        following::check(&args.input.files, InputFor::Track)?;
    } else {
        let (items, reading) = stream::open(&args.input.files, &options, Order::ByTime, InputFor::Track)?;
        let log = Log { sources: items.log_sources(), items, reading };
        return if args.dry_run {
            show(log, args, tracking, &setup, context)
        } else {
            let (opened, limits) = open(args, target, &setup, context)?;
            send(log, opened, args, tracking, limits, &setup, context)
        };
    }
    let marks = [
        ("sent-when", slice::from_ref(&args.sent_when)),
        ("converted-when", slice::from_ref(&args.converted_when)),
    ];
    let manner = following::manner("track", &args.input, None, &marks);
    let begin = |outbox: &mut Outbox| {
        let (items, reading) = following::follow(&args.input.files, &options, Order::ByTime, &manner, outbox)?;
        Ok::<_, CommandFailure>(Log { sources: items.log_sources(), items, reading })
    };
    if args.dry_run {
        return show(begin(&mut Outbox::Off)?, args, tracking, &setup, context);
    }
    // The ledger knows where an earlier run has stopped reading.
    let (mut opened, limits) = open(args, target, &setup, context)?;
    let log = begin(&mut opened.outbox)?;
    send(log, opened, args, tracking, limits, &setup, context)
}

/// A log that is read.
struct Log<I> {
    items: I,
    reading: Reading,
    /// How a later run knows its files again.
    sources: Vec<LogSource>,
}

impl<I> Log<I> {
    /// The same under the name that was typed.
    fn sources(&self, args: &TrackArgs) -> Vec<LogSource> {
        let named = |source: &LogSource| LogSource {
            name: args.source.clone().or_else(|| source.name.clone()),
            identity: source.identity.clone(),
        };
        self.sources.iter().map(named).collect()
    }
}

fn show<I: Iterator<Item = Item>>(
    log: Log<I>,
    args: &TrackArgs,
    tracking: Tracking,
    setup: &Setup,
    context: &mut Context,
) -> Result<Exit, CommandFailure> {
    let mut ledger = Ledger::in_memory(&setup.fingerprint());
    ledger.reads(&log.sources(args), clock::now()).map_err(CommandFailure::of_recording)?;
    let exit = dry_run::show_what_follows(log.items, ledger, tracking, setup, context)?;
    log.reading.say_what_was_passed_over(&mut context.terminal);
    if let Some(error) = log.reading.take_error() {
        return Err(CommandFailure::of_input(error, InputFor::Track));
    }
    warn_of_a_wrong_mapping(&log.reading, &mut context.terminal);
    Ok(exit)
}

fn open(
    args: &TrackArgs,
    target: Target,
    setup: &Setup,
    context: &mut Context,
) -> Result<(Opened, Limits), CommandFailure> {
    let limits = Limits { deadline: args.pace.deadline, max_age: None, ..limits(&setup.settings) };
    let opened = open_outbox(&args.ledger.always(), target, setup, limits, Patience::AsForTheApi, context)?;
    Ok((opened, limits))
}

fn send<I>(
    log: Log<I>,
    opened: Opened,
    args: &TrackArgs,
    tracking: Tracking,
    limits: Limits,
    setup: &Setup,
    context: &mut Context,
) -> Result<Exit, CommandFailure>
where
    I: Iterator<Item = Item> + Send + 'static,
{
    let Opened { mut outbox, linger, folder: _folder } = opened;
    let sources = log.sources(args);
    if let Outbox::Durable(ledger) = &mut outbox {
        ledger.reads(&sources, clock::now()).map_err(CommandFailure::of_recording)?;
    }
    let Log { items, reading, .. } = log;
    let run = Run {
        command: "track",
        outbox,
        adopt: Adopt::Due,
        tracking: Some(tracking),
        limits,
        linger: reading.linger(linger),
        refused_before: args.input.refused_before(),
        summary: Summarise::Always,
        reading: Some(reading.clone()),
        is_nameless: args.at_end == AtEndOfInput::Keep && sources.contains(&LogSource::default()),
    };
    let exit = run.run(items, setup, context)?;
    warn_of_a_wrong_mapping(&reading, &mut context.terminal);
    Ok(exit)
}

/// A quiet hour is no mistake, but a log without a single code most likely is.
fn warn_of_a_wrong_mapping(reading: &Reading, terminal: &mut Terminal) {
    if let (0, unrelated @ 1..) = (reading.events(), reading.unrelated()) {
        let text =
            format!("none of {} says that a code was sent or that a user converted", counted(unrelated, "line"));
        terminal.warn(text);
        let hint = "say how to recognise them: --sent-when FIELD=VALUE --converted-when FIELD=VALUE";
        terminal.hint(hint);
    }
}

impl From<AtEndOfInput> for AtEnd {
    fn from(at_end: AtEndOfInput) -> Self {
        match at_end {
            AtEndOfInput::Keep => Self::Keep,
            AtEndOfInput::Wait => Self::Wait,
            AtEndOfInput::Expire => Self::Expire,
        }
    }
}
