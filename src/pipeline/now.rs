//! What both clocks say, as a value.

use std::time::Duration;

use crate::clock;
use crate::domain::Timestamp;

/// A moment: the monotonic clock's, by which waits are measured, and the wall clock's, which is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Now {
    pub(super) monotonic: Duration,
    pub(super) wall: Timestamp,
}

impl Now {
    /// Reads both clocks; for drivers. What decides is handed a moment.
    pub(super) fn read() -> Self {
        Self { monotonic: clock::monotonic(), wall: clock::now() }
    }
}
