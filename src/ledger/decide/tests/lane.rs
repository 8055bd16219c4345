use crate::domain::{Channel, Conversion, Record};
use crate::ledger::decide::RowRef;
use crate::ledger::decide::intake::want_records;
use crate::ledger::decide::lane::{Lane, Owner, Sibling};
use crate::ledger::decide::plan::{Change, Plan};
use crate::ledger::state::RowState;
use crate::ledger::tests::{at, failed, sms, untimed};
use crate::ledger::ticket::{Due, Origin, RowId};

use super::{FREE, hand_out, lane, overtaken, row};

const DAY: i64 = 24 * 60 * 60;
/// The longest wait for another attempt.
const QUARTER: i64 = 15 * 60;
const NONE: [i64; 0] = [];

/// What bringing up the lane's first row comes to, at second 0.
fn advanced<const N: usize>(rows: [Sibling; N], due: Due) -> Plan {
    let mut plan = Plan::default();
    plan.advance(&mut lane(rows), due, at(0));
    plan
}

/// Which rows go.
fn goes<const N: usize>(rows: [Sibling; N]) -> Vec<i64> {
    advanced(rows, Due::OnlyDue).goes().into_iter().map(|(row, _)| row).collect()
}

#[test]
fn the_first_by_time_and_then_by_recording_goes() {
    assert_eq!(goes([row(1, 10), row(2, 0)]), [2]);
    assert_eq!(goes([row(2, 0), row(1, 0)]), [1]);
    assert_eq!(goes([]), NONE);
    assert!(RowRef::Stored(RowId(i64::MAX)) < RowRef::New(0), "what is stored was recorded first");
    assert!(RowRef::New(0) < RowRef::New(1));
}

#[test]
fn what_goes_is_changed_and_read_once_and_the_lane_knows() {
    let mut lane = lane([row(1, 0), row(2, 10)]);
    let mut plan = Plan::default();
    plan.advance(&mut lane, Due::OnlyDue, at(0));
    plan.advance(&mut lane, Due::OnlyDue, at(0));
    assert_eq!(plan.changes, [hand_out(1)]);
    assert_eq!(plan.reads, [RowId(1)]);
    assert_eq!(plan.released.tickets, [(RowId(1), 0, Origin::Adopted)]);
    assert_eq!(lane.rows[0], row(1, 0).held(Owner::Me));
}

#[test]
fn every_read_has_a_place_of_its_own() {
    let mut plan = Plan::default();
    assert_eq!([plan.read(RowId(7)), plan.read(RowId(5)), plan.read(RowId(7))], [0, 1, 2]);
    assert_eq!(plan.reads, [RowId(7), RowId(5), RowId(7)]);
}

#[test]
fn nothing_goes_while_a_live_run_has_one_under_way() {
    for owner in [Owner::Me, Owner::Other] {
        assert_eq!(goes([row(1, 0).held(owner), row(2, 10)]), NONE);
        assert_eq!(goes([row(1, 0), row(2, 10).held(owner)]), NONE);
        assert_eq!(goes([row(1, 0).held(owner), row(2, 5).accepted(), row(3, 10)]), NONE, "overtaken on its way");
    }
    assert_eq!(goes([row(1, 0).held(FREE), row(2, 10)]), [1], "a crashed run has nothing under way");
}

#[test]
fn what_another_live_run_waits_with_is_not_taken_and_holds_back_what_is_behind() {
    assert_eq!(goes([row(1, 0).queued(Owner::Other), row(2, 10)]), NONE);
    assert_eq!(goes([row(1, 0), row(2, 10).queued(Owner::Other)]), [1]);
}

#[test]
fn what_has_ended_neither_goes_nor_holds_back() {
    for state in [RowState::Accepted, RowState::Refused, RowState::Expired, RowState::Stale] {
        assert_eq!(goes([row(1, 0).ended(state)]), NONE);
        assert_eq!(goes([row(1, 0).ended(state), row(2, 10)]), [2]);
    }
}

#[test]
fn what_is_older_than_an_accepted_value_is_settled_and_never_goes() {
    let plan = advanced([row(1, 0), row(2, 10).accepted(), row(3, 20)], Due::OnlyDue);
    assert_eq!(plan.changes, [overtaken(1), hand_out(3)]);
    assert_eq!(plan.reads, [RowId(1), RowId(3)]);
    assert_eq!(plan.released.stale, [(RowId(1), 0, Origin::Adopted)]);
    assert_eq!(plan.released.tickets, [(RowId(3), 1, Origin::Adopted)]);
}

