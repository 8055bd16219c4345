//! The identifier under which the provider knows a message, a call or a verification event.

use std::fmt;

use thiserror::Error;

use super::spreadsheet::SpreadsheetTrace;

/// An opaque id: the SMS API's `message-id`, a call's `call-id`, a Verify check's `event_id`.
///
/// The provider documents neither a pattern nor a length, so only what can never be an id is refused: nothing,
/// more than [`MessageId::MAX_BYTES`] bytes, inner white space, control characters, bidirectional controls, and what a
/// spreadsheet has made of an id ([`SpreadsheetTrace`]).
/// Anything else is data, however odd it looks (`a&delivered=false`), and is encoded as such.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(Box<str>);

/// Why a text cannot be a [`MessageId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MessageIdError {
    /// Nothing but white space, or nothing at all.
    #[error("message-id is empty")]
    Empty,
    /// Longer than [`MessageId::MAX_BYTES`]; the length in bytes.
    #[error("message-id has {0} bytes, more than {max}", max = MessageId::MAX_BYTES)]
    TooLong(usize),
    /// White space between other characters.
    #[error("message-id has white space inside")]
    InnerWhitespace,
    /// A control character, NUL included.
    #[error("message-id has a control character (U+{:04X})", u32::from(*.0))]
    Control(char),
    /// A character that reorders or hides text on a screen.
    #[error("message-id has an invisible or text-reordering character (U+{:04X})", u32::from(*.0))]
    Invisible(char),
    /// A spreadsheet, or a number type, has been at it.
    #[error("{}", explained(*.0))]
    Spreadsheet(SpreadsheetTrace),
}

fn explained(trace: SpreadsheetTrace) -> &'static str {
    match trace {
        SpreadsheetTrace::Scientific => {
            "message-id was turned into a number in scientific notation, and its last digits are lost; export the column as text"
        }
        SpreadsheetTrace::Fraction => {
            "message-id was turned into a floating-point number, which may have cost it digits; export the column as text"
        }
        SpreadsheetTrace::ErrorValue => "message-id is a spreadsheet's error value; the id itself is lost",
        SpreadsheetTrace::Formula => "message-id is a spreadsheet's formula; export the cell's value",
        SpreadsheetTrace::Apostrophe => {
            "message-id begins with the apostrophe that makes a spreadsheet's cell text; export it without"
        }
    }
}

/// Why an accepted id may still not be what was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MessageIdDoubt {
    /// White space around the id was removed.
    #[error("white space around the message-id was removed")]
    Trimmed,
    /// The id is a word that programs print for "no value".
    #[error("the message-id is a word that programs print for a missing value; check the mapping")]
    LooksLikeMissingValue,
}

impl MessageId {
    /// The longest id that is taken, in bytes.
    pub const MAX_BYTES: usize = 256;

    /// Parses an id; white space around it is not part of it.
    pub fn parse(text: &str) -> Result<Self, MessageIdError> {
        let id = text.trim();
        if id.is_empty() {
            return Err(MessageIdError::Empty);
        }
        if id.len() > Self::MAX_BYTES {
            return Err(MessageIdError::TooLong(id.len()));
        }
        if !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            for c in id.chars() {
                if c.is_whitespace() {
                    return Err(MessageIdError::InnerWhitespace);
                }
                if c.is_control() {
                    return Err(MessageIdError::Control(c));
                }
                if is_invisible(c) {
                    return Err(MessageIdError::Invisible(c));
                }
            }
        }
        match SpreadsheetTrace::of(id) {
            Some(trace) => Err(MessageIdError::Spreadsheet(trace)),
            None => Ok(Self(id.into())),
        }
    }

    /// What is doubtful about an id that [`MessageId::parse`] took, given the text it was parsed from.
    pub fn doubts(text: &str) -> impl Iterator<Item = MessageIdDoubt> {
        let id = text.trim();
        let trimmed = (id.len() != text.len()).then_some(MessageIdDoubt::Trimmed);
        let missing = ["null", "undefined", "none", "nan", "nil"]
            .iter()
            .any(|word| id.eq_ignore_ascii_case(word))
            .then_some(MessageIdDoubt::LooksLikeMissingValue);
        trimmed.into_iter().chain(missing)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Zero-width and bidirectional control characters: two ids that look alike must be alike.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{MessageId, MessageIdDoubt, MessageIdError};

    #[test]
    fn ids_seen_in_the_providers_documents_are_accepted() {
        for id in ["00A0B0C0", "020000001B0FE827", "0A0000000123ABCD1", "1f3a4c72-6a1e-4c5d-9a49-2d8d3b7a9f10"] {
            assert_eq!(MessageId::parse(id).unwrap().as_str(), id);
        }
    }

    #[test]
    fn text_that_looks_like_an_attack_is_plain_data() {
        for id in ["a&delivered=false", "%0d%0a", "../../etc/passwd", "日本"] {
            assert_eq!(MessageId::parse(id).unwrap().as_str(), id);
        }
    }

    #[test]
    fn what_can_never_be_an_id_is_refused_with_the_reason() {
        assert_eq!(MessageId::parse(""), Err(MessageIdError::Empty));
        assert_eq!(MessageId::parse(" \t"), Err(MessageIdError::Empty));
        assert_eq!(MessageId::parse("a b"), Err(MessageIdError::InnerWhitespace));
        assert_eq!(MessageId::parse("a\u{a0}b"), Err(MessageIdError::InnerWhitespace));
        assert_eq!(MessageId::parse("a\0b"), Err(MessageIdError::Control('\0')));
        assert_eq!(MessageId::parse("a\u{9b}b"), Err(MessageIdError::Control('\u{9b}')));
        assert_eq!(MessageId::parse("a\u{202e}b"), Err(MessageIdError::Invisible('\u{202e}')));
        assert_eq!(MessageId::parse(&"x".repeat(257)), Err(MessageIdError::TooLong(257)));
        assert!(MessageId::parse(&"x".repeat(256)).is_ok());
    }

    #[test]
    fn doubtful_ids_are_accepted_and_reported() {
        assert_eq!(MessageId::parse(" 0A \r").unwrap().as_str(), "0A");
        assert_eq!(MessageId::doubts(" 0A ").collect::<Vec<_>>(), [MessageIdDoubt::Trimmed]);
        assert_eq!(MessageId::doubts("None").collect::<Vec<_>>(), [MessageIdDoubt::LooksLikeMissingValue]);
        assert_eq!(MessageId::doubts("0A").count(), 0);
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_parses_to_itself(text in "\\PC{0,300}") {
            if let Ok(id) = MessageId::parse(&text) {
                prop_assert!(!id.as_str().is_empty() && id.as_str().len() <= MessageId::MAX_BYTES);
                prop_assert!(!id.as_str().chars().any(|c| c.is_whitespace() || c.is_control()));
                prop_assert_eq!(MessageId::parse(id.as_str()), Ok(id));
            }
        }
    }
}
