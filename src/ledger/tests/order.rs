//! The values of one message-id: one at a time, oldest first, and never an older one after a newer.

use crate::ledger::{Due, Known, Origin, Recorded, Settlement};

use super::{DAY, Fixture, accepted, at, failed, ids, on_every_store, postponed, ready, refused, sms, untimed};

#[test]
fn a_second_value_waits_until_the_first_is_settled() {
    for end in [accepted(), refused()] {
        let fixture = Fixture::new();
        let mut ledger = fixture.open();
        let first = ledger.ready(&failed(sms("0A", 0)), fixture.now);
        let second = ledger.enter(&sms("0A", 10), fixture.now);
        let Recorded::Waiting(row, _) = second else { panic!("{second:?}") };
        assert_eq!(ledger.adopted(Due::Everything, fixture.now), []);
        let released = ledger.end(first, end, fixture.now);
        assert_eq!(released.tickets.len(), 1);
        assert_eq!(released.tickets[0].row(), row);
        assert_eq!(released.tickets[0].origin(), Origin::Input);
    }
}

#[test]
fn values_go_in_the_order_of_their_times_and_then_of_recording() {
    on_every_store(|fixture| {
        let mut ledger = fixture.open();
        let mut ticket = ledger.ready(&sms("0A", 0), fixture.now);
        let later = [sms("0A", 30), failed(sms("0A", 10)), sms("0A", 10), failed(sms("0A", 20))];
        for record in &later {
            assert!(matches!(ledger.enter(record, fixture.now), Recorded::Waiting(..)));
        }
        for index in [1, 2, 3, 0] {
            let mut released = ledger.end(ticket, accepted(), fixture.now);
            assert_eq!(released.stale, []);
            ticket = released.tickets.pop().unwrap();
            assert_eq!(ticket.record(), &later[index]);
        }
        assert_eq!(ledger.end(ticket, accepted(), fixture.now).tickets, []);
    });
}

#[test]
fn an_older_value_is_never_sent_after_a_newer_one_was_accepted() {
    on_every_store(|fixture| {
        let mut ledger = fixture.open();
        let newer = ledger.ready(&sms("0A", 10), fixture.now);
        let older = failed(sms("0A", 0));
        assert!(matches!(ledger.enter(&older, fixture.now), Recorded::Waiting(..)));
        let released = ledger.end(newer, accepted(), fixture.now);
        assert_eq!(released.tickets, []);
        assert_eq!(released.stale.len(), 1);
        assert_eq!(released.stale[0].record, older);
        assert_eq!(ledger.enter(&older, fixture.now), Recorded::Known(older, Known::Stale));
        let oldest = sms("0A", -10);
        assert_eq!(ledger.enter(&oldest, fixture.now), Recorded::Known(oldest, Known::Stale));
    });
}

#[test]
fn an_older_value_goes_when_the_newer_one_was_refused() {
    on_every_store(|fixture| {
        let mut ledger = fixture.open();
        let newer = ledger.ready(&sms("0A", 10), fixture.now);
        assert!(matches!(ledger.enter(&sms("0A", 0), fixture.now), Recorded::Waiting(..)));
        assert_eq!(ledger.end(newer, refused(), fixture.now).tickets.len(), 1);
    });
}

#[test]
fn a_postponed_value_holds_back_the_ones_behind_it() {
    on_every_store(|fixture| {
        let mut ledger = fixture.open();
        let first = ledger.ready(&sms("0A", 0), fixture.now);
        assert!(matches!(ledger.enter(&sms("0A", 10), fixture.now), Recorded::Waiting(..)));
        assert_eq!(ledger.end(first, postponed(), fixture.now).tickets, []);
        ledger.close(fixture.now).unwrap();
        let mut ledger = fixture.open();
        assert_eq!(ledger.adopted(Due::OnlyDue, fixture.now), []);
        let first = ledger.adopted(Due::Everything, fixture.now).pop().unwrap();
        assert_eq!(first.record(), &sms("0A", 0));
        let released = ledger.end(first, accepted(), fixture.now);
        assert_eq!(released.tickets[0].record(), &sms("0A", 10));
    });
}

#[test]
fn a_new_value_brings_up_the_orphaned_one_before_it() {
    on_every_store(|fixture| {
        let mut ledger = fixture.open();
        let first = ledger.ready(&sms("0A", 0), fixture.now);
        let _ = ledger.end(first, postponed(), fixture.now);
        ledger.close(fixture.now).unwrap();
        let mut ledger = fixture.open();
        let mut entries = ledger.record(&[sms("0A", 10)], fixture.now).unwrap();
        assert!(matches!(entries.recorded[..], [Recorded::Waiting(..)]));
        let first = entries.released.tickets.pop().unwrap();
        assert_eq!((first.record(), first.origin()), (&sms("0A", 0), Origin::Adopted));
        let released = ledger.end(first, accepted(), fixture.now);
        assert_eq!(ids(&released.tickets), ["0A"]);
    });
}

