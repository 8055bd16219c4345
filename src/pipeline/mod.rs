//! From records to settled outcomes: the threads, the retries and the order of events.
//!
//! One thread reads, `jobs` threads send one request each at a time, and the calling thread decides: it alone takes
//! input, owns the ledger, hands out work, judges what came back and tells the listener. It takes input only when it has
//! room, so no two channels can wait for each other. Each turn of its loop records what has arrived and settles what has
//! come back, each as one group: while the disk syncs, the next group gathers.
//!
//! What to do *when* is `Schedule`'s matter, which is handed the time and can be tested without waiting; what an answer
//! *means* is `judge`'s; what is written down is [`Book`]'s.

mod book;
mod event;
mod judge;
mod looks;
mod rehearsal;
mod schedule;
mod sending;
#[cfg(test)]
mod tests;
mod windows;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, never, select, unbounded};

pub use self::book::Book;
pub use self::event::{Event, Listener, ListenerGone, Notice, Report, State, StopReason, Stopped, Subject};
pub use self::looks::Adopt;
pub use self::rehearsal::Rehearsal;
pub use self::schedule::Limits;
pub use self::windows::{AtEnd, Tracking};

use self::book::{Done, End, Entered, Warrant, settlement};
use self::judge::{Judgement, Trouble, judge};
use self::looks::{Besides, Looks};
use self::schedule::{Again, Job, Schedule};
use self::sending::{Attempt, Gate, send_jobs};
use self::windows::{Input, Windows};
use crate::clock;
use crate::domain::{Account, BadRecord, CodeEvent, ErrorCode, Failure, Outcome, Record, Timestamp};
use crate::failpoint::{Promise, is_broken};
use crate::ledger::{CodeCounts, LedgerError, Novelty, Origin, RowId, Settlement, Ticket};
use crate::transport::{Cause, Transport};

/// Something out of the input.
#[derive(Debug)]
pub enum Item {
    /// A record to send.
    Record(Record),
    /// Something that happened to a code, from which records may follow.
    Event(CodeEvent),
    /// One that can never be sent.
    Bad(BadRecord),
    /// Something worth telling about the input, once.
    Remark(String),
    /// The input cannot be read any further, and what was read may make no sense: nothing more is sent.
    Broken,
}

/// Everything that is fixed for a run.
pub struct Plan<'a> {
    /// The way to the API.
    pub transport: &'a Transport,
    /// Whose conversions these are.
    pub account: &'a Account,
    /// The bounds of the run.
    pub limits: Limits,
    /// Which rows of earlier runs are taken over; none without a ledger.
    pub adopt: Adopt,
    /// How codes are tracked, where the input tells of such.
    pub tracking: Option<Tracking>,
    /// What becomes of input that was refused before.
    pub refused_before: RefusedBefore,
    /// Set from outside: nothing more is read or sent, and what is in flight is waited for.
    pub interrupted: &'a AtomicBool,
    /// Set by the run when it wants no more input: whoever reads must not take anything new then.
    pub stop_reading: &'a AtomicBool,
}

/// What becomes of input that the API refused, or that could not be read, in an earlier run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedBefore {
    /// It is left out: it was told then.
    Skip,
    /// It fails again.
    Fail,
}

/// How many records are read ahead of what is decided, and the most that are recorded as one group.
const GROUP: usize = 1024;
/// How often a request to stop (a signal) is looked for while nothing else happens.
const GLANCE: Duration = Duration::from_millis(50);

