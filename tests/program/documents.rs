//! The documents name what is there: every name in the architecture's code marks is a word of the sources, every path leads to a
//! file, and every link to a file and a heading in it. What `mdbook` makes of the links is looked at by `cargo xtask book`.

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

/// Every document: those at the top, and the book.
fn documents() -> Vec<PathBuf> {
    let top = fs::read_dir(ROOT).unwrap().map(|entry| entry.unwrap().path());
    let top = top.filter(|path| path.extension().is_some_and(|found| found == "md"));
    let all: Vec<_> = top.chain(files("docs", "md")).collect();
    assert!(all.len() > 30, "the documents were not found: {all:?}");
    all
}

#[test]
fn every_path_in_the_documents_leads_somewhere() {
    let mut lost = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for path in marked(&text) {
            let is_path = ["src/", "xtask/", "fuzz/", "docs/", "tests/", "contrib/"]
                .iter()
                .any(|folder| path.starts_with(folder));
            if is_path && !path.contains(['*', ' ', '…']) && !Path::new(ROOT).join(path).exists() {
                lost.push(format!("{}: {path}", document.file_name().unwrap().to_str().unwrap()));
            }
        }
    }
    assert_eq!(lost, [""; 0]);
}

#[test]
fn every_link_in_the_documents_leads_somewhere() {
    let mut lost = Vec::new();
    let mut followed = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for link in links(&text) {
            followed += 1;
            if let Err(why) = follow(&document, &text, &link) {
                lost.push(format!("{}: {link}: {why}", document.strip_prefix(ROOT).unwrap().display()));
            }
        }
    }
    assert_eq!(lost, [""; 0]);
    assert!(followed > 100, "only {followed} links were found");
}

#[test]
fn links_that_lead_nowhere_are_noticed() {
    let document = Path::new(ROOT).join("README.md");
    let text = "# A `b`: c\n[a](#a-b-c) ![b](docs/none.svg) [c](#none) [d](docs/promises.md#none) [e](/etc/passwd) `[f](none)`\n\
                ```\n[g](none)\n```\n[h](docs/promises.md#nothing-is-lost) [i](https://example.com/none)\n";
    let lost: Vec<_> = links(text).into_iter().filter(|link| follow(&document, text, link).is_err()).collect();
    assert_eq!(lost, ["docs/none.svg", "#none", "docs/promises.md#none", "/etc/passwd"]);
}

/// The targets of links and pictures.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    for part in prose(text).split("](").skip(1) {
        links.push(part.split(')').next().unwrap().to_owned());
    }
    links
}

/// Without blocks and code marks.
fn prose(text: &str) -> String {
    let outside: String = text.split("```").step_by(2).collect();
    outside.split('`').step_by(2).collect()
}

/// Only what is in the repository: nothing here asks the network.
fn follow(document: &Path, text: &str, link: &str) -> Result<(), &'static str> {
    if link.starts_with("https://") {
        return Ok(());
    }
    let (path, heading) = link.split_once('#').map_or((link, None), |(path, heading)| (path, Some(heading)));
    if path.starts_with('/') {
        return Err("not relative");
    }
    let target = document.parent().unwrap().join(path);
    if !path.is_empty() && !target.exists() {
        return Err("no such file");
    }
    let Some(heading) = heading else { return Ok(()) };
    let text = if path.is_empty() { text.to_owned() } else { fs::read_to_string(&target).unwrap() };
    if anchors(&text).contains(heading) { Ok(()) } else { Err("no such heading") }
}

/// Of headings, as GitHub and mdBook make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let outside: String = text.split("```").step_by(2).collect();
    let headings = outside.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}
