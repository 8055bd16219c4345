use crate::domain::{ErrorCode, Failure, Record};
use crate::ledger::decide::lane::{Lane, Owner, Sibling};
use crate::ledger::decide::outcome::{settle, want_tickets};
use crate::ledger::decide::plan::{Change, End, Plan};
use crate::ledger::state::RowState;
use crate::ledger::tests::{accepted, at, effort, postponed, refused, sms};
use crate::ledger::ticket::{Effort, Origin, RowId, Settlement, Ticket};

use super::{FREE, hand_out, lane, overtaken, row};

/// The row's ticket, of lane `0A`, recorded at second 0.
fn ticket(id: i64, seconds: i64) -> Ticket {
    of("0A", id, seconds)
}

fn of(message_id: &str, id: i64, seconds: i64) -> Ticket {
    Ticket {
        row: RowId(id),
        record: sms(message_id, seconds),
        origin: Origin::Input,
        recorded: at(0),
        rounds: 0,
        may_have_arrived: false,
    }
}

fn settled_at<const N: usize>(group: &[(Ticket, Settlement)], rows: [Sibling; N], now: i64) -> Plan {
    settle(group, &want_tickets(group), vec![lane(rows)], at(now))
}

fn settled<const N: usize>(group: &[(Ticket, Settlement)], rows: [Sibling; N]) -> Plan {
    settled_at(group, rows, 0)
}

/// A row that this run has under way.
fn mine(id: i64, seconds: i64) -> Sibling {
    row(id, seconds).held(Owner::Me)
}

/// How a ticket's row ends that comes back at this second.
fn end(ticket: Ticket, settlement: Settlement, now: i64) -> End {
    let rows = [mine(ticket.row.0, 0)];
    let mut plan = settled_at(&[(ticket, settlement)], rows, now);
    match (plan.changes.pop(), plan.changes.pop()) {
        (Some(Change::End(_, end)), None) => end,
        other => panic!("{other:?}"),
    }
}

fn failure(settlement: Settlement) -> Option<Failure> {
    match settlement {
        Settlement::Refused { failure, .. } | Settlement::Postponed { failure, .. } => Some(failure),
        Settlement::Accepted { .. } | Settlement::Unsent => None,
    }
}

/// The end of what was not sent.
fn unsent(now: i64) -> End {
    End {
        state: RowState::Queued,
        http_status: None,
        failure: None,
        effort: Effort::default(),
        rounds: 0,
        next_attempt: at(now),
        is_postponed: false,
    }
}

#[test]
fn every_settlement_has_its_end() {
    assert_eq!(end(ticket(1, 0), Settlement::Unsent, 7), unsent(7));
    let taken = End { state: RowState::Accepted, http_status: Some(200), effort: effort(), ..unsent(7) };
    assert_eq!(end(ticket(1, 0), accepted(), 7), taken);
    let (status, why) = (Some(420), failure(refused()));
    let ended = End { state: RowState::Refused, http_status: status, failure: why, effort: effort(), ..unsent(7) };
    assert_eq!(end(ticket(1, 0), refused(), 7), ended);
    let again =
        End { failure: failure(postponed()), effort: effort(), rounds: 1, is_postponed: true, ..unsent(12) };
    assert_eq!(end(ticket(1, 0), postponed(), 7), again, "5 seconds later");
}

#[test]
fn every_round_in_vain_is_counted_and_waits_for_longer_and_no_other_end_is_one() {
    let in_round = |rounds| Ticket { rounds, ..ticket(1, 0) };
    for (rounds, wait) in [(0, 5), (1, 10), (2, 20), (7, 640), (8, 900), (u32::MAX, 900)] {
        let end = end(in_round(rounds), postponed(), 7);
        assert_eq!((end.rounds, end.next_attempt), (rounds.saturating_add(1), at(7 + wait)));
    }
    for other in [Settlement::Unsent, accepted(), refused()] {
        let end = end(in_round(3), other, 7);
        assert_eq!((end.rounds, end.next_attempt), (3, at(7)));
    }
}

#[test]
fn what_is_postponed_once_more_after_five_days_is_given_up() {
    const LIFETIME: i64 = 5 * 24 * 60 * 60;
    for (age, state) in [(LIFETIME - 1, RowState::Queued), (LIFETIME, RowState::Expired)] {
        assert_eq!(end(ticket(1, 0), postponed(), age).state, state);
        let plan = settled_at(&[(ticket(1, 0), postponed())], [mine(1, 0)], age);
        let expired = if state == RowState::Expired { vec![RowId(1)] } else { vec![] };
        assert_eq!(plan.released.expired, expired);
    }
    let unsent = settled_at(&[(ticket(1, 0), Settlement::Unsent)], [mine(1, 0)], 2 * LIFETIME);
    assert_eq!(unsent.released.expired, [], "it was not tried");
}

#[test]
fn what_another_run_has_taken_over_is_answered_as_that_and_left_alone() {
    let not_mine = [
        row(1, 0).held(Owner::Other),
        row(1, 0).held(FREE),
        row(1, 0).queued(Owner::Me),
        row(1, 0).queued(Owner::Me).accepted(),
        mine(2, 0),
    ];
    for row_ in not_mine {
        let plan = settled(&[(ticket(1, 0), accepted())], [row_, row(3, 10)]);
        assert_eq!(plan.released.taken_over, [RowId(1)]);
        assert_eq!((plan.goes(), plan.changes), (vec![], vec![]));
    }
}

