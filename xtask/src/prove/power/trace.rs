//! What a run did to its folder, printed, and sent, in order: read from strace's log.
//!
//! What a call does counts from its beginning, because it may be on disk, or with its reader, from then on. What an
//! fsync promises counts from its end. A call that is not understood and touches the folder is an error, not a gap.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

/// The options with which strace records what is read here: paths of descriptors, and every byte in hexadecimal.
pub(super) const OPTIONS: [&str; 6] = [
    "-y",
    "-xx",
    "-s",
    "10000000",
    "-e",
    "trace=openat,open,creat,mkdir,mkdirat,link,linkat,symlink,symlinkat,rename,renameat,renameat2,unlink,unlinkat,rmdir,\
     pwrite64,pwritev,pwritev2,write,writev,sendto,sendmsg,fsync,fdatasync,sync_file_range,ftruncate,truncate,fallocate",
];

/// A file, whatever its names.
pub(super) type FileId = usize;

/// A folder with all that is in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Contents {
    pub(super) folders: BTreeSet<PathBuf>,
    pub(super) names: BTreeMap<PathBuf, FileId>,
    pub(super) files: Vec<Vec<u8>>,
}

/// Something on the disk that changes.
#[derive(Debug)]
pub(super) enum Change {
    MakeFolder(PathBuf),
    /// A file gets a name: it is created, or linked.
    Name(PathBuf, FileId),
    Unname(PathBuf),
    /// Another name for the same file, within one folder; file systems do that whole or not at all.
    Rename {
        from: PathBuf,
        to: PathBuf,
        file: FileId,
    },
    Write {
        file: FileId,
        at: usize,
        data: Vec<u8>,
    },
    Truncate {
        file: FileId,
        length: usize,
    },
}

/// What an fsync makes durable.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Target {
    /// The bytes and the length of a file.
    File(FileId),
    /// The names in a folder.
    Folder(PathBuf),
}

impl Change {
    /// What has to be synced for this to last.
    pub(super) fn target(&self) -> Target {
        match self {
            Self::MakeFolder(path) | Self::Name(path, _) | Self::Unname(path) | Self::Rename { to: path, .. } => {
                Target::Folder(path.parent().unwrap_or(path).to_owned())
            }
            Self::Write { file, .. } | Self::Truncate { file, .. } => Target::File(*file),
        }
    }
}

/// One step of a run.
#[derive(Debug)]
pub(super) enum Event {
    Change(Change),
    /// An fsync has returned: what had changed before event number `begun` is on disk.
    Synced {
        target: Target,
        begun: usize,
    },
    /// A result line said that this was accepted.
    Printed(String),
    /// A request with this message-id was sent.
    Sent(String),
}

/// A run, from what was on disk before it to its last step.
#[derive(Debug)]
pub(super) struct Trace {
    pub(super) before: Contents,
    pub(super) events: Vec<Event>,
}

impl Contents {
    /// Reads a folder. SQLite's index of the log is left out: it is written through memory, where strace sees nothing,
    /// and the first process that opens the database makes it anew.
    pub(super) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut contents = Self::default();
        contents.gather(root)?;
        Ok(contents)
    }

    fn gather(&mut self, folder: &Path) -> anyhow::Result<()> {
        self.folders.insert(folder.to_owned());
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                self.gather(&path)?;
            } else if !is_index(&path) {
                self.names.insert(path.clone(), self.files.len());
                self.files.push(fs::read(&path)?);
            }
        }
        Ok(())
    }
}

impl Trace {
    /// Reads the log of a run that found `before` under `root`.
    pub(super) fn read(log: &str, root: &Path, before: Contents) -> anyhow::Result<Self> {
        let mut reading = Reading {
            root,
            names: before.names.clone(),
            files: before.files.len(),
            open: HashMap::new(),
            unfinished: HashMap::new(),
            said: Vec::new(),
            events: Vec::new(),
        };
        for line in log.lines() {
            reading.line(line).with_context(|| format!("in strace's log: {line:.300}"))?;
        }
        Ok(Self { before, events: reading.events })
    }

    /// Whether the run wrote to a file.
    pub(super) fn writes(&self, wanted: FileId) -> bool {
        self.events
            .iter()
            .any(|event| matches!(event, Event::Change(Change::Write { file, .. }) if *file == wanted))
    }
}

/// What an open descriptor leads to.
#[derive(Debug, Clone)]
enum Open {
    File { file: FileId, cursor: usize },
    Folder(PathBuf),
}

