//! What an account's conversions come to: rates in the windows that the routing uses, how late reports were, outcomes.
//!
//! This room knows neither the database that the rows come from nor how the figures are shown. What they mean:
//!
//! - The **span** is the stretch of time that is reported, its beginning not included, its end included. What was accepted, refused
//!   or given up belongs to it by the time at which that was written down.
//! - A **conversion** is what was told of one message-id of one channel, and accepted. Of several values of one message-id (false, and
//!   true after all) the newest counts: by their own time, then by the order in which they were recorded.
//! - The **rate** is the converted ones' share of the conversions. Where there are none, there is no rate.
//! - A **window** ends at a mark: a moment of UTC that is a multiple of [`EVERY`]. It has the conversions whose own time lies in the
//!   [`WINDOW`] up to the mark, whenever they were accepted; what was accepted before the span began is in it, too. So a window has
//!   the same figures in every report that shows it, until something arrives late. Of several values of one message-id the newest *in the window*
//!   counts, because that is what the routing could know.
//! - A report's **lateness** is the time from the event to its acceptance. Every accepted value is one; clocks that make it negative are
//!   forgiven. Percentiles are exact: the smallest lateness that so many per cent do not exceed.

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
