//! How long to wait where there is nothing to read.
//!
//! Looking again costs a few system calls a file and needs no inotify, which says nothing on network file systems and has limits of
//! its own: a busy log is looked at after a few milliseconds, a quiet one four times a second.

use std::time::Duration;

/// The first wait; each one after it is twice as long.
const FIRST: Duration = Duration::from_millis(5);

/// The waits between looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    next: Duration,
}

impl Default for Rest {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Rest {
    /// The longest: no line waits longer to be noticed.
    pub const LONGEST: Duration = Duration::from_millis(250);

    /// There was something to read.
    pub fn ended(&mut self) {
        self.next = FIRST;
    }

    /// How long to wait now that there was nothing.
    pub fn wait(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(Self::LONGEST);
        wait
    }
}
