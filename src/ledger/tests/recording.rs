//! The key: what counts as the same conversion, and what is answered for it.

use std::time::Duration;

use crate::domain::{Channel, Conversion, ErrorCode, MessageIdDoubt, Record, Reference};
use crate::ledger::{Due, Known, Origin, Recorded, Settlement};

use super::{
    ALMOST_A_DAY, DAY, Desk, accepted, ambiguous, at, failed, on_every_store, postponed, ready, refused, sms,
    untimed,
};

#[test]
fn a_ticket_shows_the_record_as_it_was_given() {
    on_every_store(|desk| {
        let mut ledger = desk.open();
        let record = Record { line: 17, reference: Some(Reference::from_json("\"x-9\"")), ..sms("0A", 0) };
        let ticket = ledger.ready(&record, desk.now);
        assert_eq!(ticket.record(), &record);
        assert_eq!(ticket.origin(), Origin::Input);
    });
}

#[test]
fn a_row_that_is_taken_up_again_shows_the_record_as_it_was_given_now() {
    on_every_store(|desk| {
        let mut ledger = desk.open();
        let _lost = ledger.ready(&sms("0A", 0), desk.now);
        ledger.crash();
        let again = Record { line: 3, doubts: vec![MessageIdDoubt::Trimmed], ..sms("0A", 0) };
        assert_eq!(desk.open().ready(&again, desk.now).record(), &again);
    });
}

#[test]
fn an_adopted_row_is_the_record_that_was_recorded() {
    on_every_store(|desk| {
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
    });
}

#[test]
fn every_part_of_the_key_makes_another_conversion() {
    on_every_store(|desk| {
        let mut ledger = desk.open();
        let first = sms("0A", 0);
        let ticket = ledger.ready(&first, desk.now);
        let _ = ledger.end(ticket, accepted(), desk.now);
        let voice = Record {
            conversion: Conversion { channel: Channel::Voice, ..first.conversion.clone() },
            ..first.clone()
        };
        for other in [sms("0B", 0), voice, sms("0A", 1), failed(sms("0A", 2)), untimed("0A", 3)] {
            let ticket = ledger.ready(&other, desk.now);
            let _ = ledger.end(ticket, accepted(), desk.now);
            assert_eq!(ledger.enter(&other, desk.now), Recorded::Known(other, Known::Accepted));
        }
        let mut another = desk.open_as("efgh5678");
        let _ = another.ready(&first, desk.now);
    });
}

#[test]
fn a_result_line_read_again_is_the_record_that_had_no_time() {
    on_every_store(|desk| {
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
    });
}

#[test]
fn line_reference_and_doubts_are_not_part_of_the_key() {
    on_every_store(|desk| {
        let mut ledger = desk.open();
        let ticket = ledger.ready(&sms("0A", 0), desk.now);
        let again = Record { line: 2, reference: Some(Reference::from_json("1")), ..sms("0A", 0) };
        assert_eq!(ledger.enter(&again, desk.now), Recorded::Known(again.clone(), Known::Repeated));
        let _ = ledger.end(ticket, accepted(), desk.now);
        assert_eq!(ledger.enter(&again, desk.now), Recorded::Known(again, Known::Accepted));
    });
}

#[test]
fn within_one_group_the_first_of_two_alike_is_sent() {
    on_every_store(|desk| {
        let entries = desk.open().record(&[sms("0A", 0), sms("0A", 0)], desk.now).unwrap();
        assert!(matches!(entries.recorded[..], [Recorded::Ready(_), Recorded::Known(_, Known::Repeated)]));
    });
}

#[test]
fn records_without_a_time_are_the_same_whenever_they_are_read_and_keep_the_first_time() {
    on_every_store(|desk| {
        let mut ledger = desk.open();
        let ticket = ledger.ready(&untimed("0A", 0), desk.now);
        let _ = ledger.end(ticket, postponed(), desk.now);
        let ticket = ledger.ready(&untimed("0A", 500), desk.now);
        assert_eq!(ticket.conversion().timestamp, at(0));
        let _ = ledger.end(ticket, accepted(), desk.now);
        assert_eq!(
            ledger.enter(&untimed("0A", 900), desk.now),
            Recorded::Known(untimed("0A", 0), Known::Accepted)
        );
    });
}

