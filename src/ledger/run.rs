//! Which runs live. A run is a number and a lock on a file of its own; the kernel frees the lock however the run ends,
//! so neither a stale pid nor a wrong clock can make a dead run look alive.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::PathBuf;

use rustix::fs::{FlockOperation, flock};

use crate::failpoint::{Promise, is_broken};

use super::LedgerError;
use super::place::{Place, create_private, open_private, remove_if_there};

/// The number of a run; never given twice in one ledger.
pub(super) type RunId = i64;

/// The run of nobody: rows that any run may take.
pub(super) const NOBODY: RunId = 0;

/// This run's own lock, held for as long as the value lives.
#[derive(Debug)]
pub(super) struct RunLock {
    pub(super) run: RunId,
    path: PathBuf,
    _held: File,
}

impl RunLock {
    /// Takes the lock of a new run. Nobody knows the number yet, so nobody can be in the way.
    pub(super) fn take(place: &Place, run: RunId) -> Result<Self, LedgerError> {
        let path = lock_path(place, run);
        let file = match create_private(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => open_private(&path),
            other => other,
        };
        let held = file.map_err(|source| LedgerError::file("create", &path, source))?;
        flock(&held, FlockOperation::NonBlockingLockExclusive)
            .map_err(|source| LedgerError::file("lock", &path, source.into()))?;
        Ok(Self { run, path, _held: held })
    }

    /// Ends the run: without its file it no longer lives for anyone.
    pub(super) fn end(self) -> Result<(), LedgerError> {
        remove_if_there(&self.path).map_err(|source| LedgerError::file("remove", &self.path, source))
    }
}

/// Removes what a dead run left of its lock.
pub(super) fn bury(place: &Place, run: RunId) -> Result<(), LedgerError> {
    let path = lock_path(place, run);
    remove_if_there(&path).map_err(|source| LedgerError::file("remove", &path, source))
}

/// Removes the locks of runs that were killed after their row had gone and before their lock had. To be called in a write
/// transaction, where no run is between its lock and its row. What cannot be removed stays: it is in nobody's way.
pub(super) fn sweep(place: &Place, has_row: impl Fn(RunId) -> bool) {
    let prefix = place.beside("run-");
    let prefix = prefix.file_name().unwrap_or_default().as_encoded_bytes();
    for entry in fs::read_dir(&place.folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let number = name.as_encoded_bytes().strip_prefix(prefix).and_then(|rest| rest.strip_suffix(b".lock"));
        let run = number.and_then(|number| std::str::from_utf8(number).ok()?.parse().ok());
        if let Some(run) = run.filter(|run| !has_row(*run))
            && is_living(place, run).is_ok_and(|lives| !lives)
        {
            let _ = bury(place, run);
        }
    }
}

/// Whether another run lives. The shared lock is held for a moment only, and two who ask do not disturb each other.
pub(super) fn is_living(place: &Place, run: RunId) -> Result<bool, LedgerError> {
    if is_broken(Promise::OwnedByOneRun) {
        return Ok(false);
    }
    let path = lock_path(place, run);
    let file = match open_private(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(LedgerError::file("open", &path, error)),
    };
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(false),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(true),
        Err(error) => Err(LedgerError::file("lock", &path, error.into())),
    }
}

/// Whose a row is, as seen from one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Me,
    /// Another run that lives.
    Other,
    /// Nobody, or a run that is dead.
    Nobody,
}

/// Answers whose a row is, asking about each other run once.
pub(super) struct Owners<'a> {
    place: &'a Place,
    me: RunId,
    asked: HashMap<RunId, Owner>,
}

impl<'a> Owners<'a> {
    pub(super) fn seen_by(me: RunId, place: &'a Place) -> Self {
        let asked = HashMap::from([(me, Owner::Me), (NOBODY, Owner::Nobody)]);
        Self { place, me, asked }
    }

    pub(super) fn me(&self) -> RunId {
        self.me
    }

    pub(super) fn of(&mut self, run: RunId) -> Result<Owner, LedgerError> {
        if let Some(owner) = self.asked.get(&run) {
            return Ok(*owner);
        }
        let owner = if is_living(self.place, run)? { Owner::Other } else { Owner::Nobody };
        self.asked.insert(run, owner);
        Ok(owner)
    }
}

fn lock_path(place: &Place, run: RunId) -> PathBuf {
    place.beside(&format!("run-{run}.lock"))
}
