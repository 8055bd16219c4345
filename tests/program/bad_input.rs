//! Input as it comes: each row of the table of bad input, with what is said about it, and what was sent all the same.
//!
//! Every case has good records around the bad one. A refused record is answered and the others are sent; an input that stops the
//! run sends nothing.

use std::fmt::Write as _;

use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::contains;
use serde_json::Value;

use crate::api;
use crate::cli::{Cli, Ran, assert_same};

/// What a case is about, the arguments, the input, the exit code and the ids that were sent.
struct Case {
    about: &'static str,
    arguments: &'static [&'static str],
    input: Vec<u8>,
    status: i32,
    sent: &'static [&'static str],
}

fn case(
    about: &'static str,
    arguments: &'static [&'static str],
    input: impl AsRef<[u8]>,
    status: i32,
    sent: &'static [&'static str],
) -> Case {
    Case { about, arguments, input: input.as_ref().to_vec(), status, sent }
}

const SMS: &[&str] = &["--channel", "sms"];
const TRUE: &[&str] = &["--channel", "sms", "--delivered", "true"];

/// Runs the cases and shows of each what was sent, the result lines in short and all of standard error.
#[track_caller]
fn assert_cases(name: &str, cases: Vec<Case>) {
    let mut shown = Vec::new();
    for case in cases {
        let sandbox = api::plain();
        let cli = Cli::new().against(&sandbox);
        let arguments = ["batch", "--json", "--jobs", "1"].iter().chain(case.arguments);
        let ran = cli.run_with_input(arguments, case.input.clone());
        assert_eq!(ran.status, Some(case.status), "{}: {}", case.about, ran.shown());
        assert_eq!(api::ids(&sandbox), case.sent, "{}: {}", case.about, ran.shown());
        if case.sent.is_empty() {
            assert_eq!(sandbox.counts().connections, 0, "{}: not even a connection", case.about);
        }
        shown.push(format!("## {}\n{}--- status {}\n", case.about, in_short(&ran), case.status));
    }
    assert_same(name, shown);
}

fn in_short(ran: &Ran) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), |text| format!("{text:?}"));
    let mut lines = ran.lines();
    lines.sort_by_key(|line| line["line"].as_u64());
    let mut short = String::new();
    for line in lines {
        let subject = if line["message_id"].is_null() { &line["raw"] } else { &line["message_id"] };
        let subject = text(subject);
        let shown: String = subject.chars().take(60).collect();
        let more = if subject.chars().count() > 60 { "…" } else { "" };
        let _ = writeln!(short, "{}: {} {shown}{more}", line["line"], line["outcome"].as_str().unwrap());
    }
    // Doubts about a record are printed when it is settled, which may be before or after a later line is read.
    let (doubts, rest): (Vec<_>, Vec<_>) =
        ran.stderr.split_inclusive('\n').partition(|line| line.starts_with("warning:"));
    short + &doubts.concat() + &rest.concat()
}

#[test]
fn nothing_and_blank_lines() {
    assert_cases(
        "input_blank",
        vec![
            case("empty", SMS, "", 0, &[]),
            case("blank lines only", SMS, "\n  \n\r\n\n", 0, &[]),
            case("a header only", TRUE, "id\n", 0, &[]),
            case("blank lines between", TRUE, "\n\n{\"id\":\"A\"}\n\n \n{\"id\":\"B\"}\n\n", 0, &["A", "B"]),
            case("blank lines in a table", TRUE, "\nid\n\nA\n\nB\n", 0, &["A", "B"]),
        ],
    );
}

#[test]
fn ends_of_lines_and_byte_order_marks() {
    assert_cases(
        "input_line_ends",
        vec![
            case("no newline at the end", TRUE, "{\"id\":\"A\"}\n{\"id\":\"B\"}", 0, &["A", "B"]),
            case("CRLF", TRUE, "{\"id\":\"A\"}\r\n{\"id\":\"B\"}\r\n", 0, &["A", "B"]),
            case("CRLF in a table", TRUE, "id,ref\r\nA,x\r\nB,y\r\n", 0, &["A", "B"]),
            case("CRLF in ids", TRUE, "A\r\nB\r\n", 0, &["A", "B"]),
            case(
                "a byte order mark before JSON",
                TRUE,
                "\u{feff}{\"id\":\"A\"}\n{\"id\":\"B\"}\n",
                0,
                &["A", "B"],
            ),
            case("a byte order mark before a table", TRUE, "\u{feff}id\nA\n", 0, &["A"]),
        ],
    );
}

