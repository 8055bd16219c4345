//! One file, or standard input, as a source of items.

use std::collections::VecDeque;
use std::fs::{File, Metadata};
use std::io::{self, IsTerminal as _, Read};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::reading::{Reading, Shared};
use super::shell::word;
use crate::clock;
use crate::domain::{BadRecord, CodeEvent, Timestamp, counted};
use crate::follow;
use crate::input::{self, InputError, InputItem, InputNotice, InputOptions, ReadCounts, Reader};
use crate::ledger::LogSource;
use crate::pipeline::Item;

/// A file that is open.
pub(super) struct OpenFile {
    name: String,
    /// Where it is; unknown of standard input.
    path: Option<PathBuf>,
    file: File,
    metadata: Metadata,
}

impl OpenFile {
    pub(super) fn open(path: &Path) -> Result<Self, InputError> {
        let is_standard_input = path == Path::new("-");
        let name = if is_standard_input { "standard input".to_owned() } else { path.display().to_string() };
        let opened = if is_standard_input {
            // Standard input may be a file as well, and is then treated as one.
            io::stdin().as_fd().try_clone_to_owned().map(File::from)
        } else {
            File::open(path)
        };
        let opened = opened.and_then(|file| Ok((file.metadata()?, file))).and_then(|(metadata, file)| {
            if metadata.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok((metadata, file)) }
        });
        match opened {
            Ok((metadata, file)) => {
                Ok(Self { name, path: (!is_standard_input).then(|| path.to_owned()), file, metadata })
            }
            Err(source) => Err(InputError::Unreadable { name, source }),
        }
    }

    /// Whether somebody types it.
    pub(super) fn is_terminal(&self) -> bool {
        self.file.is_terminal()
    }

    /// In bytes. How far standard input has been read already is not known, nor how long a pipe is.
    pub(super) fn length(&self) -> Option<u64> {
        (self.metadata.is_file() && self.path.is_some()).then_some(self.metadata.len())
    }

    /// A file is known again by its path, and wherever it is moved by its number and birth: numbers are given again. A pipe that
    /// has no place of its own is not known again.
    fn log_source(&self) -> LogSource {
        log_source(self.path.as_deref(), Some(&self.metadata))
    }
}

/// The same of a file that is at a path, or that may come to be there.
pub(super) fn log_source(path: Option<&Path>, metadata: Option<&Metadata>) -> LogSource {
    let path = path.and_then(|path| std::path::absolute(path).ok());
    let is_passing = |path: &PathBuf| path.starts_with("/dev") || path.starts_with("/proc");
    let name = path.filter(|path| !is_passing(path)).map(|path| path.display().to_string());
    let known = metadata.filter(|metadata| metadata.is_file() && metadata.created().is_ok());
    LogSource { name, identity: known.map(follow::identity) }
}

/// A file that has not changed for so long is complete. Programs that buffer their output may leave a line half written for
/// minutes.
pub(super) const SETTLED: Duration = Duration::from_secs(5 * 60);

/// Whether what has been read of a source is all there will be. Of what is no file, the end is the end.
fn is_complete(file: &File) -> bool {
    let Ok(metadata) = file.metadata() else { return true };
    let age = metadata.modified().ok().and_then(|modified| {
        let modified = modified.duration_since(UNIX_EPOCH).ok()?;
        clock::now().unix().checked_sub(modified.as_secs().try_into().ok()?)
    });
    !metadata.is_file() || age.is_some_and(|age| age >= SETTLED.as_secs().cast_signed())
}

/// A source that fails once it is to be read no further: an end of file would make a record of half a line.
struct Stoppable {
    source: File,
    shared: Arc<Shared>,
}

impl Stoppable {
    /// Whether there is something to read, or the end, before our patience ends.
    fn comes_in_time(&self, until: Duration) -> io::Result<bool> {
        let left = until.saturating_sub(clock::monotonic());
        let timeout = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
        // A file can always be read.
        let ready = poll(&mut [PollFd::new(&self.source, PollFlags::IN)], Some(&timeout))?;
        Ok(ready > 0 && (!left.is_zero() || self.source.metadata()?.is_file()))
    }
}

impl Read for Stoppable {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(until) = self.shared.patience.get()
            && !self.comes_in_time(*until)?
        {
            self.shared.stop.store(true, Ordering::Release);
        }
        if self.shared.stop.load(Ordering::Acquire) {
            return Err(io::Error::other("stopped"));
        }
        self.source.read(buffer)
    }
}

/// Whether the number of a line needs a name before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// There is only one source.
    Nothing,
    /// There are several.
    EachLine,
}

/// Items out of one file.
pub(super) struct Source {
    /// How a later run knows the file again.
    known_by: LogSource,
    reader: Option<Reader<Stoppable>>,
    intake: Intake,
}

impl Source {
    pub(super) fn new(
        number: usize,
        file: OpenFile,
        naming: Naming,
        options: InputOptions,
        reading: Reading,
    ) -> Self {
        let known_by = file.log_source();
        let OpenFile { name, file, .. } = file;
        let source = Stoppable { source: file, shared: Arc::clone(&reading.shared) };
        let intake = Intake::new(number, &name, naming, reading);
        Self { known_by, reader: Some(Reader::new(source, name, options)), intake }
    }

    /// How a later run knows the file again.
    pub(super) fn log_source(&self) -> LogSource {
        self.known_by.clone()
    }

