//! What a user sees at a terminal: progress, there and nowhere else; questions whose answers stay unseen; and nothing
//! that acts on the terminal, wherever it comes from.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::api;
use crate::cli::{Cli, Running, mode, wait_until};
use crate::examples::EXAMPLES;
use crate::hostile_text::ATTACK;
use crate::interruptions::{records, slow};
use crate::needs::{Needed, is_here};
use crate::relay::Proxy;
use crate::secrets::forms;

const BATCH: &str = "nexmo-conversion batch --json --channel sms --delivered true --rate 60/s input.ndjson";

/// Runs a line of shell on a terminal of its own; what appeared on it, escape sequences and all, is left in the file `screen`.
fn on_a_terminal(line: &str) -> String {
    format!("TERM=xterm COLUMNS=120 script -qefc '{line}' screen </dev/null >/dev/null 2>&1; echo $? >status")
}

/// Without escape sequences; what a carriage return overwrites is kept.
fn without_sequences(screen: &str) -> String {
    let mut plain = String::new();
    let mut chars = screen.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            let _ = chars.find(char::is_ascii_alphabetic);
        } else {
            plain.push(c);
        }
    }
    plain
}

#[test]
fn a_terminal_shows_progress_and_no_result_line_is_torn() {
    let sandbox = slow(Duration::from_millis(30));
    let cli = Cli::new().against(&sandbox);
    cli.file("here/input.ndjson", records(60), 0o644);
    let ran = cli.shell(&on_a_terminal(&format!("stty cols 120; {BATCH}")));
    assert!(cli.path("here/screen").exists(), "this test needs script(1) of util-linux: {}", ran.shown());
    assert_eq!(std::fs::read_to_string(cli.path("here/status")).unwrap().trim(), "0");
    let screen = std::fs::read_to_string(cli.path("here/screen")).unwrap();
    let plain = without_sequences(&screen);
    assert!(plain.contains(" in flight, ") && plain.contains(" to retry"), "no progress line: {plain:?}");
    assert!(plain.contains(", 100 % converted"), "no conversion rate: {plain:?}");
    assert!(plain.contains("% ") && plain.contains(" left"), "the size is known, and so is the rest: {plain:?}");
    // Each result begins where a line begins (maybe one that was just cleared), is whole, and ends its line.
    let results: Vec<Value> = plain
        .split(['\n', '\r'])
        .filter(|piece| piece.contains("\"v\":1"))
        .map(|piece| serde_json::from_str(piece).unwrap_or_else(|why| panic!("torn ({why}): {piece:?}")))
        .collect();
    assert_eq!(results.len(), 60);
    assert!(
        plain.trim_end().lines().last().is_some_and(|line| !line.contains("in flight")),
        "it is gone at the end"
    );
    assert!(plain.contains("60 accepted, 0 rejected"), "{plain:?}");
}

#[test]
fn the_progress_line_fits_the_terminal_and_leaves_nothing_behind() {
    for columns in [40, 60, 80] {
        let sandbox = slow(Duration::from_millis(20));
        let cli = Cli::new().against(&sandbox);
        cli.file("here/input.ndjson", records(60), 0o644);
        cli.shell(&on_a_terminal(&format!("stty cols {columns}; {BATCH} >results")));
        let screen = std::fs::read_to_string(cli.path("here/screen")).unwrap();
        let plain = without_sequences(&screen);
        let lines: Vec<_> = plain.split(['\n', '\r']).filter(|line| line.contains(" answered")).collect();
        assert!(lines.len() > 3, "{columns}: {plain:?}");
        // `^C` has room behind it, too.
        assert!(lines.iter().all(|line| line.trim_end().chars().count() <= columns - 4), "{columns}: {lines:?}");
        assert!(lines.iter().all(|line| line.contains("% ")), "{lines:?}");
        // Every redraw clears the line; none goes up, as after a line that was wrapped.
        assert!(!screen.contains("\u{1b}[1A") && !screen.contains("\u{1b}[A"), "{screen:?}");
    }
}

