use crate::domain::{Record, Reference, TimeSource};
use crate::ledger::decide::intake::{Answer, Recording, record, want_records};
use crate::ledger::decide::lane::{KeyWant, Lane, Owner, Sibling};
use crate::ledger::decide::plan::{Change, Claim};
use crate::ledger::state::RowState;
use crate::ledger::tests::{at, failed, sms, untimed};
use crate::ledger::ticket::{Known, Origin, RowId};

use super::{FREE, hand_out, lane, on_line, overtaken, row};

const DAY: i64 = 24 * 60 * 60;

/// What recording a group at second 0 comes to, all of one lane.
fn recording<const N: usize>(records: &[Record], rows: [Sibling; N]) -> Recording {
    recording_in(records, vec![lane(rows)])
}

fn recording_in(records: &[Record], lanes: Vec<Lane>) -> Recording {
    let want = want_records(records);
    assert_eq!(want.lanes.len(), lanes.len());
    record(records, &want, lanes, at(0))
}

/// What is inserted of one record that is new, as what.
fn inserted<const N: usize>(record: &Record, rows: [Sibling; N]) -> RowState {
    let Recording { plan, answers, contradicted } = recording(std::slice::from_ref(record), rows);
    assert_eq!((answers, contradicted), (vec![Answer::Inserted(0)], None));
    assert_eq!((plan.inserts.len(), plan.inserts[0].lane, &plan.inserts[0].record), (1, 0, record));
    plan.inserts[0].state
}

fn forced(record: Record) -> Record {
    Record { time: TimeSource::Forced, ..record }
}

fn claim(id: i64, seconds: i64, is_revived: bool) -> Change {
    Change::Claim(
        RowId(id),
        Claim { line: 1, reference: None, timestamp: at(seconds), is_revived, is_forced: false },
    )
}

fn is_known(answer: &Answer) -> Option<&Known> {
    match answer {
        Answer::Known(_, known) => Some(known),
        Answer::Inserted(_) | Answer::TakenUp(..) | Answer::Waits(..) | Answer::Refused(..) => None,
    }
}

#[test]
fn a_groups_keys_are_wanted_and_of_typed_values_the_later_ones_too() {
    let typed = Record { time: TimeSource::Typed, ..sms("0A", 5) };
    let records = [sms("0A", 0), failed(untimed("0B", 9)), typed, forced(sms("0A", 7))];
    let key = |lane, delivered, key_time, and_later| KeyWant { lane, delivered, key_time, and_later };
    let keys = [
        key(0, true, Some(at(0)), false),
        key(1, false, None, false),
        key(0, true, Some(at(5)), true),
        key(0, true, Some(at(7)), false),
    ];
    assert_eq!(want_records(&records).keys, keys);
}

#[test]
fn a_record_that_nothing_stands_before_goes_at_once() {
    assert_eq!(inserted(&sms("0A", 0), []), RowState::Held);
    assert_eq!(inserted(&untimed("0A", 0), []), RowState::Held);
    assert_eq!(inserted(&sms("0A", 10), [row(1, 0).accepted()]), RowState::Held);
    assert_eq!(inserted(&failed(sms("0A", 0)), [row(1, 0).accepted()]), RowState::Held, "recorded later");
    for state in [RowState::Refused, RowState::Expired, RowState::Stale] {
        assert_eq!(inserted(&sms("0A", 0), [row(1, 10).ended(state)]), RowState::Held);
    }
}

#[test]
fn a_record_older_than_an_accepted_value_is_stale_from_the_beginning() {
    assert_eq!(inserted(&sms("0A", 9), [row(1, 10).accepted()]), RowState::Stale);
    let [one, two] = [row(1, 10).accepted(), row(2, 20).held(Owner::Me)];
    assert_eq!(inserted(&sms("0A", 9), [one, two]), RowState::Stale, "whatever else is under way");
}

