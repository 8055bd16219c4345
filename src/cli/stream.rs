//! Files and standard input as one stream of items, read on a thread of its own.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::args::InputArgs;
use super::exit::Exit;
use super::failure::CommandFailure;
use super::input_hint::InputFor;
use super::shell::word;
use super::terminal::Terminal;
use crate::clock;
use crate::domain::{BadRecord, counted};
use crate::input::{
    self, Ending, FieldMap, FieldMappingError, InputError, InputItem, InputNotice, InputOptions, Reader, Separator,
};
use crate::pipeline::Item;

/// What the reading thread shares with the others.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    shared: Arc<Shared>,
    /// The size of all files in bytes; unknown as soon as one is a pipe.
    pub(super) size: Option<u64>,
}

#[derive(Debug, Default)]
struct Shared {
    bytes: AtomicU64,
    records: AtomicU64,
    events: AtomicU64,
    unrelated: AtomicU64,
    stop: Arc<AtomicBool>,
    /// Whoever writes into a pipe is waited for until then.
    patience: OnceLock<Duration>,
    error: Mutex<Option<InputError>>,
}

impl Reading {
    /// Bytes read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::Relaxed)
    }

    /// How many records all files have, by those that were read: exact when all were. Unknown for a pipe, and for a log, of which
    /// few lines become conversions.
    pub(super) fn records_expected(&self) -> Option<u64> {
        let (size, bytes) = (self.size?, self.bytes());
        let records = self.shared.records.load(Ordering::Relaxed);
        let all = u128::from(records) * u128::from(size) / u128::from(bytes.max(1));
        if self.events() > 0 || bytes == 0 { None } else { u64::try_from(all).ok() }
    }

    /// Events read from a log, so far.
    pub(super) fn events(&self) -> u64 {
        self.shared.events.load(Ordering::Relaxed)
    }

    /// Other lines of that log.
    pub(super) fn unrelated(&self) -> u64 {
        self.shared.unrelated.load(Ordering::Relaxed)
    }

    /// Set, it lets the reader hand out what it has and take nothing new.
    pub(super) fn stop(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.shared.stop)
    }

    /// From now on files are read to their end, and a pipe for a moment only: it may have none.
    pub(super) fn stop_waiting(&self) {
        let _ = self.shared.patience.set(clock::monotonic().saturating_add(LAST_LOOK));
    }

    /// Why reading stopped, if it did not come to the end.
    pub(super) fn take_error(&self) -> Option<InputError> {
        self.shared.error.lock().ok().and_then(|mut error| error.take())
    }

    fn fail(&self, error: InputError) {
        if let Ok(mut slot) = self.shared.error.lock() {
            *slot = Some(error);
        }
    }
}

/// What was typed of how a stream is read. Records are not typed into a terminal: there, an example is the answer.
pub(super) fn options(args: &InputArgs, example: &str) -> Result<InputOptions, CommandFailure> {
    if args.files.is_empty() && Terminal::can_ask() {
        let error = anyhow::anyhow!("no file, and standard input is a terminal");
        return Err(CommandFailure::new(Exit::Usage, error, format!("for example: {example}")));
    }
    let fields = FieldMap::new(args.field.iter().cloned()).map_err(|error| {
        let hint = matches!(error, FieldMappingError::Carriers(_))
            .then(|| "say which values mean that the user converted: --delivered-when status=verified".to_owned());
        CommandFailure { hint, ..CommandFailure::usage(error, "--field is not usable") }
    })?;
    Ok(InputOptions {
        format: args.format,
        separator: if args.null { Separator::Nul } else { Separator::Newline },
        channel: args.channel,
        delivered: None,
        fields,
        ending: if args.complete { Ending::Complete } else { Ending::MayGrow },
    })
}

/// The files, one after the other. All are opened before anything is sent: a wrong name costs nothing.
pub(super) fn open(
    files: &[PathBuf],
    options: InputOptions,
    input: InputFor,
) -> Result<(InputStream, Reading), CommandFailure> {
    let mut sources = VecDeque::new();
    let mut size = Some(0);
    let naming = if files.len() > 1 { Naming::EachLine } else { Naming::Nothing };
    let standard_input = [PathBuf::from("-")];
    for path in if files.is_empty() { &standard_input[..] } else { files } {
        let (name, source, length) = open_one(path, input)?;
        size = size.zip(length).map(|(size, length)| size + length);
        sources.push_back((name, source));
    }
    let reading = Reading { size, ..Reading::default() };
    Ok((
        InputStream {
            sources,
            naming,
            file: None,
            options,
            reader: None,
            waiting: VecDeque::new(),
            reading: reading.clone(),
            before: 0,
        },
        reading,
    ))
}

fn open_one(path: &Path, input: InputFor) -> Result<(String, File, Option<u64>), CommandFailure> {
    let is_standard_input = path == Path::new("-");
    let name = if is_standard_input { "standard input".to_owned() } else { path.display().to_string() };
    let unreadable =
        |source| CommandFailure::of_input(InputError::Unreadable { name: name.clone(), source }, input);
    let file = if is_standard_input {
        // Standard input may be a file as well, and is then treated as one.
        io::stdin().as_fd().try_clone_to_owned().map(File::from)
    } else {
        File::open(path)
    }
    .map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(unreadable(io::ErrorKind::IsADirectory.into()));
    }
    // How far standard input has been read already is not known.
    let length = (metadata.is_file() && !is_standard_input).then_some(metadata.len());
    Ok((name, file, length))
}

