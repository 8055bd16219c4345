//! Tables: which column is which field, and a row's texts. How a row is split stands in `csv`.

use std::borrow::Cow;
use std::io::{self, Read};

use memchr::memchr_iter;

use super::advice::{fits, listed};
use super::assemble::{Defaults, Entry, Problem, Purpose, Refusal, Said, assemble, text, unwanted};
use super::csv::{self, Grown, Syntax, for_each_cell};
use super::detect;
use super::field::{Field, FieldMap, is_from_a_result_line, named_in_any_case, nearest};
use super::filter::Condition;
use super::lines::Lines;
use super::notice::Notices;
use crate::domain::Reference;

/// Reads the record in hand, which ends where its quotes do. A quote that is never closed, or that closes to the wrong number
/// of columns, is a stray one: it costs its own line, and the next lines are read as lines.
pub(super) fn read<R: Read>(
    table: &Table,
    lines: &mut Lines<R>,
    fields: &FieldMap,
    defaults: Defaults,
) -> io::Result<Taken> {
    let (problem, opened) = match csv::grow(lines, table.syntax)? {
        Grown::Unfinished => {
            lines.put_back();
            return Ok(Taken::Unfinished);
        }
        Grown::Stray(column) => (Problem::UnclosedQuote(column), None),
        Grown::Whole(opened) => match table.row(lines.record(), fields, defaults, lines.number()) {
            Row::Whole(item) => return Ok(Taken::Entry(item)),
            Row::Broken(problem) => (problem, opened),
        },
    };
    lines.shrink();
    Ok(Taken::Entry(Err(opened.map_or(problem, Problem::UnclosedQuote).into())))
}

/// What came of a row.
#[derive(Debug)]
pub(super) enum Taken {
    Entry(Result<Entry, Refusal>),
    /// It may go on where the source has ended.
    Unfinished,
}

/// The syntax by which the most names of a header are known; the first of those that are equal.
pub(super) fn syntax(header: &[u8], candidates: &[Syntax], fields: &FieldMap) -> Syntax {
    let known = |syntax: Syntax| {
        let mut count = 0;
        let _ = for_each_cell(str::from_utf8(header).unwrap_or_default(), syntax, |_, name| {
            let name = name.trim();
            count += usize::from(named_in_any_case(name).is_some() || fields.in_column(name).next().is_some());
        });
        // Of names that are all unknown, more are more likely.
        (count, memchr_iter(syntax.delimiter(), header).count())
    };
    candidates.iter().rev().copied().max_by_key(|syntax| known(*syntax)).unwrap_or(Syntax::Quoted(b','))
}

/// The header of a table.
#[derive(Debug)]
pub(super) struct Table {
    syntax: Syntax,
    /// How many columns each row must have.
    width: usize,
    /// Which column each field is read from.
    columns: [Option<usize>; Field::COUNT],
    /// Which column each condition of `--where` looks at.
    conditions: Vec<usize>,
}

/// Why a first line is no header that can be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HeaderError {
    /// Not a single known name, and none that is nearly one.
    NotAHeader,
    /// It is a table of a carrier's receipts, without a word of the user.
    Receipts,
    Missing {
        field: Field,
        nearest: Option<String>,
        columns: String,
    },
    Twice {
        field: Field,
        column: String,
    },
    /// What `--where` looks at.
    NoCondition {
        column: String,
        columns: String,
    },
    ConditionTwice(String),
}

/// One row, or the reason why it is none.
#[derive(Debug)]
enum Row {
    Whole(Result<Entry, Refusal>),
    /// Its quotes or its number of columns are wrong.
    Broken(Problem),
}

