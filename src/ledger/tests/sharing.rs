//! Several runs on one file: overlap, crashes, adoption. Two ledgers in one process stand for two processes; the locks
//! belong to open files and conflict all the same.

use std::fs;

use crate::ledger::{Due, Known, Ledger, Origin, Recorded, Released, UncleanStops};

use super::{Fixture, accepted, failed, ids, on_every_store, postponed, refused, sms};

#[test]
fn rows_of_a_live_run_are_not_sent_by_another() {
    on_every_store(|fixture| {
        let (mut one, mut two) = (fixture.open(), fixture.open());
        let ticket = one.ready(&sms("0A", 0), fixture.now);
        assert_eq!(two.enter(&sms("0A", 0), fixture.now), Recorded::Known(sms("0A", 0), Known::Queued));
        assert_eq!(two.adopted(Due::Everything, fixture.now), []);
        let _ = one.end(ticket, accepted(), fixture.now);
        assert_eq!(two.enter(&sms("0A", 0), fixture.now), Recorded::Known(sms("0A", 0), Known::Accepted));
    });
}

#[test]
fn orphaned_rows_are_adopted_in_bounded_portions() {
    on_every_store(|fixture| {
        let mut crashed = fixture.open();
        let records: Vec<_> = (0..1000).map(|n| sms(&format!("id-{n:04}"), 0)).collect();
        let _lost = crashed.record(&records, fixture.now).unwrap();
        crashed.crash();
        let mut next = fixture.open();
        let mut seen = Vec::new();
        for portion in [300, 300, 300, 100, 0] {
            let tickets = next.adopt(300, Due::OnlyDue, fixture.now).unwrap().tickets;
            assert_eq!(tickets.len(), portion);
            seen.extend(tickets.iter().map(|ticket| ticket.record().clone()));
        }
        assert_eq!(seen, records);
    });
}

#[test]
fn an_orphaned_row_that_is_in_this_input_is_this_runs_own() {
    on_every_store(|fixture| {
        let mut crashed = fixture.open();
        let _lost = crashed.ready(&sms("0A", 0), fixture.now);
        crashed.crash();
        let mut next = fixture.open();
        let again = crate::domain::Record { line: 5, ..sms("0A", 0) };
        let ticket = next.ready(&again, fixture.now);
        assert_eq!((ticket.record(), ticket.origin()), (&again, Origin::Input));
        assert_eq!(next.adopted(Due::Everything, fixture.now), []);
    });
}

#[test]
fn a_clean_end_leaves_its_rows_to_the_next_run_too() {
    on_every_store(|fixture| {
        let mut first = fixture.open();
        let _lost = first.ready(&sms("0A", 0), fixture.now);
        first.close(fixture.now).unwrap();
        assert_eq!(ids(&fixture.open().adopted(Due::OnlyDue, fixture.now)), ["0A"]);
    });
}

#[test]
fn orphaned_rows_are_adopted_while_other_runs_are_live() {
    on_every_store(|fixture| {
        let (mut dying, mut live) = (fixture.open(), fixture.open());
        let _lost = dying.ready(&sms("0A", 0), fixture.now);
        assert_eq!(live.adopted(Due::Everything, fixture.now), []);
        dying.crash();
        assert_eq!(ids(&live.adopted(Due::Everything, fixture.now)), ["0A"]);
    });
}

#[test]
fn rows_of_another_account_are_not_adopted() {
    on_every_store(|fixture| {
        let mut crashed = fixture.open();
        let _lost = crashed.ready(&sms("0A", 0), fixture.now);
        crashed.crash();
        let mut other = fixture.open_as("efgh5678");
        assert_eq!(other.adopted(Due::Everything, fixture.now), []);
        assert_eq!(fixture.open().adopted(Due::Everything, fixture.now).len(), 1);
    });
}

#[test]
fn a_value_waits_for_another_runs_value_and_is_found_when_that_is_settled() {
    for end in [accepted(), refused(), postponed()] {
        let fixture = Fixture::new();
        let (mut one, mut two) = (fixture.open(), fixture.open());
        let first = one.ready(&failed(sms("0A", 0)), fixture.now);
        assert!(matches!(two.enter(&sms("0A", 10), fixture.now), Recorded::Waiting(..)));
        assert_eq!(two.adopted(Due::Everything, fixture.now), []);
        assert_eq!(one.end(first, end.clone(), fixture.now).tickets, []);
        let found = two.adopted(Due::Everything, fixture.now);
        let first_again = end == postponed();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].origin() == Origin::Adopted, first_again);
    }
}

#[test]
fn a_waiting_value_that_another_run_overtook_is_returned_to_the_run_that_waits() {
    on_every_store(|fixture| {
        let (mut one, mut two) = (fixture.open(), fixture.open());
        let newer = one.ready(&sms("0A", 10), fixture.now);
        assert!(matches!(two.enter(&sms("0A", 0), fixture.now), Recorded::Waiting(..)));
        assert_eq!(one.end(newer, accepted(), fixture.now).stale, []);
        let released = two.adopt(10, Due::Everything, fixture.now).unwrap();
        assert_eq!(released.tickets, []);
        assert_eq!((released.stale.len(), released.stale[0].origin), (1, Origin::Input));
    });
}

