//! The values of the field and their rules: what a message-id, a timestamp, an account, an outcome *is*.
//!
//! Everything is parsed once, at the door; inside the program there are only good values. This room imports
//! nothing of ours, opens nothing and does not know what time it is.

mod account;
mod conversion;
mod counted;
mod doubt;
mod duration;
mod event;
mod followed;
mod hex;
mod ledger_address;
mod ledger_place;
mod message_id;
mod named;
mod nearest;
mod outcome;
mod record;
mod secret;
mod server;
mod spreadsheet;
mod timestamp;

pub use account::{
    Account, AccountFingerprint, ApiKey, ApiKeyError, Auth, AuthMode, Placement, SignatureMethod, SignedTimestamp,
};
pub use conversion::{Channel, Conversion, Delivered, REMEMBERED, UnknownChannel, UnknownDelivered};
pub use counted::counted;
pub use doubt::CredentialDoubt;
pub use duration::{DurationError, parse_duration};
pub use event::{CodeEvent, Happening};
pub use followed::{FileHead, FollowedFile, ReadTo};
pub(crate) use hex::hex;
pub use ledger_address::{
    LedgerAddress, LedgerAddressError, ServerParameter, ServerParameters, ServerUrl, server_parameter,
};
pub use ledger_place::{Durability, LedgerPlace, SharedLedger};
pub use message_id::{MessageId, MessageIdDoubt, MessageIdError};
pub(crate) use named::{named, names};
pub use nearest::nearest;
pub(crate) use nearest::none_of;
pub use outcome::{ErrorCode, Failure, Outcome, Reached};
pub use record::{BadRecord, Record, Reference, TimeSource};
pub use secret::Secret;
pub use server::{
    CertificateAuthorities, ChannelBinding, ClientCertificate, HostAddress, Server, ServerHost, SessionWanted,
    TlsMode,
};
pub use spreadsheet::SpreadsheetTrace;
pub use timestamp::{Timestamp, TimestampError};
