//! The values of one message-id: one at a time, oldest first, and never an older one after a newer.

use crate::ledger::{Due, Known, Origin, Recorded, Settlement};

use super::{DAY, Desk, accepted, at, failed, ids, on_every_store, postponed, ready, refused, sms, untimed};

#[test]
fn a_second_value_waits_until_the_first_is_settled() {
    for end in [accepted(), refused()] {
        let desk = Desk::new();
        let mut ledger = desk.open();
        let first = ledger.ready(&failed(sms("0A", 0)), desk.now);
        let second = ledger.enter(&sms("0A", 10), desk.now);
        let Recorded::Waiting(row, _) = second else { panic!("{second:?}") };
        assert_eq!(ledger.adopted(Due::Everything, desk.now), []);
        let released = ledger.end(first, end, desk.now);
        assert_eq!(released.tickets.len(), 1);
        assert_eq!(released.tickets[0].row(), row);
        assert_eq!(released.tickets[0].origin(), Origin::Input);
    }
}

#[test]
fn values_go_in_the_order_of_their_times_and_then_of_recording() {
    on_every_store(|desk| {
        let mut ledger = desk.open();
        let mut ticket = ledger.ready(&sms("0A", 0), desk.now);
        let later = [sms("0A", 30), failed(sms("0A", 10)), sms("0A", 10), failed(sms("0A", 20))];
        for record in &later {
            assert!(matches!(ledger.enter(record, desk.now), Recorded::Waiting(..)));
        }
        for index in [1, 2, 3, 0] {
            let mut released = ledger.end(ticket, accepted(), desk.now);
            assert_eq!(released.stale, []);
            ticket = released.tickets.pop().unwrap();
            assert_eq!(ticket.record(), &later[index]);
        }
        assert_eq!(ledger.end(ticket, accepted(), desk.now).tickets, []);
    });
}

#[test]
fn an_older_value_is_never_sent_after_a_newer_one_was_accepted() {
    on_every_store(|desk| {
        let mut ledger = desk.open();
        let newer = ledger.ready(&sms("0A", 10), desk.now);
        let older = failed(sms("0A", 0));
        assert!(matches!(ledger.enter(&older, desk.now), Recorded::Waiting(..)));
        let released = ledger.end(newer, accepted(), desk.now);
        assert_eq!(released.tickets, []);
        assert_eq!(released.stale.len(), 1);
        assert_eq!(released.stale[0].record, older);
        assert_eq!(ledger.enter(&older, desk.now), Recorded::Known(older, Known::Stale));
        let oldest = sms("0A", -10);
        assert_eq!(ledger.enter(&oldest, desk.now), Recorded::Known(oldest, Known::Stale));
    });
}

#[test]
fn an_older_value_goes_when_the_newer_one_was_refused() {
    on_every_store(|desk| {
        let mut ledger = desk.open();
        let newer = ledger.ready(&sms("0A", 10), desk.now);
        assert!(matches!(ledger.enter(&sms("0A", 0), desk.now), Recorded::Waiting(..)));
        assert_eq!(ledger.end(newer, refused(), desk.now).tickets.len(), 1);
    });
}

#[test]
fn a_postponed_value_holds_back_the_ones_behind_it() {
    on_every_store(|desk| {
        let mut ledger = desk.open();
        let first = ledger.ready(&sms("0A", 0), desk.now);
        assert!(matches!(ledger.enter(&sms("0A", 10), desk.now), Recorded::Waiting(..)));
        assert_eq!(ledger.end(first, postponed(), desk.now).tickets, []);
        ledger.close(desk.now).unwrap();
        let mut ledger = desk.open();
        assert_eq!(ledger.adopted(Due::OnlyDue, desk.now), []);
        let first = ledger.adopted(Due::Everything, desk.now).pop().unwrap();
        assert_eq!(first.record(), &sms("0A", 0));
        let released = ledger.end(first, accepted(), desk.now);
        assert_eq!(released.tickets[0].record(), &sms("0A", 10));
    });
}

#[test]
fn a_new_value_brings_up_the_orphaned_one_before_it() {
    on_every_store(|desk| {
        let mut ledger = desk.open();
        let first = ledger.ready(&sms("0A", 0), desk.now);
        let _ = ledger.end(first, postponed(), desk.now);
        ledger.close(desk.now).unwrap();
        let mut ledger = desk.open();
        let mut entries = ledger.record(&[sms("0A", 10)], desk.now).unwrap();
        assert!(matches!(entries.recorded[..], [Recorded::Waiting(..)]));
        let first = entries.released.tickets.pop().unwrap();
        assert_eq!((first.record(), first.origin()), (&sms("0A", 0), Origin::Adopted));
        let released = ledger.end(first, accepted(), desk.now);
        assert_eq!(ids(&released.tickets), ["0A"]);
    });
}

