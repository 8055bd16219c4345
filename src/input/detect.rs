//! What kind of input this is, from its first bytes and its first line.

use std::fmt;
use std::str::FromStr;

use memchr::memchr;

use super::field::{self, FieldMap};
use crate::domain::{names, none_of};

names! {
    /// How records are written. What [`Format::Auto`] stands for is decided by the first line that is not blank.
    #[derive(Default)]
    Format {
        /// Find out.
        #[default]
        Auto = "auto",
        /// One JSON object on each line.
        Ndjson = "ndjson",
        /// Comma-separated values (RFC 4180) with a header; semicolons where the header has no comma.
        Csv = "csv",
        /// Tab-separated values with a header, without quoting.
        Tsv = "tsv",
        /// One id on each line; channel and delivered come from the options.
        Ids = "ids",
    }
}

impl FromStr for Format {
    type Err = String;

    /// The error lists the names that exist, and the one that was probably meant.
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().copied().find(|format| format.as_str() == text);
        found.ok_or_else(|| none_of(text, Self::ALL.iter().map(|format| format.as_str())))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ndjson => "NDJSON",
            Self::Csv => "CSV",
            Self::Tsv => "TSV",
            Self::Auto | Self::Ids => self.as_str(),
        })
    }
}

/// What an input can be instead of UTF-8 text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-16 or UTF-32, with or without a byte order mark.
    Utf16,
    /// gzip.
    Gzip,
    /// A zip archive, or one of the office formats that are zip archives.
    Zip,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// Zstandard.
    Zstd,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Utf16 => "UTF-16",
            Self::Gzip => "gzip",
            Self::Zip => "a zip archive",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zstd => "Zstandard",
        })
    }
}

/// The mark that some programs put in front of UTF-8.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What the input is by its first bytes, if it is not text. No text in UTF-8 begins like this.
pub(super) fn encoding(head: &[u8]) -> Option<Encoding> {
    match head {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some(Encoding::Utf16),
        [a, 0, b, 0, ..] | [0, a, 0, b, ..] if a.is_ascii_graphic() && b.is_ascii() && *b != 0 => {
            Some(Encoding::Utf16)
        }
        [0x1F, 0x8B, ..] => Some(Encoding::Gzip),
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Encoding::Zip),
        [b'B', b'Z', b'h', b'1'..=b'9', b'1', b'A', b'Y', b'&', b'S', b'Y', ..] => Some(Encoding::Bzip2),
        [0xFD, b'7', b'z', b'X', b'Z', ..] => Some(Encoding::Xz),
        [0x28, 0xB5, 0x2F, 0xFD, ..] => Some(Encoding::Zstd),
        _ => None,
    }
}

/// The format that a line speaks for. `None` where it could be anything.
pub(super) fn format(line: &[u8], fields: &FieldMap) -> Option<Format> {
    let line = line.trim_ascii();
    match line {
        [b'{', ..] => return claims_to_be_an_object(line).then_some(Format::Ndjson),
        [b'[', ..] => return is_json_array(line).then_some(Format::Ndjson),
        _ => {}
    }
    if memchr(b'\t', line).is_some() {
        return Some(Format::Tsv);
    }
    if line.iter().any(|byte| matches!(byte, b',' | b';')) {
        return Some(Format::Csv);
    }
    let line = str::from_utf8(line).ok()?;
    if is_column(line, fields) {
        Some(Format::Csv)
    } else {
        let is_id = !line.contains(|c: char| c.is_whitespace() || c.is_control()) && !is_no_plain_id(line);
        is_id.then_some(Format::Ids)
    }
}

/// Whether a line begins as a JSON object does. What begins so and is none is a broken one.
pub(super) fn claims_to_be_an_object(line: &[u8]) -> bool {
    let rest = line.trim_ascii().strip_prefix(b"{");
    rest.is_some_and(|rest| matches!(rest.trim_ascii_start().first(), None | Some(b'"' | b'}')))
}

/// Whether more than one value may stand in a line.
pub(super) fn has_several_fields(line: &[u8]) -> bool {
    claims_to_be_an_object(line) || line.iter().any(|byte| matches!(byte, b'\t' | b',' | b';'))
}

