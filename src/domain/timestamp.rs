//! When a conversion happened: whole seconds, UTC.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use thiserror::Error;

/// A moment in UTC, to the second: the precision of the API's `yyyy-MM-dd HH:mm:ss`. Years 1970 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// Why a text is not a moment.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TimestampError {
    /// None of the forms that are understood.
    #[error(
        "timestamp is not a time (wanted `2026-11-22 01:25:26` in UTC, RFC 3339, or Unix seconds or milliseconds)"
    )]
    Unreadable,
    /// A date or time of day that does not exist, or a year before 1970 or after 9999.
    #[error("timestamp is not a possible date and time")]
    Impossible,
}

/// 9999-12-31 23:59:59, the last moment with a year of four digits.
const LAST: i64 = 253_402_300_799;

impl Timestamp {
    /// A conversion whose event is older than this no longer reaches the provider's current routing analysis
    /// (the API's guide: every 5 minutes, from the data points of the previous 15 minutes).
    pub const ROUTING_WINDOW: Duration = Duration::from_secs(15 * 60);

    /// An event further ahead of the clock than this is a mistake, not a clock that is a little off.
    pub const MAX_AHEAD: Duration = Duration::from_secs(24 * 60 * 60);

    /// A moment from Unix seconds.
    pub const fn from_unix(seconds: i64) -> Result<Self, TimestampError> {
        if 0 <= seconds && seconds <= LAST { Ok(Self(seconds)) } else { Err(TimestampError::Impossible) }
    }

    /// The nearest moment that there is a value for.
    pub(crate) const fn nearest(seconds: i64) -> Self {
        match seconds {
            ..0 => Self(0),
            0..=LAST => Self(seconds),
            _ => Self(LAST),
        }
    }

    /// Seconds since 1970-01-01 00:00:00 UTC.
    #[must_use]
    pub fn unix(self) -> i64 {
        self.0
    }

    /// Parses `2026-11-22 01:25:26` (no zone: UTC; `T` or a space), RFC 3339 and other numeric offsets (converted), Unix
    /// seconds (up to 11 digits) and milliseconds (13 digits). Fractions, after a point or a comma, are cut.
    ///
    /// Every part needs all its digits: `4:28:2` is more likely torn than two seconds past.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        let text = text.trim();
        if !has_the_shape_of_a_time(text) {
            let is_number = text.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
            return if is_number { Self::parse_unix(text) } else { Err(TimestampError::Unreadable) };
        }
        if let Some(seconds) = parse_plain(text) {
            return Self::from_unix(seconds);
        }
        let text = without_fraction(text).ok_or(TimestampError::Unreadable)?;
        let seconds = parse_utc(&text).or_else(|| parse_with_offset(&text));
        seconds.map_or(Err(TimestampError::Impossible), Self::from_unix)
    }

    fn parse_unix(text: &str) -> Result<Self, TimestampError> {
        let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let (digits, fraction) = match text.split_once(['.', ',']) {
            Some((digits, fraction)) => (digits, Some(fraction)),
            None => (text, None),
        };
        if !all_digits(digits) || !fraction.is_none_or(all_digits) {
            return Err(TimestampError::Unreadable);
        }
        let number: i64 = digits.parse().map_err(|_| TimestampError::Unreadable)?;
        match digits.len() {
            9..=11 => Self::from_unix(number),
            13 => Self::from_unix(number / 1000),
            _ => Err(TimestampError::Unreadable),
        }
    }

    /// This moment, moved back by `age`; 1970 at the earliest.
    #[must_use]
    pub fn before(self, age: Duration) -> Self {
        Self(self.0.saturating_sub_unsigned(age.as_secs()).max(0))
    }

    /// This moment, moved on by `wait`; the end of 9999 at the latest.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add_unsigned(wait.as_secs()).min(LAST))
    }

    /// Seconds from this moment to `now`; negative when this moment is still to come.
    #[must_use]
    pub fn age_at(self, now: Self) -> i64 {
        now.0 - self.0
    }

    /// `2026-11-22T01:25:26Z`, for fields that other programs read.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        let mut digits = self.digits();
        digits[10] = b'T';
        format!("{}Z", str::from_utf8(&digits).unwrap_or_default())
    }

    /// Writes what `Display` shows.
    pub fn write_to(self, text: &mut impl fmt::Write) -> fmt::Result {
        text.write_str(str::from_utf8(&self.digits()).unwrap_or_default())
    }

    /// `yyyy-MM-dd HH:mm:ss`, digit by digit: it is written several times for each record.
    fn digits(self) -> [u8; 19] {
        let (days, seconds) = (self.0.unsigned_abs() / DAY, self.0.unsigned_abs() % DAY);
        let (year, month, day) = civil(days);
        let mut text = *b"0000-00-00 00:00:00";
        let numbers = [year / 100, year % 100, month, day, seconds / 3600, seconds / 60 % 60, seconds % 60];
        for (place, number) in [0, 2, 5, 8, 11, 14, 17].into_iter().zip(numbers) {
            for (place, digit) in [(place, number / 10), (place + 1, number % 10)] {
                text[place] += u8::try_from(digit).unwrap_or_default();
            }
        }
        text
    }
}

