//! Removing rows whose time has passed: after 30 days, or by `ledger forget`.
//!
//! Pending rows and dead letters go only when asked for; rows that a live run holds never go.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::domain::{REMEMBERED, Timestamp};
use crate::failpoint::{Promise, is_broken};

use super::ballast::{self, make_room};
use super::followed;
use super::holdings::{give_back, next_holder};
use super::liveness::{RunId, is_alive};
use super::place::Place;
use super::queue::{self, begin};
use super::schema;
use super::tally::Tally;
use crate::ledger::state::RowState;
use crate::ledger::store::StoreError;

/// Rows in one transaction at the end of a run.
const BITE: u64 = 1000;

/// Rows in one transaction where a person waits for all of them to go; other processes get their turn in between.
const LARGE_BITE: u64 = 32 * 1024;

/// Rows in one transaction on a full disk. If each changes a page of the table and of each index, these still have room where the
/// ballast was.
const SMALL_BITE: u64 = 64;

/// The most pages that are rewritten to give room back, 256 MiB: other writers wait meanwhile.
const REWRITTEN_MAX: i64 = 64 * 1024;

/// Which rows to remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forget {
    /// Conversions that were accepted or overtaken, and what is known of codes that converted or were silent; their age counts
    /// from then.
    Settled,
    /// Dead letters: refused, expired, or never a record; their age counts from then.
    Refused,
    /// Conversions that were never sent; their age counts from being recorded. They are lost.
    Pending,
}

impl Forget {
    pub(crate) fn states(self) -> &'static [RowState] {
        match self {
            Self::Settled => &[RowState::Accepted, RowState::Stale],
            Self::Refused => &[RowState::Refused, RowState::Expired],
            Self::Pending => &[RowState::Queued, RowState::Held],
        }
    }
}

/// Removes rows of every account that are older than that, and returns how many.
pub(crate) fn forget(path: &Path, what: Forget, older_than: Duration, now: Timestamp) -> Result<u64, StoreError> {
    let place = Place::find(path)?;
    let mut db = schema::open_existing(&place)?;
    let old = Old { rows: now.before(older_than).unix(), files: now.before(older_than.max(REMEMBERED)).unix() };
    let mut count = 0;
    let mut forgotten = forget_old(&mut db, &place, what, &old, LARGE_BITE, &mut count);
    let is_full = matches!(forgotten, Err(StoreError::DiskFull)) && !is_broken(Promise::ForgettingHasRoom);
    if is_full {
        make_room(&db, &place);
        // What has gone is written back at once: the log begins anew with the next bite, and does not grow.
        db.pragma_update(None, "wal_autocheckpoint", 1)?;
        forgotten = forget_old(&mut db, &place, what, &old, SMALL_BITE, &mut count);
        let _ = write_back(&db);
    }
    if forgotten.is_ok() {
        give_room_back(&db, &place);
    }
    if is_full {
        // A run that is sending counts on it.
        let _ = ballast::lay(&place);
    }
    forgotten.map(|()| count)
}

/// The times before which something counts as old.
struct Old {
    rows: i64,
    files: i64,
}

/// Counts what it has removed, also where it then fails.
fn forget_old(
    db: &mut Connection,
    place: &Place,
    what: Forget,
    old: &Old,
    bite: u64,
    count: &mut u64,
) -> Result<(), StoreError> {
    let portion = Portion { bite, most: u64::MAX };
    if what == Forget::Pending {
        return pending(db, place, bite, old.rows, count);
    }
    for state in what.states() {
        settled(db, place, *state, portion, old.rows, count)?;
    }
    if what == Forget::Refused {
        return in_bites(db, place, portion.at_most(BITE), &UNREADABLE, old.rows, count);
    }
    forget_files_and_ends(db, place, old.files)?;
    in_bites(db, place, portion.at_most(BITE), &ENDED_CODES, old.rows, count)
}

/// Removes what stands for no conversion: how far files were read that nobody reads any more, and how commands ended that nobody
/// gives any more. A file whose log rests is still read, and stays for as long as rows are remembered.
fn forget_files_and_ends(db: &mut Connection, place: &Place, before: i64) -> Result<(), StoreError> {
    let tx = begin(db, place)?;
    followed::forget(&tx, before)?;
    tx.execute("DELETE FROM ended WHERE at < ?1", [before])?;
    Ok(tx.commit()?)
}