/// What stands on a real terminal of this size after a line of shell has run there.
fn on_a_screen_of(columns: usize, cli: &Cli, line: &str) -> String {
    // A server of its own, which is ended below.
    let tmux = "tmux -S \"$HOME/tmux\" -f /dev/null";
    let size = format!("-x {columns} -y 24");
    let script = cli.file("here/on-the-screen", format!("{line}\ntouch ended\n"), 0o600);
    let script = script.display();
    let start = format!("export TERM=xterm-256color; {tmux} new-session -d {size} 'sh {script}; cat'");
    cli.shell(&start).exits(0);
    wait_until("the line of shell has run", || cli.path("here/ended").exists());
    let screen = cli.shell(&format!("{tmux} capture-pane -p; {tmux} kill-server")).stdout;
    std::fs::remove_file(cli.path("here/ended")).unwrap();
    screen
}

#[test]
fn a_result_line_of_the_common_case_is_one_line_on_a_screen_of_80_columns() {
    if !is_here(Needed::Tmux, "result lines on a real terminal") {
        return;
    }
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let ids =
        |first: usize| (0..5).map(|n| format!("0A0000000123A{:04}", first + n)).collect::<Vec<_>>().join(" ");
    for (columns, is_whole) in [(80, false), (120, true)] {
        let line = format!("nexmo-conversion sms {} --delivered --timestamp 20s", ids(columns));
        let screen = on_a_screen_of(columns, &cli, &line);
        let lines: Vec<_> = screen.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.len(), 5 + 2, "five results and a summary: {screen}");
        for line in &lines[..5] {
            assert!(line.starts_with("accepted  sms  0A0000000123A") && line.contains("  200 OK"), "{screen}");
            assert_eq!(line.ends_with("ms") && line.contains(" ago)  200 OK "), is_whole, "{screen}");
        }
    }
    // What goes into a pipe or a file is whole, however narrow the terminal is.
    let line = format!("nexmo-conversion sms {} --delivered --timestamp 20s | tee piped >/dev/null", ids(500));
    on_a_screen_of(80, &cli, &line);
    let piped = std::fs::read_to_string(cli.path("here/piped")).unwrap();
    assert!(piped.lines().count() == 5 && piped.lines().all(|line| line.ends_with("ms")), "{piped}");
}

#[test]
fn a_single_report_that_waits_says_so_and_a_quick_one_does_not() {
    for (answer, says) in [("ok,delay=900ms", true), ("ok", false)] {
        let sandbox = api::always(answer);
        let cli = Cli::new().against(&sandbox);
        for (command, is_said) in [("sms A --delivered", says), ("sms B --delivered -q", false)] {
            cli.shell(&on_a_terminal(&format!("nexmo-conversion {command}")));
            let screen = std::fs::read_to_string(cli.path("here/screen")).unwrap();
            assert_eq!(screen.contains("waiting for the answer"), is_said, "{answer} {command}: {screen:?}");
        }
        let ran = cli.run(["sms", "C", "--delivered"]);
        assert!(ran.exits(0).stderr.is_empty(), "not to a pipe: {}", ran.shown());
    }
}

#[test]
fn with_quiet_there_is_no_progress() {
    let sandbox = slow(Duration::from_millis(30));
    let cli = Cli::new().against(&sandbox);
    cli.file("here/input.ndjson", records(30), 0o644);
    cli.shell(&on_a_terminal(&format!("{BATCH} -q")));
    let screen = std::fs::read_to_string(cli.path("here/screen")).expect("script(1) of util-linux");
    assert!(!screen.contains("in flight") && !screen.contains('\u{1b}'), "{screen:?}");
    assert_eq!(api::requests(&sandbox), 30);
}

#[test]
fn a_pipe_never_sees_progress() {
    let sandbox = slow(Duration::from_millis(30));
    let cli = Cli::new().against(&sandbox);
    cli.file("here/input.ndjson", records(60), 0o644);
    let ran = cli.shell(&format!("TERM=xterm {BATCH}"));
    ran.exits(0);
    assert!(!ran.said().contains(['\u{1b}', '\r']), "{}", ran.shown());
    assert!(!ran.said().contains("in flight"), "{}", ran.shown());
    assert_eq!(ran.lines().len(), 60);
}

