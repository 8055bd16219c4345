//! Whose conversions these are: a credential is one unit from one source, the first that has any of it.
//!
//! Key and secret never come from different sources, because half of one account and half of another is refused by
//! the API with a 401 that cannot be explained.

use crate::domain::{
    Account, ApiKey, Auth, AuthMode, Placement, Secret, SignatureMethod, SignedTimestamp, nearest,
};

use super::error::{ConfigError, file_or_none};
use super::model::{Credential, FileConfig, KnownKey, Overrides, Profile, PromisedSecret, ResolvedAccount};
use super::origin::{Origin, Setting, variable_name};
use super::private_file::Warning;
use super::secret_source::SecretSource;
use super::surroundings::Surroundings;
use super::variables::{FAMILIES, Family, named_variable};
use super::vendor;

/// The source that has the credential; vendor files are not opened for this.
#[derive(Debug)]
pub(super) enum Chosen<'a> {
    Profile { name: &'a str, profile: &'a Profile },
    Variables(&'static Family),
    Nothing,
}

pub(super) fn resolve(
    overrides: &Overrides,
    surroundings: &Surroundings,
    file: &FileConfig,
) -> Result<ResolvedAccount, ConfigError> {
    let mode = named_variable(surroundings, &variable_name("auth"))?;
    match choose(overrides, surroundings, file)? {
        Chosen::Profile { name, profile } => {
            let place = FoundIn::Profile(&profile.origin);
            let account = profile.credential.complete(mode, &place, Vec::new())?;
            Ok(ResolvedAccount { profile: Some(name.to_owned()), ..account })
        }
        Chosen::Variables(family) => {
            let credential = family.credential(surroundings)?;
            credential.complete(mode, &FoundIn::Variables(family), Vec::new())
        }
        Chosen::Nothing => match vendor::find(surroundings)? {
            Some(found) => found.credential.complete(mode, &FoundIn::Vendor(&found), found.warnings.clone()),
            None => Err(match &file.path {
                Some(path) if file.profiles.len() > 1 => ConfigError::SeveralProfiles {
                    path: path.clone(),
                    names: file.profiles.keys().cloned().collect(),
                },
                Some(_) | None => ConfigError::NoCredentials { looked: looked(surroundings, file) },
            }),
        },
    }
}

/// The key of the credential that [`resolve`] would find; `None` where there is none at all.
pub(super) fn resolve_key(
    overrides: &Overrides,
    surroundings: &Surroundings,
    file: &FileConfig,
) -> Result<Option<KnownKey>, ConfigError> {
    let (api_key, profile) = match choose(overrides, surroundings, file)? {
        Chosen::Profile { name, profile } => {
            (profile.credential.key(&FoundIn::Profile(&profile.origin))?, Some(name.to_owned()))
        }
        Chosen::Variables(family) => (family.credential(surroundings)?.key(&FoundIn::Variables(family))?, None),
        Chosen::Nothing => match vendor::find(surroundings)? {
            Some(found) => (found.credential.key(&FoundIn::Vendor(&found))?, None),
            None => return Ok(None),
        },
    };
    Ok(Some(KnownKey { api_key, profile }))
}

/// Which source has the credential. Also decides whose network settings hold, hence apart from [`resolve`].
pub(super) fn choose<'a>(
    overrides: &Overrides,
    surroundings: &Surroundings,
    file: &'a FileConfig,
) -> Result<Chosen<'a>, ConfigError> {
    let profile_variable = variable_name("profile");
    if let Some(name) = &overrides.profile {
        return stored_profile(file, name, "--profile".to_owned());
    }
    if let Some(name) = surroundings.variable(&profile_variable) {
        return stored_profile(file, name, profile_variable);
    }
    if let Some(family) = FAMILIES.iter().find(|family| family.is_used(surroundings)) {
        return Ok(Chosen::Variables(family));
    }
    if let Some(name) = &file.default_profile {
        return stored_profile(file, name, "default_profile".to_owned());
    }
    let mut profiles = file.profiles.iter();
    Ok(match (profiles.next(), profiles.next()) {
        (Some((name, profile)), None) => Chosen::Profile { name, profile },
        (Some(_), Some(_)) | (None, _) => Chosen::Nothing,
    })
}

fn stored_profile<'a>(file: &'a FileConfig, asked: &str, asked_by: String) -> Result<Chosen<'a>, ConfigError> {
    if let Some((name, profile)) = file.profiles.get_key_value(asked) {
        return Ok(Chosen::Profile { name, profile });
    }
    Err(ConfigError::UnknownProfile {
        asked_by,
        name: asked.to_owned(),
        file: file.path.clone(),
        known: file.profiles.keys().cloned().collect(),
        nearest: nearest(asked, file.profiles.keys().map(|known| (known, known.clone()))),
    })
}

impl PromisedSecret {
    /// Fetches the secret: reads the file, runs the program.
    fn fetch(&self, warnings: &mut Vec<Warning>) -> Result<Secret, ConfigError> {
        self.source
            .fetch(warnings)
            .map_err(|source| ConfigError::Secret { place: self.origin.of(self.key), source })
    }
}

impl Credential {
    pub(super) fn holds_secret(&self) -> bool {
        [&self.api_secret, &self.signature_secret]
            .into_iter()
            .flatten()
            .any(|secret| matches!(secret.source, SecretSource::Value(_)))
    }

