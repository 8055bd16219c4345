//! The Conversion API's protocol as values, in both directions, and nothing that could open a socket.
//!
//! A [`Conversion`](crate::domain::Conversion) and an [`Account`](crate::domain::Account) become a [`Request`]; a
//! reply becomes a [`Verdict`]. The parameter names, the form encoding, the signature and the status table
//! stand here and nowhere else; the sandbox reads the same tables from the other side.

mod address;
mod body;
mod http_date;
mod parameter;
mod ping_url;
mod reply;
mod request;
mod retry_after;
mod signature;

pub use address::{BaseUrl, BaseUrlError, Scheme};
pub use body::{Body, BodyEnd};
pub use http_date::{http_date, parse_http_date};
pub use parameter::{ParameterName, names};
pub use ping_url::{PingUrl, PingUrlError};
pub use reply::{Reply, StopCause, Verdict, classify, reason};
pub use request::{CONTENT_TYPE, Parameter, ParameterValue, Request, basic_credentials, decode_basic};
pub use retry_after::parse_retry_after;
pub use signature::{signature, signature_matches};