    pub(super) fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.intake.waiting.pop_front() {
                return Some(item);
            }
            let reader = self.reader.as_mut()?;
            match self.intake.read(reader) {
                Ok(Some(InputItem::Unfinished)) => self.end_unfinished(),
                Ok(Some(item)) => self.intake.take(item),
                Ok(None) => {
                    for text in last_remarks(reader) {
                        self.intake.remark(text);
                    }
                    self.reader = None;
                }
                Err(_) if self.intake.reading.shared.stop.load(Ordering::Acquire) => self.reader = None,
                Err(error) => {
                    self.reader = None;
                    self.intake.fail(error);
                }
            }
        }
    }

    fn end_unfinished(&mut self) {
        let Some(reader) = &mut self.reader else { return };
        if is_complete(&reader.source().source) {
            reader.complete();
        } else {
            self.intake.waiting.push_back(remark(Some(reader.name()), UNFINISHED.to_owned()));
            self.reader = None;
        }
    }
}

/// What is read of a file, as items.
pub(super) struct Intake {
    number: usize,
    /// The name of the file, where lines are named by it.
    name: Option<Arc<str>>,
    /// Items that are to be handed out.
    pub(super) waiting: VecDeque<Item>,
    pub(super) reading: Reading,
    /// The time of the last line without an event that was passed on.
    log_time: Option<Timestamp>,
    /// What was said about the file. A log that is followed consists of many that are alike.
    said: Vec<String>,
}

impl Intake {
    /// More than one file has to say.
    const SAID_MAX: usize = 64;

    /// That of the file with this number.
    pub(super) fn new(number: usize, name: &str, naming: Naming, reading: Reading) -> Self {
        let name = (naming == Naming::EachLine).then(|| name.into());
        Self { number, name, waiting: VecDeque::new(), reading, log_time: None, said: Vec::new() }
    }

    /// Reads on, and passes on what is worth knowing.
    pub(super) fn read<R: Read>(&mut self, reader: &mut Reader<R>) -> Result<Option<InputItem>, InputError> {
        let before = reader.counts();
        let item = reader.next(clock::now);
        for notice in reader.take_notices() {
            self.remark(describe(&notice));
        }
        let (after, shared) = (reader.counts(), &self.reading.shared);
        shared.bytes.fetch_add(after.bytes - before.bytes, Ordering::Relaxed);
        shared.unwanted.fetch_add(after.unwanted - before.unwanted, Ordering::Relaxed);
        item
    }

    /// Something about the file.
    pub(super) fn remark(&mut self, text: String) {
        if self.said.len() < Self::SAID_MAX && !self.said.contains(&text) {
            self.waiting.push_back(remark(self.name.as_deref(), text.clone()));
            self.said.push(text);
        }
    }

    /// The input cannot be read.
    pub(super) fn fail(&mut self, error: InputError) {
        self.reading.fail(error);
        self.waiting.push_back(Item::Broken);
    }

    /// Takes what was read. What is unfinished is no item yet.
    pub(super) fn take(&mut self, item: InputItem) {
        let shared = &self.reading.shared;
        match item {
            InputItem::Record(record) => {
                shared.records.fetch_add(1, Ordering::Relaxed);
                self.waiting.push_back(Item::Record(record));
            }
            InputItem::Event(event) => {
                shared.events.fetch_add(1, Ordering::Relaxed);
                self.waiting.push_back(Item::Event(CodeEvent { source: self.number, ..event }));
            }
            InputItem::Unrelated(time) => {
                shared.unrelated.fetch_add(1, Ordering::Relaxed);
                // A second has thousands of such lines; one of them says it.
                if time.is_some() && time != self.log_time {
                    self.log_time = time;
                    self.waiting.extend(time.map(Item::LogTime));
                }
            }
            InputItem::Bad(bad) => {
                shared.records.fetch_add(1, Ordering::Relaxed);
                self.waiting.push_back(Item::Bad(BadRecord { file: self.name.clone(), ..bad }));
            }
            InputItem::Unfinished => {}
        }
    }
}

/// What is to be said of an input that has been read to its end.
fn last_remarks<R: Read>(reader: &Reader<R>) -> Vec<String> {
    let ReadCounts { blank, unwanted, .. } = reader.counts();
    let mut remarks = Vec::new();
    if blank > 0 {
        remarks.push(format!("{} skipped", counted(blank, "blank line")));
    }
    if unwanted > 0 && reader.format().is_none() {
        remarks.push("no line is JSON or names the columns of a table".to_owned());
    }
    remarks.extend(
        reader.never_found().map(|field| format!("no line has `{}`, which --where asks for", input::shown(field))),
    );
    remarks
}

const UNFINISHED: &str =
    "the last record has no newline yet and is left for the next run; --complete takes it now";

/// Something about a file, named if there are several.
pub(super) fn remark(file: Option<&str>, text: String) -> Item {
    Item::Remark(match file {
        Some(file) => format!("{file}: {text}"),
        None => text,
    })
}

pub(super) fn describe(notice: &InputNotice) -> String {
    match notice {
        InputNotice::ByteOrderMark => "a byte order mark at the beginning was dropped".to_owned(),
        InputNotice::UnknownName { name, nearest: Some(nearest) } => {
            format!("`{}` is ignored (did you mean `{nearest}`?)", input::shown(name))
        }
        InputNotice::UnknownName { name, nearest: None } => format!("`{}` is ignored", input::shown(name)),
        InputNotice::Fits { field, path } => {
            format!("{field} may stand at `{path}`: --field {}", word(&format!("{field}={path}")))
        }
        InputNotice::NoZone { time, offset } => format!(
            "timestamp {time} has no time zone and is ahead of the clock when read as UTC: if it is local time, add its offset, \
             such as {offset}"
        ),
        InputNotice::MoreUnknownNames => "more names are ignored; they are not listed one by one".to_owned(),
    }
}
