//! The command line, as clap reads it, but for the place of an option. Clap compares the options of one command with each other; one of
//! every command that stands before the command and one that stands behind it may exclude each other, too. And a few options that
//! only some commands have may also stand before the command.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory as _, FromArgMatches as _};

use super::advice;
use super::args::Cli;

/// What may stand before the command as well.
const MOVABLE: [&str; 3] = ["-n", "--dry-run", "--sandbox"];

/// Reads these words, of which the first is the program's name.
pub(super) fn parse(words: &[OsString]) -> Result<Cli, clap::Error> {
    match read(words) {
        Err(error) if error.kind() == ErrorKind::UnknownArgument => {
            moved(words).map_or(Err(error), |words| read(&words))
        }
        read => read,
    }
}

/// The words with what may stand before the command behind it; nothing if nothing does.
fn moved(words: &[OsString]) -> Option<Vec<OsString>> {
    let mut program = Cli::command();
    program.build();
    let texts: Vec<_> = words.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let (place, _) = advice::path(&program, &texts).pop()?;
    let (before, behind) = words.split_at_checked(place + 2)?;
    let (movable, kept): (Vec<_>, Vec<_>) =
        before.iter().cloned().partition(|word| MOVABLE.iter().any(|movable| word == movable));
    (!movable.is_empty()).then(|| [&kept, &movable, behind].concat())
}

fn read(words: &[OsString]) -> Result<Cli, clap::Error> {
    let mut program = Cli::command();
    let mut matches = program.try_get_matches_from_mut(words)?;
    refuse_contradictions(&mut program, &matches)?;
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut program))
}

/// Refuses what contradicts itself in the command that was given, where clap does not.
fn refuse_contradictions(command: &mut Command, matches: &ArgMatches) -> Result<(), clap::Error> {
    if let Some((name, behind)) = matches.subcommand()
        && let Some(found) = command.find_subcommand_mut(name)
    {
        return refuse_contradictions(found, behind);
    }
    match contradiction(command, matches) {
        Some(what) => Err(command.error(ErrorKind::ArgumentConflict, what)),
        None => Ok(()),
    }
}

fn contradiction(command: &Command, matches: &ArgMatches) -> Option<String> {
    let given = || {
        command
            .get_arguments()
            .filter(|argument| matches.value_source(argument.get_id().as_str()) == Some(ValueSource::CommandLine))
    };
    let excludes = |one: &Arg, other: &Arg| {
        command.get_arg_conflicts_with(one).iter().any(|arg| arg.get_id() == other.get_id())
    };
    given().filter(|one| one.is_global_set()).find_map(|one| {
        let other = given().find(|other| excludes(one, other) || excludes(other, one))?;
        Some(format!("the argument '{one}' cannot be used with '{other}'"))
    })
}