fn is_column(line: &str, fields: &FieldMap) -> bool {
    let name = line.strip_prefix('"').and_then(|line| line.strip_suffix('"')).unwrap_or(line);
    field::named_in_any_case(name).is_some() || fields.in_column(name).next().is_some()
}

/// Whether a text is more likely a piece of another format, a comment or a parameter string than an id.
pub(super) fn is_no_plain_id(text: &str) -> bool {
    text.starts_with('#') || text.contains(['{', '}', '"', '<', '>', '|', '&', '=', ';', ','])
}

/// Whether a line among plain ids shows that they are none, or that something else follows them.
pub(super) fn is_of_another_format(line: &[u8], fields: &FieldMap) -> bool {
    str::from_utf8(line).is_ok_and(|line| {
        let line = line.trim();
        is_no_plain_id(line) || line.contains('\t') || line.starts_with('[') || is_column(line, fields)
    })
}

/// Whether a line is a JSON array or the beginning of one. (`[INFO] started` is neither.)
pub(super) fn is_json_array(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let Some(rest) = line.strip_prefix(b"[") else { return false };
    matches!(rest.trim_ascii_start().first(), None | Some(b'{'))
        || serde_json::from_slice::<Vec<serde::de::IgnoredAny>>(line).is_ok()
}

/// The separator that a spreadsheet's `sep=;` names.
pub(super) fn separator(line: &[u8]) -> Option<u8> {
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    match line {
        [s, e, p, b'=', separator] if [*s, *e, *p].eq_ignore_ascii_case(b"sep") => {
            (separator.is_ascii_punctuation() && *separator != b'"' || *separator == b'\t').then_some(*separator)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Encoding, Format, encoding, format};
    use crate::input::field::FieldMap;

    #[test]
    fn the_first_line_tells_the_format() {
        for (line, expected) in [
            ("{\"message_id\":\"a\"}", Some(Format::Ndjson)),
            ("  {", Some(Format::Ndjson)),
            ("{0D}", None),
            ("[{\"id\":1}]", Some(Format::Ndjson)),
            ("message_id,delivered", Some(Format::Csv)),
            ("message_id;delivered", Some(Format::Csv)),
            ("message_id", Some(Format::Csv)),
            ("\"Message-ID\"", Some(Format::Csv)),
            ("0A,true", Some(Format::Csv)),
            ("message_id\tdelivered", Some(Format::Tsv)),
            ("0A0000000123ABCD1", Some(Format::Ids)),
            ("a&delivered=false", None),
            ("<html>", None),
            ("ready", Some(Format::Ids)),
            ("[INFO] started", None),
            ("# exported", None),
            ("0A true", None),
            ("hello world", None),
        ] {
            assert_eq!(format(line.as_bytes(), &FieldMap::default()), expected, "{line}");
        }
        assert_eq!(format(b"\xE9", &FieldMap::default()), None);
    }

    #[test]
    fn a_mapped_name_is_a_header_too() {
        let fields = FieldMap::new(["message-id=sid1".parse().unwrap()]).unwrap();
        assert_eq!(format(b"sid1", &fields), Some(Format::Csv));
        assert_eq!(format(b"sid1", &FieldMap::default()), Some(Format::Ids));
    }

    #[test]
    fn what_is_not_text_is_known_by_its_first_bytes() {
        for (head, expected) in [
            (&b"\xFF\xFEm\0"[..], Encoding::Utf16),
            (b"\xFE\xFF\0m", Encoding::Utf16),
            (b"{\0\"\0", Encoding::Utf16),
            (b"\0{\0\"", Encoding::Utf16),
            (b"\x1F\x8B\x08", Encoding::Gzip),
            (b"PK\x03\x04", Encoding::Zip),
            (b"BZh91AY&SY", Encoding::Bzip2),
            (b"\xFD7zXZ\0", Encoding::Xz),
            (b"\x28\xB5\x2F\xFD", Encoding::Zstd),
        ] {
            assert_eq!(encoding(head), Some(expected));
        }
        for text in [&b""[..], b"{", b"PK", b"BZh9", b"\xEF\xBB\xBF{", b"a\0b"] {
            assert_eq!(encoding(text), None, "{text:?}");
        }
    }
}
