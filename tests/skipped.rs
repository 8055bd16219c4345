//! Which tests of `program` were skipped, as the last word of a run of all tests: a test that was skipped looks as green as one
//! that passed. Cargo runs this after `program`; both are children of the same cargo, by which the notes are named.
#![expect(clippy::print_stdout, reason = "a line at the end is all this is for")]

use std::collections::BTreeMap;
use std::fs;

use rustix::process::{Pid, getppid};

fn main() {
    let parent = getppid().map_or(0, Pid::as_raw_pid);
    let path = format!("{}/skipped-{parent}", env!("CARGO_TARGET_TMPDIR"));
    let notes = fs::read_to_string(&path).unwrap_or_default();
    let _ = fs::remove_file(&path);
    let mut counts = BTreeMap::<&str, usize>::new();
    for note in notes.lines() {
        *counts.entry(note).or_default() += 1;
    }
    println!("\ntests that could not be run here: {}", counts.values().sum::<usize>());
    for (note, count) in counts {
        println!("{note}: {count}");
    }
    println!();
}
