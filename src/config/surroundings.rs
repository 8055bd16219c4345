//! What the room needs to know of the machine and the user, and must not ask for itself.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// What surrounds the program: everything this room needs to know and must not ask for itself.
#[derive(Clone)]
pub struct Surroundings {
    /// The environment; a variable that is set to nothing counts as unset.
    pub variables: BTreeMap<String, String>,
    /// Where the configuration is.
    pub config_file: ConfigFileChoice,
    /// The user's home, where it is known.
    pub home: Option<PathBuf>,
    /// Where state is kept between runs; nowhere without a home.
    pub state_dir: Option<PathBuf>,
    /// The folder against which typed paths and variables are read.
    pub working_dir: PathBuf,
}

impl fmt::Debug for Surroundings {
    /// Leaves the variables out: secrets are among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings")
            .field("config_file", &self.config_file)
            .field("home", &self.home)
            .field("working_dir", &self.working_dir)
            .finish_non_exhaustive()
    }
}

/// Which configuration file, and whether it may be absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigFileChoice {
    /// The usual place; absent means empty.
    Default(PathBuf),
    /// `--config FILE`; must be there.
    Explicit(PathBuf),
    /// There is no usual place, because there is no home.
    Nowhere,
}

impl ConfigFileChoice {
    /// The file's path, however it was chosen.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Default(path) | Self::Explicit(path) => Some(path),
            Self::Nowhere => None,
        }
    }
}

impl Surroundings {
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}
