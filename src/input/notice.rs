//! What is worth a warning about an input, once, and stops nothing.

use super::field::{self, Field};
use crate::domain::Timestamp;

/// A fact about an input, given once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputNotice {
    /// A byte order mark was dropped.
    ByteOrderMark,
    /// A column or key that is not read.
    UnknownName {
        /// The name, raw.
        name: String,
        /// The known name that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A field was not found, and may stand here.
    Fits {
        /// What was not found.
        field: Field,
        /// Its likely path.
        path: String,
    },
    /// More such names than are listed one by one.
    MoreUnknownNames,
    /// A time without a zone lies well ahead of the clock, as a local time does that is taken for UTC.
    NoZone {
        /// The time as it was taken.
        time: Timestamp,
        /// The offset that would make it now.
        offset: String,
    },
}

/// The facts collected so far. Bounded: a stream may have a new key in every record.
#[derive(Debug, Default)]
pub(super) struct Notices {
    unknown: Vec<Box<str>>,
    untold: Vec<InputNotice>,
    advised: Vec<Field>,
    zone_is_told: bool,
    /// By number, the conditions of `--where` whose field was seen.
    found: Vec<usize>,
}

impl Notices {
    /// So many unknown names are remembered, and listed one by one.
    const UNKNOWN_MAX: usize = 16;

    pub(super) fn byte_order_mark(&mut self) {
        self.untold.push(InputNotice::ByteOrderMark);
    }

    pub(super) fn unknown(&mut self, name: &str) {
        if self.unknown.len() > Self::UNKNOWN_MAX || self.unknown.iter().any(|known| &**known == name) {
            return;
        }
        self.unknown.push(name.into());
        self.untold.push(if self.unknown.len() > Self::UNKNOWN_MAX {
            InputNotice::MoreUnknownNames
        } else {
            InputNotice::UnknownName {
                name: name.to_owned(),
                nearest: field::nearest(name).map(|(_, known)| known),
            }
        });
    }

    /// Whether nothing has been said yet about where this field may stand. Asked once.
    pub(super) fn may_advise(&mut self, field: Field) -> bool {
        let is_new = !self.advised.contains(&field);
        if is_new {
            self.advised.push(field);
        }
        is_new
    }

    pub(super) fn fits(&mut self, field: Field, path: String) {
        self.untold.push(InputNotice::Fits { field, path });
    }

    pub(super) fn no_zone(&mut self, time: Timestamp, offset: String) {
        if !std::mem::replace(&mut self.zone_is_told, true) {
            self.untold.push(InputNotice::NoZone { time, offset });
        }
    }

    /// The field of a condition is there.
    pub(super) fn found(&mut self, condition: usize) {
        if !self.found.contains(&condition) {
            self.found.push(condition);
        }
    }

    pub(super) fn was_found(&self, condition: usize) -> bool {
        self.found.contains(&condition)
    }

    /// The unknown name that was probably meant to be this field, and how it is spelled.
    pub(super) fn misspelled(&self, wanted: Field) -> Option<(&str, &'static str)> {
        self.unknown.iter().find_map(|name| {
            let (field, known) = field::nearest(name)?;
            (field == wanted).then_some((&**name, known))
        })
    }

    pub(super) fn take(&mut self) -> Vec<InputNotice> {
        std::mem::take(&mut self.untold)
    }
}

#[cfg(test)]
mod tests {
    use super::{InputNotice, Notices};

    #[test]
    fn each_unknown_name_is_reported_once_and_a_flood_of_them_in_one_line() {
        let mut notices = Notices::default();
        for _ in 0..3 {
            for i in 0..100 {
                notices.unknown(&format!("key{i}"));
            }
        }
        let taken = notices.take();
        assert_eq!(taken.len(), Notices::UNKNOWN_MAX + 1);
        assert_eq!(taken.last(), Some(&InputNotice::MoreUnknownNames));
        assert_eq!(notices.take(), []);
    }
}
