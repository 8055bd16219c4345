//! Completions and manual pages, generated from the command line's own definition.

use std::fs;
use std::io;
use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;

use super::args::{Cli, ManArgs};
use super::exit::Exit;
use super::failure::CommandFailure;
use super::terminal::Terminal;

pub(super) fn man(args: &ManArgs, terminal: &mut Terminal) -> Result<Exit, CommandFailure> {
    let pages = manual_pages().map_err(|error| CommandFailure::io("cannot render the manual", error))?;
    if let Some(dir) = &args.dir {
        write_all(dir, &pages).map_err(|error| CommandFailure::io("cannot write the manual pages", error))?;
    } else {
        let main = pages.into_iter().next().map(|(_, page)| page).unwrap_or_default();
        terminal.print(main).map_err(|error| CommandFailure::io("cannot write to standard output", error))?;
    }
    Ok(Exit::Done)
}

fn write_all(dir: &Path, pages: &[(String, Vec<u8>)]) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    pages.iter().try_for_each(|(name, page)| fs::write(dir.join(name), page))
}

/// The completion script for a shell.
#[must_use]
pub fn completion_script(command: &mut Command, shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "nexmo-conversion", &mut script);
    script
}

/// Every manual page, with its file name; the main one first.
pub fn manual_pages() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut command = Cli::command();
    command.build();
    let mut pages = Vec::new();
    collect(&command, &mut pages)?;
    Ok(pages)
}

fn collect(command: &Command, pages: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let mut page = Vec::new();
    Man::new(command.clone()).title(name.clone()).render(&mut page)?;
    pages.push((format!("{name}.1"), page));
    command.get_subcommands().filter(|sub| !sub.is_hide_set()).try_for_each(|sub| collect(sub, pages))
}
