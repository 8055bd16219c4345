//! Where something stands in a record, and what may stand there.

/// Where a field stands: a column's name, or the keys and array indices that lead to it in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    text: Box<str>,
    steps: Box<[Box<str>]>,
}

impl Path {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let steps = text.split('.').map(|step| (!step.is_empty()).then(|| step.into()));
        Some(Self { text: text.into(), steps: steps.collect::<Option<_>>()? })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn steps(&self) -> &[Box<str>] {
        &self.steps
    }
}

/// One `--sent-when FIELD=VALUE`: what a line says when something happened; or one `--where`: what it says where it is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub(super) path: Path,
    pub(super) value: Box<str>,
}
