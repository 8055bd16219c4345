//! What was recorded and what came of it: a conversion is written down before it is sent, and its outcome after.
//!
//! One thread owns a [`Ledger`]. It [records](Ledger::record) groups of records and gets a [`Ticket`] for each that is
//! to be sent; senders deliver what a ticket shows; [`Ledger::settle`] takes tickets back in groups. Several processes
//! may work on one file: the key decides who sends, rows of a run that crashed are taken over, and the values of one
//! message-id go one at a time, oldest first.
//!
//! `decide` has every rule, as functions on values; `store` keeps rows and codes and has no rule. This room does not know
//! how a conversion is sent, what a secret is, or what is printed for people.

mod contents;
mod decide;
mod error;
mod examination;
mod history;
#[expect(clippy::module_inception, reason = "the ledger's own methods, beside its parts")]
mod ledger;
mod reader;
mod state;
mod store;
#[cfg(test)]
mod tests;
mod ticket;
mod tracking;
mod upkeep;

pub use contents::{DeadLetter, HistoryRow, Kept, OpenCode, Original, StatusRow};
pub use error::{LedgerError, Location};
pub use examination::Examination;
pub use history::{AcceptedRow, CommandEnd, EffortSpent, Others, Pending, Remainder, SettledOtherwise, TimeRange};
pub use ledger::Ledger;
pub use reader::LedgerReader;
pub use state::RowState;
pub use store::{Forget, Lease, ServerError, StoreError, Why};
pub use ticket::{
    Due, Effort, Entries, Known, LeftOver, Novelty, Origin, Recorded, Released, RowId, RunEnd, Settlement, Stale,
    Ticket, UncleanStops, Unsettled,
};
pub use tracking::{Arrived, CodeCounts, CodeRules, Expiry, LogSource, Observed};
pub use upkeep::{Migrated, examine, forget, forget_at, migrate, sqlite_version, try_to_write};
