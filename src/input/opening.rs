//! The lines before the format is known: which of them decides it, and what becomes of those that do not.
//!
//! They are held until a later line decides, and refused then. If none does, the input is of no format, and the first of
//! them says why.

use std::io::Read;

use super::assemble::{Defaults, Problem, Purpose, Refusal, text};
use super::csv::{self, Grown, Syntax};
use super::detect::{self, Format};
use super::error::{InputError, LineFault};
use super::field::FieldMap;
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
    /// It is no record, and `--where` wants only some lines.
    Unwanted,
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

impl<R: Read> Head<'_, R> {
    /// The error of an input of which this line shows what it is.
    fn error(&self, fault: LineFault) -> InputError {
        InputError::Line { name: self.name.to_owned(), line: self.lines.number(), fault }
    }
}

impl Opening {
    /// Whether lines are held.
    pub(super) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// The lines that were held, once the format is known.
    pub(super) fn take_held(&mut self) -> Vec<BadRecord> {
        if self.layout.is_some() { std::mem::take(&mut self.held) } else { Vec::new() }
    }

    /// Finds out what the input is from the line in hand.
    pub(super) fn open<R: Read>(&mut self, mut head: Head<'_, R>) -> Result<First, InputError> {
        let record = head.lines.record();
        if self.reason.is_none()
            && self.layout.is_none()
            && let Some(encoding) = detect::encoding(record)
        {
            return Err(InputError::NotText { name: head.name.to_owned(), encoding });
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
            Format::Auto => detect::format(record, &head.options.fields)
                // A single word has no fields to pick it by.
                .filter(|_| head.options.fields.filter().is_empty() || detect::has_several_fields(record)),
            named @ (Format::Ndjson | Format::Csv | Format::Tsv | Format::Ids) => Some(named),
        };
        match format {
            None => self.hold(&head, LineFault::UnknownFormat),
            Some(Format::Auto | Format::Ndjson) => {
                if detect::is_json_array(record) {
                    return Err(head.error(LineFault::JsonArray));
                }
                if record.trim_ascii() == b"{" {
                    return Err(head.error(LineFault::JsonOverSeveralLines));
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
                    self.hold(&head, LineFault::UnknownFormat)
                }
                Some(field) => {
                    let fault = LineFault::IdsDoNotSay { field };
                    if head.options.format == Format::Ids {
                        return Err(head.error(fault));
                    }
                    let is_the_same = |reason: &mut InputError| {
                        matches!(reason, InputError::Line { fault: LineFault::IdsDoNotSay { .. }, .. })
                    };
                    self.reason.take_if(is_the_same).map_or_else(|| self.hold(&head, fault), Err)
                }
            },
            Some(Format::Csv | Format::Tsv) => self.header(&mut head),
        }
    }

    fn header<R: Read>(&mut self, head: &mut Head<'_, R>) -> Result<First, InputError> {
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
            .map_err(|source| InputError::Unreadable { name: head.name.to_owned(), source })?;
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
                    self.hold(head, LineFault::NoHeader { format })
                } else {
                    Err(head.error(bad_header(error, format, &head.options.fields)))
                }
            }
        }
    }

    /// Keeps a line that is of no format until one is found.
    fn hold<R: Read>(&mut self, head: &Head<'_, R>, fault: LineFault) -> Result<First, InputError> {
        let is_picky = head.options.format == Format::Auto && !head.options.fields.filter().is_empty();
        if is_picky && !detect::claims_to_be_an_object(head.lines.record()) {
            return Ok(First::Unwanted);
        }
        let first = self.reason.take().unwrap_or_else(|| head.error(fault));
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

fn bad_header(error: HeaderError, format: Format, fields: &FieldMap) -> LineFault {
    match error {
        HeaderError::NotAHeader => LineFault::NoHeader { format },
        HeaderError::Twice { field, column } => LineFault::DuplicateColumn { column, field },
        HeaderError::Receipts => LineFault::Receipts,
        HeaderError::NoCondition { column, columns } => LineFault::NoSuchColumn { column, columns },
        HeaderError::ConditionTwice(column) => LineFault::AmbiguousColumn { column },
        HeaderError::Missing { field, nearest, columns } => {
            let mapped_to = fields.column_of(field).map(str::to_owned);
            LineFault::MissingColumn { field, mapped_to, nearest, columns }
        }
    }
}
