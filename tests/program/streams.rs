//! Streams of conversions: every format in, one result line out, each as soon as its record is there.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::Stdio;

use nexmo_conversion::sandbox::{LoggedRequest, Sandbox};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::api;
use crate::cli::{Cli, Ran};

/// Long enough ago to differ from now, and the same whatever the format.
const WHEN: &str = "2026-11-20 01:25:26";

/// What the sandbox received, in the order of the requests: path, id, delivered, timestamp.
fn received(sandbox: &Sandbox) -> Vec<[String; 4]> {
    let fields = |request: &LoggedRequest| {
        let parameter = |name| request.parameter(name).unwrap_or_default().to_owned();
        [request.path.clone(), parameter("message-id"), parameter("delivered"), parameter("timestamp")]
    };
    sandbox.requests().iter().map(fields).collect()
}

fn sms(id: &str, delivered: &str) -> [String; 4] {
    ["/conversions/sms", id, delivered, WHEN].map(str::to_owned)
}

fn voice(id: &str, delivered: &str) -> [String; 4] {
    ["/conversions/voice", id, delivered, WHEN].map(str::to_owned)
}

/// One after the other, so that the order of requests is that of the records.
fn batch<'a>(arguments: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    ["batch", "--json", "--jobs", "1"].into_iter().chain(arguments.iter().copied())
}

fn outcomes(ran: &Ran) -> Vec<(u64, String)> {
    let outcome = |line: &Value| (line["line"].as_u64().unwrap(), line["outcome"].as_str().unwrap().to_owned());
    let mut outcomes: Vec<_> = ran.lines().iter().map(outcome).collect();
    outcomes.sort();
    outcomes
}

#[test]
fn every_format_says_the_same_named_or_found_out() {
    for (format, input) in [
        (
            "ndjson",
            format!(
                "{{\"message_id\":\"A\",\"channel\":\"sms\",\"delivered\":true,\"timestamp\":\"{WHEN}\"}}\n\
                 {{\"message_id\":\"B\",\"channel\":\"voice\",\"delivered\":false,\"timestamp\":\"{WHEN}\"}}\n"
            ),
        ),
        ("csv", format!("message_id,channel,delivered,timestamp\nA,sms,true,{WHEN}\nB,voice,0,\"{WHEN}\"\n")),
        ("csv", format!("message_id;channel;delivered;timestamp\nA;sms;true;{WHEN}\nB;voice;0;{WHEN}\n")),
        (
            "tsv",
            format!("message_id\tchannel\tdelivered\ttimestamp\nA\tsms\tTRUE\t{WHEN}\nB\tvoice\tFalse\t{WHEN}\n"),
        ),
    ] {
        for format in ["auto", format] {
            let sandbox = api::plain();
            let ran = Cli::new().against(&sandbox).run_with_input(batch(&["--format", format]), input.as_str());
            ran.exits(0);
            assert_eq!(received(&sandbox), [sms("A", "true"), voice("B", "false")], "{format}: {input}");
        }
    }
}

#[test]
fn plain_ids_take_what_the_options_say() {
    for (options, input) in [
        (&["--format", "ids"][..], "A\nB\r\n  C  \n"),
        (&[], "A\nB\nC"),
        (&["-0", "--format", "ids"], "A\0B\0C\0"),
        (&["-0"], "A\0B\0C"),
    ] {
        let sandbox = api::plain();
        let all = ["--channel", "voice", "--delivered", "false"];
        let ran = Cli::new().against(&sandbox).run_with_input(batch(&all).chain(options.iter().copied()), input);
        ran.exits(0);
        let received: Vec<_> =
            received(&sandbox).into_iter().map(|[path, id, delivered, _]| (path, id, delivered)).collect();
        let expected =
            ["A", "B", "C"].map(|id| ("/conversions/voice".to_owned(), id.to_owned(), "false".to_owned()));
        assert_eq!(received, expected, "{options:?} {input:?}");
    }
}

#[test]
fn a_null_ended_stream_may_hold_json_too() {
    let sandbox = api::plain();
    let input = "{\"id\":\"A\",\"type\":\"sms\",\"delivered\":1,\"ts\":\"2026-11-20T01:25:26Z\"}\0";
    Cli::new().against(&sandbox).run_with_input(batch(&["-0"]), input).exits(0);
    assert_eq!(received(&sandbox), [sms("A", "true")]);
}

