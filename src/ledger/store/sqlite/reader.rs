//! Reading a ledger without changing it: counts and dead letters.
//!
//! Long answers are read in pages, so that a slow reader never keeps the log from being written back.

use std::path::Path;

use rusqlite::{Connection, Row, params};

use super::place::{Occupant, Place};
use super::row;
use super::schema;
use super::tally;
use crate::domain::{BadRecord, Reference};
use crate::ledger::contents::{DeadLetter, Kept, Original, StatusRow};
use crate::ledger::state::RowState;
use crate::ledger::store::StoreError;

const PAGE: i64 = 256;

/// What is counted already. The oldest is the one that was settled first. `since` only saves steps: where it is too late, because
/// somebody has changed rows by other means, all are looked at.
const SETTLED: &str = "SELECT fingerprint, rows,
        coalesce(
            (SELECT recorded FROM conversion WHERE conversion.state = tally.state AND conversion.state >= 2
                 AND settled >= since AND conversion.account = tally.account ORDER BY settled, conversion.id LIMIT 1),
            (SELECT recorded FROM conversion WHERE conversion.state = tally.state AND conversion.state >= 2
                 AND conversion.account = tally.account ORDER BY settled, conversion.id LIMIT 1),
            since),
        state
    FROM tally JOIN account ON account.id = tally.account WHERE rows > 0";

const QUEUED: &str = "SELECT fingerprint, count(*), min(recorded), 0
    FROM account CROSS JOIN conversion INDEXED BY conversion_queued ON conversion.account = account.id AND state = 0
    GROUP BY fingerprint";

const HELD: &str = "SELECT fingerprint, count(*), min(recorded), 1
    FROM held CROSS JOIN conversion ON conversion.id BETWEEN first AND last AND state = 1 AND owner = run
    JOIN account ON account.id = conversion.account GROUP BY fingerprint";

/// Where nothing is counted.
const EVERY: &str = "SELECT fingerprint, count(*), min(recorded), state
    FROM conversion JOIN account ON account.id = conversion.account GROUP BY fingerprint, state";

/// A ledger, open for reading.
#[derive(Debug)]
pub(crate) struct SqliteReader {
    db: Connection,
}

impl SqliteReader {
    /// Opens a ledger that exists; `None` where there is none yet. Nothing is created.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, StoreError> {
        if let Some(folder) = path.parent()
            && !folder.as_os_str().is_empty()
            && !folder.exists()
        {
            return Ok(None);
        }
        let place = Place::find(path)?;
        match place.occupant()? {
            Occupant::Nothing => Ok(None),
            Occupant::Bytes => Ok(Some(Self { db: schema::open_to_read(&place)? })),
        }
    }

    /// Counts and oldest, by account and state.
    pub(crate) fn status(&self) -> Result<Vec<StatusRow>, StoreError> {
        let mut rows = self.counts()?;
        rows.sort_by(|a, b| (&a.account, a.kept).cmp(&(&b.account, b.kept)));
        Ok(rows)
    }

    fn counts(&self) -> rusqlite::Result<Vec<StatusRow>> {
        let state = |row: &Row<'_>| row.get(3).map(Kept::Conversion);
        let mut rows = Vec::new();
        if self.db.table_exists(None, "tally")? && tally::holds(&self.db)? {
            for sql in [SETTLED, QUEUED, HELD] {
                rows.extend(self.counts_of(sql, state)?);
            }
        } else {
            rows.extend(self.counts_of(EVERY, state)?);
        }
        rows.extend(self.counts_of(
            "SELECT fingerprint, count(*), min(seen)
             FROM unreadable JOIN account ON account.id = unreadable.account GROUP BY fingerprint",
            |_| Ok(Kept::Unreadable),
        )?);
        // A ledger that an older version wrote last knows no codes.
        if self.db.table_exists(None, "code")? {
            rows.extend(self.counts_of(
                "SELECT fingerprint, count(*), min(arrived)
                 FROM code JOIN account ON account.id = code.account WHERE state = 0 GROUP BY fingerprint",
                |_| Ok(Kept::OpenCode),
            )?);
        }
        Ok(rows)
    }

    fn counts_of(
        &self,
        sql: &str,
        kept: impl Fn(&Row<'_>) -> rusqlite::Result<Kept>,
    ) -> rusqlite::Result<Vec<StatusRow>> {
        let mut query = self.db.prepare(sql)?;
        query
            .query_map([], |row| {
                Ok(StatusRow {
                    account: row.get(0)?,
                    count: row.get::<_, i64>(1)?.unsigned_abs(),
                    oldest: row::timestamp(row, 2)?,
                    kept: kept(row)?,
                })
            })?
            .collect()
    }

    /// Every dead letter, oldest first within its kind.
    pub(crate) fn refused(&self, mut each: impl FnMut(DeadLetter)) -> Result<(), StoreError> {
        let record = format!(
            "SELECT {}, code, reached, message, http_status, attempts, fingerprint, settled, conversion.id
             FROM conversion JOIN account ON account.id = conversion.account
             WHERE state = ?1 AND state >= 2 AND (settled, conversion.id) > (?2, ?3)
             ORDER BY settled, conversion.id LIMIT ?4",
            row::RECORD
        );
        for state in [RowState::Refused, RowState::Expired] {
            self.pages(&record, state, dead_record, &mut each)?;
        }
        let unreadable = "SELECT line, reference, code, message, raw, fingerprint, seen, unreadable.id
             FROM unreadable JOIN account ON account.id = unreadable.account
             WHERE ?1 NOTNULL AND (seen, unreadable.id) > (?2, ?3)
             ORDER BY seen, unreadable.id LIMIT ?4";
        self.pages(unreadable, RowState::Refused, dead_input, &mut each)
    }

    fn pages<T>(
        &self,
        sql: &str,
        state: RowState,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<(T, PageStart)>,
        each: &mut impl FnMut(T),
    ) -> Result<(), StoreError> {
        let mut query = self.db.prepare(sql)?;
        let mut after: PageStart = (i64::MIN, 0);
        loop {
            let page = query
                .query_map(params![state, after.0, after.1, PAGE], |row| read(row))
                .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)?;
            if page.is_empty() {
                return Ok(());
            }
            for (item, cursor) in page {
                each(item);
                after = cursor;
            }
        }
    }

    pub(super) fn db(&self) -> &Connection {
        &self.db
    }
}

/// The walk's position: time and row.
type PageStart = (i64, i64);

fn dead_record(row: &Row<'_>) -> rusqlite::Result<(DeadLetter, PageStart)> {
    let letter = DeadLetter {
        original: Original::Record {
            record: row::record(row)?,
            failure: row::failure(row, 7)?,
            http_status: row.get(10)?,
            attempts: row.get(11)?,
        },
        account: row.get(12)?,
        when: row::timestamp(row, 13)?,
    };
    Ok((letter, (row.get(13)?, row.get(14)?)))
}

fn dead_input(row: &Row<'_>) -> rusqlite::Result<(DeadLetter, PageStart)> {
    let letter = DeadLetter {
        original: Original::Unreadable(BadRecord {
            line: row.get::<_, i64>(0)?.unsigned_abs(),
            reference: row.get_ref(1)?.as_str_or_null()?.map(Reference::from_json),
            code: row::code(row, 2)?,
            message: row.get(3)?,
            raw: row.get(4)?,
            file: None,
        }),
        account: row.get(5)?,
        when: row::timestamp(row, 6)?,
    };
    Ok((letter, (row.get(6)?, row.get(7)?)))
}
