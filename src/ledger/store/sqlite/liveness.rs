//! Which runs are alive. A run is a number and a lock on a file of its own; the kernel frees the lock however the run ends,
//! so neither a stale pid nor a wrong clock can make a crashed run look alive.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use rustix::fs::{FlockOperation, flock};

use crate::failpoint::{Promise, is_broken};
use crate::files::Held;

use super::place::{Place, create_private, open_private, remove_if_there};
use crate::ledger::store::StoreError;

/// The number of a run; never given twice in one ledger.
pub(super) type RunId = i64;

/// No run: rows that any run may take.
pub(super) const NO_RUN: RunId = 0;

/// This run's own lock, held for as long as the value lives.
#[derive(Debug)]
pub(super) struct RunLock {
    pub(super) run: RunId,
    path: PathBuf,
    _held: Held,
}

impl RunLock {
    /// Takes the lock of a new run. No other run knows the number yet, so none can be in the way.
    pub(super) fn take(place: &Place, run: RunId) -> Result<Self, StoreError> {
        let path = lock_path(place, run);
        let file = match create_private(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => open_private(&path),
            other => other,
        };
        let file = file.map_err(|source| StoreError::file("create", &path, source))?;
        let held = Held::lock(file).map_err(|source| StoreError::file("lock", &path, source))?;
        Ok(Self { run, path, _held: held })
    }

    /// Ends the run: without its lock file it is no longer alive.
    pub(super) fn end(self) -> Result<(), StoreError> {
        remove_if_there(&self.path).map_err(|source| StoreError::file("remove", &self.path, source))
    }
}

/// Removes what a crashed run left of its lock.
pub(super) fn clean_up(place: &Place, run: RunId) -> Result<(), StoreError> {
    let path = lock_path(place, run);
    remove_if_there(&path).map_err(|source| StoreError::file("remove", &path, source))
}

/// Removes the locks of runs that were killed after their row had gone and before their lock had. To be called in a write
/// transaction, where no run is between its lock and its row. What cannot be removed stays: it does no harm.
pub(super) fn sweep(place: &Place, has_row: impl Fn(RunId) -> bool) {
    let prefix = place.beside("run-");
    let prefix = prefix.file_name().unwrap_or_default().as_encoded_bytes();
    for entry in fs::read_dir(&place.folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let number = name.as_encoded_bytes().strip_prefix(prefix).and_then(|rest| rest.strip_suffix(b".lock"));
        let run = number.and_then(|number| std::str::from_utf8(number).ok()?.parse().ok());
        if let Some(run) = run.filter(|run| !has_row(*run))
            && is_alive(place, run).is_ok_and(|alive| !alive)
        {
            let _ = clean_up(place, run);
        }
    }
}

/// Whether another run is alive. The shared lock is held for a moment only, and two runs that check do not disturb each other.
pub(super) fn is_alive(place: &Place, run: RunId) -> Result<bool, StoreError> {
    if is_broken(Promise::OwnedByOneRun) {
        return Ok(false);
    }
    let path = lock_path(place, run);
    let file = match open_private(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(StoreError::file("open", &path, error)),
    };
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(false),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(true),
        Err(error) => Err(StoreError::file("lock", &path, error.into())),
    }
}

fn lock_path(place: &Place, run: RunId) -> PathBuf {
    place.beside(&format!("run-{run}.lock"))
}