#[test]
fn of_one_time_the_value_that_was_recorded_first_is_the_older() {
    assert_eq!(advanced([row(1, 0), row(2, 0).accepted()], Due::OnlyDue).changes, [overtaken(1)]);
    assert_eq!(advanced([row(1, 0).accepted(), row(2, 0)], Due::OnlyDue).changes, [hand_out(2)]);
}

#[test]
fn only_an_accepted_value_overtakes() {
    for state in [RowState::Refused, RowState::Expired, RowState::Stale] {
        assert_eq!(goes([row(1, 0), row(2, 10).ended(state)]), [1]);
    }
}

#[test]
fn the_last_of_several_accepted_values_is_the_one_that_counts() {
    let rows = [row(1, 5).accepted(), row(2, 20).accepted(), row(3, 10).accepted(), row(4, 15)];
    assert_eq!(lane(rows).newest_accepted(), Some((at(20), RowRef::Stored(RowId(2)))));
    assert_eq!(advanced(rows, Due::OnlyDue).changes, [overtaken(4)]);
    assert_eq!(lane([row(1, 0)]).newest_accepted(), None);
}

#[test]
fn an_overtaken_row_of_another_live_run_is_left_to_it() {
    let plan = advanced([row(1, 0).queued(Owner::Other), row(2, 10).accepted()], Due::Everything);
    assert_eq!((plan.changes, plan.reads), (vec![], vec![]));
}

#[test]
fn an_overtaken_row_is_settled_once_and_the_lane_knows() {
    let mut lane = lane([row(1, 0).queued(Owner::Me), row(2, 10).accepted()]);
    let mut plan = Plan::default();
    plan.advance(&mut lane, Due::OnlyDue, at(0));
    plan.advance(&mut lane, Due::OnlyDue, at(0));
    assert_eq!(plan.stale(), [(1, Origin::Input)]);
    assert_eq!(lane.rows[0], row(1, 0).ended(RowState::Stale));
}

#[test]
fn a_ticket_says_where_it_comes_from() {
    let cases = [
        (row(1, 0).queued(Owner::Me), Origin::Input),
        (row(1, 0).queued(Owner::Me).postponed_by_me(), Origin::Input),
        (row(1, 0), Origin::Adopted),
        (row(1, 0).postponed_by_me(), Origin::Postponed),
    ];
    for (row_, origin) in cases {
        assert_eq!(advanced([row_], Due::OnlyDue).goes(), [(1, origin)]);
        assert_eq!(advanced([row_, row(2, 10).accepted()], Due::OnlyDue).stale(), [(1, origin)]);
    }
}

#[test]
fn a_row_goes_when_its_time_has_come_or_when_its_run_takes_everything_but_its_own() {
    use Due::{Everything, OnlyDue, OnlyDueOfOthers};
    let others = row(1, 0);
    let mine = row(1, 0).postponed_by_me();
    let all: &[Due] = &[OnlyDue, OnlyDueOfOthers, Everything];
    let cases: [(Sibling, &[Due]); 9] = [
        (others.planned(-1), all),
        (others.planned(0), all),
        (others.planned(1), &[Everything]),
        (others.planned(QUARTER), &[Everything]),
        (others.planned(QUARTER + 1), all), // by a clock that was ahead
        (mine.planned(0), &[OnlyDue, Everything]),
        (mine.planned(1), &[]),
        (mine.planned(QUARTER), &[]),
        (mine.planned(QUARTER + 1), &[OnlyDue, Everything]),
    ];
    for (row, goes) in cases {
        for due in all {
            let went = !advanced([row], *due).goes().is_empty();
            assert_eq!(went, goes.contains(due), "{due:?}: {row:?}");
        }
    }
}

#[test]
fn the_first_that_is_planned_for_later_holds_back_what_is_due_behind_it() {
    assert_eq!(goes([row(1, 0).planned(1), row(2, 10)]), NONE);
}

