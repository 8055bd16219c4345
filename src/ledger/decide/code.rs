//! One-time codes: their events in a log, and the conversions that follow.
//!
//! A code is open from when it was sent until its deadline. A conversion before that is true, and silence beyond it false.
//! Which of the two follows is decided by the log's own times, so the same log gives the same conversions however it is cut,
//! interrupted and read again. The run that saw a code being sent watches it; if that run is gone, any run may.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::domain::{
    BadRecord, Channel, CodeEvent, Conversion, Delivered, ErrorCode, Happening, MessageId, Record, Reference,
    TimeSource, Timestamp,
};
use crate::ledger::tracking::CodeCounts;

use super::lane::Owner;

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

/// One code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) id: CodeRef,
    pub(crate) channel: Option<Channel>,
    pub(crate) message_id: MessageId,
    pub(crate) state: CodeState,
    /// Who watches it.
    pub(crate) owner: Owner,
    pub(crate) sent: Option<Timestamp>,
    pub(crate) deadline: Option<Timestamp>,
    pub(crate) converted: Option<Timestamp>,
    pub(crate) line: u64,
    pub(crate) reference: Option<Reference>,
    /// The line of one that is inserted as awaiting its channel.
    pub(crate) raw: Option<Vec<u8>>,
}

/// What a group of events touches: the codes of these message-ids, and the newest code of each `ref`.
#[derive(Debug, Default)]
pub(crate) struct CodeWant<'a> {
    pub(crate) parts: Vec<&'a MessageId>,
    pub(crate) references: Vec<&'a Reference>,
}

/// What was found: one for each that was wanted.
#[derive(Debug, Default)]
pub(crate) struct SeenCodes {
    pub(crate) by_part: Vec<Option<Code>>,
    pub(crate) by_reference: Vec<Option<Code>>,
}

/// What is to be done with codes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct CodePlan {
    pub(crate) inserts: Vec<Code>,
    /// Their content as it is to be. A line is kept only of what awaits its channel, and a code becomes this run's or stays
    /// whose it is.
    pub(crate) updates: Vec<Code>,
    /// Message-ids that belong to a code.
    pub(crate) parts: Vec<(MessageId, CodeRef)>,
    /// Codes that turned out to be a part of another: their parts go over, and they go.
    pub(crate) merges: Vec<(i64, CodeRef)>,
}

/// What follows from a group of events.
#[derive(Debug, Default)]
pub(crate) struct Followed {
    pub(crate) plan: CodePlan,
    /// Conversions to record, those that had followed before among them: the key knows what became of these.
    pub(crate) records: Vec<Record>,
    pub(crate) counts: CodeCounts,
    /// How many of the events this is about. For the next one, more has to be seen, once this is carried out.
    pub(crate) taken: usize,
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
    /// The conversion that follows from its end; none while it awaits its channel.
    fn conversion(&self, line: u64, delivered: Delivered, timestamp: Timestamp) -> Option<Record> {
        let conversion =
            Conversion { channel: self.channel?, message_id: self.message_id.clone(), delivered, timestamp };
        let reference = self.reference.clone();
        let doubts = MessageId::doubts(self.message_id.as_str()).collect();
        Some(Record { line, reference, conversion, time: TimeSource::Given, doubts })
    }
}

/// What following a group of events touches.
pub(crate) fn want_codes(events: &[CodeEvent]) -> CodeWant<'_> {
    let (mut parts, mut references) = (HashSet::new(), HashSet::new());
    let mut want = CodeWant::default();
    for event in events {
        if parts.insert(&event.message_id) {
            want.parts.push(&event.message_id);
        }
        if let Some(reference) = &event.reference
            && references.insert(reference)
        {
            want.references.push(reference);
        }
    }
    want
}

