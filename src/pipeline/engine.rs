//! Every decision of a run, a step at a time: what is taken in, recorded, sent, settled and emitted, and when it is over.
//!
//! It owns the outbox and the listener and touches nothing else outside; time is a value. A driver (the threads, a preview, a
//! test) hands it what has [happened](Happened), asks for its [orders](Orders) and carries them out. These are two calls, each
//! with its own time, because the disk may sync between them: requests are spaced by the later one.

mod codes;
mod intake;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::Duration;

use super::deadlines::{Deadlines, Input};
use super::event::{Event, Listener, ListenerGone, Notice, RecordResult, Stopped};
use super::gate::Gate;
use super::gathering::Gathering;
use super::job::{Attempt, Job};
use super::judge::{Judgement, TransientFailure, judge};
use super::looks::{Besides, Looks};
use super::now::Now;
use super::outbox::{DeliveryEnd, Entered, Outbox, settlement};
use super::plan::{Item, RunPlan};
use super::schedule::{Again, Schedule};
use crate::domain::{ErrorCode, Failure, Outcome, Record, Timestamp};
use crate::ledger::{Lease, LedgerError, RowId, Settlement, Ticket};

/// The most records that are recorded as one group.
pub(super) const GROUP: usize = 1024;
/// How often a request to stop (a signal) is looked for while nothing else happens.
pub(super) const GLANCE: Duration = Duration::from_millis(50);

/// What has happened since the last step.
#[derive(Debug)]
pub(super) struct Happened {
    /// Out of the input, in its order.
    pub(super) arrived: Vec<Item>,
    /// What the input does now.
    pub(super) input: Input,
    /// Jobs that have come back, without an attempt where the gate was closed.
    pub(super) returned: Vec<(Job, Option<Attempt>)>,
    /// A signal asked the run to end.
    pub(super) interrupted: bool,
}

/// What a driver does until the next step.
#[derive(Debug)]
pub(super) struct Orders {
    /// To be sent now.
    pub(super) start: Vec<Job>,
    /// How many are handed out, with these.
    pub(super) in_flight: usize,
    /// How many items may be taken from the input; none where it is not wanted now.
    pub(super) room: usize,
    /// How long to wait at most for something to happen.
    pub(super) wait: Duration,
}

/// The state of a run.
pub(super) struct Engine<'a> {
    plan: RunPlan,
    schedule: Schedule,
    outbox: Outbox,
    gate: &'a Gate,
    listener: &'a mut dyn Listener,
    stopped: Option<Stopped>,
    /// When nothing new is sent any more.
    deadline: Option<Duration>,
    input: Input,
    looks: Looks,
    /// Records of this input that wait for another value of their message-id.
    waiting: HashMap<RowId, Record>,
    /// What has arrived and is not recorded yet.
    arrived: Gathering<Item>,
    /// Ended deliveries that are not settled yet: no result is emitted before the outcome is on disk.
    unsettled: Gathering<(Ticket, Settlement)>,
    unemitted: Vec<RecordResult>,
    code_deadlines: Option<Deadlines>,
    /// The lease was lost while these were handed out or waited: they come back untouched before anything else is sent.
    lease_lost: bool,
    /// The ledger has failed: it is not asked again, because each time might take as long as the first.
    ledger_lost: bool,
    /// Something of the input was not recorded.
    has_left_out: bool,
}

impl<'a> Engine<'a> {
    pub(super) fn new(
        outbox: Outbox,
        plan: RunPlan,
        gate: &'a Gate,
        listener: &'a mut dyn Listener,
        now: Now,
    ) -> Self {
        let deadline = plan.limits.deadline.map(|limit| now.monotonic.saturating_add(limit));
        Self {
            plan,
            schedule: Schedule::new(plan.limits, deadline),
            outbox,
            gate,
            listener,
            stopped: None,
            deadline,
            input: Input::Flows,
            looks: Looks::new(plan.adopt, now.monotonic),
            waiting: HashMap::new(),
            arrived: Gathering::new(plan.linger),
            unsettled: Gathering::new(plan.linger),
            unemitted: Vec::new(),
            code_deadlines: plan.tracking.map(|tracking| Deadlines::new(tracking, now.wall)),
            lease_lost: false,
            ledger_lost: false,
            has_left_out: false,
        }
    }