/// Sends every record of `input`, telling `listener` what came of each, and returns why it stopped early, if it did.
///
/// The input is read on a thread of its own, which is left behind where it blocks after the run has stopped.
///
/// # Panics
/// If one of its threads did: what that thread held would be waited for without end, or be missing without a word.
pub fn run<I>(input: I, book: Book, plan: &Plan<'_>, listener: &mut dyn Listener) -> Option<Stopped>
where
    I: Iterator<Item = Item> + Send + 'static,
{
    let (items_in, items) = bounded(GROUP);
    // Kept here as well, because a thread that cannot be started drops what it was given.
    let input = Arc::new(Mutex::new(Some(input)));
    let to_read = Arc::clone(&input);
    let read = move || read_all(&to_read, &items_in);
    let mut reader = match thread::Builder::new().spawn(read) {
        Ok(reader) => Some(reader),
        Err(error) => {
            let mut run = Run::new(book, plan, listener);
            run.stop(Stopped::NoThread(no_thread(&error)));
            plan.stop_reading.store(true, Ordering::Release);
            run.take_in(taken(&input).into_iter().flatten().map(Some).collect());
            return run.end();
        }
    };
    let deadline = plan.limits.deadline.map(|limit| clock::monotonic().saturating_add(limit));
    let gate = Gate::default();
    let (jobs_in, jobs) = unbounded();
    let (attempts_in, attempts) = unbounded();
    thread::scope(|scope| {
        let start_sender = || {
            let (jobs, attempts, sender, gate) =
                (jobs.clone(), attempts_in.clone(), plan.transport.sender(), &gate);
            gate.joined();
            let send = move || send_jobs(sender, plan.account, gate, &jobs, &attempts);
            thread::Builder::new().spawn_scoped(scope, send).inspect_err(|_| gate.not_joined())
        };
        let mut senders = Vec::new();
        let mut run = Run::new(book, plan, listener);
        run.schedule.end_at(deadline);
        let mut input = Input::Flows;
        let mut told_of_fewer = false;
        while !run.is_over() {
            let now = clock::monotonic();
            run.adopt(input, now);
            run.close_windows(input);
            while let Some(job) = run.schedule.next(now) {
                if gate.wants_more(plan.limits.jobs.min(run.schedule.in_flight())) {
                    match start_sender() {
                        Ok(sender) => senders.push(sender),
                        Err(error) if senders.is_empty() => {
                            run.returned(job, Attempt { sent: None }, now);
                            run.stop(Stopped::NoThread(no_thread(&error)));
                            break;
                        }
                        Err(error) => run.hear(Event::Notice(Notice::FewerSenders(no_thread(&error)))),
                    }
                }
                gate.open();
                let _ = jobs_in.send(job);
            }
            let (mut arrived, mut returned) = (Vec::new(), Vec::new());
            select! {
                recv(run.input(&items)) -> item => arrived.push(item.ok()),
                recv(attempts) -> attempt => returned.extend(attempt),
                default(run.wait(now)) => {}
            }
            returned.extend(attempts.try_iter());
            arrived.extend(run.input(&items).try_iter().take(run.schedule.room()).map(Some));
            let rests = arrived.is_empty() && items.is_empty() && returned.is_empty();
            input = if rests { Input::Rests } else { Input::Flows };
            assert!(
                !rests || senders.iter().filter(|sender| sender.is_finished()).count() <= gate.left(),
                "a sender has died"
            );
            if arrived.iter().any(Option::is_none) {
                let ended = reader.take().is_none_or(|reader| reader.join().is_ok());
                assert!(ended, "the reader has died");
            }
            run.take_in(arrived);
            if gate.left() > 0 && !told_of_fewer {
                told_of_fewer = true;
                run.hear(Event::Notice(Notice::FewerSenders(Cause::NoDescriptor.to_string())));
            }
            for (job, attempt) in returned {
                run.returned(job, attempt, clock::monotonic());
            }
            if plan.interrupted.load(Ordering::Relaxed) {
                // What is in flight by now is told with it.
                run.turn();
                run.stop(Stopped::Interrupted);
            }
            if deadline.is_some_and(|deadline| clock::monotonic() >= deadline) {
                run.stop(Stopped::DeadlinePassed);
            }
            if run.gives_up() || run.schedule.is_paused(clock::monotonic()) {
                gate.close();
            }
            run.settle();
            run.let_go_of_waiting();
            run.turn();
        }
        drop(jobs_in);
        run.take_in_the_rest(&items);
        drop(items);
        run.end()
    })
}

/// The state of one run, on the deciding thread.
struct Run<'a> {
    schedule: Schedule,
    book: Book,
    plan: &'a Plan<'a>,
    listener: &'a mut dyn Listener,
    stopped: Option<Stopped>,
    reading: bool,
    looks: Looks,
    /// Records of this input that wait for another value of their message-id.
    waiting: HashMap<RowId, Record>,
    /// Ended deliveries that are not settled yet: nobody is told before the disk knows.
    unsettled: Vec<(Ticket, Settlement)>,
    untold: Vec<Report>,
    windows: Option<Windows>,
    /// The ledger has failed: it is not asked again, because each time might take as long as the first.
    ledger_lost: bool,
}

