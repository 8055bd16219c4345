//! Every request to the sandbox with its answer: the witness of every test of the client.
//!
//! A request is written down before it is answered, so that a request whose answer was seen is always here.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::options::Keep;
use crate::domain::{Timestamp, named};

/// One request. As JSON, one line of the request log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedRequest {
    /// The version of this form: 1.
    pub v: u8,
    /// The request's number, from 1.
    pub n: u64,
    /// The number of its connection, from 1.
    pub connection: u64,
    /// When it had been read, RFC 3339, by the sandbox's (maybe skewed) clock.
    pub time: String,
    /// As sent; empty where the request was not read or could not be.
    pub method: String,
    /// As sent, without the query; masked from where it is no path any more.
    pub path: String,
    /// Decoded, from wherever they were; of a name that was sent twice the value that counts. All values but those of the
    /// conversion and the key are masked, whatever their names.
    pub parameters: BTreeMap<String, String>,
    /// Where the credentials came from, right or wrong.
    pub credentials: CredentialSource,
    /// The status of a complete reply.
    pub status: Option<u16>,
    /// What was done in place of a complete reply.
    pub fault: Option<String>,
}

impl LoggedRequest {
    /// A request of which nothing was read.
    pub(super) fn unread(n: u64, connection: u64, time: Timestamp) -> Self {
        Self {
            v: 1,
            n,
            connection,
            time: format!("{}Z", time.to_string().replace(' ', "T")),
            method: String::new(),
            path: String::new(),
            parameters: BTreeMap::new(),
            credentials: CredentialSource::None,
            status: None,
            fault: None,
        }
    }

    /// The value of a parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }
}

named! {
    /// Where credentials, or a parameter, came from.
    #[derive(Default, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    CredentialSource {
        /// Key and secret in a form body.
        Form = "form",
        /// Key and secret in the query.
        Query = "query",
        /// Key and secret in a JSON body.
        Json = "json",
        /// The `Authorization` header.
        Basic = "basic",
        /// Key and `sig`.
        Signature = "signature",
        /// Nowhere.
        #[default]
        None = "none",
    }
}

/// How much has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Connections taken.
    pub connections: u64,
    /// Connections that ended before TLS was agreed on.
    pub failed_handshakes: u64,
    /// Requests, answered or not.
    pub requests: u64,
    /// Conversions answered with a whole 200 because they deserved it.
    pub accepted: u64,
}

/// Everything that has been counted and written down.
pub(super) struct Log {
    pub(super) connections: AtomicU64,
    pub(super) failed_handshakes: AtomicU64,
    pub(super) requests: AtomicU64,
    pub(super) accepted: AtomicU64,
    faults: Mutex<BTreeMap<String, u64>>,
    keep: Keep,
    kept: Mutex<Vec<LoggedRequest>>,
    writer: Option<Mutex<Box<dyn Write + Send>>>,
}

impl Log {
    pub(super) fn new(keep: Keep, writer: Option<Box<dyn Write + Send>>) -> Self {
        Self {
            connections: AtomicU64::new(0),
            failed_handshakes: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
            faults: Mutex::default(),
            keep,
            kept: Mutex::default(),
            writer: writer.map(Mutex::new),
        }
    }

    /// Forgets what was counted and kept. What was written stays written.
    pub(super) fn start_over(&self) {
        for count in [&self.connections, &self.failed_handshakes, &self.requests, &self.accepted] {
            count.store(0, Ordering::Relaxed);
        }
        lock(&self.faults).clear();
        lock(&self.kept).clear();
    }

    /// Writes a request down and flushes it. `describe` runs only if someone wants to know.
    pub(super) fn record(&self, describe: impl FnOnce() -> LoggedRequest) -> io::Result<()> {
        if self.writer.is_none() && self.keep == Keep::Counts {
            return Ok(());
        }
        let request = describe();
        if let Some(writer) = &self.writer {
            let mut line = serde_json::to_vec(&request)?;
            line.push(b'\n');
            let mut writer = lock(writer);
            writer.write_all(&line)?;
            writer.flush()?;
        }
        if self.keep == Keep::All {
            lock(&self.kept).push(request);
        }
        Ok(())
    }

    /// All requests that were kept, in the order of their numbers.
    pub(super) fn kept(&self) -> Vec<LoggedRequest> {
        let mut requests = lock(&self.kept).clone();
        requests.sort_by_key(|request| request.n);
        requests
    }

    pub(super) fn fired(&self, answer: &impl fmt::Display) {
        *lock(&self.faults).entry(answer.to_string()).or_default() += 1;
    }

    pub(super) fn faults(&self) -> BTreeMap<String, u64> {
        lock(&self.faults).clone()
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            connections: self.connections.load(Ordering::Relaxed),
            failed_handshakes: self.failed_handshakes.load(Ordering::Relaxed),
            requests: self.requests.load(Ordering::Relaxed),
            accepted: self.accepted.load(Ordering::Relaxed),
        }
    }
}

/// What a thread that panicked left behind is still a valid log.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
