//! Ledgers of earlier versions as their users have them: read as they are, brought up to date by the first run that writes, and
//! nothing in them changes on the way.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::Value;

use super::super::schema::known_version;
use super::{Fixture, accepted, account, at, failed, sms};
use crate::domain::{Channel, CodeEvent, Conversion, Happening, MessageId, Record, TimeSource};
use crate::files::Held;
use crate::ledger::{
    Arrived, CodeRules, Due, Expiry, Known, Ledger, LedgerReader, LogSource, Original, Recorded, StoreError,
};

const VERSION_1: &str = include_str!("testdata/version-1.sql");
const VERSION_4: &str = include_str!("testdata/version-4.sql");
const VERSION_5: &str = include_str!("testdata/version-5.sql");
/// What a version-1 program knew of.
const TABLES: [(&str, &str); 4] = [
    ("account", "id, fingerprint"),
    ("run", "id, started"),
    (
        "conversion",
        "id, account, channel, message_id, delivered, key_time, timestamp, state, owner, recorded, next_attempt, line, rounds, \
         postponed_by, attempts, ambiguous, settled, http_status, code, reached, message, reference",
    ),
    ("unreadable", "id, account, digest, raw, line, reference, code, message, seen"),
];

fn made_by_version_1() -> Fixture {
    made_by(VERSION_1)
}

fn made_by(version: &str) -> Fixture {
    let fixture = Fixture::new();
    let folder = fixture.path().parent().unwrap().to_owned();
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(folder, Permissions::from_mode(0o700)).unwrap();
    let db = Connection::open(fixture.path()).unwrap();
    db.pragma_update(None, "journal_mode", "wal").unwrap();
    db.execute_batch(version).unwrap();
    db.close().unwrap();
    fs::set_permissions(fixture.path(), Permissions::from_mode(0o600)).unwrap();
    fixture
}

fn version(fixture: &Fixture) -> i64 {
    let db = Connection::open(fixture.path()).unwrap();
    db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

/// Every row that version 1 had written, by table and id, in its own columns.
fn rows(fixture: &Fixture) -> BTreeMap<(&'static str, i64), Vec<Value>> {
    let db = Connection::open(fixture.path()).unwrap();
    let mut rows = BTreeMap::new();
    for (table, columns) in TABLES {
        let mut query = db.prepare(&format!("SELECT {columns} FROM {table}")).unwrap();
        let count = query.column_count();
        let mut found = query.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            let values = (0..count).map(|column| row.get(column).unwrap()).collect();
            rows.insert((table, row.get(0).unwrap()), values);
        }
    }
    rows
}

fn counts(fixture: &Fixture) -> Vec<(&'static str, u64)> {
    let status = LedgerReader::open(&fixture.path()).unwrap().unwrap().status().unwrap();
    assert!(status.iter().all(|row| row.account == account("abcd1234").as_str()));
    status.iter().map(|row| (row.kept.as_str(), row.count)).collect()
}

/// After a run has begun, what the killed run had in hand waits again.
const WAITING_AGAIN: [(&str, u64); 6] =
    [("queued", 3), ("accepted", 1), ("refused", 1), ("expired", 1), ("stale", 1), ("unreadable", 1)];

const KEPT: [(&str, u64); 7] = [
    ("queued", 2),
    ("in_flight", 1),
    ("accepted", 1),
    ("refused", 1),
    ("expired", 1),
    ("stale", 1),
    ("unreadable", 1),
];

#[test]
fn looking_at_it_leaves_it_as_it_is() {
    let fixture = made_by_version_1();
    let before = fs::read(fixture.path()).unwrap();
    assert_eq!(counts(&fixture), KEPT);
    let reader = LedgerReader::open(&fixture.path()).unwrap().unwrap();
    let mut letters = Vec::new();
    reader.refused(|letter| letters.push(letter.original)).unwrap();
    let shown: Vec<_> = letters
        .iter()
        .map(|letter| match letter {
            Original::Record { record, http_status, .. } => (record.conversion.message_id.as_str(), *http_status),
            Original::Unreadable(record) => (str::from_utf8(&record.raw).unwrap(), None),
        })
        .collect();
    assert_eq!(shown, [("REFUSED", Some(420)), ("EXPIRED", None), ("no record", None)]);
    assert_eq!(reader.accounts().unwrap(), [account("abcd1234").as_str()]);
    drop(reader);
    assert_eq!(version(&fixture), 1);
    assert!(fs::read(fixture.path()).unwrap() == before, "the file was written to");
}

