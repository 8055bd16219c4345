//! The key: what counts as the same conversion, and what is answered for it.

use std::time::Duration;

use crate::domain::{BadRecord, Channel, Conversion, ErrorCode, Failure, MessageIdDoubt, Record, Reference};
use crate::ledger::{
    Due, Effort, Forget, Kept, Known, LedgerReader, Origin, Original, Recorded, Settlement, State, forget,
};

use super::{
    ALMOST_A_DAY, DAY, Desk, W, accepted, account, ambiguous, at, failed, postponed, ready, refused, sms, untimed,
};

#[test]
fn a_ticket_shows_the_record_as_it_was_given() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    let record = Record { line: 17, reference: Some(Reference::from_json("\"x-9\"")), ..sms("0A", 0) };
    let ticket = ledger.ready(&record, desk.now);
    assert_eq!(ticket.record(), &record);
    assert_eq!(ticket.origin(), Origin::Input);
}

#[test]
fn a_row_that_is_taken_up_again_shows_the_record_as_it_was_given_now() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    let _lost = ledger.ready(&sms("0A", 0), desk.now);
    ledger.crash();
    let again = Record { line: 3, doubts: vec![MessageIdDoubt::Trimmed], ..sms("0A", 0) };
    assert_eq!(desk.open().ready(&again, desk.now).record(), &again);
}

#[test]
fn an_adopted_row_is_the_record_that_was_recorded() {
    let desk = Desk::new();
    let records = [
        Record { line: 17, reference: Some(Reference::from_json("{}")), ..sms("0A", 0) },
        failed(untimed("日本&delivered=true", 5)),
    ];
    let mut ledger = desk.open();
    let _lost = ledger.record(&records, desk.now).unwrap();
    ledger.crash();
    let tickets = desk.open().adopted(Due::Everything, desk.now);
    let adopted: Vec<_> = tickets.iter().map(|ticket| ticket.record().clone()).collect();
    assert_eq!(adopted, records);
    assert!(tickets.iter().all(|ticket| ticket.origin() == Origin::Adopted));
}

#[test]
fn every_part_of_the_key_makes_another_conversion() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    let first = sms("0A", 0);
    let ticket = ledger.ready(&first, desk.now);
    let _ = ledger.end(ticket, accepted(), desk.now);
    let voice =
        Record { conversion: Conversion { channel: Channel::Voice, ..first.conversion.clone() }, ..first.clone() };
    for other in [sms("0B", 0), voice, sms("0A", 1), failed(sms("0A", 2)), untimed("0A", 3)] {
        let ticket = ledger.ready(&other, desk.now);
        let _ = ledger.end(ticket, accepted(), desk.now);
        assert_eq!(ledger.enter(&other, desk.now), Recorded::Known(other, Known::Accepted));
    }
    let mut another = crate::ledger::Ledger::open(&desk.path(), &account("efgh5678"), W, desk.now).unwrap();
    let _ = another.ready(&first, desk.now);
}

#[test]
fn a_result_line_read_again_is_the_record_that_had_no_time() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    let ticket = ledger.ready(&untimed("0A", 0), desk.now);
    let _ = ledger.end(ticket, postponed(), desk.now);
    ledger.close(desk.now).unwrap();
    let mut ledger = desk.open();
    let ticket = ledger.ready(&sms("0A", 0), desk.now);
    assert_eq!(ledger.adopted(Due::Everything, desk.now), []);
    let _ = ledger.end(ticket, accepted(), desk.now);
    assert_eq!(ledger.enter(&sms("0A", 0), desk.now), Recorded::Known(sms("0A", 0), Known::Accepted));
    assert!(matches!(ledger.enter(&untimed("0A", 9), desk.now), Recorded::Known(_, Known::Accepted)));
    let _another_value = ledger.ready(&failed(sms("0A", 0)), desk.now);
}

#[test]
fn line_reference_and_doubts_are_not_part_of_the_key() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    let ticket = ledger.ready(&sms("0A", 0), desk.now);
    let again = Record { line: 2, reference: Some(Reference::from_json("1")), ..sms("0A", 0) };
    assert_eq!(ledger.enter(&again, desk.now), Recorded::Known(again.clone(), Known::Repeated));
    let _ = ledger.end(ticket, accepted(), desk.now);
    assert_eq!(ledger.enter(&again, desk.now), Recorded::Known(again, Known::Accepted));
}

#[test]
fn within_one_group_the_first_of_two_alike_is_sent() {
    let desk = Desk::new();
    let entries = desk.open().record(&[sms("0A", 0), sms("0A", 0)], desk.now).unwrap();
    assert!(matches!(entries.recorded[..], [Recorded::Ready(_), Recorded::Known(_, Known::Repeated)]));
}

#[test]
fn records_without_a_time_are_the_same_whenever_they_are_read_and_keep_the_first_time() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    let ticket = ledger.ready(&untimed("0A", 0), desk.now);
    let _ = ledger.end(ticket, postponed(), desk.now);
    let ticket = ledger.ready(&untimed("0A", 500), desk.now);
    assert_eq!(ticket.conversion().timestamp, at(0));
    let _ = ledger.end(ticket, accepted(), desk.now);
    assert_eq!(ledger.enter(&untimed("0A", 900), desk.now), Recorded::Known(untimed("0A", 0), Known::Accepted));
}

#[test]
fn what_was_refused_is_told_again_and_not_sent_again() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    let ticket = ledger.ready(&sms("0A", 0), desk.now);
    let _ = ledger.end(ticket, refused(), desk.now);
    let Recorded::Known(_, Known::Refused { http_status, failure }) = ledger.enter(&sms("0A", 0), desk.now) else {
        panic!("sent again");
    };
    assert_eq!((http_status, failure.code), (420, ErrorCode::BadParameters));
}

