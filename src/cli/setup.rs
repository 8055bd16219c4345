//! From what was typed, stored and set to what a run needs: the account, the way to the API, the limits.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use super::args::{Global, LedgerArgs, NetworkArgs, PaceArgs, PingArgs};
use super::context::Context;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::CommandFailure;
use super::machine::{FILES_OF_A_RUN, FILES_OF_A_SANDBOX, ensure_files};
use super::ping::Pings;
use super::provenance::{by, say_origins};
use super::scratch::Scratch;
use crate::clock;
use crate::config::{
    self, BatchOverrides, CaCertificates, ConfigFileChoice, Configuration, Origin, Overrides, ProxySetting,
    Settings, Surroundings, Warning,
};
use crate::domain::{Account, AccountFingerprint, Auth, LedgerPlace, Secret, SharedLedger};
use crate::ledger::Ledger;
use crate::output::Severity;
use crate::pipeline::{Limits, Outbox};
use crate::sandbox::{Keep, Sandbox, SandboxOptions};
use crate::transport::{Endpoint, Pem, ProxyChoice, Trust, TrustStore, choose_proxy};
use crate::wire::PingUrl;

/// Everything a run needs.
pub(super) struct Setup {
    pub(super) account: Account,
    /// The profile's name, or of the sandbox.
    pub(super) profile: Option<String>,
    pub(super) settings: Settings,
    pub(super) endpoint: Endpoint,
    /// Where the secret comes from, for people.
    pub(super) credentials_from: String,
    /// What is doubtful about the files that hold the credentials.
    pub(super) warnings: Vec<Warning>,
    /// Which variable holds the secret, for a curl line that reads it from there.
    pub(super) secret_variable: String,
    /// Runs until this is dropped.
    sandbox: Option<Sandbox>,
}

/// Where requests go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The configured API.
    Api,
    /// A sandbox inside this process.
    Sandbox,
}

impl From<bool> for Target {
    fn from(sandbox: bool) -> Self {
        if sandbox { Self::Sandbox } else { Self::Api }
    }
}

/// Whether a monitor is told of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watched {
    /// Where there is one.
    Yes,
    /// Nothing is sent, or only what somebody waits for.
    No,
}

impl Watched {
    /// A dry run touches no network.
    pub(super) fn unless(dry_run: bool) -> Self {
        if dry_run { Self::No } else { Self::Yes }
    }
}

impl Setup {
    /// The account as the ledger knows it.
    pub(super) fn fingerprint(&self) -> AccountFingerprint {
        self.endpoint.base_url.account(&self.account.api_key)
    }

    pub(super) fn new(
        target: Target,
        network: &NetworkArgs,
        context: &mut Context,
    ) -> Result<Self, CommandFailure> {
        Self::for_stream(target, network, BatchOverrides::default(), Watched::No, context)
    }

    /// The same with what was typed for a stream.
    pub(super) fn for_stream(
        target: Target,
        network: &NetworkArgs,
        batch: BatchOverrides,
        watched: Watched,
        context: &mut Context,
    ) -> Result<Self, CommandFailure> {
        if target == Target::Sandbox && batch.ping.is_some() {
            let error = anyhow::anyhow!("--ping is not for --sandbox: nothing leaves this machine");
            return Err(CommandFailure::plain(Exit::Usage, error));
        }
        let overrides = Overrides { batch, ..overrides(&context.global, network) };
        match target {
            Target::Api => Self::for_the_api(&overrides, watched, context),
            Target::Sandbox => {
                ensure_files(FILES_OF_A_RUN + FILES_OF_A_SANDBOX)?;
                Self::for_a_sandbox(overrides, context)
            }
        }
    }

    fn for_the_api(
        overrides: &Overrides,
        watched: Watched,
        context: &mut Context,
    ) -> Result<Self, CommandFailure> {
        let surroundings = context.surroundings();
        let configuration = Configuration::read(&surroundings)?;
        let settings = configuration.settings(overrides)?;
        let endpoint = endpoint(&settings, &context.environment);
        // Before the credentials are looked for: that they are missing is what a monitor should hear of.
        if let (Some(url), Watched::Yes, Ok(endpoint)) = (&settings.ping.value, watched, &endpoint) {
            context.terminal.detail("ping", format_args!("{url}, {}", by(&settings.ping.origin)));
            let endpoint = endpoint_of_ping(url, endpoint, &settings, &context.environment)?;
            context.pings = Some(Pings::begin(url.clone(), endpoint));
        }
        let resolved = configuration.account(overrides)?;
        for warning in &resolved.warnings {
            context.terminal.warn(warning);
        }
        let endpoint = endpoint?;
        say_origins(&resolved, &settings, &endpoint, &mut context.terminal);
        Ok(Self {
            account: resolved.account,
            profile: resolved.profile,
            settings,
            endpoint,
            credentials_from: resolved.secret.to_string(),
            warnings: resolved.warnings,
            secret_variable: match resolved.secret {
                Origin::Variable(name) => name,
                Origin::Flag(_)
                | Origin::Profile { .. }
                | Origin::Section { .. }
                | Origin::VendorFile(_)
                | Origin::Default => "VONAGE_API_SECRET".to_owned(),
            },
            sandbox: None,
        })
    }
}

