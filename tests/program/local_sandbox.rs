//! The `sandbox` command, the embedded `--sandbox`, and the completion scripts.

use std::collections::BTreeMap;
use std::fs;

use nexmo_conversion::sandbox::LoggedRequest;
use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::contains;
use rustix::process::Signal;

use crate::api;
use crate::cli::{Cli, Ran, Running, mode, wait_until};
use crate::needs::{Needed, is_here};

/// What a started sandbox prints for its client: the variables of its export lines.
fn exports(running: &mut Running, count: usize) -> BTreeMap<String, String> {
    (0..count)
        .map(|_| {
            let line = running.next_line();
            let (name, value) = line.trim_end().strip_prefix("export ").unwrap().split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

/// A client with these variables.
fn client(exports: &BTreeMap<String, String>) -> Cli<'_> {
    exports.iter().fold(Cli::new(), |cli, (name, value)| cli.with(name, value))
}

#[test]
fn it_prints_what_a_client_needs_and_ends_on_a_signal() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let cli = Cli::new();
        let mut running = cli.start(["sandbox"]);
        let exports = exports(&mut running, 3);
        let names: Vec<_> = exports.keys().map(String::as_str).collect();
        assert_eq!(names, ["NEXMO_CONVERSION_BASE_URL", "VONAGE_API_KEY", "VONAGE_API_SECRET"]);
        client(&exports).run(["sms", "A", "--delivered"]).exits(0);
        client(&exports).with("VONAGE_API_SECRET", "wrong").run(["sms", "A", "--delivered"]).exits(77);
        running.signal(signal);
        let (status, stdout, stderr) = running.finish();
        assert_eq!((status, stdout.as_str(), stderr.as_str()), (Some(code), "", ""));
    }
}

#[test]
fn over_tls_it_names_its_authority() {
    let cli = Cli::new();
    let mut running = cli.start(["sandbox", "--tls"]);
    let exports = exports(&mut running, 4);
    assert!(exports["NEXMO_CONVERSION_BASE_URL"].starts_with("https://127.0.0.1:"));
    client(&exports).run(["sms", "A", "--delivered"]).exits(0);
    client(&exports).with("NEXMO_CONVERSION_CACERT", "").run(["sms", "A", "--delivered"]).exits(78);
    if is_here(Needed::Curl, "curl against a sandbox") {
        let line = "curl -sS --cacert \"$NEXMO_CONVERSION_CACERT\" -d api_key=$VONAGE_API_KEY -d api_secret=$VONAGE_API_SECRET \
        -d message-id=A -d delivered=1 --data-urlencode 'timestamp=2026-11-22 01:25:26' \
        $NEXMO_CONVERSION_BASE_URL/conversions/sms";
        assert_eq!(client(&exports).shell(line).exits(0).stdout, "OK");
    }
}

#[test]
fn as_json_it_introduces_itself_in_one_line() {
    let cli = Cli::new();
    let mut running = cli.start(["sandbox", "--tls", "--ca-file", "ca.pem", "--json", "--api-key", "mykey"]);
    let line: serde_json::Value = serde_json::from_str(&running.next_line()).unwrap();
    assert_eq!((&line["v"], &line["api_key"]), (&1.into(), &"mykey".into()));
    assert_eq!(line["ca_file"], cli.path("here/ca.pem").to_str().unwrap(), "from wherever the client starts");
    assert!(fs::read_to_string(cli.path("here/ca.pem")).unwrap().contains("BEGIN CERTIFICATE"));
    assert_eq!(mode(&cli.path("here/ca.pem")) & 0o022, 0);
}

#[test]
fn replies_come_in_their_order_and_every_request_is_logged() {
    let cli = Cli::new();
    let mut running = cli.start(["sandbox", "--reply", "500", "--reply", "420", "--log", "log.jsonl"]);
    let exports = exports(&mut running, 3);
    let client = client(&exports);
    client.run(["sms", "A", "--delivered", "--retry", "0"]).exits(75);
    client.run(["sms", "B", "--delivered", "--retry", "0"]).exits(65);
    // It is accepted; what is left is the first one, which is pending.
    client.run(["voice", "C", "--delivered=false"]).exits(75);
    let log = fs::read_to_string(cli.path("here/log.jsonl")).unwrap();
    let requests: Vec<LoggedRequest> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seen: Vec<_> =
        requests.iter().map(|one| (one.n, one.parameter("message-id").unwrap(), one.status)).collect();
    assert_eq!(seen, [(1, "A", Some(500)), (2, "B", Some(420)), (3, "C", Some(200))]);
    assert!(!log.contains(&exports["VONAGE_API_SECRET"]), "the log holds the secret");
    assert_eq!(mode(&cli.path("here/log.jsonl")), 0o600);
}

