//! How far the current attempt has come, noted by the connection that knows.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Shared by a sender and its connection; both live on one thread, so no order between the fields is needed.
#[derive(Debug, Default)]
pub(super) struct Trace {
    connected_anew: AtomicBool,
    connected: AtomicBool,
    sent: AtomicBool,
    answered: AtomicBool,
    tls: Mutex<Option<&'static str>>,
}

impl Trace {
    /// A new attempt begins; a connection of the one before may still be open.
    pub(super) fn start(&self) {
        for flag in [&self.connected_anew, &self.connected, &self.sent, &self.answered] {
            flag.store(false, Relaxed);
        }
    }

    /// A connection to the API, TLS included, was made for this attempt.
    pub(super) fn connected(&self, tls: Option<&'static str>) {
        self.connected_anew.store(true, Relaxed);
        self.connected.store(true, Relaxed);
        if let Ok(mut slot) = self.tls.lock() {
            *slot = tls;
        }
    }

    /// Bytes of the request are about to leave.
    pub(super) fn sending(&self) {
        self.connected.store(true, Relaxed);
        self.sent.store(true, Relaxed);
    }

    /// Bytes of a reply have come.
    pub(super) fn answered(&self) {
        self.answered.store(true, Relaxed);
    }

    /// Whether a byte of the request may have left this machine.
    pub(super) fn was_sent(&self) -> bool {
        self.sent.load(Relaxed)
    }

    /// Whether a byte of a reply has come.
    pub(super) fn was_answered(&self) -> bool {
        self.answered.load(Relaxed)
    }

    /// Whether there was a connection at all.
    pub(super) fn was_connected(&self) -> bool {
        self.connected.load(Relaxed)
    }

    /// Whether the request went out on a connection that an earlier attempt had made.
    pub(super) fn was_reused(&self) -> bool {
        self.was_connected() && !self.connected_anew.load(Relaxed)
    }

    /// The TLS version of the connection.
    pub(super) fn tls(&self) -> Option<&'static str> {
        self.tls.lock().ok().and_then(|slot| *slot)
    }
}
