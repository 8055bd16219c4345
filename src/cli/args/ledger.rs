//! `ledger` and `report`: what is written down, and what it comes to.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::deferred::Deferred;
use super::sending::{LedgerFile, NetworkArgs, PaceArgs, PingArgs};
use super::values::{Since, parse_age, parse_since};

/// `ledger`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  nexmo-conversion ledger status
  nexmo-conversion ledger show 0A0000000123ABCD1
  nexmo-conversion ledger resume")]
pub struct LedgerCommandArgs {
    /// What is to be done with the ledger.
    #[command(subcommand)]
    pub command: LedgerCommand,
}

/// The commands under `ledger`.
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Count what is in it, by account and state, with the oldest
    #[command(after_help = "\
Examples:
  nexmo-conversion ledger status
  nexmo-conversion ledger status --json | jq 'select(.state==\"queued\").count'")]
    Status(Deferred<LedgerFile>),
    /// Show all that is known about an id: sent when, with which value, and what was answered
    Show(Deferred<ShowArgs>),
    /// Send now what is pending for this account, whatever its next planned attempt
    Resume(Deferred<ResumeArgs>),
    /// Print what was refused for good, with the reasons; as input lines again with --json
    #[command(after_help = "\
With --json each line is a record again, beside the reason: correct the lines,
and send them to `batch`. A record that was refused is sent again only when it
was changed; lines that never were a record have their text in `raw`.

Examples:
  nexmo-conversion ledger refused
  nexmo-conversion ledger refused --json |
    jq -c 'select(.error.code==\"bad_parameters\") | .channel=\"voice\"' |
    nexmo-conversion batch")]
    Refused(Deferred<LedgerFile>),
    /// Remove what is older than a time
    Forget(Deferred<ForgetArgs>),
    /// Make the tables of a ledger on a server, or change them for this version
    #[command(after_help = "\
A ledger on a server is made and changed by nothing else: other commands say that
it is missing or older, and exit with 78. The role needs the right to create in
the database; those who only run need SELECT, INSERT, UPDATE and DELETE. Several
may run it at once. A ledger in a file changes by itself.

Examples:
  nexmo-conversion ledger migrate --ledger postgres://owner@db1/app")]
    Migrate(Deferred<LedgerFile>),
}

/// `ledger show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nexmo-conversion ledger show 0A0000000123ABCD1
  nexmo-conversion ledger show 0A0000000123ABCD1 --json")]
pub struct ShowArgs {
    /// The message-id or call-id
    #[arg(value_name = "ID")]
    pub id: String,
    /// Which ledger.
    #[command(flatten)]
    pub file: LedgerFile,
}

/// `ledger resume`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nexmo-conversion ledger resume
  nexmo-conversion ledger resume --rate 20/s --deadline 5m")]
pub struct ResumeArgs {
    /// Which ledger.
    #[command(flatten)]
    pub file: LedgerFile,
    /// How fast, and for how long.
    #[command(flatten)]
    pub pace: PaceArgs,
    /// What is told of it.
    #[command(flatten)]
    pub ping: PingArgs,
    /// The network options.
    #[command(flatten)]
    pub network: NetworkArgs,
}

/// `ledger forget`.
#[derive(Debug, Args)]
#[command(after_help = "\
On a terminal it asks first; where standard input is none, it does not.

Examples:
  nexmo-conversion ledger forget settled --older-than 7d
  nexmo-conversion ledger forget refused --older-than 1d")]
pub struct ForgetArgs {
    /// Which rows: settled, refused, or pending (these are lost)
    #[arg(value_name = "WHAT")]
    pub what: ForgetWhat,
    /// Older than this
    #[arg(long, value_name = "TIME", value_parser = parse_age)]
    pub older_than: Duration,
    /// Do not ask first
    #[arg(short = 'y', long, visible_alias = "no-input")]
    pub yes: bool,
    /// Which ledger.
    #[command(flatten)]
    pub file: LedgerFile,
}

/// Which rows to remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ForgetWhat {
    /// Accepted, or overtaken by a newer value
    Settled,
    /// Refused, given up for good, or never a record
    Refused,
    /// Not sent yet: they will never be
    Pending,
}

/// `report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Whose figures: those of the account that any other command would use (--profile, the environment, the \
configuration; its secret is not fetched), or, where no credentials are set up, of every account in the ledger.

The span is the last 24 hours, or --since. What was accepted, refused or given up belongs to it by the time at \
which that was written down. A conversion is what was accepted for one message-id; of several values (false, and \
true after all) the newest counts. The rate is the converted ones' share.

A window ends at each 5-minute mark of UTC and has the conversions whose own time lies in the 15 minutes up to the \
mark: what the API's Adaptive Routing decides by. Without data there is no rate (JSON null, an empty field in CSV). \
Late is the time from the event to the acceptance of its report, in 15m the share that came within 15 minutes.

Charts are drawn in ASCII where LC_ALL, LC_CTYPE or LANG is not UTF-8, or TERM is dumb.

Examples:
  nexmo-conversion report
  nexmo-conversion report --since 7d --html report.html
  nexmo-conversion report --since 2026-11-20
  nexmo-conversion report --json | jq '.channels[0].rate'
  nexmo-conversion report --since 1h --csv --all-accounts
  nexmo-conversion report --since 1h --prometheus conversions.prom")]
pub struct ReportArgs {
    /// From so long ago, or from this day or time (UTC), until now
    #[arg(long, value_name = "AGE|DATE", default_value = "24h", value_parser = parse_since)]
    pub since: Since,
    /// Of this account, by its fingerprint as `ledger status` shows it
    #[arg(long, value_name = "FINGERPRINT", conflicts_with = "profile")]
    pub account: Option<String>,
    /// Of every account in the ledger
    #[arg(long, conflicts_with_all = ["account", "profile"])]
    pub all_accounts: bool,
    /// Print the windows as CSV: a row for each mark and channel (all, sms, voice)
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// Write a page with charts into this file (mode 0600; it needs nothing else), or print it with `-`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["csv", "json"])]
    pub html: Option<PathBuf>,
    /// Write metrics in Prometheus' text format into this file (mode 0644) for `node_exporter`'s textfile collector, or print
    /// them with `-`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["csv", "json", "html"])]
    pub prometheus: Option<PathBuf>,
    /// Which ledger.
    #[command(flatten)]
    pub file: LedgerFile,
}
