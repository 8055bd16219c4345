//! The key: what counts as the same conversion, and the answer to it.

use std::time::Duration;

use crate::domain::{Channel, Conversion, ErrorCode, MessageIdDoubt, Record, Reference};
use crate::ledger::{Due, Known, Origin, Recorded, Settlement};

use super::{
    ALMOST_A_DAY, DAY, Fixture, accepted, ambiguous, at, failed, on_every_store, postponed, ready, refused, sms,
    untimed,
};

#[test]
fn a_ticket_shows_the_record_as_it_was_given() {
    on_every_store(|fixture| {
        let mut ledger = fixture.open();
        let record = Record { line: 17, reference: Some(Reference::from_json("\"x-9\"")), ..sms("0A", 0) };
        let ticket = ledger.ready(&record, fixture.now);
        assert_eq!(ticket.record(), &record);
        assert_eq!(ticket.origin(), Origin::Input);
    });
}

#[test]
fn a_row_that_is_taken_up_again_shows_the_record_as_it_was_given_now() {
    on_every_store(|fixture| {
        let mut ledger = fixture.open();
        let _lost = ledger.ready(&sms("0A", 0), fixture.now);
        ledger.crash();
        let again = Record { line: 3, doubts: vec![MessageIdDoubt::Trimmed], ..sms("0A", 0) };
        assert_eq!(fixture.open().ready(&again, fixture.now).record(), &again);
    });
}

#[test]
fn an_adopted_row_is_the_record_that_was_recorded() {
    on_every_store(|fixture| {
        let records = [
            Record { line: 17, reference: Some(Reference::from_json("{}")), ..sms("0A", 0) },
            failed(untimed("日本&delivered=true", 5)),
        ];
        let mut ledger = fixture.open();
        let _lost = ledger.record(&records, fixture.now).unwrap();
        ledger.crash();
        let tickets = fixture.open().adopted(Due::Everything, fixture.now);
        let adopted: Vec<_> = tickets.iter().map(|ticket| ticket.record().clone()).collect();
        assert_eq!(adopted, records);
        assert!(tickets.iter().all(|ticket| ticket.origin() == Origin::Adopted));
    });
}

#[test]
fn every_part_of_the_key_makes_another_conversion() {
    on_every_store(|fixture| {
        let mut ledger = fixture.open();
        let first = sms("0A", 0);
        let ticket = ledger.ready(&first, fixture.now);
        let _ = ledger.end(ticket, accepted(), fixture.now);
        let voice = Record {
            conversion: Conversion { channel: Channel::Voice, ..first.conversion.clone() },
            ..first.clone()
        };
        for other in [sms("0B", 0), voice, sms("0A", 1), failed(sms("0A", 2)), untimed("0A", 3)] {
            let ticket = ledger.ready(&other, fixture.now);
            let _ = ledger.end(ticket, accepted(), fixture.now);
            assert_eq!(ledger.enter(&other, fixture.now), Recorded::Known(other, Known::Accepted));
        }
        let mut another = fixture.open_as("efgh5678");
        let _ = another.ready(&first, fixture.now);
    });
}

#[test]
fn a_result_line_read_again_is_the_record_that_had_no_time() {
    on_every_store(|fixture| {
        let mut ledger = fixture.open();
        let ticket = ledger.ready(&untimed("0A", 0), fixture.now);
        let _ = ledger.end(ticket, postponed(), fixture.now);
        ledger.close(fixture.now).unwrap();
        let mut ledger = fixture.open();
        let ticket = ledger.ready(&sms("0A", 0), fixture.now);
        assert_eq!(ledger.adopted(Due::Everything, fixture.now), []);
        let _ = ledger.end(ticket, accepted(), fixture.now);
        assert_eq!(ledger.enter(&sms("0A", 0), fixture.now), Recorded::Known(sms("0A", 0), Known::Accepted));
        assert!(matches!(ledger.enter(&untimed("0A", 9), fixture.now), Recorded::Known(_, Known::Accepted)));
        let _another_value = ledger.ready(&failed(sms("0A", 0)), fixture.now);
    });
}