impl Setup {
    /// Whether the API is a sandbox of this process.
    pub(super) fn has_sandbox(&self) -> bool {
        self.sandbox.is_some()
    }

    /// A sandbox of this process, over TLS, with credentials that exist nowhere else. Nothing of the user's configuration or
    /// environment takes part, but for the limits that were typed.
    fn for_a_sandbox(overrides: Overrides, context: &mut Context) -> Result<Self, CommandFailure> {
        let sandbox = Sandbox::start(SandboxOptions { keep: Keep::Counts, ..SandboxOptions::default() })
            .map_err(cannot_start_the_sandbox)?;
        let nothing = Surroundings {
            variables: BTreeMap::new(),
            config_file: ConfigFileChoice::Nowhere,
            home: None,
            state_dir: None,
            working_dir: PathBuf::new(),
        };
        let overrides = Overrides { base_url: Some(sandbox.base_url().to_owned()), profile: None, ..overrides };
        let settings = Configuration::read(&nothing)?.settings(&overrides)?;
        let account = sandbox.accounts().first().map(|account| Account {
            api_key: account.api_key.clone(),
            auth: Auth::Form(account.api_secret.clone()),
        });
        let account = account
            .ok_or_else(|| CommandFailure::plain(Exit::Bug, anyhow::anyhow!("the sandbox has no account")))?;
        let text = format_args!("{} in this process; nothing leaves this machine", sandbox.base_url());
        context.terminal.note("sandbox", Severity::Note, text);
        let endpoint = Endpoint {
            base_url: settings.base_url.value.clone(),
            proxy: None,
            trust: TrustStore::new(Trust::Pem(vec![Pem {
                place: "the sandbox's own CA".to_owned(),
                pem: sandbox.ca_pem().unwrap_or_default().as_bytes().to_vec(),
            }])),
            connect_timeout: settings.connect_timeout.value,
            max_time: settings.max_time.value,
        };
        context.terminal.detail("credentials", "the sandbox's own, for this run only");
        context.terminal.detail("ca", endpoint.trust.describe());
        Ok(Self {
            account,
            profile: Some("sandbox".to_owned()),
            settings,
            endpoint,
            credentials_from: "the sandbox".to_owned(),
            warnings: Vec::new(),
            secret_variable: "VONAGE_API_SECRET".to_owned(),
            sandbox: Some(sandbox),
        })
    }
}

fn cannot_start_the_sandbox(error: std::io::Error) -> CommandFailure {
    let what = "cannot start the sandbox";
    // A listener has nothing to wait for: only a thread is refused so.
    if error.kind() == ErrorKind::WouldBlock {
        CommandFailure::no_thread(what, error)
    } else {
        CommandFailure::io(what, error)
    }
}

/// What was typed, as the configuration takes it.
pub(super) fn overrides(global: &Global, network: &NetworkArgs) -> Overrides {
    Overrides {
        profile: global.profile.clone(),
        base_url: network.base_url.clone(),
        proxy: network.proxy.clone().map(Secret::new),
        cacert: network.cacert.clone(),
        connect_timeout: network.connect_timeout,
        max_time: network.max_time,
        retry: network.retry,
        retry_max_time: network.retry_max_time,
        ..Overrides::default()
    }
}

/// What was typed for a stream.
pub(super) fn stream_overrides(pace: &PaceArgs, ping: &PingArgs) -> BatchOverrides {
    BatchOverrides {
        jobs: pace.jobs,
        rate: pace.rate.clone(),
        max_age: None,
        ping: ping.ping.clone().map(Secret::new),
    }
}

/// The way to the API; a CA file is read here, so that its faults are found before anything is sent.
pub(super) fn endpoint(settings: &Settings, environment: &Environment) -> Result<Endpoint, CommandFailure> {
    let base_url = settings.base_url.value.clone();
    let proxy = choose_proxy(&proxy_choice(settings), &base_url, |name| environment.variable(name))?;
    let named = settings.ca_certificates()?.into_iter().map(|CaCertificates { place, pem }| Pem { place, pem });
    let named: Vec<_> = named.collect();
    let trust = TrustStore::new(if named.is_empty() { Trust::System } else { Trust::Pem(named) });
    trust.check()?;
    let (connect_timeout, max_time) = (settings.connect_timeout.value, settings.max_time.value);
    Ok(Endpoint { base_url, proxy, trust, connect_timeout, max_time })
}

