//! An account's figures as text with charts, JSON, CSV and a page. What the figures mean stands at [`crate::figures`].

mod chart;
mod csv;
mod json;
mod page;
mod scale;
#[cfg(test)]
mod tests;
mod text;

use crate::figures::{Course, Figures, Traffic};

pub use chart::Glyphs;
pub use csv::report_csv;
pub use json::report_json;
pub use page::report_page;
pub use text::report_text;

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
    fn courses_with_data(&self) -> Vec<&Course> {
        let has_data = |course: &&Course| {
            course.lateness.reports > 0 || course.windows.iter().any(|window| window.lateness.reports > 0)
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
fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// To four digits, as programs get it.
fn four_digits(share: f64) -> f64 {
    (share * 10_000.0).round() / 10_000.0
}