#[test]
fn what_was_taken_over_does_not_keep_the_rest_of_the_group() {
    let group = [(ticket(1, 0), accepted()), (of("0B", 2, 0), accepted())];
    let lanes = vec![lane([row(1, 0).held(Owner::Other)]), lane([mine(2, 0)])];
    let plan = settle(&group, &want_tickets(&group), lanes, at(0));
    assert_eq!(plan.released.taken_over, [RowId(1)]);
    assert!(matches!(plan.changes[..], [Change::End(RowId(2), _)]));
}

/// What goes or is overtaken when row 1, of second 10, comes back.
fn after<const N: usize>(settlement: Settlement, others: [Sibling; N]) -> Vec<Change> {
    let rows = [vec![mine(1, 10)], others.to_vec()].concat();
    let group = [(ticket(1, 10), settlement)];
    let lanes = vec![Lane { rows, mine_waits: false }];
    let mut changes = settle(&group, &want_tickets(&group), lanes, at(0)).changes;
    assert!(matches!(changes.remove(0), Change::End(RowId(1), _)));
    changes
}

#[test]
fn what_waits_behind_an_end_goes_and_behind_what_stays_pending_it_waits_on() {
    assert_eq!(after(accepted(), [row(2, 20)]), [hand_out(2)]);
    assert_eq!(after(refused(), [row(2, 20)]), [hand_out(2)]);
    assert_eq!(after(postponed(), [row(2, 20)]), []);
    assert_eq!(after(Settlement::Unsent, [row(2, 20)]), []);
    assert_eq!(after(Settlement::Unsent, [row(2, 0)]), [], "nor does anything else go now");
    let group = [(ticket(1, 0), postponed())];
    let expired = settled_at(&group, [mine(1, 0), row(2, 20)], 5 * 24 * 60 * 60);
    assert_eq!(expired.goes(), [(2, Origin::Adopted)]);
}

#[test]
fn an_older_value_is_overtaken_by_an_accepted_one_and_goes_after_a_refused_one() {
    assert_eq!(after(accepted(), [row(2, 0)]), [overtaken(2)]);
    assert_eq!(after(refused(), [row(2, 0)]), [hand_out(2)]);
}

#[test]
fn what_is_planned_for_later_is_brought_up_only_where_this_runs_input_waits() {
    let later = row(2, 20).planned(60);
    assert_eq!(after(accepted(), [later]), []);
    assert_eq!(after(accepted(), [later, row(3, 30).queued(Owner::Other)]), []);
    assert_eq!(after(accepted(), [later, row(3, 30).queued(Owner::Me)]), [hand_out(2)]);
    let group = [(ticket(1, 10), accepted())];
    let unread = Lane { rows: vec![mine(1, 10), later], mine_waits: true };
    assert_eq!(settle(&group, &want_tickets(&group), vec![unread], at(0)).goes(), [(2, Origin::Adopted)]);
}

#[test]
fn the_first_ends_of_a_group_count_for_the_next() {
    // Two of one lane are under way at once where one of them was forced.
    let both = || [mine(1, 0), mine(2, 10)];
    let plan = settled(&[(ticket(1, 0), postponed()), (ticket(2, 10), accepted())], both());
    assert_eq!(plan.changes[2..], [overtaken(1)]);
    assert_eq!(plan.stale(), [(1, Origin::Postponed)]);
    let plan = settled(&[(ticket(1, 0), Settlement::Unsent), (ticket(2, 10), refused())], both());
    assert_eq!(plan.goes(), [(1, Origin::Adopted)]);
    let plan = settled(&[(ticket(2, 10), postponed()), (ticket(1, 0), accepted())], both());
    assert_eq!(plan.goes(), [], "its next attempt is planned for later");
    let plan = settled(&[(ticket(1, 0), accepted()), (ticket(1, 0), accepted())], both());
    assert_eq!(plan.released.taken_over, [RowId(1)], "nothing ends twice");
}

#[test]
fn what_is_about_to_be_accepted_is_wanted_with_what_it_overtakes() {
    let voiced = |id, seconds| of("0B", id, seconds);
    let group = [
        (ticket(1, 10), accepted()),
        (ticket(2, 20), accepted()),
        (ticket(3, 5), accepted()),
        (ticket(4, 30), refused()),
        (voiced(5, 0), postponed()),
        (voiced(6, 1), Settlement::Unsent),
    ];
    let want = want_tickets(&group);
    let accepting: Vec<_> = want.lanes.iter().map(|lane| lane.accepting).collect();
    assert_eq!(accepting, [Some((at(20), RowId(2))), None]);
    assert_eq!(want.keys, []);
}

#[test]
fn the_status_and_the_reason_are_those_of_the_answer() {
    let odd = Settlement::Accepted { http_status: 202, effort: Effort { attempts: 3, ambiguous_resends: 2 } };
    let end = end(Ticket { record: Record { line: 9, ..sms("0A", 0) }, ..ticket(1, 0) }, odd, 0);
    assert_eq!((end.http_status, end.effort.attempts, end.effort.ambiguous_resends), (Some(202), 3, 2));
    assert_eq!(failure(refused()).map(|failure| failure.code), Some(ErrorCode::BadParameters));
}
