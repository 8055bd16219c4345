//! Whatever a lane holds, and whatever a log says.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::domain::{CodeEvent, Record, TimeSource};
use crate::ledger::decide::RowRef;
use crate::ledger::decide::code::{Code, CodeRef};
use crate::ledger::decide::intake::{record, want_records};
use crate::ledger::decide::lane::{Lane, Owner, Sibling};
use crate::ledger::decide::plan::Plan;
use crate::ledger::state::RowState;
use crate::ledger::tests::{at, failed, sms};
use crate::ledger::ticket::{Due, RowId};

use super::FREE;
use super::code::{converted, following, open, sent};

fn sibling() -> impl Strategy<Value = Sibling> {
    let state = prop::sample::select(RowState::ALL);
    let owner = prop_oneof![Just(Owner::Me), Just(Owner::Other), Just(FREE)];
    let planned = prop_oneof![Just(-1_i64), Just(1), Just(901)];
    let seconds = prop_oneof![4 => 0_i64..4, 1 => Just(2 * 86_400)];
    (state, owner, planned, seconds, any::<[bool; 3]>()).prop_map(
        |(state, owner, planned, seconds, [delivered, has_time, postponed_by_me])| Sibling {
            delivered,
            key_time: has_time.then_some(at(seconds)),
            next_attempt: at(planned),
            postponed_by_me,
            state,
            owner: if state.is_pending() { owner } else { FREE },
            ..super::row(0, seconds)
        },
    )
}

/// A lane in any order, but with every row once.
fn any_lane() -> impl Strategy<Value = Lane> {
    let numbered = |rows: Vec<Sibling>| {
        let numbered = (1..).zip(rows).map(|(id, row)| Sibling { row: RowRef::Stored(RowId(id)), ..row });
        numbered.collect::<Vec<_>>()
    };
    (vec(sibling(), 0..7).prop_map(numbered).prop_shuffle(), any::<bool>())
        .prop_map(|(rows, mine_waits)| Lane { rows, mine_waits })
}

fn due() -> impl Strategy<Value = Due> {
    prop_oneof![Just(Due::OnlyDue), Just(Due::OnlyDueOfOthers), Just(Due::Everything)]
}

fn any_record() -> impl Strategy<Value = Record> {
    use TimeSource::{Forced, Given, Now, Typed};
    let time = prop_oneof![4 => Just(Given), 2 => Just(Now), 2 => Just(Typed), 1 => Just(Forced)];
    (0_i64..4, any::<bool>(), time).prop_map(|(seconds, value, time)| {
        let record = Record { time, ..sms("0A", seconds) };
        if value { record } else { failed(record) }
    })
}

fn event() -> impl Strategy<Value = CodeEvent> {
    let reference = option::of(prop_oneof![Just("x"), Just("y")]);
    (0..4, any::<bool>(), reference, 0_i64..3).prop_map(|(id, is_sent, reference, seconds)| {
        let id = format!("0{id}");
        let event = if is_sent { sent(&id, seconds) } else { converted(&id, seconds) };
        match reference {
            Some(reference) => event.of(reference),
            None => event,
        }
    })
}

/// What is stored of the first two message-ids, and under one `ref`.
fn seen() -> impl Strategy<Value = Vec<Code>> {
    let state = (0..4, any::<bool>());
    vec(state, 2).prop_map(|states| {
        let code = |(number, (state, has_ref)): (i64, (i32, bool))| {
            let code = open(number, &format!("0{number}"), 0);
            let code = if has_ref { code.of("x") } else { code };
            match state {
                0 => code,
                1 => code.silent(),
                2 => code.converted(1),
                _ => code.awaiting(1),
            }
        };
        (0..).zip(states).map(code).collect()
    })
}

fn under_way(lane: &Lane) -> usize {
    lane.rows.iter().filter(|row| row.state == RowState::Held && row.owner != FREE).count()
}

proptest! {
    #[test]
    fn one_value_goes_at_a_time_the_first_of_those_that_nothing_has_overtaken(
        before in any_lane(),
        due in due(),
    ) {
        let mut after = before.clone();
        let mut plan = Plan::default();
        plan.advance(&mut after, due, at(0));
        prop_assert!(plan.released.tickets.len() <= 1);
        prop_assert_eq!(under_way(&after), under_way(&before) + plan.released.tickets.len());
        if let [(id, ..)] = plan.released.tickets[..] {
            prop_assert_eq!(under_way(&before), 0);
            let went = after.rows.iter().find(|row| row.row == RowRef::Stored(id)).unwrap();
            prop_assert!(Some(went.order()) > after.newest_accepted());
            let waits = |row: &&Sibling| row.state.is_pending() && Some(row.order()) > after.newest_accepted();
            prop_assert_eq!(after.rows.iter().filter(waits).map(Sibling::order).min(), Some(went.order()));
        }
        prop_assert_eq!(plan.changes.len(), plan.reads.len() + plan.released.expired.len(), "every row once");
    }

    #[test]
    fn a_lane_in_another_order_comes_to_the_same(before in any_lane(), due in due()) {
        let mut sorted = before.clone();
        sorted.rows.sort_by_key(|row| row.row);
        let [one, other] = [before, sorted].map(|mut lane| {
            let mut plan = Plan::default();
            plan.advance(&mut lane, due, at(0));
            plan
        });
        prop_assert_eq!((one.changes, one.released), (other.changes, other.released));
    }

    #[test]
    fn a_decision_that_is_carried_out_leaves_nothing_to_decide(lane in any_lane(), due in due()) {
        let mut lane = lane;
        Plan::default().advance(&mut lane, due, at(0));
        let mut again = Plan::default();
        again.advance(&mut lane, due, at(0));
        prop_assert_eq!((again.changes, again.reads), (vec![], vec![]));
    }

    #[test]
    fn a_group_that_is_recorded_asked_twice_is_decided_alike(
        lane in any_lane(),
        group in vec(any_record(), 1..5),
    ) {
        let want = want_records(&group);
        let decide = || record(&group, &want, vec![lane.clone()], at(0));
        let (one, other) = (decide(), decide());
        prop_assert_eq!(one.answers.len(), group.len());
        prop_assert_eq!(format!("{one:?}"), format!("{other:?}"));
    }

    #[test]
    fn a_log_asked_twice_is_decided_alike_and_names_only_codes_that_are_there(
        stored in seen(),
        events in vec(event(), 1..9),
    ) {
        let decide = || following(&events, &stored);
        let (one, other) = (decide(), decide());
        prop_assert_eq!(format!("{one:?}"), format!("{other:?}"));
        let named = one.plan.parts.iter().map(|(_, code)| *code).chain(one.plan.moves.iter().map(|(.., to)| *to));
        for code in named {
            if let CodeRef::New(at) = code {
                prop_assert!(at < one.plan.inserts.len(), "{code:?} is not inserted");
            }
        }
    }
}
