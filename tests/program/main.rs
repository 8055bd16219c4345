//! The program as its users meet it: each test starts it as a process of its own, on a machine that has nothing but what
//! the test gives it, against a sandbox whose log says what really was sent.
//!
//! `cli` is the one way to start it, `api` the one way to start a sandbox, `relay` holds the servers that misbehave in ways
//! that are not a sandbox's. Every run has a time limit; a mismatch with a snapshot fails. To accept new snapshots, run the
//! tests with `INSTA_UPDATE=always` and read the difference.
#![expect(
    clippy::unwrap_used,
    reason = "what a test needs and does not get fails the test; the allowance for tests does not reach their builders"
)]

mod answers;
mod api;
mod authentication;
mod bad_input;
mod book;
mod certificates;
mod checking;
mod cli;
mod command_lines;
mod completions;
mod configuration;
mod documents;
mod dry_runs;
mod examples;
mod exits;
mod exposure;
mod faults;
mod following;
mod guesses;
mod help;
mod hostile_text;
mod interruptions;
mod ledgers;
mod limits;
mod local_sandbox;
mod logs;
mod loudness;
mod metrics;
mod needs;
mod outcomes;
mod overlaps;
mod pacing;
mod pages;
mod pings;
#[path = "../support/postgres.rs"]
mod postgres;
mod proxies;
mod recipes;
mod relay;
mod reports;
mod requests;
mod results;
mod schema;
mod secrets;
mod servers;
mod sources;
mod standard_input;
mod standard_streams;
mod strangers;
mod streams;
mod terminals;
mod together;
mod tracking;
mod watching;
