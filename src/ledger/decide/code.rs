//! One-time codes, and what follows when a log says nothing more about them.
//!
//! A code is open from when it was sent until its deadline. A conversion before that is true, and silence beyond it false.
//! Which of the two follows is decided by the log's own times, so the same log gives the same conversions however it is cut,
//! interrupted and read again. The run that saw a code being sent watches it; if that run is gone, whoever reads its log does.
//!
//! A code is known by its message-id and channel. A long message is several messages, each with an id of its own: what is sent
//! under one `ref`, over one channel and within seconds, is one code.

use std::collections::HashSet;

use crate::domain::{
    BadRecord, Channel, CodeEvent, Conversion, Delivered, ErrorCode, Happening, MessageId, Record, Reference,
    TimeSource, Timestamp,
};
use crate::ledger::tracking::{CodeCounts, CodeRules};

use super::lane::Owner;
use super::parts::{Mark, Streak};

/// Where a code stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeState {
    /// It was sent, and its deadline has not come.
    Open,
    /// Converted, over a channel that no line has named yet.
    AwaitingChannel,
    /// The same, and answered as unusable; a line that names the channel later still counts.
    GivenUp,
    /// Converted.
    Converted,
    /// It expired without a conversion.
    Silent,
}

/// A code that is stored, or one that the plan inserts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum CodeRef {
    Stored(i64),
    /// By its place among the plan's inserts.
    New(usize),
}

/// The log that told of a code, as seen from this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ToldBy {
    /// The one that this run reads: this file of it, by its number.
    OurLog(usize),
    AnotherLog,
}

/// One code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) id: CodeRef,
    pub(crate) channel: Option<Channel>,
    pub(crate) message_id: MessageId,
    pub(crate) state: CodeState,
    /// Who watches it.
    pub(crate) owner: Owner,
    pub(crate) told_by: ToldBy,
    pub(crate) sent: Option<Timestamp>,
    pub(crate) deadline: Option<Timestamp>,
    pub(crate) converted: Option<Timestamp>,
    pub(crate) line: u64,
    pub(crate) reference: Option<Reference>,
    /// The line of one that is inserted as awaiting its channel.
    pub(crate) raw: Option<Vec<u8>>,
}

/// One message of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) message_id: MessageId,
    /// When it was sent itself; not known of one whose conversion came first.
    pub(crate) sent: Option<Timestamp>,
    pub(crate) line: u64,
}

/// A code that was found by its mark, with its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kin {
    pub(crate) code: Code,
    pub(crate) parts: Vec<Part>,
}

/// What a group of events touches: the codes of these message-ids, over whatever channel, and those near these marks.
#[derive(Debug, Default)]
pub(crate) struct CodeWant<'a> {
    pub(crate) ids: Vec<&'a MessageId>,
    pub(crate) marks: Vec<Mark<'a>>,
    pub(super) worthless: HashSet<&'a Reference>,
    pub(super) streak: Streak,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct SeenCodes {
    /// For each id, its codes: one for each channel, and perhaps one whose channel is not known.
    pub(crate) of_ids: Vec<Vec<Code>>,
    /// The codes near the marks, at most [`Mark::PARTS_MAX`] parts of each. One may be there for several marks.
    pub(crate) kin: Vec<Kin>,
}

/// What is to be done with codes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct CodePlan {
    pub(crate) inserts: Vec<Code>,
    /// Their content as it is to be. A line is kept only of what awaits its channel. A code becomes this run's, and its log's, or
    /// stays whose it is.
    pub(crate) updates: Vec<Code>,
    /// Message-ids that belong to a code.
    pub(crate) parts: Vec<(Part, CodeRef)>,
    /// Message-ids that belong to another code than they did.
    pub(crate) moves: Vec<(MessageId, i64, CodeRef)>,
}

/// What follows from a group of events.
#[derive(Debug, Default)]
pub(crate) struct Followed {
    pub(crate) plan: CodePlan,
    /// Conversions to record, those that had followed before among them: the key knows what became of these.
    pub(crate) records: Vec<Record>,
    pub(crate) counts: CodeCounts,
    /// A `ref` that is shared by too many to mark the parts of one message.
    pub(crate) shared_ref: Option<Reference>,
    /// For the next group.
    pub(crate) streak: Streak,
}

/// A conversion that awaits its channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AwaitingChannel {
    pub(crate) id: i64,
    pub(crate) line: u64,
    pub(crate) reference: Option<Reference>,
    /// The line that it was read from.
    pub(crate) raw: Vec<u8>,
}

impl Code {
    /// Whether it was this conversion that it counts as converted by: a log that is read again, or has a line twice, says nothing new.
    pub(super) fn has_converted_by(&self, event: &CodeEvent) -> bool {
        let counted = match self.deadline {
            // The true that follows a false is never the older of the two.
            Some(deadline) if self.converted == Some(deadline) => event.timestamp <= deadline,
            Some(_) | None => self.converted == Some(event.timestamp),
        };
        event.happening == Happening::Converted && counted
    }

    /// The conversion that follows from its end; none while it awaits its channel.
    pub(super) fn conversion(&self, line: u64, delivered: Delivered, timestamp: Timestamp) -> Option<Record> {
        let conversion =
            Conversion { channel: self.channel?, message_id: self.message_id.clone(), delivered, timestamp };
        let reference = self.reference.clone();
        let doubts = MessageId::doubts(self.message_id.as_str()).collect();
        Some(Record { line, reference, conversion, time: TimeSource::Given, doubts })
    }
}

/// What following a group of events touches. `streak` is what the group before left.
pub(crate) fn want_codes<'a>(events: &'a [CodeEvent], rules: CodeRules, streak: &Streak) -> CodeWant<'a> {
    let (streak, constant) = streak.after(events);
    let (mut ids, mut marks, mut worthless) = (HashSet::new(), HashSet::new(), HashSet::new());
    let mut want = CodeWant { worthless: constant, streak, ..CodeWant::default() };
    for event in events {
        if ids.insert(&event.message_id) {
            want.ids.push(&event.message_id);
        }
        let Some(mark) = Mark::of(event, rules) else { continue };
        // What a worthless one has joined is looked for once.
        let is_new = if want.worthless.contains(mark.reference) {
            worthless.insert((mark.reference, mark.channel))
        } else {
            marks.insert(mark)
        };
        want.marks.extend(is_new.then_some(mark));
    }
    want
}

/// Decides what follows for codes that expire: these did not convert. One whose deadline is still to come expires now.
pub(crate) fn expire(codes: Vec<Code>, now: Timestamp) -> Followed {
    let mut followed = Followed::default();
    for code in codes {
        let deadline = code.deadline.map_or(now, |deadline| deadline.min(now));
        let silent = Code { deadline: Some(deadline), state: CodeState::Silent, ..code };
        followed.counts.silent += 1;
        followed.records.extend(silent.conversion(silent.line, Delivered::False, deadline));
        followed.plan.updates.push(silent);
    }
    followed
}

/// The answers to conversions whose channel no line has named in time.
pub(crate) fn give_up(codes: Vec<AwaitingChannel>) -> Vec<BadRecord> {
    let answer = |AwaitingChannel { line, reference, raw, .. }| BadRecord {
        line,
        reference,
        code: ErrorCode::BadRecord,
        message: "channel is missing, and no line says that the code was sent".to_owned(),
        raw,
        file: None,
    };
    codes.into_iter().map(answer).collect()
}