    fn key(&self, place: &FoundIn<'_>) -> Result<ApiKey, ConfigError> {
        let api_key = self.api_key.as_ref().ok_or_else(|| place.misses(Part::ApiKey, self))?;
        Ok(api_key.value.clone())
    }

    /// Fetches the one secret that the mode needs.
    fn complete(
        &self,
        mode: Option<Setting<AuthMode>>,
        place: &FoundIn<'_>,
        mut warnings: Vec<Warning>,
    ) -> Result<ResolvedAccount, ConfigError> {
        let mode = mode.or_else(|| self.auth.clone()).unwrap_or_else(|| self.likely_mode());
        let (promised, wanted) = match mode.value {
            AuthMode::Form | AuthMode::Basic | AuthMode::Query => (&self.api_secret, Part::ApiSecret),
            AuthMode::Signature | AuthMode::SignatureQuery => (&self.signature_secret, Part::SignatureSecret),
        };
        let api_key = self.api_key.as_ref().ok_or_else(|| place.misses(Part::ApiKey, self))?;
        let promised = promised.as_ref().ok_or_else(|| place.misses(wanted, self))?;
        let secret = promised.fetch(&mut warnings)?;
        let auth = match mode.value {
            AuthMode::Form => Auth::Form(secret),
            AuthMode::Basic => Auth::Basic(secret),
            AuthMode::Query => Auth::Query(secret),
            AuthMode::Signature => self.signed(Placement::Form, secret),
            AuthMode::SignatureQuery => self.signed(Placement::Query, secret),
        };
        Ok(ResolvedAccount {
            account: Account { api_key: api_key.value.clone(), auth },
            profile: None,
            api_key: api_key.origin.clone(),
            secret: promised.origin.clone(),
            auth: mode.origin,
            warnings,
        })
    }

    fn signed(&self, placement: Placement, secret: Secret) -> Auth {
        Auth::Signature {
            placement,
            secret,
            method: self.signature_method.unwrap_or(SignatureMethod::Md5Hash),
            timestamp: self.signature_timestamp.unwrap_or(SignedTimestamp::Date),
        }
    }

    /// The reference's own way, unless all there is is a signature secret.
    fn likely_mode(&self) -> Setting<AuthMode> {
        match (&self.api_secret, &self.signature_secret) {
            (None, Some(secret)) => Setting { value: AuthMode::Signature, origin: secret.origin.clone() },
            (Some(_), _) | (None, None) => Setting { value: AuthMode::Form, origin: Origin::Default },
        }
    }
}

/// Where a credential was found, for saying what it lacks.
enum FoundIn<'a> {
    Variables(&'a Family),
    Profile(&'a Origin),
    Vendor(&'a vendor::VendorFile),
}

#[derive(Debug, Clone, Copy)]
enum Part {
    ApiKey,
    ApiSecret,
    SignatureSecret,
}

impl FoundIn<'_> {
    fn misses(&self, part: Part, credential: &Credential) -> ConfigError {
        let (missing, place) = match self {
            Self::Variables(family) => {
                let [secret, secret_file] = family.api_secret;
                let [signature, signature_file] = family.signature_secret;
                let missing = match part {
                    Part::ApiKey => family.api_key.to_owned(),
                    Part::ApiSecret => format!("{secret} (or {secret_file})"),
                    Part::SignatureSecret => format!("{signature} (or {signature_file})"),
                };
                let secrets = [&credential.api_secret, &credential.signature_secret];
                let secret = secrets.into_iter().flatten().next().map(|secret| secret.key);
                let present = match part {
                    Part::ApiKey => secret.unwrap_or(family.api_key),
                    Part::ApiSecret | Part::SignatureSecret => family.api_key,
                };
                (missing, format!("beside {present}"))
            }
            Self::Profile(origin) => {
                let missing = match part {
                    Part::ApiKey => "api_key",
                    Part::ApiSecret => "api_secret (or api_secret_file, or api_secret_command)",
                    Part::SignatureSecret => {
                        "signature_secret (or signature_secret_file, or signature_secret_command)"
                    }
                };
                (missing.to_owned(), format!("in {origin}"))
            }
            Self::Vendor(found) => {
                let missing = match part {
                    Part::ApiKey => found.kind.key_name(),
                    Part::ApiSecret => found.kind.secret_name(),
                    Part::SignatureSecret => "a signature secret",
                };
                (missing.to_owned(), format!("in {}", found.path.display()))
            }
        };
        ConfigError::Incomplete { missing, place }
    }
}

/// Every place that a credential could have been in, in the order of asking.
fn looked(surroundings: &Surroundings, file: &FileConfig) -> Vec<String> {
    let mut looked = vec!["--profile".to_owned(), variable_name("profile")];
    for family in &FAMILIES {
        looked.push(format!("{} and {}", family.api_key, family.api_secret.join("/")));
    }
    match &file.path {
        Some(path) => {
            let path = path.display();
            looked.push(format!("default_profile in {path}"));
            // With one there would have been a choice, with several another complaint.
            looked.push(format!("the profiles in {path} (none)"));
        }
        None => looked.push(file_or_none(None)),
    }
    looked.extend(vendor::places(surroundings).map(|(path, _)| path.display().to_string()));
    looked
}
