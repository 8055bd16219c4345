//! A ledger that is being made. It lies beside its place under a unique name, and gets its own name when it is whole: a crash
//! never leaves half a ledger, and of two runs that make one at once, one wins.
//!
//! The run that makes one holds a lock on it. A draft without a lock was left by a process that was killed, and the next run
//! clears it away. Names are random instead of process numbers, which repeat: the first one of every container is 1.

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use tempfile::NamedTempFile;

use super::place::{PRIVATE, Place, open_private, remove_if_there};

/// An empty file to make a ledger in. Dropped, it is removed.
#[derive(Debug)]
pub(crate) struct Draft(NamedTempFile);

impl Draft {
    pub(crate) fn begin(place: &Place) -> io::Result<Self> {
        loop {
            let file = tempfile::Builder::new().prefix(&prefix(place)).tempfile_in(&place.folder)?;
            file.as_file().set_permissions(Permissions::from_mode(PRIVATE))?;
            // Another run may have cleared it away before it was locked.
            if lock(file.as_file())? == Lock::Taken && file.as_file().metadata()?.nlink() > 0 {
                return Ok(Self(file));
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Gives the whole ledger its name, unless another one has it by now: then that is the ledger.
    pub(crate) fn publish(self, place: &Place) -> io::Result<()> {
        match self.0.persist_noclobber(&place.file) {
            Ok(_) => {}
            Err(failed) if failed.error.kind() == ErrorKind::AlreadyExists => {}
            Err(failed) => return Err(failed.error),
        }
        place.sync_names()
    }
}

fn prefix(place: &Place) -> OsString {
    place.beside("new-").file_name().map(OsString::from).unwrap_or_default()
}

/// Clears away the drafts that killed runs have left.
pub(super) fn clear_away(place: &Place) -> io::Result<()> {
    let prefix = prefix(place);
    for entry in fs::read_dir(&place.folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let is_companion = COMPANIONS.iter().any(|companion| name.ends_with(companion.as_bytes()));
        if name.starts_with(prefix.as_encoded_bytes()) && !is_companion {
            clear_one_away(&path)?;
        }
    }
    Ok(())
}

/// SQLite's files beside a draft go first: without the draft nothing would look for them.
fn clear_one_away(draft: &Path) -> io::Result<()> {
    let file = match open_private(draft) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    if lock(&file)? == Lock::Taken {
        for companion in COMPANIONS {
            let mut path = draft.as_os_str().to_owned();
            path.push(companion);
            remove_if_there(&PathBuf::from(path))?;
        }
        remove_if_there(draft)?;
    }
    Ok(())
}

const COMPANIONS: [&str; 3] = ["-journal", "-wal", "-shm"];

#[derive(PartialEq, Eq)]
enum Lock {
    Taken,
    Anothers,
}

fn lock(file: &File) -> io::Result<Lock> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Lock::Taken),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(Lock::Anothers),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::clear_one_away;

    #[test]
    fn a_draft_that_another_has_cleared_away_is_no_trouble_and_one_that_cannot_be_looked_at_is() {
        let folder = tempfile::tempdir().unwrap();
        let draft = folder.path().join("ledger.db.new-x");
        clear_one_away(&draft).unwrap();
        symlink("/dev/null", &draft).unwrap();
        assert!(clear_one_away(&draft).is_err());
        assert!(draft.is_symlink());
    }
}
