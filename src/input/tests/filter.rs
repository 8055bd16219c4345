//! `--where`: lines that are wanted, and lines that are not.

use proptest::prelude::{Just, Strategy, prop, prop_assert_eq, prop_oneof, proptest};
use serde_json::{Value, json};

use crate::domain::Channel;
use crate::input::{FieldMap, Format, InputOptions, LineFault, Mark, Reader};

use super::{now, read, stopped, with_defaults};

fn only(format: Format, conditions: &[&str]) -> InputOptions {
    let fields = FieldMap::default().only(marks(conditions));
    InputOptions { fields, ..with_defaults(format) }
}

fn marks(conditions: &[&str]) -> Vec<Mark> {
    conditions.iter().map(|text| text.parse().unwrap()).collect()
}

/// How many lines were not wanted, and which fields no line had.
fn passed_over(input: &str, options: &InputOptions) -> (u64, Vec<String>) {
    let mut reader = Reader::new(input.as_bytes(), "in", options.clone());
    while reader.next(now).unwrap().is_some() {}
    (reader.counts().unwanted, reader.never_found().map(str::to_owned).collect())
}

#[test]
fn a_line_of_json_is_wanted_for_what_it_says() {
    let input = r#"{"event":"otp","id":"0A"}
{"event":"login","id":"0B"}
{"event":" otp ","id":"0C"}
{"event":null,"id":"0D"}
{"id":"0E"}
{"event":"OTP","id":"0F"}
"#;
    let options = only(Format::Auto, &["event=otp"]);
    let wanted = ["1: sms 0A true", "unrelated", "3: sms 0C true", "unrelated", "unrelated", "unrelated"];
    assert_eq!(read(input, &options), wanted);
    assert_eq!(passed_over(input, &options), (4, vec![]));
}

#[test]
fn several_values_are_a_choice_and_several_fields_are_all_asked_for() {
    let input = r#"{"a":"1","b":{"c":["x",true]},"id":"0A"}
{"a":2,"b":{"c":["y",true]},"id":"0B"}
{"a":"1","b":{"c":["y",false]},"id":"0C"}
{"a":3,"b":{"c":["y",true]},"id":"0D"}
{"a":"1","b.c.1":true,"id":"0E"}
{"a":"1","b":"c","id":"0F"}
"#;
    let wanted = ["1: sms 0A true", "2: sms 0B true", "unrelated", "unrelated", "5: sms 0E true", "unrelated"];
    assert_eq!(read(input, &only(Format::Ndjson, &["a=1", "b.c.1=true", "a=2"])), wanted);
}

#[test]
fn lines_that_are_no_records_are_passed_over_also_before_the_first_record() {
    let input = "Starting, version 1.2\n0A0000000123ABCD1\n[INFO] {ready}\nid\n{\"e\":\"otp\",\"id\":\"0A\"}\n\
                 caf\u{e9}\n{0D} sent\n[1,2]\n{\"e\":\"otp\",\"id\":\"0B\"}\n";
    let options = only(Format::Auto, &["e=otp"]);
    assert_eq!(
        read(input, &options),
        ["5: sms 0A true", "unrelated", "unrelated", "unrelated", "9: sms 0B true"],
        "before the format is known they are no items"
    );
    assert_eq!(passed_over(input, &options), (7, vec![]));
    let latin = b"{\"e\":\"otp\",\"id\":\"0A\"}\ncaf\xE9\n";
    assert_eq!(read(latin, &options), ["1: sms 0A true", "unrelated"]);
}

#[test]
fn what_claims_to_be_a_record_and_is_broken_may_be_a_wanted_one() {
    let input = "{\"e\":\"otp\",\"id\":\"0A\"}\n{\"e\":\"otp\",\"id\":\"0B\n{\"e\":\"otp\",\"id\":\"\"}\n\
                 {\"e\":\"x\",\"id\":\"\"}\n{\"e\":\"otp\",\"e\":\"x\",\"id\":\"0C\"}\n";
    let items = read(input, &only(Format::Auto, &["e=otp"]));
    assert_eq!(items[0], "1: sms 0A true");
    assert!(items[1].starts_with("2: bad: bad JSON"), "{}", items[1]);
    assert!(items[2].starts_with("3: bad:"), "{}", items[2]);
    assert_eq!(items[3], "unrelated", "nobody asks what else is wrong with it");
    assert_eq!(items[4], "5: bad: `e` twice in one record");
}

#[test]
fn a_line_too_long_is_passed_over_only_if_it_is_no_record() {
    let long = "x".repeat(70_000);
    let input = format!("{{\"e\":\"otp\",\"id\":\"0A\"}}\n{long}\n{{\"e\":\"otp\",\"x\":\"{long}\"}}\n");
    let items = read(input, &only(Format::Auto, &["e=otp"]));
    assert_eq!(items[..2], ["1: sms 0A true", "unrelated"]);
    assert!(items[2].contains("longer than 64 KiB"), "{}", items[2]);
}

