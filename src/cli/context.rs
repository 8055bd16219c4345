//! What every command is given beside its own arguments.

use std::path::PathBuf;

use super::args::Global;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::{CommandFailure, Sought, cannot_print};
use super::ping::Pings;
use super::provenance::by;
use super::terminal::Terminal;
use crate::config::{Configuration, Overrides, Setting, Settings, Surroundings, ledger_at_once};
use crate::domain::{LedgerAddress, LedgerPlace};
use crate::output::{OutputFormat, Verbosity};

/// The options of every command, the environment and the terminal: made once, and handed to the command that was typed.
pub(super) struct Context {
    pub(super) global: Global,
    pub(super) environment: Environment,
    pub(super) terminal: Terminal,
    /// The monitor that is to be told how the command ends, once it was told that it began.
    pub(super) pings: Option<Pings>,
}

impl Context {
    /// What the configuration is resolved against.
    pub(super) fn surroundings(&self) -> Surroundings {
        self.environment.surroundings(self.global.config.as_ref())
    }

    /// Where the ledger is. A configuration that has been read already says so in `known`; only a server's needs to be read
    /// (again), because its address is no more than the beginning.
    pub(super) fn ledger(
        &mut self,
        typed: Option<&PathBuf>,
        known: Option<&Settings>,
    ) -> Result<LedgerPlace, CommandFailure> {
        let surroundings = self.surroundings();
        let at_once = ledger_at_once(typed.map(PathBuf::as_path), &surroundings)?;
        let stored = known.filter(|_| typed.is_none()).map(|known| &known.ledger.address);
        let (place, origin) = match (at_once, stored) {
            (Some(Setting { value, origin }), _) => (LedgerPlace::File(value), origin),
            (None, Some(Setting { value: Some(LedgerAddress::File(path)), origin })) => {
                (LedgerPlace::File(path.clone()), origin.clone())
            }
            (None, Some(_) | None) => {
                let overrides = Overrides {
                    profile: self.global.profile.clone(),
                    ledger: typed.cloned(),
                    ..Overrides::default()
                };
                let configuration = Configuration::read(&surroundings)?;
                let mut settings = configuration.settings(&overrides)?;
                if let Some(known) = known {
                    // A lease is longer than a request, and a server is waited for as the API is: also as these were typed.
                    settings.max_time.clone_from(&known.max_time);
                    settings.retry_max_time.clone_from(&known.retry_max_time);
                }
                let place = configuration.ledger(&settings)?;
                (place.ok_or_else(|| CommandFailure::no_home(Sought::Ledger))?, settings.ledger.address.origin)
            }
        };
        self.terminal.detail("ledger", format_args!("{place}, {}", by(&origin)));
        Ok(place)
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
