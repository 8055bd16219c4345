//! The same day's figures in every form, from a ledger that is made on the spot at times of its own.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::domain::{
    AccountFingerprint, ApiKey, Channel, Conversion, Delivered, ErrorCode, Failure, MessageId, Record, TimeSource,
    Timestamp,
};
use crate::figures::{Figures, Span};
use crate::ledger::{Effort, Ledger, LedgerReader, Recorded, Settlement};
use crate::output::Paint;

use super::{AccountReport, Glyphs, report_csv, report_json, report_page, report_prometheus, report_text};

/// 2026-11-22 12:00:00.
const NOON: i64 = 1_795_348_800;
const HOUR: i64 = 3_600;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds).unwrap()
}

fn account() -> AccountFingerprint {
    ApiKey::parse("abcd1234").unwrap().fingerprint()
}

fn record(number: i64, channel: Channel, delivered: Delivered, timestamp: i64) -> Record {
    let message_id = MessageId::parse(&format!("ID{number}")).unwrap();
    Record {
        line: 1,
        reference: None,
        conversion: Conversion { channel, message_id, delivered, timestamp: at(timestamp) },
        time: TimeSource::Given,
        doubts: Vec::new(),
    }
}

/// A day with 600 conversions: an evening in which fewer SMS convert, an hour in the night without any, and one in the morning in
/// which reports come late.
fn a_day() -> AccountReport {
    static DAY: LazyLock<AccountReport> = LazyLock::new(|| of_the_day(24 * HOUR, 0));
    DAY.clone()
}

/// Its part that begins and ends so many seconds before noon.
fn of_the_day(from: i64, to: i64) -> AccountReport {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let mut ledger = Ledger::open(&path, &account(), 1, at(NOON - 24 * HOUR)).unwrap();
    let mut seconds: BTreeMap<i64, Vec<(Record, Settlement)>> = BTreeMap::new();
    for number in 0..600 {
        let time = NOON - 24 * HOUR + 144 * number + 1;
        let hour = (time - NOON + 24 * HOUR) / HOUR;
        let channel = if number % 4 == 0 { Channel::Voice } else { Channel::Sms };
        let converts = if hour == 8 && channel == Channel::Sms { number % 3 == 0 } else { number % 7 > 0 };
        let late = if hour == 20 { 2_700 } else { 2 + number % 11 };
        let effort =
            Effort { attempts: 1 + u32::from(number % 50 == 0), ambiguous_resends: u32::from(number == 100) };
        let settlement = match number {
            77 | 78 => Settlement::Refused {
                http_status: 420,
                failure: Failure::answered(ErrorCode::BadParameters, "the API refused it with 420"),
                effort,
            },
            599 => Settlement::Postponed {
                failure: Failure::answered(ErrorCode::ServerError, "the API answered 503"),
                effort,
            },
            _ => Settlement::Accepted { http_status: 200, effort },
        };
        if hour != 14 {
            let record = record(number, channel, Delivered::from(converts), time);
            seconds.entry(time + late).or_default().push((record, settlement));
        }
    }
    for (second, ended) in seconds {
        let now = at(second);
        let (records, settlements): (Vec<_>, Vec<_>) = ended.into_iter().unzip();
        let tickets = ledger.record(&records, now).unwrap().recorded.into_iter().map(|recorded| match recorded {
            Recorded::Ready(ticket) => ticket,
            other @ (Recorded::Waiting(..) | Recorded::Known(..)) => panic!("{other:?}"),
        });
        let _ = ledger.settle(tickets.zip(settlements).collect(), now).unwrap();
    }
    let reader = LedgerReader::open(&path).unwrap().unwrap();
    let span = Span { from: at(NOON - from), to: at(NOON - to) };
    let figures = Figures::of(&reader, account().as_str(), span).unwrap();
    AccountReport { account: account().to_string(), profile: Some("2fa".to_owned()), figures }
}

fn empty() -> AccountReport {
    let figures = Figures::of_nothing(Span { from: at(NOON - 600), to: at(NOON) });
    AccountReport { account: account().to_string(), profile: None, figures }
}

fn text(report: &AccountReport, glyphs: Glyphs) -> String {
    report_text(report, at(NOON), glyphs, Paint::Plain)
}

#[test]
fn a_day_in_every_form() {
    let day = a_day();
    insta::assert_snapshot!("text_unicode", text(&day, Glyphs::Unicode));
    insta::assert_snapshot!("text_ascii", text(&day, Glyphs::Ascii));
    // Around the end of the late hour.
    let part = of_the_day(3 * HOUR + 600, 3 * HOUR - 900);
    let json = String::from_utf8(report_json(&part).unwrap()).unwrap();
    insta::assert_snapshot!("json", json.replace("},{", "},\n{"));
    insta::assert_snapshot!("csv", report_csv(&[part]));
    insta::assert_snapshot!(
        "prometheus",
        report_prometheus(&[day, AccountReport { account: "another".to_owned(), ..empty() }])
    );
}

#[test]
fn a_label_ends_where_its_value_ends() {
    let report = AccountReport { account: "a\"}\\ 1\nb".to_owned(), ..empty() };
    let text = report_prometheus(&[report]);
    let line = text.lines().find(|line| line.starts_with("nexmo_conversion_pending{")).unwrap();
    assert_eq!(line, r#"nexmo_conversion_pending{account="a\"}\\ 1\nb"} 0"#);
}

#[test]
fn nothing_in_every_form() {
    let json = String::from_utf8(report_json(&empty()).unwrap()).unwrap();
    let csv = report_csv(&[empty()]);
    let shown = [text(&empty(), Glyphs::Unicode), json.replace("},{", "},\n{"), csv, report_csv(&[])];
    insta::assert_snapshot!("nothing", shown.join("\n"));
}

#[test]
fn text_fits_80_columns_and_ascii_is_ascii() {
    for report in [a_day(), empty()] {
        for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
            let text = text(&report, glyphs);
            assert!(text.lines().all(|line| line.chars().count() <= 80 && line.trim_end() == line), "{text}");
            assert!(glyphs == Glyphs::Unicode || text.is_ascii(), "{text}");
        }
    }
}

#[test]
fn colour_changes_nothing_that_is_said() {
    let day = a_day();
    let coloured = report_text(&day, at(NOON), Glyphs::Unicode, Paint::Colour);
    let mut plain = String::new();
    let mut rest = coloured.chars();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => assert!(rest.any(|c| c == 'm')),
            c => plain.push(c),
        }
    }
    assert_ne!(coloured, plain);
    assert_eq!(plain, text(&day, Glyphs::Unicode));
}

#[test]
fn a_page_needs_nothing_else_and_shows_text_as_text() {
    let hostile = "<img src=//x onerror=alert(1)>&\"'";
    let report = AccountReport { profile: Some(hostile.to_owned()), ..a_day() };
    let page = report_page(&[report, empty()], at(NOON));
    assert!(page.contains("&lt;img src=//x onerror=alert(1)&gt;&amp;&quot;"), "{page}");
    for reach in
        ["://", "<img", "url(", "@import", "fetch(", "XMLHttp", "import(", " style=", " onclick", "javascript:"]
    {
        assert!(!page.contains(reach), "the page has {reach}");
    }
    assert_eq!(page.matches("src=").count(), page.matches("src=//x onerror").count());
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("<path").count(), 5, "three rates, two of lateness, and none where there is nothing");
    assert!(page.contains("default-src 'none'"));
}
