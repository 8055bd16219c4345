//! The way to a file: its folders and the symbolic links among them, judged as ssh's `StrictModes` judges them. Knows owners
//! and modes, not what the file is for.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use rustix::io::Errno;

use super::file_error::FileError;

/// How an open file was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OpenedBy {
    /// By a path that only the user and root can change.
    Path,
    /// As a descriptor that this process was started with: `/dev/stdin`, `<(…)`. Its opener chose it, so no folder counts.
    Handed,
}

/// As many links as the kernel follows.
const MOST_LINKS: usize = 40;

/// Walks to an open file, and insists that no other user can lead the way elsewhere.
///
/// The walk ends at the file that is open, so a path that was changed in between is noticed.
pub(super) fn walk(path: &Path, open: &Metadata) -> Result<OpenedBy, FileError> {
    let failed = |source| FileError::Read { path: path.to_owned(), source };
    let mut ahead = names(&std::path::absolute(path).map_err(failed)?);
    let mut here = PathBuf::from("/");
    // Inside a user namespace the system's folders may belong to an id that is not mapped. The owner of `/` decides
    // about every path anyway.
    let system = fs::symlink_metadata(&here).map_err(failed)?.uid();
    let mut links = 0;
    while let Some(name) = ahead.pop_front() {
        if name == ".." {
            here.pop();
            continue;
        }
        insist_closed_folder(path, &here, system)?;
        let is_descriptor = holds_descriptors(&here);
        here.push(name);
        let status = fs::symlink_metadata(&here).map_err(failed)?;
        if status.is_symlink() {
            if is_descriptor {
                return Ok(OpenedBy::Handed);
            }
            insist_owner(path, &here, &status, ROOT)?;
            links += 1;
            if links > MOST_LINKS {
                return Err(failed(Errno::LOOP.into()));
            }
            let target = fs::read_link(&here).map_err(failed)?;
            here.pop();
            if target.is_absolute() {
                here = PathBuf::from("/");
            }
            for name in names(&target).into_iter().rev() {
                ahead.push_front(name);
            }
        } else if ahead.is_empty() && (status.dev(), status.ino()) != (open.dev(), open.ino()) {
            return Err(failed(io::Error::other("it was replaced while it was being opened")));
        }
    }
    Ok(OpenedBy::Path)
}

fn names(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some(OsStr::new("..").to_owned()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        })
        .collect()
}

/// No other user may put another file in the file's place. In a sticky folder such as `/tmp` only an entry's owner can.
fn insist_closed_folder(file: &Path, folder: &Path, system: u32) -> Result<(), FileError> {
    let status =
        fs::symlink_metadata(folder).map_err(|source| FileError::Read { path: folder.to_owned(), source })?;
    insist_owner(file, folder, &status, system)?;
    let mode = status.mode() & 0o7777;
    if status.is_dir() && mode & 0o022 != 0 && mode & STICKY == 0 {
        return Err(FileError::OpenFolder { file: file.to_owned(), folder: folder.to_owned(), mode });
    }
    Ok(())
}

const STICKY: u32 = 0o1000;

fn insist_owner(file: &Path, on_the_way: &Path, status: &Metadata, system: u32) -> Result<(), FileError> {
    let owner = status.uid();
    if is_ours(owner) || owner == system {
        return Ok(());
    }
    Err(FileError::ForeignWay { file: file.to_owned(), on_the_way: on_the_way.to_owned(), owner })
}

/// Links there lead to what a process has open, wherever that lies.
fn holds_descriptors(folder: &Path) -> bool {
    folder == Path::new("/dev/fd") || (folder.starts_with("/proc") && folder.ends_with("fd"))
}

pub(super) const ROOT: u32 = 0;

/// The user's, or root's, who can read and write everything anyway.
pub(super) fn is_ours(owner: u32) -> bool {
    owner == ROOT || owner == rustix::process::geteuid().as_raw()
}
