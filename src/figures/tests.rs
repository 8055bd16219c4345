//! The figures beside what their definitions say, worked out anew for each window without any cleverness.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::domain::{Channel, Timestamp};
use crate::ledger::{AcceptedRow, EffortSpent, Others};

use super::span::EVERY_SECONDS;
use super::tally::Tally;
use super::{Course, Lateness, Rate, Span, Traffic};

/// A mark, and not the epoch's: 2026-11-22 01:25:00.
const MARK: i64 = 1_795_310_700;

#[derive(Debug, Clone)]
struct Value {
    id: String,
    channel: Channel,
    delivered: bool,
    timestamp: i64,
    settled: i64,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds).unwrap()
}

fn courses(span: Span, values: &[Value]) -> [Course; 3] {
    let mut tally = Tally::new(span);
    for (row, one) in (1..).zip(values) {
        tally.count(&AcceptedRow {
            row,
            channel: one.channel,
            message_id: &one.id,
            delivered: one.delivered,
            timestamp: at(one.timestamp),
            settled: at(one.settled),
            effort: EffortSpent { requests: 1, retries: 0, ambiguous_resends: 0 },
            others: if is_only(one, values) { Others::None } else { Others::Possible },
        });
    }
    tally.courses()
}

fn is_only(one: &Value, values: &[Value]) -> bool {
    values.iter().filter(|other| (other.channel, &other.id) == (one.channel, &one.id)).count() == 1
}

/// The definition: of each message-id of each channel, the newest of these values.
fn naive_rate<'a>(values: impl Iterator<Item = (usize, &'a Value)>) -> Rate {
    let mut newest: BTreeMap<(&str, &str), (i64, usize, bool)> = BTreeMap::new();
    for (row, one) in values {
        let value = (one.timestamp, row, one.delivered);
        let known = newest.entry((one.channel.as_str(), &one.id)).or_insert(value);
        *known = (*known).max(value);
    }
    let converted = newest.values().filter(|(_, _, delivered)| *delivered).count() as u64;
    Rate { converted, conversions: newest.len() as u64 }
}

fn naive_lateness<'a>(values: impl Iterator<Item = &'a Value>) -> Lateness {
    let mut late: Vec<u32> =
        values.map(|one| u32::try_from((one.settled - one.timestamp).max(0)).unwrap()).collect();
    late.sort_unstable();
    let at_least = |percent| {
        let enough =
            |known: &&u32| late.iter().filter(|other| other <= known).count() * 100 >= percent * late.len();
        late.iter().find(enough).copied().unwrap_or_default()
    };
    Lateness {
        values: late.len() as u64,
        p50: at_least(50),
        p95: at_least(95),
        max: late.last().copied().unwrap_or_default(),
        in_time: late.iter().filter(|late| **late <= 900).count() as u64,
    }
}

#[track_caller]
fn assert_as_defined(span: Span, values: &[Value]) {
    for (course, traffic) in courses(span, values).iter().zip(Traffic::EACH) {
        assert_eq!(course.traffic, traffic);
        let of_it = |one: &Value| match traffic {
            Traffic::All => true,
            Traffic::Channel(channel) => one.channel == channel,
        };
        let in_span = |one: &Value| of_it(one) && one.settled > span.from.unix();
        let rows = || values.iter().enumerate();
        assert_eq!(course.rate, naive_rate(rows().filter(|(_, one)| in_span(one))), "{traffic:?}");
        assert_eq!(course.lateness, naive_lateness(values.iter().filter(|one| in_span(one))), "{traffic:?}");
        let marks: Vec<i64> =
            (span.from.unix() + 1..=span.to.unix()).filter(|moment| moment % EVERY_SECONDS == 0).collect();
        let ends: Vec<i64> = course.windows.iter().map(|window| window.end.unix()).collect();
        assert_eq!(ends, marks);
        for window in &course.windows {
            let end = window.end.unix();
            let in_window = |one: &Value| of_it(one) && end - 900 < one.timestamp && one.timestamp <= end;
            assert_eq!(
                window.rate,
                naive_rate(rows().filter(|(_, one)| in_window(one))),
                "{traffic:?} {}",
                window.end
            );
            assert_eq!(
                window.lateness,
                naive_lateness(values.iter().filter(|one| in_window(one))),
                "{traffic:?} {}",
                window.end
            );
        }
    }
}

