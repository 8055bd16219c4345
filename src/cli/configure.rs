//! `config init`, `config show` and `config path`.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, Read as _};
use std::path::Path;

use serde_json::json;
use zeroize::Zeroizing;

use super::args::{Global, InitArgs, NetworkArgs};
use super::environment::Environment;
use super::exit::Exit;
use super::failure::{CommandFailure, Sought};
use super::prompt::{Answer, ask_hidden};
use super::setup::overrides;
use super::terminal::Terminal;
use crate::config::{self, ConfigError, Configuration, NewProfile, Surroundings};
use crate::domain::{ApiKey, AuthMode, Secret};
use crate::output::{Escaped, Tone, to_json};

/// A secret is a line; whatever is longer is not one.
const LONGEST_SECRET: u64 = 4096;

pub(super) fn path(
    global: &Global,
    environment: &Environment,
    terminal: &mut Terminal,
) -> Result<Exit, CommandFailure> {
    let surroundings = environment.surroundings(global.config.as_ref());
    let path = config_path(&surroundings)?.as_os_str().as_encoded_bytes();
    print(terminal, format!("{}\n", Escaped(path)))
}

pub(super) fn show(
    network: &NetworkArgs,
    global: &Global,
    environment: &Environment,
    terminal: &mut Terminal,
) -> Result<Exit, CommandFailure> {
    let overrides = overrides(global, network);
    let surroundings = environment.surroundings(global.config.as_ref());
    let configuration = Configuration::read(&surroundings)?;
    let settings = configuration.settings(&overrides)?;
    let account = match configuration.account(&overrides) {
        Ok(account) => Some(account),
        // Settings can be looked at without credentials; credentials that are there and wrong cannot be passed over.
        Err(error @ ConfigError::NoCredentials { .. }) => {
            terminal.remark("warning", Tone::Doubtful, &error);
            None
        }
        Err(error) => return Err(error.into()),
    };
    for warning in account.iter().flat_map(|account| &account.warnings) {
        terminal.remark("warning", Tone::Doubtful, warning);
    }
    let rows = config::show(&settings, account.as_ref());
    let mut shown = Vec::new();
    if global.json {
        for row in rows {
            let line = json!({"v": 1, "key": row.key, "value": row.value, "origin": row.origin.to_string()});
            to_json(&mut shown, &line).map_err(|error| CommandFailure::io("cannot write the settings", error))?;
        }
    } else {
        let mut text = String::new();
        let width = |of: &dyn Fn(&config::ShownValue) -> usize| rows.iter().map(of).max().unwrap_or_default();
        let (keys, values) = (width(&|row| row.key.len()), width(&|row| row.value.chars().count()));
        for row in &rows {
            let _ = writeln!(
                text,
                "{:keys$}  {:values$}  {}",
                row.key,
                Escaped::text(&row.value).to_string(),
                Escaped::text(&row.origin.to_string())
            );
        }
        shown = text.into_bytes();
    }
    print(terminal, shown)
}

pub(super) fn init(
    args: &InitArgs,
    global: &Global,
    environment: &Environment,
    terminal: &mut Terminal,
) -> Result<Exit, CommandFailure> {
    let surroundings = environment.surroundings(global.config.as_ref());
    let path = config_path(&surroundings)?;
    if path.symlink_metadata().is_ok() {
        // Told before anything is asked; that it is not overwritten is made sure of when it is written.
        return Err(ConfigError::Exists(path.to_owned()).into());
    }
    let auth: AuthMode =
        args.auth.parse().map_err(|why: String| CommandFailure::plain(Exit::Usage, anyhow::anyhow!(why)))?;
    let api_key = match &args.api_key {
        Some(key) => key.clone(),
        None if Terminal::can_ask() => ask_for_key(terminal)?,
        None => {
            return Err(CommandFailure::new(
                Exit::Usage,
                anyhow::anyhow!("there is no terminal to ask for the api_key on"),
                "give it with `--api-key KEY`, and the secret with `--api-secret-file FILE` (or `-`)",
            ));
        }
    };
    let api_key = ApiKey::parse(&api_key).map_err(|error| {
        CommandFailure::plain(Exit::Usage, anyhow::Error::new(error).context("--api-key is not usable"))
    })?;
    let secret = secret(args.api_secret_file.as_deref(), auth)?;
    let profile = NewProfile { name: args.name.clone(), api_key, secret, auth };
    config::write_new(path, &profile)?;
    if !global.quiet {
        let path = Escaped(path.as_os_str().as_encoded_bytes());
        terminal.say(format_args!("wrote {path}; `nexmo-conversion check` says whether it works"));
    }
    Ok(Exit::Done)
}

fn config_path(surroundings: &Surroundings) -> Result<&Path, CommandFailure> {
    surroundings.config_file.path().ok_or_else(|| CommandFailure::no_home(Sought::Configuration))
}

fn ask_for_key(terminal: &mut Terminal) -> Result<String, CommandFailure> {
    terminal.prompt("api_key: ");
    let mut line = String::new();
    io::stdin()
        .lock()
        .take(LONGEST_SECRET)
        .read_line(&mut line)
        .map_err(|error| CommandFailure::io("cannot read the api_key", error))?;
    Ok(line)
}

fn secret(file: Option<&Path>, auth: AuthMode) -> Result<Secret, CommandFailure> {
    let what = match auth {
        AuthMode::Form | AuthMode::Basic | AuthMode::Query => "api_secret",
        AuthMode::Signature | AuthMode::SignatureQuery => "signature_secret",
    };
    let unusable = |error| CommandFailure::of_secret(error, what);
    let cannot = |error| {
        CommandFailure::plain(Exit::NoInput, anyhow::Error::new(error).context(format!("cannot read the {what}")))
    };
    match file {
        Some(path) if path == Path::new("-") => {
            let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
            io::stdin().lock().take(LONGEST_SECRET).read_to_end(&mut bytes).map_err(cannot)?;
            config::parse_secret(&bytes).map_err(unusable)
        }
        Some(path) => config::read_secret_file(path).map_err(unusable),
        None if Terminal::can_ask() => match ask_hidden(&format!("{what} (not shown): ")) {
            Ok(Answer::Line(typed)) => config::parse_secret(&typed).map_err(unusable),
            Ok(Answer::Interrupted(exit)) => {
                Err(CommandFailure::plain(exit, anyhow::anyhow!("interrupted; nothing was written")))
            }
            Err(error) => Err(cannot(error)),
        },
        None => Err(CommandFailure::new(
            Exit::Usage,
            anyhow::anyhow!("there is no terminal to ask for the {what} on"),
            "give it with `--api-secret-file FILE`, or `--api-secret-file -` and a pipe",
        )),
    }
}

fn print(terminal: &mut Terminal, text: impl AsRef<[u8]>) -> Result<Exit, CommandFailure> {
    terminal.print(text).map_err(|error| CommandFailure::io("cannot write to standard output", error))?;
    Ok(Exit::Done)
}
