//! The files: modes, links, and what is not a ledger and must stay as it is.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use rusqlite::Connection;
use rustix::fs::{FlockOperation, flock};

use super::super::draft::Draft;
use super::super::place::Place;
use super::super::schema::create;
use crate::ledger::{Known, Ledger, LedgerError, LedgerReader, Recorded, StoreError};

use super::{Fixture, W, accepted, account, cause, sms};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn open(path: &Path) -> Result<Ledger, LedgerError> {
    Ledger::open(path, &account("abcd1234"), W, super::at(0))
}

/// A process of its own: a umask is the whole process's, and the other tests' files would have it too.
#[test]
fn every_file_is_private_under_any_umask() {
    let this = std::env::current_exe().unwrap();
    for umask in ["000", "077", "777"] {
        let mut shell = Command::new("sh");
        shell.args(["-c", "umask $0; exec \"$@\"", umask]).arg(&this);
        let ran =
            shell.args(["--exact", "ledger::store::sqlite::tests::files::files_are_private"]).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success() && said.contains("1 passed"), "umask {umask}: {said}");
    }
}

#[test]
fn files_are_private() {
    let fixture = Fixture::new();
    let mut ledger = fixture.open();
    let _held = ledger.ready(&sms("0A", 0), fixture.now);
    let folder = fixture.folder().join("state");
    assert_eq!(mode(&folder), 0o700);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(mode(&entry.path()), 0o600, "{entry:?}");
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(
        names,
        [
            "ledger.db",
            "ledger.db-shm",
            "ledger.db-wal",
            "ledger.db.ballast",
            "ledger.db.next.lock",
            "ledger.db.run-1.lock",
            "ledger.db.write.lock"
        ]
    );
}

#[test]
fn drafts_of_killed_runs_are_cleared_away_and_a_live_runs_is_not() {
    let fixture = Fixture::new();
    let folder = fixture.folder().join("state");
    fs::create_dir(&folder).unwrap();
    let beside = |suffix: &str| folder.join(format!("ledger.db.new-{suffix}"));
    for left in ["killed", "killed-journal", "killed-wal", "killed-shm", "1-0", "live", "live-journal"] {
        fs::write(beside(left), "half a ledger").unwrap();
    }
    let live = fs::File::open(beside("live")).unwrap();
    flock(&live, FlockOperation::NonBlockingLockExclusive).unwrap();
    let there = |left| beside(left).exists();
    // Where there is no ledger yet, and where there is one.
    for _ in 0..2 {
        fixture.open().close(fixture.now).unwrap();
        assert_eq!(["killed", "killed-journal", "killed-wal", "killed-shm", "1-0"].map(there), [false; 5]);
        assert_eq!(["live", "live-journal"].map(there), [true; 2]);
        fs::write(beside("killed"), "half a ledger").unwrap();
    }
}

#[test]
fn of_two_who_make_a_ledger_at_once_one_wins_and_a_draft_that_is_gone_is_no_ledger() {
    let fixture = Fixture::new();
    let place = Place::prepare(&fixture.path()).unwrap();
    let [first, second, gone] = [(); 3].map(|()| Draft::begin(&place).unwrap());
    fs::remove_file(gone.path()).unwrap();
    assert!(gone.publish(&place).is_err());
    assert!(!fixture.path().exists());
    fs::write(first.path(), "first").unwrap();
    first.publish(&place).unwrap();
    second.publish(&place).unwrap();
    assert_eq!(fs::read(fixture.path()).unwrap(), b"first");
    assert_eq!(fs::read_dir(fixture.path().parent().unwrap()).unwrap().count(), 1, "nothing lies beside it");
}

#[test]
fn a_ledger_is_born_with_its_write_ahead_log() {
    // Offsets 18 and 19 of the file format: 2 is "WAL". A kill right after the ledger is made leaves nothing to be rolled back.
    let fixture = Fixture::new();
    create(&Place::prepare(&fixture.path()).unwrap()).unwrap();
    assert_eq!(fs::read(fixture.path()).unwrap()[18..20], [2, 2]);
    let files = fs::read_dir(fixture.folder().join("state")).unwrap();
    assert_eq!(files.count(), 1, "nothing lies beside it");
    assert_eq!(LedgerReader::open(&fixture.path()).unwrap().unwrap().status().unwrap(), []);
}