impl<'a> Run<'a> {
    fn new(book: Book, plan: &'a Plan<'a>, listener: &'a mut dyn Listener) -> Self {
        Self {
            schedule: Schedule::new(plan.limits),
            book,
            plan,
            listener,
            stopped: None,
            reading: true,
            looks: Looks::new(plan.adopt, clock::monotonic()),
            waiting: HashMap::new(),
            unsettled: Vec::new(),
            untold: Vec::new(),
            windows: plan.tracking.map(|tracking| Windows::new(tracking, clock::now())),
            ledger_lost: false,
        }
    }

    fn is_over(&self) -> bool {
        let goes_on = self.reading || !self.looks.are_finished() || self.is_watching();
        (self.stopped.is_some() || !goes_on) && self.schedule.is_empty()
    }

    /// Whether there are windows to wait for.
    fn is_watching(&self) -> bool {
        self.windows.as_ref().is_some_and(|windows| !windows.are_finished())
    }

    /// How long nothing needs to be done unless something arrives.
    fn wait(&self, now: Duration) -> Duration {
        match &self.windows {
            Some(windows) if windows.are_looked_at_again() && self.can_close_windows() => Duration::ZERO,
            Some(_) | None => self.schedule.wakeup(now).map_or(GLANCE, |wait| wait.min(GLANCE)),
        }
    }

    /// The input, while there is room for more of it and use.
    fn input(&self, items: &Receiver<Item>) -> Receiver<Item> {
        let has_room = self.schedule.room() > self.waiting.len();
        let wanted = self.reading && self.stopped.is_none() && has_room && self.schedule.wants_more();
        if wanted { items.clone() } else { never() }
    }

    /// Takes over a group of rows that are due, beside the input.
    fn adopt(&mut self, input: Input, now: Duration) {
        let besides = match input {
            Input::Flows | Input::Rests if !self.reading && !self.is_watching() => Besides::Nothing,
            Input::Flows if self.reading => Besides::Input,
            Input::Flows | Input::Rests | Input::Ended => Besides::Rest,
        };
        let room = self.schedule.room_for_due();
        let Some(due) = self.looks.wanted(besides, now).filter(|_| room > 0 && self.stopped.is_none()) else {
            return;
        };
        match self.book.adopt(room.min(GROUP), due, clock::now()) {
            Ok(entered) => {
                self.looks.found(entered.released.len(), now, clock::monotonic());
                self.entered(entered);
            }
            Err(error) => self.stop_for_ledger(&error),
        }
    }

    fn can_close_windows(&self) -> bool {
        self.stopped.is_none() && self.schedule.room() >= GROUP / 2
    }