#[test]
fn rows_of_a_table_are_wanted_by_their_columns() {
    let input = "id,Event,ok\n0A,otp,yes\n0B,login,yes\n0C, otp,no\n0D,\"otp\",yes\nstarted\n0E,otp\n";
    let options = only(Format::Auto, &["event=otp", "ok=yes"]);
    assert_eq!(
        read(input, &options),
        [
            "2: sms 0A true",
            "unrelated",
            "unrelated",
            "5: sms 0D true",
            "unrelated",
            "7: bad: 2 columns where the header has 3",
        ]
    );
    assert_eq!(passed_over(input, &options).0, 3);
}

#[test]
fn a_column_that_is_not_there_or_twice_is_an_error() {
    let options = only(Format::Csv, &["event=otp"]);
    let fault = LineFault::NoSuchColumn { column: "event".into(), columns: "id, evnt".into() };
    assert_eq!(stopped("id,evnt\n0A,otp\n", &options), (1, fault));
    let fault = LineFault::AmbiguousColumn { column: "event".into() };
    assert_eq!(stopped("id,event,Event\n0A,otp,otp\n", &options), (1, fault));
}

#[test]
fn a_field_that_no_line_has_is_told() {
    let input = "{\"event\":\"otp\",\"id\":\"0A\"}\n";
    let options = only(Format::Auto, &["evnt=otp", "event=otp"]);
    assert_eq!(passed_over(input, &options), (1, vec!["evnt".to_owned()]));
}

#[test]
fn lines_of_a_log_that_are_not_wanted_still_say_how_far_it_has_come() {
    let fields = FieldMap::default()
        .for_events("event=sent".parse().unwrap(), "event=converted".parse().unwrap())
        .only(marks(&["app=shop"]));
    let options = InputOptions { fields, channel: Some(Channel::Sms), ..InputOptions::default() };
    let input = r#"{"app":"shop","event":"sent","id":"0A","ts":"2026-11-22 01:00:00"}
{"app":"mail","event":"sent","id":{},"ts":"2026-11-22 01:00:01"}
{"app":"mail","event":"converted","id":"0A","ts":"2026-11-22 01:00:02"}
"#;
    let items = read(input, &options);
    assert_eq!(items[0], "1: sms 0A Sent 2026-11-22 01:00:00");
    assert_eq!(items[1], "unrelated at 2026-11-22 01:00:01", "whatever else is wrong with it");
    assert_eq!(items[2], "unrelated at 2026-11-22 01:00:02");
    let table = "app,event,id,ts\nmail,converted,0A,2026-11-22 01:00:02\n";
    assert_eq!(read(table, &options), ["unrelated at 2026-11-22 01:00:02"]);
}

fn values() -> impl Strategy<Value = Value> {
    let scalars = prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        Just(json!(1)),
        Just(json!("1")),
        Just(json!(" \u{e9}\n")),
        Just(json!(1.5)),
    ];
    let names = prop_oneof![Just("a"), Just("b"), Just("0"), Just("a.b"), Just("a\"\\")];
    scalars.prop_recursive(3, 20, 3, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// The same, by looking at a whole document.
fn is_wanted(document: &Value, path: &str, value: &str) -> bool {
    let child = |node: &Value, key: &str| match node {
        Value::Object(map) => map.get(key).cloned(),
        Value::Array(list) => key.parse::<usize>().ok().and_then(|index| list.get(index).cloned()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    };
    let at_path = path.split('.').try_fold(document.clone(), |node, step| child(&node, step));
    let found = at_path.or_else(|| child(document, path));
    let text = found.map(|found| found.as_str().map_or_else(|| found.to_string(), |text| text.trim().to_owned()));
    text.is_some_and(|text| text == value)
}

proptest! {
    #[test]
    fn a_line_is_wanted_exactly_if_a_look_at_the_whole_document_says_so(
        inner in values(),
        path in prop_oneof![Just("a"), Just("a.b"), Just("a.0"), Just("a.b.a"), Just("b.0.a"), Just("0")],
        value in prop_oneof![Just("1"), Just("true"), Just("null"), Just("\u{e9}"), Just("1.5"), Just("[1]")],
    ) {
        let mut document = json!({"id": "0A"});
        if let Value::Object(fields) = &inner {
            document.as_object_mut().unwrap().extend(fields.clone());
        }
        let items = read(format!("{document}\n"), &only(Format::Ndjson, &[&format!("{path}={value}")]));
        let wanted = if is_wanted(&document, path, value) { "1: sms 0A true" } else { "unrelated" };
        prop_assert_eq!(items, [wanted]);
    }
}