#[test]
fn a_time_that_a_clock_ahead_has_recorded_is_given_up_where_the_row_is_free() {
    for state in [RowState::Queued, RowState::Held] {
        let mut lane = lane([row(1, DAY + 1).ended(state), row(2, DAY)]);
        let mut plan = Plan::default();
        plan.advance(&mut lane, Due::OnlyDue, at(0));
        assert_eq!(plan.changes, [Change::GiveUpAsFuture(RowId(1)), hand_out(2)]);
        assert_eq!(plan.released.expired, [RowId(1)]);
        assert_eq!(lane.rows[0].state, RowState::Expired);
    }
    assert_eq!(advanced([row(1, DAY + 1).queued(Owner::Me)], Due::OnlyDue).changes, [hand_out(1)]);
    assert_eq!(advanced([row(1, DAY + 1).queued(Owner::Other)], Due::OnlyDue).changes, []);
}

#[test]
fn a_record_is_found_by_its_value_and_its_time_or_its_having_none() {
    let rows = lane([row(1, 0), row(2, 0).saying_no(), row(3, 10), row(4, 20).untimed()]);
    let found = |record: &Record| rows.find(record);
    assert_eq!(found(&sms("0A", 0)), Some(0));
    assert_eq!(found(&failed(sms("0A", 0))), Some(1));
    assert_eq!(found(&sms("0A", 10)), Some(2));
    assert_eq!(found(&failed(sms("0A", 10))), None);
    assert_eq!(found(&sms("0A", 5)), None);
    assert_eq!(found(&untimed("0A", 0)), Some(3), "whenever it is read");
    assert_eq!(found(&failed(untimed("0A", 20))), None);
}

#[test]
fn a_record_without_a_time_is_found_again_by_the_time_that_its_result_line_gives_it() {
    let rows = lane([row(1, 20).untimed().saying_no(), row(2, 20).untimed(), row(3, 30).untimed()]);
    assert_eq!(rows.find(&sms("0A", 20)), Some(1));
    assert_eq!(rows.find(&failed(sms("0A", 20))), Some(0));
    assert_eq!(rows.find(&sms("0A", 21)), None);
    let both = lane([row(1, 20).untimed(), row(2, 20)]);
    assert_eq!(both.find(&sms("0A", 20)), Some(1), "its very key comes first");
    assert_eq!(both.find_key(true, Some(at(20))), Some(1));
    assert_eq!(both.find_key(true, None), Some(0));
    assert_eq!(both.find_key(false, None), None);
}

#[test]
fn the_newest_value_is_the_last_that_was_accepted_or_may_be() {
    let newest = |last: Sibling| lane([row(1, 0).accepted(), row(2, 5), last]).newest().map(|row| row.row);
    for counts in [row(3, 10), row(3, 10).held(Owner::Other), row(3, 10).accepted()] {
        assert_eq!(newest(counts), Some(RowRef::Stored(RowId(3))));
    }
    for state in [RowState::Refused, RowState::Expired, RowState::Stale] {
        assert_eq!(newest(row(3, 10).ended(state)), Some(RowRef::Stored(RowId(2))));
    }
    assert_eq!(lane([]).newest(), None);
}

#[test]
fn input_waits_in_a_lane_where_a_row_of_it_is_queued_or_the_store_has_seen_one() {
    assert!(lane([row(1, 0).queued(Owner::Me)]).has_mine_waiting());
    for other in [row(1, 0).held(Owner::Me), row(1, 0), row(1, 0).queued(Owner::Other)] {
        assert!(!lane([other]).has_mine_waiting(), "{other:?}");
    }
    assert!(Lane { mine_waits: true, ..Lane::default() }.has_mine_waiting());
}

#[test]
fn every_message_id_is_wanted_once_and_every_record_knows_its_lane() {
    let voice = Conversion { channel: Channel::Voice, ..sms("0A", 0).conversion };
    let records = [sms("0A", 0), sms("0B", 0), sms("0A", 10), Record { conversion: voice, ..sms("0A", 0) }];
    let want = want_records(&records);
    let lanes: Vec<_> = want.lanes.iter().map(|lane| (lane.channel, lane.message_id.as_str())).collect();
    assert_eq!(lanes, [(Channel::Sms, "0A"), (Channel::Sms, "0B"), (Channel::Voice, "0A")]);
    assert_eq!([0, 1, 2, 3].map(|item| want.lane_of(item)), [0, 1, 0, 2]);
    assert!(want.lanes.iter().all(|lane| lane.accepting.is_none()));
}
