//! What can be typed. Nothing here acts; values are parsed by the types of the rooms below.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::Styles;
use clap::builder::styling::AnsiColor;
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::choice::Choice;
use crate::clock;
use crate::domain::{Channel, Delivered, SignatureMethod, Timestamp, parse_duration};
use crate::input;
use crate::pipeline::RefusedBefore;
use crate::sandbox::{Answer, CertificateKind, Every, Then, TlsVersions};

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
78 configuration, 130 and 143 interrupted, 141 nobody reads the results

`nexmo-conversion help COMMAND` tells all about a command.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Report conversions of SMS messages
    Sms(SmsArgs),
    /// Report conversions of voice calls (Text-To-Speech, TTS Prompt)
    Voice(VoiceArgs),
    /// Report a stream of conversions, each as it arrives
    Batch(Box<BatchArgs>),
    /// Report what follows from a log of sent codes and conversions: silence becomes false
    Track(Box<TrackArgs>),
    /// Look after what is written down: pending, refused, settled
    Ledger(LedgerCommandArgs),
    /// Show conversion rate, lateness and outcomes, from the ledger
    Report(FiguresArgs),
    /// Check credentials, file modes, ledger, proxy, CA, TLS and clock
    Check(CheckArgs),
    /// Create or show the configuration
    Config(ConfigArgs),
    /// Run a local Conversion API for tests
    Sandbox(Box<SandboxArgs>),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page, or write all pages into a folder
    #[command(hide = true)]
    Man(ManArgs),
}

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Use this profile of the configuration file
    #[arg(short, long, value_name = "NAME", global = true, hide_short_help = true)]
    pub profile: Option<String>,
    /// Read this configuration file
    #[arg(long, value_name = "FILE", global = true, hide_short_help = true)]
    pub config: Option<PathBuf>,
    /// Print results as JSON, one object per line
    #[arg(long, global = true, hide_short_help = true)]
    pub json: bool,
    /// Print failures only
    #[arg(short, long, global = true, hide_short_help = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say what goes on (never shows a secret)
    #[arg(short, long, global = true, hide_short_help = true)]
    pub verbose: bool,
    /// Colour the output
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true, hide_short_help = true)]
    pub color: ColorWhen,
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

/// `sms`.
#[derive(Debug, Args)]
#[command(override_usage = "nexmo-conversion sms [OPTIONS] <MESSAGE_ID>... --delivered[=<BOOL>]")]
#[command(after_help = "\
Standard input is never read, so this can be used inside `while read` loops.

Examples:
  nexmo-conversion sms 0A0000000123ABCD1 --delivered
  nexmo-conversion sms 0A0000000123ABCD1 0A0000000123ABCD2 --delivered=false
  nexmo-conversion sms 0A0000000123ABCD1 --delivered --timestamp 2m
  nexmo-conversion sms 0A0000000123ABCD1 --delivered --dry-run")]
pub struct SmsArgs {
    /// The message-id that the SMS API returned for the message
    #[arg(value_name = "MESSAGE_ID", required_unless_present = "message_id")]
    pub ids: Vec<String>,
    /// What is reported about them.
    #[command(flatten)]
    pub report: ReportArgs,
}

/// `voice`.
#[derive(Debug, Args)]
#[command(override_usage = "nexmo-conversion voice [OPTIONS] <CALL_ID>... --delivered[=<BOOL>]")]
#[command(after_help = "\
Standard input is never read, so this can be used inside `while read` loops.

Examples:
  nexmo-conversion voice c0ffee01 --delivered
  nexmo-conversion voice c0ffee01 --delivered=false --timestamp 5m")]
pub struct VoiceArgs {
    /// The call-id that the voice API returned for the call
    #[arg(value_name = "CALL_ID", required_unless_present = "message_id")]
    pub ids: Vec<String>,
    /// What is reported about them.
    #[command(flatten)]
    pub report: ReportArgs,
}

/// What `sms` and `voice` share.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Another id, under the API's own name for it
    #[arg(long = "message-id", id = "message_id", value_name = "ID", hide_short_help = true)]
    pub message_id: Vec<String>,
    /// Whether the user completed the 2FA step; no default
    ///
    /// Not the carrier's delivery receipt, whatever the API's name for it suggests: true means that the user typed in
    /// the code (or followed the call's prompt), false that they did not.
    #[arg(long, value_name = "BOOL", required = true, num_args = 0..=1, default_missing_value = "true",
          value_parser = Choice::of(BOOLS, parse_delivered), hide_possible_values = true)]
    pub delivered: Delivered,
    /// When: an age (20s), UTC, RFC 3339 or Unix time [default: now]
    ///
    /// An age like 20s or 5m, `2026-11-22 01:25:26` (UTC), RFC 3339, Unix seconds or milliseconds. Resolved once, and kept across
    /// retries.
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    pub timestamp: Option<String>,
    /// Send it whatever the ledger says of it
    ///
    /// Accepted before, refused before, or overtaken by a newer value.
    #[arg(long)]
    pub force: bool,
    /// How it is sent.
    #[command(flatten)]
    pub sending: SendingArgs,
}

