//! The windows as CSV: one row for each account, mark and channel, and one for all channels together (`all`). A window without data
//! has no rate: the field is empty, not 0.

use std::fmt::Write as _;

use super::account::{AccountReport, four_digits};
use crate::figures::{Lateness, Window};

const HEADER: &str =
    "account,window_end,channel,conversions,converted,rate,reports,late_p50_s,late_p95_s,late_max_s,in_15m\n";

/// All reports, one after the other, under one header. No field can need quoting.
#[must_use]
pub fn report_csv(reports: &[AccountReport]) -> String {
    let mut csv = HEADER.to_owned();
    for report in reports {
        for mark in 0..report.figures.courses[0].windows.len() {
            for course in &report.figures.courses {
                row(&mut csv, &report.account, course.traffic.as_str(), &course.windows[mark]);
            }
        }
    }
    csv
}

fn row(csv: &mut String, account: &str, channel: &str, window: &Window) {
    let Window { end, rate, lateness } = window;
    let share = |share: Option<f64>| share.map(|share| four_digits(share).to_string()).unwrap_or_default();
    let late = |of: fn(&Lateness) -> u32| match lateness.values {
        0 => String::new(),
        _ => of(lateness).to_string(),
    };
    let _ = writeln!(
        csv,
        "{account},{},{channel},{},{},{},{},{},{},{},{}",
        end.to_rfc3339(),
        rate.conversions,
        rate.converted,
        share(rate.share()),
        lateness.values,
        late(|lateness| lateness.p50),
        late(|lateness| lateness.p95),
        late(|lateness| lateness.max),
        share(lateness.share_in_time()),
    );
}