#[test]
fn a_stream_is_not_read_from_a_terminal() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    cli.shell(&on_a_terminal("nexmo-conversion batch --channel sms --delivered true"));
    let screen = std::fs::read_to_string(cli.path("here/screen")).expect("script(1) of util-linux");
    assert_eq!(std::fs::read_to_string(cli.path("here/status")).unwrap().trim(), "2", "{screen}");
    assert!(screen.contains("for example: echo"), "{screen}");
    assert_eq!(api::requests(&sandbox), 0);
}

/// What on a screen does more than print: anything but newlines, colours, and what redraws a line.
fn acts(screen: &[u8]) -> Option<String> {
    let Ok(text) = str::from_utf8(screen) else {
        return Some("bytes that are no text".to_owned());
    };
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == '\u{1b}' {
            let sequence: String = rest.by_ref().take(1).collect::<String>() + &up_to_a_letter(&mut rest);
            let harmless = sequence.starts_with('[') && sequence.ends_with(['m', 'K', 'A', 'B', 'C', 'D', 'G']);
            if !harmless {
                return Some(sequence);
            }
        } else if (c.is_control() && !matches!(c, '\n' | '\r'))
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            return Some(c.escape_debug().to_string());
        }
    }
    None
}

fn up_to_a_letter(chars: &mut impl Iterator<Item = char>) -> String {
    let mut sequence = String::new();
    while !sequence.ends_with(|c: char| c.is_ascii_alphabetic())
        && let Some(c) = chars.next()
    {
        sequence.push(c);
    }
    sequence
}

/// What appears on a terminal when this line of shell runs there.
fn screen_of(cli: &Cli, line: &str) -> Vec<u8> {
    cli.shell(&on_a_terminal(line));
    let screen = cli.path("here/screen");
    let shown =
        std::fs::read(&screen).unwrap_or_else(|why| panic!("this test needs script(1) of util-linux: {why}"));
    std::fs::remove_file(screen).unwrap();
    shown
}

#[test]
fn nothing_raw_reaches_a_terminal_from_any_command() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox).with("ATTACK", ATTACK);
    let hostile = |name: &str| cli.path(&format!("{name} {ATTACK}"));
    let folders = ["config", "state", "tmp"].map(hostile);
    std::fs::create_dir_all(&folders[2]).unwrap();
    let [config, state, tmp] = folders;
    let cli = cli.with("XDG_CONFIG_HOME", config).with("XDG_STATE_HOME", state).with("TMPDIR", tmp);
    // The control: what acts is seen to.
    for raw in ["printf %s \"$ATTACK\"", "printf \"\\\\377\"", "printf \"\\\\033[2J\""] {
        assert!(acts(&screen_of(&cli, raw)).is_some(), "{raw}");
    }
    let mut lines: Vec<String> = Vec::new();
    for example in EXAMPLES {
        cli.file(&format!("here/{}", example.name), example.input, 0o600);
        let words: Vec<_> = example.arguments().iter().map(|word| word.to_str().unwrap().to_owned()).collect();
        for loudness in ["", "-v", "--color=never", "--json"] {
            lines.push(format!("nexmo-conversion {} {loudness} <\"{}\"", words.join(" "), example.name));
        }
    }
    let attacks = ATTACK.replace('\\', "\\\\");
    let json = serde_json::to_string(ATTACK).unwrap();
    let mut records = format!("id,delivered\n{attacks},true\nA,{attacks}\n\"A,true\n").into_bytes();
    records.extend(b"\xff\x9b\x1b[2J,true\n");
    cli.file("here/hostile.csv", &records, 0o600);
    cli.file(&format!("here/{ATTACK}.csv"), &records, 0o600);
    cli.file("here/column.csv", format!("id,{attacks}\nA,true\n"), 0o600);
    let line = |n: usize| format!("{{\"id\":{json},\"ref\":{json},{json}:1,\"n\":{n},\"delivered\":\"{n}\"}}\n");
    cli.file("here/hostile.ndjson", (0..20).map(line).collect::<Vec<_>>().concat(), 0o600);
    let batch = "nexmo-conversion batch --channel sms --rate 60/s";
    lines.extend(
        [
            "nexmo-conversion sms \"$ATTACK\" A --delivered",
            "nexmo-conversion sms \"$ATTACK\" A --delivered -v --json",
            "nexmo-conversion sms \"$ATTACK\" A --delivered --dry-run",
            "nexmo-conversion sms A --delivered -p \"$ATTACK\"",
            "nexmo-conversion sms A --delivered --cacert \"$ATTACK\"",
            "nexmo-conversion sms A --delivered --ledger \"$ATTACK/x\" -v",
            "nexmo-conversion ledger status --ledger \"$ATTACK\"",
            "nexmo-conversion config path --config \"$ATTACK\"",
            "nexmo-conversion \"$ATTACK\"",
            "nexmo-conversion sandbox --tls --ca-file \"$ATTACK\" --stop-after 50ms",
            "nexmo-conversion sandbox --tls --stop-after 50ms",
        ]
        .map(str::to_owned),
    );
    for file in ["hostile.csv", "$ATTACK.csv", "column.csv", "hostile.ndjson", "no $ATTACK"] {
        for loudness in ["", "-v", "--json", "--dry-run"] {
            lines.push(format!("{batch} {loudness} \"{file}\""));
        }
    }
    lines.push("nexmo-conversion ledger refused".to_owned());
    let (mut said, mut quoted) = (0, 0);
    for line in lines {
        let screen = screen_of(&cli, &line);
        assert_eq!(acts(&screen), None, "{line}: {}", screen.escape_ascii());
        let screen = String::from_utf8(screen).unwrap();
        said += usize::from(screen.lines().count() > 3);
        quoted += usize::from(screen.contains("u{1b}") || screen.contains("u001b"));
    }
    assert!(said > 60 && quoted > 30, "{said} said something, {quoted} of them something of what was hostile");
}

