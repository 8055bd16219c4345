//! Followed files as one stream of items, read on a thread of its own that waits where there is nothing to read.

use std::collections::VecDeque;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::args::InputArgs;
use super::exit::Exit;
use super::failure::CommandFailure;
use super::followed::{Begin, Followed};
use super::input_hint::InputFor;
use super::reading::Reading;
use super::source::Naming;
use super::stream::Order;
use crate::clock;
use crate::domain::{Delivered, FollowedFile};
use crate::follow::{Rest, this_machine};
use crate::input::{InputError, InputOptions, Mark};
use crate::ledger::LogSource;
use crate::pipeline::{Item, Outbox};

/// How often it is noted how far files have been read. A run that is killed reads so much again.
const NOTED: Duration = Duration::from_secs(1);

/// How often a request to stop is looked for while there is nothing to read.
const GLANCE: Duration = Duration::from_millis(20);

/// Refuses what cannot be followed, before anything is opened. What is not there yet can be.
pub(super) fn check(files: &[PathBuf], input: InputFor) -> Result<(), CommandFailure> {
    let refused = |why: String| Err(CommandFailure::plain(Exit::Usage, anyhow::anyhow!(why)));
    if files.is_empty() || files.iter().any(|path| path == Path::new("-")) {
        return refused(
            "--follow is for files, not for standard input, which is read as it comes anyway".to_owned(),
        );
    }
    for (at, path) in files.iter().enumerate() {
        let name = path.display();
        if files[..at].iter().any(|other| absolute(other) == absolute(path)) {
            return refused(format!("{name} is named twice"));
        }
        match fs::metadata(path) {
            Ok(there) if there.is_dir() => {
                let error = InputError::Unreadable {
                    name: name.to_string(),
                    source: std::io::ErrorKind::IsADirectory.into(),
                };
                return Err(CommandFailure::of_input(error, input));
            }
            Ok(there) if !there.is_file() => {
                return refused(format!("{name} is not a regular file; --follow is for files"));
            }
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

/// Two ways to write one path name one file.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// How lines are read, in words that no later version changes: read in another way, a file is read anew. What is added here only
/// says something where it was typed.
pub(super) fn manner(
    command: &str,
    input: &InputArgs,
    delivered: Option<Delivered>,
    marks: &[(&str, &[Mark])],
) -> String {
    let InputArgs { files: _, format, channel, field, only, null, complete: _, follow: _, strict: _ } = input;
    let mut manner = vec![command.to_owned(), format.as_str().to_owned()];
    manner.extend(null.then(|| "null".to_owned()));
    manner.extend(channel.map(|channel| format!("channel {}", channel.as_str())));
    manner.extend(delivered.map(|delivered| format!("delivered {}", delivered.as_bool())));
    manner.extend(field.iter().map(|mapping| format!("field {mapping}")));
    manner.extend(only.iter().map(|mark| format!("where {mark}")));
    for (name, marks) in marks {
        manner.extend(marks.iter().map(|mark| format!("{name} {mark}")));
    }
    manner.join(" ")
}

/// Items out of all files, for as long as the run lasts.
pub(super) struct FollowStream {
    logs: Vec<Followed>,
    /// The next item of each, where they come by their times.
    heads: Vec<Option<Item>>,
    order: Order,
    reading: Reading,
    waiting: VecDeque<Item>,
    rest: Rest,
    /// When the paths are looked at again.
    next_look: Duration,
    /// When it was last noted how far files were read.
    noted: Duration,
    /// Which file comes first.
    turn: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Reads,
    Ended,
}

/// Begins to follow files where earlier runs have stopped reading them in the same `manner`; what these are, the ledger knows.
pub(super) fn follow(
    files: &[PathBuf],
    options: &InputOptions,
    order: Order,
    manner: &str,
    outbox: &mut Outbox,
) -> Result<(FollowStream, Reading), CommandFailure> {
    let reading = Reading::default();
    let naming = if files.len() > 1 { Naming::EachLine } else { Naming::Nothing };
    let machine: Arc<str> = this_machine().into();
    let mut logs = Vec::new();
    for (number, path) in files.iter().enumerate() {
        let at = absolute(path);
        let shown = at.display().to_string();
        let file = Arc::new(FollowedFile::new(at.as_os_str().as_bytes(), shown, manner));
        let known = outbox.read_before(&file, clock::now()).map_err(CommandFailure::of_recording)?;
        let (options, reading, machine) = (options.clone(), reading.clone(), Arc::clone(&machine));
        logs.push(Followed::new(number, path, Begin { options, naming, reading, file, known, machine }));
    }
    let stream = FollowStream {
        heads: logs.iter().map(|_| None).collect(),
        logs,
        order,
        reading: reading.clone(),
        waiting: VecDeque::new(),
        rest: Rest::default(),
        next_look: Duration::ZERO,
        noted: clock::monotonic(),
        turn: 0,
        state: State::Reads,
    };
    Ok((stream, reading))
}

impl FollowStream {
    /// How a later run knows the logs again.
    pub(super) fn log_sources(&self) -> Vec<LogSource> {
        self.logs.iter().map(Followed::log_source).collect()
    }

    /// The next item that there is now.
    fn read(&mut self) -> Option<Item> {
        match self.order {
            Order::AsNamed => self.read_in_turn(),
            Order::ByTime => self.read_by_time(),
        }
    }

    /// One file after the other, an item of each.
    fn read_in_turn(&mut self) -> Option<Item> {
        for _ in 0..self.logs.len() {
            let at = self.turn;
            self.turn = (at + 1) % self.logs.len();
            if let Some(item) = self.logs[at].next() {
                return Some(item);
            }
        }
        None
    }

    /// The item with the earliest time. One without a time does not wait, and nothing waits for a file that rests.
    fn read_by_time(&mut self) -> Option<Item> {
        for (log, head) in self.logs.iter_mut().zip(&mut self.heads) {
            if head.is_none() {
                match log.next() {
                    Some(item) if item.log_time().is_none() => return Some(item),
                    next => *head = next,
                }
            }
        }
        let earliest = self.heads.iter_mut().filter(|head| head.is_some());
        earliest.min_by_key(|head| head.as_ref().and_then(Item::log_time))?.take()
    }

    /// Notes how far the files have been read.
    fn note(&mut self, now: Duration) {
        self.noted = now;
        let positions: Vec<_> = self.logs.iter_mut().flat_map(|log| log.positions(now)).collect();
        if !positions.is_empty() {
            self.waiting.push_back(Item::ReadTo(positions));
        }
    }

    /// Waits until the next look, or until there is something else to do.
    fn wait(&mut self, now: Duration) {
        self.next_look = self.next_look.min(now.saturating_add(self.rest.wait()));
        let until = self.next_look.min(self.noted.saturating_add(NOTED));
        while !self.is_stopped() {
            let left = until.saturating_sub(clock::monotonic());
            if left.is_zero() {
                break;
            }
            clock::sleep(left.min(GLANCE));
        }
    }

    fn is_stopped(&self) -> bool {
        self.reading.shared.stop.load(Ordering::Acquire)
    }
}

impl Iterator for FollowStream {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.waiting.pop_front() {
                return Some(item);
            }
            if self.state == State::Ended {
                return None;
            }
            let now = clock::monotonic();
            if self.is_stopped() {
                self.state = State::Ended;
                self.note(now);
                continue;
            }
            if now.saturating_sub(self.noted) >= NOTED {
                self.note(now);
            }
            if now >= self.next_look {
                self.next_look = now.saturating_add(Rest::LONGEST);
                let looks: Vec<_> = self.logs.iter_mut().map(Followed::look).collect();
                if looks.contains(&true) {
                    self.note(now);
                    continue;
                }
            }
            match self.read() {
                Some(item) => {
                    if matches!(item, Item::Broken) {
                        self.state = State::Ended;
                    }
                    self.rest.ended();
                    self.waiting.push_back(item);
                }
                None => self.wait(now),
            }
        }
    }
}
