//! Several runs on one file, as the file system sees them: locks, damage, and many who write at once.

use std::fs;

use crate::ledger::{Ledger, StoreError};

use super::{Desk, W, accepted, account, cause, ready, sms};

#[test]
fn a_lock_file_that_a_kill_left_before_its_run_was_recorded_does_no_harm() {
    let desk = Desk::new();
    desk.open().close(desk.now).unwrap();
    fs::write(desk.path().with_file_name("ledger.db.run-2.lock"), "").unwrap();
    desk.open().close(desk.now).unwrap();
    assert!(!desk.path().with_file_name("ledger.db.run-2.lock").exists(), "it had another name");
}

#[test]
fn a_lock_that_cannot_be_read_is_not_taken_for_a_crashed_runs() {
    let desk = Desk::new();
    let mut one = desk.open();
    let _ticket = one.ready(&sms("0A", 0), desk.now);
    let lock = desk.path().with_file_name("ledger.db.run-1.lock");
    fs::remove_file(&lock).unwrap();
    std::os::unix::fs::symlink("/dev/null", &lock).unwrap();
    let refused = Ledger::open(&desk.path(), &account("abcd1234"), W, desk.now);
    assert!(matches!(cause(&refused), Some(StoreError::File { .. })), "{:?}", refused.err());
}

#[test]
fn a_lock_that_is_gone_is_no_error_and_one_that_cannot_be_removed_is() {
    let desk = Desk::new();
    let lock = |run: u32| desk.path().with_file_name(format!("ledger.db.run-{run}.lock"));
    let ledger = desk.open();
    fs::remove_file(lock(1)).unwrap();
    ledger.close(desk.now).unwrap();
    let ledger = desk.open();
    fs::remove_file(lock(2)).unwrap();
    fs::create_dir(lock(2)).unwrap();
    let refused = ledger.close(desk.now);
    assert!(matches!(cause(&refused), Some(StoreError::File { .. })), "{refused:?}");
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
    assert!(matches!(cause(&found), Some(StoreError::Damaged(_))), "{found:?}");
}

#[test]
fn a_writer_that_never_ends_makes_the_ledger_busy() {
    let desk = Desk::new();
    let mut ledger = desk.open();
    ledger.sqlite().busy_timeout(std::time::Duration::ZERO).unwrap();
    let other = rusqlite::Connection::open(desk.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = ledger.record(&[sms("0A", 0)], desk.now);
    assert!(matches!(cause(&refused), Some(StoreError::Busy)), "{refused:?}");
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
fn the_lock_of_a_run_that_was_killed_between_its_row_and_its_lock_is_swept_away() {
    let desk = Desk::new();
    let living = desk.open();
    desk.open().close(desk.now).unwrap();
    let left = desk.folder().join("state/ledger.db.run-2.lock");
    fs::write(&left, "").unwrap();
    let next = desk.open();
    assert!(!left.exists());
    for run in [1, 3] {
        assert!(desk.folder().join(format!("state/ledger.db.run-{run}.lock")).exists(), "{run} lives");
    }
    drop((living, next));
}
