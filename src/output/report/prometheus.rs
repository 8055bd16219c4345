//! The figures as Prometheus' text format, for `node_exporter`'s textfile collector. That collector reads neither `OpenMetrics` nor
//! timestamps beside values, so there are none.
//!
//! Everything is a gauge: it counts rows that the ledger still keeps, in a span that moves on, so it falls as well as rises. Shares
//! and moments that do not exist (no conversions, nothing pending) have no sample. The names and labels are a promise, as the JSON's
//! are; the help says nothing that differs from file to file, because one collector may read several.

use std::fmt::Write as _;

use super::account::{AccountReport, four_digits};
use crate::domain::Timestamp;
use crate::figures::{Course, Figures, Lateness, Traffic, Window};
use crate::ledger::{CommandEnd, EffortSpent};

const PREFIX: &str = "nexmo_conversion_";

/// All reports in one text: the account is a label.
#[must_use]
pub fn report_prometheus(reports: &[AccountReport]) -> String {
    let mut text = String::new();
    for Family { name, help, samples } in FAMILIES {
        // Writing to a string does not fail.
        let _ = writeln!(text, "# HELP {PREFIX}{name} {help}\n# TYPE {PREFIX}{name} gauge");
        for report in reports {
            for Sample { label, value } in samples(&report.figures) {
                let account = escaped(&report.account);
                let label =
                    label.map(|(name, value)| format!(",{name}=\"{}\"", escaped(&value))).unwrap_or_default();
                let _ = writeln!(text, "{PREFIX}{name}{{account=\"{account}\"{label}}} {value}");
            }
        }
    }
    text
}

/// A metric, and where its values are.
struct Family {
    name: &'static str,
    help: &'static str,
    samples: fn(&Figures) -> Vec<Sample>,
}

