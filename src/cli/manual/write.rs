//! `man`: the main page to standard output, or all pages into a folder.

use std::fs;
use std::io;
use std::path::Path;

use super::super::args::ManArgs;
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::CommandFailure;
use super::pages::{FORMATS, manual_pages};

pub(crate) fn man(args: &ManArgs, context: &mut Context) -> Result<Exit, CommandFailure> {
    let pages = manual_pages().map_err(|error| CommandFailure::io("cannot render the manual", error))?;
    if let Some(dir) = &args.dir {
        write_all(dir, &pages).map_err(|error| CommandFailure::io("cannot write the manual pages", error))?;
        return Ok(Exit::Done);
    }
    context.print(pages.into_iter().next().map(|(_, page)| page).unwrap_or_default())
}

fn write_all(dir: &Path, pages: &[(String, Vec<u8>)]) -> io::Result<()> {
    // Where man(1) looks, each section has a folder of its own.
    let section_5 = if dir.ends_with("man1") { dir.with_file_name("man5") } else { dir.to_owned() };
    fs::create_dir_all(dir)?;
    fs::create_dir_all(&section_5)?;
    pages.iter().try_for_each(|(name, page)| {
        let folder = if FORMATS.iter().any(|(format, _)| format == name) { &section_5 } else { dir };
        fs::write(folder.join(name), page)
    })
}
