//! Following a file as `tail -F` does: what stands at its path now, what stood there before, and how far each has been read.
//!
//! `plan` decides, on values, which files have to be read and from where; `seen` looks at what is there; `tracked` reads one file and
//! notices when it is cut off; `rest` says how long to wait where there is nothing to read. This room does not know what a line
//! means, where positions are kept, or what time it is.

mod plan;
mod rest;
mod seen;
#[cfg(test)]
mod tests;
mod tracked;

pub use plan::{Candidate, Kind, Missing, Part, Plan, no_file, plan};
pub use rest::Rest;
pub use seen::{Beside, Seen, identity, look, look_beside, this_machine};
pub use tracked::Tracked;
