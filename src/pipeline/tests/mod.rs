//! The deciding half of a run, with nothing on the other side: what comes back is handed to it.

mod outages;
mod stops;

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::{Adopt, Event, Item, Limits, Listener, ListenerGone, Plan, RefusedBefore, Report, State};
use crate::domain::{
    Account, ApiKey, Auth, Channel, Conversion, Delivered, MessageId, Record, Secret, TimeSource, Timestamp,
};
use crate::transport::{Endpoint, Transport, Trust, TrustStore};
use crate::wire::BaseUrl;

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

/// What a plan borrows. Nobody is at the address.
struct Stage {
    transport: Transport,
    account: Account,
    never: AtomicBool,
    stop_reading: AtomicBool,
}

impl Stage {
    fn new() -> Self {
        let endpoint = Endpoint {
            base_url: BaseUrl::parse("http://127.0.0.1:9").unwrap(),
            proxy: None,
            trust: TrustStore::new(Trust::System),
            connect_timeout: Duration::from_secs(5),
            max_time: Duration::from_secs(15),
        };
        let auth = Auth::Form(Secret::new("s".into()));
        Self {
            transport: Transport::new(endpoint).unwrap(),
            account: Account { api_key: ApiKey::parse("abcd1234").unwrap(), auth },
            never: AtomicBool::new(false),
            stop_reading: AtomicBool::new(false),
        }
    }

    fn plan(&self, limits: Limits) -> Plan<'_> {
        Plan {
            transport: &self.transport,
            account: &self.account,
            limits,
            adopt: Adopt::Nothing,
            tracking: None,
            refused_before: RefusedBefore::Skip,
            interrupted: &self.never,
            stop_reading: &self.stop_reading,
        }
    }
}

/// A conversion with a message-id of its own.
fn record(line: u64) -> Item {
    let conversion = Conversion {
        channel: Channel::Sms,
        message_id: MessageId::parse(&format!("N{line}")).unwrap(),
        delivered: Delivered::True,
        timestamp: Timestamp::from_unix(NOW).unwrap(),
    };
    Item::Record(Record { line, reference: None, conversion, time: TimeSource::Given, doubts: Vec::new() })
}

#[derive(Default)]
struct Heard(Vec<Report>);

impl Listener for Heard {
    fn hear(&mut self, event: Event) -> Result<(), ListenerGone> {
        if let Event::Settled(report) = event {
            self.0.push(*report);
        }
        Ok(())
    }

    fn turn(&mut self, _: State) -> Result<(), ListenerGone> {
        Ok(())
    }
}