#[test]
fn lines_that_are_too_long() {
    let long = "x".repeat(64 * 1024);
    let padded = |length: usize| format!("{{\"id\":\"L\",\"pad\":\"{}\"}}", "p".repeat(length - 19));
    assert_eq!(padded(1000).len(), 1000);
    assert_cases(
        "input_long_lines",
        vec![
            case(
                "over 64 KiB",
                TRUE,
                format!("{{\"id\":\"A\"}}\n{{\"id\":\"{long}\"}}\n{{\"id\":\"B\"}}\n"),
                65,
                &["A", "B"],
            ),
            case(
                "over 64 KiB at the end, without a newline",
                TRUE,
                format!("{{\"id\":\"A\"}}\n{long}x"),
                65,
                &["A"],
            ),
            case(
                "10 MiB",
                TRUE,
                format!("{{\"id\":\"A\"}}\n{}\n{{\"id\":\"B\"}}\n", long.repeat(160)),
                65,
                &["A", "B"],
            ),
            case("64 KiB exactly", TRUE, format!("{}\n{{\"id\":\"B\"}}\n", padded(64 * 1024)), 0, &["L", "B"]),
        ],
    );
}

#[test]
fn bytes_that_are_no_text() {
    assert_cases(
        "input_bytes",
        vec![
            case(
                "invalid UTF-8",
                TRUE,
                b"{\"id\":\"A\"}\n{\"id\":\"x\xff\xfe\"}\n{\"id\":\"B\"}\n",
                65,
                &["A", "B"],
            ),
            case("NUL", TRUE, b"{\"id\":\"A\"}\n{\"id\":\"x\0\"}\n{\"id\":\"B\"}\n", 65, &["A", "B"]),
            case("invalid UTF-8 in a table", TRUE, b"id\nA\nx\xff\nB\n", 65, &["A", "B"]),
            case("an escape sequence in an id", TRUE, "id\nA\nx\u{1b}[31mred\nB\n", 65, &["A", "B"]),
            case(
                "an escaped NUL in an id",
                TRUE,
                "{\"id\":\"A\"}\n{\"id\":\"x\\u0000\"}\n{\"id\":\"B\"}\n",
                65,
                &["A", "B"],
            ),
            case("a bidi control in an id", TRUE, "id\nA\nx\u{202e}gpj.exe\nB\n", 65, &["A", "B"]),
            case(
                "half a surrogate pair",
                TRUE,
                "{\"id\":\"A\"}\n{\"id\":\"\\ud800\"}\n{\"id\":\"B\"}\n",
                65,
                &["A", "B"],
            ),
        ],
    );
}