#[test]
fn a_record_waits_behind_what_is_under_way_or_a_live_runs() {
    for before in [row(1, 0).held(Owner::Me), row(1, 0).held(Owner::Other), row(1, 0).queued(Owner::Other)] {
        assert_eq!(inserted(&sms("0A", 10), [before]), RowState::Queued);
    }
    for after in [row(1, 20).held(Owner::Me), row(1, 20).held(Owner::Other)] {
        assert_eq!(inserted(&sms("0A", 10), [after]), RowState::Queued);
    }
    assert_eq!(inserted(&sms("0A", 10), [row(1, 20).queued(Owner::Other)]), RowState::Held);
}

#[test]
fn a_record_waits_while_an_older_value_that_was_forced_is_under_way() {
    let rows = [row(1, 0).held(Owner::Other), row(2, 10).accepted()];
    assert_eq!(inserted(&sms("0A", 20), rows), RowState::Queued);
}

#[test]
fn a_record_settles_what_was_overtaken_before_it() {
    let rows = [row(1, 0), row(2, 10).accepted()];
    let Recording { plan, answers, .. } = recording(&[sms("0A", 20)], rows);
    assert_eq!((answers, plan.inserted()), (vec![Answer::Inserted(0)], vec![RowState::Held]));
    assert_eq!((plan.changes, plan.released.stale.len()), (vec![overtaken(1)], 1));
}

#[test]
fn a_record_brings_up_a_free_row_before_it_planned_for_later_or_not() {
    for before in [row(1, 0), row(1, 0).planned(60), row(1, 0).held(FREE)] {
        let Recording { plan, answers, .. } = recording(&[sms("0A", 10)], [before]);
        assert_eq!(answers, [Answer::Inserted(0)]);
        assert_eq!(plan.inserted(), [RowState::Queued]);
        assert_eq!(plan.goes(), [(1, Origin::Adopted)]);
    }
}

#[test]
fn a_record_older_than_a_free_row_goes_first() {
    let Recording { plan, .. } = recording(&[sms("0A", 0)], [row(1, 10)]);
    assert_eq!((plan.inserted(), plan.changes), (vec![RowState::Held], vec![]));
}

#[test]
fn the_first_records_of_a_group_count_for_the_next() {
    let group = [sms("0A", 10), sms("0A", 0), sms("0A", 10), failed(sms("0A", 10)), sms("0B", 0)];
    let Recording { plan, answers, .. } = recording_in(&group, vec![lane([]), lane([])]);
    let repeated = Answer::Known(sms("0A", 10), Known::Repeated);
    let inserted = Answer::Inserted;
    assert_eq!(answers, [inserted(0), inserted(1), repeated, inserted(2), inserted(3)]);
    assert_eq!(plan.inserted(), [RowState::Held, RowState::Queued, RowState::Queued, RowState::Held]);
    assert_eq!(plan.inserts.iter().map(|new| new.lane).collect::<Vec<_>>(), [0, 0, 0, 1]);
    assert_eq!((plan.changes, plan.reads), (vec![], vec![]), "what is only inserted is not changed too");
}

#[test]
fn a_group_brings_a_record_up_that_it_has_let_wait() {
    // The first row is this run's own, postponed: only its being asked for again brings it up.
    let rows = [row(1, 0).planned(60).postponed_by_me()];
    let group = [sms("0A", 10), sms("0A", 0)];
    let Recording { plan, answers, .. } = recording(&group, rows);
    assert_eq!(answers, [Answer::Inserted(0), Answer::TakenUp(sms("0A", 0), RowId(1), 0)]);
    assert_eq!(plan.inserted(), [RowState::Queued]);
    assert_eq!(plan.changes, [claim(1, 0, false), hand_out(1)]);
    assert_eq!((plan.reads, plan.released.tickets), (vec![RowId(1)], vec![]));
}

