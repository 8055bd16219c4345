//! The texts of a record's fields become a [`Record`], or the reason why they cannot.

use std::borrow::Cow;

use memchr::memchr;
use thiserror::Error;

use super::advice::shown;
use super::field::Field;
use crate::domain::{
    BadRecord, Channel, CodeEvent, Conversion, Delivered, ErrorCode, Happening, MessageId, MessageIdDoubt,
    MessageIdError, Record, Reference, TimeSource, Timestamp, TimestampError, UnknownChannel, UnknownDelivered,
    counted,
};

/// What a record says, as text; `None` where it is silent.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    pub message_id: Option<Cow<'a, str>>,
    pub delivered: Option<Cow<'a, str>>,
    pub timestamp: Option<Cow<'a, str>>,
    pub channel: Option<Cow<'a, str>>,
    pub happening: Option<Happening>,
    pub reference: Option<Reference>,
    /// It has what only a carrier's receipt has.
    pub is_receipt: bool,
}

/// What a line comes to.
#[derive(Debug)]
pub(super) enum Entry {
    Record(Record),
    Event(CodeEvent),
    /// A line of a log without an event, and its time if it says one.
    Unrelated(Option<Timestamp>),
    /// A line that `--where` does not want, and the time of a log's line.
    Unwanted(Option<Timestamp>),
}

/// What lines are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Conversions,
    Events,
}

/// What holds for records that do not say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Defaults {
    pub channel: Option<Channel>,
    pub delivered: Option<Delivered>,
    pub purpose: Purpose,
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
    #[error("neither NDJSON nor a CSV or TSV header nor a plain id")]
    NoFormat,
    #[error("not a plain id, which has none of {{ }} \" < > | & = ; , in it")]
    NotPlain,
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
    #[error("`{}` twice in one record", shown(.0))]
    NameTwice(String),
    #[error("{field} is {found}, not {wanted}")]
    WrongType { field: Field, found: &'static str, wanted: &'static str },
    #[error("{} where the header has {wanted}", counted(*.found as u64, "column"))]
    Ragged { found: usize, wanted: usize },
    #[error("column {0} opens a quote that is not closed")]
    UnclosedQuote(usize),
    #[error("column {0} goes on after its closing quote")]
    TextAfterQuote(usize),
    #[error("a carrier's delivery receipt, which does not say whether the user converted")]
    Receipt,
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

impl Problem {
    /// What is wrong with a text that is no JSON, without the place that serde names: a line has its own.
    pub(super) fn bad_json(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let what = match text.rsplit_once(" at line ") {
            Some((what, _)) => what,
            None => &text,
        };
        Self::BadJson { what: what.to_owned(), column: error.column() }
    }
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
            file: None,
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

/// Makes of what a line says, and of what holds where it is silent, what it comes to.
pub(super) fn assemble(said: Said<'_>, defaults: Defaults, line: u64) -> Result<Entry, Refusal> {
    let made = match (defaults.purpose, said.happening) {
        (Purpose::Conversions, _) => conversion(&said, defaults).map(|(conversion, time)| {
            let (doubts, reference) = (doubts(&said), said.reference.clone());
            Entry::Record(Record { line, reference, conversion, time, doubts })
        }),
        (Purpose::Events, Some(happening)) => event(&said, happening, defaults, line).map(Entry::Event),
        (Purpose::Events, None) => Ok(Entry::Unrelated(log_time(&said, defaults))),
    };
    made.map_err(|problem| Refusal { reference: said.reference, problem })
}

/// What a line comes to that is not wanted: the log that it stands in has come as far as any of its lines say.
pub(super) fn unwanted(said: &Said<'_>, defaults: Defaults) -> Entry {
    Entry::Unwanted(match defaults.purpose {
        Purpose::Events => log_time(said, defaults),
        Purpose::Conversions => None,
    })
}

fn doubts(said: &Said<'_>) -> Vec<MessageIdDoubt> {
    said.message_id.as_deref().map_or_else(Vec::new, |text| MessageId::doubts(text).collect())
}

fn conversion(said: &Said<'_>, defaults: Defaults) -> Result<(Conversion, TimeSource), Problem> {
    let message_id = said.message_id.as_deref().ok_or(Problem::Missing(Field::MessageId))?;
    let delivered = match &said.delivered {
        Some(text) => text.parse()?,
        None if said.is_receipt => return Err(Problem::Receipt),
        None => defaults.delivered.ok_or(Problem::Missing(Field::Delivered))?,
    };
    let channel = channel(said, defaults)?.ok_or(Problem::Missing(Field::Channel))?;
    let (timestamp, time) = timestamp(said, defaults)?;
    let conversion = Conversion { channel, message_id: MessageId::parse(message_id)?, delivered, timestamp };
    Ok((conversion, time))
}

/// A code that was sent has a channel; of one that was converted it may be known from when it was sent.
fn event(said: &Said<'_>, happening: Happening, defaults: Defaults, line: u64) -> Result<CodeEvent, Problem> {
    let message_id = said.message_id.as_deref().ok_or(Problem::Missing(Field::MessageId))?;
    let channel = channel(said, defaults)?;
    if happening == Happening::Sent && channel.is_none() {
        return Err(Problem::Missing(Field::Channel));
    }
    let (timestamp, time) = timestamp(said, defaults)?;
    let message_id = MessageId::parse(message_id)?;
    let (doubts, reference) = (doubts(said), said.reference.clone());
    let raw = Vec::new();
    Ok(CodeEvent { line, source: 0, reference, happening, message_id, channel, timestamp, time, doubts, raw })
}

fn channel(said: &Said<'_>, defaults: Defaults) -> Result<Option<Channel>, Problem> {
    match &said.channel {
        Some(text) => Ok(Some(text.parse()?)),
        None => Ok(defaults.channel),
    }
}

/// What does not read as a time says none: the line may be about anything.
fn log_time(said: &Said<'_>, defaults: Defaults) -> Option<Timestamp> {
    timestamp(said, defaults).ok().filter(|(_, time)| *time == TimeSource::Given).map(|(timestamp, _)| timestamp)
}

fn timestamp(said: &Said<'_>, defaults: Defaults) -> Result<(Timestamp, TimeSource), Problem> {
    let (timestamp, time) = match &said.timestamp {
        Some(text) => match Timestamp::parse(text) {
            Ok(timestamp) => (timestamp, TimeSource::Given),
            Err(_) if text.trim().eq_ignore_ascii_case("now") => (defaults.now, TimeSource::Now),
            Err(error) => return Err(error.into()),
        },
        None => (defaults.now, TimeSource::Now),
    };
    if timestamp.before(Timestamp::MAX_AHEAD) > defaults.now {
        return Err(Problem::Future(timestamp));
    }
    Ok((timestamp, time))
}
