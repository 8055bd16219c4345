//! The `sig` parameter: a digest over all other parameters and a secret.
//!
//! Source: the vendor's signing guide and seven of its libraries, whose test values are in
//! `src/wire/testdata/signatures.json`. Signing of *conversions* has never been documented or captured.

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::names;
use crate::domain::{Secret, SignatureMethod, hex};

/// The signature over `parameters` in lower-case hex. `sig` itself and parameters without a value do not take part.
#[must_use]
pub fn signature<'a>(
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    secret: &Secret,
    method: SignatureMethod,
) -> String {
    let text = canonical(parameters);
    let secret = secret.expose().as_bytes();
    match method {
        SignatureMethod::Md5Hash => hex(&Md5::new().chain_update(&text).chain_update(secret).finalize()),
        SignatureMethod::Md5 => keyed::<Hmac<Md5>>(secret, &text),
        SignatureMethod::Sha1 => keyed::<Hmac<Sha1>>(secret, &text),
        SignatureMethod::Sha256 => keyed::<Hmac<Sha256>>(secret, &text),
        SignatureMethod::Sha512 => keyed::<Hmac<Sha512>>(secret, &text),
    }
}

/// Whether `sig` signs `parameters`; the case of the hex digits differs between the vendor's libraries and is ignored.
#[must_use]
pub fn signature_matches<'a>(
    sig: &str,
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    secret: &Secret,
    method: SignatureMethod,
) -> bool {
    signature(parameters, secret, method).eq_ignore_ascii_case(sig)
}

/// `&key=value` for each parameter in byte order of the keys, `&` and `=` in values replaced by `_`, nothing encoded.
fn canonical<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut parameters: Vec<_> =
        parameters.into_iter().filter(|(key, value)| *key != names::SIG && !value.trim().is_empty()).collect();
    parameters.sort_by_key(|(key, _)| *key);
    let mut text = String::new();
    for (key, value) in parameters {
        text.push('&');
        text.push_str(key);
        text.push('=');
        text.extend(value.chars().map(|c| if matches!(c, '&' | '=') { '_' } else { c }));
    }
    text
}

fn keyed<M: Mac + KeyInit>(secret: &[u8], text: &str) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mac = <M as KeyInit>::new_from_slice(secret).expect("HMAC takes a key of any length");
    hex(&mac.chain_update(text).finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::{canonical, signature, signature_matches};
    use crate::domain::Secret;

    #[derive(Deserialize)]
    struct Vector {
        source: String,
        params: BTreeMap<String, String>,
        secret: String,
        algorithm: String,
        canonical: String,
        expected: String,
    }

    #[test]
    fn the_libraries_own_test_values_are_reproduced() {
        let vectors: Vec<Vector> = serde_json::from_str(include_str!("testdata/signatures.json")).unwrap();
        assert!(vectors.len() >= 20, "the vectors are there");
        for vector in vectors {
            let parameters = || vector.params.iter().map(|(key, value)| (key.as_str(), value.as_str()));
            let (secret, method) = (Secret::new(vector.secret.clone()), vector.algorithm.parse().unwrap());
            assert_eq!(canonical(parameters()), vector.canonical, "{}", vector.source);
            let ours = signature(parameters(), &secret, method);
            assert_eq!(ours, vector.expected.to_lowercase(), "{} {method}", vector.source);
            assert!(signature_matches(&vector.expected, parameters(), &secret, method));
            assert!(!signature_matches(&vector.expected, [("a", "changed")], &secret, method));
        }
    }
}
