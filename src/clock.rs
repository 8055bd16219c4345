//! The only room that reads time or waits.
//!
//! Everything that *decides* by time (retries, pauses, ages) takes the time as a value and can be tested without
//! waiting; only the loops that drive those decisions call these functions.
#![expect(clippy::disallowed_methods, reason = "this is the room that the ban points to")]

use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::domain::Timestamp;

/// The wall clock, to the second. A clock set before 1970 or after 9999 reads as 1970.
#[must_use]
pub fn now() -> Timestamp {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_unix(seconds).ok()).unwrap_or(EPOCH)
}

/// A point on the clock that never jumps: the time since this program first asked.
#[must_use]
pub fn monotonic() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// The same clock, for a library that wants the standard library's type.
#[must_use]
pub fn instant() -> Instant {
    Instant::now()
}

/// Waits.
pub fn sleep(duration: Duration) {
    thread::sleep(duration);
}

const EPOCH: Timestamp = match Timestamp::from_unix(0) {
    Ok(epoch) => epoch,
    Err(_) => unreachable!(),
};
