//! What is shown: an account's figures, and shares as people and programs read them.

use crate::figures::{Course, Figures, Traffic};

/// Whose figures, and which.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountReport {
    /// The account's fingerprint.
    pub account: String,
    /// The profile that named it, if one did.
    pub profile: Option<String>,
    /// The figures.
    pub figures: Figures,
}

impl AccountReport {
    /// All traffic, and the channels that have any; where there is only one, it is all there is to show.
    pub(super) fn courses_with_data(&self) -> Vec<&Course> {
        let has_data = |course: &&Course| {
            course.lateness.values > 0 || course.windows.iter().any(|window| window.lateness.values > 0)
        };
        let channels: Vec<_> =
            self.figures.courses.iter().filter(|course| course.traffic != Traffic::All).filter(has_data).collect();
        if let [only] = channels[..] {
            return vec![only];
        }
        self.figures.courses.iter().filter(has_data).collect()
    }
}

/// A share as so many per cent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// To four digits, as programs get it.
pub(super) fn four_digits(share: f64) -> f64 {
    (share * 10_000.0).round() / 10_000.0
}
