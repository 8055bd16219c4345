//! Measurements: always beside something else, always in one run, so that ratios mean something on any machine.

mod arena;
mod batch;
mod cores;
mod cost;
mod latency;
mod ledger;
mod peers;
mod pipe;
mod postgres;
mod report;
mod single;
mod table;
mod tally;

pub(crate) use self::batch::{BatchArgs, batch};
pub(crate) use self::latency::{LatencyArgs, latency};
pub(crate) use self::ledger::{LedgerArgs, ledger};
pub(crate) use self::postgres::{PostgresArgs, postgres};
pub(crate) use self::report::{ReportArgs, report};
pub(crate) use self::single::{SingleArgs, single};
