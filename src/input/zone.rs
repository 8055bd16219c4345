//! Times that name no zone and lie ahead of the clock: most likely they are local, and the zone is east of UTC.

use std::time::Duration;

use super::assemble::Entry;
use crate::domain::Timestamp;

/// No clock is off by so much, and no zone by less.
const WORTH_TELLING: Duration = Duration::from_secs(30 * 60);

/// The zone that is furthest ahead of UTC.
const FURTHEST: Duration = Duration::from_secs(14 * 60 * 60);

/// The time that an entry says.
pub(super) fn time_of(entry: &Entry) -> Option<Timestamp> {
    match entry {
        Entry::Record(record) => Some(record.conversion.timestamp),
        Entry::Event(event) => Some(event.timestamp),
        Entry::Unrelated(time) | Entry::Unwanted(time) => *time,
    }
}

/// The offset that would make a time now, to the half hour (`+02:00`): where it lies well ahead of the clock, and stands in this
/// text without a zone.
#[must_use]
pub fn missing_offset(text: &[u8], time: Timestamp, now: Timestamp) -> Option<String> {
    let may_be_local = time.before(WORTH_TELLING) >= now && time.before(FURTHEST + WORTH_TELLING) < now;
    (may_be_local && is_missing(text, time)).then(|| offset(time, now))
}

/// Whether a time stands in a text without a zone. Without one it is taken for UTC, so its digits are the text's own.
fn is_missing(text: &[u8], time: Timestamp) -> bool {
    let text = String::from_utf8_lossy(text);
    let spaced = time.to_string();
    [spaced.clone(), spaced.replace(' ', "T")].iter().any(|digits| {
        text.match_indices(digits.as_str()).any(|(at, _)| {
            let rest =
                text[at + digits.len()..].trim_start_matches(|c: char| c == '.' || c == ',' || c.is_ascii_digit());
            let rest = rest.trim_start();
            !rest.starts_with(['Z', 'z', '+', '-']) && !rest.starts_with("UTC")
        })
    })
}

fn offset(time: Timestamp, now: Timestamp) -> String {
    const HALF_HOUR: i64 = 30 * 60;
    let half_hours = (now.age_at(time) + HALF_HOUR / 2) / HALF_HOUR;
    format!("+{:02}:{:02}", half_hours / 2, half_hours % 2 * 30)
}

#[cfg(test)]
mod tests {
    use super::{is_missing, offset};
    use crate::domain::Timestamp;

    #[test]
    fn a_zone_is_missing_where_the_digits_stand_alone() {
        let time = Timestamp::parse("2026-11-26 21:30:00").unwrap();
        for (record, missing) in [
            (r#"{"ts":"2026-11-26 21:30:00"}"#, true),
            (r#"{"ts":"2026-11-26T21:30:00.123"}"#, true),
            ("0A,2026-11-26 21:30:00,sms", true),
            (r#"{"ts":"2026-11-26T21:30:00Z"}"#, false),
            (r#"{"ts":"2026-11-26T21:30:00.123Z"}"#, false),
            (r#"{"ts":"2026-11-26 21:30:00 UTC"}"#, false),
            (r#"{"ts":"2026-11-26T21:30:00+00:00"}"#, false),
            (r#"{"ts":"2026-11-26T22:30:00+01:00"}"#, false),
            (r#"{"ts":1795728600}"#, false),
        ] {
            assert_eq!(is_missing(record.as_bytes(), time), missing, "{record}");
        }
    }

    #[test]
    fn the_offset_is_what_the_time_is_ahead_by() {
        let now = Timestamp::parse("2026-11-26 20:00:07").unwrap();
        for (time, expected) in [
            ("2026-11-26 21:00:00", "+01:00"),
            ("2026-11-27 01:30:00", "+05:30"),
            ("2026-11-26 20:30:07", "+00:30"),
        ] {
            assert_eq!(offset(Timestamp::parse(time).unwrap(), now), expected);
        }
    }
}
