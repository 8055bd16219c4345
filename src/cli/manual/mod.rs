//! Manual pages: one for each command, generated from the command line's own definition, and two of section 5, about the input and
//! the configuration, which are written by hand.

mod lists;
mod pages;
mod roff;
mod write;

pub use self::pages::manual_pages;
pub(super) use self::write::man;
