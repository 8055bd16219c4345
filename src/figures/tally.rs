//! From accepted rows to rates and lateness, window by window, in a time and a memory that grow with the rows and not with what is in
//! them.
//!
//! A row is kept as a few numbers. Its message-id is only compared, so it is kept as a keyed hash of 128 bits: that two of ten million differ
//! and seem the same has a probability below 10⁻²⁴, and ids cannot be chosen to collide without knowing the key.

use std::hash::{BuildHasher as _, RandomState};

use crate::domain::Channel;
use crate::ledger::{AcceptedRow, EffortSpent};

use super::course::{Course, Traffic, Window};
use super::lateness::Lateness;
use super::rate::Rate;
use super::span::{EVERY_SECONDS, Marks, Span, WINDOW_SECONDS};

/// A moment falls into the windows of so many marks.
const MARKS_A_WINDOW: i64 = WINDOW_SECONDS / EVERY_SECONDS;

/// Rows on their way to figures.
pub(super) struct Tally {
    span: Span,
    marks: Marks,
    keys: [RandomState; 2],
    points: Vec<Point>,
    pub(super) accepted: u64,
    pub(super) effort: EffortSpent,
}

/// What is kept of a row.
#[derive(Debug, Clone, Copy)]
struct Point {
    /// Of channel and message-id.
    message: (u64, u64),
    timestamp: i64,
    row: i64,
    late: u32,
    channel: Channel,
    converted: bool,
    membership: Membership,
}

/// When a row was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Membership {
    InSpan,
    /// It takes part in windows only.
    Before,
}

impl Tally {
    pub(super) fn new(span: Span) -> Self {
        Self {
            span,
            marks: span.marks(),
            keys: [RandomState::new(), RandomState::new()],
            points: Vec::new(),
            accepted: 0,
            effort: EffortSpent::default(),
        }
    }

    pub(super) fn count(&mut self, row: &AcceptedRow<'_>) {
        let membership = if row.settled > self.span.from { Membership::InSpan } else { Membership::Before };
        if membership == Membership::InSpan {
            self.accepted += 1;
            self.effort.add(row.effort);
        }
        let message = (row.channel.as_str(), row.message_id);
        let [one, other] = &self.keys;
        self.points.push(Point {
            message: (one.hash_one(message), other.hash_one(message)),
            timestamp: row.timestamp.unix(),
            row: row.row,
            late: u32::try_from(row.timestamp.age_at(row.settled).max(0)).unwrap_or(u32::MAX),
            channel: row.channel,
            converted: row.delivered,
            membership,
        });
    }

    /// All traffic, then SMS, then voice.
    pub(super) fn courses(mut self) -> [Course; 3] {
        // Values of one message-id come to lie side by side, the oldest first.
        self.points.sort_unstable_by_key(|point| (point.message, point.timestamp, point.row));
        let mut sms = Gathered::new(self.marks);
        let mut voice = Gathered::new(self.marks);
        for values in self.points.chunk_by(|one, next| one.message == next.message) {
            let channel = match values[0].channel {
                Channel::Sms => &mut sms,
                Channel::Voice => &mut voice,
            };
            channel.gather(values);
        }
        drop(self.points);
        let marks = self.marks;
        Traffic::EACH.map(|traffic| {
            let parts: &mut [&mut Gathered] = match traffic {
                Traffic::All => &mut [&mut sms, &mut voice],
                Traffic::Channel(Channel::Sms) => &mut [&mut sms],
                Traffic::Channel(Channel::Voice) => &mut [&mut voice],
            };
            course(traffic, marks, parts)
        })
    }
}

/// A channel's conversions, by the windows that they are in.
struct Gathered {
    marks: Marks,
    rate: Rate,
    late: Vec<u32>,
    /// By mark.
    rates: Vec<Rate>,
    /// By the interval between two marks; a window has [`MARKS_A_WINDOW`] of them, of which its own mark ends the last.
    lates: Vec<Vec<u32>>,
}

impl Gathered {
    fn new(marks: Marks) -> Self {
        let intervals = match marks.count {
            0 => 0,
            some => some + usize::try_from(MARKS_A_WINDOW - 1).unwrap_or(0),
        };
        Self {
            marks,
            rate: Rate::default(),
            late: Vec::new(),
            rates: vec![Rate::default(); marks.count],
            lates: vec![Vec::new(); intervals],
        }
    }

    /// Takes all values of one message-id, the oldest first.
    fn gather(&mut self, values: &[Point]) {
        if let Some(newest) = values.iter().rfind(|value| value.membership == Membership::InSpan) {
            self.rate.count(newest.converted);
        }
        // A value counts at the marks of its windows, up to the first at which a newer one is known.
        let mut known_newer = i64::MAX;
        for value in values.iter().rev() {
            let first = self.next_mark(value.timestamp);
            for mark in first..known_newer.min(first + MARKS_A_WINDOW) {
                if let Some(rate) = usize::try_from(mark).ok().and_then(|mark| self.rates.get_mut(mark)) {
                    rate.count(value.converted);
                }
            }
            known_newer = first;
            if value.membership == Membership::InSpan {
                self.late.push(value.late);
            }
            let interval = usize::try_from(first + MARKS_A_WINDOW - 1).ok();
            if let Some(late) = interval.and_then(|interval| self.lates.get_mut(interval)) {
                late.push(value.late);
            }
        }
    }

    /// The number of the first mark that is not earlier.
    fn next_mark(&self, moment: i64) -> i64 {
        -(self.marks.first - moment).div_euclid(EVERY_SECONDS)
    }
}

fn course(traffic: Traffic, marks: Marks, parts: &mut [&mut Gathered]) -> Course {
    let mut late = Vec::new();
    let windows = marks.moments().enumerate().map(|(mark, end)| {
        late.clear();
        for part in parts.iter() {
            let intervals = part.lates.iter().skip(mark).take(usize::try_from(MARKS_A_WINDOW).unwrap_or(0));
            intervals.for_each(|interval| late.extend_from_slice(interval));
        }
        let rate = parts.iter().map(|part| part.rates[mark]).fold(Rate::default(), Rate::plus);
        Window { end, rate, lateness: Lateness::of(&mut late) }
    });
    let windows = windows.collect();
    let rate = parts.iter().map(|part| part.rate).fold(Rate::default(), Rate::plus);
    let mut late: Vec<u32> = parts.iter().flat_map(|part| part.late.iter().copied()).collect();
    Course { traffic, rate, lateness: Lateness::of(&mut late), windows }
}
