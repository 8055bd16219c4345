//! What is there: the file at a path, and those beside it that may have stood there before.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirEntryExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};

use super::plan::{Candidate, Kind};
use crate::domain::{FileHead, hex};

/// A file that was looked at, and is open.
#[derive(Debug)]
pub struct Seen {
    /// Open for reading.
    pub file: File,
    /// What it is.
    pub candidate: Candidate,
}

/// What a file is, wherever it is moved: numbers are given again, so its birth counts, too, where the file system knows it.
#[must_use]
pub fn identity(metadata: &Metadata) -> String {
    let born = metadata.created().ok().and_then(since_1970);
    let born = born.map(|born| format!(":{}", born.as_nanos())).unwrap_or_default();
    format!("{}:{}{born}", metadata.dev(), metadata.ino())
}

/// What tells this machine's files from those of others that share a ledger.
#[must_use]
pub fn this_machine() -> String {
    let id = fs::read("/etc/machine-id").unwrap_or_default();
    hex(&Sha256::digest(id)[..4])
}

/// Looks at what stands at a path: nothing where nothing does. What is no file is an error.
pub fn look(path: &Path, machine: &str) -> io::Result<Option<Seen>> {
    // Of a pipe nobody may wait for the other end.
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let opened = fs::OpenOptions::new().read(true).custom_flags(nonblocking).open(path);
    let file = match opened {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok(Some(Seen { file, candidate: candidate(&metadata, machine, Kind::Current) }))
}

fn since_1970(time: SystemTime) -> Option<Duration> {
    time.duration_since(UNIX_EPOCH).ok()
}

fn candidate(metadata: &Metadata, machine: &str, kind: Kind) -> Candidate {
    Candidate {
        identity: format!("{machine}:{}", identity(metadata)),
        size: metadata.len(),
        changed: metadata.modified().ok().and_then(since_1970).unwrap_or_default(),
        kind,
    }
}

/// A file beside the one at the path.
#[derive(Debug)]
pub struct Beside {
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub candidate: Candidate,
}

impl Beside {
    /// Opens it, if it is still the same.
    #[must_use]
    pub fn open(&self, machine: &str) -> Option<File> {
        let file = File::open(&self.path).ok()?;
        let metadata = file.metadata().ok()?;
        (candidate(&metadata, machine, self.candidate.kind).identity == self.candidate.identity).then_some(file)
    }
}

/// Looks at the files beside a path: those that are named after it, and those that are one of `known`, whatever they are named.
/// A link's are beside what it leads to.
#[must_use]
pub fn look_beside(path: &Path, known: &[&str], machine: &str) -> Vec<Beside> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let Some(name) = path.file_name() else { return Vec::new() };
    let entries = fs::read_dir(crate::files::folder_of(&path)).into_iter().flatten().flatten();
    let beside = entries.filter_map(|entry| {
        let kind = kind(name, &entry.file_name())?;
        // Only their numbers are known of most files without another look.
        let number = format!(":{}", entry.ino());
        let is_known = || known.iter().any(|known| known.contains(&number));
        if kind == Kind::Other && !is_known() {
            return None;
        }
        let metadata = entry.metadata().ok().filter(Metadata::is_file)?;
        Some(Beside { path: entry.path(), candidate: candidate(&metadata, machine, kind) })
    });
    beside.collect()
}

/// What the name of a file beside says; nothing of the path's own.
fn kind(name: &OsStr, other: &OsStr) -> Option<Kind> {
    let (name, other) = (name.as_bytes(), other.as_bytes());
    if name == other {
        return None;
    }
    let (unpacked, is_packed) = [&b".gz"[..], b".xz", b".bz2", b".zst"]
        .iter()
        .find_map(|end| other.strip_suffix(*end))
        .map_or((other, false), |unpacked| (unpacked, true));
    let (stem, extension) = match name.iter().rposition(|byte| *byte == b'.') {
        Some(at) if at > 0 => name.split_at(at),
        Some(_) | None => (name, &b""[..]),
    };
    let added = unpacked
        .strip_prefix(name)
        .or_else(|| unpacked.strip_prefix(stem).and_then(|rest| rest.strip_suffix(extension)));
    let is_rotated = added.is_some_and(is_a_number_or_date);
    Some(match (is_rotated, is_packed) {
        (true, false) => Kind::Rotated,
        (true, true) => Kind::Packed,
        (false, _) => Kind::Other,
    })
}

/// Whether this is what programs that rotate logs put into names: `.1`, `-20261127`, `.2026-11-27T10`.
fn is_a_number_or_date(added: &[u8]) -> bool {
    let [b'.' | b'-' | b'_', first, rest @ ..] = added else { return false };
    first.is_ascii_digit()
        && rest.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'T'))
}

/// Whether a file begins so.
pub(super) fn begins(file: &File, head: &FileHead) -> bool {
    let mut bytes = vec![0; usize::try_from(head.size.min(FileHead::MAX)).unwrap_or_default()];
    file.read_exact_at(&mut bytes, 0).is_ok() && FileHead::of(&bytes) == *head
}
