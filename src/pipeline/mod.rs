//! From records to settled outcomes: decisions, threads, retries and the order of events.
//!
//! The engine decides everything, a step at a time, and is handed the time: it takes input only when it has room, has it recorded,
//! orders what to send, judges what came back, has it settled and then emits the result. Three drivers carry out what it orders: the
//! [threads](run()), of which one reads, `jobs` send and the calling one drives; a [preview](preview()); and the simulated outages of the
//! tests. Each step records what has arrived and settles what has come back, each as one group: while the disk syncs, the next
//! group gathers.
//!
//! What may be sent *when* is `Schedule`'s matter, what an answer *means* is `judge`'s, which codes have expired is `Deadlines`', and
//! when the ledger is searched for what is due is `Looks`'; what is written down is [`Outbox`]'s.

mod deadlines;
mod engine;
mod event;
mod gate;
mod gathering;
mod job;
mod judge;
mod looks;
mod now;
mod outbox;
mod plan;
mod preview;
mod returns;
mod schedule;
mod senders;
#[cfg(test)]
mod tests;
mod threads;

pub use self::deadlines::{AtEnd, Tracking};
pub use self::event::{Event, Listener, ListenerGone, Notice, RecordResult, State, StopReason, Stopped, Subject};
pub use self::looks::Adopt;
pub use self::outbox::Outbox;
pub use self::plan::{Item, RefusedBefore, RunPlan};
pub use self::preview::preview;
pub use self::schedule::Limits;
pub use self::threads::{Means, run};
