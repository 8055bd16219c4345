use crate::domain::Conversion;
use crate::ledger::decide::adoption::{Planned, adopt, planned, want_candidates};
use crate::ledger::decide::lane::{Lane, Owner};
use crate::ledger::tests::{at, sms};
use crate::ledger::ticket::{Due, Origin};

use super::{lane, row};

#[test]
fn candidates_are_those_whose_time_has_come_or_all_but_those_that_this_run_has_postponed() {
    let now = Some(at(0));
    let cases = [(Due::OnlyDue, now, now), (Due::OnlyDueOfOthers, now, None), (Due::Everything, None, None)];
    for (due, until, mine_until) in cases {
        assert_eq!(planned(due, at(0)), Planned { until, mine_until, latest: at(900) });
    }
}

#[test]
fn a_candidates_lane_is_wanted_once() {
    let candidates: Vec<Conversion> = ["0A", "0B", "0A"].map(|id| sms(id, 0).conversion).to_vec();
    let want = want_candidates(&candidates);
    assert_eq!(want.lanes.iter().map(|lane| lane.message_id.as_str()).collect::<Vec<_>>(), ["0A", "0B"]);
    assert_eq!(want.keys, []);
}

fn adopted(lanes: Vec<Lane>, due: Due, limit: usize) -> Vec<i64> {
    adopt(lanes, due, limit, at(0)).goes().into_iter().map(|(row, _)| row).collect()
}

#[test]
fn every_lane_gives_one_row_up_to_the_limit() {
    let lanes = || vec![lane([row(1, 0), row(2, 10)]), lane([row(3, 0)]), lane([row(4, 0)])];
    for (limit, rows) in [(0, vec![]), (1, vec![1]), (2, vec![1, 3]), (3, vec![1, 3, 4]), (9, vec![1, 3, 4])] {
        assert_eq!(adopted(lanes(), Due::OnlyDue, limit), rows);
    }
}

#[test]
fn a_lane_that_gives_nothing_does_not_count() {
    let lanes = vec![lane([row(1, 0).held(Owner::Other)]), lane([row(2, 0)]), lane([row(3, 0)])];
    assert_eq!(adopted(lanes, Due::Everything, 1), [2]);
}

#[test]
fn what_is_due_is_what_was_asked_for() {
    let lanes = || vec![lane([row(1, 0).planned(60)]), lane([row(2, 0).postponed_by_me()]), lane([row(3, 0)])];
    assert_eq!(adopted(lanes(), Due::OnlyDue, 9), [2, 3]);
    assert_eq!(adopted(lanes(), Due::OnlyDueOfOthers, 9), [3]);
    assert_eq!(adopted(lanes(), Due::Everything, 9), [1, 2, 3]);
}

#[test]
fn a_row_of_this_runs_own_input_may_wait_for_adoption() {
    let plan = adopt(vec![lane([row(1, 0).queued(Owner::Me)])], Due::OnlyDue, 1, at(0));
    assert_eq!(plan.goes(), [(1, Origin::Input)]);
}
