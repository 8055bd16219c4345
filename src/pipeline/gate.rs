//! The gate in front of the senders: what was handed out and waits there comes back untouched while it is closed.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::ledger::Lease;

/// Closed as soon as nothing may be sent; open again with the next job. It closes by itself when the run's lease ends.
#[derive(Debug)]
pub(super) struct Gate {
    is_closed: AtomicBool,
    /// In milliseconds of the clock that never jumps.
    leased_until: AtomicU64,
}

impl Default for Gate {
    fn default() -> Self {
        Self { is_closed: AtomicBool::new(false), leased_until: AtomicU64::new(u64::MAX) }
    }
}

impl Gate {
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
    }

    pub(super) fn open(&self) {
        self.is_closed.store(false, Ordering::Release);
    }

    /// For how long what is handed out is this run's own.
    pub(super) fn lease(&self, lease: Lease) {
        let until = match lease {
            Lease::Unending => u64::MAX,
            Lease::Until(time) => u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
            Lease::Lost => 0,
        };
        self.leased_until.store(until, Ordering::Release);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Whether something may begin that lasts until then at most.
    pub(super) fn lets_through(&self, until: Duration) -> bool {
        !self.is_closed() && until.as_millis() < u128::from(self.leased_until.load(Ordering::Acquire))
    }
}
