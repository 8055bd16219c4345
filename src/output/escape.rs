//! What is not ours must not act on a terminal: control characters, text that reorders or hides other text, invalid UTF-8.

use std::fmt;
use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

/// Bytes from outside, shown so that a terminal does nothing but print them. Newlines and tabs are shown escaped too: what is
/// shown stays on its line.
pub struct Escaped<'a>(pub &'a [u8]);

impl<'a> Escaped<'a> {
    /// Text from outside.
    #[must_use]
    pub fn text(text: &'a str) -> Self {
        Self(text.as_bytes())
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_to(f)
    }
}

impl Escaped<'_> {
    /// Writes what `Display` shows.
    pub fn write_to(&self, f: &mut impl fmt::Write) -> fmt::Result {
        // Nearly always; and then letter by letter is what costs most of a result line.
        if self.0.iter().all(|byte| (b' '..0x7f).contains(byte)) {
            return f.write_str(str::from_utf8(self.0).unwrap_or_default());
        }
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '\n' => f.write_str("\\n")?,
                    '\r' => f.write_str("\\r")?,
                    '\t' => f.write_str("\\t")?,
                    c if acts_on_a_terminal(c) => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                    c => f.write_char(c)?,
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// C0, DEL, C1, line separators, bidirectional controls and zero-width characters.
fn acts_on_a_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// JSON whose strings are as harmless on a terminal as [`Escaped`] text. JSON itself leaves DEL, C1 and bidirectional
/// controls as they are. What is passed on as it was written (a `ref`) is no exception: nothing of the kind stands in JSON
/// outside a string, and in a string it means the same escaped.
pub struct TerminalSafeJson;

impl Formatter for TerminalSafeJson {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if fragment.bytes().all(|byte| (b' '..0x7f).contains(&byte)) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut units = [0; 2];
        for c in fragment.chars() {
            if acts_on_a_terminal(c) {
                for unit in c.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                CompactFormatter.write_string_fragment(writer, c.encode_utf8(&mut [0; 4]))?;
            }
        }
        Ok(())
    }

    /// JSON from outside that is repeated as it was written: there, too, all that acts can only stand in a string.
    fn write_raw_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        self.write_string_fragment(writer, fragment)
    }
}

/// Appends a value to `line` as one line of JSON, with its newline.
pub fn to_json(line: &mut Vec<u8>, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *line, TerminalSafeJson))?;
    line.push(b'\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Escaped, acts_on_a_terminal, to_json};

    #[test]
    fn nothing_acts_on_the_terminal_and_nothing_is_lost() {
        assert_eq!(Escaped(b"a\x1b[31mb\0\n\x7f\xff\xc2\x9b").to_string(), r"a\u{1b}[31mb\u{0}\n\u{7f}\xff\u{9b}");
        assert_eq!(Escaped::text("a\u{202e}b\u{200b} 日本 é").to_string(), r"a\u{202e}b\u{200b} 日本 é");
    }

    #[test]
    fn json_that_is_passed_on_is_harmless_too_and_means_the_same() {
        let raw = serde_json::value::RawValue::from_string("\"\u{9b}31m\u{202e}\\u0000 é\u{7f}\"".into()).unwrap();
        let mut line = Vec::new();
        to_json(&mut line, &raw).unwrap();
        assert_eq!(str::from_utf8(&line).unwrap(), "\"\\u009b31m\\u202e\\u0000 é\\u007f\"\n");
    }

    /// Proptest's own texts have no character that acts.
    fn hostile_text() -> impl Strategy<Value = String> {
        const ACTING: [&str; 11] =
            ["\0", "\x1b[2J", "\n", "\r", "\x7f", "\u{9b}", "\u{202e}", "\u{2066}", "\u{feff}", "\"", "\\"];
        let piece = prop_oneof![
            any::<char>().prop_map(String::from),
            prop::sample::select(&ACTING[..]).prop_map(String::from)
        ];
        prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_bytes_get_through_that_act(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(!Escaped(&bytes).to_string().chars().any(acts_on_a_terminal));
        }

        #[test]
        fn json_is_harmless_and_reads_back(text in hostile_text()) {
            let mut line = Vec::new();
            to_json(&mut line, &text).unwrap();
            let json = String::from_utf8(line).unwrap();
            prop_assert!(!json.trim_end_matches('\n').chars().any(acts_on_a_terminal));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }

        #[test]
        fn so_is_json_that_is_repeated(text in hostile_text()) {
            let raw = serde_json::value::RawValue::from_string(serde_json::to_string(&text).unwrap()).unwrap();
            let mut line = Vec::new();
            to_json(&mut line, &raw).unwrap();
            let json = String::from_utf8(line).unwrap();
            prop_assert!(!json.trim_end_matches('\n').chars().any(acts_on_a_terminal));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
