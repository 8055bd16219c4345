//! Bytes that arrive in pieces, and what asking for them may not do.

use std::cell::Cell;
use std::io::{self, ErrorKind, Read};
use std::rc::Rc;

use nexmo_conversion::domain::BadRecord;

/// Where the bytes are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Nowhere: as much as is asked for.
    Nowhere,
    /// After each of this byte.
    After(u8),
    /// Anywhere, in small pieces, with interruptions; the same places for the same number.
    Anywhere(u64),
}

/// A source that hands out its bytes in pieces. It insists that the reader's buffer is bounded, and that nothing is asked
/// for after the end: a terminal would go on after it.
pub(crate) struct Source<'a> {
    rest: &'a [u8],
    cut: Cut,
    handed_out: Rc<Cell<usize>>,
    has_ended: bool,
}

/// No reader needs to ask for more at once than two of the longest lines with their ends.
const MOST_ASKED_FOR: usize = 2 * (BadRecord::RAW_MAX + 2);

impl<'a> Source<'a> {
    pub(crate) fn new(bytes: &'a [u8], cut: Cut, handed_out: Rc<Cell<usize>>) -> Self {
        Self { rest: bytes, cut, handed_out, has_ended: false }
    }

    fn piece(&mut self) -> Option<usize> {
        match &mut self.cut {
            Cut::Nowhere => Some(self.rest.len()),
            Cut::After(byte) => {
                Some(self.rest.iter().position(|b| b == byte).map_or(self.rest.len(), |at| at + 1))
            }
            Cut::Anywhere(seed) => {
                // Knuth's generator: enough to cut bytes with.
                *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let most = if self.rest.len() > 4096 { 20_000 } else { 7 };
                let size = usize::try_from(*seed >> 33).unwrap() % (most + 1);
                (size > 0).then_some(size)
            }
        }
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        assert!(!self.has_ended, "the source is asked again after its end");
        assert!(!buffer.is_empty() && buffer.len() <= MOST_ASKED_FOR, "{} bytes are asked for", buffer.len());
        let Some(piece) = self.piece() else {
            return Err(ErrorKind::Interrupted.into());
        };
        let count = piece.min(self.rest.len()).min(buffer.len());
        let (now, later) = self.rest.split_at(count);
        buffer[..count].copy_from_slice(now);
        self.rest = later;
        self.has_ended = count == 0;
        self.handed_out.set(self.handed_out.get() + count);
        Ok(count)
    }
}
