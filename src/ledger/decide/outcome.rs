//! Settling: what a delivery's end makes of its row, and of the rows that waited behind it.

use crate::domain::Timestamp;
use crate::ledger::state::RowState;
use crate::ledger::ticket::{Due, Effort, RowId, Settlement, Ticket};

use super::lane::{Lane, Owner, Sibling, Want};
use super::plan::{Change, End, Plan, RowRef};
use super::retry::{LIFETIME, wait_after};

/// What settling a group touches.
pub(crate) fn want_tickets(group: &[(Ticket, Settlement)]) -> Want<'_> {
    let mut want = Want::of(group.len());
    for (ticket, settlement) in group {
        let lanes = want.lanes.len();
        let lane = want.add(ticket.conversion());
        want.lanes[lane].alone = (lane == lanes).then(|| held(ticket));
        if let Settlement::Accepted { .. } = settlement {
            let order = (ticket.conversion().timestamp, ticket.row());
            let accepting = &mut want.lanes[lane].accepting;
            *accepting = (*accepting).max(Some(order));
        }
    }
    want
}

/// The lanes of a group as they are where nothing else of them is pending, and the tickets are still this run's.
pub(crate) fn held_alone(group: &[(Ticket, Settlement)], want: &Want<'_>) -> Vec<Lane> {
    let mut lanes = vec![Lane::default(); want.lanes.len()];
    for (item, (ticket, _)) in group.iter().enumerate() {
        lanes[want.lane_of(item)].rows.push(held(ticket));
    }
    lanes
}

/// The row of a ticket that is still this run's.
fn held(ticket: &Ticket) -> Sibling {
    Sibling {
        row: RowRef::Stored(ticket.row()),
        delivered: ticket.conversion().delivered.as_bool(),
        key_time: ticket.record().key_time(),
        timestamp: ticket.conversion().timestamp,
        state: RowState::Held,
        owner: Owner::Me,
        next_attempt: ticket.recorded,
        postponed_by_me: false,
    }
}

/// Decides what becomes of the rows of a group, and what was waiting for them.
pub(crate) fn settle(
    group: &[(Ticket, Settlement)],
    want: &Want<'_>,
    mut lanes: Vec<Lane>,
    now: Timestamp,
) -> Plan {
    let mut plan = Plan::default();
    plan.changes.reserve(group.len());
    for (item, (ticket, settlement)) in group.iter().enumerate() {
        let lane = &mut lanes[want.lane_of(item)];
        let end = End::of(ticket, settlement, now);
        if !let_go(lane, ticket.row(), &end) {
            plan.released.taken_over.push(ticket.row());
            continue;
        }
        if end.state == RowState::Expired {
            plan.released.expired.push(ticket.row());
        }
        let is_pending = end.state.is_pending();
        plan.changes.push(Change::End(ticket.row(), end));
        if !is_pending {
            // Rows of this run's input that wait in the lane bring up whatever is first, planned for later or not.
            let due = if lane.has_mine_waiting() { Due::Everything } else { Due::OnlyDue };
            plan.advance(lane, due, now);
        }
    }
    plan
}

/// Ends a row of the lane, if this run holds it still: another may have taken it over.
fn let_go(lane: &mut Lane, id: RowId, end: &End) -> bool {
    let is_mine = |row: &Owner, state: RowState| *row == Owner::Me && state == RowState::Held;
    let row = lane.rows.iter_mut().find(|row| row.row == RowRef::Stored(id) && is_mine(&row.owner, row.state));
    if let Some(row) = row {
        (row.state, row.owner, row.next_attempt) = (end.state, Owner::Free, end.next_attempt);
        row.postponed_by_me = end.is_postponed;
        return true;
    }
    false
}

impl End {
    fn of(ticket: &Ticket, settlement: &Settlement, now: Timestamp) -> Self {
        let unsent = Self {
            state: RowState::Queued,
            http_status: None,
            failure: None,
            effort: Effort::default(),
            rounds: ticket.rounds,
            next_attempt: now,
            is_postponed: false,
        };
        match settlement {
            Settlement::Unsent => unsent,
            Settlement::Accepted { http_status, effort } => {
                Self { state: RowState::Accepted, http_status: Some(*http_status), effort: *effort, ..unsent }
            }
            Settlement::Refused { http_status, failure, effort } => Self {
                state: RowState::Refused,
                http_status: Some(*http_status),
                failure: Some(failure.clone()),
                effort: *effort,
                ..unsent
            },
            Settlement::Postponed { failure, effort } => Self {
                state: if ticket.recorded.after(LIFETIME) > now { RowState::Queued } else { RowState::Expired },
                failure: Some(failure.clone()),
                effort: *effort,
                rounds: ticket.rounds.saturating_add(1),
                next_attempt: now.after(wait_after(ticket.rounds)),
                is_postponed: true,
                ..unsent
            },
        }
    }
}
