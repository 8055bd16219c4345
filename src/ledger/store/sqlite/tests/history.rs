//! The history that the report reads: which rows belong to a time range, and what they took.

use std::time::Duration;

use crate::domain::{BadRecord, ErrorCode, Timestamp};

use super::super::history::is_most_of_all;
use super::{DAY, Fixture, accepted, account, at, postponed, refused, sms};
use crate::ledger::{
    Effort, EffortSpent, LedgerReader, Remainder, RowState, SettledOtherwise, Settlement, TimeRange,
};

/// Ids of accepted rows in the order of recording, and the rest.
fn evidence(fixture: &Fixture, key: &str, stretch: TimeRange) -> (Vec<String>, Remainder) {
    let mut seen = Vec::new();
    let reader = LedgerReader::open(&fixture.path()).unwrap().unwrap();
    let rest =
        reader.history(account(key).as_str(), stretch, |row| seen.push((row.row, row.message_id.to_owned())));
    seen.sort();
    (seen.into_iter().map(|(_, id)| id).collect(), rest.unwrap())
}

fn since(after: Timestamp) -> TimeRange {
    TimeRange { after, until: at(1_000_000_000), with_times_after: at(1_000_000_000) }
}

#[test]
fn a_row_belongs_to_a_stretch_by_the_time_at_which_it_was_settled() {
    let mut fixture = Fixture::new();
    let mut ledger = fixture.open();
    for id in ["0A", "0B", "0C"] {
        let ticket = ledger.ready(&sms(id, 0), fixture.now);
        let _ = ledger.end(ticket, accepted(), fixture.now);
        fixture.wait(DAY);
    }
    let day = |n: i64| at(n * 24 * 60 * 60);
    assert_eq!(evidence(&fixture, "abcd1234", since(day(0))).0, ["0B", "0C"], "its beginning is not in it");
    let until = TimeRange { until: day(1), ..since(day(0)) };
    assert_eq!(evidence(&fixture, "abcd1234", until).0, ["0B"], "its end is");
    assert_eq!(evidence(&fixture, "efgh5678", since(day(0))), (Vec::new(), Remainder::default()));
}

#[test]
fn a_long_stretch_is_read_row_by_row_and_a_short_one_by_the_index_and_both_have_the_same_rows() {
    let mut fixture = Fixture::new();
    let mut ledger = fixture.open();
    let ids: Vec<_> = (0..8).map(|number| format!("0A{number}")).collect();
    for id in &ids {
        let ticket = ledger.ready(&sms(id, 0), fixture.now);
        let _ = ledger.end(ticket, accepted(), fixture.now);
        fixture.wait(DAY);
    }
    let noon = |day: i64| at(day * 24 * 60 * 60 - 12 * 60 * 60);
    let mut row_by_row = Vec::new();
    for day in 0..=8 {
        assert_eq!(evidence(&fixture, "abcd1234", since(noon(day))).0, ids[usize::try_from(day).unwrap()..]);
        row_by_row.push(is_most_of_all(ledger.sqlite(), noon(day)).unwrap());
    }
    assert_eq!(row_by_row, [true, true, true, true, false, false, false, false, false]);
}

#[test]
fn rows_whose_own_time_is_asked_for_are_seen_however_early_they_were_accepted() {
    let fixture = Fixture::new();
    let mut ledger = fixture.open();
    let almost_a_day = 24 * 60 * 60 - 1;
    for (id, time) in [("0A", 0), ("0B", 10), ("0C", almost_a_day)] {
        let ticket = ledger.ready(&sms(id, time), fixture.now);
        let _ = ledger.end(ticket, accepted(), fixture.now);
    }
    let later = |after| TimeRange { with_times_after: at(after), ..since(at(100_000)) };
    assert_eq!(evidence(&fixture, "abcd1234", later(9)).0, ["0B", "0C"]);
    assert_eq!(evidence(&fixture, "abcd1234", later(almost_a_day - 1)).0, ["0C"], "a clock may be a day ahead");
}

#[test]
fn what_was_not_accepted_is_counted_by_reason_with_what_it_took() {
    let mut fixture = Fixture::new();
    let mut ledger = fixture.open();
    for id in ["0A", "0B"] {
        let ticket = ledger.ready(&sms(id, 0), fixture.now);
        let _ = ledger.end(ticket, refused(), fixture.now);
    }
    let ticket = ledger.ready(&sms("0C", 0), fixture.now);
    let Settlement::Refused { failure, .. } = refused() else { unreachable!() };
    let effort = Effort { attempts: 4, ambiguous_resends: 2 };
    let _ = ledger.end(ticket, Settlement::Refused { http_status: 423, failure, effort }, fixture.now);
    let bad = BadRecord {
        line: 3,
        reference: None,
        code: ErrorCode::BadRecord,
        message: "no".to_owned(),
        raw: b"?".to_vec(),
        file: None,
    };
    ledger.keep_unreadable(&[bad], fixture.now).unwrap();
    // A newer value was accepted, so an older one is never sent.
    let ticket = ledger.ready(&sms("0D", 10), fixture.now);
    let _ = ledger.end(ticket, accepted(), fixture.now);
    ledger.enter(&sms("0D", 5), fixture.now);
    fixture.wait(Duration::from_secs(5));
    let ticket = ledger.ready(&sms("0E", 0), fixture.now);
    let _ = ledger.end(ticket, postponed(), fixture.now);

    let (accepted, rest) = evidence(&fixture, "abcd1234", since(at(-1)));
    assert_eq!(accepted, ["0D"]);
    let spent = |requests, retries, ambiguous_resends| EffortSpent { requests, retries, ambiguous_resends };
    let row = |state, code, http_status, rows, effort| SettledOtherwise { state, code, http_status, rows, effort };
    let code = Some(ErrorCode::BadParameters);
    assert_eq!(
        rest.settled,
        [
            row(RowState::Refused, code, Some(420), 2, spent(2, 0, 0)),
            row(RowState::Refused, code, Some(423), 1, spent(4, 3, 2)),
            row(RowState::Stale, None, None, 1, spent(0, 0, 0)),
        ]
    );
    assert_eq!(rest.unreadable, [(ErrorCode::BadRecord, 1)]);
    assert_eq!((rest.pending.rows, rest.pending.oldest), (1, Some(at(5))));
    assert_eq!(rest.pending.effort, spent(1, 0, 0));
}
