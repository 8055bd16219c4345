//! What is read from a ledger, and what it forgets.

use std::time::Duration;

use crate::domain::{BadRecord, ErrorCode, Failure};
use crate::ledger::{Due, Effort, Forget, Kept, LedgerReader, Original, RowState, Settlement, forget};

use super::{ALMOST_A_DAY, DAY, Desk, accepted, account, at, postponed, ready, refused, sms, untimed};

#[test]
fn after_five_days_in_vain_a_row_is_a_dead_letter_and_may_be_asked_for_anew() {
    let mut desk = Desk::new();
    let mut ledger = desk.open();
    let ticket = ledger.ready(&sms("0A", 0), desk.now);
    desk.wait(4 * DAY);
    desk.wait(ALMOST_A_DAY);
    assert_eq!(ledger.end(ticket, postponed(), desk.now).expired, []);
    desk.wait(Duration::from_secs(60));
    let ticket = ledger.adopted(Due::OnlyDue, desk.now).pop().unwrap();
    let row = ticket.row();
    assert_eq!(ledger.end(ticket, postponed(), desk.now).expired, [row]);
    assert_eq!(ledger.adopted(Due::Everything, desk.now), []);

    let mut letters = Vec::new();
    let reader = LedgerReader::open(&desk.path()).unwrap().unwrap();
    reader.refused(|letter| letters.push(letter)).unwrap();
    assert_eq!(letters.len(), 1);
    assert!(matches!(&letters[0].original, Original::Record { attempts: 2, http_status: None, .. }));

    let ticket = ledger.ready(&sms("0A", 0), desk.now);
    assert_eq!(ledger.end(ticket, postponed(), desk.now).expired, []);
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
        let desk = Desk::new();
        let mut ledger = desk.open();
        let ticket = ledger.ready(&sms("0A", 0), desk.now);
        let _ = ledger.end(ticket, postponed(), desk.now);
        let ticket = ledger.ready(&sms("0A", 0), desk.now);
        let _ = ledger.end(ticket, settlement, desk.now);
        let db = rusqlite::Connection::open(desk.path()).unwrap();
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
    let desk = Desk::new();
    let mut ledger = desk.open();
    let bad = BadRecord {
        line: 3,
        reference: None,
        code: ErrorCode::BadRecord,
        message: "message-id is empty".into(),
        raw: b"\xff\0,true".to_vec(),
        file: None,
    };
    ledger.record_refused(&[bad.clone(), bad.clone()], desk.now).unwrap();
    let ticket = ledger.ready(&sms("0A", 0), desk.now);
    let _ = ledger.end(ticket, refused(), desk.now);
    let mut letters = Vec::new();
    let reader = LedgerReader::open(&desk.path()).unwrap().unwrap();
    reader.refused(|letter| letters.push(letter.original)).unwrap();
    let [Original::Record { record, http_status, .. }, Original::Unreadable(unreadable)] = &letters[..] else {
        panic!("{letters:?}");
    };
    assert_eq!((record, *http_status), (&sms("0A", 0), Some(420)));
    assert_eq!(unreadable, &bad);
}

#[test]
fn status_counts_by_account_and_state_and_tells_the_oldest() {
    let mut desk = Desk::new();
    let mut ledger = desk.open();
    let begun = desk.now;
    let ticket = ledger.ready(&sms("0A", 0), desk.now);
    let _ = ledger.end(ticket, accepted(), desk.now);
    let _held = ledger.ready(&sms("0B", 0), desk.now);
    desk.wait(DAY);
    let _held = ledger.ready(&sms("0C", 0), desk.now);
    let status = LedgerReader::open(&desk.path()).unwrap().unwrap().status().unwrap();
    let told: Vec<_> = status.iter().map(|row| (row.kept, row.count, row.oldest)).collect();
    assert_eq!(
        told,
        [(Kept::Conversion(RowState::Held), 2, begun), (Kept::Conversion(RowState::Accepted), 1, begun)]
    );
    assert_eq!(status[0].account, account("abcd1234").as_str());
}

