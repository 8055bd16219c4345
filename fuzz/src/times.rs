//! Times: what is printed reads back, and an independent calendar agrees.

use std::time::Duration;

use nexmo_conversion::config::RequestRate;
use nexmo_conversion::domain::{Timestamp, TimestampError, parse_duration};

/// Any text, read as a moment, as a length of time and as a rate.
pub fn times(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    moment(text);
    length(text);
    rate(text);
}

fn moment(text: &str) {
    let read = Timestamp::parse(text);
    assert_eq!(read, Timestamp::parse(&format!(" {text}\t")), "{text:?}");
    if has_the_form(text) {
        assert_eq!(read.clone().ok().map(Timestamp::unix), by_the_calendar(text), "{text:?}");
    }
    match read {
        Ok(moment) => {
            assert!((0..=LAST).contains(&moment.unix()), "{text:?} is {moment}");
            assert_eq!(Timestamp::from_unix(moment.unix()), Ok(moment));
            let (plain, rfc3339) = (moment.to_string(), moment.to_rfc3339());
            assert_eq!(by_the_calendar(&plain), Some(moment.unix()), "{plain}");
            assert_eq!(Timestamp::parse(&plain), Ok(moment));
            assert_eq!(Timestamp::parse(&rfc3339), Ok(moment));
            assert_eq!(rfc3339, format!("{}Z", plain.replace(' ', "T")));
            // Nine to eleven digits: fewer are no time, and thirteen are milliseconds.
            if (100_000_000..100_000_000_000).contains(&moment.unix()) {
                assert_eq!(Timestamp::parse(&moment.unix().to_string()), Ok(moment));
            }
            assert_eq!(Timestamp::parse(&format!("{plain} UTC")), Ok(moment));
            assert_eq!(Timestamp::parse(&format!("{plain}.999+00:00")), Ok(moment));
            assert_eq!(moment.before(Duration::MAX).unix(), 0);
        }
        // An impossible date is distinguished from what is no date at all.
        Err(error) => assert!(error == TimestampError::Impossible || !has_the_form(text.trim()), "{text:?}"),
    }
}

/// 9999-12-31 23:59:59.
const LAST: i64 = 253_402_300_799;

/// Seconds for `yyyy-MM-dd HH:mm:ss`, if there is such a time. Counts the days year by year and month by month, without any
/// regard for speed.
fn by_the_calendar(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().unwrap();
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let (hour, minute, second) = (number(11, 13), number(14, 16), number(17, 19));
    let possible = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !possible {
        return None;
    }
    let years: i64 = (1970..year).map(|year| (1..=12).map(|month| days_in(year, month)).sum::<i64>()).sum();
    let months: i64 = (1..month).map(|month| days_in(year, month)).sum();
    // A leap second is the second before it.
    let seconds = hour * 3600 + minute * 60 + second.min(59);
    Some((years + months + day - 1) * 86_400 + seconds)
}

fn has_the_form(text: &str) -> bool {
    let form = b"0000-00-00 00:00:00";
    text.len() == form.len()
        && form.iter().zip(text.bytes()).all(|(f, b)| if *f == b'0' { b.is_ascii_digit() } else { *f == b })
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

fn length(text: &str) {
    let read = parse_duration(text);
    let text = text.trim();
    assert_eq!(read, parse_duration(text), "{text:?}");
    let Ok(length) = read else { return };
    assert!(text.bytes().any(|byte| byte.is_ascii_alphabetic()), "{text:?} has no unit");
    assert_eq!(parse_duration(&format!("{text}0s")), Ok(length));
    assert_eq!(parse_duration(&format!("0d{text}")), Ok(length));
    if let Some(longer) = length.checked_add(Duration::from_secs(90)) {
        let read = parse_duration(&format!("{text}1m30s")).unwrap();
        assert!(read.abs_diff(longer) < Duration::from_nanos(10), "{text:?}: {read:?}");
    }
    // Beyond 2^53 a floating-point number has no place for every one.
    if length.as_secs() < 1 << 53 {
        assert_eq!(parse_duration(&format!("{}s", length.as_secs())), Ok(Duration::from_secs(length.as_secs())));
    }
}

fn rate(text: &str) {
    let Ok(rate) = text.parse::<RequestRate>() else { return };
    assert_eq!(rate.to_string().parse::<RequestRate>(), Ok(rate));
    assert!(rate.interval() * rate.count().get() <= rate.per(), "{text:?}");
    assert!(
        rate.per().saturating_sub(rate.interval() * rate.count().get()).as_nanos() < rate.count().get().into()
    );
}
