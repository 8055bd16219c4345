//! The documents for developers name what is there: every name in code marks is a word of the sources, and every path leads to
//! a file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

pub(crate) fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(ROOT).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let separates = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    text.split(separates).filter(|word| !word.is_empty()).map(str::to_owned)
}

/// Every word of the sources, their paths among them.
fn known_words() -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for folder in ["src", "tests", "xtask/src", "fuzz/src"] {
        for path in files(folder, "rs") {
            known.extend(words(path.strip_prefix(ROOT).unwrap().to_str().unwrap()));
            if !path.ends_with("documents.rs") {
                known.extend(words(&fs::read_to_string(&path).unwrap()));
            }
        }
    }
    for file in ["Cargo.toml", "xtask/Cargo.toml", "README.md", ".ci/run", "docs/report.schema.json"] {
        known.extend(words(file));
        known.extend(words(&fs::read_to_string(Path::new(ROOT).join(file)).unwrap()));
    }
    known
}

/// The texts in code marks, without blocks.
fn marked(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|part| part.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn every_name_in_the_architecture_is_in_the_sources() {
    let known = known_words();
    let text = fs::read_to_string(Path::new(ROOT).join("ARCHITECTURE.md")).unwrap();
    let unknown: Vec<_> =
        marked(&text).into_iter().filter(|name| words(name).any(|word| !known.contains(&word))).collect();
    assert_eq!(unknown, [""; 0]);
}

#[test]
fn every_path_in_the_documents_leads_somewhere() {
    let mut documents = files("docs", "md");
    documents.extend(["ARCHITECTURE.md", "README.md"].map(|name| Path::new(ROOT).join(name)));
    let mut lost = Vec::new();
    for document in documents {
        let text = fs::read_to_string(&document).unwrap();
        for path in marked(&text) {
            let is_path =
                ["src/", "xtask/", "fuzz/", "docs/", "tests/"].iter().any(|folder| path.starts_with(folder));
            if is_path && !path.contains(['*', ' ', '…']) && !Path::new(ROOT).join(path).exists() {
                lost.push(format!("{}: {path}", document.file_name().unwrap().to_str().unwrap()));
            }
        }
    }
    assert_eq!(lost, [""; 0]);
}
