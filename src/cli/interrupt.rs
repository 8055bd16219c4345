//! SIGINT and SIGTERM: the first asks for an orderly end, the second ends at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::exit::Exit;

/// What signals have asked for so far.
pub(super) struct Interrupt {
    asked: Arc<AtomicBool>,
    terminated: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens from here on.
    pub(super) fn listen() -> io::Result<Self> {
        let (asked, terminated) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        for (signal, exit) in [(SIGINT, Exit::Interrupted), (SIGTERM, Exit::Terminated)] {
            // Registered first, so that it sees the flag as the signal before left it.
            flag::register_conditional_shutdown(signal, i32::from(exit.code()), Arc::clone(&asked))?;
            flag::register(signal, Arc::clone(&asked))?;
        }
        flag::register(SIGTERM, Arc::clone(&terminated))?;
        Ok(Self { asked, terminated })
    }

    /// Whether an orderly end was asked for.
    pub(super) fn asked(&self) -> &AtomicBool {
        &self.asked
    }

    /// The exit code of a run that was interrupted.
    pub(super) fn exit(&self) -> Exit {
        if self.terminated.load(Ordering::Relaxed) { Exit::Terminated } else { Exit::Interrupted }
    }
}