#[test]
fn a_waiting_value_that_was_overtaken_before_its_run_died_is_not_sent_by_the_next() {
    on_every_store(|fixture| {
        let (mut one, mut two) = (fixture.open(), fixture.open());
        let newer = one.ready(&sms("0A", 10), fixture.now);
        assert!(matches!(two.enter(&sms("0A", 0), fixture.now), Recorded::Waiting(..)));
        let _ = one.end(newer, accepted(), fixture.now);
        two.crash();
        let mut three = fixture.open();
        assert_eq!(three.enter(&sms("0A", 0), fixture.now), Recorded::Known(sms("0A", 0), Known::Stale));
        assert_eq!(three.adopt(10, Due::Everything, fixture.now).unwrap(), Released::default());
    });
}

#[test]
fn of_two_who_record_the_same_at_the_same_time_one_sends() {
    on_every_store(|fixture| {
        let records: Vec<_> = (0..400).map(|n| sms(&format!("id-{n}"), 0)).collect();
        let sent_by = |ledger: &mut Ledger| -> usize {
            let groups = records.chunks(20).map(|group| ledger.record(group, fixture.now).unwrap().recorded);
            groups.flatten().filter(|recorded| matches!(recorded, Recorded::Ready(_))).count()
        };
        let sent = std::thread::scope(|scope| {
            let open_and_send = || {
                let mut ledger = fixture.open();
                (sent_by(&mut ledger), ledger)
            };
            let (one, two) = (scope.spawn(open_and_send), scope.spawn(open_and_send));
            let ((one, _living), (two, _too)) = (one.join().unwrap(), two.join().unwrap());
            one + two
        });
        assert_eq!(sent, records.len());
    });
}

#[test]
fn a_ticket_of_another_run_settles_nothing_and_the_rest_of_its_group_is_settled() {
    on_every_store(|fixture| {
        let (mut one, mut two) = (fixture.open(), fixture.open());
        let theirs = one.ready(&sms("0A", 0), fixture.now);
        let (row, mine) = (theirs.row(), two.ready(&sms("0B", 0), fixture.now));
        let released = two.settle(vec![(theirs, accepted()), (mine, accepted())], fixture.now).unwrap();
        assert_eq!(released, Released { taken_over: vec![row], ..Released::default() });
        assert_eq!(two.enter(&sms("0A", 0), fixture.now), Recorded::Known(sms("0A", 0), Known::Queued));
        assert_eq!(two.enter(&sms("0B", 0), fixture.now), Recorded::Known(sms("0B", 0), Known::Accepted));
    });
}

#[test]
fn locks_of_crashed_runs_are_cleaned_up_and_a_clean_end_leaves_none() {
    let fixture = Fixture::new();
    let locks = || {
        let names = fs::read_dir(fixture.folder().join("state")).unwrap();
        names.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains(".run-")).count()
    };
    fixture.open().crash();
    assert_eq!(locks(), 1);
    let ledger = fixture.open();
    assert_eq!(locks(), 1);
    ledger.close(fixture.now).unwrap();
    assert_eq!(locks(), 0);
}

#[test]
fn every_crash_is_reported_by_the_first_run_that_ends_even_if_others_crashed_before_they_could() {
    on_every_store(|fixture| {
        for died in 0..3 {
            let ledger = fixture.open();
            assert_eq!(ledger.unclean_stops().runs, died);
            ledger.crash();
        }
        let ledger = fixture.open();
        assert_eq!(ledger.unclean_stops().runs, 3);
        ledger.close(fixture.now).unwrap();
        let ledger = fixture.open();
        assert_eq!(ledger.unclean_stops(), UncleanStops::default());
        ledger.close(fixture.now).unwrap();
    });
}

#[test]
fn what_crashed_runs_may_repeat_is_the_sum_of_their_own_in_flight_limits() {
    on_every_store(|fixture| {
        for limit in [1, 256, 64] {
            fixture.open_with("abcd1234", limit).crash();
        }
        assert_eq!(fixture.open().unclean_stops(), UncleanStops { runs: 3, repeats: 321 });
    });
}

#[test]
fn of_many_runs_that_end_cleanly_at_once_none_is_said_to_have_died() {
    on_every_store(|fixture| {
        fixture.open().close(fixture.now).unwrap();
        let died: u64 = std::thread::scope(|scope| {
            let many = || {
                let one = |_| {
                    let ledger = fixture.open();
                    let died = ledger.unclean_stops().runs;
                    ledger.close(fixture.now).unwrap();
                    died
                };
                (0..40).map(one).sum::<u64>()
            };
            let runs: Vec<_> = (0..8).map(|_| scope.spawn(many)).collect();
            runs.into_iter().map(|run| run.join().unwrap()).sum()
        });
        assert_eq!(died, 0);
    });
}
