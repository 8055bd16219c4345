//! Lines counted as they come: what the sandbox writes of its requests is too much to keep.

use std::io::Read;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Counts on a thread of its own, until the writer closes.
pub(crate) struct Tally {
    count: Arc<(Mutex<u64>, Condvar)>,
}

impl Tally {
    pub(crate) fn of(mut source: impl Read + Send + 'static) -> Self {
        let count = Arc::new((Mutex::new(0), Condvar::new()));
        let shared = Arc::clone(&count);
        thread::spawn(move || {
            let mut block = vec![0; 64 * 1024];
            while let Ok(length @ 1..) = source.read(&mut block) {
                let lines = block[..length].split(|byte| *byte == b'\n').count() - 1;
                *shared.0.lock().unwrap_or_else(PoisonError::into_inner) += lines as u64;
                shared.1.notify_all();
            }
        });
        Self { count }
    }

    /// The count, once it is at least so much or the time is over.
    pub(crate) fn wait_for(&self, at_least: u64, limit: Duration) -> u64 {
        let count = self.count.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.count.1.wait_timeout_while(count, limit, |count| *count < at_least);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::time::Duration;

    use super::Tally;

    #[test]
    fn lines_are_counted_and_a_line_that_never_comes_is_not_waited_for_for_ever() {
        let tally = Tally::of(Cursor::new(b"1\n2\nhalf".to_vec()));
        assert_eq!(tally.wait_for(2, Duration::from_secs(10)), 2);
        assert_eq!(tally.wait_for(3, Duration::from_millis(1)), 2);
    }
}
