//! The library behind the `nexmo-conversion` program, which tells Nexmo's (Vonage's) Conversion API whether each SMS or voice
//! call converted.
//!
//! It is no public API: nothing in it is kept stable between versions. It is a library because the program's tests, `fuzz` and
//! `xtask` use the same code (`docs/decisions/0016-one-package.md`). What the rooms are and what each may know stands in
//! `ARCHITECTURE.md`; imports point down, and a test holds them.

mod certificates;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod failpoint;
pub mod figures;
pub mod files;
pub mod follow;
pub mod input;
pub mod ledger;
pub mod output;
pub mod pipeline;
pub mod sandbox;
pub mod transport;
pub mod wire;

#[cfg(test)]
mod layers;
