//! What was told and what came of it, on disk: a conversion is written down before it is sent, and its outcome after.
//!
//! One thread owns a [`Ledger`]. It [records](Ledger::record) groups of records and gets a [`Ticket`] for each that is
//! to be sent; senders deliver what a ticket shows; [`Ledger::settle`] takes tickets back in groups. Several processes
//! may work on one file: the key decides who sends, rows of a run that died are taken over, and the values of one
//! message-id go one at a time, oldest first.
//!
//! This room knows SQLite and the files around it. It does not know how a conversion is sent, what a secret is, or
//! what is told to people.

mod adoption;
mod ballast;
mod code;
mod draft;
mod error;
mod evidence;
mod forget;
mod history;
mod intake;
mod lane;
mod outcome;
mod place;
mod queue;
mod reader;
mod row;
mod run;
mod schema;
#[cfg(test)]
mod tests;
mod ticket;
mod trial;

use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Row, params};

pub use code::{Closing, CodeCounts, Observed};
pub use error::LedgerError;
pub use evidence::{AcceptedRow, EffortSpent, Pending, Remainder, SettledOtherwise, Stretch};
pub use forget::{Forget, forget};
pub use history::{HistoryRow, OpenCode};
pub use reader::{DeadLetter, Kept, LedgerReader, Original, StatusRow};
pub use row::State;
pub use ticket::{
    Due, Effort, Entries, Known, LeftOver, Novelty, Origin, Recorded, Released, RowId, Settlement, Stale, Ticket,
    Unsettled,
};
pub use trial::try_to_write;

use crate::domain::{AccountFingerprint, BadRecord, CodeEvent, Record, Timestamp};

use lane::{Desk, Statements};
use place::Place;
use queue::begin;
use run::{Owners, RunId, RunLock};
use schema::Durability;

/// The version of SQLite that is built in.
#[must_use]
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

/// The ledger, open for one run of one account.
///
/// Dropping it without [`Ledger::close`] is what a crash looks like: nothing is lost, and the next run checks the file
/// and adopts what is pending.
#[derive(Debug)]
pub struct Ledger {
    db: Connection,
    place: Place,
    account: i64,
    lock: RunLock,
    entered: u64,
    /// Runs that were found dead. They are forgotten by the first run that ends, and so has told of them.
    dead: Vec<DeadRun>,
    ballast: Ballast,
}

/// Runs that died, and what they may cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UncleanStops {
    /// How many.
    pub runs: u64,
    /// How many requests all of them together may have sent and not settled: the most that is sent twice.
    pub repeats: u64,
}

/// A run that died, with its own window.
#[derive(Debug, Clone, Copy)]
struct DeadRun {
    id: RunId,
    window: u64,
}

/// The room that settling can count on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ballast {
    /// As it was when the run began.
    Kept,
    /// Given away by this run.
    Burnt,
}

impl Ledger {
    /// Opens the ledger, making it and its folders where they are missing, and begins a run that never has more than
    /// `window` requests sent and not settled.
    pub fn open(
        path: &Path,
        account: &AccountFingerprint,
        window: usize,
        now: Timestamp,
    ) -> Result<Self, LedgerError> {
        let place = Place::prepare(path)?;
        Self::open_at(&place, account, window, now).map_err(|error| place.explain(error))
    }

    fn open_at(
        place: &Place,
        account: &AccountFingerprint,
        window: usize,
        now: Timestamp,
    ) -> Result<Self, LedgerError> {
        let mut db = schema::open(place)?;
        // A run that the machine forgets has recorded nothing: its first record syncs its beginning, too.
        durability(&db, place, Durability::WithTheNext)?;
        let mut begun = begin_run(&mut db, place, account, window, now);
        if let Err(LedgerError::DiskFull { .. }) = begun {
            make_room(&db, place);
            begun = begin_run(&mut db, place, account, window, now);
        }
        let Begun { account, lock, dead } = begun?;
        // A disk that has no room even for it is no reason not to open.
        let _ = ballast::lay(place);
        durability(&db, place, Durability::Now)?;
        Ok(Self { db, place: place.clone(), account, lock, entered: 0, dead, ballast: Ballast::Kept })
    }

    /// Opens a ledger that is thrown away: what is written to it need not survive the machine.
    pub fn open_scratch(path: &Path, account: &AccountFingerprint, now: Timestamp) -> Result<Self, LedgerError> {
        // No later run will ask what this one may have repeated.
        let ledger = Self::open(path, account, 1, now)?;
        durability(&ledger.db, &ledger.place, Durability::WithTheNext)?;
        Ok(ledger)
    }

    /// The runs that have died since the last one that ended. What each had sent and not settled is sent again.
    #[must_use]
    pub fn unclean_stops(&self) -> UncleanStops {
        let repeats = self.dead.iter().fold(0, |sum: u64, run| sum.saturating_add(run.window));
        UncleanStops { runs: self.dead.len() as u64, repeats }
    }

