//! What would follow from a log, with nothing sent and nothing kept.

use std::collections::VecDeque;

use super::Item;
use super::windows::{Input, Tracking, Windows};
use crate::clock;
use crate::domain::{CodeEvent, Record};
use crate::ledger::{Ledger, LedgerError};

/// Turns the events among its items into the records that would follow from them. Windows are kept in a ledger that is thrown
/// away: there may be millions of them.
pub struct Rehearsal<I> {
    items: Option<I>,
    ledger: Ledger,
    windows: Windows,
    waiting: VecDeque<Item>,
}

/// How many windows are closed in one go.
const GROUP: usize = 512;

impl<I> Rehearsal<I> {
    /// Tracks what `items` tell, in a ledger to throw away.
    pub fn new(items: I, ledger: Ledger, tracking: Tracking) -> Self {
        Self {
            items: Some(items),
            ledger,
            windows: Windows::new(tracking, clock::now()),
            waiting: VecDeque::new(),
        }
    }

    fn follow(&mut self, event: &CodeEvent) -> Result<(), LedgerError> {
        let now = clock::now();
        let records = self.ledger.rehearse(event, self.windows.tracking.window, now)?;
        self.windows.saw(std::slice::from_ref(event), now);
        self.will_be(records);
        self.close(Input::Flows)
    }

    fn close(&mut self, input: Input) -> Result<(), LedgerError> {
        let now = clock::now();
        for closing in self.windows.closed(input, now) {
            loop {
                let records = self.ledger.rehearse_closing(closing, GROUP, now)?;
                if records.is_empty() {
                    self.windows.found_nothing(closing);
                    break;
                }
                self.will_be(records);
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), LedgerError> {
        self.close(Input::Ended)?;
        loop {
            let now = clock::now();
            let unplaced = self.ledger.give_up_unplaced(now, now)?;
            if unplaced.is_empty() {
                return Ok(());
            }
            self.waiting.extend(unplaced.into_iter().map(Item::Bad));
        }
    }

    fn will_be(&mut self, records: Vec<Record>) {
        self.waiting.extend(records.into_iter().map(Item::Record));
    }
}

impl<I: Iterator<Item = Item>> Iterator for Rehearsal<I> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.waiting.pop_front() {
                return Some(item);
            }
            let done = match self.items.as_mut()?.next() {
                Some(Item::Event(event)) => self.follow(&event),
                Some(item @ (Item::Record(_) | Item::Bad(_) | Item::Remark(_) | Item::Broken)) => {
                    return Some(item);
                }
                None => {
                    self.items = None;
                    self.end()
                }
            };
            if let Err(error) = done {
                self.items = None;
                self.waiting = [Item::Remark(error.to_string()), Item::Broken].into();
            }
        }
    }
}
