//! How far the input has been read: what the reading thread shares with the others.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use super::terminal::Terminal;
use crate::clock;
use crate::domain::counted;
use crate::input::InputError;
use crate::output::Severity;

/// How long a pipe is read for records that can only be answered.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// What the reading thread shares with the others.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    pub(super) shared: Arc<Shared>,
    /// The size of all files in bytes; unknown as soon as one is a pipe.
    pub(super) size: Option<u64>,
    /// Somebody types it into a terminal.
    pub(super) is_typed: bool,
}

#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) bytes: AtomicU64,
    pub(super) records: AtomicU64,
    pub(super) events: AtomicU64,
    pub(super) unrelated: AtomicU64,
    pub(super) unwanted: AtomicU64,
    pub(super) stop: Arc<AtomicBool>,
    /// Whoever writes into a pipe is waited for until then.
    pub(super) patience: OnceLock<Duration>,
    error: Mutex<Option<InputError>>,
}

impl Reading {
    /// How long a group of it waits for more: who types sees what comes of a line before the next.
    pub(super) fn linger(&self, linger: Duration) -> Duration {
        if self.is_typed { Duration::ZERO } else { linger }
    }

    /// Bytes read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::Relaxed)
    }

    /// How many records all files have, by those that were read: exact when all were. Unknown for a pipe, and for a log, of which
    /// few lines become conversions.
    pub(super) fn records_expected(&self) -> Option<u64> {
        let (size, bytes) = (self.size?, self.bytes());
        let records = self.shared.records.load(Ordering::Relaxed);
        let all = u128::from(records) * u128::from(size) / u128::from(bytes.max(1));
        if self.events() > 0 || bytes == 0 { None } else { u64::try_from(all).ok() }
    }

    /// Events read from a log, so far.
    pub(super) fn events(&self) -> u64 {
        self.shared.events.load(Ordering::Relaxed)
    }

    /// Other lines of that log.
    pub(super) fn unrelated(&self) -> u64 {
        self.shared.unrelated.load(Ordering::Relaxed)
    }

    /// Says how many lines `--where` has left out.
    pub(super) fn say_what_was_passed_over(&self, terminal: &mut Terminal) {
        if let count @ 1.. = self.shared.unwanted.load(Ordering::Relaxed) {
            let text = format_args!("{} that --where does not want", counted(count, "line"));
            terminal.note("passed over", Severity::Note, text);
        }
    }

    /// Set, it lets the reader hand out what it has and take nothing new.
    pub(super) fn stop(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.shared.stop)
    }

    /// From now on files are read to their end, and a pipe for a moment only: it may have none.
    pub(super) fn stop_waiting(&self) {
        let _ = self.shared.patience.set(clock::monotonic().saturating_add(LAST_LOOK));
    }

    /// Why reading stopped, if it did not come to the end.
    pub(super) fn take_error(&self) -> Option<InputError> {
        self.shared.error.lock().ok().and_then(|mut error| error.take())
    }

    pub(super) fn fail(&self, error: InputError) {
        if let Ok(mut slot) = self.shared.error.lock() {
            *slot = Some(error);
        }
    }
}
