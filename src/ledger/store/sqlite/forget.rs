//! Removing rows whose time has passed: after 30 days, or by `ledger forget`.
//!
//! Pending rows and dead letters go only when asked for; rows that a live run holds never go.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, params};

use crate::domain::{REMEMBERED, Timestamp};

use super::followed;
use super::liveness::is_alive;
use super::place::Place;
use super::queue::begin;
use super::schema;
use crate::ledger::state::RowState;
use crate::ledger::store::StoreError;

/// Rows in one transaction: other processes get their turn in between.
const BITE: u64 = 1000;

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
    let before = now.before(older_than).unix();
    let mut count = 0;
    for state in what.states() {
        count += match what {
            Forget::Settled | Forget::Refused => {
                in_bites(&mut db, &place, u64::MAX, &Bite::settled(*state), before)?
            }
            Forget::Pending => pending(&mut db, &place, *state, before)?,
        };
    }
    count += match what {
        Forget::Settled => {
            forget_files_and_ends(&mut db, &place, now.before(older_than.max(REMEMBERED)).unix())?;
            in_bites(&mut db, &place, u64::MAX, &Bite::ended_codes(), before)?
        }
        Forget::Refused => in_bites(&mut db, &place, u64::MAX, &Bite::unreadable(), before)?,
        Forget::Pending => 0,
    };
    Ok(count)
}

/// Removes what stands for no conversion: how far files were read that nobody reads any more, and how commands ended that nobody
/// gives any more. A file whose log rests is still read, and stays for as long as rows are remembered.
fn forget_files_and_ends(db: &mut Connection, place: &Place, before: i64) -> Result<(), StoreError> {
    let tx = begin(db, place)?;
    followed::forget(&tx, before)?;
    tx.execute("DELETE FROM ended WHERE at < ?1", [before])?;
    Ok(tx.commit()?)
}

/// Removes settled rows whose time has passed, as many as keep up with `entered` new ones.
pub(super) fn prune(db: &mut Connection, place: &Place, entered: u64, now: Timestamp) -> Result<(), StoreError> {
    let before = now.before(REMEMBERED).unix();
    let most = entered.saturating_mul(2).max(BITE);
    for state in Forget::Settled.states() {
        in_bites(db, place, most, &Bite::settled(*state), before)?;
    }
    in_bites(db, place, most, &Bite::ended_codes(), before)?;
    Ok(())
}

/// What one transaction removes: the oldest of one kind.
struct Bite {
    /// Selects their numbers; `?1` is the time before which they count as old.
    ids: String,
    /// Each removes what belongs to a list of numbers. The last one's count is returned.
    removals: &'static [&'static str],
}

impl Bite {
    fn settled(state: RowState) -> Self {
        let state = state.number();
        Self {
            ids: format!(
                "SELECT id FROM conversion WHERE state = {state} AND state >= 2 AND settled <= ?1
                 ORDER BY settled LIMIT {BITE}"
            ),
            removals: &["DELETE FROM conversion WHERE id IN"],
        }
    }

    /// Codes that converted or were silent, with their parts.
    fn ended_codes() -> Self {
        Self {
            ids: format!("SELECT id FROM code WHERE state > 1 AND arrived <= ?1 ORDER BY arrived LIMIT {BITE}"),
            removals: &["DELETE FROM part WHERE code IN", "DELETE FROM code WHERE id IN"],
        }
    }

    fn unreadable() -> Self {
        Self {
            ids: format!("SELECT id FROM unreadable WHERE seen <= ?1 LIMIT {BITE}"),
            removals: &["DELETE FROM unreadable WHERE id IN"],
        }
    }

    /// Asked before each turn: most runs have nothing to remove, and need not queue for that.
    fn has_something(&self, db: &Connection, before: i64) -> rusqlite::Result<bool> {
        db.prepare_cached(&format!("SELECT EXISTS ({})", self.ids))?.query_row([before], |row| row.get(0))
    }

    fn remove(&self, db: &Connection, before: i64) -> rusqlite::Result<u64> {
        let mut count = 0;
        for removal in self.removals {
            count = db.prepare_cached(&format!("{removal} ({})", self.ids))?.execute([before])? as u64;
        }
        Ok(count)
    }
}

fn in_bites(db: &mut Connection, place: &Place, most: u64, bite: &Bite, before: i64) -> Result<u64, StoreError> {
    let mut removed = 0;
    while removed < most && bite.has_something(db, before)? {
        let writing = begin(db, place)?;
        removed += bite.remove(&writing, before)?;
        writing.commit()?;
    }
    Ok(removed)
}

/// Whether a run is alive is checked inside the transaction: no run can begin to hold a row in between.
fn pending(db: &mut Connection, place: &Place, state: RowState, before: i64) -> Result<u64, StoreError> {
    let tx = begin(db, place)?;
    let owners: Vec<i64> = {
        let mut owners = tx.prepare("SELECT DISTINCT owner FROM conversion WHERE state = ?1 AND state < 2")?;
        let rows = owners.query_map([state], |row| row.get(0))?;
        rows.collect::<Result<_, _>>()?
    };
    let mut count = 0;
    for owner in owners {
        if !is_alive(place, owner)? {
            let sql = "DELETE FROM conversion WHERE state = ?1 AND state < 2 AND owner = ?2 AND recorded <= ?3";
            count += tx.execute(sql, params![state, owner, before])? as u64;
        }
    }
    tx.commit()?;
    Ok(count)
}
