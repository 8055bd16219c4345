//! Credentials in variables, under either of the company's two names. The variables are handed in.

use std::str::FromStr;

use crate::domain::{ApiKey, Secret};

use super::error::ConfigError;
use super::model::{Credential, PromisedSecret};
use super::origin::{Origin, Setting};
use super::secret_source::SecretSource;
use super::surroundings::Surroundings;
use super::value::{Folders, Raw, ValueError};

/// The variables of one of the company's two names.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) api_key: &'static str,
    pub(super) api_secret: [&'static str; 2],
    pub(super) signature_secret: [&'static str; 2],
    pub(super) signature_method: &'static str,
    pub(super) signature_timestamp: &'static str,
}

pub(super) static FAMILIES: [Family; 2] = [
    Family {
        api_key: "VONAGE_API_KEY",
        api_secret: ["VONAGE_API_SECRET", "VONAGE_API_SECRET_FILE"],
        signature_secret: ["VONAGE_SIGNATURE_SECRET", "VONAGE_SIGNATURE_SECRET_FILE"],
        signature_method: "VONAGE_SIGNATURE_METHOD",
        signature_timestamp: "VONAGE_SIGNATURE_TIMESTAMP",
    },
    Family {
        api_key: "NEXMO_API_KEY",
        api_secret: ["NEXMO_API_SECRET", "NEXMO_API_SECRET_FILE"],
        signature_secret: ["NEXMO_SIGNATURE_SECRET", "NEXMO_SIGNATURE_SECRET_FILE"],
        signature_method: "NEXMO_SIGNATURE_METHOD",
        signature_timestamp: "NEXMO_SIGNATURE_TIMESTAMP",
    },
];

impl Family {
    /// Any of it claims the whole: what is missing then is an error, not a reason to look elsewhere.
    pub(super) fn is_used(&self, surroundings: &Surroundings) -> bool {
        let names = [self.api_key].into_iter().chain(self.api_secret).chain(self.signature_secret);
        names.into_iter().any(|name| surroundings.variable(name).is_some())
    }

    pub(super) fn credential(&self, surroundings: &Surroundings) -> Result<Credential, ConfigError> {
        let origin = Origin::Variable(self.api_key.to_owned());
        let api_key = surroundings.variable(self.api_key).map(ApiKey::parse).transpose();
        let api_key = api_key.map_err(|why| ConfigError::value(&origin, why.into()))?;
        Ok(Credential {
            api_key: api_key.map(|value| Setting { value, origin }),
            api_secret: secret_variable(surroundings, self.api_secret)?,
            signature_secret: secret_variable(surroundings, self.signature_secret)?,
            auth: None,
            signature_method: named_variable(surroundings, self.signature_method)?.map(|set| set.value),
            signature_timestamp: named_variable(surroundings, self.signature_timestamp)?.map(|set| set.value),
        })
    }
}

fn secret_variable(
    surroundings: &Surroundings,
    [value, file]: [&'static str; 2],
) -> Result<Option<PromisedSecret>, ConfigError> {
    let promised = |key: &'static str, source| {
        Ok(Some(PromisedSecret { source, key, origin: Origin::Variable(key.to_owned()) }))
    };
    match (surroundings.variable(value), surroundings.variable(file)) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(ConfigError::BothSet { first: value.to_owned(), second: file.to_owned() }),
        (Some(secret), None) => promised(value, SecretSource::Value(Secret::new(secret.into()))),
        (None, Some(path)) => {
            let folders = Folders { base: &surroundings.working_dir, home: None };
            let path = Raw::Untyped(path.to_owned()).path(folders);
            let path = path.map_err(|why| ConfigError::value(&Origin::Variable(file.into()), why))?;
            promised(file, SecretSource::FileOrStream(path))
        }
    }
}

/// A variable that names one out of a set.
pub(super) fn named_variable<T: FromStr<Err = String>>(
    surroundings: &Surroundings,
    variable: &str,
) -> Result<Option<Setting<T>>, ConfigError> {
    let origin = Origin::Variable(variable.to_owned());
    match surroundings.variable(variable).map(str::parse) {
        None => Ok(None),
        Some(Ok(value)) => Ok(Some(Setting { value, origin })),
        Some(Err(names)) => Err(ConfigError::value(&origin, ValueError::Name(names))),
    }
}
