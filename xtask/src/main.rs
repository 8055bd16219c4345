//! The project's own chores: `cargo xtask CHORE`.
//!
//! A chore prints what it found and fails with what to do. None of this is part of the program.
#![expect(clippy::print_stdout, reason = "a chore's answer is for the person or the gate that asked for it")]

mod bench;
mod book;
mod build;
mod completion;
mod dist;
mod fuzz;
mod generate;
mod machine;
mod minimum_rust;
mod pictures;
#[path = "../../tests/support/postgres.rs"]
#[expect(clippy::unwrap_used, reason = "shared with the tests; a proof without its server fails, too")]
mod postgres;
mod prove;
mod reference;

use std::path::Path;

use clap::{Args, Parser, Subcommand};

/// Chores of this repository
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Chore {
    /// Write completions/, man/ and docs/generated/ from the command line's definition
    Generate(GenerateArgs),
    /// Make the book in target/book with mdbook, and check that its links lead somewhere
    Book,
    /// Draw docs/pictures/ from the program at work; needs script(1), and chromium for a page that has changed
    Pictures(GenerateArgs),
    /// Check that no dependency asks for a newer compiler than Cargo.toml's rust-version
    Msrv,
    /// Make what users install: an archive, packages, a bill of materials, checksums
    Dist(dist::DistArgs),
    /// Measure
    #[command(subcommand)]
    Bench(BenchChore),
    /// Look for input that breaks a check in fuzz/; needs a nightly compiler, a C++ compiler and cargo-fuzz
    Fuzz(fuzz::FuzzArgs),
    /// Show that a promise holds, and that its proof would notice if it did not
    #[command(subcommand)]
    Prove(prove::Proof),
}

#[derive(Debug, Args)]
struct GenerateArgs {
    /// Change nothing; fail and name what is stale
    #[arg(long)]
    check: bool,
}

#[derive(Debug, Subcommand)]
enum BenchChore {
    /// One conversion, a whole process, beside curl doing the same
    Single(bench::SingleArgs),
    /// A stream of conversions, beside curl --parallel and wrk sending the same
    Batch(bench::BatchArgs),
    /// The report over a ledger of a million conversions
    Report(bench::ReportArgs),
    /// One record after the other: how long each takes to its request and to its result
    Latency(bench::LatencyArgs),
    /// A ledger in a file that has grown to ten million rows, and message-ids with thousands of values
    Ledger(bench::LedgerArgs),
    /// A shared ledger on a PostgreSQL server: round trips, the server's time, and how both grow
    Postgres(bench::PostgresArgs),
}

fn main() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let answer = match Chore::parse() {
        Chore::Generate(GenerateArgs { check: false }) => generate::write(root)?,
        Chore::Generate(GenerateArgs { check: true }) => generate::check(root)?,
        Chore::Book => book::build(root)?,
        Chore::Pictures(GenerateArgs { check: false }) => pictures::write(root)?,
        Chore::Pictures(GenerateArgs { check: true }) => pictures::check(root)?,
        Chore::Msrv => minimum_rust::check(root)?,
        Chore::Dist(args) => dist::run(root, &args)?,
        Chore::Bench(BenchChore::Single(args)) => bench::single(root, &args)?,
        Chore::Bench(BenchChore::Batch(args)) => bench::batch(root, &args)?,
        Chore::Bench(BenchChore::Report(args)) => bench::report(root, &args)?,
        Chore::Bench(BenchChore::Latency(args)) => bench::latency(root, &args)?,
        Chore::Bench(BenchChore::Ledger(args)) => bench::ledger(root, &args)?,
        Chore::Bench(BenchChore::Postgres(args)) => bench::postgres(root, &args)?,
        Chore::Fuzz(args) => fuzz::run(root, &args)?,
        Chore::Prove(proof) => proof.show(root)?,
    };
    println!("{answer}");
    Ok(())
}
