//! What a store has to do. It decides nothing: it shows what a group touches, and carries out a plan.

use std::fmt;

use super::error::StoreError;
use crate::domain::{BadRecord, Conversion, Timestamp};
use crate::ledger::decide::{
    Applied, AwaitingChannel, Code, CodePlan, CodeWant, Lane, Plan, Planned, SeenCodes, Want,
};
use crate::ledger::error::Location;
use crate::ledger::ticket::{LeftOver, Novelty, UncleanStops};
use crate::ledger::tracking::{Arrived, Expiry, LogSource};

/// A store that is open for one run.
pub(crate) trait Store: fmt::Debug + Send {
    fn location(&self) -> Location;

    /// The runs that crashed before this one began. The first run that ends forgets them, because its summary has shown them.
    fn unclean_stops(&self) -> UncleanStops;

    /// Names the files of the log that this run reads. Codes that runs before were told of by one of them are then told by our log.
    fn reads(&mut self, sources: &[LogSource], now: Timestamp) -> Result<(), StoreError>;

    /// Begins to write, at a time.
    fn begin(&mut self, now: Timestamp) -> Result<Box<dyn Tx + '_>, StoreError>;

    /// Makes sure that whatever is recorded can be settled even if the disk fills up.
    fn reserve_room(&mut self) -> Result<(), StoreError>;

    /// Gives up the reserved room. Returns whether there was any: then a write that found the disk full is worth another try.
    fn release_room(&mut self) -> bool;

    /// Ends the run cleanly, and removes settled rows whose time has passed, at least twice as many as it has recorded.
    fn close(self: Box<Self>, recorded: u64, now: Timestamp) -> Result<(), StoreError>;

    #[cfg(test)]
    fn as_any(&self) -> &dyn std::any::Any;
}

/// A position in a walk over candidates; only the store interprets it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cursor {
    pub(crate) owner: i64,
    pub(crate) state: i64,
    pub(crate) planned: i64,
    pub(crate) row: i64,
}

/// One transaction that writes. Dropped without a commit, nothing of it has happened.
pub(crate) trait Tx {
    /// The rows of these message-ids, one lane for each that is wanted.
    fn lanes(&mut self, want: &Want<'_>) -> Result<Vec<Lane>, StoreError>;

    /// Carries out what was decided of the lanes that were shown last.
    fn apply(&mut self, plan: &Plan) -> Result<Applied, StoreError>;

    /// Up to `limit` pending conversions that no other live run has, run by run in the order of their planned attempts; after
    /// the cursor, and each with its own.
    fn candidates(
        &mut self,
        planned: Planned,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<(Cursor, Conversion)>, StoreError>;

    /// What is pending and not another live run's. A plan that is later than `latest` counts as due.
    fn left_over(&mut self, latest: Timestamp) -> Result<Option<LeftOver>, StoreError>;

    /// Keeps input that was no record, once however often it is read.
    fn keep_unreadable(&mut self, records: &[BadRecord]) -> Result<Vec<Novelty>, StoreError>;

    /// The codes that a group of events touches.
    fn codes(&mut self, want: &CodeWant<'_>) -> Result<SeenCodes, StoreError>;

    /// Carries out what was decided of codes.
    fn apply_codes(&mut self, plan: &CodePlan) -> Result<(), StoreError>;

    /// Up to `limit` open codes that have expired and that no other live run watches.
    fn expired_codes(&mut self, expiry: Expiry, limit: usize) -> Result<Vec<Code>, StoreError>;

    /// How many codes are open that our log told of and no other live run watches.
    fn open_codes(&mut self) -> Result<u64, StoreError>;

    /// Up to `limit` conversions that arrived by then, await their channel and are no other live run's.
    fn awaiting_channel(&mut self, arrived: Arrived, limit: usize) -> Result<Vec<AwaitingChannel>, StoreError>;

    /// Notes that these were given up.
    fn give_up(&mut self, codes: &[AwaitingChannel]) -> Result<(), StoreError>;

    /// Makes all of it durable.
    fn commit(self: Box<Self>) -> Result<(), StoreError>;
}
