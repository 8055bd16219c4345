//! Every value that holds, as `config show` lists it: readable, with its origin, and without secrets.

use std::path::PathBuf;
use std::time::Duration;

use crate::domain::{Auth, LedgerAddress, Secret};

use super::model::{LedgerSettings, ResolvedAccount, Settings};
use super::origin::{Origin, Setting};

/// One line of `config show`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownValue {
    /// The key, as the configuration file spells it.
    pub key: &'static str,
    /// The value; a mask in place of a secret.
    pub value: String,
    /// Who said so.
    pub origin: Origin,
}

/// Lists the credentials, where there are any, and the settings.
#[must_use]
pub fn show(settings: &Settings, account: Option<&ResolvedAccount>) -> Vec<ShownValue> {
    let mut shown = account.map_or_else(Vec::new, credentials);
    let Settings {
        base_url,
        proxy,
        cacert,
        ca_folders,
        connect_timeout,
        max_time,
        retry,
        retry_max_time,
        jobs,
        rate,
        max_age,
        ping,
        ledger,
    } = settings;
    shown.extend([
        row("base_url", base_url, ToString::to_string),
        row("proxy", proxy, ToString::to_string),
        row("cacert", cacert, |file| or_none(file.as_ref(), |file: &PathBuf| file.display().to_string())),
    ]);
    if ca_folders.value.is_some() {
        // OpenSSL's own; there is no key for it.
        shown.push(row("capath", ca_folders, |folders| or_none(folders.as_ref(), String::clone)));
    }
    shown.extend([
        row("connect_timeout", connect_timeout, spell),
        row("max_time", max_time, spell),
        row("retry", retry, ToString::to_string),
        row("retry_max_time", retry_max_time, spell),
        row("jobs", jobs, ToString::to_string),
        row("rate", rate, |rate| or_none(rate.as_ref(), ToString::to_string)),
        row("max_age", max_age, |age| or_none(age.as_ref(), spell)),
    ]);
    if ping.value.is_some() {
        shown.push(row("ping", ping, |url| or_none(url.as_ref(), ToString::to_string)));
    }
    shown.extend(of_ledger(ledger));
    shown
}

/// Where the ledger is; how a server is used, only where it is on one.
fn of_ledger(settings: &LedgerSettings) -> Vec<ShownValue> {
    let LedgerSettings { address, schema, linger, keep, lease, durability } = settings;
    let mut shown = vec![row("ledger", address, |place| or_none(place.as_ref(), ToString::to_string))];
    if let Some(LedgerAddress::Server(_)) = address.value {
        shown.extend([
            row("ledger_schema", schema, String::clone),
            row("ledger_linger", linger, spell),
            row("ledger_keep", keep, spell),
            row("ledger_lease", lease, spell),
            row("ledger_durability", durability, ToString::to_string),
        ]);
    }
    shown
}

fn credentials(resolved: &ResolvedAccount) -> Vec<ShownValue> {
    let secret = |key| ShownValue { key, value: Secret::MASK.to_owned(), origin: resolved.secret.clone() };
    let auth = |key, value: &str| ShownValue { key, value: value.to_owned(), origin: resolved.auth.clone() };
    let account = &resolved.account;
    let mut shown = vec![
        ShownValue { key: "api_key", value: account.api_key.to_string(), origin: resolved.api_key.clone() },
        auth("auth", account.auth.mode().as_str()),
    ];
    match &account.auth {
        Auth::Form(_) | Auth::Basic(_) | Auth::Query(_) => shown.push(secret("api_secret")),
        Auth::Signature { method, timestamp, .. } => shown.extend([
            secret("signature_secret"),
            auth("signature_method", method.as_str()),
            auth("signature_timestamp", timestamp.as_str()),
        ]),
    }
    shown
}

fn row<T>(key: &'static str, setting: &Setting<T>, display: impl FnOnce(&T) -> String) -> ShownValue {
    ShownValue { key, value: display(&setting.value), origin: setting.origin.clone() }
}

fn or_none<T>(value: Option<&T>, display: impl FnOnce(&T) -> String) -> String {
    value.map_or_else(|| "none".to_owned(), display)
}

/// A length of time as it would be typed.
fn spell(length: &Duration) -> String {
    let mut rest = length.as_millis();
    let parts = UNITS.map(|(unit, milliseconds)| {
        let count = rest / milliseconds;
        rest %= milliseconds;
        if count == 0 { String::new() } else { format!("{count}{unit}") }
    });
    let display = parts.concat();
    match (display.is_empty(), length.is_zero()) {
        (false, _) => display,
        (true, true) => "0s".to_owned(),
        (true, false) => "less than 1ms".to_owned(),
    }
}

const UNITS: [(&str, u128); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::spell;
    use crate::domain::parse_duration;

    proptest! {
        #[test]
        fn a_shown_duration_can_be_typed(milliseconds in 1..200_000_000_u64) {
            let length = Duration::from_millis(milliseconds);
            let typed = parse_duration(&spell(&length)).unwrap();
            // The parser reckons in floating point.
            prop_assert!(typed.abs_diff(length) < Duration::from_micros(1));
        }
    }

    #[test]
    fn durations_are_shown_as_they_are_typed() {
        let shown = |ms| spell(&Duration::from_millis(ms));
        assert_eq!(
            (shown(15_000), shown(120_000), shown(90_500)),
            ("15s".into(), "2m".into(), "1m30s500ms".into())
        );
    }
}