/// Rewrites the file without the pages that nothing is in, if they are at least half of it and the rest is not too large. Otherwise
/// new rows fill them. That there is no room for a copy, or no turn, is no failure: what was to be forgotten is gone.
fn give_room_back(db: &Connection, place: &Place) {
    let number = |pragma| db.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let (Ok(pages), Ok(free)) = (number("page_count"), number("freelist_count")) else { return };
    if 2 * free >= pages
        && pages - free <= REWRITTEN_MAX
        && let Ok(_turn) = queue::wait(place)
    {
        let _ = db.execute_batch("VACUUM");
        // Also where there was no room: what was copied until then lies in the log.
        let _ = write_back(db);
    }
}

/// Writes the log back, and leaves nothing of it.
fn write_back(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
}

/// Removes settled rows whose time has passed, as many as keep up with `entered` new ones.
pub(super) fn prune(db: &mut Connection, place: &Place, entered: u64, now: Timestamp) -> Result<(), StoreError> {
    let before = now.before(REMEMBERED).unix();
    let portion = Portion { bite: BITE, most: entered.saturating_mul(2).max(BITE) };
    for state in Forget::Settled.states() {
        settled(db, place, *state, portion, before, &mut 0)?;
    }
    in_bites(db, place, portion, &ENDED_CODES, before, &mut 0)
}

/// How many rows go.
#[derive(Debug, Clone, Copy)]
struct Portion {
    /// In one transaction.
    bite: u64,
    /// In all; the last bite may go beyond it.
    most: u64,
}

impl Portion {
    /// So many in one transaction, or fewer.
    fn at_most(self, bite: u64) -> Self {
        Self { bite: self.bite.min(bite), ..self }
    }
}

/// Removes rows that were settled by then, the oldest first.
fn settled(
    db: &mut Connection,
    place: &Place,
    state: RowState,
    portion: Portion,
    before: i64,
    count: &mut u64,
) -> Result<(), StoreError> {
    let mut removed = 0;
    while removed < portion.most
        && let Some((settled, id)) = end_of_bite(db, state, portion.bite, before)?
    {
        let writing = begin(db, place)?;
        let mut gone = 0;
        for account in accounts(&writing)? {
            let rows = writing.prepare_cached(FORGET_SETTLED)?.execute(params![state, settled, id, account])?;
            let mut tally = Tally::default();
            tally.add(state, -i64::try_from(rows).unwrap_or(i64::MAX));
            tally.write(&writing, account, i64::MAX)?;
            gone += rows as u64;
        }
        // Another process may have been quicker, and then there is less to be found.
        if gone == 0 && end_of_bite(&writing, state, portion.bite, before)? == Some((settled, id)) {
            return Err(not_removable());
        }
        writing.commit()?;
        removed += gone;
        *count += gone;
    }
    Ok(())
}

const FORGET_SETTLED: &str = "DELETE FROM conversion
     WHERE state = ?1 AND state >= 2 AND settled <= ?2 AND (settled, id) <= (?2, ?3) AND account = ?4";

/// Where the oldest rows end that make a bite. Asked before each turn: most runs have nothing to remove, and need not queue for that.
fn end_of_bite(db: &Connection, state: RowState, bite: u64, before: i64) -> rusqlite::Result<Option<(i64, i64)>> {
    let find = |order: &str, after: u64| {
        let sql = format!(
            "SELECT settled, id FROM conversion WHERE state = ?1 AND state >= 2 AND settled <= ?2
             ORDER BY settled {order}, id {order} LIMIT 1 OFFSET ?3"
        );
        let values = params![state, before, i64::try_from(after).unwrap_or(i64::MAX)];
        db.prepare_cached(&sql)?.query_row(values, |row| Ok((row.get(0)?, row.get(1)?))).optional()
    };
    match find("ASC", bite - 1)? {
        Some(end) => Ok(Some(end)),
        None => find("DESC", 0),
    }
}

fn accounts(db: &Connection) -> rusqlite::Result<Vec<i64>> {
    let mut query = db.prepare_cached("SELECT id FROM account")?;
    query.query_map([], |row| row.get(0))?.collect()
}

/// What is removed bite by bite: the oldest of one kind.
struct Kind {
    /// Selects their numbers: of those that count as old at `?1`, `?2`.
    ids: &'static str,
    /// Each removes what belongs to a list of numbers. The last one's count is returned.
    removals: &'static [&'static str],
}

