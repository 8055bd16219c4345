//! How many conversions in how much time. Only the value: who waits is the pipeline's business.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

/// At most so many in each unit of time: `50/s`, `600/min`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestRate {
    count: NonZeroU32,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
}

/// Why a text is not a rate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RequestRateError {
    /// A bare number; the number.
    #[error("`{0}` has no unit (try `{0}/s`)")]
    NoUnit(u32),
    /// Nothing would ever be sent.
    #[error("a rate of zero sends nothing")]
    Zero,
    /// Anything else.
    #[error("not a rate (wanted for example `50/s`, `600/min`, `1000/h`)")]
    Unreadable,
}

impl RequestRate {
    /// The time from one to the next when they are spaced evenly.
    #[must_use]
    pub fn interval(self) -> Duration {
        self.unit.length() / self.count.get()
    }

    /// How many in one unit.
    #[must_use]
    pub fn count(self) -> NonZeroU32 {
        self.count
    }

    /// The unit.
    #[must_use]
    pub fn per(self) -> Duration {
        self.unit.length()
    }
}

impl Unit {
    fn length(self) -> Duration {
        Duration::from_secs(match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3600,
        })
    }
}

impl FromStr for RequestRate {
    type Err = RequestRateError;

    fn from_str(text: &str) -> Result<Self, RequestRateError> {
        let (count, unit) = match text.split_once('/') {
            Some((count, unit)) => (count.trim(), Some(unit.trim())),
            None => (text.trim(), None),
        };
        let count: u32 = count.parse().map_err(|_| RequestRateError::Unreadable)?;
        let unit = match unit {
            None => return Err(RequestRateError::NoUnit(count)),
            Some("s" | "sec" | "second") => Unit::Second,
            Some("m" | "min" | "minute") => Unit::Minute,
            Some("h" | "hour") => Unit::Hour,
            Some(_) => return Err(RequestRateError::Unreadable),
        };
        let count = NonZeroU32::new(count).ok_or(RequestRateError::Zero)?;
        Ok(Self { count, unit })
    }
}

impl fmt::Display for RequestRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Second => "s",
            Unit::Minute => "min",
            Unit::Hour => "h",
        };
        write!(f, "{}/{unit}", self.count)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{RequestRate, RequestRateError};

    #[test]
    fn rates_carry_a_unit() {
        let rate: RequestRate = "600/min".parse().unwrap();
        assert_eq!((rate.interval(), rate.to_string()), (Duration::from_millis(100), "600/min".into()));
        assert_eq!("50/s".parse::<RequestRate>().unwrap().interval(), Duration::from_millis(20));
        assert_eq!("50".parse::<RequestRate>(), Err(RequestRateError::NoUnit(50)));
        assert_eq!("0/s".parse::<RequestRate>(), Err(RequestRateError::Zero));
        for text in ["", "/s", "-1/s", "5/", "5/fortnight", "99999999999/s"] {
            assert_eq!(text.parse::<RequestRate>(), Err(RequestRateError::Unreadable), "{text}");
        }
    }
}
