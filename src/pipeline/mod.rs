//! From records to settled outcomes: the threads, the retries and the order of events.
//!
//! One thread reads, `jobs` threads send one request each at a time, and the calling thread decides: it alone takes
//! input, hands out work, judges what came back and tells the listener. It reads only when it has room, so no two
//! channels can wait for each other. What to do *when* is [`Schedule`]'s matter, which is handed the time and can be
//! tested without waiting; what an answer *means* is [`judge`](judge::judge)'s.

mod event;
mod judge;
mod schedule;
mod sending;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded, never, select, unbounded};

pub use self::event::{Event, Listener, ListenerGone, Notice, Report, StopReason, Stopped, Subject};
pub use self::schedule::{Limits, Rate};

use self::judge::{Judgement, Trouble, judge};
use self::schedule::{Again, Job, Schedule};
use self::sending::{Attempt, Gate, send_jobs};
use crate::clock;
use crate::domain::{Account, BadRecord, ErrorCode, Failure, Outcome, Record};
use crate::transport::Transport;

/// Something out of the input: a record to send, or one that can never be sent.
pub type Item = Result<Record, BadRecord>;

/// How many records are read ahead of what is decided.
const READ_AHEAD: usize = 256;
/// How often a request to stop (a signal) is looked for while nothing else happens.
const GLANCE: Duration = Duration::from_millis(50);

/// Sends every record of `input`, telling `listener` what came of each, and returns why it stopped early, if it did.
///
/// `interrupted` is looked at between steps: once it is set nothing more is read or sent, what is in flight is waited
/// for, and what was read but not sent is reported as kept for later.
pub fn run<I>(
    input: I,
    transport: &Transport,
    account: &Account,
    limits: Limits,
    interrupted: &AtomicBool,
    listener: &mut dyn Listener,
) -> Option<Stopped>
where
    I: Iterator<Item = Item> + Send,
{
    let gate = Gate::default();
    let (items_in, items) = bounded(READ_AHEAD);
    let (jobs_in, jobs) = unbounded();
    let (attempts_in, attempts) = unbounded();
    thread::scope(|scope| {
        scope.spawn(move || input.map(|item| items_in.send(item)).find(Result::is_err));
        let mut spawned = 0;
        let start_sender = || {
            let (jobs, attempts, sender, gate) =
                (jobs.clone(), attempts_in.clone(), transport.sender(), &gate);
            scope.spawn(move || send_jobs(sender, account, gate, &jobs, &attempts));
        };
        let mut run = Run {
            schedule: Schedule::new(limits),
            listener,
            stopped: None,
            reading: true,
        };
        while !run.is_over() {
            let now = clock::monotonic();
            while let Some(job) = run.schedule.next(now) {
                if spawned < limits.jobs.min(run.schedule.in_flight()) {
                    start_sender();
                    spawned += 1;
                }
                gate.open();
                let _ = jobs_in.send(job);
            }
            select! {
                recv(run.input(&items)) -> item => run.arrived(item.ok()),
                recv(attempts) -> attempt => if let Ok((job, attempt)) = attempt { run.returned(job, attempt) },
                default(run.schedule.wakeup(now).map_or(GLANCE, |wait| wait.min(GLANCE))) => {}
            }
            if interrupted.load(Ordering::Relaxed) {
                run.stop(Stopped::Interrupted);
            }
            if run.stopped.is_some() || run.schedule.is_paused(clock::monotonic()) {
                gate.close();
            }
        }
        drop((jobs_in, items));
        run.stopped
    })
}

/// The state of one run, on the deciding thread.
struct Run<'a> {
    schedule: Schedule,
    listener: &'a mut dyn Listener,
    stopped: Option<Stopped>,
    reading: bool,
}

