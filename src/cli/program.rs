//! From the process's arguments to its exit code: parse, dispatch, complain.

use std::ffi::OsString;
use std::panic;
use std::process::ExitCode;

use clap::ValueEnum as _;
use clap::error::ErrorKind;

use super::args::{Cli, ColorWhen, Command, ConfigCommand, Deferred, LedgerCommand, LogFormat};
use super::completion::completion_script;
use super::context::Context;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::{self, CommandFailure, cannot_print};
use super::hardening::harden;
use super::parse::parse;
use super::terminal::Terminal;
use super::{
    advice, batch, check, configure, history, init, ledger, local_sandbox, manual, report, send, track, version,
};
use crate::output::{Escaped, Verbosity};

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
    let cli = match parse(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let error = advice::about(harmless(error, arguments), arguments);
            return refuse(&error, arguments, &environment);
        }
    };
    let Cli { command, global } = cli;
    let terminal = Terminal::new(global.color, environment.color(), global.log_format, global.verbosity());
    let mut context = Context { global, environment, terminal, pings: None };
    let exit = match dispatch(command, &mut context) {
        Ok(exit) => exit,
        Err(failure) => {
            failure::say(&failure, &mut context.terminal);
            failure.exit
        }
    };
    if let Some(pings) = context.pings.take() {
        pings.end(exit, &mut context.terminal);
    }
    context.terminal.end(exit);
    exit
}

fn dispatch(command: Command, context: &mut Context) -> Result<Exit, CommandFailure> {
    match command {
        Command::Sms(Deferred(sms)) => send::sms(&sms, context),
        Command::Voice(Deferred(voice)) => send::voice(&voice, context),
        Command::Batch(Deferred(batch)) => batch::batch(&batch, context),
        Command::Track(Deferred(track)) => track::track(&track, context),
        Command::Ledger(ledger) => match ledger.command {
            LedgerCommand::Status(Deferred(file)) => ledger::status(&file, context),
            LedgerCommand::Resume(Deferred(resume)) => ledger::resume(&resume, context),
            LedgerCommand::Show(Deferred(show)) => history::show(&show, context),
            LedgerCommand::Refused(Deferred(file)) => history::refused(&file, context),
            LedgerCommand::Forget(Deferred(forget)) => ledger::forget(&forget, context),
            LedgerCommand::Migrate(Deferred(file)) => ledger::migrate(&file, context),
        },
        Command::Report(Deferred(figures)) => report::report(&figures, context),
        Command::Check(Deferred(check)) => check::check(&check, context),
        Command::Config(config) => match config.command {
            ConfigCommand::Init(Deferred(init)) => init::init(&init, context),
            ConfigCommand::Show(Deferred(network)) => configure::show(&network, context),
            ConfigCommand::Profiles => configure::profiles(context),
            ConfigCommand::Path => configure::path(context),
        },
        Command::Sandbox(Deferred(sandbox)) => local_sandbox::sandbox(&sandbox, context),
        Command::Completions(Deferred(completions)) => context.print(completion_script(completions.shell)),
        Command::Man(Deferred(man)) => manual::man(&man, context),
    }
}

/// The same complaint about the same words, escaped: it quotes them, and an id or a name may come from anybody.
fn harmless(error: clap::Error, arguments: &[OsString]) -> clap::Error {
    let escaped: Vec<_> =
        arguments.iter().map(|word| OsString::from(Escaped(word.as_encoded_bytes()).to_string())).collect();
    parse(&escaped).err().unwrap_or(error)
}

/// Which colour was wished for, where the rest of the line cannot be understood or need not be.
fn color(arguments: &[OsString]) -> ColorWhen {
    let mut words = arguments.iter().filter_map(|word| word.to_str()).take_while(|word| *word != "--");
    let mut color = ColorWhen::Auto;
    while let Some(word) = words.next() {
        let wished = match word.strip_prefix("--color") {
            Some("") => words.next(),
            Some(joined) => joined.strip_prefix('='),
            None => None,
        };
        color = wished.and_then(|wished| ColorWhen::from_str(wished, false).ok()).unwrap_or(color);
    }
    color
}

/// Help and version are answers; anything else on the command line that cannot be understood is refused.
fn refuse(error: &clap::Error, arguments: &[OsString], environment: &Environment) -> Exit {
    let mut terminal = Terminal::new(color(arguments), environment.color(), LogFormat::Text, Verbosity::Normal);
    if error.kind() == ErrorKind::DisplayVersion {
        return answer(&mut terminal, version::text(version::detail(arguments)));
    }
    let styled = error.render();
    if error.kind() != ErrorKind::DisplayHelp {
        terminal.say(terminal.for_err(&styled).trim_end());
        return Exit::Usage;
    }
    let help = terminal.for_out(&styled);
    answer(&mut terminal, help)
}

fn answer(terminal: &mut Terminal, text: String) -> Exit {
    match terminal.print(text) {
        Ok(()) => Exit::Done,
        Err(error) => {
            let failure = cannot_print(error);
            failure::say(&failure, terminal);
            failure.exit
        }
    }
}