#[test]
fn files_that_must_be_converted_first() {
    assert_cases(
        "input_encodings",
        vec![
            case("UTF-16, little endian", TRUE, b"\xff\xfei\0d\0\n\0A\0\n\0", 65, &[]),
            case("UTF-16, big endian", TRUE, b"\xfe\xff\0i\0d\0\n\0A\0\n", 65, &[]),
            case("gzip", TRUE, b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\xe4\x02\0\0\n", 65, &[]),
            case("zip", TRUE, b"PK\x03\x04\x14\0\0\0\0\n", 65, &[]),
        ],
    );
}

#[test]
fn tables_with_a_bad_header() {
    assert_cases(
        "input_headers",
        vec![
            case("no header", SMS, "0A0000000123ABCD1,true\n0A0000000123ABCD2,false\n", 65, &[]),
            case("no id column", SMS, "number,delivered\nA,true\n", 65, &[]),
            case("a misspelled id column", SMS, "mesage_id,delivered\nA,true\n", 65, &[]),
            case("no delivered column", SMS, "id,timestamp\nA,2026-11-20 01:25:26\n", 65, &[]),
            case("no channel column", &[], "id,delivered\nA,true\n", 65, &[]),
            case("an id column twice", SMS, "id,delivered,id\nA,true,B\n", 65, &[]),
            case(
                "two names for one field: the API's own counts",
                SMS,
                "id,delivered,message_id\nx,true,A\n",
                0,
                &["A"],
            ),
            case(
                "a mapped column that is not there",
                &["--channel", "sms", "--field", "message-id=otp"],
                "id,delivered\nA,true\n",
                65,
                &[],
            ),
        ],
    );
}

#[test]
fn rows_that_do_not_fit() {
    assert_cases(
        "input_rows",
        vec![
            case("a short row", SMS, "id,delivered\nA,true\nx\nB,false\n", 65, &["A", "B"]),
            case("a long row", SMS, "id,delivered\nA,true\nx,true,more\nB,false\n", 65, &["A", "B"]),
            case(
                "an unclosed quote",
                SMS,
                "id,delivered,ref\nA,true,a\nx,true,\"oops\nB,false,b\nC,true,c\n",
                65,
                &["A", "B", "C"],
            ),
            case("an unclosed quote in the last row", SMS, "id,delivered\nA,true\n\"x,true\n", 65, &["A"]),
            case("text behind a quote", SMS, "id,delivered\nA,true\n\"x\"y,true\nB,true\n", 65, &["A", "B"]),
            case(
                "quotes that are right",
                SMS,
                "id,delivered,ref\n\"A\",\"true\",\"say \"\"hi\"\", you\"\nB,true,\n",
                0,
                &["A", "B"],
            ),
            case("a quoted line feed", SMS, "id,delivered,ref\nA,true,\"two\nlines\"\nB,true,\n", 0, &["A", "B"]),
        ],
    );
}

#[test]
fn json_that_is_no_record() {
    let bomb = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
    assert_cases(
        "input_json",
        vec![
            case("an array", TRUE, "[{\"id\":\"A\"},{\"id\":\"B\"}]\n", 65, &[]),
            case("an object over several lines", TRUE, "{\n  \"id\": \"A\"\n}\n", 65, &[]),
            case("no object", TRUE, "{\"id\":\"A\"}\n\"x\"\n17\n{\"id\":\"B\"}\n", 65, &["A", "B"]),
            case("half an object", TRUE, "{\"id\":\"A\"}\n{\"id\":\"x\"\n{\"id\":\"B\"}\n", 65, &["A", "B"]),
            case(
                "two objects",
                TRUE,
                "{\"id\":\"A\"}\n{\"id\":\"x\"}{\"id\":\"y\"}\n{\"id\":\"B\"}\n",
                65,
                &["A", "B"],
            ),
            case(
                "an id of a wrong type",
                TRUE,
                "{\"id\":\"A\"}\n{\"id\":[\"x\"]}\n{\"id\":true}\n{\"id\":\"B\"}\n",
                65,
                &["A", "B"],
            ),
            case(
                "a key twice",
                TRUE,
                "{\"id\":\"A\"}\n{\"id\":\"x\",\"id\":\"y\"}\n{\"id\":\"B\"}\n",
                65,
                &["A", "B"],
            ),
            case(
                "two names for one field: the API's own counts",
                TRUE,
                "{\"id\":\"x\",\"message_id\":\"A\"}\n{\"message_id\":\"B\",\"id\":\"x\"}\n",
                0,
                &["A", "B"],
            ),
            case(
                "a depth bomb",
                TRUE,
                format!("{{\"id\":\"A\"}}\n{{\"id\":\"x\",\"deep\":{bomb}}}\n{{\"id\":\"B\"}}\n"),
                65,
                &["A", "B"],
            ),
            case(
                "a number beyond all numbers",
                TRUE,
                "{\"id\":\"A\"}\n{\"id\":\"x\",\"timestamp\":1e999}\n{\"id\":\"B\"}\n",
                65,
                &["A", "B"],
            ),
        ],
    );
}

#[test]
fn names_that_are_not_read() {
    assert_cases(
        "input_names",
        vec![
            case(
                "an unknown key",
                TRUE,
                "{\"id\":\"A\",\"colour\":1}\n{\"id\":\"B\",\"colour\":2}\n",
                0,
                &["A", "B"],
            ),
            case("an unknown column", TRUE, "id,colour\nA,1\nB,2\n", 0, &["A", "B"]),
            case("a misspelled key that is not needed", TRUE, "{\"id\":\"A\",\"timestmap\":1}\n", 0, &["A"]),
            case(
                "a misspelled key that is needed",
                TRUE,
                "{\"mesage_id\":\"A\"}\n{\"mesage_id\":\"B\"}\n",
                65,
                &[],
            ),
            case(
                "a missing key",
                SMS,
                "{\"id\":\"A\",\"delivered\":true}\n{\"id\":\"x\"}\n{\"id\":\"B\",\"delivered\":true}\n",
                65,
                &["A", "B"],
            ),
        ],
    );
}

#[test]
fn ids_that_cannot_be_and_ids_that_look_wrong() {
    let longest = "i".repeat(256);
    let sent: &'static [&'static str] = Box::leak(vec![&*longest.clone().leak()].into_boxed_slice());
    assert_cases(
        "input_ids",
        vec![
            case("an empty id", TRUE, "{\"id\":\"A\"}\n{\"id\":\"\"}\n{\"id\":\"B\"}\n", 65, &["A", "B"]),
            case("an empty id in a table", SMS, "id,delivered\nA,true\n,true\nB,true\n", 65, &["A", "B"]),
            case("over 256 bytes", TRUE, format!("{{\"id\":\"A\"}}\n{{\"id\":\"{longest}i\"}}\n"), 65, &["A"]),
            case("256 bytes", TRUE, format!("{{\"id\":\"{longest}\"}}\n"), 0, sent),
            case(
                "white space inside",
                TRUE,
                "{\"id\":\"A\"}\n{\"id\":\"x y\"}\n{\"id\":\"B\"}\n",
                65,
                &["A", "B"],
            ),
            case("white space around", TRUE, "{\"id\":\" A\\t\"}\n{\"id\":\"B\"}\n", 0, &["A", "B"]),
            case("null", TRUE, "{\"id\":null}\n{\"id\":\"B\"}\n", 65, &["B"]),
            case(
                "ids from a program's mistakes",
                TRUE,
                "{\"id\":\"null\"}\n{\"id\":\"undefined\"}\n{\"id\":\"None\"}\n{\"id\":\"NaN\"}\n",
                0,
                &["null", "undefined", "None", "NaN"],
            ),
            case("a number", TRUE, "{\"id\":447700900000}\n{\"id\":\"B\"}\n", 0, &["447700900000", "B"]),
        ],
    );
}