#[test]
fn a_log_on_standard_output_follows_the_introduction() {
    let cli = Cli::new();
    let mut running = cli.start(["sandbox", "--log", "-"]);
    let exports = exports(&mut running, 3);
    client(&exports).run(["sms", "A", "--delivered"]).exits(0);
    let request: LoggedRequest = serde_json::from_str(&running.next_line()).unwrap();
    assert_eq!((request.n, request.parameter("message-id")), (1, Some("A")));
}

#[test]
fn switches_change_what_no_document_tells() {
    let cli = Cli::new();
    let mut running =
        cli.start(["sandbox", "--set", "repeated=423", "--set", "unknown-id=420", "--set", "known-id=A"]);
    let exports = exports(&mut running, 3);
    let report = |id: &str| {
        client(&exports).run(["sms", id, "--delivered", "--timestamp", "2026-11-22 01:25:26", "--json"]).line()["http_status"].clone()
    };
    assert_eq!((report("A"), report("A"), report("B")), (200.into(), 423.into(), 420.into()));
}

#[test]
fn a_secret_of_ones_own_is_not_printed_and_its_file_is_named() {
    let cli = Cli::new();
    cli.file("here/my secret", format!("{}\n", api::SECRET), 0o600);
    let mut running = cli.start(["sandbox", "--api-secret-file", "my secret"]);
    let exports = exports(&mut running, 3);
    let file = cli.path("here/my secret");
    let quoted = format!("'{}'", file.to_str().unwrap());
    assert_eq!((exports.get("VONAGE_API_SECRET"), &exports["VONAGE_API_SECRET_FILE"]), (None, &quoted));
    let client = Cli::new().with("NEXMO_CONVERSION_BASE_URL", &exports["NEXMO_CONVERSION_BASE_URL"]);
    let client = client.with("VONAGE_API_KEY", &exports["VONAGE_API_KEY"]).with("VONAGE_API_SECRET_FILE", file);
    client.run(["sms", "A", "--delivered"]).exits(0);

    let mut running = cli.start(["sandbox", "--api-secret-file", "my secret", "--json"]);
    let line: serde_json::Value = serde_json::from_str(&running.next_line()).unwrap();
    assert_eq!((&line["api_secret"], &line["api_secret_file"]), (&"********".into(), &json_path(&cli)));
}

fn json_path(cli: &Cli) -> serde_json::Value {
    cli.path("here/my secret").to_str().unwrap().into()
}

#[test]
fn a_secret_that_was_read_from_a_pipe_is_neither_printed_nor_promised() {
    let cli = Cli::new();
    let ran =
        cli.shell("printf fr0m-a-pipe | nexmo-conversion sandbox --api-secret-file /dev/stdin --stop-after 50ms");
    assert!(!ran.said().contains("fr0m"), "{}", ran.shown());
    assert!(
        ran.exits(0).stdout.contains("\n# VONAGE_API_SECRET: ") && !ran.said().contains("SECRET="),
        "{}",
        ran.shown()
    );
}

#[test]
fn a_log_is_not_written_through_a_link() {
    let cli = Cli::new();
    let target = cli.file("here/other", "as it was\n", 0o644);
    std::os::unix::fs::symlink(&target, cli.path("here/log")).unwrap();
    let ran = cli.run(["sandbox", "--log", "log", "--stop-after", "50ms"]);
    ran.exits(74).remarks(&contains("cannot open the log file").and(contains("hint: it is a symbolic link")));
    assert_eq!(fs::read_to_string(target).unwrap(), "as it was\n");
}

#[test]
fn a_certificate_is_not_written_over_another_file() {
    let cli = Cli::new();
    let key = cli.file("here/id_ed25519", "my key\n", 0o600);
    let ran = cli.run(["sandbox", "--tls", "--ca-file", "id_ed25519", "--stop-after", "50ms"]);
    ran.exits(74).remarks(&contains("id_ed25519 holds something else").and(contains("hint: name another file")));
    assert_eq!(fs::read_to_string(key).unwrap(), "my key\n");
    for _ in 0..2 {
        cli.run(["sandbox", "--tls", "--ca-file", "ca.pem", "--stop-after", "50ms"]).exits(0);
    }
}

