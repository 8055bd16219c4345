//! The book, made by `mdbook`, and whether its pages' links lead somewhere: what holds of the chapters' text (the tests look at that)
//! need not hold of what is made of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

/// Where `docs/book.toml` has it made.
const PAGES: &str = "target/book";
/// All chapters once more, and a page whose links are those of a server.
const LEFT_OUT: [&str; 2] = ["print.html", "404.html"];

pub(crate) fn build(root: &Path) -> anyhow::Result<String> {
    let pages = root.join(PAGES);
    // A page of a chapter that is gone would still answer its links.
    if pages.exists() {
        fs::remove_dir_all(&pages).with_context(|| format!("cannot empty {PAGES}"))?;
    }
    let made = Command::new("mdbook").arg("build").arg(root.join("docs")).output();
    let made = made.context("no mdbook: cargo install --locked --no-default-features mdbook")?;
    let said = String::from_utf8_lossy(&made.stderr);
    ensure!(made.status.success() && !said.contains("WARN") && !said.contains("ERROR"), "mdbook says:\n{said}");
    let (pages, links, lost) = check(&pages)?;
    ensure!(links > 100, "only {links} links were found in {pages} pages");
    ensure!(lost.is_empty(), "links that lead nowhere:\n  {}", lost.join("\n  "));
    Ok(format!("{pages} pages in {PAGES}, whose {links} links lead somewhere"))
}

/// How many pages and links there are, and which links lead nowhere.
fn check(folder: &Path) -> anyhow::Result<(usize, usize, Vec<String>)> {
    let mut pages = BTreeMap::new();
    read(folder, &mut pages)?;
    let (mut links, mut lost) = (0, Vec::new());
    for (page, text) in &pages {
        if LEFT_OUT.iter().any(|name| page.ends_with(name)) {
            continue;
        }
        for link in links_of(text).filter(|link| !link.contains(':')) {
            links += 1;
            if !leads_somewhere(page, link, &pages) {
                lost.push(format!("{}: {link}", page.strip_prefix(folder)?.display()));
            }
        }
    }
    Ok((pages.len(), links, lost))
}

fn read(folder: &Path, pages: &mut BTreeMap<PathBuf, String>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            read(&path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "html") {
            let text = fs::read_to_string(&path)?;
            pages.insert(path, text);
        }
    }
    Ok(())
}

fn links_of(page: &str) -> impl Iterator<Item = &str> {
    ["href=\"", "src=\""]
        .into_iter()
        .flat_map(|attribute| page.split(attribute).skip(1))
        .filter_map(|rest| rest.split('"').next())
}

fn leads_somewhere(page: &Path, link: &str, pages: &BTreeMap<PathBuf, String>) -> bool {
    let (path, heading) = link.split_once('#').unwrap_or((link, ""));
    let target = if path.is_empty() { page.to_owned() } else { page.parent().unwrap_or(page).join(path) };
    let Ok(target) = target.canonicalize() else { return false };
    let text = pages.iter().find(|(path, _)| path.canonicalize().is_ok_and(|path| path == target));
    heading.is_empty() || text.is_some_and(|(_, text)| text.contains(&format!("id=\"{heading}\"")))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::check;

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let page = r##"<h1 id="here"></h1><a href="b/c.html#there"></a><a href="https://example.com/"></a><a href="#here"></a>
            <a href="b/c.html#gone"></a><a href="gone.html"></a><a href="../ARCHITECTURE.html"></a><img src="gone.svg"><a href="#gone"></a>"##;
        fs::write(folder.path().join("a.html"), page).unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        fs::write(folder.path().join("b/c.html"), r#"<h2 id="there"></h2><a href="../a.html#here"></a>"#).unwrap();
        let (pages, links, lost) = check(folder.path()).unwrap();
        assert_eq!((pages, links), (2, 8));
        let gone = ["b/c.html#gone", "gone.html", "../ARCHITECTURE.html", "#gone", "gone.svg"];
        assert_eq!(lost, gone.map(|link| format!("a.html: {link}")));
    }
}
