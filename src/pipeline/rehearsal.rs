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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Rehearsal;
    use crate::clock;
    use crate::domain::{ApiKey, Channel, CodeEvent, Delivered, Happening, MessageId, TimeSource, Timestamp};
    use crate::ledger::Ledger;
    use crate::pipeline::{AtEnd, Item, Tracking};

    fn told(item: &Item) -> String {
        match item {
            Item::Record(record) => {
                let delivered = record.conversion.delivered == Delivered::True;
                format!("{} {delivered}", record.conversion.message_id)
            }
            Item::Bad(bad) => format!("line {}: {}", bad.line, bad.message),
            Item::Remark(text) => text.clone(),
            Item::Event(_) => "an event".to_owned(),
            Item::Broken => "broken".to_owned(),
        }
    }

    #[test]
    fn a_log_becomes_the_conversions_that_would_follow_each_as_soon_as_it_does() {
        let now = clock::now();
        let event = |line, happening, id: &str, ago: u64, channel| {
            Item::Event(CodeEvent {
                line,
                reference: None,
                happening,
                message_id: MessageId::parse(id).unwrap(),
                channel,
                timestamp: Timestamp::before(now, Duration::from_secs(ago)),
                time: TimeSource::Given,
                doubts: Vec::new(),
                raw: Vec::new(),
            })
        };
        let sms = Some(Channel::Sms);
        let log = [
            event(1, Happening::Sent, "0A", 9000, sms),
            event(2, Happening::Sent, "0B", 9000, sms),
            event(3, Happening::Converted, "0A", 8990, None),
            event(4, Happening::Converted, "0C", 8980, None),
            Item::Remark("as it is".to_owned()),
            event(5, Happening::Sent, "0D", 60, sms),
            Item::Remark("the last line".to_owned()),
        ];
        let folder = tempfile::tempdir().unwrap();
        let account = ApiKey::parse("abcd1234").unwrap().fingerprint();
        let ledger = Ledger::open_scratch(&folder.path().join("ledger.db"), &account, now).unwrap();
        let tracking = Tracking { window: Duration::from_secs(600), at_end: AtEnd::Expire };
        let follows: Vec<_> = Rehearsal::new(log.into_iter(), ledger, tracking).map(|item| told(&item)).collect();
        let unplaced = "line 4: channel is missing, and nothing told that the code was sent";
        assert_eq!(follows, ["0A true", "as it is", "0B false", "the last line", "0D false", unplaced]);
    }
}
