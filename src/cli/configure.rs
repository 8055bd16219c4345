//! `config show`, `config path` and `config profiles`.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;

use super::args::NetworkArgs;
use super::context::Context;
use super::exit::Exit;
use super::failure::{CommandFailure, Sought};
use super::setup::overrides;
use crate::config::{self, ConfigError, Configuration, Surroundings};
use crate::output::{Escaped, to_json};

pub(super) fn path(context: &mut Context) -> Result<Exit, CommandFailure> {
    let surroundings = context.surroundings();
    let path = config_path(&surroundings)?.as_os_str().as_encoded_bytes();
    context.print(format!("{}\n", Escaped(path)))
}

pub(super) fn profiles(context: &mut Context) -> Result<Exit, CommandFailure> {
    let surroundings = context.surroundings();
    let configuration = Configuration::read(&surroundings)?;
    let mut names = String::new();
    for name in configuration.profile_names() {
        let _ = writeln!(names, "{}", Escaped::text(name));
    }
    context.print(names)
}

pub(super) fn show(network: &NetworkArgs, context: &mut Context) -> Result<Exit, CommandFailure> {
    let overrides = overrides(&context.global, network);
    let surroundings = context.surroundings();
    let configuration = Configuration::read(&surroundings)?;
    let settings = configuration.settings(&overrides)?;
    let account = match configuration.account(&overrides) {
        Ok(account) => Some(account),
        // Settings can be looked at without credentials; credentials that are there and wrong cannot be passed over.
        Err(error @ (ConfigError::NoCredentials { .. } | ConfigError::SeveralProfiles { .. })) => {
            context.terminal.warn(&error);
            None
        }
        Err(error) => return Err(error.into()),
    };
    for warning in account.iter().flat_map(|account| &account.warnings) {
        context.terminal.warn(warning);
    }
    let rows = config::show(&settings, account.as_ref());
    let mut shown = Vec::new();
    if context.global.json {
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
    context.print(shown)
}

pub(super) fn config_path(surroundings: &Surroundings) -> Result<&Path, CommandFailure> {
    surroundings.config_file.path().ok_or_else(|| CommandFailure::no_home(Sought::Configuration))
}
