//! What nobody public knows about the API, as switches.
//!
//! The defaults are our reading of the documents; a test that depends on one of them can turn it round.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::domain::named;

/// Every switch, with the default behaviour as its `Default`.
#[derive(Debug, Clone, Default)]
pub struct Unknowns {
    /// A conversion that is sent with `GET`.
    pub get: Get,
    /// The status for a missing or empty parameter.
    pub missing: Missing,
    /// The status for a parameter that cannot be read.
    pub malformed: Malformed,
    /// The same report again.
    pub repeated: Doubtful,
    /// The same message with the other `delivered`.
    pub contradicting: Doubtful,
    /// An event older than the 15 minutes that routing looks at.
    pub stale: Doubtful,
    /// A message-id that is not one of `known_ids`.
    pub unknown_id: Doubtful,
    /// The ids that `unknown_id` knows.
    pub known_ids: BTreeSet<String>,
    /// What a 200 carries.
    pub success: SuccessBody,
    /// What every other status carries.
    pub errors: ErrorBody,
    /// Which spellings of `delivered` are read.
    pub delivered: DeliveredSpelling,
    /// Whether a conversion needs a `timestamp`.
    pub timestamp: TimestampRule,
    /// What a signed request may have as its `timestamp`.
    pub signed_timestamp: SignedTimestampRule,
    /// HTTP Basic on a conversion.
    pub basic: Basic,
    /// What is looked at first once the credentials are right.
    pub order: CheckOrder,
}

/// Whether a doubtful report is taken: `accepted`, or the status with which it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Doubtful {
    /// 200, like any other.
    #[default]
    Accepted,
    /// Refused with this status.
    Refused(u16),
}

/// Why a text sets no switch.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SwitchError {
    /// No `=`.
    #[error("`{0}` is not NAME=VALUE")]
    Shape(String),
    /// No switch of this name.
    #[error("there is no switch `{name}`: none of {names}", names = Unknowns::NAMES.join(", "))]
    Name {
        /// The name.
        name: String,
    },
    /// A value that the switch does not have.
    #[error("switch `{name}`: `{value}` is {problem}")]
    Value {
        /// The switch.
        name: String,
        /// The value.
        value: String,
        /// What is wrong with it, naming the values that exist.
        problem: String,
    },
}

impl Unknowns {
    /// The names that [`Unknowns::set`] takes.
    pub const NAMES: &'static [&'static str] = &[
        "get",
        "missing",
        "malformed",
        "repeated",
        "contradicting",
        "stale",
        "unknown-id",
        "known-id",
        "success",
        "errors",
        "delivered",
        "timestamp",
        "signed-timestamp",
        "basic",
        "order",
    ];

    /// Sets one switch from `NAME=VALUE`. `known-id=ID` may be given several times.
    pub fn set(&mut self, text: &str) -> Result<(), SwitchError> {
        let (name, value) = text.split_once('=').ok_or_else(|| SwitchError::Shape(text.to_owned()))?;
        let done = match name {
            "get" => assign(&mut self.get, value),
            "missing" => assign(&mut self.missing, value),
            "malformed" => assign(&mut self.malformed, value),
            "repeated" => assign(&mut self.repeated, value),
            "contradicting" => assign(&mut self.contradicting, value),
            "stale" => assign(&mut self.stale, value),
            "unknown-id" => assign(&mut self.unknown_id, value),
            "known-id" => {
                self.known_ids.insert(value.to_owned());
                Ok(())
            }
            "success" => assign(&mut self.success, value),
            "errors" => assign(&mut self.errors, value),
            "delivered" => assign(&mut self.delivered, value),
            "timestamp" => assign(&mut self.timestamp, value),
            "signed-timestamp" => assign(&mut self.signed_timestamp, value),
            "basic" => assign(&mut self.basic, value),
            "order" => assign(&mut self.order, value),
            _ => {
                return Err(SwitchError::Name { name: name.to_owned() });
            }
        };
        done.map_err(|problem| SwitchError::Value { name: name.to_owned(), value: value.to_owned(), problem })
    }
}

fn assign<T: FromStr<Err = String>>(switch: &mut T, value: &str) -> Result<(), String> {
    *switch = value.parse()?;
    Ok(())
}

impl FromStr for Doubtful {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "accepted" {
            return Ok(Self::Accepted);
        }
        text.parse()
            .ok()
            .filter(|status| (400..=599).contains(status))
            .map(Self::Refused)
            .ok_or_else(|| "neither accepted nor a status of 400 to 599".to_owned())
    }
}

