//! One file that is read while it grows.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;

use super::seen::begins;
use crate::domain::FileHead;

/// Reads a file from a place on. When it is cut off, or written anew, there is nothing more to read: what comes then stands
/// somewhere else.
#[derive(Debug)]
pub struct Tracked {
    file: File,
    /// Where the next read begins.
    offset: u64,
    /// The bytes at the file's beginning, as they were read.
    head: Vec<u8>,
    /// As long as nothing was read: those that stood there at the last look.
    unread: Vec<u8>,
    state: State,
}

/// What became of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Whole,
    /// It is shorter than what was read of it, or begins otherwise.
    Cut,
}

impl Tracked {
    /// From its beginning on.
    #[must_use]
    pub fn new(file: File) -> Self {
        Self { file, offset: 0, head: Vec::new(), unread: Vec::new(), state: State::Whole }
    }

    /// Goes on at another place.
    pub fn go_on_at(&mut self, offset: u64) -> io::Result<()> {
        self.head.resize(wanted(offset), 0);
        self.offset = offset;
        self.file.read_exact_at(&mut self.head, 0)
    }

    /// How the file begins, of what stands before this place.
    #[must_use]
    pub fn head(&self, before: u64) -> FileHead {
        FileHead::of(&self.head[..wanted(before).min(self.head.len())])
    }

    /// Whether it was cut off or written anew.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.state == State::Cut
    }

    /// Whether the file begins so.
    #[must_use]
    pub fn begins(file: &File, head: &FileHead) -> bool {
        begins(file, head)
    }

    /// Looks whether it is still the same file, also where nothing was read of it yet: it may have been copied and cut off since the last
    /// look. Whether it was empty then, and is not any more: nobody can tell how often that has happened.
    pub fn look(&mut self) -> io::Result<bool> {
        if self.check()? == State::Cut || self.offset > 0 {
            return Ok(false);
        }
        let was_empty = self.unread.is_empty();
        self.unread.resize(wanted(u64::MAX), 0);
        let there = self.file.read_at(&mut self.unread, 0)?;
        self.unread.truncate(there);
        Ok(was_empty && there > 0)
    }

    /// Looks whether what was read is still there. Before each read, because what follows may belong to something else.
    fn check(&mut self) -> io::Result<State> {
        let known = if self.offset == 0 { &self.unread } else { &self.head };
        let mut head = vec![0; known.len()];
        let is_whole = self.file.metadata()?.len() >= self.offset
            && self.file.read_at(&mut head, 0)? == head.len()
            && head == *known;
        if !is_whole {
            self.state = State::Cut;
        }
        Ok(self.state)
    }
}

impl Read for Tracked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let is_unknown = self.offset == 0 && self.unread.is_empty();
        if self.check()? == State::Cut || is_unknown {
            return Ok(0);
        }
        let count = self.file.read_at(buffer, self.offset)?;
        if self.offset == self.head.len() as u64 {
            let room = wanted(u64::MAX) - self.head.len();
            self.head.extend(&buffer[..count.min(room)]);
        }
        self.offset += count as u64;
        Ok(count)
    }
}

fn wanted(before: u64) -> usize {
    usize::try_from(before.min(FileHead::MAX)).unwrap_or_default()
}
