//! The open connections, so that stopping can break every one of them at once, whatever it is waiting for.

use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waited {
    /// The time is over.
    Elapsed,
    /// The sandbox stops.
    Stopped,
}

/// All connections that are open.
#[derive(Debug, Default)]
pub(super) struct Connections {
    state: Mutex<Registry>,
    stopped: Condvar,
}

#[derive(Debug, Default)]
struct Registry {
    phase: Lifecycle,
    open: HashMap<u64, Arc<TcpStream>>,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Lifecycle {
    #[default]
    Running,
    Stopped,
}

/// A connection's entry, which goes with it.
#[derive(Debug)]
pub(super) struct Registration<'a> {
    connections: &'a Connections,
    number: u64,
}

impl Connections {
    /// Adds a connection; nothing once the sandbox stops.
    pub(super) fn enter(&self, number: u64, socket: &Arc<TcpStream>) -> Option<Registration<'_>> {
        let mut state = self.lock();
        if state.phase == Lifecycle::Stopped {
            return None;
        }
        state.open.insert(number, Arc::clone(socket));
        Some(Registration { connections: self, number })
    }

    /// Waits, unless the sandbox stops.
    pub(super) fn wait(&self, duration: Duration) -> Waited {
        let (_state, wait) = self
            .stopped
            .wait_timeout_while(self.lock(), duration, |state| state.phase == Lifecycle::Running)
            .unwrap_or_else(PoisonError::into_inner);
        if wait.timed_out() { Waited::Elapsed } else { Waited::Stopped }
    }

    /// Breaks every connection: a thread that reads, writes or waits on one of them goes on.
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        state.phase = Lifecycle::Stopped;
        for socket in state.open.values() {
            // It may be broken already.
            let _ = socket.shutdown(Shutdown::Both);
        }
        self.stopped.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        self.connections.lock().open.remove(&self.number);
    }
}
