//! What a session is: whether it writes, and what it runs over. libpq's `target_session_attrs` chooses by it.

use tokio_postgres::{Client, SimpleQueryMessage};

use crate::domain::{ServerHost, SessionWanted};
use crate::ledger::store::{ServerError, StoreError};

/// A session that will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// Which of the hosts it is on.
    pub(crate) host: String,
    /// The server's version, in its own words.
    pub(crate) version: String,
    /// What protects it, for people.
    pub(crate) protection: &'static str,
}

/// Accepts a session if it is one of those that are wanted.
pub(super) async fn accept(
    client: &Client,
    host: &ServerHost,
    wanted: SessionWanted,
) -> Result<Session, StoreError> {
    let session = Session { host: host.to_string(), version: String::new(), protection: "" };
    if wanted == SessionWanted::Any {
        return Ok(session);
    }
    let asked = "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only')";
    let answer = client.simple_query(asked).await?;
    let row = answer.iter().find_map(|message| {
        let SimpleQueryMessage::Row(row) = message else { return None };
        Some((row.get(0) == Some("t"), row.get(1) == Some("on")))
    });
    let (is_standby, is_read_only) = row.unwrap_or_default();
    let (will_do, why) = match wanted {
        SessionWanted::Any | SessionWanted::PreferStandby => (true, ""),
        SessionWanted::ReadWrite if is_standby => (false, "is a replica"),
        SessionWanted::ReadWrite => (!is_read_only, "is set to read only (default_transaction_read_only)"),
        SessionWanted::ReadOnly => {
            (is_read_only, "takes writes, and target_session_attrs asks for one that does not")
        }
        SessionWanted::Primary => (!is_standby, "is a replica"),
        SessionWanted::Standby => (is_standby, "is not a replica, and target_session_attrs asks for one"),
    };
    if will_do { Ok(session) } else { Err(StoreError::Server(ServerError::WrongSession(format!("{host} {why}")))) }
}
