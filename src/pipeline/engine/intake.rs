//! What arrives is written down before any of it may be sent; the ledger's answer decides what becomes of it.

use std::time::Duration;

use super::Engine;
use crate::domain::{BadRecord, ErrorCode, Failure, Outcome, ReadTo, Record, Timestamp};
use crate::failpoint::{Promise, is_broken};
use crate::ledger::{Novelty, Origin, RowId};
use crate::pipeline::deadlines::Input;
use crate::pipeline::event::{Event, Notice, RecordResult, Stopped};
use crate::pipeline::job::Job;
use crate::pipeline::now::Now;
use crate::pipeline::outbox::{Done, Entered};
use crate::pipeline::plan::{Item, RefusedBefore};

impl Engine<'_> {
    /// Records a group of arrivals, before any of it may be sent.
    pub(super) fn take_in(&mut self, arrived: Vec<Item>, now: Timestamp) {
        let (mut records, mut bad) = (Vec::with_capacity(arrived.len()), Vec::new());
        let (mut events, mut times) = (Vec::new(), Vec::new());
        let mut positions = Vec::new();
        for item in arrived {
            match item {
                Item::Record(record) if self.is_too_old(&record, now) => {
                    let why = Failure::unsent(ErrorCode::TooOld, "older than --max-age");
                    self.emit_result(RecordResult::not_sent(record, Outcome::Skipped(why)));
                }
                Item::Record(record) => records.push(record),
                Item::Event(event) => {
                    times.push(event.timestamp);
                    events.push(event);
                }
                Item::LogTime(time) => times.push(time),
                Item::Bad(record) => bad.push(record),
                Item::ReadTo(read_to) => positions.extend(read_to),
                Item::Remark(text) => self.emit(Event::Notice(Notice::Input(text))),
                Item::Broken => {
                    self.input = Input::Ended;
                    self.stop(Stopped::InputBroken);
                }
            }
        }
        if !records.is_empty() {
            self.record(records, now);
        }
        if !times.is_empty() {
            self.observe(&events, &times, now);
        }
        if !bad.is_empty() {
            self.record_bad(bad, now);
        }
        self.note_positions(positions);
    }

    /// Notes how far followed files have been read, now that everything before is recorded. Once something was not, no later
    /// position is true.
    fn note_positions(&mut self, positions: Vec<ReadTo>) {
        if self.ledger_lost || self.has_left_out {
            return;
        }
        let mut last: Vec<ReadTo> = Vec::new();
        for position in positions {
            last.retain(|other| (&other.identity, other.file.key) != (&position.identity, position.file.key));
            last.push(position);
        }
        if !last.is_empty()
            && let Err(error) = self.outbox.read_to(&last)
        {
            self.stop_for_ledger(&error);
        }
    }

    /// Keeps input that is no record. What was kept before has had its result before.
    fn record_bad(&mut self, bad: Vec<BadRecord>, now: Timestamp) {
        let mut novelty = Vec::new();
        if !self.ledger_lost {
            match self.outbox.enter_bad(&bad, now) {
                Ok(kept) => novelty = kept,
                Err(error) => self.stop_recording(&error),
            }
        }
        let novelty = novelty.into_iter().chain(std::iter::repeat(Novelty::New));
        for (bad, novelty) in bad.into_iter().zip(novelty) {
            let result = RecordResult::invalid(bad);
            self.emit_result(match novelty {
                Novelty::New => result,
                Novelty::Known => RecordResult { outcome: self.refused_before(result.outcome), ..result },
            });
        }
    }

    /// What was refused before fails again only where that is wanted: a file that is read every minute would otherwise fail
    /// every minute.
    fn refused_before(&self, outcome: Outcome) -> Outcome {
        match (outcome, self.plan.refused_before) {
            (Outcome::Rejected(failure) | Outcome::Invalid(failure), RefusedBefore::Skip) => {
                let message = format!("refused before: {}", failure.message);
                Outcome::Skipped(Failure { code: ErrorCode::AlreadyRefused, message, ..failure })
            }
            (outcome, RefusedBefore::Skip | RefusedBefore::Fail) => outcome,
        }
    }

    /// Writes records down. Those that the ledger does not take are answered, and not sent.
    fn record(&mut self, records: Vec<Record>, now: Timestamp) {
        if is_broken(Promise::RecordedBeforeResult) {
            for record in &records {
                self.emit_result(RecordResult::not_sent(record.clone(), Outcome::Accepted));
            }
            self.turn();
        }
        let (refused, why) = if self.ledger_lost {
            (records, "the ledger has failed".to_owned())
        } else {
            match self.outbox.enter(records, now) {
                Ok(entered) => return self.entered(entered),
                Err((records, error)) => {
                    self.stop_recording(&error);
                    (records, error.to_string())
                }
            }
        };
        for record in refused {
            self.emit_result(RecordResult::not_recorded(record, &why));
        }
    }

    fn is_too_old(&self, record: &Record, now: Timestamp) -> bool {
        let age = u64::try_from(record.conversion.timestamp.age_at(now)).unwrap_or(0);
        self.plan.limits.max_age.is_some_and(|limit| Duration::from_secs(age) > limit)
    }

    /// Takes the ledger's answers: to be sent, to be waited for, or done with.
    pub(super) fn entered(&mut self, entered: Entered) {
        if entered.taken_over > 0 {
            self.emit(Event::Notice(Notice::TakenOver(entered.taken_over)));
        }
        if let Some(message_id) = entered.contradicted {
            self.emit(Event::Notice(Notice::NeedsTimes(message_id)));
        }
        if let Some(reference) = entered.shared_ref {
            self.emit(Event::Notice(Notice::SharedRef(reference)));
        }
        for job in entered.ready {
            self.schedule.admit(job);
        }
        self.waiting.extend(entered.waiting);
        for ticket in entered.released {
            let origin = self.origin(ticket.row(), ticket.origin());
            self.schedule.admit_due(Job::recorded(ticket, origin));
        }
        for Done { row, record, origin, outcome, http_status } in entered.done {
            let origin = row.map_or(origin, |row| self.origin(row, origin));
            let outcome = self.refused_before(outcome);
            self.emit_result(RecordResult { http_status, origin, ..RecordResult::not_sent(record, outcome) });
        }
        for row in entered.expired {
            if let Some(record) = self.waiting.remove(&row) {
                let failure = Failure::unsent(ErrorCode::TooOld, "given up: it had waited for too long");
                self.emit_result(RecordResult::not_sent(record, Outcome::Rejected(failure)));
            }
        }
        self.give_up_waiting();
    }

    /// What waits behind another run's row goes as soon as that is settled. Behind a row of this run it goes by itself.
    pub(super) fn release_waiting(&mut self, now: Now) {
        /// How many are looked at in one go; what is left comes up when rows that are due are searched for.
        const LIMIT: usize = 64;
        if self.waiting.is_empty() || self.stopped.is_some() || !self.looks.are_due_for_waiting(now.monotonic) {
            return;
        }
        let room = self.schedule.room_for_due().min(LIMIT);
        let waiting: Vec<_> = self.waiting.values().take(room).map(|record| record.conversion.clone()).collect();
        match self.outbox.release(&waiting, now.wall) {
            Ok(entered) => self.entered(entered),
            Err(error) => self.stop_for_ledger(&error),
        }
    }

    /// The origin of a row that is no longer waited for. A record of this input that was let go of has had its result.
    fn origin(&mut self, row: RowId, origin: Origin) -> Origin {
        let awaited = self.waiting.remove(&row).is_some();
        match origin {
            _ if awaited => Origin::Input,
            Origin::Input | Origin::Postponed => Origin::Postponed,
            Origin::Adopted => Origin::Adopted,
        }
    }
}
