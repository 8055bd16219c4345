//! Settling: what a delivery's end makes of its row, and of the rows that waited behind it.

use std::time::Duration;

use rusqlite::params;

use crate::domain::{ErrorCode, Failure, Timestamp};

use super::LedgerError;
use super::lane::{Desk, LONGEST_WAIT, held};
use super::row::{State, number, reached_number};
use super::run::NOBODY;
use super::ticket::{Due, Effort, Released, Settlement, Ticket};

/// A row that was postponed for longer than this is given up.
const LIFETIME: Duration = Duration::from_secs(5 * 24 * 60 * 60);

/// The wait after a first round in vain: a report is worth something for 15 minutes, and most outages are short. It doubles from
/// round to round, so that nothing waits for longer than the outage lasted, up
/// to [`LONGEST_WAIT`].
const FIRST_WAIT: u64 = 5;

impl Desk<'_> {
    /// Settles a group, and lets go what waited for it.
    pub(super) fn settle(&mut self, group: &[(Ticket, Settlement)]) -> Result<Released, LedgerError> {
        let mut released = Released::default();
        for (ticket, settlement) in group {
            let end = End::of(ticket, settlement, self.now);
            let written = self.write_end(ticket, &end).map_err(|error| self.failed(error))?;
            if written == 0 {
                let path = self.place.file.clone();
                return Err(LedgerError::NotHeld { path, row: ticket.row });
            }
            if end.state == State::Expired {
                released.expired.push(ticket.row);
            }
            if !end.state.is_pending() {
                self.let_next_go(ticket, &mut released)?;
            }
        }
        Ok(released)
    }

    fn write_end(&mut self, ticket: &Ticket, end: &End<'_>) -> rusqlite::Result<usize> {
        let me = self.owners.me();
        let update = held(
            &mut self.statements.end,
            self.db,
            "UPDATE conversion
             SET state = ?2, owner = ?3, next_attempt = ?4, rounds = ?5, attempts = attempts + ?6,
                 ambiguous = ambiguous + ?7, settled = ?8, http_status = coalesce(?9, http_status),
                 code = iif(?16, code, ?10), reached = iif(?16, reached, ?11),
                 message = iif(?16, message, ?12), postponed_by = ?13
             WHERE id = ?1 AND state = ?14 AND owner = ?15",
        )?;
        update.execute(params![
            ticket.row.0,
            end.state,
            NOBODY,
            end.next_attempt.unix(),
            end.rounds,
            end.effort.attempts,
            end.effort.ambiguous_resends,
            (!end.state.is_pending()).then_some(self.now.unix()),
            end.http_status,
            end.failure.map(|failure| failure.code).map(ErrorCode::as_str),
            end.failure.and_then(|failure| reached_number(failure.reached_server)),
            end.failure.map(|failure| &failure.message),
            if end.rounds > ticket.rounds { me } else { NOBODY },
            State::Held,
            me,
            // Not having been sent in this round says nothing of what an earlier round met.
            end.state == State::Queued && end.failure.is_none(),
        ])
    }

    /// Rows of this run's input that wait in the lane bring up whatever is first, planned for later or not.
    fn let_next_go(&mut self, ticket: &Ticket, released: &mut Released) -> Result<(), LedgerError> {
        let lane = self.lane(ticket.conversion()).map_err(|error| self.failed(error))?;
        let waits = self.waits_in(&lane, ticket.conversion()).map_err(|error| self.failed(error))?;
        let due = if waits { Due::Everything } else { Due::OnlyDue };
        self.advance(&lane.rows, due, released)
    }
}

/// What is written into a row when its ticket comes back.
struct End<'a> {
    state: State,
    http_status: Option<u16>,
    failure: Option<&'a Failure>,
    effort: Effort,
    rounds: u32,
    next_attempt: Timestamp,
}

impl<'a> End<'a> {
    fn of(ticket: &Ticket, settlement: &'a Settlement, now: Timestamp) -> Self {
        let unsent = Self {
            state: State::Queued,
            http_status: None,
            failure: None,
            effort: Effort::default(),
            rounds: ticket.rounds,
            next_attempt: now,
        };
        match settlement {
            Settlement::Unsent => unsent,
            Settlement::Accepted { http_status, effort } => {
                Self { state: State::Accepted, http_status: Some(*http_status), effort: *effort, ..unsent }
            }
            Settlement::Refused { http_status, failure, effort } => Self {
                state: State::Refused,
                http_status: Some(*http_status),
                failure: Some(failure),
                effort: *effort,
                ..unsent
            },
            Settlement::Postponed { failure, effort } => Self {
                state: if ticket.recorded.age_at(now) < number(LIFETIME.as_secs()) {
                    State::Queued
                } else {
                    State::Expired
                },
                failure: Some(failure),
                effort: *effort,
                rounds: ticket.rounds.saturating_add(1),
                next_attempt: later(now, wait_after(ticket.rounds)),
                ..unsent
            },
        }
    }
}

/// The wait after so many earlier rounds in vain.
fn wait_after(rounds: u32) -> u64 {
    FIRST_WAIT.saturating_mul(1 << rounds.min(10)).min(LONGEST_WAIT)
}

fn later(now: Timestamp, seconds: u64) -> Timestamp {
    Timestamp::from_unix(now.unix().saturating_add_unsigned(seconds)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::wait_after;

    #[test]
    fn waits_double_from_a_few_seconds_to_a_quarter_of_an_hour() {
        let waits: Vec<_> = (0..10).map(wait_after).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
        assert_eq!(wait_after(u32::MAX), 900);
    }
}
