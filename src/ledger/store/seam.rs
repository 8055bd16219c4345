//! What a store has to do. It decides nothing: it shows what a group touches, and carries out a plan.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::error::StoreError;
use crate::domain::{BadRecord, Conversion, FollowedFile, ReadTo, Timestamp};
use crate::ledger::decide::{
    Applied, AwaitingChannel, Code, CodePlan, CodeWant, Lane, Plan, Planned, SeenCodes, Want,
};
use crate::ledger::error::Location;
use crate::ledger::ticket::{LeftOver, Novelty, RunEnd, UncleanStops};
use crate::ledger::tracking::{Arrived, Expiry, LogSource};

/// A store that is open for one run.
pub(crate) trait Store: fmt::Debug + Send {
    fn location(&self) -> Location;

    /// The runs that crashed before this one began. The first run that ends forgets them, because its summary has shown them.
    fn unclean_stops(&self) -> UncleanStops;

    /// Names the files of the log that this run reads. Codes that runs before were told of by one of them are then told by our log.
    fn reads(&mut self, sources: &[LogSource], now: Timestamp) -> Result<(), StoreError>;

    /// How far earlier runs have read a followed file, in each of the files that it has been; the one that was read last comes first.
    /// What nobody has read for a month is forgotten.
    fn read_before(&mut self, file: &Arc<FollowedFile>, now: Timestamp) -> Result<Vec<ReadTo>, StoreError>;

    /// Writes down how far files have been read, where what stands before that is recorded. It may be lost with the machine: then
    /// that is read again.
    fn read_to(&mut self, positions: &[ReadTo]) -> Result<(), StoreError>;

    /// What sets this from outside ends any waiting for a server that is gone.
    fn heed(&mut self, _stop: Arc<AtomicBool>) {}

    /// Begins to write, at a time.
    fn begin(&mut self, now: Timestamp) -> Result<Box<dyn Tx + '_>, StoreError>;

    /// Whether work that failed so is worth doing again from its beginning, now that this has returned.
    fn tries_again(&mut self, _failed: &StoreError) -> bool {
        false
    }

    /// Keeps the run alive; to be called again and again. Returns for how long its rows are its own.
    fn beat(&mut self) -> Result<Lease, StoreError> {
        Ok(Lease::Unending)
    }

    /// Makes sure that whatever is recorded can be settled even if the disk fills up.
    fn reserve_room(&mut self) -> Result<(), StoreError>;

    /// Gives up the reserved room. Returns whether there was any: then a write that found the disk full is worth another try.
    fn release_room(&mut self) -> bool;

    /// Ends the run cleanly, and removes settled rows whose time has passed, at least twice as many as it has recorded.
    /// Notes how the command ended, where it is said.
    fn close(self: Box<Self>, recorded: u64, end: Option<RunEnd>, now: Timestamp) -> Result<(), StoreError>;

    #[cfg(test)]
    fn as_any(&self) -> &dyn std::any::Any;
}

/// For how long a run's rows are its own without another word from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lease {
    /// For as long as its process lives.
    Unending,
    /// Until this time of the clock that never jumps.
    Until(Duration),
    /// They were not for a while: what this run was handed before may be another run's by now.
    Lost,
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

    /// Whether a guess may spare a journey: what was decided as if nothing else were known of the lanes is given to
    /// [`apply_guess`](Self::apply_guess) first.
    fn guesses(&self) -> bool {
        false
    }

    /// Carries out a plan that was decided as if the lanes had no other pending rows, and commits; if they have, nothing is
    /// done, and the lanes can still be asked for.
    fn apply_guess(&mut self, _want: &Want<'_>, _plan: &Plan) -> Result<Option<Applied>, StoreError> {
        Ok(None)
    }

    /// Carries out the last plan of this transaction: nothing but the commit comes after it, which may be done with it.
    fn apply_last(&mut self, plan: &Plan) -> Result<Applied, StoreError> {
        self.apply(plan)
    }

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