    /// Takes what has happened: records what has arrived and settles what has come back, each as one group, at once or when it has
    /// waited for more for as long as it may.
    pub(super) fn step(&mut self, happened: Happened, now: Now) {
        let Happened { arrived, input, returned, interrupted } = happened;
        if input == Input::Ended && self.input != Input::Ended {
            self.looks.input_ended();
        }
        self.arrived.extend(arrived);
        self.arrived.waits_from(now.monotonic);
        let has_gathered = interrupted || input == Input::Ended || !self.waits_for_more(now.monotonic);
        let group = if has_gathered { self.arrived.take() } else { Vec::new() };
        self.input = match input {
            Input::Ended => Input::Ended,
            Input::Flows | Input::Rests if self.input == Input::Ended => Input::Ended,
            // Before it is recorded, it is as if it had not been read.
            Input::Rests if returned.is_empty() && self.arrived.items().is_empty() => Input::Rests,
            Input::Flows | Input::Rests => Input::Flows,
        };
        self.beat();
        let lease_was_lost = self.lease_lost;
        self.take_in(group, now.wall);
        for (job, attempt) in returned {
            self.returned(job, attempt, now.monotonic);
        }
        self.give_back_what_was_leased();
        if interrupted {
            // The listener hears with it how much is in flight by now.
            self.turn();
            self.stop(Stopped::Interrupted);
        }
        if self.deadline.is_some_and(|deadline| now.monotonic >= deadline) {
            self.stop(Stopped::DeadlinePassed);
        }
        if self.gives_up() || self.schedule.is_paused(now.monotonic) {
            self.gate.close();
        }
        self.unsettled.waits_from(now.monotonic);
        if lease_was_lost || !self.settles_later(now.monotonic) {
            self.settle(now.wall);
        }
        self.let_go_of_waiting();
        self.turn();
        if !self.is_over() {
            self.release_waiting(now);
            self.adopt(now);
            self.expire_codes(now.wall);
        }
    }

    /// What is to be done now.
    pub(super) fn orders(&mut self, now: Duration) -> Orders {
        self.schedule.keep_place_for(self.unsettled.items().len());
        let start: Vec<_> =
            if self.lease_lost { Vec::new() } else { std::iter::from_fn(|| self.schedule.next(now)).collect() };
        if !start.is_empty() {
            self.gate.open();
        }
        let room = if self.lease_lost { 0 } else { self.room() };
        let wanted = self.input != Input::Ended && self.stopped.is_none() && room > self.waiting.len();
        let wait = match &self.code_deadlines {
            Some(deadlines) if deadlines.are_checked_again() && self.can_expire_codes() => Duration::ZERO,
            Some(_) | None => self.schedule.wakeup(now).map_or(GLANCE, |wait| wait.min(GLANCE)),
        };
        let gathered = match self.stopped {
            Some(_) => self.arrived.left(now).map(|_| Duration::ZERO),
            None => self.arrived.left(now).into_iter().chain(self.unsettled.left(now)).min(),
        };
        let wait = gathered.map_or(wait, |left| left.min(wait));
        Orders { start, in_flight: self.schedule.in_flight(), room: if wanted { room } else { 0 }, wait }
    }

    /// Whether there is nothing more to do but to [end](Self::end).
    pub(super) fn is_over(&self) -> bool {
        let goes_on = self.input != Input::Ended || !self.looks.are_finished() || self.is_watching();
        (self.stopped.is_some() || !goes_on) && self.schedule.is_empty() && self.arrived.items().is_empty()
    }

    /// How much more may be taken from the input; nothing where there is enough.
    fn room(&self) -> usize {
        let room = if self.schedule.wants_more() { self.schedule.room() } else { 0 };
        room.saturating_sub(self.arrived.items().len())
    }

