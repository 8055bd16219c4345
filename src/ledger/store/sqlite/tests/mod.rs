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

    /// What is noted beside the rows agrees with them: counts, and the ranges that runs have in hand.
    pub(crate) fn assert_noted(&self) {
        let Some(SqliteStore { db, .. }) = self.store.as_any().downcast_ref::<SqliteStore>() else { return };
        let number = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        let counted = "SELECT account, state, rows FROM tally WHERE account > 0 AND rows <> 0";
        let there = "SELECT account, state, count(*) FROM conversion WHERE state >= 2 GROUP BY account, state";
        assert_eq!(number(&format!("SELECT count(*) FROM ({counted} EXCEPT {there})")), 0);
        assert_eq!(number(&format!("SELECT count(*) FROM ({there} EXCEPT {counted})")), 0);
        assert_eq!(number("SELECT count(*) FROM tally WHERE account = 0"), 1);
        let in_range = "SELECT 1 FROM held WHERE run = owner AND id BETWEEN first AND last";
        assert_eq!(
            number(&format!("SELECT count(*) FROM conversion WHERE state = 1 AND NOT EXISTS ({in_range})")),
            0
        );
        let held = "SELECT 1 FROM conversion WHERE state = 1 AND run = owner AND id BETWEEN first AND last";
        assert_eq!(number(&format!("SELECT count(*) FROM held WHERE NOT EXISTS ({held})")), 0);
    }

    /// Makes every page more than there are now one too many, which SQLite reports exactly as it reports a full disk.
    pub(crate) fn leave_no_room(&self) {
        let pages: i64 = self.sqlite().pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        self.sqlite().pragma_update(None, "max_page_count", pages).unwrap();
    }
}
