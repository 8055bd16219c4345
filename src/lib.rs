//! Report conversions to Nexmo's (Vonage's) Conversion API: the library behind the `nexmo-conversion` program.
//!
//! The rooms and what may know what are described in `ARCHITECTURE.md`; imports point down, and a test holds them.

pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod failpoint;
pub mod figures;
pub mod files;
pub mod input;
pub mod ledger;
pub mod output;
pub mod pipeline;
pub mod sandbox;
pub mod transport;
pub mod wire;

#[cfg(test)]
mod layers;
