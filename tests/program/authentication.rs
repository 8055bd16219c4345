//! Each way to authenticate, as the sandbox sees it: it checks the secret or the signature, so a 200 is proof.

use nexmo_conversion::domain::SignatureMethod;
use nexmo_conversion::sandbox::{
    CredentialSource, LoggedRequest, QuerySignature, Sandbox, SandboxAccount, SandboxOptions, SignedTimestampRule,
    Unknowns,
};
use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::contains;

use crate::api;
use crate::cli::Cli;
use crate::sources::{SOURCES, profile};

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

/// A sandbox that knows an account with this secret only.
fn knows(secret: &str) -> Sandbox {
    let account = SandboxAccount::new(api::KEY, secret).unwrap();
    api::with(SandboxOptions { accounts: vec![account], ..api::options() })
}

#[test]
fn the_old_command_lines_file_is_read_as_npm_wrote_it() {
    for (secret, written) in [
        ("a;b#c", r"a\;b\#c"),
        ("a=b;c", r#""a=b;c""#),
        (" a\"b' ", r#"" a\"b' ""#),
        (r"a\b", r"a\b"),
        ("'a'", r#""'a'""#),
    ] {
        let sandbox = knows(secret);
        let cli = Cli::new().at(&sandbox);
        for line_end in ["\n", "\r\n"] {
            let lines =
                ["\u{feff}; nexmo-cli", "[credentials]", "api_key=wrong", &format!("api_key={}", api::KEY)]
                    .join(line_end);
            cli.file(
                ".nexmorc",
                format!("{lines}{line_end}api_secret={written}{line_end}[other]{line_end}"),
                0o600,
            );
            cli.run(REPORT.iter().chain(&["--no-ledger"])).exits(0);
        }
    }
}

#[test]
fn what_editors_and_shells_put_around_a_secret_is_not_sent() {
    let sandbox = api::plain();
    for bytes in
        [format!("\u{feff}{}", api::SECRET), format!("\u{feff}{}\r\n", api::SECRET), format!("{}\r", api::SECRET)]
    {
        let cli = Cli::new().at(&sandbox);
        let file = cli.file("secret", &bytes, 0o600);
        let keyed = cli.clone().with("VONAGE_API_KEY", api::KEY);
        let report = |cli: &Cli| {
            cli.run(REPORT.iter().chain(&["--no-ledger"])).exits(0);
        };
        report(&keyed.clone().with("VONAGE_API_SECRET_FILE", &file));
        report(&keyed.clone().with("VONAGE_API_SECRET", &bytes));
        for line in [
            "VONAGE_API_SECRET_FILE=/dev/stdin nexmo-conversion sms A --delivered --no-ledger < ../secret",
            "cat ../secret | VONAGE_API_SECRET_FILE=/dev/stdin nexmo-conversion sms A --delivered --no-ledger",
            "cat ../secret | VONAGE_API_SECRET_FILE=/dev/fd/3 nexmo-conversion sms A --delivered --no-ledger 3<&0",
        ] {
            keyed.shell(line).exits(0);
        }
        let cli = cli.configured(&profile("api_secret_command = [\"cat\", \"../secret\"]"));
        report(&cli);
        let cli = Cli::new().at(&sandbox);
        let init = ["config", "init", "--api-key", api::KEY, "--api-secret-file", "-"];
        cli.run_with_input(init, bytes.as_str()).exits(0);
        report(&cli);
    }
}

#[test]
fn what_cannot_be_a_secret_is_refused_with_the_reason() {
    let sandbox = api::plain();
    let utf16: Vec<u8> = api::SECRET.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [&[0xff, 0xfe][..], &utf16].concat();
    for (bytes, why) in [
        (utf16, "UTF-16"),
        (marked, "UTF-16"),
        (format!("{}\0", api::SECRET).into_bytes(), "control character in it (U+0000)"),
        (format!("\x1b[32m{}", api::SECRET).into_bytes(), "control character in it (U+001B)"),
    ] {
        let cli = Cli::new().at(&sandbox);
        let file = cli.file("secret", &bytes, 0o600);
        let init = ["config", "init", "--api-key", api::KEY, "--api-secret-file", "-"];
        for ran in [
            cli.clone().with("VONAGE_API_KEY", api::KEY).with("VONAGE_API_SECRET_FILE", &file).run(REPORT),
            cli.run_with_input(init, bytes.as_slice()),
        ] {
            ran.exits(78).remarks(&contains(why));
            assert!(!ran.said().contains("Zq7Odd"), "{}", ran.shown());
        }
    }
    assert_eq!(sandbox.counts().connections, 0);
}

#[test]
fn refused_credentials_that_look_unlike_any_are_pointed_out_and_not_shown() {
    let sandbox = api::plain();
    for (secret, why) in [
        (format!("\"{}\"", api::SECRET), "the secret has a quotation mark"),
        (format!("'{}'", api::SECRET), "the secret has a quotation mark"),
        (format!("{} ", api::SECRET), "the secret has a blank"),
        (format!("{}\\n", api::SECRET), "the secret ends in a backslash"),
        ("${VONAGE_API_SECRET}".to_owned(), "the secret looks like a variable"),
        (api::KEY.to_owned(), "the secret is the same as the api_key"),
        ("your_api_secret".to_owned(), "the secret looks like the placeholder"),
    ] {
        for auth in ["form", "basic", "query"] {
            let cli = Cli::new()
                .against(&sandbox)
                .with("VONAGE_API_SECRET", &secret)
                .with("NEXMO_CONVERSION_AUTH", auth);
            for command in [&["sms", "A", "--delivered", "--json"][..], &["sms", "A", "--delivered"], &["check"]] {
                let ran = cli.run(command);
                ran.exits(77);
                assert!(ran.said().contains(why), "{why}: {}", ran.shown());
                assert!(!ran.said().contains("Zq7Odd"), "{}", ran.shown());
            }
        }
    }
    let ran = Cli::new().against(&sandbox).with("VONAGE_API_SECRET", "Hn9Rk2pQ").run(["sms", "A", "--delivered"]);
    ran.exits(77).remarks(&contains("\"query\"").and(contains("the secret ").not()));
    let ran = Cli::new().against(&sandbox).with("VONAGE_API_KEY", "'abcd1234'").run(["sms", "A", "--delivered"]);
    ran.exits(77).remarks(&contains("the api_key has a quotation mark"));
}
