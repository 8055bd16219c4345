//! Plain ids.

use super::{read, stopped, with_defaults};
use crate::domain::Channel;
use crate::input::{Field, Format, InputOptions, LineFault, Separator};

#[test]
fn the_line_is_the_id() {
    assert_eq!(
        read("0A\r\n\n  0B\n\"0C\"\n{0D}", &with_defaults(Format::Auto)),
        [
            "1: sms 0A true",
            "3: sms 0B true (white space around the message-id was removed)",
            "4: bad: not a plain id, which has none of { } \" < > | & = ; , in it",
            "5: bad: not a plain id, which has none of { } \" < > | & = ; , in it",
        ]
    );
}

#[test]
fn a_nul_ends_a_record_where_asked_and_then_a_line_feed_does_not() {
    let options = InputOptions { separator: Separator::Nul, ..with_defaults(Format::Auto) };
    assert_eq!(
        read("0A\x000B\n\x00\x00a\nb\x000D", &options),
        [
            "1: sms 0A true",
            "2: sms 0B true (white space around the message-id was removed)",
            "4: bad: message-id has white space inside",
            "5: sms 0D true"
        ]
    );
}

#[test]
fn what_can_be_no_id_is_refused() {
    let input = format!("0A\na\0b\na b\n{}\n\u{feff}x\n\x1b[31m\n", "x".repeat(257));
    assert_eq!(
        read(input, &with_defaults(Format::Ids)),
        [
            "1: sms 0A true",
            "2: bad: there is a NUL byte at column 2",
            "3: bad: message-id has white space inside",
            "4: bad: message-id has 257 bytes, more than 256",
            "5: bad: message-id has an invisible or text-reordering character (U+FEFF)",
            "6: bad: message-id has a control character (U+001B)",
        ]
    );
}

#[test]
fn ids_do_not_say_channel_and_delivered_so_the_options_must() {
    for (channel, wanted) in [(None, Field::Channel), (Some(Channel::Voice), Field::Delivered)] {
        for format in [Format::Auto, Format::Ids] {
            let options = InputOptions { format, channel, ..InputOptions::default() };
            assert_eq!(stopped("\n0A\n", &options), (2, LineFault::IdsDoNotSay { field: wanted }));
        }
    }
}
