//! Several runs on one file: overlap, death, adoption. Two ledgers in one process stand for two processes; the locks
//! belong to open files and conflict all the same.

use std::fs;

use crate::ledger::{Due, Known, Ledger, LedgerError, Origin, Recorded, Released, UncleanStops};

use super::{Desk, W, accepted, account, failed, ids, postponed, ready, refused, sms};

#[test]
fn what_a_living_run_has_is_not_sent_by_another() {
    let desk = Desk::new();
    let (mut one, mut two) = (desk.open(), desk.open());
    let ticket = one.ready(&sms("0A", 0), desk.now);
    assert_eq!(two.enter(&sms("0A", 0), desk.now), Recorded::Known(sms("0A", 0), Known::Queued));
    assert_eq!(two.adopted(Due::Everything, desk.now), []);
    let _ = one.end(ticket, accepted(), desk.now);
    assert_eq!(two.enter(&sms("0A", 0), desk.now), Recorded::Known(sms("0A", 0), Known::Accepted));
}

#[test]
fn what_a_dead_run_left_is_adopted_in_bounded_portions() {
    let desk = Desk::new();
    let mut dead = desk.open();
    let records: Vec<_> = (0..1000).map(|n| sms(&format!("id-{n:04}"), 0)).collect();
    let _lost = dead.record(&records, desk.now).unwrap();
    dead.crash();
    let mut next = desk.open();
    let mut seen = Vec::new();
    for portion in [300, 300, 300, 100, 0] {
        let tickets = next.adopt(300, Due::OnlyDue, desk.now).unwrap().tickets;
        assert_eq!(tickets.len(), portion);
        seen.extend(tickets.iter().map(|ticket| ticket.record().clone()));
    }
    assert_eq!(seen, records);
}

#[test]
fn a_row_of_a_dead_run_that_is_in_this_input_is_this_runs_own() {
    let desk = Desk::new();
    let mut dead = desk.open();
    let _lost = dead.ready(&sms("0A", 0), desk.now);
    dead.crash();
    let mut next = desk.open();
    let again = crate::domain::Record { line: 5, ..sms("0A", 0) };
    let ticket = next.ready(&again, desk.now);
    assert_eq!((ticket.record(), ticket.origin()), (&again, Origin::Input));
    assert_eq!(next.adopted(Due::Everything, desk.now), []);
}

#[test]
fn a_clean_end_leaves_its_rows_to_the_next_run_too() {
    let desk = Desk::new();
    let mut first = desk.open();
    let _lost = first.ready(&sms("0A", 0), desk.now);
    first.close(desk.now).unwrap();
    assert_eq!(ids(&desk.open().adopted(Due::OnlyDue, desk.now)), ["0A"]);
}

#[test]
fn a_dead_run_is_adopted_from_while_others_live() {
    let desk = Desk::new();
    let (mut dying, mut living) = (desk.open(), desk.open());
    let _lost = dying.ready(&sms("0A", 0), desk.now);
    assert_eq!(living.adopted(Due::Everything, desk.now), []);
    dying.crash();
    assert_eq!(ids(&living.adopted(Due::Everything, desk.now)), ["0A"]);
}

#[test]
fn rows_of_another_account_are_not_adopted() {
    let desk = Desk::new();
    let mut dead = desk.open();
    let _lost = dead.ready(&sms("0A", 0), desk.now);
    dead.crash();
    let mut other = Ledger::open(&desk.path(), &account("efgh5678"), W, desk.now).unwrap();
    assert_eq!(other.adopted(Due::Everything, desk.now), []);
    assert_eq!(desk.open().adopted(Due::Everything, desk.now).len(), 1);
}

#[test]
fn a_value_waits_for_another_runs_value_and_is_found_when_that_is_settled() {
    for end in [accepted(), refused(), postponed()] {
        let desk = Desk::new();
        let (mut one, mut two) = (desk.open(), desk.open());
        let first = one.ready(&failed(sms("0A", 0)), desk.now);
        assert!(matches!(two.enter(&sms("0A", 10), desk.now), Recorded::Waiting(..)));
        assert_eq!(two.adopted(Due::Everything, desk.now), []);
        assert_eq!(one.end(first, end.clone(), desk.now).tickets, []);
        let found = two.adopted(Due::Everything, desk.now);
        let first_again = end == postponed();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].origin() == Origin::Adopted, first_again);
    }
}

