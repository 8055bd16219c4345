//! The texts of a record's fields become a [`Record`], or the reason why they cannot.

use std::borrow::Cow;

use memchr::memchr;
use thiserror::Error;

use super::field::Field;
use crate::domain::{
    BadRecord, Channel, Conversion, Delivered, ErrorCode, MessageId, MessageIdError, Record, Reference,
    TimeSource, Timestamp, TimestampError, UnknownChannel, UnknownDelivered,
};

/// What a record says, as text; `None` where it is silent.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    pub message_id: Option<Cow<'a, str>>,
    pub delivered: Option<Cow<'a, str>>,
    pub timestamp: Option<Cow<'a, str>>,
    pub channel: Option<Cow<'a, str>>,
    pub reference: Option<Reference>,
}

/// What holds for records that do not say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Defaults {
    pub channel: Option<Channel>,
    pub delivered: Option<Delivered>,
    /// The time of reading.
    pub now: Timestamp,
}

/// A record that cannot be taken.
#[derive(Debug)]
pub(super) struct Refusal {
    pub reference: Option<Reference>,
    pub problem: Problem,
}

/// Why a record cannot be taken.
#[derive(Debug, Error)]
pub(super) enum Problem {
    #[error("the line is longer than 64 KiB")]
    TooLong,
    #[error("not valid UTF-8 at column {0}")]
    NotUtf8(usize),
    #[error("there is a NUL byte at column {0}")]
    Nul(usize),
    #[error("not a JSON object")]
    NotAnObject,
    #[error("bad JSON: {what} at column {column}")]
    BadJson { what: String, column: usize },
    #[error("{0} twice in one record")]
    Twice(Field),
    #[error("{field} is {found}, not {wanted}")]
    WrongType { field: Field, found: &'static str, wanted: &'static str },
    #[error("{found} columns where the header has {wanted}")]
    Ragged { found: usize, wanted: usize },
    #[error("column {0} opens a quote that is not closed")]
    UnclosedQuote(usize),
    #[error("column {0} goes on after its closing quote")]
    TextAfterQuote(usize),
    #[error("{0} is missing")]
    Missing(Field),
    #[error(transparent)]
    MessageId(#[from] MessageIdError),
    #[error(transparent)]
    Delivered(#[from] UnknownDelivered),
    #[error(transparent)]
    Timestamp(#[from] TimestampError),
    #[error(transparent)]
    Channel(#[from] UnknownChannel),
    #[error("timestamp {0} is more than 24 hours ahead of the clock")]
    Future(Timestamp),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self { reference: None, problem }
    }
}

impl Refusal {
    pub(super) fn into_bad_record(self, line: u64, raw: &[u8]) -> BadRecord {
        BadRecord {
            line,
            reference: self.reference,
            code: if matches!(self.problem, Problem::Future(_)) {
                ErrorCode::FutureTimestamp
            } else {
                ErrorCode::BadRecord
            },
            message: self.problem.to_string(),
            raw: raw.to_vec(),
        }
    }
}

/// Takes the bytes of a record as text.
pub(super) fn text(record: &[u8]) -> Result<&str, Problem> {
    let text = str::from_utf8(record).map_err(|error| Problem::NotUtf8(error.valid_up_to() + 1))?;
    match memchr(0, record) {
        Some(at) => Err(Problem::Nul(at + 1)),
        None => Ok(text),
    }
}

/// Makes a record of what it says and what holds where it is silent.
pub(super) fn assemble(said: Said<'_>, defaults: Defaults, line: u64) -> Result<Record, Refusal> {
    match conversion(&said, defaults) {
        Ok((conversion, time)) => Ok(Record {
            line,
            reference: said.reference,
            conversion,
            time,
            doubts: said.message_id.map_or_else(Vec::new, |text| MessageId::doubts(&text).collect()),
        }),
        Err(problem) => Err(Refusal { reference: said.reference, problem }),
    }
}

fn conversion(said: &Said<'_>, defaults: Defaults) -> Result<(Conversion, TimeSource), Problem> {
    let message_id = said.message_id.as_deref().ok_or(Problem::Missing(Field::MessageId))?;
    let delivered = match &said.delivered {
        Some(text) => text.parse()?,
        None => defaults.delivered.ok_or(Problem::Missing(Field::Delivered))?,
    };
    let channel = match &said.channel {
        Some(text) => text.parse()?,
        None => defaults.channel.ok_or(Problem::Missing(Field::Channel))?,
    };
    let (timestamp, time) = match &said.timestamp {
        Some(text) => (Timestamp::parse(text)?, TimeSource::Given),
        None => (defaults.now, TimeSource::Now),
    };
    if timestamp.before(Timestamp::MAX_AHEAD) > defaults.now {
        return Err(Problem::Future(timestamp));
    }
    let conversion = Conversion { channel, message_id: MessageId::parse(message_id)?, delivered, timestamp };
    Ok((conversion, time))
}