#[test]
fn what_a_server_says_does_not_reach_a_terminal_either() {
    for status in [200, 302, 401, 420, 500] {
        let server = Proxy::answering(format!(
            "HTTP/1.1 {status} Some\u{9b}thing\r\nLocation: https://evil.example/x\r\nContent-Length: {}\r\nConnection: \
             close\r\n\r\n{ATTACK}",
            ATTACK.len()
        ));
        let sandbox = api::plain();
        let cli =
            Cli::new().against(&sandbox).with("NEXMO_CONVERSION_BASE_URL", format!("http://{}", server.address()));
        for command in ["sms A --delivered --retry 0 -v", "sms B --delivered --retry 0 --json", "check -v"] {
            let screen = screen_of(&cli, &format!("nexmo-conversion {command}"));
            assert_eq!(acts(&screen), None, "{command}: {}", screen.escape_ascii());
        }
        assert!(server.heads().len() >= 3, "it was asked");
    }
}

/// A line of shell on a terminal, with a user typing.
fn typed_at<'s>(cli: &Cli<'s>, line: &str) -> Running<'s> {
    cli.shell("true");
    let line = format!("PATH=\"$HOME/bin:$PATH\" TERM=xterm script -qefc '{line}' screen");
    let mut command = cli.command("sh", &["-c".into(), line.into()]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    cli.spawn(command)
}

#[track_caller]
fn wait_for(cli: &Cli, text: &str) {
    wait_until(&format!("the screen shows {text:?}"), || {
        std::fs::read_to_string(cli.path("here/screen")).is_ok_and(|screen| screen.contains(text))
    });
}

#[test]
fn what_cannot_be_had_back_is_asked_for_on_a_terminal_and_nowhere_else() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    cli.run(["sms", "A", "--delivered"]).exits(0);
    let forget = "nexmo-conversion ledger forget settled --older-than 0s";
    let rows = || cli.run(["ledger", "status", "--json"]).exits(0).lines().len();
    for answer in ["\n", "n\n", "yesterday\n"] {
        let mut run = typed_at(&cli, &format!("{forget}; echo done"));
        wait_for(&cli, "older than 0s? After that the same input would be sent again. [y/N] ");
        run.write(answer);
        wait_for(&cli, "done");
        run.finish();
        let screen = std::fs::read_to_string(cli.path("here/screen")).unwrap();
        assert!(screen.contains("nothing was removed") && rows() == 1, "{answer:?}: {screen:?}");
    }
    let mut run = typed_at(&cli, &format!("{forget}; echo done"));
    wait_for(&cli, "[y/N] ");
    run.write("Y\n");
    wait_for(&cli, "1 row removed");
    run.finish();
    assert_eq!(rows(), 0);
    for no_question in [format!("{forget} --yes"), format!("{forget} -y"), format!("{forget} --no-input")] {
        cli.run(["sms", "A", "--delivered"]).exits(0);
        cli.shell(&on_a_terminal(&no_question));
        let screen = std::fs::read_to_string(cli.path("here/screen")).unwrap();
        assert!(!screen.contains("[y/N]") && rows() == 0, "{no_question}: {screen:?}");
    }
    cli.run(["sms", "A", "--delivered"]).exits(0);
    let scripted = cli.run_with_input(["ledger", "forget", "settled", "--older-than", "0s"], "n\n");
    assert!(scripted.exits(0).said() == "1 row removed\n" && rows() == 0, "{}", scripted.shown());
}

