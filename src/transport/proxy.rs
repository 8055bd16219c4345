//! Which proxy to use, by curl's rules.
//!
//! ureq's own rules differ where it hurts: `ALL_PROXY` beats `HTTPS_PROXY`, `HTTP_PROXY` is used for https, `NO_PROXY=nexmo.com`
//! does not cover `api.nexmo.com`, and a proxy that cannot be parsed means going direct. So the choice is made here.

use std::fmt;
use std::net::IpAddr;

use thiserror::Error;
use ureq::Proxy;
use ureq::http::Uri;

use crate::wire::{BaseUrl, Scheme};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxyChoice {
    /// Whatever the environment says.
    Environment,
    /// No proxy, whatever the environment says.
    None,
    /// This one, unless `NO_PROXY` covers the host.
    Url {
        /// Where it is.
        url: String,
        /// Who said so, for people.
        origin: String,
    },
}

/// A proxy's URL, shown without its user-info.
#[derive(Clone)]
pub struct ProxyUrl {
    proxy: Proxy,
    /// Who named it, for people.
    pub origin: String,
}

/// A proxy that cannot be used; never shows the URL, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{origin} is not a proxy URL (wanted for example `http://proxy.example:3128`, `socks5h://127.0.0.1:1080`)"
)]
pub struct ProxyError {
    /// Who named it, for people.
    pub origin: String,
}

/// Chooses the proxy for a base URL. Plain http is for this machine only and never goes through one: the proxy would read
/// the secret. `variable` looks up environment variables; empty ones count as absent.
pub fn choose_proxy(
    choice: &ProxyChoice,
    base_url: &BaseUrl,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<ProxyUrl>, ProxyError> {
    let variable =
        |name: &'static str| variable(name).filter(|value| !value.is_empty()).map(|value| (name, value));
    let named = match choice {
        ProxyChoice::None => None,
        ProxyChoice::Url { url, origin } => Some((origin.clone(), url.clone())),
        ProxyChoice::Environment => {
            let named = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"].into_iter().find_map(variable);
            named.map(|(name, url)| (name.to_owned(), url))
        }
    };
    let Some((origin, url)) = named else {
        return Ok(None);
    };
    let exceptions = variable("no_proxy").or_else(|| variable("NO_PROXY"));
    if exceptions.is_some_and(|(_, list)| is_exempt(base_url.host(), &list)) {
        return Ok(None);
    }
    match (parse(&url), base_url.scheme()) {
        (None, _) => Err(ProxyError { origin }),
        (Some(proxy), Scheme::Https) => Ok(Some(ProxyUrl { proxy, origin })),
        (Some(_), Scheme::Http) => Ok(None),
    }
}

/// curl takes `host:port` for an HTTP proxy, and port 1080 where none is given.
fn parse(url: &str) -> Option<Proxy> {
    let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let uri: Uri = url.parse().ok()?;
    let authority = uri.authority()?;
    let after_host = authority.as_str().rsplit('@').next()?.strip_prefix(authority.host())?;
    let url = match after_host.strip_prefix(':') {
        Some(port) => {
            port.parse::<u16>().ok().filter(|port| *port != 0)?;
            url
        }
        None if uri.scheme_str() == Some("https") => url,
        None => format!("{}://{}:1080", uri.scheme_str()?, authority.as_str()),
    };
    Proxy::new(&url).ok()
}

/// curl's `NO_PROXY`: `*`, or a list of names (each covers its subdomains, a leading dot is ignored), addresses and
/// address blocks, separated by commas or spaces.
fn is_exempt(host: &str, list: &str) -> bool {
    let host = host.trim_matches(['[', ']']).trim_end_matches('.');
    let address: Option<IpAddr> = host.parse().ok();
    list.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        let entry = entry.trim_matches(['[', ']']);
        if let Some(address) = address {
            return is_in_block(address, entry);
        }
        let name = entry.trim_start_matches('.').trim_end_matches('.');
        host.len() >= name.len()
            && host.is_char_boundary(host.len() - name.len())
            && host[host.len() - name.len()..].eq_ignore_ascii_case(name)
            && (host.len() == name.len() || host[..host.len() - name.len()].ends_with('.'))
    })
}

