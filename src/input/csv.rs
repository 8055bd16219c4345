//! Where the cells of a row begin and end, and where the row does (RFC 4180).

use std::borrow::Cow;
use std::io::{self, Read};

use memchr::{memchr, memchr_iter};

use super::assemble::Problem;
use super::lines::{Lines, Step};

/// How cells are separated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// RFC 4180, with this delimiter.
    Quoted(u8),
    /// A tab, and nothing else: no quoting (IANA's text/tab-separated-values).
    Tabs,
}

impl Syntax {
    /// What a CSV may be; some countries' spreadsheets write semicolons.
    pub(super) const COMMA_OR_SEMICOLON: [Self; 2] = [Self::Quoted(b','), Self::Quoted(b';')];
    /// What a table may be.
    pub(super) const ANY: [Self; 3] = [Self::Quoted(b','), Self::Quoted(b';'), Self::Tabs];

    pub(super) fn delimiter(self) -> u8 {
        match self {
            Self::Tabs => b'\t',
            Self::Quoted(delimiter) => delimiter,
        }
    }

    pub(super) fn separates_by_tabs(self) -> bool {
        self.delimiter() == b'\t'
    }
}

/// What came of looking for the end of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grown {
    /// All its lines are in hand. The column in which a quote was open at the end of the first, if there are more.
    Whole(Option<usize>),
    /// Nothing closes the quote that opens in this column: it is a stray one.
    Stray(usize),
    /// The source has ended within the quotes, and may be growing.
    Unfinished,
}

/// Makes the record in hand grow to where its quotes end, within the limit on a line.
pub(super) fn grow<R: Read>(lines: &mut Lines<R>, syntax: Syntax) -> io::Result<Grown> {
    let Syntax::Quoted(delimiter) = syntax else { return Ok(Grown::Whole(None)) };
    if memchr(b'"', lines.record()).is_none() {
        return Ok(Grown::Whole(None));
    }
    let mut quotes = Quotes { delimiter, at: At::CellStart, column: 1 };
    quotes.read(lines.record());
    let mut opened = None;
    while quotes.at == At::Quoted {
        let column = *opened.get_or_insert(quotes.column);
        match lines.extend()? {
            Step::Line => quotes.read(lines.last_line()),
            Step::TooLong | Step::End => return Ok(Grown::Stray(column)),
            Step::Unfinished => return Ok(Grown::Unfinished),
        }
    }
    Ok(Grown::Whole(opened))
}

/// Reads a record byte by byte, so that each line is looked at once however many there are.
struct Quotes {
    delimiter: u8,
    at: At,
    /// From 1.
    column: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    CellStart,
    Bare,
    Quoted,
    /// After a quote that closes the cell, unless another one follows.
    Quote,
    Closed,
    /// After a text that cannot stand there: the rest does not matter.
    Broken,
}

impl Quotes {
    fn read(&mut self, line: &[u8]) {
        for byte in line {
            self.at = match (self.at, *byte) {
                (At::Quoted, b'"') => At::Quote,
                (At::Quoted, _) | (At::Quote, b'"') => At::Quoted,
                (At::Broken, _) => return,
                (At::CellStart | At::Bare | At::Quote | At::Closed, byte) if byte == self.delimiter => {
                    self.column += 1;
                    At::CellStart
                }
                (At::CellStart, b' ') => At::CellStart,
                (At::CellStart, b'"') => At::Quoted,
                (At::CellStart | At::Bare, _) => At::Bare,
                (At::Quote | At::Closed, b' ') => At::Closed,
                (At::Quote | At::Closed, _) => At::Broken,
            };
        }
    }
}

/// Hands out the cells of a row with their places, from 0, and returns how many there are. The row may be incomplete:
/// that is the [`Problem::UnclosedQuote`].
///
/// A quote matters only where a cell begins (spaces before it are dropped); further on it is a character like others.
pub(super) fn for_each_cell<'t>(
    row: &'t str,
    syntax: Syntax,
    mut take: impl FnMut(usize, Cow<'t, str>),
) -> Result<usize, Problem> {
    let delimiter = syntax.delimiter();
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
