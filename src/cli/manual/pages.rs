//! A page for each command, and those that are written by hand.

use std::io;
use std::iter;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use super::super::args::Cli;
use super::super::exit::Exit;
use super::lists::{ENVIRONMENT, FILES};
use super::roff::Roff;

/// The pages of section 5, by file name.
pub(super) const FORMATS: [(&str, &str); 2] = [
    ("nexmo-conversion-formats.5", include_str!("formats.5")),
    ("nexmo-conversion-config.5", include_str!("config.5")),
];

/// Every manual page, with its file name; the main one first.
pub fn manual_pages() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut root = Cli::command();
    root.build();
    let mut pages = Vec::new();
    collect(&root, &root, &mut pages)?;
    pages.extend(FORMATS.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())));
    Ok(pages)
}

fn collect(command: &Command, root: &Command, pages: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    pages.push((format!("{}.1", name_of(command)), page(command, root)?));
    listed(command).try_for_each(|inner| collect(inner, root, pages))
}

/// `help` repeats every command, and has no page.
fn listed(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|inner| !inner.is_hide_set() && inner.get_name() != "help")
}

fn name_of(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

fn page(command: &Command, root: &Command) -> io::Result<Vec<u8>> {
    let name = name_of(command);
    let generated = Man::new(command.clone().mut_args(|arg| arg.hide_short_help(false)))
        .title(name.clone())
        .source(format!("nexmo-conversion {}", env!("CARGO_PKG_VERSION")));
    let mut text = Vec::new();
    generated.render_title(&mut text)?;
    generated.render_name_section(&mut text)?;
    // Names are to be copied, and hyphens are part of them.
    text.extend(b".nh\n.ad l\n");
    let mut page = Roff::default();
    let usage = command.clone().render_usage().to_string();
    page.heading("SYNOPSIS");
    page.verbatim(usage.trim_start_matches("Usage: ").lines().map(str::trim));
    page.heading("DESCRIPTION");
    let about =
        command.get_long_about().or_else(|| command.get_about()).map(ToString::to_string).unwrap_or_default();
    page.prose(&about);
    let after = command.get_after_long_help().or_else(|| command.get_after_help()).map(ToString::to_string);
    let after = after.unwrap_or_default();
    let (notes, examples) = after.split_once("Examples:\n").unwrap_or((after.as_str(), ""));
    page.prose(notes);
    text.extend(page.take());
    generated.render_options_section(&mut text)?;
    if listed(command).next().is_some() {
        page.heading("COMMANDS");
        for inner in listed(command) {
            let about = inner.get_about().map(ToString::to_string).unwrap_or_default();
            page.entry(&format!("{}(1)", name_of(inner)), &about);
        }
    }
    page.heading("EXIT STATUS");
    for (exit, meaning) in Exit::ALL {
        page.entry(&exit.code().to_string(), meaning);
    }
    page.heading("ENVIRONMENT");
    for (names, what) in ENVIRONMENT {
        page.entry(names, what);
    }
    page.heading("FILES");
    for (names, what) in FILES {
        page.entry(names, what);
    }
    page.heading("EXAMPLES");
    let examples = examples.split("\n\n").next().unwrap_or_default();
    page.verbatim(examples.lines().map(|line| line.strip_prefix("  ").unwrap_or(line)));
    page.heading("SEE ALSO");
    page.line(&see_also(&name, root));
    text.extend(page.take());
    Ok(text)
}

/// The main page, the commands below the same one and below this one, and what they read.
fn see_also(name: &str, root: &Command) -> String {
    let above = |name: &str| name.rsplit_once('-').map(|(above, _)| above.to_owned());
    let names = listed(root).flat_map(|command| iter::once(command).chain(listed(command))).map(name_of);
    let is_near = |other: &String| {
        let place = above(other);
        place.as_deref() == Some(name) || (name != root.get_name() && place == above(name))
    };
    let commands =
        iter::once(root.get_name().to_owned()).chain(names.filter(is_near)).filter(|other| other != name);
    let formats = FORMATS.map(|(file, _)| format!("{}(5)", file.trim_end_matches(".5")));
    let all: Vec<_> = commands.map(|other| format!("{other}(1)")).chain(formats).collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::manual_pages;

    #[test]
    fn every_page_has_its_sections_and_examples_to_copy() {
        let pages = manual_pages().unwrap();
        let (commands, formats): (Vec<_>, Vec<_>) = pages
            .iter()
            .partition(|(name, _)| std::path::Path::new(name).extension().is_some_and(|section| section == "1"));
        assert!(commands.len() > 15 && formats.len() == 2);
        for (name, page) in &commands {
            let page = String::from_utf8(page.clone()).unwrap();
            for section in
                ["SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"]
            {
                assert_eq!(page.matches(&format!(".SH \"{section}\"\n")).count(), 1, "{name}: {section}");
            }
            let examples = page.split(".SH \"EXAMPLES\"\n").nth(1).unwrap();
            assert!(
                examples.starts_with(".nf\n") && examples.contains("nexmo\\-conversion"),
                "{name}: {examples}"
            );
            assert!(page.contains("\n.nh\n"), "{name} hyphenates");
            assert!(page.is_ascii(), "{name} needs more than ASCII");
        }
    }

    /// What an option does is written down, also where the short help leaves the option out.
    #[test]
    fn no_option_is_without_its_words() {
        for (name, page) in manual_pages().unwrap() {
            let page = String::from_utf8(page).unwrap();
            let terms: Vec<_> = page.split(".TP\n").skip(1).collect();
            for term in terms {
                assert!(
                    term.lines().nth(1).is_some_and(|words| !words.is_empty() && !words.starts_with(".SH")),
                    "{name}: {term}"
                );
            }
        }
    }
}
