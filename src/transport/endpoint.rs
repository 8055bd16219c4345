//! Where requests go, and by which way.

use std::time::Duration;

use super::proxy::ProxyUrl;
use super::trust::TrustStore;
use crate::wire::BaseUrl;

/// Everything that is fixed for a run: where requests go, and by which way.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Where the API is.
    pub base_url: BaseUrl,
    /// The proxy, already chosen.
    pub proxy: Option<ProxyUrl>,
    /// Whose certificates are believed.
    pub trust: TrustStore,
    /// Limit for resolving, connecting, and the proxy's and TLS's handshakes, each attempt.
    pub connect_timeout: Duration,
    /// Limit for a whole attempt.
    pub max_time: Duration,
}

/// What this program calls itself, to servers and proxies.
pub(super) const USER_AGENT: &str = concat!("nexmo-conversion/", env!("CARGO_PKG_VERSION"));
