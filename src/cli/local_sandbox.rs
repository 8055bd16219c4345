//! `sandbox`: a local Conversion API in the foreground, until a signal ends it.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;

use super::args::{Global, SandboxArgs};
use super::dry_run::one_word;
use super::exit::Exit;
use super::failure::{CommandFailure, cannot_print};
use super::interrupt::Interrupt;
use super::terminal::Terminal;
use crate::clock;
use crate::domain::{ApiKey, Secret};
use crate::output::{Escaped, to_json};
use crate::sandbox::{Conversions, Encryption, Keep, Sandbox, SandboxAccount, SandboxOptions, Script, Unknowns};

/// How often it is looked whether a signal came.
const GLANCE: Duration = Duration::from_millis(50);

pub(super) fn sandbox(
    args: &SandboxArgs,
    global: &Global,
    terminal: &mut Terminal,
) -> Result<Exit, CommandFailure> {
    let interrupt = Interrupt::listen().map_err(|error| CommandFailure::io("cannot listen to signals", error))?;
    let sandbox = Sandbox::start(options(args)?).map_err(|error| {
        CommandFailure::io("cannot start the sandbox", error)
            .advising("choose another port with `--port`, or 0 for a free one")
    })?;
    let ca_file = match sandbox.ca_pem() {
        Some(pem) => Some(write_ca(args.ca_file.as_deref(), sandbox.port(), pem)?),
        None => None,
    };
    terminal
        .print(introduction(&sandbox, ca_file.as_deref(), args.api_secret_file.as_deref(), global))
        .map_err(cannot_print)?;
    wait(args, &interrupt);
    if let (Some(path), None) = (&ca_file, &args.ca_file) {
        let _ = fs::remove_file(path);
    }
    let ended = interrupt.asked().load(Ordering::Relaxed);
    Ok(if ended { interrupt.exit() } else { Exit::Done })
}

/// Serves until a signal, or until the time is over.
fn wait(args: &SandboxArgs, interrupt: &Interrupt) {
    let began = clock::monotonic();
    while !interrupt.asked().load(Ordering::Relaxed) {
        if args.stop_after.is_some_and(|limit| clock::monotonic().saturating_sub(began) >= limit) {
            return;
        }
        clock::sleep(GLANCE);
    }
}

fn options(args: &SandboxArgs) -> Result<SandboxOptions, CommandFailure> {
    let mut unknowns = Unknowns::default();
    for switch in &args.set {
        unknowns.set(switch).map_err(|error| {
            CommandFailure::plain(Exit::Usage, anyhow::Error::new(error).context("--set is not usable"))
        })?;
    }
    let encryption = if args.tls {
        Encryption::Tls { certificate: args.certificate, versions: args.tls_versions }
    } else {
        Encryption::Plain
    };
    let log: Option<Box<dyn Write + Send>> = match &args.log {
        Some(path) if path == Path::new("-") => Some(Box::new(io::stdout())),
        Some(path) => Some(Box::new(
            OpenOptions::new()
                .append(true)
                .create(true)
                .mode(0o600)
                .open(path)
                .map_err(|error| CommandFailure::io("cannot open the log file", error))?,
        )),
        None => None,
    };
    Ok(SandboxOptions {
        port: args.port,
        encryption,
        accounts: vec![account(args)?],
        unknowns,
        script: Script { first: args.reply.clone(), then: args.then, every: args.every.clone() },
        latency: args.latency.unwrap_or_default(),
        clock_skew: args.clock_skew,
        keep: Keep::Counts,
        log,
        ..SandboxOptions::default()
    })
}

fn account(args: &SandboxArgs) -> Result<SandboxAccount, CommandFailure> {
    let api_key = ApiKey::parse(&args.api_key).map_err(|error| {
        CommandFailure::plain(Exit::Usage, anyhow::Error::new(error).context("--api-key is not usable"))
    })?;
    let throw_away = SandboxAccount::throw_away();
    let api_secret = match &args.api_secret_file {
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|error| {
                CommandFailure::plain(
                    Exit::NoInput,
                    anyhow::Error::new(error).context(format!("cannot read {}", path.display())),
                )
            })?;
            Secret::new(text.trim_end_matches(['\r', '\n']).to_owned())
        }
        None => throw_away.api_secret,
    };
    let signature = Some((api_secret.clone(), args.signature_method));
    let conversions = if args.not_enabled { Conversions::NotEnabled } else { Conversions::Enabled };
    Ok(SandboxAccount { api_key, api_secret, signature, conversions })
}

fn write_ca(chosen: Option<&Path>, port: u16, pem: &str) -> Result<PathBuf, CommandFailure> {
    let path = match chosen {
        Some(path) => path.to_owned(),
        None => std::env::temp_dir().join(format!("nexmo-conversion-sandbox-{port}.pem")),
    };
    // A name in a shared folder may have been taken by a link to somewhere else: whatever is there is removed, not followed.
    let _ = fs::remove_file(&path);
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .and_then(|mut file| {
            // Our umask is private; a certificate is public, and another user's client may need it.
            file.set_permissions(Permissions::from_mode(0o644))?;
            file.write_all(pem.as_bytes())
        })
        .map_err(|error| CommandFailure::io("cannot write the CA's certificate", error))?;
    Ok(path)
}

/// What a client needs: exports for a shell, or one JSON object. The secret opens nothing but this sandbox; one that was
/// read from a file is the caller's own and is shown masked.
fn introduction(sandbox: &Sandbox, ca_file: Option<&Path>, own_secret: Option<&Path>, global: &Global) -> Vec<u8> {
    let url = sandbox.base_url();
    let account = sandbox.accounts().first();
    let key = account.map(|account| account.api_key.as_str()).unwrap_or_default();
    let secret = match (own_secret, account) {
        (None, Some(account)) => account.api_secret.expose(),
        _ => Secret::MASK,
    };
    if global.json {
        let ca_file = ca_file.map(|path| path.display().to_string());
        let mut line = Vec::new();
        let _ = to_json(
            &mut line,
            &json!({"v": 1, "base_url": url, "api_key": key, "api_secret": secret, "ca_file": ca_file}),
        );
        return line;
    }
    let ca = ca_file.map(|path| {
        let path = Escaped(path.as_os_str().as_encoded_bytes()).to_string();
        format!("export NEXMO_CONVERSION_CACERT={}\n", one_word(&path))
    });
    let ca = ca.unwrap_or_default();
    format!(
        "export NEXMO_CONVERSION_BASE_URL={url}\n{ca}export VONAGE_API_KEY={key}\nexport VONAGE_API_SECRET={secret}\n"
    )
    .into_bytes()
}
