//! The Homebrew formula that fetches the archive.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::{Release, sums};

/// Fills in what is known. Where releases are published is not: whoever publishes writes it into the template.
pub(super) fn write(release: &Release<'_>, archive: &Path, out: &Path) -> anyhow::Result<()> {
    let template = release.root.join("contrib/homebrew/nexmo-conversion.rb");
    let formula = fs::read_to_string(&template).with_context(|| format!("cannot read {}", template.display()))?;
    let filled = formula
        .replace("@VERSION@", &release.version)
        .replace("@TARGET@", release.target)
        .replace("@SHA256@", &sums::sha256(&fs::read(archive)?));
    fs::write(out.join("nexmo-conversion.rb"), filled)?;
    Ok(())
}
