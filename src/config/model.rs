//! The plain types of the room: what was typed ([`Overrides`]), what one source has ([`Preferences`], [`Credential`],
//! [`FileConfig`]), and what holds ([`Settings`], [`ResolvedAccount`]).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::domain::{
    Account, ApiKey, AuthMode, Durability, LedgerAddress, Secret, SignatureMethod, SignedTimestamp,
};
use crate::wire::{BaseUrl, PingUrl};

use super::origin::{Origin, Setting};
use super::private_file::Warning;
use super::proxy::ProxySetting;
use super::rate::RequestRate;
use super::secret_source::SecretSource;

/// What was typed.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--profile`.
    pub profile: Option<String>,
    /// `--base-url`.
    pub base_url: Option<String>,
    /// `--proxy`; may carry a password.
    pub proxy: Option<Secret>,
    /// `--cacert`.
    pub cacert: Option<PathBuf>,
    /// `--connect-timeout`.
    pub connect_timeout: Option<Duration>,
    /// `--max-time`.
    pub max_time: Option<Duration>,
    /// `--retry`.
    pub retry: Option<u32>,
    /// `--retry-max-time`.
    pub retry_max_time: Option<Duration>,
    /// `--ledger`.
    pub ledger: Option<PathBuf>,
    /// What only streams know.
    pub batch: BatchOverrides,
}

/// What was typed for a stream.
#[derive(Debug, Clone, Default)]
pub struct BatchOverrides {
    /// `--jobs`.
    pub jobs: Option<u32>,
    /// `--rate`.
    pub rate: Option<String>,
    /// `--max-age`.
    pub max_age: Option<Duration>,
    /// `--ping`; whoever knows it can ping.
    pub ping: Option<Secret>,
}

/// Every setting, with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where the API is.
    pub base_url: Setting<BaseUrl>,
    /// Through what it is reached.
    pub proxy: Setting<ProxySetting>,
    /// A file of certificates to trust instead of the system's.
    pub cacert: Setting<Option<PathBuf>>,
    /// Folders of them, as OpenSSL's variable lists them.
    pub ca_folders: Setting<Option<String>>,
    /// How long connecting may take, TLS included.
    pub connect_timeout: Setting<Duration>,
    /// How long one attempt may take.
    pub max_time: Setting<Duration>,
    /// How many attempts may follow the first.
    pub retry: Setting<u32>,
    /// How long after the first attempt another may still start.
    pub retry_max_time: Setting<Duration>,
    /// How many requests at once.
    pub jobs: Setting<u32>,
    /// How many requests in a time.
    pub rate: Setting<Option<RequestRate>>,
    /// Older conversions are not sent.
    pub max_age: Setting<Option<Duration>>,
    /// The monitor that is told of a stream's beginning and end.
    pub ping: Setting<Option<PingUrl>>,
    /// Where it is written down, and how a server is used for that.
    pub ledger: LedgerSettings,
}

/// Every setting of the ledger's, with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerSettings {
    /// Where it is; nowhere where there is no home to keep it in.
    pub address: Setting<Option<LedgerAddress>>,
    /// The schema that has the tables, on a server.
    pub schema: Setting<String>,
    /// How long a record may wait for others, on a server.
    pub linger: Setting<Duration>,
    /// How long a settled row is remembered, on a server.
    pub keep: Setting<Duration>,
    /// How long a run that is silent owns its rows, on a server.
    pub lease: Setting<Duration>,
    /// What a server has to promise.
    pub durability: Setting<Durability>,
}

/// What one source says: each value checked, none of them required.
#[derive(Debug, Default)]
pub(super) struct Preferences {
    pub(super) base_url: Option<Setting<BaseUrl>>,
    pub(super) proxy: Option<Setting<ProxySetting>>,
    pub(super) cacert: Option<Setting<PathBuf>>,
    pub(super) connect_timeout: Option<Setting<Duration>>,
    pub(super) max_time: Option<Setting<Duration>>,
    pub(super) retry: Option<Setting<u32>>,
    pub(super) retry_max_time: Option<Setting<Duration>>,
    pub(super) jobs: Option<Setting<u32>>,
    pub(super) rate: Option<Setting<RequestRate>>,
    pub(super) max_age: Option<Setting<Duration>>,
    pub(super) ping: Option<Setting<PingUrl>>,
    pub(super) ledger: Option<Setting<LedgerAddress>>,
    pub(super) ledger_schema: Option<Setting<String>>,
    pub(super) ledger_linger: Option<Setting<Duration>>,
    pub(super) ledger_keep: Option<Setting<Duration>>,
    pub(super) ledger_lease: Option<Setting<Duration>>,
    pub(super) ledger_durability: Option<Setting<Durability>>,
}

/// What one source has of a credential; nothing is fetched yet.
#[derive(Debug, Default)]
pub(super) struct Credential {
    pub(super) api_key: Option<Setting<ApiKey>>,
    pub(super) api_secret: Option<PromisedSecret>,
    pub(super) signature_secret: Option<PromisedSecret>,
    pub(super) auth: Option<Setting<AuthMode>>,
    pub(super) signature_method: Option<SignatureMethod>,
    pub(super) signature_timestamp: Option<SignedTimestamp>,
}

/// A secret's source, and who named it.
#[derive(Debug, Clone)]
pub(super) struct PromisedSecret {
    pub(super) source: SecretSource,
    /// The key of the file, or the variable's whole name.
    pub(super) key: &'static str,
    pub(super) origin: Origin,
}

/// What is stored. An absent file is one in which nothing stands.
#[derive(Debug, Default)]
pub(super) struct FileConfig {
    /// None where there is no home to keep it in.
    pub(super) path: Option<PathBuf>,
    pub(super) default_profile: Option<String>,
    pub(super) profiles: BTreeMap<String, Profile>,
    pub(super) network: Preferences,
    pub(super) batch: Preferences,
    pub(super) ledger: Preferences,
}

/// An account, and the settings that go with it.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) origin: Origin,
    pub(super) credential: Credential,
    pub(super) preferences: Preferences,
}

/// An account, complete, and where its parts come from.
#[derive(Debug, Clone)]
pub struct ResolvedAccount {
    /// Who, and the proof.
    pub account: Account,
    /// The profile's name, for result lines; none when the credentials come from elsewhere.
    pub profile: Option<String>,
    /// Where the key comes from.
    pub api_key: Origin,
    /// Where the secret comes from (the API's or the signature's, as the mode has it).
    pub secret: Origin,
    /// Who chose how to authenticate.
    pub auth: Origin,
    /// Warnings for the user.
    pub warnings: Vec<Warning>,
}

/// Who, without the proof: no secret is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownKey {
    /// The public half of the credential that holds.
    pub api_key: ApiKey,
    /// The profile's name; none when the key comes from elsewhere.
    pub profile: Option<String>,
}
