//! `Retry-After`: no server silences us for longer than the limit, and every date that HTTP has means what it says.
//!
//! Four characters in front move the clock.

use std::time::Duration;

use nexmo_conversion::domain::Timestamp;
use nexmo_conversion::wire::parse_retry_after;

use crate::choice;

const LONGEST: Duration = Duration::from_secs(300);

/// See the module.
pub fn retry_after(mut data: &[u8]) {
    let clock = (0..4).fold(0, |clock, _| clock * 16 + i64::from(choice(&mut data)));
    let now = Timestamp::from_unix(784_111_777 + clock * 31_627).unwrap(); // the example in RFC 9110, and up to 2060
    let later = Timestamp::from_unix(now.unix() + clock).unwrap();

    for offset in [-400, -1, 0, 1, 30, 300, 301, clock] {
        let at = Timestamp::from_unix(now.unix() + offset).unwrap();
        let expected = Duration::from_secs(u64::try_from(offset).unwrap_or(0)).min(LONGEST);
        for date in http_dates(at) {
            assert_eq!(parse_retry_after(&date, now), Some(expected), "{date}");
        }
        assert_eq!(
            parse_retry_after(&offset.unsigned_abs().to_string(), now).unwrap().as_secs(),
            offset.unsigned_abs().min(300)
        );
    }

    let Ok(value) = str::from_utf8(data) else { return };
    let wait = parse_retry_after(value, now);
    assert!(wait.is_none_or(|wait| wait <= LONGEST), "{value:?}: {wait:?}");
    assert_eq!(wait, parse_retry_after(&format!("\t{value} "), now), "{value:?}");
    let wait_later = parse_retry_after(value, later);
    assert_eq!(wait.is_some(), wait_later.is_some(), "{value:?}: the clock decides what is a date");
    assert!(wait_later <= wait, "{value:?}: the wait grows with time");
    let digits = value.trim();
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let few = digits.trim_start_matches('0');
        let seconds = if few.len() > 3 { 300 } else { few.parse().unwrap_or(0).min(300) };
        assert_eq!(wait, Some(Duration::from_secs(seconds)), "{value:?}");
    } else if wait.is_some() {
        assert!(value.contains(':') && value.bytes().any(|byte| byte.is_ascii_digit()), "{value:?} is no date");
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, and the two forms that are obsolete and still to be understood (RFC 9110 §5.6.7), put
/// together from the API's form.
fn http_dates(at: Timestamp) -> [String; 3] {
    const DAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = at.to_string();
    let weekday = DAYS[usize::try_from(at.unix() / 86_400 % 7).unwrap()];
    let month = MONTHS[text[5..7].parse::<usize>().unwrap() - 1];
    let (short, day, year, time) = (&weekday[..3], &text[8..10], &text[..4], &text[11..]);
    [
        format!("{short}, {day} {month} {year} {time} GMT"),
        format!("{weekday}, {day}-{month}-{} {time} GMT", &year[2..]),
        format!("{short} {month} {:>2} {time} {year}", day.trim_start_matches('0')),
    ]
}
