//! The threads: one reads, `jobs` of them send one request each at a time, and the calling thread carries out what the engine
//! orders. Nothing is decided here.

use std::io;
use std::iter;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle, ScopedJoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, never, select};

use super::deadlines::Input;
use super::engine::{Engine, GLANCE, GROUP, Happened};
use super::event::{Listener, Stopped};
use super::gate::Gate;
use super::now::Now;
use super::outbox::Outbox;
use super::plan::{Item, RunPlan};
use super::returns::{Returned, way_back};
use super::schedule::Limits;
use super::senders::{Count, send_jobs};
use crate::clock;
use crate::domain::Account;
use crate::transport::{Cause, Transport};

/// What a run works with.
#[derive(Debug, Clone, Copy)]
pub struct Means<'a> {
    /// The way to the API.
    pub transport: &'a Transport,
    /// Whose conversions these are.
    pub account: &'a Account,
    /// Set from outside: nothing more is read or sent, and what is in flight is waited for.
    pub interrupted: &'a AtomicBool,
    /// Set by the run when it wants no more input: the reader must not take anything new then.
    pub stop_reading: &'a AtomicBool,
}

/// Sends every record of `input`, emits the result of each to `listener`, and returns why it stopped early, if it did, and the outbox,
/// which is still to be closed.
///
/// The input is read on a thread of its own, which is left behind where it blocks after the run has stopped.
///
/// # Panics
/// If one of its threads did: what that thread held would be waited for without end, or be missing without a word.
pub fn run<I>(
    input: I,
    outbox: Outbox,
    plan: RunPlan,
    means: Means<'_>,
    listener: &mut dyn Listener,
) -> (Option<Stopped>, Outbox)
where
    I: Iterator<Item = Item> + Send + 'static,
{
    let (items_in, items) = bounded(GROUP);
    // Kept here as well, because a thread that cannot be started drops what it was given.
    let input = Arc::new(Mutex::new(Some(input)));
    let to_read = Arc::clone(&input);
    let reader = thread::Builder::new().spawn(move || read_all(&to_read, &items_in));
    let gate = Gate::default();
    let mut engine = Engine::new(outbox, plan, &gate, listener, Now::read());
    match reader {
        Ok(reader) => drive(&mut engine, reader, &items, &gate, plan.limits, means),
        Err(error) => {
            engine.has_no_thread(no_thread(&error));
            means.stop_reading.store(true, Ordering::Release);
            engine.take_the_rest(taken(&input).into_iter().flatten().collect(), clock::now());
        }
    }
    if engine.is_stopped() {
        // The reader takes nothing new once it is to stop.
        means.stop_reading.store(true, Ordering::Release);
        while let Ok(item) = items.recv_timeout(GLANCE) {
            let rest = iter::once(item).chain(items.try_iter().take(GROUP - 1));
            engine.take_the_rest(rest.collect(), clock::now());
        }
    }
    drop(items);
    engine.finish_all(clock::now())
}

/// Carries out the engine's orders until it is over.
fn drive(
    engine: &mut Engine<'_>,
    reader: JoinHandle<()>,
    items: &Receiver<Item>,
    gate: &Gate,
    limits: Limits,
    means: Means<'_>,
) {
    let mut reader = Some(reader);
    let count = Count::default();
    // There is always room: no more than this are handed out and not settled.
    let (jobs_in, jobs) = bounded(limits.max_unsettled());
    let (returns, returned) = way_back(limits.jobs, limits.max_unsettled());
    thread::scope(|scope| {
        let start_sender = || {
            let (jobs, returns, sender, count) = (jobs.clone(), returns.clone(), means.transport.sender(), &count);
            count.joined();
            let send = move || send_jobs(sender, means.account, gate, count, &jobs, &returns);
            thread::Builder::new().spawn_scoped(scope, send).inspect_err(|_| count.not_joined())
        };
        let mut senders = Vec::new();
        let mut has_said_fewer = false;
        while !engine.is_over() {
            let orders = engine.orders(clock::monotonic());
            while count.wants_more(limits.jobs.min(orders.in_flight)) {
                match start_sender() {
                    Ok(sender) => senders.push(sender),
                    Err(error) if senders.is_empty() => engine.has_no_thread(no_thread(&error)),
                    Err(error) => engine.has_fewer_senders(no_thread(&error)),
                }
            }
            for job in orders.start {
                let _ = if senders.is_empty() { returns.send(job, None, 0) } else { jobs_in.send(job).is_ok() };
            }
            let happened = wait(items, orders.room, &returned, orders.wait, means.interrupted);
            if happened.input == Input::Ended {
                let ended = reader.take().is_none_or(|reader| reader.join().is_ok());
                assert!(ended, "the reader has died");
            }
            assert!(!is_silent(&happened) || finished(&senders) <= count.left(), "a sender has died");
            if count.left() > 0 && !has_said_fewer {
                has_said_fewer = true;
                engine.has_fewer_senders(Cause::NoDescriptor.to_string());
            }
            engine.step(happened, Now::read());
        }
        drop(jobs_in);
    });
}

/// Waits until something happens, and takes all of it.
fn wait(
    items: &Receiver<Item>,
    room: usize,
    returned: &Returned,
    at_most: Duration,
    interrupted: &AtomicBool,
) -> Happened {
    let wanted = if room > 0 { items.clone() } else { never() };
    let (mut arrived, mut ended) = (Vec::new(), false);
    select! {
        recv(wanted) -> item => match item {
            Ok(item) => arrived.push(item),
            Err(_) => ended = true,
        },
        recv(returned.bell) -> _ => {}
        default(at_most) => {}
    }
    let returned = returned.take();
    arrived.reserve(wanted.len().min(room));
    arrived.extend(wanted.try_iter().take(room));
    let input = match () {
        () if ended => Input::Ended,
        () if arrived.is_empty() && items.is_empty() => Input::Rests,
        () => Input::Flows,
    };
    Happened { arrived, input, returned, interrupted: interrupted.load(Ordering::Relaxed) }
}

fn is_silent(happened: &Happened) -> bool {
    happened.input == Input::Rests && happened.returned.is_empty()
}

fn finished(senders: &[ScopedJoinHandle<'_, ()>]) -> usize {
    senders.iter().filter(|sender| sender.is_finished()).count()
}

fn taken<I>(input: &Mutex<Option<I>>) -> Option<I> {
    input.lock().ok().and_then(|mut input| input.take())
}

/// Hands the input on until it ends, or is not wanted any more.
fn read_all<I: Iterator<Item = Item>>(input: &Mutex<Option<I>>, items: &Sender<Item>) {
    let _ = taken(input).into_iter().flatten().map(|item| items.send(item)).find(Result::is_err);
}

fn no_thread(error: &io::Error) -> String {
    format!(
        "the system gives this program no further thread ({error}): raise the limit on processes (`ulimit -u`, a cgroup's \
         pids.max) or on memory"
    )
}
