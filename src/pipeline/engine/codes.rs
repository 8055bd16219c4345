//! Codes: what a log says of them, and when their silence is long enough.

use super::{Engine, GROUP};
use crate::domain::{CodeEvent, Timestamp};
use crate::ledger::CodeCounts;
use crate::pipeline::event::{Event, Report};
use crate::pipeline::windows::{Input, Windows};

impl Engine<'_> {
    /// Whether there are windows to wait for.
    pub(super) fn is_watching(&self) -> bool {
        self.windows.as_ref().is_some_and(|windows| !windows.are_finished())
    }

    pub(super) fn can_close_windows(&self) -> bool {
        self.stopped.is_none() && self.schedule.room() >= GROUP / 2
    }

    /// Closes the windows that are due, a group at a time.
    pub(super) fn close_windows(&mut self, now: Timestamp) {
        let input = self.input;
        let Some(windows) = &self.windows else { return };
        if windows.are_finished() || !self.can_close_windows() {
            return;
        }
        let room = self.schedule.room();
        let mut may_be_more = false;
        for closing in windows.closed(input, now) {
            match self.outbox.close_windows(closing, room.min(GROUP) / 2, now) {
                Ok((entered, counts)) => {
                    if counts == CodeCounts::default() {
                        self.windows.iter_mut().for_each(|windows| windows.found_nothing(closing));
                    } else {
                        may_be_more = true;
                        self.emit(Event::Tracked(counts));
                        self.entered(entered);
                    }
                }
                Err(error) => return self.stop_for_ledger(&error),
            }
        }
        if !may_be_more && self.windows.as_mut().is_some_and(|windows| windows.is_worth_a_look(input, now)) {
            self.look_at_what_stays_open(now);
        }
    }

    /// Nothing is due: what will never be, and is there anything to wait for?
    fn look_at_what_stays_open(&mut self, now: Timestamp) {
        let input = self.input;
        let Some(since) = self.windows.as_ref().and_then(|windows| windows.unplaced_since(input, now)) else {
            return;
        };
        match self.outbox.give_up_unplaced(since, now) {
            Ok(given_up) if !given_up.is_empty() => {
                self.windows.iter_mut().for_each(Windows::look_again);
                for bad in given_up {
                    self.emit_report(Report::invalid(bad));
                }
            }
            // Counting takes time where there are many: while the input rests nobody wants to know.
            Ok(_) if input == Input::Ended => self.look_whether_all_closed(now),
            Ok(_) => {}
            Err(error) => self.stop_for_ledger(&error),
        }
    }

    fn look_whether_all_closed(&mut self, now: Timestamp) {
        match self.outbox.open_windows(now) {
            Ok(open) => {
                self.windows.iter_mut().for_each(|windows| windows.all_closed(open));
                self.emit(Event::WindowsOpen(open));
            }
            Err(error) => self.stop_for_ledger(&error),
        }
    }

    /// Takes what a log says, and records the conversions that follow.
    pub(super) fn observe(&mut self, events: &[CodeEvent], now: Timestamp) {
        let Some(windows) = &mut self.windows else { return };
        if self.ledger_lost {
            return;
        }
        match self.outbox.observe(events, windows.tracking.window, now) {
            Ok((entered, counts)) => {
                windows.saw(events, now);
                self.emit(Event::Tracked(counts));
                self.entered(entered);
            }
            Err(error) => self.stop_recording(&error),
        }
    }
}