#[test]
fn a_waiting_value_that_another_run_overtook_is_told_to_the_run_that_waits() {
    let desk = Desk::new();
    let (mut one, mut two) = (desk.open(), desk.open());
    let newer = one.ready(&sms("0A", 10), desk.now);
    assert!(matches!(two.enter(&sms("0A", 0), desk.now), Recorded::Waiting(..)));
    assert_eq!(one.end(newer, accepted(), desk.now).stale, []);
    let released = two.adopt(10, Due::Everything, desk.now).unwrap();
    assert_eq!(released.tickets, []);
    assert_eq!((released.stale.len(), released.stale[0].origin), (1, Origin::Input));
}

#[test]
fn a_waiting_value_that_was_overtaken_before_its_run_died_is_not_sent_by_the_next() {
    let desk = Desk::new();
    let (mut one, mut two) = (desk.open(), desk.open());
    let newer = one.ready(&sms("0A", 10), desk.now);
    assert!(matches!(two.enter(&sms("0A", 0), desk.now), Recorded::Waiting(..)));
    let _ = one.end(newer, accepted(), desk.now);
    two.crash();
    let mut three = desk.open();
    assert_eq!(three.enter(&sms("0A", 0), desk.now), Recorded::Known(sms("0A", 0), Known::Stale));
    assert_eq!(three.adopt(10, Due::Everything, desk.now).unwrap(), Released::default());
}

#[test]
fn of_two_who_record_the_same_at_the_same_time_one_sends() {
    let desk = Desk::new();
    let records: Vec<_> = (0..400).map(|n| sms(&format!("id-{n}"), 0)).collect();
    let sent_by = |ledger: &mut Ledger| -> usize {
        let groups = records.chunks(20).map(|group| ledger.record(group, desk.now).unwrap().recorded);
        groups.flatten().filter(|recorded| matches!(recorded, Recorded::Ready(_))).count()
    };
    let sent = std::thread::scope(|scope| {
        let open_and_send = || {
            let mut ledger = desk.open();
            (sent_by(&mut ledger), ledger)
        };
        let (one, two) = (scope.spawn(open_and_send), scope.spawn(open_and_send));
        let ((one, _living), (two, _too)) = (one.join().unwrap(), two.join().unwrap());
        one + two
    });
    assert_eq!(sent, records.len());
}

#[test]
fn a_ticket_of_another_run_settles_nothing() {
    let desk = Desk::new();
    let (mut one, mut two) = (desk.open(), desk.open());
    let ticket = one.ready(&sms("0A", 0), desk.now);
    let refused = two.settle(vec![(ticket, accepted())], desk.now).unwrap_err();
    assert!(matches!(refused.cause, LedgerError::NotHeld { .. }), "{refused:?}");
    assert!(refused.cause.to_string().ends_with(": row 1 is not held by this run"), "{}", refused.cause);
    let _ = one.settle(refused.group, desk.now).unwrap();
}

#[test]
fn locks_of_dead_runs_are_cleared_away_and_a_clean_end_leaves_none() {
    let desk = Desk::new();
    let locks = || {
        let names = fs::read_dir(desk.folder.path().join("state")).unwrap();
        names.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains(".run-")).count()
    };
    desk.open().crash();
    assert_eq!(locks(), 1);
    let ledger = desk.open();
    assert_eq!(locks(), 1);
    ledger.close(desk.now).unwrap();
    assert_eq!(locks(), 0);
}

#[test]
fn a_lock_file_that_a_kill_left_before_its_run_was_recorded_is_in_nobodys_way() {
    let desk = Desk::new();
    desk.open().close(desk.now).unwrap();
    fs::write(desk.path().with_file_name("ledger.db.run-2.lock"), "").unwrap();
    desk.open().close(desk.now).unwrap();
    assert!(!desk.path().with_file_name("ledger.db.run-2.lock").exists(), "it had another name");
}

#[test]
fn a_lock_that_cannot_be_looked_at_is_not_taken_for_one_of_the_dead() {
    let desk = Desk::new();
    let mut one = desk.open();
    let _ticket = one.ready(&sms("0A", 0), desk.now);
    let lock = desk.path().with_file_name("ledger.db.run-1.lock");
    fs::remove_file(&lock).unwrap();
    std::os::unix::fs::symlink("/dev/null", &lock).unwrap();
    let refused = Ledger::open(&desk.path(), &account("abcd1234"), W, desk.now);
    assert!(matches!(refused, Err(LedgerError::File { .. })), "{:?}", refused.err());
}

#[test]
fn a_lock_that_somebody_removed_is_no_trouble_and_one_that_cannot_be_removed_is() {
    let desk = Desk::new();
    let lock = |run: u32| desk.path().with_file_name(format!("ledger.db.run-{run}.lock"));
    let ledger = desk.open();
    fs::remove_file(lock(1)).unwrap();
    ledger.close(desk.now).unwrap();
    let ledger = desk.open();
    fs::remove_file(lock(2)).unwrap();
    fs::create_dir(lock(2)).unwrap();
    let refused = ledger.close(desk.now);
    assert!(matches!(refused, Err(LedgerError::File { .. })), "{refused:?}");
}

