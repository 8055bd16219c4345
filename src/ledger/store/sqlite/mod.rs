//! The ledger in a file of SQLite's, for the runs of one machine.
//!
//! This room knows SQLite and the files around it: where they may lie, how they are made, locked, checked and tidied. It
//! decides nothing about what is in them.

mod alone;
mod apply;
mod ballast;
mod codes;
mod draft;
mod ends;
mod error;
mod followed;
mod forget;
mod history;
mod holdings;
mod liveness;
mod place;
mod queue;
mod reader;
mod row;
mod rows;
mod run;
mod schema;
mod session;
mod sources;
mod statements;
mod tally;
#[cfg(test)]
mod tests;
mod trial;
mod tx;
mod values;

pub use forget::Forget;

pub(crate) use forget::forget;
pub(crate) use reader::SqliteReader;
pub(crate) use run::SqliteStore;
pub(crate) use trial::try_to_write;

/// The version of SQLite that is built in.
pub(crate) fn version() -> &'static str {
    rusqlite::version()
}
