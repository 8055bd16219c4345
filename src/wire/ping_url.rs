//! Where a cron monitor listens: a URL that is told of a run's beginning and end, by the convention of healthchecks.io that others
//! share. `URL/start` says that it has begun, `URL` that all is well, `URL/75` that it ended with that exit code.
//!
//! Whoever knows the URL can say that all is well, so it is shown without its path.

use std::fmt;

use http::Uri;
use thiserror::Error;
use zeroize::Zeroizing;

use super::address::{BaseUrl, BaseUrlError};
use crate::domain::Secret;

/// A monitor's URL. Displays as its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PingUrl {
    site: BaseUrl,
    /// Up to the query, without a slash at its end.
    whole: Secret,
    /// With its question mark, or empty.
    query: Secret,
}

/// Why a text is no monitor's URL. Never shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PingUrlError {
    /// Not an absolute URL.
    #[error("not a URL (wanted for example `https://hc-ping.com/TOKEN`)")]
    Unreadable,
    /// Neither http nor https.
    #[error("the scheme is neither https nor http")]
    Scheme,
    /// `user:password@`.
    #[error("a user name or password in the URL is not allowed")]
    UserInfo,
    /// `#…`.
    #[error("a fragment in the URL is not allowed")]
    Fragment,
}

impl From<BaseUrlError> for PingUrlError {
    fn from(error: BaseUrlError) -> Self {
        match error {
            BaseUrlError::Scheme => Self::Scheme,
            BaseUrlError::UserInfo => Self::UserInfo,
            BaseUrlError::Unreadable | BaseUrlError::ClearText | BaseUrlError::Query => Self::Unreadable,
        }
    }
}

impl PingUrl {
    /// Parses a monitor's URL; http may lead anywhere, because no credentials go there.
    pub fn parse(text: &str) -> Result<Self, PingUrlError> {
        let text = text.trim();
        if text.contains('#') {
            return Err(PingUrlError::Fragment);
        }
        let uri: Uri = text.parse().map_err(|_| PingUrlError::Unreadable)?;
        let site = BaseUrl::site_of(&uri)?;
        let (path, query) = text.split_at(text.find('?').unwrap_or(text.len()));
        let secret = |part: &str| Secret::new(part.to_owned());
        Ok(Self { site, whole: secret(path.trim_end_matches('/')), query: secret(query) })
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn site(&self) -> &BaseUrl {
        &self.site
    }

    /// What says that a run has begun.
    #[must_use]
    pub fn start(&self) -> Zeroizing<String> {
        self.with("/start")
    }

    /// What says how a run has ended.
    #[must_use]
    pub fn end(&self, exit_code: u8) -> Zeroizing<String> {
        match exit_code {
            0 => self.with(""),
            failed => self.with(&format!("/{failed}")),
        }
    }

    fn with(&self, suffix: &str) -> Zeroizing<String> {
        Zeroizing::new(format!("{}{suffix}{}", self.whole.expose(), self.query.expose()))
    }
}

impl fmt::Display for PingUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.site, Secret::MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::{PingUrl, PingUrlError};

    #[test]
    fn what_happened_is_appended_to_the_path() {
        let urls = |text| {
            let url = PingUrl::parse(text).unwrap();
            [url.start(), url.end(0), url.end(75)].map(|url| url.to_string())
        };
        let plain =
            ["https://hc-ping.com/t0ken/start", "https://hc-ping.com/t0ken", "https://hc-ping.com/t0ken/75"];
        assert_eq!(urls("https://hc-ping.com/t0ken"), plain);
        assert_eq!(urls(" https://hc-ping.com/t0ken/ "), plain);
        assert_eq!(
            urls("http://monitor.lan:8000/ping/a/b?create=1"),
            [
                "http://monitor.lan:8000/ping/a/b/start?create=1",
                "http://monitor.lan:8000/ping/a/b?create=1",
                "http://monitor.lan:8000/ping/a/b/75?create=1",
            ]
        );
    }

    #[test]
    fn nothing_is_shown_but_the_host() {
        let url = PingUrl::parse("https://hc-ping.com:8443/t0ken/name?key=s3cret").unwrap();
        assert_eq!(url.to_string(), "https://hc-ping.com:8443/********");
        let debug = format!("{url:?}");
        assert!(!debug.contains("t0ken") && !debug.contains("s3cret"), "{debug}");
    }

    #[test]
    fn texts_that_are_no_such_url_are_refused() {
        for (text, why) in [
            ("", PingUrlError::Unreadable),
            ("hc-ping.com/t0ken", PingUrlError::Unreadable),
            ("/t0ken", PingUrlError::Unreadable),
            ("https://hc-ping.com:0/t0ken", PingUrlError::Unreadable),
            ("https://hc-ping.com/t0 ken", PingUrlError::Unreadable),
            ("ftp://hc-ping.com/t0ken", PingUrlError::Scheme),
            ("https://u:p@hc-ping.com/t0ken", PingUrlError::UserInfo),
            ("https://hc-ping.com/t0ken#a", PingUrlError::Fragment),
        ] {
            let error = PingUrl::parse(text).unwrap_err();
            assert_eq!(error, why, "{text}");
            assert!(!error.to_string().contains("t0"), "{text}");
        }
    }
}