    /// Writes a group down in one transaction; when this returns, the group is on disk. After an error nothing of it
    /// is recorded. On a disk that was full, nothing is until there is room for the ballast again: what was recorded without it
    /// could perhaps not be settled.
    pub fn record(&mut self, records: &[Record], now: Timestamp) -> Result<Entries, LedgerError> {
        self.lay_ballast_again()?;
        self.entered = self.entered.saturating_add(records.len() as u64);
        self.write(now, |desk| desk.record(records))
    }

    /// Takes a group of a log's events and records the conversions that follow from them, in one transaction. `window` is how
    /// long a code may take to convert.
    pub fn observe(
        &mut self,
        events: &[CodeEvent],
        window: Duration,
        now: Timestamp,
    ) -> Result<Observed, LedgerError> {
        self.lay_ballast_again()?;
        self.entered = self.entered.saturating_add(events.len() as u64);
        self.write(now, |desk| desk.observe(events, seconds(window)))
    }

    /// Closes up to `limit` windows of codes that no other living run watches, and records that these did not convert.
    pub fn close_windows(
        &mut self,
        closing: Closing,
        limit: usize,
        now: Timestamp,
    ) -> Result<Observed, LedgerError> {
        self.lay_ballast_again()?;
        self.write(now, |desk| desk.close_windows(closing, limit))
    }

    /// Gives up some of the conversions that arrived at or before this time without telling their channel; asked again and again,
    /// all of them. They are dead letters then.
    pub fn give_up_unplaced(&mut self, arrived: Timestamp, now: Timestamp) -> Result<Vec<BadRecord>, LedgerError> {
        self.write(now, |desk| desk.give_up_unplaced(arrived))
    }

    /// How many windows are open that no other living run watches.
    pub fn open_windows(&mut self, now: Timestamp) -> Result<u64, LedgerError> {
        self.write(now, code::open_windows)
    }

    /// Keeps input that was no record as dead letters, and says of each whether it was kept before.
    pub fn record_refused(&mut self, records: &[BadRecord], now: Timestamp) -> Result<Vec<Novelty>, LedgerError> {
        self.lay_ballast_again()?;
        self.write(now, |desk| desk.record_refused(records).map_err(|error| desk.failed(error)))
    }

    /// Writes down how a group of deliveries ended, in one transaction, and hands out what waited behind them.
    ///
    /// On a full disk the ballast is given away and the log written back first; if that is not enough, the tickets come back.
    /// What the log gave back is kept as ballast again, where it is enough for that: writing back a log that has filled the
    /// last page of the disk would fail for the first page by which the database has to grow.
    pub fn settle(&mut self, group: Vec<(Ticket, Settlement)>, now: Timestamp) -> Result<Released, Unsettled> {
        let mut settled = self.write(now, |desk| desk.settle(&group));
        if let Err(LedgerError::DiskFull { .. }) = settled {
            make_room(&self.db, &self.place);
            self.ballast = Ballast::Burnt;
            settled = self.write(now, |desk| desk.settle(&group));
            if settled.is_ok() {
                let _ = self.lay_ballast_again();
            }
        }
        settled.map_err(|cause| Unsettled { group, cause })
    }

    /// Takes over up to `limit` rows of this account that no living run works on, and rows of this run that waited
    /// for another one. Asked again and again, it comes to an end: what this run postpones waits for its time.
    pub fn adopt(&mut self, limit: usize, due: Due, now: Timestamp) -> Result<Released, LedgerError> {
        self.write(now, |desk| desk.adopt(limit, due))
    }

    /// What is pending of this account and no other living run's.
    pub fn left_over(&mut self, now: Timestamp) -> Result<Option<LeftOver>, LedgerError> {
        #[expect(clippy::redundant_closure_for_method_calls, reason = "not general enough for every desk")]
        self.write(now, |desk| desk.left_over())
    }

    /// Ends the run cleanly. What is pending stays so; settled rows whose time has passed are removed, at least twice
    /// as many as were recorded, so that the ledger cannot outgrow its 30 days.
    pub fn close(mut self, now: Timestamp) -> Result<(), LedgerError> {
        // An end that the machine forgets looks like a crash, and the next run checks the file.
        durability(&self.db, &self.place, Durability::WithTheNext)?;
        let tidied = forget::prune(&mut self.db, &self.place, self.entered, now);
        let told: Vec<_> = std::iter::once(self.lock.run).chain(self.dead.iter().map(|run| run.id)).collect();
        // The row goes while the lock is still held: a row without a lock is what a crash leaves.
        let forgotten = tidied.and_then(|()| forget_runs(&mut self.db, &self.place, &told));
        self.lock.end()?;
        match forgotten {
            // Told where it mattered; for want of the last row the next run checks the file.
            Ok(()) | Err(LedgerError::DiskFull { .. }) => {}
            Err(error) => return Err(error),
        }
        self.db.close().map_err(|(_, source)| LedgerError::database(&self.place.file, source))
    }

    fn lay_ballast_again(&mut self) -> Result<(), LedgerError> {
        if self.ballast == Ballast::Burnt {
            ballast::lay(&self.place).map_err(|source| {
                if source.kind() == io::ErrorKind::StorageFull {
                    LedgerError::DiskFull { path: self.place.file.clone() }
                } else {
                    LedgerError::file("keep room beside", &self.place.file, source)
                }
            })?;
            self.ballast = Ballast::Kept;
        }
        Ok(())
    }

