//! A conversion on its way: the right to send it, and the results of its attempts.

use std::time::Duration;

use super::event::RecordResult;
use crate::domain::{Failure, Outcome, Reached, Record, Timestamp};
use crate::ledger::{Origin, Ticket};
use crate::transport::TransportError;
use crate::wire::Reply;

/// A conversion on its way.
#[derive(Debug)]
pub(super) struct Job {
    right: Right,
    pub(super) origin: Origin,
    pub(super) attempts: u32,
    sent_at: Option<Timestamp>,
    last_status: Option<u16>,
    /// What its last attempt met; a run that stops must not call it unsent.
    pub(super) last_failure: Option<Failure>,
    pub(super) ambiguous: bool,
    pub(super) ambiguous_resends: u32,
    pub(super) stale_connection_met: bool,
    pub(super) first_try: Option<Duration>,
    /// From the beginning of the first request to the end of the last one.
    elapsed: Option<(Duration, Duration)>,
}

/// The right to send one conversion: a ledger's ticket, or that there is no ledger.
#[derive(Debug)]
enum Right {
    Recorded(Ticket),
    Unrecorded(Record),
}

/// One request, and what came of it.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) at: Timestamp,
    /// From here …
    pub(super) began: Duration,
    /// … to here.
    pub(super) ended: Duration,
    pub(super) result: Result<Reply, TransportError>,
}

impl Job {
    /// What is written down.
    pub(super) fn recorded(ticket: Ticket, origin: Origin) -> Self {
        // An earlier run may have sent it without learning whether it arrived.
        Self { ambiguous: ticket.may_have_arrived(), ..Self::with(Right::Recorded(ticket), origin) }
    }

    /// What is written down nowhere.
    pub(super) fn unrecorded(record: Record) -> Self {
        Self::with(Right::Unrecorded(record), Origin::Input)
    }

    fn with(right: Right, origin: Origin) -> Self {
        Self {
            ambiguous: false,
            right,
            origin,
            attempts: 0,
            sent_at: None,
            last_status: None,
            last_failure: None,
            ambiguous_resends: 0,
            stale_connection_met: false,
            first_try: None,
            elapsed: None,
        }
    }

    pub(super) fn record(&self) -> &Record {
        match &self.right {
            Right::Recorded(ticket) => ticket.record(),
            Right::Unrecorded(record) => record,
        }
    }

    /// One more request was made for it.
    pub(super) fn tried(&mut self, attempt: &Attempt) {
        self.attempts += 1;
        self.sent_at = Some(attempt.at);
        self.last_status = attempt.result.as_ref().ok().map(|reply| reply.status);
        self.elapsed = Some((self.elapsed.map_or(attempt.began, |(first, _)| first), attempt.ended));
    }

    /// Whether a try of it, in this run or before, may have arrived.
    pub(super) fn may_have_arrived(&self) -> bool {
        self.ambiguous
    }

    /// What its last try met, as long as it has not been settled; that an earlier try may have arrived is not forgotten.
    pub(super) fn unfinished(&self) -> Option<Failure> {
        let reached = |failure: &Failure| if self.ambiguous { Reached::Unknown } else { failure.reached_server };
        self.last_failure.as_ref().map(|failure| Failure { reached_server: reached(failure), ..failure.clone() })
    }

    /// Its end: the ticket to be settled, where there is one, and the result.
    pub(super) fn result(self, outcome: Outcome) -> (Option<Ticket>, RecordResult) {
        let (ticket, record) = match self.right {
            Right::Recorded(ticket) => {
                let record = ticket.record().clone();
                (Some(ticket), record)
            }
            Right::Unrecorded(record) => (None, record),
        };
        let result = RecordResult {
            origin: self.origin,
            http_status: self.last_status,
            attempts: self.attempts,
            ambiguous_resends: self.ambiguous_resends,
            elapsed: self.elapsed.map_or(Duration::ZERO, |(began, ended)| ended.saturating_sub(began)),
            sent_at: self.sent_at,
            ..RecordResult::not_sent(record, outcome)
        };
        (ticket, result)
    }
}
