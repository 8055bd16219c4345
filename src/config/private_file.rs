//! Files that hold secrets: opened once, and judged by what the open descriptor says, so that nobody can swap the file
//! between the look and the reading. Knows owners and modes, not what is in the files.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use thiserror::Error;
use zeroize::Zeroizing;

/// Why a file is not read, or not trusted.
#[derive(Debug, Error)]
pub enum FileError {
    /// The system says no.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A folder, a pipe, a device.
    #[error("{} is not a regular file", .0.display())]
    NotRegular(PathBuf),
    /// Whoever may write the link's folder chooses the secret.
    #[error("{} holds a secret and is a symbolic link", .0.display())]
    Symlink(PathBuf),
    /// Somebody else can change it.
    #[error("{} holds a secret and belongs to another user (uid {owner})", .path.display())]
    Owner {
        /// The file.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// Others can read or change it.
    #[error("{} holds a secret and is open to others (mode {mode:04o})", .path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// No such file is meant.
    #[error("{} is larger than {most} bytes", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What is read at most.
        most: usize,
    },
}

/// Something to tell the user that does not stop anything.
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

/// Whether opening may wait for somebody at the other end of a pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// A named pipe is not waited for.
    Never,
    /// `<(pass show nexmo)`: the writer is on its way.
    ForWriter,
}

/// A file that was opened and not yet judged.
#[derive(Debug)]
pub(super) struct OpenFile {
    path: PathBuf,
    file: File,
    status: Metadata,
    through_link: ThroughLink,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ThroughLink {
    Yes,
    No,
}

impl OpenFile {
    pub(super) fn open(path: &Path, patience: Patience) -> Result<Self, FileError> {
        let flags = match patience {
            Patience::Never => OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK,
            Patience::ForWriter => OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY,
        };
        let open = |more| rustix::fs::open(path, flags | more, Mode::empty());
        // Not asking `lstat` first: what counts is how *this* descriptor was reached.
        let (opened, through_link) = match open(OFlags::NOFOLLOW) {
            Err(Errno::LOOP) => (open(OFlags::empty()), ThroughLink::Yes),
            opened => (opened, ThroughLink::No),
        };
        let failed = |source| FileError::Read { path: path.to_owned(), source };
        let file = File::from(opened.map_err(|errno| failed(errno.into()))?);
        let status = file.metadata().map_err(failed)?;
        Ok(Self { path: path.to_owned(), file, status, through_link })
    }

    /// Everything in it, in a buffer that never moves and is wiped.
    pub(super) fn read(&self, most: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(most + 1));
        let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        (&self.file)
            .take(limit)
            .read_to_end(&mut bytes)
            .map_err(|source| FileError::Read { path: self.path.clone(), source })?;
        if bytes.len() > most {
            let path = self.path.clone();
            return Err(FileError::TooLarge { path, most });
        }
        Ok(bytes)
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

    /// The rule for a file of ours that holds a secret: regular, no link, the user's (or root's), closed to others.
    pub(super) fn insist_private(&self) -> Result<(), FileError> {
        if self.through_link == ThroughLink::Yes {
            return Err(FileError::Symlink(self.path.clone()));
        }
        self.insist_regular()?;
        self.insist_owned()?;
        self.insist_no_bits(0o077)
    }

    /// The rule for a file that somebody else may have put there for us (`/run/secrets`, a mounted volume): links are
    /// usual there, and what root owns may be readable by others, though we say so; writable by others never.
    pub(super) fn insist_trustworthy(&self) -> Result<Option<Warning>, FileError> {
        self.insist_regular()?;
        self.insist_owned()?;
        if self.status.uid() == ROOT {
            self.insist_no_bits(0o022)?;
            Ok(self.doubt())
        } else {
            self.insist_no_bits(0o077)?;
            Ok(None)
        }
    }

    /// Whether it is no file at all but a pipe or the like, which has no mode to speak of.
    pub(super) fn is_stream(&self) -> bool {
        let kind = self.status.file_type();
        kind.is_fifo() || kind.is_socket() || kind.is_char_device()
    }

    /// What to say about a secret that is not ours to protect.
    pub(super) fn doubt(&self) -> Option<Warning> {
        (self.mode() & 0o077 != 0)
            .then(|| Warning::ReadableByOthers { path: self.path.clone(), mode: self.mode() })
    }

    fn insist_regular(&self) -> Result<(), FileError> {
        if self.status.is_file() {
            return Ok(());
        }
        Err(FileError::NotRegular(self.path.clone()))
    }

    /// The user's, or root's, who can read and write everything anyway.
    pub(super) fn insist_owned(&self) -> Result<(), FileError> {
        let owner = self.status.uid();
        if owner != ROOT && owner != rustix::process::geteuid().as_raw() {
            let path = self.path.clone();
            return Err(FileError::Owner { path, owner });
        }
        Ok(())
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

const ROOT: u32 = 0;
