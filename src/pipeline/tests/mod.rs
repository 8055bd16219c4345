//! Whole runs, and their schedule, with nothing on the other side: what comes back is handed to the engine.

mod outages;

use std::time::Duration;

use super::now::Now;
use super::{Adopt, Event, Item, Limits, Listener, ListenerGone, RecordResult, RefusedBefore, RunPlan, State};
use crate::domain::{
    AccountFingerprint, ApiKey, Channel, Conversion, Delivered, MessageId, Record, TimeSource, Timestamp,
};

/// The defaults of a stream.
pub(super) const LIMITS: Limits = Limits {
    jobs: 16,
    retries: 4,
    retry_max_time: Duration::from_secs(120),
    interval: None,
    max_age: None,
    deadline: None,
};

const NOW: i64 = 1_795_310_726;

pub(super) fn plan(limits: Limits) -> RunPlan {
    RunPlan {
        limits,
        adopt: Adopt::Nothing,
        tracking: None,
        refused_before: RefusedBefore::Skip,
        linger: Duration::ZERO,
    }
}

pub(super) fn account() -> AccountFingerprint {
    ApiKey::parse("abcd1234").unwrap().fingerprint()
}

/// What both clocks say so long after the beginning.
pub(super) fn after(time: Duration) -> Now {
    Now { monotonic: time, wall: Timestamp::from_unix(NOW + time.as_secs().cast_signed()).unwrap() }
}

/// A conversion with a message-id of its own.
pub(super) fn record(line: u64) -> Item {
    let conversion = Conversion {
        channel: Channel::Sms,
        message_id: MessageId::parse(&format!("N{line}")).unwrap(),
        delivered: Delivered::True,
        timestamp: Timestamp::from_unix(NOW).unwrap(),
    };
    Item::Record(Record { line, reference: None, conversion, time: TimeSource::Given, doubts: Vec::new() })
}

/// The results of what was settled.
#[derive(Default)]
pub(super) struct Heard(pub(super) Vec<RecordResult>);

impl Listener for Heard {
    fn hear(&mut self, event: Event) -> Result<(), ListenerGone> {
        if let Event::Settled(result) = event {
            self.0.push(*result);
        }
        Ok(())
    }

    fn turn(&mut self, _: State) -> Result<(), ListenerGone> {
        Ok(())
    }
}
