//! The parser's complaint, with advice of ours.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory as _, Error, Parser as _};

use super::super::args::Cli;
use super::command;
use super::tip::tip;

/// The same complaint with better advice; or the help that was asked for beside the mistake.
pub(crate) fn about(error: Error, arguments: &[OsString]) -> Error {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return error;
    }
    let mut root = Cli::command();
    root.build();
    let words: Vec<_> = arguments.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let path: Vec<_> = path(&root, &words).into_iter().map(|(_, command)| command).collect();
    let help = words.iter().take_while(|word| *word != "--").find(|word| matches!(word.as_str(), "-h" | "--help"));
    if let Some(help) = help {
        let asked = std::iter::once("nexmo-conversion")
            .chain(path.iter().map(|command| command.get_name()).filter(|name| *name != "help"))
            .chain([help.as_str()]);
        return Cli::try_parse_from(asked).err().unwrap_or(error);
    }
    if error.kind() == ErrorKind::UnknownArgument {
        return unknown(error, &root, path.last().copied().unwrap_or(&root));
    }
    if error.kind() == ErrorKind::InvalidSubcommand {
        return unknown_command(error, &root, path.first().map(|command| command.get_name()));
    }
    error
}

/// The parser's own guess goes by letters, and stays where we know nothing better.
fn unknown_command(mut error: Error, root: &Command, behind: Option<&str>) -> Error {
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else { return error };
    if let Some(tip) = command::tip(typed, root, behind) {
        error.remove(ContextKind::SuggestedSubcommand);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
    }
    error
}

/// The commands that were named, from the outside in, with the places of their words. A value of an option is none, whatever it is
/// called.
pub(crate) fn path<'a>(root: &'a Command, words: &[String]) -> Vec<(usize, &'a Command)> {
    let (mut path, mut command, mut words) = (Vec::new(), root, words.iter().enumerate());
    while let Some((place, word)) = words.next() {
        if word == "--" {
            break;
        }
        if let Some(inner) = command.find_subcommand(word) {
            path.push((place, inner));
            command = inner;
        } else if takes_a_value(command, word) {
            words.next();
        }
    }
    path
}

fn takes_a_value(command: &Command, word: &str) -> bool {
    command.get_arguments().any(|arg| {
        let named = word.strip_prefix("--").is_some_and(|long| arg.get_long() == Some(long))
            || word.strip_prefix('-').is_some_and(|short| arg.get_short().is_some_and(|c| short == c.to_string()));
        named && arg.get_num_args().is_some_and(|count| count.min_values() > 0)
    })
}

fn unknown(mut error: Error, root: &Command, command: &Command) -> Error {
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidArg) else { return error };
    let typed = typed.split('=').next().unwrap_or(typed).to_owned();
    for guess in [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::Suggested] {
        error.remove(guess);
    }
    // The parser's usage line shows what it guessed.
    error.insert(ContextKind::Usage, ContextValue::StyledStr(command.clone().render_usage()));
    if let Some(tip) = tip(&typed, root, command) {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
    }
    error
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory as _, Parser as _};

    use super::super::super::args::Cli;
    use super::super::meant::MEANT;
    use super::super::tip::has;
    use super::about;

    /// What is said about a command line.
    fn said(line: &str) -> String {
        let words: Vec<_> = line.split(' ').map(std::ffi::OsString::from).collect();
        about(Cli::try_parse_from(&words).unwrap_err(), &words).to_string()
    }

    fn tip(line: &str) -> Option<String> {
        said(line).lines().find_map(|line| line.trim().strip_prefix("tip: ").map(str::to_owned))
    }

    #[test]
    fn the_right_option_is_named_or_none() {
        for (line, wanted) in [
            ("n sms X --converted", Some("the option is `--delivered`")),
            ("n sms X --success=1", Some("the option is `--delivered`")),
            ("n track --converted", Some("the option is `--converted-when FIELD=VALUE`")),
            ("n sms X --not-delivered", Some("that is `--delivered=false`")),
            ("n sms X --no-delivered", Some("that is `--delivered=false`")),
            ("n sms X --timeout 3", Some("the option is `--max-time TIME`")),
            ("n batch --threads 3", Some("the option is `--jobs N`")),
            ("n sms X --retries 3", Some("the option is `--retry N`")),
            ("n sms X --ca x", Some("the option is `--cacert FILE`")),
            ("n check --url x", Some("the option is `--base-url URL`")),
            ("n ledger status --ledger-file x", Some("the option is `--ledger FILE`")),
            ("n sms X --dryrun", Some("the option is `--dry-run`")),
            ("n sms X --verbose-level 3", Some("the option is `--verbose`")),
            ("n sms X --delivred", Some("a similar option exists: `--delivered`")),
            ("n batch --max-agee 3m", Some("a similar option exists: `--max-age`")),
            ("n ledger forget settled --older 3m", Some("a similar option exists: `--older-than`")),
            ("n sms X --rate 3/s", Some("`--rate` is an option of `batch`, `track`, `ledger resume`")),
            ("n config init --api-secret x", Some("the option is `--api-secret-file FILE`")),
            ("n --retry 3 sms X", Some("put `--retry` behind the command: `nexmo-conversion sms --retry`")),
            ("n ledger --state-dir x resume", None),
            ("n -j 3 batch", Some("put `-j` behind the command: `nexmo-conversion batch -j`")),
            ("n sms X --frobnicate", None),
            ("n sms X --no-sandbox", None),
            ("n ledger status --converted", None),
        ] {
            assert_eq!(tip(line).as_deref(), wanted, "{line}");
        }
        for line in ["n sms X --api-secret x", "n sms X --secret=x", "n batch --token x", "n check --password x"] {
            assert!(tip(line).unwrap().contains("config init"), "{line}");
        }
    }

    #[test]
    fn every_option_that_is_named_exists_somewhere() {
        fn anywhere(command: &Command, option: &str) -> bool {
            has(command, option) || command.get_subcommands().any(|inner| anywhere(inner, option))
        }
        let mut root = Cli::command();
        root.build();
        for meant in MEANT {
            for option in meant
                .options
                .iter()
                .copied()
                .chain(meant.otherwise.map(|(with, _)| with).filter(|with| !with.is_empty()))
            {
                assert!(anywhere(&root, option) || option == "--follow", "{option}");
            }
            let said = meant.otherwise.map(|(_, said)| said).unwrap_or_default();
            for option in said.split(['`', ' ']).filter(|word| word.starts_with("--")) {
                let option = option.split('=').next().unwrap_or(option);
                assert!(anywhere(&root, option), "{said}");
            }
        }
    }

    #[test]
    fn no_usage_line_shows_what_was_guessed() {
        assert!(said("n batch --api-secret x").contains("Usage: nexmo-conversion batch [OPTIONS] [FILE]..."));
    }
}