#[test]
fn what_a_killed_run_leaves_behind_the_next_one_clears_away() {
    let cli = Cli::new();
    let left = || {
        let entries =
            fs::read_dir(cli.path("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut left: Vec<_> = entries.filter(|name| name.starts_with("nexmo-conversion-")).collect();
        left.sort();
        left
    };
    // Each is in the middle of its work: one waits for its input, one for a client.
    let mut batch =
        cli.start_with_pipe(["batch", "--sandbox", "--channel", "sms", "--delivered", "true", "--json"]);
    batch.write("{\"id\":\"A\"}\n");
    batch.next_line();
    let mut sandbox = cli.start(["sandbox", "--tls"]);
    let _ = exports(&mut sandbox, 4);
    let before = left();
    assert_eq!(before.len(), 2, "{before:?}");

    cli.run(["sms", "A", "--delivered", "--sandbox"]).exits(0);
    assert_eq!(left(), before, "what is in use stays");
    for mut killed in [batch, sandbox] {
        killed.signal(Signal::KILL);
        assert_eq!(killed.finish().0, None);
    }
    assert_eq!(left(), before);
    cli.run(["sms", "A", "--delivered", "--sandbox"]).exits(0);
    assert_eq!(left(), [""; 0]);
}

#[test]
fn it_ends_by_itself_when_asked_to() {
    let cli = Cli::new();
    let mut running = cli.start(["sandbox", "--stop-after", "100ms"]);
    wait_until("it ends by itself", || running.has_ended());
    assert_eq!(running.finish().0, Some(0));
}

#[test]
fn a_taken_port_is_reported_with_advice() {
    let taken = api::plain();
    let ran = Cli::new().run(["sandbox", "--port", &taken.port().to_string()]);
    ran.exits(74);
    ran.remarks(&contains("cannot start the sandbox").and(contains("hint:")));
}

#[test]
fn the_embedded_sandbox_needs_nothing_and_touches_nothing() {
    let elsewhere = api::plain();
    let cli = Cli::new()
        .against(&elsewhere)
        .configured("this is not TOML")
        .with("https_proxy", "http://127.0.0.1:1")
        .with("NEXMO_CONVERSION_PROFILE", "nobody");
    let ran = cli.run(["sms", "0A0000000123ABCD1", "--delivered", "--sandbox"]);
    ran.exits(0);
    assert!(ran.stdout.starts_with("accepted  sms  0A0000000123ABCD1  delivered=true  "), "{}", ran.shown());
    ran.remarks(&contains("sandbox: https://127.0.0.1:"));
    assert_eq!(
        cli.run(["voice", "A", "--delivered=false", "--sandbox", "--json"]).exits(0).line()["profile"],
        "sandbox"
    );
    cli.run(["check", "--sandbox"]).exits(0);
    assert_eq!(elsewhere.counts().connections, 0);
}

/// A root file system that has nothing but the program, as far as a test sees it that anybody may run: no folder for temporary files, and no
/// home.
fn nowhere<'s>() -> Cli<'s> {
    ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"]
        .into_iter()
        .fold(Cli::new(), Cli::without)
        .with("TMPDIR", "/nowhere")
}

#[test]
fn where_no_file_can_be_made_the_embedded_sandboxs_ledger_is_in_memory() {
    let cli = nowhere();
    let ran = cli.run(["sms", "A", "--delivered", "--sandbox", "-v"]);
    ran.exits(0).remarks(&contains("ledger: in memory, for this run only: "));
    assert!(ran.stdout.starts_with("accepted  sms  A  delivered=true  "), "{}", ran.shown());
    cli.run(["check", "--sandbox"]).exits(0);
    let twice = "{\"id\":\"A\",\"channel\":\"sms\",\"delivered\":true}\n".repeat(2);
    let outcomes = |ran: &Ran| ran.lines().iter().map(|line| line["outcome"].clone()).collect::<Vec<_>>();
    let ran = cli.run_with_input(["batch", "--sandbox", "--json"], twice);
    assert_eq!(outcomes(ran.exits(0)).len(), 2, "{}", ran.shown());
    assert!(outcomes(&ran).contains(&"skipped".into()), "{}", ran.shown());
    let log = "{\"event\":\"sent\",\"id\":\"B\",\"channel\":\"sms\"}\n";
    let ran = cli.run_with_input(["track", "--sandbox", "--at-end", "expire", "--json"], log);
    assert_eq!(outcomes(ran.exits(0)), ["accepted"], "{}", ran.shown());

    // Control: where a file can be made, there is one.
    let ran = Cli::new().run(["sms", "A", "--delivered", "--sandbox", "-v"]);
    ran.exits(0).remarks(&contains("/ledger.db, for this run only").and(contains("in memory").not()));
}

#[test]
fn every_shell_gets_a_script() {
    for (shell, word) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef nexmo-conversion"),
        ("fish", "complete -c nexmo-conversion"),
        ("elvish", "edit:completion"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let ran = Cli::new().run(["completions", shell]);
        ran.exits(0);
        assert!(ran.stdout.contains(word) && ran.stdout.contains("delivered"), "{shell}");
    }
}

#[test]
fn manual_pages_are_written_for_every_command() {
    let cli = Cli::new();
    assert!(cli.run(["man"]).exits(0).stdout.contains(".TH nexmo-conversion"));
    cli.run(["man", "pages"]).exits(0);
    for page in ["nexmo-conversion.1", "nexmo-conversion-sms.1", "nexmo-conversion-config-init.1"] {
        assert!(cli.path("here/pages").join(page).is_file(), "{page}");
    }
}
