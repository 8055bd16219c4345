//! Writing down before sending, and settling after. Without a ledger it does the same without the disk.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::job::Job;
use crate::domain::{
    BadRecord, CodeEvent, Conversion, ErrorCode, Failure, FollowedFile, MessageId, Outcome, ReadTo, Record,
    Reference, Timestamp,
};
use crate::ledger::{
    Arrived, CodeCounts, CodeRules, Due, Effort, Entries, Expiry, Known, Lease, Ledger, LedgerError, LeftOver,
    Novelty, Observed, Origin, Recorded, Released, RowId, RunEnd, Settlement, Ticket, UncleanStops,
};

/// Where conversions are written down.
#[derive(Debug)]
pub enum Outbox {
    /// Durably: what is recorded survives this process and the machine.
    Durable(Box<Ledger>),
    /// Nowhere: what is not sent by the end of the run is gone.
    Off,
}

/// What became of a group of records.
#[derive(Debug, Default)]
pub(super) struct Entered {
    /// May be sent.
    pub(super) ready: Vec<Job>,
    /// Tickets of rows that waited, or that an earlier run left.
    pub(super) released: Vec<Ticket>,
    /// Will be ready when another value of the same message-id is settled.
    pub(super) waiting: Vec<(RowId, Record)>,
    /// Will not be sent; what came of it instead.
    pub(super) done: Vec<Done>,
    /// Given up for good by the ledger.
    pub(super) expired: Vec<RowId>,
    /// Sent by this run, and settled by another one that has taken them over.
    pub(super) taken_over: usize,
    /// See [`crate::ledger::Entries::contradicted`].
    pub(super) contradicted: Option<MessageId>,
    /// See [`crate::ledger::Observed::shared_ref`].
    pub(super) shared_ref: Option<Reference>,
}

/// A record that is done with without having been sent in this run.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) row: Option<RowId>,
    pub(super) record: Record,
    pub(super) origin: Origin,
    pub(super) outcome: Outcome,
    pub(super) http_status: Option<u16>,
}

impl Outbox {
    /// Earlier runs that ended without settling what they had sent.
    #[must_use]
    pub fn unclean_stops(&self) -> UncleanStops {
        match self {
            Self::Durable(ledger) => ledger.unclean_stops(),
            Self::Off => UncleanStops::default(),
        }
    }

    /// What sets this from outside ends any waiting for a ledger's server that is gone.
    pub fn heed(&mut self, stop: Arc<AtomicBool>) {
        match self {
            Self::Durable(ledger) => ledger.heed(stop),
            Self::Off => {}
        }
    }

    /// Keeps the run alive.
    pub(super) fn beat(&mut self) -> Result<Lease, LedgerError> {
        match self {
            Self::Durable(ledger) => ledger.beat(),
            Self::Off => Ok(Lease::Unending),
        }
    }

    /// Writes a group down, durably, before any of it may be sent.
    pub(super) fn enter(
        &mut self,
        records: Vec<Record>,
        now: Timestamp,
    ) -> Result<Entered, (Vec<Record>, LedgerError)> {
        match self {
            Self::Off => {
                Ok(Entered { ready: records.into_iter().map(Job::unrecorded).collect(), ..Entered::default() })
            }
            Self::Durable(ledger) => match ledger.record(&records, now) {
                Ok(Entries { recorded, released, contradicted }) => {
                    Ok(Entered { contradicted, ..Entered::from_entries(recorded, released) })
                }
                Err(error) => Err((records, error)),
            },
        }
    }

    /// Takes a log's events, and writes down what follows. Codes are kept in a ledger; without one nothing is tracked.
    pub(super) fn observe(
        &mut self,
        events: &[CodeEvent],
        rules: CodeRules,
        now: Timestamp,
    ) -> Result<(Entered, CodeCounts), LedgerError> {
        match self {
            Self::Off => Ok((Entered::default(), CodeCounts::default())),
            Self::Durable(ledger) => Ok(Entered::from_observed(ledger.observe(events, rules, now)?)),
        }
    }

    /// Expires codes, and writes down that these did not convert.
    pub(super) fn expire_codes(
        &mut self,
        expiry: Expiry,
        limit: usize,
        now: Timestamp,
    ) -> Result<(Entered, CodeCounts), LedgerError> {
        match self {
            Self::Off => Ok((Entered::default(), CodeCounts::default())),
            Self::Durable(ledger) => Ok(Entered::from_observed(ledger.expire_codes(expiry, limit, now)?)),
        }
    }

    /// Hands out what waited for another run, where that has settled.
    pub(super) fn release(&mut self, waiting: &[Conversion], now: Timestamp) -> Result<Entered, LedgerError> {
        match self {
            Self::Off => Ok(Entered::default()),
            Self::Durable(ledger) => Ok(Entered::from_entries(Vec::new(), ledger.release(waiting, now)?)),
        }
    }

    /// Gives up some of the conversions without a channel that arrived by this time.
    pub(super) fn give_up_awaiting_channel(
        &mut self,
        arrived: Arrived,
        now: Timestamp,
    ) -> Result<Vec<BadRecord>, LedgerError> {
        match self {
            Self::Off => Ok(Vec::new()),
            Self::Durable(ledger) => ledger.give_up_awaiting_channel(arrived, now),
        }
    }

    /// How many codes may still convert.
    pub(super) fn open_codes(&mut self, now: Timestamp) -> Result<u64, LedgerError> {
        match self {
            Self::Off => Ok(0),
            Self::Durable(ledger) => ledger.open_codes(now),
        }
    }

