//! What the ledger hands out and takes back. A [`Ticket`] is the proof that a conversion is written down; it cannot be
//! made, copied or used twice.

use std::fmt;

use crate::domain::{Conversion, Failure, MessageId, Record, Timestamp};

use super::error::LedgerError;

/// The right to send one recorded conversion, and the duty to settle it.
///
/// Only the ledger makes tickets, so what is not written down cannot be sent:
/// ```compile_fail
/// use nexmo_conversion::domain::Record;
/// use nexmo_conversion::ledger::Ticket;
/// fn forge(ticket: Ticket, record: Record) -> Ticket {
///     Ticket { record, ..ticket }
/// }
/// ```
/// Settling takes the ticket, so nothing is settled twice:
/// ```compile_fail
/// use nexmo_conversion::domain::Timestamp;
/// use nexmo_conversion::ledger::{Ledger, Settlement, Ticket};
/// fn twice(ledger: &mut Ledger, ticket: Ticket, now: Timestamp) {
///     let _ = ledger.settle(vec![(ticket, Settlement::Unsent)], now);
///     let _ = ledger.settle(vec![(ticket, Settlement::Unsent)], now);
/// }
/// ```
/// Once is fine:
/// ```
/// use nexmo_conversion::domain::Timestamp;
/// use nexmo_conversion::ledger::{Ledger, Settlement, Ticket};
/// fn once(ledger: &mut Ledger, ticket: Ticket, now: Timestamp) {
///     let _ = ledger.settle(vec![(ticket, Settlement::Unsent)], now);
/// }
/// ```
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the row stays unsettled until a later run adopts it"]
pub struct Ticket {
    pub(super) row: RowId,
    pub(super) record: Record,
    pub(super) origin: Origin,
    pub(super) recorded: Timestamp,
    pub(super) rounds: u32,
    pub(super) may_have_arrived: bool,
}

impl Ticket {
    /// Which row this is; what [`Recorded::Waiting`] named before.
    #[must_use]
    pub fn row(&self) -> RowId {
        self.row
    }

    /// The record, with the timestamp under which it is stored. An adopted row has the line that it had in its own
    /// run's input.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// What is to be sent.
    #[must_use]
    pub fn conversion(&self) -> &Conversion {
        &self.record.conversion
    }

    /// Whether an earlier round sent it without learning whether it arrived: sending it now may repeat it.
    #[must_use]
    pub fn may_have_arrived(&self) -> bool {
        self.may_have_arrived
    }

    /// Whether this run's input asked for it.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.origin
    }
}

/// The name of a row for as long as it is pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowId(pub(super) i64);

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a ticket comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// This run's own input: it is owed a result line.
    Input,
    /// Left by an earlier run: it is only counted.
    Adopted,
    /// This run gave it up for now, emitted that result, and takes it up again: the next result replaces it.
    Postponed,
}

/// The answer to recording a group, after it is committed.
#[derive(Debug, Default, PartialEq, Eq)]
#[must_use = "the tickets in it must be settled"]
pub struct Entries {
    /// One for each record, in the order given.
    pub recorded: Vec<Recorded>,
    /// What must go before some of these, and what turned out too old on the way.
    pub released: Released,
    /// The first id of which a value came again without a time although another value had come in between.
    pub contradicted: Option<MessageId>,
}

/// What became of one record.
#[derive(Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Written down, by this call or by a run that crashed: send it.
    Ready(Ticket),
    /// Written down; another value of the same message-id goes first. The ticket comes from a later
    /// [`settle`](super::Ledger::settle) or [`adopt`](super::Ledger::adopt), or never in this run.
    Waiting(RowId, Record),
    /// There is nothing to send.
    Known(Record, Known),
}

/// Why there is nothing to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// The API took it before.
    Accepted,
    /// The API refused it before, with this status.
    Refused {
        /// The status then.
        http_status: u16,
        /// The reason then.
        failure: Failure,
    },
    /// Another live run has it.
    Queued,
    /// This run's own input had it already, and it is not settled yet.
    Repeated,
    /// A newer value of the same message-id was accepted; this one will never be sent.
    Stale,
}

/// Whether something is new to the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    /// It is.
    New,
    /// It was kept before.
    Known,
}

/// How a delivery ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// The API took it.
    Accepted {
        /// 200, or an odd 2xx.
        http_status: u16,
        /// What it took to get there.
        effort: Effort,
    },
    /// The API will never take it: it becomes a dead letter.
    Refused {
        /// The status.
        http_status: u16,
        /// Why.
        failure: Failure,
        /// What it took to get there.
        effort: Effort,
    },
    /// Given up for this round: it stays pending, with a later attempt planned, until its lifetime is over.
    Postponed {
        /// The last thing that went wrong.
        failure: Failure,
        /// What was tried in vain.
        effort: Effort,
    },
    /// Nothing was sent: it stays pending as if it had not been handed out.
    Unsent,
}

/// What one round of attempts cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effort {
    /// Requests begun.
    pub attempts: u32,
    /// Requests sent again although an earlier one may have arrived.
    pub ambiguous_resends: u32,
}

/// What is free to go, now that something else is out of the way.
#[derive(Debug, Default, PartialEq, Eq)]
#[must_use = "the tickets in it must be settled"]
pub struct Released {
    /// May be sent now.
    pub tickets: Vec<Ticket>,
    /// Settled without being sent: newer values of the same message-ids were accepted.
    pub stale: Vec<Stale>,
    /// Given up for good: postponed for longer than a row lives. They are dead letters now.
    pub expired: Vec<RowId>,
    /// Not settled: another run has taken them over, and may send them again.
    pub taken_over: Vec<RowId>,
}

impl Released {
    /// Adds what came of another group.
    pub(super) fn absorb(&mut self, other: Self) {
        self.tickets.extend(other.tickets);
        self.stale.extend(other.stale);
        self.expired.extend(other.expired);
        self.taken_over.extend(other.taken_over);
    }
}

/// A row that was overtaken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// Which row it was.
    pub row: RowId,
    /// What it was.
    pub record: Record,
    /// Whether this run's input asked for it.
    pub origin: Origin,
}

/// A group that could not be settled: the tickets come back, and nothing of it is committed.
#[derive(Debug, thiserror::Error)]
#[error("cannot settle {} conversions", .group.len())]
pub struct Unsettled {
    /// The group as it was given.
    pub group: Vec<(Ticket, Settlement)>,
    /// Why.
    #[source]
    pub cause: LedgerError,
}

/// Runs that crashed, and what they may cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UncleanStops {
    /// How many.
    pub runs: u64,
    /// How many requests all of them together may have sent and not settled: the most that is sent twice.
    pub repeats: u64,
}

/// What is pending when a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOver {
    /// How many conversions.
    pub count: u64,
    /// For when the last of their next attempts is planned.
    pub until: Timestamp,
}

/// Which pending rows to take over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Those whose planned attempt has come.
    OnlyDue,
    /// Of these, those that this run has not itself postponed.
    OnlyDueOfOthers,
    /// All of them, whatever was planned, but for those that this run has itself postponed.
    Everything,
}

/// How a command ended that had the ledger open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunEnd {
    /// What was typed.
    pub command: &'static str,
    /// What its caller was told.
    pub exit_code: u8,
}
