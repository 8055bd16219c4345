//! What only a ledger in files does: their modes, locks and damage, its SQL, its versions, and what is read from it.

mod contents;
mod files;
mod history;
mod migration;
mod runs;
mod statements;

use super::SqliteStore;
use crate::ledger::Ledger;

pub(super) use crate::ledger::tests::{
    ALMOST_A_DAY, DAY, Fixture, W, accepted, account, at, cause, failed, postponed, ready, refused, sms, untimed,
};

impl Ledger {
    fn sqlite(&self) -> &rusqlite::Connection {
        &self.store.as_any().downcast_ref::<SqliteStore>().unwrap().db
    }

    /// Makes every page more than there are now one too many, which SQLite reports exactly as it reports a full disk.
    pub(crate) fn leave_no_room(&self) {
        let pages: i64 = self.sqlite().pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        self.sqlite().pragma_update(None, "max_page_count", pages).unwrap();
    }
}
