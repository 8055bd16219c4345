//! Pictures for the documents, of the real program at work: what `config show`, `report` and the progress line look like on a
//! terminal, and the report's page in a browser.
//!
//! They are the same on every day: conversions have their place in the newest windows of the routing, what was made of them is
//! written into a throw-away ledger, and the moments in the output are moved to a fixed one ([`moments`]). Only the progress line shows speeds, and
//! is compared by its kinds of lines.

mod moments;
mod scene;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anstyle_svg::Term;
use anyhow::{Context as _, ensure};

use self::scene::Scene;
use crate::build::{Build, build};

const FOLDER: &str = "docs/pictures";
/// The page, from which the browser makes the photo.
const PAGE: &str = "report.html";
const PHOTO: &str = "report-page.png";
/// Shows how fast this machine is, which differs.
const VARIES: &str = "progress.svg";
/// More would be a burden for whoever clones the repository.
const PHOTO_LIMIT: usize = 150_000;

pub(crate) fn write(root: &Path) -> anyhow::Result<String> {
    let folder = root.join(FOLDER);
    fs::create_dir_all(&folder)?;
    let made = made(root)?;
    let stale = stale(&made, &folder);
    for name in &stale {
        fs::write(folder.join(name), &made[name])?;
    }
    if stale.iter().any(|name| name == PAGE) || !folder.join(PHOTO).exists() {
        photograph(&folder)?;
    }
    Ok(format!("{} pictures in {FOLDER}, {} of them changed", made.len() + 1, stale.len()))
}

pub(crate) fn check(root: &Path) -> anyhow::Result<String> {
    let folder = root.join(FOLDER);
    let mut made = made(root)?;
    let mut stale = stale(&made, &folder);
    // Seen on a machine under heavy load: figures that a second try does not have. What is stale differs each time.
    for _ in 0..2 {
        if !stale.is_empty() {
            made = self::made(root)?;
            stale = self::stale(&made, &folder);
        }
    }
    ensure!(stale.is_empty(), "stale, run `cargo xtask pictures`: {}", stale.join(", "));
    ensure!(folder.join(PHOTO).exists(), "{PHOTO} is missing, run `cargo xtask pictures`");
    Ok(format!("{} pictures are current", made.len()))
}

fn made(root: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let program = build(root, Build::Honest)?;
    let scene = Scene::new(&program)?;
    let report = scene.report()?;
    let drawn =
        [("config-show.svg", scene.config_show()?), ("report.svg", report.text), (VARIES, scene.progress()?)];
    let mut files: BTreeMap<_, _> = drawn
        .into_iter()
        .map(|(name, screen)| (name.to_owned(), on_a_grid(&Term::new().render_svg(&screen))))
        .collect();
    files.insert(PAGE.to_owned(), report.page);
    Ok(files)
}

/// Charts are drawn with signs that many fonts lack, and those of the fonts that stand in are wider: in lines with such signs each has its
/// own place.
fn on_a_grid(picture: &str) -> String {
    const LEFT: f32 = 10.0;
    const WIDTH: f32 = 8.4;
    let mut lines = Vec::new();
    for line in picture.lines() {
        let text = line
            .split_once("px\"><tspan>")
            .and_then(|(_, rest)| rest.split_once("</tspan>"))
            .map(|(text, _)| text);
        let is_chart =
            |text: &&str| text.contains(|c| matches!(c, '\u{2500}'..='\u{257f}' | '\u{2800}'..='\u{28ff}'));
        let Some(text) = text.filter(is_chart) else {
            lines.push(line.to_owned());
            continue;
        };
        let mut place = LEFT - WIDTH;
        let places = text.chars().map(|_| {
            place += WIDTH;
            format!("{place:.1}")
        });
        let places = places.collect::<Vec<_>>().join(" ");
        lines.push(line.replacen("px\"><tspan>", &format!("px\"><tspan x=\"{places}\">"), 1));
    }
    lines.join("\n") + "\n"
}

/// The names of files that are missing or differ.
fn stale(made: &BTreeMap<String, String>, folder: &Path) -> Vec<String> {
    let is_current = |name: &str, content: &str| {
        let kept = fs::read_to_string(folder.join(name)).unwrap_or_default();
        if name == VARIES { without_digits(&kept) == without_digits(content) } else { kept == content }
    };
    made.iter().filter(|(name, content)| !is_current(name, content)).map(|(name, _)| name.clone()).collect()
}

/// The kinds of lines: numbers of any length are one sign, and so are the blanks before them and a bar of any length.
fn without_digits(text: &str) -> BTreeSet<String> {
    let kind = |line: &str| {
        let mut kept = String::new();
        for c in line.chars() {
            let c = if c.is_ascii_digit() { '0' } else { c };
            if !(matches!(c, '0' | ' ' | '#' | '-') && kept.ends_with(c)) {
                kept.push(c);
            }
        }
        kept
    };
    text.lines().map(kind).collect()
}

/// The page as a browser shows it.
fn photograph(folder: &Path) -> anyhow::Result<()> {
    let (page, photo) = (folder.join(PAGE).canonicalize()?, folder.join(PHOTO));
    let profile = tempfile::tempdir()?;
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb"])
        .args(["--window-size=1000,1010", "--blink-settings=preferredColorScheme=1"])
        .arg(argument("--user-data-dir=", profile.path()))
        .arg(argument("--screenshot=", &photo))
        .arg(argument("file://", &page))
        .output()
        .context("cannot start chromium, which makes the photo of the page")?;
    ensure!(output.status.success(), "chromium says: {}", String::from_utf8_lossy(&output.stderr));
    let size = fs::read(&photo)?.len();
    ensure!((15_000..PHOTO_LIMIT).contains(&size), "the photo has {size} bytes");
    Ok(())
}

fn argument(name: &str, path: &Path) -> PathBuf {
    PathBuf::from(format!("{name}{}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::without_digits;

    #[test]
    fn only_what_varies_is_left_out() {
        assert_eq!(
            without_digits("####---  43%, 9s left\nA7\nB"),
            without_digits("######- 100%, 12s left\nB\nA12\nA3")
        );
        assert_ne!(without_digits("1 answered"), without_digits("1 in flight"));
    }
}
