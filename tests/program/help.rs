//! Help and version: what the program says of itself, at a fixed width.

use clap::CommandFactory as _;
use nexmo_conversion::cli::Cli as Arguments;

use nexmo_conversion::sandbox::Unknowns;

use crate::cli::{Cli, assert_same};

/// Every command that is there, found in the definition: a new one has its help in the snapshots or fails here.
fn commands() -> Vec<Vec<String>> {
    fn below(command: &clap::Command, path: &[String], all: &mut Vec<Vec<String>>) {
        all.push(path.to_vec());
        for command in command.get_subcommands() {
            let path: Vec<_> = path.iter().cloned().chain([command.get_name().to_owned()]).collect();
            below(command, &path, all);
        }
    }
    let mut all = Vec::new();
    below(&Arguments::command(), &[], &mut all);
    all
}

#[test]
fn every_command_has_its_help() {
    let commands = commands();
    assert!(commands.len() > 9, "the definition was not walked: {commands:?}");
    let cli = Cli::new().with("COLUMNS", "100");
    for flag in ["-h", "--help"] {
        for command in &commands {
            let ran = cli.run(command.iter().map(String::as_str).chain([flag]));
            ran.exits(0);
            assert_eq!(ran.stderr, "", "{command:?}");
            let name = [command.as_slice(), &[flag.to_owned()]].concat().join("_");
            assert_same(&format!("help__{}", name.trim_start_matches('_')), [ran.shown()]);
        }
    }
}

#[test]
fn help_is_as_wide_as_the_terminal_but_never_wider_than_100_columns() {
    let widest = |columns: &str| {
        let ran = Cli::new().with("COLUMNS", columns).run(["sms", "-h"]);
        ran.exits(0).stdout.lines().map(|line| line.chars().count()).max().unwrap()
    };
    assert!(widest("400") <= 100);
    assert!(widest("") <= 100, "without a terminal");
    assert!(widest("80") <= 80);
}

#[test]
fn the_version_is_the_packages() {
    for flag in ["--version", "-V"] {
        let ran = Cli::new().run([flag]);
        assert_eq!(ran.exits(0).stdout, format!("nexmo-conversion {}\n", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn help_works_where_nothing_else_would() {
    let cli = Cli::new().configured("this is not TOML").with("NEXMO_CONVERSION_BASE_URL", "ftp://nowhere");
    cli.run(["sms", "--help"]).exits(0);
    cli.run(["--version"]).exits(0);
    cli.run(["sms", "A", "--delivered"]).exits(78);
}

#[test]
fn every_switch_of_the_sandbox_is_in_its_help() {
    let help = Cli::new().run(["sandbox", "--help"]).exits(0).stdout.clone();
    let words: Vec<&str> = help.split([' ', '\n', ',', '.']).collect();
    for name in Unknowns::NAMES {
        assert!(words.contains(name), "{name} is not in the help");
    }
}
