//! The rules, on values alone: a group and what it touches go in, a plan comes out, and no store is there.

mod adoption;
mod any_lane;
mod code;
mod code_parts;
mod intake;
mod lane;
mod outcome;
mod typed;

use crate::domain::Record;
use crate::ledger::state::RowState;
use crate::ledger::tests::at;
use crate::ledger::ticket::{Origin, RowId};

use super::RowRef;
use super::lane::{Lane, Owner, Sibling};
use super::plan::{Change, Plan};

/// What any run may take.
const FREE: Owner = Owner::Free;

/// A stored `true` with a time of its own, which is free and due at second 0.
fn row(id: i64, seconds: i64) -> Sibling {
    Sibling {
        row: RowRef::Stored(RowId(id)),
        delivered: true,
        key_time: Some(at(seconds)),
        timestamp: at(seconds),
        state: RowState::Queued,
        owner: FREE,
        next_attempt: at(0),
        postponed_by_me: false,
    }
}

impl Sibling {
    fn held(self, owner: Owner) -> Self {
        Self { state: RowState::Held, owner, ..self }
    }

    fn queued(self, owner: Owner) -> Self {
        Self { owner, ..self }
    }

    fn ended(self, state: RowState) -> Self {
        Self { state, ..self }
    }

    fn accepted(self) -> Self {
        self.ended(RowState::Accepted)
    }

    fn saying_no(self) -> Self {
        Self { delivered: false, ..self }
    }

    fn untimed(self) -> Self {
        Self { key_time: None, ..self }
    }

    fn planned(self, seconds: i64) -> Self {
        Self { next_attempt: at(seconds), ..self }
    }

    fn postponed_by_me(self) -> Self {
        Self { postponed_by_me: true, ..self }
    }
}

fn lane<const N: usize>(rows: [Sibling; N]) -> Lane {
    Lane { rows: rows.to_vec(), mine_waits: false }
}

impl Plan {
    /// The rows that go, each with where its ticket comes from.
    fn goes(&self) -> Vec<(i64, Origin)> {
        self.released.tickets.iter().map(|(row, _, origin)| (row.0, *origin)).collect()
    }

    /// The rows that a newer value has overtaken.
    fn stale(&self) -> Vec<(i64, Origin)> {
        self.released.stale.iter().map(|(row, _, origin)| (row.0, *origin)).collect()
    }

    /// What is inserted, and as what.
    fn inserted(&self) -> Vec<RowState> {
        self.inserts.iter().map(|new| new.state).collect()
    }
}

fn hand_out(id: i64) -> Change {
    Change::HandOut(RowId(id))
}

fn overtaken(id: i64) -> Change {
    Change::Overtaken(RowId(id))
}

fn on_line(line: u64, record: Record) -> Record {
    Record { line, ..record }
}