#[test]
fn a_refusal_is_answered_again_and_not_sent_again() {
    on_every_store(|desk| {
        let mut ledger = desk.open();
        let ticket = ledger.ready(&sms("0A", 0), desk.now);
        let _ = ledger.end(ticket, refused(), desk.now);
        let Recorded::Known(_, Known::Refused { http_status, failure }) = ledger.enter(&sms("0A", 0), desk.now)
        else {
            panic!("sent again");
        };
        assert_eq!((http_status, failure.code), (420, ErrorCode::BadParameters));
    });
}

#[test]
fn a_postponed_row_comes_back_when_its_wait_is_over_and_waits_longer_each_time() {
    on_every_store(|mut desk| {
        let mut ledger = desk.open();
        let mut ticket = ledger.ready(&sms("0A", 0), desk.now);
        for wait in [5, 10, 20, 40, 80, 160, 320, 640, 900, 900] {
            let _ = ledger.end(ticket, postponed(), desk.now);
            desk.wait(Duration::from_secs(wait - 1));
            assert_eq!(ledger.adopted(Due::OnlyDue, desk.now), []);
            desk.wait(Duration::from_secs(1));
            ticket = ledger.adopted(Due::OnlyDue, desk.now).pop().unwrap();
        }
    });
}

#[test]
fn a_row_that_may_have_arrived_is_marked_so_when_it_comes_back() {
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
    on_every_store(|desk| {
        let mut ledger = desk.open();
        let ticket = ledger.ready(&sms("0A", 0), desk.now);
        let _ = ledger.end(ticket, postponed(), desk.now);
        assert_eq!(ledger.adopted(Due::Everything, desk.now), [], "a run would resume its own failures for ever");
        let mut resuming = desk.open();
        assert_eq!(resuming.adopted(Due::OnlyDue, desk.now), []);
        assert_eq!(resuming.adopted(Due::OnlyDueOfOthers, desk.now), []);
        assert_eq!(resuming.adopted(Due::Everything, desk.now).len(), 1);
    });
}

#[test]
fn what_this_run_postponed_is_its_own_again_when_it_is_due_and_not_for_a_run_that_ends() {
    on_every_store(|mut desk| {
        let mut ledger = desk.open();
        let ticket = ledger.ready(&sms("0A", 0), desk.now);
        let _ = ledger.end(ticket, postponed(), desk.now);
        desk.wait(Duration::from_secs(5));
        assert_eq!(ledger.adopted(Due::OnlyDueOfOthers, desk.now), []);
        assert_eq!(ledger.adopted(Due::Everything, desk.now), []);
        assert_eq!(ledger.adopted(Due::OnlyDue, desk.now)[0].origin(), Origin::Postponed);
    });
}

#[test]
fn what_was_not_sent_is_pending_as_before() {
    on_every_store(|desk| {
        let mut ledger = desk.open();
        let ticket = ledger.ready(&sms("0A", 0), desk.now);
        let _ = ledger.end(ticket, Settlement::Unsent, desk.now);
        assert_eq!(ledger.adopted(Due::OnlyDue, desk.now).len(), 1);
    });
}

#[test]
fn the_fifth_day_is_over_when_it_has_lasted_a_day() {
    on_every_store(|mut desk| {
        let mut ledger = desk.open();
        let ticket = ledger.ready(&sms("0A", 0), desk.now);
        let row = ticket.row();
        desk.wait(5 * DAY);
        assert_eq!(ledger.end(ticket, postponed(), desk.now).expired, [row]);
    });
}

#[test]
fn a_settled_key_is_kept_for_30_days_and_pending_rows_for_ever() {
    on_every_store(|mut desk| {
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
    });
}

#[test]
fn a_plan_of_a_clock_that_was_ahead_is_due_now() {
    on_every_store(|mut desk| {
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
    });
}