    /// Closes the windows that are due, a group at a time.
    fn close_windows(&mut self, input: Input) {
        let input = if self.reading { input } else { Input::Ended };
        let Some(windows) = &self.windows else { return };
        if windows.are_finished() || !self.can_close_windows() {
            return;
        }
        let room = self.schedule.room();
        let now = clock::now();
        let mut may_be_more = false;
        for closing in windows.closed(input, now) {
            match self.book.close_windows(closing, room.min(GROUP) / 2, now) {
                Ok((entered, counts)) => {
                    if counts == CodeCounts::default() {
                        self.windows.iter_mut().for_each(|windows| windows.found_nothing(closing));
                    } else {
                        may_be_more = true;
                        self.hear(Event::Tracked(counts));
                        self.entered(entered);
                    }
                }
                Err(error) => return self.stop_for_ledger(&error),
            }
        }
        if !may_be_more && self.windows.as_mut().is_some_and(|windows| windows.is_worth_a_look(input, now)) {
            self.look_at_what_stays_open(input, now);
        }
    }

    /// Nothing is due: what will never be, and is there anything to wait for?
    fn look_at_what_stays_open(&mut self, input: Input, now: Timestamp) {
        let Some(since) = self.windows.as_ref().and_then(|windows| windows.unplaced_since(input, now)) else {
            return;
        };
        match self.book.give_up_unplaced(since, now) {
            Ok(given_up) if !given_up.is_empty() => {
                self.windows.iter_mut().for_each(Windows::look_again);
                for bad in given_up {
                    self.tell(Report::invalid(bad));
                }
            }
            // Counting takes time where there are many: while the input rests nobody wants to know.
            Ok(_) if input == Input::Ended => self.look_whether_all_closed(now),
            Ok(_) => {}
            Err(error) => self.stop_for_ledger(&error),
        }
    }

    fn look_whether_all_closed(&mut self, now: Timestamp) {
        match self.book.open_windows(now) {
            Ok(open) => {
                self.windows.iter_mut().for_each(|windows| windows.all_closed(open));
                self.hear(Event::WindowsOpen(open));
            }
            Err(error) => self.stop_for_ledger(&error),
        }
    }

    /// Takes what a log told, and records the conversions that follow.
    fn observe(&mut self, events: &[CodeEvent], now: Timestamp) {
        let Some(windows) = &mut self.windows else { return };
        if self.ledger_lost {
            return;
        }
        match self.book.observe(events, windows.tracking.window, now) {
            Ok((entered, counts)) => {
                windows.saw(events, now);
                self.hear(Event::Tracked(counts));
                self.entered(entered);
            }
            Err(error) => self.stop_recording(&error),
        }
    }

    /// Records a group of arrivals, before any of it may be sent.
    fn take_in(&mut self, arrived: Vec<Option<Item>>) {
        let (mut records, mut bad) = (Vec::with_capacity(arrived.len()), Vec::new());
        let mut events = Vec::new();
        let now = clock::now();
        for item in arrived {
            match item {
                Some(Item::Record(record)) if self.is_too_old(&record, now) => {
                    let why = Failure::unsent(ErrorCode::TooOld, "older than --max-age");
                    self.tell(Report::not_sent(record, Outcome::Skipped(why)));
                }
                Some(Item::Record(record)) => records.push(record),
                Some(Item::Event(event)) => events.push(event),
                Some(Item::Bad(record)) => bad.push(record),
                Some(Item::Remark(text)) => self.hear(Event::Notice(Notice::Input(text))),
                Some(Item::Broken) => {
                    self.reading = false;
                    self.stop(Stopped::InputBroken);
                }
                None => {
                    self.reading = false;
                    self.looks.input_ended();
                }
            }
        }
        if !records.is_empty() {
            self.record(records, now);
        }
        if !events.is_empty() {
            self.observe(&events, now);
        }
        if !bad.is_empty() {
            self.record_bad(bad, now);
        }
    }

    /// Keeps input that is no record. What was kept before was told before.
    fn record_bad(&mut self, bad: Vec<BadRecord>, now: Timestamp) {
        let mut novelty = Vec::new();
        if !self.ledger_lost {
            match self.book.enter_bad(&bad, now) {
                Ok(kept) => novelty = kept,
                Err(error) => self.stop_recording(&error),
            }
        }
        let novelty = novelty.into_iter().chain(std::iter::repeat(Novelty::New));
        for (bad, novelty) in bad.into_iter().zip(novelty) {
            let report = Report::invalid(bad);
            self.tell(match novelty {
                Novelty::New => report,
                Novelty::Known => Report { outcome: self.refused_before(report.outcome), ..report },
            });
        }
    }

