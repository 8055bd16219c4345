//! How a sandbox is configured.

use std::io::Write;
use std::iter;
use std::time::Duration;

use super::script::Script;
use super::unknowns::Unknowns;
use crate::domain::{ApiKey, ApiKeyError, Secret, SignatureMethod, named};

/// Everything about a sandbox. The default: any port, TLS with a certificate that is right, one throw-away account,
/// the documented behaviour, no faults, every request kept in memory.
pub struct SandboxOptions {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// TLS or not.
    pub encryption: Encryption,
    /// Whose conversions are taken.
    pub accounts: Vec<SandboxAccount>,
    /// What no document says.
    pub unknowns: Unknowns,
    /// Answers other than the documented ones.
    pub script: Script,
    /// How long every answer takes.
    pub latency: Duration,
    /// Seconds by which the sandbox's clock is ahead (in `Date` and in judging what is stale); negative: behind.
    pub clock_skew: i64,
    /// How long a connection may be idle, and a request may take to arrive.
    pub client_timeout: Duration,
    /// What stays in memory of each request.
    pub keep: Keep,
    /// Where each request is written, as a line of JSON, before it is answered.
    pub log: Option<Box<dyn Write + Send>>,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            port: 0,
            encryption: Encryption::default(),
            accounts: vec![SandboxAccount::throw_away()],
            unknowns: Unknowns::default(),
            script: Script::default(),
            latency: Duration::ZERO,
            clock_skew: 0,
            client_timeout: Duration::from_secs(30),
            keep: Keep::All,
            log: None,
        }
    }
}

/// Whether the sandbox speaks TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// `http://`.
    Plain,
    /// `https://`.
    Tls {
        /// What is wrong with the certificate, if anything.
        certificate: CertificateKind,
        /// The versions offered.
        versions: TlsVersions,
    },
}

impl Default for Encryption {
    fn default() -> Self {
        Self::Tls { certificate: CertificateKind::Valid, versions: TlsVersions::Both }
    }
}

named! {
    /// The certificate that the sandbox shows.
    CertificateKind {
        /// For 127.0.0.1 and localhost, from the sandbox's CA.
        Valid = "valid",
        /// Ran out in 2001.
        Expired = "expired",
        /// Begins in 2999.
        NotYetValid = "not-yet-valid",
        /// For another host.
        WrongName = "wrong-name",
        /// Not from the sandbox's CA.
        SelfSigned = "self-signed",
    }
}

named! {
    /// The versions of TLS on offer.
    TlsVersions {
        /// 1.2 and 1.3.
        Both = "both",
        /// 1.2.
        Only12 = "1.2",
        /// 1.3.
        Only13 = "1.3",
        /// 1.1, which no client should accept; it never gets further than its first message.
        Only11 = "1.1",
    }
}

named! {
    /// What the sandbox remembers of each request.
    Keep {
        /// All of it.
        All = "all",
        /// That it was there: memory stays the same after a million requests.
        Counts = "counts",
    }
}

/// An account of the sandbox.
#[derive(Debug, Clone)]
pub struct SandboxAccount {
    /// Public half of the credentials.
    pub api_key: ApiKey,
    /// Secret half.
    pub api_secret: Secret,
    /// What signs its requests, where they may be signed.
    pub signature: Option<(Secret, SignatureMethod)>,
    /// Whether conversions are enabled for it.
    pub conversions: Conversions,
}

/// Whether the provider's support has enabled conversions for an account; off by default in the real world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conversions {
    /// They are accepted.
    Enabled,
    /// Every conversion is answered with 402.
    NotEnabled,
}

impl SandboxAccount {
    /// An enabled account that does not sign.
    pub fn new(api_key: &str, api_secret: &str) -> Result<Self, ApiKeyError> {
        Ok(Self {
            api_key: ApiKey::parse(api_key)?,
            api_secret: Secret::new(api_secret.to_owned()),
            signature: None,
            conversions: Conversions::Enabled,
        })
    }

    /// An enabled account with secrets that exist nowhere else and open nothing but this sandbox.
    #[must_use]
    #[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "the key is a constant that parses")]
    pub fn throw_away() -> Self {
        let account = Self::new("sandbox1", &random()).expect("a good api key");
        Self { signature: Some((Secret::new(random()), SignatureMethod::Md5Hash)), ..account }
    }

    /// The same account, before support has enabled it.
    #[must_use]
    pub fn not_enabled(self) -> Self {
        Self { conversions: Conversions::NotEnabled, ..self }
    }

    /// The same account, with a secret to sign by.
    #[must_use]
    pub fn signing(self, secret: Secret, method: SignatureMethod) -> Self {
        Self { signature: Some((secret, method)), ..self }
    }
}

fn random() -> String {
    iter::repeat_with(fastrand::alphanumeric).take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::SandboxAccount;

    #[test]
    fn throw_away_secrets_are_never_the_same() {
        let (a, b) = (SandboxAccount::throw_away(), SandboxAccount::throw_away());
        assert_ne!(a.api_secret, b.api_secret);
        assert_ne!(a.signature.map(|s| s.0), Some(a.api_secret));
    }
}
