//! Files that decide where secrets go: opened once, and judged by what the open descriptor says, so that no other user can
//! swap the file between the look and the reading. Knows owners and modes, not what is in the files.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use thiserror::Error;
use zeroize::Zeroizing;

use super::file_error::FileError;
use super::way::{self, OpenedBy, ROOT, is_ours};

/// A warning for the user, which stops nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Warning {
    /// A secret that is not this program's to protect is readable by others.
    #[error("{} holds a secret and can be read by others (mode {mode:04o})", .path.display())]
    ReadableByOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

/// Whether opening may wait for the other end of a pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OpenMode {
    /// A named pipe is not waited for.
    NonBlocking,
    /// `<(pass show nexmo)`: the writer is on its way.
    Blocking,
}

/// A file that was opened and not yet judged.
#[derive(Debug)]
pub(super) struct OpenFile {
    path: PathBuf,
    file: File,
    status: Metadata,
}

/// What a missing file means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Somebody named it.
    IsAnError,
    /// It is only where one would be.
    IsFine,
}

/// Also when a folder on the way is a file: then there is no file there either.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

impl OpenFile {
    /// Opens what may be missing; it is this user's or root's, and nobody else can change it.
    pub(super) fn open_if_there(path: &Path, missing: Missing) -> Result<Option<Self>, FileError> {
        let file = match Self::open(path, OpenMode::NonBlocking) {
            Err(FileError::Read { source, .. }) if missing == Missing::IsFine && is_absent(&source) => {
                return Ok(None);
            }
            opened => opened?,
        };
        file.insist_readable()?;
        file.insist_ours()?;
        file.insist_unwritable()?;
        Ok(Some(file))
    }

    pub(super) fn open(path: &Path, mode: OpenMode) -> Result<Self, FileError> {
        let flags = match mode {
            OpenMode::NonBlocking => OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK,
            OpenMode::Blocking => OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY,
        };
        let failed = |source| FileError::Read { path: path.to_owned(), source };
        let opened = rustix::fs::open(path, flags, Mode::empty());
        let file = File::from(opened.map_err(|errno| failed(errno.into()))?);
        let status = file.metadata().map_err(failed)?;
        Ok(Self { path: path.to_owned(), file, status })
    }

    /// Everything in it, in a buffer that never moves and is wiped.
    pub(super) fn read(&self, most: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(most + 1));
        self.read_into(&mut bytes, most)?;
        Ok(bytes)
    }

    /// Everything in it, where there is no secret in it.
    pub(super) fn read_public(&self, most: usize) -> Result<Vec<u8>, FileError> {
        let mut bytes = Vec::new();
        self.read_into(&mut bytes, most)?;
        Ok(bytes)
    }

    fn read_into(&self, bytes: &mut Vec<u8>, most: usize) -> Result<(), FileError> {
        let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        (&self.file)
            .take(limit)
            .read_to_end(bytes)
            .map_err(|source| FileError::Read { path: self.path.clone(), source })?;
        if bytes.len() > most {
            let path = self.path.clone();
            return Err(FileError::TooLarge { path, most });
        }
        Ok(())
    }

    /// The same for every name of one file.
    pub(super) fn identity(&self) -> (u64, u64) {
        (self.status.dev(), self.status.ino())
    }

    /// A regular file or `/dev/null`; a pipe would be read to nothing, a folder cannot be read.
    pub(super) fn insist_readable(&self) -> Result<(), FileError> {
        let kind = self.status.file_type();
        if kind.is_file() || kind.is_char_device() {
            Ok(())
        } else {
            Err(FileError::NotRegular(self.path.clone()))
        }
    }

    /// A regular file, a device, or a pipe, where one is usual: `<(cat company.pem system.pem)`.
    pub(super) fn insist_file_or_stream(&self) -> Result<(), FileError> {
        if self.status.is_file() || self.is_stream() {
            return Ok(());
        }
        Err(FileError::NotRegular(self.path.clone()))
    }

    /// The rule for whatever is obeyed: the user's or root's, and so is the way to it. What a pipe of the shell's making
    /// says, the user says.
    pub(super) fn insist_ours(&self) -> Result<(), FileError> {
        if way::walk(&self.path, &self.status)? == OpenedBy::Handed && self.is_stream() {
            return Ok(());
        }
        let owner = self.status.uid();
        if is_ours(owner) {
            return Ok(());
        }
        Err(FileError::Owner { path: self.path.clone(), owner })
    }

    /// The rule for a file that holds no secret: no other user writes it. A device has no content that others could change.
    pub(super) fn insist_unwritable(&self) -> Result<(), FileError> {
        let mode = self.mode();
        if mode & 0o022 == 0 || self.status.file_type().is_char_device() {
            return Ok(());
        }
        Err(FileError::Writable { path: self.path.clone(), mode })
    }

    /// The rule for a file of ours that holds a secret: closed to others. Root's own may be read by a group, because the
    /// user who is in that group could not read it otherwise.
    pub(super) fn insist_private(&self) -> Result<(), FileError> {
        self.insist_regular()?;
        let lent = self.status.uid() == ROOT && !rustix::process::geteuid().is_root();
        self.insist_no_bits(if lent { 0o037 } else { 0o077 })
    }

    /// The rule for a file that holds nothing but a secret. Root may have put it there for us (`/run/secrets`, a mounted
    /// volume) and let a group read it; that others may read it too, we say. Writable by others never.
    pub(super) fn insist_trustworthy(&self) -> Result<Option<Warning>, FileError> {
        self.insist_ours()?;
        if self.is_stream() {
            return self.insist_unwritable().map(|()| None);
        }
        self.insist_regular()?;
        if self.status.uid() == ROOT {
            self.insist_no_bits(0o022)?;
            Ok(self.doubt())
        } else {
            self.insist_no_bits(0o077)?;
            Ok(None)
        }
    }

    /// Whether it is no file at all but a pipe or the like.
    fn is_stream(&self) -> bool {
        let kind = self.status.file_type();
        kind.is_fifo() || kind.is_socket() || kind.is_char_device()
    }

    /// What to say about a secret that is not ours to protect. A group that root lets read is how secrets are mounted.
    pub(super) fn doubt(&self) -> Option<Warning> {
        let others = if self.status.uid() == ROOT { 0o007 } else { 0o077 };
        (self.mode() & others != 0)
            .then(|| Warning::ReadableByOthers { path: self.path.clone(), mode: self.mode() })
    }

    pub(super) fn insist_regular(&self) -> Result<(), FileError> {
        if self.status.is_file() {
            return Ok(());
        }
        Err(FileError::NotRegular(self.path.clone()))
    }

    fn insist_no_bits(&self, forbidden: u32) -> Result<(), FileError> {
        if self.mode() & forbidden == 0 {
            return Ok(());
        }
        Err(FileError::Mode { path: self.path.clone(), mode: self.mode() })
    }

    fn mode(&self) -> u32 {
        self.status.mode() & 0o7777
    }
}
