//! Help and version: what the program says of itself, at a fixed width.

use clap::{CommandFactory as _, Parser as _};
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
    let cli = Cli::new().with("COLUMNS", "80");
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
    let cli = Cli::new();
    let package = format!("nexmo-conversion {}", env!("CARGO_PKG_VERSION"));
    for arguments in [&["--version"][..], &["-V"], &["-V", "-q"]] {
        let ran = cli.run(arguments);
        assert!(ran.exits(0).stdout.starts_with(&package) && ran.stdout.lines().count() == 1, "{}", ran.shown());
    }
    for arguments in [&["--version", "-v"][..], &["-v", "--version"], &["-vV"], &["-Vv"], &["--verbose", "-V"]] {
        let ran = cli.run(arguments);
        assert!(ran.exits(0).stdout.starts_with(&package), "{}", ran.shown());
        for part in ["\ncommit: ", "\nSQLite: 3.", "\nTLS: 1.2 and 1.3, rustls 0."] {
            assert!(ran.stdout.contains(part), "{}", ran.shown());
        }
    }
}

#[test]
fn the_commit_is_the_one_that_was_built() {
    let git = std::process::Command::new("git")
        .args(["rev-parse", "HEAD"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output();
    let Some(head) = git.ok().filter(|git| git.status.success()) else { return };
    let head = String::from_utf8(head.stdout).unwrap();
    let ran = Cli::new().run(["-vV"]);
    assert!(ran.stdout.contains(&format!("\ncommit: {head}")), "{head}{}", ran.shown());
}

#[test]
fn short_help_of_the_commands_that_people_type_fits_a_terminal() {
    let cli = Cli::new().with("COLUMNS", "80");
    for command in ["sms", "voice"] {
        let ran = cli.run([command, "-h"]);
        assert!(ran.exits(0).stdout.lines().count() <= 24, "{}", ran.shown());
    }
}

#[test]
fn help_is_shown_however_it_is_asked_for() {
    let cli = Cli::new();
    let wanted = cli.run(["sms", "--help"]).stdout;
    for asked in [
        &["help", "sms"][..],
        &["sms", "X", "--garbage", "--help"],
        &["sms", "--help", "--garbage"],
        &["sms", "X", "--delivered=maybe", "--help"],
        &["-p", "ledger", "sms", "--garbage", "--help"],
        &["--profile=ledger", "sms", "-x", "--help"],
    ] {
        let ran = cli.run(asked);
        assert_eq!((ran.exits(0).stdout.as_str(), ran.stderr.as_str()), (wanted.as_str(), ""), "{asked:?}");
    }
    assert_eq!(cli.run(["ledger", "help", "show"]).stdout, cli.run(["ledger", "show", "--help"]).stdout);
    assert_eq!(cli.run(["help"]).exits(0).stdout, cli.run(["--help"]).stdout);
    cli.run(["help", "smss"]).exits(2);
    cli.run(["sms", "X", "--garbage", "--", "--help"]).exits(2);
}

/// The lines below `Examples:`, joined where they go on.
fn examples(help: &str) -> Vec<String> {
    let lines = help.split_once("Examples:\n").map(|(_, lines)| lines).unwrap_or_default();
    let lines: Vec<_> = lines.lines().take_while(|line| line.starts_with("  ")).map(str::trim).collect();
    let joined = lines.join("\n").replace("|\n", "| ");
    joined.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn every_help_has_examples_that_fit_and_that_the_program_understands() {
    let cli = Cli::new().with("COLUMNS", "80");
    // In place of every program that an example names: it writes down its words, and takes what it is given.
    let words = cli.path("words");
    for name in ["nexmo-conversion", "jq", "ssh", "tail", "pass", "man", "ls", "source"] {
        let script = format!("#!/bin/sh\nprintf '%s\\0' {name} \"$@\" >'{}/'$$\n", words.display());
        cli.file(&format!("stubs/{name}"), script, 0o755);
    }
    let mut count = 0;
    for command in commands() {
        let help = cli.run(command.iter().map(String::as_str).chain(["--help"])).exits(0).stdout.clone();
        let examples = examples(&help);
        assert!(!examples.is_empty(), "{command:?} has no example\n{help}");
        for example in examples {
            assert!(example.len() <= 78 || example.contains("| "), "too wide: {example}");
            let _ = std::fs::remove_dir_all(&words);
            std::fs::create_dir(&words).unwrap();
            let line = example.replace("~/", "$HOME/");
            let line = format!("enable -n source\nexport PATH=\"$HOME/stubs:$PATH\"\n{line}\nwait");
            let mut bash = cli.command("bash", &["-c".into(), line.into()]);
            let ran = bash.stdin(std::process::Stdio::null()).output().unwrap();
            assert!(ran.stderr.is_empty(), "{example}: {}", String::from_utf8_lossy(&ran.stderr));
            let said = std::fs::read_dir(&words)
                .unwrap()
                .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
            let ours: Vec<_> = said.filter(|words| words.starts_with("nexmo-conversion\0")).collect();
            assert!(!ours.is_empty(), "{example} does not run the program");
            for words in ours {
                Arguments::try_parse_from(words.trim_end_matches('\0').split('\0'))
                    .unwrap_or_else(|why| panic!("{example}: {why}"));
                count += 1;
            }
        }
    }
    assert!(count > 40, "{count}");
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
    for name in Unknowns::names() {
        assert!(words.contains(&name), "{name} is not in the help");
    }
}
