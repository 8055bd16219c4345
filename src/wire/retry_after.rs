//! `Retry-After`: how long a server asks to be left alone.

use std::time::Duration;

use super::http_date::parse_http_date;
use crate::domain::Timestamp;

/// No server may silence us for longer than this with one answer.
const LONGEST: Duration = Duration::from_secs(300);

/// Parses seconds or an HTTP date (RFC 9110 §10.2.3) into a wait from `now`, at most 300 s. A value that is neither
/// asks for nothing.
#[must_use]
pub fn parse_retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(value.parse().map_or(LONGEST, Duration::from_secs).min(LONGEST));
    }
    let wait = u64::try_from(parse_http_date(value)?.unix().saturating_sub(now.unix())).unwrap_or(0);
    Some(Duration::from_secs(wait).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{LONGEST, parse_retry_after};
    use crate::domain::Timestamp;

    #[test]
    fn seconds_and_dates_are_understood_and_clamped() {
        let now = Timestamp::parse("1994-11-06 08:49:07").unwrap();
        let seconds = |value| parse_retry_after(value, now).map(|wait| wait.as_secs());
        assert_eq!(seconds("0"), Some(0));
        assert_eq!(seconds(" 120 "), Some(120));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(30));
        assert_eq!(seconds("Sunday, 06-Nov-94 08:49:37 GMT"), Some(30));
        assert_eq!(seconds("Sun Nov  6 08:49:37 1994"), Some(30));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:48:37 GMT"), Some(0), "in the past: no wait");
        assert_eq!(parse_retry_after("99999999999999999999", now), Some(Duration::from_secs(300)));
        assert_eq!(seconds("Fri, 31 Dec 9999 23:59:59 GMT"), Some(300));
    }

    #[test]
    fn nonsense_asks_for_nothing() {
        let now = Timestamp::from_unix(0).unwrap();
        for value in [
            "",
            "soon",
            "-5",
            "+5",
            "1.5",
            "1e3",
            "0x10",
            "NaN",
            "inf",
            "5, 6",
            "5s",
            "٣",
            "Sun, 06 Nov",
            "Sun, 06 Nov 12345678901234567890 08:49:37 GMT",
            "Fri, 31 Dec 9999 23:59:59 +999999999",
            "Wed, 99 Foo 2026 99:99:99 GMT",
            "\u{7f}",
        ] {
            assert_eq!(parse_retry_after(value, now), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_asked_for_the_wait_is_bounded(
            value in prop_oneof![
                any::<String>(),
                "[0-9+-]{1,40}",
                "(Mon|Sun|)(, )?[0-9]{1,3} (Jan|Feb|Dec) [0-9]{1,9} [0-9:]{5,9} (GMT|[+-][0-9]{1,6}|)",
            ],
            now in 0..253_402_300_799_i64,
        ) {
            let wait = parse_retry_after(&value, Timestamp::from_unix(now).unwrap());
            prop_assert!(wait.is_none_or(|wait| wait <= LONGEST), "{wait:?}");
        }
    }
}
