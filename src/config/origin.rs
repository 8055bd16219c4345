//! Where a value comes from. Knows how a source is called, not how it is read.

use std::fmt;
use std::path::PathBuf;

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// What holds.
    pub value: T,
    /// Who said so.
    pub origin: Origin,
}

/// Where a value comes from; displayed as people would name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Typed: `--max-time`.
    Flag(String),
    /// An environment variable: `NEXMO_CONVERSION_MAX_TIME`.
    Variable(String),
    /// A profile of the configuration file.
    Profile {
        /// Its name.
        name: String,
        /// The configuration file.
        file: PathBuf,
    },
    /// A section of the configuration file.
    Section {
        /// Its name, without brackets.
        section: &'static str,
        /// The configuration file.
        file: PathBuf,
    },
    /// A file that one of the vendor's own command lines keeps.
    VendorFile(PathBuf),
    /// Nothing was said.
    Default,
}

impl Origin {
    /// The flag of a settings key: `max_time` is `--max-time`.
    pub(super) fn flag(key: &str) -> Self {
        Self::Flag(format!("--{}", key.replace('_', "-")))
    }

    /// The value of this key, as people would name it: `--max-time`, `max_time of profile "2fa" (…)`.
    #[must_use]
    pub fn of(&self, key: &str) -> String {
        match self {
            Self::Flag(name) | Self::Variable(name) => name.clone(),
            Self::Profile { .. } | Self::Section { .. } | Self::VendorFile(_) | Self::Default => {
                format!("{key} of {self}")
            }
        }
    }

    /// The variable of a settings key: `max_time` is `NEXMO_CONVERSION_MAX_TIME`.
    pub(super) fn variable(key: &str) -> Self {
        Self::Variable(variable_name(key))
    }
}

/// The name of the variable that stands for a settings key.
pub(super) fn variable_name(key: &str) -> String {
    format!("NEXMO_CONVERSION_{}", key.to_ascii_uppercase())
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Variable(name) => f.write_str(name),
            Self::Profile { name, file } => write!(f, "profile {name:?} ({})", file.display()),
            Self::Section { section, file } => write!(f, "[{section}] in {}", file.display()),
            Self::VendorFile(file) => write!(f, "{}", file.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;

    #[test]
    fn origins_are_named_as_people_name_them() {
        assert_eq!(Origin::flag("max_time").to_string(), "--max-time");
        assert_eq!(Origin::variable("max_time").to_string(), "NEXMO_CONVERSION_MAX_TIME");
        let file = "/etc/c.toml".into();
        let profile = Origin::Profile { name: "2fa".into(), file };
        assert_eq!(profile.to_string(), r#"profile "2fa" (/etc/c.toml)"#);
        let section = Origin::Section { section: "network", file: "/etc/c.toml".into() };
        assert_eq!(section.to_string(), "[network] in /etc/c.toml");
    }
}
