//! Which option was probably meant.

use clap::Command;

use super::meant::MEANT;
use crate::domain::nearest;

pub(super) fn tip(typed: &str, root: &Command, command: &Command) -> Option<String> {
    for meant in MEANT.iter().filter(|meant| meant.typed.contains(&typed)) {
        let option = meant.options.iter().find(|option| has(command, option));
        if let Some(option) = option {
            return Some(format!("the option is `{option}`"));
        }
        if let Some((with, otherwise)) = meant.otherwise
            && (with.is_empty() || has(command, with))
        {
            return Some(otherwise.to_owned());
        }
    }
    if is_option_of(command, typed) {
        return Some(format!(
            "put `{typed}` behind the command: `nexmo-conversion {} {typed}`",
            command_line(command)
        ));
    }
    if let Some(near) = near(typed, command) {
        return Some(format!("a similar option exists: `{near}`"));
    }
    let elsewhere = commands_with(root, typed);
    (!elsewhere.is_empty()).then(|| format!("`{typed}` is an option of {}", elsewhere.join(", ")))
}

pub(super) fn has(command: &Command, option: &str) -> bool {
    let long = option.trim_start_matches('-').split([' ', '=']).next().unwrap_or_default();
    command.get_arguments().any(|arg| arg.get_long() == Some(long) && !arg.is_hide_set())
}

/// Whether it is one as it is typed: then it stands before the command.
fn is_option_of(command: &Command, typed: &str) -> bool {
    let short = typed.strip_prefix('-').and_then(|letters| letters.parse::<char>().ok());
    command.get_arguments().filter(|arg| !arg.is_hide_set()).any(|arg| {
        let long = arg.get_long().is_some_and(|long| typed.strip_prefix("--") == Some(long));
        long || (short.is_some() && arg.get_short() == short)
    })
}

/// The command as it is typed, without the program's name.
fn command_line(command: &Command) -> String {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    name.split_once(' ').map_or(name, |(_, behind)| behind).to_owned()
}

/// A slip of the finger, or a word left out at the end; never an opposite.
fn near(typed: &str, command: &Command) -> Option<String> {
    let typed = typed.strip_prefix("--").filter(|typed| typed.len() > 2)?;
    let is_negative = |name: &str| name.starts_with("no-") || name.starts_with("not-");
    let names = command.get_arguments().filter(|arg| !arg.is_hide_set()).filter_map(clap::Arg::get_long);
    let names = names.filter(|name| is_negative(name) == is_negative(typed));
    nearest(typed, names.map(|name| (name, format!("--{name}"))))
}

/// The commands that do have it, as they are typed.
fn commands_with(root: &Command, option: &str) -> Vec<String> {
    let mut found = Vec::new();
    for command in root.get_subcommands().filter(|command| !command.is_hide_set()) {
        if option.starts_with("--") && has(command, option) {
            found.push(format!("`{}`", command.get_name()));
        }
        for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
            if option.starts_with("--") && has(inner, option) {
                found.push(format!("`{} {}`", command.get_name(), inner.get_name()));
            }
        }
    }
    found
}
