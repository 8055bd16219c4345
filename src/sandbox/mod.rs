//! A Conversion API on this machine: for trying things out, for tests, for measuring.
//!
//! [`SandboxOptions`] say what it is; [`Sandbox::start`] binds 127.0.0.1 and serves each connection on a thread of its
//! own: read a request, judge it, log it, then answer it or do what the script says.
//!
//! Parameters may be in the query, a form, a JSON object or any mix; of a name that is there twice the first counts, the
//! query's before the body's. `GET /account/get-balance` is served as well.
//!
//! It shares the protocol's values with the client and nothing else; nothing here reads the environment, prints, or
//! listens to the network.

mod answer;
mod certificate;
mod connection;
mod connections;
mod fault;
mod http;
mod judge;
mod log;
mod masking;
mod old_tls;
mod options;
mod page;
mod parameters;
mod rendering;
mod reply;
mod script;
mod server;
mod service;
mod stream;
mod switches;
#[cfg(test)]
mod tests;
mod unknowns;

pub use self::answer::{Answer, AnswerError, AnswerKind, Fault, RetryAfter, ScriptedReply};
pub use self::certificate::is_authority;
pub use self::log::{Counts, CredentialSource, LoggedRequest};
pub use self::options::{
    CertificateKind, Conversions, Encryption, Keep, SandboxAccount, SandboxOptions, TlsVersions,
};
pub use self::script::{Every, Script, Then};
pub use self::server::Sandbox;
pub use self::switches::{
    Basic, CheckOrder, DeliveredSpelling, ErrorBody, Get, Malformed, MislabelledForm, Missing, QuerySignature,
    SignedDuplicate, SignedParameters, SignedTimestampRule, SuccessBody, TimestampRule, UnsignedTimestampRule,
};
pub use self::unknowns::{Doubtful, SwitchError, Unknowns};
