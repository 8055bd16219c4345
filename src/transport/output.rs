//! A request on its way out, which has secrets in it.

use std::fmt;

use ureq::Error;
use zeroize::Zeroize as _;

use super::error::unsendable;
use super::input::BUFFER;

/// A buffer that is never moved, so that no copy of a secret is left behind, and that is wiped in the end. Until then the next request
/// has the same secret in it, and whoever sends has it in memory anyway.
pub(super) struct Output {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
    /// No request came further.
    furthest: usize,
}

impl Output {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; BUFFER].into(), start: 0, end: 0, furthest: 0 }
    }

    /// Another request begins, and leaves so much room for what comes before it.
    pub(super) fn begin(&mut self, room: usize) {
        (self.start, self.end) = (room, room);
    }

    /// Where the next bytes go.
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.end..).unwrap_or_default()
    }

    /// So many bytes have gone there.
    pub(super) fn written(&mut self, amount: usize) {
        self.end += amount;
        self.furthest = self.furthest.max(self.end);
    }

    /// Adds bytes at the beginning.
    pub(super) fn prepend(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let start = self.start.checked_sub(bytes.len()).ok_or_else(|| unsendable(()))?;
        self.bytes[start..self.start].copy_from_slice(bytes);
        self.start = start;
        Ok(())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // What was used: all of it would cost a short run more than its request.
        self.bytes[..self.furthest].zeroize();
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Output")
    }
}
