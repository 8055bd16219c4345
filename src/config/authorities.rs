//! The files of CA certificates that a run trusts: `--cacert`, or OpenSSL's variables. Read and judged here like any
//! other file that decides where secrets go; what a certificate is, is not known here.

use std::collections::HashSet;
use std::env::split_paths;
use std::fs;
use std::path::Path;

use super::error::ConfigError;
use super::file_error::FileError;
use super::model::Settings;
use super::origin::Origin;
use super::private_file::{OpenFile, OpenMode};
use super::text;

/// CA certificates that replace the system's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaCertificates {
    /// Where they stand, for people.
    pub place: String,
    /// The files' bytes, one after the other; not yet looked at.
    pub pem: Vec<u8>,
}

/// All the world's authorities are a few hundred KiB; `/dev/zero` has no end.
const MOST: usize = 16 * 1024 * 1024;

impl Settings {
    /// The CA certificates that replace the system's; none where the system's hold. Every source that is named has to be usable: a
    /// run never falls back to trusting others.
    pub fn ca_certificates(&self) -> Result<Vec<CaCertificates>, ConfigError> {
        let mut named = Vec::new();
        if let Some(path) = &self.cacert.value {
            named.push(certificates(&self.cacert.origin, &path.display().to_string(), read_file(path))?);
        }
        if let Some(paths) = &self.ca_folders.value {
            named.push(certificates(&self.ca_folders.origin, paths, read_folders(paths))?);
        }
        Ok(named)
    }
}

fn certificates(
    origin: &Origin,
    path: &str,
    read: Result<Vec<u8>, FileError>,
) -> Result<CaCertificates, ConfigError> {
    let place = match origin {
        // OpenSSL's, which people set long ago and for another program.
        Origin::Variable(name) if name.starts_with("SSL_CERT") => format!("{path} ({name})"),
        Origin::Flag(_)
        | Origin::Variable(_)
        | Origin::Profile { .. }
        | Origin::Section { .. }
        | Origin::VendorFile(_)
        | Origin::Default => path.to_owned(),
    };
    let pem = read.map_err(|source| ConfigError::Authorities { origin: origin.clone(), source })?;
    Ok(CaCertificates { place, pem })
}

pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, FileError> {
    let file = OpenFile::open(path, OpenMode::Blocking)?;
    file.insist_file_or_stream()?;
    file.insist_ours()?;
    file.insist_unwritable()?;
    Ok(text::without_mark(&file.read_public(MOST)?).to_vec())
}

/// Every file in the folders, each once however many links lead to it. Of several folders some may be missing.
fn read_folders(folders: &str) -> Result<Vec<u8>, FileError> {
    let (mut pem, mut seen) = (Vec::new(), HashSet::new());
    let mut missing = None;
    for folder in split_paths(folders).filter(|folder| !folder.as_os_str().is_empty()) {
        if let Err(source) = read_folder(&folder, &mut pem, &mut seen)? {
            missing.get_or_insert(FileError::Read { path: folder, source });
        }
    }
    missing.filter(|_| pem.is_empty()).map_or(Ok(pem), Err)
}

fn read_folder(
    folder: &Path,
    pem: &mut Vec<u8>,
    seen: &mut HashSet<(u64, u64)>,
) -> Result<std::io::Result<()>, FileError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return Ok(Err(error)),
    };
    for entry in entries.flatten() {
        // A link that leads nowhere, or a key of root's beside the certificates.
        let Ok(file) = OpenFile::open(&entry.path(), OpenMode::NonBlocking) else { continue };
        if file.insist_regular().is_err() || !seen.insert(file.identity()) {
            continue;
        }
        file.insist_ours()?;
        file.insist_unwritable()?;
        pem.extend_from_slice(text::without_mark(&file.read_public(MOST)?));
        pem.push(b'\n');
    }
    Ok(Ok(()))
}
