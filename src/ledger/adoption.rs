//! Taking over what no living run works on: rows of runs that died or ended, and rows that were planned for later.

use std::collections::HashSet;

use rusqlite::params;

use crate::domain::{Channel, Conversion, MessageId, Timestamp};

use super::LedgerError;
use super::lane::Desk;
use super::row::{self, State};
use super::run::{Owner, RunId};
use super::ticket::{Due, LeftOver, Released};

/// How many candidates are looked at in one go; memory stays bounded however much was left.
const CHUNK: usize = 256;

/// Where the walk over an owner's rows has come: planned time and row.
type Cursor = (i64, i64);

impl Desk<'_> {
    /// Hands out up to `limit` rows that may go.
    pub(super) fn adopt(&mut self, limit: usize, due: Due) -> Result<Released, LedgerError> {
        let mut released = Released::default();
        // A lane gives one ticket; its other rows need no second look.
        let mut seen = HashSet::new();
        for run in self.runs_with_pending_rows().map_err(|error| self.failed(error))? {
            let states: &[State] = match self.owners.of(run)? {
                Owner::Other => &[],
                Owner::Me => &[State::Queued],
                Owner::Nobody => &[State::Queued, State::Held],
            };
            for state in states {
                self.adopt_from(run, *state, limit, due, &mut seen, &mut released)?;
            }
        }
        Ok(released)
    }

    fn adopt_from(
        &mut self,
        run: RunId,
        state: State,
        limit: usize,
        due: Due,
        seen: &mut HashSet<(Channel, MessageId)>,
        released: &mut Released,
    ) -> Result<(), LedgerError> {
        let mut after = (i64::MIN, 0);
        loop {
            let chunk = self.candidates(run, state, due, after).map_err(|error| self.failed(error))?;
            for (cursor, conversion) in &chunk {
                if released.tickets.len() >= limit {
                    return Ok(());
                }
                after = *cursor;
                if !seen.insert((conversion.channel, conversion.message_id.clone())) {
                    continue;
                }
                let lane = self.lane(conversion).map_err(|error| self.failed(error))?;
                self.advance(&lane.rows, due, released)?;
            }
            if chunk.len() < CHUNK {
                return Ok(());
            }
        }
    }

    /// The next rows in the order of their planned attempts.
    fn candidates(
        &self,
        run: RunId,
        state: State,
        due: Due,
        after: Cursor,
    ) -> rusqlite::Result<Vec<(Cursor, Conversion)>> {
        let until = match due {
            Due::OnlyDue | Due::OnlyDueOfOthers => self.now.unix(),
            Due::Everything => i64::MAX,
        };
        // What this run has postponed itself it takes up again only while there is input: else it would never end.
        let mine_until = match due {
            Due::OnlyDue => until,
            Due::OnlyDueOfOthers | Due::Everything => i64::MIN,
        };
        let mut rows = self.db.prepare_cached(&format!(
            "SELECT {}, next_attempt, id FROM conversion
             WHERE account = ?1 AND owner = ?2 AND state = ?3 AND state < 2
               AND (next_attempt, id) > (?4, ?5) AND (next_attempt <= ?6 OR next_attempt > ?10)
               AND (next_attempt <= ?8 OR next_attempt > ?10 OR postponed_by <> ?9)
             ORDER BY next_attempt, id LIMIT ?7",
            row::RECORD
        ))?;
        let limit = i64::try_from(CHUNK).unwrap_or(i64::MAX);
        rows.query_map(
            params![
                self.account,
                run,
                state,
                after.0,
                after.1,
                until,
                limit,
                mine_until,
                self.owners.me(),
                self.latest_plan()
            ],
            |row| Ok(((row.get(7)?, row.get(8)?), row::record(row)?.conversion)),
        )?
        .collect()
    }

    /// What is pending and no other living run's.
    pub(super) fn left_over(&mut self) -> Result<Option<LeftOver>, LedgerError> {
        let mut left: Option<LeftOver> = None;
        for run in self.runs_with_pending_rows().map_err(|error| self.failed(error))? {
            if self.owners.of(run)? != Owner::Other {
                let (count, until) = self.count_pending(run).map_err(|error| self.failed(error))?;
                let sum = left.get_or_insert(LeftOver { count: 0, until });
                (sum.count, sum.until) = (sum.count + count, sum.until.max(until));
            }
        }
        Ok(left)
    }

    fn count_pending(&self, run: RunId) -> rusqlite::Result<(u64, Timestamp)> {
        let mut count = self.db.prepare_cached(
            "SELECT count(*), max(iif(next_attempt > ?4, ?3, next_attempt)) FROM conversion
             WHERE account = ?1 AND owner = ?2 AND state < 2",
        )?;
        count.query_row(params![self.account, run, self.now.unix(), self.latest_plan()], |row| {
            Ok((row.get::<_, i64>(0)?.unsigned_abs(), row::timestamp(row, 1)?))
        })
    }

    /// A walk over the index that touches one row for each run.
    fn runs_with_pending_rows(&self) -> rusqlite::Result<Vec<RunId>> {
        let mut next = self
            .db
            .prepare_cached("SELECT min(owner) FROM conversion WHERE account = ?1 AND owner > ?2 AND state < 2")?;
        let mut runs = Vec::new();
        let mut last = -1;
        while let Some(run) = next.query_row([self.account, last], |row| row.get::<_, Option<RunId>>(0))? {
            runs.push(run);
            last = run;
        }
        Ok(runs)
    }
}
