//! Where the account, the way to the API and the ledger come from: the first lines of `-v`. The origins are those of `config show`.

use std::sync::mpsc::{Receiver, Sender, channel};

use super::args::Global;
use super::terminal::Terminal;
use crate::config::{Origin, ProxySetting, ResolvedAccount, Settings, show};
use crate::output::{Verbosity, exchange_label};
use crate::transport::{Endpoint, Watched};

/// Says whose account it is, where requests go and by which way, each with its origin.
pub(super) fn say_origins(
    account: &ResolvedAccount,
    settings: &Settings,
    endpoint: &Endpoint,
    terminal: &mut Terminal,
) {
    if terminal.verbosity() < Verbosity::Verbose {
        return;
    }
    for row in show(settings, Some(account)).iter().take_while(|row| row.key != "proxy") {
        terminal.detail(row.key, format_args!("{}, {}", row.value, by(&row.origin)));
    }
    terminal.detail("proxy", proxy(settings, endpoint));
    let authorities = endpoint.trust.describe();
    let origin =
        if settings.cacert.value.is_some() { &settings.cacert.origin } else { &settings.ca_folders.origin };
    terminal.detail("ca", format_args!("{authorities}, {}", by(origin)));
}

/// The proxy that holds, and who named it; or who said that there is none.
pub(super) fn proxy(settings: &Settings, endpoint: &Endpoint) -> String {
    let setting = &settings.proxy;
    match (&endpoint.proxy, &setting.value) {
        (Some(proxy), ProxySetting::FromEnvironment) => format!("{proxy}, from {}", proxy.origin),
        (Some(proxy), ProxySetting::Url(_) | ProxySetting::None) => format!("{proxy}, {}", by(&setting.origin)),
        (None, ProxySetting::FromEnvironment) => "none".to_owned(),
        (None, ProxySetting::None) => format!("none, {}", by(&setting.origin)),
        // `no_proxy` covers the host, or the API is on this machine.
        (None, ProxySetting::Url(_)) => format!("none for {}", endpoint.base_url.host()),
    }
}

pub(super) fn by(origin: &Origin) -> String {
    match origin {
        Origin::Default => "by default".to_owned(),
        Origin::Flag(_)
        | Origin::Variable(_)
        | Origin::Profile { .. }
        | Origin::Section { .. }
        | Origin::VendorFile(_) => format!("from {origin}"),
    }
}

/// The two ends by which requests and answers are watched; none unless `-v` asks for it.
pub(super) fn exchanges(global: &Global) -> (Option<Sender<Watched>>, Option<Receiver<Watched>>) {
    if global.verbosity() < Verbosity::Verbose {
        return (None, None);
    }
    let (watcher, seen) = channel();
    (Some(watcher), Some(seen))
}

/// Says what was seen so far.
pub(super) fn say_exchanges(seen: Option<&Receiver<Watched>>, terminal: &mut Terminal) {
    for exchange in seen.into_iter().flat_map(Receiver::try_iter) {
        terminal.detail(exchange_label(&exchange), &exchange);
    }
}
