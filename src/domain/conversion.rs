//! The fact that is sent: did the recipient of this message or call complete the step?

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use super::{MessageId, Timestamp, names};

/// How long the key of a settled conversion is remembered. An older conversion cannot be distinguished from a new one.
pub const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// One conversion, complete: everything that is sent to the API about it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Conversion {
    /// How the code was sent.
    pub channel: Channel,
    /// Which message, call or event it was.
    pub message_id: MessageId,
    /// Whether the user completed the step.
    pub delivered: Delivered,
    /// When the user completed it (or when it was decided that they did not), UTC, whole seconds.
    pub timestamp: Timestamp,
}

names! {
    /// The channel on which the code went out, as the API's own path and our result lines spell it; the API has one address for each.
    #[derive(PartialOrd, Ord)]
    Channel {
        /// The SMS API.
        Sms = "sms",
        /// Text-To-Speech and TTS Prompt.
        Voice = "voice",
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no channel.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("channel is neither sms nor voice")]
pub struct UnknownChannel;

impl FromStr for Channel {
    type Err = UnknownChannel;

    fn from_str(text: &str) -> Result<Self, UnknownChannel> {
        let text = text.trim();
        let is_its_name = |channel: &&Self| channel.as_str().eq_ignore_ascii_case(text);
        Self::ALL.iter().find(is_its_name).copied().ok_or(UnknownChannel)
    }
}

names! {
    /// Whether the user completed the step. Not the carrier's delivery receipt, whatever the parameter's name says.
    #[derive(PartialOrd, Ord)]
    Delivered {
        /// The user completed the step.
        True = "true",
        /// The user did not.
        False = "false",
    }
}

impl Delivered {
    /// As the boolean that JSON has.
    #[must_use]
    pub fn as_bool(self) -> bool {
        self == Self::True
    }
}

impl From<bool> for Delivered {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

impl fmt::Display for Delivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that is none of `true`, `false`, `1`, `0`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("delivered is none of true, false, 1, 0")]
pub struct UnknownDelivered;

impl FromStr for Delivered {
    type Err = UnknownDelivered;

    /// Takes `true`, `false` (any case), `1` and `0`: what the API's documents name.
    fn from_str(text: &str) -> Result<Self, UnknownDelivered> {
        let text = text.trim();
        if text == "1" || text.eq_ignore_ascii_case("true") {
            Ok(Self::True)
        } else if text == "0" || text.eq_ignore_ascii_case("false") {
            Ok(Self::False)
        } else {
            Err(UnknownDelivered)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Channel, Delivered};

    #[test]
    fn delivered_takes_the_four_documented_spellings_in_any_case() {
        for text in ["true", "True", "TRUE", "1"] {
            assert_eq!(text.parse(), Ok(Delivered::True));
        }
        for text in ["false", "False", "0"] {
            assert_eq!(text.parse(), Ok(Delivered::False));
        }
        for text in ["", "yes", "delivered", "2", "01", "null"] {
            assert!(text.parse::<Delivered>().is_err(), "{text}");
        }
    }

    #[test]
    fn channels_are_spelled_as_in_the_apis_path() {
        assert_eq!("SMS".parse(), Ok(Channel::Sms));
        assert_eq!("voice".parse(), Ok(Channel::Voice));
        assert!("whatsapp".parse::<Channel>().is_err());
    }
}
