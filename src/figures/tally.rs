//! From accepted rows to rates and lateness, window by window.
//!
//! A row that is its message-id's only one, as nearly all are, is counted at once and forgotten. Any other is kept as a few numbers,
//! until all of its message-id's have been seen. Its message-id is only compared, so it is kept as a keyed hash of 128 bits: that
//! two of ten million differ and seem the same has a probability below 10⁻²⁴, and ids cannot be chosen to collide without knowing
//! the key.

use std::hash::{BuildHasher as _, RandomState};

use crate::domain::Channel;
use crate::ledger::{AcceptedRow, EffortSpent, Others};

use super::course::{Course, Traffic, Window};
use super::lateness::{Lateness, Latenesses};
use super::rate::Rate;
use super::span::{EVERY_SECONDS, Marks, Span, WINDOW_SECONDS};

/// A moment falls into the windows of so many marks.
const MARKS_A_WINDOW: i64 = WINDOW_SECONDS / EVERY_SECONDS;

/// Rows on their way to figures.
pub(super) struct Tally {
    span: Span,
    marks: Marks,
    keys: [RandomState; 2],
    sms: Gathered,
    voice: Gathered,
    /// Of message-ids that may have other rows.
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
            sms: Gathered::new(span.marks()),
            voice: Gathered::new(span.marks()),
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
        let mut point = Point {
            message: (0, 0),
            timestamp: row.timestamp.unix(),
            row: row.row,
            late: u32::try_from(row.timestamp.age_at(row.settled).max(0)).unwrap_or(u32::MAX),
            channel: row.channel,
            converted: row.delivered,
            membership,
        };
        match row.others {
            Others::None => self.of(row.channel).gather(&[point]),
            Others::Possible => {
                let message = (row.channel.as_str(), row.message_id);
                let [one, other] = &self.keys;
                point.message = (one.hash_one(message), other.hash_one(message));
                self.points.push(point);
            }
        }
    }

    fn of(&mut self, channel: Channel) -> &mut Gathered {
        match channel {
            Channel::Sms => &mut self.sms,
            Channel::Voice => &mut self.voice,
        }
    }

    /// All traffic, then SMS, then voice.
    pub(super) fn courses(mut self) -> [Course; 3] {
        // Values of one message-id come to lie side by side, the oldest first.
        self.points.sort_unstable_by_key(|point| (point.message, point.timestamp, point.row));
        let points = std::mem::take(&mut self.points);
        for values in points.chunk_by(|one, next| one.message == next.message) {
            self.of(values[0].channel).gather(values);
        }
        drop(points);
        let Self { marks, sms, voice, .. } = self;
        Traffic::EACH.map(|traffic| {
            let parts: &[&Gathered] = match traffic {
                Traffic::All => &[&sms, &voice],
                Traffic::Channel(Channel::Sms) => &[&sms],
                Traffic::Channel(Channel::Voice) => &[&voice],
            };
            course(traffic, marks, parts)
        })
    }
}

/// A channel's conversions, by the windows that they are in.
struct Gathered {
    marks: Marks,
    rate: Rate,
    late: Latenesses,
    /// By mark.
    rates: Vec<Rate>,
    /// By the interval between two marks; a window has [`MARKS_A_WINDOW`] of them, of which its own mark ends the last.
    lates: Vec<Latenesses>,
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
            late: Latenesses::default(),
            rates: vec![Rate::default(); marks.count],
            lates: vec![Latenesses::default(); intervals],
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
                self.late.add(value.late, 1);
            }
            let interval = usize::try_from(first + MARKS_A_WINDOW - 1).ok();
            if let Some(late) = interval.and_then(|interval| self.lates.get_mut(interval)) {
                late.add(value.late, 1);
            }
        }
    }

    /// The number of the first mark that is not earlier.
    fn next_mark(&self, moment: i64) -> i64 {
        -(self.marks.first - moment).div_euclid(EVERY_SECONDS)
    }
}

fn course(traffic: Traffic, marks: Marks, parts: &[&Gathered]) -> Course {
    let intervals = usize::try_from(MARKS_A_WINDOW).unwrap_or(0);
    let windows = marks.moments().enumerate().map(|(mark, end)| {
        let lates = parts.iter().flat_map(|part| part.lates.iter().skip(mark).take(intervals));
        let rate = parts.iter().map(|part| part.rates[mark]).fold(Rate::default(), Rate::plus);
        Window { end, rate, lateness: Lateness::of(lates) }
    });
    let windows = windows.collect();
    let rate = parts.iter().map(|part| part.rate).fold(Rate::default(), Rate::plus);
    Course { traffic, rate, lateness: Lateness::of(parts.iter().map(|part| &part.late)), windows }
}
