//! Bytes become lines: bounded in memory, and handed out as soon as they are complete.
//!
//! Owns the buffer, the line numbers and the limit. Refuses to know what a line means.

use std::io::{self, ErrorKind, Read};

use memchr::memchr;

use crate::domain::BadRecord;

/// The longest line that is taken, without its end.
pub(super) const LIMIT: usize = BadRecord::RAW_MAX;

/// Room for the longest line with its end, and for as much again, so that moving it to the front is rare.
const CAPACITY: usize = 2 * (LIMIT + 2);

/// What it means that a source ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ending {
    /// Nothing will follow: a last line without its end is a line.
    #[default]
    Complete,
    /// A file that may be growing: a last record without its end is unfinished.
    MayGrow,
    /// A file that is followed: the rest comes later, also the line that shows what the input is.
    Followed,
}

/// How much of a source was read: up to the end of the last line that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// In bytes.
    pub bytes: u64,
    /// In lines.
    pub lines: u64,
}

/// The lines of a source, one *record in hand* at a time.
///
/// The record in hand is a line. A format whose records may go on in the next line can make it grow
/// ([`Lines::extend`]) and think better of it ([`Lines::shrink`]): all of it stays in the buffer, so nothing is read twice.
#[derive(Debug)]
pub(super) struct Lines<R> {
    source: R,
    separator: u8,
    ending: Ending,
    buffer: Box<[u8]>,
    /// Where the record in hand begins.
    start: usize,
    /// Where its first line ends, separator included.
    first_end: usize,
    /// Where its last line begins.
    last: usize,
    /// Where it ends, separator included: the next one begins here.
    end: usize,
    /// How far the buffer is filled.
    filled: usize,
    /// The number of its first line, from 1.
    number: u64,
    /// How many lines it has.
    span: u64,
    /// What comes next still belongs to a line that was too long.
    within_a_long_line: bool,
    /// The source has nothing more.
    exhausted: bool,
    bytes: u64,
}

/// What [`Lines::advance`] and [`Lines::extend`] came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A line.
    Line,
    /// More than [`LIMIT`] bytes. After `advance` the record in hand is their beginning; `extend` took nothing.
    TooLong,
    /// There is no further line.
    End,
    /// The source has ended within the line, and may be growing. `advance` took nothing; `extend` took nothing more.
    Unfinished,
}

enum Scan {
    End(usize),
    TooLong,
    Nothing,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(source: R, separator: u8, ending: Ending) -> Self {
        Self {
            source,
            separator,
            ending,
            buffer: vec![0; CAPACITY].into_boxed_slice(),
            start: 0,
            first_end: 0,
            last: 0,
            end: 0,
            filled: 0,
            number: 1,
            span: 0,
            within_a_long_line: false,
            exhausted: false,
            bytes: 0,
        }
    }

    /// Takes the next line in hand. Reads only while no complete line is buffered.
    pub(super) fn advance(&mut self) -> io::Result<Step> {
        self.start = self.end;
        self.number += self.span;
        self.span = 0;
        self.skip_the_rest_of_a_long_line()?;
        let found = self.find_end(self.start)?;
        self.end = match found {
            Scan::End(end) => end,
            Scan::TooLong => self.filled,
            Scan::Nothing => return Ok(Step::End),
        };
        if self.may_go_on() && self.without_end(self.start).len() <= LIMIT {
            let is_blank = self.record().trim_ascii().is_empty();
            self.end = self.start;
            return Ok(if is_blank { Step::End } else { Step::Unfinished });
        }
        self.span = 1;
        let is_too_long = self.without_end(self.start).len() > LIMIT;
        if is_too_long {
            self.end = self.start + LIMIT;
            self.within_a_long_line = true;
        }
        self.last = self.start;
        self.first_end = self.end;
        Ok(if is_too_long { Step::TooLong } else { Step::Line })
    }

    /// Adds the next line to the record in hand.
    pub(super) fn extend(&mut self) -> io::Result<Step> {
        let end = match self.find_end(self.end)? {
            Scan::End(end) => end,
            Scan::TooLong => return Ok(Step::TooLong),
            Scan::Nothing if self.may_grow() => return Ok(Step::Unfinished),
            Scan::Nothing => return Ok(Step::End),
        };
        if end - self.start > LIMIT {
            return Ok(Step::TooLong);
        }
        let before = std::mem::replace(&mut self.end, end);
        if self.may_go_on() {
            self.end = before;
            return Ok(Step::Unfinished);
        }
        self.last = before;
        self.span += 1;
        Ok(Step::Line)
    }

    /// The source may have more by now.
    pub(super) fn look_again(&mut self) {
        self.exhausted = false;
    }

    /// Goes on with what the source gives from now on, which stands at another place of it.
    pub(super) fn go_on_at(&mut self, place: Place) {
        (self.start, self.first_end, self.last, self.end, self.filled) = (0, 0, 0, 0, 0);
        (self.number, self.span, self.bytes) = (place.lines + 1, 0, place.bytes);
        (self.within_a_long_line, self.exhausted) = (false, false);
    }