    /// What was refused before is told again only where that is wanted: a file that is read every minute would otherwise
    /// fail every minute.
    fn refused_before(&self, outcome: Outcome) -> Outcome {
        match (outcome, self.plan.refused_before) {
            (Outcome::Rejected(failure) | Outcome::Invalid(failure), RefusedBefore::Skip) => {
                let message = format!("refused before: {}", failure.message);
                Outcome::Skipped(Failure { code: ErrorCode::AlreadyRefused, message, ..failure })
            }
            (outcome, RefusedBefore::Skip | RefusedBefore::Fail) => outcome,
        }
    }

    /// Writes records down. Those that the ledger does not take are answered, and not sent.
    fn record(&mut self, records: Vec<Record>, now: Timestamp) {
        if is_broken(Promise::RecordedBeforeTold) {
            for record in &records {
                self.tell(Report::not_sent(record.clone(), Outcome::Accepted));
            }
            self.turn();
        }
        let (refused, why) = if self.ledger_lost {
            (records, "the ledger has failed".to_owned())
        } else {
            match self.book.enter(records, now) {
                Ok(entered) => return self.entered(entered),
                Err((records, error)) => {
                    self.stop_recording(&error);
                    (records, error.to_string())
                }
            }
        };
        for record in refused {
            self.tell(Report::not_recorded(record, &why));
        }
    }

    fn is_too_old(&self, record: &Record, now: Timestamp) -> bool {
        let age = u64::try_from(record.conversion.timestamp.age_at(now)).unwrap_or(0);
        self.plan.limits.max_age.is_some_and(|limit| Duration::from_secs(age) > limit)
    }

    /// Takes what the ledger said: to be sent, to be waited for, or done with.
    fn entered(&mut self, entered: Entered) {
        if let Some(message_id) = entered.contradicted {
            self.hear(Event::Notice(Notice::NeedsTimes(message_id)));
        }
        for warrant in entered.ready {
            self.schedule.admit(Job::new(warrant, Origin::Input));
        }
        self.waiting.extend(entered.waiting);
        for ticket in entered.released {
            let origin = self.origin(ticket.row(), ticket.origin());
            self.schedule.admit_due(Job::new(Warrant::Recorded(ticket), origin));
        }
        for Done { row, record, origin, outcome, http_status } in entered.done {
            let origin = row.map_or(origin, |row| self.origin(row, origin));
            let outcome = self.refused_before(outcome);
            self.tell(Report { http_status, origin, ..Report::not_sent(record, outcome) });
        }
        for row in entered.expired {
            if let Some(record) = self.waiting.remove(&row) {
                let failure = Failure::unsent(ErrorCode::TooOld, "given up: it had waited for too long");
                self.tell(Report::not_sent(record, Outcome::Rejected(failure)));
            }
        }
        self.give_up_waiting();
    }

    /// Whose a row is that is no longer waited for. What this input asked for and was let go of has had its answer.
    fn origin(&mut self, row: RowId, origin: Origin) -> Origin {
        let awaited = self.waiting.remove(&row).is_some();
        match origin {
            _ if awaited => Origin::Input,
            Origin::Input | Origin::Postponed => Origin::Postponed,
            Origin::Adopted => Origin::Adopted,
        }
    }

