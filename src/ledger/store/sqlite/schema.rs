//! The database: how it is opened, recognised as ours, laid out and migrated.
//!
//! This file does not know what the rows mean.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction};

use crate::failpoint::{Promise, is_broken};

use super::draft::{self, Draft};
use super::place::{Occupant, Place, open_to_look};
use super::queue;
use crate::ledger::store::StoreError;

/// "nxcv": by this file(1) and this program recognise a ledger.
const APPLICATION_ID: i64 = 0x6E78_6376;

/// The first version without the bug that resets a write-ahead log in use.
const OLDEST_SQLITE: i32 = 3_051_003;

/// How long a writer waits for another one.
const BUSY: Duration = Duration::from_secs(10);

/// The log is written back every 8 MiB, not every 4: pages of the key's index that many groups touch are then written
/// less often; more would be faster, and would ask for a larger ballast. A log that a larger transaction has made longer is cut back.
const LOG_PAGES: i64 = 2048;

/// Pages kept in memory: enough for those that a group touches, also with message-ids in random order. Three times as many saved
/// nothing with a million of these, because SQLite looks through all of them at the commit after a page was split.
const CACHE_KIB: i64 = 4 * 1024;

/// Every step from an empty database to today's. Steps are only ever added; the number of steps taken is the schema's
/// version.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE account (
        id          INTEGER PRIMARY KEY,
        fingerprint TEXT NOT NULL UNIQUE
    ) STRICT;

    -- Runs that have not ended cleanly: living ones and crashed ones; the lock files tell which.
    CREATE TABLE run (
        id      INTEGER PRIMARY KEY AUTOINCREMENT,
        started INTEGER NOT NULL
    ) STRICT;

    -- The order of `id` is the order of recording. `key_time` is `timestamp`, or -1 where the input gave none.
    CREATE TABLE conversion (
        id           INTEGER PRIMARY KEY,
        account      INTEGER NOT NULL,
        channel      INTEGER NOT NULL,
        message_id   TEXT    NOT NULL,
        delivered    INTEGER NOT NULL,
        key_time     INTEGER NOT NULL,
        timestamp    INTEGER NOT NULL,
        state        INTEGER NOT NULL,
        owner        INTEGER NOT NULL,
        recorded     INTEGER NOT NULL,
        next_attempt INTEGER NOT NULL,
        line         INTEGER NOT NULL,
        rounds       INTEGER NOT NULL DEFAULT 0,
        postponed_by INTEGER NOT NULL DEFAULT 0,
        attempts     INTEGER NOT NULL DEFAULT 0,
        ambiguous    INTEGER NOT NULL DEFAULT 0,
        settled      INTEGER,
        http_status  INTEGER,
        code         TEXT,
        reached      INTEGER,
        message      TEXT,
        reference    TEXT
    ) STRICT;
    -- The message-id stands first because it nearly always decides: comparing what is nearly always equal costs most.
    CREATE UNIQUE INDEX conversion_key ON conversion (message_id, account, channel, key_time, delivered);
    CREATE INDEX conversion_pending ON conversion (account, owner, state, next_attempt) WHERE state < 2;
    CREATE INDEX conversion_settled ON conversion (state, settled) WHERE state >= 2;

    -- Input that was no record. The digest keeps a file that is read every hour from filling the table.
    CREATE TABLE unreadable (
        id        INTEGER PRIMARY KEY,
        account   INTEGER NOT NULL,
        digest    BLOB    NOT NULL,
        raw       BLOB    NOT NULL,
        line      INTEGER NOT NULL,
        reference TEXT,
        code      TEXT    NOT NULL,
        message   TEXT    NOT NULL,
        seen      INTEGER NOT NULL,
        UNIQUE (account, digest)
    ) STRICT;
    CREATE INDEX unreadable_seen ON unreadable (seen);
