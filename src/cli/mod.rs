//! The program as a person meets it: the command line, the terminal, the environment, exit codes and advice.

mod advice;
mod args;
mod authority;
mod batch;
mod check;
mod choice;
mod completion;
mod config_hint;
mod configure;
mod context;
mod dry_run;
mod environment;
mod exit;
mod failure;
mod history;
mod init;
mod input_hint;
mod interrupt;
mod ledger;
mod local_sandbox;
mod machine;
mod manual;
mod progress;
mod prompt;
mod report;
mod run;
mod scratch;
mod send;
mod setup;
mod stream;
mod terminal;
mod track;
mod version;

use std::ffi::OsString;
use std::panic;
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};
use rustix::fs::Mode;
use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal, set_dumpable_behavior, setrlimit, umask};
use signal_hook::flag;

pub use self::args::Cli;
pub use self::completion::completion_script;
pub use self::exit::Exit;
pub use self::manual::manual_pages;

use self::args::{Command, ConfigCommand, LedgerCommand};
use self::context::Context;
use self::environment::Environment;
use self::failure::{CommandFailure, cannot_print};
use self::terminal::{ColorWish, Terminal};
use crate::output::{Escaped, Tone};

/// Runs the program with these arguments (the first is its name) and returns its exit code.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    harden();
    let arguments: Vec<_> = arguments.into_iter().collect();
    panic::catch_unwind(|| run_command(&arguments)).unwrap_or(Exit::Bug).into()
}

fn run_command(arguments: &[OsString]) -> Exit {
    let environment = Environment::read();
    #[cfg(feature = "failpoints")]
    if let Some(promise) = environment.variable("NEXMO_CONVERSION_BREAK") {
        assert!(crate::failpoint::break_promise(&promise), "no such promise");
    }
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let error = advice::about(harmless(error, arguments), arguments);
            return refuse(&error, arguments, &environment);
        }
    };
    let Cli { command, global } = cli;
    let terminal = Terminal::new(global.color, environment.color());
    let mut context = Context { global, environment, terminal };
    match dispatch(command, &mut context) {
        Ok(exit) => exit,
        Err(failure) => {
            failure::say(&failure, &mut context.terminal);
            failure.exit
        }
    }
}

fn dispatch(command: Command, context: &mut Context) -> Result<Exit, CommandFailure> {
    match command {
        Command::Sms(sms) => send::sms(&sms, context),
        Command::Voice(voice) => send::voice(&voice, context),
        Command::Batch(batch) => batch::batch(&batch, context),
        Command::Track(track) => track::track(&track, context),
        Command::Ledger(ledger) => match ledger.command {
            LedgerCommand::Status(file) => ledger::status(&file, context),
            LedgerCommand::Resume(resume) => ledger::resume(&resume, context),
            LedgerCommand::Show(show) => history::show(&show, context),
            LedgerCommand::Refused(file) => history::refused(&file, context),
            LedgerCommand::Forget(forget) => ledger::forget(&forget, context),
        },
        Command::Report(figures) => report::report(&figures, context),
        Command::Check(check) => check::check(&check, context),
        Command::Config(config) => match config.command {
            ConfigCommand::Init(init) => init::init(&init, context),
            ConfigCommand::Show(network) => configure::show(&network, context),
            ConfigCommand::Profiles => configure::profiles(context),
            ConfigCommand::Path => configure::path(context),
        },
        Command::Sandbox(sandbox) => local_sandbox::sandbox(&sandbox, context),
        Command::Completions(completions) => {
            context.print(completion_script(&mut Cli::command(), completions.shell))
        }
        Command::Man(man) => manual::man(&man, context),
    }
}

/// The same complaint about the same words, escaped: it quotes them, and an id or a name may come from anybody.
fn harmless(error: clap::Error, arguments: &[OsString]) -> clap::Error {
    let escaped = arguments.iter().map(|word| Escaped(word.as_encoded_bytes()).to_string());
    Cli::try_parse_from(escaped).err().unwrap_or(error)
}

/// Help and version are answers; anything else on the command line that cannot be understood is refused.
fn refuse(error: &clap::Error, arguments: &[OsString], environment: &Environment) -> Exit {
    let mut terminal = Terminal::new(args::ColorWhen::Auto, environment.color());
    if error.kind() == ErrorKind::DisplayVersion {
        return match terminal.print(version::text(version::detail(arguments))) {
            Ok(()) => Exit::Done,
            Err(error) => cannot_print(error).exit,
        };
    }
    let styled = error.render();
    if error.kind() != ErrorKind::DisplayHelp {
        terminal.say(terminal.for_err(&styled).trim_end());
        return Exit::Usage;
    }
    match terminal.print(terminal.for_out(&styled)) {
        Ok(()) => Exit::Done,
        Err(error) => cannot_print(error).exit,
    }
}

/// Before anything else: whatever is created is private, a crash leaves no memory image with a secret in it, and a panic says
/// where it was but shows no values.
fn harden() {
    umask(Mode::RWXG | Mode::RWXO);
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    // The limit does not hold for a program that the kernel pipes memory images to (core(5)), but this does; nor can another
    // process of the same user look into our memory then.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    // A file that may not grow any further is an error of the write then, which is told and settled, and not the end.
    let _ = flag::register(Signal::XFSZ.as_raw(), Arc::default());
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|at| format!(" ({}:{})", at.file(), at.line())).unwrap_or_default();
        let mut terminal = Terminal::new(args::ColorWhen::Never, ColorWish::Never);
        terminal.remark("error", Tone::Bad, format_args!("a bug in nexmo-conversion{place}"));
        terminal.hint("what was accepted stays accepted; please report this place and the command");
    }));
}