#[test]
fn line_reference_and_doubts_are_not_part_of_the_key() {
    on_every_store(|fixture| {
        let mut ledger = fixture.open();
        let ticket = ledger.ready(&sms("0A", 0), fixture.now);
        let again = Record { line: 2, reference: Some(Reference::from_json("1")), ..sms("0A", 0) };
        assert_eq!(ledger.enter(&again, fixture.now), Recorded::Known(again.clone(), Known::Repeated));
        let _ = ledger.end(ticket, accepted(), fixture.now);
        assert_eq!(ledger.enter(&again, fixture.now), Recorded::Known(again, Known::Accepted));
    });
}

#[test]
fn within_one_group_the_first_of_two_alike_is_sent() {
    on_every_store(|fixture| {
        let entries = fixture.open().record(&[sms("0A", 0), sms("0A", 0)], fixture.now).unwrap();
        assert!(matches!(entries.recorded[..], [Recorded::Ready(_), Recorded::Known(_, Known::Repeated)]));
    });
}

#[test]
fn records_without_a_time_are_the_same_whenever_they_are_read_and_keep_the_first_time() {
    on_every_store(|fixture| {
        let mut ledger = fixture.open();
        let ticket = ledger.ready(&untimed("0A", 0), fixture.now);
        let _ = ledger.end(ticket, postponed(), fixture.now);
        let ticket = ledger.ready(&untimed("0A", 500), fixture.now);
        assert_eq!(ticket.conversion().timestamp, at(0));
        let _ = ledger.end(ticket, accepted(), fixture.now);
        assert_eq!(
            ledger.enter(&untimed("0A", 900), fixture.now),
            Recorded::Known(untimed("0A", 0), Known::Accepted)
        );
    });
}

#[test]
fn a_refusal_is_answered_again_and_not_sent_again() {
    on_every_store(|fixture| {
        let mut ledger = fixture.open();
        let ticket = ledger.ready(&sms("0A", 0), fixture.now);
        let _ = ledger.end(ticket, refused(), fixture.now);
        let Recorded::Known(_, Known::Refused { http_status, failure }) = ledger.enter(&sms("0A", 0), fixture.now)
        else {
            panic!("sent again");
        };
        assert_eq!((http_status, failure.code), (420, ErrorCode::BadParameters));
    });
}

#[test]
fn a_postponed_row_comes_back_when_its_wait_is_over_and_waits_longer_each_time() {
    on_every_store(|mut fixture| {
        let mut ledger = fixture.open();
        let mut ticket = ledger.ready(&sms("0A", 0), fixture.now);
        for wait in [5, 10, 20, 40, 80, 160, 320, 640, 900, 900] {
            let _ = ledger.end(ticket, postponed(), fixture.now);
            fixture.wait(Duration::from_secs(wait - 1));
            assert_eq!(ledger.adopted(Due::OnlyDue, fixture.now), []);
            fixture.wait(Duration::from_secs(1));
            ticket = ledger.adopted(Due::OnlyDue, fixture.now).pop().unwrap();
        }
    });
}

#[test]
fn a_row_that_may_have_arrived_is_marked_so_when_it_comes_back() {
    for (end, may_have_arrived) in [(ambiguous(), true), (postponed(), false), (Settlement::Unsent, false)] {
        let fixture = Fixture::new();
        let mut ledger = fixture.open();
        let ticket = ledger.ready(&sms("0A", 0), fixture.now);
        assert!(!ticket.may_have_arrived());
        let _ = ledger.end(ticket, end, fixture.now);
        ledger.close(fixture.now).unwrap();
        let ticket = fixture.open().adopted(Due::Everything, fixture.now).pop().unwrap();
        assert_eq!(ticket.may_have_arrived(), may_have_arrived);
    }
}

