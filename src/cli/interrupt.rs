//! SIGINT, SIGTERM and SIGHUP: the first asks for an orderly end, the second ends at once.

use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use super::exit::Exit;

/// What signals have asked for so far.
pub(super) struct Interrupt {
    asked: Arc<AtomicBool>,
    /// The exit code of the signal that came.
    code: Arc<AtomicUsize>,
}

impl Interrupt {
    /// Listens from here on.
    pub(super) fn listen() -> io::Result<Self> {
        let (asked, code) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        for (signal, exit) in SIGNALS {
            if is_ignored(signal, &status) {
                continue;
            }
            // Registered first, so that it sees the flag as the signal before left it.
            flag::register_conditional_shutdown(signal, i32::from(exit.code()), Arc::clone(&asked))?;
            flag::register_usize(signal, Arc::clone(&code), usize::from(exit.code()))?;
            flag::register(signal, Arc::clone(&asked))?;
        }
        Ok(Self { asked, code })
    }

    /// Whether an orderly end was asked for.
    pub(super) fn asked(&self) -> &AtomicBool {
        &self.asked
    }

    /// The same, for whatever lasts longer than a look at it.
    pub(super) fn shared(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.asked)
    }

    /// The exit code of a run that was interrupted.
    pub(super) fn exit(&self) -> Exit {
        let code = self.code.load(Ordering::Relaxed);
        let came = SIGNALS.iter().find(|(_, exit)| usize::from(exit.code()) == code);
        came.map_or(Exit::Interrupted, |(_, exit)| *exit)
    }
}

const SIGNALS: [(i32, Exit); 3] =
    [(SIGINT, Exit::Interrupted), (SIGTERM, Exit::Terminated), (SIGHUP, Exit::HungUp)];

/// Whether whoever started the program had a signal ignored (nohup, or `&` in a script): it stays so. The kernel shows it as a
/// mask in `/proc/self/status`; elsewhere it is not known.
fn is_ignored(signal: i32, status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    u32::try_from(signal - 1).is_ok_and(|bit| mask.checked_shr(bit).unwrap_or_default() & 1 == 1)
}

#[cfg(test)]
mod tests {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    use super::is_ignored;

    #[test]
    fn what_is_ignored_stands_in_the_kernels_mask() {
        let status = "Name:\tx\nSigBlk:\t0000000000000007\nSigIgn:\t0000000000001003\nSigCgt:\t0000000000004000\n";
        let ignored = [SIGHUP, SIGINT, SIGTERM].map(|signal| is_ignored(signal, status));
        assert_eq!(ignored, [true, true, false]);
        assert!(!is_ignored(SIGINT, ""));
    }
}
