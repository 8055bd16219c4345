//! Tab-separated values with a header.

use super::{read, stopped, with_defaults};
use crate::input::{Format, InputOptions, LineFault};

#[test]
fn a_tab_separates_and_a_quote_is_a_character() {
    let input = "message_id\tdelivered\tchannel\tref\r\n0A\ttrue\tsms\t\"a, b\n0B\tfalse\tvoice\t\n";
    assert_eq!(read(input, &InputOptions::default()), [r#"2: sms 0A true ref="\"a, b""#, "3: voice 0B false"]);
}

#[test]
fn a_ragged_row_is_refused() {
    assert_eq!(
        read("id\tdelivered\n0A\n0B\ttrue\t\n0C\tfalse", &with_defaults(Format::Tsv)),
        ["2: bad: 1 column where the header has 2", "3: bad: 3 columns where the header has 2", "4: sms 0C false"]
    );
}

#[test]
fn a_missing_header_stops_the_run() {
    let no_header = LineFault::NoHeader { format: Format::Tsv };
    assert_eq!(stopped("0A\ttrue\n", &InputOptions::default()), (1, no_header));
    assert!(matches!(stopped("id\ttime\n", &InputOptions::default()), (_, LineFault::MissingColumn { .. })));
}
