//! What a person types without a time says how it is now.

use crate::domain::{Record, TimeSource};
use crate::ledger::decide::intake::{Answer, record, want_records};
use crate::ledger::decide::lane::{Owner, Sibling};
use crate::ledger::state::RowState;
use crate::ledger::tests::{at, failed, sms};
use crate::ledger::ticket::{Known, RowId};

use super::{lane, row};

/// `true`, typed at second 0.
fn typed() -> Record {
    Record { time: TimeSource::Typed, ..sms("0A", 0) }
}

fn typed_no() -> Record {
    failed(typed())
}

/// The rows of a group of typed values, each with where its time comes from and its second.
fn entered<const N: usize>(records: &[Record], rows: [Sibling; N]) -> Vec<(TimeSource, i64)> {
    let recording = record(records, &want_records(records), vec![lane(rows)], at(0));
    let time = |record: &Record| (record.time, at(0).age_at(record.conversion.timestamp));
    recording.plan.inserts.iter().map(|new| time(&new.record)).collect()
}

/// What a `true` is that the lane knows already.
fn known<const N: usize>(rows: [Sibling; N]) -> Vec<Answer> {
    let records = [typed()];
    let recording = record(&records, &want_records(&records), vec![lane(rows)], at(0));
    assert_eq!(recording.plan.inserts, []);
    recording.answers
}

const UNTIMED: (TimeSource, i64) = (TimeSource::Now, 0);

fn timed(seconds: i64) -> (TimeSource, i64) {
    (TimeSource::Typed, seconds)
}

#[test]
fn the_first_value_of_its_kind_is_what_a_stream_without_times_would_have_recorded() {
    assert_eq!(entered(&[typed()], []), [UNTIMED]);
    for before in [-10, 0] {
        assert_eq!(entered(&[typed()], [row(1, before).saying_no().accepted()]), [UNTIMED]);
        assert_eq!(entered(&[typed()], [row(1, before).saying_no().held(Owner::Other)]), [UNTIMED]);
    }
    let refused = row(1, -5).ended(RowState::Refused);
    assert_eq!(entered(&[typed()], [refused]), [UNTIMED], "a time of its own makes another key");
}

#[test]
fn the_newest_value_typed_again_is_no_news() {
    let older_no = row(1, -20).saying_no().accepted();
    let again = |seconds| Record { time: TimeSource::Typed, ..sms("0A", seconds) };
    let accepted = Answer::Known(again(-10), Known::Accepted);
    assert_eq!(known([older_no, row(2, -10).accepted()]), [accepted]);
    assert_eq!(known([older_no, row(2, -10).held(Owner::Me)]), [Answer::Known(again(-10), Known::Repeated)]);
    assert_eq!(known([older_no, row(2, -10).held(Owner::Other)]), [Answer::Known(again(-10), Known::Queued)]);
    assert_eq!(known([older_no, row(2, -10)]), [Answer::TakenUp(again(-10), RowId(2), 0)]);
}

#[test]
fn what_was_refused_expired_or_overtaken_is_not_the_newest_value() {
    for state in [RowState::Refused, RowState::Expired, RowState::Stale] {
        let rows = [row(1, -20).saying_no().accepted(), row(2, -10).ended(state)];
        assert_eq!(entered(&[typed()], rows), [UNTIMED]);
    }
}

#[test]
fn another_value_than_the_newest_is_a_new_fact_from_now_on() {
    let first = row(1, -20).untimed().accepted();
    assert_eq!(entered(&[typed()], [first, row(2, -10).saying_no().accepted()]), [timed(0)]);
    let refused = first.ended(RowState::Refused);
    assert_eq!(entered(&[typed()], [refused]), [timed(0)], "where nothing counts at all, too");
}

#[test]
fn a_new_fact_is_later_than_the_value_it_replaces_but_not_by_more_than_a_minute() {
    for (newest, time) in [(-1, 0), (0, 0), (1, 1), (60, 60), (61, 60), (1000, 60)] {
        let first = row(1, -20).untimed().accepted();
        let rows = [first, row(2, newest).saying_no().accepted()];
        assert_eq!(entered(&[typed()], rows), [timed(time)]);
    }
    let ahead = row(1, 5).saying_no().accepted();
    assert_eq!(entered(&[typed()], [ahead]), [timed(5)], "without a time it would be the older");
}

#[test]
fn several_new_facts_of_one_second_are_that_many() {
    let first = row(1, -20).untimed().accepted();
    let taken = [first, row(2, 0).accepted(), row(3, 1).accepted(), row(4, 1).saying_no().accepted()];
    assert_eq!(entered(&[typed()], taken), [timed(2)]);
    let group = [typed(), typed_no(), typed(), typed_no(), typed(), typed_no()];
    assert_eq!(entered(&group, []), [UNTIMED, UNTIMED, timed(0), timed(0), timed(1), timed(1)]);
}
