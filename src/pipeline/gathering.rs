//! A group that waits a little for more before it is written down: on a server a transaction costs far more than a row. Time is
//! handed in.

use std::time::Duration;

/// A group, and since when it waits.
#[derive(Debug)]
pub(super) struct Gathering<T> {
    items: Vec<T>,
    since: Option<Duration>,
    linger: Duration,
}

impl<T> Gathering<T> {
    /// One that waits for so long.
    pub(super) fn new(linger: Duration) -> Self {
        Self { items: Vec::new(), since: None, linger }
    }

    pub(super) fn push(&mut self, item: T) {
        self.items.push(item);
    }

    pub(super) fn extend(&mut self, items: impl IntoIterator<Item = T>) {
        self.items.extend(items);
    }

    /// It waits from now on, if it does not wait already.
    pub(super) fn waits_from(&mut self, now: Duration) {
        if !self.items.is_empty() {
            self.since.get_or_insert(now);
        }
    }

    /// For how long it may still wait; `None`: nothing waits.
    pub(super) fn left(&self, now: Duration) -> Option<Duration> {
        Some((self.since? + self.linger).saturating_sub(now))
    }

    /// Whether it has waited for long enough.
    pub(super) fn is_due(&self, now: Duration) -> bool {
        self.left(now).is_none_or(|left| left.is_zero())
    }

    pub(super) fn items(&self) -> &[T] {
        &self.items
    }

    pub(super) fn take(&mut self) -> Vec<T> {
        self.since = None;
        std::mem::take(&mut self.items)
    }
}
