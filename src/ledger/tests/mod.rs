//! The ledger: what is recorded, what is known again, what survives, what is refused. What every store must do is tested on
//! every store; what only files do, on real files.

mod codes;
mod following;
mod groups;
mod model;
mod order;
mod recording;
mod sharing;
mod sources;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use crate::domain::{
    AccountFingerprint, ApiKey, Channel, CodeEvent, Conversion, Delivered, ErrorCode, Failure, Happening,
    MessageId, REMEMBERED, Reached, Record, TimeSource, Timestamp,
};

use super::store::postgres::tests::{by_socket, support::Cluster};
use super::store::postgres::{Access, PostgresStore, Schema, connect, migrate};
use super::store::{Memory, MemoryStore};
use super::{Due, Effort, Ledger, LedgerError, LogSource, Recorded, Released, Settlement, StoreError, Ticket};

/// Room for one ledger, and a clock that is set by hand.
pub(crate) struct Fixture {
    place: Room,
    pub(crate) now: Timestamp,
}

/// Where the ledger is.
pub(crate) enum Room {
    Folder(TempDir),
    Memory(Memory),
    /// A schema of its own on a server that all tests share, and a folder for locks.
    Server(&'static Cluster, String, TempDir),
}

pub(crate) const START: i64 = 1_795_310_726;
/// Each run's in-flight limit.
pub(crate) const W: usize = 64;
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);
pub(crate) const ALMOST_A_DAY: Duration = Duration::from_secs(24 * 60 * 60 - 1);

/// The suite of what every store must do: runs a test on each.
pub(crate) fn on_every_store(test: impl Fn(Fixture)) {
    on_memory_and_file(&test);
    if let Some(fixture) = Fixture::on_server() {
        test(fixture);
    }
}

pub(crate) fn on_memory_and_file(test: impl Fn(Fixture)) {
    for place in [Room::Memory(Memory::default()), Room::Folder(tempfile::tempdir().unwrap())] {
        test(Fixture { place, now: at(0) });
    }
}

impl Fixture {
    /// One on disk.
    pub(crate) fn new() -> Self {
        Self { place: Room::Folder(tempfile::tempdir().unwrap()), now: at(0) }
    }

    /// One on a server, if one can be started here.
    pub(crate) fn on_server() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let cluster = Cluster::shared(std::thread::current().name().unwrap_or("a test of the ledger"))?;
        let schema = format!("ledger_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        migrate(&mut connect(&by_socket(cluster, "postgres")).unwrap(), &Schema::named(&schema)).unwrap();
        Some(Self { place: Room::Server(cluster, schema, tempfile::tempdir().unwrap()), now: at(0) })
    }

    /// How the ledger on the server is reached by runs of the machine with this name.
    pub(crate) fn access(&self, machine: &str) -> Access {
        let Room::Server(cluster, schema, locks) = &self.place else { panic!("it is not on a server") };
        Access {
            name: format!("the test's {schema}"),
            connect: Box::new(|_| connect(&by_socket(cluster, "postgres"))),
            schema: Schema::named(schema),
            locks: locks.path().join(machine).into(),
            lease: Duration::from_secs(30),
            patience: Duration::from_secs(5),
            keep: REMEMBERED,
            durability: crate::domain::Durability::Strict,
        }
    }

    /// Lets the time pass by which all leases end of runs that are gone.
    pub(crate) fn end_leases(&self) {
        if let Room::Server(cluster, schema, _) = &self.place {
            cluster.sql("postgres", &format!("UPDATE {schema}.lease SET until = now()"));
        }
    }

    /// The same where the first run lives on.
    pub(crate) fn end_leases_but_the_first(&self) {
        let Room::Server(cluster, schema, _) = &self.place else { panic!("it is not on a server") };
        let first = format!("SELECT min(run) FROM {schema}.lease WHERE run > 0");
        cluster.sql("postgres", &format!("UPDATE {schema}.lease SET until = now() WHERE run <> ({first})"));
    }

