//! What is said beside the results: lines for people, or one JSON object each for log collectors.

use serde::Serialize;

use super::{Paint, Severity, Summary, to_json};
use crate::domain::Timestamp;
use crate::ledger::LeftOver;

/// How remarks are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemarkFormat {
    /// `label: text`.
    Text(Paint),
    /// One JSON object a line.
    Json,
}

impl RemarkFormat {
    /// One remark with the end of its line. The text is escaped already.
    #[must_use]
    pub fn line(self, label: &str, severity: Severity, text: &str, now: Timestamp) -> String {
        match self {
            Self::Text(paint) => {
                let label = paint.styled(severity, format!("{label}:"));
                format!("{label} {text}\n")
            }
            Self::Json => {
                json(&RemarkLine { time: now.to_rfc3339(), level: level(severity), event: label, message: text })
            }
        }
    }

    /// What a run came to, with the end of its last line.
    #[must_use]
    pub fn summary(self, summary: &Summary, now: Timestamp) -> String {
        match self {
            Self::Text(_) => format!("{summary}\n"),
            Self::Json => {
                let message = summary.to_string();
                let remark =
                    RemarkLine { time: now.to_rfc3339(), level: "info", event: "summary", message: &message };
                json(&SummaryLine::new(remark, summary))
            }
        }
    }

    /// How a command ended, for those who count that. People see it elsewhere.
    #[must_use]
    pub fn end(self, exit: u8, now: Timestamp) -> Option<String> {
        let level = if exit == 0 { "info" } else { "error" };
        let message = format!("exit code {exit}");
        match self {
            Self::Text(_) => None,
            Self::Json => Some(json(&EndLine {
                remark: RemarkLine { time: now.to_rfc3339(), level, event: "end", message: &message },
                exit,
            })),
        }
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Success | Severity::Note => "info",
    }
}

fn json(line: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    // Writing into memory does not fail, and texts and numbers become JSON.
    let _ = to_json(&mut bytes, line);
    String::from_utf8(bytes).unwrap_or_default()
}

/// The names are part of the command line's contract.
#[derive(Serialize)]
struct RemarkLine<'a> {
    time: String,
    level: &'static str,
    event: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct EndLine<'a> {
    #[serde(flatten)]
    remark: RemarkLine<'a>,
    exit: u8,
}

#[derive(Serialize)]
struct SummaryLine<'a> {
    #[serde(flatten)]
    remark: RemarkLine<'a>,
    accepted: u64,
    rejected: u64,
    retry: u64,
    invalid: u64,
    skipped: u64,
    adopted: u64,
    ambiguous_resends: u64,
    unclean_stops: u64,
    /// Of the account, at the end.
    pending: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    open_codes: Option<u64>,
}

impl<'a> SummaryLine<'a> {
    fn new(remark: RemarkLine<'a>, summary: &Summary) -> Self {
        Self {
            remark,
            accepted: summary.accepted,
            rejected: summary.rejected,
            retry: summary.retry,
            invalid: summary.invalid,
            skipped: summary.skipped,
            adopted: summary.adopted,
            ambiguous_resends: summary.ambiguous_resends,
            unclean_stops: summary.unclean_stops.runs,
            pending: summary.left_over.map_or(0, |LeftOver { count, .. }| count),
            open_codes: summary.open_codes,
        }
    }
}