#[test]
fn a_ballast_that_a_kill_cut_short_is_made_whole() {
    let fixture = Fixture::new();
    fixture.open().close(fixture.now).unwrap();
    let ballast = fixture.folder().join("state/ledger.db.ballast");
    let whole = fs::metadata(&ballast).unwrap().len();
    fs::write(&ballast, "cut").unwrap();
    fixture.open().close(fixture.now).unwrap();
    assert_eq!(fs::metadata(&ballast).unwrap().len(), whole);
}

#[test]
fn a_ledger_that_others_may_read_is_closed_to_them_again() {
    let fixture = Fixture::new();
    fixture.open().close(fixture.now).unwrap();
    fs::set_permissions(fixture.path(), fs::Permissions::from_mode(0o644)).unwrap();
    let _open = fixture.open();
    assert_eq!(mode(&fixture.path()), 0o600);
}

#[test]
fn a_symbolic_link_at_the_ledgers_name_is_refused_and_links_above_are_not() {
    let fixture = Fixture::new();
    fixture.open().close(fixture.now).unwrap();
    let link = fixture.folder().join("link.db");
    symlink(fixture.path(), &link).unwrap();
    assert!(matches!(cause(&open(&link)), Some(StoreError::Symlink)));
    assert!(matches!(cause(&LedgerReader::open(&link)), Some(StoreError::Symlink)));
    let dangling = fixture.folder().join("dangling.db");
    symlink(fixture.folder().join("nowhere"), &dangling).unwrap();
    assert!(matches!(cause(&open(&dangling)), Some(StoreError::Symlink)));

    let folder = fixture.folder().join("folder");
    symlink(fixture.folder().join("state"), &folder).unwrap();
    open(&folder.join("ledger.db")).unwrap();
}

#[test]
fn what_is_not_a_ledger_is_refused_and_stays_as_it_is() {
    let fixture = Fixture::new();
    let path = fixture.folder().join("other");
    let foreign = |bytes: &[u8], is_right: fn(&LedgerError) -> bool| {
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let refused = [open(&path).err(), LedgerReader::open(&path).err()];
        for error in refused {
            assert!(error.as_ref().is_some_and(is_right), "{error:?}");
        }
        assert_eq!(fs::read(&path).unwrap(), bytes);
        assert_eq!(mode(&path), 0o644);
        let beside = fs::read_dir(fixture.folder()).unwrap().count();
        assert_eq!(beside, 1, "something was left beside it");
    };
    foreign(b"", |error| matches!(error.cause(), StoreError::Empty));
    foreign(b"message_id,delivered\n", |error| matches!(error.cause(), StoreError::Foreign));
    foreign(&[b'x'; 9000], |error| matches!(error.cause(), StoreError::Foreign));

    let database = tempfile::tempdir().unwrap();
    let database = database.path().join("theirs.db");
    let theirs = Connection::open(&database).unwrap();
    theirs.execute_batch("CREATE TABLE t (x); PRAGMA user_version = 1").unwrap();
    theirs.close().unwrap();
    foreign(&fs::read(&database).unwrap(), |error| matches!(error.cause(), StoreError::Foreign));

    open(&database.with_file_name("ours.db")).unwrap().close(fixture.now).unwrap();
    let newer = Connection::open(database.with_file_name("ours.db")).unwrap();
    newer.execute_batch("PRAGMA user_version = 999").unwrap();
    newer.close().unwrap();
    foreign(&fs::read(database.with_file_name("ours.db")).unwrap(), |error| {
        matches!(error.cause(), StoreError::Newer { found: 999, .. })
    });
}

#[test]
fn a_newer_schema_that_is_still_in_the_log_is_refused_and_neither_file_changes() {
    let fixture = Fixture::new();
    fixture.open().close(fixture.now).unwrap();
    let newer = Connection::open(fixture.path()).unwrap();
    newer.execute_batch("PRAGMA wal_autocheckpoint = 0; PRAGMA user_version = 999").unwrap();
    let copy = tempfile::tempdir().unwrap();
    for name in ["ledger.db", "ledger.db-wal"] {
        fs::copy(fixture.path().with_file_name(name), copy.path().join(name)).unwrap();
    }
    let read = |name: &str| fs::read(copy.path().join(name)).unwrap();
    let before = (read("ledger.db"), read("ledger.db-wal"));
    let refused = open(&copy.path().join("ledger.db"));
    assert!(matches!(cause(&refused), Some(StoreError::Newer { found: 999, .. })), "{refused:?}");
    assert!((read("ledger.db"), read("ledger.db-wal")) == before);
}

