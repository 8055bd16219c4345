//! What can be typed. Nothing here acts.

mod deferred;
mod global;
mod ids;
mod ledger;
mod sandbox;
mod sending;
mod setup;
mod stream;
mod values;

pub(super) use self::deferred::Deferred;
pub use self::global::Cli;
pub(super) use self::global::{ColorWhen, Command, Global, LogFormat};
pub(super) use self::ids::{ConversionArgs, SmsArgs, VoiceArgs};
pub(super) use self::ledger::{ForgetArgs, ForgetWhat, LedgerCommand, ReportArgs, ResumeArgs, ShowArgs};
pub(super) use self::sandbox::SandboxArgs;
pub(super) use self::sending::{LedgerArgs, LedgerFile, NetworkArgs, PaceArgs, PingArgs};
pub(super) use self::setup::{CheckArgs, ConfigCommand, InitArgs, ManArgs, Shell};
pub(super) use self::stream::{AtEndOfInput, BatchArgs, InputArgs, TrackArgs};
