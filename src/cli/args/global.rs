//! The command line as a whole: the commands, and the options that all of them have.

use std::path::PathBuf;

use clap::builder::Styles;
use clap::builder::styling::AnsiColor;
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::deferred::Deferred;
use super::ids::{SmsArgs, VoiceArgs};
use super::ledger::{LedgerCommandArgs, ReportArgs};
use super::sandbox::SandboxArgs;
use super::setup::{CheckArgs, CompletionsArgs, ConfigArgs, ManArgs};
use super::stream::{BatchArgs, TrackArgs};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Tell Nexmo's (Vonage's) Conversion API whether each SMS or voice call converted.
///
/// A conversion means: the user completed the 2FA step, for instance typed in the code that you had sent. It is not
/// the carrier's delivery receipt.
#[derive(Debug, Parser)]
#[command(name = "nexmo-conversion", version, styles = STYLES, max_term_width = 100)]
#[command(after_help = EXAMPLES, arg_required_else_help = true, infer_long_args = false)]
pub struct Cli {
    /// What is to be done.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
}

const EXAMPLES: &str = "\
Examples:
  # try it: no account, no network
  nexmo-conversion sms 0A0000000123ABCD1 --delivered --sandbox
  # the user typed in the code, just now
  nexmo-conversion sms 0A0000000123ABCD1 --delivered
  # another did not, ten minutes ago
  nexmo-conversion sms 0A0000000123ABCD1 --delivered=false --timestamp 10m
  # is everything set up?
  nexmo-conversion check

Exit codes: 0 accepted, 2 wrong command line, 65 a record can never succeed,
66 no input, 70 bug, 74 local I/O, 75 try again later, 77 account refused,
78 configuration, 130 and 143 interrupted, 141 the reader has gone

`nexmo-conversion help COMMAND` explains a command in full.
The API: https://developer.vonage.com/en/api/conversion";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Send whether SMS messages converted
    Sms(Deferred<SmsArgs>),
    /// Send whether voice calls converted (Text-To-Speech, TTS Prompt)
    Voice(Deferred<VoiceArgs>),
    /// Send a stream of conversions, each as it arrives
    Batch(Deferred<BatchArgs>),
    /// Send what follows from a log of codes and conversions: silence becomes false
    Track(Deferred<TrackArgs>),
    /// Look into the ledger: what is pending, refused, settled
    Ledger(LedgerCommandArgs),
    /// Show conversion rate, lateness and outcomes, from the ledger
    Report(Deferred<ReportArgs>),
    /// Check credentials, file modes, ledger, proxy, CA, TLS and clock
    Check(Deferred<CheckArgs>),
    /// Create or show the configuration
    Config(ConfigArgs),
    /// Run a local Conversion API for tests
    Sandbox(Deferred<SandboxArgs>),
    /// Print a completion script for a shell
    Completions(Deferred<CompletionsArgs>),
    /// Print the manual page, or write all pages into a folder
    #[command(hide = true)]
    Man(Deferred<ManArgs>),
}

/// Options of every command. Of one that is given twice the last counts, also if one stands before the command: so an alias can name
/// a profile that a line then replaces.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Use this profile of the configuration file
    #[arg(short, long, value_name = "NAME", global = true, hide_short_help = true, overrides_with = "profile")]
    pub profile: Option<String>,
    /// Read this configuration file
    #[arg(long, value_name = "FILE", global = true, hide_short_help = true, overrides_with = "config")]
    pub config: Option<PathBuf>,
    /// Print results as JSON, one object per line
    #[arg(long, global = true, hide_short_help = true, overrides_with = "json")]
    pub json: bool,
    /// Print failures only
    #[arg(
        short,
        long,
        global = true,
        hide_short_help = true,
        conflicts_with = "verbose",
        overrides_with = "quiet"
    )]
    pub quiet: bool,
    /// Say what goes on (never shows a secret)
    #[arg(short, long, global = true, hide_short_help = true, overrides_with = "verbose")]
    pub verbose: bool,
    /// Write messages on standard error as text, or as one JSON object a line for log collectors
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        global = true,
        hide_short_help = true,
        overrides_with = "log_format"
    )]
    pub log_format: LogFormat,
    /// Colour the output
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        global = true,
        hide_short_help = true,
        overrides_with = "color"
    )]
    pub color: ColorWhen,
}

/// How messages on standard error are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// `label: text`
    Text,
    /// One object a line: `time`, `level`, `event`, `message`; at the end the counts and the exit code
    Json,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
