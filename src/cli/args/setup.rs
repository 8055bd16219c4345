//! `check`, `config`, `completions` and `man`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::deferred::Deferred;
use super::sending::{LedgerFile, NetworkArgs};

/// `check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nexmo-conversion check
  nexmo-conversion check --profile alerts --json")]
pub struct CheckArgs {
    /// Which ledger.
    #[command(flatten)]
    pub file: LedgerFile,
    /// How it is sent.
    #[command(flatten)]
    pub sending: CheckSendingArgs,
}

/// The part of [`SendingArgs`](super::sending::SendingArgs) that makes sense for a check.
#[derive(Debug, Args)]
pub struct CheckSendingArgs {
    /// Check against a sandbox inside this process
    #[arg(long, conflicts_with_all = ["base_url", "cacert", "proxy"])]
    pub sandbox: bool,
    /// The network options.
    #[command(flatten)]
    pub network: NetworkArgs,
}

/// `config`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  nexmo-conversion config init
  nexmo-conversion config show")]
pub struct ConfigArgs {
    /// What is to be done with the configuration.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// The commands under `config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Write a configuration file (mode 0600), or add a profile to it; never overwrites
    Init(Deferred<InitArgs>),
    /// Print every setting, its value and where it comes from; secrets are masked
    #[command(after_help = "\
Examples:
  nexmo-conversion config show
  nexmo-conversion config show --profile alerts --json")]
    Show(Deferred<NetworkArgs>),
    /// Print where the configuration file is, or would be
    #[command(after_help = "\
Examples:
  nexmo-conversion config path
  ls -l \"$(nexmo-conversion config path)\"")]
    Path,
    /// Print the names of the profiles, one on each line; completions ask for them
    #[command(
        hide = true,
        after_help = "\
Examples:
  nexmo-conversion config profiles"
    )]
    Profiles,
}

/// `config init`.
#[derive(Debug, Args)]
#[command(after_help = "\
The secret is asked for without echo, or read from a file or a pipe; it is never
an argument, which others could see. What is missing is asked for again, on a
terminal and without --no-input. A file that exists gets the profile that
--profile names; nothing else in it changes.

Examples:
  nexmo-conversion config init
  nexmo-conversion config init --profile alerts
  pass show nexmo/2fa |
    nexmo-conversion config init --api-key abcd1234 --api-secret-file -")]
pub struct InitArgs {
    /// The profile's name; the same as --profile [default: 2fa]
    #[arg(long, value_name = "NAME", hide = true, conflicts_with = "profile")]
    pub name: Option<String>,
    /// The account's key; asked for on a terminal when not given
    #[arg(long, value_name = "KEY")]
    pub api_key: Option<String>,
    /// Read the secret from this file, or from standard input with `-`
    #[arg(long, value_name = "FILE")]
    pub api_secret_file: Option<PathBuf>,
    /// How requests prove who sends them
    #[arg(long, value_name = "MODE", default_value = "form", value_parser = ["form", "basic", "query", "signature", "signature-query"])]
    pub auth: String,
    /// Ask nothing: what is missing is an error
    #[arg(long)]
    pub no_input: bool,
}

/// `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  # bash, zsh and fish, for this shell
  . <(nexmo-conversion completions bash)
  . <(nexmo-conversion completions zsh)
  nexmo-conversion completions fish | source")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// A shell that there is a completion script for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

/// `man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nexmo-conversion man | man -l -
  nexmo-conversion man ~/.local/share/man/man1")]
pub struct ManArgs {
    /// Write one page per command into this folder instead of printing the main one
    #[arg(value_name = "DIR")]
    pub dir: Option<PathBuf>,
}
