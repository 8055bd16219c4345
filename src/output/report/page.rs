//! The report as one page that needs nothing else: style, script and charts are in it, and its policy forbids it to ask for more.
//!
//! Everything that is not ours passes through maud, which escapes it. Charts are stretched to the width that there is, so their labels
//! stand beside them as text and stay readable on a phone. The table has every figure of the charts; the script reads it there.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::account::{AccountReport, percent};
use super::scale::LatenessScale;
use crate::domain::Timestamp;
use crate::figures::{Course, Figures, Lateness, Traffic, Window};
use crate::output::Age;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The size of a plot in its own units.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 400.0;
/// How many times stand below a chart.
const TIMES: usize = 5;

/// All reports on one page.
#[must_use]
pub fn report_page(reports: &[AccountReport], now: Timestamp) -> String {
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; img-src data:; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    );
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                link rel="icon" href="data:,";
                title { "Conversion report" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { "Conversion report" }
                    p { "As of " (now) " UTC. All times are UTC." }
                    @for report in reports { (account(report, now)) }
                    @if reports.is_empty() { p { "Nothing is recorded." } }
                    (footer())
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
    .into_string()
}

/// By which a policy knows a style or a script.
fn digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

fn footer() -> Markup {
    html! {
        footer {
            "A window ends at a mark, every 5 minutes, and has the conversions of the 15 minutes up to it: what the Conversion API's \
             Adaptive Routing decides by. Of several values of one message-id the newest in the window counts. Late is the time \
             from the event to the acceptance of its report; 15 minutes is the latest that still counts in the current analysis."
        }
    }
}

fn account(report: &AccountReport, now: Timestamp) -> Markup {
    let figures = &report.figures;
    let span = figures.span;
    let courses = report.courses_with_data();
    html! {
        section {
            h2 {
                "Account " code { (report.account) }
                @if let Some(profile) = &report.profile { " " small { "profile " (profile) } }
            }
            p { (span.from) " to " (span.to) " (" (Age(span.from.age_at(span.to))) ")" }
            @if figures.is_empty() {
                p { "Nothing is recorded." }
            } @else {
                (tiles(figures, now))
                @if let Some(first) = courses.first().filter(|course| has_data(course)) {
                    (rate_chart(&courses))
                    (lateness_chart(first))
                }
                (counts(figures))
                @if courses.iter().any(|course| has_data(course)) { (table(&courses)) }
            }
        }
    }
}

fn has_data(course: &Course) -> bool {
    course.windows.iter().any(|window| window.lateness.values > 0)
}

fn share(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), percent)
}

fn late(lateness: &Lateness, of: fn(&Lateness) -> u32) -> String {
    match lateness.values {
        0 => "–".to_owned(),
        _ => Age(of(lateness).into()).to_string(),
    }
}

fn tiles(figures: &Figures, now: Timestamp) -> Markup {
    let all = &figures.courses[0];
    html! {
        dl.tiles {
            div {
                dt { "Conversion rate" }
                dd { (share(all.rate.share())) small { (all.rate.converted) " of " (all.rate.conversions) } }
            }
            @if let Some(newest) = all.windows.last() {
                div {
                    dt { "Rate at " (clock_time(newest.end)) }
                    dd { (share(newest.rate.share())) small { (newest.rate.converted) " of " (newest.rate.conversions) } }
                }
            }
            div {
                dt { "Late, 95 of 100" }
                dd {
                    (late(&all.lateness, |lateness| lateness.p95))
                    small {
                        "median " (late(&all.lateness, |lateness| lateness.p50))
                        ", longest " (late(&all.lateness, |lateness| lateness.max))
                    }
                }
            }
            div {
                dt { "Within 15 minutes" }
                dd { (share(all.lateness.share_in_time())) small { "of " (all.lateness.values) " reports" } }
            }
            div {
                dt { "Pending now" }
                dd {
                    (figures.pending.rows)
                    small {
                        @match figures.pending.oldest {
                            Some(oldest) => { "oldest " (Age(oldest.age_at(now))) " ago" }
                            None => "nothing waits",
                        }
                    }
                }
            }
        }
    }
}

