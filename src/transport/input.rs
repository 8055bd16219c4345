//! What a server has sent and nobody has read yet, in memory that does not grow.

/// Holds a reply's head. The API's are under 500 bytes; ureq's default would cost 128 KiB a connection, each way.
pub(super) const BUFFER: usize = 16 * 1024;

/// A buffer that is filled at its end and consumed from its beginning.
pub(super) struct Input {
    /// Made when it is needed: a connection may be opened and never answered.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Input {
    pub(super) fn new() -> Self {
        Self { bytes: Vec::new(), start: 0, end: 0 }
    }

    /// Where the next bytes go; empty if there is no room.
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.bytes.resize(BUFFER, 0);
        // What came before a reply (100 Continue) makes room for it.
        self.bytes.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        &mut self.bytes[self.end..]
    }

    /// So many bytes have gone there.
    pub(super) fn filled(&mut self, amount: usize) {
        self.end += amount;
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// So many bytes are done with.
    pub(super) fn consume(&mut self, amount: usize) {
        self.start += amount;
    }
}

#[cfg(test)]
mod tests {
    use super::{BUFFER, Input};

    fn fill(input: &mut Input, bytes: &[u8]) {
        input.room()[..bytes.len()].copy_from_slice(bytes);
        input.filled(bytes.len());
    }

    #[test]
    fn what_is_consumed_makes_room_and_the_rest_stays() {
        let mut input = Input::new();
        fill(&mut input, &[1; BUFFER]);
        assert!(input.room().is_empty());
        input.consume(BUFFER - 2);
        assert_eq!(input.room().len(), BUFFER - 2);
        assert_eq!(input.bytes(), [1, 1]);
        fill(&mut input, &[2]);
        assert_eq!(input.bytes(), [1, 1, 2]);
        input.consume(3);
        assert!(input.is_empty());
    }
}
