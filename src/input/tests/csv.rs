//! Comma-separated values with a header.

use proptest::prelude::*;

use super::{mapped, notices, read, stopped, with_defaults};
use crate::domain::Channel;
use crate::input::{Field, Format, InputNotice, InputOptions, LineFault};

/// What rows under this header become, after the line number of the first.
fn rows(header: &str, rows: &str) -> Vec<String> {
    read(format!("{header}\n{rows}"), &with_defaults(Format::Auto))
}

#[test]
fn columns_go_by_their_names_in_any_order_and_case() {
    let input =
        "Ref, Delivered ,MESSAGE-ID,timestamp,Channel\r\nx 9,FALSE,0A,2026-11-22 01:25:00,voice\r\n,1,0B,,sms\r\n";
    assert_eq!(
        read(input, &InputOptions::default()),
        [r#"2: voice 0A false 2026-11-22 01:25:00 ref="x 9""#, "3: sms 0B true"]
    );
}

#[test]
fn the_more_specific_of_two_columns_counts() {
    assert_eq!(rows("id,message_id", "log-1,0A"), ["2: sms 0A true"]);
}

#[test]
fn an_empty_cell_is_silent_and_an_empty_id_is_refused() {
    assert_eq!(
        rows("id,delivered,channel,time,ref", "0A,,,,\n,true,sms,,r"),
        ["2: sms 0A true", "3: bad: message-id is empty ref=\"r\""]
    );
}

#[test]
fn quoting_follows_rfc_4180_and_spaces_around_quotes_do_no_harm() {
    assert_eq!(
        rows(
            "id,ref,\"delivered\"",
            "\"0A\",\"a, \"\"b\"\"\",true\n0B, \"c\" ,\"false\"\n0C,d\"e,1\n\"\",,1\n0D,\"\",\"\"\n"
        ),
        [
            r#"2: sms 0A true ref="a, \"b\"""#,
            r#"3: sms 0B false ref="c""#,
            r#"4: sms 0C true ref="d\"e""#,
            "5: bad: message-id is empty",
            "6: sms 0D true",
        ]
    );
}

#[test]
fn a_quoted_text_may_have_several_lines_and_lines_are_counted_as_they_stand() {
    assert_eq!(
        rows("id,delivered,note,ref", "0A,true,\"one\n\ntwo, three\r\nfour\",r\n0B,true,,\"a\nb\"\n0C,true,,\n"),
        [r#"2: sms 0A true ref="r""#, r#"6: sms 0B true ref="a\nb""#, "8: sms 0C true"]
    );
}

#[test]
fn a_stray_quote_costs_one_record() {
    let good = "0B,true,note\n0C,false,note\n";
    for (stray, problem) in [
        ("\"0A,true,note\n", "column 1 opens a quote that is not closed"),
        ("0A,\"true,note\n", "column 2 opens a quote that is not closed"),
        ("0A,true,\"note\n", "column 3 opens a quote that is not closed"),
        ("0A,true,\"no\"te\n", "column 3 goes on after its closing quote"),
        ("0A,true,\"\n", "column 3 opens a quote that is not closed"),
    ] {
        assert_eq!(
            rows("id,delivered,note", &format!("{stray}{good}")),
            [&format!("2: bad: {problem}"), "3: sms 0B true", "4: sms 0C false"],
            "{stray}"
        );
    }
}

#[test]
fn a_quote_that_closes_to_the_wrong_number_of_columns_costs_its_own_line() {
    assert_eq!(
        rows("id,note,delivered", "0A,\"oops,true\n0B,bad,maybe\n0C,x\",true\n0D,,true"),
        // A quote that closes to the right number of columns is none.
        ["2: sms 0A true", "5: sms 0D true"]
    );
    assert_eq!(
        rows("id,note,delivered", "0A,\"oops,true\nragged\nmore\" text,true\n0D,,true"),
        [
            "2: bad: column 2 opens a quote that is not closed",
            "3: bad: 1 column where the header has 3",
            "4: bad: 2 columns where the header has 3",
            "5: sms 0D true",
        ]
    );
}

#[test]
fn without_another_column_to_tell_a_stray_quote_by_the_limit_does() {
    let many = "y\n".repeat(40_000);
    let lines = rows("id,note", &format!("0A,\"oops\n{many}0Z,last\n"));
    assert_eq!(lines[0], "2: bad: column 2 opens a quote that is not closed");
    assert_eq!(lines[1], "3: bad: 1 column where the header has 2");
    assert_eq!(lines.len(), 40_002);
    assert_eq!(lines.last().unwrap(), "40003: sms 0Z true");
}

#[test]
fn a_note_that_looks_like_cells_does_not_end_a_quote() {
    assert_eq!(rows("id,note", "0A,\"first\nsecond, line\nthird\"\n0B,x"), ["2: sms 0A true", "5: sms 0B true"]);
}

#[test]
fn a_ragged_row_is_refused() {
    assert_eq!(
        rows("id,delivered", "0A\n0B,true,\n0C,true"),
        ["2: bad: 1 column where the header has 2", "3: bad: 3 columns where the header has 2", "4: sms 0C true"]
    );
}

#[test]
fn other_bad_rows_are_refused_one_by_one() {
    let input = b"id,delivered\n\xE9,true\na\0b,true\na\x9bb,true\nx y,true\n0A,yes\n\n   \n0B,true";
    assert_eq!(
        read(input, &with_defaults(Format::Auto)),
        [
            "2: bad: not valid UTF-8 at column 1",
            "3: bad: there is a NUL byte at column 2",
            "4: bad: not valid UTF-8 at column 2",
            "5: bad: message-id has white space inside",
            "6: bad: delivered is none of true, false, 1, 0",
            "9: sms 0B true",
        ]
    );
}

#[test]
fn semicolons_separate_where_the_header_has_no_comma() {
    assert_eq!(rows("id;ref;delivered", "0A;1,5;false"), [r#"2: sms 0A false ref="1,5""#]);
}

#[test]
fn a_single_known_name_is_a_header() {
    assert_eq!(rows("message_id", "0A\n0B"), ["2: sms 0A true", "3: sms 0B true"]);
}

#[test]
fn a_mapped_column_is_read_and_its_aliases_are_not() {
    let options =
        InputOptions { channel: Some(Channel::Sms), ..mapped(&["message-id=otp.sid", "delivered=Done?"]) };
    assert_eq!(read("id,OTP.SID,done?\n1,0A,true", &options), ["2: sms 0A true"]);
    assert_eq!(notices("id,OTP.SID,done?\n1,0A,true", &options), []);
    let error = stopped("id,delivered\n1,true", &options);
    assert!(
        matches!(&error, (_, LineFault::MissingColumn { field: Field::MessageId, mapped_to: Some(column), .. }) if column == "otp.sid"),
        "{error:?}"
    );
}

#[test]
fn a_header_that_cannot_be_used_stops_the_run() {
    let none = InputOptions::default();
    for input in ["0A0000000123ABCD1,true,2026-11-22 01:25:26\n", "\"id,delivered\n"] {
        assert_eq!(stopped(input, &none), (1, LineFault::NoHeader { format: Format::Csv }));
    }
    for (input, wanted, meant) in [
        ("delivered,channel\n", Field::MessageId, None),
        ("mesage_id,delivered,channel\n", Field::MessageId, Some("mesage_id")),
        ("id,Deliverd,channel\n", Field::Delivered, Some("Deliverd")),
        ("id,delivered,note\n", Field::Channel, None),
    ] {
        let (_, fault) = stopped(input, &none);
        let LineFault::MissingColumn { field, nearest, .. } = &fault else { panic!("{input}: {fault:?}") };
        assert_eq!((*field, nearest.as_deref()), (wanted, meant), "{input}");
    }
    assert!(matches!(
        stopped("id,delivered,Delivered,channel\n", &none),
        (1, LineFault::DuplicateColumn { field: Field::Delivered, .. })
    ));
    assert_eq!(rows("id,note,note", "0A,,"), ["2: sms 0A true"]);
}

#[test]
fn an_unknown_column_is_reported_once() {
    assert_eq!(
        notices("id,country,outcome,\n0A,LU,,\n", &with_defaults(Format::Csv)),
        [InputNotice::UnknownName { name: "country".into(), nearest: None }]
    );
}

#[test]
fn what_stands_inside_quotes_is_never_read_as_records() {
    for end in ["\n", "\r\n"] {
        let input = "0B,true,\"hello\n0C,true,world\"\n0D,false,\"say \"\"0E,true,x\n0F,true,\"\"\"\n0G,true,\n";
        assert_eq!(
            rows("id,delivered,note", &input.replace('\n', end)),
            ["2: sms 0B true", "4: sms 0D false", "6: sms 0G true"]
        );
    }
    assert_eq!(rows("id,delivered,\"a\nnote\"", "0A,true,x"), ["3: sms 0A true"]);
    // An id has no line break in it; the record is one all the same.
    let lines = rows("id,delivered,note", "\"0A,true,x\n0C\",true,x\n0D,true,x");
    assert_eq!(lines, ["2: bad: message-id has white space inside", "4: sms 0D true"]);
}

proptest! {
    #[test]
    fn wherever_a_stray_quote_opens_every_other_record_is_read(
        notes in prop::collection::vec(prop::sample::select(vec!["", "x", "\"a\nb\"", "\"q\"\"q\"", "\"p, true, q\""]), 1..12),
        which in any::<prop::sample::Index>(),
        column in 0..3_usize,
    ) {
        let which = which.index(notes.len());
        let input: String = notes.iter().enumerate().map(|(i, note)| {
            if i == which {
                let mut cells = [format!("id{i}"), "true".to_owned(), "x".to_owned()];
                cells[column].insert(0, '"');
                format!("{}\n", cells.join(","))
            } else {
                format!("id{i},true,{note}\n")
            }
        }).collect();
        let lines = rows("id,delivered,note", &input);
        prop_assert_eq!(lines.len(), notes.len());
        for (i, lines) in lines.iter().enumerate() {
            let expected = if i == which { "opens a quote that is not closed" } else { &format!(": sms id{i} true") };
            prop_assert!(lines.ends_with(expected), "{}", lines);
        }
    }
}
