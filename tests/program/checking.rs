//! `check`: each line says ok, warn, fail or skip, and what to do.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use nexmo_conversion::sandbox::{CertificateKind, Encryption, Sandbox, SandboxOptions, TlsVersions};

use crate::api;
use crate::cli::{Cli, Ran, assert_same};
use crate::relay::closed_port;

/// What each check came to.
fn statuses(ran: &Ran) -> BTreeMap<String, String> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    ran.lines().iter().map(|line| (text(&line["check"]), text(&line["status"]))).collect()
}

fn failing(ran: &Ran) -> Vec<String> {
    statuses(ran)
        .into_iter()
        .filter(|(_, status)| status != "ok")
        .map(|(check, status)| format!("{check} {status}"))
        .collect()
}

fn tls(clock_skew: i64) -> Sandbox {
    let encryption = Encryption::Tls { certificate: CertificateKind::Valid, versions: TlsVersions::Only13 };
    Sandbox::start(SandboxOptions { encryption, clock_skew, ..api::options() }).unwrap()
}

#[test]
fn with_everything_right_everything_is_ok() {
    let sandbox = tls(0);
    let cli = Cli::new().against(&sandbox);
    let (text, json) = (cli.run(["check"]), cli.run(["check", "--json"]));
    assert_eq!(text.exits(0).stderr, "");
    assert_eq!(failing(json.exits(0)), Vec::<String>::new());
    assert_same("check_ok", [text.shown(), json.shown()]);
    assert_eq!(cli.run(["check", "-q"]).exits(0).said(), "");
}

#[test]
fn it_reports_no_conversion() {
    let sandbox = api::plain();
    Cli::new().against(&sandbox).run(["check"]).exits(0);
    let paths: Vec<_> = sandbox.requests().into_iter().map(|request| (request.method, request.path)).collect();
    assert!(
        !paths.is_empty() && paths.iter().all(|(method, path)| method == "GET" && !path.contains("conversions")),
        "{paths:?}"
    );
    assert_eq!(sandbox.counts().accepted, 0);
}

#[test]
fn what_fails_says_what_to_do() {
    let good = api::plain();
    let (expired, skewed) = (api::tls(CertificateKind::Expired), tls(3_650));
    let closed = format!("http://{}", closed_port());
    let cases = [
        ("a wrong secret", 77, "account fail", Cli::new().against(&good).with("VONAGE_API_SECRET", "wrong"), None),
        ("no credentials", 78, "settings fail", Cli::new().at(&good), None),
        ("an expired certificate", 78, "connection fail", Cli::new().against(&expired), None),
        ("nothing listens", 75, "connection fail", Cli::new().against(&good), Some(closed.as_str())),
        ("a clock that is behind", 0, "clock warn", Cli::new().against(&skewed), None),
        (
            "a signature secret",
            0,
            "account skip",
            Cli::new()
                .at(&good)
                .with("VONAGE_API_KEY", api::KEY)
                .with("VONAGE_SIGNATURE_SECRET", api::SIGNATURE_SECRET),
            None,
        ),
    ];
    let shown = cases.map(|(name, status, finding, cli, url)| {
        let flags: Vec<_> = url.iter().flat_map(|url| ["--base-url", url]).collect();
        let (text, json) =
            (cli.run(["check"].iter().chain(&flags)), cli.run(["check", "--json"].iter().chain(&flags)));
        text.exits(status);
        assert_eq!(failing(json.exits(status)), [finding], "{name}");
        for line in json.lines() {
            let is_told = line["hint"].is_string() || line["status"] == "ok" || line["status"] == "skip";
            assert!(is_told, "{name}: {line}");
        }
        format!("{name}\n{}{}", text.shown(), json.shown())
    });
    assert_same("check_findings", shown);
}

#[test]
fn a_vendor_file_that_others_can_read_is_a_warning() {
    let sandbox = api::plain();
    let cli = Cli::new().at(&sandbox);
    cli.file(".nexmorc", "[credentials]\napi_key=abcd1234\napi_secret=x\n", 0o644);
    let ran = cli.run(["check", "--json"]);
    assert!(failing(&ran).contains(&"files warn".to_owned()), "{}", ran.shown());
}

#[test]
fn a_gateway_without_the_account_call_is_no_failure() {
    let sandbox = api::always("404");
    let ran = Cli::new().against(&sandbox).run(["check", "--json"]);
    assert_eq!(failing(ran.exits(0)), ["account warn"]);
}

#[test]
fn the_clock_is_compared_also_where_the_reply_is_like_that_to_a_conversion() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut request = [0; 4096];
            while matches!(connection.read(&mut request), Ok(1..)) {
                let reply = "HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2020 01:25:26 GMT\r\nContent-Length: 0\r\n\r\n";
                if connection.write_all(reply.as_bytes()).is_err() {
                    break;
                }
            }
        }
    });
    let sandbox = api::plain();
    let ran = Cli::new().against(&sandbox).run(["check", "--json", "--base-url", &url]);
    assert_eq!(statuses(&ran).get("clock").map(String::as_str), Some("warn"), "{}", ran.shown());
}
