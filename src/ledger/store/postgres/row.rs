//! Columns become domain values, and back.

use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::domain::{
    Channel, Conversion, Delivered, ErrorCode, Failure, MessageId, Reached, Record, Reference, TimeSource,
    Timestamp,
};
use crate::ledger::state::RowState;
use crate::ledger::store::StoreError;

/// The key's time where none was given.
const NO_TIME: i64 = -1;

/// The time of a key as it is stored.
pub(super) fn key_number(key_time: Option<Timestamp>) -> i64 {
    key_time.map_or(NO_TIME, Timestamp::unix)
}

pub(super) fn channel_number(channel: Channel) -> i16 {
    match channel {
        Channel::Sms => 0,
        Channel::Voice => 1,
    }
}

pub(super) fn state_number(state: RowState) -> i16 {
    i16::try_from(state.number()).unwrap_or(i16::MAX)
}

pub(super) fn reached_number(reached: Reached) -> Option<i16> {
    match reached {
        Reached::No => Some(0),
        Reached::Yes => Some(1),
        Reached::Unknown => None,
    }
}

/// A number of ours as the server has them.
pub(super) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A smaller number of ours as the server has them.
pub(super) fn small(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// A text as the server can have it: there is no NUL in one.
pub(super) fn text(value: &str) -> String {
    value.replace('\0', "\u{FFFD}")
}

/// A value of a row.
pub(super) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, StoreError> {
    row.try_get(column).map_err(|error| damaged(&error.to_string()))
}

/// The columns of a record, in the order in which [`record`] reads them.
pub(super) const RECORD: &str = "channel, message_id, delivered, key_time, timestamp, line, reference";

/// Reads a record from a row that begins with [`RECORD`].
pub(super) fn record(row: &Row) -> Result<Record, StoreError> {
    let time = if key_time(row, 3)?.is_none() { TimeSource::Now } else { TimeSource::Given };
    Ok(Record {
        line: get::<i64>(row, 5)?.unsigned_abs(),
        reference: get::<Option<&str>>(row, 6)?.map(Reference::from_json),
        conversion: Conversion {
            channel: channel(row, 0)?,
            message_id: message_id(row, 1)?,
            delivered: Delivered::from(get::<bool>(row, 2)?),
            timestamp: timestamp(row, 4)?,
        },
        time,
        doubts: Vec::new(),
    })
}

pub(super) fn key_time(row: &Row, column: usize) -> Result<Option<Timestamp>, StoreError> {
    match get(row, column)? {
        NO_TIME => Ok(None),
        _ => timestamp(row, column).map(Some),
    }
}

pub(super) fn channel(row: &Row, column: usize) -> Result<Channel, StoreError> {
    match get::<i16>(row, column)? {
        0 => Ok(Channel::Sms),
        1 => Ok(Channel::Voice),
        other => Err(damaged(&format!("channel {other}"))),
    }
}

pub(super) fn message_id(row: &Row, column: usize) -> Result<MessageId, StoreError> {
    MessageId::parse(get(row, column)?).map_err(|error| damaged(&error.to_string()))
}

pub(super) fn state(row: &Row, column: usize) -> Result<RowState, StoreError> {
    let number: i16 = get(row, column)?;
    let state = RowState::ALL.iter().copied().find(|state| state_number(*state) == number);
    state.ok_or_else(|| damaged(&format!("state {number}")))
}

/// Reads a moment from a column.
pub(super) fn timestamp(row: &Row, column: usize) -> Result<Timestamp, StoreError> {
    Timestamp::from_unix(get(row, column)?).map_err(|error| damaged(&error.to_string()))
}

/// Reads a failure from three columns: code, whether the server was reached, message; none where there is no code.
pub(super) fn failure(row: &Row, from: usize) -> Result<Option<Failure>, StoreError> {
    let Some(code) = code(row, from)? else { return Ok(None) };
    Ok(Some(Failure {
        code,
        reached_server: match get::<Option<i16>>(row, from + 1)? {
            Some(0) => Reached::No,
            Some(1) => Reached::Yes,
            _ => Reached::Unknown,
        },
        message: get::<Option<String>>(row, from + 2)?.unwrap_or_default(),
    }))
}

/// Reads the kind of a failure.
pub(super) fn code(row: &Row, column: usize) -> Result<Option<ErrorCode>, StoreError> {
    let Some(name) = get::<Option<&str>>(row, column)? else { return Ok(None) };
    let code = ErrorCode::ALL.iter().copied().find(|code| code.as_str() == name);
    code.map(Some).ok_or_else(|| damaged(&format!("failure `{name}`")))
}

pub(super) fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(format!("a row has {what}"))
}
