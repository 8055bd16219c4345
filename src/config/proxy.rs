//! The proxy as a setting. What a proxy URL may be in detail is the transport's business; what must not be shown of it
//! is ours.

use std::fmt;

use thiserror::Error;

use crate::domain::Secret;

/// Through which proxy the API is reached. Displays without its user name and password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxySetting {
    /// As the usual variables say (`https_proxy`, `no_proxy`, …), by curl's rules.
    FromEnvironment,
    /// Directly, whatever the variables say.
    None,
    /// Through this one, whatever the variables say; a secret because it may carry a password.
    Url(Secret),
}

/// A text that is no proxy. It is not shown: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("neither `none` nor the URL of a proxy")]
pub struct ProxySettingError;

impl ProxySetting {
    /// Reads `none` or a URL.
    pub fn parse(text: &str) -> Result<Self, ProxySettingError> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("none") {
            return Ok(Self::None);
        }
        let host = without_user_info(text).1;
        if host.trim_matches('/').is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(ProxySettingError);
        }
        Ok(Self::Url(Secret::new(text.to_owned())))
    }

    /// Whether a user name or a password is part of it.
    pub(super) fn holds_secret(&self) -> bool {
        match self {
            Self::FromEnvironment | Self::None => false,
            Self::Url(url) => url.expose().contains('@'),
        }
    }
}

impl fmt::Display for ProxySetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FromEnvironment => f.write_str("as the environment says"),
            Self::None => f.write_str("none"),
            Self::Url(url) if self.holds_secret() => {
                let (scheme, host) = without_user_info(url.expose());
                write!(f, "{scheme}{}@{host}", Secret::MASK)
            }
            Self::Url(url) => f.write_str(url.expose()),
        }
    }
}

/// The scheme with its `://`, and what follows the user-info. The *last* `@` ends it: a password may contain `@` or `/`
/// unescaped, and it is better to show too little of a host than any of a password.
fn without_user_info(url: &str) -> (&str, &str) {
    let start = url.find("://").map_or(0, |at| at + "://".len());
    let end = url.rfind('@').map_or(start, |at| at + 1);
    if end < start {
        // `a@b://c`: no URL that works; show nothing of it.
        return ("", "");
    }
    (&url[..start], &url[end..])
}

#[cfg(test)]
mod tests {
    use super::ProxySetting;

    #[test]
    fn a_proxy_is_shown_without_user_and_password() {
        let shown = |text| ProxySetting::parse(text).unwrap().to_string();
        assert_eq!(shown("http://proxy:3128"), "http://proxy:3128");
        assert_eq!(shown("http://u:s3cret@proxy:3128"), "http://********@proxy:3128");
        assert_eq!(shown("u:s3cret@proxy:3128"), "********@proxy:3128");
        assert_eq!(shown("http://u:s3/c@ret@proxy/"), "http://********@proxy/");
        assert_eq!(shown("NONE"), "none");
        let debug = format!("{:?}", ProxySetting::parse("http://u:s3cret@proxy").unwrap());
        assert_eq!(debug, "Url(********)");
    }

    #[test]
    fn texts_that_name_no_host_are_refused() {
        for text in ["", " ", "http://", "http://u:p@", "a b", "u@x://", "p\nq"] {
            assert!(ProxySetting::parse(text).is_err(), "{text:?}");
        }
    }
}