#[test]
fn ids_that_are_an_attack_elsewhere_are_plain_data_here() {
    let ids =
        ["a&delivered=false", "%0d%0a", "../../etc/passwd", "'; DROP TABLE x;--", "a+b=c%26", "ünïcödé-漢字"];
    let sandbox = api::plain();
    let input: String = ids
        .iter()
        .map(|id| format!("{}\n", serde_json::json!({"id": id.replace(' ', "_"), "delivered": true})))
        .collect::<Vec<_>>()
        .concat();
    let ran = Cli::new().against(&sandbox).run_with_input(["batch", "--channel", "sms", "--jobs", "1"], input);
    ran.exits(0);
    let expected: Vec<_> = ids.iter().map(|id| id.replace(' ', "_")).collect();
    assert_eq!(api::ids(&sandbox), expected);
    for request in sandbox.requests() {
        assert_eq!((request.path.as_str(), request.parameter("delivered")), ("/conversions/sms", Some("true")));
    }
}

#[test]
fn values_that_are_not_yes_or_no() {
    assert_cases(
        "input_delivered",
        vec![
            case("all that is taken", SMS, "id,delivered\nA,true\nB,FALSE\nC,1\nD,0\n", 0, &["A", "B", "C", "D"]),
            case("yes", SMS, "id,delivered\nA,true\nx,yes\nB,true\n", 65, &["A", "B"]),
            case("two", SMS, "{\"id\":\"A\",\"delivered\":1}\n{\"id\":\"x\",\"delivered\":2}\n", 65, &["A"]),
            case("an unknown channel", TRUE, "id,channel\nA,sms\nx,fax\nB,voice\n", 65, &["A", "B"]),
        ],
    );
}

#[test]
fn times_in_every_form() {
    let sandbox = api::plain();
    let input = "id,timestamp\n\
                 A,2026-11-20 01:25:26\n\
                 B,2026-11-20T02:25:26+01:00\n\
                 C,1795137926\n\
                 D,1795137926000\n\
                 E,2026-11-20T01:25:26Z\n";
    let ran = Cli::new()
        .against(&sandbox)
        .run_with_input(["batch", "--channel", "sms", "--delivered", "1", "--jobs", "1"], input);
    ran.exits(0);
    let times: Vec<_> =
        sandbox.requests().iter().map(|one| one.parameter("timestamp").unwrap().to_owned()).collect();
    assert_eq!(times, ["2026-11-20 01:25:26"; 5]);
}

#[test]
fn times_that_cannot_be_and_times_that_do_not_count() {
    assert_cases(
        "input_times",
        vec![
            case(
                "impossible",
                TRUE,
                "id,ts\nA,2026-11-20 01:25:26\nx,2026-02-30 00:00:00\nB,2026-11-20 01:25:26\n",
                65,
                &["A", "B"],
            ),
            case("no time at all", TRUE, "id,ts\nx,yesterday\nA,2026-11-20 01:25:26\n", 65, &["A"]),
            case("far ahead", TRUE, "id,ts\nx,2999-01-01 00:00:00\nA,2026-11-20 01:25:26\n", 65, &["A"]),
            case(
                "over 15 minutes old",
                TRUE,
                "id,ts\nA,2026-11-20 01:25:26\nB,2026-11-20 01:25:27\n",
                0,
                &["A", "B"],
            ),
        ],
    );
}

