//! Tables: which column is which field, and a row's texts. How a row is split stands in `csv`.

use std::borrow::Cow;
use std::io::{self, Read};

use memchr::memchr_iter;

use super::assemble::{Defaults, Entry, Problem, Purpose, Refusal, Said, assemble, text};
use super::csv::{Syntax, for_each_cell};
use super::detect::Format;
use super::field::{Field, FieldMap, is_from_a_result_line, named_in_any_case, nearest};
use super::lines::{Lines, Step};
use super::notice::Notices;
use crate::domain::{Reference, TimeSource};

/// Reads the record in hand, making it grow while a quote is open at the end of a line.
///
/// A stray quote must cost one record, not the rest of the file, and must not make a live stream wait. So a quote is taken
/// for a stray one, the first line alone refused and reading resumed at the second, when
/// - it opens in a column that cannot have several lines (decided at once), or
/// - a following line is a good record by itself (decided as soon as that line is there), or
/// - what it encloses leaves a row with the wrong number of columns, or text after the closing quote, or
/// - nothing closes it within the limit on a record, or before the end.
///
/// What is left is a well-formed record, whatever was meant: a stray quote and a later line that ends in a quote.
pub(super) fn read<R: Read>(
    table: &Table,
    lines: &mut Lines<R>,
    fields: &FieldMap,
    defaults: Defaults,
) -> io::Result<Result<Entry, Refusal>> {
    let mut stray_quote = None;
    loop {
        match table.row(lines.record(), fields, defaults, lines.number()) {
            Row::Whole(item) => return Ok(item),
            Row::GoesOn(problem) => {
                if grow(table, lines, fields, defaults)? == Growth::Stunted {
                    lines.shrink();
                    return Ok(Err(problem.into()));
                }
                stray_quote = Some(problem);
            }
            Row::Broken(problem) => {
                lines.shrink();
                return Ok(Err(stray_quote.unwrap_or(problem).into()));
            }
        }
    }
}

/// What came of adding lines to a record with an open quote.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Growth {
    /// The last line has an odd number of quotes, as a line must that closes one: worth another look.
    Grown,
    /// The quote was a stray one.
    Stunted,
}

fn grow<R: Read>(
    table: &Table,
    lines: &mut Lines<R>,
    fields: &FieldMap,
    defaults: Defaults,
) -> io::Result<Growth> {
    while lines.extend()? == Step::Line {
        if table.stands_alone(lines.last_line(), fields, defaults) {
            return Ok(Growth::Stunted);
        }
        if memchr_iter(b'"', lines.last_line()).count() % 2 == 1 {
            return Ok(Growth::Grown);
        }
    }
    Ok(Growth::Stunted)
}

/// The header of a table.
#[derive(Debug)]
pub(super) struct Table {
    syntax: Syntax,
    /// How many columns each row must have.
    width: usize,
    /// Which column each field is read from.
    columns: [Option<usize>; Field::COUNT],
}

/// Why a first line is no header that can be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HeaderError {
    /// Not a single known name, and none that is nearly one.
    NotAHeader,
    Missing {
        field: Field,
        nearest: Option<String>,
    },
    Twice {
        field: Field,
        column: String,
    },
}

/// One row, or the reason why it is none.
#[derive(Debug)]
enum Row {
    Whole(Result<Entry, Refusal>),
    /// Its quotes or its number of columns are wrong.
    Broken(Problem),
    /// A quote is open at the end, in a column whose text may go on in the next line.
    GoesOn(Problem),
}

impl Table {
    /// Reads the header. A field that has no default must have a column.
    pub(super) fn new(
        header: &[u8],
        format: Format,
        fields: &FieldMap,
        defaults: Defaults,
        notices: &mut Notices,
    ) -> Result<Self, HeaderError> {
        let header = str::from_utf8(header).map_err(|_| HeaderError::NotAHeader)?;
        let syntax = Syntax::of(format, header);
        let mut names = Vec::new();
        for_each_cell(header, syntax, |_, name| names.push(name.trim().to_owned()))
            .map_err(|_| HeaderError::NotAHeader)?;
        let columns = columns(&names, fields)?;
        if columns.iter().all(Option::is_none) && names.iter().all(|name| nearest(name).is_none()) {
            return Err(HeaderError::NotAHeader);
        }
        let table = Self { syntax, width: names.len(), columns };
        if let Some(field) = table.missing(defaults) {
            let nearest = names.into_iter().find(|name| {
                named_in_any_case(name).is_none() && nearest(name).is_some_and(|(near, _)| near == field)
            });
            return Err(HeaderError::Missing { field, nearest });
        }
        for name in &names {
            let known = named_in_any_case(name).is_some() || is_from_a_result_line(name);
            if !known && !name.is_empty() && fields.in_column(name).next().is_none() {
                notices.unknown(name);
            }
        }
        Ok(table)
    }