#[test]
fn a_new_value_older_than_an_orphaned_one_goes_first() {
    on_every_store(|desk| {
        let mut ledger = desk.open();
        let later = ledger.ready(&sms("0A", 10), desk.now);
        let _ = ledger.end(later, Settlement::Unsent, desk.now);
        let older = ready(ledger.enter(&sms("0A", 0), desk.now));
        assert_eq!(older.record(), &sms("0A", 0));
        assert_eq!(ledger.adopted(Due::Everything, desk.now), []);
        let released = ledger.end(older, accepted(), desk.now);
        assert_eq!(released.tickets[0].record(), &sms("0A", 10));
    });
}

#[test]
fn another_message_id_or_channel_does_not_wait() {
    on_every_store(|desk| {
        let mut ledger = desk.open();
        let _held = ledger.ready(&sms("0A", 0), desk.now);
        let _ = ledger.ready(&sms("0B", 0), desk.now);
    });
}

#[test]
fn a_message_id_with_very_many_values_keeps_its_order_and_its_keys() {
    on_every_store(|desk| {
        let mut ledger = desk.open();
        for time in 1..40 {
            let ticket = ledger.ready(&sms("0A", time), desk.now);
            let _ = ledger.end(ticket, accepted(), desk.now);
        }
        for time in 1..40 {
            let again = sms("0A", time);
            assert_eq!(ledger.enter(&again, desk.now), Recorded::Known(again, Known::Accepted));
            let older = failed(sms("0A", time - 1));
            assert_eq!(ledger.enter(&older, desk.now), Recorded::Known(older, Known::Stale));
        }
        let untimed = untimed("0A", 50);
        let ticket = ledger.ready(&untimed, desk.now);
        assert!(matches!(ledger.enter(&sms("0A", 60), desk.now), Recorded::Waiting(..)));
        assert_eq!(ledger.end(ticket, accepted(), desk.now).tickets.len(), 1);
        assert_eq!(ledger.enter(&untimed, desk.now), Recorded::Known(untimed, Known::Accepted));
        let far_back = sms("0A", 5);
        assert_eq!(ledger.enter(&far_back, desk.now), Recorded::Known(far_back, Known::Accepted));
    });
}

#[test]
fn an_older_value_that_expired_and_is_asked_for_anew_is_returned_once_as_overtaken() {
    on_every_store(|mut desk| {
        let mut ledger = desk.open();
        let expiring = ledger.ready(&sms("0A", 0), desk.now);
        desk.wait(5 * DAY);
        assert_eq!(ledger.end(expiring, postponed(), desk.now).expired.len(), 1);
        let newer = ledger.ready(&sms("0A", 10), desk.now);
        let _ = ledger.end(newer, accepted(), desk.now);
        let entries = ledger.record(&[sms("0A", 0)], desk.now).unwrap();
        assert!(matches!(entries.recorded[..], [Recorded::Waiting(..)]));
        assert_eq!((entries.released.tickets.len(), entries.released.stale.len()), (0, 1));
    });
}

#[test]
fn a_value_that_was_overtaken_twice_while_another_run_had_it_is_returned_to_that_run() {
    on_every_store(|desk| {
        let (mut one, mut two) = (desk.open(), desk.open());
        let newer = one.ready(&sms("0A", 10), desk.now);
        assert!(matches!(two.enter(&sms("0A", 0), desk.now), Recorded::Waiting(..)));
        let _ = one.end(newer, accepted(), desk.now);
        let newest = one.ready(&sms("0A", 20), desk.now);
        let _ = one.end(newest, accepted(), desk.now);
        let released = two.adopt(10, Due::Everything, desk.now).unwrap();
        assert_eq!((released.tickets.len(), released.stale.len()), (0, 1));
        assert_eq!(two.adopt(10, Due::Everything, desk.now).unwrap().stale, []);
    });
}

#[test]
fn a_value_planned_for_later_is_brought_up_for_one_of_this_input_that_waits_behind_it_and_else_keeps_its_time() {
    for waits in [true, false] {
        let desk = Desk::new();
        let mut earlier = desk.open();
        let postponed_before = earlier.ready(&sms("0A", 5), desk.now);
        let _ = earlier.end(postponed_before, postponed(), desk.now);
        earlier.close(desk.now).unwrap();
        let mut ledger = desk.open();
        let oldest = ledger.ready(&sms("0A", 0), desk.now);
        if waits {
            assert!(matches!(ledger.enter(&sms("0A", 10), desk.now), Recorded::Waiting(..)));
        }
        let released = ledger.end(oldest, accepted(), desk.now).tickets;
        let times: Vec<_> = released.iter().map(|ticket| ticket.conversion().timestamp).collect();
        assert_eq!(times, if waits { vec![at(5)] } else { vec![] });
    }
}
