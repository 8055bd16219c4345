//! What a group of a log's events says of codes, and which conversions follow from it.

use std::collections::{HashMap, HashSet};

use crate::domain::{
    Channel, CodeEvent, Conversion, Delivered, Happening, MessageId, Record, Reference, TimeSource, Timestamp,
};
use crate::ledger::tracking::{CodeCounts, CodeRules};

use super::code::{Code, CodePlan, CodeRef, CodeState, CodeWant, Followed, Kin, Part, SeenCodes, ToldBy};
use super::lane::Owner;
use super::parts::{MANY, Mark};

/// Decides what follows from a group of events.
pub(crate) fn follow(events: &[CodeEvent], want: CodeWant<'_>, seen: SeenCodes, rules: CodeRules) -> Followed {
    let mut followed = Followed { streak: want.streak.clone(), ..Followed::default() };
    let mut codes = Codes::new(want, seen, rules);
    for event in events {
        match event.happening {
            Happening::Sent => codes.sent(event, &mut followed),
            Happening::Converted => codes.converted(event, &mut followed),
        }
    }
    followed.plan = codes.into_plan();
    followed
}

/// The codes of a group, as they are after what was decided so far.
struct Codes<'a> {
    rules: CodeRules,
    /// These refs mark no parts.
    worthless: HashSet<&'a Reference>,
    slots: Vec<Slot>,
    by_id: HashMap<MessageId, Vec<usize>>,
    by_mark: HashMap<(Reference, Channel), Vec<usize>>,
    added: Vec<(Part, usize)>,
    moved: Vec<(MessageId, i64, usize)>,
}

struct Slot {
    code: Code,
    is_changed: bool,
    /// It has no parts any more.
    is_gone: bool,
    /// Those that are known of; all of them where the code was found by its mark.
    parts: Vec<Part>,
}

impl<'a> Codes<'a> {
    fn new(want: CodeWant<'a>, seen: SeenCodes, rules: CodeRules) -> Self {
        let mut codes = Self {
            rules,
            worthless: want.worthless,
            slots: Vec::new(),
            by_id: HashMap::new(),
            by_mark: HashMap::new(),
            added: Vec::new(),
            moved: Vec::new(),
        };
        let mut known = HashMap::new();
        let mut slot = |codes: &mut Self, code: Code| {
            *known.entry(code.id).or_insert_with(|| {
                codes.slots.push(Slot { code, is_changed: false, is_gone: false, parts: Vec::new() });
                codes.slots.len() - 1
            })
        };
        for (id, found) in want.ids.into_iter().zip(seen.of_ids) {
            for code in found {
                let at = slot(&mut codes, code);
                codes.by_id.entry(id.clone()).or_default().push(at);
            }
        }
        for Kin { code, parts } in seen.kin {
            let at = slot(&mut codes, code);
            codes.slots[at].parts = parts;
            codes.mark(at);
        }
        codes
    }

    /// The code that an event is about. A conversion that does not say its channel is of the code that it was counted for before, or
    /// else of the one that was sent last before it.
    fn known(&self, event: &CodeEvent) -> Option<usize> {
        let known = self.by_id.get(&event.message_id)?.iter().copied();
        let over = |channel| known.clone().find(|at| self.slots[*at].code.channel == channel);
        if event.channel.is_some() {
            return over(event.channel).or_else(|| over(None));
        }
        known.max_by_key(|at| {
            let code = &self.slots[*at].code;
            let was_sent = code.sent.is_some_and(|sent| sent <= event.timestamp);
            (code.has_converted_by(event), was_sent && code.state == CodeState::Open, was_sent, code.sent)
        })
    }

    /// The code that an event of sending belongs to by its mark: the nearest that was sent within seconds of it. Where too many
    /// share the `ref`, none: then what was joined by it, and is still open, is parted.
    fn kin(&mut self, event: &CodeEvent, followed: &mut Followed) -> Option<usize> {
        let mark = Mark::of(event, self.rules)?;
        let distance = |at: usize| {
            let sent = self.slots[at].code.sent?;
            Some(sent.age_at(event.timestamp).unsigned_abs())
        };
        let marked = self.by_mark.get(&(mark.reference.clone(), mark.channel))?;
        let is_ours = |at: usize| matches!(self.slots[at].code.told_by, ToldBy::OurLog(_));
        let near = marked.iter().copied().filter(|at| is_ours(*at)).filter_map(|at| Some((distance(at)?, at)));
        let near: Vec<_> = near.filter(|(distance, _)| *distance <= self.rules.lasts.as_secs()).collect();
        let parts: usize = near.iter().map(|(_, at)| self.slots[*at].parts.len()).sum();
        if parts >= MANY || self.worthless.contains(mark.reference) {
            followed.shared_ref.get_or_insert_with(|| mark.reference.clone());
            for (_, at) in near {
                self.split(at, &mut followed.counts);
            }
            return None;
        }
        let nearest = near.into_iter().min_by_key(|(distance, at)| (*distance, self.slots[*at].code.id));
        nearest.filter(|(distance, _)| *distance <= self.rules.parts_within.as_secs()).map(|(_, at)| at)
    }

