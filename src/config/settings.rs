//! Settings: what was typed over what is in the environment over what is stored over the defaults, and for every value
//! who said so.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::domain::{Durability, LedgerAddress, REMEMBERED};
use crate::wire::BaseUrl;

use super::credentials::{self, Chosen};
use super::error::ConfigError;
use super::model::{FileConfig, LedgerSettings, Overrides, Preferences, Settings};
use super::origin::{Origin, Setting, variable_name};
use super::position::Position;
use super::proxy::ProxySetting;
use super::surroundings::Surroundings;
use super::value::{Folders, Raw, ValueError};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_TIME: Duration = Duration::from_secs(15);
/// Five attempts in all.
const RETRY: u32 = 4;
/// Bounds a call that is waited for; what a stream could not send is in the ledger, and its time comes again.
const RETRY_MAX_TIME: Duration = Duration::from_secs(120);
const JOBS: u32 = 16;
const SCHEMA: &str = "nexmo_conversion";
/// A server's work for a transaction is shared by what arrives in this time.
const LINGER: Duration = Duration::from_millis(20);
const LEASE: Duration = Duration::from_secs(30);

/// The keys of `[network]`.
pub(super) const NETWORK_KEYS: &[&str] =
    &["base_url", "proxy", "cacert", "connect_timeout", "max_time", "retry", "retry_max_time"];
/// The keys of `[batch]`.
pub(super) const BATCH_KEYS: &[&str] = &["jobs", "rate", "max_age", "ping"];
/// The keys of `[ledger]`, as a profile spells them.
pub(super) const LEDGER_KEYS: &[&str] =
    &["ledger", "ledger_schema", "ledger_linger", "ledger_keep", "ledger_lease", "ledger_durability"];

pub(super) fn resolve(
    overrides: &Overrides,
    surroundings: &Surroundings,
    file: &FileConfig,
) -> Result<Settings, ConfigError> {
    let typed = typed(overrides, surroundings)?;
    let variables = variables(surroundings)?;
    let nothing = Preferences::default();
    let profile = match credentials::choose(overrides, surroundings, file)? {
        Chosen::Profile { profile, .. } => &profile.preferences,
        Chosen::Variables(_) | Chosen::Nothing => &nothing,
    };
    let layers = [&typed, &variables, profile, &file.network, &file.batch, &file.ledger];
    let default_url =
        BaseUrl::parse(BaseUrl::DEFAULT).map_err(|why| ConfigError::value(&Origin::Default, why.into()))?;
    let cacert = first_if_any(layers, |said| &said.cacert);
    let (cacert, ca_folders) = match cacert.value {
        Some(_) => (cacert, Setting { value: None, origin: Origin::Default }),
        None => openssl_variables(surroundings),
    };
    Ok(Settings {
        base_url: first(layers, |said| &said.base_url, default_url),
        proxy: first(layers, |said| &said.proxy, ProxySetting::FromEnvironment),
        cacert,
        ca_folders,
        connect_timeout: first(layers, |said| &said.connect_timeout, CONNECT_TIMEOUT),
        max_time: first(layers, |said| &said.max_time, MAX_TIME),
        retry: first(layers, |said| &said.retry, RETRY),
        retry_max_time: first(layers, |said| &said.retry_max_time, RETRY_MAX_TIME),
        jobs: first(layers, |said| &said.jobs, JOBS),
        rate: first_if_any(layers, |said| &said.rate),
        max_age: first_if_any(layers, |said| &said.max_age),
        ping: first_if_any(layers, |said| &said.ping),
        ledger: ledger(layers, surroundings),
    })
}

fn ledger(layers: [&Preferences; 6], surroundings: &Surroundings) -> LedgerSettings {
    let named = first_if_any(layers, |said| &said.ledger);
    LedgerSettings {
        address: match named.value {
            Some(_) => named,
            None => Setting {
                value: surroundings.state_dir.as_ref().map(|folder| LedgerAddress::File(folder.join("ledger.db"))),
                origin: Origin::Default,
            },
        },
        schema: first(layers, |said| &said.ledger_schema, SCHEMA.to_owned()),
        linger: first(layers, |said| &said.ledger_linger, LINGER),
        keep: first(layers, |said| &said.ledger_keep, REMEMBERED),
        lease: first(layers, |said| &said.ledger_lease, LEASE),
        durability: first(layers, |said| &said.ledger_durability, Durability::Strict),
    }
}

/// Where a flag or a variable says that the ledger is: what needs no configuration file.
pub(super) fn ledger_named(
    typed: Option<&Path>,
    surroundings: &Surroundings,
) -> Result<Option<Setting<LedgerAddress>>, ConfigError> {
    let (raw, origin) = match (typed, surroundings.variable(&variable_name("ledger"))) {
        (Some(path), _) => (Raw::Path(path.to_owned()), Origin::flag("ledger")),
        (None, Some(text)) => (Raw::Untyped(text.to_owned()), Origin::variable("ledger")),
        (None, None) => return Ok(None),
    };
    let address = raw.ledger(shell_folders(surroundings)).map_err(|why| ConfigError::value(&origin, why))?;
    Ok(Some(Setting { value: address, origin }))
}

/// What the first layer that says something says, or else the default.
fn first<T: Clone>(
    layers: [&Preferences; 6],
    field: impl Fn(&Preferences) -> &Option<Setting<T>>,
    default: T,
) -> Setting<T> {
    let said = layers.into_iter().find_map(|layer| field(layer).clone());
    said.unwrap_or(Setting { value: default, origin: Origin::Default })
}