#[test]
fn every_alias_is_read() {
    let ids = ["message_id", "message-id", "messageId", "id", "call_id", "call-id", "event_id"];
    let times = ["timestamp", "ts", "time"];
    let channels = ["channel", "type"];
    let mut json_lines = String::new();
    let mut expected = Vec::new();
    for (n, id) in ids.iter().enumerate() {
        let (time, channel) = (times[n % times.len()], channels[n % channels.len()]);
        let record = json!({*id: format!("N{n}"), time: WHEN, channel: "sms", "delivered": true});
        json_lines.push_str(&record.to_string());
        json_lines.push('\n');
        expected.push(sms(&format!("N{n}"), "true"));
        let sandbox = api::plain();
        let table = format!("{id},{time},{channel},delivered\nT,{WHEN},sms,true\n");
        Cli::new().against(&sandbox).run_with_input(batch(&[]), table).exits(0);
        assert_eq!(received(&sandbox), [sms("T", "true")], "{id} {time} {channel}");
    }
    let sandbox = api::plain();
    Cli::new().against(&sandbox).run_with_input(batch(&[]), json_lines).exits(0);
    assert_eq!(received(&sandbox), expected);
}

#[test]
fn a_field_is_found_where_it_is_said_to_be() {
    let sandbox = api::plain();
    let fields = ["--field", "message-id=otp.id", "--field", "timestamp=otp.used_at", "--field", "delivered=ok"];
    let record = json!({"otp": {"id": "A", "used_at": WHEN}, "ok": true, "channel": "sms", "id": "not this one"});
    let ran = Cli::new().against(&sandbox).run_with_input(batch(&fields), format!("{record}\n"));
    ran.exits(0);
    assert_eq!(received(&sandbox), [sms("A", "true")]);
    let sandbox = api::plain();
    let fields = ["--field", "message-id=SMS number", "--field", "timestamp=When", "--channel", "sms"];
    let table = format!("SMS number,When,delivered\nA,{WHEN},true\n");
    Cli::new().against(&sandbox).run_with_input(batch(&fields), table).exits(0);
    assert_eq!(received(&sandbox), [sms("A", "true")]);
}

#[test]
fn defaults_hold_only_for_records_that_do_not_say() {
    let sandbox = api::plain();
    let input = format!(
        "{{\"id\":\"A\",\"timestamp\":\"{WHEN}\"}}\n\
         {{\"id\":\"B\",\"timestamp\":\"{WHEN}\",\"channel\":\"sms\",\"delivered\":true}}\n\
         {{\"id\":\"C\",\"timestamp\":\"{WHEN}\",\"channel\":null,\"delivered\":null}}\n"
    );
    let ran =
        Cli::new().against(&sandbox).run_with_input(batch(&["--channel", "voice", "--delivered", "false"]), input);
    ran.exits(0);
    assert_eq!(received(&sandbox), [voice("A", "false"), sms("B", "true"), voice("C", "false")]);
}

#[test]
fn files_and_standard_input_are_one_stream_in_the_order_in_which_they_are_named() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    cli.file("here/first.csv", format!("id,delivered,timestamp\nA,true,{WHEN}\n"), 0o644);
    cli.file("here/last.tsv", format!("id\tdelivered\ttimestamp\nC\tfalse\t{WHEN}\n"), 0o644);
    let between = format!("{{\"id\":\"B\",\"delivered\":true,\"timestamp\":\"{WHEN}\"}}");
    let ran = cli.run_with_input(batch(&["--channel", "sms", "first.csv", "-", "last.tsv"]), between);
    ran.exits(0);
    assert_eq!(received(&sandbox), [sms("A", "true"), sms("B", "true"), sms("C", "false")]);
}

#[test]
fn a_file_that_is_not_there_costs_no_request() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    cli.file("here/there.csv", "id,delivered\nA,true\n", 0o644);
    let ran = cli.run(["batch", "--channel", "sms", "there.csv", "missing.csv"]);
    ran.exits(66);
    assert_eq!(api::requests(&sandbox), 0);
    cli.run(["batch", "--channel", "sms", "."]).exits(66);
    assert_eq!(api::requests(&sandbox), 0);
}

