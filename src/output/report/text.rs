//! The report for people, at 80 columns.

use std::fmt::{self, Write as _};

use super::account::{AccountReport, percent};
use super::chart::{Glyphs, Plot, draw};
use super::scale::LatenessScale;
use crate::domain::{Timestamp, counted};
use crate::figures::{Course, Figures, Lateness, Span, Traffic, Window};
use crate::output::{Age, Escaped, Paint, Severity};

/// The rows of a chart of rates: each label stands in one, and one is between two of them.
const RATE_ROWS: usize = 9;

/// An account's report, with its charts.
#[must_use]
pub fn report_text(report: &AccountReport, now: Timestamp, glyphs: Glyphs, paint: Paint) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_report(&mut text, report, now, glyphs, paint);
    text
}

fn write_report(
    text: &mut String,
    report: &AccountReport,
    now: Timestamp,
    glyphs: Glyphs,
    paint: Paint,
) -> fmt::Result {
    heading(text, report)?;
    let figures = &report.figures;
    if figures.is_empty() {
        return writeln!(text, "nothing is recorded");
    }
    let courses = report.courses_with_data();
    if !courses.is_empty() {
        text.push('\n');
        table(text, &courses, paint)?;
        text.push('\n');
    }
    ends(text, figures, now, paint)?;
    for course in courses.iter().filter(|course| course.traffic != Traffic::All) {
        chart(
            text,
            &format!("{}: conversion rate of the 15 minutes up to each mark (UTC)", course.traffic.as_str()),
            &rates(course),
            glyphs,
            paint,
        )?;
    }
    if let Some(course) = courses.first() {
        chart(text, "how late reports were: p95 of the same 15 minutes (UTC)", &lateness(course), glyphs, paint)?;
    }
    Ok(())
}

fn heading(text: &mut String, report: &AccountReport) -> fmt::Result {
    write!(text, "account {}", Escaped::text(&report.account))?;
    if let Some(profile) = &report.profile {
        write!(text, " (profile {})", Escaped::text(profile))?;
    }
    let Span { from, to } = report.figures.span;
    writeln!(text, "\n{from}Z to {to}Z ({})", Age(from.age_at(to)))
}

fn table(text: &mut String, courses: &[&Course], paint: Paint) -> fmt::Result {
    let newest = courses[0].windows.last();
    let at = newest.map_or_else(|| "at -".to_owned(), |window| format!("at {}Z", &window.end.to_string()[11..16]));
    let header = format!(
        "{:<6}{:>12}{:>11}{:>8}{at:>11}{:>9}{:>7}{:>7}{:>8}",
        "", "conversions", "converted", "rate", "late p50", "p95", "max", "in 15m"
    );
    writeln!(text, "{}", paint.styled(Severity::Note, header))?;
    for course in courses {
        let share = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), percent);
        let late = |of: fn(&Lateness) -> u32| match course.lateness.values {
            0 => "-".to_owned(),
            _ => Age(of(&course.lateness).into()).to_string(),
        };
        writeln!(
            text,
            "{:<6}{:>12}{:>11}{:>8}{:>11}{:>9}{:>7}{:>7}{:>8}",
            course.traffic.as_str(),
            course.rate.conversions,
            course.rate.converted,
            share(course.rate.share()),
            share(course.windows.last().and_then(|window| window.rate.share())),
            late(|lateness| lateness.p50),
            late(|lateness| lateness.p95),
            late(|lateness| lateness.max),
            share(course.lateness.share_in_time()),
        )?;
    }
    Ok(())
}

fn ends(text: &mut String, figures: &Figures, now: Timestamp, paint: Paint) -> fmt::Result {
    let outcomes = figures.outcomes;
    writeln!(
        text,
        "outcomes  {} accepted, {} refused, {} expired, {} stale, {} unreadable",
        outcomes.accepted, outcomes.refused, outcomes.expired, outcomes.stale, outcomes.unreadable
    )?;
    for reason in &figures.reasons {
        let status = reason.http_status.map(|status| format!(" {status}")).unwrap_or_default();
        let (outcome, code) = (reason.outcome.as_str(), reason.code.as_str());
        let line = format!("          {:>7} {outcome}: {code}{status}", reason.count);
        writeln!(text, "{}", paint.styled(Severity::Error, line))?;
    }
    let effort = figures.effort;
    writeln!(
        text,
        "requests  {}, of which {} and {}",
        effort.requests,
        counted(effort.retries, "retry"),
        counted(effort.ambiguous_resends, "ambiguous re-send")
    )?;
    let pending = figures.pending;
    match pending.oldest {
        None => writeln!(text, "pending   0"),
        Some(oldest) => {
            let age = Age(oldest.age_at(now));
            let line = format!(
                "pending   {}, oldest {oldest}Z ({age} ago), with {} so far",
                pending.rows,
                counted(pending.effort.requests, "request")
            );
            writeln!(text, "{}", paint.styled(Severity::Warning, line))
        }
    }
}

/// What is to be drawn, before it has a size.
struct Drawing {
    heights: Vec<Option<f64>>,
    rows: usize,
    labels: Vec<(f64, &'static str)>,
    marks: Option<(Timestamp, Timestamp)>,
}

fn rates(course: &Course) -> Drawing {
    Drawing {
        heights: course.windows.iter().map(|window| window.rate.share()).collect(),
        rows: RATE_ROWS,
        labels: vec![(1.0, "100%"), (0.75, "75%"), (0.5, "50%"), (0.25, "25%"), (0.0, "0%")],
        marks: marks(&course.windows),
    }
}

fn lateness(course: &Course) -> Drawing {
    let late = |window: &Window| (window.lateness.values > 0).then_some(window.lateness.p95);
    let max = course.windows.iter().filter_map(late).max().unwrap_or_default();
    let scale = LatenessScale::up_to(max);
    let rows = scale.labels().count();
    let steps = u32::try_from(rows - 1).unwrap_or(1);
    Drawing {
        heights: course.windows.iter().map(|window| late(window).map(|late| scale.height(late))).collect(),
        rows,
        labels: (0..)
            .zip(scale.labels())
            .map(|(step, label)| (f64::from(step) / f64::from(steps), label))
            .collect(),
        marks: marks(&course.windows),
    }
}

fn marks(windows: &[Window]) -> Option<(Timestamp, Timestamp)> {
    Some((windows.first()?.end, windows.last()?.end))
}

fn chart(text: &mut String, title: &str, drawing: &Drawing, glyphs: Glyphs, paint: Paint) -> fmt::Result {
    let Some(marks) = drawing.marks.filter(|_| drawing.heights.iter().any(Option::is_some)) else {
        return Ok(());
    };
    writeln!(text, "\n{}", paint.styled(Severity::Note, title))?;
    let plot = Plot { heights: &drawing.heights, rows: drawing.rows, labels: &drawing.labels, marks };
    draw(&plot, glyphs).iter().try_for_each(|line| writeln!(text, "{line}"))
}