    /// Reads a row that has all its lines, or the first of them.
    fn row(&self, record: &[u8], fields: &FieldMap, defaults: Defaults, line: u64) -> Row {
        let text = match text(record) {
            Ok(text) => text,
            Err(problem) => return Row::Broken(problem),
        };
        let mut cells: [Option<Cow<'_, str>>; Field::COUNT] = Default::default();
        let split = for_each_cell(text, self.syntax, |column, cell| {
            for (wanted, slot) in self.columns.iter().zip(&mut cells) {
                if *wanted == Some(column) {
                    *slot = Some(cell.clone());
                }
            }
        });
        match split {
            Ok(found) if found != self.width => Row::Broken(Problem::Ragged { found, wanted: self.width }),
            Ok(_) => Row::Whole(assemble(said(cells, fields), defaults, line)),
            Err(problem @ Problem::UnclosedQuote(column)) if self.may_have_several_lines(column - 1) => {
                Row::GoesOn(problem)
            }
            Err(problem) => Row::Broken(problem),
        }
    }

    /// No id, time, channel or truth value has a line break in it; a text that nobody reads, or a `ref`, may.
    fn may_have_several_lines(&self, column: usize) -> bool {
        self.columns[..Field::Reference as usize].iter().all(|read| *read != Some(column))
    }

    /// Whether this line is a good record without the help of the lines before it. Nearly any text is an id, so
    /// something else in it must be what it should be, too.
    fn stands_alone(&self, line: &[u8], fields: &FieldMap, defaults: Defaults) -> bool {
        let strict = Defaults {
            channel: defaults.channel.filter(|_| !self.has(Field::Channel)),
            delivered: defaults.delivered.filter(|_| !self.has(Field::Delivered)),
            ..defaults
        };
        match self.row(line, fields, strict, 0) {
            Row::Whole(Ok(Entry::Record(record))) => {
                self.has(Field::Channel) || self.has(Field::Delivered) || record.time == TimeSource::Given
            }
            Row::Whole(Ok(Entry::Event(_))) => true,
            Row::Whole(Ok(Entry::Unrelated) | Err(_)) | Row::Broken(_) | Row::GoesOn(_) => false,
        }
    }

    fn has(&self, field: Field) -> bool {
        self.columns[field as usize].is_some()
    }

    fn missing(&self, defaults: Defaults) -> Option<Field> {
        let (delivered, happening) = match defaults.purpose {
            Purpose::Conversions => (defaults.delivered.is_some(), true),
            Purpose::Events => (true, self.has(Field::Converted)),
        };
        [
            (Field::MessageId, false),
            (Field::Delivered, delivered),
            (Field::Sent, happening),
            (Field::Channel, defaults.channel.is_some()),
        ]
        .into_iter()
        .find(|(field, has_default)| !self.has(*field) && !has_default)
        .map(|(field, _)| field)
    }
}

/// The column of each field: the mapped one, or the one whose name comes first in the order of precedence.
fn columns(names: &[String], fields: &FieldMap) -> Result<[Option<usize>; Field::COUNT], HeaderError> {
    let mut columns = [None; Field::COUNT];
    for field in Field::ALL {
        let rank = |name: &String| match fields.column_of(field) {
            Some(mapped) => mapped.eq_ignore_ascii_case(name).then_some(0),
            None => named_in_any_case(name).and_then(|(named, rank)| (named == field).then_some(rank)),
        };
        let mut found: Vec<(usize, usize)> =
            names.iter().enumerate().filter_map(|(column, name)| Some((rank(name)?, column))).collect();
        found.sort_unstable();
        if let Some(twice) = found.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(HeaderError::Twice { field, column: names[twice[0].1].clone() });
        }
        columns[field as usize] = found.first().map(|(_, column)| *column);
    }
    Ok(columns)
}

/// A cell with nothing in it is silent, except where an id must stand.
fn said<'a>(cells: [Option<Cow<'a, str>>; Field::COUNT], fields: &FieldMap) -> Said<'a> {
    let [message_id, delivered, timestamp, channel, sent, converted, reference] = cells;
    let [delivered, timestamp, channel, reference] =
        [delivered, timestamp, channel, reference].map(|cell| cell.filter(|text| !text.trim().is_empty()));
    Said {
        message_id,
        delivered,
        timestamp,
        channel,
        happening: fields.happening(sent.as_deref(), converted.as_deref()),
        reference: reference.map(|text| Reference::from_json(&serde_json::Value::from(text.as_ref()).to_string())),
    }
}