#[test]
fn a_new_value_older_than_an_orphaned_one_goes_first() {
    on_every_store(|fixture| {
        let mut ledger = fixture.open();
        let later = ledger.ready(&sms("0A", 10), fixture.now);
        let _ = ledger.end(later, Settlement::Unsent, fixture.now);
        let older = ready(ledger.enter(&sms("0A", 0), fixture.now));
        assert_eq!(older.record(), &sms("0A", 0));
        assert_eq!(ledger.adopted(Due::Everything, fixture.now), []);
        let released = ledger.end(older, accepted(), fixture.now);
        assert_eq!(released.tickets[0].record(), &sms("0A", 10));
    });
}

#[test]
fn another_message_id_or_channel_does_not_wait() {
    on_every_store(|fixture| {
        let mut ledger = fixture.open();
        let _held = ledger.ready(&sms("0A", 0), fixture.now);
        let _ = ledger.ready(&sms("0B", 0), fixture.now);
    });
}

#[test]
fn a_message_id_with_very_many_values_keeps_its_order_and_its_keys() {
    on_every_store(|fixture| {
        let mut ledger = fixture.open();
        for time in 1..40 {
            let ticket = ledger.ready(&sms("0A", time), fixture.now);
            let _ = ledger.end(ticket, accepted(), fixture.now);
        }
        for time in 1..40 {
            let again = sms("0A", time);
            assert_eq!(ledger.enter(&again, fixture.now), Recorded::Known(again, Known::Accepted));
            let older = failed(sms("0A", time - 1));
            assert_eq!(ledger.enter(&older, fixture.now), Recorded::Known(older, Known::Stale));
        }
        let untimed = untimed("0A", 50);
        let ticket = ledger.ready(&untimed, fixture.now);
        assert!(matches!(ledger.enter(&sms("0A", 60), fixture.now), Recorded::Waiting(..)));
        assert_eq!(ledger.end(ticket, accepted(), fixture.now).tickets.len(), 1);
        assert_eq!(ledger.enter(&untimed, fixture.now), Recorded::Known(untimed, Known::Accepted));
        let far_back = sms("0A", 5);
        assert_eq!(ledger.enter(&far_back, fixture.now), Recorded::Known(far_back, Known::Accepted));
    });
}

#[test]
fn an_older_value_that_expired_and_is_asked_for_anew_is_returned_once_as_overtaken() {
    on_every_store(|mut fixture| {
        let mut ledger = fixture.open();
        let expiring = ledger.ready(&sms("0A", 0), fixture.now);
        fixture.wait(5 * DAY);
        assert_eq!(ledger.end(expiring, postponed(), fixture.now).expired.len(), 1);
        let newer = ledger.ready(&sms("0A", 10), fixture.now);
        let _ = ledger.end(newer, accepted(), fixture.now);
        let entries = ledger.record(&[sms("0A", 0)], fixture.now).unwrap();
        assert!(matches!(entries.recorded[..], [Recorded::Waiting(..)]));
        assert_eq!((entries.released.tickets.len(), entries.released.stale.len()), (0, 1));
    });
}

#[test]
fn a_value_that_was_overtaken_twice_while_another_run_had_it_is_returned_to_that_run() {
    on_every_store(|fixture| {
        let (mut one, mut two) = (fixture.open(), fixture.open());
        let newer = one.ready(&sms("0A", 10), fixture.now);
        assert!(matches!(two.enter(&sms("0A", 0), fixture.now), Recorded::Waiting(..)));
        let _ = one.end(newer, accepted(), fixture.now);
        let newest = one.ready(&sms("0A", 20), fixture.now);
        let _ = one.end(newest, accepted(), fixture.now);
        let released = two.adopt(10, Due::Everything, fixture.now).unwrap();
        assert_eq!((released.tickets.len(), released.stale.len()), (0, 1));
        assert_eq!(two.adopt(10, Due::Everything, fixture.now).unwrap().stale, []);
    });
}

#[test]
fn a_value_planned_for_later_is_brought_up_for_one_of_this_input_that_waits_behind_it_and_else_keeps_its_time() {
    for waits in [true, false] {
        let fixture = Fixture::new();
        let mut earlier = fixture.open();
        let postponed_before = earlier.ready(&sms("0A", 5), fixture.now);
        let _ = earlier.end(postponed_before, postponed(), fixture.now);
        earlier.close(fixture.now).unwrap();
        let mut ledger = fixture.open();
        let oldest = ledger.ready(&sms("0A", 0), fixture.now);
        if waits {
            assert!(matches!(ledger.enter(&sms("0A", 10), fixture.now), Recorded::Waiting(..)));
        }
        let released = ledger.end(oldest, accepted(), fixture.now).tickets;
        let times: Vec<_> = released.iter().map(|ticket| ticket.conversion().timestamp).collect();
        assert_eq!(times, if waits { vec![at(5)] } else { vec![] });
    }
}
