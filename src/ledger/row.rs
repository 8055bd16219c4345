//! One row of the ledger: its states, and the way between columns and domain values.

use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Type, ValueRef};

use crate::domain::{
    Channel, Conversion, Delivered, ErrorCode, Failure, MessageId, Reached, Record, Reference, TimeSource,
    Timestamp,
};

/// Where a row stands. The first two are pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Waiting for its turn or its next attempt.
    Queued,
    /// Handed out as a ticket.
    Held,
    /// The API took it.
    Accepted,
    /// The API refused it; a dead letter.
    Refused,
    /// Postponed for longer than a row lives; a dead letter.
    Expired,
    /// Overtaken by a newer value of the same message-id.
    Stale,
}

impl State {
    /// Every state, by its number in the database.
    pub const ALL: &'static [Self] =
        &[Self::Queued, Self::Held, Self::Accepted, Self::Refused, Self::Expired, Self::Stale];

    /// The name for people and programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Held => "in_flight",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Stale => "stale",
        }
    }

    /// Whether its outcome is still open.
    #[must_use]
    pub fn is_pending(self) -> bool {
        match self {
            Self::Queued | Self::Held => true,
            Self::Accepted | Self::Refused | Self::Expired | Self::Stale => false,
        }
    }

    pub(super) fn number(self) -> i64 {
        match self {
            Self::Queued => 0,
            Self::Held => 1,
            Self::Accepted => 2,
            Self::Refused => 3,
            Self::Expired => 4,
            Self::Stale => 5,
        }
    }
}

impl ToSql for State {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.number().into())
    }
}

impl FromSql for State {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        let state = Self::ALL.iter().copied().find(|state| state.number() == number);
        state.ok_or(FromSqlError::OutOfRange(number))
    }
}

/// The key's time where none was given.
pub(super) const NO_TIME: i64 = -1;

/// The key's time: its own, or that there was none.
pub(super) fn key_time(record: &Record) -> i64 {
    match record.time {
        TimeSource::Given | TimeSource::Typed | TimeSource::Forced => record.conversion.timestamp.unix(),
        TimeSource::Now => NO_TIME,
    }
}

pub(super) fn channel_number(channel: Channel) -> i64 {
    match channel {
        Channel::Sms => 0,
        Channel::Voice => 1,
    }
}

pub(super) fn channel(row: &Row<'_>, column: usize) -> rusqlite::Result<Channel> {
    match row.get(column)? {
        0 => Ok(Channel::Sms),
        1 => Ok(Channel::Voice),
        other => Err(damaged(column, &format!("channel {other}"))),
    }
}

pub(super) fn message_id(row: &Row<'_>, column: usize) -> rusqlite::Result<MessageId> {
    MessageId::parse(row.get_ref(column)?.as_str()?).map_err(|error| damaged(column, &error.to_string()))
}

/// The columns of a record, in the order in which [`record`] reads them.
pub(super) const RECORD: &str = "channel, message_id, delivered, key_time, timestamp, line, reference";

/// Reads a record from a row that begins with [`RECORD`].
pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let (channel, message_id) = (channel(row, 0)?, message_id(row, 1)?);
    let delivered: bool = row.get(2)?;
    let time = match row.get(3)? {
        -1_i64 => TimeSource::Now,
        _ => TimeSource::Given,
    };
    Ok(Record {
        line: row.get::<_, i64>(5)?.unsigned_abs(),
        reference: row.get_ref(6)?.as_str_or_null()?.map(Reference::from_json),
        conversion: Conversion {
            channel,
            message_id,
            delivered: Delivered::from(delivered),
            timestamp: timestamp(row, 4)?,
        },
        time,
        doubts: Vec::new(),
    })
}

/// Reads a moment from a column.
pub(super) fn timestamp(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    Timestamp::from_unix(row.get(column)?).map_err(|error| damaged(column, &error.to_string()))
}

/// Reads a failure from three columns: code, whether the server was reached, message.
pub(super) fn failure(row: &Row<'_>, from: usize) -> rusqlite::Result<Failure> {
    Ok(Failure {
        code: code(row, from)?,
        reached_server: match row.get(from + 1)? {
            Some(0_i64) => Reached::No,
            Some(1) => Reached::Yes,
            _ => Reached::Unknown,
        },
        message: row.get::<_, Option<String>>(from + 2)?.unwrap_or_default(),
    })
}

/// Reads the kind of a failure.
pub(super) fn code(row: &Row<'_>, column: usize) -> rusqlite::Result<ErrorCode> {
    let name = row.get_ref(column)?.as_str_or_null()?.unwrap_or_default();
    let code = ErrorCode::ALL.iter().copied().find(|code| code.as_str() == name);
    code.ok_or_else(|| damaged(column, &format!("failure `{name}`")))
}

pub(super) fn reached_number(reached: Reached) -> Option<i64> {
    match reached {
        Reached::No => Some(0),
        Reached::Yes => Some(1),
        Reached::Unknown => None,
    }
}

/// A number of ours as SQLite has them.
pub(super) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn damaged(column: usize, what: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Null, format!("a row has {what}").into())
}
