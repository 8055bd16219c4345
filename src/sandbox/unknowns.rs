//! What nobody public knows about the API, as switches.
//!
//! The defaults are our reading of the documents; a test that depends on one of them can turn it round.

use std::collections::BTreeSet;
use std::str::FromStr;

use thiserror::Error;

use super::switches::{
    Basic, CheckOrder, DeliveredSpelling, ErrorBody, Get, Malformed, MislabelledForm, Missing, QuerySignature,
    SignedDuplicate, SignedParameters, SignedTimestampRule, SuccessBody, TimestampRule, UnsignedTimestampRule,
};

/// Every switch, with the default behaviour as its `Default`.
#[derive(Debug, Clone, Default)]
pub struct Unknowns {
    /// A conversion that is sent with `GET`.
    pub get: Get,
    /// The status for a missing or empty parameter.
    pub missing: Missing,
    /// The status for a parameter that cannot be read.
    pub malformed: Malformed,
    /// The same conversion again.
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
    /// What an unsigned request may have as its `timestamp`.
    pub unsigned_timestamp: UnsignedTimestampRule,
    /// Which of two parameters of one name a signature is over.
    pub signed_duplicate: SignedDuplicate,
    /// Which parameters a signature is over.
    pub signed_parameters: SignedParameters,
    /// A `sig` in the query.
    pub query_signature: QuerySignature,
    /// A form that is labelled as JSON.
    pub mislabelled_form: MislabelledForm,
    /// HTTP Basic on a conversion.
    pub basic: Basic,
    /// What is looked at first once the credentials are right.
    pub order: CheckOrder,
}

/// Whether a doubtful conversion is taken: `accepted`, or the status with which it is refused.
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
        "unsigned-timestamp",
        "signed-duplicate",
        "signed-parameters",
        "query-signature",
        "mislabelled-form",
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
            "unsigned-timestamp" => assign(&mut self.unsigned_timestamp, value),
            "signed-duplicate" => assign(&mut self.signed_duplicate, value),
            "signed-parameters" => assign(&mut self.signed_parameters, value),
            "query-signature" => assign(&mut self.query_signature, value),
            "mislabelled-form" => assign(&mut self.mislabelled_form, value),
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

#[cfg(test)]
mod tests {
    use super::super::switches::Get;
    use super::{Doubtful, SwitchError, Unknowns};

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