/// What a chart is drawn from.
struct ChartData<'a> {
    /// By which the script finds the table's columns.
    kind: &'static str,
    title: &'static str,
    summary: String,
    windows: &'a [Window],
    labels: Vec<&'static str>,
    lines: Vec<Curve>,
    /// A height that matters.
    limit: Option<f64>,
}

struct Curve {
    name: &'static str,
    class: &'static str,
    heights: Vec<Option<f64>>,
}

fn rate_chart(courses: &[&Course]) -> Markup {
    let lines = courses.iter().map(|course| {
        let name = course.traffic.as_str();
        let class = match course.traffic {
            Traffic::All => "all course",
            Traffic::Channel(crate::domain::Channel::Sms) => "sms course",
            Traffic::Channel(crate::domain::Channel::Voice) => "voice course",
        };
        Curve { name, class, heights: course.windows.iter().map(|window| window.rate.share()).collect() }
    });
    let summary = courses
        .iter()
        .map(|course| format!("{} {} over the whole span", course.traffic.as_str(), share(course.rate.share())))
        .collect::<Vec<_>>()
        .join(", ");
    chart(&ChartData {
        kind: "rate",
        title: "Conversion rate, 15 minutes up to each mark",
        summary,
        windows: &courses[0].windows,
        labels: vec!["0%", "25%", "50%", "75%", "100%"],
        lines: lines.collect(),
        limit: None,
    })
}

fn lateness_chart(course: &Course) -> Markup {
    let max = course.windows.iter().map(|window| window.lateness.p95).max().unwrap_or_default();
    let scale = LatenessScale::up_to(max);
    let line = |name, class, of: fn(&Lateness) -> u32| {
        let heights = course
            .windows
            .iter()
            .map(|window| (window.lateness.values > 0).then(|| scale.height(of(&window.lateness))));
        Curve { name, class, heights: heights.collect() }
    };
    let lateness = &course.lateness;
    chart(&ChartData {
        kind: "late",
        title: "How late reports were, same 15 minutes",
        summary: format!(
            "median {}, 95 of 100 within {}, {} within 15 minutes over the whole span",
            late(lateness, |lateness| lateness.p50),
            late(lateness, |lateness| lateness.p95),
            share(lateness.share_in_time()),
        ),
        windows: &course.windows,
        labels: scale.labels().collect(),
        lines: vec![
            line("p95", "late course", |lateness| lateness.p95),
            line("p50", "late dashed course", |lateness| lateness.p50),
        ],
        limit: Some(scale.routing_window()),
    })
}

fn chart(plot: &ChartData<'_>) -> Markup {
    let steps = plot.labels.len().saturating_sub(1).max(1);
    let grid = (0..=steps).map(|step| y(fraction(step, steps)));
    let title = format!("{}: {}", plot.title, plot.summary);
    html! {
        figure.card {
            figcaption {
                h3 { (plot.title) }
                ul.legend {
                    @for line in &plot.lines { li class=(line.class.trim_end_matches(" course")) { span { (line.name) } } }
                    @if plot.limit.is_some() { li.over.dashed { span { "15 minutes" } } }
                }
            }
            div.chart {
                ol.y aria-hidden="true" { @for label in &plot.labels { li { (label) } } }
                div.plot role="img" aria-label=(title) data-chart=(plot.kind) {
                    svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) preserveAspectRatio="none" aria-hidden="true" {
                        @for y in grid { line.grid x1="0" x2=(WIDTH) y1=(y) y2=(y) {} }
                        @if let Some(limit) = plot.limit {
                            line.limit x1="0" x2=(WIDTH) y1=(y(limit)) y2=(y(limit)) {}
                        }
                        @for line in plot.lines.iter().rev() {
                            path class=(line.class) d=(path(&line.heights)) { title { (line.name) } }
                        }
                        line.cursor visibility="hidden" x1="0" x2="0" y1="0" y2=(HEIGHT) {}
                    }
                }
                (times(plot.windows))
            }
            p.readout aria-live="polite" {}
        }
    }
}

