//! Why a file is not obeyed. Its texts name paths, owners and modes, and nothing of what is in the file.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

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
    /// Another user can change it.
    #[error("{} belongs to another user (uid {owner})", .path.display())]
    Owner {
        /// The file.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// Others can change it.
    #[error("{} can be changed by others (mode {mode:04o})", .path.display())]
    Writable {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Another user can put another file in its place.
    #[error("the way to {} leads over {}, which belongs to another user (uid {owner})", .file.display(), .on_the_way.display())]
    ForeignWay {
        /// The file.
        file: PathBuf,
        /// A folder or a symbolic link.
        on_the_way: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// Others can put another file in its place.
    #[error("the way to {} leads through {}, which others can change (mode {mode:04o})", .file.display(), .folder.display())]
    OpenFolder {
        /// The file.
        file: PathBuf,
        /// The folder.
        folder: PathBuf,
        /// Its permission bits.
        mode: u32,
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
