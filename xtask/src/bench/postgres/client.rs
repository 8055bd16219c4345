//! A client: uses a ledger as a run does, and sends nothing.

use std::net::Ipv4Addr;

use nexmo_conversion::clock;
use nexmo_conversion::domain::{
    ApiKey, Channel, Conversion, Delivered, HostAddress, LedgerPlace, MessageId, Record, ServerHost, SharedLedger,
    TimeSource, Timestamp,
};
use nexmo_conversion::ledger::{Effort, Ledger, Recorded, Settlement};

use super::relay::Relay;

/// Where a ledger is.
pub(super) struct Shared(pub(super) SharedLedger);

impl Shared {
    /// The same, reached through a relay.
    pub(super) fn by(&self, relay: &Relay) -> Self {
        let mut shared = self.0.clone();
        let address = HostAddress::Name(Ipv4Addr::LOCALHOST.to_string());
        shared.server.hosts = vec![ServerHost { address, port: relay.port, password: None }];
        Self(shared)
    }
}

/// A run that sends nothing.
pub(super) struct Client {
    pub(super) ledger: Ledger,
}

impl Client {
    pub(super) fn open(shared: &Shared) -> anyhow::Result<Self> {
        let account = ApiKey::parse("abcd1234")?.fingerprint();
        let place = LedgerPlace::Server(Box::new(shared.0.clone()));
        Ok(Self { ledger: Ledger::open_at(&place, &account, 64, clock::now())? })
    }

    /// What may go at once.
    pub(super) fn record(&mut self, records: &[Record]) -> anyhow::Result<Vec<Recorded>> {
        let entries = self.ledger.record(records, clock::now())?;
        Ok(entries.recorded.into_iter().filter(|one| matches!(one, Recorded::Ready(_))).collect())
    }

    /// The API has taken all of them.
    pub(super) fn settle(&mut self, recorded: Vec<Recorded>) -> anyhow::Result<()> {
        let accepted =
            || Settlement::Accepted { http_status: 200, effort: Effort { attempts: 1, ambiguous_resends: 0 } };
        let tickets = recorded.into_iter().filter_map(|one| match one {
            Recorded::Ready(ticket) => Some((ticket, accepted())),
            Recorded::Waiting(..) | Recorded::Known(..) => None,
        });
        // What that sets free stays with this run.
        let _ = self.ledger.settle(tickets.collect(), clock::now()).map_err(|unsettled| unsettled.cause)?;
        Ok(())
    }
}

pub(super) fn record(number: u64, delivered: Delivered, timestamp: Timestamp) -> anyhow::Result<Record> {
    // A bijection that scatters.
    let scattered = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let message_id = MessageId::parse(&format!("{scattered:016X}{number:016X}"))?;
    Ok(Record {
        line: number + 1,
        reference: None,
        conversion: Conversion { channel: Channel::Sms, message_id, delivered, timestamp },
        time: TimeSource::Given,
        doubts: Vec::new(),
    })
}

pub(super) fn second_value(record: &Record, delivered: bool, timestamp: Timestamp) -> Record {
    let mut record = record.clone();
    record.conversion.delivered = Delivered::from(delivered);
    record.conversion.timestamp = timestamp;
    record
}