#[test]
fn what_is_there_already_is_answered_by_where_it_stands() {
    use RowState::{Accepted, Held, Queued, Stale};
    let cases = [
        (row(1, 0).ended(Accepted), Known::Accepted),
        (row(1, 0).ended(Stale), Known::Stale),
        (row(1, 0).ended(Queued).queued(Owner::Me), Known::Repeated),
        (row(1, 0).ended(Held).queued(Owner::Me), Known::Repeated),
        (row(1, 0).ended(Queued).queued(Owner::Other), Known::Queued),
        (row(1, 0).ended(Held).queued(Owner::Other), Known::Queued),
    ];
    for (row, known) in cases {
        let Recording { plan, answers, contradicted } = recording(&[sms("0A", 0)], [row]);
        assert_eq!(answers, [Answer::Known(sms("0A", 0), known)]);
        assert_eq!((plan.inserts, plan.changes, plan.reads), (vec![], vec![], vec![]));
        assert_eq!(contradicted, None);
    }
}

#[test]
fn what_was_refused_before_is_read_to_say_why() {
    let refused = row(7, 0).ended(RowState::Refused);
    let Recording { plan, answers, .. } = recording(&[sms("0A", 0), sms("0A", 0)], [refused]);
    assert_eq!(answers, [Answer::Refused(sms("0A", 0), 0), Answer::Refused(sms("0A", 0), 1)]);
    assert_eq!((plan.reads, plan.changes), (vec![RowId(7), RowId(7)], vec![]));
}

#[test]
fn a_free_row_is_taken_up_with_its_age_and_an_expired_one_begins_anew() {
    use RowState::{Expired, Held, Queued};
    for (state, is_revived) in [(Queued, false), (Held, false), (Expired, true)] {
        for owner in [FREE, Owner::Me, Owner::Other] {
            if owner != FREE && state != Expired {
                continue;
            }
            let Recording { plan, answers, .. } =
                recording(&[sms("0A", 5)], [row(1, 5).queued(owner).ended(state)]);
            assert_eq!(answers, [Answer::TakenUp(sms("0A", 5), RowId(1), 0)]);
            assert_eq!(plan.changes, [claim(1, 5, is_revived), hand_out(1)]);
            assert_eq!((plan.reads, plan.released.tickets), (vec![RowId(1)], vec![]));
        }
    }
}

#[test]
fn what_is_taken_up_gets_the_mark_and_the_line_of_what_asks_for_it() {
    let reference = Some(Reference::from_json("7"));
    let again = on_line(9, Record { reference: reference.clone(), ..untimed("0A", 30) });
    let Recording { plan, .. } = recording(&[again], [row(1, -5).untimed()]);
    let claim = Claim { line: 9, reference, timestamp: at(-5), is_revived: false, is_forced: false };
    assert_eq!(plan.changes[0], Change::Claim(RowId(1), claim));
}

#[test]
fn what_is_taken_up_waits_for_its_turn() {
    let rows = [row(1, 0).held(Owner::Other), row(2, 10)];
    let Recording { plan, answers, .. } = recording(&[sms("0A", 10)], rows);
    assert_eq!(answers, [Answer::Waits(sms("0A", 10), RowId(2))]);
    assert_eq!(plan.changes, [claim(2, 10, false)]);
}

#[test]
fn what_is_taken_up_brings_up_what_must_go_before_it() {
    let Recording { plan, answers, .. } = recording(&[sms("0A", 10)], [row(1, 0), row(2, 10)]);
    assert_eq!(answers, [Answer::Waits(sms("0A", 10), RowId(2))]);
    assert_eq!(plan.changes, [claim(2, 10, false), hand_out(1)]);
    assert_eq!(plan.released.tickets, [(RowId(1), 0, Origin::Adopted)]);
}

#[test]
fn what_this_run_postponed_is_due_when_its_input_asks_for_it_again() {
    let postponed = row(1, 0).planned(60).postponed_by_me();
    let Recording { answers, .. } = recording(&[sms("0A", 0)], [postponed]);
    assert_eq!(answers, [Answer::TakenUp(sms("0A", 0), RowId(1), 0)]);
}

