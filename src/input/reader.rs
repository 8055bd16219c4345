//! From lines to items: one input, read to its end, with what holds for all of its records.

use std::collections::VecDeque;
use std::io::{self, Read};

use super::assemble::{Defaults, Entry, Problem, Purpose, Refusal};
use super::detect::{self, Format};
use super::error::{InputError, LineFault};
use super::item::InputItem;
use super::lines::{Lines, Place, Step};
use super::notice::{InputNotice, Notices};
use super::opening::{First, Head, Layout, Mapping, Opening};
use super::options::{InputOptions, Separator};
use super::table::{self, Taken};
use super::{advice, field, ids, json, zone};
use crate::domain::{CodeEvent, Timestamp};

/// How much was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadCounts {
    /// Lines, whatever stood in them.
    pub lines: u64,
    /// Lines with nothing but white space, skipped.
    pub blank: u64,
    /// Lines that were not wanted, passed over.
    pub unwanted: u64,
    /// Bytes.
    pub bytes: u64,
}

/// One input, read record by record.
#[derive(Debug)]
pub struct Reader<R> {
    name: String,
    options: InputOptions,
    lines: Lines<R>,
    opening: Opening,
    /// Items that are to be handed out.
    ready: VecDeque<InputItem>,
    notices: Notices,
    blank: u64,
    unwanted: u64,
}

impl<R: Read> Reader<R> {
    /// Reads from `source`, which messages call `name`. Wants no buffering in between: it reads what is there.
    pub fn new(source: R, name: impl Into<String>, options: InputOptions) -> Self {
        let separator = match options.separator {
            Separator::Newline => b'\n',
            Separator::Nul => 0,
        };
        Self {
            name: name.into(),
            lines: Lines::new(source, separator, options.ending),
            options,
            opening: Opening::default(),
            ready: VecDeque::new(),
            notices: Notices::default(),
            blank: 0,
            unwanted: 0,
        }
    }

    /// The next record; nothing at the end. After an error there is nothing more to read.
    ///
    /// `now` is asked once the line is there, which in a live stream may be long after the call: it is the time of a
    /// record that does not say when, and the measure of one that lies in the future.
    pub fn next(&mut self, now: impl Fn() -> Timestamp) -> Result<Option<InputItem>, InputError> {
        loop {
            if self.opening.layout.is_some()
                && let Some(item) = self.ready.pop_front()
            {
                return Ok(Some(item));
            }
            let step = self.next_line()?;
            match step {
                Step::Line | Step::TooLong => {}
                Step::Unfinished => return Ok(Some(InputItem::Unfinished)),
                Step::End => {
                    return if self.opening.layout.is_none() && !self.lines.is_followed() {
                        self.opening.reason.take().map_or(Ok(None), Err)
                    } else {
                        Ok(None)
                    };
                }
            }
            let purpose = if self.options.fields.is_for_events() { Purpose::Events } else { Purpose::Conversions };
            let defaults =
                Defaults { channel: self.options.channel, delivered: self.options.delivered, purpose, now: now() };
            if self.opening.layout.is_none() || self.is_of_another_format(step) {
                match self.open(step, defaults)? {
                    First::Record => {}
                    First::NoRecord => continue,
                    First::Unwanted => {
                        self.unwanted += 1;
                        continue;
                    }
                    First::Unfinished => return Ok(Some(InputItem::Unfinished)),
                }
            }
            let Some(entry) = self.record(step, defaults)? else { return Ok(Some(InputItem::Unfinished)) };
            if let Some(time) = entry.as_ref().ok().and_then(zone::time_of)
                && let Some(offset) = zone::missing_offset(self.lines.record(), time, defaults.now)
            {
                self.notices.no_zone(time, offset);
            }
            self.unwanted += u64::from(matches!(entry, Ok(Entry::Unwanted(_))));
            let item = self.item(entry);
            self.ready.push_back(item);
        }
    }

    /// Takes an unfinished record for a finished one: the source that ended will not grow.
    pub fn complete(&mut self) {
        self.lines.complete();
    }

