//! The ledger on real files: what is recorded, what is known again, what survives, what is refused.

mod codes;
mod evidence;
mod files;
mod migration;
mod model;
mod order;
mod recording;
mod sharing;

use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use crate::domain::{
    AccountFingerprint, ApiKey, Channel, Conversion, Delivered, ErrorCode, Failure, MessageId, Reached, Record,
    TimeSource, Timestamp,
};

use super::{Due, Effort, Ledger, Recorded, Released, Settlement, Ticket};

/// A folder with room for one ledger, and a clock that moves when told.
struct Desk {
    folder: TempDir,
    now: Timestamp,
}

const START: i64 = 1_795_310_726;
/// Each run's unsettled window.
const W: usize = 64;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const ALMOST_A_DAY: Duration = Duration::from_secs(24 * 60 * 60 - 1);

impl Desk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), now: at(0) }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("state/ledger.db")
    }

    fn open(&self) -> Ledger {
        Ledger::open(&self.path(), &account("abcd1234"), W, self.now).unwrap()
    }

    fn wait(&mut self, time: Duration) {
        self.now = Timestamp::from_unix(self.now.unix() + i64::try_from(time.as_secs()).unwrap()).unwrap();
    }
}

fn account(key: &str) -> AccountFingerprint {
    ApiKey::parse(key).unwrap().fingerprint()
}

/// A moment so many seconds after the tests' beginning.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(START + seconds).unwrap()
}

/// `sms ID delivered=true` with a time of its own.
fn sms(id: &str, seconds: i64) -> Record {
    Record {
        line: 1,
        reference: None,
        conversion: Conversion {
            channel: Channel::Sms,
            message_id: MessageId::parse(id).unwrap(),
            delivered: Delivered::True,
            timestamp: at(seconds),
        },
        time: TimeSource::Given,
        doubts: Vec::new(),
    }
}

fn untimed(id: &str, read_at: i64) -> Record {
    Record { time: TimeSource::Now, ..sms(id, read_at) }
}

fn failed(record: Record) -> Record {
    Record { conversion: Conversion { delivered: Delivered::False, ..record.conversion }, ..record }
}

fn effort() -> Effort {
    Effort { attempts: 1, ambiguous_resends: 0 }
}

fn accepted() -> Settlement {
    Settlement::Accepted { http_status: 200, effort: effort() }
}

fn refused() -> Settlement {
    Settlement::Refused {
        http_status: 420,
        failure: Failure::answered(ErrorCode::BadParameters, "the API refused it with 420"),
        effort: effort(),
    }
}

fn postponed() -> Settlement {
    Settlement::Postponed {
        failure: Failure::answered(ErrorCode::ServerError, "the API answered 503"),
        effort: effort(),
    }
}

/// Nobody knows whether it arrived.
fn ambiguous() -> Settlement {
    Settlement::Postponed {
        failure: Failure {
            code: ErrorCode::Timeout,
            message: "no answer in time".to_owned(),
            reached_server: Reached::Unknown,
        },
        effort: effort(),
    }
}

impl Ledger {
    /// Records one record that has no siblings to set free.
    fn enter(&mut self, record: &Record, now: Timestamp) -> Recorded {
        let mut entries = self.record(std::slice::from_ref(record), now).unwrap();
        assert_eq!(entries.released, Released::default());
        entries.recorded.pop().unwrap()
    }

    fn ready(&mut self, record: &Record, now: Timestamp) -> Ticket {
        ready(self.enter(record, now))
    }

    fn end(&mut self, ticket: Ticket, settlement: Settlement, now: Timestamp) -> Released {
        self.settle(vec![(ticket, settlement)], now).unwrap()
    }

    fn adopted(&mut self, due: Due, now: Timestamp) -> Vec<Ticket> {
        self.adopt(usize::MAX, due, now).unwrap().tickets
    }

    /// What kill -9 does to a run: its lock is gone and nothing says that it ended.
    fn crash(self) {
        drop(self);
    }
}

fn ready(recorded: Recorded) -> Ticket {
    match recorded {
        Recorded::Ready(ticket) => ticket,
        other @ (Recorded::Waiting(..) | Recorded::Known(..)) => panic!("not ready: {other:?}"),
    }
}

fn ids(tickets: &[Ticket]) -> Vec<&str> {
    tickets.iter().map(|ticket| ticket.conversion().message_id.as_str()).collect()
}