/// Codes that converted or were silent, with their parts.
const ENDED_CODES: Kind = Kind {
    ids: "SELECT id FROM code WHERE state > 1 AND arrived <= ?1 ORDER BY arrived LIMIT ?2",
    removals: &["DELETE FROM part WHERE code IN", "DELETE FROM code WHERE id IN"],
};

const UNREADABLE: Kind = Kind {
    ids: "SELECT id FROM unreadable WHERE seen <= ?1 LIMIT ?2",
    removals: &["DELETE FROM unreadable WHERE id IN"],
};

impl Kind {
    /// Asked before each turn: most runs have nothing to remove, and need not queue for that.
    fn has_some(&self, db: &Connection, before: i64) -> rusqlite::Result<bool> {
        db.prepare_cached(&format!("SELECT EXISTS ({})", self.ids))?.query_row([before, 1], |row| row.get(0))
    }

    fn remove(&self, db: &Connection, before: i64, bite: u64) -> rusqlite::Result<u64> {
        let mut count = 0;
        let bite = i64::try_from(bite).unwrap_or(i64::MAX);
        for removal in self.removals {
            count = db.prepare_cached(&format!("{removal} ({})", self.ids))?.execute([before, bite])? as u64;
        }
        Ok(count)
    }
}

fn in_bites(
    db: &mut Connection,
    place: &Place,
    portion: Portion,
    kind: &Kind,
    before: i64,
    count: &mut u64,
) -> Result<(), StoreError> {
    let mut removed = 0;
    while removed < portion.most && kind.has_some(db, before)? {
        let writing = begin(db, place)?;
        let gone = kind.remove(&writing, before, portion.bite)?;
        if gone == 0 && kind.has_some(&writing, before)? {
            return Err(not_removable());
        }
        writing.commit()?;
        removed += gone;
        *count += gone;
    }
    Ok(())
}

/// An index shows rows, and none of them can be removed.
fn not_removable() -> StoreError {
    StoreError::Damaged("an index has rows that cannot be removed".to_owned())
}

/// Whether a run is alive is checked inside each transaction: no run can begin to hold a row in between.
fn pending(db: &mut Connection, place: &Place, bite: u64, before: i64, count: &mut u64) -> Result<(), StoreError> {
    let mut run = RunId::MIN;
    while let Some(holder) = next_holder(db, run)? {
        run = holder;
        let writing = begin(db, place)?;
        if !is_alive(place, run)? {
            give_back(&writing, run)?;
        }
        writing.commit()?;
    }
    let most = i64::try_from(bite).unwrap_or(i64::MAX);
    for owner in owners_of_pending(db)? {
        loop {
            let writing = begin(db, place)?;
            if is_alive(place, owner)? {
                break;
            }
            let gone = writing.prepare_cached(FORGET_PENDING)?.execute(params![owner, before, most])? as u64;
            writing.commit()?;
            *count += gone;
            if gone < bite {
                break;
            }
        }
    }
    Ok(())
}

fn owners_of_pending(db: &Connection) -> rusqlite::Result<Vec<RunId>> {
    let mut owners = db.prepare_cached("SELECT DISTINCT owner FROM conversion WHERE state = 0")?;
    owners.query_map([], |row| row.get(0))?.collect()
}

const FORGET_PENDING: &str = "DELETE FROM conversion WHERE id IN
     (SELECT id FROM conversion WHERE state = 0 AND owner = ?1 AND recorded <= ?2 LIMIT ?3)";

#[cfg(test)]
mod tests {
    use super::{SMALL_BITE, pending};
    use crate::ledger::store::sqlite::place::Place;
    use crate::ledger::store::sqlite::schema;
    use crate::ledger::tests::{Fixture, sms};

    #[test]
    fn what_is_pending_goes_bite_by_bite() {
        let fixture = Fixture::new();
        let mut ledger = fixture.open();
        let rows = 2 * SMALL_BITE + 1;
        let records: Vec<_> = (0..rows).map(|n| sms(&format!("0A{n}"), 0)).collect();
        let _ = ledger.record(&records, fixture.now).unwrap();
        ledger.crash();
        let place = Place::find(&fixture.path()).unwrap();
        let mut db = schema::open_existing(&place).unwrap();
        let mut count = 0;
        pending(&mut db, &place, SMALL_BITE, fixture.now.unix(), &mut count).unwrap();
        let left: i64 = db.query_row("SELECT count(*) FROM conversion", [], |row| row.get(0)).unwrap();
        assert_eq!((count, left), (rows, 0));
    }
}
