//! Reading a ledger without changing it.

use std::path::Path;

use super::contents::{DeadLetter, HistoryRow, OpenCode, StatusRow};
use super::error::LedgerError;
use super::history::{AcceptedRow, Remainder, TimeRange};
use super::store::{ServerError, SqliteReader, StoreError};
use crate::domain::LedgerPlace;

/// A ledger, open for reading.
#[derive(Debug)]
pub struct LedgerReader {
    reader: SqliteReader,
    path: Box<Path>,
}

impl LedgerReader {
    /// Opens a ledger that exists; `None` where there is none yet. Nothing is created.
    pub fn open(path: &Path) -> Result<Option<Self>, LedgerError> {
        let reader = SqliteReader::open(path).map_err(LedgerError::at_file(path))?;
        Ok(reader.map(|reader| Self { reader, path: path.into() }))
    }

    /// Opens the ledger at a place, where there is one.
    pub fn open_at(place: &LedgerPlace) -> Result<Option<Self>, LedgerError> {
        match place {
            LedgerPlace::File(path) => Self::open(path),
            LedgerPlace::Server(shared) => Err(LedgerError::at_server(shared)(ServerError::NotYet.into())),
        }
    }

    /// Counts and oldest, by account and state.
    pub fn status(&self) -> Result<Vec<StatusRow>, LedgerError> {
        self.reader.status().map_err(self.failed())
    }

    /// Every dead letter, oldest first within its kind.
    pub fn refused(&self, each: impl FnMut(DeadLetter)) -> Result<(), LedgerError> {
        self.reader.refused(each).map_err(self.failed())
    }

    /// The fingerprints of all accounts that ever recorded something, in order.
    pub fn accounts(&self) -> Result<Vec<String>, LedgerError> {
        self.reader.accounts().map_err(self.failed())
    }

    /// Shows each of the account's accepted rows of a time range, in no particular order, and counts the rest, all at
    /// one moment.
    pub fn history(
        &self,
        account: &str,
        range: TimeRange,
        each: impl FnMut(AcceptedRow<'_>),
    ) -> Result<Remainder, LedgerError> {
        self.reader.history(account, range, each).map_err(self.failed())
    }

    /// The values of an id, of every account and channel.
    pub fn values(&self, message_id: &str) -> Result<Vec<HistoryRow>, LedgerError> {
        self.reader.values(message_id).map_err(self.failed())
    }

    /// The codes of an id that are open.
    pub fn open_codes(&self, message_id: &str) -> Result<Vec<OpenCode>, LedgerError> {
        self.reader.open_codes(message_id).map_err(self.failed())
    }

    fn failed(&self) -> impl FnOnce(StoreError) -> LedgerError {
        LedgerError::at_file(&self.path)
    }
}