/// How anything is sent.
#[derive(Debug, Args)]
pub struct SendingArgs {
    /// Show the request and its curl line; send nothing
    #[arg(short = 'n', long, conflicts_with = "sandbox")]
    pub dry_run: bool,
    /// Run against a sandbox in this process; no account needed
    #[arg(long, conflicts_with_all = ["base_url", "cacert", "proxy"])]
    pub sandbox: bool,
    /// The ledger options.
    #[command(flatten)]
    pub ledger: LedgerArgs,
    /// The network options.
    #[command(flatten)]
    pub network: NetworkArgs,
}

/// Where conversions are written down before they are sent.
#[derive(Debug, Args)]
pub struct LedgerArgs {
    /// Keep the ledger in this file [default: ledger.db in the state folder]
    #[arg(long, hide_short_help = true, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// Write nothing down: what is not sent by the end is gone, nothing is known of earlier runs, and values of one id may overtake
    /// each other
    #[arg(long, hide_short_help = true, conflicts_with = "ledger")]
    pub no_ledger: bool,
}

/// curl's names, curl's meanings.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network options")]
pub struct NetworkArgs {
    /// Try again up to N times after a failure that may pass [default: 4]
    #[arg(long, hide_short_help = true, value_name = "N")]
    pub retry: Option<u32>,
    /// Do not try again later than this after the first try [default: 2m]
    #[arg(long, hide_short_help = true, value_name = "TIME", value_parser = parse_time_limit)]
    pub retry_max_time: Option<Duration>,
    /// Limit for connecting, TLS included [default: 5s]
    #[arg(long, hide_short_help = true, value_name = "TIME", value_parser = parse_time_limit)]
    pub connect_timeout: Option<Duration>,
    /// Limit for each whole try [default: 15s]
    #[arg(long, hide_short_help = true, value_name = "TIME", value_parser = parse_time_limit)]
    pub max_time: Option<Duration>,
    /// Use this proxy (http, https, socks4, socks4a, socks5, socks5h), or `none` [default: from the environment]
    #[arg(long, hide_short_help = true, value_name = "URL")]
    pub proxy: Option<String>,
    /// Trust the certificate authorities in this PEM file instead of the system's
    #[arg(long, hide_short_help = true, value_name = "FILE")]
    pub cacert: Option<PathBuf>,
    /// Replaces <https://api.nexmo.com>; `/conversions/sms` is appended
    #[arg(long, hide_short_help = true, value_name = "URL")]
    pub base_url: Option<String>,
}

