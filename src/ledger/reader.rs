//! Reading a ledger without changing it.

use std::path::Path;

use super::contents::{DeadLetter, HistoryRow, OpenCode, StatusRow};
use super::error::{LedgerError, Location};
use super::history::{AcceptedRow, Remainder, TimeRange};
use super::store::postgres::{Access, PostgresReader};
use super::store::{SqliteReader, StoreError};
use crate::domain::LedgerPlace;

/// A ledger, open for reading.
#[derive(Debug)]
pub struct LedgerReader {
    reader: Reader,
    location: Location,
}

#[derive(Debug)]
enum Reader {
    File(SqliteReader),
    Server(PostgresReader),
}

impl LedgerReader {
    /// Opens a ledger that exists; `None` where there is none yet. Nothing is created.
    pub fn open(path: &Path) -> Result<Option<Self>, LedgerError> {
        let reader = SqliteReader::open(path).map_err(LedgerError::at_file(path))?;
        Ok(reader.map(|reader| Self { reader: Reader::File(reader), location: Location::File(path.to_owned()) }))
    }

    /// The same for a ledger wherever it is.
    pub fn open_at(place: &LedgerPlace) -> Result<Option<Self>, LedgerError> {
        match place {
            LedgerPlace::File(path) => Self::open(path),
            LedgerPlace::Server(shared) => {
                let reader = PostgresReader::open(&Access::for_reading(shared));
                let reader = reader.map_err(LedgerError::at_server(shared))?;
                let location = Location::Server(shared.server.to_string());
                Ok(reader.map(|reader| Self { reader: Reader::Server(reader), location }))
            }
        }
    }

    /// Counts and oldest, by account and state.
    pub fn status(&self) -> Result<Vec<StatusRow>, LedgerError> {
        match &self.reader {
            Reader::File(file) => file.status(),
            Reader::Server(server) => server.status(),
        }
        .map_err(self.failed())
    }

    /// Every dead letter, oldest first within its kind.
    pub fn refused(&self, each: impl FnMut(DeadLetter)) -> Result<(), LedgerError> {
        match &self.reader {
            Reader::File(file) => file.refused(each),
            Reader::Server(server) => server.refused(each),
        }
        .map_err(self.failed())
    }

    /// The fingerprints of all accounts that ever recorded something, in order.
    pub fn accounts(&self) -> Result<Vec<String>, LedgerError> {
        match &self.reader {
            Reader::File(file) => file.accounts(),
            Reader::Server(server) => server.accounts(),
        }
        .map_err(self.failed())
    }

    /// Shows each of the account's accepted rows of a time range, in no particular order, and counts the rest, all at
    /// one moment.
    pub fn history(
        &self,
        account: &str,
        range: TimeRange,
        each: impl FnMut(AcceptedRow<'_>),
    ) -> Result<Remainder, LedgerError> {
        match &self.reader {
            Reader::File(file) => file.history(account, range, each),
            Reader::Server(server) => server.history(account, range, each),
        }
        .map_err(self.failed())
    }

    /// The values of an id, of every account and channel.
    pub fn values(&self, message_id: &str) -> Result<Vec<HistoryRow>, LedgerError> {
        match &self.reader {
            Reader::File(file) => file.values(message_id),
            Reader::Server(server) => server.values(message_id),
        }
        .map_err(self.failed())
    }

    /// The codes of an id that are open.
    pub fn open_codes(&self, message_id: &str) -> Result<Vec<OpenCode>, LedgerError> {
        match &self.reader {
            Reader::File(file) => file.open_codes(message_id).map_err(self.failed()),
            // No code is tracked on a server yet.
            Reader::Server(_) => Ok(Vec::new()),
        }
    }

    fn failed(&self) -> impl FnOnce(StoreError) -> LedgerError {
        let location = self.location.clone();
        move |cause| LedgerError::new(location, cause)
    }
}
