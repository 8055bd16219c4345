//! What editors put around a text: a mark at its head, or another encoding. Knows bytes, not what the text means.

/// Notepad and PowerShell begin a UTF-8 file with these bytes; they are not part of its text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
}

/// Two bytes to each letter, as PowerShell's `>` writes them, with its mark or without.
pub(super) fn is_utf16(bytes: &[u8]) -> bool {
    let marked = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    let zeros = |first: usize| bytes.iter().skip(first).step_by(2).all(|byte| *byte == 0);
    marked || (bytes.len() >= 4 && bytes.len().is_multiple_of(2) && (zeros(0) || zeros(1)))
}