/// `batch`.
#[derive(Debug, Args)]
#[command(after_help = "\
A record has an id (message_id, messageId, id, call_id, event_id), and may have
delivered, timestamp (ts, time), channel (type) and ref, which is echoed. Every
record is written down before it is sent and answered with one result line. A
result line is a record again: select(.outcome==\"retry\") sends what failed.

Examples:
  nexmo-conversion batch conversions.csv
  nexmo-conversion batch --format ids --channel sms --delivered true ids.txt
  nexmo-conversion batch --field message-id=otp.id events.ndjson
  tail -F app.log | jq -c --unbuffered 'select(.event==\"otp\")' |
    nexmo-conversion batch --channel sms")]
pub struct BatchArgs {
    /// The input.
    #[command(flatten)]
    pub input: InputArgs,
    /// What holds for records that do not say
    #[arg(long, value_name = "BOOL", value_parser = Choice::of(BOOLS, parse_bool), hide_possible_values = true)]
    pub delivered: Option<Delivered>,
    /// Which values of a field mean that the user converted; any other value means false (`status=verified`)
    #[arg(long, value_name = "FIELD=VALUE")]
    pub delivered_when: Vec<input::Mark>,
    /// Leave out conversions that are older than this
    #[arg(long, value_name = "TIME", value_parser = parse_time_limit)]
    pub max_age: Option<Duration>,
    /// How fast.
    #[command(flatten)]
    pub pace: PaceArgs,
    /// How it is sent.
    #[command(flatten)]
    pub sending: SendingArgs,
}

/// How a stream is read.
#[derive(Debug, Args)]
pub struct InputArgs {
    /// The files; `-`, or none at all, is standard input
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How records are written
    #[arg(long, value_name = "FORMAT", default_value = "auto", value_parser = Choice::of(FORMATS, parse_format))]
    pub format: input::Format,
    /// The channel of records that do not say
    #[arg(long, value_name = "CHANNEL", value_parser = Choice::of(CHANNELS, parse_channel))]
    pub channel: Option<Channel>,
    /// Where a field stands: a column, or a dotted path into JSON (`message-id=otp.id`)
    #[arg(long, value_name = "NAME=PATH")]
    pub field: Vec<input::FieldMapping>,
    /// Records end with a NUL byte instead of a line feed
    #[arg(short = '0', long = "null")]
    pub null: bool,
    /// Take a last line without its newline, too
    ///
    /// Otherwise it is left for the next run while its file has changed in the last 5 minutes, because the rest of it may
    /// still be written.
    #[arg(long)]
    pub complete: bool,
    /// Fail again for lines that were refused before
    ///
    /// Without it, what an earlier run refused or could not read is `skipped` (`already_refused`).
    #[arg(long)]
    pub strict: bool,
}

impl InputArgs {
    /// What becomes of input that was refused before.
    #[must_use]
    pub fn refused_before(&self) -> RefusedBefore {
        if self.strict { RefusedBefore::Fail } else { RefusedBefore::Skip }
    }
}

/// How fast, and for how long.
#[derive(Debug, Args)]
pub struct PaceArgs {
    /// Send up to N at once [default: 16]
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<u32>,
    /// Start no more than this many requests in a time: 50/s, 600/min
    #[arg(long, value_name = "N/UNIT")]
    pub rate: Option<String>,
    /// Send nothing new after this long; what was recorded is kept for the next run
    #[arg(long, value_name = "TIME", value_parser = parse_time_limit)]
    pub deadline: Option<Duration>,
}

/// `track`.
#[derive(Debug, Args)]
#[command(after_help = "\
An event has an id (message_id, messageId, id, call_id, event_id …), says that a code was sent
or that the user converted, and may have timestamp (ts, time), channel (type) and ref. Other
lines are passed over. What follows:
  converted                     delivered=true at once, even if nobody saw the code being sent
  no conversion in the window   delivered=false, with the time at which the window closed
  converted after that          delivered=true as a new fact, counted as late
Parts of one long message share a ref and count as one, by the id of the first. Open windows are
kept in the ledger: reading the same log again, or after a crash, sends nothing twice.

Expiry follows the log's own time, so that an old log may be replayed; where a live log has
nothing to say, the clock goes on for it. Lines may be out of order by a quarter of the window.

Examples:
  tail -F app.log | nexmo-conversion track --channel sms
  nexmo-conversion track --sent-when kind=sent --converted-when kind=ok app.log
  nexmo-conversion track --field message-id=otp.id --at-end expire day.ndjson")]
pub struct TrackArgs {
    /// The input.
    #[command(flatten)]
    pub input: InputArgs,
    /// By what a line tells that a code was sent
    #[arg(long, value_name = "FIELD=VALUE", default_value = "event=sent")]
    pub sent_when: input::Mark,
    /// By what a line tells that the user converted
    #[arg(long, alias = "delivered-when", value_name = "FIELD=VALUE", default_value = "event=converted")]
    pub converted_when: input::Mark,
    /// How long a code may take before silence becomes false
    ///
    /// The routing analysis runs every 5 minutes over the last 15. After 10 minutes hardly anybody types in a code, and there are 5 left
    /// for the report to count in the next analysis.
    #[arg(long, value_name = "TIME", value_parser = parse_window, default_value = "10m")]
    pub window: Duration,
    /// What becomes of open windows when the input ends: keep them for the next run, wait until they close, or let them all
    /// expire at once
    #[arg(long, value_name = "WHAT", default_value = "keep", hide_possible_values = true)]
    pub at_end: AtEndOfInput,
    /// How fast.
    #[command(flatten)]
    pub pace: PaceArgs,
    /// Show what would be derived and sent, and send nothing; the windows of earlier runs are not looked at
    #[arg(short = 'n', long, conflicts_with = "sandbox")]
    pub dry_run: bool,
    /// Run against a sandbox in this process; no account needed
    #[arg(long, conflicts_with_all = ["base_url", "cacert", "proxy"])]
    pub sandbox: bool,
    /// Which ledger.
    #[command(flatten)]
    pub ledger: LedgerFile,
    /// The network options.
    #[command(flatten)]
    pub network: NetworkArgs,
}

/// What becomes of the windows that are open when the input ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AtEndOfInput {
    /// They stay open for the next run
    Keep,
    /// They are waited for
    Wait,
    /// They expire at once
    Expire,
}

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
    Status(LedgerFile),
    /// Tell all that is known of an id: reported when, with which value, and what was answered
    Show(ShowArgs),
    /// Send now what is pending for this account, whatever its next planned attempt
    Resume(Box<ResumeArgs>),
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
    Refused(LedgerFile),
    /// Remove what is older than a time
    Forget(ForgetArgs),
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

