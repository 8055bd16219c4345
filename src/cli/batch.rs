//! `batch`: a stream of conversions.

use super::args::BatchArgs;
use super::context::Context;
use super::dry_run;
use super::exit::Exit;
use super::failure::{CommandFailure, say};
use super::following;
use super::input_hint::InputFor;
use super::reading::Reading;
use super::run::{Run, Summarise, not_recorded};
use super::setup::{Opened, Patience, Setup, Target, Watched, limits, open_outbox, stream_overrides};
use super::stream::{self, Order};
use crate::config::BatchOverrides;
use crate::input::InputOptions;
use crate::output::Numbering;
use crate::pipeline::{Adopt, Item, Limits, Outbox};

pub(super) fn batch(args: &BatchArgs, context: &mut Context) -> Result<Exit, CommandFailure> {
    let example = "echo '{\"message_id\":\"0A0000000123ABCD1\",\"channel\":\"sms\",\"delivered\":true}' | \
                   nexmo-conversion batch --sandbox";
    let options = stream::options(&args.input, example)?;
    let fields = options
        .fields
        .delivered_when(args.delivered_when.iter().cloned())
        .map_err(|error| CommandFailure::usage(error, "--delivered-when is not usable"))?;
    let options = InputOptions { delivered: args.delivered, fields, ..options };
    let target = Target::from(args.sending.sandbox);
    let overrides = BatchOverrides { max_age: args.max_age, ..stream_overrides(&args.pace, &args.ping) };
    let watched = Watched::unless(args.sending.dry_run);
    let setup = Setup::for_stream(target, &args.sending.network, overrides, watched, context)?;
    if args.input.follow {
        return follow(args, &options, target, &setup, context);
    }
    let (items, reading) = stream::open(&args.input.files, &options, Order::AsNamed, InputFor::Batch)?;
    if args.sending.dry_run {
        return show(items, &reading, &setup, context);
    }
    let limits = Limits { deadline: args.pace.deadline, ..limits(&setup.settings) };
    let opened = match open_outbox(&args.sending.ledger, target, &setup, limits, Patience::AsForTheApi, context) {
        Ok(opened) => opened,
        Err(failure) => {
            reading.stop_waiting();
            not_recorded(items, Numbering::Lines, &failure, &setup, context)?;
            if let Some(error) = reading.take_error() {
                say(&CommandFailure::of_input(error, InputFor::Batch), &mut context.terminal);
            }
            return Err(failure);
        }
    };
    send(items, reading, opened, args, limits, &setup, context)
}

/// The same for files that are followed, and read on where an earlier run stopped: the ledger knows where that is. If it cannot be
/// opened, nothing is read.
fn follow(
    args: &BatchArgs,
    options: &InputOptions,
    target: Target,
    setup: &Setup,
    context: &mut Context,
) -> Result<Exit, CommandFailure> {
    following::check(&args.input.files, InputFor::Batch)?;
    let marks = [("delivered-when", &args.delivered_when[..])];
    let manner = following::manner("batch", &args.input, args.delivered, &marks);
    let begin =
        |outbox: &mut Outbox| following::follow(&args.input.files, options, Order::AsNamed, &manner, outbox);
    if args.sending.dry_run {
        let (items, reading) = begin(&mut Outbox::Off)?;
        return show(items, &reading, setup, context);
    }
    let limits = Limits { deadline: args.pace.deadline, ..limits(&setup.settings) };
    let mut opened = open_outbox(&args.sending.ledger, target, setup, limits, Patience::AsForTheApi, context)?;
    let (items, reading) = begin(&mut opened.outbox)?;
    send(items, reading, opened, args, limits, setup, context)
}

fn show(
    items: impl Iterator<Item = Item>,
    reading: &Reading,
    setup: &Setup,
    context: &mut Context,
) -> Result<Exit, CommandFailure> {
    let exit = dry_run::show(items, Numbering::Lines, setup, context)?;
    reading.say_what_was_passed_over(&mut context.terminal);
    match reading.take_error() {
        Some(error) => Err(CommandFailure::of_input(error, InputFor::Batch)),
        None => Ok(exit),
    }
}

fn send<I>(
    items: I,
    reading: Reading,
    opened: Opened,
    args: &BatchArgs,
    limits: Limits,
    setup: &Setup,
    context: &mut Context,
) -> Result<Exit, CommandFailure>
where
    I: Iterator<Item = Item> + Send + 'static,
{
    let Opened { outbox, linger, folder: _folder } = opened;
    let run = Run {
        command: "batch",
        outbox,
        adopt: Adopt::Due,
        tracking: None,
        limits,
        linger: reading.linger(linger),
        refused_before: args.input.refused_before(),
        summary: Summarise::Always,
        reading: Some(reading),
        is_nameless: false,
    };
    run.run(items, setup, context)
}
