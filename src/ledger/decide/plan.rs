//! The plan that a decision makes, and what comes back when a store has carried it out.

use crate::domain::{Failure, Record, Reference, Timestamp};
use crate::ledger::state::RowState;
use crate::ledger::ticket::{Effort, Origin, RowId};

/// What is to be done with rows: first the inserts, then the changes in their order, then what is read.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) inserts: Vec<NewRow>,
    pub(crate) changes: Vec<Change>,
    /// Rows of this run that from now on are not the only pending one of their message-id; some may not have been for long.
    pub(crate) crowded: Vec<RowRef>,
    /// Rows whose content is asked for, as it is after the changes.
    pub(crate) reads: Vec<RowId>,
    pub(crate) released: Release,
}

/// A row that is stored, or one that the plan inserts. What is stored was recorded first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RowRef {
    Stored(RowId),
    /// By its place among the plan's inserts.
    New(usize),
}

/// A record that is written down.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NewRow {
    /// Its lane, by its place among those that were wanted.
    pub(crate) lane: usize,
    pub(crate) record: Record,
    /// Held by this run, waiting for it, or stale from the beginning.
    pub(crate) state: RowState,
}

/// What becomes of a row.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// This run takes it.
    HandOut(RowId),
    /// A newer value was accepted.
    Overtaken(RowId),
    /// It becomes a dead letter: a clock that was ahead recorded its time.
    GiveUpAsFuture(RowId),
    /// It is asked for by this run's input, and waits.
    Claim(RowId, Claim),
    /// Its delivery has ended.
    End(RowId, End),
}

/// What a row takes over from the input that asks for it again.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) line: u64,
    pub(crate) reference: Option<Reference>,
    pub(crate) timestamp: Timestamp,
    /// It had expired and begins a new life; one that is only orphaned keeps its age.
    pub(crate) is_revived: bool,
    /// It goes beside whatever else is under way.
    pub(crate) is_forced: bool,
}

/// What is written into a row when its ticket comes back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) state: RowState,
    pub(crate) http_status: Option<u16>,
    /// What went wrong; `None` with a pending state keeps what an earlier round met.
    pub(crate) failure: Option<Failure>,
    pub(crate) effort: Effort,
    pub(crate) rounds: u32,
    pub(crate) next_attempt: Timestamp,
    /// This run tried in vain, and takes it up again only while there is input.
    pub(crate) is_postponed: bool,
}

/// Rows that may go now or have ended on the way, each with its place among [`Plan::reads`].
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Release {
    pub(crate) tickets: Vec<(RowId, usize, Origin)>,
    pub(crate) stale: Vec<(RowId, usize, Origin)>,
    pub(crate) expired: Vec<RowId>,
    pub(crate) taken_over: Vec<RowId>,
}

/// What a store has done.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// One for each insert.
    pub(crate) inserted: Vec<RowId>,
    /// One for each read.
    pub(crate) read: Vec<StoredRow>,
}

/// The content of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredRow {
    pub(crate) record: Record,
    pub(crate) recorded: Timestamp,
    pub(crate) rounds: u32,
    pub(crate) http_status: Option<u16>,
    pub(crate) failure: Option<Failure>,
}

impl Plan {
    /// Asks for a row's content, and returns its place in [`Applied::read`].
    pub(super) fn read(&mut self, row: RowId) -> usize {
        self.reads.push(row);
        self.reads.len() - 1
    }
}
