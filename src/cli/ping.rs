//! Tells a cron monitor when a run begins and how it ends (`--ping`). A ping delays no record and fails no run: the first is sent
//! beside the work, the last has a few seconds, and what was not delivered is said once.

use std::io;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use super::exit::Exit;
use super::machine::{FILES_OF_A_RUN, SPARE_FILES, files_left, threads_left, threads_within_memory};
use super::terminal::Terminal;
use crate::clock;
use crate::transport::{Endpoint, Transport};
use crate::wire::{PingUrl, reason};

/// What a ping of the beginning may take, beside the work.
const BEGINNING: Duration = Duration::from_secs(5);
/// How long the end waits for it, so that the monitor hears of both in their order.
const IN_ORDER: Duration = Duration::from_secs(2);
/// What the ping of the end may take, with all its attempts.
const END: Duration = Duration::from_secs(3);
/// Before its second attempt and before its third: one that is lost wakes somebody up for nothing.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(1)];

/// What a run opens, with some files of input and the connection to the monitor.
const FILES: usize = FILES_OF_A_RUN + SPARE_FILES + 7;
/// The reader, a sender, and the ping with the one that looks up its host.
const THREADS: usize = 4;

/// A monitor that has been told, or is being told, that the run has begun.
pub(super) struct Pings {
    url: PingUrl,
    /// The way to the monitor.
    endpoint: Endpoint,
    begun: Receiver<Result<(), Undelivered>>,
}

/// Why a ping was not delivered, without its URL.
struct Undelivered {
    why: String,
    /// Whether it might be a moment later.
    may_pass: bool,
}

impl Pings {
    /// Tells of the beginning, and does not wait for that.
    pub(super) fn begin(url: PingUrl, endpoint: Endpoint) -> Self {
        let (done, begun) = channel();
        let (of_start, way) = (url.clone(), endpoint.clone());
        let told = done.clone();
        if !has_room() {
            let _ = done.send(Err(Undelivered::of_limits()));
            return Self { url, endpoint, begun };
        }
        let thread = thread::Builder::new().name("ping".to_owned()).spawn(move || {
            // Where nobody waits any more the run has ended, and has said so.
            let _ = told.send(ping(&of_start.start(), way, BEGINNING));
        });
        if let Err(error) = thread {
            let _ = done.send(Err(Undelivered::of_thread(&error)));
        }
        Self { url, endpoint, begun }
    }

    /// Tells how the run has ended.
    pub(super) fn end(self, exit: Exit, terminal: &mut Terminal) {
        let begun = self.begun.recv_timeout(IN_ORDER).unwrap_or_else(|_| Err(Undelivered::in_time()));
        let ended = self.insist(exit);
        for (what, result) in [("the start", &begun), ("the end", &ended)] {
            let came = result.as_ref().map_or_else(|failed| failed.why.as_str(), |()| "delivered");
            terminal.detail("ping", format_args!("of {what}, to {}: {came}", self.url.site().host()));
        }
        let which = match (&begun, &ended) {
            (Ok(()), Ok(())) => return,
            (Err(_), Err(_)) => "the pings of the run's start and end were",
            (Err(_), Ok(())) => "the ping of the run's start was",
            (Ok(()), Err(_)) => "the ping of the run's end was",
        };
        if let Some(failed) = ended.err().or(begun.err()) {
            terminal.warn(format_args!("{which} not delivered to {}: {}", self.url.site().host(), failed.why));
        }
    }

    /// Tries a few times, within its limit.
    fn insist(&self, exit: Exit) -> Result<(), Undelivered> {
        let url = self.url.end(exit.code());
        let began = clock::monotonic();
        let left = || END.saturating_sub(clock::monotonic().saturating_sub(began));
        let mut result = ping(&url, self.endpoint.clone(), left());
        for pause in PAUSES {
            if result.as_ref().err().is_none_or(|failed| !failed.may_pass) || left() <= pause {
                break;
            }
            clock::sleep(pause);
            result = ping(&url, self.endpoint.clone(), left());
        }
        result
    }
}

impl Undelivered {
    fn in_time() -> Self {
        Self { why: "no answer in time".to_owned(), may_pass: true }
    }

    fn of_limits() -> Self {
        Self { why: "the limits of this process leave it no room".to_owned(), may_pass: true }
    }

    fn of_thread(error: &io::Error) -> Self {
        Self { why: format!("no thread could be started: {error}"), may_pass: true }
    }
}

/// Whether the process may open and start what the run needs, and a ping besides: of the last file the run makes better use.
fn has_room() -> bool {
    threads_within_memory().is_none_or(|threads| threads >= THREADS)
        && files_left(FILES) == FILES
        && threads_left(THREADS) == THREADS
}

/// One request, with nothing in it but its URL. Only an answer of the 200s says that it was heard; a redirect is not followed.
fn ping(url: &str, endpoint: Endpoint, limit: Duration) -> Result<(), Undelivered> {
    let shorter = |time: Duration| time.min(limit);
    let (connect_timeout, max_time) = (shorter(endpoint.connect_timeout), shorter(endpoint.max_time));
    let endpoint = Endpoint { connect_timeout, max_time, ..endpoint };
    let page = Transport::new(endpoint).and_then(|transport| transport.sender().get(url, None));
    match page.map(|page| page.status) {
        Ok(200..=299) => Ok(()),
        Ok(status) => Err(Undelivered {
            why: format!("it answered {status} {}", reason(status)).trim_end().to_owned(),
            may_pass: status == 429 || status >= 500,
        }),
        Err(error) => Err(Undelivered { why: error.to_string(), may_pass: true }),
    }
}
