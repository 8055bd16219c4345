//! Values that only the command line has; all others are parsed by the types of the rooms below.

use std::time::Duration;

use crate::clock;
use crate::domain::{Channel, Delivered, Timestamp, parse_duration};
use crate::input;

pub(super) const BOOLS: &[&str] = &["true", "false"];
pub(super) const CHANNELS: &[&str] = &["sms", "voice"];
pub(super) const FORMATS: &[&str] = &["auto", "ndjson", "csv", "tsv", "ids"];

pub(super) fn parse_bool(text: &str) -> Result<Delivered, String> {
    text.parse().map_err(|_| "none of true, false, 1, 0".to_owned())
}

pub(super) fn parse_channel(text: &str) -> Result<Channel, String> {
    text.parse().map_err(|_| "none of sms, voice".to_owned())
}

pub(super) fn parse_format(text: &str) -> Result<input::Format, String> {
    text.parse()
}

pub(super) fn parse_delivered(text: &str) -> Result<Delivered, String> {
    text.parse().map_err(|_| {
        if text.is_empty() {
            return "none of true, false, 1, 0".to_owned();
        }
        format!(
            "none of true, false, 1, 0; if it is an id, write `{text} --delivered` or `--delivered=true {text}`"
        )
    })
}

pub(super) fn parse_age(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

/// Where a report's span begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// So long ago.
    Age(Duration),
    /// At this moment.
    Moment(Timestamp),
}

impl Since {
    /// How far back it reaches. Settled rows are kept for 30 days; copies may go back further, but not so far that the marks
    /// do not fit.
    pub(crate) fn length_at(self, now: Timestamp) -> Result<Duration, String> {
        let length = match self {
            Self::Age(age) => age,
            Self::Moment(moment) => match u64::try_from(moment.age_at(now)) {
                Ok(age) if age > 0 => Duration::from_secs(age),
                Ok(_) | Err(_) => return Err(format!("{moment}Z is not in the past")),
            },
        };
        match length {
            length if length < Duration::from_secs(1) => Err("must be a second or longer".to_owned()),
            length if length > Duration::from_secs(366 * 86_400) => {
                Err("must not go back further than 366d".to_owned())
            }
            length => Ok(length),
        }
    }
}

/// An age, a day (from its beginning, UTC) or a time.
pub(super) fn parse_since(text: &str) -> Result<Since, String> {
    if let Ok(age) = parse_duration(text) {
        return Since::Age(age).length_at(clock::now()).map(Since::Age);
    }
    Timestamp::parse(text)
        .or_else(|_| Timestamp::parse(&format!("{text} 00:00:00")))
        .map(Since::Moment)
        .map_err(|_| "none of an age (24h, 7d), a day (2026-11-20), a time (2026-11-20 08:00:00)".to_owned())
}

/// Whole seconds: logs and the API know nothing finer.
pub(super) fn parse_window(text: &str) -> Result<Duration, String> {
    match parse_time_limit(text)? {
        window if window < Duration::from_secs(1) => Err("must not be shorter than 1s".to_owned()),
        window => Ok(Duration::from_secs(window.as_secs())),
    }
}

pub(super) fn parse_time_limit(text: &str) -> Result<Duration, String> {
    match parse_duration(text) {
        Ok(Duration::ZERO) => Err("must be longer than nothing".to_owned()),
        Ok(limit) if limit > Duration::from_secs(86_400) => Err("must not be longer than 1d".to_owned()),
        Ok(limit) => Ok(limit),
        Err(error) => Err(error.to_string()),
    }
}