#[test]
fn formats_that_are_not_what_was_said() {
    assert_cases(
        "input_formats",
        vec![
            case("neither", TRUE, "hello there world\n", 65, &[]),
            case("ids without a channel", &["--delivered", "1"], "A\nB\n", 65, &[]),
            case("ids without a value", SMS, "A\nB\n", 65, &[]),
            case(
                "JSON named CSV",
                &["--channel", "sms", "--format", "csv"],
                "{\"id\":\"A\",\"delivered\":true}\n",
                65,
                &[],
            ),
        ],
    );
}

#[test]
fn numbers_out_of_bounds_are_wrong_command_lines() {
    for flags in [
        ["--jobs", "0"],
        ["--jobs=-1", "--json"],
        ["--jobs", "1000000000"],
        ["--jobs", "many"],
        ["--rate", "0/s"],
        ["--rate", "20"],
        ["--rate", "20/fortnight"],
        ["--max-time", "0s"],
        ["--connect-timeout", "0s"],
        ["--max-time", "5"],
        ["--deadline", "soon"],
        ["--max-age", "1"],
        ["--format", "xml"],
        ["--channel", "fax"],
        ["--delivered", "maybe"],
        ["--field", "message-id"],
        ["--field", "colour=x"],
    ] {
        let sandbox = api::plain();
        let ran = Cli::new().against(&sandbox).run_with_input(
            ["batch"].into_iter().chain(flags),
            "{\"id\":\"A\",\"channel\":\"sms\",\"delivered\":true}\n",
        );
        assert_eq!(ran.status, Some(2), "{flags:?}: {}", ran.shown());
        assert_eq!(api::requests(&sandbox), 0, "{flags:?}");
        assert!(ran.stderr.contains(flags[0].split('=').next().unwrap()), "{flags:?}: {}", ran.stderr);
    }
}

#[test]
fn of_several_files_each_line_is_told_by_its_files_name() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    cli.file("here/a.csv", "id,odd\n,1\nA,2\n\n", 0o600);
    cli.file("here/b \u{1b}.csv", "id\nB\nB C\n", 0o600);
    let (a, b) = ("a.csv", "b \u{1b}.csv");
    let batch = ["batch", "--channel", "sms", "--delivered", "true"];
    for option in [&[][..], &["--dry-run"], &["-q"]] {
        let cli = cli.clone().with("XDG_STATE_HOME", cli.path(&format!("state{}", option.concat())));
        let ran = cli.run_with_input(batch.iter().chain(option).chain(&[a, b, "-"]), "id\nD\u{200b}D\n");
        ran.exits(65);
        let said = ran.said();
        for place in ["a.csv:2", r"b \u{1b}.csv:3", "standard input:2"] {
            assert!(ran.stdout.contains(&format!("invalid   {place}  ")), "{place}: {}", ran.shown());
            assert!(
                option == ["--dry-run"] || said.contains(&format!("error: {place}: ")),
                "{place}: {}",
                ran.shown()
            );
        }
        assert!(option == ["-q"] || said.contains("warning: a.csv: `odd` is ignored"), "{}", ran.shown());
        assert!(option == ["-q"] || said.contains("warning: a.csv: 1 blank line skipped"), "{}", ran.shown());
    }
    // The lines for programs are what they were, and so is the text about one file.
    let ran = cli.run(batch.iter().chain(&["--strict", "--json", a, b]));
    let bad: Vec<_> = ran.exits(65).lines().into_iter().filter(|line| line["outcome"] == "invalid").collect();
    assert_eq!(
        bad.iter().map(|line| line["line"].as_u64().unwrap()).collect::<Vec<_>>(),
        [2, 3],
        "{}",
        ran.shown()
    );
    assert!(bad.iter().all(|line| !line.to_string().contains(".csv")), "{}", ran.shown());
    for (files, input) in [(&[a][..], ""), (&[], "id,odd\n,1\n"), (&["-"], "id,odd\n,1\n")] {
        let ran = cli.run_with_input(batch.iter().chain(&["--strict"]).chain(files), input);
        assert!(ran.exits(65).stdout.contains("invalid   line 2  "), "{}", ran.shown());
        ran.remarks(&contains("error: line 2: ").and(contains("warning: `odd` is ignored")));
    }
    cli.file("here/c.log", "{\"event\":\"sent\",\"id\":\"\"}\n", 0o600);
    let ran = cli.run(["track", "--channel", "sms", "c.log", "c.log"]);
    ran.exits(65).remarks(&contains("error: c.log:1: "));
}