fn value() -> impl Strategy<Value = Value> {
    (0..12_u8, any::<bool>(), any::<bool>(), -3_000..3_000_i64, -200..2_500_i64).prop_map(
        |(id, sms, delivered, time, late)| Value {
            id: format!("ID{id}"),
            channel: if sms { Channel::Sms } else { Channel::Voice },
            delivered,
            timestamp: MARK + time,
            settled: MARK + time + late,
        },
    )
}

proptest! {
    #[test]
    fn every_figure_is_as_its_definition_says(
        values in proptest::collection::vec(value(), 0..60),
        length in 0..4_000_i64,
        end in -400..400_i64,
    ) {
        let span = Span { from: at(MARK + end - length), to: at(MARK + end) };
        // What the ledger would show of them.
        let values: Vec<Value> = values.into_iter().filter(|one| one.settled <= span.to.unix()).collect();
        assert_as_defined(span, &values);
    }
}

fn one(id: &str, delivered: bool, timestamp: i64) -> Value {
    Value { id: id.to_owned(), channel: Channel::Sms, delivered, timestamp, settled: timestamp + 1 }
}

/// The windows of these values by their marks' distance from [`MARK`] in minutes, those without data left out.
fn windows(values: &[Value]) -> Vec<(i64, u64, u64)> {
    let span = Span { from: at(MARK - 3_600), to: at(MARK + 3_600) };
    let [all, ..] = courses(span, values);
    all.windows
        .iter()
        .filter(|window| window.rate.conversions > 0)
        .map(|window| ((window.end.unix() - MARK) / 60, window.rate.converted, window.rate.conversions))
        .collect()
}

#[test]
fn a_conversion_is_in_the_three_windows_that_look_back_on_it() {
    assert_eq!(windows(&[one("A", true, MARK - 1)]), [(0, 1, 1), (5, 1, 1), (10, 1, 1)]);
    assert_eq!(windows(&[one("A", true, MARK)]), [(0, 1, 1), (5, 1, 1), (10, 1, 1)], "a window's end is in it");
    assert_eq!(windows(&[one("A", true, MARK + 1)]), [(5, 1, 1), (10, 1, 1), (15, 1, 1)], "its beginning is not");
}

#[test]
fn a_late_conversion_counts_once_in_each_window_as_what_was_known_last() {
    let values = [one("A", false, MARK - 60), one("A", true, MARK + 240)];
    assert_eq!(windows(&values), [(0, 0, 1), (5, 1, 1), (10, 1, 1), (15, 1, 1)]);
    let turned = [values[1].clone(), values[0].clone()];
    assert_eq!(
        windows(&turned),
        windows(&values),
        "their own time decides, not the order in which they were recorded"
    );
    let at_once = [one("A", true, MARK), one("A", false, MARK)];
    assert_eq!(windows(&at_once), [(0, 0, 1), (5, 0, 1), (10, 0, 1)], "then the order decides");
}

#[test]
fn the_same_window_is_the_same_in_every_span() {
    let values: Vec<Value> =
        (0..200_i64).map(|n| one(&format!("ID{}", n % 70), n % 3 > 0, MARK - n * 17)).collect();
    let windows = |length| {
        let span = Span { from: at(MARK + 300 - length), to: at(MARK + 300) };
        let [all, ..] = courses(span, &values);
        all.windows
    };
    let (short, long) = (windows(900), windows(7_200));
    assert_eq!(short, long[long.len() - short.len()..]);
    assert!(short.len() == 3 && short.iter().all(|window| window.rate.conversions > 0));
}

#[test]
fn without_conversions_there_is_no_rate() {
    let span = Span { from: at(MARK - 900), to: at(MARK) };
    let [all, ..] = courses(span, &[]);
    assert_eq!(all.rate.share(), None);
    assert_eq!(all.windows.len(), 3);
    assert!(all.windows.iter().all(|window| window.rate.share().is_none()));
    let nothing = Span { from: at(MARK), to: at(MARK + 299) };
    assert!(courses(nothing, &[one("A", true, MARK)]).iter().all(|course| course.windows.is_empty()));
}