/// Whether an address is in `10.0.0.0/8`, or is the address itself.
fn is_in_block(address: IpAddr, block: &str) -> bool {
    let (network, bits) = match block.split_once('/') {
        Some((network, bits)) => (network, bits.parse::<u32>().ok()),
        None => (block, Some(u32::MAX)),
    };
    let (Ok(network), Some(bits)) = (network.parse::<IpAddr>(), bits) else {
        return false;
    };
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            let shift = 32u32.saturating_sub(bits);
            u32::from(a).checked_shr(shift) == u32::from(b).checked_shr(shift)
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            let shift = 128u32.saturating_sub(bits);
            u128::from(a).checked_shr(shift) == u128::from(b).checked_shr(shift)
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

impl ProxyUrl {
    pub(super) fn to_ureq(&self) -> Proxy {
        self.proxy.clone()
    }

    /// Whether it is told addresses, and not names.
    pub(super) fn wants_addresses(&self) -> bool {
        self.proxy.resolve_target()
    }
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.proxy.host(), self.proxy.port())
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::{ProxyChoice, choose_proxy, is_exempt};
    use crate::wire::BaseUrl;

    fn typed(url: &str) -> ProxyChoice {
        ProxyChoice::Url { url: url.to_owned(), origin: "--proxy".to_owned() }
    }

    fn chosen(choice: &ProxyChoice, url: &str, variables: &[(&str, &str)]) -> Option<String> {
        let lookup =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        choose_proxy(choice, &BaseUrl::parse(url).unwrap(), lookup)
            .unwrap()
            .map(|proxy| format!("{} {proxy}", proxy.origin))
    }

    #[test]
    fn the_environment_is_read_as_curl_reads_it() {
        let env = |variables| chosen(&ProxyChoice::Environment, BaseUrl::DEFAULT, variables);
        assert_eq!(env(&[]), None);
        assert_eq!(env(&[("all_proxy", "a:1"), ("HTTPS_PROXY", "b:2")]).as_deref(), Some("HTTPS_PROXY b:2"));
        assert_eq!(env(&[("https_proxy", "a:1"), ("HTTPS_PROXY", "b:2")]).as_deref(), Some("https_proxy a:1"));
        assert_eq!(env(&[("https_proxy", ""), ("ALL_PROXY", "socks5h://s")]).as_deref(), Some("ALL_PROXY s:1080"));
        assert_eq!(env(&[("http_proxy", "a:1"), ("HTTP_PROXY", "b:2")]), None);
    }

    #[test]
    fn plain_http_never_goes_through_a_proxy() {
        let named = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
        let variables = named.map(|name| (name, "http://p.example:3128"));
        for choice in [ProxyChoice::Environment, typed("http://p.example:3128")] {
            assert_eq!(chosen(&choice, "http://127.0.0.1:9", &variables), None);
            assert!(chosen(&choice, "https://127.0.0.1:9", &variables).is_some());
        }
    }

    #[test]
    fn the_flag_beats_the_environment_but_not_no_proxy() {
        let flag = typed("http://u:p%40ss@p.example:3128");
        assert_eq!(
            chosen(&flag, BaseUrl::DEFAULT, &[("https_proxy", "a:1")]).as_deref(),
            Some("--proxy p.example:3128")
        );
        assert_eq!(chosen(&flag, BaseUrl::DEFAULT, &[("NO_PROXY", "nexmo.com")]), None);
        assert_eq!(chosen(&ProxyChoice::None, BaseUrl::DEFAULT, &[("https_proxy", "a:1")]), None);
    }

    #[test]
    fn a_proxy_that_cannot_be_parsed_is_an_error_and_not_a_direct_connection() {
        for bad in ["::::", "http://", "ftp://p:1", "http://p:0", "http://p:99999", "http://u:secret@", "p:port"] {
            let choice = typed(bad);
            let error = choose_proxy(&choice, &BaseUrl::parse(BaseUrl::DEFAULT).unwrap(), |_| None).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{bad}");
        }
    }

    #[test]
    fn no_proxy_covers_names_with_their_subdomains_addresses_and_blocks() {
        for (host, list) in [
            ("api.nexmo.com", "nexmo.com"),
            ("api.nexmo.com", "example.org, .nexmo.com"),
            ("api.nexmo.com", "API.NEXMO.COM"),
            ("api.nexmo.com", "*"),
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.1", "127.0.0.0/8"),
            ("[::1]", "::1"),
            ("[::1]", "::/0"),
        ] {
            assert!(is_exempt(host, list), "{host} {list}");
        }
        for (host, list) in [
            ("api.nexmo.com", "xmo.com"),
            ("api.nexmo.com", "com.nexmo"),
            ("api.nexmo.com", ""),
            ("nexmo.com", "api.nexmo.com"),
            ("127.0.0.1", "10.0.0.0/8"),
            ("127.0.0.1", "0.0.1"),
            ("127.0.0.1", "::1"),
        ] {
            assert!(!is_exempt(host, list), "{host} {list}");
        }
    }
}
