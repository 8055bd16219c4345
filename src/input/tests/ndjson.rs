//! One JSON object on each line.

use super::{mapped, notices, read, stopped, with_defaults};
use crate::domain::{Channel, ErrorCode};
use crate::input::{Field, Format, InputItem, InputNotice, InputOptions, LineFault};

fn line(input: &str) -> String {
    let lines = read(input, &with_defaults(Format::Ndjson));
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines[0].clone()
}

#[test]
fn a_record_says_everything_under_its_own_names() {
    let input =
        r#"{"message_id":"0A","delivered":false,"timestamp":"2026-11-22 01:25:05","channel":"voice","ref":"x-9"}"#;
    assert_eq!(read(input, &InputOptions::default()), [r#"1: voice 0A false 2026-11-22 01:25:05 ref="x-9""#]);
}

#[test]
fn our_own_result_line_is_a_valid_input_line_without_a_notice() {
    let input = concat!(
        r#"{"v":1,"line":17,"ref":"x-9","channel":"sms","message_id":"0A","delivered":true,"timestamp":"2026-11-22 01:25:26","#,
        r#""outcome":"retry","http_status":null,"attempts":5,"elapsed_ms":142,"age_s":21,"profile":"2fa","sent_at":null,"#,
        r#""error":{"code":"timeout","message":"…","hint":null,"reached_server":null}}"#
    );
    assert_eq!(read(input, &InputOptions::default()), [r#"1: sms 0A true 2026-11-22 01:25:26 ref="x-9""#]);
    assert_eq!(notices(input, &InputOptions::default()), []);
}

#[test]
fn every_alias_is_understood_and_the_most_specific_one_counts() {
    for alias in ["message_id", "message-id", "messageId", "id", "call_id", "call-id", "event_id"] {
        assert_eq!(line(&format!(r#"{{"{alias}":"0A"}}"#)), "1: sms 0A true");
    }
    assert_eq!(line(r#"{"id":"log-1","message_id":"0A"}"#), "1: sms 0A true");
    assert_eq!(line(r#"{"message_id":"0A","id":"log-1"}"#), "1: sms 0A true");
    assert_eq!(line(r#"{"message_id":null,"id":"0A"}"#), "1: sms 0A true");
    for alias in ["timestamp", "ts", "time"] {
        assert_eq!(line(&format!(r#"{{"id":"0A","{alias}":1795310700}}"#)), "1: sms 0A true 2026-11-22 01:25:00");
    }
    assert_eq!(line(r#"{"id":"0A","type":"voice"}"#), "1: voice 0A true");
}

#[test]
fn values_may_be_written_in_every_way_that_keeps_their_meaning() {
    for (input, expected) in [
        (r#"{"id":12345678901234567890123}"#, "1: sms 12345678901234567890123 true"),
        (r#"{"id":"\u0041"}"#, "1: sms A true"),
        (r#"{"id":"a\/b"}"#, "1: sms a/b true"),
        (r#"{"\u0069d":"0A"}"#, "1: sms 0A true"),
        (r#" { "id" : "0A" } "#, "1: sms 0A true"),
        (r#"{"id":"a&delivered=false"}"#, "1: sms a&delivered=false true"),
        (r#"{"id":"%0d%0a"}"#, "1: sms %0d%0a true"),
        (r#"{"id":"../../etc/passwd"}"#, "1: sms ../../etc/passwd true"),
        (r#"{"id":"0A","delivered":0}"#, "1: sms 0A false"),
        (r#"{"id":"0A","delivered":"FALSE"}"#, "1: sms 0A false"),
        (r#"{"id":"0A","delivered":null,"channel":null,"timestamp":null,"ref":null}"#, "1: sms 0A true"),
        (r#"{"id":"0A","ts":1795310700123}"#, "1: sms 0A true 2026-11-22 01:25:00"),
        (r#"{"id":"0A","ts":"2026-11-22T03:25:00+02:00"}"#, "1: sms 0A true 2026-11-22 01:25:00"),
        (r#"{"id":"0A","ref":12345678901234567890123}"#, "1: sms 0A true ref=12345678901234567890123"),
        (r#"{"id":"0A","ref":1.50}"#, "1: sms 0A true ref=1.50"),
        (r#"{"id":"0A","ref":"a\u0000"}"#, r#"1: sms 0A true ref="a\u0000""#),
    ] {
        assert_eq!(line(input), expected, "{input}");
    }
}

#[test]
fn doubtful_ids_are_taken_and_reported() {
    assert_eq!(line(r#"{"id":" 0A "}"#), "1: sms 0A true (white space around the message-id was removed)");
    for id in ["null", "undefined", "None", "NaN"] {
        let lines = line(&format!(r#"{{"id":"{id}"}}"#));
        assert!(lines.contains("missing value"), "{lines}");
    }
}

#[test]
fn a_record_with_a_bad_value_is_refused_with_the_reason() {
    let deep_id = format!(r#"{{"id":{}1{}}}"#, "[".repeat(5000), "]".repeat(5000));
    for (input, expected) in [
        ("nonsense", "not a JSON object"),
        ("42", "not a JSON object"),
        ("\"0A\"", "not a JSON object"),
        ("{}", "message-id is missing"),
        (r#"{"id":null}"#, "message-id is missing"),
        (r#"{"id":""}"#, "message-id is empty"),
        (r#"{"id":"a b"}"#, "message-id has white space inside"),
        (r#"{"id":"a\u0000b"}"#, "message-id has a control character (U+0000)"),
        (r#"{"id":"a\u202eb"}"#, "message-id has an invisible or text-reordering character (U+202E)"),
        (r#"{"id":"\ud800"}"#, "message-id is a string with a broken escape, not a string or a whole number"),
        (r#"{"id":1.5}"#, "message-id is a number with a fraction or an exponent, not a string or a whole number"),
        (
            r#"{"id":1e999}"#,
            "message-id is a number with a fraction or an exponent, not a string or a whole number",
        ),
        (r#"{"id":true}"#, "message-id is a boolean, not a string or a whole number"),
        (r#"{"id":["0A"]}"#, "message-id is a list, not a string or a whole number"),
        (r#"{"id":{"a":1}}"#, "message-id is an object, not a string or a whole number"),
        (&deep_id, "message-id is a list, not a string or a whole number"),
        (r#"{"id":"0A","delivered":"yes"}"#, "delivered is none of true, false, 1, 0"),
        (r#"{"id":"0A","delivered":""}"#, "delivered is none of true, false, 1, 0"),
        (r#"{"id":"0A","delivered":2}"#, "delivered is none of true, false, 1, 0"),
        (
            r#"{"id":"0A","delivered":1.0}"#,
            "delivered is a number with a fraction or an exponent, not true or false",
        ),
        (r#"{"id":"0A","type":"whatsapp"}"#, "channel is neither sms nor voice"),
        (r#"{"id":"0A","type":1}"#, "channel is a number, not a string"),
        (r#"{"id":"0A","ts":"2026-02-30 00:00:00"}"#, "timestamp is not a possible date and time"),
        (
            r#"{"id":"0A","ts":-1}"#,
            "timestamp is not a time (wanted `2026-11-22 01:25:26` in UTC, RFC 3339, or Unix seconds or milliseconds)",
        ),
        (
            r#"{"id":"0A","ts":1e999}"#,
            "timestamp is a number with a fraction or an exponent, not a string or a number without an exponent",
        ),
    ] {
        assert_eq!(line(input), format!("1: bad: {expected}"), "{input}");
    }
}

#[test]
fn what_is_no_good_json_is_refused_whichever_key_it_stands_under() {
    let deep = format!(r#"{{"id":"0A","x":{}1{}}}"#, "[".repeat(5000), "]".repeat(5000));
    let bomb = r#"{"a":"#.repeat(9000);
    for (input, expected) in [
        (r#"{"id":"0A","ref":[1]}"#, "ref is a list, not a string, a number or a boolean"),
        (
            r#"{"id":"0A","ref":"\ud800"}"#,
            "ref is a string with a broken escape, not a string, a number or a boolean",
        ),
        (
            r#"{"id":"0A","ref":1e999}"#,
            "ref is a number with a fraction or an exponent, not a string, a number or a boolean",
        ),
        (r#"{"id":"0A","x":1e999}"#, "bad JSON: number out of range at column 20"),
        (r#"{"id":"0A","x":NaN}"#, "bad JSON: expected value at column 16"),
        (r#"{"id":"0A","id":"0B"}"#, "message-id twice in one record"),
        (r#"{"id":"0A","id":null}"#, "message-id twice in one record"),
        (r#"{"id":"0A","delivered":true,"delivered":false}"#, "delivered twice in one record"),
        (r#"{"id":"0A""#, "bad JSON: EOF while parsing an object at column 10"),
        (r#"{"id":"0A"} {"id":"0B"}"#, "bad JSON: trailing characters at column 13"),
        (r#"{"id":"0A",}"#, "bad JSON: trailing comma at column 12"),
        ("{\"id\":\"0A\0\"}", "there is a NUL byte at column 10"),
        (
            "{\"id\":\"0A\u{1}\"}",
            "bad JSON: control character (\\u0000-\\u001F) found while parsing a string at column 9",
        ),
        (&deep, "bad JSON: recursion limit exceeded at column 142"),
        (&bomb, "bad JSON: recursion limit exceeded at column 636"),
    ] {
        assert_eq!(line(input), format!("1: bad: {expected}"), "{input}");
    }
}

#[test]
fn a_refused_record_keeps_its_bytes_and_its_ref_and_the_rest_goes_on() {
    let input = b"{\"id\":\"0A\"}\r\n\xFF{\r\n{\"id\":\"\",\"ref\":7}\n{\"id\":\"0D\"}";
    let items = super::items(&input[..], &with_defaults(Format::Auto)).unwrap();
    assert_eq!(
        items.iter().map(super::describe).collect::<Vec<_>>(),
        [
            "1: sms 0A true",
            "2: bad: not valid UTF-8 at column 1",
            "3: bad: message-id is empty ref=7",
            "4: sms 0D true"
        ]
    );
    let InputItem::Bad(bad) = &items[1] else { panic!() };
    assert_eq!(bad.raw, b"\xFF{");
    assert_eq!(bad.code, ErrorCode::BadRecord);
}

#[test]
fn a_time_far_ahead_is_refused_by_its_own_code_and_one_a_little_ahead_is_not() {
    let input = "{\"id\":\"0A\",\"ts\":1795397126}\n{\"id\":\"0B\",\"ts\":1795397127}";
    let items = super::items(input.as_bytes(), &with_defaults(Format::Auto)).unwrap();
    assert!(matches!(items[0], InputItem::Record(_)));
    let InputItem::Bad(bad) = &items[1] else { panic!() };
    assert_eq!(bad.code, ErrorCode::FutureTimestamp);
    assert_eq!(bad.message, "timestamp 2026-11-23 01:25:27 is more than 24 hours ahead of the clock");
}

#[test]
fn channel_and_delivered_have_no_default_of_their_own() {
    let options = InputOptions::default();
    assert_eq!(read(r#"{"call_id":"0A","delivered":true}"#, &options), ["1: bad: channel is missing"]);
    assert_eq!(read(r#"{"id":"0A","channel":"sms"}"#, &options), ["1: bad: delivered is missing"]);
}

#[test]
fn mapped_fields_are_found_along_dotted_paths_and_nowhere_else() {
    let options = InputOptions {
        channel: Some(Channel::Sms),
        ..mapped(&["message-id=otp.sent.1.id", "delivered=otp.ok", "ref=user"])
    };
    let good =
        r#"{"message_id":"no","otp":{"x":[{}],"sent":["no",{"id":"0A","id2":1}],"ok":true},"user":7,"ref":"no"}"#;
    assert_eq!(read(good, &options), ["1: sms 0A true ref=7"]);
    for (input, expected) in [
        (r#"{"message_id":"0A","delivered":true}"#, "message-id is missing"),
        (r#"{"otp":5}"#, "message-id is missing"),
        (r#"{"otp":{"sent":["no"],"ok":true}}"#, "message-id is missing"),
        (r#"{"otp":{"sent":[0,{"id":"0A"}]}}"#, "delivered is missing"),
        (r#"{"otp":{"ok":true,"ok":true}}"#, "delivered twice in one record"),
        (r#"{"otp":{},"otp":{}}"#, "message-id twice in one record"),
        (r#"{"otp":{"ok":1e999}}"#, "delivered is a number with a fraction or an exponent, not true or false"),
    ] {
        let lines = read(input, &options);
        assert!(lines[0].ends_with(expected), "{input}: {lines:?}");
    }
}

#[test]
fn a_flat_key_with_dots_is_found_too_and_the_path_counts_before_it() {
    let options = InputOptions {
        delivered: Some(true.into()),
        channel: Some(Channel::Sms),
        ..mapped(&["message-id=otp.id"])
    };
    for input in [
        r#"{"otp.id":"0A"}"#,
        r#"{"otp.id":"no","otp":{"id":"0A"}}"#,
        r#"{"otp":{"id":"0A"},"otp.id":"no"}"#,
        r#"{"otp":{},"otp.id":"0A"}"#,
    ] {
        assert_eq!(read(input, &options), ["1: sms 0A true"], "{input}");
    }
}

#[test]
fn one_value_may_serve_two_fields() {
    let options =
        InputOptions { delivered: Some(true.into()), channel: Some(Channel::Sms), ..mapped(&["ref=id"]) };
    assert_eq!(read(r#"{"id":"0A"}"#, &options), [r#"1: sms 0A true ref="0A""#]);
}

#[test]
fn an_unknown_key_is_reported_once_with_what_was_probably_meant() {
    let input = "{\"id\":\"0A\",\"deliverd\":false,\"user\":{\"x\":1}}\n{\"id\":\"0B\",\"user\":2}";
    assert_eq!(
        notices(input, &with_defaults(Format::Auto)),
        [
            InputNotice::UnknownName { name: "deliverd".into(), nearest: Some("delivered") },
            InputNotice::UnknownName { name: "user".into(), nearest: None },
        ]
    );
}

#[test]
fn a_misspelled_key_stops_before_the_first_record_and_is_one_bad_record_later() {
    let wrong = r#"{"mesage_id":"0A"}"#;
    let fault = LineFault::MisspelledKey { field: Field::MessageId, key: "mesage_id".into(), known: "message_id" };
    assert_eq!(stopped(wrong, &with_defaults(Format::Auto)), (1, fault));
    let late = format!("{{\"id\":\"0A\"}}\n{wrong}\n");
    assert_eq!(read(late, &with_defaults(Format::Auto)), ["1: sms 0A true", "2: bad: message-id is missing"]);
}

#[test]
fn json_that_is_not_one_object_on_each_line_stops_the_run() {
    for options in [InputOptions::default(), with_defaults(Format::Ndjson)] {
        for input in ["[{\"id\":\"0A\"}]", "\n [\n", "\u{feff}[]"] {
            assert_eq!(stopped(input, &options).1, LineFault::JsonArray, "{input}");
        }
        assert_eq!(stopped("{\n  \"id\": \"0A\"\n}\n", &options), (1, LineFault::JsonOverSeveralLines));
    }
    let array_of_one_long_line = format!("[{}", "{\"id\":\"0A\"},".repeat(20_000));
    assert_eq!(stopped(array_of_one_long_line, &InputOptions::default()).1, LineFault::JsonArray);
}