#[test]
fn resuming_does_not_wait_for_the_planned_attempt() {
    on_every_store(|fixture| {
        let mut ledger = fixture.open();
        let ticket = ledger.ready(&sms("0A", 0), fixture.now);
        let _ = ledger.end(ticket, postponed(), fixture.now);
        assert_eq!(
            ledger.adopted(Due::Everything, fixture.now),
            [],
            "a run would resume its own failures for ever"
        );
        let mut resuming = fixture.open();
        assert_eq!(resuming.adopted(Due::OnlyDue, fixture.now), []);
        assert_eq!(resuming.adopted(Due::OnlyDueOfOthers, fixture.now), []);
        assert_eq!(resuming.adopted(Due::Everything, fixture.now).len(), 1);
    });
}

#[test]
fn what_this_run_postponed_is_its_own_again_when_it_is_due_and_not_for_a_run_that_ends() {
    on_every_store(|mut fixture| {
        let mut ledger = fixture.open();
        let ticket = ledger.ready(&sms("0A", 0), fixture.now);
        let _ = ledger.end(ticket, postponed(), fixture.now);
        fixture.wait(Duration::from_secs(5));
        assert_eq!(ledger.adopted(Due::OnlyDueOfOthers, fixture.now), []);
        assert_eq!(ledger.adopted(Due::Everything, fixture.now), []);
        assert_eq!(ledger.adopted(Due::OnlyDue, fixture.now)[0].origin(), Origin::Postponed);
    });
}

#[test]
fn what_was_not_sent_is_pending_as_before() {
    on_every_store(|fixture| {
        let mut ledger = fixture.open();
        let ticket = ledger.ready(&sms("0A", 0), fixture.now);
        let _ = ledger.end(ticket, Settlement::Unsent, fixture.now);
        assert_eq!(ledger.adopted(Due::OnlyDue, fixture.now).len(), 1);
    });
}

#[test]
fn the_fifth_day_is_over_when_it_has_lasted_a_day() {
    on_every_store(|mut fixture| {
        let mut ledger = fixture.open();
        let ticket = ledger.ready(&sms("0A", 0), fixture.now);
        let row = ticket.row();
        fixture.wait(5 * DAY);
        assert_eq!(ledger.end(ticket, postponed(), fixture.now).expired, [row]);
    });
}

#[test]
fn a_settled_key_is_kept_for_30_days_and_pending_rows_for_ever() {
    on_every_store(|mut fixture| {
        let mut ledger = fixture.open();
        let ticket = ledger.ready(&sms("0A", 0), fixture.now);
        let _ = ledger.end(ticket, accepted(), fixture.now);
        let _lost = ledger.ready(&sms("0B", 0), fixture.now);
        fixture.wait(29 * DAY);
        fixture.wait(ALMOST_A_DAY);
        ledger.close(fixture.now).unwrap();
        let mut ledger = fixture.open();
        assert!(matches!(ledger.enter(&sms("0A", 0), fixture.now), Recorded::Known(_, Known::Accepted)));
        fixture.wait(Duration::from_secs(1));
        ledger.close(fixture.now).unwrap();
        let mut ledger = fixture.open();
        let _ = ready(ledger.enter(&sms("0A", 0), fixture.now));
        assert_eq!(ledger.adopted(Due::Everything, fixture.now).len(), 1);
    });
}

#[test]
fn a_plan_of_a_clock_that_was_ahead_is_due_now() {
    on_every_store(|mut fixture| {
        fixture.wait(100 * DAY);
        let mut ledger = fixture.open();
        for id in ["0A", "0B"] {
            let ticket = ledger.ready(&sms(id, 0), fixture.now);
            let _ = ledger.end(ticket, postponed(), fixture.now);
        }
        ledger.close(fixture.now).unwrap();
        fixture.now = at(0);
        let mut ledger = fixture.open();
        let _ticket = ready(ledger.enter(&sms("0A", 0), fixture.now));
        assert_eq!(ledger.adopted(Due::OnlyDue, fixture.now).len(), 1);
    });
}
