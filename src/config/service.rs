//! libpq's service file: sections of parameters, by name.

use std::path::PathBuf;

use crate::domain::{ServerParameter, ServerParameters, server_parameter};

use super::error::ConfigError;
use super::position::Position;
use super::private_file::{Missing, OpenFile};
use super::surroundings::Surroundings;
use super::value::ValueError;

const MOST: usize = 1024 * 1024;
/// The folder of the system's, unless `PGSYSCONFDIR` names another.
const SYSTEM: &str = "/etc/postgresql-common";

/// A section, from the user's own file or else from the system's, and which file that was.
pub(super) fn read(name: &str, surroundings: &Surroundings) -> Result<(PathBuf, ServerParameters), ConfigError> {
    let own = match surroundings.variable("PGSERVICEFILE") {
        Some(path) => Some((surroundings.working_dir.join(path), Missing::IsAnError)),
        None => surroundings.home.as_ref().map(|home| (home.join(".pg_service.conf"), Missing::IsFine)),
    };
    let system = surroundings.variable("PGSYSCONFDIR").unwrap_or(SYSTEM);
    let system = (PathBuf::from(system).join("pg_service.conf"), Missing::IsFine);
    let mut looked = Vec::new();
    for (path, missing) in own.into_iter().chain([system]) {
        if let Some(file) = OpenFile::open_if_there(&path, missing)? {
            let bytes = file.read(MOST)?;
            let text = String::from_utf8_lossy(&bytes);
            if let Some(parameters) = section(&text, name, &path)? {
                if parameters.contains_key(&ServerParameter::Password) {
                    file.insist_private()?;
                }
                return Ok((path, parameters));
            }
        }
        looked.push(path.display().to_string());
    }
    Err(ConfigError::Value {
        place: format!("service {name:?}"),
        source: ValueError::Name(format!("is not in {}", looked.join(" or "))),
    })
}

fn section(text: &str, name: &str, path: &std::path::Path) -> Result<Option<ServerParameters>, ConfigError> {
    let mut found = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(title) = line.strip_prefix('[') {
            if found.is_some() {
                break;
            }
            found = (title.strip_suffix(']') == Some(name)).then(ServerParameters::new);
            continue;
        }
        let Some(parameters) = &mut found else { continue };
        let at = Position { file: path.to_owned(), line: index + 1, column: 1 };
        let wrong = |key: &str, source| ConfigError::Key { at: at.clone(), key: key.to_owned(), source };
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        let key = key.trim_end();
        match server_parameter(key) {
            Ok(Some(ServerParameter::Service)) => {
                return Err(wrong(key, ValueError::Name("must not stand in a service file".to_owned())));
            }
            Ok(Some(parameter)) => {
                // As libpq has it: the first of two counts.
                parameters.entry(parameter).or_insert_with(|| value.trim_start().to_owned());
            }
            Ok(None) => {}
            Err(why) => return Err(wrong("a line of the service", why.into())),
        }
    }
    Ok(found)
}