    /// Judges an attempt that has come back now.
    fn returned(&mut self, mut job: Job, attempt: Attempt, now: Duration) {
        let Some(sent) = attempt.sent else {
            self.schedule.bounced(job);
            return self.give_up_waiting();
        };
        job.tried(sent.at, sent.began, sent.ended);
        job.last_status = sent.result.as_ref().ok().map(|reply| reply.status);
        match judge(&sent.result) {
            Judgement::Settled(outcome) => {
                self.schedule.settled(&outcome);
                self.finish(job, outcome, End::Tried);
                if self.schedule.nearly_all_refused() {
                    self.stop(Stopped::NearlyAllRefused);
                }
            }
            Judgement::Stop(reason, failure) => {
                self.schedule.failed();
                // What the account or the way there was refused for says nothing of the record, but that an earlier try may
                // have arrived has to be kept.
                let end = if job.may_have_arrived() { End::Tried } else { End::Unsent };
                job.last_failure = Some(failure.clone());
                let told = job.unfinished().unwrap_or_else(|| failure.clone());
                self.finish(job, Outcome::Retry(told), end);
                self.stop(Stopped::For(reason, failure));
            }
            Judgement::Again(trouble) => self.again(job, trouble, now),
        }
        self.give_up_waiting();
    }

    fn again(&mut self, mut job: Job, trouble: Trouble, now: Duration) {
        job.last_failure = Some(trouble.failure.clone());
        let message_id = job.record().conversion.message_id.clone();
        match self.schedule.again(job, &trouble, now) {
            Again::Planned { wait, pause } => {
                let why = trouble.failure.message;
                self.hear(Event::Notice(Notice::Retrying { message_id, wait, why: why.clone() }));
                if let Some(pause) = pause {
                    self.hear(Event::Notice(Notice::Pausing { pause, why }));
                }
            }
            Again::GivenUp(job) => {
                let failure = job.unfinished().unwrap_or(trouble.failure);
                self.finish(*job, Outcome::Retry(failure), End::Tried);
            }
            Again::Hopeless(job, reason) => {
                let failure = job.unfinished().unwrap_or_else(|| trouble.failure.clone());
                self.finish(*job, Outcome::Retry(failure), End::Tried);
                self.stop(Stopped::For(reason, trouble.failure));
            }
        }
    }

    /// A delivery has ended; it is told once it is settled.
    fn finish(&mut self, job: Job, outcome: Outcome, end: End) {
        let (ticket, report) = job.report(outcome);
        if let Some(ticket) = ticket {
            let settlement = settlement(&report.outcome, report.http_status, report.effort(), end);
            self.unsettled.push((ticket, settlement));
        }
        self.untold.push(report);
    }

    /// Settles what has ended, as one group, and tells of it.
    fn settle(&mut self) {
        let group = std::mem::take(&mut self.unsettled);
        let settled =
            if self.ledger_lost { Ok(Entered::default()) } else { self.book.settle(group, clock::now()) };
        match settled {
            Ok(entered) => self.entered(entered),
            // Not even on a full disk does sending go on now: all of it would be sent again.
            Err(error) => self.lose_ledger(&error),
        }
        for report in std::mem::take(&mut self.untold) {
            self.tell(if self.ledger_lost { unsettled(report) } else { report });
        }
    }