/// The way to a monitor: the same, but that a proxy is chosen for its own host.
fn endpoint_of_ping(
    url: &PingUrl,
    api: &Endpoint,
    settings: &Settings,
    environment: &Environment,
) -> Result<Endpoint, CommandFailure> {
    let base_url = url.site().clone();
    let proxy = choose_proxy(&proxy_choice(settings), &base_url, |name| environment.variable(name))?;
    Ok(Endpoint { base_url, proxy, ..api.clone() })
}

fn proxy_choice(settings: &Settings) -> ProxyChoice {
    match &settings.proxy.value {
        ProxySetting::FromEnvironment => ProxyChoice::Environment,
        ProxySetting::None => ProxyChoice::None,
        ProxySetting::Url(url) => {
            let origin = settings.proxy.origin.of("proxy");
            ProxyChoice::Url { url: url.expose().to_owned(), origin }
        }
    }
}

/// The limits of a run over what was typed: one after the other, in the order in which it was typed.
pub(super) fn limits_of_one(settings: &Settings) -> Limits {
    Limits { jobs: 1, interval: None, max_age: None, ..limits(settings) }
}

/// The limits of a run over a stream.
pub(super) fn limits(settings: &Settings) -> Limits {
    Limits {
        jobs: usize::try_from(settings.jobs.value).unwrap_or(1),
        retries: settings.retry.value,
        retry_max_time: settings.retry_max_time.value,
        interval: settings.rate.value.map(config::RequestRate::interval),
        max_age: settings.max_age.value,
        deadline: None,
    }
}

/// Whether a ledger's server that has gone is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Somebody waits for this command, and can give it again.
    None,
    /// As long as for the API.
    AsForTheApi,
}

/// Where conversions are written down.
pub(super) struct Opened {
    pub(super) outbox: Outbox,
    /// How long a group waits for more: on a server a transaction costs far more than a row.
    pub(super) linger: Duration,
    /// For a sandbox the folder that goes with it.
    pub(super) folder: Option<Scratch>,
}

/// Opens the place where conversions are written down.
pub(super) fn open_outbox(
    args: &LedgerArgs,
    target: Target,
    setup: &Setup,
    limits: Limits,
    patience: Patience,
    context: &mut Context,
) -> Result<Opened, CommandFailure> {
    if args.no_ledger {
        context.terminal.detail("ledger", "none, from --no-ledger");
        return Ok(Opened { outbox: Outbox::Off, linger: Duration::ZERO, folder: None });
    }
    // The input's files are open by now.
    ensure_files(FILES_OF_A_RUN)?;
    let place = match target {
        Target::Api => context.ledger(args.ledger.as_ref(), Some(&setup.settings))?,
        Target::Sandbox => return Ok(open_throw_away(&setup.fingerprint(), limits, context)),
    };
    let place = match (place, patience) {
        (LedgerPlace::Server(shared), Patience::None) => {
            LedgerPlace::Server(Box::new(SharedLedger { patience: Duration::ZERO, ..*shared }))
        }
        (place, _) => place,
    };
    let linger = match &place {
        LedgerPlace::Server(shared) => shared.linger,
        LedgerPlace::File(_) => Duration::ZERO,
    };
    let ledger = Ledger::open_at(&place, &setup.fingerprint(), limits.max_unsettled(), clock::now());
    let ledger = ledger.map_err(CommandFailure::of_recording)?;
    Ok(Opened { outbox: Outbox::Durable(Box::new(ledger)), linger, folder: None })
}

/// The ledger of a run against its own sandbox: a file, as for any other run. Where none can be made, as in a root file system that
/// has nothing but the program, it is kept in memory: nothing in it outlives the run anyway.
fn open_throw_away(account: &AccountFingerprint, limits: Limits, context: &mut Context) -> Opened {
    let made = Scratch::make().map_err(anyhow::Error::from).and_then(|folder| {
        let ledger = Ledger::open(&folder.ledger(), account, limits.max_unsettled(), clock::now())?;
        Ok((ledger, folder))
    });
    let (ledger, folder) = match made {
        Ok((ledger, folder)) => {
            let path = folder.ledger();
            context.terminal.detail("ledger", format_args!("{}, for this run only", path.display()));
            (ledger, Some(folder))
        }
        Err(error) => {
            context.terminal.detail("ledger", format_args!("in memory, for this run only: {error:#}"));
            (Ledger::in_memory(account), None)
        }
    };
    Opened { outbox: Outbox::Durable(Box::new(ledger)), linger: Duration::ZERO, folder }
}
