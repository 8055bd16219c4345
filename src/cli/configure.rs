//! `config show`, `config path` and `config profiles`.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;

use super::args::{Global, NetworkArgs};
use super::environment::Environment;
use super::exit::Exit;
use super::failure::{CommandFailure, Sought, cannot_print};
use super::setup::overrides;
use super::terminal::Terminal;
use crate::config::{self, ConfigError, Configuration, Surroundings};
use crate::output::{Escaped, Tone, to_json};

pub(super) fn path(
    global: &Global,
    environment: &Environment,
    terminal: &mut Terminal,
) -> Result<Exit, CommandFailure> {
    let surroundings = environment.surroundings(global.config.as_ref());
    let path = config_path(&surroundings)?.as_os_str().as_encoded_bytes();
    print(terminal, format!("{}\n", Escaped(path)))
}

pub(super) fn profiles(
    global: &Global,
    environment: &Environment,
    terminal: &mut Terminal,
) -> Result<Exit, CommandFailure> {
    let surroundings = environment.surroundings(global.config.as_ref());
    let configuration = Configuration::read(&surroundings)?;
    let mut names = String::new();
    for name in configuration.profile_names() {
        let _ = writeln!(names, "{}", Escaped::text(name));
    }
    print(terminal, names)
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
        Err(error @ (ConfigError::NoCredentials { .. } | ConfigError::SeveralProfiles { .. })) => {
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

pub(super) fn config_path(surroundings: &Surroundings) -> Result<&Path, CommandFailure> {
    surroundings.config_file.path().ok_or_else(|| CommandFailure::no_home(Sought::Configuration))
}

fn print(terminal: &mut Terminal, text: impl AsRef<[u8]>) -> Result<Exit, CommandFailure> {
    terminal.print(text).map_err(cannot_print)?;
    Ok(Exit::Done)
}