#[test]
fn every_death_is_told_by_the_first_run_that_ends_also_if_others_died_before_they_could() {
    let desk = Desk::new();
    for died in 0..3 {
        let ledger = desk.open();
        assert_eq!(ledger.unclean_stops().runs, died);
        ledger.crash();
    }
    let ledger = desk.open();
    assert_eq!(ledger.unclean_stops().runs, 3);
    ledger.close(desk.now).unwrap();
    let ledger = desk.open();
    assert_eq!(ledger.unclean_stops(), UncleanStops::default());
    ledger.close(desk.now).unwrap();
}

#[test]
fn what_dead_runs_may_have_repeated_is_the_sum_of_their_own_windows() {
    let desk = Desk::new();
    for window in [1, 256, 64] {
        Ledger::open(&desk.path(), &account("abcd1234"), window, desk.now).unwrap().crash();
    }
    assert_eq!(desk.open().unclean_stops(), UncleanStops { runs: 3, repeats: 321 });
}

#[test]
fn damage_is_found_after_a_crash_and_not_looked_for_after_a_clean_end() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    let records: Vec<_> = (0..500).map(|n| sms(&format!("id-{n}"), 0)).collect();
    let _lost = ledger.record(&records, desk.now).unwrap();
    ledger.close(desk.now).unwrap();
    let whole = fs::read(desk.path()).unwrap();
    let mut broken = whole.clone();
    let page = broken.len() - 4096;
    broken[page..].fill(0x5A);
    fs::write(desk.path(), &broken).unwrap();
    desk.open().crash();
    let found = Ledger::open(&desk.path(), &account("abcd1234"), W, desk.now);
    assert!(matches!(found, Err(LedgerError::Damaged { .. })), "{found:?}");
}

#[test]
fn a_writer_that_never_ends_makes_the_ledger_busy() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    ledger.db.busy_timeout(std::time::Duration::ZERO).unwrap();
    let other = rusqlite::Connection::open(desk.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = ledger.record(&[sms("0A", 0)], desk.now);
    assert!(matches!(refused, Err(LedgerError::Busy { .. })), "{refused:?}");
    other.execute_batch("ROLLBACK").unwrap();
    let _ = ledger.ready(&sms("0A", 0), desk.now);
}

#[test]
fn many_who_write_at_once_are_all_served_and_in_about_the_same_time() {
    let desk = Desk::new();
    desk.open().close(desk.now).unwrap();
    let served = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..64)
            .map(|n| {
                let desk = &desk;
                scope.spawn(move || {
                    let mut ledger = Ledger::open(&desk.path(), &account("abcd1234"), W, desk.now)?;
                    let mut entries = ledger.record(&[sms(&format!("id-{n}"), 0)], desk.now)?;
                    let ticket = ready(entries.recorded.pop().unwrap());
                    let _ = ledger.settle(vec![(ticket, accepted())], desk.now).map_err(|error| error.cause)?;
                    ledger.close(desk.now)
                })
            })
            .collect();
        runs.into_iter().flat_map(|run| run.join().unwrap()).count()
    });
    assert_eq!(served, 64);
}

#[test]
fn of_many_runs_that_end_cleanly_at_once_none_is_said_to_have_died() {
    let desk = Desk::new();
    desk.open().close(desk.now).unwrap();
    let died: u64 = std::thread::scope(|scope| {
        let many = || {
            let one = |_| {
                let ledger = desk.open();
                let died = ledger.unclean_stops().runs;
                ledger.close(desk.now).unwrap();
                died
            };
            (0..40).map(one).sum::<u64>()
        };
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(many)).collect();
        runs.into_iter().map(|run| run.join().unwrap()).sum()
    });
    assert_eq!(died, 0);
}

#[test]
fn the_lock_of_a_run_that_was_killed_between_its_row_and_its_lock_is_swept_away() {
    let desk = Desk::new();
    let living = desk.open();
    desk.open().close(desk.now).unwrap();
    let left = desk.folder.path().join("state/ledger.db.run-2.lock");
    fs::write(&left, "").unwrap();
    let next = desk.open();
    assert!(!left.exists());
    for run in [1, 3] {
        assert!(desk.folder.path().join(format!("state/ledger.db.run-{run}.lock")).exists(), "{run} lives");
    }
    drop((living, next));
}