/// Which ledger.
#[derive(Debug, Args)]
pub struct LedgerFile {
    /// The ledger's file [default: ledger.db in the state folder]
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
}

impl LedgerFile {
    /// For a command that cannot do without.
    #[must_use]
    pub fn always(&self) -> LedgerArgs {
        LedgerArgs { ledger: self.ledger.clone(), no_ledger: false }
    }
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
    /// Send up to N at once [default: 16]
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<u32>,
    /// Start no more than this many requests in a time: 50/s, 600/min
    #[arg(long, value_name = "N/UNIT")]
    pub rate: Option<String>,
    /// Send nothing new after this long
    #[arg(long, value_name = "TIME", value_parser = parse_time_limit)]
    pub deadline: Option<Duration>,
    /// The network options.
    #[command(flatten)]
    pub network: NetworkArgs,
}

/// `ledger forget`.
#[derive(Debug, Args)]
#[command(after_help = "\
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
  nexmo-conversion report --since 1h --csv --all-accounts")]
pub struct FiguresArgs {
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
    /// Which ledger.
    #[command(flatten)]
    pub file: LedgerFile,
}

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

/// The part of [`SendingArgs`] that makes sense for a check.
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
    Init(InitArgs),
    /// Print every setting, its value and where it comes from; secrets are masked
    #[command(after_help = "\
Examples:
  nexmo-conversion config show
  nexmo-conversion config show --profile alerts --json")]
    Show(NetworkArgs),
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
    pub shell: clap_complete::Shell,
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

/// `sandbox`.
#[derive(Debug, Args)]
#[command(after_help = "\
It prints, as shell exports, what the client needs to find it; everything ends with this process.
An ANSWER is `ok`, `portal`, a status (200 to 599) or a fault: reset-before,
reset, close, half-status, half-headers, truncated, drip, stall,
endless-interim, endless-headers, endless-header, endless-body,
endless-trailers, garbage. After it, with commas: delay=2s, and with a status
retry-after=30 (or date+30), location=URL, type=MEDIA/TYPE, body=TEXT.
What no document tells of the API is a switch: `--set NAME=VALUE`; a wrong NAME lists them.

Examples:
  nexmo-conversion sandbox --tls --port 4010
  # two bad answers, then all is well
  nexmo-conversion sandbox --reply 429,retry-after=2 --reply reset
  nexmo-conversion sandbox --every 10:503 --latency 50ms --log requests.jsonl")]
pub struct SandboxArgs {
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port: u16,
    /// Speak HTTPS, with a certificate made on the spot
    #[arg(long)]
    pub tls: bool,
    /// With --tls: what is wrong with the certificate
    #[arg(long, value_name = "KIND", default_value = "valid", requires = "tls",
          value_parser = Choice::of(&["valid", "expired", "not-yet-valid", "wrong-name", "self-signed"], str::parse::<CertificateKind>))]
    pub certificate: CertificateKind,
    /// With --tls: the versions on offer
    #[arg(long, value_name = "VERSIONS", default_value = "both", requires = "tls",
          value_parser = Choice::of(&["both", "1.1", "1.2", "1.3"], str::parse::<TlsVersions>))]
    pub tls_versions: TlsVersions,
    /// With --tls: write the CA's certificate here, over an earlier sandbox's only [default: a file in the folder for temporary
    /// files]
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub ca_file: Option<PathBuf>,
    /// The account that may report
    #[arg(long, value_name = "KEY", default_value = "sandbox1")]
    pub api_key: String,
    /// The file of its secret, which is the secret of its signatures, too [default: made up]
    #[arg(long, value_name = "FILE")]
    pub api_secret_file: Option<PathBuf>,
    /// How its signatures are made
    #[arg(long, value_name = "METHOD", default_value = "md5hash",
          value_parser = Choice::of(&["md5hash", "md5", "sha1", "sha256", "sha512"], str::parse::<SignatureMethod>))]
    pub signature_method: SignatureMethod,
    /// Answer 402, as for an account for which conversions are not enabled
    #[arg(long)]
    pub not_enabled: bool,
    /// Answer the next request so; for the first requests, in order
    #[arg(long, value_name = "ANSWER")]
    pub reply: Vec<Answer>,
    /// What comes after the replies
    #[arg(long, value_name = "WHAT", default_value = "normal",
          value_parser = Choice::of(&["normal", "cycle", "last"], str::parse::<Then>))]
    pub then: Then,
    /// Answer every so many requests so
    #[arg(long, value_name = "COUNT:ANSWER")]
    pub every: Vec<Every>,
    /// How long each answer takes
    #[arg(long, value_name = "TIME", value_parser = parse_time_limit)]
    pub latency: Option<Duration>,
    /// Set a switch for what no document tells
    ///
    /// get, missing, malformed, repeated, contradicting, stale, unknown-id, known-id, success, errors, delivered, timestamp,
    /// signed-timestamp, unsigned-timestamp, signed-duplicate, signed-parameters, query-signature, mislabelled-form, basic, order. A value
    /// that does not exist is answered with those that do.
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// How far its clock is ahead
    #[arg(long, value_name = "SECONDS", default_value_t = 0, allow_negative_numbers = true)]
    pub clock_skew: i64,
    /// Append each request to this file as a line of JSON before it is answered (`-`: standard output); secrets are masked, links not
    /// followed
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// End by itself after this long
    #[arg(long, value_name = "TIME", value_parser = parse_time_limit)]
    pub stop_after: Option<Duration>,
}

