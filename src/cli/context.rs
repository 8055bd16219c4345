//! What every command is given beside its own arguments.

use std::path::PathBuf;

use super::args::Global;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::{CommandFailure, Sought, cannot_print};
use super::terminal::Terminal;
use crate::config::Surroundings;
use crate::output::{OutputFormat, Verbosity};

/// Names the ledger's file.
const LEDGER_VARIABLE: &str = "NEXMO_CONVERSION_LEDGER";

/// The options of every command, the environment and the terminal: made once, and handed to the command that was typed.
pub(super) struct Context {
    pub(super) global: Global,
    pub(super) environment: Environment,
    pub(super) terminal: Terminal,
}

impl Context {
    /// What the configuration is resolved against.
    pub(super) fn surroundings(&self) -> Surroundings {
        self.environment.surroundings(self.global.config.as_ref())
    }

    /// Where the ledger is.
    pub(super) fn ledger_path(&mut self, typed: Option<&PathBuf>) -> Result<PathBuf, CommandFailure> {
        let stored = || Some((self.environment.variable(LEDGER_VARIABLE)?.into(), LEDGER_VARIABLE));
        let usual = || Some((self.environment.state_dir()?.join("ledger.db"), ""));
        let (path, origin) = typed
            .map(|path| (path.clone(), "--ledger"))
            .or_else(stored)
            .or_else(usual)
            .ok_or_else(|| CommandFailure::no_home(Sought::Ledger))?;
        let by = if origin.is_empty() { "by default".to_owned() } else { format!("from {origin}") };
        self.terminal.detail("ledger", format_args!("{}, {by}", path.display()));
        Ok(path)
    }

    /// Prints the whole answer of a command, which is done with that.
    pub(super) fn print(&mut self, answer: impl AsRef<[u8]>) -> Result<Exit, CommandFailure> {
        self.terminal.print(answer).map_err(cannot_print)?;
        Ok(Exit::Done)
    }
}

impl Global {
    pub(super) fn format(&self) -> OutputFormat {
        if self.json { OutputFormat::Json } else { OutputFormat::Text }
    }

    pub(super) fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Verbose,
            (false, false) => Verbosity::Normal,
        }
    }
}
