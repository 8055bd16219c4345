//! One request over the network: its address, its way, its time limits, and what is known when it fails.
//!
//! The only room that names ureq. It neither retries nor follows redirects, and it never prints one of ureq's own
//! errors: they can carry the full URL. Errors are rebuilt from what happened and at which [`Phase`], because that
//! distinguishes "certainly not sent" from "maybe sent".

mod connection;
mod endpoint;
mod error;
mod exchange;
mod names;
mod proxy;
mod records;
mod sender;
mod trace;
mod trust;

pub use self::endpoint::Endpoint;
pub use self::error::{Cause, ConnectionAge, Phase, Sent, TransportError};
pub use self::exchange::Exchange;
pub use self::proxy::{ProxyChoice, ProxyError, ProxyUrl, choose_proxy};
pub use self::sender::{Page, Sender, Transport};
pub use self::trust::{Pem, Trust, TrustError, TrustStore};
