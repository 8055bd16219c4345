//! What a run's transaction works with: the database, the account, the time, and the owners of rows.

use std::collections::HashMap;

use super::alone::Alone;
use super::holdings::Holdings;
use super::liveness::{NO_RUN, RunId, is_alive};
use super::place::Place;
use super::queue::Writing;
use super::tally::Tally;
use crate::domain::Timestamp;
use crate::ledger::decide::Owner;
use crate::ledger::store::StoreError;
use crate::ledger::store::sources::Sources;

/// One transaction that writes, in its turn.
pub(super) struct SqliteTx<'a> {
    pub(super) db: Writing<'a>,
    pub(super) account: i64,
    pub(super) now: Timestamp,
    pub(super) owners: Owners<'a>,
    pub(super) sources: &'a Sources,
    pub(super) alone: &'a mut Alone,
    pub(super) holdings: &'a mut Holdings,
    pub(super) tally: Tally,
    /// How many rows each of the lanes has that were shown last.
    pub(super) lengths: Vec<Length>,
}

/// How many rows a lane has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    Few(usize),
    Many,
}

/// Finds the owners of rows, checking each other run once.
pub(super) struct Owners<'a> {
    place: &'a Place,
    pub(super) me: RunId,
    asked: HashMap<RunId, Owner>,
}

impl<'a> Owners<'a> {
    pub(super) fn seen_by(me: RunId, place: &'a Place) -> Self {
        let asked = HashMap::from([(me, Owner::Me), (NO_RUN, Owner::Free)]);
        Self { place, me, asked }
    }

    pub(super) fn of(&mut self, run: RunId) -> Result<Owner, StoreError> {
        if let Some(owner) = self.asked.get(&run) {
            return Ok(*owner);
        }
        let owner = if is_alive(self.place, run)? { Owner::Other } else { Owner::Free };
        self.asked.insert(run, owner);
        Ok(owner)
    }
}
