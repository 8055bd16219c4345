//! What a run came to: counts, ages, duplicates that may have been caused.

use std::collections::BTreeMap;
use std::fmt;

use super::Age;
use crate::domain::{ErrorCode, Outcome, Timestamp, counted};
use crate::ledger::{CodeCounts, LeftOver, Origin, UncleanStops};
use crate::pipeline::{RecordResult, Subject};

/// Counts over a run. Its size does not depend on the run's length.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The API took them.
    pub accepted: u64,
    /// The API refused them for good.
    pub rejected: u64,
    /// Given up for now.
    pub retry: u64,
    /// Bad records, never sent.
    pub invalid: u64,
    /// Left out on purpose.
    pub skipped: u64,
    /// Of all these, how many an earlier run had left.
    pub adopted: u64,
    /// How many had a line as `retry` and were taken up again by this run with another outcome, which is the one that is counted.
    pub taken_up_again: u64,
    /// What is pending of the account at the end.
    pub left_over: Option<LeftOver>,
    /// Requests that were repeated although the first may have arrived.
    pub ambiguous_resends: u64,
    /// Earlier runs that were found dead.
    pub unclean_stops: UncleanStops,
    /// What a log said of codes, where it said anything.
    codes: Option<CodeCounts>,
    /// How many codes may still convert; known when the input has ended.
    pub open_codes: Option<u64>,
    /// Of the accepted, how many are true.
    pub converted: u64,
    /// Failures by their kind: the same one is explained once and counted here.
    failures: BTreeMap<ErrorCode, u64>,
    /// Accepted reports by the age of their event in seconds, rounded to two digits.
    ages: BTreeMap<i64, u64>,
    stale: u64,
}

impl Summary {
    /// Counts a result.
    pub fn count(&mut self, result: &RecordResult) {
        self.ambiguous_resends += u64::from(result.ambiguous_resends);
        self.adopted += u64::from(result.origin == Origin::Adopted);
        if result.origin == Origin::Postponed {
            self.retry = self.retry.saturating_sub(1);
            self.taken_up_again += u64::from(!matches!(result.outcome, Outcome::Retry(_)));
        }
        let said_before = result.origin == Origin::Postponed && matches!(result.outcome, Outcome::Retry(_));
        if let Some(failure) = result.outcome.failure().filter(|_| !said_before) {
            *self.failures.entry(failure.code).or_default() += 1;
        }
        match result.outcome {
            Outcome::Accepted => self.count_accepted(result),
            Outcome::Rejected(_) => self.rejected += 1,
            Outcome::Retry(_) => self.retry += 1,
            Outcome::Invalid(_) => self.invalid += 1,
            Outcome::Skipped(_) => self.skipped += 1,
            Outcome::DryRun => {}
        }
    }

    fn count_accepted(&mut self, result: &RecordResult) {
        self.accepted += 1;
        let Subject::Conversion(conversion, _) = &result.subject else { return };
        self.converted += u64::from(conversion.delivered.as_bool());
        if let Some(sent_at) = result.sent_at {
            let age = conversion.timestamp.age_at(sent_at).max(0);
            *self.ages.entry(two_digits(age)).or_default() += 1;
            self.stale += u64::from(age.unsigned_abs() > Timestamp::ROUTING_WINDOW.as_secs());
        }
    }

    /// Counts what a log said.
    pub fn track(&mut self, counts: CodeCounts) {
        self.codes.get_or_insert_default().add(counts);
    }

    /// The share of the accepted conversions that are true, in percent: what the routing judges by. A code that converted late was
    /// sent as false before, and is one conversion all the same.
    #[must_use]
    pub fn conversion_rate(&self) -> Option<u64> {
        let late = self.codes.map_or(0, |codes| codes.late);
        let conversions = self.accepted.saturating_sub(late).max(self.converted);
        (self.converted * 100 + conversions / 2).checked_div(conversions)
    }

