//! An account's figures as text with charts, JSON, CSV, a page, and metrics. What the figures mean stands at [`crate::figures`].

mod account;
mod chart;
mod csv;
mod json;
mod page;
mod prometheus;
mod scale;
#[cfg(test)]
mod tests;
mod text;

pub use account::AccountReport;
pub use chart::Glyphs;
pub use csv::report_csv;
pub use json::report_json;
pub use page::report_page;
pub use prometheus::report_prometheus;
pub use text::report_text;
