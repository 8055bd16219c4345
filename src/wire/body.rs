//! Whether a body that came with a success can be the API's.
//!
//! The API answers `OK` (OBS); mocks of it answer nothing or JSON. How the live API labels its `OK` is not known, so what
//! is plainly one of these counts under any label. Everything else must not look like a page: captive portals and
//! proxies answer 200 as well.

use serde::de::IgnoredAny;

/// What a reply carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Its beginning; raw, from outside, and never shown unescaped.
    bytes: Vec<u8>,
    label: Label,
    coding: Coding,
    end: BodyEnd,
}

/// Whether a body came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyEnd {
    /// It did.
    Reached,
    /// It broke off, was waited for in vain, or was longer than anything the API sends.
    Missed,
}

/// What `Content-Type` calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    Page,
    Other,
}

/// Whether it stands as it is, or has to be decoded first, which is never done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Identity,
    Other,
}

/// What pages are labelled.
const PAGES: [&str; 2] = ["text/html", "application/xhtml+xml"];

impl Body {
    /// A body with its `Content-Type` and its codings, where the reply had them: lists, because each may come more than once.
    #[must_use]
    pub fn new(bytes: Vec<u8>, content_types: Option<&str>, codings: Option<&str>, end: BodyEnd) -> Self {
        let mut media_types = content_types
            .unwrap_or_default()
            .split(',')
            .filter_map(|label| label.split(';').next())
            .map(str::trim);
        let is_page = |label: &str| PAGES.iter().any(|page| page.eq_ignore_ascii_case(label));
        let label = if media_types.any(is_page) { Label::Page } else { Label::Other };
        let mut codings = codings.unwrap_or_default().split(',').map(str::trim);
        let is_plain = codings.all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case("identity"));
        let coding = if is_plain { Coding::Identity } else { Coding::Other };
        Self { bytes, label, coding, end }
    }

    /// Whether the Conversion API, or a server that plays it, could have sent this with a success. Of a body that broke off,
    /// what came is judged; where nothing came of what was announced, that is not the API's empty answer.
    #[must_use]
    pub fn may_be_the_apis(&self) -> bool {
        let text = self.bytes.trim_ascii();
        if text.is_empty() {
            return self.end == BodyEnd::Reached;
        }
        text == b"OK"
            || self.is_json()
            || (self.label == Label::Other && self.coding == Coding::Identity && !has_markup(&self.bytes))
    }

    /// Whether it is a JSON object or array, and all there.
    #[must_use]
    pub fn is_json(&self) -> bool {
        matches!(self.bytes.trim_ascii().first(), Some(b'{' | b'['))
            && self.end == BodyEnd::Reached
            && serde_json::from_slice::<IgnoredAny>(&self.bytes).is_ok()
    }
}

/// Whether a tag begins anywhere, in ASCII or what contains it; in UTF-16 and UTF-32 every other byte or more is zero.
fn has_markup(bytes: &[u8]) -> bool {
    let mut opened = false;
    for byte in bytes.iter().filter(|byte| **byte != 0) {
        if opened && (byte.is_ascii_alphabetic() || matches!(byte, b'!' | b'/' | b'?')) {
            return true;
        }
        opened = *byte == b'<';
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{Body, BodyEnd};

    const PAGE: &str = "<!DOCTYPE html><html><body>Please log in</body></html>";

    fn labelled(bytes: &[u8], content_type: &str) -> bool {
        Body::new(bytes.to_vec(), Some(content_type), None, BodyEnd::Reached).may_be_the_apis()
    }

    fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    #[test]
    fn nothing_ok_and_json_count_under_any_label() {
        for body in ["", " \r\n", "OK", "OK\n", " OK ", "{}", r#"{"status": "<ok>"}"#, " [1]\n"] {
            for label in ["text/plain", "text/html", "Text/HTML; charset=utf-8", "application/json", "", "x"] {
                assert!(labelled(body.as_bytes(), label), "{body:?} as {label:?}");
            }
        }
        for body in ["", "OK", "{}"] {
            assert!(Body::new(body.into(), None, Some("gzip"), BodyEnd::Reached).may_be_the_apis(), "{body:?}");
        }
    }

    #[test]
    fn other_plain_text_counts_unless_it_is_labelled_as_a_page() {
        for body in ["accepted", "1 < 2", "a <- b", "ok", "{broken"] {
            assert!(labelled(body.as_bytes(), "text/plain"), "{body:?}");
            let lists =
                ["text/plain, text/html; charset=x", "text/html, text/plain", "text/html; title=\"\u{fffd}\""];
            let pages = ["text/html", "TEXT/HTML;charset=x", " text/html ", "application/xhtml+xml"];
            for label in pages.into_iter().chain(lists) {
                assert!(!labelled(body.as_bytes(), label), "{body:?} as {label:?}");
            }
        }
    }

    #[test]
    fn markup_is_found_wherever_it_begins_and_however_it_is_encoded() {
        let in_utf16 = [utf16(PAGE, u16::to_le_bytes), utf16(PAGE, u16::to_be_bytes)];
        let with_marks = [utf16(&format!("\u{feff}{PAGE}"), u16::to_le_bytes), format!("\u{feff}{PAGE}").into()];
        let plain = [PAGE, "Welcome!\n<p>", "<?xml version='1.0'?>", "<!-- -->", "x</a>", "\"<b>\"", "{<html>"];
        let plain = plain.map(|text| text.as_bytes().to_vec());
        let pages = in_utf16.into_iter().chain(with_marks).chain(plain);
        for page in pages {
            for label in ["text/plain", "application/json", ""] {
                assert!(!labelled(&page, label), "{:?} as {label:?}", String::from_utf8_lossy(&page));
            }
        }
    }

    #[test]
    fn what_has_to_be_decoded_does_not_count() {
        for coding in ["gzip", "br", "deflate", "GZIP", "gzip, identity", "identity, gzip", "gzip\u{fffd}"] {
            assert!(!Body::new("ok".into(), None, Some(coding), BodyEnd::Reached).may_be_the_apis(), "{coding}");
        }
        for coding in ["identity", "Identity", "", " "] {
            assert!(Body::new("ok".into(), None, Some(coding), BodyEnd::Reached).may_be_the_apis(), "{coding}");
        }
    }

    #[test]
    fn of_what_broke_off_the_part_that_came_is_judged_and_nothing_at_all_does_not_count() {
        let cut = |body: &str, label| Body::new(body.into(), Some(label), None, BodyEnd::Missed).may_be_the_apis();
        assert!(cut("O", "text/plain") && cut("OK", "text/html") && cut("{\"a\"", "application/json"));
        assert!(!cut("", "text/plain") && !cut(" \r\n", "text/plain") && !cut("O", "text/html"));
        assert!(!cut("<ht", "text/plain"));
    }
}
