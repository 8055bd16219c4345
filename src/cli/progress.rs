//! The progress line on a terminal's standard error: how far, how fast, how much longer. It fits the width that there is, with room
//! for the `^C` that a terminal writes at its end; and it goes without a trace.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::reading::Reading;
use super::terminal::Terminal;
use crate::output::{Progress, Summary};
use crate::pipeline::State;

/// How often it is redrawn, at most.
const REDRAWS_PER_SECOND: u8 = 8;
/// What takes no longer needs no explanation.
const PATIENCE: Duration = Duration::from_millis(300);
/// What a terminal may write behind the line by itself.
const ROOM: usize = 4;

/// A line at the bottom of the screen, gone when it is dropped.
pub(super) struct Bar {
    shown: ProgressBar,
    reading: Option<Reading>,
    interval: Option<Duration>,
    appearance: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Bar {
    /// For a stream; `interval` is the least time from one request to the next.
    pub(super) fn of(reading: &Reading, interval: Option<Duration>) -> Self {
        let bar = hidden();
        appear(&bar);
        Self { shown: bar, reading: Some(reading.clone()), interval, appearance: None }
    }

    /// For a few ids that were typed: it appears only if the answers let one wait.
    pub(super) fn of_ids() -> Self {
        let bar = hidden();
        bar.set_message("waiting for the answer");
        let (ended, end) = mpsc::channel();
        let later = bar.clone();
        let thread = thread::Builder::new().spawn(move || {
            if end.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                appear(&later);
            }
        });
        Self { shown: bar, reading: None, interval: None, appearance: thread.ok().map(|thread| (ended, thread)) }
    }
}

fn hidden() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    if let Ok(style) = ProgressStyle::with_template("{msg}") {
        bar.set_style(style);
    }
    bar
}

fn appear(bar: &ProgressBar) {
    bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_SECOND));
    // indicatif panics where there is no thread for it; the line is drawn all the same, whenever it changes.
    if thread::Builder::new().spawn(|| ()).is_ok_and(|thread| thread.join().is_ok()) {
        bar.enable_steady_tick(Duration::from_millis(250));
    }
}

impl Progress for Bar {
    fn around(&mut self, print: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
        self.shown.suspend(print)
    }

    fn show(&mut self, summary: &Summary, state: State) {
        let facts = Facts {
            answered: summary.records(),
            in_flight: state.in_flight as u64,
            to_retry: state.to_retry as u64,
            converted: summary.conversion_rate().map(|rate| rate.to_string()),
            expected: self.reading.as_ref().and_then(Reading::records_expected),
            elapsed: self.shown.elapsed(),
            interval: self.interval,
        };
        let room = Terminal::width().saturating_sub(ROOM);
        let line = if self.reading.is_some() { facts.line(room) } else { facts.waiting(room) };
        self.shown.set_message(line);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some((ended, thread)) = self.appearance.take() {
            drop(ended);
            let _ = thread.join();
        }
        self.shown.finish_and_clear();
    }
}

/// What there is to show.
#[derive(Debug, Clone)]
struct Facts {
    answered: u64,
    in_flight: u64,
    to_retry: u64,
    converted: Option<String>,
    /// How many records there will be; unknown for a pipe.
    expected: Option<u64>,
    elapsed: Duration,
    interval: Option<Duration>,
}

#[expect(clippy::cast_precision_loss, reason = "numbers for people")]
impl Facts {
    fn line(&self, room: usize) -> String {
        let mut parts = Vec::new();
        let expected = self.expected.map(|expected| expected.max(self.answered).max(1));
        if let Some(expected) = expected {
            let percent = self.answered * 100 / expected;
            let done = usize::try_from(percent / 10).unwrap_or(10);
            parts.push(format!("{}{} {percent:>3}%  ", "#".repeat(done), "-".repeat(10 - done)));
        }
        parts.push(format!("{} answered", self.answered));
        if let Some(left) = expected.and_then(|expected| self.left(expected - self.answered)) {
            parts.push(format!(", {} left", short(left)));
        }
        parts.push(format!(", {:.0}/s", self.speed()));
        parts.push(format!(", {} in flight", self.in_flight));
        parts.push(format!(", {} to retry", self.to_retry));
        parts.extend(self.converted.as_ref().map(|rate| format!(", {rate} % converted")));
        fitting(parts, room)
    }

    fn waiting(&self, room: usize) -> String {
        let what = if self.to_retry > 0 && self.in_flight == 0 {
            "waiting to try again"
        } else {
            "waiting for the answer"
        };
        fitting(
            [what.to_owned(), format!(", {} answered", self.answered), format!(", {} to retry", self.to_retry)],
            room,
        )
    }

    fn speed(&self) -> f64 {
        self.answered as f64 / self.elapsed.as_secs_f64().max(0.001)
    }

    /// Not faster than so far, nor than `--rate` allows.
    fn left(&self, records: u64) -> Option<Duration> {
        if self.answered == 0 {
            return None;
        }
        let so_far = records as f64 / self.speed();
        let at_best = self.interval.map_or(0.0, |interval| interval.as_secs_f64() * records as f64);
        Duration::try_from_secs_f64(so_far.max(at_best)).ok()
    }
}

/// As many parts as there is room for, none of them cut.
fn fitting(parts: impl IntoIterator<Item = String>, room: usize) -> String {
    let mut line = String::new();
    for part in parts {
        if line.chars().count() + part.chars().count() > room {
            break;
        }
        line.push_str(&part);
    }
    line
}

fn short(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..100 => format!("{seconds}s"),
        seconds @ 100..6000 => format!("{}m", seconds.div_ceil(60)),
        seconds => format!("{}h", seconds.div_ceil(3600)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Facts;

    fn facts() -> Facts {
        Facts {
            answered: 250,
            in_flight: 16,
            to_retry: 3,
            converted: Some("81.4".into()),
            expected: Some(1000),
            elapsed: Duration::from_secs(10),
            interval: None,
        }
    }

    #[test]
    fn the_line_fits_any_width() {
        let long = Facts { answered: u64::MAX / 200, expected: Some(u64::MAX / 150), ..facts() };
        for room in 0..200 {
            assert!(facts().line(room).chars().count() <= room);
            assert!(long.line(room).chars().count() <= room);
            assert!(facts().waiting(room).chars().count() <= room);
        }
        assert_eq!(facts().line(76), "##--------  25%  250 answered, 30s left, 25/s, 16 in flight, 3 to retry");
        assert_eq!(
            facts().line(100),
            "##--------  25%  250 answered, 30s left, 25/s, 16 in flight, 3 to retry, 81.4 % converted"
        );
    }

    #[test]
    fn what_is_left_knows_the_rate() {
        let limited = Facts { interval: Some(Duration::from_secs(1)), ..facts() };
        assert!(limited.line(76).contains(", 13m left, "), "{}", limited.line(76));
        let unknown = Facts { expected: None, ..facts() };
        assert!(!unknown.line(76).contains("left") && unknown.line(76).starts_with("250 answered, 25/s"));
        let begun = Facts { answered: 0, ..facts() };
        assert!(!begun.line(76).contains("left"));
    }
}