/// A file that has not changed for so long is complete. Programs that buffer their output may leave a line half written for
/// minutes.
const SETTLED: Duration = Duration::from_secs(5 * 60);

/// Whether what has been read of a source is all there will be. Of what is no file, the end is the end.
fn is_complete(file: &File) -> bool {
    let Ok(metadata) = file.metadata() else { return true };
    let age = metadata.modified().ok().and_then(|modified| {
        let modified = modified.duration_since(std::time::UNIX_EPOCH).ok()?;
        clock::now().unix().checked_sub(modified.as_secs().try_into().ok()?)
    });
    !metadata.is_file() || age.is_some_and(|age| age >= SETTLED.as_secs().cast_signed())
}

/// How long a pipe is read for records that can only be answered.
const LAST_LOOK: Duration = Duration::from_secs(1);

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
enum Naming {
    /// There is only one source.
    Nothing,
    /// There are several.
    EachLine,
}

/// Items out of one file after the other.
pub(super) struct InputStream {
    sources: VecDeque<(String, File)>,
    naming: Naming,
    /// The name of the file that is being read, where lines are named by it.
    file: Option<Arc<str>>,
    options: InputOptions,
    reader: Option<Reader<Stoppable>>,
    waiting: VecDeque<Item>,
    reading: Reading,
    /// Bytes of the files before this one.
    before: u64,
}

impl Iterator for InputStream {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.waiting.pop_front() {
                return Some(item);
            }
            let Some(reader) = &mut self.reader else {
                let (name, source) = self.sources.pop_front()?;
                self.file = (self.naming == Naming::EachLine).then(|| name.as_str().into());
                let source = Stoppable { source, shared: Arc::clone(&self.reading.shared) };
                self.reader = Some(Reader::new(source, name, self.options.clone()));
                continue;
            };
            let item = reader.next(clock::now);
            let file = self.file.as_deref();
            self.waiting.extend(reader.take_notices().iter().map(|notice| remark(file, describe(notice))));
            let bytes = reader.counts().bytes;
            self.reading.shared.bytes.store(self.before + bytes, Ordering::Relaxed);
            match item {
                Ok(Some(InputItem::Record(record))) => {
                    self.reading.shared.records.fetch_add(1, Ordering::Relaxed);
                    self.waiting.push_back(Item::Record(record));
                }
                Ok(Some(InputItem::Event(event))) => {
                    self.reading.shared.events.fetch_add(1, Ordering::Relaxed);
                    self.waiting.push_back(Item::Event(event));
                }
                Ok(Some(InputItem::Unrelated)) => {
                    self.reading.shared.unrelated.fetch_add(1, Ordering::Relaxed);
                }
                Ok(Some(InputItem::Unfinished)) if is_complete(&reader.source().source) => reader.complete(),
                Ok(Some(InputItem::Unfinished)) => {
                    self.waiting.push_back(remark(Some(reader.name()), UNFINISHED.to_owned()));
                    self.before += bytes;
                    self.reader = None;
                }
                Ok(Some(InputItem::Bad(bad))) => {
                    self.reading.shared.records.fetch_add(1, Ordering::Relaxed);
                    self.waiting.push_back(Item::Bad(BadRecord { file: self.file.clone(), ..bad }));
                }
                Ok(None) => {
                    let blank = reader.counts().blank;
                    if blank > 0 {
                        let text = format!("{} skipped", counted(blank, "blank line"));
                        self.waiting.push_back(remark(file, text));
                    }
                    self.before += bytes;
                    self.reader = None;
                }
                Err(_) if self.reading.shared.stop.load(Ordering::Acquire) => return None,
                Err(error) => {
                    self.reading.fail(error);
                    (self.reader, self.sources) = (None, VecDeque::new());
                    self.waiting.push_back(Item::Broken);
                }
            }
        }
    }
}

const UNFINISHED: &str =
    "the last record has no newline yet and is left for the next run; --complete takes it now";

/// Something about a file, named if there are several.
fn remark(file: Option<&str>, text: String) -> Item {
    Item::Remark(match file {
        Some(file) => format!("{file}: {text}"),
        None => text,
    })
}

fn describe(notice: &InputNotice) -> String {
    match notice {
        InputNotice::ByteOrderMark => "a byte order mark at the beginning was dropped".to_owned(),
        InputNotice::UnknownName { name, nearest: Some(nearest) } => {
            format!("`{}` is ignored (did you mean `{nearest}`?)", input::shown(name))
        }
        InputNotice::UnknownName { name, nearest: None } => format!("`{}` is ignored", input::shown(name)),
        InputNotice::Fits { field, path } => {
            format!("{field} may stand at `{path}`: --field {}", word(&format!("{field}={path}")))
        }
        InputNotice::MoreUnknownNames => "more names are ignored; they are not listed one by one".to_owned(),
    }
}
