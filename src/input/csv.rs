//! Where the cells of a row begin and end.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use super::assemble::Problem;
use super::detect::Format;

/// How cells are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// RFC 4180, with this delimiter.
    Quoted(u8),
    /// A tab, and nothing else: no quoting (IANA's text/tab-separated-values).
    Tabs,
}

impl Syntax {
    /// The syntax of a format; a CSV whose header has semicolons and no comma is separated by semicolons, as some
    /// countries' spreadsheets write it.
    pub(super) fn of(format: Format, header: &str) -> Self {
        match format {
            Format::Tsv => Self::Tabs,
            Format::Auto | Format::Ndjson | Format::Csv | Format::Ids => {
                Self::Quoted(if header.contains(';') && !header.contains(',') { b';' } else { b',' })
            }
        }
    }
}

/// Hands out the cells of a row with their places, from 0, and tells how many there are. The row may be incomplete:
/// that is the [`Problem::UnclosedQuote`].
///
/// A quote matters only where a cell begins (spaces before it are dropped); further on it is a character like others.
pub(super) fn for_each_cell<'t>(
    row: &'t str,
    syntax: Syntax,
    mut take: impl FnMut(usize, Cow<'t, str>),
) -> Result<usize, Problem> {
    let delimiter = match syntax {
        Syntax::Tabs => b'\t',
        Syntax::Quoted(delimiter) => delimiter,
    };
    let mut rest = Some(row);
    let mut column = 0;
    while let Some(text) = rest {
        let quoted = match syntax {
            Syntax::Tabs => None,
            Syntax::Quoted(_) => text.trim_start_matches(' ').strip_prefix('"'),
        };
        rest = if let Some(inside) = quoted {
            let (cell, after) = closed(inside).ok_or(Problem::UnclosedQuote(column + 1))?;
            take(column, cell);
            let after = after.trim_start_matches(' ');
            match after.as_bytes().first() {
                None => None,
                Some(byte) if *byte == delimiter => Some(&after[1..]),
                Some(_) => return Err(Problem::TextAfterQuote(column + 1)),
            }
        } else if let Some(end) = memchr(delimiter, text.as_bytes()) {
            take(column, text[..end].into());
            Some(&text[end + 1..])
        } else {
            take(column, text.into());
            None
        };
        column += 1;
    }
    Ok(column)
}

/// The cell up to its closing quote, with doubled quotes undone, and what comes after the quote.
fn closed(inside: &str) -> Option<(Cow<'_, str>, &str)> {
    let bytes = inside.as_bytes();
    let mut quotes = memchr_iter(b'"', bytes);
    let mut has_doubled = false;
    while let Some(at) = quotes.next() {
        if bytes.get(at + 1) == Some(&b'"') {
            quotes.next();
            has_doubled = true;
        } else {
            let cell = &inside[..at];
            let cell = if has_doubled { cell.replace("\"\"", "\"").into() } else { cell.into() };
            return Some((cell, &inside[at + 1..]));
        }
    }
    None
}