    /// Keeps input that was no record, and returns whether each is new.
    pub(super) fn enter_bad(
        &mut self,
        records: &[BadRecord],
        now: Timestamp,
    ) -> Result<Vec<Novelty>, LedgerError> {
        match self {
            Self::Off => Ok(Vec::new()),
            Self::Durable(ledger) => ledger.keep_unreadable(records, now),
        }
    }

    /// How far earlier runs have read a followed file. Without a ledger nobody knows.
    pub fn read_before(&mut self, file: &Arc<FollowedFile>, now: Timestamp) -> Result<Vec<ReadTo>, LedgerError> {
        match self {
            Self::Off => Ok(Vec::new()),
            Self::Durable(ledger) => ledger.read_before(file, now),
        }
    }

    /// Notes how far followed files have been read. Without a ledger nobody could know it.
    pub(super) fn read_to(&mut self, positions: &[ReadTo]) -> Result<(), LedgerError> {
        match self {
            Self::Off => Ok(()),
            Self::Durable(ledger) => ledger.read_to(positions),
        }
    }

    /// Takes over what earlier runs left.
    pub(super) fn adopt(&mut self, limit: usize, due: Due, now: Timestamp) -> Result<Entered, LedgerError> {
        match self {
            Self::Off => Ok(Entered::default()),
            Self::Durable(ledger) => Ok(Entered::from_entries(Vec::new(), ledger.adopt(limit, due, now)?)),
        }
    }

    /// Writes down how deliveries ended, and returns what waited for that. After an error the rows stay pending: a later run
    /// sends them again.
    pub(super) fn settle(
        &mut self,
        group: Vec<(Ticket, Settlement)>,
        now: Timestamp,
    ) -> Result<Entered, LedgerError> {
        match self {
            Self::Durable(ledger) if !group.is_empty() => {
                let released = ledger.settle(group, now).map_err(|unsettled| unsettled.cause)?;
                Ok(Entered::from_entries(Vec::new(), released))
            }
            Self::Durable(_) | Self::Off => Ok(Entered::default()),
        }
    }

    /// What is pending and not another live run's.
    pub(super) fn left_over(&mut self, now: Timestamp) -> Result<Option<LeftOver>, LedgerError> {
        match self {
            Self::Durable(ledger) => ledger.left_over(now),
            Self::Off => Ok(None),
        }
    }

    /// Ends the run. A ledger that is busy is tidied up by the next one: everything is settled.
    pub fn close(self, end: Option<RunEnd>, now: Timestamp) -> Result<(), LedgerError> {
        match self {
            Self::Durable(ledger) => ledger.close_with(end, now),
            Self::Off => Ok(()),
        }
    }
}

impl Entered {
    fn from_observed(observed: Observed) -> (Self, CodeCounts) {
        let Observed { entries, counts, shared_ref } = observed;
        (Self { shared_ref, ..Self::from_entries(entries.recorded, entries.released) }, counts)
    }

    fn from_entries(recorded: Vec<Recorded>, released: Released) -> Self {
        let mut entered =
            Self { expired: released.expired, taken_over: released.taken_over.len(), ..Self::default() };
        // Nearly all of them are.
        entered.ready.reserve(recorded.len());
        for answer in recorded {
            match answer {
                Recorded::Ready(ticket) => entered.ready.push(Job::recorded(ticket, Origin::Input)),
                Recorded::Waiting(row, record) => entered.waiting.push((row, record)),
                Recorded::Known(record, known) => {
                    let (outcome, http_status) = outcome_of(known);
                    entered.done.push(Done { row: None, record, origin: Origin::Input, outcome, http_status });
                }
            }
        }
        entered.released = released.tickets;
        entered.done.extend(released.stale.into_iter().map(|stale| Done {
            row: Some(stale.row),
            record: stale.record,
            origin: stale.origin,
            outcome: outcome_of(Known::Stale).0,
            http_status: None,
        }));
        entered
    }
}

/// What came of a record that the ledger knew already.
fn outcome_of(known: Known) -> (Outcome, Option<u16>) {
    let skipped = |code, message: &str| (Outcome::Skipped(Failure::unsent(code, message)), None);
    match known {
        Known::Accepted => skipped(ErrorCode::AlreadyAccepted, "the API accepted this before"),
        Known::Queued => skipped(ErrorCode::AlreadyQueued, "another run is sending this"),
        Known::Repeated => skipped(ErrorCode::AlreadyQueued, "this run has it already"),
        Known::Stale => skipped(ErrorCode::Stale, "a newer value of the same message-id was accepted"),
        Known::Refused { http_status, failure } => (Outcome::Rejected(failure), Some(http_status)),
    }
}

/// How to settle a delivery that ended so; `Unsent` where the record stays as if it had not been handed out.
pub(super) fn settlement(
    outcome: &Outcome,
    http_status: Option<u16>,
    effort: Effort,
    end: DeliveryEnd,
) -> Settlement {
    match (outcome, end) {
        (_, DeliveryEnd::Unsent) | (Outcome::Skipped(_) | Outcome::DryRun, DeliveryEnd::Tried) => {
            Settlement::Unsent
        }
        (Outcome::Accepted, DeliveryEnd::Tried) => {
            Settlement::Accepted { http_status: http_status.unwrap_or_default(), effort }
        }
        (Outcome::Rejected(failure) | Outcome::Invalid(failure), DeliveryEnd::Tried) => {
            Settlement::Refused { http_status: http_status.unwrap_or_default(), failure: failure.clone(), effort }
        }
        (Outcome::Retry(failure), DeliveryEnd::Tried) => {
            Settlement::Postponed { failure: failure.clone(), effort }
        }
    }
}

/// Whether an outcome is the record's, or only the run's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeliveryEnd {
    /// The record was tried.
    Tried,
    /// The run ended, or the whole account or way to the API was refused: the record is as it was.
    Unsent,
}
