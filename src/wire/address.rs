//! Where the API is.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use thiserror::Error;

use crate::domain::{AccountFingerprint, ApiKey, Channel};

/// The part of the URL before `/conversions/sms`: scheme, host, port, and a path prefix where a gateway needs one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    scheme: Scheme,
    host: String,
    port: Option<u16>,
    prefix: String,
}

/// How the API is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// TLS, verified.
    Https,
    /// In the clear; to this machine only.
    Http,
}

/// Why a text is not a usable base URL. Never shows user-info.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BaseUrlError {
    /// Not an absolute URL.
    #[error("not a URL (wanted for example `https://api.nexmo.com`)")]
    Unreadable,
    /// Neither http nor https.
    #[error("the scheme is neither https nor http")]
    Scheme,
    /// Secrets would be readable on the way.
    #[error("http would send the secret in the clear; it is allowed to 127.0.0.1 and [::1] only")]
    ClearText,
    /// `user:password@`.
    #[error("a user name or password in the URL is not allowed")]
    UserInfo,
    /// `?…` or `#…`.
    #[error("a query or fragment in the base URL is not allowed")]
    Query,
}

impl BaseUrl {
    /// The provider's own address (the API's reference).
    pub const DEFAULT: &'static str = "https://api.nexmo.com";

    /// Parses a base URL.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let text = text.trim();
        if text.contains('#') {
            return Err(BaseUrlError::Query);
        }
        let uri: Uri = text.parse().map_err(|_| BaseUrlError::Unreadable)?;
        let site = Self::site_of(&uri)?;
        if uri.query().is_some() {
            return Err(BaseUrlError::Query);
        }
        if site.scheme == Scheme::Http && !is_loopback_literal(&site.host) {
            return Err(BaseUrlError::ClearText);
        }
        let prefix = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { prefix, ..site })
    }

    /// Scheme, host and port of a URL, whose path may be anything.
    pub(super) fn site_of(uri: &Uri) -> Result<Self, BaseUrlError> {
        let scheme = match uri.scheme_str().map(str::to_ascii_lowercase).as_deref() {
            Some("https") => Scheme::Https,
            Some("http") => Scheme::Http,
            Some(_) => return Err(BaseUrlError::Scheme),
            None => return Err(BaseUrlError::Unreadable),
        };
        let authority = uri.authority().ok_or(BaseUrlError::Unreadable)?;
        if authority.as_str().contains('@') {
            return Err(BaseUrlError::UserInfo);
        }
        let host = authority.host().to_ascii_lowercase();
        // The `http` crate drops a port that it cannot read, which would send the secret elsewhere than was typed.
        let port = match authority.as_str()[authority.host().len()..].strip_prefix(':') {
            Some(port) => Some(port.parse().ok().filter(|port| *port != 0).ok_or(BaseUrlError::Unreadable)?),
            None => None,
        };
        if host.is_empty() {
            return Err(BaseUrlError::Unreadable);
        }
        Ok(Self { scheme, host, port, prefix: String::new() })
    }

    /// The account that a key has here. The same key at another address, a sandbox say, is another account: what was sent there
    /// has not been sent here. However the address is written, it is the same one.
    #[must_use]
    pub fn account(&self, key: &ApiKey) -> AccountFingerprint {
        let whole = Self { port: Some(self.port()), ..self.clone() };
        if Self::parse(Self::DEFAULT).is_ok_and(|default| Self { port: Some(default.port()), ..default } == whole)
        {
            key.fingerprint()
        } else {
            key.fingerprint_at(&whole.to_string())
        }
    }

    /// The full URL for a channel, without a query.
    #[must_use]
    pub fn conversions(&self, channel: Channel) -> String {
        format!("{self}/conversions/{channel}")
    }

    /// The account call that changes nothing. The provider has it on a host of its own; anywhere else (a sandbox, a
    /// gateway) it is looked for beside the conversions.
    #[must_use]
    pub fn balance(&self) -> String {
        match self.host.as_str() {
            "api.nexmo.com" => "https://rest.nexmo.com/account/get-balance".to_owned(),
            _ => format!("{self}/account/get-balance"),
        }
    }

    /// The scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host as the URL has it: a name, or an address (IPv6 in brackets).
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, given or implied.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.scheme {
            Scheme::Https => 443,
            Scheme::Http => 80,
        })
    }
}

fn is_loopback_literal(host: &str) -> bool {
    host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Https => "https",
            Scheme::Http => "http",
        };
        write!(f, "{scheme}://{}", self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::{BaseUrl, BaseUrlError};
    use crate::domain::{ApiKey, Channel};

    #[test]
    fn the_path_is_appended_to_whatever_the_base_is() {
        let url = |base| BaseUrl::parse(base).unwrap().conversions(Channel::Sms);
        assert_eq!(url(BaseUrl::DEFAULT), "https://api.nexmo.com/conversions/sms");
        assert_eq!(url("HTTPS://API.Nexmo.com/"), "https://api.nexmo.com/conversions/sms");
        assert_eq!(url("https://gw.example:8443/nexmo//"), "https://gw.example:8443/nexmo/conversions/sms");
        assert_eq!(url("http://127.0.0.1:8080"), "http://127.0.0.1:8080/conversions/sms");
        assert_eq!(url("http://[::1]:8080"), "http://[::1]:8080/conversions/sms");
    }

    #[test]
    fn the_same_key_elsewhere_is_another_account_however_the_address_is_written() {
        let key = ApiKey::parse("abcd1234").unwrap();
        let account = |base: &str| BaseUrl::parse(base).unwrap().account(&key);
        for default in [BaseUrl::DEFAULT, "https://api.nexmo.com/", "HTTPS://API.NEXMO.COM:443//"] {
            assert_eq!(account(default), key.fingerprint(), "{default}");
        }
        let elsewhere = [
            "https://api.nexmo.com:444",
            "https://api.nexmo.com/x",
            "https://api-eu.nexmo.com",
            "http://127.0.0.1",
        ];
        for (at, base) in elsewhere.iter().enumerate() {
            assert_ne!(account(base), key.fingerprint(), "{base}");
            assert!(elsewhere[..at].iter().all(|other| account(other) != account(base)), "{base}");
            assert_eq!(account(&format!("{base}/")), account(base));
        }
        assert_eq!(account("http://127.0.0.1:80"), account("http://127.0.0.1"));
    }

    #[test]
    fn urls_that_would_leak_or_cannot_work_are_refused() {
        for (url, why) in [
            ("", BaseUrlError::Unreadable),
            ("api.nexmo.com", BaseUrlError::Unreadable),
            ("/conversions", BaseUrlError::Unreadable),
            ("https://api.nexmo.com:0", BaseUrlError::Unreadable),
            ("https://api.nexmo.com:99999", BaseUrlError::Unreadable),
            ("https://api.nexmo.com:", BaseUrlError::Unreadable),
            ("ftp://api.nexmo.com", BaseUrlError::Scheme),
            ("http://api.nexmo.com", BaseUrlError::ClearText),
            ("http://localhost:8080", BaseUrlError::ClearText),
            ("https://key:secret@api.nexmo.com", BaseUrlError::UserInfo),
            ("https://api.nexmo.com?api_key=x", BaseUrlError::Query),
            ("https://api.nexmo.com/#x", BaseUrlError::Query),
        ] {
            assert_eq!(BaseUrl::parse(url), Err(why), "{url}");
        }
    }
}
