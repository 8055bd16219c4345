//! What a server or the way to it reports, by what can be done about it.

use std::error;
use std::io;

use thiserror::Error;
use tokio_postgres::error::SqlState;

use crate::ledger::store::{ServerError, StoreError, Why};

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code() {
            Some(code) => of_state(&code.clone(), error),
            // The connection broke, or the other end does not speak as a server does.
            None if error.is_closed() || is_io(&error) => Self::Server(ServerError::Unreachable(error.into())),
            None => Self::Database(error.into()),
        }
    }
}

fn is_io(error: &tokio_postgres::Error) -> bool {
    error::Error::source(error).is_some_and(<dyn error::Error>::is::<io::Error>)
}

/// By the server's own five letters.
fn of_state(state: &SqlState, error: tokio_postgres::Error) -> StoreError {
    let said = Box::new(Said(error));
    match state.code() {
        "25006" => StoreError::Server(ServerError::ReadOnly(said)),
        "3D000" => StoreError::Server(ServerError::NoDatabase(said)),
        "42501" => StoreError::Server(ServerError::NotGranted(said)),
        "53100" => StoreError::DiskFull,
        "53300" => StoreError::Server(ServerError::TooManyConnections(said)),
        "57P01" | "57P02" | "57P03" | "57P05" => StoreError::Server(ServerError::Unreachable(said)),
        code if code.starts_with("08") => StoreError::Server(ServerError::Unreachable(said)),
        code if code.starts_with("28") => StoreError::Server(ServerError::LoginRefused(said)),
        _ => StoreError::Database(said),
    }
}

/// An error with the server's own words as its text; the driver's is no more than "db error".
#[derive(Debug)]
struct Said(tokio_postgres::Error);

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.as_db_error() {
            Some(said) => {
                write!(f, "{} (SQLSTATE {})", said.message(), said.code().code())?;
                said.detail().map_or(Ok(()), |detail| write!(f, "; {detail}"))
            }
            None => self.0.fmt(f),
        }
    }
}

impl error::Error for Said {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self.0.as_db_error() {
            Some(_) => None,
            None => error::Error::source(&self.0),
        }
    }
}

/// Whether something could not be made because another one has made it meanwhile. Depending on how far that had come, the server speaks of a key
/// that exists, or of a schema, a table, or the type that a table has.
pub(super) fn is_made_by_another(error: &StoreError) -> bool {
    let StoreError::Database(why) = error else { return matches!(error, StoreError::Busy) };
    let state = why.downcast_ref::<Said>().and_then(|Said(error)| error.code());
    state.is_some_and(|state| matches!(state.code(), "42P06" | "42P07" | "42710"))
}

/// Whether the server lets nobody in who comes so, whoever it is (`pg_hba.conf`). A wrong password is something else.
pub(super) fn is_not_let_in(error: &StoreError) -> bool {
    let StoreError::Server(ServerError::LoginRefused(why)) = error else { return false };
    why.downcast_ref::<Said>().and_then(|Said(error)| error.code()).is_some_and(|state| state.code() == "28000")
}

pub(super) fn unreachable(why: impl Into<Why>) -> StoreError {
    StoreError::Server(ServerError::Unreachable(why.into()))
}

/// A connection that could not be made, or broke.
#[derive(Debug, Error)]
#[error("{host}")]
pub(super) struct Broke {
    pub(super) host: String,
    #[source]
    pub(super) error: io::Error,
}
