//! The threads that send: each takes a job, makes one attempt, and gives both back. They decide nothing and never wait.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender as ChannelSender};

use super::schedule::Job;
use crate::clock;
use crate::domain::{Account, Timestamp};
use crate::transport::{Sender, TransportError};
use crate::wire::{Reply, Request};

/// What a sender gives back.
pub(super) struct Attempt {
    /// Nothing, where the gate was closed.
    pub(super) sent: Option<Exchange>,
}

/// One request and what came of it.
pub(super) struct Exchange {
    pub(super) at: Timestamp,
    /// From here …
    pub(super) began: Duration,
    /// … to here.
    pub(super) ended: Duration,
    pub(super) result: Result<Reply, TransportError>,
}

/// Closed while nothing may be sent: jobs that were handed out already come back untouched.
#[derive(Debug, Default)]
pub(super) struct Gate {
    closed: AtomicBool,
}

impl Gate {
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub(super) fn open(&self) {
        self.closed.store(false, Ordering::Release);
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

/// Sends jobs until there are no more.
pub(super) fn send_jobs(
    mut sender: Sender,
    account: &Account,
    gate: &Gate,
    jobs: &Receiver<Job>,
    attempts: &ChannelSender<(Job, Attempt)>,
) {
    for job in jobs {
        let sent = (!gate.is_closed()).then(|| {
            let (at, began) = (clock::now(), clock::monotonic());
            let result = sender.send(&Request::new(&job.record().conversion, account));
            Exchange { at, began, ended: clock::monotonic(), result }
        });
        if attempts.send((job, Attempt { sent })).is_err() {
            return;
        }
    }
}
