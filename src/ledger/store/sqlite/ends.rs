//! How deliveries' ends are written into their rows.
//!
//! Nearly all are accepted, and nearly all rows of a group were recorded one after another: one statement writes a whole stretch
//! of them.

use rusqlite::params;

use super::row::{number, reached_number};
use super::session::SqliteTx;
use super::statements as sql;
use crate::ledger::decide::{Change, End, Plan};
use crate::ledger::state::RowState;
use crate::ledger::ticket::RowId;

/// What an acceptance writes beside the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Acceptance {
    http_status: Option<u16>,
    attempts: u32,
    ambiguous_resends: u32,
}

impl Acceptance {
    fn of(end: &End) -> Option<Self> {
        (end.state == RowState::Accepted).then_some(Self {
            http_status: end.http_status,
            attempts: end.effort.attempts,
            ambiguous_resends: end.effort.ambiguous_resends,
        })
    }
}

/// Writes what was accepted. No other change of a plan concerns these rows.
pub(super) fn accept(tx: &mut SqliteTx<'_>, plan: &Plan) -> rusqlite::Result<()> {
    let mut accepted = Vec::with_capacity(plan.changes.len());
    for change in &plan.changes {
        if let Change::End(row, end) = change
            && let Some(acceptance) = Acceptance::of(end)
        {
            accepted.push((*row, acceptance));
        }
    }
    if accepted.is_empty() {
        return Ok(());
    }
    accepted.sort_unstable();
    let mut accept = tx.db.prepare_cached(sql::ACCEPT)?;
    for stretch in accepted.chunk_by(|(row, end), (next, its)| row.0 + 1 == next.0 && end == its) {
        let [(first, end), ..] = stretch else { continue };
        let last = first.0 + number(stretch.len() as u64) - 1;
        accept.execute(params![
            first.0,
            last,
            tx.now.unix(),
            end.http_status,
            end.attempts,
            end.ambiguous_resends
        ])?;
    }
    for (row, _) in &accepted {
        tx.alone.ended(*row);
    }
    tx.tally.add(RowState::Accepted, number(accepted.len() as u64));
    tx.holdings.ended(&tx.db, tx.owners.me, accepted.iter().map(|(row, _)| *row))
}

/// Writes any other end.
pub(super) fn end(tx: &mut SqliteTx<'_>, row: RowId, end: &End) -> rusqlite::Result<()> {
    let failure = end.failure.as_ref();
    tx.db.prepare_cached(sql::END)?.execute(params![
        row.0,
        end.state,
        end.next_attempt.unix(),
        end.rounds,
        end.effort.attempts,
        end.effort.ambiguous_resends,
        (!end.state.is_pending()).then_some(tx.now.unix()),
        end.http_status,
        failure.map(|failure| failure.code.as_str()),
        failure.and_then(|failure| reached_number(failure.reached_server)),
        failure.map(|failure| &failure.message),
        if end.is_postponed { tx.owners.me } else { 0 },
        end.state == RowState::Queued && failure.is_none(),
    ])?;
    if !end.state.is_pending() {
        tx.alone.ended(row);
    }
    tx.tally.add(end.state, 1);
    tx.holdings.ended(&tx.db, tx.owners.me, [row])
}