struct Reading<'a> {
    root: &'a Path,
    names: BTreeMap<PathBuf, FileId>,
    files: usize,
    open: HashMap<u32, Open>,
    /// By thread: the beginning of its call, and how many events had happened then.
    unfinished: HashMap<String, (String, usize)>,
    /// The beginning of a result line.
    said: Vec<u8>,
    events: Vec<Event>,
}

impl Reading<'_> {
    fn line(&mut self, line: &str) -> anyhow::Result<()> {
        let (thread, text) = line.split_once(' ').context("no thread")?;
        let text = text.trim_start();
        if text.starts_with("+++") || text.starts_with("---") {
            return Ok(());
        }
        if let Some(begun) = text.strip_suffix(" <unfinished ...>") {
            self.begins(&Call::parse(begun, None)?)?;
            self.unfinished.insert(thread.to_owned(), (begun.to_owned(), self.events.len()));
            return Ok(());
        }
        let (text, begun) = if let Some(resumed) = text.strip_prefix("<... ") {
            let (begun, at) = self.unfinished.remove(thread).context("a call ends that has not begun")?;
            let (_, rest) = resumed.split_once(" resumed>").context("not resumed")?;
            (format!("{begun}{rest}"), at)
        } else {
            let (call, _) = text.rsplit_once(" = ").context("no result")?;
            self.begins(&Call::parse(call.trim_end().strip_suffix(')').context("no end")?, None)?)?;
            (text.to_owned(), self.events.len())
        };
        let (call, result) = text.rsplit_once(" = ").context("no result")?;
        let call = call.trim_end().strip_suffix(')').context("no end")?;
        self.ends(&Call::parse(call, Some(result))?, begun)
    }

    /// What counts from a call's beginning.
    fn begins(&mut self, call: &Call<'_>) -> anyhow::Result<()> {
        match call.name {
            "pwrite64" => {
                if let Some(Open::File { file, .. }) = self.opened(call)? {
                    let change = Change::Write { file, at: call.number(3)?, data: call.bytes(1)? };
                    self.events.push(Event::Change(change));
                }
            }
            "write" if call.descriptor()? == 1 => {
                self.said.extend(call.bytes(1)?);
                while let Some(end) = self.said.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = self.said.drain(..=end).collect();
                    let line: Value = serde_json::from_slice(&line).context("not a result line")?;
                    if line["outcome"] == "accepted" {
                        let id = line["message_id"].as_str().context("a result line without message_id")?;
                        self.events.push(Event::Printed(id.to_owned()));
                    }
                }
            }
            "write" => {
                let data = call.bytes(1)?;
                if let Some(Open::File { file, cursor }) = self.opened(call)? {
                    let next = cursor + data.len();
                    self.open.insert(call.descriptor()?, Open::File { file, cursor: next });
                    self.events.push(Event::Change(Change::Write { file, at: cursor, data }));
                }
            }
            "ftruncate" => {
                if let Some(Open::File { file, .. }) = self.opened(call)? {
                    self.events.push(Event::Change(Change::Truncate { file, length: call.number(1)? }));
                }
            }
            "sendto" => {
                let request = String::from_utf8_lossy(&call.bytes(1)?).into_owned();
                if let Some((_, from)) = request.split_once("message-id=") {
                    let id = from.split('&').next().unwrap_or(from);
                    self.events.push(Event::Sent(id.to_owned()));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What counts from a call's end, and whether what was begun came true.
    #[expect(clippy::too_many_lines, reason = "one arm for each system call")]
    fn ends(&mut self, call: &Call<'_>, begun: usize) -> anyhow::Result<()> {
        let result = call.result.context("no result")?;
        match call.name {
            "pwrite64" | "write" => {
                if self.opened(call)?.is_some() {
                    ensure!(usize::try_from(result) == Ok(call.number(2)?), "not everything was written");
                }
            }
            "ftruncate" => ensure!(result == 0, "not cut"),
            "sendto" => {}
            "openat" if result >= 0 => {
                let (path, descriptor) = (call.path(1)?, u32::try_from(result)?);
                if !path.starts_with(self.root) || is_index(&path) {
                    self.open.remove(&descriptor);
                    return Ok(());
                }
                ensure!(!call.argument(2)?.contains("O_TRUNC"), "opening that cuts is not understood");
                let file = match self.names.get(&path) {
                    Some(file) => *file,
                    None if call.argument(2)?.contains("O_CREAT") => self.create(&path),
                    None => {
                        self.open.insert(descriptor, Open::Folder(path));
                        return Ok(());
                    }
                };
                self.open.insert(descriptor, Open::File { file, cursor: 0 });
            }
            "mkdir" if result == 0 => {
                let path = call.path(0)?;
                if path.starts_with(self.root) {
                    self.events.push(Event::Change(Change::MakeFolder(path)));
                }
            }
            "linkat" if result == 0 => {
                let (from, to) = (call.path(1)?, call.path(3)?);
                let file = *self.names.get(&from).context("a link to an unknown file")?;
                self.names.insert(to.clone(), file);
                self.events.push(Event::Change(Change::Name(to, file)));
            }
            "renameat" | "renameat2" if result == 0 => {
                let (from, to) = (call.path(1)?, call.path(3)?);
                if from.starts_with(self.root) || to.starts_with(self.root) {
                    ensure!(from.parent() == to.parent(), "a rename to another folder is not understood");
                    let file = self.names.remove(&from).context("a rename of an unknown file")?;
                    self.names.insert(to.clone(), file);
                    self.events.push(Event::Change(Change::Rename { from, to, file }));
                }
            }
            "unlink" if result == 0 => {
                let path = call.path(0)?;
                if self.names.remove(&path).is_some() {
                    self.events.push(Event::Change(Change::Unname(path)));
                }
            }
            "fsync" | "fdatasync" => {
                ensure!(result == 0, "not synced");
                let target = match self.opened(call)? {
                    Some(Open::File { file, .. }) => Target::File(file),
                    Some(Open::Folder(path)) => Target::Folder(path),
                    None => return Ok(()),
                };
                self.events.push(Event::Synced { target, begun });
            }
            _ if result < 0 => {}
            _ => {
                let root = hexadecimal(self.root);
                ensure!(!call.arguments.iter().any(|argument| argument.contains(&root)), "not understood");
            }
        }
        Ok(())
    }

    fn create(&mut self, path: &Path) -> FileId {
        let file = self.files;
        self.files += 1;
        self.names.insert(path.to_owned(), file);
        self.events.push(Event::Change(Change::Name(path.to_owned(), file)));
        file
    }

    /// What the call's descriptor leads to, if that is in the folder.
    fn opened(&self, call: &Call<'_>) -> anyhow::Result<Option<Open>> {
        let path = call.argument(0)?.split_once('<').map_or("", |(_, path)| path);
        let path = PathBuf::from(text(path.split('>').next().unwrap_or(path))?);
        if !path.starts_with(self.root) || is_index(&path) {
            return Ok(None);
        }
        self.open.get(&call.descriptor()?).cloned().map(Some).context("a descriptor that was never opened")
    }
}

/// One system call. In hexadecimal nothing in it has a comma or a bracket but the call itself.
struct Call<'a> {
    name: &'a str,
    arguments: Vec<&'a str>,
    result: Option<i64>,
}

impl<'a> Call<'a> {
    fn parse(text: &'a str, result: Option<&str>) -> anyhow::Result<Self> {
        let (name, arguments) = text.split_once('(').context("not a call")?;
        let result = result.map(|result| {
            let end = result.find(|c: char| c != '-' && !c.is_ascii_digit()).unwrap_or(result.len());
            result[..end].parse().context("not a number as result")
        });
        Ok(Self { name, arguments: arguments.split(", ").collect(), result: result.transpose()? })
    }

    fn argument(&self, index: usize) -> anyhow::Result<&'a str> {
        self.arguments.get(index).copied().context("too few arguments")
    }

    fn number(&self, index: usize) -> anyhow::Result<usize> {
        self.argument(index)?.parse().context("not a number")
    }

    fn descriptor(&self) -> anyhow::Result<u32> {
        let argument = self.argument(0)?;
        argument.split('<').next().unwrap_or(argument).parse().context("not a descriptor")
    }

    fn bytes(&self, index: usize) -> anyhow::Result<Vec<u8>> {
        let argument = self.argument(index)?;
        let quoted = argument.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        bytes(quoted.context("cut short, or not a string")?)
    }

    fn path(&self, index: usize) -> anyhow::Result<PathBuf> {
        Ok(PathBuf::from(String::from_utf8(self.bytes(index)?)?))
    }
}

/// `\x2f\x74` as bytes.
fn bytes(escaped: &str) -> anyhow::Result<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    escaped
        .as_bytes()
        .chunks(4)
        .map(|chunk| match chunk {
            [b'\\', b'x', high, low] => {
                Ok(digit(*high).context("not hexadecimal")? * 16 + digit(*low).context("not hexadecimal")?)
            }
            _ => bail!("not hexadecimal"),
        })
        .collect()
}

fn text(escaped: &str) -> anyhow::Result<String> {
    Ok(String::from_utf8(bytes(escaped)?)?)
}

fn hexadecimal(path: &Path) -> String {
    use std::fmt::Write as _;
    path.as_os_str().as_encoded_bytes().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "\\x{byte:02x}");
        text
    })
}

fn is_index(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"-shm")
}
