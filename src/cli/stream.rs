//! Files and standard input as one stream of items, read on a thread of its own.

use std::collections::VecDeque;
use std::path::PathBuf;

use super::args::InputArgs;
use super::exit::Exit;
use super::failure::CommandFailure;
use super::input_hint::InputFor;
use super::reading::Reading;
use super::source::{Naming, OpenFile, Source};
use super::terminal::Terminal;
use crate::input::{Ending, FieldMap, FieldMappingError, Format, InputOptions, Separator};
use crate::ledger::LogSource;
use crate::pipeline::Item;

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
    if args.format == Format::Ids && !args.only.is_empty() {
        let error = anyhow::anyhow!("--where looks at fields, and plain ids have none");
        return Err(CommandFailure::new(Exit::Usage, error, "leave out --where, or write ids as NDJSON or CSV"));
    }
    let fields = fields.only(args.only.iter().cloned());
    Ok(InputOptions {
        format: args.format,
        separator: if args.null { Separator::Nul } else { Separator::Newline },
        channel: args.channel,
        delivered: None,
        fields,
        ending: match args {
            InputArgs { follow: true, .. } => Ending::Followed,
            InputArgs { complete: true, .. } => Ending::Complete,
            InputArgs { .. } => Ending::MayGrow,
        },
    })
}

/// The files as one stream. All are opened before anything is sent: a wrong name costs nothing.
pub(super) fn open(
    files: &[PathBuf],
    options: &InputOptions,
    order: Order,
    input: InputFor,
) -> Result<(InputStream, Reading), CommandFailure> {
    let standard_input = [PathBuf::from("-")];
    let files = if files.is_empty() { &standard_input[..] } else { files };
    let naming = if files.len() > 1 { Naming::EachLine } else { Naming::Nothing };
    let mut opened = Vec::new();
    for path in files {
        opened.push(OpenFile::open(path).map_err(|error| CommandFailure::of_input(error, input))?);
    }
    let size = opened.iter().map(OpenFile::length).sum();
    let is_typed = opened.iter().any(OpenFile::is_terminal);
    let reading = Reading { size, is_typed, ..Reading::default() };
    let sources = opened.into_iter().enumerate();
    let sources = sources
        .map(|(number, file)| Source::new(number, file, naming, options.clone(), reading.clone()))
        .collect();
    Ok((InputStream { sources, heads: VecDeque::new(), order }, reading))
}

/// In which order the records of several files come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// One file after the other.
    AsNamed,
    /// By the times that stand in them: the files are one log.
    ByTime,
}

/// Items out of all files.
pub(super) struct InputStream {
    sources: VecDeque<Source>,
    /// The next item of each source, where they come by their times.
    heads: VecDeque<Item>,
    order: Order,
}

impl InputStream {
    /// How a later run knows the files again.
    pub(super) fn log_sources(&self) -> Vec<LogSource> {
        self.sources.iter().map(Source::log_source).collect()
    }

    fn next_as_named(&mut self) -> Option<Item> {
        loop {
            match self.sources.front_mut()?.next() {
                Some(item) => return Some(self.last_if_broken(item)),
                None => self.sources.pop_front(),
            };
        }
    }

    /// The item with the earliest time; one without a time does not wait.
    fn next_by_time(&mut self) -> Option<Item> {
        while let Some(source) = self.sources.get_mut(self.heads.len()) {
            match source.next() {
                Some(item) if item.log_time().is_none() => return Some(self.last_if_broken(item)),
                Some(item) => self.heads.push_back(item),
                None => drop(self.sources.remove(self.heads.len())),
            }
        }
        let (first, _) = self.heads.iter().enumerate().min_by_key(|(_, head)| head.log_time())?;
        // The others stay where they are: the source that comes last is the one to be asked next.
        let source = self.sources.remove(first)?;
        self.sources.push_back(source);
        self.heads.remove(first)
    }

    /// After what cannot be read there is nothing more.
    fn last_if_broken(&mut self, item: Item) -> Item {
        if matches!(item, Item::Broken) {
            self.sources.clear();
            self.heads.clear();
        }
        item
    }
}

impl Iterator for InputStream {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        match self.order {
            Order::ByTime if self.sources.len() > 1 || !self.heads.is_empty() => self.next_by_time(),
            Order::ByTime | Order::AsNamed => self.next_as_named(),
        }
    }
}