#[test]
fn the_first_run_brings_it_up_to_date_and_changes_no_row_but_those_that_the_killed_run_had_in_hand() {
    const STATE: usize = 7;
    const OWNER: usize = 8;
    let fixture = made_by_version_1();
    let mut before = rows(&fixture);
    let mut given_back = 0;
    for row in before.iter_mut().filter(|(key, row)| key.0 == "conversion" && row[STATE] == Value::Integer(1)) {
        (row.1[STATE], row.1[OWNER]) = (Value::Integer(0), Value::Integer(0));
        given_back += 1;
    }
    assert_eq!(given_back, 1);
    assert_eq!(before.len(), 1 + 1 + 7 + 1);
    let ledger = fixture.open();
    assert_eq!(ledger.unclean_stops().runs, 1, "the run that was killed is known");
    ledger.close(fixture.now).unwrap();
    assert_eq!(version(&fixture), known_version());
    let mut after = rows(&fixture);
    after.retain(|(table, _), _| *table != "run");
    for (key, row) in &before {
        assert!(key.0 == "run" || after.get(key) == Some(row), "{key:?}: {row:?} became {:?}", after.get(key));
    }
    assert_eq!(after.len(), before.len() - 1);
    // A second time there is nothing to do.
    fixture.open().close(fixture.now).unwrap();
    assert_eq!(counts(&fixture), WAITING_AGAIN);
}

/// A program of the version before that runs on while the file is brought up to date notes nothing of what it does.
#[test]
fn what_a_run_of_an_earlier_version_does_afterwards_is_found_and_counted() {
    let fixture = made_by_version_1();
    fixture.open().close(fixture.now).unwrap();
    let db = Connection::open(fixture.path()).unwrap();
    db.execute_batch(
        "INSERT INTO run (id, started) VALUES (700, 0);
         INSERT INTO conversion (account, channel, message_id, delivered, key_time, timestamp, state, owner, recorded, next_attempt, line, settled)
         VALUES (1, 0, 'HELD-LATER', 1, -1, 1795310720, 1, 700, 1795310721, 1795310721, 1, NULL),
                (1, 0, 'ACCEPTED-LATER', 1, -1, 1795310720, 2, 0, 1795310721, 1795310721, 1, 1795310722)",
    )
    .unwrap();
    let lock = fixture.path().with_file_name("ledger.db.run-700.lock");
    let alive = Held::lock(fs::File::create(&lock).unwrap()).unwrap();
    let mut ledger = fixture.open();
    assert_eq!(ledger.adopted(Due::Everything, fixture.now).len(), 3, "what a live run has is its own");
    drop(alive);
    ledger.close(fixture.now).unwrap();
    let counted = |state| counts(&fixture).iter().find(|(name, _)| *name == state).map(|(_, count)| *count);
    assert_eq!(counted("accepted"), Some(2));
    let mut ledger = fixture.open();
    assert_eq!(ledger.unclean_stops().runs, 1);
    let left = ledger.adopted(Due::Everything, fixture.now);
    assert!(left.iter().any(|ticket| ticket.conversion().message_id.as_str() == "HELD-LATER"));
    ledger.close(fixture.now).unwrap();
    let ledger = fixture.open();
    ledger.assert_noted();
    assert_eq!(counted("accepted"), Some(2));
}

#[test]
fn what_was_pending_is_sent_and_what_was_settled_is_known() {
    let fixture = made_by_version_1();
    let mut ledger = fixture.open();
    let known = |ledger: &mut Ledger, record: &Record| match ledger.enter(record, fixture.now) {
        Recorded::Known(_, known) => known,
        other @ (Recorded::Ready(_) | Recorded::Waiting(..)) => panic!("{other:?} is news"),
    };
    assert_eq!(known(&mut ledger, &sms("ACCEPTED", -126)), Known::Accepted);
    let on_voice = |record: Record| Record {
        conversion: Conversion { channel: Channel::Voice, ..record.conversion },
        ..record
    };
    let refused = known(&mut ledger, &on_voice(failed(sms("REFUSED", -126))));
    assert!(matches!(refused, Known::Refused { http_status: 420, .. }), "{refused:?}");
    assert_eq!(known(&mut ledger, &failed(sms("ACCEPTED", -226))), Known::Stale);

    let tickets = ledger.adopted(Due::Everything, fixture.now);
    let mut taken: Vec<_> = tickets
        .iter()
        .map(|ticket| (ticket.conversion().message_id.to_string(), ticket.conversion().channel))
        .collect();
    taken.sort_by(|a, b| a.0.cmp(&b.0));
    let expected = [("HELD", Channel::Voice), ("POSTPONED", Channel::Sms), ("QUEUED", Channel::Sms)];
    assert_eq!(taken, expected.map(|(id, channel)| (id.to_owned(), channel)));
    for ticket in tickets {
        let _ = ledger.end(ticket, accepted(), fixture.now);
    }
    ledger.close(fixture.now).unwrap();
    assert_eq!(
        counts(&fixture),
        [("accepted", 4), ("refused", 1), ("expired", 1), ("stale", 1), ("unreadable", 1)]
    );
}