#[test]
fn a_free_row_that_was_overtaken_is_stale_when_it_is_asked_for_again() {
    let group = [sms("0A", 0), sms("0A", 0)];
    let Recording { plan, answers, .. } = recording(&group, [row(1, 0), row(2, 10).accepted()]);
    let stale = || Answer::Known(sms("0A", 0), Known::Stale);
    assert_eq!(answers, [stale(), stale()]);
    assert_eq!((&plan.changes, plan.stale()), (&vec![overtaken(1)], vec![]), "its record is answered already");
}

#[test]
fn an_expired_row_that_was_overtaken_since_is_released_as_stale() {
    let rows = [row(1, 0).ended(RowState::Expired), row(2, 10).accepted()];
    let Recording { plan, answers, .. } = recording(&[sms("0A", 0)], rows);
    assert_eq!(answers, [Answer::Waits(sms("0A", 0), RowId(1))]);
    assert_eq!(plan.changes, [claim(1, 0, true), overtaken(1)]);
    assert_eq!(plan.stale(), [(1, Origin::Input)]);
}

#[test]
fn a_record_that_is_known_again_has_the_time_under_which_it_is_stored() {
    for (state, known) in [(RowState::Accepted, Known::Accepted), (RowState::Stale, Known::Stale)] {
        let Recording { answers, .. } = recording(&[untimed("0A", 50)], [row(1, 5).untimed().ended(state)]);
        assert_eq!(answers, [Answer::Known(untimed("0A", 5), known)]);
    }
    let Recording { answers, .. } = recording(&[untimed("0A", 50)], [row(1, 5).untimed()]);
    assert_eq!(answers, [Answer::TakenUp(untimed("0A", 5), RowId(1), 0)]);
}

#[test]
fn a_time_that_a_clock_ahead_has_recorded_gives_way_to_now() {
    for (stored, now) in [(DAY, DAY), (DAY + 1, 0)] {
        for state in [RowState::Queued, RowState::Expired] {
            let ahead = row(1, stored).untimed().ended(state);
            let Recording { plan, answers, .. } = recording(&[untimed("0A", 3)], [ahead]);
            assert_eq!(answers, [Answer::TakenUp(untimed("0A", now), RowId(1), 0)]);
            assert_eq!(plan.changes[0], claim(1, now, state == RowState::Expired));
        }
    }
    let rows = [row(1, DAY + 1).untimed(), row(2, 10)];
    let Recording { plan, .. } = recording(&[untimed("0A", 3)], rows);
    assert_eq!(plan.changes, [claim(1, 0, false), hand_out(1)], "its place in the lane is that of now");
}

#[test]
fn a_forced_record_that_is_new_goes_whatever_is_newer_or_under_way() {
    let record = forced(sms("0A", 0));
    assert_eq!(inserted(&record, [row(1, 10).accepted()]), RowState::Held);
    assert_eq!(inserted(&record, [row(1, 10).held(Owner::Other)]), RowState::Held);
    assert_eq!(inserted(&record, [row(1, -10).queued(Owner::Other)]), RowState::Held);
}

#[test]
fn a_forced_record_goes_again_whatever_became_of_it_but_not_beside_itself() {
    use RowState::{Accepted, Expired, Held, Queued, Refused, Stale};
    let record = forced(sms("0A", 0));
    let newer = row(2, 10).accepted();
    for (state, is_revived) in
        [(Accepted, false), (Refused, false), (Stale, false), (Expired, true), (Queued, false), (Held, false)]
    {
        let Recording { plan, answers, .. } =
            recording(std::slice::from_ref(&record), [row(1, 0).ended(state), newer]);
        assert_eq!(answers, [Answer::TakenUp(record.clone(), RowId(1), 0)]);
        let claim = Claim { line: 1, reference: None, timestamp: at(0), is_revived, is_forced: true };
        assert_eq!(plan.changes, [Change::Claim(RowId(1), claim), hand_out(1)]);
        assert_eq!(plan.released.tickets, []);
    }
    for (owner, known) in [(Owner::Me, Known::Repeated), (Owner::Other, Known::Queued)] {
        for state in [Queued, Held] {
            let rows = [row(1, 0).queued(owner).ended(state), newer];
            let Recording { plan, answers, .. } = recording(std::slice::from_ref(&record), rows);
            assert_eq!(answers, [Answer::Known(record.clone(), known.clone())]);
            assert_eq!(plan.changes, []);
        }
    }
}

