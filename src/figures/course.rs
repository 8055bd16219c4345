//! How traffic went over a span: its rate and lateness, as a whole and window by window.

use crate::domain::{Channel, Timestamp};

use super::lateness::Lateness;
use super::rate::Rate;

/// Which conversions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Traffic {
    /// Of every channel.
    All,
    /// Of one.
    Channel(Channel),
}

impl Traffic {
    /// All of it, then by channel: the order in which it is shown.
    pub const EACH: [Self; 3] = [Self::All, Self::Channel(Channel::Sms), Self::Channel(Channel::Voice)];

    /// `all`, or the channel's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Channel(channel) => channel.as_str(),
        }
    }
}

/// How some traffic went.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// Which.
    pub traffic: Traffic,
    /// Over the span.
    pub rate: Rate,
    /// Over the span.
    pub lateness: Lateness,
    /// One for each mark in the span, the oldest first.
    pub windows: Vec<Window>,
}

/// What the routing sees at a mark.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// The mark.
    pub end: Timestamp,
    /// What converted of what happened in the window.
    pub rate: Rate,
    /// How late its conversions were accepted.
    pub lateness: Lateness,
}
