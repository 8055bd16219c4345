//! The progress line on a terminal's standard error: how far, how fast, how much longer.

use std::io;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::stream::Reading;
use crate::output::{Progress, Summary};
use crate::pipeline::State;

/// How often it is redrawn, at most.
const REDRAWS_PER_SECOND: u8 = 8;

/// A line at the bottom of the screen, gone when it is dropped.
pub(super) struct Bar {
    bar: ProgressBar,
    reading: Reading,
}

impl Bar {
    pub(super) fn new(reading: &Reading) -> Self {
        let (bar, template) = match reading.size {
            Some(size) => (ProgressBar::new(size), "{bar:20} {percent:>3}%  {msg}  {elapsed} elapsed, {eta} left"),
            None => (ProgressBar::new_spinner(), "{spinner} {msg}  {elapsed} elapsed"),
        };
        bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_SECOND));
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("##-"));
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        Self { bar, reading: reading.clone() }
    }
}

impl Progress for Bar {
    fn around(&mut self, print: &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> {
        self.bar.suspend(print)
    }

    fn show(&mut self, summary: &Summary, state: State) {
        let records = summary.records();
        let seconds = self.bar.elapsed().as_secs_f64().max(0.001);
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = records as f64 / seconds;
        let (in_flight, to_retry) = (state.in_flight, state.to_retry);
        let converted = summary.conversion_rate().map(|rate| format!(", {rate} % converted")).unwrap_or_default();
        self.bar.set_message(format!(
            "{records} records, {rate:.0}/s{converted}, {in_flight} in flight, {to_retry} to retry"
        ));
        if self.reading.size.is_some() {
            self.bar.set_position(self.reading.bytes());
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
