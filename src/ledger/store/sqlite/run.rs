//! A run on the ledger: how it begins, cleans up after crashed runs, and ends.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, Row, params};

use super::alone::Alone;
use super::ballast::{self, make_room};
use super::followed;
use super::forget;
use super::holdings::{Holdings, give_back, give_back_unnoted};
use super::liveness::{RunId, RunLock, clean_up, is_alive, sweep};
use super::place::Place;
use super::queue::begin;
use super::schema::{self, Durability, set_durability};
use super::session::{Owners, SqliteTx};
use super::sources;
use super::tally::{self, Tally};
use crate::domain::{AccountFingerprint, FollowedFile, ReadTo, Timestamp};
use crate::ledger::error::Location;
use crate::ledger::store::sources::Sources;
use crate::ledger::store::{Store, StoreError, Tx};
use crate::ledger::ticket::{RunEnd, UncleanStops};
use crate::ledger::tracking::LogSource;

/// The ledger in a file, open for one run of one account.
///
/// Dropping it without [`Store::close`] is what a crash looks like: nothing is lost, and the next run checks what was written
/// last and adopts what is pending.
#[derive(Debug)]
pub(crate) struct SqliteStore {
    pub(crate) db: Connection,
    place: Place,
    account: i64,
    lock: RunLock,
    /// Runs that have crashed. The first run that ends forgets them, because its summary has shown them.
    crashed: Vec<CrashedRun>,
    sources: Sources,
    alone: Alone,
    holdings: Holdings,
}

/// A run that crashed, with its own limit of requests sent and not settled.
#[derive(Debug, Clone, Copy)]
struct CrashedRun {
    id: RunId,
    unsettled_max: u64,
    notes: Notes,
}

/// Whether a run notes what it has in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Notes {
    Kept,
    /// By a program of an earlier version.
    NotKept,
}

impl SqliteStore {
    /// Opens the ledger, making it and its folders where they are missing, and begins a run.
    pub(crate) fn open(
        path: &Path,
        account: &AccountFingerprint,
        unsettled_max: usize,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let place = Place::prepare(path)?;
        Self::open_at(&place, account, unsettled_max, now).map_err(|error| place.explain(error))
    }

    fn open_at(
        place: &Place,
        account: &AccountFingerprint,
        unsettled_max: usize,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut db = schema::open(place)?;
        // A run whose row is lost with the machine has recorded nothing: its first record syncs the row, too.
        set_durability(&db, Durability::WithTheNext)?;
        let mut begun = begin_run(&mut db, place, account, unsettled_max, now);
        if let Err(StoreError::DiskFull) = begun {
            make_room(&db, place);
            begun = begin_run(&mut db, place, account, unsettled_max, now);
        }
        let Begun { account, lock, crashed } = begun?;
        // A disk that has no room even for it is no reason not to open.
        let _ = ballast::lay(place);
        set_durability(&db, Durability::Now)?;
        Ok(Self {
            db,
            place: place.clone(),
            account,
            lock,
            crashed,
            sources: Sources::default(),
            alone: Alone::default(),
            holdings: Holdings::default(),
        })
    }
}

impl Store for SqliteStore {
    fn location(&self) -> Location {
        Location::File(self.place.file.clone())
    }

    fn unclean_stops(&self) -> UncleanStops {
        let repeats = self.crashed.iter().fold(0, |sum: u64, run| sum.saturating_add(run.unsettled_max));
        UncleanStops { runs: self.crashed.len() as u64, repeats }
    }

    fn reads(&mut self, files: &[LogSource], now: Timestamp) -> Result<(), StoreError> {
        self.sources = sources::find(&mut self.db, &self.place, self.account, files, now)?;
        Ok(())
    }

    fn read_before(&mut self, file: &Arc<FollowedFile>, now: Timestamp) -> Result<Vec<ReadTo>, StoreError> {
        followed::find(&mut self.db, &self.place, self.account, file, now)
    }

    fn read_to(&mut self, positions: &[ReadTo]) -> Result<(), StoreError> {
        set_durability(&self.db, Durability::WithTheNext)?;
        let noted = followed::note(&mut self.db, &self.place, self.account, positions);
        set_durability(&self.db, Durability::Now)?;
        noted
    }

