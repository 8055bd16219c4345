//! Options that are defined only when their command is typed.

use clap::{ArgMatches, Args, Command, FromArgMatches};

/// A command's options, which are defined when the parser meets the command: to define those of all commands costs a tenth of a short run.
///
/// Before that [`Command::get_arguments`] has none of them; [`Command::build`] defines all. `help` does not see what commands are under
/// such a one, so it is only for those that have none.
#[derive(Debug)]
pub struct Deferred<T>(pub Box<T>);

impl<T: Args> Args for Deferred<T> {
    fn augment_args(command: Command) -> Command {
        command.defer(defined::<T>)
    }

    fn augment_args_for_update(command: Command) -> Command {
        T::augment_args_for_update(command)
    }
}

/// The command with its options, and after them those of every command, which it has by now. What it says of itself stays what the
/// list of commands says.
fn defined<T: Args>(command: Command) -> Command {
    let about = command.get_about().cloned().unwrap_or_default();
    let shared: Vec<_> = command.get_arguments().map(|argument| argument.get_id().clone()).collect();
    let command = T::augment_args(command).about(about).long_about(None);
    // Changing an argument makes it the last one.
    shared.iter().fold(command, |command, id| command.mut_arg(id, |argument| argument))
}

impl<T: FromArgMatches> FromArgMatches for Deferred<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        T::from_arg_matches(matches).map(|options| Self(Box::new(options)))
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
        T::from_arg_matches_mut(matches).map(|options| Self(Box::new(options)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory as _};

    use super::super::Cli;

    #[test]
    fn options_are_defined_late_and_before_those_of_every_command() {
        let (early, late) = (Cli::command(), built());
        for name in ["sms", "batch", "report", "sandbox"] {
            assert_eq!(options(&early, name), Vec::<String>::new(), "{name}");
            let options = options(&late, name);
            let profile = options.iter().position(|option| option == "profile");
            let own =
                options.iter().position(|option| option == "sandbox" || option == "since" || option == "port");
            assert!(own < profile && own.is_some(), "{name}: {options:?}");
        }
    }

    #[test]
    fn a_command_says_of_itself_what_the_list_of_commands_says() {
        let (early, late) = (Cli::command(), built());
        let about = |command: &Command| command.get_about().map(ToString::to_string);
        for command in early.get_subcommands() {
            assert!(about(command).is_some(), "{}", command.get_name());
            assert_eq!(late.find_subcommand(command.get_name()).and_then(about), about(command));
        }
    }

    fn built() -> Command {
        let mut root = Cli::command();
        root.build();
        root
    }

    fn options(root: &Command, name: &str) -> Vec<String> {
        let command = root.find_subcommand(name).unwrap();
        command.get_arguments().map(|option| option.get_id().to_string()).collect()
    }
}