    /// The source that had ended may have grown: what is unfinished goes on.
    pub fn look_again(&mut self) {
        self.lines.look_again();
    }

    /// Goes on with what the source gives from now on, which stands at another place of it. What is known of the layout stays; what
    /// was read and not handed out is dropped.
    pub fn go_on_at(&mut self, place: Place) {
        self.ready.clear();
        self.lines.go_on_at(place);
    }

    /// How much was handed out. Nothing while that cannot be told: lines are held until the format is known, or a line that is too
    /// long goes on.
    pub fn place(&self) -> Option<Place> {
        if self.ready.is_empty() && !self.opening.holds() { self.lines.place() } else { None }
    }

    /// What messages call the input.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the bytes come from.
    pub fn source(&self) -> &R {
        self.lines.source()
    }

    /// The same, to read it at another place.
    pub fn source_mut(&mut self) -> &mut R {
        self.lines.source_mut()
    }

    fn item(&self, entry: Result<Entry, Refusal>) -> InputItem {
        match entry {
            Ok(Entry::Record(record)) => InputItem::Record(record),
            Ok(Entry::Event(event)) if event.channel.is_none() => {
                InputItem::Event(CodeEvent { raw: self.lines.record().to_vec(), ..event })
            }
            Ok(Entry::Event(event)) => InputItem::Event(event),
            Ok(Entry::Unrelated(time) | Entry::Unwanted(time)) => InputItem::Unrelated(time),
            Err(refusal) => InputItem::Bad(refusal.into_bad_record(self.lines.number(), self.lines.record())),
        }
    }

    /// Finds out what the input is; the lines that were held are refused once it is known.
    fn open(&mut self, step: Step, defaults: Defaults) -> Result<First, InputError> {
        let (lines, notices) = (&mut self.lines, &mut self.notices);
        let head = Head { lines, notices, options: &self.options, name: &self.name, step, defaults };
        let first = self.opening.open(head)?;
        self.ready.extend(self.opening.take_held().into_iter().map(InputItem::Bad));
        Ok(first)
    }

    /// Plain ids were guessed, and this line is none.
    fn is_of_another_format(&self, step: Step) -> bool {
        self.options.format == Format::Auto
            && matches!(self.opening.layout, Some(Layout::Ids))
            && step == Step::Line
            && detect::is_of_another_format(self.lines.record(), &self.options.fields)
    }

    /// The format that was named or found out; nothing as long as every line was blank.
    #[must_use]
    pub fn format(&self) -> Option<Format> {
        self.opening.layout.as_ref().map(|layout| match layout {
            Layout::Json(_) => Format::Ndjson,
            Layout::Table(_, format) => *format,
            Layout::Ids => Format::Ids,
        })
    }

    /// The notices since this was last asked. That a log has more in it than is read is not worth one.
    pub fn take_notices(&mut self) -> Vec<InputNotice> {
        let fields = &self.options.fields;
        let mut notices = self.notices.take();
        notices.retain(|notice| match notice {
            InputNotice::ByteOrderMark | InputNotice::NoZone { .. } => true,
            InputNotice::Fits { .. } => !fields.is_for_events(),
            InputNotice::UnknownName { nearest: Some(_), name } => {
                !fields.is_for_events() && !fields.filter().looks_at(name)
            }
            InputNotice::UnknownName { nearest: None, .. } | InputNotice::MoreUnknownNames => {
                !fields.is_for_events() && fields.filter().is_empty()
            }
        });
        notices
    }

    /// How much was read so far.
    pub fn counts(&self) -> ReadCounts {
        ReadCounts {
            lines: self.lines.taken(),
            blank: self.blank,
            unwanted: self.unwanted,
            bytes: self.lines.bytes(),
        }
    }

    /// The fields of `--where` that no line had. Known of lines of JSON: a table without such a column is an error.
    pub fn never_found(&self) -> impl Iterator<Item = &str> {
        let is_json = matches!(self.opening.layout, Some(Layout::Json(_)));
        let conditions = self.options.fields.filter().conditions().iter().enumerate();
        conditions
            .filter(move |(number, _)| is_json && !self.notices.was_found(*number))
            .map(|(_, condition)| condition.field())
    }

