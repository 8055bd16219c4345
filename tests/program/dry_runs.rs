//! Dry runs: nothing is sent, nothing secret is shown, and the curl line that is shown really does the same.

use nexmo_conversion::sandbox::CertificateKind;

use crate::api;
use crate::cli::{Cli, assert_same};
use crate::needs::{Needed, is_here};

const ID: &str = "it's-a&b=c%20$HOME";

fn report() -> [&'static str; 6] {
    ["sms", ID, "--delivered=false", "--timestamp", "2026-11-22 01:25:26", "--dry-run"]
}

#[test]
fn a_dry_run_sends_nothing() {
    for auth in ["form", "query", "basic", "signature", "signature-query"] {
        for flag in ["-v", "--json", "-q"] {
            let sandbox = api::plain();
            let cli = Cli::new()
                .against(&sandbox)
                .with("VONAGE_SIGNATURE_SECRET", api::SIGNATURE_SECRET)
                .with("NEXMO_CONVERSION_AUTH", auth);
            cli.run(report().into_iter().chain([flag])).exits(0);
            assert_eq!(sandbox.counts().connections, 0, "{auth}");
        }
    }
}

#[test]
fn a_dry_run_shows_the_request_without_its_secrets() {
    let shown = ["form", "query", "basic", "signature"].map(|auth| {
        let cli = Cli::new()
            .with("NEXMO_CONVERSION_BASE_URL", "")
            .with("VONAGE_API_KEY", api::KEY)
            .with("VONAGE_API_SECRET", api::SECRET)
            .with("VONAGE_SIGNATURE_SECRET", api::SIGNATURE_SECRET)
            .with("NEXMO_CONVERSION_AUTH", auth);
        let (text, json) = (cli.run(report()), cli.run(report().into_iter().chain(["--json"])));
        assert_eq!(text.exits(0).stderr, "");
        assert_eq!(json.exits(0).line()["outcome"], "dry_run");
        format!("{auth}\n{}{}", text.shown(), json.shown())
    });
    assert_same("dry_runs", shown);
}

#[test]
fn a_dry_run_needs_no_network_but_good_ids() {
    let cli = Cli::new().with("VONAGE_API_KEY", api::KEY).with("VONAGE_API_SECRET", api::SECRET);
    let ran = cli.run(["sms", "A", "not one", "--delivered", "-n", "--json"]);
    let lines = ran.exits(65).lines();
    assert_eq!((&lines[0]["outcome"], &lines[1]["outcome"]), (&"dry_run".into(), &"invalid".into()));
    assert_eq!(lines[0]["attempts"], 0);
    assert!(lines[0]["sent_at"].is_null());
}

/// Runs the curl line of a dry run.
fn curl_reports_the_same(encrypted: bool) {
    if !is_here(Needed::Curl, "the curl line of a dry run") {
        return;
    }
    for auth in ["form", "query", "basic"] {
        let sandbox = if encrypted { api::tls(CertificateKind::Valid) } else { api::plain() };
        let cli = Cli::new().against(&sandbox).with("NEXMO_CONVERSION_AUTH", auth);
        let line = cli.run(report().into_iter().chain(["--json"])).exits(0).line();
        let curl = line["request"]["curl"].as_str().unwrap();
        assert!(!curl.contains("Zq7Odd"), "{curl}");
        let ran = cli.shell(curl);
        assert_eq!(ran.exits(0).stdout, "OK", "{}", ran.shown());
        let text = cli.run(report());
        assert!(text.stdout.contains(curl), "both formats show the same line");

        cli.run(report().into_iter().filter(|word| *word != "--dry-run")).exits(0);
        let requests = sandbox.requests();
        assert_eq!(requests.len(), 2);
        let seen = |n: usize| {
            let request = &requests[n];
            (&request.method, &request.path, &request.parameters, request.credentials, request.status)
        };
        assert_eq!(seen(0), seen(1), "curl and the program itself send the same");
        assert_eq!(requests[0].parameter("message-id"), Some(ID));
        assert_eq!(sandbox.counts().accepted, 2);
    }
}

#[test]
fn the_curl_line_reports_the_same() {
    curl_reports_the_same(false);
}

#[test]
fn the_curl_line_reports_the_same_over_tls() {
    curl_reports_the_same(true);
}

#[test]
fn the_secrets_variable_is_the_one_that_holds_it() {
    let cli = Cli::new().with("NEXMO_API_KEY", api::KEY).with("NEXMO_API_SECRET", api::SECRET);
    let ran = cli.run(report());
    assert!(ran.exits(0).stdout.contains("\"$NEXMO_API_SECRET\" | curl"), "{}", ran.shown());
}
