//! One request over the network: its address, its way, its time limits, and what is known when it fails.
//!
//! The only room that names ureq. The protocol and what is said to proxies are ureq's; connections, TLS and time limits are ours. It neither retries nor follows redirects, and it never prints one of ureq's own
//! errors: they can carry the full URL. Errors are rebuilt from what happened and at which [`Phase`], because that
//! distinguishes "certainly not sent" from "maybe sent".

mod common;
mod connection;
mod endpoint;
mod error;
mod exchange;
mod head;
mod input;
mod line;
mod names;
mod output;
mod proxy;
mod records;
mod sender;
mod socket;
mod stream;
mod trace;
mod trust;
mod tunnel;
mod watched;

pub use self::common::{CommonReply, read_common};
pub use self::endpoint::Endpoint;
pub use self::error::{Cause, Phase, Sent, TransportError};
pub use self::proxy::{ProxyChoice, ProxyError, ProxyUrl, choose_proxy};
pub use self::sender::{Page, Sender, Transport};
pub use self::trace::ConnectionAge;
pub use self::trust::{Pem, Trust, TrustError, TrustStore};
pub use self::watched::Watched;