/// Decides what follows from a group of events. `lasts` is how long a code may take to convert.
pub(crate) fn follow(events: &[CodeEvent], want: &CodeWant<'_>, seen: SeenCodes, lasts: Duration) -> Followed {
    let mut codes = Codes::new(want, seen);
    let mut followed = Followed::default();
    for event in events {
        if !codes.knows_newest(event) {
            break;
        }
        let kin = codes.by_reference(event, lasts);
        codes.follow(event, kin, lasts, &mut followed);
        followed.taken += 1;
    }
    followed.plan = codes.into_plan();
    followed
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

/// The codes of a group, as they are after what was decided so far.
struct Codes {
    slots: Vec<Slot>,
    by_part: HashMap<MessageId, usize>,
    /// The newest code with this `ref`; `None` where a merge has made that unknown.
    newest: HashMap<Reference, Option<usize>>,
    new_parts: Vec<(MessageId, usize)>,
}

struct Slot {
    code: Code,
    is_changed: bool,
    /// The code that this one has become a part of.
    merged_into: Option<usize>,
}

impl Codes {
    fn new(want: &CodeWant<'_>, seen: SeenCodes) -> Self {
        let mut codes =
            Self { slots: Vec::new(), by_part: HashMap::new(), newest: HashMap::new(), new_parts: Vec::new() };
        let mut known = HashMap::new();
        let mut slot = |codes: &mut Self, code: Code| {
            *known.entry(code.id).or_insert_with(|| {
                codes.slots.push(Slot { code, is_changed: false, merged_into: None });
                codes.slots.len() - 1
            })
        };
        for (part, code) in want.parts.iter().zip(seen.by_part) {
            if let Some(code) = code {
                let at = slot(&mut codes, code);
                codes.by_part.insert((*part).clone(), at);
            }
        }
        for (reference, code) in want.references.iter().zip(seen.by_reference) {
            if let Some(code) = code {
                let at = slot(&mut codes, code);
                codes.newest.insert((*reference).clone(), Some(at));
            }
        }
        codes
    }

    /// Whether it is known here which code is the newest of the event's `ref`.
    fn knows_newest(&self, event: &CodeEvent) -> bool {
        event.reference.as_ref().and_then(|reference| self.newest.get(reference)) != Some(&None)
    }

    /// The newest code with the event's `ref`, if the event can belong to it. A part is sent, and a conversion repeated,
    /// within the time that a code lasts; what happens later under the same `ref` happens to another code. The conversion of a
    /// code that has none may be late.
    fn by_reference(&self, event: &CodeEvent, lasts: Duration) -> Option<usize> {
        let at = (*self.newest.get(event.reference.as_ref()?)?)?;
        let code = &self.slots[at].code;
        let near = |known: Option<Timestamp>| {
            known.is_none_or(|known| known.age_at(event.timestamp).unsigned_abs() <= lasts.as_secs())
        };
        let belongs = match (event.happening, code.state) {
            (Happening::Sent, _) => near(code.sent.or(code.converted)),
            (Happening::Converted, CodeState::Open | CodeState::Silent) => true,
            (Happening::Converted, CodeState::Converted | CodeState::AwaitingChannel | CodeState::GivenUp) => {
                near(code.converted)
            }
        };
        Some(at).filter(|_| belongs)
    }

    fn follow(&mut self, event: &CodeEvent, kin: Option<usize>, lasts: Duration, followed: &mut Followed) {
        let known = self.by_part.get(&event.message_id).copied();
        if let (None, Some(kin)) = (known, kin) {
            self.add_part(event, kin);
        }
        match event.happening {
            Happening::Sent => {
                self.count_sent(known, kin, &mut followed.counts);
                followed.records.extend(self.sent(event, known, kin, lasts));
            }
            Happening::Converted => {
                if let Some(at) = known.or(kin) {
                    return self.converted(event, at, followed);
                }
                let state =
                    if event.channel.is_some() { CodeState::Converted } else { CodeState::AwaitingChannel };
                self.insert(event, state, None);
                followed.counts.converted += 1;
                followed.records.extend(of_its_own(event));
            }
        }
    }

    fn count_sent(&self, known: Option<usize>, kin: Option<usize>, counts: &mut CodeCounts) {
        match (known.map(|at| &self.slots[at].code), kin) {
            (Some(code), _) if code.sent.is_none() => counts.sent += 1,
            (Some(_), _) => counts.repeated += 1,
            (None, Some(_)) => counts.parts += 1,
            (None, None) => counts.sent += 1,
        }
    }

    fn sent(
        &mut self,
        event: &CodeEvent,
        known: Option<usize>,
        kin: Option<usize>,
        lasts: Duration,
    ) -> Option<Record> {
        // This run reads the same log, so it watches the codes of a run that is gone.
        if let Some(at) = known
            && (self.slots[at].code.state, self.slots[at].code.owner) == (CodeState::Open, Owner::Free)
        {
            self.change(at).owner = Owner::Me;
        }
        let Some(at) = known.or(kin) else {
            self.insert(event, CodeState::Open, Some(lasts));
            return None;
        };
        let code = self.slots[at].code.clone();
        // It was logged as converted before it was logged as sent, and only the latter shows what it is a part of.
        let whole =
            kin.filter(|kin| code.sent.is_none() && *kin != at && self.slots[*kin].code.state == CodeState::Open);
        if let (Some(converted), Some(whole)) = (code.converted, whole) {
            let whole = self.change(whole);
            (whole.state, whole.converted) = (CodeState::Converted, Some(converted));
        }
        match code.state {
            CodeState::AwaitingChannel | CodeState::GivenUp => self.resolve_channel(at, whole, event, code.line),
            CodeState::Open | CodeState::Converted => {
                self.sent_earlier(at, event, lasts);
                None
            }
            CodeState::Silent => None,
        }
    }

    /// The channel of a conversion is known now, and perhaps the code that it is a part of: then the first part stands for it.
    fn resolve_channel(
        &mut self,
        at: usize,
        whole: Option<usize>,
        event: &CodeEvent,
        line: u64,
    ) -> Option<Record> {
        let converted = self.slots[at].code.converted.unwrap_or(event.timestamp);
        if let Some(whole) = whole {
            self.merge(at, whole);
            return self.slots[whole].code.conversion(line, Delivered::True, converted);
        }
        let code = self.change(at);
        (code.channel, code.state) = (event.channel, CodeState::Converted);
        code.sent = (event.happening == Happening::Sent).then_some(event.timestamp);
        let record = code.conversion(line, Delivered::True, converted);
        self.name(at, event.reference.as_ref());
        record
    }

    /// The first part that was sent sets the deadline, in whatever order they are logged. A time of reading
    /// corrects no other time.
    fn sent_earlier(&mut self, at: usize, event: &CodeEvent, lasts: Duration) {
        let sent = event.timestamp;
        let known = self.slots[at].code.sent;
        if known.is_none_or(|known| event.time == TimeSource::Given && sent < known) {
            let code = self.change(at);
            (code.sent, code.deadline) = (Some(sent), Some(sent.after(lasts)));
            self.name(at, event.reference.as_ref());
        }
    }

    fn converted(&mut self, event: &CodeEvent, at: usize, followed: &mut Followed) {
        let (counts, records) = (&mut followed.counts, &mut followed.records);
        let time = event.timestamp;
        let code = self.slots[at].code.clone();
        match (code.state, event.channel) {
            (CodeState::Open, _) => {
                counts.converted += 1;
                let changed = self.change(at);
                (changed.state, changed.converted) = (CodeState::Converted, Some(time));
                if let Some(deadline) = code.deadline.filter(|deadline| *deadline < time) {
                    (counts.late, counts.silent) = (counts.late + 1, counts.silent + 1);
                    records.extend(code.conversion(code.line, Delivered::False, deadline));
                }
                let converted = code.conversion(event.line, Delivered::True, time);
                records.extend(converted.map(|record| Record {
                    time: event.time,
                    doubts: event.doubts.clone(),
                    ..record
                }));
            }
            (CodeState::Silent, _) => {
                (counts.converted, counts.late) = (counts.converted + 1, counts.late + 1);
                // The false that was sent must stay the older fact, even where the log has the truth too late.
                let time = code.deadline.map_or(time, |deadline| deadline.max(time));
                let changed = self.change(at);
                (changed.state, changed.converted) = (CodeState::Converted, Some(time));
                records.extend(code.conversion(event.line, Delivered::True, time));
            }
            (CodeState::AwaitingChannel | CodeState::GivenUp, Some(_)) => {
                counts.repeated += 1;
                records.extend(self.resolve_channel(at, None, event, event.line));
            }
            (CodeState::Converted | CodeState::AwaitingChannel | CodeState::GivenUp, _) => {
                counts.repeated += 1;
                records.extend(code.conversion(event.line, Delivered::True, code.converted.unwrap_or(time)));
            }
        }
    }

    fn change(&mut self, at: usize) -> &mut Code {
        let slot = &mut self.slots[at];
        slot.is_changed = true;
        &mut slot.code
    }

    /// Gives a code its `ref`, unless it has one.
    fn name(&mut self, at: usize, reference: Option<&Reference>) {
        let code = &mut self.slots[at].code;
        if code.reference.is_none()
            && let Some(reference) = reference
        {
            code.reference = Some(reference.clone());
            self.is_newest(at, reference);
        }
    }

    /// Notes a code as the newest of its `ref`, unless another one is.
    fn is_newest(&mut self, at: usize, reference: &Reference) {
        let newest = self.newest.entry(reference.clone()).or_insert(Some(at));
        if let Some(known) = *newest {
            *newest = [known, at].into_iter().max_by_key(|at| self.slots[*at].code.id);
        }
    }

    fn insert(&mut self, event: &CodeEvent, state: CodeState, lasts: Option<Duration>) {
        let at = self.slots.len();
        self.slots.push(Slot {
            code: Code {
                id: CodeRef::New(at),
                channel: event.channel,
                message_id: event.message_id.clone(),
                state,
                owner: Owner::Me,
                sent: lasts.map(|_| event.timestamp),
                deadline: lasts.map(|lasts| event.timestamp.after(lasts)),
                converted: if lasts.is_none() { Some(event.timestamp) } else { None },
                line: event.line,
                reference: event.reference.clone(),
                raw: (state == CodeState::AwaitingChannel).then(|| event.raw.clone()),
            },
            is_changed: false,
            merged_into: None,
        });
        self.add_part(event, at);
        if let Some(reference) = &event.reference {
            self.is_newest(at, reference);
        }
    }

    fn add_part(&mut self, event: &CodeEvent, at: usize) {
        self.by_part.insert(event.message_id.clone(), at);
        self.new_parts.push((event.message_id.clone(), at));
    }

    /// The parts of one go over to another.
    fn merge(&mut self, part: usize, whole: usize) {
        self.slots[part].merged_into = Some(whole);
        for code in self.by_part.values_mut().filter(|code| **code == part) {
            *code = whole;
        }
        // Which code is the newest of its `ref` now, it takes another look to know.
        for newest in self.newest.values_mut().filter(|newest| **newest == Some(part)) {
            *newest = None;
        }
    }

    /// The code that stands for this one. What others are merged into has converted, and is merged into none.
    fn whole(&self, at: usize) -> usize {
        self.slots[at].merged_into.unwrap_or(at)
    }

    fn into_plan(self) -> CodePlan {
        let mut plan = CodePlan::default();
        // A new code is named by its place among the inserts, which some that were merged have left.
        let mut names = Vec::with_capacity(self.slots.len());
        for slot in &self.slots {
            names.push(match slot.code.id {
                stored @ CodeRef::Stored(_) => stored,
                CodeRef::New(_) => CodeRef::New(plan.inserts.len()),
            });
            match (slot.code.id, slot.merged_into) {
                (CodeRef::New(_), None) => plan.inserts.push(slot.code.clone()),
                (CodeRef::Stored(_), None) if slot.is_changed => plan.updates.push(slot.code.clone()),
                (CodeRef::Stored(_) | CodeRef::New(_), _) => {}
            }
        }
        plan.parts.extend(self.new_parts.iter().map(|(id, at)| (id.clone(), names[self.whole(*at)])));
        for (at, slot) in self.slots.iter().enumerate() {
            if let (CodeRef::Stored(id), Some(_)) = (slot.code.id, slot.merged_into) {
                plan.merges.push((id, names[self.whole(at)]));
            }
        }
        plan
    }
}

/// The conversion that follows from an event all alone.
fn of_its_own(event: &CodeEvent) -> Option<Record> {
    let CodeEvent { line, reference, message_id, timestamp, time, doubts, .. } = event.clone();
    let conversion = Conversion { channel: event.channel?, message_id, delivered: Delivered::True, timestamp };
    Some(Record { line, reference, conversion, time, doubts })
}
