//! The ledger on a PostgreSQL server, for the runs of many machines.
//!
//! This room knows PostgreSQL: how a server is reached and asked, how rows are kept there, which runs are alive. It decides
//! nothing about what is in the ledger.

mod access;
mod binding;
mod codes;
mod connect;
mod examine;
mod exchange;
mod failure;
mod followed;
mod forget;
mod lanes;
mod liveness;
mod reader;
mod row;
mod rows;
mod run;
mod schema;
mod session;
mod shown;
mod statements;
mod store;
mod stream;
#[cfg(test)]
pub(crate) mod tests;
mod tls;
mod transaction;
mod tx;

pub(crate) use access::Access;
pub(crate) use connect::connect;
pub(crate) use examine::examine;
pub(crate) use forget::forget;
pub(crate) use reader::PostgresReader;
pub(crate) use run::PostgresStore;
pub(crate) use schema::{Schema, migrate};
