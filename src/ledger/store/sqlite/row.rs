//! Columns become domain values, and back.

use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Type, ValueRef};

use crate::domain::{
    Channel, Conversion, Delivered, ErrorCode, Failure, MessageId, Reached, Record, Reference, TimeSource,
    Timestamp,
};
use crate::ledger::state::RowState;

impl ToSql for RowState {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.number().into())
    }
}

impl FromSql for RowState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        let state = Self::ALL.iter().copied().find(|state| state.number() == number);
        state.ok_or(FromSqlError::OutOfRange(number))
    }
}

/// The key's time where none was given.
const NO_TIME: i64 = -1;

/// The time of a key as it is stored.
pub(super) fn key_number(key_time: Option<Timestamp>) -> i64 {
    key_time.map_or(NO_TIME, Timestamp::unix)
}

/// Reads the time of a key.
pub(super) fn key_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    match row.get(column)? {
        NO_TIME => Ok(None),
        _ => timestamp(row, column).map(Some),
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
    let time = if key_time(row, 3)?.is_none() { TimeSource::Now } else { TimeSource::Given };
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