", "
    -- One-time codes that a log told of. `closes` is when silence becomes false. `sent` is not known of a code whose conversion
    -- came first, and its `channel` may not be: then `raw` is the line. Times are the log's, but for `arrived`, the clock's.
    CREATE TABLE code (
        id         INTEGER PRIMARY KEY,
        account    INTEGER NOT NULL,
        channel    INTEGER,
        message_id TEXT    NOT NULL,
        state      INTEGER NOT NULL,
        owner      INTEGER NOT NULL,
        sent       INTEGER,
        closes     INTEGER,
        converted  INTEGER,
        arrived    INTEGER NOT NULL,
        line       INTEGER NOT NULL,
        reference  TEXT,
        raw        BLOB
    ) STRICT;
    CREATE INDEX code_closes ON code (account, owner, closes) WHERE state = 0;
    CREATE INDEX code_open ON code (account, owner, arrived) WHERE state = 0;
    CREATE INDEX code_unplaced ON code (account, arrived) WHERE state = 1;
    CREATE INDEX code_ended ON code (arrived) WHERE state > 1;
    CREATE INDEX code_reference ON code (reference, account) WHERE reference NOT NULL;

    -- Which code a message-id belongs to: a long message has several.
    CREATE TABLE part (
        message_id TEXT    NOT NULL,
        account    INTEGER NOT NULL,
        code       INTEGER NOT NULL,
        PRIMARY KEY (message_id, account)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX part_code ON part (code);
", "
    -- The most that the run has sent and not settled at any time. Earlier versions did not say; 64 is what 16 jobs have.
    ALTER TABLE run ADD COLUMN unsettled_max INTEGER NOT NULL DEFAULT 64;
", "
    -- 1 where the message-id has few rows. A message-id with many has no such row, and is read by these indices; ordinary rows
    -- are in neither.
    ALTER TABLE conversion ADD COLUMN alone INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX conversion_lane ON conversion (message_id, account, channel, state, timestamp) WHERE alone = 0;
    CREATE INDEX conversion_waiting ON conversion (message_id, account, channel, owner) WHERE alone = 0 AND state = 0;
", "
    -- A file of a log, by its name or by what the file is; `read` is when a run last read it.
    CREATE TABLE source (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        account  INTEGER NOT NULL,
        name     TEXT,
        identity TEXT,
        read     INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX source_name ON source (account, name) WHERE name NOT NULL;
    CREATE INDEX source_identity ON source (account, identity) WHERE identity NOT NULL;

    -- The file that told of the code; 0 where that is not known again.
    ALTER TABLE code ADD COLUMN source INTEGER NOT NULL DEFAULT 0;
    DROP INDEX code_closes;
    DROP INDEX code_open;
    DROP INDEX code_reference;
    CREATE INDEX code_closes ON code (account, owner, source, closes) WHERE state = 0;
    CREATE INDEX code_open ON code (account, owner, source, arrived) WHERE state = 0;
    CREATE INDEX code_mark ON code (reference, account, channel, sent) WHERE reference NOT NULL;

    -- One message-id over two channels is of two codes. `sent` is when the part was sent itself.
    CREATE TABLE part_of_channel (
        message_id TEXT    NOT NULL,
        account    INTEGER NOT NULL,
        code       INTEGER NOT NULL,
        sent       INTEGER,
        line       INTEGER NOT NULL,
        PRIMARY KEY (message_id, account, code)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO part_of_channel SELECT part.message_id, part.account, code, sent, line FROM part JOIN code ON code.id = code;
    DROP TABLE part;
    ALTER TABLE part_of_channel RENAME TO part;
    CREATE INDEX part_code ON part (code);
", "
    -- How far a followed file has been read: what stands before `read_to` is recorded. `file` is a digest of the path and of how
    -- it is read, `identity` what the file is wherever it is moved, `head` a digest of its first `head_size` bytes.
    CREATE TABLE followed (
        account   INTEGER NOT NULL,
        file      BLOB    NOT NULL,
        identity  TEXT    NOT NULL,
        path      TEXT    NOT NULL,
        read_to   INTEGER NOT NULL,
        lines     INTEGER NOT NULL,
        head      BLOB    NOT NULL,
        head_size INTEGER NOT NULL,
        read      INTEGER NOT NULL,
        PRIMARY KEY (account, file, identity)
    ) STRICT, WITHOUT ROWID;

    -- How the last run of each command ended.
    CREATE TABLE ended (
        account   INTEGER NOT NULL,
        command   TEXT    NOT NULL,
        at        INTEGER NOT NULL,
        exit_code INTEGER NOT NULL,
        PRIMARY KEY (account, command)
    ) STRICT, WITHOUT ROWID;

    -- The release that took the last of these steps, for older ones to name. One row.
    CREATE TABLE program (
        version TEXT NOT NULL
    ) STRICT;
", "
    -- What a run has in hand: ranges of rows, of which some are held by it. A row that is handed out as it is recorded is in no other
    -- index than its key's. `notes` is 1 for runs that note this, and count in `tally` what they settle.
    CREATE TABLE held (
        run   INTEGER NOT NULL,
        first INTEGER NOT NULL,
        last  INTEGER NOT NULL,
        PRIMARY KEY (run, first)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO held SELECT owner, id, id FROM conversion WHERE state = 1 AND state < 2;
    ALTER TABLE run ADD COLUMN notes INTEGER NOT NULL DEFAULT 0;
    DROP INDEX conversion_pending;
    CREATE INDEX conversion_queued ON conversion (account, owner, next_attempt, id, recorded) WHERE state = 0;

    -- From here on `alone` is 2 where the message-id has no other row.

    -- How many settled rows there are, none of them settled before `since`. A row for the account 0, which no account has, says that
    -- the others are right.
    CREATE TABLE tally (
        account INTEGER NOT NULL,
        state   INTEGER NOT NULL,
        rows    INTEGER NOT NULL,
        since   INTEGER NOT NULL,
        PRIMARY KEY (account, state)
    ) STRICT, WITHOUT ROWID;
"];

/// The version that this program writes.
pub(crate) fn known_version() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Opens the ledger at a place for writing, making a new one where there is nothing.
pub(super) fn open(place: &Place) -> Result<Connection, StoreError> {
    refuse_old_sqlite()?;
    // Also where there is a ledger: of several who made it, one may have been killed when another had won. What cannot be
    // cleared away does no harm.
    let _ = draft::clear_away(place);
    if place.occupant()? == Occupant::Nothing {
        create(place)?;
    }
    open_existing(place)
}

/// Opens a ledger that exists for writing.
pub(super) fn open_existing(place: &Place) -> Result<Connection, StoreError> {
    refuse_old_sqlite()?;
    let mut db = connect(place, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    if db.is_readonly("main")? {
        return Err(StoreError::ReadOnly);
    }
    place.close_to_others()?;
    for (name, value) in [("journal_mode", "wal"), ("synchronous", "full")] {
        db.pragma_update(None, name, value)?;
    }
    for (name, value) in
        [("cache_size", -CACHE_KIB), ("wal_autocheckpoint", LOG_PAGES), ("journal_size_limit", LOG_PAGES * 4096)]
    {
        db.pragma_update(None, name, value)?;
    }
    // Reading it opens the log, which is there from then on.
    let version = pragma(&db, "user_version")?;
    name_the_log(place)?;
    if version < known_version() {
        let writing = queue::begin(&mut db, place)?;
        migrate(&writing)?;
        writing.commit()?;
    }
    place.close_to_others()?;
    Ok(db)
}

/// Makes the name of an open ledger's log last before anything is in it. `.cargo/config.toml` has SQLite built without its own way,
/// which is a sync of the folder in each process that writes, whether or not the log was there before.
fn name_the_log(place: &Place) -> Result<(), StoreError> {
    let log = place.companion("-wal");
    let is_new = fs::metadata(&log).map_err(|source| StoreError::file("look at", &log, source))?.len() == 0;
    if is_new && !is_broken(Promise::LogIsNamed) {
        place.sync_names().map_err(|source| StoreError::file("sync folder", &place.folder, source))?;
    }
    Ok(())
}

/// Opens a ledger that exists for reading; nothing is created, migrated or repaired.
pub(super) fn open_to_read(place: &Place) -> Result<Connection, StoreError> {
    refuse_old_sqlite()?;
    connect(place, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// Opens a ledger that exists for a transaction that is rolled back; nothing is created, migrated or repaired.
pub(super) fn open_to_try(place: &Place) -> Result<Connection, StoreError> {
    refuse_old_sqlite()?;
    let db = connect(place, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    if db.is_readonly("main")? {
        return Err(StoreError::ReadOnly);
    }
    Ok(db)
}

/// How many rows a check looks at.
const NEWEST: i64 = 1000;

/// Tables that stay small.
const SMALL: [&str; 4] = ["account", "run", "held", "tally"];

/// One for each of the newest rows that its key's index does not have.
const NOT_FOUND_BY_KEY: &str = "SELECT 1 FROM (SELECT * FROM conversion ORDER BY id DESC LIMIT ?1) AS new
     WHERE NOT EXISTS (
         SELECT 1 FROM conversion AS found INDEXED BY conversion_key
         WHERE (found.message_id, found.account, found.channel, found.key_time, found.delivered, found.id)
             = (new.message_id, new.account, new.channel, new.key_time, new.delivered, new.id))
     LIMIT 1";

/// Looks for damage where a run that did not end cleanly wrote last: a bounded part, however much the ledger holds. What is
/// damaged elsewhere is found when it is read.
pub(super) fn check(db: &Connection) -> Result<(), StoreError> {
    for table in SMALL {
        let found: String = db.query_row(&format!("PRAGMA quick_check({table})"), [], |row| row.get(0))?;
        if found != "ok" {
            return Err(StoreError::Damaged(found));
        }
    }
    if db.prepare(NOT_FOUND_BY_KEY)?.exists([NEWEST])? {
        return Err(StoreError::Damaged("a row of those recorded last is missing in an index".to_owned()));
    }
    Ok(())
}

fn refuse_old_sqlite() -> Result<(), StoreError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(StoreError::SqliteTooOld(rusqlite::version()));
    }
    Ok(())
}

pub(crate) fn create(place: &Place) -> Result<(), StoreError> {
    let failed = |source| StoreError::file("create", &place.file, source);
    let draft = Draft::begin(place).map_err(failed)?;
    build(draft.path())?;
    draft.publish(place).map_err(failed)
}

fn build(draft: &Path) -> rusqlite::Result<()> {
    let mut db = Connection::open_with_flags(draft, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    db.pragma_update(None, "synchronous", "full")?;
    db.pragma_update(None, "application_id", APPLICATION_ID)?;
    let tx = db.transaction()?;
    migrate(&tx)?;
    tx.commit()?;
    // Switch to WAL before publishing: a crash at the ledger's place could leave a rollback journal, which read-only openers
    // cannot roll back.
    db.pragma_update(None, "journal_mode", "wal")?;
    db.close().map_err(|(_, error)| error)
}

/// Connects to a ledger of this program and version. Nothing is written before that is checked, not even by closing.
fn connect(place: &Place, access: OpenFlags) -> Result<Connection, StoreError> {
    let header = Header::read(place)?;
    header.refuse_foreign_and_newer(|| program_of(&untouched(place)?))?;
    let flags = access | OpenFlags::SQLITE_OPEN_NOFOLLOW | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(&place.file, flags)?;
    db.busy_timeout(BUSY)?;
    db.set_prepared_statement_cache_capacity(64);
    for (setting, value) in [
        // Nothing is written by closing. The log is written back when it has grown, not by every short run: that, and making
        // the log anew, would cost a run for one conversion four more syncs.
        (DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true),
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        // Without this, every new value of a parameter has the statement planned again: most of the time spent.
        (DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true),
    ] {
        db.set_db_config(setting, value)?;
    }
    db.pragma_update(None, "mmap_size", 0)?;
    // The header may be behind: a newer version's migration can still be in the log.
    let current = Header { application: pragma(&db, "application_id")?, version: pragma(&db, "user_version")? };
    current.refuse_foreign_and_newer(|| program_of(&db))?;
    Ok(db)
}

/// When a commit is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// When it returns: for conversions and their outcomes.
    Now,
    /// With the next commit that is: for what may be lost with the machine and costs only a check then.
    WithTheNext,
}

/// Sets how commits from here on are synced.
pub(super) fn set_durability(db: &Connection, durability: Durability) -> rusqlite::Result<()> {
    let synchronous = match durability {
        Durability::Now if is_broken(Promise::SyncedWhenCommitted) => "normal",
        Durability::Now => "full",
        Durability::WithTheNext => "normal",
    };
    db.pragma_update(None, "synchronous", synchronous)
}

fn pragma(db: &Connection, name: &str) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, name, |row| row.get(0))
}

/// The two numbers that show a database's program and version.
struct Header {
    application: i64,
    version: i64,
}

impl Header {
    /// Reads them from the file itself (offsets 60 and 68 of the file format), before SQLite may touch anything.
    ///
    /// Closing a file drops the POSIX locks that this process has on it, SQLite's included: one process opens a
    /// ledger once at a time.
    fn read(place: &Place) -> Result<Self, StoreError> {
        let foreign = || StoreError::Foreign;
        let mut bytes = [0; 72];
        let file = match place.occupant()? {
            Occupant::Nothing => {
                return Err(StoreError::file("open", &place.file, io::ErrorKind::NotFound.into()));
            }
            Occupant::Bytes => open_to_look(&place.file),
        };
        match file.and_then(|mut file| file.read_exact(&mut bytes)) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(foreign()),
            other => other.map_err(|source| StoreError::file("read", &place.file, source))?,
        }
        if !bytes.starts_with(b"SQLite format 3\0") {
            return Err(foreign());
        }
        let number = |at: usize| {
            let mut four = [0; 4];
            four.copy_from_slice(&bytes[at..at + 4]);
            i64::from(i32::from_be_bytes(four))
        };
        Ok(Self { application: number(68), version: number(60) })
    }

    fn refuse_foreign_and_newer(&self, program: impl FnOnce() -> Option<String>) -> Result<(), StoreError> {
        if self.application != APPLICATION_ID {
            Err(StoreError::Foreign)
        } else if self.version > known_version() {
            Err(StoreError::Newer { found: self.version, known: known_version(), program: program() })
        } else {
            Ok(())
        }
    }
}

/// Opens a file that this program cannot use as it is, without locks, logs or a byte written.
fn untouched(place: &Place) -> Option<Connection> {
    let path = place.file.to_str()?.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(format!("file:{path}?immutable=1"), flags).ok()
}

/// The release that a ledger asks for.
fn program_of(db: &Connection) -> Option<String> {
    db.query_row("SELECT version FROM program", [], |row| row.get(0)).ok()
}

/// Takes the steps that are missing. Another process may have taken them since the version was read.
fn migrate(db: &Transaction<'_>) -> rusqlite::Result<()> {
    let taken = usize::try_from(pragma(db, "user_version")?).unwrap_or_default();
    let Some(missing @ [_, ..]) = MIGRATIONS.get(taken..) else { return Ok(()) };
    for step in missing {
        db.execute_batch(step)?;
    }
    db.execute_batch("DELETE FROM program")?;
    db.execute("INSERT INTO program (version) VALUES (?1)", [env!("CARGO_PKG_VERSION")])?;
    db.pragma_update(None, "user_version", known_version())
}