    fn begin(&mut self, now: Timestamp) -> Result<Box<dyn Tx + '_>, StoreError> {
        let owners = Owners::seen_by(self.lock.run, &self.place);
        let db = begin(&mut self.db, &self.place)?;
        self.alone.look(&db)?;
        self.holdings.begin();
        Ok(Box::new(SqliteTx {
            db,
            account: self.account,
            now,
            owners,
            sources: &self.sources,
            alone: &mut self.alone,
            holdings: &mut self.holdings,
            tally: Tally::default(),
            lengths: Vec::new(),
        }))
    }

    fn reserve_room(&mut self) -> Result<(), StoreError> {
        ballast::lay(&self.place).map_err(|source| {
            if source.kind() == ErrorKind::StorageFull {
                StoreError::DiskFull
            } else {
                StoreError::file("keep room beside", &self.place.file, source)
            }
        })
    }

    fn release_room(&mut self) -> bool {
        make_room(&self.db, &self.place);
        true
    }

    fn close(mut self: Box<Self>, recorded: u64, end: Option<RunEnd>, now: Timestamp) -> Result<(), StoreError> {
        // An end that is lost with the machine looks like a crash, and costs the next run a check.
        set_durability(&self.db, Durability::WithTheNext)?;
        let tidied = forget::prune(&mut self.db, &self.place, recorded, now);
        let reported: Vec<_> =
            std::iter::once(self.lock.run).chain(self.crashed.iter().map(|run| run.id)).collect();
        // The row goes while the lock is still held: a row without a lock is what a crash leaves.
        let ended = end.map(|end| (self.account, end, now));
        let forgotten = tidied.and_then(|()| forget_runs(&mut self.db, &self.place, &reported, ended));
        self.lock.end()?;
        match forgotten {
            // Reported where it mattered; if the row stays, the next run reports it again.
            Ok(()) | Err(StoreError::DiskFull) => {}
            Err(error) => return Err(error),
        }
        self.db.close().map_err(|(_, error)| error.into())
    }

    #[cfg(test)]
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// A run that has begun.
struct Begun {
    account: i64,
    lock: RunLock,
    crashed: Vec<CrashedRun>,
}

/// Cleans up after crashed runs and begins.
///
/// The run's row becomes visible with its lock already held, so that it never looks crashed.
fn begin_run(
    db: &mut Connection,
    place: &Place,
    account: &AccountFingerprint,
    unsettled_max: usize,
    now: Timestamp,
) -> Result<Begun, StoreError> {
    let crashed = clean_up_crashed(db, place)?;
    let tx = begin(db, place)?;
    for run in &crashed {
        match run.notes {
            Notes::Kept => give_back(&tx, run.id)?,
            Notes::NotKept => give_back_unnoted(&tx, run.id)?,
        }
    }
    tx.execute("INSERT OR IGNORE INTO account (fingerprint) VALUES (?1)", [account.as_str()])?;
    let account =
        tx.query_row("SELECT id FROM account WHERE fingerprint = ?1", [account.as_str()], |row| row.get(0))?;
    let unsettled_max = i64::try_from(unsettled_max).unwrap_or(i64::MAX);
    tx.execute(
        "INSERT INTO run (started, unsettled_max, notes) VALUES (?1, ?2, 1)",
        params![now.unix(), unsettled_max],
    )?;
    let lock = RunLock::take(place, tx.last_insert_rowid())?;
    tally::keep(&tx)?;
    // Where that cannot be read, the lock stays.
    sweep(place, |run| has_row(&tx, run).unwrap_or(true));
    tx.commit()?;
    Ok(Begun { account, lock, crashed })
}

/// Checks what was written last after a run that did not end cleanly. Keeps the run's row until a summary has shown it: the run that cleans
/// up may itself be killed first.
fn clean_up_crashed(db: &Connection, place: &Place) -> Result<Vec<CrashedRun>, StoreError> {
    let crashed = crashed_runs(db, place)?;
    if crashed.is_empty() {
        return Ok(crashed);
    }
    schema::check(db)?;
    for run in &crashed {
        clean_up(place, run.id)?;
    }
    Ok(crashed)
}

/// Crashed runs: they have a row and no lock.
fn crashed_runs(db: &Connection, place: &Place) -> Result<Vec<CrashedRun>, StoreError> {
    let mut query = db.prepare("SELECT id, unsettled_max, notes FROM run")?;
    let read = |row: &Row<'_>| {
        Ok(CrashedRun {
            id: row.get(0)?,
            unsettled_max: row.get::<_, i64>(1)?.unsigned_abs(),
            notes: if row.get(2)? { Notes::Kept } else { Notes::NotKept },
        })
    };
    let runs = query.query_map([], read)?.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut crashed = Vec::new();
    for run in runs {
        // A run that has ended cleanly since its row was read has no lock, and no row any more either.
        if !is_alive(place, run.id)? && has_row(db, run.id)? {
            crashed.push(run);
        }
    }
    Ok(crashed)
}

fn has_row(db: &Connection, run: RunId) -> rusqlite::Result<bool> {
    db.query_row("SELECT EXISTS (SELECT 1 FROM run WHERE id = ?1)", [run], |row| row.get(0))
}

/// Forgets runs that have ended, and notes how the command of the last one did.
fn forget_runs(
    db: &mut Connection,
    place: &Place,
    runs: &[RunId],
    ended: Option<(i64, RunEnd, Timestamp)>,
) -> Result<(), StoreError> {
    let tx = begin(db, place)?;
    if let Some((account, RunEnd { command, exit_code }, now)) = ended {
        tx.execute(
            "INSERT INTO ended (account, command, at, exit_code) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET at = excluded.at, exit_code = excluded.exit_code",
            params![account, command, now.unix(), exit_code],
        )?;
    }
    for run in runs {
        // Where an outcome could not be written down, a row is still in the run's hands.
        give_back(&tx, *run)?;
        tx.execute("DELETE FROM run WHERE id = ?1", [run])?;
    }
    Ok(tx.commit()?)
}
