//! One secret, put wherever a secret can be, and everything the program says searched for it: at every loudness, through
//! success and every kind of failure, in every form in which it could get out.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::api;
use crate::cli::{Cli, Ran};
use crate::examples::EXAMPLES;
use crate::interruptions::records;
use crate::relay::{Proxy, closed_port};
use crate::sources::{Keep, SOURCES, profile};
use crate::together::together;

/// No other text of the program or of a test has this in it, and it stays as it is in every encoding but base64.
const CORE: &str = "Zq7Odd";

/// The forms in which a secret could be shown.
pub(crate) fn forms(secret: &str) -> Vec<String> {
    let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut forms = vec![
        CORE.to_owned(),
        secret.to_owned(),
        form.replace('+', "%20"),
        form.to_lowercase(),
        form,
        serde_json::to_string(secret).unwrap(),
        format!("{secret:?}"),
        secret.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")),
    ];
    // Base64 of it alone, and behind a prefix of any length: what stands in the middle does not depend on its ends.
    for before in ["", "a", "ab", "abcd1234:", "user:", "x:"] {
        let encoded = STANDARD.encode(format!("{before}{secret}"));
        forms.push(encoded[16..encoded.len() - 4].to_owned());
    }
    forms
}

#[track_caller]
fn tells_nothing(ran: &Ran) {
    let said = ran.said();
    for form in forms(api::SECRET) {
        assert!(!said.contains(&form), "{form} in the output of {}", ran.shown());
    }
}

#[test]
fn the_search_would_find_it() {
    let shows = |text: String| forms(api::SECRET).iter().any(|form| text.contains(form));
    assert!(shows(format!("error: {}", api::SECRET)));
    assert!(shows(format!(
        "https://h/?api_secret={}",
        form_urlencoded::byte_serialize(api::SECRET.as_bytes()).collect::<String>()
    )));
    assert!(shows(STANDARD.encode(api::SECRET)));
    assert!(shows(STANDARD.encode(format!("{}:{}", api::KEY, api::SECRET))));
    assert!(shows(format!("{:?}", api::SECRET)));
    assert!(!shows("error: the secret is empty ********".to_owned()));
    // And through the program itself: what it is asked to print, it prints.
    let ran = Cli::new().against(&api::plain()).run(["sms", "--delivered", "--json", "--message-id", api::SECRET]);
    assert!(shows(ran.said()), "{}", ran.shown());
}

/// Every way of sending it.
pub(crate) const MODES: &[(&str, Keep)] = &[
    ("form", |cli| pair(cli)),
    ("basic", |cli| pair(cli).with("NEXMO_CONVERSION_AUTH", "basic")),
    ("query", |cli| pair(cli).with("NEXMO_CONVERSION_AUTH", "query")),
    ("signature", |cli| cli.with("VONAGE_API_KEY", api::KEY).with("VONAGE_SIGNATURE_SECRET", api::SECRET)),
    ("signature_secret", |cli| {
        let lines =
            format!("auth = \"signature\"\nsignature_method = \"sha512\"\nsignature_secret = {:?}", api::SECRET);
        cli.configured(&profile(&lines))
    }),
];

fn pair(cli: Cli) -> Cli {
    cli.with("VONAGE_API_KEY", api::KEY).with("VONAGE_API_SECRET", api::SECRET)
}

const LOUDNESS: [&[&str]; 5] = [&[], &["-q"], &["-v"], &["--json", "-v"], &["--color", "always", "-v"]];

#[test]
fn no_command_tells_the_secret_at_any_loudness() {
    let sandbox = api::plain();
    for (way, keep) in MODES.iter().chain(SOURCES) {
        let cli = keep(Cli::new().at(&sandbox).with("RUST_LOG", "trace").with("RUST_BACKTRACE", "full"));
        for loudness in LOUDNESS {
            for command in [
                &["sms", "A", "B", "--delivered", "--no-ledger"][..],
                &["sms", "A", "B", "--delivered"],
                &["ledger", "status"],
                &["report", "--since", "1h"],
                &["voice", "A", "--delivered=false", "--dry-run"],
                &["config", "show"],
                &["check"],
            ] {
                let ran = cli.run(command.iter().chain(loudness));
                assert!(matches!(ran.status, Some(0 | 77)), "{way}: {}", ran.shown());
                tells_nothing(&ran);
            }
        }
    }
    assert!(sandbox.counts().accepted > 20, "most of these must have worked: {:?}", sandbox.counts());
}

#[test]
fn nor_does_any_other() {
    let sandbox = api::plain();
    for (way, keep) in MODES {
        let cli = keep(Cli::new().at(&sandbox).with("RUST_LOG", "trace"));
        cli.file("here/secret", format!("{}\n", api::SECRET), 0o600);
        for example in EXAMPLES {
            for loudness in [&["-q"][..], &["-v"], &["-v", "-v"], &["-vv", "--json"], &["--help"]] {
                let mut words = example.arguments();
                words.extend(loudness.iter().map(Into::into));
                if example.name == "sandbox" {
                    words.extend(["--api-secret-file", "secret", "--log", "-"].map(Into::into));
                }
                let ran = cli.run_with_input(words, example.input);
                assert!(ran.status.is_some_and(|status| status != 70), "{way}: {}", ran.shown());
                tells_nothing(&ran);
            }
        }
    }
    assert!(sandbox.counts().accepted > 5, "most of these must have worked: {:?}", sandbox.counts());
}

