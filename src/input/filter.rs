//! `--where`: which lines of an input are wanted, by what they say in some of their fields.
//!
//! Where the fields stand is known elsewhere: `lookup` finds them in a JSON line, `table` in a row.

use super::path::{Mark, Path};

/// Every `--where` of a run. A line is wanted where each of the fields has one of its values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Filter(Vec<Condition>);

/// A field, and the values of which it must have one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    path: Path,
    values: Vec<Box<str>>,
}

impl Filter {
    /// What is said of one field several times is a choice.
    pub(super) fn add(&mut self, Mark { path, value }: Mark) {
        match self.0.iter_mut().find(|condition| condition.path == path) {
            Some(condition) => condition.values.push(value),
            None => self.0.push(Condition { path, values: vec![value] }),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn conditions(&self) -> &[Condition] {
        &self.0
    }

    /// Whether a key, or a column, is one of those that are looked at, or leads there.
    pub(super) fn looks_at(&self, name: &str) -> bool {
        self.0.iter().any(|Condition { path, .. }| {
            path.text().eq_ignore_ascii_case(name) || path.steps().first().is_some_and(|first| **first == *name)
        })
    }
}

impl Condition {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn is_met(&self, text: &str) -> bool {
        self.values.iter().any(|value| **value == *text.trim())
    }

    /// The column, or the path, as it was written.
    pub(super) fn field(&self) -> &str {
        self.path.text()
    }
}
