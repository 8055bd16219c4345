//! What the system lets this process have: files to open, threads to start.
//!
//! What a run cannot do without is asked for before it begins. A limit that is met halfway looks like a fault of whatever needed
//! the file: of the ledger, of a certificate, of the network.

use std::fs::File;
use std::io;
use std::sync::Mutex;
use std::thread;

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};
use thiserror::Error;

/// What a run opens besides its input: the ledger with its locks, the trust store, one connection.
pub(super) const FILES_OF_A_RUN: usize = 6;
/// What a sandbox in this process opens: its socket, and the other end of that connection.
pub(super) const FILES_OF_A_SANDBOX: usize = 3;
/// What senders leave to the ledger, which opens the locks of other runs while this one lasts.
pub(super) const SPARE_FILES: usize = 3;

/// The limit on open files leaves too few for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the limit on open files leaves this process {left} of the {needed} that it needs; nothing was sent")]
pub(super) struct TooFewFiles {
    left: usize,
    needed: usize,
}

/// How many more files may be opened, counted no further than `limit`.
pub(super) fn files_left(limit: usize) -> usize {
    let mut held = Vec::new();
    while held.len() < limit {
        match File::open("/dev/null") {
            Ok(file) => held.push(file),
            Err(error) if is_out_of_files(&error) => break,
            // It says nothing of the limit.
            Err(_) => return limit,
        }
    }
    held.len()
}

/// How many more threads may be started, counted no further than `limit`.
pub(super) fn threads_left(limit: usize) -> usize {
    let gate = Mutex::new(());
    let closed = gate.lock();
    thread::scope(|scope| {
        let wait = || drop(gate.lock());
        let started = (0..limit).take_while(|_| thread::Builder::new().spawn_scoped(scope, wait).is_ok()).count();
        drop(closed);
        started
    })
}

/// How many threads a limit on address space leaves room for (`ulimit -v`, `RLIMIT_AS`); `None` where there is none.
///
/// What a thread takes is mostly never touched: its stack, and the arena that glibc reserves for what it allocates, 64 MiB
/// found within 128. Where these have taken the limit, the next allocation of a few bytes aborts the program.
pub(super) fn threads_within_memory() -> Option<usize> {
    const BASE: u64 = 96 << 20;
    const THREAD: u64 = 80 << 20;
    let limit = getrlimit(Resource::As).current?;
    usize::try_from(limit.saturating_sub(BASE) / THREAD).ok()
}

/// Fails where fewer than `needed` files may be opened.
pub(super) fn ensure_files(needed: usize) -> Result<(), TooFewFiles> {
    let left = files_left(needed);
    if left == needed { Ok(()) } else { Err(TooFewFiles { left, needed }) }
}

/// Whether it is this process's limit on open files, or the system's.
pub(super) fn is_out_of_files(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(errno, Some(Errno::MFILE | Errno::NFILE))
}

#[cfg(test)]
mod tests {
    use super::{ensure_files, files_left};

    #[test]
    fn files_are_counted_no_further_than_asked() {
        assert_eq!(files_left(3), 3);
        assert!(ensure_files(3).is_ok());
    }
}
