//! Removing rows whose time has passed: by themselves after 30 days, or because someone asked.
//!
//! Pending rows and dead letters go only when asked for; rows that a living run holds never.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, params};

use crate::domain::Timestamp;

use super::place::Place;
use super::row::State;
use super::run::is_living;
use super::{LedgerError, begin, schema};

/// How long the key of a settled conversion is kept.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

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
    fn states(self) -> &'static [State] {
        match self {
            Self::Settled => &[State::Accepted, State::Stale],
            Self::Refused => &[State::Refused, State::Expired],
            Self::Pending => &[State::Queued, State::Held],
        }
    }
}

/// Removes rows of every account that are older than that, and tells how many.
pub fn forget(path: &Path, what: Forget, older_than: Duration, now: Timestamp) -> Result<u64, LedgerError> {
    let place = Place::find(path)?;
    let mut db = schema::open_existing(&place)?;
    let before = now.before(older_than).unix();
    let mut count = 0;
    for state in what.states() {
        count += match what {
            Forget::Settled | Forget::Refused => {
                in_bites(&mut db, &place, u64::MAX, |db| settled(db, *state, before))?
            }
            Forget::Pending => pending(&mut db, &place, *state, before)?,
        };
    }
    if what == Forget::Settled {
        count += in_bites(&mut db, &place, u64::MAX, |db| ended_codes(db, before))?;
    }
    if what == Forget::Refused {
        count += in_bites(&mut db, &place, u64::MAX, |db| unreadable(db, before))?;
    }
    Ok(count)
}

/// Removes settled rows whose time has passed, as many as keep up with `entered` new ones.
pub(super) fn prune(db: &mut Connection, place: &Place, entered: u64, now: Timestamp) -> Result<(), LedgerError> {
    let before = now.before(KEPT).unix();
    let most = entered.saturating_mul(2).max(BITE);
    for state in Forget::Settled.states() {
        in_bites(db, place, most, |db| settled(db, *state, before))?;
    }
    in_bites(db, place, most, |db| ended_codes(db, before))?;
    Ok(())
}

fn in_bites(
    db: &mut Connection,
    place: &Place,
    most: u64,
    bite: impl Fn(&Connection) -> rusqlite::Result<usize>,
) -> Result<u64, LedgerError> {
    let mut removed = 0;
    while removed < most {
        let count = bite(db).map_err(|source| LedgerError::database(&place.file, source))? as u64;
        removed += count;
        if count < BITE {
            break;
        }
    }
    Ok(removed)
}

fn settled(db: &Connection, state: State, before: i64) -> rusqlite::Result<usize> {
    db.prepare_cached(&format!(
        "DELETE FROM conversion WHERE id IN
         (SELECT id FROM conversion WHERE state = ?1 AND state >= 2 AND settled <= ?2 ORDER BY settled LIMIT {BITE})"
    ))?
    .execute(params![state, before])
}

/// Codes that converted or were silent, with their parts.
fn ended_codes(db: &Connection, before: i64) -> rusqlite::Result<usize> {
    let ended = format!("SELECT id FROM code WHERE state > 1 AND arrived <= ?1 ORDER BY arrived LIMIT {BITE}");
    let tx = db.unchecked_transaction()?;
    tx.prepare_cached(&format!("DELETE FROM part WHERE code IN ({ended})"))?.execute([before])?;
    let count = tx.prepare_cached(&format!("DELETE FROM code WHERE id IN ({ended})"))?.execute([before])?;
    tx.commit()?;
    Ok(count)
}

fn unreadable(db: &Connection, before: i64) -> rusqlite::Result<usize> {
    db.prepare_cached(&format!(
        "DELETE FROM unreadable WHERE id IN (SELECT id FROM unreadable WHERE seen <= ?1 LIMIT {BITE})"
    ))?
    .execute([before])
}

/// Whether a run lives is asked inside the transaction: no run can begin to hold a row in between.
fn pending(db: &mut Connection, place: &Place, state: State, before: i64) -> Result<u64, LedgerError> {
    let failed = |source| LedgerError::database(&place.file, source);
    let tx = begin(db).map_err(failed)?;
    let owners: Vec<i64> = {
        let mut owners =
            tx.prepare("SELECT DISTINCT owner FROM conversion WHERE state = ?1 AND state < 2").map_err(failed)?;
        let rows = owners.query_map([state], |row| row.get(0)).map_err(failed)?;
        rows.collect::<Result<_, _>>().map_err(failed)?
    };
    let mut count = 0;
    for owner in owners {
        if !is_living(place, owner)? {
            let sql = "DELETE FROM conversion WHERE state = ?1 AND state < 2 AND owner = ?2 AND recorded <= ?3";
            count += tx.execute(sql, params![state, owner, before]).map_err(failed)? as u64;
        }
    }
    tx.commit().map_err(failed)?;
    Ok(count)
}
