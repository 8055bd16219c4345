//! A run as a command: signals, printing, the summary, the exit code.

use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::args::Global;
use super::context::Context;
use super::exit::Exit;
use super::failure::{CommandFailure, cannot_print, exit_of, record_hint, say};
use super::input_hint::InputFor;
use super::interrupt::Interrupt;
use super::machine::{SPARE_FILES, files_left, threads_left, threads_within_memory};
use super::progress::Bar;
use super::provenance::exchanges;
use super::reading::Reading;
use super::setup::Setup;
use super::terminal::{Streams, Terminal};
use crate::clock;
use crate::domain::counted;
use crate::ledger::{LeftOver, RunEnd};
use crate::output::{AdoptedRows, Numbering, OutputStyle, Printer, Progress, Severity, Summary, Unsent};
use crate::pipeline::{
    self, Adopt, Event, Item, Limits, Listener as _, Means, Outbox, RecordResult, RefusedBefore, RunPlan, State,
    Stopped, Tracking,
};
use crate::transport::Transport;

/// What a sending command has decided on before it sends.
pub(super) struct Run {
    /// What was typed.
    pub(super) command: &'static str,
    pub(super) outbox: Outbox,
    pub(super) adopt: Adopt,
    pub(super) tracking: Option<Tracking>,
    pub(super) limits: Limits,
    /// How long a group waits for more before it is written down.
    pub(super) linger: Duration,
    pub(super) refused_before: RefusedBefore,
    pub(super) summary: Summarise,
    /// What is known of the input while it is read, where there is one to speak of.
    pub(super) reading: Option<Reading>,
    /// The input comes through a pipe that no later run knows again.
    pub(super) is_nameless: bool,
}

/// When the summary is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Summarise {
    /// At the end.
    Always,
    /// Only if the run was stopped.
    WhenStopped,
}

impl Summarise {
    /// A failure before anything was done has said all that there is.
    fn wants(self, summary: &Summary, stopped: Option<&Stopped>, unreadable: Option<&CommandFailure>) -> bool {
        let has_failed = unreadable.is_some() || stopped.is_some();
        stopped == Some(&Stopped::Interrupted) || (self == Self::Always && !(has_failed && summary.is_empty()))
    }
}

