//! The way back from the senders to the thread that decides: what was tried, and a bell.
//!
//! While enough jobs wait in front of the senders, nothing has to be decided about a request that was accepted, and to wake a thread
//! for each costs more than all the rest of the way.

use crossbeam_channel::{Receiver, Sender, bounded};

use super::job::{Attempt, Job};
use crate::wire::{Verdict, classify};

/// The senders' end.
#[derive(Debug, Clone)]
pub(super) struct Returns {
    attempts: Sender<(Job, Option<Attempt>)>,
    bell: Sender<()>,
    /// So many jobs in front of the senders are enough.
    enough: usize,
}

/// The end of the thread that decides.
#[derive(Debug)]
pub(super) struct Returned {
    attempts: Receiver<(Job, Option<Attempt>)>,
    /// Rings when there is something to decide. What comes back without a ring is looked at with the next one, or from time to time.
    pub(super) bell: Receiver<()>,
}

/// A way back for so many senders, who are given so many jobs at most: it is time to decide when half of these have come back.
pub(super) fn way_back(senders: usize, handed_out: usize) -> (Returns, Returned) {
    let (attempts_in, attempts) = bounded(handed_out);
    let (bell_in, bell) = bounded(1);
    let enough = (handed_out / 2).saturating_sub(senders);
    (Returns { attempts: attempts_in, bell: bell_in, enough }, Returned { attempts, bell })
}

impl Returns {
    /// Hands back a job when so many others wait in front of the senders; false if nobody takes it any more.
    pub(super) fn send(&self, job: Job, attempt: Option<Attempt>, waiting: usize) -> bool {
        let is_accepted = attempt
            .as_ref()
            .and_then(|attempt| attempt.result.as_ref().ok())
            .is_some_and(|reply| classify(reply) == Verdict::Accepted);
        let is_taken = self.attempts.send((job, attempt)).is_ok();
        if !is_accepted || waiting <= self.enough {
            // A bell that rings already is enough: all that has come back is taken after it.
            let _ = self.bell.try_send(());
        }
        is_taken
    }
}

impl Returned {
    /// All that has come back.
    pub(super) fn take(&self) -> Vec<(Job, Option<Attempt>)> {
        let _ = self.bell.try_recv();
        let mut taken = Vec::with_capacity(self.attempts.len());
        taken.extend(self.attempts.try_iter());
        taken
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::way_back;
    use crate::pipeline::Item;
    use crate::pipeline::job::{Attempt, Job};
    use crate::pipeline::tests::{after, record};
    use crate::wire::{Body, BodyEnd, Reply};

    const SENDERS: usize = 16;
    const HANDED_OUT: usize = 64;
    /// As many as there are when half of what was handed out has come back.
    const ENOUGH: usize = 16;

    #[test]
    fn what_was_accepted_rings_only_when_little_waits() {
        for (waiting, rings) in [(48, false), (ENOUGH + 1, false), (ENOUGH, true), (0, true)] {
            assert_eq!(rings_for(Some(200), waiting), rings, "{waiting}");
        }
    }

    #[test]
    fn everything_else_rings_at_once() {
        for status in [Some(202), Some(400), Some(401), Some(429), Some(500), None] {
            let is_accepted = status == Some(202);
            assert_eq!(rings_for(status, HANDED_OUT), !is_accepted, "{status:?}");
        }
    }

    #[test]
    fn one_sender_always_rings() {
        let (returns, returned) = way_back(1, 1);
        assert!(returns.send(job(), Some(attempt(200)), 0));
        assert!(returned.bell.try_recv().is_ok());
    }

    #[test]
    fn all_that_came_back_is_taken_with_one_ring() {
        let (returns, returned) = way_back(SENDERS, HANDED_OUT);
        for waiting in [40, 3, 2] {
            assert!(returns.send(job(), Some(attempt(200)), waiting));
        }
        assert_eq!(returned.take().len(), 3);
        assert!(returned.bell.try_recv().is_err(), "the ring is over");
        drop(returned);
        assert!(!returns.send(job(), None, 0), "nobody takes it");
    }

    /// Whether a bell rings for one that was answered so, or that came back untouched, and whether it can be taken in any case.
    fn rings_for(status: Option<u16>, waiting: usize) -> bool {
        let (returns, returned) = way_back(SENDERS, HANDED_OUT);
        assert!(returns.send(job(), status.map(attempt), waiting));
        let rings = returned.bell.try_recv().is_ok();
        assert_eq!(returned.take().len(), 1);
        rings
    }

    fn job() -> Job {
        let Item::Record(record) = record(1) else { unreachable!("a record") };
        Job::unrecorded(record)
    }

    fn attempt(status: u16) -> Attempt {
        let reply =
            Reply { status, retry_after: None, body: Body::new(b"OK".to_vec(), None, None, BodyEnd::Reached) };
        Attempt { at: after(Duration::ZERO).wall, began: Duration::ZERO, ended: Duration::ZERO, result: Ok(reply) }
    }
}
