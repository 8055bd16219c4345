//! How many converted, of how many.

/// How many converted, of how many.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Those whose newest value is true.
    pub converted: u64,
    /// All.
    pub conversions: u64,
}

impl Rate {
    /// From 0 to 1, where there is anything to be shared.
    #[must_use]
    pub fn share(self) -> Option<f64> {
        share(self.converted, self.conversions)
    }

    pub(super) fn count(&mut self, converted: bool) {
        self.converted += u64::from(converted);
        self.conversions += 1;
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self { converted: self.converted + other.converted, conversions: self.conversions + other.conversions }
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2⁵²")]
pub(super) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