    /// Nothing more is read or sent; what waits is kept for later.
    ///
    /// The first reason stays, unless it let what was recorded go on: the next one ends that, too.
    fn stop(&mut self, why: Stopped) {
        let goes_on = !self.gives_up();
        if goes_on && !(self.stopped.is_some() && matches!(why, Stopped::RecordingFailed(_))) {
            self.stopped = Some(why.clone());
            self.hear(Event::Stopped(why));
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
        self.stop(if error.is_busy() { Stopped::LedgerBusy(message) } else { Stopped::LedgerFailed(message) });
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
                Some(failure) => (failure, End::Tried),
                None => (why.failure_of_the_unsent(), End::Unsent),
            };
            self.finish(job, Outcome::Retry(failure), end);
        }
    }

    fn tell(&mut self, report: Report) {
        self.hear(Event::Settled(Box::new(report)));
    }

    fn hear(&mut self, event: Event) {
        if self.listener.hear(event) == Err(ListenerGone) && !self.gives_up() {
            self.stopped = Some(Stopped::OutputGone);
            self.give_up_waiting();
        }
    }

    /// Lets the listener pass on what it heard, before the next wait.
    fn turn(&mut self) {
        if self.listener.turn(self.schedule.state()) == Err(ListenerGone) && !self.gives_up() {
            self.stopped = Some(Stopped::OutputGone);
            self.give_up_waiting();
        }
    }

    /// What this run reads no further must not be lost on the way: what the reader has taken from the input already is
    /// recorded, or at least answered. The reader reads nothing new once it is told to stop.
    fn take_in_the_rest(&mut self, items: &Receiver<Item>) {
        if self.stopped.is_none() {
            return;
        }
        self.plan.stop_reading.store(true, Ordering::Release);
        while let Ok(item) = items.recv_timeout(GLANCE) {
            let rest = std::iter::once(item).chain(items.try_iter().take(GROUP - 1));
            self.take_in(rest.map(Some).collect());
            self.settle();
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
            self.tell(Report::not_sent(record, Outcome::Retry(failure)));
        }
    }

    /// What still waits behind another run's rows is that run's, or the next one's, to send.
    fn end(mut self) -> Option<Stopped> {
        self.put_back();
        self.settle();
        self.answer_waiting();
        // That it cannot be told is no failure: what is pending is sent by the next run.
        if !self.ledger_lost
            && let Ok(Some(left)) = self.book.left_over(clock::now())
        {
            self.hear(Event::LeftOver(left));
        }
        let book = std::mem::replace(&mut self.book, Book::Nowhere);
        match book.close(clock::now()) {
            // Everything is settled; tidying up can wait for the next run.
            Err(error) if !error.is_busy() => self.stop_for_ledger(&error),
            Ok(()) | Err(_) => {}
        }
        self.turn();
        self.stopped
    }
}

fn taken<I>(input: &Mutex<Option<I>>) -> Option<I> {
    input.lock().ok().and_then(|mut input| input.take())
}

/// Hands the input on until it ends, or is not wanted any more.
fn read_all<I: Iterator<Item = Item>>(input: &Mutex<Option<I>>, items: &Sender<Item>) {
    let _ = taken(input).into_iter().flatten().map(|item| items.send(item)).find(Result::is_err);
}

fn no_thread(error: &std::io::Error) -> String {
    format!(
        "the system gives this program no further thread ({error}): raise the limit on processes (`ulimit -u`, a cgroup's \
         pids.max) or on memory"
    )
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

/// What is told of a delivery whose end could not be written down: a later run sends it again.
fn unsettled(report: Report) -> Report {
    match report.outcome {
        Outcome::Accepted => {
            let message = "the API accepted it, but the ledger could not take that: it will be sent again";
            let outcome = Outcome::Retry(Failure::answered(ErrorCode::Interrupted, message));
            Report { outcome, ..report }
        }
        Outcome::Rejected(_) | Outcome::Retry(_) | Outcome::Invalid(_) | Outcome::Skipped(_) | Outcome::DryRun => {
            report
        }
    }
}

impl Stopped {
    /// What a record is told that was read but not sent.
    #[must_use]
    pub fn failure_of_the_unsent(&self) -> Failure {
        let why = match self {
            Self::Interrupted => "the run was interrupted",
            Self::OutputGone => "nobody reads the results any more",
            Self::DeadlinePassed => "the run's deadline has passed",
            Self::InputBroken => "the input cannot be read",
            Self::NearlyAllRefused => "nearly everything was refused",
            Self::LedgerBusy(why) | Self::LedgerFailed(why) | Self::RecordingFailed(why) | Self::NoThread(why) => {
                why
            }
            Self::For(_, failure) => {
                return Failure::unsent(
                    failure.code,
                    format!("not sent: the run stopped because {}", failure.message),
                );
            }
        };
        Failure::unsent(ErrorCode::Interrupted, format!("not sent: {why}"))
    }
}
