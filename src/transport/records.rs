//! Where one TLS record ends and the next begins, so that half a record is not taken for silence.

/// The bytes of a record's head: its type, its version, and its length as two bytes (RFC 8446, 5.1).
const HEAD: usize = 5;

/// Follows the records of one direction of a connection.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// How much of a head has passed.
    head: usize,
    /// What the head says of the length, as far as it is known.
    length: usize,
    /// How much of the record behind its head is still to come.
    remaining: usize,
}

impl Records {
    /// These bytes came next.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while let Some((first, rest)) = bytes.split_first() {
            if self.remaining > 0 {
                let passed = self.remaining.min(bytes.len());
                self.remaining -= passed;
                bytes = &bytes[passed..];
                continue;
            }
            self.length = (self.length << 8 | usize::from(*first)) & 0xFFFF;
            self.head += 1;
            bytes = rest;
            if self.head == HEAD {
                self.remaining = self.length;
                self.head = 0;
            }
        }
    }

    /// Whether all that has passed is whole records.
    pub(super) fn is_between_two(&self) -> bool {
        self.head == 0 && self.remaining == 0
    }
}

#[cfg(test)]
mod tests {
    use super::Records;

    fn ends_between(chunks: &[&[u8]]) -> bool {
        let mut records = Records::default();
        for chunk in chunks {
            records.pass(chunk);
        }
        records.is_between_two()
    }

    #[test]
    fn a_record_ends_where_its_head_says_however_it_is_cut() {
        let long = [&[23, 3, 3, 1, 2][..], &[0; 258]].concat();
        let two = [&long[..], &[22, 3, 3, 0, 1, 7]].concat();
        for at in 0..two.len() {
            assert!(ends_between(&[&two[..at], &two[at..]]), "{at}");
            assert_eq!(ends_between(&[&two[..at]]), at == 0 || at == long.len(), "{at}");
        }
        assert!(ends_between(&[&[23, 3, 3, 0, 0]]));
    }
}
