//! An account's statistics: rates in the windows that the routing uses, how late conversions were accepted, outcomes.
//!
//! This room knows neither the database that the rows come from nor how the figures are shown. The terms:
//!
//! - The **span** is the time range of the report, without its beginning and with its end. An acceptance, a refusal or a giving up
//!   belongs to it by the time at which it was settled.
//! - A **conversion** is what was accepted for one message-id of one channel. Of several values of one message-id (false, and
//!   true after all) the newest counts: by their own time, then by the order in which they were recorded.
//! - The **rate** is the share of conversions whose value is true. Without conversions there is no rate.
//! - A **window** ends at a mark: a moment of UTC that is a multiple of [`EVERY`]. It has the conversions whose own time lies in the
//!   [`WINDOW`] up to the mark, whenever they were accepted; what was accepted before the span began is in it, too. So a window has
//!   the same figures in every report that shows it, until something arrives late. Of several values of one message-id the newest *in the window*
//!   counts, because that is what the routing could know.
//! - A value's **lateness** is the time from the event to its acceptance. Every accepted value counts; where clocks make it negative, it
//!   is zero. Percentiles are exact: the smallest lateness that so many per cent do not exceed.

mod account;
mod course;
mod lateness;
mod rate;
mod span;
mod tally;
#[cfg(test)]
mod tests;

pub use account::{Ended, Figures, Outcomes, Reason};
pub use course::{Course, Traffic, Window};
pub use lateness::Lateness;
pub use rate::Rate;
pub use span::{EVERY, Span, WINDOW};
