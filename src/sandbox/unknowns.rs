//! What no public source says about the API, as switches.
//!
//! The defaults are our reading of the documents; a test that depends on one of them can turn it round.

use std::collections::BTreeSet;
use std::str::FromStr;

use thiserror::Error;

use super::switches::{
    Basic, CheckOrder, DeliveredSpelling, ErrorBody, Get, Malformed, MislabelledForm, Missing, QuerySignature,
    SignedDuplicate, SignedParameters, SignedTimestampRule, SuccessBody, TimestampRule, UnsignedTimestampRule,
};
use crate::domain::none_of;

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
    #[error("there is no switch `{name}`: {names}", names = none_of(name, Unknowns::names()))]
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

/// Sets a switch to the value that a text names.
type Setter = fn(&mut Unknowns, &str) -> Result<(), String>;

/// The switches by their names.
const SWITCHES: [(&str, Setter); 20] = [
    ("get", |unknowns, value| assign(&mut unknowns.get, value)),
    ("missing", |unknowns, value| assign(&mut unknowns.missing, value)),
    ("malformed", |unknowns, value| assign(&mut unknowns.malformed, value)),
    ("repeated", |unknowns, value| assign(&mut unknowns.repeated, value)),
    ("contradicting", |unknowns, value| assign(&mut unknowns.contradicting, value)),
    ("stale", |unknowns, value| assign(&mut unknowns.stale, value)),
    ("unknown-id", |unknowns, value| assign(&mut unknowns.unknown_id, value)),
    ("known-id", |unknowns, value| {
        unknowns.known_ids.insert(value.to_owned());
        Ok(())
    }),
    ("success", |unknowns, value| assign(&mut unknowns.success, value)),
    ("errors", |unknowns, value| assign(&mut unknowns.errors, value)),
    ("delivered", |unknowns, value| assign(&mut unknowns.delivered, value)),
    ("timestamp", |unknowns, value| assign(&mut unknowns.timestamp, value)),
    ("signed-timestamp", |unknowns, value| assign(&mut unknowns.signed_timestamp, value)),
    ("unsigned-timestamp", |unknowns, value| assign(&mut unknowns.unsigned_timestamp, value)),
    ("signed-duplicate", |unknowns, value| assign(&mut unknowns.signed_duplicate, value)),
    ("signed-parameters", |unknowns, value| assign(&mut unknowns.signed_parameters, value)),
    ("query-signature", |unknowns, value| assign(&mut unknowns.query_signature, value)),
    ("mislabelled-form", |unknowns, value| assign(&mut unknowns.mislabelled_form, value)),
    ("basic", |unknowns, value| assign(&mut unknowns.basic, value)),
    ("order", |unknowns, value| assign(&mut unknowns.order, value)),
];

impl Unknowns {
    /// The names that [`Unknowns::set`] takes.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        SWITCHES.iter().map(|(name, _)| *name)
    }

    /// Sets one switch from `NAME=VALUE`. `known-id=ID` may be given several times.
    pub fn set(&mut self, text: &str) -> Result<(), SwitchError> {
        let (name, value) = text.split_once('=').ok_or_else(|| SwitchError::Shape(text.to_owned()))?;
        let switch = SWITCHES.iter().find(|(known, _)| *known == name);
        let (_, set) = switch.ok_or_else(|| SwitchError::Name { name: name.to_owned() })?;
        let (name, value) = (name.to_owned(), value.to_owned());
        set(self, &value).map_err(|problem| SwitchError::Value { name, value, problem })
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
    use super::{Doubtful, Unknowns};

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
    fn a_wrong_switch_says_what_there_is() {
        let error = |text| Unknowns::default().set(text).unwrap_err().to_string();
        assert_eq!(error("get"), "`get` is not NAME=VALUE");
        assert_eq!(error("missing=404"), "switch `missing`: `404` is none of 423, 422, 420");
        assert_eq!(error("stale=200"), "switch `stale`: `200` is neither accepted nor a status of 400 to 599");
        assert!(error("colour=red").starts_with("there is no switch `colour`: none of get, missing"));
    }
}
