//! The gate in front of the senders: what was handed out and waits there comes back untouched while it is closed.

use std::sync::atomic::{AtomicBool, Ordering};

/// Closed as soon as nothing may be sent; open again with the next job.
#[derive(Debug, Default)]
pub(super) struct Gate(AtomicBool);

impl Gate {
    pub(super) fn close(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(super) fn open(&self) {
        self.0.store(false, Ordering::Release);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
