//! Which rows this run has in hand, in a form that costs a group of rows as little as one.
//!
//! A row that is handed out as it is recorded is in no index but its key's. So that it is found again if the run crashes, the
//! table `held` has the ranges of ids that the run has handed out and not seen back whole: one for each group that it
//! recorded. After a crash these ranges are walked once, and what is still held in them waits again for any run.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::liveness::RunId;
use super::statements as sql;
use crate::ledger::ticket::RowId;

/// The ranges of one run, as they are in the table. No two have a row in common.
#[derive(Debug, Default)]
pub(super) struct Holdings {
    /// By their first row.
    ranges: BTreeMap<i64, Range>,
    /// What this transaction has changed, with what was there before.
    undo: Vec<(i64, Option<Range>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    last: i64,
    /// How many rows are still out.
    left: usize,
}

impl Holdings {
    /// A transaction begins. Where the one before was not committed, nothing of it counts.
    pub(super) fn begin(&mut self) {
        for (first, range) in std::mem::take(&mut self.undo).into_iter().rev() {
            match range {
                Some(range) => self.ranges.insert(first, range),
                None => self.ranges.remove(&first),
            };
        }
    }

    pub(super) fn commit(&mut self) {
        self.undo.clear();
    }

    /// These were handed out as they were recorded, one after another.
    pub(super) fn recorded(&mut self, db: &Connection, me: RunId, rows: &[RowId]) -> rusqlite::Result<()> {
        match rows {
            [first, .., last] => self.add(db, me, first.0, Range { last: last.0, left: rows.len() }),
            [only] => self.add(db, me, only.0, Range { last: only.0, left: 1 }),
            [] => Ok(()),
        }
    }

    /// A row that had waited was handed out.
    pub(super) fn handed_out(&mut self, db: &Connection, me: RunId, row: RowId) -> rusqlite::Result<()> {
        match self.range_of(row) {
            Some((first, range)) => {
                self.set(first, Some(Range { left: range.left + 1, ..range }));
                Ok(())
            }
            None => self.add(db, me, row.0, Range { last: row.0, left: 1 }),
        }
    }

    /// Rows came back, in their order.
    pub(super) fn ended(
        &mut self,
        db: &Connection,
        me: RunId,
        rows: impl IntoIterator<Item = RowId>,
    ) -> rusqlite::Result<()> {
        let mut rows = rows.into_iter().peekable();
        while let Some(row) = rows.next() {
            let Some((first, range)) = self.range_of(row) else { continue };
            let mut left = range.left.saturating_sub(1);
            while rows.next_if(|row| row.0 <= range.last).is_some() {
                left = left.saturating_sub(1);
            }
            self.set(first, (left > 0).then_some(Range { left, ..range }));
            if left == 0 {
                db.prepare_cached(sql::LET_GO)?.execute([me, first])?;
            }
        }
        Ok(())
    }

    fn add(&mut self, db: &Connection, me: RunId, first: i64, range: Range) -> rusqlite::Result<()> {
        // When the newest rows are forgotten, their ids are given again. What is still out of a range that had them is before these.
        if let Some((older, before)) = self.range_of(RowId(first)) {
            db.prepare_cached(sql::HOLD_LESS)?.execute([me, older, first - 1])?;
            self.set(older, Some(Range { last: first - 1, ..before }));
        }
        db.prepare_cached(sql::HOLD)?.execute([me, first, range.last])?;
        self.set(first, Some(range));
        Ok(())
    }

    fn range_of(&self, row: RowId) -> Option<(i64, Range)> {
        let (first, range) = self.ranges.range(..=row.0).next_back()?;
        (range.last >= row.0).then_some((*first, *range))
    }

    fn set(&mut self, first: i64, range: Option<Range>) {
        let before = match range {
            Some(range) => self.ranges.insert(first, range),
            None => self.ranges.remove(&first),
        };
        self.undo.push((first, before));
    }
}

/// What a run that has crashed had in hand waits again.
pub(super) fn give_back(db: &Connection, run: RunId) -> rusqlite::Result<()> {
    let ranges: Vec<(i64, i64)> = {
        let mut query = db.prepare_cached(sql::HELD_BY)?;
        query.query_map([run], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?
    };
    for (first, last) in ranges {
        db.prepare_cached(sql::GIVE_BACK)?.execute([first, last, run])?;
    }
    db.prepare_cached(sql::LET_ALL_GO)?.execute([run]).map(drop)
}

/// The same for a run of an earlier version, which noted nothing: every row is looked at, once.
pub(super) fn give_back_unnoted(db: &Connection, run: RunId) -> rusqlite::Result<()> {
    db.execute(sql::GIVE_BACK, [i64::MIN, i64::MAX, run]).map(drop)
}

/// The next run, in order, that has something in hand.
pub(super) fn next_holder(db: &Connection, after: RunId) -> rusqlite::Result<Option<RunId>> {
    db.prepare_cached(sql::NEXT_HOLDER)?.query_row([after], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::Holdings;
    use crate::ledger::ticket::RowId;

    const ME: i64 = 7;

    fn rows(ids: impl IntoIterator<Item = i64>) -> Vec<RowId> {
        ids.into_iter().map(RowId).collect()
    }

    #[test]
    fn ids_that_are_given_again_belong_to_the_newer_range() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE held (run, first, last, PRIMARY KEY (run, first))").unwrap();
        let ranges = || -> Vec<(i64, i64)> {
            let mut query = db.prepare("SELECT first, last FROM held ORDER BY first").unwrap();
            let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            rows.collect::<Result<_, _>>().unwrap()
        };
        let mut held = Holdings::default();
        held.recorded(&db, ME, &rows(1..=22)).unwrap();
        held.ended(&db, ME, rows(3..=22)).unwrap();
        // These twenty are forgotten, and their ids are given again.
        held.recorded(&db, ME, &rows(3..=14)).unwrap();
        assert_eq!(ranges(), [(1, 2), (3, 14)]);
        held.ended(&db, ME, rows([1, 3, 4, 5])).unwrap();
        assert_eq!(ranges(), [(1, 2), (3, 14)], "2 is still out");
        held.ended(&db, ME, rows(6..=14)).unwrap();
        assert_eq!(ranges(), [(1, 2)]);
        held.ended(&db, ME, rows([2])).unwrap();
        assert_eq!(ranges(), []);
    }
}
