//! Whether the `rust-version` of Cargo.toml is true, as far as that can be checked without the compiler of that version.
//!
//! The dependencies say themselves what they need; that our own code calls nothing newer is clippy's
//! `incompatible_msrv`, which is on by default. A crate that says nothing is counted, not judged.

use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use crate::build::cargo;

pub(crate) fn check(root: &Path) -> anyhow::Result<String> {
    let output = cargo()
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root)
        .output()
        .context("cannot run cargo")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    judge(&serde_json::from_slice(&output.stdout).context("cargo metadata answered something else than JSON")?)
}

/// Compares the dependencies' demands with ours. Ours must be the largest of them: a larger one would shut out
/// compilers for nothing, which is as untrue as a smaller one.
fn judge(metadata: &Value) -> anyhow::Result<String> {
    let packages = metadata["packages"].as_array().context("no packages in cargo's metadata")?;
    let ours = packages
        .iter()
        .filter(|package| package["source"].is_null())
        .filter_map(demand)
        .map(|(version, _)| version)
        .max()
        .context("Cargo.toml has no rust-version")?;
    let others = packages.iter().filter(|package| !package["source"].is_null());
    let demands: Vec<_> = others.clone().filter_map(demand).collect();
    let too_new: Vec<_> =
        demands.iter().filter(|(version, _)| *version > ours).map(|(_, who)| who.as_str()).collect();
    ensure!(too_new.is_empty(), "rust-version is {}, but\n  {}", show(ours), too_new.join("\n  "));
    let Some((highest, who)) = demands.iter().max() else { bail!("no dependency says what it needs") };
    ensure!(*highest == ours, "rust-version is {}, but no dependency needs more than {who}", show(ours));
    Ok(format!(
        "rust-version {} is what the dependencies need ({who}); {} do not say",
        show(ours),
        others.count() - demands.len()
    ))
}

type Version = [u64; 3];

fn demand(package: &Value) -> Option<(Version, String)> {
    let text = package["rust_version"].as_str()?;
    let mut version = [0; 3];
    for (slot, part) in version.iter_mut().zip(text.split('.')) {
        *slot = part.parse().ok()?;
    }
    let who = format!("{} {} needs {text}", package["name"].as_str()?, package["version"].as_str()?);
    Some((version, who))
}

fn show([major, minor, patch]: Version) -> String {
    format!("{major}.{minor}.{patch}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::judge;

    fn tree(ours: &str, theirs: [Option<&str>; 2]) -> Value {
        let package = |name: &str, source: Option<&str>, rust: Option<&str>| json!({"name": name, "version": "0.9.1", "source": source, "rust_version": rust});
        json!({"packages": [
            package("nexmo-conversion", None, Some(ours)),
            package("old", Some("registry"), theirs[0]),
            package("new", Some("registry"), theirs[1]),
        ]})
    }

    #[test]
    fn a_dependency_that_needs_a_newer_compiler_is_named() {
        let complaint = judge(&tree("1.88", [Some("1.60"), Some("1.88.1")])).unwrap_err().to_string();
        assert!(complaint.contains("new 0.9.1 needs 1.88.1"), "{complaint}");
        assert!(!complaint.contains("old"), "{complaint}");
    }

    #[test]
    fn asking_for_more_than_any_dependency_is_untrue_too() {
        let complaint = judge(&tree("1.90", [Some("1.60"), Some("1.88")])).unwrap_err().to_string();
        assert!(complaint.contains("1.90.0") && complaint.contains("new 0.9.1 needs 1.88"), "{complaint}");
    }

    #[test]
    fn what_is_needed_is_what_is_said() {
        assert!(judge(&tree("1.88", [None, Some("1.88.0")])).unwrap().contains("1 do not say"));
    }

    #[test]
    fn a_tree_that_says_nothing_proves_nothing() {
        judge(&tree("1.88", [None, None])).unwrap_err();
    }
}
