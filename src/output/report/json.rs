//! The report for programs: one JSON object an account. `docs/report.schema.json` describes it; changes only add.

use std::io;

use serde::Serialize;

use super::account::{AccountReport, four_digits};
use crate::figures::{Course, EVERY, Figures, Lateness, Rate, Reason, WINDOW, Window};
use crate::ledger::{EffortSpent, Pending};
use crate::output::to_json;

/// The version of the format: fields are added under it, never changed.
const VERSION: u8 = 1;

#[derive(Debug, Serialize)]
struct ReportLine<'a> {
    v: u8,
    account: &'a str,
    profile: Option<&'a str>,
    from: String,
    to: String,
    window_s: u64,
    every_s: u64,
    outcomes: OutcomesLine,
    reasons: Vec<ReasonLine>,
    requests: u64,
    retries: u64,
    ambiguous_resends: u64,
    pending: PendingLine,
    channels: Vec<ChannelLine>,
}

#[derive(Debug, Serialize)]
struct OutcomesLine {
    accepted: u64,
    refused: u64,
    expired: u64,
    stale: u64,
    unreadable: u64,
}

#[derive(Debug, Serialize)]
struct ReasonLine {
    outcome: &'static str,
    code: &'static str,
    http_status: Option<u16>,
    count: u64,
}

#[derive(Debug, Serialize)]
struct PendingLine {
    count: u64,
    oldest: Option<String>,
    requests: u64,
    retries: u64,
    ambiguous_resends: u64,
}

#[derive(Debug, Serialize)]
struct ChannelLine {
    channel: &'static str,
    conversions: u64,
    converted: u64,
    rate: Option<f64>,
    lateness: LatenessLine,
    windows: Vec<WindowLine>,
}

#[derive(Debug, Serialize)]
struct WindowLine {
    end: String,
    conversions: u64,
    converted: u64,
    rate: Option<f64>,
    lateness: LatenessLine,
}

#[derive(Debug, Serialize)]
struct LatenessLine {
    reports: u64,
    p50_s: Option<u32>,
    p95_s: Option<u32>,
    max_s: Option<u32>,
    in_15m: Option<f64>,
}

/// A report as one line of JSON, with its line feed.
pub fn report_json(report: &AccountReport) -> io::Result<Vec<u8>> {
    let mut json = Vec::new();
    to_json(&mut json, &line(report))?;
    Ok(json)
}

fn line(report: &AccountReport) -> ReportLine<'_> {
    let Figures { span, courses, outcomes, reasons, effort, pending, ends: _ } = &report.figures;
    let EffortSpent { requests, retries, ambiguous_resends } = *effort;
    ReportLine {
        v: VERSION,
        account: &report.account,
        profile: report.profile.as_deref(),
        from: span.from.to_rfc3339(),
        to: span.to.to_rfc3339(),
        window_s: WINDOW.as_secs(),
        every_s: EVERY.as_secs(),
        outcomes: OutcomesLine {
            accepted: outcomes.accepted,
            refused: outcomes.refused,
            expired: outcomes.expired,
            stale: outcomes.stale,
            unreadable: outcomes.unreadable,
        },
        reasons: reasons.iter().map(ReasonLine::from).collect(),
        requests,
        retries,
        ambiguous_resends,
        pending: PendingLine::from(pending),
        channels: courses.iter().map(ChannelLine::from).collect(),
    }
}

impl From<&Reason> for ReasonLine {
    fn from(reason: &Reason) -> Self {
        Self {
            outcome: reason.outcome.as_str(),
            code: reason.code.as_str(),
            http_status: reason.http_status,
            count: reason.count,
        }
    }
}

impl From<&Pending> for PendingLine {
    fn from(pending: &Pending) -> Self {
        let EffortSpent { requests, retries, ambiguous_resends } = pending.effort;
        let oldest = pending.oldest.map(crate::domain::Timestamp::to_rfc3339);
        Self { count: pending.rows, oldest, requests, retries, ambiguous_resends }
    }
}

impl From<&Course> for ChannelLine {
    fn from(course: &Course) -> Self {
        let Rate { converted, conversions } = course.rate;
        Self {
            channel: course.traffic.as_str(),
            conversions,
            converted,
            rate: course.rate.share().map(four_digits),
            lateness: LatenessLine::from(&course.lateness),
            windows: course.windows.iter().map(WindowLine::from).collect(),
        }
    }
}

impl From<&Window> for WindowLine {
    fn from(window: &Window) -> Self {
        let Rate { converted, conversions } = window.rate;
        Self {
            end: window.end.to_rfc3339(),
            conversions,
            converted,
            rate: window.rate.share().map(four_digits),
            lateness: LatenessLine::from(&window.lateness),
        }
    }
}

impl From<&Lateness> for LatenessLine {
    fn from(lateness: &Lateness) -> Self {
        let of_some = |seconds| (lateness.values > 0).then_some(seconds);
        Self {
            reports: lateness.values,
            p50_s: of_some(lateness.p50),
            p95_s: of_some(lateness.p95),
            max_s: of_some(lateness.max),
            in_15m: lateness.share_in_time().map(four_digits),
        }
    }
}
