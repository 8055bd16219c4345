//! `batch`: a stream of conversions.

use super::args::BatchArgs;
use super::context::Context;
use super::dry_run;
use super::exit::Exit;
use super::failure::{CommandFailure, say};
use super::input_hint::InputFor;
use super::run::{Run, Summarise, not_recorded};
use super::setup::{Opened, Patience, Setup, Target, Watched, limits, open_outbox, stream_overrides};
use super::stream::{self, Order};
use crate::config::BatchOverrides;
use crate::input::InputOptions;
use crate::output::Numbering;
use crate::pipeline::{Adopt, Limits};

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
    let (items, reading) = stream::open(&args.input.files, &options, Order::AsNamed, InputFor::Batch)?;
    if args.sending.dry_run {
        let exit = dry_run::show(items, Numbering::Lines, &setup, context)?;
        return match reading.take_error() {
            Some(error) => Err(CommandFailure::of_input(error, InputFor::Batch)),
            None => Ok(exit),
        };
    }
    let limits = Limits { deadline: args.pace.deadline, ..limits(&setup.settings) };
    let Opened { outbox, linger, folder: _folder } =
        match open_outbox(&args.sending.ledger, target, &setup, limits, Patience::AsForTheApi, context) {
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
    let run = Run {
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
    run.run(items, &setup, context)
}