/// Every row of every table that version 5 had.
fn all_rows(fixture: &Fixture) -> Vec<(&'static str, Vec<Value>)> {
    let db = Connection::open(fixture.path()).unwrap();
    let mut rows = Vec::new();
    for table in ["account", "conversion", "unreadable", "code", "part", "source"] {
        let mut query = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let count = query.column_count();
        let read = query.query_map([], |row| (0..count).map(|column| row.get(column)).collect());
        rows.extend(read.unwrap().map(|row| (table, row.unwrap())));
    }
    rows
}

#[test]
fn the_first_run_brings_version_5_up_to_date_and_the_file_names_this_release() {
    let fixture = made_by(VERSION_5);
    let before = all_rows(&fixture);
    assert_eq!(before.len(), 1 + 4 + 1 + 2 + 2 + 1);
    fixture.open().close(fixture.now).unwrap();
    assert_eq!(version(&fixture), known_version());
    assert_eq!(all_rows(&fixture), before);
    let db = Connection::open(fixture.path()).unwrap();
    let program: String = db.query_row("SELECT version FROM program", [], |row| row.get(0)).unwrap();
    assert_eq!(program, env!("CARGO_PKG_VERSION"));
}

#[test]
fn an_older_program_says_which_release_a_newer_file_asks_for_and_leaves_it_as_it_is() {
    let fixture = Fixture::new();
    fixture.open().close(fixture.now).unwrap();
    let db = Connection::open(fixture.path()).unwrap();
    db.execute_batch(
        "UPDATE program SET version = '7.8.9'; PRAGMA user_version = 999; PRAGMA wal_checkpoint(TRUNCATE)",
    )
    .unwrap();
    db.close().unwrap();
    let before = fs::read(fixture.path()).unwrap();
    let refused = Ledger::open(&fixture.path(), &account("abcd1234"), 64, fixture.now);
    let refused = refused.expect_err("a newer schema");
    let StoreError::Newer { found: 999, program: Some(program), .. } = refused.cause() else {
        panic!("{refused:?}")
    };
    assert_eq!(program, "7.8.9");
    assert!(fs::read(fixture.path()).unwrap() == before, "the file was written to");
    assert!(!fixture.path().with_file_name("ledger.db-shm").exists());
}

/// Windows that were open outlive the step to windows that belong to a log: whoever reads it again has them, and the clock.
#[test]
fn open_windows_of_version_4_stay_open_until_they_are_read_again_or_the_clock_ends_them() {
    const RULES: CodeRules = CodeRules { lasts: Duration::from_secs(600), parts_within: Duration::from_secs(10) };
    let fixture = made_by(VERSION_4);
    let mut ledger = fixture.open();
    let file = LogSource { name: Some("/log".to_owned()), identity: None };
    ledger.reads(&[file], fixture.now).unwrap();
    let silent = |ledger: &mut Ledger, expiry| ledger.expire_codes(expiry, 10, fixture.now).unwrap().counts.silent;
    let by_log = Expiry::ByLog(at(100_000));
    assert_eq!(silent(&mut ledger, by_log), 0, "no log is known to have told of them");
    let event = |id: &str, happening, seconds| CodeEvent {
        line: 1,
        source: 0,
        reference: None,
        happening,
        message_id: MessageId::parse(id).unwrap(),
        channel: None,
        timestamp: at(seconds),
        time: TimeSource::Given,
        doubts: Vec::new(),
        raw: Vec::new(),
    };
    let sent = |id, seconds| CodeEvent { channel: Some(Channel::Sms), ..event(id, Happening::Sent, seconds) };
    let mut counts = |events: &[CodeEvent]| ledger.observe(events, RULES, fixture.now).unwrap().counts;
    let part = counts(&[event("PART", Happening::Converted, 100)]);
    assert_eq!((part.converted, part.repeated), (1, 0), "its parts are known");
    assert_eq!(counts(&[event("PART", Happening::Converted, 100)]).repeated, 1);
    assert_eq!(counts(&[event("LATE", Happening::Converted, 100)]).late, 1);
    assert_eq!(counts(&[sent("ALSO-OPEN", -6)]).repeated, 1);
    assert_eq!(silent(&mut ledger, by_log), 1, "what is read again is of the log that it is read from");

    let fixture = made_by(VERSION_4);
    let mut ledger = fixture.open();
    assert_eq!(silent(&mut ledger, Expiry::ByClock(Arrived { ours: at(0), others: at(-5) })), 0);
    assert_eq!(silent(&mut ledger, Expiry::ByClock(Arrived { ours: at(0), others: at(0) })), 2);
}