#[test]
fn nothing_in_is_nothing_out() {
    for input in ["", "\n", "\n\r\n   \n", "id,delivered\n"] {
        let sandbox = api::plain();
        let ran = Cli::new().against(&sandbox).run_with_input(batch(&["--channel", "sms"]), input);
        ran.exits(0);
        assert_eq!(ran.stdout, "", "{input:?}");
        assert_eq!(api::requests(&sandbox), 0, "{input:?}");
        assert_eq!(sandbox.counts().connections, 0, "{input:?}");
    }
}

#[test]
fn a_record_is_answered_before_the_next_one_is_written() {
    for flags in [&["--json"][..], &[], &["--json", "--no-ledger"], &["--jobs", "1"]] {
        let sandbox = api::plain();
        let cli = Cli::new().against(&sandbox);
        let mut run =
            cli.start_with_pipe(["batch", "--channel", "sms", "--delivered", "true"].iter().chain(flags));
        for n in 0..20 {
            run.write(format!("{{\"id\":\"N{n:02}\"}}\n"));
            let line = run.next_line();
            assert!(line.contains(&format!("N{n:02}")) && line.contains("accepted"), "{flags:?}: {line}");
            assert_eq!(api::requests(&sandbox), n + 1, "{flags:?}");
        }
        run.close_stdin();
        let (status, rest, stderr) = run.finish();
        assert_eq!((status, rest.as_str()), (Some(0), ""), "{stderr}");
    }
}

#[test]
fn tables_ids_and_bad_records_are_answered_as_promptly() {
    let sandbox = api::plain();
    let mut run = Cli::new().against(&sandbox).start_with_pipe(["batch", "--channel", "sms", "--json"]);
    run.write("id,delivered\n");
    for n in 0..5 {
        run.write(format!("N{n},true\n"));
        assert!(run.next_line().contains("\"accepted\""));
        run.write(format!("N{n},perhaps\n"));
        assert!(run.next_line().contains("\"invalid\""));
    }
    assert_eq!(run.finish().0, Some(65));
    assert_eq!(api::requests(&sandbox), 5);
    let sandbox = api::plain();
    let ids = ["batch", "--format", "ids", "--channel", "sms", "--delivered", "true", "--json"];
    let mut run = Cli::new().against(&sandbox).start_with_pipe(ids);
    for n in 0..5 {
        run.write(format!("N{n}\n"));
        assert!(run.next_line().contains(&format!("N{n}")));
    }
    assert_eq!(run.finish().0, Some(0));
    assert_eq!(api::ids(&sandbox), ["N0", "N1", "N2", "N3", "N4"]);
}

#[test]
fn a_result_line_is_a_record_again_and_only_what_failed_is_sent() {
    for ledger in [&[][..], &["--no-ledger"]] {
        let sandbox = api::answering(&["ok", "500", "420", "500", "ok"]);
        let cli = Cli::new().against(&sandbox);
        let input: String = ["A", "B", "C", "D", "E"]
            .iter()
            .map(|id| {
                format!("{{\"id\":\"{id}\",\"ref\":\"r-{id}\",\"delivered\":true,\"timestamp\":\"{WHEN}\"}}\n")
            })
            .collect::<Vec<_>>()
            .concat();
        let first =
            cli.run_with_input(batch(&["--channel", "sms", "--retry", "0"]).chain(ledger.iter().copied()), input);
        first.exits(75);
        assert_eq!(api::requests(&sandbox), 5);
        let failed: String = first
            .stdout
            .lines()
            .filter(|line| line.contains("\"retry\""))
            .map(|line| line.to_owned() + "\n")
            .collect();
        let again = cli.run_with_input(batch(ledger), failed);
        again.exits(0);
        assert_eq!(received(&sandbox)[5..], [sms("B", "true"), sms("D", "true")], "{ledger:?}");
        let references: Vec<_> = again.lines().iter().map(|line| line["ref"].clone()).collect();
        assert_eq!(references, ["r-B", "r-D"]);
        // All of them again: without a ledger it is unknown what was sent; with one, nothing is sent.
        let all = cli.run_with_input(batch(ledger), first.stdout.clone());
        let more = if ledger.is_empty() { 0 } else { 5 };
        assert_eq!(api::requests(&sandbox), 7 + more, "{}", all.shown());
        assert_eq!(all.lines().len(), 5);
    }
}