    /// Makes each part of an open code a code of its own. What has ended was told as one, and stays so.
    fn split(&mut self, at: usize, counts: &mut CodeCounts) {
        let code = self.slots[at].code.clone();
        if self.slots[at].parts.len() < 2 || code.state != CodeState::Open || code.owner == Owner::Other {
            return;
        }
        for part in std::mem::take(&mut self.slots[at].parts) {
            let sent = part.sent.or(code.sent);
            let deadline = sent.map(|sent| sent.after(self.rules.lasts));
            if part.message_id == code.message_id {
                let whole = self.change(at);
                (whole.sent, whole.deadline) = (sent, deadline);
                self.slots[at].parts.push(part);
                continue;
            }
            counts.sent += 1;
            let new = self.slots.len();
            let id = CodeRef::New(new);
            let (message_id, line) = (part.message_id.clone(), part.line);
            self.move_part(&message_id, at, new);
            let code = Code { id, message_id, line, sent, deadline, owner: Owner::Me, ..code.clone() };
            self.slots.push(Slot { code, is_changed: false, is_gone: false, parts: vec![part] });
            self.mark(new);
        }
    }

    /// A message-id belongs to another code from here on.
    fn move_part(&mut self, message_id: &MessageId, from: usize, to: usize) {
        let codes = self.by_id.entry(message_id.clone()).or_default();
        codes.retain(|code| *code != from);
        codes.push(to);
        let added = self.added.iter_mut().find(|(part, code)| part.message_id == *message_id && *code == from);
        match (added, self.slots[from].code.id) {
            (Some((_, code)), _) => *code = to,
            (None, CodeRef::Stored(stored)) => self.moved.push((message_id.clone(), stored, to)),
            (None, CodeRef::New(_)) => {
                if let Some((.., code)) =
                    self.moved.iter_mut().find(|(id, _, code)| id == message_id && *code == from)
                {
                    *code = to;
                }
            }
        }
    }

    /// A conversion that awaited its channel turns out to be of a part: it is the whole code's.
    fn give_to_whole(&mut self, at: usize, whole: usize, event: &CodeEvent, line: u64) -> Option<Record> {
        self.move_part(&event.message_id, at, whole);
        self.slots[whole].parts.push(part(event));
        self.slots[at].is_gone = true;
        self.change(at).state = CodeState::GivenUp;
        let code = &self.slots[whole].code;
        code.conversion(line, Delivered::True, code.converted.unwrap_or(event.timestamp))
    }

    fn sent(&mut self, event: &CodeEvent, followed: &mut Followed) {
        let Some(at) = self.known(event) else {
            if let Some(at) = self.kin(event, followed) {
                followed.counts.parts += 1;
                self.add_part(event, at);
                self.sent_earlier(at, event);
            } else {
                followed.counts.sent += 1;
                self.insert(event, CodeState::Open);
            }
            return;
        };
        let Code { state, owner, sent, converted, line, .. } = self.slots[at].code;
        // This run reads the same log, so it watches the codes of a run that is gone; and where another log has told only of the
        // conversion, its parts are told by this one.
        if (state, owner) == (CodeState::Open, Owner::Free) || sent.is_none() {
            let code = self.change(at);
            (code.owner, code.told_by) = (Owner::Me, ToldBy::OurLog(event.source));
        }
        if sent.is_some() {
            followed.counts.repeated += 1;
        } else {
            followed.counts.sent += 1;
            // It was logged as converted before it was logged as sent, and only the latter shows what it is a part of.
            let whole = self.kin(event, followed).filter(|whole| self.slots[*whole].code.state == CodeState::Open);
            if let (Some(_), Some(whole)) = (converted, whole) {
                let code = self.change(whole);
                (code.state, code.converted) = (CodeState::Converted, converted);
                if matches!(state, CodeState::AwaitingChannel | CodeState::GivenUp) {
                    followed.records.extend(self.give_to_whole(at, whole, event, line));
                    return;
                }
            }
        }
        match state {
            CodeState::AwaitingChannel | CodeState::GivenUp => {
                followed.records.extend(self.resolve_channel(at, event, line));
            }
            CodeState::Open | CodeState::Converted => self.sent_earlier(at, event),
            CodeState::Silent => {}
        }
    }

