//! How far a followed file has been read, and how it is known again.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::timestamp::Timestamp;

/// A file that is followed: where it is, and how it is read. Read in another way, it is another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowedFile {
    /// For people.
    pub path: String,
    /// A digest of the path and of how it is read.
    pub key: [u8; 16],
}

impl FollowedFile {
    /// The file at a path (its bytes, and as people read it), read as `manner` says.
    #[must_use]
    pub fn new(path: &[u8], shown: String, manner: &str) -> Self {
        let mut bytes = manner.as_bytes().to_vec();
        bytes.push(0);
        bytes.extend(path);
        Self { path: shown, key: half_of_digest(&bytes) }
    }
}

/// The first bytes of a file: a file that begins otherwise is another one, whatever its name and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileHead {
    /// How many bytes these are.
    pub size: u64,
    /// A digest of them.
    pub digest: [u8; 16],
}

impl FileHead {
    /// The most bytes that count.
    pub const MAX: u64 = 1024;

    /// Of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self { size: bytes.len() as u64, digest: half_of_digest(bytes) }
    }
}

/// Up to where a file has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadTo {
    /// Which one.
    pub file: Arc<FollowedFile>,
    /// What the file is, wherever it is moved.
    pub identity: String,
    /// How it begins, as far as it was read.
    pub head: FileHead,
    /// How many of its bytes were read.
    pub offset: u64,
    /// How many lines these are.
    pub lines: u64,
    /// When it was last looked what stands at the path and beside it. What was moved away since is not known, however much later
    /// this is written down.
    pub looked: Timestamp,
}

fn half_of_digest(bytes: &[u8]) -> [u8; 16] {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    let (half, _) = digest.split_at(16);
    std::array::from_fn(|at| half[at])
}