impl Table {
    /// Reads the header. A field that has no default must have a column.
    pub(super) fn new(
        header: &[u8],
        syntax: Syntax,
        fields: &FieldMap,
        defaults: Defaults,
        notices: &mut Notices,
    ) -> Result<Self, HeaderError> {
        let header = str::from_utf8(header).map_err(|_| HeaderError::NotAHeader)?;
        let mut names = Vec::new();
        for_each_cell(header, syntax, |_, name| names.push(name.trim().to_owned()))
            .map_err(|_| HeaderError::NotAHeader)?;
        let columns = columns(&names, fields)?;
        if columns.iter().all(Option::is_none) && names.iter().all(|name| nearest(name).is_none()) {
            return Err(HeaderError::NotAHeader);
        }
        let conditions = conditions(&names, fields)?;
        let table = Self { syntax, width: names.len(), columns, conditions };
        let is_silent = defaults.purpose == Purpose::Conversions && !table.has(Field::Delivered);
        if is_silent && table.has(Field::Receipt) && fields.column_of(Field::Delivered).is_none() {
            return Err(HeaderError::Receipts);
        }
        if let Some(field) = table.missing(defaults) {
            let columns = listed(&names);
            let nearest = names.into_iter().find(|name| named_in_any_case(name).is_none() && fits(field, name));
            return Err(HeaderError::Missing { field, nearest, columns });
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
        let conditions = fields.filter().conditions();
        let mut unmet = conditions.len();
        let split = for_each_cell(text, self.syntax, |column, cell| {
            for (_, condition) in self.conditions.iter().zip(conditions).filter(|(wanted, _)| **wanted == column) {
                unmet -= usize::from(condition.is_met(&cell));
            }
            for (wanted, slot) in self.columns.iter().zip(&mut cells) {
                if *wanted == Some(column) {
                    *slot = Some(cell.clone());
                }
            }
        });
        match split {
            // Where only some lines are wanted, one without a single separator is no row.
            Ok(1) if self.width > 1 && !conditions.is_empty() => Row::Whole(Ok(Entry::Unwanted(None))),
            Ok(found) if found != self.width => Row::Broken(Problem::Ragged { found, wanted: self.width }),
            Ok(_) if unmet > 0 => Row::Whole(Ok(unwanted(&said(cells, fields), defaults))),
            // One column is a list of ids, for which the same holds as for ids without a header.
            Ok(1) if cells[Field::MessageId as usize].as_deref().is_some_and(detect::is_no_plain_id) => {
                Row::Whole(Err(Problem::NotPlain.into()))
            }
            Ok(_) => Row::Whole(assemble(said(cells, fields), defaults, line)),
            Err(problem) => Row::Broken(problem),
        }
    }

    /// Whether nothing stands in a row but what separates its cells, as spreadsheets fill up their sheets.
    pub(super) fn is_blank(&self, row: &[u8]) -> bool {
        row.iter().all(|byte| *byte == self.syntax.delimiter() || byte.is_ascii_whitespace())
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
    for field in Field::ALL.iter().copied() {
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

/// The column of each condition of `--where`.
fn conditions(names: &[String], fields: &FieldMap) -> Result<Vec<usize>, HeaderError> {
    let column = |condition: &Condition| {
        let wanted = condition.field();
        let mut found = names.iter().enumerate().filter(|(_, name)| name.eq_ignore_ascii_case(wanted));
        match (found.next(), found.next()) {
            (Some((column, _)), None) => Ok(column),
            (Some((_, name)), Some(_)) => Err(HeaderError::ConditionTwice(name.clone())),
            (None, _) => Err(HeaderError::NoCondition { column: wanted.to_owned(), columns: listed(names) }),
        }
    };
    fields.filter().conditions().iter().map(column).collect()
}

/// A cell with nothing in it is silent, except where an id must stand.
fn said<'a>(cells: [Option<Cow<'a, str>>; Field::COUNT], fields: &FieldMap) -> Said<'a> {
    let [message_id, delivered, timestamp, channel, sent, converted, reference, receipt] = cells;
    let [delivered, timestamp, channel, reference] =
        [delivered, timestamp, channel, reference].map(|cell| cell.filter(|text| !text.trim().is_empty()));
    Said {
        message_id,
        delivered: delivered.map(|text| fields.delivered(text)),
        is_receipt: receipt.is_some(),
        timestamp,
        channel,
        happening: fields.happening(sent.as_deref(), converted.as_deref()),
        reference: reference.map(|text| Reference::from_json(&serde_json::Value::from(text.as_ref()).to_string())),
    }
}
