//! Which messages may be parts of one code: what their `ref` is worth.

use std::collections::HashSet;

use crate::domain::{Channel, CodeEvent, Happening, MessageId, Reference, Timestamp};
use crate::ledger::tracking::CodeRules;

/// No message is as long as so many parts. Where a `ref` stands for that many message-ids, it marks something else, a
/// user or a service, and joins nothing.
pub(super) const MANY: usize = 20;

/// Where the parts of a code are looked for: under its `ref` and channel, near the time at which one was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Mark<'a> {
    pub(crate) reference: &'a Reference,
    pub(crate) channel: Channel,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
}

impl<'a> Mark<'a> {
    /// As many parts as are ever looked at: more than enough to see that there are too many.
    pub(crate) const PARTS_MAX: usize = 2 * MANY;

    /// The mark of an event of sending that has one.
    pub(super) fn of(event: &'a CodeEvent, rules: CodeRules) -> Option<Self> {
        let reference = event.reference.as_ref()?;
        let channel = event.channel.filter(|_| event.happening == Happening::Sent && reference.is_meant())?;
        let (from, until) = (event.timestamp.before(rules.lasts), event.timestamp.after(rules.lasts));
        Some(Self { reference, channel, from, until })
    }
}

/// The `ref` that the last codes of a log were all sent under.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Streak {
    reference: Option<Reference>,
    last: Option<MessageId>,
    ids: usize,
}

impl Streak {
    /// The streak after a group of events, and the refs that did not change over more than [`MANY`] codes, in it or before.
    pub(super) fn after<'a>(&self, events: &'a [CodeEvent]) -> (Self, HashSet<&'a Reference>) {
        let (mut streak, mut constant) = (self.clone(), HashSet::new());
        for event in events.iter().filter(|event| event.happening == Happening::Sent) {
            let reference = event.reference.as_ref().filter(|reference| reference.is_meant());
            if streak.reference.as_ref() != reference {
                streak = Self { reference: reference.cloned(), ..Self::default() };
            }
            if streak.last.as_ref() != Some(&event.message_id) {
                (streak.last, streak.ids) = (Some(event.message_id.clone()), streak.ids + 1);
            }
            constant.extend(reference.filter(|_| streak.ids > MANY));
        }
        (streak, constant)
    }
}
