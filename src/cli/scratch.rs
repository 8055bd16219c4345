//! Files in the folder for temporary files that last as long as their run: the ledger of a run against its own sandbox or of a dry
//! run, and the certificate of a sandbox's authority. A run that is killed leaves them, so the next one clears them away.
//!
//! A lock says whose they are, one that ends with its process. Nothing is touched that is another user's, that a link leads to,
//! that does not have our names, or that holds anything else.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FlockOperation, Mode, OFlags, flock, openat};
use rustix::io::Errno;
use rustix::process::geteuid;
use tempfile::{Builder, TempDir};

use crate::sandbox::is_authority;

const FOLDER: &str = "nexmo-conversion-scratch-";
const AUTHORITY: &str = "nexmo-conversion-sandbox-";
/// Whatever a ledger keeps beside itself has its name in it.
const LEDGER: &str = "ledger.db";

/// A folder that goes when this is dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    folder: TempDir,
    /// Held as long as the folder is in use, and dropped after it.
    _lock: File,
}

impl Scratch {
    /// Makes one, and clears away those of runs that were killed.
    pub(super) fn make() -> io::Result<Self> {
        let parent = std::env::temp_dir();
        clear_away(&parent);
        loop {
            let folder = Builder::new().prefix(FOLDER).tempdir_in(&parent)?;
            let lock = File::open(folder.path())?;
            // Another run may take the folder for an orphan before it is locked.
            if hold(&lock) && is_at(&lock, folder.path()) {
                return Ok(Self { folder, _lock: lock });
            }
        }
    }

    /// Where the ledger goes.
    pub(super) fn ledger(&self) -> PathBuf {
        self.folder.path().join(LEDGER)
    }
}

/// Where a sandbox on this port keeps its authority's certificate if no file is named.
pub(super) fn authority_path(port: u16) -> PathBuf {
    std::env::temp_dir().join(format!("{AUTHORITY}{port}.pem"))
}

/// Marks a file or folder as in use until `file` is closed. `false` only if another process has it: where nothing can be locked,
/// nothing is cleared away either.
pub(super) fn hold(file: &File) -> bool {
    !matches!(flock(file, FlockOperation::NonBlockingLockExclusive), Err(Errno::WOULDBLOCK))
}

/// Removes what killed runs of this user have left in `parent`. What cannot be removed stays.
pub(super) fn clear_away(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let path = entry.path();
        if name.starts_with(FOLDER) {
            let _ = clear_folder(&path);
        } else if name.strip_prefix(AUTHORITY).is_some_and(|port| port.strip_suffix(".pem").is_some()) {
            let _ = clear_authority(&path);
        }
    }
}

fn clear_folder(path: &Path) -> io::Result<()> {
    let Some(_lock) = orphan(path, OFlags::DIRECTORY)? else { return Ok(()) };
    let files = fs::read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
    for file in &files {
        if !file.file_type()?.is_file() || !file.file_name().to_string_lossy().contains(LEDGER) {
            return Ok(());
        }
    }
    for file in files {
        fs::remove_file(file.path())?;
    }
    fs::remove_dir(path)
}

fn clear_authority(path: &Path) -> io::Result<()> {
    let Some(lock) = orphan(path, OFlags::NONBLOCK)? else { return Ok(()) };
    if is_written_by_a_sandbox(&lock)? { fs::remove_file(path) } else { Ok(()) }
}

/// Opens what a killed run may have left and locks it; nothing if it is another user's, or a run has it that lives.
fn orphan(path: &Path, flags: OFlags) -> io::Result<Option<File>> {
    let file =
        File::from(openat(CWD, path, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | flags, Mode::empty())?);
    let ours = file.metadata()?.uid() == geteuid().as_raw();
    let free = ours && flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
    Ok((free && is_at(&file, path)).then_some(file))
}

/// Whether the open file is (still) the one at that path.
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    let same = |a: &fs::Metadata, b: &fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
    matches!((file.metadata(), fs::symlink_metadata(path)), (Ok(open), Ok(there)) if same(&open, &there))
}

/// Whether a file holds the certificate of a sandbox's authority and nothing else.
pub(super) fn is_written_by_a_sandbox(file: &File) -> io::Result<bool> {
    use std::io::Read as _;
    /// Ours have some 600 bytes.
    const LONGEST: u64 = 4096;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() > LONGEST {
        return Ok(false);
    }
    let mut text = Vec::new();
    file.take(LONGEST).read_to_end(&mut text)?;
    Ok(is_authority(&text))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::os::unix::fs::symlink;
    use std::time::Duration;

    use super::{AUTHORITY, FOLDER, LEDGER, clear_away, hold};
    use crate::clock;
    use crate::sandbox::{Sandbox, SandboxOptions};

    #[test]
    fn only_what_killed_runs_have_left_is_cleared_away() {
        let temp = tempfile::tempdir().unwrap();
        let at = |name: &str| temp.path().join(name);
        let sandbox = Sandbox::start(SandboxOptions::default()).unwrap();
        let pem = sandbox.ca_pem().unwrap();
        let folder = |name: &str, files: &[&str]| {
            let path = at(&format!("{FOLDER}{name}"));
            fs::create_dir(&path).unwrap();
            for file in files {
                fs::write(path.join(file), "x").unwrap();
            }
            path
        };
        let ledger = [LEDGER, "ledger.db-wal", ".ledger.db.run-1.lock"];
        let orphans = [folder("orphan", &ledger), folder("empty", &[]), at(&format!("{AUTHORITY}1.pem"))];
        fs::write(&orphans[2], pem).unwrap();

        let living = folder("living", &ledger);
        let lock = File::open(&living).unwrap();
        assert!(hold(&lock));
        let serving = at(&format!("{AUTHORITY}2.pem"));
        fs::write(&serving, pem).unwrap();
        let pem_lock = File::open(&serving).unwrap();
        assert!(hold(&pem_lock));
        let foreign = folder("foreign", &[LEDGER, "letters"]);
        let nested = folder("nested", &[LEDGER]);
        fs::create_dir(nested.join("ledger.db-folder")).unwrap();
        let (key, letter) = (at(&format!("{AUTHORITY}3.pem")), at(&format!("{AUTHORITY}4.txt")));
        fs::write(&key, format!("{pem}-----BEGIN PRIVATE KEY-----\n")).unwrap();
        fs::write(&letter, pem).unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let target = elsewhere.path().join(LEDGER);
        fs::write(&target, pem).unwrap();
        let (to_folder, to_file) = (at(&format!("{FOLDER}link")), at(&format!("{AUTHORITY}5.pem")));
        symlink(elsewhere.path(), &to_folder).unwrap();
        symlink(&target, &to_file).unwrap();

        clear_away(temp.path());
        for gone in orphans {
            assert!(!gone.exists(), "{} stayed", gone.display());
        }
        for kept in [
            living.join(LEDGER),
            serving.clone(),
            foreign.join(LEDGER),
            nested.join(LEDGER),
            key,
            letter,
            target,
            to_folder,
            to_file,
        ] {
            assert!(kept.exists(), "{} is gone", kept.display());
        }
        // Once their processes have ended they are orphans as well. A process that another test starts meanwhile may have a copy of
        // the lock for a moment.
        drop((lock, pem_lock));
        let began = clock::monotonic();
        while living.exists() || serving.exists() {
            assert!(
                clock::monotonic().saturating_sub(began) < Duration::from_secs(10),
                "they are never cleared away"
            );
            clear_away(temp.path());
        }
    }
}