/// Seconds.
const DAY: u64 = 24 * 60 * 60;

/// Year, month and day of so many days after 1970-01-01. Counted from 0000-03-01, a year ends with its leap day, and the months
/// before that follow one rule: 153 days in every five.
fn civil(days: u64) -> (u64, u64, u64) {
    const FROM_YEAR_0_TO_1970: u64 = 719_468;
    const FOUR_CENTURIES: u64 = 146_097;
    let days = days + FROM_YEAR_0_TO_1970;
    let (era, day) = (days / FOUR_CENTURIES, days % FOUR_CENTURIES);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, day)
}

/// The form that nearly every record has, digit by digit: what takes longest in reading a record otherwise. The text has the shape
/// of a time.
fn parse_plain(text: &str) -> Option<i64> {
    let text: &[u8; 19] = text.as_bytes().try_into().ok()?;
    let two = |at: usize| 10 * u32::from(text[at] & 0xF) + u32::from(text[at + 1] & 0xF);
    let year = i32::try_from(100 * two(0) + two(2)).ok()?;
    let date = NaiveDate::from_ymd_opt(year, two(5), two(8))?;
    let time = date.and_hms_opt(two(11), two(14), two(17))?;
    Some(time.and_utc().timestamp())
}

/// Cuts the fraction of a second, which loggers write after a point or a comma. `None` if its digits are missing.
fn without_fraction(text: &str) -> Option<Cow<'_, str>> {
    const SECONDS_END: usize = 19;
    let (time, rest) = text.split_at_checked(SECONDS_END)?;
    let Some(fraction) = rest.strip_prefix(['.', ',']) else { return Some(text.into()) };
    let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    (zone.len() < fraction.len()).then(|| format!("{time}{zone}").into())
}

/// The form without a zone, which is UTC by the API's definition.
fn parse_utc(text: &str) -> Option<i64> {
    let format = match text.as_bytes().get(10)? {
        b' ' => "%Y-%m-%d %H:%M:%S",
        b'T' | b't' => "%Y-%m-%dT%H:%M:%S",
        _ => return None,
    };
    NaiveDateTime::parse_from_str(text, format).ok().map(|time| time.and_utc().timestamp())
}