    /// Takes the next line that is not blank in hand.
    fn next_line(&mut self) -> Result<Step, InputError> {
        loop {
            let step = self.lines.advance().map_err(|error| self.unreadable(error))?;
            if step != Step::End && self.opening.layout.is_none() {
                self.drop_byte_order_mark();
            }
            if step != Step::Line || !self.is_blank(self.lines.record()) {
                return Ok(step);
            }
            self.blank += 1;
        }
    }

    fn is_blank(&self, line: &[u8]) -> bool {
        match (&self.opening.layout, self.options.format) {
            (Some(Layout::Table(table, _)), _) => table.is_blank(line),
            (None, Format::Auto | Format::Csv | Format::Tsv) => {
                line.iter().all(|byte| matches!(byte, b',' | b';') || byte.is_ascii_whitespace())
            }
            (None, Format::Ndjson | Format::Ids) | (Some(Layout::Json(_) | Layout::Ids), _) => {
                line.trim_ascii().is_empty()
            }
        }
    }

    fn drop_byte_order_mark(&mut self) {
        if self.lines.number() == 1 && self.lines.record().starts_with(detect::BYTE_ORDER_MARK) {
            self.lines.drop_front(detect::BYTE_ORDER_MARK.len());
            self.notices.byte_order_mark();
        }
    }

    /// Reads the record in hand; nothing if it is unfinished.
    fn record(&mut self, step: Step, defaults: Defaults) -> Result<Option<Result<Entry, Refusal>>, InputError> {
        if step == Step::TooLong {
            let is_unwanted = matches!(self.opening.layout, Some(Layout::Json(_)))
                && !self.options.fields.filter().is_empty()
                && !detect::claims_to_be_an_object(self.lines.record());
            return Ok(Some(if is_unwanted { Ok(Entry::Unwanted(None)) } else { Err(Problem::TooLong.into()) }));
        }
        let line = self.lines.number();
        match &mut self.opening.layout {
            None | Some(Layout::Ids) => Ok(Some(ids::read(self.lines.record(), defaults, line))),
            Some(Layout::Table(table, _)) => {
                match table::read(table, &mut self.lines, &self.options.fields, defaults) {
                    Ok(Taken::Entry(entry)) => Ok(Some(entry)),
                    Ok(Taken::Unfinished) => Ok(None),
                    Err(error) => Err(self.unreadable(error)),
                }
            }
            Some(Layout::Json(mapping)) => {
                let fields = &self.options.fields;
                let item = json::read(self.lines.record(), fields, &mut self.notices, defaults, line);
                match &item {
                    Ok(_) => *mapping = Mapping::Proven,
                    Err(refusal) if *mapping == Mapping::Unproven => self.check_spelling(refusal)?,
                    Err(_) => {}
                }
                Ok(Some(item))
            }
        }
    }

    /// As long as no record has fitted, a missing field beside a key that looks like it is a mistake in all of them.
    fn check_spelling(&mut self, refusal: &Refusal) -> Result<(), InputError> {
        if matches!(refusal.problem, Problem::Receipt) {
            return Err(self.fault(LineFault::Receipts));
        }
        if let Problem::Missing(field) = refusal.problem
            && !self.options.fields.maps(field)
            && self.notices.may_advise(field)
            && let Some(path) = advice::path(field, self.lines.record())
            && field::nearest(&path).is_none()
        {
            self.notices.fits(field, path);
            return Ok(());
        }
        if let Problem::Missing(field) = refusal.problem
            && let Some((key, known)) = self.notices.misspelled(field)
        {
            return Err(self.fault(LineFault::MisspelledKey { field, key: key.to_owned(), known }));
        }
        Ok(())
    }

    fn fault(&self, fault: LineFault) -> InputError {
        InputError::Line { name: self.name.clone(), line: self.lines.number(), fault }
    }

    fn unreadable(&self, source: io::Error) -> InputError {
        InputError::Unreadable { name: self.name.clone(), source }
    }
}
