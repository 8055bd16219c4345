//! What a report says of time, moved to a fixed day: the marks that the routing decides at, and the moment of the report.

use nexmo_conversion::domain::Timestamp;

/// Seconds from mark to mark.
pub(super) const STEP: i64 = 300;
/// 2026-11-22 10:25:00 UTC.
const MARK: i64 = 1_795_343_100;
/// How long after that mark the report was made.
const AFTER: i64 = 281;

/// From the newest mark to the fixed one.
pub(super) struct Moments {
    minutes: Vec<(String, String)>,
    /// Time of day of the span's begin and end, as far as minutes; and what they become.
    ends: [(String, String); 2],
    days: Vec<String>,
}

impl Moments {
    /// Of a report over `span` seconds that was made at `now`, within the five minutes after `mark`.
    pub(super) fn new(mark: i64, now: i64, span: i64) -> Self {
        let minutes = (0..=span / 60).map(|n| (clock(mark - n * 60), clock(MARK - n * 60))).collect();
        let end = |before: i64| (clock(now - before), seconds(MARK + AFTER - before));
        let days = (0..=span / STEP).map(|n| day(mark - n * STEP)).collect();
        Self { minutes, ends: [end(span), end(0)], days }
    }

    pub(super) fn fixed(&self, text: &str) -> String {
        let (mut fixed, mut rest) = (String::new(), text);
        while let Some(c) = rest.chars().next() {
            let starts = !fixed.ends_with(|c: char| c.is_ascii_digit());
            if let Some((length, moment)) = starts.then(|| self.moment(rest)).flatten() {
                fixed += &moment;
                rest = &rest[length..];
            } else {
                fixed.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
        fixed
    }

    /// The moment that stands at the beginning of a text: its length, and what becomes of it.
    fn moment(&self, text: &str) -> Option<(usize, String)> {
        if has_shape(text, "0000-00-00") && self.days.iter().any(|day| text.starts_with(day)) {
            return Some((10, day(MARK)));
        }
        if has_shape(text, "00:00:00") {
            let (_, end) = self.ends.iter().find(|(minute, _)| text.starts_with(minute))?;
            return Some((8, end.clone()));
        }
        if has_shape(text, "00:00") {
            let (_, minute) = self.minutes.iter().find(|(minute, _)| text.starts_with(minute))?;
            return Some((5, minute.clone()));
        }
        let is_day = has_shape(text, "00-00") && self.days.iter().any(|day| text.starts_with(&day[5..]));
        is_day.then(|| (5, day(MARK)[5..].to_owned()))
    }
}

fn has_shape(text: &str, shape: &str) -> bool {
    let fits = |(b, s): (u8, u8)| if s == b'0' { b.is_ascii_digit() } else { b == s };
    text.len() >= shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}

/// `2026-11-22 10:25:00`.
fn written(unix: i64) -> String {
    Timestamp::parse(&unix.to_string()).map(|moment| moment.to_string()).unwrap_or_default()
}

fn day(unix: i64) -> String {
    written(unix).chars().take(10).collect()
}

fn clock(unix: i64) -> String {
    written(unix).chars().skip(11).take(5).collect()
}

fn seconds(unix: i64) -> String {
    written(unix).chars().skip(11).collect()
}

#[cfg(test)]
mod tests {
    use super::{MARK, Moments, STEP, written};

    #[test]
    fn a_report_across_midnight_is_one_of_the_fixed_day() {
        assert_eq!(written(MARK), "2026-11-22 10:25:00");
        // 2026-12-01 00:05:00, and 17 s later.
        let mark = MARK - 10 * 3600 - 20 * 60 + 9 * 86_400;
        let moments = Moments::new(mark, mark + 17, 7200);
        let text = "2026-11-30 22:05:17Z to 2026-12-01 00:05:17Z, at 00:05Z, 11-30 23:55, <li>22:10<small>11-30</small> of 1100:05";
        let fixed = "2026-11-22 08:29:41Z to 2026-11-22 10:29:41Z, at 10:25Z, 11-22 10:15, <li>08:30<small>11-22</small> of 1100:05";
        assert_eq!(moments.fixed(text), fixed);
        assert_eq!(mark % STEP, 0);
    }
}
