//! What to say about a command line that cannot be understood: help where help is asked for as well, and for a command or an option
//! that does not exist the right one, or nothing. The parser's own guess goes by letters: it offers `--delivered` for `--not-delivered`.

mod command;
mod complaint;
mod meant;
mod tip;

pub(super) use self::complaint::{about, path};
