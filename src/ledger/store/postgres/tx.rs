//! The seam's methods for a transaction of a run on a server.

use super::codes;
use super::lanes;
use super::rows;
use super::transaction::PostgresTx;
use crate::domain::{BadRecord, Conversion, Timestamp};
use crate::ledger::decide::{
    Applied, AwaitingChannel, Code, CodePlan, CodeWant, Lane, Plan, Planned, SeenCodes, Want,
};
use crate::ledger::store::{Cursor, StoreError, Tx};
use crate::ledger::ticket::{LeftOver, Novelty};
use crate::ledger::tracking::{Arrived, Expiry};

impl Tx for PostgresTx<'_> {
    fn lanes(&mut self, want: &Want<'_>) -> Result<Vec<Lane>, StoreError> {
        lanes::lanes(self, want)
    }

    fn guesses(&self) -> bool {
        self.is_idle()
    }

    fn apply_guess(&mut self, want: &Want<'_>, plan: &Plan) -> Result<Option<Applied>, StoreError> {
        rows::apply_guess(self, want, plan)
    }

    fn apply(&mut self, plan: &Plan) -> Result<Applied, StoreError> {
        rows::apply(self, plan)
    }

    fn apply_last(&mut self, plan: &Plan) -> Result<Applied, StoreError> {
        rows::apply_last(self, plan)
    }

    fn candidates(
        &mut self,
        planned: Planned,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<(Cursor, Conversion)>, StoreError> {
        self.sweep_first()?;
        rows::candidates(self, planned, after, limit)
    }

    fn left_over(&mut self, latest: Timestamp) -> Result<Option<LeftOver>, StoreError> {
        self.sweep_first()?;
        rows::left_over(self, latest)
    }

    fn keep_unreadable(&mut self, records: &[BadRecord]) -> Result<Vec<Novelty>, StoreError> {
        rows::keep_unreadable(self, records)
    }

    fn codes(&mut self, want: &CodeWant<'_>) -> Result<SeenCodes, StoreError> {
        codes::find(self, want)
    }

    fn apply_codes(&mut self, plan: &CodePlan) -> Result<(), StoreError> {
        codes::apply(self, plan)
    }

    fn expired_codes(&mut self, expiry: Expiry, limit: usize) -> Result<Vec<Code>, StoreError> {
        self.sweep_first()?;
        let expiry = match expiry {
            Expiry::ByLog(time) if self.is_idle() => {
                Expiry::ByLog(self.store.persist(|store| codes::read_to(store, time))?)
            }
            Expiry::ByLog(_) | Expiry::ByClock { .. } | Expiry::All => expiry,
        };
        codes::expired(self, expiry, limit)
    }

    fn open_codes(&mut self) -> Result<u64, StoreError> {
        self.sweep_first()?;
        codes::count_open(self)
    }

    fn awaiting_channel(&mut self, arrived: Arrived, limit: usize) -> Result<Vec<AwaitingChannel>, StoreError> {
        self.sweep_first()?;
        codes::awaiting_channel(self, arrived, limit)
    }

    fn give_up(&mut self, given_up: &[AwaitingChannel]) -> Result<(), StoreError> {
        codes::give_up(self, given_up)
    }

    fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        PostgresTx::commit(&mut self)
    }
}
