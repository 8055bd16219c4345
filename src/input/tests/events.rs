//! Logs: lines with an event (a code was sent, a user converted), among others.

use crate::domain::Channel;
use crate::input::{Field, FieldMap, FieldMapping, FieldMappingError, Format, InputOptions, LineFault, Mark};

use super::{notices, read, stopped};

fn log(sent: &str, converted: &str) -> InputOptions {
    let fields = FieldMap::default().for_events(sent.parse().unwrap(), converted.parse().unwrap());
    InputOptions { fields, ..InputOptions::default() }
}

fn plain() -> InputOptions {
    log("event=sent", "event=converted")
}

#[test]
fn events_are_taken_out_of_a_log_and_other_lines_passed_over() {
    let input = r#"{"event":"sent","message_id":"0A","channel":"sms","timestamp":"2026-11-22 01:00:00","ref":7}
{"event":"login","message_id":{"no":"id"},"timestamp":[]}
{"level":"info"}
{"event":"converted","message_id":"0A","ts":1795310726,"user":"x"}
{"event":"converted","message_id":"0B","channel":"voice","ts":1795310726}
"#;
    assert_eq!(
        read(input, &plain()),
        [
            "1: sms 0A Sent 2026-11-22 01:00:00 ref=7",
            "unrelated",
            "unrelated",
            "4: over something 0A Converted 2026-11-22 01:25:26 (raw)",
            "5: voice 0B Converted 2026-11-22 01:25:26",
        ]
    );
    assert_eq!(notices(input, &plain()), [], "a log has more in it than is read");
}

#[test]
fn a_line_without_an_event_says_how_far_the_log_has_come_if_it_has_a_time() {
    let lines = r#"{"level":"info","ts":"2026-11-22 01:00:00"}
{"level":"info","time":1795310726}
{"level":"info","time":"soon"}
{"level":"info","time":"2027-11-22 01:00:00"}
{"event":"sent","message_id":"an id","channel":"sms","time":"2026-11-22 01:00:00"}
"#;
    let [first, second, soon, future, bad] = &read(lines, &plain())[..] else { panic!("five lines") };
    assert_eq!([first, second], ["unrelated at 2026-11-22 01:00:00", "unrelated at 2026-11-22 01:25:26"]);
    assert_eq!([soon, future], ["unrelated", "unrelated"], "what is no time, or over a day ahead, says none");
    assert!(bad.contains("white space"), "{bad}");
    let table = "event,id,channel,time\nother,,,2026-11-22 01:00:00\n";
    assert_eq!(read(table, &plain()), ["unrelated at 2026-11-22 01:00:00"]);
}

#[test]
fn what_tells_an_event_may_stand_anywhere_and_be_anything() {
    let input = r#"{"otp":{"state":3},"id":"0A","type":"sms"}
{"verified":true,"id":"0A"}
{"otp":{"state":"3"},"verified":true,"id":"0B","type":"sms"}
"#;
    assert_eq!(
        read(input, &log("otp.state=3", "verified=true")),
        [
            "1: sms 0A Sent 2026-11-22 01:25:26",
            "2: over something 0A Converted 2026-11-22 01:25:26 (raw)",
            // It has both events: then the user has converted.
            "3: sms 0B Converted 2026-11-22 01:25:26",
        ]
    );
}

#[test]
fn a_table_tells_events_in_a_column() {
    let input = "status;id;channel;time\nsent;0A;sms;2026-11-22 01:00:00\nother;;;\n converted ;0A;;\n";
    assert_eq!(
        read(input, &log("status=sent", "status=converted")),
        [
            "2: sms 0A Sent 2026-11-22 01:00:00",
            "unrelated",
            "4: over something 0A Converted 2026-11-22 01:25:26 (raw)",
        ]
    );
}

#[test]
fn an_event_that_lacks_something_is_refused() {
    let input = r#"{"event":"sent","message_id":"0A"}
{"event":"sent","channel":"sms"}
{"event":"converted","message_id":"0A","timestamp":"yesterday"}
{"event":"converted","message_id":"","channel":"sms","ref":"x"}
{"event":
"#;
    let lines = read(input, &plain());
    assert_eq!(lines[0], "1: bad: channel is missing");
    assert_eq!(lines[1], "2: bad: message-id is missing");
    assert!(lines[2].starts_with("3: bad: "), "{}", lines[2]);
    assert!(lines[3].starts_with("4: bad: ") && lines[3].ends_with("ref=\"x\""), "{}", lines[3]);
    assert!(lines[4].starts_with("5: bad: bad JSON"), "{}", lines[4]);
}

#[test]
fn the_channel_that_is_given_for_all_is_the_events_channel() {
    let options = InputOptions { channel: Some(Channel::Voice), ..plain() };
    let input = "{\"event\":\"sent\",\"id\":\"0A\"}\n{\"event\":\"converted\",\"id\":\"0A\"}\n";
    assert_eq!(
        read(input, &options),
        ["1: voice 0A Sent 2026-11-22 01:25:26", "2: voice 0A Converted 2026-11-22 01:25:26"]
    );
}

#[test]
fn an_input_that_cannot_tell_events_is_stopped() {
    let error = stopped("message_id,channel\n0A,sms\n", &plain());
    assert!(matches!(error, (_, LineFault::MissingColumn { field: Field::Sent, .. })), "{error:?}");
    let error = stopped("event,channel\nsent,sms\n", &plain());
    assert!(matches!(error, (_, LineFault::MissingColumn { field: Field::MessageId, .. })), "{error:?}");
    let ids = InputOptions { format: Format::Ids, channel: Some(Channel::Sms), ..plain() };
    assert_eq!(stopped("0A\n", &ids), (1, LineFault::IdsDoNotSay { field: Field::Sent }));
}

#[test]
fn a_mark_is_a_field_and_a_value() {
    let error = |text: &str| text.parse::<Mark>().unwrap_err();
    assert_eq!(error("event"), FieldMappingError::NoValue("event".into()));
    assert_eq!(error("event="), FieldMappingError::NoValue("event=".into()));
    assert_eq!(error("=sent"), FieldMappingError::EmptyStep("=sent".into()));
    assert_eq!(error("a..b=sent"), FieldMappingError::EmptyStep("a..b=sent".into()));
    assert!("a.b=x=y".parse::<Mark>().is_ok(), "a value may have an = in it");
    assert!("sent=path".parse::<FieldMapping>().is_err(), "events are not mapped by --field");
}
