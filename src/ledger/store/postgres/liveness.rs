//! Which runs are alive. Everywhere a run is alive while it has a lease, which ends by the server's clock. On its own machine it
//! also holds a lock on a file, which the kernel frees however the run ends: there its rows are free at once.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use sha2::{Digest as _, Sha256};
use tokio_postgres::types::Type;

use super::connect::Connection;
use super::row;
use super::schema::Schema;
use super::statements as sql;
use crate::failpoint::{Promise, is_broken};
use crate::files::{Held, make_private_folders};
use crate::ledger::store::StoreError;

/// The number of a run; never given twice in one ledger.
pub(super) type RunId = i64;

/// The end of a lease that is not used: for a clock that runs at another speed, and for what is on its way.
pub(super) const MARGIN: Duration = Duration::from_secs(2);

/// How much of a lease may pass before it is renewed.
pub(super) fn renewed_after(lease: Duration) -> Duration {
    lease / 6
}

/// The locks of one machine's runs on one ledger.
#[derive(Debug, Clone)]
pub(super) struct Locks {
    folder: PathBuf,
    /// What only runs that see the same locks have in common.
    pub(super) host: String,
}

/// This run's own lock, held for as long as the value lives.
#[derive(Debug)]
pub(super) struct RunLock {
    path: PathBuf,
    _held: Held,
}

impl Locks {
    /// Those in a folder, which is made where it is missing.
    pub(super) fn in_folder(folder: &Path) -> Result<Self, StoreError> {
        let failed = |source| StoreError::file("create", folder, source);
        make_private_folders(folder).map_err(failed)?;
        let there = fs::metadata(folder).map_err(failed)?;
        let mut hash = Sha256::new();
        for file in ["/etc/machine-id", "/proc/sys/kernel/random/boot_id"] {
            hash.update(fs::read(file).unwrap_or_default());
            hash.update([0]);
        }
        // Two containers of one machine may have the same name for two folders.
        hash.update(there.dev().to_le_bytes());
        hash.update(there.ino().to_le_bytes());
        let hash: [u8; 32] = hash.finalize().into();
        let (half, _) = hash.split_at(16);
        let host = half.iter().fold(0, |number: u128, byte| (number << 8) | u128::from(*byte));
        Ok(Self { folder: folder.to_owned(), host: format!("{host:032x}") })
    }

    /// Takes the lock of a new run. It gets its name with the lock already held, so that the run never looks dead.
    pub(super) fn take(&self, run: RunId) -> Result<RunLock, StoreError> {
        let path = self.path(run);
        let take = || -> io::Result<Held> {
            let (file, draft) = tempfile::NamedTempFile::new_in(&self.folder)?.into_parts();
            let held = Held::lock(file)?;
            draft.persist(&path)?;
            Ok(held)
        };
        let held = take().map_err(|source| StoreError::file("lock", &path, source))?;
        Ok(RunLock { path, _held: held })
    }

    /// The runs of this machine that have left a lock that nobody holds.
    pub(super) fn left(&self) -> Vec<RunId> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| {
                let name = entry.file_name();
                let run = name.to_str()?.strip_prefix("run-")?.strip_suffix(".lock")?.parse().ok()?;
                let file = File::open(entry.path()).ok()?;
                flock(&file, FlockOperation::NonBlockingLockShared).is_ok().then_some(run)
            })
            .collect()
    }

    /// Removes what a run has left. What cannot be removed does no harm.
    pub(super) fn clean_up(&self, run: RunId) {
        let _ = fs::remove_file(self.path(run));
    }

    fn path(&self, run: RunId) -> PathBuf {
        self.folder.join(format!("run-{run}.lock"))
    }
}

impl RunLock {
    /// Ends the run: without its lock it is no longer alive.
    pub(super) fn end(self) -> Result<(), StoreError> {
        match fs::remove_file(&self.path) {
            Err(source) if source.kind() != ErrorKind::NotFound => {
                Err(StoreError::file("remove", &self.path, source))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// Takes the leases from runs that have died: their own ends, or they have left these locks on this machine. `me` keeps its own.
pub(super) fn sweep(
    connection: &mut Connection,
    schema: &Schema,
    locks: &Locks,
    left: &[RunId],
    me: RunId,
) -> Result<(), StoreError> {
    let text = if is_broken(Promise::OwnedByOneRun) { sql::SWEEP_ALL } else { sql::SWEEP };
    let sweep = schema.statement(text).number(me).with(locks.host.clone(), Type::TEXT);
    let still_leased = schema.statement(sql::STILL_LEASED).numbers(left.to_vec());
    let answers = connection.exchange(&[sweep.numbers(left.to_vec()).into(), still_leased.into()])?;
    let mut leased = Vec::new();
    for row in answers.last().into_iter().flatten() {
        leased.push(row::get::<RunId>(row, 0)?);
    }
    for run in left.iter().filter(|run| !leased.contains(run)) {
        locks.clean_up(*run);
    }
    Ok(())
}