named! {
    /// The documents of 2017 say "POST or GET" and POST on the same page.
    #[derive(Default)]
    Get {
        /// Treated as a POST.
        #[default]
        AsPost = "as-post",
        /// 405 with `Allow: POST`.
        Refused = "refused",
    }
}

named! {
    /// 420, 422 and 423 all mean "invalid parameters", and no document says which is when.
    #[derive(Default)]
    Missing {
        /// 423.
        #[default]
        Status423 = "423",
        /// 422.
        Status422 = "422",
        /// 420.
        Status420 = "420",
    }
}

named! {
    /// As [`Missing`], for what is there and cannot be read.
    #[derive(Default)]
    Malformed {
        /// 420.
        #[default]
        Status420 = "420",
        /// 422.
        Status422 = "422",
        /// 423.
        Status423 = "423",
    }
}

impl Missing {
    pub(super) fn status(self) -> u16 {
        match self {
            Self::Status423 => 423,
            Self::Status422 => 422,
            Self::Status420 => 420,
        }
    }
}

impl Malformed {
    pub(super) fn status(self) -> u16 {
        match self {
            Self::Status420 => 420,
            Self::Status422 => 422,
            Self::Status423 => 423,
        }
    }
}

named! {
    /// `OK` was observed; some mocks answer with nothing.
    #[derive(Default)]
    SuccessBody {
        /// `OK` as plain text.
        #[default]
        Ok = "ok",
        /// No body.
        Empty = "empty",
    }
}

named! {
    /// Only a 402's body was ever seen.
    #[derive(Default)]
    ErrorBody {
        /// A page as Jetty makes it.
        #[default]
        Html = "html",
        /// No body.
        Empty = "empty",
    }
}

named! {
    /// The documents name `true`, `false`, 1 and 0; one library sends `True`.
    #[derive(Default)]
    DeliveredSpelling {
        /// Any case.
        #[default]
        AnyCase = "any-case",
        /// Lower case only.
        LowerCase = "lower-case",
    }
}

named! {
    /// Documented as optional and as required; required in practice.
    #[derive(Default)]
    TimestampRule {
        /// Missing without one.
        #[default]
        Required = "required",
        /// The time of receipt stands in.
        Optional = "optional",
    }
}

named! {
    /// The signature scheme and the conversion both have a `timestamp`, in different forms.
    #[derive(Default)]
    SignedTimestampRule {
        /// The date or Unix seconds.
        #[default]
        Either = "either",
        /// The conversion's date only.
        Date = "date",
        /// The scheme's Unix seconds only.
        Epoch = "epoch",
    }
}

named! {
    /// The vendor's libraries moved to Basic; no capture of a 200 with it exists.
    #[derive(Default)]
    Basic {
        /// As good as the parameters.
        #[default]
        Accepted = "accepted",
        /// 401.
        Refused = "refused",
    }
}

named! {
    /// Whether a probe without a message-id can find out if an account is enabled.
    #[derive(Default)]
    CheckOrder {
        /// 402 before 423 and 420.
        #[default]
        AccountFirst = "account-first",
        /// 423 and 420 before 402.
        ParametersFirst = "parameters-first",
    }
}

#[cfg(test)]
mod tests {
    use super::{Doubtful, Get, SwitchError, Unknowns};

    #[test]
    fn switches_are_set_by_name() {
        let mut unknowns = Unknowns::default();
        for text in ["get=refused", "stale=420", "known-id=a=b", "success=empty"] {
            unknowns.set(text).unwrap();
        }
        assert_eq!(unknowns.get, Get::Refused);
        assert_eq!(unknowns.stale, Doubtful::Refused(420));
        assert!(unknowns.known_ids.contains("a=b"));
    }

    #[test]
    fn every_name_in_the_list_is_a_switch() {
        for name in Unknowns::NAMES {
            let set = Unknowns::default().set(&format!("{name}=?"));
            assert!(!matches!(set, Err(SwitchError::Name { .. })), "{name}");
        }
    }

    #[test]
    fn a_wrong_switch_says_what_there_is() {
        let error = |text| Unknowns::default().set(text).unwrap_err().to_string();
        assert_eq!(error("get"), "`get` is not NAME=VALUE");
        assert_eq!(error("missing=404"), "switch `missing`: `404` is none of 423, 422, 420");
        assert_eq!(error("stale=200"), "switch `stale`: `200` is neither accepted nor a status of 400 to 599");
        assert!(error("colour=red").starts_with("there is no switch `colour`: none of get, missing"));
    }
}