    /// The channel of a conversion is known now.
    fn resolve_channel(&mut self, at: usize, event: &CodeEvent, line: u64) -> Option<Record> {
        let code = self.change(at);
        let converted = code.converted.unwrap_or(event.timestamp);
        (code.channel, code.state) = (event.channel, CodeState::Converted);
        if event.happening == Happening::Sent {
            code.sent = Some(event.timestamp);
            self.name(at, event);
        }
        self.slots[at].code.conversion(line, Delivered::True, converted)
    }

    /// The first part that was sent sets the deadline, in whatever order they are logged. A time of reading
    /// corrects no other time.
    fn sent_earlier(&mut self, at: usize, event: &CodeEvent) {
        let (sent, known) = (event.timestamp, self.slots[at].code.sent);
        if known.is_none_or(|known| event.time == TimeSource::Given && sent < known) {
            let lasts = self.rules.lasts;
            let code = self.change(at);
            (code.sent, code.deadline) = (Some(sent), Some(sent.after(lasts)));
            self.name(at, event);
        }
    }

    fn converted(&mut self, event: &CodeEvent, followed: &mut Followed) {
        let Some(at) = self.known(event) else {
            let state = if event.channel.is_some() { CodeState::Converted } else { CodeState::AwaitingChannel };
            self.insert(event, state);
            followed.counts.converted += 1;
            followed.records.extend(of_its_own(event));
            return;
        };
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
                records.extend(self.resolve_channel(at, event, event.line));
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

    /// A code has the `ref` that it was sent under, unless it has one, and is found by it at its time.
    fn name(&mut self, at: usize, event: &CodeEvent) {
        let slot = &mut self.slots[at];
        if slot.code.reference.is_none() {
            slot.code.reference.clone_from(&event.reference);
        }
        if slot.parts.is_empty() {
            slot.parts.push(part(event));
        }
        self.mark(at);
    }

    /// Lets a code be found by its `ref` and channel.
    fn mark(&mut self, at: usize) {
        let Code { reference, channel, .. } = &self.slots[at].code;
        if let (Some(reference), Some(channel)) = (reference, channel) {
            let marked = self.by_mark.entry((reference.clone(), *channel)).or_default();
            if !marked.contains(&at) {
                marked.push(at);
            }
        }
    }

    fn insert(&mut self, event: &CodeEvent, state: CodeState) {
        let at = self.slots.len();
        let sent = (state == CodeState::Open).then_some(event.timestamp);
        self.slots.push(Slot {
            code: Code {
                id: CodeRef::New(at),
                channel: event.channel,
                message_id: event.message_id.clone(),
                state,
                owner: Owner::Me,
                told_by: ToldBy::OurLog(event.source),
                sent,
                deadline: sent.map(|sent| sent.after(self.rules.lasts)),
                converted: if sent.is_none() { Some(event.timestamp) } else { None },
                line: event.line,
                reference: event.reference.clone(),
                raw: (state == CodeState::AwaitingChannel).then(|| event.raw.clone()),
            },
            is_changed: false,
            is_gone: false,
            parts: Vec::new(),
        });
        self.add_part(event, at);
        self.mark(at);
    }

    fn add_part(&mut self, event: &CodeEvent, at: usize) {
        self.by_id.entry(event.message_id.clone()).or_default().push(at);
        self.slots[at].parts.push(part(event));
        self.added.push((part(event), at));
    }

    fn into_plan(self) -> CodePlan {
        let mut plan = CodePlan::default();
        // A new code is named by its place among the inserts.
        let mut names = Vec::with_capacity(self.slots.len());
        for Slot { code, is_changed, is_gone, .. } in self.slots {
            names.push(match code.id {
                stored @ CodeRef::Stored(_) => stored,
                CodeRef::New(_) => CodeRef::New(plan.inserts.len()),
            });
            match code.id {
                CodeRef::New(_) if is_gone => {}
                CodeRef::New(_) => plan.inserts.push(code),
                CodeRef::Stored(_) if is_changed => plan.updates.push(code),
                CodeRef::Stored(_) => {}
            }
        }
        plan.parts.extend(self.added.into_iter().map(|(part, at)| (part, names[at])));
        plan.moves.extend(self.moved.into_iter().map(|(id, from, at)| (id, from, names[at])));
        plan
    }
}

fn part(event: &CodeEvent) -> Part {
    let sent: Option<Timestamp> = (event.happening == Happening::Sent).then_some(event.timestamp);
    Part { message_id: event.message_id.clone(), sent, line: event.line }
}

/// The conversion that follows from an event all alone.
fn of_its_own(event: &CodeEvent) -> Option<Record> {
    let CodeEvent { line, reference, message_id, timestamp, time, doubts, .. } = event.clone();
    let conversion = Conversion { channel: event.channel?, message_id, delivered: Delivered::True, timestamp };
    Some(Record { line, reference, conversion, time, doubts })
}