const KEPT: &str = "stty -a | tr \" ;\" \"\\\\n\\\\n\" | grep -E \"^-?(isig|icanon|echo)$\" | tr \"\\\\n\" \" \"; echo; echo done";

#[test]
fn a_secret_that_is_typed_is_not_seen() {
    let cli = Cli::new();
    let mut run = typed_at(&cli, &format!("nexmo-conversion config init; {KEPT}"));
    wait_for(&cli, "api_key: ");
    run.write(format!("{}\n", api::KEY));
    wait_for(&cli, "(not shown): ");
    run.write(format!("{}\n", api::SECRET));
    wait_for(&cli, "done");
    run.finish();
    let screen = std::fs::read_to_string(cli.path("here/screen")).unwrap();
    assert!(screen.contains(&format!("api_key: {}", api::KEY)), "what is no secret is seen: {screen:?}");
    for form in forms(api::SECRET) {
        assert!(!screen.contains(&form), "{screen:?}");
    }
    assert!(screen.contains("isig icanon echo "), "the terminal is as it was: {screen:?}");
    let file = cli.path(".config/nexmo-conversion/config.toml");
    assert_eq!(mode(&file), 0o600);
    assert!(std::fs::read_to_string(file).unwrap().contains(&format!("{:?}", api::SECRET)));
}

#[test]
fn what_is_not_usable_is_asked_for_again() {
    let cli = Cli::new().configured("# mine\n[profiles.a]\napi_key = \"efgh5678\"\napi_secret = \"x\"\n");
    let mut run = typed_at(&cli, "nexmo-conversion config init -p b; echo status $?");
    wait_for(&cli, "api_key: ");
    run.write("no key\n");
    wait_for(&cli, "not usable");
    run.write(format!("{}\n", api::KEY));
    wait_for(&cli, "(not shown): ");
    run.write("\n");
    wait_for(&cli, "is empty");
    run.write(format!("{}\n", api::SECRET));
    wait_for(&cli, "status 0");
    run.finish();
    let file = std::fs::read_to_string(cli.path(".config/nexmo-conversion/config.toml")).unwrap();
    assert!(file.contains("# mine\n") && file.contains("[profiles.a]") && file.contains("[profiles.b]"), "{file}");
    let screen = cli.path("here/screen");
    std::fs::remove_file(&screen).unwrap();
    cli.shell(&on_a_terminal("nexmo-conversion config init -p c --no-input"));
    let screen = std::fs::read_to_string(screen).unwrap();
    assert!(screen.contains("the api_key is missing") && !screen.contains("api_key: "), "{screen:?}");
    assert_eq!(std::fs::read_to_string(cli.path("here/status")).unwrap().trim(), "2");
}

#[test]
fn after_an_interrupt_at_the_prompt_the_terminal_works() {
    let cli = Cli::new();
    let init = "nexmo-conversion config init --api-key abcd1234";
    let mut run = typed_at(&cli, &format!("trap : INT; {init}; echo status $?; {KEPT}"));
    wait_for(&cli, "(not shown): ");
    run.write("half of it");
    run.write("\u{3}");
    wait_for(&cli, "done");
    run.finish();
    let screen = std::fs::read_to_string(cli.path("here/screen")).unwrap();
    assert!(screen.contains("status 130"), "{screen:?}");
    assert!(screen.contains("isig icanon echo "), "{screen:?}");
    assert!(!screen.contains("half of it") && !cli.path(".config/nexmo-conversion/config.toml").exists());
}
