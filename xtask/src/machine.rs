//! What this machine has.

use std::path::{Path, PathBuf};

/// Where a program is. Services are not in everybody's `PATH`.
pub(crate) fn installed(name: &str) -> Option<PathBuf> {
    let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    folders.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists())
}