#[test]
fn a_postponed_row_comes_back_when_its_wait_is_over_and_waits_longer_each_time() {
    let mut desk = Desk::new();
    let mut ledger = desk.open();
    let mut ticket = ledger.ready(&sms("0A", 0), desk.now);
    for wait in [5, 10, 20, 40, 80, 160, 320, 640, 900, 900] {
        let _ = ledger.end(ticket, postponed(), desk.now);
        desk.wait(Duration::from_secs(wait - 1));
        assert_eq!(ledger.adopted(Due::OnlyDue, desk.now), []);
        desk.wait(Duration::from_secs(1));
        ticket = ledger.adopted(Due::OnlyDue, desk.now).pop().unwrap();
    }
}

#[test]
fn a_row_of_which_nobody_learned_whether_it_arrived_says_so_when_it_comes_back() {
    for (end, may_have_arrived) in [(ambiguous(), true), (postponed(), false), (Settlement::Unsent, false)] {
        let desk = Desk::new();
        let mut ledger = desk.open();
        let ticket = ledger.ready(&sms("0A", 0), desk.now);
        assert!(!ticket.may_have_arrived());
        let _ = ledger.end(ticket, end, desk.now);
        ledger.close(desk.now).unwrap();
        let ticket = desk.open().adopted(Due::Everything, desk.now).pop().unwrap();
        assert_eq!(ticket.may_have_arrived(), may_have_arrived);
    }
}

#[test]
fn resuming_does_not_wait_for_the_planned_attempt() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    let ticket = ledger.ready(&sms("0A", 0), desk.now);
    let _ = ledger.end(ticket, postponed(), desk.now);
    assert_eq!(ledger.adopted(Due::Everything, desk.now), [], "a run would resume its own failures for ever");
    let mut resuming = desk.open();
    assert_eq!(resuming.adopted(Due::OnlyDue, desk.now), []);
    assert_eq!(resuming.adopted(Due::OnlyDueOfOthers, desk.now), []);
    assert_eq!(resuming.adopted(Due::Everything, desk.now).len(), 1);
}

#[test]
fn what_this_run_postponed_is_its_own_again_when_it_is_due_and_not_for_a_run_that_ends() {
    let mut desk = Desk::new();
    let mut ledger = desk.open();
    let ticket = ledger.ready(&sms("0A", 0), desk.now);
    let _ = ledger.end(ticket, postponed(), desk.now);
    desk.wait(Duration::from_secs(5));
    assert_eq!(ledger.adopted(Due::OnlyDueOfOthers, desk.now), []);
    assert_eq!(ledger.adopted(Due::Everything, desk.now), []);
    assert_eq!(ledger.adopted(Due::OnlyDue, desk.now)[0].origin(), Origin::Postponed);
}

#[test]
fn what_was_not_sent_is_pending_as_before() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    let ticket = ledger.ready(&sms("0A", 0), desk.now);
    let _ = ledger.end(ticket, Settlement::Unsent, desk.now);
    assert_eq!(ledger.adopted(Due::OnlyDue, desk.now).len(), 1);
}

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
fn the_fifth_day_is_over_when_it_has_lasted_a_day() {
    let mut desk = Desk::new();
    let mut ledger = desk.open();
    let ticket = ledger.ready(&sms("0A", 0), desk.now);
    let row = ticket.row();
    desk.wait(5 * DAY);
    assert_eq!(ledger.end(ticket, postponed(), desk.now).expired, [row]);
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
    assert_eq!(told, [(Kept::Conversion(State::Held), 2, begun), (Kept::Conversion(State::Accepted), 1, begun)]);
    assert_eq!(status[0].account, account("abcd1234").as_str());
}

#[test]
fn a_settled_key_is_kept_for_30_days_and_pending_rows_for_ever() {
    let mut desk = Desk::new();
    let mut ledger = desk.open();
    let ticket = ledger.ready(&sms("0A", 0), desk.now);
    let _ = ledger.end(ticket, accepted(), desk.now);
    let _lost = ledger.ready(&sms("0B", 0), desk.now);
    desk.wait(29 * DAY);
    desk.wait(ALMOST_A_DAY);
    ledger.close(desk.now).unwrap();
    let mut ledger = desk.open();
    assert!(matches!(ledger.enter(&sms("0A", 0), desk.now), Recorded::Known(_, Known::Accepted)));
    desk.wait(Duration::from_secs(1));
    ledger.close(desk.now).unwrap();
    let mut ledger = desk.open();
    let _ = ready(ledger.enter(&sms("0A", 0), desk.now));
    assert_eq!(ledger.adopted(Due::Everything, desk.now).len(), 1);
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
        status.iter().filter(|row| row.kept == Kept::Conversion(State::Accepted)).map(|row| row.count).sum::<u64>()
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
fn a_plan_of_a_clock_that_was_ahead_is_due_now() {
    let mut desk = Desk::new();
    desk.wait(100 * DAY);
    let mut ledger = desk.open();
    for id in ["0A", "0B"] {
        let ticket = ledger.ready(&sms(id, 0), desk.now);
        let _ = ledger.end(ticket, postponed(), desk.now);
    }
    ledger.close(desk.now).unwrap();
    desk.now = at(0);
    let mut ledger = desk.open();
    let _ticket = ready(ledger.enter(&sms("0A", 0), desk.now));
    assert_eq!(ledger.adopted(Due::OnlyDue, desk.now).len(), 1);
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
