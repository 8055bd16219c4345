//! The ledger on a PostgreSQL server, for the runs of many machines.
//!
//! This room knows PostgreSQL: how a server is reached and asked. It decides nothing about what is in the ledger.

mod connect;
mod failure;
mod stream;
#[cfg(test)]
mod tests;

pub(crate) use connect::{Connection, connect};
