//! Measurements: always beside something else, always in one run, so that ratios mean something on any machine.

mod arena;
mod cost;
mod single;
mod table;

pub(crate) use self::single::{SingleArgs, single};