fn times(windows: &[Window]) -> Markup {
    let last = windows.len().saturating_sub(1);
    let shown = (0..TIMES).filter_map(|step| windows.get((last * step + (TIMES - 1) / 2) / (TIMES - 1)));
    html! {
        ol.x aria-hidden="true" {
            @for window in shown { li { (clock_time(window.end)) small { (day(window.end)) } } }
        }
    }
}

/// `09:55` of `2026-11-22 09:55:00`.
fn clock_time(moment: Timestamp) -> String {
    moment.to_string()[11..16].to_owned()
}

/// `11-22` of `2026-11-22 09:55:00`.
fn day(moment: Timestamp) -> String {
    moment.to_string()[5..10].to_owned()
}

/// A line through the heights, interrupted where there are none. A single one is a dot, because lines have round ends.
fn path(heights: &[Option<f64>]) -> String {
    let last = heights.len().saturating_sub(1).max(1);
    let mut path = String::new();
    let mut begun = false;
    for (mark, height) in heights.iter().enumerate() {
        let Some(height) = height else {
            begun = false;
            continue;
        };
        let (command, x, y) = (if begun { 'L' } else { 'M' }, fraction(mark, last) * WIDTH, y(*height));
        let _ = write!(path, "{command}{x:.1} {y}");
        if !begun {
            path.push_str("h0");
        }
        begun = true;
    }
    path
}

fn y(height: f64) -> String {
    format!("{:.1}", (1.0 - height) * HEIGHT)
}

#[expect(clippy::cast_precision_loss, reason = "numbers of marks and ticks")]
fn fraction(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

fn counts(figures: &Figures) -> Markup {
    let outcomes = figures.outcomes;
    html! {
        div.card.ends {
            div {
                h3 { "How they ended" }
                dl.counts {
                    dt { (outcomes.accepted) } dd { "accepted" }
                    dt { (outcomes.refused) } dd { "refused" }
                    dt { (outcomes.expired) } dd { "expired: given up after 5 days" }
                    dt { (outcomes.stale) } dd { "stale: overtaken by a newer value" }
                    dt { (outcomes.unreadable) } dd { "unreadable: never a record" }
                }
            }
            @if !figures.reasons.is_empty() {
                div {
                    h3 { "Why not" }
                    dl.counts {
                        @for reason in &figures.reasons {
                            dt { (reason.count) }
                            dd {
                                (reason.outcome.as_str()) ": " code { (reason.code.as_str()) }
                                @if let Some(status) = reason.http_status { " " (status) }
                            }
                        }
                    }
                }
            }
            div {
                h3 { "What it took" }
                dl.counts {
                    dt { (figures.effort.requests) } dd { "requests" }
                    dt { (figures.effort.retries) } dd { "of them retries" }
                    dt { (figures.effort.ambiguous_resends) } dd { "of them ambiguous re-sends: the first may have arrived" }
                }
            }
        }
    }
}

fn table(courses: &[&Course]) -> Markup {
    let first = courses[0];
    html! {
        details.card {
            summary { "All windows as a table" }
            div.scroll tabindex="0" role="region" aria-label="All windows" {
                table {
                    thead {
                        tr {
                            th scope="col" { "Mark" }
                            @for course in courses { th scope="col" data-chart="rate" { (course.traffic.as_str()) } }
                            th scope="col" data-chart="late" { "p50" }
                            th scope="col" data-chart="late" { "p95" }
                            th scope="col" data-chart="late" { "max" }
                            th scope="col" data-chart="late" { "in 15m" }
                        }
                    }
                    tbody {
                        @for (mark, window) in first.windows.iter().enumerate() {
                            tr data-some[window.lateness.values > 0] {
                                th scope="row" { (day(window.end)) " " (clock_time(window.end)) }
                                @for course in courses { td { (rate(&course.windows[mark])) } }
                                td { (late(&window.lateness, |lateness| lateness.p50)) }
                                td { (late(&window.lateness, |lateness| lateness.p95)) }
                                td { (late(&window.lateness, |lateness| lateness.max)) }
                                td { (share(window.lateness.share_in_time())) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn rate(window: &Window) -> String {
    match window.rate.share() {
        Some(share) => format!("{} ({} of {})", percent(share), window.rate.converted, window.rate.conversions),
        None => "–".to_owned(),
    }
}