impl Run {
    /// Sends the items, prints what comes of them, and says how it ended.
    pub(super) fn run<I>(mut self, items: I, setup: &Setup, context: &mut Context) -> Result<Exit, CommandFailure>
    where
        I: Iterator<Item = Item> + Send + 'static,
    {
        let interrupt =
            Interrupt::listen().map_err(|error| CommandFailure::io("cannot listen to signals", error))?;
        let (watcher, seen) = exchanges(&context.global);
        let transport = Transport::new(setup.endpoint.clone())?.watched(watcher);
        self.outbox.heed(interrupt.shared());
        let (summarise, linger, command) = (self.summary, self.linger, self.command);
        let Self { outbox, adopt, tracking, mut limits, refused_before, reading, is_nameless, .. } = self;
        limits.jobs = jobs_within_the_limit(limits.jobs, setup, &mut context.terminal);
        let stop_reading = reading.as_ref().map(Reading::stop).unwrap_or_default();
        let plan = RunPlan { limits, adopt, tracking, refused_before, linger };
        let means = Means {
            transport: &transport,
            account: &setup.account,
            interrupted: interrupt.asked(),
            stop_reading: &stop_reading,
        };
        // Who types ids wants to hear of each.
        let is_stream = reading.is_some() || adopt == Adopt::Everything;
        let bar = || reading.as_ref().map_or_else(Bar::of_ids, |reading| Bar::of(reading, limits.interval));
        let mut bar = (!context.global.quiet && context.terminal.can_show_progress()).then(bar);
        let hint = |failure: &_| record_hint(failure, &setup.account);
        let numbering = if reading.is_some() { Numbering::Lines } else { Numbering::Ids };
        let streams = context.terminal.streams();
        let style = OutputStyle {
            adopted: if adopt == Adopt::Everything { AdoptedRows::Shown } else { AdoptedRows::Counted },
            unsent: if is_stream && matches!(outbox, Outbox::Durable(_)) {
                Unsent::Counted
            } else {
                Unsent::Shown
            },
            ..style(numbering, setup, &context.global, &streams)
        };
        let mut printer = Printer::new(streams.results, streams.remarks, style, &hint)
            .with_exchanges(seen)
            .with_progress(bar.as_mut().map(|bar| bar as &mut dyn Progress));
        let unclean_stops = outbox.unclean_stops();
        let (stopped, outbox) = pipeline::run(items, outbox, plan, means, &mut printer);
        let (mut summary, failure) = printer.finish();
        summary.unclean_stops = unclean_stops;
        drop(bar);
        let input = if tracking.is_some() { InputFor::Track } else { InputFor::Batch };
        let unreadable = reading.and_then(|reading| say_how_it_was_read(&reading, input, &mut context.terminal));
        if summarise.wants(&summary, stopped.as_ref(), unreadable.as_ref()) {
            context.terminal.summarise(&summary);
        }
        if is_nameless && summary.open_codes > Some(0) {
            let hint = "the next run cannot recognise this pipe, so its open windows close by the clock: name it with --source NAME";
            context.terminal.hint(hint);
        }
        // Of a stream that was stopped not every record has had a line.
        let shown = if stopped.is_some() && is_stream { 0 } else { summary.retry };
        say_what_is_left(&summary, shown, &mut context.terminal);
        let ended = match failure {
            Some(error) => Err(cannot_print(error)),
            None => Ok(exit(&summary, stopped.as_ref(), unreadable.map(|failure| failure.exit), &interrupt)),
        };
        close(outbox, command, ended)
    }
}

/// Says why the input could not be read to its end, and what of it was passed over.
fn say_how_it_was_read(reading: &Reading, input: InputFor, terminal: &mut Terminal) -> Option<CommandFailure> {
    let unreadable = reading.take_error().map(|error| CommandFailure::of_input(error, input));
    if let Some(failure) = &unreadable {
        say(failure, terminal);
    }
    reading.say_what_was_passed_over(terminal);
    unreadable
}

/// Ends the run in the ledger, which keeps how the command ended. Everything is settled: where others are in the way, tidying up can
/// wait for the next run.
fn close(
    outbox: Outbox,
    command: &'static str,
    ended: Result<Exit, CommandFailure>,
) -> Result<Exit, CommandFailure> {
    let exit = ended.as_ref().map_or_else(|failure| failure.exit, |exit| *exit);
    let end = RunEnd { command, exit_code: exit.code() };
    match outbox.close(Some(end), clock::now()) {
        Err(error) if !error.is_busy() && ended.is_ok() => {
            let failure = CommandFailure::from(error);
            Err(CommandFailure { exit: Exit::worst([exit, failure.exit]), ..failure })
        }
        Ok(()) | Err(_) => ended,
    }
}

/// As many senders as there are files for their connections, with some left for the ledger's locks, and room and threads for
/// both ends.
fn jobs_within_the_limit(jobs: usize, setup: &Setup, terminal: &mut Terminal) -> usize {
    let has_sandbox = setup.has_sandbox();
    let ends = if has_sandbox { 2 } else { 1 };
    let by_files = files_left(jobs * ends + SPARE_FILES).saturating_sub(SPARE_FILES) / ends;
    let by_memory = threads_within_memory().map_or(jobs, |threads| threads / ends);
    // Senders are started as they are needed. What serves them here must not find that they took the last thread; one is the
    // reader's.
    let by_threads = if has_sandbox { threads_left(jobs * ends + 1).saturating_sub(1) / ends } else { jobs };
    let possible = by_files.min(by_memory).min(by_threads).max(1);
    if possible >= jobs {
        return jobs;
    }
    let limit = if by_files <= by_memory.min(by_threads) {
        "the limit on open files (`ulimit -n`) leaves no more connections"
    } else if by_memory <= by_threads {
        "the limit on memory (`ulimit -v`) leaves no room for more threads"
    } else {
        "the limit on processes (`ulimit -u`) leaves no more threads"
    };
    terminal.warn(format_args!("fewer requests at once, {possible} instead of {jobs}: {limit}"));
    possible
}

