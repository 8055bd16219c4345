//! One transaction of a run: the seam's methods, each by statements that are prepared once.

use super::session::SqliteTx;
use super::{apply, codes, rows};
use crate::domain::{BadRecord, Conversion, Timestamp};
use crate::ledger::decide::{
    Applied, AwaitingChannel, Code, CodePlan, CodeWant, Lane, Plan, Planned, SeenCodes, Want,
};
use crate::ledger::store::{Cursor, StoreError, Tx};
use crate::ledger::ticket::{LeftOver, Novelty};
use crate::ledger::tracking::{Arrived, Expiry};

impl Tx for SqliteTx<'_> {
    fn lanes(&mut self, want: &Want<'_>) -> Result<Vec<Lane>, StoreError> {
        rows::lanes(self, want)
    }

    fn apply(&mut self, plan: &Plan) -> Result<Applied, StoreError> {
        Ok(apply::apply(self, plan)?)
    }

    fn candidates(
        &mut self,
        planned: Planned,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<(Cursor, Conversion)>, StoreError> {
        rows::candidates(self, planned, after, limit)
    }

    fn left_over(&mut self, latest: Timestamp) -> Result<Option<LeftOver>, StoreError> {
        rows::left_over(self, latest)
    }

    fn keep_unreadable(&mut self, records: &[BadRecord]) -> Result<Vec<Novelty>, StoreError> {
        Ok(rows::keep_unreadable(self, records)?)
    }

    fn codes(&mut self, want: &CodeWant<'_>) -> Result<SeenCodes, StoreError> {
        codes::find(self, want)
    }

    fn apply_codes(&mut self, plan: &CodePlan) -> Result<(), StoreError> {
        Ok(codes::apply(self, plan)?)
    }

    fn expired_codes(&mut self, expiry: Expiry, limit: usize) -> Result<Vec<Code>, StoreError> {
        codes::expired(self, expiry, limit)
    }

    fn open_codes(&mut self) -> Result<u64, StoreError> {
        codes::count_open(self)
    }

    fn awaiting_channel(&mut self, arrived: Arrived, limit: usize) -> Result<Vec<AwaitingChannel>, StoreError> {
        codes::awaiting_channel(self, arrived, limit)
    }

    fn give_up(&mut self, given_up: &[AwaitingChannel]) -> Result<(), StoreError> {
        Ok(codes::give_up(self, given_up)?)
    }

    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let Self { db, account, now, tally, holdings, .. } = *self;
        tally.write(&db, account, now.unix())?;
        db.commit()?;
        holdings.commit();
        Ok(())
    }
}
