//! The bill of materials: what the program is made of, in the format of `CycloneDX`, for whoever looks for vulnerable versions.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::{Release, tools};

/// Writes it, and says where it is.
pub(super) fn write(release: &Release<'_>, out: &Path) -> anyhow::Result<PathBuf> {
    // It is written beside the manifest of each member of the workspace, under this name.
    const NAME: &str = "dist.cdx";
    let output = tools::SBOM
        .command()?
        .args(["--quiet", "--format", "json", "--spec-version", "1.5", "--no-build-deps"])
        .args(["--target", release.target, "--override-filename", NAME])
        .current_dir(release.root)
        .env("SOURCE_DATE_EPOCH", release.epoch.to_string())
        .output()
        .context("cannot run cargo")?;
    ensure!(output.status.success(), "the bill of materials: {}", String::from_utf8_lossy(&output.stderr));
    let file = |folder: &str| release.root.join(folder).join(format!("{NAME}.json"));
    let text = fs::read_to_string(file(".")).context("there is no bill of materials")?;
    for folder in [".", "xtask", "fuzz"] {
        fs::remove_file(file(folder)).with_context(|| format!("cannot remove {}", file(folder).display()))?;
    }
    let path = out.join(format!("{}.cdx.json", release.name()));
    fs::write(&path, settled(&text, release.root)?)?;
    Ok(path)
}

/// Without what chance or the folder has put into it.
fn settled(text: &str, root: &Path) -> anyhow::Result<String> {
    let text = text.replace(&root.display().to_string(), "/nexmo-conversion");
    let mut bill: Value = serde_json::from_str(&text).context("the bill of materials is no JSON")?;
    let fields = bill.as_object_mut().context("the bill of materials is no object")?;
    fields.remove("serialNumber");
    Ok(serde_json::to_string_pretty(&bill)? + "\n")
}