/// A value, and what tells it from the others of its account.
struct Sample {
    label: Option<(&'static str, String)>,
    value: String,
}

const FAMILIES: &[Family] = &[
    Family {
        name: "report_timestamp_seconds",
        help: "When these figures were taken from the ledger, in Unix time.",
        samples: |figures| vec![moment(figures.span.to)],
    },
    Family {
        name: "report_span_seconds",
        help: "The span: how far back the figures look that are not of the newest window or of what is pending.",
        samples: |figures| vec![only(figures.span.from.age_at(figures.span.to).to_string())],
    },
    Family {
        name: "settled",
        help: "Conversions that were settled in the span, by outcome; unreadable is input that was none. A gauge: it falls when the \
               span moves on or rows are forgotten.",
        samples: outcomes,
    },
    Family {
        name: "requests",
        help: "Requests that were begun, for conversions settled in the span or pending now. A gauge.",
        samples: |figures| effort(figures, |effort| effort.requests),
    },
    Family {
        name: "retries",
        help: "Requests that were not their conversion's first, for conversions settled in the span or pending now. A gauge.",
        samples: |figures| effort(figures, |effort| effort.retries),
    },
    Family {
        name: "ambiguous_resends",
        help: "Requests that were sent although the one before may have arrived, for conversions settled in the span or pending now. A gauge.",
        samples: |figures| effort(figures, |effort| effort.ambiguous_resends),
    },
    Family {
        name: "pending",
        help: "Conversions that are recorded and not settled, whenever they were recorded.",
        samples: |figures| vec![only(figures.pending.rows.to_string())],
    },
    Family {
        name: "pending_oldest_timestamp_seconds",
        help: "When the oldest pending conversion was recorded, in Unix time; absent where nothing is pending.",
        samples: |figures| figures.pending.oldest.map(moment).into_iter().collect(),
    },
    Family {
        name: "window_end_timestamp_seconds",
        help: "When the newest window ended, in Unix time: a mark at which the routing decides by the 15 minutes before it.",
        samples: |figures| {
            figures.courses[0].windows.last().map(|window| moment(window.end)).into_iter().collect()
        },
    },
    Family {
        name: "window_conversions",
        help: "Accepted conversions whose own time lies in the newest window. A gauge.",
        samples: |figures| newest(figures, |window| Some(window.rate.conversions.to_string())),
    },
    Family {
        name: "window_converted",
        help: "Those of the newest window whose user completed the step. A gauge.",
        samples: |figures| newest(figures, |window| Some(window.rate.converted.to_string())),
    },
    Family {
        name: "window_converted_ratio",
        help: "The conversion rate in the newest window, from 0 to 1; absent where it has no conversions.",
        samples: |figures| newest(figures, |window| window.rate.share().map(share)),
    },
    Family {
        name: "lateness_p50_seconds",
        help: "The time from event to acceptance that half of what was accepted in the span did not exceed.",
        samples: |figures| lateness(figures, |lateness| lateness.p50.to_string()),
    },
    Family {
        name: "lateness_p95_seconds",
        help: "The time from event to acceptance that 95 of 100 accepted in the span did not exceed.",
        samples: |figures| lateness(figures, |lateness| lateness.p95.to_string()),
    },
    Family {
        name: "lateness_max_seconds",
        help: "The longest time from event to acceptance of what was accepted in the span.",
        samples: |figures| lateness(figures, |lateness| lateness.max.to_string()),
    },
    Family {
        name: "in_time_ratio",
        help: "The share of what was accepted in the span that came within 15 minutes of its event, from 0 to 1.",
        samples: |figures| by_channel(figures, |course| course.lateness.share_in_time().map(share)),
    },
    Family {
        name: "last_run_end_timestamp_seconds",
        help: "When the last run of each command ended that had the ledger open, in Unix time.",
        samples: |figures| by_command(figures, |end| end.at.unix().to_string()),
    },
    Family {
        name: "last_run_exit_code",
        help: "The exit code of that run: 0 where everything was accepted, 75 where something waits for the next one.",
        samples: |figures| by_command(figures, |end| end.exit_code.to_string()),
    },
];

fn outcomes(figures: &Figures) -> Vec<Sample> {
    let outcomes = figures.outcomes;
    let each = [
        ("accepted", outcomes.accepted),
        ("refused", outcomes.refused),
        ("expired", outcomes.expired),
        ("stale", outcomes.stale),
        ("unreadable", outcomes.unreadable),
    ];
    each.into_iter().map(|(outcome, count)| labelled("outcome", outcome, count.to_string())).collect()
}

/// Of the rows that are settled, and of those that are not.
fn effort(figures: &Figures, of: fn(&EffortSpent) -> u64) -> Vec<Sample> {
    let each = [("settled", of(&figures.effort)), ("pending", of(&figures.pending.effort))];
    each.into_iter().map(|(rows, count)| labelled("rows", rows, count.to_string())).collect()
}

fn newest(figures: &Figures, of: fn(&Window) -> Option<String>) -> Vec<Sample> {
    by_channel(figures, |course| course.windows.last().and_then(of))
}

fn lateness(figures: &Figures, of: fn(&Lateness) -> String) -> Vec<Sample> {
    by_channel(figures, |course| (course.lateness.values > 0).then(|| of(&course.lateness)))
}

/// All channels together are left out: who adds up would count everything twice.
fn by_channel(figures: &Figures, of: impl Fn(&Course) -> Option<String>) -> Vec<Sample> {
    let channels = figures.courses.iter().filter(|course| course.traffic != Traffic::All);
    channels
        .filter_map(|course| of(course).map(|value| labelled("channel", course.traffic.as_str(), value)))
        .collect()
}

fn by_command(figures: &Figures, of: impl Fn(&CommandEnd) -> String) -> Vec<Sample> {
    figures.ends.iter().map(|end| labelled("command", &end.command, of(end))).collect()
}

fn only(value: String) -> Sample {
    Sample { label: None, value }
}

fn moment(moment: Timestamp) -> Sample {
    only(moment.unix().to_string())
}

fn labelled(name: &'static str, of: &str, value: String) -> Sample {
    Sample { label: Some((name, of.to_owned())), value }
}

fn share(share: f64) -> String {
    four_digits(share).to_string()
}

/// A fingerprint has nothing to escape; what stands in somebody's ledger may.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