#[test]
fn a_forced_record_sends_what_its_group_has_just_recorded_as_stale() {
    let group = [sms("0A", 0), forced(sms("0A", 0))];
    let Recording { plan, answers, .. } = recording(&group, [row(1, 10).accepted()]);
    assert_eq!(answers, [Answer::Inserted(0), Answer::Known(forced(sms("0A", 0)), Known::Repeated)]);
    assert_eq!(plan.inserted(), [RowState::Held], "once, as the first record's");
    assert_eq!((plan.changes, plan.reads), (vec![], vec![]));
}

#[test]
fn a_value_without_a_time_that_comes_again_after_another_is_noted() {
    let contradicted = |record: &Record, newer: Sibling| {
        let recording = recording(std::slice::from_ref(record), [row(1, 0).untimed().accepted(), newer]);
        assert_eq!(is_known(&recording.answers[0]), Some(&Known::Accepted));
        recording.contradicted.map(|id| id.to_string())
    };
    let again = untimed("0A", 50);
    let noted = Some("0A".to_owned());
    assert_eq!(contradicted(&again, row(2, 10).saying_no().accepted()), noted);
    assert_eq!(contradicted(&again, row(2, 10).saying_no().held(Owner::Me)), noted);
    assert_eq!(contradicted(&again, row(2, 0).saying_no().accepted()), noted, "recorded later");
    assert_eq!(contradicted(&again, row(2, -10).saying_no().accepted()), None, "the other is older");
    assert_eq!(contradicted(&again, row(2, 10).accepted()), None, "it is the same value");
    assert_eq!(contradicted(&again, row(2, 10).saying_no().ended(RowState::Refused)), None, "it never counted");
    assert_eq!(
        contradicted(&sms("0A", 0), row(2, 10).saying_no().accepted()),
        None,
        "its time says which is newer"
    );
}

#[test]
fn a_contradiction_is_noted_of_what_was_refused_too_and_of_the_first_id_alone() {
    let contradicting = |state| lane([row(1, 0).untimed().ended(state), row(2, 10).saying_no().accepted()]);
    let group = [untimed("0A", 50), untimed("0B", 50)];
    let lanes = vec![contradicting(RowState::Refused), contradicting(RowState::Accepted)];
    let Recording { answers, contradicted, .. } = recording_in(&group, lanes);
    assert!(matches!(answers[..], [Answer::Refused(_, 0), Answer::Known(_, Known::Accepted)]));
    assert_eq!(contradicted.map(|id| id.to_string()), Some("0A".to_owned()));
    let older = lane([row(1, 0).saying_no().accepted(), row(2, 10).untimed().ended(RowState::Refused)]);
    assert_eq!(recording_in(&[untimed("0A", 50)], vec![older]).contradicted, None);
}

#[test]
fn what_a_group_inserts_is_known_to_its_next_record() {
    let pending = recording(&[sms("0A", 0), sms("0A", 0)], []);
    assert_eq!(is_known(&pending.answers[1]), Some(&Known::Repeated));
    let stale = recording(&[sms("0A", 0), sms("0A", 0)], [row(1, 10).accepted()]);
    assert_eq!(is_known(&stale.answers[1]), Some(&Known::Stale));
    assert_eq!(stale.plan.inserts.len(), 1);
    let untimed = recording(&[untimed("0A", 4), sms("0A", 4), untimed("0A", 9)], []);
    assert_eq!(untimed.plan.inserts.len(), 1, "by the stored time and by having none");
    assert_eq!(untimed.plan.inserts[0].record.time, TimeSource::Now);
    assert!(matches!(untimed.answers[0], Answer::Inserted(0)));
}