    /// Makes every page more than there are now one too many, which SQLite reports exactly as it reports a full disk.
    #[cfg(test)]
    pub(crate) fn leave_no_room(&self) {
        let pages: i64 = self.db.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        self.db.pragma_update(None, "max_page_count", pages).unwrap();
    }

    fn write<T>(
        &mut self,
        now: Timestamp,
        work: impl FnOnce(&mut Desk<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let failed = |source| LedgerError::database(&self.place.file, source);
        let tx = begin(&mut self.db, &self.place)?;
        let mut desk = Desk {
            db: &tx,
            place: &self.place,
            account: self.account,
            owners: Owners::seen_by(self.lock.run, &self.place),
            now,
            statements: Statements::default(),
            contradicted: None,
        };
        let done = work(&mut desk)?;
        drop(desk);
        tx.commit().map_err(failed)?;
        Ok(done)
    }
}

fn seconds(window: Duration) -> i64 {
    i64::try_from(window.as_secs()).unwrap_or(i64::MAX)
}

fn durability(db: &Connection, place: &Place, durability: Durability) -> Result<(), LedgerError> {
    schema::set_durability(db, durability).map_err(|source| LedgerError::database(&place.file, source))
}

/// Gives the ballast away and has the log, where one page may stand many times, written back and cut to nothing. What
/// fails here fails again, and is told, where the room was wanted.
fn make_room(db: &Connection, place: &Place) {
    ballast::burn(place);
    let _ = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
}

/// After a run that did not end cleanly the file is checked. What is left of the run is its number, until somebody has told of
/// it: whoever buries it may be killed before.
fn bury_the_dead(db: &Connection, place: &Place) -> Result<Vec<DeadRun>, LedgerError> {
    let dead = dead_runs(db, place)?;
    if dead.is_empty() {
        return Ok(dead);
    }
    schema::check(db, place)?;
    for run in &dead {
        run::bury(place, run.id)?;
    }
    Ok(dead)
}

fn forget_runs(db: &mut Connection, place: &Place, runs: &[RunId]) -> Result<(), LedgerError> {
    let failed = |source| LedgerError::database(&place.file, source);
    let tx = begin(db, place)?;
    for run in runs {
        tx.execute("DELETE FROM run WHERE id = ?1", [run]).map_err(failed)?;
    }
    tx.commit().map_err(failed)
}

/// Runs that ended without saying so: they have a row and no lock.
fn dead_runs(db: &Connection, place: &Place) -> Result<Vec<DeadRun>, LedgerError> {
    let failed = |source| LedgerError::database(&place.file, source);
    let mut query = db.prepare("SELECT id, unsettled_max FROM run").map_err(failed)?;
    let read = |row: &Row<'_>| Ok(DeadRun { id: row.get(0)?, window: row.get::<_, i64>(1)?.unsigned_abs() });
    let runs: Vec<_> = query.query_map([], read).and_then(Iterator::collect).map_err(failed)?;
    let mut dead = Vec::new();
    for run in runs {
        // A run that has ended cleanly since its row was read has no lock, and no row any more either.
        if !run::is_living(place, run.id)? && has_row(db, run.id).map_err(failed)? {
            dead.push(run);
        }
    }
    Ok(dead)
}

fn has_row(db: &Connection, run: RunId) -> rusqlite::Result<bool> {
    db.query_row("SELECT EXISTS (SELECT 1 FROM run WHERE id = ?1)", [run], |row| row.get(0))
}

/// A run that has begun.
struct Begun {
    account: i64,
    lock: RunLock,
    dead: Vec<DeadRun>,
}

/// Clears up after the dead and begins.
///
/// The run's row becomes visible with its lock already held, so that it never looks dead.
fn begin_run(
    db: &mut Connection,
    place: &Place,
    account: &AccountFingerprint,
    window: usize,
    now: Timestamp,
) -> Result<Begun, LedgerError> {
    let failed = |source| LedgerError::database(&place.file, source);
    let dead = bury_the_dead(db, place)?;
    let tx = begin(db, place)?;
    tx.execute("INSERT OR IGNORE INTO account (fingerprint) VALUES (?1)", [account.as_str()]).map_err(failed)?;
    let account = tx
        .query_row("SELECT id FROM account WHERE fingerprint = ?1", [account.as_str()], |row| row.get(0))
        .map_err(failed)?;
    let window = i64::try_from(window).unwrap_or(i64::MAX);
    tx.execute("INSERT INTO run (started, unsettled_max) VALUES (?1, ?2)", params![now.unix(), window])
        .map_err(failed)?;
    let lock = RunLock::take(place, tx.last_insert_rowid())?;
    // Where it cannot be known, the lock stays.
    run::sweep(place, |run| has_row(&tx, run).unwrap_or(true));
    tx.commit().map_err(failed)?;
    Ok(Begun { account, lock, dead })
}
