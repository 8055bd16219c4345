//! One example of every command, so that what holds for all of them can be tried with all of them. A new command has its example
//! here, or the test at the end fails.

use std::ffi::OsString;

use clap::CommandFactory as _;
use nexmo_conversion::cli::Cli as Arguments;

/// A command that works, against any API that accepts everything.
pub(crate) struct Example {
    /// Its words, without options.
    pub(crate) name: &'static str,
    options: &'static [&'static str],
    /// What it reads from standard input.
    pub(crate) input: &'static str,
    pub(crate) says: Says,
}

/// Where a command's answer appears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// On standard output.
    Results,
    /// On standard error, if anywhere.
    Remarks,
}

/// In an order in which each finds what it needs.
pub(crate) const EXAMPLES: &[Example] = &[
    example("config path", &[], "", Says::Results),
    example("config init", &["--api-key", "abcd1234", "--api-secret-file", "-"], "anything\n", Says::Remarks),
    example("config show", &[], "", Says::Results),
    example("config profiles", &[], "", Says::Results),
    example("check", &[], "", Says::Results),
    example("sms", &["A", "B", "--delivered"], "", Says::Results),
    example("voice", &["A", "--delivered=false"], "", Says::Results),
    example(
        "batch",
        &["--format", "ids", "--channel", "sms", "--delivered", "true"],
        "C\nD\nno id\n",
        Says::Results,
    ),
    example(
        "track",
        &["--channel", "sms"],
        "{\"event\":\"converted\",\"id\":\"E\"}\n{\"event\":\"login\"}\n",
        Says::Results,
    ),
    example("ledger status", &[], "", Says::Results),
    example("ledger show", &["A"], "", Says::Results),
    example("ledger refused", &[], "", Says::Results),
    example("ledger resume", &[], "", Says::Remarks),
    example("report", &[], "", Says::Results),
    example("ledger forget", &["settled", "--older-than", "30d"], "", Says::Remarks),
    example("ledger migrate", &[], "", Says::Remarks),
    example("sandbox", &["--stop-after", "50ms"], "", Says::Results),
    example("completions", &["bash"], "", Says::Results),
    example("man", &[], "", Says::Results),
];

const fn example(
    name: &'static str,
    options: &'static [&'static str],
    input: &'static str,
    says: Says,
) -> Example {
    Example { name, options, input, says }
}

impl Example {
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        self.name.split(' ').chain(self.options.iter().copied()).map(Into::into).collect()
    }
}

#[test]
fn every_command_has_an_example() {
    fn below(command: &clap::Command, path: &str, all: &mut Vec<String>) {
        let inner: Vec<_> = command.get_subcommands().collect();
        if inner.is_empty() {
            all.push(path.trim_start().to_owned());
        }
        for command in inner {
            below(command, &format!("{path} {}", command.get_name()), all);
        }
    }
    let mut all = Vec::new();
    below(&Arguments::command(), "", &mut all);
    all.sort();
    let mut examples: Vec<_> = EXAMPLES.iter().map(|example| example.name.to_owned()).collect();
    examples.sort();
    assert_eq!(examples, all);
}