#[test]
fn no_failure_tells_the_secret() {
    for answer in [
        "401",
        "402",
        "420",
        "429",
        "500",
        "302,location=https://elsewhere.example/?a=b",
        "portal",
        "404",
        "204",
        "reset",
        "close",
        "half-status",
        "half-headers",
        "truncated",
        "garbage",
        "endless-headers",
    ] {
        let sandbox = api::always(answer);
        for (_, keep) in MODES {
            for loudness in [&["-v"][..], &["--json", "-v"]] {
                let cli = keep(Cli::new().at(&sandbox));
                tells_nothing(
                    &cli.run(
                        ["sms", "A", "--delivered", "--retry", "0", "--max-time", "2s"].iter().chain(loudness),
                    ),
                );
            }
        }
        assert!(api::requests(&sandbox) >= 10, "{answer}");
    }
}

#[test]
fn a_server_that_repeats_the_secret_is_not_quoted() {
    let form: String = form_urlencoded::byte_serialize(api::SECRET.as_bytes()).collect();
    for status in ["401", "402", "420", "500", "200", "302", "404"] {
        let server = Proxy::answering(format!(
            "HTTP/1.1 {status} {s}\r\nLocation: https://h.example/?api_secret={form}\r\nContent-Type: text/html\r\nConnection: \
             close\r\n\r\n<html>{s} {form}",
            s = api::SECRET
        ));
        let url = format!("http://{}", server.address());
        for command in [&["sms", "A", "--delivered", "--retry", "0"][..], &["check"]] {
            for loudness in LOUDNESS {
                tells_nothing(
                    &pair(Cli::new())
                        .run(command.iter().copied().chain(["--base-url", &url]).chain(loudness.iter().copied())),
                );
            }
        }
        assert!(!server.heads().is_empty());
    }
}

#[test]
fn failures_before_anything_is_sent_do_not_tell_the_secret() {
    let closed = closed_port();
    let with_password = format!("http://user:{CORE}{CORE}@{closed}");
    let bad_proxy = format!("http://user:{}@:99999", api::SECRET);
    let in_url = format!("https://user:{CORE}{CORE}@api.example.org");
    let in_query = format!("https://api.example.org/?api_secret={CORE}{CORE}");
    for flags in [
        &["--proxy", with_password.as_str(), "--base-url", "https://api.example.org"][..],
        &["--proxy", &bad_proxy],
        &["--base-url", &in_url],
        &["--base-url", &in_query],
        &["--cacert", "missing.pem"],
        &["--profile", "nobody"],
        &["--config", "missing.toml"],
    ] {
        for loudness in LOUDNESS {
            for command in
                [&["sms", "A", "--delivered", "--retry", "0"][..], &["check", "--retry", "0"], &["config", "show"]]
            {
                let ran = pair(Cli::new()).run(command.iter().chain(flags).chain(loudness));
                tells_nothing(&ran);
            }
        }
    }
    for name in ["https_proxy", "ALL_PROXY", "NEXMO_CONVERSION_PROXY", "NEXMO_CONVERSION_BASE_URL"] {
        for value in [&with_password, &bad_proxy, &in_url] {
            for command in [
                &["sms", "A", "--delivered", "--retry", "0", "-v"][..],
                &["check", "-v"],
                &["config", "show", "-v"],
            ] {
                let cli =
                    pair(Cli::new()).with("NEXMO_CONVERSION_BASE_URL", "https://127.0.0.1:9").with(name, value);
                tells_nothing(&cli.run(command));
            }
        }
    }
}

