//! `config init`: a first configuration file, or another profile in it. What is missing or unusable is asked for again, where there
//! is a terminal to ask on.

use std::io::{self, BufRead as _, Read as _};
use std::path::Path;

use anyhow::anyhow;
use zeroize::Zeroizing;

use super::args::InitArgs;
use super::configure::config_path;
use super::context::Context;
use super::exit::Exit;
use super::failure::{CommandFailure, say};
use super::prompt::{TypedAnswer, ask_hidden};
use super::terminal::Terminal;
use crate::config::{self, ConfigError, Configuration, NewProfile};
use crate::domain::{ApiKey, AuthMode, Secret};
use crate::output::Escaped;

/// A secret is a line; whatever is longer is not one.
const LONGEST_SECRET: u64 = 4096;

pub(super) fn init(args: &InitArgs, context: &mut Context) -> Result<Exit, CommandFailure> {
    let surroundings = context.surroundings();
    let path = config_path(&surroundings)?;
    let there = path.symlink_metadata().is_ok();
    let named = context.global.profile.as_ref().or(args.name.as_ref());
    // Told before anything is asked; that nothing is overwritten is made sure of when it is written.
    if there {
        let Some(name) = named else { return Err(ConfigError::Exists(path.to_owned()).into()) };
        if Configuration::read(&surroundings)?.profile_names().any(|known| known == name) {
            return Err(ConfigError::ProfileExists { name: name.clone(), path: path.to_owned() }.into());
        }
    }
    let auth: AuthMode =
        args.auth.parse().map_err(|why: String| CommandFailure::plain(Exit::Usage, anyhow!(why)))?;
    let asking = if args.no_input || !Terminal::can_ask() { Asking::Never } else { Asking::Again };
    let api_key = match &args.api_key {
        Some(key) => parse_key(key)?,
        None => again(asking, &mut context.terminal, |terminal| ask_for_key(asking, terminal))?,
    };
    let secret = match args.api_secret_file.as_deref() {
        Some(file) => secret_in(file, auth)?,
        None => again(asking, &mut context.terminal, |_| ask_for_secret(asking, auth))?,
    };
    let profile = NewProfile { name: named.map_or("2fa", String::as_str).to_owned(), api_key, secret, auth };
    if there {
        config::add_profile(path, &profile)?;
    } else {
        config::write_new(path, &profile)?;
    }
    let (path, what) = (Escaped(path.as_os_str().as_encoded_bytes()), if there { "added to" } else { "wrote" });
    context.terminal.say(format_args!("{what} {path}; `nexmo-conversion check` says whether it works"));
    Ok(Exit::Done)
}

/// What is done about what is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asking {
    Never,
    Again,
}

/// Why a question has no answer.
enum Unanswered {
    /// It can be asked again.
    Unusable(CommandFailure),
    /// There is no answer.
    GivenUp(CommandFailure),
}

/// Asks until the answer is usable. The end of input, or a signal, is the end of asking.
fn again<T>(
    asking: Asking,
    terminal: &mut Terminal,
    mut ask: impl FnMut(&mut Terminal) -> Result<T, Unanswered>,
) -> Result<T, CommandFailure> {
    loop {
        match ask(terminal) {
            Ok(answer) => return Ok(answer),
            Err(Unanswered::Unusable(failure)) if asking == Asking::Again => say(&failure, terminal),
            Err(Unanswered::Unusable(failure) | Unanswered::GivenUp(failure)) => return Err(failure),
        }
    }
}

fn parse_key(text: &str) -> Result<ApiKey, CommandFailure> {
    let key = ApiKey::parse(text.trim_end_matches(['\r', '\n']));
    key.map_err(|error| CommandFailure::usage(error, "the api_key is not usable"))
}

fn ask_for_key(asking: Asking, terminal: &mut Terminal) -> Result<ApiKey, Unanswered> {
    if asking == Asking::Never {
        return Err(nobody_to_ask(
            "api_key",
            "give it with `--api-key KEY`, and the secret with `--api-secret-file FILE` (or `-`)",
        ));
    }
    terminal.prompt("api_key: ");
    let mut line = String::new();
    let read = io::stdin().lock().take(LONGEST_SECRET).read_line(&mut line);
    match read.map_err(|error| Unanswered::GivenUp(CommandFailure::io("cannot read the api_key", error)))? {
        0 => Err(gave_up(Exit::Usage)),
        _ => parse_key(&line).map_err(Unanswered::Unusable),
    }
}

fn ask_for_secret(asking: Asking, auth: AuthMode) -> Result<Secret, Unanswered> {
    let what = auth.secret_key();
    if asking == Asking::Never {
        let hint = "give it with `--api-secret-file FILE`, or `--api-secret-file -` and a pipe";
        return Err(nobody_to_ask(what, hint));
    }
    match ask_hidden(&format!("{what} (not shown): "))
        .map_err(|error| Unanswered::GivenUp(cannot_read(what, error)))?
    {
        TypedAnswer::Line(typed) if typed.is_empty() => Err(gave_up(Exit::Usage)),
        TypedAnswer::Line(typed) => config::parse_secret(&typed)
            .map_err(|error| Unanswered::Unusable(CommandFailure::of_secret(error, what))),
        TypedAnswer::Interrupted(exit) => Err(gave_up(exit)),
    }
}

fn secret_in(file: &Path, auth: AuthMode) -> Result<Secret, CommandFailure> {
    let what = auth.secret_key();
    let secret = if file == Path::new("-") {
        let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
        io::stdin()
            .lock()
            .take(LONGEST_SECRET)
            .read_to_end(&mut bytes)
            .map_err(|error| cannot_read(what, error))?;
        config::parse_secret(&bytes)
    } else {
        config::read_secret_file(file)
    };
    secret.map_err(|error| CommandFailure::of_secret(error, what))
}

fn cannot_read(what: &str, error: io::Error) -> CommandFailure {
    CommandFailure::plain(Exit::NoInput, anyhow::Error::new(error).context(format!("cannot read the {what}")))
}

fn nobody_to_ask(what: &str, hint: &str) -> Unanswered {
    Unanswered::GivenUp(CommandFailure::new(
        Exit::Usage,
        anyhow!("the {what} is missing and cannot be asked for: there is no terminal, or --no-input was given"),
        hint,
    ))
}

fn gave_up(exit: Exit) -> Unanswered {
    Unanswered::GivenUp(CommandFailure::plain(exit, anyhow!("no answer; nothing was written")))
}
