//! How long ago something was, in one unit, as a person would say it.

use std::fmt;

/// A number of seconds, shown as `21s`, `9m`, `3h` or `2d`; negative ones are still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Age(pub i64);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_to(f)
    }
}

impl Age {
    /// Writes what `Display` shows.
    pub fn write_to(self, text: &mut impl fmt::Write) -> fmt::Result {
        let seconds = self.0.unsigned_abs();
        let (value, unit) = match seconds {
            0..120 => (seconds, "s"),
            120..7_200 => (seconds / 60, "m"),
            7_200..172_800 => (seconds / 3_600, "h"),
            _ => (seconds / 86_400, "d"),
        };
        text.write_str(itoa::Buffer::new().format(value))?;
        text.write_str(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::Age;

    #[test]
    fn ages_are_shown_in_one_unit() {
        let shown: Vec<_> = [0, 21, 119, 120, 540, 7_199, 7_200, 172_800, -5].map(|s| Age(s).to_string()).into();
        assert_eq!(shown, ["0s", "21s", "119s", "2m", "9m", "119m", "2h", "2d", "5s"]);
    }
}