    /// Whether what has arrived is recorded later, together with what may still come.
    fn waits_for_more(&self, now: Duration) -> bool {
        let can_grow = self.input != Input::Ended && self.stopped.is_none() && self.room() > 0;
        let is_whole = self.arrived.items().len() >= GROUP
            || self.arrived.items().iter().any(|item| matches!(item, Item::Broken));
        can_grow && !is_whole && !self.lease_lost && !self.arrived.is_due(now)
    }

    /// Whether what has come back is settled later, together with what is still under way. Nothing waits for it: no other value of
    /// a message-id, and no sender for a place below the in-flight limit.
    fn settles_later(&self, now: Duration) -> bool {
        let ended = self.unsettled.items().len();
        let more_comes = self.input != Input::Ended && self.stopped.is_none() && self.schedule.in_flight() > 0;
        let holds_nothing_up = self.waiting.is_empty() && 2 * ended < self.plan.limits.max_unsettled();
        ended > 0 && more_comes && holds_nothing_up && !self.unsettled.is_due(now)
    }

    /// Whether the run has ended before its input.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.is_some()
    }

    /// What a stopped run reads no further must not be lost on the way: what was taken from the input already is recorded, or at
    /// least answered.
    pub(super) fn take_the_rest(&mut self, arrived: Vec<Item>, now: Timestamp) {
        self.arrived.extend(arrived);
        let group = self.arrived.take();
        self.take_in(group, now);
        self.settle(now);
    }

    /// The system gives no thread, and without one nothing can be done.
    pub(super) fn has_no_thread(&mut self, why: String) {
        self.stop(Stopped::NoThread(why));
    }

    /// There are fewer senders than were wanted.
    pub(super) fn has_fewer_senders(&mut self, why: String) {
        self.emit(Event::Notice(Notice::FewerSenders(why)));
    }

    /// Keeps the run alive. Nothing is sent that could still be under way when the run's rows may be another's.
    fn beat(&mut self) {
        if self.ledger_lost {
            return;
        }
        match self.outbox.beat() {
            Ok(Lease::Lost) => {
                self.gate.lease(Lease::Lost);
                self.lease_lost = true;
            }
            Ok(lease) if !self.lease_lost => self.gate.lease(lease),
            Ok(_) => {}
            Err(error) => self.lose_ledger(&error),
        }
    }

    /// After the lease was lost, what has not been sent may be another run's by now: it goes back, and whoever adopts it sends it.
    fn give_back_what_was_leased(&mut self) {
        if !self.lease_lost {
            return;
        }
        for job in self.schedule.drain() {
            let (failure, end) = if let Some(failure) = job.unfinished() {
                (failure, DeliveryEnd::Tried)
            } else {
                let why = "kept in the ledger: its server was out of reach, and another run may have taken this";
                (Failure::unsent(ErrorCode::AlreadyQueued, why), DeliveryEnd::Unsent)
            };
            self.finish(job, Outcome::Retry(failure), end);
        }
        self.lease_lost = self.schedule.in_flight() > 0;
    }

    /// Takes over a group of rows that are due, beside the input.
    fn adopt(&mut self, now: Now) {
        let besides = match self.input {
            Input::Ended if !self.is_watching() => Besides::Nothing,
            Input::Flows => Besides::Input,
            Input::Rests | Input::Ended => Besides::Rest,
        };
        let room = self.schedule.room_for_due();
        let wanted = self.looks.wanted(besides, now.monotonic);
        let Some(due) = wanted.filter(|_| room > 0 && self.stopped.is_none()) else { return };
        match self.outbox.adopt(room.min(GROUP), due, now.wall) {
            Ok(entered) => {
                self.looks.found(entered.released.len(), now.monotonic);
                self.entered(entered);
            }
            Err(error) => self.stop_for_ledger(&error),
        }
    }

    /// Judges an attempt that has come back now.
    fn returned(&mut self, mut job: Job, attempt: Option<Attempt>, now: Duration) {
        let Some(attempt) = attempt else {
            self.schedule.bounced(job);
            return self.give_up_waiting();
        };
        job.tried(&attempt);
        match judge(&attempt.result) {
            Judgement::Settled(outcome) => {
                self.schedule.settled(&outcome);
                self.finish(job, outcome, DeliveryEnd::Tried);
                if self.schedule.nearly_all_refused() {
                    self.stop(Stopped::NearlyAllRefused);
                }
            }
            Judgement::Stop(reason, failure) => {
                self.schedule.failed();
                // A refusal of the account or of the way there says nothing about the record; that an earlier try may have
                // arrived has to be kept.
                let end = if job.may_have_arrived() { DeliveryEnd::Tried } else { DeliveryEnd::Unsent };
                job.last_failure = Some(failure.clone());
                let met = job.unfinished().unwrap_or_else(|| failure.clone());
                self.finish(job, Outcome::Retry(met), end);
                self.stop(Stopped::For(reason, failure));
            }
            Judgement::Again(failed) => self.again(job, failed, now),
        }
        self.give_up_waiting();
    }

    fn again(&mut self, mut job: Job, failed: TransientFailure, now: Duration) {
        job.last_failure = Some(failed.failure.clone());
        let message_id = job.record().conversion.message_id.clone();
        match self.schedule.again(job, &failed, now) {
            Again::Planned { wait, pause } => {
                let why = failed.failure.message;
                self.emit(Event::Notice(Notice::Retrying { message_id, wait, why: why.clone() }));
                if let Some(pause) = pause {
                    self.emit(Event::Notice(Notice::Pausing { pause, why }));
                }
            }
            Again::GivenUp(job) => {
                let failure = job.unfinished().unwrap_or(failed.failure);
                self.finish(*job, Outcome::Retry(failure), DeliveryEnd::Tried);
            }
            Again::NoRetryPossible(job, reason) => {
                let failure = job.unfinished().unwrap_or_else(|| failed.failure.clone());
                self.finish(*job, Outcome::Retry(failure), DeliveryEnd::Tried);
                self.stop(Stopped::For(reason, failed.failure));
            }
        }
    }

    /// A delivery has ended; its result is emitted once it is settled.
    fn finish(&mut self, job: Job, outcome: Outcome, end: DeliveryEnd) {
        let (ticket, result) = job.result(outcome);
        if let Some(ticket) = ticket {
            let settlement = settlement(&result.outcome, result.http_status, result.effort(), end);
            self.unsettled.push((ticket, settlement));
        }
        self.unemitted.push(result);
    }

    /// Settles what has ended, as one group, and emits the results.
    fn settle(&mut self, now: Timestamp) {
        let group = self.unsettled.take();
        let settled = if self.ledger_lost { Ok(Entered::default()) } else { self.outbox.settle(group, now) };
        match settled {
            Ok(entered) => self.entered(entered),
            // Not even on a full disk does sending go on now: all of it would be sent again.
            Err(error) => self.lose_ledger(&error),
        }
        for result in std::mem::take(&mut self.unemitted) {
            self.emit_result(if self.ledger_lost { result.unsettled() } else { result });
        }
    }

    /// Nothing more is read or sent; what waits is kept for later.
    ///
    /// The first reason stays, unless it let what was recorded go on: the next one ends that, too.
    fn stop(&mut self, why: Stopped) {
        let goes_on = !self.gives_up();
        if goes_on && !(self.stopped.is_some() && matches!(why, Stopped::RecordingFailed(_))) {
            self.stopped = Some(why.clone());
            self.emit(Event::Stopped(why));
            self.give_up_waiting();
        }
    }

    /// Where there is only no room for more, what is recorded goes on: settling needs less room, and has the ballast's.
    fn stop_for_ledger(&mut self, error: &LedgerError) {
        if error.is_disk_full() {
            self.stop(Stopped::RecordingFailed(in_full(error)));
        } else {
            self.lose_ledger(error);
        }
    }

    /// The same where input is not recorded: that another writer is the reason does not mean that it is kept.
    fn stop_recording(&mut self, error: &LedgerError) {
        self.has_left_out = true;
        if error.is_busy() {
            self.ledger_lost = true;
            self.stop(Stopped::LedgerFailed(in_full(error)));
        } else {
            self.stop_for_ledger(error);
        }
    }

    fn lose_ledger(&mut self, error: &LedgerError) {
        self.ledger_lost = true;
        let message = in_full(error);
        self.stop(match () {
            () if error.is_busy() => Stopped::LedgerBusy(message),
            () if error.is_server_away() => Stopped::LedgerAway(message),
            () => Stopped::LedgerFailed(message),
        });
    }

    /// Whether nothing more is sent. Where only recording failed, what is written down already still is.
    fn gives_up(&self) -> bool {
        self.stopped.as_ref().is_some_and(|stopped| !matches!(stopped, Stopped::RecordingFailed(_)))
    }

    /// After a stop, what waits is kept for later.
    fn give_up_waiting(&mut self) {
        if self.gives_up() {
            self.put_back();
        }
    }

    fn put_back(&mut self) {
        let Some(why) = self.stopped.clone() else { return };
        for job in self.schedule.drain() {
            let (failure, end) = match job.unfinished() {
                Some(failure) => (failure, DeliveryEnd::Tried),
                None => (why.failure_of_the_unsent(), DeliveryEnd::Unsent),
            };
            self.finish(job, Outcome::Retry(failure), end);
        }
    }

    fn emit_result(&mut self, result: RecordResult) {
        self.emit(Event::Settled(Box::new(result)));
    }

    fn emit(&mut self, event: Event) {
        let heard = self.listener.hear(event);
        self.stop_unless_heard(heard);
    }

    /// Lets the listener pass on what it heard, before the next wait.
    fn turn(&mut self) {
        let heard = self.listener.turn(self.schedule.state());
        self.stop_unless_heard(heard);
    }

    fn stop_unless_heard(&mut self, heard: Result<(), ListenerGone>) {
        if heard == Err(ListenerGone) && !self.gives_up() {
            self.stopped = Some(Stopped::OutputGone);
            self.give_up_waiting();
        }
    }

    /// Where nothing moves any more and the input cannot be read on for all that wait, these are answered: the ledger keeps them
    /// for a later run, which is not held up by what holds up this one.
    fn let_go_of_waiting(&mut self) {
        if self.schedule.is_empty() && self.waiting.len() >= self.schedule.room() {
            self.answer_waiting();
        }
    }

    fn answer_waiting(&mut self) {
        for (_, record) in std::mem::take(&mut self.waiting) {
            let why = "kept in the ledger: another value of the same message-id goes first";
            let failure = match &self.stopped {
                Some(stopped) => stopped.failure_of_the_unsent(),
                None => Failure::unsent(ErrorCode::AlreadyQueued, why),
            };
            self.emit_result(RecordResult::not_sent(record, Outcome::Retry(failure)));
        }
    }

    /// What still waits behind another run's rows is that run's, or the next one's, to send.
    /// What it is over with has still to be [closed](Outbox::close).
    pub(super) fn finish_all(mut self, now: Timestamp) -> (Option<Stopped>, Outbox) {
        self.put_back();
        self.settle(now);
        self.answer_waiting();
        // That it cannot be counted is no failure: what is pending is sent by the next run.
        if !self.ledger_lost
            && let Ok(Some(left)) = self.outbox.left_over(now)
        {
            self.emit(Event::LeftOver(left));
        }
        self.turn();
        let outbox = std::mem::replace(&mut self.outbox, Outbox::Off);
        (self.stopped, outbox)
    }

    /// The same, with the outbox closed.
    pub(super) fn end(self, now: Timestamp) -> Option<Stopped> {
        let (stopped, outbox) = self.finish_all(now);
        match outbox.close(None, now) {
            Ok(()) => stopped,
            Err(error) if error.is_busy() => stopped,
            Err(error) => stopped.or(Some(Stopped::LedgerFailed(in_full(&error)))),
        }
    }
}

/// An error with its causes.
fn in_full(error: &LedgerError) -> String {
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    message
}