impl Run<'_> {
    fn is_over(&self) -> bool {
        (!self.reading || self.stopped.is_some()) && self.schedule.is_empty()
    }

    /// The input, while there is room for more of it.
    fn input(&self, items: &Receiver<Item>) -> Receiver<Item> {
        let wanted = self.reading && self.stopped.is_none() && self.schedule.has_room();
        if wanted { items.clone() } else { never() }
    }

    fn arrived(&mut self, item: Option<Item>) {
        match item {
            Some(Ok(record)) => self.schedule.admit(Job::new(record, clock::monotonic())),
            Some(Err(bad)) => self.tell(Event::Settled(Box::new(Report::invalid(bad)))),
            None => self.reading = false,
        }
    }

    fn returned(&mut self, mut job: Job, attempt: Attempt) {
        let now = clock::monotonic();
        let Some(sent) = attempt.sent else {
            self.schedule.bounced(job);
            if let Some(stopped) = self.stopped.clone() {
                self.give_up_waiting(&stopped);
            }
            return;
        };
        job.attempts += 1;
        job.sent_at = Some(sent.at);
        job.last_status = sent.result.as_ref().ok().map(|reply| reply.status);
        match judge(&sent.result) {
            Judgement::Settled(outcome) => {
                self.schedule.settled(&outcome);
                if self.schedule.nearly_all_refused() {
                    self.stop(Stopped::NearlyAllRefused);
                }
                self.report(job, outcome, now);
            }
            Judgement::Stop(reason, failure) => {
                self.schedule.failed();
                self.report(job, Outcome::Retry(failure.clone()), now);
                self.stop(Stopped::For(reason, failure));
            }
            Judgement::Again(trouble) => self.again(job, trouble, now),
        }
        if let Some(stopped) = self.stopped.clone() {
            self.give_up_waiting(&stopped);
        }
    }

    fn again(&mut self, mut job: Job, trouble: Trouble, now: Duration) {
        job.last_failure = Some(trouble.failure.clone());
        let message_id = job.record.conversion.message_id.clone();
        match self.schedule.again(job, &trouble, now) {
            Again::Planned { wait, pause } => {
                let why = trouble.failure.message;
                self.tell(Event::Notice(Notice::Retrying {
                    message_id,
                    wait,
                    why: why.clone(),
                }));
                if let Some(pause) = pause {
                    self.tell(Event::Notice(Notice::Pausing { pause, why }));
                }
            }
            Again::GivenUp(job) => self.report(*job, Outcome::Retry(trouble.failure), now),
            Again::Hopeless(job, reason) => {
                self.report(*job, Outcome::Retry(trouble.failure.clone()), now);
                self.stop(Stopped::For(reason, trouble.failure));
            }
        }
    }

    /// Nothing more is read or sent; what waits is kept for later.
    fn stop(&mut self, why: Stopped) {
        if self.stopped.is_none() {
            self.tell(Event::Stopped(why.clone()));
            self.give_up_waiting(&why);
            self.stopped.get_or_insert(why);
        }
    }

    fn give_up_waiting(&mut self, why: &Stopped) {
        let now = clock::monotonic();
        for job in self.schedule.drain() {
            let failure = job
                .last_failure
                .clone()
                .unwrap_or_else(|| why.failure_of_the_unsent());
            self.report(job, Outcome::Retry(failure), now);
        }
    }

    fn report(&mut self, job: Job, outcome: Outcome, now: Duration) {
        self.tell(Event::Settled(Box::new(job.report(outcome, now))));
    }

    fn tell(&mut self, event: Event) {
        if self.listener.hear(event) == Err(ListenerGone) && self.stopped.is_none() {
            self.stopped = Some(Stopped::OutputGone);
            self.give_up_waiting(&Stopped::OutputGone);
        }
    }
}

impl Stopped {
    /// What a record is told that was read but not sent.
    fn failure_of_the_unsent(&self) -> Failure {
        match self {
            Self::Interrupted | Self::OutputGone => {
                Failure::unsent(ErrorCode::Interrupted, "not sent: the run was interrupted")
            }
            Self::NearlyAllRefused => Failure::unsent(
                ErrorCode::Interrupted,
                "not sent: the run stopped because nearly everything was refused",
            ),
            Self::For(_, failure) => Failure::unsent(
                failure.code,
                format!("not sent: the run stopped because {}", failure.message),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Channel, Conversion, Delivered, MessageId, Reached, Timestamp};
    use crate::pipeline::sending::Exchange;
    use crate::transport::{Cause, ConnectionAge, Phase, Sent, TransportError};

    #[derive(Default)]
    struct Heard(Vec<Report>);

    impl Listener for Heard {
        fn hear(&mut self, event: Event) -> Result<(), ListenerGone> {
            if let Event::Settled(report) = event {
                self.0.push(*report);
            }
            Ok(())
        }
    }

    fn record(line: u64) -> Record {
        Record {
            line,
            reference: None,
            conversion: Conversion {
                channel: Channel::Sms,
                message_id: MessageId::parse("0A").unwrap(),
                delivered: Delivered::True,
                timestamp: Timestamp::from_unix(1_795_310_726).unwrap(),
            },
            doubts: Vec::new(),
        }
    }

    #[test]
    fn a_stop_does_not_turn_maybe_sent_into_not_sent() {
        let limits = Limits { jobs: 1, retries: 4, retry_max_time: Duration::from_secs(120), rate: None };
        let mut heard = Heard::default();
        let mut run = Run { schedule: Schedule::new(limits), listener: &mut heard, stopped: None, reading: false };
        let now = clock::monotonic();
        run.schedule.admit(Job::new(record(1), now));
        run.schedule.admit(Job::new(record(2), now));
        let job = run.schedule.next(now).unwrap();
        run.stop(Stopped::Interrupted);
        let timed_out = TransportError {
            sent: Sent::Maybe,
            cause: Cause::Timeout(Phase::Exchange),
            connection: ConnectionAge::Fresh,
        };
        let sent = Some(Exchange { at: Timestamp::from_unix(1_795_310_727).unwrap(), result: Err(timed_out) });
        run.returned(job, Attempt { sent });
        assert!(run.is_over());
        let told: Vec<_> = heard
            .0
            .iter()
            .map(|report| {
                let failure = report.outcome.failure().unwrap();
                (report.line, failure.code, failure.reached_server)
            })
            .collect();
        assert_eq!(told, [(2, ErrorCode::Interrupted, Reached::No), (1, ErrorCode::Timeout, Reached::Unknown),]);
    }
}