    /// How much was taken; nothing within a line that is too long.
    pub(super) fn place(&self) -> Option<Place> {
        let bytes = self.bytes - (self.filled - self.end) as u64;
        (!self.within_a_long_line).then_some(Place { bytes, lines: self.taken() })
    }

    /// The source that ended will not grow.
    pub(super) fn complete(&mut self) {
        self.ending = Ending::Complete;
    }

    /// Gives back all of the record in hand; `advance` takes it again.
    pub(super) fn put_back(&mut self) {
        self.end = self.start;
        self.last = self.start;
        self.span = 0;
    }

    /// Whether the source, which may grow, has ended before the record in hand has.
    fn may_go_on(&self) -> bool {
        self.may_grow()
            && self.exhausted
            && self.end == self.filled
            && self.buffer[..self.end].last() != Some(&self.separator)
    }

    fn may_grow(&self) -> bool {
        match self.ending {
            Ending::Complete => false,
            Ending::MayGrow | Ending::Followed => true,
        }
    }

    /// Whether what is missing comes later.
    pub(super) fn is_followed(&self) -> bool {
        self.ending == Ending::Followed
    }

    pub(super) fn source(&self) -> &R {
        &self.source
    }

    pub(super) fn source_mut(&mut self) -> &mut R {
        &mut self.source
    }

    /// Gives back all but the first line of the record in hand.
    pub(super) fn shrink(&mut self) {
        self.last = self.start;
        self.end = self.first_end;
        self.span = 1;
    }

    /// The record in hand, without the end of its last line; at most [`LIMIT`] bytes.
    pub(super) fn record(&self) -> &[u8] {
        self.without_end(self.start)
    }

    /// The last line of the record in hand.
    pub(super) fn last_line(&self) -> &[u8] {
        self.without_end(self.last)
    }

    /// The number of the first line of the record in hand, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// How many lines were taken so far.
    pub(super) fn taken(&self) -> u64 {
        self.number - 1 + self.span
    }

    /// How many bytes were read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Drops bytes from the front of the record in hand.
    pub(super) fn drop_front(&mut self, count: usize) {
        self.start += count;
        self.last = self.last.max(self.start);
    }

    fn without_end(&self, from: usize) -> &[u8] {
        let line = &self.buffer[from..self.end];
        let line = line.strip_suffix(&[self.separator]).unwrap_or(line);
        if self.separator == b'\n' { line.strip_suffix(b"\r").unwrap_or(line) } else { line }
    }

    /// Where the line that begins at `from` ends, reading on where it must. Moving the buffered bytes on the way keeps
    /// distances from `start`, not places.
    fn find_end(&mut self, from: usize) -> io::Result<Scan> {
        let mut searched = from - self.start;
        loop {
            let unsearched = &self.buffer[self.start + searched..self.filled];
            if let Some(at) = memchr(self.separator, unsearched) {
                return Ok(Scan::End(self.start + searched + at + 1));
            }
            searched = self.filled - self.start;
            if searched > LIMIT + 1 {
                return Ok(Scan::TooLong);
            }
            if self.fill()? == 0 {
                return Ok(if self.end < self.filled { Scan::End(self.filled) } else { Scan::Nothing });
            }
        }
    }

    fn skip_the_rest_of_a_long_line(&mut self) -> io::Result<()> {
        while self.within_a_long_line {
            if let Some(at) = memchr(self.separator, &self.buffer[self.start..self.filled]) {
                self.start += at + 1;
                self.within_a_long_line = false;
            } else {
                self.start = self.filled;
                self.end = self.filled;
                let is_at_the_end = self.fill()? == 0;
                // Of a file that is followed, the rest of the line comes later.
                self.within_a_long_line = !is_at_the_end || self.is_followed();
                if is_at_the_end {
                    return Ok(());
                }
            }
            self.end = self.start;
        }
        Ok(())
    }

    /// Reads once, whatever is there. Nothing means the end; a terminal would go on after it, so it is not asked again.
    fn fill(&mut self) -> io::Result<usize> {
        if self.exhausted {
            return Ok(0);
        }
        if self.filled == self.buffer.len() {
            self.move_to_front();
        }
        loop {
            match self.source.read(&mut self.buffer[self.filled..]) {
                Ok(0) => {
                    self.exhausted = true;
                    return Ok(0);
                }
                Ok(count) => {
                    self.filled += count;
                    self.bytes += count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn move_to_front(&mut self) {
        let shift = self.start;
        self.buffer.copy_within(shift..self.filled, 0);
        self.start = 0;
        self.filled -= shift;
        self.end -= shift;
        self.last = self.last.saturating_sub(shift);
        self.first_end = self.first_end.saturating_sub(shift);
    }
}
