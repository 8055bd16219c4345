//! The licences of what is linked into the program, as their authors wrote them: whoever passes the program on passes them on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

pub(super) const FILE: &str = "THIRD-PARTY-LICENSES.txt";

const OPENING: &str = "\
The program contains the following packages of other authors, under the licences that are named and repeated below. It is linked
with Rust's standard library (MIT OR Apache-2.0) and SQLite (public domain); a build for a GNU target is linked with the GNU C
library (LGPL-2.1-or-later), from whose source and the source of this program, which names the version of each package, it can be
linked again.
";
/// How the files are called that hold a licence.
const NAMES: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"];

/// One text with every licence of what cargo links for one target.
pub(super) fn collect(metadata: &Value) -> anyhow::Result<String> {
    let packages = metadata["packages"].as_array().context("no packages in cargo's metadata")?;
    let linked = linked(metadata)?;
    let mut text = OPENING.to_owned();
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let others = packages.iter().filter(|package| !package["source"].is_null());
    for package in others.filter(|package| package["id"].as_str().is_some_and(|id| linked.contains(id))) {
        let said = |key: &str| package[key].as_str().unwrap_or_default();
        let name = format!("{} {}", said("name"), said("version"));
        write!(text, "\n{name}: {}", said("license"))?;
        for licence in files(Path::new(said("manifest_path")))? {
            texts.entry(licence).or_default().insert(name.clone());
        }
    }
    text.push('\n');
    for (licence, packages) in texts {
        let packages: Vec<_> = packages.into_iter().collect();
        write!(text, "\n{}\n{}\n\n{}\n", "=".repeat(80), packages.join(", "), licence.trim())?;
    }
    Ok(text)
}

/// The ids of the packages that the program is linked with: neither tests nor what only builds it.
fn linked(metadata: &Value) -> anyhow::Result<BTreeSet<&str>> {
    let nodes = metadata["resolve"]["nodes"].as_array().context("cargo resolved nothing")?;
    let nodes: BTreeMap<_, _> = nodes.iter().filter_map(|node| Some((node["id"].as_str()?, node))).collect();
    let packages = metadata["packages"].as_array().context("no packages in cargo's metadata")?;
    let ours =
        packages.iter().find(|package| package["name"] == "nexmo-conversion" && package["source"].is_null());
    let ours = ours.and_then(|ours| ours["id"].as_str()).context("cargo does not know the program")?;
    let (mut linked, mut next) = (BTreeSet::new(), vec![ours]);
    while let Some(id) = next.pop() {
        if linked.insert(id) {
            let deps = nodes.get(id).and_then(|node| node["deps"].as_array());
            let is_linked = |dep: &&Value| {
                dep["dep_kinds"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"].is_null()))
            };
            next.extend(deps.into_iter().flatten().filter(is_linked).filter_map(|dep| dep["pkg"].as_str()));
        }
    }
    Ok(linked)
}

/// The texts beside a package's manifest.
fn files(manifest: &Path) -> anyhow::Result<BTreeSet<String>> {
    let folder = manifest.parent().context("a manifest without a folder")?;
    let mut texts = BTreeSet::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_ascii_uppercase();
        if entry.file_type()?.is_file() && NAMES.iter().any(|begin| name.starts_with(begin)) {
            texts.insert(String::from_utf8_lossy(&fs::read(entry.path())?).replace("\r\n", "\n"));
        }
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::linked;

    #[test]
    fn what_only_tests_or_builds_is_not_linked() {
        let dep = |id: &str, kind| json!({"pkg": id, "dep_kinds": [{"kind": kind}]});
        let node = |id: &str, deps: &[serde_json::Value]| json!({"id": id, "deps": deps});
        let metadata = json!({
            "packages": [{"name": "nexmo-conversion", "source": null, "id": "ours"}],
            "resolve": {"nodes": [
                node("ours", &[dep("used", None), dep("tests", Some("dev")), dep("builds", Some("build"))]),
                node("used", &[dep("inner", None)]),
                node("tests", &[dep("deep", None)]),
            ]},
        });
        assert_eq!(linked(&metadata).unwrap().into_iter().collect::<Vec<_>>(), ["inner", "ours", "used"]);
    }
}
