//! Each way to authenticate, as the sandbox sees it: it checks the secret or the signature, so a 200 is proof.

use nexmo_conversion::domain::SignatureMethod;
use nexmo_conversion::sandbox::{
    CredentialSource, LoggedRequest, QuerySignature, Sandbox, SandboxOptions, SignedTimestampRule, Unknowns,
};

use crate::api;
use crate::cli::Cli;
use crate::sources::SOURCES;

const REPORT: [&str; 5] = ["sms", "0A01", "--delivered", "--timestamp", "2026-11-22 01:25:26"];

fn only_request(sandbox: &Sandbox) -> LoggedRequest {
    let mut requests = sandbox.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    requests.remove(0)
}

#[test]
fn key_and_secret_go_the_way_that_was_chosen() {
    for (auth, source) in
        [("form", CredentialSource::Form), ("basic", CredentialSource::Basic), ("query", CredentialSource::Query)]
    {
        let sandbox = api::plain();
        let cli = Cli::new().against(&sandbox).with("NEXMO_CONVERSION_AUTH", auth);
        cli.run(REPORT).exits(0);
        let request = only_request(&sandbox);
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/conversions/sms"));
        assert_eq!((request.credentials, request.status), (source, Some(200)), "{auth}");
        assert_eq!(request.parameter("message-id"), Some("0A01"));
        assert_eq!(request.parameter("delivered"), Some("true"));
        assert_eq!(request.parameter("timestamp"), Some("2026-11-22 01:25:26"));
    }
}

#[test]
fn a_wrong_secret_is_refused_whichever_way_it_goes() {
    for auth in ["form", "basic", "query"] {
        let sandbox = api::plain();
        let cli =
            Cli::new().against(&sandbox).with("VONAGE_API_SECRET", "wrong").with("NEXMO_CONVERSION_AUTH", auth);
        cli.run(REPORT).exits(77);
        assert_eq!(only_request(&sandbox).status, Some(401), "{auth}");
    }
}

#[test]
fn a_signed_request_goes_the_way_that_was_chosen() {
    for (auth, rule, status) in [
        ("signature", QuerySignature::Refused, 200),
        ("signature-query", QuerySignature::Refused, 401),
        ("signature-query", QuerySignature::Accepted, 200),
    ] {
        let unknowns = Unknowns { query_signature: rule, ..Unknowns::default() };
        let sandbox = api::with(SandboxOptions { unknowns, ..api::options() });
        let cli = Cli::new()
            .at(&sandbox)
            .with("VONAGE_API_KEY", api::KEY)
            .with("VONAGE_SIGNATURE_SECRET", api::SIGNATURE_SECRET)
            .with("NEXMO_CONVERSION_AUTH", auth);
        cli.run(REPORT).exits(if status == 200 { 0 } else { 77 });
        let request = only_request(&sandbox);
        assert_eq!((request.credentials, request.status), (CredentialSource::Signature, Some(status)), "{auth}");
        assert_eq!((request.method.as_str(), request.parameter("message-id")), ("POST", Some("0A01")));
        assert_eq!(request.parameter("api_secret"), None);
    }
}

#[test]
fn requests_are_signed_by_every_method_with_either_timestamp() {
    for method in SignatureMethod::ALL {
        for (timestamp, rule, sent) in [
            ("date", SignedTimestampRule::Date, "2026-11-22 01:25:26"),
            ("epoch", SignedTimestampRule::Epoch, "1795310726"),
        ] {
            let sandbox = Sandbox::start(SandboxOptions {
                accounts: vec![api::signing(*method)],
                unknowns: Unknowns { signed_timestamp: rule, ..Unknowns::default() },
                ..api::options()
            })
            .unwrap();
            let cli = Cli::new()
                .at(&sandbox)
                .with("VONAGE_API_KEY", api::KEY)
                .with("VONAGE_SIGNATURE_SECRET", api::SIGNATURE_SECRET)
                .with("VONAGE_SIGNATURE_METHOD", method.as_str())
                .with("VONAGE_SIGNATURE_TIMESTAMP", timestamp);
            cli.run(REPORT).exits(0);
            let request = only_request(&sandbox);
            assert_eq!((request.credentials, request.status), (CredentialSource::Signature, Some(200)));
            assert_eq!(request.parameter("timestamp"), Some(sent));
            assert_eq!(request.parameter("api_secret"), None, "never together with the secret");
        }
    }
}

#[test]
fn a_signature_by_another_method_is_refused() {
    let sandbox = api::plain();
    let cli = Cli::new()
        .at(&sandbox)
        .with("VONAGE_API_KEY", api::KEY)
        .with("VONAGE_SIGNATURE_SECRET", api::SIGNATURE_SECRET)
        .with("VONAGE_SIGNATURE_METHOD", "sha256");
    cli.run(REPORT).exits(77);
    assert_eq!(only_request(&sandbox).status, Some(401));
}

#[test]
fn credentials_work_from_every_source() {
    for (source, keep) in SOURCES {
        let sandbox = api::plain();
        let ran = keep(Cli::new().at(&sandbox)).run(REPORT);
        assert_eq!(ran.status, Some(0), "{source}: {}", ran.shown());
        assert_eq!(api::requests(&sandbox), 1, "{source}");
    }
}

#[test]
fn a_credential_is_never_put_together_from_two_sources() {
    let sandbox = api::plain();
    let ran =
        Cli::new().at(&sandbox).with("VONAGE_API_KEY", api::KEY).with("NEXMO_API_SECRET", api::SECRET).run(REPORT);
    ran.exits(78);
    assert_eq!(api::requests(&sandbox), 0);
}
