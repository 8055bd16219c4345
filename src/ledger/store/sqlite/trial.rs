//! Whether a run could keep its ledger at a place: everything that a run does before it records, undone again. It answers before
//! there is anything to record, and leaves nothing behind.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use rusqlite::TransactionBehavior;
use rusqlite::config::DbConfig;

use super::liveness::{RunId, is_alive};
use super::place::{Occupant, Place};
use super::{queue, schema};
use crate::files::folder_of;
use crate::ledger::store::StoreError;

/// As much as a new ledger and its log take.
const ROOM: usize = 256 * 1024;

/// Tries whether a run could write to the ledger, or make it where there is none.
pub(crate) fn try_to_write(path: &Path) -> Result<(), StoreError> {
    let folder = folder_of(path);
    let there = nearest(folder)?;
    try_folder(there)?;
    if there != folder {
        return Ok(());
    }
    let place = Place::find(path)?;
    match place.occupant()? {
        Occupant::Nothing => Ok(()),
        Occupant::Bytes => try_ledger(&place).map_err(|error| place.explain(error)),
    }
}

/// The folder itself, or the one in which a run would begin to make it.
fn nearest(folder: &Path) -> Result<&Path, StoreError> {
    match fs::metadata(folder) {
        Ok(_) => Ok(folder),
        // A link that leads nowhere is in the way of a new folder.
        Err(error) if error.kind() == ErrorKind::NotFound && !folder.is_symlink() => match folder.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => nearest(parent),
            Some(_) | None => Ok(Path::new(".")),
        },
        Err(error) => Err(StoreError::file("look at folder", folder, error)),
    }
}

/// Writes to a file without a name.
fn try_folder(folder: &Path) -> Result<(), StoreError> {
    let written = tempfile::tempfile_in(folder).and_then(|mut file| file.write_all(&vec![1; ROOM]));
    written.map_err(|error| {
        if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
            StoreError::DiskFull
        } else {
            StoreError::file("write in", folder, error)
        }
    })
}

/// Begins a transaction, looks at other runs as a new one does, and rolls back.
fn try_ledger(place: &Place) -> Result<(), StoreError> {
    let has_log = place.companion("-wal").exists();
    queue::try_to_queue(place)?;
    let mut db = schema::open_to_try(place)?;
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let runs: Vec<RunId> = {
        let mut runs = tx.prepare("SELECT id FROM run")?;
        let ids = runs.query_map([], |row| row.get(0))?;
        ids.collect::<Result<_, _>>()?
    };
    for run in runs {
        is_alive(place, run)?;
    }
    tx.rollback()?;
    if !has_log {
        // SQLite removes the log that it has made just now, unless another run has begun meanwhile.
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    }
    db.close().map_err(|(_, source)| source.into())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::path::Path;

    use rusqlite::Connection;

    use super::try_to_write;
    use crate::domain::{ApiKey, Timestamp};
    use crate::ledger::{Ledger, StoreError};

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn used(path: &Path) {
        let account = ApiKey::parse("abcd1234").unwrap().fingerprint();
        let now = Timestamp::from_unix(1_800_000_000).unwrap();
        Ledger::open(path, &account, 1, now).unwrap().close(now).unwrap();
    }

    #[test]
    fn a_trial_leaves_everything_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/ledger.db");
        try_to_write(&path).unwrap();
        assert_eq!(names(folder.path()), [""; 0]);
        used(&path);
        let files = names(path.parent().unwrap());
        let bytes = fs::read(&path).unwrap();
        try_to_write(&path).unwrap();
        assert_eq!((names(path.parent().unwrap()), fs::read(&path).unwrap()), (files, bytes));
        // Moved here by itself, as from a backup.
        let alone = folder.path().join("alone");
        fs::create_dir(&alone).unwrap();
        Connection::open(&path).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        fs::copy(&path, alone.join("ledger.db")).unwrap();
        try_to_write(&alone.join("ledger.db")).unwrap();
        assert_eq!(names(&alone), ["ledger.db"]);
    }

    #[test]
    fn what_stops_a_run_stops_a_trial() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        File::create(folder.path().join("file")).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("link")).unwrap();
        for below in ["file/ledger.db", "file/folder/ledger.db", "link/ledger.db"] {
            let tried = try_to_write(&folder.path().join(below));
            assert!(matches!(tried, Err(StoreError::File { .. })), "{below}: {tried:?}");
        }
        used(&path);
        let other = Connection::open(&path).unwrap();
        other.execute("INSERT INTO run (id, started) VALUES (7, 0)", []).unwrap();
        // Something in a lock's place that cannot show whether its run is alive.
        fs::create_dir(folder.path().join("ledger.db.run-7.lock")).unwrap();
        let tried = try_to_write(&path);
        assert!(matches!(tried, Err(StoreError::File { .. })), "{tried:?}");
        File::create(folder.path().join("empty.db")).unwrap();
        assert!(matches!(try_to_write(&folder.path().join("empty.db")), Err(StoreError::Empty)));
        fs::write(folder.path().join("foreign.db"), [b'x'; 4096]).unwrap();
        assert!(matches!(try_to_write(&folder.path().join("foreign.db")), Err(StoreError::Foreign)));
    }
}
