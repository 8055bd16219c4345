//! Lengths of time as people type them: always with a unit.

use std::time::Duration;

use thiserror::Error;

/// Why a text is not a length of time.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DurationError {
    /// A bare number; the number.
    #[error("`{0}` has no unit (try `{0}s`)")]
    NoUnit(String),
    /// Neither a number nor a known unit.
    #[error("not a length of time (wanted for example `500ms`, `15s`, `2m`, `1h30m`, `5d`)")]
    Unreadable,
    /// More than fits.
    #[error("too long")]
    TooLong,
}

/// Parses `500ms`, `15s`, `2m`, `1h30m`, `5d`: one or more whole or decimal numbers, each with its unit.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let text = text.trim();
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let (number, tail) = rest.split_at(digits);
        let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at(letters);
        let number: f64 = number.parse().map_err(|_| DurationError::Unreadable)?;
        let seconds = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            "" if tail.is_empty() => return Err(DurationError::NoUnit(text.to_owned())),
            _ => return Err(DurationError::Unreadable),
        };
        let part = Duration::try_from_secs_f64(number * seconds).map_err(|_| DurationError::TooLong)?;
        total = total.checked_add(part).ok_or(DurationError::TooLong)?;
        rest = tail;
    }
    if text.is_empty() { Err(DurationError::Unreadable) } else { Ok(total) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{DurationError, parse_duration};

    #[test]
    fn durations_carry_units() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("15s"), Ok(Duration::from_secs(15)));
        assert_eq!(parse_duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse_duration("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(parse_duration("5d"), Ok(Duration::from_secs(432_000)));
    }

    #[test]
    fn a_bare_number_is_refused_and_the_likely_meaning_named() {
        assert_eq!(parse_duration("15"), Err(DurationError::NoUnit("15".into())));
        assert_eq!(parse_duration("1h30"), Err(DurationError::NoUnit("1h30".into())));
        for text in ["", "s", "-5s", "5 parsecs", "1e3s", "..s", "99999999999999999999999999999d"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[0-9a-z. ]{0,20}") {
            let _ = parse_duration(&text);
        }
    }
}
