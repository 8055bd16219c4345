//! Files that are made from the command line's definition and the schemas, and kept in the repository: packagers need no build,
//! and the book's reference is read where it stands.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::{CommandFactory as _, ValueEnum as _};
use clap_complete::{Generator as _, Shell};
use nexmo_conversion::cli::{Cli, manual_pages};

use crate::completion::completion_script;
use crate::reference;

/// Folders that hold generated files and nothing else.
const FOLDERS: [&str; 3] = ["completions", "man", "docs/generated"];

/// Contents by path, relative to the repository.
type Files = BTreeMap<PathBuf, Vec<u8>>;

pub(crate) fn write(root: &Path) -> anyhow::Result<String> {
    let (wanted, found) = (wanted()?, found(root)?);
    let stale = stale(&wanted, &found);
    for file in &stale {
        let path = root.join(file);
        match wanted.get(file) {
            Some(content) => {
                fs::create_dir_all(path.parent().unwrap_or(root))?;
                fs::write(&path, content)
            }
            None => fs::remove_file(&path),
        }
        .with_context(|| format!("cannot bring {} up to date", path.display()))?;
    }
    Ok(format!("{} generated files, {} of them changed", wanted.len(), stale.len()))
}

pub(crate) fn check(root: &Path) -> anyhow::Result<String> {
    let (wanted, found) = (wanted()?, found(root)?);
    let stale: Vec<_> = stale(&wanted, &found).iter().map(|file| file.display().to_string()).collect();
    ensure!(stale.is_empty(), "stale, run `cargo xtask generate`:\n  {}", stale.join("\n  "));
    Ok(format!("{} generated files are current", wanted.len()))
}

fn wanted() -> anyhow::Result<Files> {
    let mut files = Files::new();
    for shell in Shell::value_variants() {
        let script = completion_script(&mut Cli::command(), *shell);
        files.insert(Path::new("completions").join(shell.file_name("nexmo-conversion")), script);
    }
    for (name, page) in manual_pages().context("cannot render the manual")? {
        files.insert(Path::new("man").join(name), page);
    }
    let schema = include_str!("../../docs/result-line.schema.json");
    for (name, chapter) in
        [("command-line", reference::command_line()), ("result-line", reference::result_lines(schema)?)]
    {
        files.insert(Path::new("docs/generated").join(name).with_extension("md"), chapter.into_bytes());
    }
    Ok(files)
}

fn found(root: &Path) -> anyhow::Result<Files> {
    let mut files = Files::new();
    for folder in FOLDERS.map(Path::new) {
        let Ok(entries) = fs::read_dir(root.join(folder)) else { continue };
        for entry in entries {
            let entry = entry?;
            let content =
                fs::read(entry.path()).with_context(|| format!("cannot read {}", entry.path().display()))?;
            files.insert(folder.join(entry.file_name()), content);
        }
    }
    Ok(files)
}

/// What is missing, differs, or is no longer made.
fn stale(wanted: &Files, found: &Files) -> Vec<PathBuf> {
    let changed = wanted.iter().filter(|(file, content)| found.get(*file) != Some(content)).map(|(file, _)| file);
    let left_over = found.keys().filter(|file| !wanted.contains_key(*file));
    changed.chain(left_over).cloned().collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{check, wanted, write};

    #[test]
    fn what_was_just_written_is_current() {
        let root = tempfile::tempdir().unwrap();
        write(root.path()).unwrap();
        check(root.path()).unwrap();
    }

    #[test]
    fn every_stale_file_is_named_and_mended() {
        let root = tempfile::tempdir().unwrap();
        write(root.path()).unwrap();
        fs::write(root.path().join("completions/nexmo-conversion.bash"), "old").unwrap();
        fs::remove_file(root.path().join("man/nexmo-conversion-sms.1")).unwrap();
        fs::write(root.path().join("man/nexmo-conversion-gone.1"), "a command of yesterday").unwrap();
        let complaint = check(root.path()).unwrap_err().to_string();
        for file in ["nexmo-conversion.bash", "nexmo-conversion-sms.1", "nexmo-conversion-gone.1"] {
            assert!(complaint.contains(file), "{complaint}");
        }
        assert_eq!(complaint.lines().count(), 4, "{complaint}");
        write(root.path()).unwrap();
        check(root.path()).unwrap();
    }

    #[test]
    fn a_manual_page_is_the_same_on_every_day() {
        let pages = wanted().unwrap();
        let page = String::from_utf8(pages[Path::new("man/nexmo-conversion.1")].clone()).unwrap();
        let title = page.lines().find(|line| line.starts_with(".TH")).unwrap();
        assert!(title.starts_with(".TH nexmo-conversion 1  \"nexmo-conversion "), "a date? {title}");
    }
}
