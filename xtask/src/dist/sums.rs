//! SHA256SUMS, as `sha256sum --check` reads it, and what everything weighs.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

/// Writes the sums of what is in a folder, and shows its sizes.
pub(super) fn write(out: &Path) -> anyhow::Result<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(out)? {
        names.push(entry?.file_name().into_string().ok().context("a file whose name is no text")?);
    }
    names.sort();
    let (mut sums, mut sizes) = (String::new(), format!("in {}:", out.display()));
    for name in names {
        let bytes = fs::read(out.join(&name))?;
        writeln!(sums, "{}  {name}", sha256(&bytes))?;
        write!(sizes, "\n{:>10}  {name}", bytes.len())?;
    }
    fs::write(out.join("SHA256SUMS"), sums)?;
    Ok(sizes)
}

/// In hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
