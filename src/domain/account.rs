//! Whose conversions these are, and how that is proven.

use std::fmt;

use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{Secret, hex, named};

/// An account of the provider, complete: who, and the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Public half of the credentials; the provider asks for one key for 2FA traffic and another for the rest.
    pub api_key: ApiKey,
    /// How the request proves that it comes from the key's owner.
    pub auth: Auth,
}

/// The public name of an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ApiKey(Box<str>);

/// Why a text is not an api key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ApiKeyError {
    /// Nothing there.
    #[error("api_key is empty")]
    Empty,
    /// White space, a control character, or a colon (which HTTP Basic cannot carry).
    #[error("api_key has a character that no api key has ({0:?})")]
    Character(char),
}

impl ApiKey {
    /// Parses a key; white space around it is not part of it.
    pub fn parse(text: &str) -> Result<Self, ApiKeyError> {
        let key = text.trim();
        if key.is_empty() {
            return Err(ApiKeyError::Empty);
        }
        match key.chars().find(|c| !c.is_ascii_graphic() || *c == ':') {
            Some(c) => Err(ApiKeyError::Character(c)),
            None => Ok(Self(key.into())),
        }
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The fingerprint under which rows of this account are kept, where it is the provider's own API that has the account.
    #[must_use]
    pub fn fingerprint(&self) -> AccountFingerprint {
        AccountFingerprint::of(self.0.as_bytes())
    }

    /// The fingerprint of this key's account at another API, which knows nothing of the provider's.
    #[must_use]
    pub fn fingerprint_at(&self, address: &str) -> AccountFingerprint {
        // A key has no line feed in it, so no two pairs are the same text.
        AccountFingerprint::of(format!("{}\n{address}", self.0).as_bytes())
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The first 8 bytes of a SHA-256 of the key and, unless it is the provider's own, the API's address, in hex: enough to keep
/// accounts apart, and not the key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountFingerprint(String);

impl AccountFingerprint {
    fn of(bytes: &[u8]) -> Self {
        Self(hex(&Sha256::digest(bytes)[..8]))
    }

    /// The fingerprint as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a request proves who sends it, with what that takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// `api_key` and `api_secret` in the form body: the reference's own parameters, and nothing secret in a URL.
    Form(Secret),
    /// `Authorization: Basic`, what the vendor's current SDKs send.
    Basic(Secret),
    /// Every parameter in the query string, as the OpenAPI document has it.
    Query(Secret),
    /// `api_key` and `sig`; the secret never travels.
    Signature {
        /// Where all parameters go, `sig` among them.
        placement: Placement,
        /// The signature secret, which is not the api secret.
        secret: Secret,
        /// The algorithm that the account's dashboard names.
        method: SignatureMethod,
        /// What stands in the one parameter that both schemes call `timestamp`.
        timestamp: SignedTimestamp,
    },
}

/// Where a request's parameters go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// The form body.
    Form,
    /// The query string, with an empty body.
    Query,
}

impl Auth {
    /// Which of the ways this is.
    #[must_use]
    pub fn mode(&self) -> AuthMode {
        match self {
            Self::Form(_) => AuthMode::Form,
            Self::Basic(_) => AuthMode::Basic,
            Self::Query(_) => AuthMode::Query,
            Self::Signature { placement: Placement::Form, .. } => AuthMode::Signature,
            Self::Signature { placement: Placement::Query, .. } => AuthMode::SignatureQuery,
        }
    }
}

named! {
    /// The ways to authenticate, as settings name them.
    AuthMode {
        /// Key and secret in the form body.
        Form = "form",
        /// HTTP Basic.
        Basic = "basic",
        /// Key and secret in the query string.
        Query = "query",
        /// Key and signature in the form body.
        Signature = "signature",
        /// Key and signature in the query string.
        SignatureQuery = "signature-query",
    }
}

impl AuthMode {
    /// The key of the secret that it needs.
    #[must_use]
    pub fn secret_key(self) -> &'static str {
        match self {
            Self::Form | Self::Basic | Self::Query => "api_secret",
            Self::Signature | Self::SignatureQuery => "signature_secret",
        }
    }
}

named! {
    /// The signature algorithms of the vendor's dashboard.
    SignatureMethod {
        /// MD5 over the parameters followed by the secret; the default.
        Md5Hash = "md5hash",
        /// HMAC-MD5.
        Md5 = "md5",
        /// HMAC-SHA-1.
        Sha1 = "sha1",
        /// HMAC-SHA-256.
        Sha256 = "sha256",
        /// HMAC-SHA-512.
        Sha512 = "sha512",
    }
}

named! {
    /// The signature scheme and the conversion both have a parameter `timestamp`, in different forms, and no document
    /// says which wins. We send one, and sign what we send.
    SignedTimestamp {
        /// The conversion's `yyyy-MM-dd HH:mm:ss`, as Node, Python and PHP libraries sent it; the default.
        Date = "date",
        /// The same moment as Unix seconds, the signature scheme's own form.
        Epoch = "epoch",
    }
}

#[cfg(test)]
mod tests {
    use super::{ApiKey, ApiKeyError, AuthMode, SignatureMethod};

    #[test]
    fn names_are_read_as_they_are_written() {
        for mode in AuthMode::ALL {
            assert_eq!(mode.as_str().parse(), Ok(*mode));
        }
        assert_eq!("MD5HASH".parse(), Ok(SignatureMethod::Md5Hash));
        assert_eq!(
            "digest".parse::<AuthMode>(),
            Err("none of form, basic, query, signature, signature-query".into())
        );
    }

    #[test]
    fn keys_that_basic_cannot_carry_are_refused() {
        assert_eq!(ApiKey::parse("ab:cd"), Err(ApiKeyError::Character(':')));
        assert_eq!(ApiKey::parse(" \n"), Err(ApiKeyError::Empty));
        assert_eq!(ApiKey::parse("abcd1234\n").unwrap().as_str(), "abcd1234");
    }

    #[test]
    fn fingerprints_tell_accounts_apart_and_not_the_key() {
        let (a, b) = (ApiKey::parse("abcd1234").unwrap(), ApiKey::parse("efgh5678").unwrap());
        assert_ne!(a.fingerprint(), b.fingerprint());
        // printf abcd1234 | sha256sum | cut -c1-16
        assert_eq!(a.fingerprint().as_str(), "e9cee71ab932fde8");
        assert_ne!(a.fingerprint_at("http://127.0.0.1:8080"), a.fingerprint());
        assert_ne!(a.fingerprint_at("http://127.0.0.1:8080"), a.fingerprint_at("http://127.0.0.1:8081"));
    }
}