#[test]
fn folders_and_pipes_are_no_ledgers() {
    let fixture = Fixture::new();
    assert!(matches!(cause(&open(fixture.folder())), Some(StoreError::NotAFile(_))));
    assert!(matches!(cause(&open(Path::new("/dev/null"))), Some(StoreError::NotAFile(_))));
}

#[test]
fn looking_at_no_ledger_creates_none() {
    let fixture = Fixture::new();
    assert!(LedgerReader::open(&fixture.path()).unwrap().is_none());
    assert!(LedgerReader::open(&fixture.folder().join("none.db")).unwrap().is_none());
    assert_eq!(fs::read_dir(fixture.folder()).unwrap().count(), 0);
}

#[test]
fn durability_is_as_promised() {
    let fixture = Fixture::new();
    let ledger = fixture.open();
    let pragma = |name: &str| -> String {
        ledger
            .sqlite()
            .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
            .map(|value| format!("{value:?}"))
            .unwrap()
    };
    assert_eq!(pragma("journal_mode"), "Text(\"wal\")");
    assert_eq!(pragma("synchronous"), "Integer(2)");
    assert_eq!(pragma("trusted_schema"), "Integer(0)");
    assert_eq!(pragma("busy_timeout"), "Integer(10000)");
    assert_eq!(pragma("mmap_size"), "Integer(0)");
}

#[test]
fn a_commit_waits_for_the_disk() {
    let fixture = Fixture::new();
    let synchronous: i64 =
        fixture.open().sqlite().pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
    assert_eq!(synchronous, 2);
}

#[test]
fn on_a_full_disk_nothing_more_is_taken_and_what_was_sent_is_still_settled() {
    let fixture = Fixture::new();
    let mut ledger = fixture.open();
    let tickets: Vec<_> = (0..10).map(|n| ledger.ready(&sms(&format!("0A{n}"), 0), fixture.now)).collect();
    ledger.leave_no_room();
    let many: Vec<_> = (0..1000).map(|n| sms(&format!("0B{n}"), 0)).collect();
    let refused = ledger.record(&many, fixture.now);
    assert!(matches!(cause(&refused), Some(StoreError::DiskFull)), "{refused:?}");
    let group = tickets.into_iter().map(|ticket| (ticket, accepted())).collect();
    let _ = ledger.settle(group, fixture.now).unwrap();
    assert!(fixture.path().with_file_name("ledger.db.ballast").exists());
}

#[test]
fn when_even_the_ballast_does_not_help_the_tickets_come_back() {
    let fixture = Fixture::new();
    let mut ledger = fixture.open();
    let many: Vec<_> = (0..2000).map(|n| sms(&format!("0A{n}"), 0)).collect();
    let recorded = ledger.record(&many, fixture.now).unwrap().recorded;
    let group: Vec<_> = recorded.into_iter().map(|recorded| (super::ready(recorded), accepted())).collect();
    let limit =
        |ledger: &Ledger, pages: i64| ledger.sqlite().pragma_update(None, "max_page_count", pages).unwrap();
    let pages = ledger.sqlite().pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    limit(&ledger, pages);
    let unsettled = ledger.settle(group, fixture.now).unwrap_err();
    assert!(unsettled.cause.is_disk_full(), "{unsettled:?}");
    assert!(!fixture.path().with_file_name("ledger.db.ballast").exists());
    limit(&ledger, pages * 2);
    let _ = ledger.settle(unsettled.group, fixture.now).unwrap();
    let in_the_way = fixture.path().with_file_name("ledger.db.ballast");
    fs::create_dir(&in_the_way).unwrap();
    let refused = ledger.record(&many, fixture.now);
    assert!(matches!(cause(&refused), Some(StoreError::File { .. })), "not for want of room: {refused:?}");
    fs::remove_dir(&in_the_way).unwrap();
    let again = ledger.record(&many, fixture.now).unwrap().recorded;
    assert!(fixture.path().with_file_name("ledger.db.ballast").exists());
    assert!(again.iter().all(|again| matches!(again, Recorded::Known(_, Known::Accepted))));
}

#[test]
fn a_ledger_of_another_users_is_refused_also_for_root() {
    let fixture = Fixture::new();
    fixture.open().close(fixture.now).unwrap();
    // Only root may give a file away.
    if std::os::unix::fs::chown(fixture.path(), Some(4711), None).is_ok() {
        let refused = open(&fixture.path());
        assert!(matches!(cause(&refused), Some(StoreError::Anothers { owner: 4711, .. })), "{refused:?}");
        assert!(matches!(cause(&LedgerReader::open(&fixture.path())), Some(StoreError::Anothers { .. })));
    }
}
