//! The queue of writers. SQLite's own lock is polled, so a writer that asks at the right moment is next and some wait for ever;
//! here every writer waits for its turn before it asks SQLite.
//!
//! The queue is the kernel's: `flock` wakes the waiters of a file in the order in which they came (Linux 5.0 and later),
//! and frees the lock of a process that dies. But it keeps nothing for the one that it wakes: on a busy machine, a writer
//! that has just ended asks again before that one runs. So there are two locks. Who has `next.lock` waits for
//! `write.lock`, and nobody else does; the writer that ended finds the first taken and queues behind.
//! The files stay: removing a lock that others wait for would let two in.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use rustix::fs::{FlockOperation, flock};
use rustix::io::{Errno, retry_on_intr};

use super::place::{Place, create_private, open_private};
use crate::ledger::store::StoreError;

/// How long a writer waits for its turn. A turn takes milliseconds, so this is hundreds of writers, or one that is stuck.
const TURN_LIMIT: Duration = Duration::from_secs(30);

/// In the order in which they are taken.
const LOCKS: [&str; 2] = ["next.lock", "write.lock"];

/// A transaction that writes, in its turn. Dropped, it is rolled back.
pub(super) struct Writing<'a> {
    // Dropped in this order: the next writer must not find SQLite's lock still taken.
    transaction: Transaction<'a>,
    _turn: Turn,
}

impl Writing<'_> {
    pub(super) fn commit(self) -> rusqlite::Result<()> {
        self.transaction.commit()
    }
}

impl<'a> Deref for Writing<'a> {
    type Target = Transaction<'a>;

    fn deref(&self) -> &Self::Target {
        &self.transaction
    }
}

/// Waits for a turn and begins to write.
pub(super) fn begin<'a>(db: &'a mut Connection, place: &Place) -> Result<Writing<'a>, StoreError> {
    let turn = Turn::wait(place, TURN_LIMIT)?;
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    Ok(Writing { transaction, _turn: turn })
}

/// Waits for a turn, for what needs a transaction of its own making.
pub(super) fn wait(place: &Place) -> Result<Turn, StoreError> {
    Turn::wait(place, TURN_LIMIT)
}

/// Whether a turn could be waited for: its locks can be opened, or made. They are neither made nor taken.
pub(super) fn try_to_queue(place: &Place) -> Result<(), StoreError> {
    for end in LOCKS {
        let path = place.beside(end);
        match open_private(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(StoreError::file("open", &path, error));
            }
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

/// The right to write, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _lock: Lock,
}

impl Turn {
    fn wait(place: &Place, limit: Duration) -> Result<Self, StoreError> {
        let [next, write] = LOCKS.map(|end| Lock::open(place, end));
        let (next, write) = (next?, write?);
        let is_next = next.take_if_free()?;
        if is_next && write.take_if_free()? {
            return Ok(Self { _lock: write });
        }
        // flock(2) has no time limit. A thread that is left behind frees the locks as soon as it gets them.
        let (turn_in, turn) = mpsc::channel();
        let path = write.path.clone();
        let wait = move || {
            let taken = if is_next { Ok(()) } else { next.take() };
            let taken = taken.and_then(|()| write.take());
            drop(next);
            let _ = turn_in.send(taken.map(|()| Self { _lock: write }));
        };
        let waiting = thread::Builder::new().name("queue".to_owned()).spawn(wait);
        waiting.map_err(|source| StoreError::file("wait for", &path, source))?;
        turn.recv_timeout(limit).unwrap_or(Err(StoreError::Busy))
    }
}

/// A file whose lock ends with it.
#[derive(Debug)]
struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    fn open(place: &Place, end: &str) -> Result<Self, StoreError> {
        let path = place.beside(end);
        match open_or_create(&path) {
            Ok(file) => Ok(Self { path, file }),
            Err(source) => Err(StoreError::file("open", &path, source)),
        }
    }

    fn take_if_free(&self) -> Result<bool, StoreError> {
        match flock(&self.file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(Errno::WOULDBLOCK) => Ok(false),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn take(&self) -> Result<(), StoreError> {
        retry_on_intr(|| flock(&self.file, FlockOperation::LockExclusive)).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: Errno) -> StoreError {
        StoreError::file("lock", &self.path, error.into())
    }
}

fn open_or_create(path: &Path) -> io::Result<File> {
    match open_private(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => match create_private(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => open_private(path),
            other => other,
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::{Place, TURN_LIMIT, Turn};
    use crate::clock;
    use crate::ledger::StoreError;

    #[test]
    fn a_writer_waits_no_longer_than_its_limit_and_one_that_gave_up_is_not_served() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::find(&folder.path().join("ledger.db")).unwrap();
        let turn = Turn::wait(&place, TURN_LIMIT).unwrap();
        for _ in 0..2 {
            let refused = Turn::wait(&place, Duration::from_millis(20));
            assert!(matches!(refused, Err(StoreError::Busy)), "{refused:?}");
        }
        drop(turn);
        let _ = Turn::wait(&place, TURN_LIMIT).unwrap();
    }

    #[test]
    fn a_writer_that_comes_again_and_again_does_not_starve_those_that_wait() {
        const WAITING: usize = 16;
        let folder = tempfile::tempdir().unwrap();
        let place = Place::find(&folder.path().join("ledger.db")).unwrap();
        let (done_in, done) = mpsc::channel();
        thread::scope(|scope| {
            let mut mine = Turn::wait(&place, TURN_LIMIT).unwrap();
            for _ in 0..WAITING {
                let (place, done_in) = (&place, done_in.clone());
                scope.spawn(move || {
                    drop(Turn::wait(place, TURN_LIMIT).unwrap());
                    done_in.send(()).unwrap();
                });
            }
            // Each of the others waits for a turn or two of this one, and none until it has had enough.
            let mut served = 0;
            for _ in 0..20 * WAITING {
                clock::sleep(Duration::from_millis(1));
                drop(mine);
                mine = Turn::wait(&place, TURN_LIMIT).unwrap();
                served += done.try_iter().count();
            }
            drop(mine);
            assert_eq!(served, WAITING);
        });
    }
}
