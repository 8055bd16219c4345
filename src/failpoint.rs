//! Promises broken on purpose, so that a proof can show that it would notice.
//!
//! Only a build with the feature `failpoints` can break any; no such build is published, and in any other
//! [`is_broken`] is `false` at compile time. Which promise a process breaks is chosen once, at its start.

#[cfg(feature = "failpoints")]
use std::sync::OnceLock;

/// A promise, and what is done instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// No result is emitted before the record is on disk. Broken: records are called accepted before they are recorded.
    RecordedBeforeResult,
    /// A commit is on disk when it returns. Broken: it is there with a later one.
    SyncedWhenCommitted,
    /// The names of a ledger and of its log are on the disk before anything is in the log. Broken: they get there some time.
    LogIsNamed,
    /// A live run's rows are that run's alone. Broken: every other run looks crashed.
    OwnedByOneRun,
    /// No more is unsettled than the in-flight limit. Broken: what may have arrived does not count while it waits for a retry.
    InFlightLimitHeld,
    /// On a server, a run whose lease has ended records nothing. Broken: it does not look.
    FencedWhenRecording,
    /// On a server, a run settles nothing that another one has taken over. Broken: it does not look.
    FencedWhenSettling,
    /// A commit whose answer was lost is asked for. Broken: it counts as failed.
    UnknownCommitsAreRead,
    /// On a server, every group of records is written in one order. Broken: in that of the input.
    GroupsInOneOrder,
    /// No redirect is followed. Broken: ten are, and the page at their end is the answer.
    RedirectsNotFollowed,
    /// An answer counts only for the request that asked for it. Broken: whatever is there to be read is an answer.
    AnswersAreAskedFor,
    /// A code expires by the log that told of it. Broken: by whatever log is read.
    WindowsOfTheirLog,
    /// On a server, a code is silent once every log has been read that far. Broken: once its own log has.
    SilenceWaitsForEveryLog,
    /// A followed file counts as read up to what is recorded. Broken: up to what was read of it.
    ReadToIsRecorded,
    /// On a full disk old rows can be forgotten. Broken: nothing makes room for that.
    ForgettingHasRoom,
}

/// Every promise by the name under which it can be broken.
pub const PROMISES: [(&str, Promise); 15] = [
    ("recorded-before-result", Promise::RecordedBeforeResult),
    ("synced-when-committed", Promise::SyncedWhenCommitted),
    ("log-is-named", Promise::LogIsNamed),
    ("owned-by-one-run", Promise::OwnedByOneRun),
    ("in-flight-limit-held", Promise::InFlightLimitHeld),
    ("fenced-when-recording", Promise::FencedWhenRecording),
    ("fenced-when-settling", Promise::FencedWhenSettling),
    ("unknown-commits-are-read", Promise::UnknownCommitsAreRead),
    ("groups-in-one-order", Promise::GroupsInOneOrder),
    ("redirects-not-followed", Promise::RedirectsNotFollowed),
    ("answers-are-asked-for", Promise::AnswersAreAskedFor),
    ("windows-of-their-log", Promise::WindowsOfTheirLog),
    ("silence-waits-for-every-log", Promise::SilenceWaitsForEveryLog),
    ("read-to-is-recorded", Promise::ReadToIsRecorded),
    ("forgetting-has-room", Promise::ForgettingHasRoom),
];

#[cfg(feature = "failpoints")]
static BROKEN: OnceLock<Promise> = OnceLock::new();

/// Breaks the promise of this name in this process; `false` if there is none, or another is broken already.
#[cfg(feature = "failpoints")]
#[must_use]
pub fn break_promise(name: &str) -> bool {
    let promise = PROMISES.iter().find(|(known, _)| *known == name);
    promise.is_some_and(|(_, promise)| BROKEN.set(*promise).is_ok())
}

/// Whether this promise is broken in this process.
#[cfg(feature = "failpoints")]
#[must_use]
pub fn is_broken(promise: Promise) -> bool {
    BROKEN.get() == Some(&promise)
}

/// Whether this promise is broken in this process.
#[cfg(not(feature = "failpoints"))]
#[must_use]
pub const fn is_broken(_: Promise) -> bool {
    false
}
