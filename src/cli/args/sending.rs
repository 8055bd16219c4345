//! What commands that send have in common: the ledger, the network, the pace.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::values::parse_time_limit;

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
    /// Keep the ledger in this file, or on this server (postgres://...) [default: ledger.db in the state folder]
    #[arg(long, hide_short_help = true, value_name = "FILE|URL")]
    pub ledger: Option<PathBuf>,
    /// Write nothing down: what is not sent by the end is gone, nothing is known of earlier runs, and values of one id may overtake
    /// each other
    #[arg(long, hide_short_help = true, conflicts_with = "ledger")]
    pub no_ledger: bool,
}

/// Which ledger.
#[derive(Debug, Args)]
pub struct LedgerFile {
    /// The ledger's file, or its server (postgres://...) [default: ledger.db in the state folder]
    #[arg(long, value_name = "FILE|URL")]
    pub ledger: Option<PathBuf>,
}

impl LedgerFile {
    /// For a command that cannot do without.
    #[must_use]
    pub fn always(&self) -> LedgerArgs {
        LedgerArgs { ledger: self.ledger.clone(), no_ledger: false }
    }
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

/// What is told of a stream's beginning and end.
#[derive(Debug, Args)]
pub struct PingArgs {
    /// Tell a cron monitor when the run begins and how it ends: URL/start, then URL, or URL/CODE where it fails
    ///
    /// The convention is that of healthchecks.io. A ping never delays or fails a run: it has a few seconds, and where it cannot
    /// be delivered there is a warning. The arguments of a process can be seen by others on the machine; a profile's `ping` and
    /// `NEXMO_CONVERSION_PING` cannot.
    #[arg(long, hide_short_help = true, value_name = "URL")]
    pub ping: Option<String>,
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