#[test]
fn forgetting_takes_what_was_named_and_old_enough_and_nothing_that_a_living_run_holds() {
    let mut desk = Desk::new();
    let mut dead = desk.open();
    for (id, end) in [("0A", accepted()), ("0B", refused())] {
        let ticket = dead.ready(&sms(id, 0), desk.now);
        let _ = dead.end(ticket, end, desk.now);
    }
    let _lost = dead.ready(&sms("0C", 0), desk.now);
    dead.close(desk.now).unwrap();
    let mut living = desk.open();
    let held = living.ready(&sms("0D", 0), desk.now);
    desk.wait(DAY);
    let count = |what, age| forget(&desk.path(), what, age, desk.now).unwrap();
    for what in [Forget::Settled, Forget::Refused, Forget::Pending] {
        assert_eq!(count(what, 2 * DAY), 0, "{what:?}");
        assert_eq!(count(what, DAY), 1, "{what:?}");
        assert_eq!(count(what, DAY), 0, "{what:?}");
    }
    assert_eq!(living.adopted(Due::Everything, desk.now), [], "what nobody held is gone");
    let _ = living.end(held, accepted(), desk.now);
}

#[test]
fn what_has_had_its_time_goes_in_bites_twice_as_fast_as_new_rows_come_and_all_at_once_when_asked_for() {
    let mut desk = Desk::new();
    let many =
        |kind: &str, count: usize| -> Vec<_> { (0..count).map(|n| sms(&format!("{kind}{n}"), 0)).collect() };
    let mut ledger = desk.open();
    let recorded = ledger.record(&many("old", 5500), desk.now).unwrap().recorded;
    let group = recorded.into_iter().map(|recorded| (ready(recorded), accepted())).collect();
    let _ = ledger.settle(group, desk.now).unwrap();
    ledger.close(desk.now).unwrap();
    desk.wait(31 * DAY);
    let left = || {
        let status = LedgerReader::open(&desk.path()).unwrap().unwrap().status().unwrap();
        status
            .iter()
            .filter(|row| row.kept == Kept::Conversion(RowState::Accepted))
            .map(|row| row.count)
            .sum::<u64>()
    };
    desk.open().close(desk.now).unwrap();
    assert_eq!(left(), 4500, "one bite, though nothing is new");
    let mut ledger = desk.open();
    let _new = ledger.record(&many("new", 600), desk.now).unwrap();
    ledger.close(desk.now).unwrap();
    assert_eq!(left(), 2500, "twice 600 are two bites");
    assert_eq!(forget(&desk.path(), Forget::Settled, 30 * DAY, desk.now).unwrap(), 2500);
    assert_eq!(left(), 0);
}

#[test]
fn input_that_was_no_record_is_forgotten_with_the_refused_when_it_is_old_enough() {
    let mut desk = Desk::new();
    let bad = |line: u64| BadRecord {
        line,
        reference: None,
        code: ErrorCode::BadRecord,
        message: "message-id is empty".into(),
        raw: format!(",line {line}").into_bytes(),
        file: None,
    };
    let mut ledger = desk.open();
    ledger.record_refused(&[bad(1), bad(2)], desk.now).unwrap();
    desk.wait(DAY);
    ledger.record_refused(&[bad(3)], desk.now).unwrap();
    let left = || {
        let mut lines = Vec::new();
        let reader = LedgerReader::open(&desk.path()).unwrap().unwrap();
        reader
            .refused(|letter| match letter.original {
                Original::Unreadable(bad) => lines.push(bad.line),
                Original::Record { record, .. } => panic!("{record:?}"),
            })
            .unwrap();
        lines
    };
    assert_eq!(forget(&desk.path(), Forget::Settled, DAY, desk.now).unwrap(), 0);
    assert_eq!(left(), [1, 2, 3]);
    assert_eq!(forget(&desk.path(), Forget::Refused, DAY, desk.now).unwrap(), 2);
    assert_eq!(left(), [3]);
}

#[test]
fn an_event_time_of_a_clock_that_was_ahead_is_not_sent_and_the_record_read_again_has_a_new_one() {
    for (read_again, many) in [(false, 0), (true, 0), (false, 9), (true, 9)] {
        let mut desk = Desk::new();
        desk.now = at(10 * 86_400);
        let mut ledger = desk.open();
        let ahead = ledger.ready(&untimed("0A", 10 * 86_400), desk.now);
        for second in 1..=many {
            let _ = ledger.enter(&sms("0A", 10 * 86_400 + second), desk.now);
        }
        let _ = ledger.end(ahead, postponed(), desk.now);
        ledger.crash();
        desk.now = at(0);
        let mut ledger = desk.open();
        if read_again {
            let again = ledger.record(&[untimed("0A", 5)], at(5)).unwrap().recorded.pop().unwrap();
            assert_eq!(ready(again).conversion().timestamp, at(5));
        } else {
            let released = ledger.adopt(10, Due::Everything, desk.now).unwrap();
            assert_eq!(released.tickets, []);
            assert!(!released.expired.is_empty());
        }
        ledger.close(desk.now).unwrap();
        let db = rusqlite::Connection::open(desk.path()).unwrap();
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
