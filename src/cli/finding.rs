//! What `check` has found.

use super::exit::Exit;
use super::failure::CommandFailure;

/// One thing that was looked at.
pub(super) struct Finding {
    pub(super) check: &'static str,
    pub(super) status: Status,
    pub(super) detail: String,
    pub(super) hint: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    Warn,
    Fail(Exit),
    Skip,
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail(_) => "fail",
            Self::Skip => "skip",
        }
    }

    pub(super) fn needs_attention(self) -> bool {
        match self {
            Self::Warn | Self::Fail(_) => true,
            Self::Ok | Self::Skip => false,
        }
    }
}

impl Finding {
    pub(super) fn new(check: &'static str, status: Status, detail: impl Into<String>) -> Self {
        Self { check, status, detail: detail.into(), hint: None }
    }

    pub(super) fn failed(check: &'static str, failure: CommandFailure) -> Self {
        let detail = format!("{:#}", failure.error);
        Self { check, status: Status::Fail(failure.exit), detail, hint: failure.hint }
    }

    pub(super) fn advising(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}
