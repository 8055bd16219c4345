//! The files of the log that a run reads, and which codes they have told of.

use std::collections::HashMap;

use crate::failpoint::{Promise, is_broken};
use crate::ledger::decide::ToldBy;

/// The number of a source in a store.
pub(crate) type SourceId = i64;

/// The source of codes whose log no later run knows again: a pipe without a name.
pub(crate) const UNKNOWN: SourceId = 0;

/// The sources of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    /// Each file's own.
    own: Vec<SourceId>,
    /// Which file it is, by all the sources as which earlier runs have known one.
    files: HashMap<SourceId, usize>,
}

impl Sources {
    /// Adds the next file, with its own source and those as which earlier runs have known it.
    pub(crate) fn add(&mut self, own: SourceId, known: impl IntoIterator<Item = SourceId>) {
        let file = self.own.len();
        self.own.push(own);
        for source in known.into_iter().chain([own]).filter(|source| *source != UNKNOWN) {
            self.files.entry(source).or_insert(file);
        }
    }

    /// Each file's own.
    pub(crate) fn own(&self) -> &[SourceId] {
        &self.own
    }

    /// Which log told of a code, by the code's source and whether this run has told of it itself.
    pub(crate) fn told_by(&self, source: SourceId, is_mine: bool) -> ToldBy {
        let unnamed = || self.own.iter().position(|own| *own == UNKNOWN).unwrap_or_default();
        if is_broken(Promise::WindowsOfTheirLog) {
            return ToldBy::OurLog(0);
        }
        match self.files.get(&source) {
            Some(file) => ToldBy::OurLog(*file),
            None if is_mine => ToldBy::OurLog(unnamed()),
            None => ToldBy::AnotherLog,
        }
    }

    /// Whether our log told of it.
    pub(crate) fn are_ours(&self, source: SourceId, is_mine: bool) -> bool {
        matches!(self.told_by(source, is_mine), ToldBy::OurLog(_))
    }

    /// All as which one of the files is known.
    pub(crate) fn known(&self) -> impl Iterator<Item = SourceId> {
        self.files.keys().copied()
    }

    /// The source to note for a code.
    pub(crate) fn of(&self, told_by: ToldBy) -> SourceId {
        match told_by {
            ToldBy::OurLog(file) => self.own.get(file).copied().unwrap_or(UNKNOWN),
            ToldBy::AnotherLog => UNKNOWN,
        }
    }
}