#[test]
fn a_record_without_a_time_is_the_same_conversion_when_its_result_line_comes_back() {
    let sandbox = api::always("503");
    let cli = Cli::new().against(&sandbox);
    let ids: String = (0..10).map(|n| format!("N{n}\n")).collect::<Vec<_>>().concat();
    let ids_of = ["--format", "ids", "--channel", "sms", "--delivered", "true", "--retry", "0"];
    let first = cli.run_with_input(batch(&ids_of), ids);
    first.exits(75);
    sandbox.mend();
    let again = cli.run_with_input(batch(&[]), first.stdout.clone());
    again.exits(0);
    assert_eq!(again.lines().len(), 10);
    assert_eq!(api::requests(&sandbox), 10, "each once: {}", again.shown());
    let third = cli.run_with_input(batch(&[]), again.stdout.clone());
    assert!(
        third.exits(0).lines().iter().all(|line| line["error"]["code"] == "already_accepted"),
        "{}",
        third.shown()
    );
    cli.run(["ledger", "resume"]).exits(0);
    assert_eq!(api::requests(&sandbox), 10);
}

#[test]
fn every_record_gets_one_line_whatever_comes_of_it() {
    for (answer, status, outcome) in [
        ("ok", 0, "accepted"),
        ("420", 65, "rejected"),
        ("503", 75, "retry"),
        // Late enough for all of the input to be read before it.
        ("401,delay=300ms", 77, "retry"),
        ("302,delay=300ms", 78, "retry"),
    ] {
        let sandbox = api::always(answer);
        let input: String =
            (0..50).map(|n| format!("{{\"id\":\"N{n}\",\"delivered\":true}}\n")).collect::<Vec<_>>().concat();
        let ran = Cli::new()
            .against(&sandbox)
            .run_with_input(["batch", "--json", "--channel", "sms", "--retry", "0"], input);
        ran.exits(status);
        let expected: Vec<_> = (1..=50).map(|line| (line, outcome.to_owned())).collect();
        assert_eq!(outcomes(&ran), expected, "{answer}");
        let stops = answer.ends_with("delay=300ms");
        assert_eq!(api::requests(&sandbox), if stops { 1 } else { 50 }, "{answer}");
        let reached: Vec<_> = ran
            .lines()
            .iter()
            .filter(|line| line["error"]["reached_server"] == true)
            .map(|line| line["line"].clone())
            .collect();
        assert_eq!(
            reached.len(),
            match answer {
                "ok" => 0,
                _ if stops => 1,
                _ => 50,
            },
            "{answer}"
        );
    }
}

#[test]
fn standard_input_that_is_closed_is_empty() {
    let sandbox = api::plain();
    let ran = Cli::new().against(&sandbox).shell("nexmo-conversion batch --channel sms --delivered true <&-");
    ran.exits(0);
    assert_eq!((ran.stdout.as_str(), api::requests(&sandbox)), ("", 0));
}

#[test]
fn a_file_that_grows_is_followed() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let log = cli.file("here/app.log", "{\"id\":\"A\"}\n", 0o644);
    let line =
        "tail -n +1 -s 0.05 -F app.log 2>/dev/null | nexmo-conversion batch --json --channel sms --delivered true";
    let line = format!("PATH=\"$HOME/bin:$PATH\"\n{line}");
    cli.shell("true");
    let mut command = cli.command("sh", &["-c".into(), line.into()]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.process_group(0);
    let mut run = cli.spawn(command);
    assert!(run.next_line().contains("\"A\""));
    let mut file = OpenOptions::new().append(true).open(log).unwrap();
    file.write_all(b"{\"id\":\"B\"}\n").unwrap();
    assert!(run.next_line().contains("\"B\""));
    run.signal_group(Signal::TERM);
    assert_eq!(api::ids(&sandbox), ["A", "B"]);
}
