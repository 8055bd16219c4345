//! Removing rows whose time has passed: after 30 days, or by `ledger forget`.
//!
//! Pending rows and dead letters go only when asked for; rows that a live run has never go.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio_postgres::types::Type;

use super::access::Access;
use super::connect::Connection;
use super::exchange::Step;
use super::followed;
use super::liveness::{Locks, sweep};
use super::schema::{self, Schema};
use crate::domain::Timestamp;
use crate::ledger::state::RowState;
use crate::ledger::store::{Forget, StoreError};

/// Rows that one statement removes: others get their turn in between.
const BITE: u64 = 1000;

const SETTLED: &str = "DELETE FROM @conversion WHERE id IN (
         SELECT id FROM @conversion WHERE state = $1 AND state >= 2 AND settled <= $2
         ORDER BY settled, id LIMIT $3 FOR UPDATE SKIP LOCKED)
     RETURNING id";

const UNREADABLE: &str = "DELETE FROM @unreadable WHERE id IN (
         SELECT id FROM @unreadable WHERE $1::int2 IS NOT NULL AND seen <= $2
         ORDER BY seen, id LIMIT $3 FOR UPDATE SKIP LOCKED)
     RETURNING id";

const CODES: &str = "WITH gone AS (
         DELETE FROM @code WHERE id IN (
             SELECT id FROM @code WHERE $1::int2 IS NOT NULL AND state > 1 AND arrived <= $2
             ORDER BY arrived, id LIMIT $3 FOR UPDATE SKIP LOCKED)
         RETURNING id),
     parts AS (DELETE FROM @part WHERE code IN (SELECT id FROM gone))
     SELECT id FROM gone";

const PENDING: &str = "DELETE FROM @conversion WHERE id IN (
         SELECT c.id FROM @conversion c
         WHERE c.state = $1 AND c.state < 2 AND c.recorded <= $2
           AND NOT EXISTS (SELECT 1 FROM @lease l WHERE l.run = c.owner)
         LIMIT $3 FOR UPDATE SKIP LOCKED)
     RETURNING id";

/// Removes rows of every account that are older than that, and returns how many.
pub(crate) fn forget(
    access: &Access,
    what: Forget,
    older_than: Duration,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut connection = (access.connect)(&AtomicBool::new(false))?;
    schema::refuse_other_versions(&mut connection, &access.schema)?;
    let before = now.before(older_than);
    let mut kinds: Vec<_> = match what {
        Forget::Settled | Forget::Refused => what.states().iter().map(|state| (SETTLED, *state)).collect(),
        Forget::Pending => {
            let identity = schema::identity(&mut connection, &access.schema)?;
            let locks = Locks::in_folder(&access.locks.join(identity))?;
            sweep(&mut connection, &access.schema, &locks, &locks.left(), 0)?;
            what.states().iter().map(|state| (PENDING, *state)).collect()
        }
    };
    match what {
        Forget::Settled => {
            kinds.push((CODES, RowState::Accepted));
            // What stands for no conversion stays for as long as rows are remembered: a file whose log rests is still read.
            let old = now.before(older_than.max(access.keep)).unix();
            connection.exchange(&[
                access.schema.statement(followed::FORGET).number(old).into(),
                access.schema.statement("DELETE FROM @ended WHERE at < $1").number(old).into(),
            ])?;
        }
        Forget::Refused => kinds.push((UNREADABLE, RowState::Refused)),
        Forget::Pending => {}
    }
    in_bites(&mut connection, &access.schema, u64::MAX, &kinds, before)
}

/// Removes settled rows whose time has passed, as many as keep up with `recorded` new ones.
pub(super) fn prune(
    connection: &mut Connection,
    schema: &Schema,
    recorded: u64,
    before: Timestamp,
) -> Result<u64, StoreError> {
    let settled = Forget::Settled.states().iter().map(|state| (SETTLED, *state));
    let kinds: Vec<_> = settled.chain([(CODES, RowState::Accepted)]).collect();
    in_bites(connection, schema, recorded.saturating_mul(2).max(BITE), &kinds, before)
}

/// The oldest of each kind, until none is left or so many are removed.
fn in_bites(
    connection: &mut Connection,
    schema: &Schema,
    most: u64,
    kinds: &[(&str, RowState)],
    before: Timestamp,
) -> Result<u64, StoreError> {
    let bite = i64::try_from(BITE).unwrap_or(i64::MAX);
    let mut removed = 0;
    loop {
        let steps: Vec<Step<'_>> = kinds
            .iter()
            .map(|(text, state)| {
                let state = super::row::state_number(*state);
                schema.statement(text).with(state, Type::INT2).number(before.unix()).number(bite).into()
            })
            .collect();
        let counts: Vec<_> = connection.exchange(&steps)?.iter().map(|rows| rows.len() as u64).collect();
        removed += counts.iter().sum::<u64>();
        if removed >= most || counts.iter().all(|count| *count < BITE) {
            return Ok(removed);
        }
    }
}
