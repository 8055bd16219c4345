//! The lines before the format is known: which of them decides it, and what becomes of those that do not.
//!
//! They are held until a later line decides, and refused then. If none does, the input is of no format, and the first of
//! them says why.

use std::io::Read;

use super::assemble::{Defaults, Problem, Purpose, Refusal, text};
use super::csv::{self, Grown, Syntax};
use super::lines::Step;
use super::table::{self, HeaderError, Table};
use super::{Format, InputError, Item, Layout, Mapping, Reader, detect, ids};

/// What [`Reader::open`] did with the line in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    /// It tells the format, and is a record.
    Record,
    /// It is no record: a header, the separator, or a line that is of no format.
    NoRecord,
    /// It may be going on.
    Unfinished,
}

/// So many lines of no format are passed over before the input is given up.
const HELD_MAX: usize = 64;

impl<R: Read> Reader<R> {
    /// Finds out what the input is from the line in hand.
    pub(super) fn open(&mut self, step: Step, defaults: Defaults) -> Result<First, InputError> {
        let record = self.lines.record();
        let (name, line) = (self.name.clone(), self.lines.number());
        if self.reason.is_none()
            && self.layout.is_none()
            && let Some(encoding) = detect::encoding(record)
        {
            return Err(InputError::NotText { name, encoding });
        }
        let takes_tables = matches!(self.options.format, Format::Auto | Format::Csv | Format::Tsv);
        if takes_tables
            && self.layout.is_none()
            && let Some(separator) = detect::separator(record)
        {
            self.delimiter = Some(separator);
            return Ok(First::NoRecord);
        }
        let format = match self.options.format {
            Format::Auto if self.delimiter.is_some() => Some(Format::Csv),
            Format::Auto => detect::format(record, &self.options.fields),
            named @ (Format::Ndjson | Format::Csv | Format::Tsv | Format::Ids) => Some(named),
        };
        match format {
            None => self.hold(step, InputError::UnknownFormat { name, line }),
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
            Some(Format::Ids) => match ids::missing(defaults) {
                None => {
                    self.layout = Some(Layout::Ids);
                    Ok(First::Record)
                }
                Some(_) if self.options.format == Format::Auto && defaults.purpose == Purpose::Events => {
                    self.hold(step, InputError::UnknownFormat { name, line })
                }
                Some(field) => {
                    let error = InputError::IdsDoNotSay { name, line, field };
                    let is_the_second = matches!(self.reason, Some(InputError::IdsDoNotSay { .. }));
                    if self.options.format == Format::Ids {
                        return Err(error);
                    }
                    if is_the_second { Err(self.reason.take().unwrap_or(error)) } else { self.hold(step, error) }
                }
            },
            Some(format @ (Format::Csv | Format::Tsv)) => self.header(step, format, defaults),
        }
    }

    fn header(&mut self, step: Step, format: Format, defaults: Defaults) -> Result<First, InputError> {
        let (name, line) = (self.name.clone(), self.lines.number());
        let fields = &self.options.fields;
        let syntax = match (self.delimiter, self.options.format) {
            (Some(delimiter), _) => Syntax::Quoted(delimiter),
            (None, Format::Tsv) => Syntax::Tabs,
            (None, Format::Csv) => table::syntax(self.lines.record(), &Syntax::COMMA_OR_SEMICOLON, fields),
            (None, Format::Auto | Format::Ndjson | Format::Ids) => {
                table::syntax(self.lines.record(), &Syntax::ANY, fields)
            }
        };
        let format = if syntax.separates_by_tabs() { Format::Tsv } else { format };
        let grown = csv::grow(&mut self.lines, syntax).map_err(|error| self.unreadable(error))?;
        if grown == Grown::Unfinished {
            self.lines.put_back();
            return Ok(First::Unfinished);
        }
        let is_a_comment = self.lines.record().starts_with(b"#");
        let table = if step == Step::TooLong || matches!(grown, Grown::Stray(_)) {
            Err(HeaderError::NotAHeader)
        } else {
            Table::new(self.lines.record(), syntax, &self.options.fields, defaults, &mut self.notices)
        };
        match table {
            Ok(table) => {
                self.layout = Some(Layout::Table(table, format));
                Ok(First::NoRecord)
            }
            Err(error) => {
                self.lines.shrink();
                if error == HeaderError::NotAHeader || is_a_comment {
                    self.hold(step, InputError::NoHeader { name, line, format })
                } else {
                    Err(self.bad_header(error, format))
                }
            }
        }
    }

    /// Keeps a line that is of no format until one is found.
    fn hold(&mut self, step: Step, reason: InputError) -> Result<First, InputError> {
        let first = self.reason.take().unwrap_or(reason);
        if self.layout.is_none() && self.ready.len() >= HELD_MAX {
            return Err(first);
        }
        let problem = match text(self.lines.record()) {
            _ if step == Step::TooLong => Problem::TooLong,
            Err(problem) => problem,
            Ok(_) if self.layout.is_some() => Problem::NotPlain,
            Ok(_) => Problem::NoFormat,
        };
        let bad = Refusal::from(problem).into_bad_record(self.lines.number(), self.lines.record());
        self.ready.push_back(Item::Bad(bad));
        self.reason = Some(first);
        Ok(First::NoRecord)
    }
}