#[test]
fn wrong_configurations_do_not_tell_the_secret() {
    let secret = format!("{:?}", api::SECRET);
    let cases = [
        format!("[profiles.a]\napi_key = \"abcd1234\"\napi_secret = {}\n", &secret[..secret.len() - 1]),
        format!("[profiles.a]\napi_key = \"abcd1234\"\napi_secret = {}\n", &secret[1..]),
        format!("[profiles.a]\napi_key = \"abcd1234\"\napi_secret = [{secret}]\n"),
        format!("[profiles.a]\napi_key = \"abcd1234\"\napi_secret = {{ {secret} = 1 }}\n"),
        format!("[profiles.a]\napi_key = \"abcd1234\"\napi_secrt = {secret}\n"),
        format!("[profiles.a]\napi_key = \"abcd1234\"\nauth = {secret}\napi_secret = {secret}\n"),
        format!("[profiles.a]\napi_secret = {secret}\napi_secret = {secret}\n"),
        format!("[profiles.a]\napi_secret = {secret}\n"),
        format!("[profiles.a]\napi_key = \"abcd1234\"\nsignature_secret = {secret}\nauth = \"form\"\n"),
        format!("api_secret = {secret}\n"),
        format!(
            "[profiles.a]\napi_key = \"abcd1234\"\napi_secret_command = [\"printf\", \"{CORE}\\\\n{CORE}\\\\n\"]\n"
        ),
        format!("[network]\nproxy = {}\n", format_args!("\"http://user:{CORE}@ h\"")),
        format!("[network]\nbase_url = {}\n", format_args!("\"https://user:{CORE}@h.example\"")),
        format!("[network]\nmax_time = {secret}\n"),
    ];
    for toml in cases {
        let cli = Cli::new().configured(&toml);
        for command in [&["sms", "A", "--delivered", "--retry", "0"][..], &["config", "show"], &["check"]] {
            for loudness in LOUDNESS {
                let ran = cli.run(command.iter().chain(loudness));
                assert_eq!(ran.status, Some(78), "{toml}{}", ran.shown());
                tells_nothing(&ran);
            }
        }
    }
    for bits in [0o644, 0o666] {
        let cli = Cli::new();
        cli.file(".config/nexmo-conversion/config.toml", profile(&format!("api_secret = {secret}")), bits);
        tells_nothing(cli.run(["sms", "A", "--delivered", "-v"]).exits(78));
    }
}

#[test]
fn creating_a_configuration_does_not_tell_the_secret() {
    let init = ["config", "init", "--api-key", "abcd1234", "--api-secret-file"];
    for (input, status) in [(api::SECRET.to_owned(), 0), (format!("{0}\n{0}", api::SECRET), 78)] {
        for loudness in LOUDNESS {
            let cli = Cli::new();
            tells_nothing(
                cli.run_with_input(init.iter().chain(&["-"]).chain(loudness), input.as_str()).exits(status),
            );
            let file = cli.file("secret", &input, 0o600);
            let words: Vec<&OsStr> = init
                .iter()
                .map(OsStr::new)
                .chain([file.as_os_str()])
                .chain(loudness.iter().map(OsStr::new))
                .collect();
            let ran = cli.run(words);
            tells_nothing(&ran);
        }
    }
}

/// All files below a folder, one after the other.
fn all_bytes(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes.extend(all_bytes(&path));
        } else {
            bytes.extend(path.as_os_str().as_encoded_bytes());
            bytes.extend(fs::read(path).unwrap());
        }
    }
    bytes
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[track_caller]
fn keeps_nothing(folder: &Path) {
    let bytes = all_bytes(folder);
    assert!(contains(&bytes, "N00001"), "the ids are there, so this is the right place to look");
    for form in forms(api::SECRET) {
        assert!(!contains(&bytes, &form), "{form} is in the ledger's files");
    }
}

#[test]
fn neither_a_stream_nor_its_ledger_tells_or_keeps_the_secret() {
    let batch = ["batch", "--channel", "sms", "--delivered", "true", "--retry", "0", "--max-time", "2s"];
    for answers in [&["ok", "420", "503", "reset", "429"][..], &["401"], &["302"], &["portal"]] {
        together(MODES, |(way, keep)| {
            let sandbox = api::answering(answers);
            let cli = keep(Cli::new().at(&sandbox).with("RUST_BACKTRACE", "full"));
            // What is said depends on the loudness, where the secret is on the mode: every pair of them would show no more.
            let everything = answers.len() > 1 && *way == "form";
            let loudest = if everything { &LOUDNESS[..] } else { &LOUDNESS[3..] };
            for (n, loudness) in loudest.iter().enumerate() {
                let input = records(6).replace("\"N", &format!("\"R{n}-N")) + "no record\n" + &records(2);
                let ran = cli.run_with_input(batch.iter().chain(*loudness), input);
                assert!(ran.stdout.contains("N0") || loudness == &["-q"], "{way}: {}", ran.shown());
                tells_nothing(&ran);
                for command in [&["ledger", "status"][..], &["ledger", "refused"], &["ledger", "resume"]] {
                    tells_nothing(&cli.run(command.iter().chain(*loudness)));
                }
                tells_nothing(
                    &cli.run_with_input(batch.iter().chain(&["--dry-run"]).chain(*loudness), records(2)),
                );
            }
            assert!(api::requests(&sandbox) >= 2, "{way}: {answers:?}");
            keeps_nothing(&cli.path(".local/state"));
        });
    }
}

#[test]
fn nor_do_its_files_while_it_runs() {
    for (way, keep) in MODES {
        let sandbox = api::plain();
        let cli = keep(Cli::new().at(&sandbox));
        let mut run = cli.start_with_pipe(["batch", "--channel", "sms", "--delivered", "true"]);
        run.write("{\"id\":\"N00001\"}\n");
        // Where the secret signs, the sandbox knows another one; the conversion is written down all the same.
        let line = run.next_line();
        assert!(line.contains("N00001"), "{way}: {line}");
        keeps_nothing(&cli.path(".local/state"));
        run.close_stdin();
        let status = run.finish().0;
        assert!(matches!(status, Some(0 | 77)), "{way}: {status:?}");
    }
}