fn parse_with_offset(text: &str) -> Option<i64> {
    if !text.ends_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let text = text.strip_suffix("UTC").map_or(text.to_owned(), |rest| format!("{}Z", rest.trim_end()));
    DateTime::parse_from_rfc3339(&text)
        .or_else(|_| DateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%#z"))
        .or_else(|_| DateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%#z"))
        .or_else(|_| DateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S %#z"))
        .ok()
        .map(|time| time.timestamp())
}

/// Distinguishes "2026-02-30 00:00:00" (a mistake in the value) from "yesterday" (a mistake in the format).
fn has_the_shape_of_a_time(text: &str) -> bool {
    let shape = b"0000-00-00 00:00:00";
    let bytes = text.as_bytes();
    bytes.len() >= shape.len()
        && shape.iter().zip(bytes).all(|(want, byte)| match want {
            b'0' => byte.is_ascii_digit(),
            b' ' => matches!(byte, b' ' | b'T' | b't'),
            other => byte == other,
        })
}

impl fmt::Display for Timestamp {
    /// The API's own form, `yyyy-MM-dd HH:mm:ss`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_to(f)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{LAST, Timestamp, TimestampError, parse_plain, parse_utc};

    const MOMENT: i64 = 1_795_310_726; // 2026-11-22 01:25:26 UTC, from date(1)

    #[test]
    fn every_documented_form_is_the_same_moment() {
        for text in [
            "2026-11-22 01:25:26",
            "2026-11-22T01:25:26",
            "2026-11-22T01:25:26Z",
            "2026-11-22 01:25:26Z",
            "2026-11-22 01:25:26 UTC",
            "2026-11-22T01:25:26.999Z",
            "2026-11-22 01:25:26.5",
            "2026-11-22T03:25:26+02:00",
            "2026-11-22 03:25:26+0200",
            "2026-11-22 03:25:26 +0200",
            "2026-11-22 03:25:26+02",
            "2026-11-21T20:25:26-05:00",
            "1795310726",
            "1795310726999",
            " 1795310726 ",
            "1795310726.25",
            "1795310726999.5",
            "2026-11-22 01:25:26,123",
            "2026-11-22T03:25:26,123456+02:00",
            "2026-11-22 03:25:26.1 +0200",
        ] {
            assert_eq!(Timestamp::parse(text).map(Timestamp::unix), Ok(MOMENT), "{text}");
        }
    }

    #[test]
    fn it_is_written_as_the_api_wants_it() {
        assert_eq!(Timestamp::from_unix(MOMENT).unwrap().to_string(), "2026-11-22 01:25:26");
        assert_eq!(Timestamp::from_unix(LAST).unwrap().to_string(), "9999-12-31 23:59:59");
    }

    #[test]
    fn impossible_times_and_unreadable_texts_are_distinguished() {
        for text in ["2026-02-30 00:00:00", "2026-11-22 25:00:00", "1969-12-31 23:59:59", "2026-13-01T00:00:00Z"] {
            assert_eq!(Timestamp::parse(text), Err(TimestampError::Impossible), "{text}");
        }
        for text in
            ["", "yesterday", "20s", "2026-11-22", "22/11/2026 01:25:26", "12", "-5", "+12026-01-01 00:00:00"]
        {
            assert_eq!(Timestamp::parse(text), Err(TimestampError::Unreadable), "{text}");
        }
    }

    #[test]
    fn a_time_that_was_cut_off_or_lacks_digits_is_refused() {
        for text in [
            "2026-11-26 4:28:2",
            "2026-11-26 04:28:2",
            "2026-11-26 04:28:",
            "2026-11-26 04:28",
            "2026-11-26 4:28:22",
            "2026-11-26T04:28Z",
            "2026-1-26 04:28:22",
            "2026-11-26 04:28:22.",
            "2026-11-26 04:28:22,",
            "2026-11-26T04:28:22+",
            "2026-11-26T04:28:22+0",
            "2026-11-26T04:28:22+02:",
            "2026-11-26T04:28:22+02:0",
            "2026-11-26T04:28:22.5+020",
            "2026-11-26 04:28:22 UT",
            "1795310726.",
            ".5",
            "17953107.25",
            "1795310726.25e3",
        ] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ages_count_back_from_now_and_stop_at_1970() {
        let now = Timestamp::from_unix(MOMENT).unwrap();
        assert_eq!(now.before(Duration::from_secs(20)).age_at(now), 20);
        assert_eq!(now.before(Duration::MAX).unix(), 0);
        assert_eq!(now.after(Duration::from_secs(60)).before(Duration::from_secs(60)), now);
        assert_eq!(now.after(Duration::MAX).unix(), LAST);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(seconds in 0..=LAST) {
            let timestamp = Timestamp::from_unix(seconds).unwrap();
            prop_assert_eq!(Timestamp::parse(&timestamp.to_string()), Ok(timestamp));
        }

        #[test]
        fn it_is_written_as_a_calendar_would(seconds in 0..=LAST) {
            let calendar = chrono::DateTime::from_timestamp(seconds, 0).unwrap();
            let written = Timestamp::from_unix(seconds).unwrap().to_string();
            prop_assert_eq!(written, calendar.format("%Y-%m-%d %H:%M:%S").to_string());
        }

        #[test]
        fn the_short_way_never_disagrees_with_the_long_way(text in "(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9][ T][0-2][0-9]:[0-6][0-9]:[0-6][0-9]") {
            if let Some(seconds) = parse_plain(&text) {
                prop_assert_eq!(parse_utc(&text), Some(seconds));
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = Timestamp::parse(&text);
        }
    }
}
