//! Several runs on one file, as the file system sees them: locks, damage, and many that write at once.

use std::fs;

use crate::ledger::{Ledger, StoreError};

use super::{Fixture, W, accepted, account, cause, ready, sms};

#[test]
fn a_lock_file_that_a_kill_left_before_its_run_was_recorded_does_no_harm() {
    let fixture = Fixture::new();
    fixture.open().close(fixture.now).unwrap();
    fs::write(fixture.path().with_file_name("ledger.db.run-2.lock"), "").unwrap();
    fixture.open().close(fixture.now).unwrap();
    assert!(!fixture.path().with_file_name("ledger.db.run-2.lock").exists(), "it had another name");
}

#[test]
fn a_lock_that_cannot_be_read_is_not_taken_for_a_crashed_runs() {
    let fixture = Fixture::new();
    let mut one = fixture.open();
    let _ticket = one.ready(&sms("0A", 0), fixture.now);
    let lock = fixture.path().with_file_name("ledger.db.run-1.lock");
    fs::remove_file(&lock).unwrap();
    std::os::unix::fs::symlink("/dev/null", &lock).unwrap();
    let refused = Ledger::open(&fixture.path(), &account("abcd1234"), W, fixture.now);
    assert!(matches!(cause(&refused), Some(StoreError::File { .. })), "{:?}", refused.err());
}

#[test]
fn a_lock_that_is_gone_is_no_error_and_one_that_cannot_be_removed_is() {
    let fixture = Fixture::new();
    let lock = |run: u32| fixture.path().with_file_name(format!("ledger.db.run-{run}.lock"));
    let ledger = fixture.open();
    fs::remove_file(lock(1)).unwrap();
    ledger.close(fixture.now).unwrap();
    let ledger = fixture.open();
    fs::remove_file(lock(2)).unwrap();
    fs::create_dir(lock(2)).unwrap();
    let refused = ledger.close(fixture.now);
    assert!(matches!(cause(&refused), Some(StoreError::File { .. })), "{refused:?}");
}

#[test]
fn after_a_crash_damage_is_looked_for_in_what_was_recorded_last_and_after_a_clean_end_not_at_all() {
    let fixture = Fixture::new();
    let mut ledger = fixture.open();
    let records: Vec<_> = (0..3000).map(|n| sms(&format!("id-{n:04}"), 0)).collect();
    let _lost = ledger.record(&records, fixture.now).unwrap();
    ledger.close(fixture.now).unwrap();
    let whole = written_back(&fixture);
    let holds = |page: &[u8], id: &str| page.windows(id.len()).any(|bytes| bytes == id.as_bytes());
    let damaged = |id: &str| {
        let mut pages = 0;
        for (page, bytes) in whole.chunks(4096).enumerate().filter(|(_, bytes)| holds(bytes, id)) {
            pages += 1;
            let mut broken = whole.clone();
            broken[page * 4096..page * 4096 + bytes.len()].fill(0x5A);
            fs::write(fixture.path(), &broken).unwrap();
            fixture.open().crash();
            let found = Ledger::open(&fixture.path(), &account("abcd1234"), W, fixture.now);
            if id == "id-2999" {
                assert!(matches!(cause(&found), Some(StoreError::Damaged(_))), "page {page}: {found:?}");
            } else {
                assert!(found.is_ok(), "page {page}: {found:?}");
            }
            drop(found);
            fs::write(fixture.path(), &whole).unwrap();
            fixture.open().close(fixture.now).unwrap();
            written_back(&fixture);
        }
        pages
    };
    assert_eq!(damaged("id-2999"), 2, "the table and the key's index");
    assert_eq!(damaged("id-0000"), 2);
}

/// The file, with all that was in the log.
fn written_back(fixture: &Fixture) -> Vec<u8> {
    let db = rusqlite::Connection::open(fixture.path()).unwrap();
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(db);
    fs::read(fixture.path()).unwrap()
}

#[test]
fn a_writer_that_never_ends_makes_the_ledger_busy() {
    let fixture = Fixture::new();
    let mut ledger = fixture.open();
    ledger.sqlite().busy_timeout(std::time::Duration::ZERO).unwrap();
    let other = rusqlite::Connection::open(fixture.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = ledger.record(&[sms("0A", 0)], fixture.now);
    assert!(matches!(cause(&refused), Some(StoreError::Busy)), "{refused:?}");
    other.execute_batch("ROLLBACK").unwrap();
    let _ = ledger.ready(&sms("0A", 0), fixture.now);
}

#[test]
fn many_who_write_at_once_are_all_served_and_in_about_the_same_time() {
    let fixture = Fixture::new();
    fixture.open().close(fixture.now).unwrap();
    let served = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..64)
            .map(|n| {
                let fixture = &fixture;
                scope.spawn(move || {
                    let mut ledger = Ledger::open(&fixture.path(), &account("abcd1234"), W, fixture.now)?;
                    let mut entries = ledger.record(&[sms(&format!("id-{n}"), 0)], fixture.now)?;
                    let ticket = ready(entries.recorded.pop().unwrap());
                    let _ = ledger.settle(vec![(ticket, accepted())], fixture.now).map_err(|error| error.cause)?;
                    ledger.close(fixture.now)
                })
            })
            .collect();
        runs.into_iter().flat_map(|run| run.join().unwrap()).count()
    });
    assert_eq!(served, 64);
}

#[test]
fn the_lock_of_a_run_that_was_killed_between_its_row_and_its_lock_is_swept_away() {
    let fixture = Fixture::new();
    let live = fixture.open();
    fixture.open().close(fixture.now).unwrap();
    let left = fixture.folder().join("state/ledger.db.run-2.lock");
    fs::write(&left, "").unwrap();
    let next = fixture.open();
    assert!(!left.exists());
    for run in [1, 3] {
        assert!(fixture.folder().join(format!("state/ledger.db.run-{run}.lock")).exists(), "{run} lives");
    }
    drop((live, next));
}