/// What is pending beyond the records that this run printed lines for, and what to type.
fn say_what_is_left(summary: &Summary, shown: u64, terminal: &mut Terminal) {
    let Some(LeftOver { count, until }) = summary.left_over.filter(|left| left.count > shown) else { return };
    let what = counted(count, "conversion");
    let text = format_args!(
        "{what} of this account recorded but not settled, with attempts planned until {until}Z; \
         send now with `nexmo-conversion ledger resume`, count with `nexmo-conversion ledger status`"
    );
    // Not silenced: with nothing else to say it is the reason for the exit code.
    terminal.remark("pending", Severity::Warning, text);
}

/// Answers every record where the ledger cannot be opened: none is sent, and none kept.
pub(super) fn not_recorded(
    items: impl Iterator<Item = Item>,
    numbering: Numbering,
    why: &CommandFailure,
    setup: &Setup,
    context: &mut Context,
) -> Result<(), CommandFailure> {
    let hint = |failure: &_| record_hint(failure, &setup.account);
    let streams = context.terminal.streams();
    let manner = style(numbering, setup, &context.global, &streams);
    // The failure itself says why, once.
    let mut unsaid = io::sink();
    let mut printer = Printer::new(streams.results, &mut unsaid, manner, &hint);
    let why = format!("{:#}", why.error);
    for item in items {
        let result = match item {
            Item::Record(record) => RecordResult::not_recorded(record, &why),
            Item::Bad(bad) => RecordResult::invalid(bad),
            Item::Event(_) | Item::LogTime(_) | Item::ReadTo(_) | Item::Remark(_) | Item::Broken => continue,
        };
        if printer.hear(Event::Settled(Box::new(result))).is_err() {
            break;
        }
    }
    let _ = printer.turn(State::default());
    match printer.finish() {
        (_, Some(error)) => Err(cannot_print(error)),
        (_, None) => Ok(()),
    }
}

/// How results are shown that answer what was typed.
fn style(numbering: Numbering, setup: &Setup, global: &Global, streams: &Streams<'_>) -> OutputStyle {
    OutputStyle {
        format: global.format(),
        verbosity: global.verbosity(),
        line: streams.line_style(numbering),
        remarks: streams.remarks_format,
        profile: setup.profile.clone(),
        adopted: AdoptedRows::Counted,
        unsent: Unsent::Shown,
    }
}

fn exit(summary: &Summary, stopped: Option<&Stopped>, unreadable: Option<Exit>, interrupt: &Interrupt) -> Exit {
    if interrupt.asked().load(Ordering::Relaxed) {
        return interrupt.exit();
    }
    // Only where the input's fault ended the run: a refused account, say, comes first.
    if let (Some(Stopped::InputBroken), Some(exit)) = (stopped, unreadable) {
        return exit;
    }
    let bad = (summary.rejected + summary.invalid > 0).then_some(Exit::Data);
    // What a wrong mapping left unsent would be refused as well: trying it later does not help.
    let mapped_wrongly = stopped == Some(&Stopped::NearlyAllRefused);
    let later = (summary.retry > 0 && !mapped_wrongly).then_some(Exit::TryLater);
    let stop = stopped.map(|stopped| exit_of(stopped, interrupt.exit()));
    let worst = Exit::worst([bad, later, stop].into_iter().flatten());
    if worst == Exit::Done && summary.left_over.is_some() { Exit::TryLater } else { worst }
}
