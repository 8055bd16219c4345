//! Codes: what a log says about them, and when their silence is long enough.

use super::{Engine, GROUP};
use crate::domain::{CodeEvent, Timestamp};
use crate::ledger::CodeCounts;
use crate::pipeline::deadlines::{Deadlines, Input};
use crate::pipeline::event::{Event, RecordResult};

impl Engine<'_> {
    /// Whether there are codes to wait for.
    pub(super) fn is_watching(&self) -> bool {
        self.code_deadlines.as_ref().is_some_and(|deadlines| !deadlines.are_finished())
    }

    pub(super) fn can_expire_codes(&self) -> bool {
        self.stopped.is_none() && self.schedule.room() >= GROUP / 2
    }

    /// Expires the codes whose deadline has passed, a group at a time.
    pub(super) fn expire_codes(&mut self, now: Timestamp) {
        let input = self.input;
        let Some(deadlines) = &self.code_deadlines else { return };
        if deadlines.are_finished() || !self.can_expire_codes() {
            return;
        }
        let room = self.schedule.room();
        let mut may_be_more = false;
        for expiry in deadlines.expired(input, now) {
            match self.outbox.expire_codes(expiry, room.min(GROUP) / 2, now) {
                Ok((entered, counts)) => {
                    if counts == CodeCounts::default() {
                        self.code_deadlines.iter_mut().for_each(|deadlines| deadlines.none_expired(expiry));
                    } else {
                        may_be_more = true;
                        self.emit(Event::Tracked(counts));
                        self.entered(entered);
                    }
                }
                Err(error) => return self.stop_for_ledger(&error),
            }
        }
        if !may_be_more
            && self.code_deadlines.as_mut().is_some_and(|deadlines| deadlines.may_have_changed(input, now))
        {
            self.check_open_codes(now);
        }
    }

    /// Nothing has expired: gives up what no longer has a chance of a channel, and counts what there is to wait for.
    fn check_open_codes(&mut self, now: Timestamp) {
        let input = self.input;
        let Some(since) =
            self.code_deadlines.as_ref().and_then(|deadlines| deadlines.channel_deadline(input, now))
        else {
            return;
        };
        match self.outbox.give_up_awaiting_channel(since, now) {
            Ok(given_up) if !given_up.is_empty() => {
                self.code_deadlines.iter_mut().for_each(Deadlines::check_again);
                for bad in given_up {
                    self.emit_result(RecordResult::invalid(bad));
                }
            }
            // Counting many takes time, and nothing needs the number while the input rests.
            Ok(_) if input == Input::Ended => self.count_open_codes(now),
            Ok(_) => {}
            Err(error) => self.stop_for_ledger(&error),
        }
    }

    fn count_open_codes(&mut self, now: Timestamp) {
        match self.outbox.open_codes(now) {
            Ok(open) => {
                self.code_deadlines.iter_mut().for_each(|deadlines| deadlines.all_expired(open));
                self.emit(Event::OpenCodes(open));
            }
            Err(error) => self.stop_for_ledger(&error),
        }
    }

    /// Takes a log's events, and records the conversions that follow. `times` are those of all its lines.
    pub(super) fn observe(&mut self, events: &[CodeEvent], times: &[Timestamp], now: Timestamp) {
        let Some(deadlines) = &mut self.code_deadlines else { return };
        if self.ledger_lost {
            return;
        }
        if events.is_empty() {
            return deadlines.saw(times, now);
        }
        match self.outbox.observe(events, deadlines.tracking.rules, now) {
            Ok((entered, counts)) => {
                deadlines.saw(times, now);
                self.emit(Event::Tracked(counts));
                self.entered(entered);
            }
            Err(error) => self.stop_recording(&error),
        }
    }
}