    /// Whether there is nothing to say: no record, no code, and no run that ended uncleanly.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let nothing = Self { left_over: self.left_over, open_codes: self.open_codes, ..Self::default() };
        self.codes.is_none_or(|codes| codes == CodeCounts::default())
            && *self == Self { codes: self.codes, ..nothing }
    }

    /// How many records were counted.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.accepted + self.rejected + self.retry + self.invalid + self.skipped
    }

    /// The age that `percent` of the accepted reports do not exceed.
    fn percentile(&self, percent: u64) -> Option<Age> {
        let rank = (self.accepted * percent).div_ceil(100).max(1);
        let mut seen = 0;
        self.ages.iter().find_map(|(age, count)| {
            seen += count;
            (seen >= rank).then_some(Age(*age))
        })
    }
}

fn two_digits(age: i64) -> i64 {
    let mut step = 1;
    while age / step >= 100 {
        step *= 10;
    }
    age / step * step
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} accepted, {} rejected, {} retry, {} invalid, {} skipped, {}",
            self.accepted,
            self.rejected,
            self.retry,
            self.invalid,
            self.skipped,
            counted(self.ambiguous_resends, "ambiguous re-send")
        )?;
        if self.adopted > 0 {
            write!(f, "; {} of these left by earlier runs", self.adopted)?;
        }
        if self.taken_up_again > 0 {
            write!(f, "; {} of these were `retry` at first", self.taken_up_again)?;
        }
        if let UncleanStops { runs: runs @ 1.., repeats } = self.unclean_stops {
            let (runs, repeats) = (counted(runs, "earlier run"), counted(repeats, "repeat"));
            write!(f, "; {runs} ended uncleanly: up to {repeats}")?;
        }
        if let Some(codes) = &self.codes {
            let CodeCounts { sent, parts, converted, late, silent, repeated } = codes;
            write!(f, "\ncodes: {sent} sent, {converted} converted ({late} late), {silent} silent")?;
            if *parts > 0 {
                write!(f, ", {}", counted(*parts, "further part"))?;
            }
            if *repeated > 0 {
                write!(f, ", {} known before", counted(*repeated, "event"))?;
            }
            if let Some(open) = self.open_codes {
                write!(f, "; {} open", counted(open, "window"))?;
            }
        }
        if !self.failures.is_empty() {
            f.write_str("\nreasons")?;
            for (code, count) in &self.failures {
                write!(f, " {} {count}", code.as_str())?;
            }
        }
        if let (Some(p50), Some(p95), Some(max)) = (self.percentile(50), self.percentile(95), self.percentile(100))
        {
            write!(f, "\nage p50 {p50} p95 {p95} max {max}")?;
        }
        if self.stale > 0 {
            write!(f, "; {} older than 15m (no longer counts in the current routing analysis)", self.stale)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Summary;
    use crate::domain::{Channel, Conversion, Delivered, ErrorCode, Failure, MessageId, Outcome, Timestamp};
    use crate::ledger::{CodeCounts, Origin, UncleanStops};
    use crate::pipeline::{RecordResult, Subject};

    fn accepted(age: i64) -> RecordResult {
        let conversion = Conversion {
            channel: Channel::Sms,
            message_id: MessageId::parse("A").unwrap(),
            delivered: Delivered::True,
            timestamp: Timestamp::from_unix(1_000_000).unwrap(),
        };
        RecordResult {
            line: 1,
            file: None,
            reference: None,
            subject: Subject::Conversion(conversion, Vec::new()),
            outcome: Outcome::Accepted,
            http_status: Some(200),
            attempts: 1,
            ambiguous_resends: 0,
            elapsed: Duration::ZERO,
            sent_at: Timestamp::from_unix(1_000_000 + age).ok(),
            origin: Origin::Input,
        }
    }

    #[test]
    fn ages_are_percentiles_and_the_stale_are_counted() {
        let mut summary = Summary::default();
        for age in (0..95).map(|_| 2).chain([40, 41, 42, 43, 1_000]) {
            summary.count(&accepted(age));
        }
        assert_eq!(
            summary.to_string(),
            "100 accepted, 0 rejected, 0 retry, 0 invalid, 0 skipped, 0 ambiguous re-sends\n\
             age p50 2s p95 2s max 16m; 1 older than 15m (no longer counts in the current routing analysis)"
        );
    }

    #[test]
    fn what_was_postponed_and_taken_up_again_counts_once_with_its_last_outcome() {
        let mut summary = Summary::default();
        let again = || Outcome::Retry(Failure::answered(ErrorCode::ServerError, "503"));
        for outcome in [again(), again()] {
            summary.count(&RecordResult { outcome, ..accepted(2) });
        }
        summary.count(&RecordResult { outcome: again(), origin: Origin::Postponed, ..accepted(2) });
        summary.count(&RecordResult { origin: Origin::Postponed, ..accepted(2) });
        assert!(
            summary.to_string().starts_with(
                "1 accepted, 0 rejected, 1 retry, 0 invalid, 0 skipped, 0 ambiguous re-sends; \
                 1 of these were `retry` at first\nreasons server_error 2\n"
            ),
            "{summary}"
        );
    }

    #[test]
    fn unclean_stops_are_shown_with_the_sum_of_what_they_may_repeat() {
        let repeats_of = |runs, repeats| {
            let summary = Summary { unclean_stops: UncleanStops { runs, repeats }, ..Summary::default() };
            summary.to_string().split_once("; ").map(|(_, repeats)| repeats.to_owned())
        };
        assert_eq!(repeats_of(0, 0), None);
        assert_eq!(repeats_of(1, 1).unwrap(), "1 earlier run ended uncleanly: up to 1 repeat");
        assert_eq!(repeats_of(3, 321).unwrap(), "3 earlier runs ended uncleanly: up to 321 repeats");
    }

    #[test]
    fn one_of_a_kind_is_told_in_the_singular() {
        let mut summary = Summary { open_codes: Some(1), ambiguous_resends: 1, ..Summary::default() };
        summary.track(CodeCounts { parts: 1, repeated: 1, ..CodeCounts::default() });
        let shown = summary.to_string();
        let first = "0 accepted, 0 rejected, 0 retry, 0 invalid, 0 skipped, 1 ambiguous re-send\n";
        assert!(shown.starts_with(first), "{shown}");
        assert!(shown.ends_with(", 1 further part, 1 event known before; 1 window open"), "{shown}");
    }

    #[test]
    fn a_summary_with_anything_to_tell_is_not_empty() {
        let nothing = || Summary { open_codes: Some(0), ..Summary::default() };
        assert!(nothing().is_empty());
        let mut tracked = nothing();
        tracked.track(CodeCounts::default());
        assert!(tracked.is_empty());
        tracked.track(CodeCounts { sent: 1, ..CodeCounts::default() });
        let mut counted = nothing();
        counted.count(&accepted(0));
        let unclean = Summary { unclean_stops: UncleanStops { runs: 1, repeats: 0 }, ..nothing() };
        assert!([tracked, counted, unclean].iter().all(|summary| !summary.is_empty()));
    }

    #[test]
    fn the_rate_counts_a_late_conversion_once() {
        let mut summary = Summary::default();
        assert_eq!(summary.conversion_rate(), None);
        let mut silent = accepted(0);
        if let Subject::Conversion(conversion, _) = &mut silent.subject {
            conversion.delivered = Delivered::False;
        }
        summary.count(&silent);
        summary.count(&silent);
        assert_eq!(summary.conversion_rate(), Some(0));
        summary.count(&accepted(0));
        assert_eq!(summary.conversion_rate(), Some(33));
        summary.track(CodeCounts { converted: 1, late: 1, silent: 2, ..CodeCounts::default() });
        assert_eq!(summary.conversion_rate(), Some(50));
    }

    #[test]
    fn its_size_does_not_grow_with_the_run() {
        let mut summary = Summary::default();
        for age in 0..100_000 {
            summary.count(&accepted(age));
        }
        assert!(summary.ages.len() < 400, "{}", summary.ages.len());
        assert_eq!(summary.records(), 100_000);
    }
}
