//! `sms` and `voice`: ids that are typed.

use clap::Args;

use super::super::choice::Choice;
use super::sending::SendingArgs;
use super::values::{BOOLS, parse_delivered};
use crate::domain::Delivered;

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
    /// What is said about them.
    #[command(flatten)]
    pub conversion: ConversionArgs,
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
    /// What is said about them.
    #[command(flatten)]
    pub conversion: ConversionArgs,
}

/// What `sms` and `voice` share.
#[derive(Debug, Args)]
pub struct ConversionArgs {
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
