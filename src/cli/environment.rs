//! The one place that reads the environment.
#![expect(clippy::disallowed_methods, reason = "this is the room that the ban points to")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::terminal::ColorWish;
use crate::config::{ConfigFileChoice, Surroundings};
use crate::output::Glyphs;

/// What the environment says, read once. Variables that are not UTF-8 are left out: none of ours can be.
pub(super) struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    pub(super) fn read() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { variables }
    }

    /// A variable's value; set to nothing counts as unset.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// What the environment wishes of colour, as <https://bixense.com/clicolors> has it: `NO_COLOR` first, then
    /// `CLICOLOR_FORCE`, then `CLICOLOR=0` and a terminal that is dumb.
    pub(super) fn color(&self) -> ColorWish {
        let is = |name, value: &str| self.variable(name).is_some_and(|found| found == value);
        let forced = self.variable("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        match self.variable("NO_COLOR") {
            Some(_) => ColorWish::Never,
            None if forced => ColorWish::Always,
            None if is("CLICOLOR", "0") || is("TERM", "dumb") => ColorWish::Never,
            None => ColorWish::OnTerminals,
        }
    }

    /// Whether the terminal shows more than ASCII, by what POSIX says of these variables: the first that is set decides.
    pub(super) fn glyphs(&self) -> Glyphs {
        let dumb = self.variable("TERM").is_some_and(|term| term == "dumb");
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| self.variable(name));
        let is_utf8 = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        if is_utf8 && !dumb { Glyphs::Unicode } else { Glyphs::Ascii }
    }

    /// Where state is kept between runs; nowhere without a home.
    #[expect(clippy::unused_self, reason = "the environment is what is asked")]
    pub(super) fn state_dir(&self) -> Option<PathBuf> {
        let base = dirs::state_dir().or_else(dirs::data_local_dir);
        Some(absolute(base)?.join("nexmo-conversion"))
    }

    /// What configuration is resolved against.
    pub(super) fn surroundings(&self, config: Option<&PathBuf>) -> Surroundings {
        let named = config.cloned().or_else(|| self.variable("NEXMO_CONVERSION_CONFIG").map(PathBuf::from));
        let config_file = match named {
            Some(path) => ConfigFileChoice::Explicit(path),
            None => absolute(dirs::config_dir()).map_or(ConfigFileChoice::Nowhere, |folder| {
                ConfigFileChoice::Default(folder.join("nexmo-conversion/config.toml"))
            }),
        };
        Surroundings {
            variables: self.variables.clone(),
            config_file,
            home: absolute(dirs::home_dir()),
            state_dir: self.state_dir(),
            working_dir: std::env::current_dir().unwrap_or_default(),
        }
    }
}

/// A relative `HOME` is no home: it would be a folder of whoever owns the current one.
fn absolute(folder: Option<PathBuf>) -> Option<PathBuf> {
    folder.filter(|folder| folder.is_absolute())
}
