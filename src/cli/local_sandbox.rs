//! `sandbox`: a local Conversion API in the foreground, until a signal ends it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use serde_json::json;

use super::args::SandboxArgs;
use super::authority::AuthorityFile;
use super::context::Context;
use super::exit::Exit;
use super::failure::CommandFailure;
use super::interrupt::Interrupt;
use super::shell;
use crate::clock;
use crate::domain::{ApiKey, Secret};
use crate::output::{Escaped, OutputFormat, to_json};
use crate::sandbox::{Conversions, Encryption, Keep, Sandbox, SandboxAccount, SandboxOptions, Script, Unknowns};

/// How often it is looked whether a signal came.
const GLANCE: Duration = Duration::from_millis(50);

pub(super) fn sandbox(args: &SandboxArgs, context: &mut Context) -> Result<Exit, CommandFailure> {
    let interrupt = Interrupt::listen().map_err(|error| CommandFailure::io("cannot listen to signals", error))?;
    let sandbox = Sandbox::start(options(args)?).map_err(|error| {
        CommandFailure::io("cannot start the sandbox", error)
            .advising("choose another port with `--port`, or 0 for a free one")
    })?;
    let authority = match sandbox.ca_pem() {
        Some(pem) => Some(AuthorityFile::write(args.ca_file.as_deref(), sandbox.port(), pem)?),
        None => None,
    };
    let ca_file = authority.as_ref().map(|file| file.path.as_path());
    context.print(introduction(&sandbox, ca_file, own_secret(args).as_ref(), context.global.format()))?;
    wait(args, &interrupt);
    if let Some(authority) = authority {
        authority.remove();
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
        unknowns.set(switch).map_err(|error| CommandFailure::usage(error, "--set is not usable"))?;
    }
    let encryption = if args.tls {
        Encryption::Tls { certificate: args.certificate, versions: args.tls_versions }
    } else {
        Encryption::Plain
    };
    let log: Option<Box<dyn Write + Send>> = match &args.log {
        Some(path) if path == Path::new("-") => Some(Box::new(io::stdout())),
        Some(path) => Some(Box::new(open_log(path)?)),
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

/// Appended to, private if it is new. A link leads where another user chose, and is not followed.
fn open_log(path: &Path) -> Result<File, CommandFailure> {
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR).map(File::from).map_err(|error| {
        let failure = CommandFailure::io("cannot open the log file", error.into());
        match error {
            Errno::LOOP => {
                failure.advising("it is a symbolic link: name the file itself, or `-` for standard output")
            }
            _ => failure,
        }
    })
}

fn account(args: &SandboxArgs) -> Result<SandboxAccount, CommandFailure> {
    let api_key =
        ApiKey::parse(&args.api_key).map_err(|error| CommandFailure::usage(error, "--api-key is not usable"))?;
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

/// Where a secret of the caller's own is.
enum OwnSecret {
    /// In a file that a client can read as well.
    File(PathBuf),
    /// In a pipe, which has been read.
    Gone,
}

fn own_secret(args: &SandboxArgs) -> Option<OwnSecret> {
    args.api_secret_file.as_ref().map(|path| match std::path::absolute(path) {
        Ok(path) if path.is_file() => OwnSecret::File(path),
        Ok(_) | Err(_) => OwnSecret::Gone,
    })
}

/// What a client needs: exports for a shell, or one JSON object. A secret that was made up opens nothing but this sandbox; one
/// that was read from a file is the caller's own, and the client is given its path.
fn introduction(
    sandbox: &Sandbox,
    ca_file: Option<&Path>,
    own_secret: Option<&OwnSecret>,
    format: OutputFormat,
) -> Vec<u8> {
    let url = sandbox.base_url();
    let account = sandbox.accounts().first();
    let key = account.map(|account| account.api_key.as_str()).unwrap_or_default();
    let made_up = account.map(|account| account.api_secret.expose()).unwrap_or_default();
    if format == OutputFormat::Json {
        let shown = |path: &Path| path.display().to_string();
        let secret_file = match own_secret {
            Some(OwnSecret::File(path)) => Some(shown(path)),
            Some(OwnSecret::Gone) | None => None,
        };
        let secret = if own_secret.is_some() { Secret::MASK } else { made_up };
        let mut line = Vec::new();
        let _ = to_json(
            &mut line,
            &json!({
                "v": 1, "base_url": url, "api_key": key, "api_secret": secret, "ca_file": ca_file.map(shown),
                "api_secret_file": secret_file
            }),
        );
        return line;
    }
    let word = |path: &Path| shell::word(&Escaped(path.as_os_str().as_encoded_bytes()).to_string());
    let ca = ca_file.map(|path| format!("export NEXMO_CONVERSION_CACERT={}\n", word(path))).unwrap_or_default();
    let secret = match own_secret {
        None => format!("export VONAGE_API_SECRET={made_up}\n"),
        Some(OwnSecret::File(path)) => format!("export VONAGE_API_SECRET_FILE={}\n", word(path)),
        Some(OwnSecret::Gone) => {
            "# VONAGE_API_SECRET: the one that was read; a pipe cannot be read again\n".to_owned()
        }
    };
    format!("export NEXMO_CONVERSION_BASE_URL={url}\n{ca}export VONAGE_API_KEY={key}\n{secret}").into_bytes()
}