    pub(crate) fn folder(&self) -> &Path {
        match &self.place {
            Room::Folder(folder) => folder.path(),
            Room::Memory(_) => panic!("it is in memory"),
            Room::Server(..) => panic!("it is on a server"),
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder().join("state/ledger.db")
    }

    pub(crate) fn open(&self) -> Ledger {
        self.open_with("abcd1234", W)
    }

    pub(crate) fn open_as(&self, key: &str) -> Ledger {
        self.open_with(key, W)
    }

    pub(crate) fn open_with(&self, key: &str, unsettled_max: usize) -> Ledger {
        match &self.place {
            Room::Folder(_) => Ledger::open(&self.path(), &account(key), unsettled_max, self.now).unwrap(),
            Room::Memory(memory) => {
                Ledger::over(Box::new(MemoryStore::open(memory, &account(key), unsettled_max)))
            }
            Room::Server(..) => Ledger::over(Box::new(
                PostgresStore::open(self.access("machine"), &account(key), unsettled_max, self.now).unwrap(),
            )),
        }
    }

    /// Open for a run that reads these files.
    pub(crate) fn open_reading(&self, files: &[LogSource]) -> Ledger {
        let mut ledger = self.open();
        ledger.reads(files, self.now).unwrap();
        ledger
    }

    pub(crate) fn wait(&mut self, time: Duration) {
        self.now = Timestamp::from_unix(self.now.unix() + i64::try_from(time.as_secs()).unwrap()).unwrap();
    }
}

pub(crate) fn account(key: &str) -> AccountFingerprint {
    ApiKey::parse(key).unwrap().fingerprint()
}

/// A moment so many seconds after the tests' beginning.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(START + seconds).unwrap()
}

/// `sms ID delivered=true` with a time of its own.
pub(crate) fn sms(id: &str, seconds: i64) -> Record {
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

/// `sent ID` over SMS, so many seconds after the beginning.
pub(crate) fn sent(id: &str, seconds: i64) -> CodeEvent {
    CodeEvent {
        line: 1,
        source: 0,
        reference: None,
        happening: Happening::Sent,
        message_id: MessageId::parse(id).unwrap(),
        channel: Some(Channel::Sms),
        timestamp: at(seconds),
        time: TimeSource::Given,
        doubts: Vec::new(),
        raw: b"the line".to_vec(),
    }
}

/// `converted ID`, by a line that does not say over which channel.
pub(crate) fn converted(id: &str, seconds: i64) -> CodeEvent {
    CodeEvent { happening: Happening::Converted, channel: None, ..sent(id, seconds) }
}

pub(crate) fn untimed(id: &str, read_at: i64) -> Record {
    Record { time: TimeSource::Now, ..sms(id, read_at) }
}

pub(crate) fn failed(record: Record) -> Record {
    Record { conversion: Conversion { delivered: Delivered::False, ..record.conversion }, ..record }
}

pub(crate) fn effort() -> Effort {
    Effort { attempts: 1, ambiguous_resends: 0 }
}

pub(crate) fn accepted() -> Settlement {
    Settlement::Accepted { http_status: 200, effort: effort() }
}

pub(crate) fn refused() -> Settlement {
    Settlement::Refused {
        http_status: 420,
        failure: Failure::answered(ErrorCode::BadParameters, "the API refused it with 420"),
        effort: effort(),
    }
}

pub(crate) fn postponed() -> Settlement {
    Settlement::Postponed {
        failure: Failure::answered(ErrorCode::ServerError, "the API answered 503"),
        effort: effort(),
    }
}

/// It is unknown whether it arrived.
pub(crate) fn ambiguous() -> Settlement {
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
    pub(crate) fn enter(&mut self, record: &Record, now: Timestamp) -> Recorded {
        let mut entries = self.record(std::slice::from_ref(record), now).unwrap();
        assert_eq!(entries.released, Released::default());
        entries.recorded.pop().unwrap()
    }

    pub(crate) fn ready(&mut self, record: &Record, now: Timestamp) -> Ticket {
        ready(self.enter(record, now))
    }

    pub(crate) fn end(&mut self, ticket: Ticket, settlement: Settlement, now: Timestamp) -> Released {
        self.settle(vec![(ticket, settlement)], now).unwrap()
    }

    pub(crate) fn adopted(&mut self, due: Due, now: Timestamp) -> Vec<Ticket> {
        self.adopt(usize::MAX, due, now).unwrap().tickets
    }

    /// What kill -9 does to a run: its lock is gone and its row stays.
    pub(crate) fn crash(self) {
        drop(self);
    }
}

pub(crate) fn ready(recorded: Recorded) -> Ticket {
    match recorded {
        Recorded::Ready(ticket) => ticket,
        other @ (Recorded::Waiting(..) | Recorded::Known(..)) => panic!("not ready: {other:?}"),
    }
}

pub(crate) fn ids(tickets: &[Ticket]) -> Vec<&str> {
    tickets.iter().map(|ticket| ticket.conversion().message_id.as_str()).collect()
}

pub(crate) fn cause<T>(result: &Result<T, LedgerError>) -> Option<&StoreError> {
    result.as_ref().err().map(LedgerError::cause)
}