/// The same for what has no default.
fn first_if_any<T: Clone>(
    layers: [&Preferences; 6],
    field: impl Fn(&Preferences) -> &Option<Setting<T>>,
) -> Setting<Option<T>> {
    let said = layers.into_iter().find_map(|layer| field(layer).clone());
    said.map_or(Setting { value: None, origin: Origin::Default }, |Setting { value, origin }| Setting {
        value: Some(value),
        origin,
    })
}

/// A value that a source has for a key.
pub(super) struct RawSetting {
    pub(super) raw: Raw,
    /// The key, as its source has it.
    pub(super) spelled: &'static str,
    pub(super) origin: Origin,
    pub(super) at: Option<Position>,
}

impl Preferences {
    /// Asks a source for every key there is; the same types and bounds hold for all sources.
    pub(super) fn gather(
        folders: Folders<'_>,
        look_up: impl FnMut(&'static str) -> Result<Option<RawSetting>, ConfigError>,
    ) -> Result<Self, ConfigError> {
        let mut source = Source(look_up);
        Ok(Self {
            base_url: source.get("base_url", Raw::base_url)?,
            proxy: source.get("proxy", Raw::proxy)?,
            cacert: source.get("cacert", |raw| raw.path(folders))?,
            connect_timeout: source.get("connect_timeout", Raw::time_limit)?,
            max_time: source.get("max_time", Raw::time_limit)?,
            retry: source.get("retry", |raw| raw.number(0, 100))?,
            retry_max_time: source.get("retry_max_time", Raw::time_limit)?,
            jobs: source.get("jobs", |raw| raw.number(1, 1024))?,
            rate: source.get("rate", Raw::rate)?,
            max_age: source.get("max_age", Raw::age)?,
            ping: source.get("ping", Raw::ping)?,
            ledger: source.get("ledger", |raw| raw.ledger(folders))?,
            ledger_schema: source.get("ledger_schema", Raw::identifier)?,
            ledger_linger: source.get("ledger_linger", Raw::linger)?,
            ledger_keep: source.get("ledger_keep", Raw::keep)?,
            ledger_lease: source.get("ledger_lease", Raw::lease)?,
            ledger_durability: source.get("ledger_durability", Raw::name)?,
        })
    }

    pub(super) fn hold_secret(&self) -> bool {
        self.ping.is_some() || self.proxy.as_ref().is_some_and(|proxy| proxy.value.holds_secret())
    }
}

struct Source<F>(F);

impl<F: FnMut(&'static str) -> Result<Option<RawSetting>, ConfigError>> Source<F> {
    fn get<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Raw) -> Result<T, ValueError>,
    ) -> Result<Option<Setting<T>>, ConfigError> {
        let Some(RawSetting { raw, spelled, origin, at }) = (self.0)(key)? else {
            return Ok(None);
        };
        match (read(&raw), at) {
            (Ok(value), _) => Ok(Some(Setting { value, origin })),
            (Err(source), Some(at)) => {
                let key = spelled.to_owned();
                Err(ConfigError::Key { at, key, source })
            }
            (Err(source), None) => Err(ConfigError::value(&origin, source)),
        }
    }
}

fn typed(overrides: &Overrides, surroundings: &Surroundings) -> Result<Preferences, ConfigError> {
    let text = |value: &Option<String>| value.clone().map(Raw::Untyped);
    let number = |value: Option<u32>| value.map(|number| Raw::Integer(number.into()));
    Preferences::gather(shell_folders(surroundings), |key| {
        let raw = match key {
            "base_url" => text(&overrides.base_url),
            "proxy" => overrides.proxy.as_ref().map(|url| Raw::Untyped(url.expose().to_owned())),
            "cacert" => overrides.cacert.clone().map(Raw::Path),
            "connect_timeout" => overrides.connect_timeout.map(Raw::Length),
            "max_time" => overrides.max_time.map(Raw::Length),
            "retry" => number(overrides.retry),
            "retry_max_time" => overrides.retry_max_time.map(Raw::Length),
            "jobs" => number(overrides.batch.jobs),
            "rate" => text(&overrides.batch.rate),
            "max_age" => overrides.batch.max_age.map(Raw::Length),
            "ping" => overrides.batch.ping.as_ref().map(|url| Raw::Untyped(url.expose().to_owned())),
            "ledger" => overrides.ledger.clone().map(Raw::Path),
            _ => None,
        };
        Ok(raw.map(|raw| RawSetting { raw, spelled: key, origin: Origin::flag(key), at: None }))
    })
}

fn variables(surroundings: &Surroundings) -> Result<Preferences, ConfigError> {
    Preferences::gather(shell_folders(surroundings), |key| {
        let text = surroundings.variable(&variable_name(key));
        Ok(text.map(|text| RawSetting {
            raw: Raw::Untyped(text.to_owned()),
            spelled: key,
            origin: Origin::variable(key),
            at: None,
        }))
    })
}

/// The variables by which OpenSSL, and with it most programs of a machine, trusts other files than the system's store.
fn openssl_variables(surroundings: &Surroundings) -> (Setting<Option<PathBuf>>, Setting<Option<String>>) {
    let named = |name: &str| match surroundings.variable(name) {
        Some(value) => Setting { value: Some(value.to_owned()), origin: Origin::Variable(name.to_owned()) },
        None => Setting { value: None, origin: Origin::Default },
    };
    let Setting { value, origin } = named("SSL_CERT_FILE");
    let file = value.map(|file| shell_folders(surroundings).resolve(Path::new(&file)));
    (Setting { value: file, origin }, named("SSL_CERT_DIR"))
}

/// The shell has already replaced `~`.
fn shell_folders(surroundings: &Surroundings) -> Folders<'_> {
    Folders { base: Path::new(&surroundings.working_dir), home: None }
}
