//! What is read from a ledger, and what it forgets.

use std::time::Duration;

use crate::domain::{BadRecord, ErrorCode, Failure};
use crate::ledger::{Due, Effort, Forget, Kept, LedgerReader, Original, RowState, Settlement, forget};

use super::{ALMOST_A_DAY, DAY, Fixture, accepted, account, at, postponed, ready, refused, sms, untimed};

#[test]
fn after_five_days_in_vain_a_row_is_a_dead_letter_and_may_be_asked_for_anew() {
    let mut fixture = Fixture::new();
    let mut ledger = fixture.open();
    let ticket = ledger.ready(&sms("0A", 0), fixture.now);
    fixture.wait(4 * DAY);
    fixture.wait(ALMOST_A_DAY);
    assert_eq!(ledger.end(ticket, postponed(), fixture.now).expired, []);
    fixture.wait(Duration::from_secs(60));
    let ticket = ledger.adopted(Due::OnlyDue, fixture.now).pop().unwrap();
    let row = ticket.row();
    assert_eq!(ledger.end(ticket, postponed(), fixture.now).expired, [row]);
    assert_eq!(ledger.adopted(Due::Everything, fixture.now), []);

    let mut letters = Vec::new();
    let reader = LedgerReader::open(&fixture.path()).unwrap().unwrap();
    reader.refused(|letter| letters.push(letter)).unwrap();
    assert_eq!(letters.len(), 1);
    assert!(matches!(&letters[0].original, Original::Record { attempts: 2, http_status: None, .. }));

    let ticket = ledger.ready(&sms("0A", 0), fixture.now);
    assert_eq!(ledger.end(ticket, postponed(), fixture.now).expired, []);
}

