//! Reading a ledger without changing it.

use std::path::Path;

use super::contents::{DeadLetter, HistoryRow, OpenCode, StatusRow};
use super::error::{LedgerError, Location};
use super::history::{AcceptedRow, Remainder, TimeRange};
use super::store::SqliteReader;
use super::store::postgres::{Access, PostgresReader};
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
    Server(Box<PostgresReader>),
}

/// Asks whichever store it is.
macro_rules! ask {
    ($self:ident, $method:ident($($argument:expr),*)) => {
        match &$self.reader {
            Reader::File(reader) => reader.$method($($argument),*),
            Reader::Server(reader) => reader.$method($($argument),*),
        }
        .map_err(|cause| LedgerError::new($self.location.clone(), cause))
    };
}

impl LedgerReader {
    /// Opens a ledger that exists; `None` where there is none yet. Nothing is created.
    pub fn open(path: &Path) -> Result<Option<Self>, LedgerError> {
        let reader = SqliteReader::open(path).map_err(LedgerError::at_file(path))?;
        let location = Location::File(path.to_owned());
        Ok(reader.map(|reader| Self { reader: Reader::File(reader), location }))
    }

    /// Opens the ledger at a place, where there is one.
    pub fn open_at(place: &LedgerPlace) -> Result<Option<Self>, LedgerError> {
        match place {
            LedgerPlace::File(path) => Self::open(path),
            LedgerPlace::Server(shared) => {
                let access = Access::for_reading(shared);
                let reader = PostgresReader::open(&access).map_err(LedgerError::at_server(shared))?;
                let location = Location::Server(access.name);
                Ok(reader.map(|reader| Self { reader: Reader::Server(Box::new(reader)), location }))
            }
        }
    }

    /// Counts and oldest, by account and state.
    pub fn status(&self) -> Result<Vec<StatusRow>, LedgerError> {
        ask!(self, status())
    }

    /// Every dead letter, oldest first within its kind.
    pub fn refused(&self, each: impl FnMut(DeadLetter)) -> Result<(), LedgerError> {
        ask!(self, refused(each))
    }

    /// The fingerprints of all accounts that ever recorded something, in order.
    pub fn accounts(&self) -> Result<Vec<String>, LedgerError> {
        ask!(self, accounts())
    }

    /// Shows each of the account's accepted rows of a time range, in no particular order, and counts the rest, all at
    /// one moment.
    pub fn history(
        &self,
        account: &str,
        range: TimeRange,
        each: impl FnMut(AcceptedRow<'_>),
    ) -> Result<Remainder, LedgerError> {
        ask!(self, history(account, range, each))
    }

    /// The values of an id, of every account and channel.
    pub fn values(&self, message_id: &str) -> Result<Vec<HistoryRow>, LedgerError> {
        ask!(self, values(message_id))
    }

    /// The codes of an id that are open.
    pub fn open_codes(&self, message_id: &str) -> Result<Vec<OpenCode>, LedgerError> {
        ask!(self, open_codes(message_id))
    }
}
