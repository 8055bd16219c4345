//! Where a ledger keeps its rows and codes. A store shows what a group touches and carries out a plan; it decides nothing.
//!
//! One store is open for one run of one account. All that it shows and does within a [`Tx`] is one serializable
//! transaction: nothing that was seen can change before the plan is carried out.

mod error;
mod memory;
pub(crate) mod postgres;
mod seam;
mod sources;
mod sqlite;

pub use error::{ServerError, StoreError, Why};
pub(crate) use memory::{Memory, MemoryStore};
pub use seam::Lease;
pub(crate) use seam::{Cursor, Store, Tx};
pub use sqlite::Forget;
pub(crate) use sqlite::{SqliteReader, SqliteStore, forget, try_to_write, version as sqlite_version};
