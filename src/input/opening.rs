//! The lines before the format is known: which of them decides it, and what becomes of those that do not.
//!
//! They are held until a later line decides, and refused then. If none does, the input is of no format, and the first of
//! them says why.

use std::io::Read;

use super::assemble::{Defaults, Problem, Purpose, Refusal, text};
use super::csv::{self, Grown, Syntax};
use super::detect::{self, Format};
use super::error::InputError;
use super::ids;
use super::lines::{Lines, Step};
use super::notice::Notices;
use super::options::InputOptions;
use super::table::{self, HeaderError, Table};
use crate::domain::BadRecord;

/// What [`Opening::open`] did with the line in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    /// It shows the format, and is a record.
    Record,
    /// It is no record: a header, the separator, or a line that is of no format.
    NoRecord,
    /// It may be going on.
    Unfinished,
}

/// So many lines of no format are passed over before the input is given up.
const HELD_MAX: usize = 64;

/// What was found out from the first line.
#[derive(Debug)]
pub(super) enum Layout {
    Json(Mapping),
    Table(Table, Format),
    Ids,
}

/// Whether the names in JSON records have been seen to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mapping {
    Unproven,
    Proven,
}

/// What is known so far.
#[derive(Debug, Default)]
pub(super) struct Opening {
    pub layout: Option<Layout>,
    /// Why the first line that is of no format is of none.
    pub reason: Option<InputError>,
    /// The lines that are of none.
    held: Vec<BadRecord>,
    /// The separator that a line of its own has named.
    delimiter: Option<u8>,
}

/// The line in hand, and what it is judged by.
pub(super) struct Head<'a, R> {
    pub lines: &'a mut Lines<R>,
    pub notices: &'a mut Notices,
    pub options: &'a InputOptions,
    pub name: &'a str,
    pub step: Step,
    pub defaults: Defaults,
}

impl Opening {
    /// The lines that were held, once the format is known.
    pub(super) fn take_held(&mut self) -> Vec<BadRecord> {
        if self.layout.is_some() { std::mem::take(&mut self.held) } else { Vec::new() }
    }

    /// Finds out what the input is from the line in hand.
    pub(super) fn open<R: Read>(&mut self, mut head: Head<'_, R>) -> Result<First, InputError> {
        let record = head.lines.record();
        let (name, line) = (head.name.to_owned(), head.lines.number());
        if self.reason.is_none()
            && self.layout.is_none()
            && let Some(encoding) = detect::encoding(record)
        {
            return Err(InputError::NotText { name, encoding });
        }
        let takes_tables = matches!(head.options.format, Format::Auto | Format::Csv | Format::Tsv);
        if takes_tables
            && self.layout.is_none()
            && let Some(separator) = detect::separator(record)
        {
            self.delimiter = Some(separator);
            return Ok(First::NoRecord);
        }
        let format = match head.options.format {
            Format::Auto if self.delimiter.is_some() => Some(Format::Csv),
            Format::Auto => detect::format(record, &head.options.fields),
            named @ (Format::Ndjson | Format::Csv | Format::Tsv | Format::Ids) => Some(named),
        };
        match format {
            None => self.hold(&head, InputError::UnknownFormat { name, line }),
            Some(Format::Auto | Format::Ndjson) => {
                if detect::is_json_array(record) {
                    return Err(InputError::JsonArray { name, line });
                }
                if record.trim_ascii() == b"{" {
                    return Err(InputError::JsonOverSeveralLines { name, line });
                }
                self.layout = Some(Layout::Json(Mapping::Unproven));
                Ok(First::Record)
            }
            Some(Format::Ids) => match ids::missing(head.defaults) {
                None => {
                    self.layout = Some(Layout::Ids);
                    Ok(First::Record)
                }
                Some(_) if head.options.format == Format::Auto && head.defaults.purpose == Purpose::Events => {
                    self.hold(&head, InputError::UnknownFormat { name, line })
                }
                Some(field) => {
                    let error = InputError::IdsDoNotSay { name, line, field };
                    let is_the_second = matches!(self.reason, Some(InputError::IdsDoNotSay { .. }));
                    if head.options.format == Format::Ids {
                        return Err(error);
                    }
                    if is_the_second { Err(self.reason.take().unwrap_or(error)) } else { self.hold(&head, error) }
                }
            },
            Some(Format::Csv | Format::Tsv) => self.header(&mut head),
        }
    }

    fn header<R: Read>(&mut self, head: &mut Head<'_, R>) -> Result<First, InputError> {
        let (name, line) = (head.name.to_owned(), head.lines.number());
        let fields = &head.options.fields;
        let syntax = match (self.delimiter, head.options.format) {
            (Some(delimiter), _) => Syntax::Quoted(delimiter),
            (None, Format::Tsv) => Syntax::Tabs,
            (None, Format::Csv) => table::syntax(head.lines.record(), &Syntax::COMMA_OR_SEMICOLON, fields),
            (None, Format::Auto | Format::Ndjson | Format::Ids) => {
                table::syntax(head.lines.record(), &Syntax::ANY, fields)
            }
        };
        // What the fields are separated by names the format, whatever else stands in the line.
        let format = if syntax.separates_by_tabs() { Format::Tsv } else { Format::Csv };
        let grown = csv::grow(head.lines, syntax)
            .map_err(|source| InputError::Unreadable { name: name.clone(), source })?;
        if grown == Grown::Unfinished {
            head.lines.put_back();
            return Ok(First::Unfinished);
        }
        let is_a_comment = head.lines.record().starts_with(b"#");
        let table = if head.step == Step::TooLong || matches!(grown, Grown::Stray(_)) {
            Err(HeaderError::NotAHeader)
        } else {
            Table::new(head.lines.record(), syntax, &head.options.fields, head.defaults, head.notices)
        };
        match table {
            Ok(table) => {
                self.layout = Some(Layout::Table(table, format));
                Ok(First::NoRecord)
            }
            Err(error) => {
                head.lines.shrink();
                if error == HeaderError::NotAHeader || is_a_comment {
                    self.hold(head, InputError::NoHeader { name, line, format })
                } else {
                    Err(bad_header(error, format, head))
                }
            }
        }
    }

    /// Keeps a line that is of no format until one is found.
    fn hold<R: Read>(&mut self, head: &Head<'_, R>, reason: InputError) -> Result<First, InputError> {
        let first = self.reason.take().unwrap_or(reason);
        if self.layout.is_none() && self.held.len() >= HELD_MAX {
            return Err(first);
        }
        let problem = match text(head.lines.record()) {
            _ if head.step == Step::TooLong => Problem::TooLong,
            Err(problem) => problem,
            Ok(_) if self.layout.is_some() => Problem::NotPlain,
            Ok(_) => Problem::NoFormat,
        };
        let bad = Refusal::from(problem).into_bad_record(head.lines.number(), head.lines.record());
        self.held.push(bad);
        self.reason = Some(first);
        Ok(First::NoRecord)
    }
}

fn bad_header<R: Read>(error: HeaderError, format: Format, head: &Head<'_, R>) -> InputError {
    let name = head.name.to_owned();
    let line = head.lines.number();
    match error {
        HeaderError::NotAHeader => InputError::NoHeader { name, line, format },
        HeaderError::Twice { field, column } => InputError::DuplicateColumn { name, line, column, field },
        HeaderError::Receipts => InputError::Receipts { name, line },
        HeaderError::Missing { field, nearest, columns } => InputError::MissingColumn {
            name,
            line,
            field,
            mapped_to: head.options.fields.column_of(field).map(str::to_owned),
            nearest,
            columns,
        },
    }
}