const BOOLS: &[&str] = &["true", "false"];
const CHANNELS: &[&str] = &["sms", "voice"];
const FORMATS: &[&str] = &["auto", "ndjson", "csv", "tsv", "ids"];

fn parse_bool(text: &str) -> Result<Delivered, String> {
    text.parse().map_err(|_| "none of true, false, 1, 0".to_owned())
}

fn parse_channel(text: &str) -> Result<Channel, String> {
    text.parse().map_err(|_| "none of sms, voice".to_owned())
}

fn parse_format(text: &str) -> Result<input::Format, String> {
    text.parse()
}

fn parse_delivered(text: &str) -> Result<Delivered, String> {
    text.parse().map_err(|_| {
        format!(
            "none of true, false, 1, 0; if it is an id, write `{text} --delivered` or `--delivered=true {text}`"
        )
    })
}

fn parse_age(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

/// Where a report's span begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// So long ago.
    Age(Duration),
    /// At this moment.
    Moment(Timestamp),
}

impl Since {
    /// How far back it reaches. Settled rows are kept for 30 days; copies may go back further, but not so far that the marks
    /// do not fit.
    pub(super) fn length_at(self, now: Timestamp) -> Result<Duration, String> {
        let length = match self {
            Self::Age(age) => age,
            Self::Moment(moment) => match u64::try_from(moment.age_at(now)) {
                Ok(age) if age > 0 => Duration::from_secs(age),
                Ok(_) | Err(_) => return Err(format!("{moment}Z is not in the past")),
            },
        };
        match length {
            length if length < Duration::from_secs(1) => Err("must be a second or longer".to_owned()),
            length if length > Duration::from_secs(366 * 86_400) => {
                Err("must not go back further than 366d".to_owned())
            }
            length => Ok(length),
        }
    }
}

/// An age, a day (from its beginning, UTC) or a time.
fn parse_since(text: &str) -> Result<Since, String> {
    if let Ok(age) = parse_duration(text) {
        return Since::Age(age).length_at(clock::now()).map(Since::Age);
    }
    Timestamp::parse(text)
        .or_else(|_| Timestamp::parse(&format!("{text} 00:00:00")))
        .map(Since::Moment)
        .map_err(|_| "none of an age (24h, 7d), a day (2026-11-20), a time (2026-11-20 08:00:00)".to_owned())
}

/// Whole seconds: logs and the API know nothing finer.
fn parse_window(text: &str) -> Result<Duration, String> {
    match parse_time_limit(text)? {
        window if window < Duration::from_secs(1) => Err("must not be shorter than 1s".to_owned()),
        window => Ok(Duration::from_secs(window.as_secs())),
    }
}

fn parse_time_limit(text: &str) -> Result<Duration, String> {
    match parse_duration(text) {
        Ok(Duration::ZERO) => Err("must be longer than nothing".to_owned()),
        Ok(limit) if limit > Duration::from_secs(86_400) => Err("must not be longer than 1d".to_owned()),
        Ok(limit) => Ok(limit),
        Err(error) => Err(error.to_string()),
    }
}
