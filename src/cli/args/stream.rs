//! `batch` and `track`: streams of records and of events.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::super::choice::Choice;
use super::sending::{LedgerFile, NetworkArgs, PaceArgs, PingArgs, SendingArgs};
use super::values::{
    BOOLS, CHANNELS, FORMATS, parse_bool, parse_channel, parse_format, parse_time_limit, parse_window,
};
use crate::domain::{Channel, Delivered, parse_duration};
use crate::input;
use crate::pipeline::RefusedBefore;

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
  nexmo-conversion batch --follow --where event=otp --channel sms app.log")]
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
    /// What is told of it.
    #[command(flatten)]
    pub ping: PingArgs,
    /// How it is sent.
    #[command(flatten)]
    pub sending: SendingArgs,
}

/// How a stream is read.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag as it was typed")]
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
    /// Take only lines whose field has this value (`event=otp`); repeated for one field, any of the values; for several fields, all of them
    ///
    /// Other lines are passed over and counted, and so are lines that are no records at all, such as plain text among the JSON lines of a log.
    #[arg(long = "where", value_name = "FIELD=VALUE")]
    pub only: Vec<input::Mark>,
    /// Records end with a NUL byte instead of a line feed
    #[arg(short = '0', long = "null")]
    pub null: bool,
    /// Take a last line without its newline, too
    ///
    /// Otherwise it is left for the next run while its file has changed in the last 5 minutes, because the rest of it may
    /// still be written.
    #[arg(long)]
    pub complete: bool,
    /// Read on as the files grow, as `tail -F` does, until the run is stopped
    ///
    /// A file that is renamed is read to its end before the new one, one that is cut off is read anew, and one that is not there yet is
    /// waited for. The ledger remembers how far each was read, so that the next run with the same options reads on.
    #[arg(long, conflicts_with = "complete")]
    pub follow: bool,
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

/// `track`.
#[derive(Debug, Args)]
#[command(after_help = "\
An event has an id (message_id, messageId, id, call_id, event_id …), says that a code was sent
or that the user converted, and may have timestamp (ts, time), channel (type) and ref. Other
lines are passed over. What follows:
  converted                     delivered=true at once, even if no line said that the code was sent
  no conversion in the window   delivered=false, with the time at which the window closed
  converted after that          delivered=true as a new fact, counted as late
What is sent under one ref over one channel within 10 seconds is one message in parts, and counts
as one, by the id of the first. Open windows are kept in the ledger: reading the same log again,
or after a crash, sends nothing twice.

Expiry follows the time of the log that told of the code, so that an old log may be replayed;
where a live log has nothing to say, the clock goes on for it. Lines may be out of order by a
quarter of the window. All files are one log, in the order of their times. A later run knows a
file again, and a pipe by the name that --source gives it.

Examples:
  nexmo-conversion track --follow --channel sms app.log
  ssh host tail -F app.log | nexmo-conversion track --source app --channel sms
  nexmo-conversion track --sent-when kind=sent --converted-when kind=ok app.log
  nexmo-conversion track --field message-id=otp.id --at-end expire day.ndjson")]
pub struct TrackArgs {
    /// The input.
    #[command(flatten)]
    pub input: InputArgs,
    /// How to recognise a line that says that a code was sent
    #[arg(long, value_name = "FIELD=VALUE", default_value = "event=sent")]
    pub sent_when: input::Mark,
    /// How to recognise a line that says that the user converted
    #[arg(long, alias = "delivered-when", value_name = "FIELD=VALUE", default_value = "event=converted")]
    pub converted_when: input::Mark,
    /// How long a code may take before silence becomes false
    ///
    /// The routing analysis runs every 5 minutes over the last 15. After 10 minutes hardly anybody types in a code, and there are 5 left
    /// for the report to count in the next analysis.
    #[arg(long, value_name = "TIME", value_parser = parse_window, default_value = "10m")]
    pub window: Duration,
    /// Messages under one `ref` that are sent within this time are the parts of one code; 0s: none are
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "10s")]
    pub parts_within: Duration,
    /// What the log is called, where it comes through a pipe
    ///
    /// A later run that reads the same log knows by its name which codes that log has told of. Files are known by
    /// themselves; the codes of a pipe without a name wait for the clock when their run has ended.
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// What becomes of open windows when the input ends: keep them for the next run, wait until they close, or let them all
    /// expire at once
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "keep",
        hide_possible_values = true,
        conflicts_with = "follow"
    )]
    pub at_end: AtEndOfInput,
    /// How fast.
    #[command(flatten)]
    pub pace: PaceArgs,
    /// What is told of it.
    #[command(flatten)]
    pub ping: PingArgs,
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