#[test]
fn every_end_leaves_its_status_and_adds_its_tries() {
    let effort = Effort { attempts: 3, ambiguous_resends: 2 };
    let failure = Failure::answered(ErrorCode::ServerError, "the API answered 503");
    for (settlement, expected) in [
        (Settlement::Unsent, (None, 1, 0)),
        (Settlement::Postponed { failure: failure.clone(), effort }, (None, 4, 2)),
        (Settlement::Accepted { http_status: 202, effort }, (Some(202), 4, 2)),
        (Settlement::Refused { http_status: 422, failure, effort }, (Some(422), 4, 2)),
    ] {
        let fixture = Fixture::new();
        let mut ledger = fixture.open();
        let ticket = ledger.ready(&sms("0A", 0), fixture.now);
        let _ = ledger.end(ticket, postponed(), fixture.now);
        let ticket = ledger.ready(&sms("0A", 0), fixture.now);
        let _ = ledger.end(ticket, settlement, fixture.now);
        let db = rusqlite::Connection::open(fixture.path()).unwrap();
        let written: (Option<u16>, u32, u32) = db
            .query_row("SELECT http_status, attempts, ambiguous FROM conversion", [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .unwrap();
        assert_eq!(written, expected);
    }
}

#[test]
fn dead_letters_keep_the_original_and_the_same_input_is_kept_once() {
    let fixture = Fixture::new();
    let mut ledger = fixture.open();
    let bad = BadRecord {
        line: 3,
        reference: None,
        code: ErrorCode::BadRecord,
        message: "message-id is empty".into(),
        raw: b"\xff\0,true".to_vec(),
        file: None,
    };
    ledger.keep_unreadable(&[bad.clone(), bad.clone()], fixture.now).unwrap();
    let ticket = ledger.ready(&sms("0A", 0), fixture.now);
    let _ = ledger.end(ticket, refused(), fixture.now);
    let mut letters = Vec::new();
    let reader = LedgerReader::open(&fixture.path()).unwrap().unwrap();
    reader.refused(|letter| letters.push(letter.original)).unwrap();
    let [Original::Record { record, http_status, .. }, Original::Unreadable(unreadable)] = &letters[..] else {
        panic!("{letters:?}");
    };
    assert_eq!((record, *http_status), (&sms("0A", 0), Some(420)));
    assert_eq!(unreadable, &bad);
}

#[test]
fn status_counts_by_account_and_state_and_tells_the_oldest() {
    let mut fixture = Fixture::new();
    let mut ledger = fixture.open();
    let begun = fixture.now;
    let ticket = ledger.ready(&sms("0A", 0), fixture.now);
    let _ = ledger.end(ticket, accepted(), fixture.now);
    let _held = ledger.ready(&sms("0B", 0), fixture.now);
    fixture.wait(DAY);
    let _held = ledger.ready(&sms("0C", 0), fixture.now);
    let status = LedgerReader::open(&fixture.path()).unwrap().unwrap().status().unwrap();
    let shown: Vec<_> = status.iter().map(|row| (row.kept, row.count, row.oldest)).collect();
    assert_eq!(
        shown,
        [(Kept::Conversion(RowState::Held), 2, begun), (Kept::Conversion(RowState::Accepted), 1, begun)]
    );
    assert_eq!(status[0].account, account("abcd1234").as_str());
}

#[test]
fn forgetting_takes_what_was_named_and_old_enough_and_nothing_that_a_live_run_holds() {
    let mut fixture = Fixture::new();
    let mut crashed = fixture.open();
    for (id, end) in [("0A", accepted()), ("0B", refused())] {
        let ticket = crashed.ready(&sms(id, 0), fixture.now);
        let _ = crashed.end(ticket, end, fixture.now);
    }
    let _lost = crashed.ready(&sms("0C", 0), fixture.now);
    crashed.close(fixture.now).unwrap();
    let mut live = fixture.open();
    let held = live.ready(&sms("0D", 0), fixture.now);
    fixture.wait(DAY);
    let count = |what, age| forget(&fixture.path(), what, age, fixture.now).unwrap();
    for what in [Forget::Settled, Forget::Refused, Forget::Pending] {
        assert_eq!(count(what, 2 * DAY), 0, "{what:?}");
        assert_eq!(count(what, DAY), 1, "{what:?}");
        assert_eq!(count(what, DAY), 0, "{what:?}");
    }
    assert_eq!(live.adopted(Due::Everything, fixture.now), [], "what no run held is gone");
    let _ = live.end(held, accepted(), fixture.now);
}

#[test]
fn what_has_had_its_time_goes_in_bites_twice_as_fast_as_new_rows_come_and_all_at_once_when_asked_for() {
    let mut fixture = Fixture::new();
    let many =
        |kind: &str, count: usize| -> Vec<_> { (0..count).map(|n| sms(&format!("{kind}{n}"), 0)).collect() };
    let mut ledger = fixture.open();
    let recorded = ledger.record(&many("old", 5500), fixture.now).unwrap().recorded;
    let group = recorded.into_iter().map(|recorded| (ready(recorded), accepted())).collect();
    let _ = ledger.settle(group, fixture.now).unwrap();
    ledger.close(fixture.now).unwrap();
    fixture.wait(31 * DAY);
    let left = || {
        let status = LedgerReader::open(&fixture.path()).unwrap().unwrap().status().unwrap();
        status
            .iter()
            .filter(|row| row.kept == Kept::Conversion(RowState::Accepted))
            .map(|row| row.count)
            .sum::<u64>()
    };
    fixture.open().close(fixture.now).unwrap();
    assert_eq!(left(), 4500, "one bite, though nothing is new");
    let mut ledger = fixture.open();
    let _new = ledger.record(&many("new", 600), fixture.now).unwrap();
    ledger.close(fixture.now).unwrap();
    assert_eq!(left(), 2500, "twice 600 are two bites");
    assert_eq!(forget(&fixture.path(), Forget::Settled, 30 * DAY, fixture.now).unwrap(), 2500);
    assert_eq!(left(), 0);
}

#[test]
fn the_room_of_what_was_forgotten_is_given_back_and_what_stays_is_still_known() {
    let fixture = Fixture::new();
    let mut ledger = fixture.open();
    let records: Vec<_> = (0..40_000).map(|n| sms(&format!("id-{n}"), 0)).collect();
    let tickets: Vec<_> = ledger.record(&records, fixture.now).unwrap().recorded.into_iter().map(ready).collect();
    let group = tickets.into_iter().map(|ticket| (ticket, accepted())).collect();
    let _ = ledger.settle(group, fixture.now).unwrap();
    let kept = ledger.ready(&sms("kept", 0), fixture.now);
    let size = || std::fs::metadata(fixture.path()).unwrap().len();
    rusqlite::Connection::open(fixture.path()).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let before = size();
    assert_eq!(forget(&fixture.path(), Forget::Settled, Duration::ZERO, fixture.now).unwrap(), 40_000);
    assert!(size() * 20 < before, "{} of {before} bytes are left", size());
    ledger.assert_noted();
    let _ = ledger.end(kept, accepted(), fixture.now);
    ledger.assert_noted();
    let _ = ledger.ready(&sms("id-7", 0), fixture.now);
}

#[test]
fn input_that_was_no_record_is_forgotten_with_the_refused_when_it_is_old_enough() {
    let mut fixture = Fixture::new();
    let bad = |line: u64| BadRecord {
        line,
        reference: None,
        code: ErrorCode::BadRecord,
        message: "message-id is empty".into(),
        raw: format!(",line {line}").into_bytes(),
        file: None,
    };
    let mut ledger = fixture.open();
    ledger.keep_unreadable(&[bad(1), bad(2)], fixture.now).unwrap();
    fixture.wait(DAY);
    ledger.keep_unreadable(&[bad(3)], fixture.now).unwrap();
    let left = || {
        let mut lines = Vec::new();
        let reader = LedgerReader::open(&fixture.path()).unwrap().unwrap();
        reader
            .refused(|letter| match letter.original {
                Original::Unreadable(bad) => lines.push(bad.line),
                Original::Record { record, .. } => panic!("{record:?}"),
            })
            .unwrap();
        lines
    };
    assert_eq!(forget(&fixture.path(), Forget::Settled, DAY, fixture.now).unwrap(), 0);
    assert_eq!(left(), [1, 2, 3]);
    assert_eq!(forget(&fixture.path(), Forget::Refused, DAY, fixture.now).unwrap(), 2);
    assert_eq!(left(), [3]);
}

#[test]
fn an_event_time_of_a_clock_that_was_ahead_is_not_sent_and_the_record_read_again_has_a_new_one() {
    for (read_again, many) in [(false, 0), (true, 0), (false, 9), (true, 9)] {
        let mut fixture = Fixture::new();
        fixture.now = at(10 * 86_400);
        let mut ledger = fixture.open();
        let ahead = ledger.ready(&untimed("0A", 10 * 86_400), fixture.now);
        for second in 1..=many {
            let _ = ledger.enter(&sms("0A", 10 * 86_400 + second), fixture.now);
        }
        let _ = ledger.end(ahead, postponed(), fixture.now);
        ledger.crash();
        fixture.now = at(0);
        let mut ledger = fixture.open();
        if read_again {
            let again = ledger.record(&[untimed("0A", 5)], at(5)).unwrap().recorded.pop().unwrap();
            assert_eq!(ready(again).conversion().timestamp, at(5));
        } else {
            let released = ledger.adopt(10, Due::Everything, fixture.now).unwrap();
            assert_eq!(released.tickets, []);
            assert!(!released.expired.is_empty());
        }
        ledger.close(fixture.now).unwrap();
        let db = rusqlite::Connection::open(fixture.path()).unwrap();
        let letters: i64 = db
            .query_row(
                "SELECT count(*) FROM conversion WHERE state = 4 AND code = 'future_timestamp'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(letters == 0, read_again && many == 0);
    }
}

#[test]
fn the_oldest_row_is_found_also_where_somebody_has_changed_when_rows_were_settled() {
    let fixture = Fixture::new();
    let mut ledger = fixture.open();
    let ticket = ledger.ready(&sms("0A", 0), fixture.now);
    let _ = ledger.end(ticket, accepted(), fixture.now);
    drop(ledger);
    let db = rusqlite::Connection::open(fixture.path()).unwrap();
    assert_eq!(db.execute("UPDATE conversion SET settled = settled - 1000", []).unwrap(), 1);
    drop(db);
    let rows = LedgerReader::open(&fixture.path()).unwrap().unwrap().status().unwrap();
    assert_eq!((rows[0].count, rows[0].oldest), (1, fixture.now));
}
