//! The threads that send: each takes a job, makes one attempt, and gives both back. They decide nothing and never wait.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crossbeam_channel::Receiver;

use super::gate::Gate;
use super::job::{Attempt, Job};
use super::returns::Returns;
use crate::clock;
use crate::domain::Account;
use crate::transport::{Cause, Sender, TransportError};
use crate::wire::Request;

/// How many senders there are, and how many the system lets us have.
#[derive(Debug, Default)]
pub(super) struct Count {
    senders: AtomicUsize,
    left: AtomicUsize,
    /// The system gives no more.
    full: AtomicBool,
}

impl Count {
    pub(super) fn joined(&self) {
        self.senders.fetch_add(1, Ordering::AcqRel);
    }

    /// There was no thread for it.
    pub(super) fn not_joined(&self) {
        self.senders.fetch_sub(1, Ordering::AcqRel);
        self.full.store(true, Ordering::Release);
    }

    /// Whether another sender is wanted for so many jobs, and may be had.
    pub(super) fn wants_more(&self, jobs: usize) -> bool {
        self.senders.load(Ordering::Acquire) < jobs && !self.full.load(Ordering::Acquire)
    }

    /// How many senders have left for want of a connection.
    pub(super) fn left(&self) -> usize {
        self.left.load(Ordering::Acquire)
    }

    /// A sender that can open no connection leaves the work to the others, if there are any.
    fn leaves(&self) -> bool {
        let others = |senders: usize| (senders > 1).then(|| senders - 1);
        let leaves = self.senders.fetch_update(Ordering::AcqRel, Ordering::Acquire, others).is_ok();
        if leaves {
            self.full.store(true, Ordering::Release);
            self.left.fetch_add(1, Ordering::AcqRel);
        }
        leaves
    }
}

/// Sends jobs until there are no more.
pub(super) fn send_jobs(
    mut sender: Sender,
    account: &Account,
    gate: &Gate,
    count: &Count,
    jobs: &Receiver<Job>,
    returns: &Returns,
) {
    for job in jobs {
        let began = clock::monotonic();
        let sent = gate.lets_through(began.saturating_add(sender.max_time())).then(|| {
            let at = clock::now();
            let result = sender.send(&Request::new(&job.record().conversion, account));
            Attempt { at, began, ended: clock::monotonic(), result }
        });
        let no_descriptor = sent
            .as_ref()
            .is_some_and(|sent| matches!(&sent.result, Err(TransportError { cause: Cause::NoDescriptor, .. })));
        let leaves = no_descriptor && count.leaves();
        if !returns.send(job, sent.filter(|_| !leaves), jobs.len()) || leaves {
            return;
        }
    }
}
