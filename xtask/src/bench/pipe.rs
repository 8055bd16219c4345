//! Very many records through a pipe: made on the way, so that no process holds them, with a look at the reader's memory.

use std::fs;
use std::io::{self, Write};
use std::process::{Child, Stdio};
use std::thread;

use anyhow::{Context as _, ensure};
use nexmo_conversion::clock;
use wait4::Wait4 as _;

use super::cost::{Cost, Program};
use super::peers::message_id;

/// One input record.
pub(crate) fn record(number: u64, timestamp: &str) -> String {
    let id = message_id(number);
    format!("{{\"message_id\":\"{id}\",\"channel\":\"sms\",\"delivered\":true,\"timestamp\":\"{timestamp}\"}}\n")
}

/// In which order message-ids come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Ascending,
    /// In none: few of them are neighbours in an index.
    Random,
}

impl Order {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ascending => "ascending",
            Self::Random => "random",
        }
    }

    /// The number that comes there. Multiplied by an odd number, no two become one.
    fn number(self, at: u64) -> u64 {
        match self {
            Self::Ascending => at,
            Self::Random => at.wrapping_mul(0x9E_3779_B97F_4A7D) & ((1 << 56) - 1),
        }
    }
}

/// What a stream cost, and how much memory its reader had used when it had been given a tenth and when all of it.
pub(crate) struct Flow {
    pub(crate) cost: Cost,
    pub(crate) peak_at_a_tenth: u64,
    pub(crate) peak_at_the_end: u64,
}

/// Lines are written in groups of this many.
const GROUP: u64 = 100;

/// Runs a program with so many records on its standard input.
pub(crate) fn flow(program: &Program, order: Order, records: u64, timestamp: &str) -> anyhow::Result<Flow> {
    let began = clock::monotonic();
    let mut child = program.with_input(Stdio::piped()).spawn().context("cannot start the program")?;
    let mut input = child.stdin.take().context("the program has no standard input")?;
    // Its few remarks would fit into the pipe, but a failure that repeats itself must not block it.
    let remarks = child.stderr.take().context("the program has no standard error")?;
    let remarks = thread::spawn(move || io::read_to_string(remarks));
    let tenth = records / 10;
    let written = (|| -> anyhow::Result<[u64; 2]> {
        give(&mut input, order, 0..tenth, timestamp)?;
        let at_a_tenth = peak(&child)?;
        give(&mut input, order, tenth..records, timestamp)?;
        Ok([at_a_tenth, peak(&child)?])
    })();
    drop(input);
    let said = remarks.join().ok().and_then(Result::ok).unwrap_or_default();
    let end = child.wait4()?;
    let wall = clock::monotonic().saturating_sub(began);
    ensure!(end.status.code() == Some(program.exit), "the stream ended with {}: {said}", end.status);
    let [peak_at_a_tenth, peak_at_the_end] = written?;
    let cost = Cost { wall, cpu: end.rusage.utime + end.rusage.stime, peak: end.rusage.maxrss };
    Ok(Flow { cost, peak_at_a_tenth, peak_at_the_end })
}

fn give(input: &mut impl Write, order: Order, records: std::ops::Range<u64>, timestamp: &str) -> io::Result<()> {
    let mut next = records.start;
    while next < records.end {
        let end = records.end.min(next + GROUP);
        let lines: String = (next..end).map(|number| record(order.number(number), timestamp)).collect();
        input.write_all(lines.as_bytes())?;
        next = end;
    }
    Ok(())
}

/// The most memory that a running program has had, in bytes.
fn peak(child: &Child) -> anyhow::Result<u64> {
    let status =
        fs::read_to_string(format!("/proc/{}/status", child.id())).context("no /proc to read memory from")?;
    high_water_mark(&status).context("the system does not say how much memory a process has had")
}

fn high_water_mark(status: &str) -> Option<u64> {
    let kib: u64 =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::high_water_mark;

    #[test]
    fn the_high_water_mark_is_read_in_bytes() {
        assert_eq!(high_water_mark("VmPeak:\t  9 kB\nVmHWM:\t    12 kB\n"), Some(12 * 1024));
        assert_eq!(high_water_mark("VmPeak:\t  9 kB\n"), None);
    }
}
