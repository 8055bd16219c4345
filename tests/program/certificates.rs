//! Certificates: a server that cannot prove to be the API gets nothing, not even a request.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use nexmo_conversion::sandbox::{CertificateKind, Encryption, Sandbox, SandboxOptions, TlsVersions};
use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::contains;

use crate::api;
use crate::cli::{Cli, Ran, wait_until};
use crate::relay;

const REPORT: [&str; 4] = ["sms", "A", "--delivered", "--json"];

fn is_not_trusted(ran: &Ran, sandbox: &Sandbox, why: &str) {
    let line = ran.exits(78).line();
    assert_eq!(line["error"]["code"], "tls_untrusted", "{}", ran.shown());
    assert_eq!(line["error"]["reached_server"], false);
    assert_eq!(line["outcome"], "retry");
    ran.remarks(&contains(why));
    assert_eq!((api::requests(sandbox), sandbox.requests().len()), (0, 0));
    assert_eq!(sandbox.counts().connections, 1, "it was tried once and not again");
}

#[test]
fn a_good_certificate_of_the_given_authority_is_accepted() {
    let sandbox = api::tls(CertificateKind::Valid);
    let ran = Cli::new().against(&sandbox).run(REPORT);
    assert_eq!(ran.exits(0).line()["outcome"], "accepted");
    assert_eq!(api::requests(&sandbox), 1);
}

#[test]
fn both_versions_of_tls_are_spoken() {
    for versions in [TlsVersions::Only12, TlsVersions::Only13] {
        let encryption = Encryption::Tls { certificate: CertificateKind::Valid, versions };
        let sandbox = Sandbox::start(SandboxOptions { encryption, ..api::options() }).unwrap();
        Cli::new().against(&sandbox).run(REPORT).exits(0);
        assert_eq!(api::requests(&sandbox), 1, "{versions}");
    }
}

#[test]
fn bad_certificates_get_nothing() {
    for (kind, why) in [
        (CertificateKind::Expired, "it has expired"),
        (CertificateKind::NotYetValid, "it is not valid yet"),
        (CertificateKind::WrongName, "it is for another name"),
        (CertificateKind::SelfSigned, "its issuer is not trusted here"),
    ] {
        let sandbox = api::tls(kind);
        is_not_trusted(&Cli::new().against(&sandbox).run(REPORT), &sandbox, why);
    }
}

/// What the client of a server with this certificate and these versions says, on each connection.
fn said_to(certificate: CertificateKind, versions: TlsVersions, command: &[&str]) -> (Ran, Sandbox, Vec<Vec<u8>>) {
    let encryption = Encryption::Tls { certificate, versions };
    let sandbox = Sandbox::start(SandboxOptions { encryption, ..api::options() }).unwrap();
    let recorder = relay::Recorder::before(&sandbox);
    let url = format!("https://127.0.0.1:{}", recorder.port());
    let cli = Cli::new().against(&sandbox).with("NEXMO_CONVERSION_BASE_URL", url);
    let input = "A\nB\nC\n";
    let ran = cli.run_with_input(command, input);
    let said = recorder.said();
    (ran, sandbox, said)
}

/// Whether there is anything in it that can be (a part of) a request. TLS wraps a request, and nothing else that is said here
/// before the certificate is judged, into records of type 23; but so it does, in 1.3, with the alert that says why the client
/// leaves: those have exactly 19 bytes (RFC 8446 §5.2), fewer than a request line.
fn holds_data(said: &[u8]) -> bool {
    const DATA: u8 = 23;
    const ENCRYPTED_ALERT: usize = 19;
    let mut rest = said;
    while let [kind, _, _, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if *kind == DATA && length != ENCRYPTED_ALERT {
            return true;
        }
        rest = after.get(length..).unwrap_or_default();
    }
    false
}

#[test]
fn not_a_byte_of_a_request_leaves_before_the_certificate_is_accepted() {
    const STREAM: [&str; 8] = ["batch", "--json", "--format", "ids", "--channel", "sms", "--delivered", "true"];
    for command in [&REPORT[..], &STREAM] {
        for versions in TlsVersions::ALL {
            for certificate in CertificateKind::ALL {
                let (ran, sandbox, said) = said_to(*certificate, *versions, command);
                let shown = format!("{certificate}, {versions}: {}", ran.shown());
                let plain = |text: &str| {
                    said.iter().any(|said| said.windows(text.len()).any(|window| window == text.as_bytes()))
                };
                assert!(!plain(api::KEY) && !plain("message-id"), "in plain text: {shown}");
                let connections = match (versions, certificate) {
                    // The control: there it is, and it is seen.
                    (TlsVersions::Both | TlsVersions::Only12 | TlsVersions::Only13, CertificateKind::Valid) => {
                        ran.exits(0);
                        assert!(said.iter().any(|said| holds_data(said)), "{shown}");
                        continue;
                    }
                    // That may be an accident.
                    (TlsVersions::Only11, _) => 3,
                    (
                        TlsVersions::Both | TlsVersions::Only12 | TlsVersions::Only13,
                        CertificateKind::Expired
                        | CertificateKind::NotYetValid
                        | CertificateKind::WrongName
                        | CertificateKind::SelfSigned,
                    ) => 1,
                };
                ran.exits(78);
                assert_eq!(said.len(), connections, "{shown}");
                assert!(said.iter().all(|said| !said.is_empty() && !holds_data(said)), "{shown}");
                assert_eq!(api::requests(&sandbox), 0, "{shown}");
                assert!(ran.lines().iter().all(|line| line["error"]["reached_server"] == false), "{shown}");
            }
        }
    }
}

#[test]
fn an_outdated_version_of_tls_is_not_spoken() {
    let (ran, sandbox, _) = said_to(CertificateKind::Valid, TlsVersions::Only11, &REPORT);
    let line = ran.exits(78).line();
    assert_eq!((&line["outcome"], &line["error"]["code"]), (&"retry".into(), &"tls".into()), "{}", ran.shown());
    assert_eq!(sandbox.counts().connections, 3);
    wait_until("the sandbox has noticed", || sandbox.counts().failed_handshakes == 3);
}

#[test]
fn an_authority_that_is_not_named_is_not_trusted() {
    let sandbox = api::tls(CertificateKind::Valid);
    let ran = Cli::new().against(&sandbox).with("NEXMO_CONVERSION_CACERT", "").run(REPORT);
    is_not_trusted(&ran, &sandbox, "its issuer is not trusted here");
}

#[test]
fn another_sandboxs_authority_is_not_trusted() {
    let (sandbox, other) = (api::tls(CertificateKind::Valid), api::tls(CertificateKind::Valid));
    let cli = Cli::new().against(&sandbox);
    let file = cli.file("other.pem", other.ca_pem().unwrap(), 0o644);
    let ran = cli.run(REPORT.iter().copied().chain(["--cacert", file.to_str().unwrap()]));
    is_not_trusted(&ran, &sandbox, "the certificate of 127.0.0.1 was not accepted");
}

#[test]
fn the_names_of_openssl_do_not_switch_verification_off() {
    let sandbox = api::tls(CertificateKind::SelfSigned);
    let ran = Cli::new()
        .against(&sandbox)
        .with("NODE_TLS_REJECT_UNAUTHORIZED", "0")
        .with("NEXMO_CONVERSION_INSECURE", "1")
        .run(REPORT);
    is_not_trusted(&ran, &sandbox, "its issuer is not trusted here");
}

#[test]
fn tls_on_a_port_that_speaks_plain_http_stops_after_three_tries() {
    let sandbox = api::plain();
    let url = sandbox.base_url().replace("http:", "https:");
    let ran = Cli::new().against(&sandbox).run(REPORT.iter().copied().chain(["--base-url", &url]));
    let line = ran.exits(78).line();
    assert_eq!(line["error"]["code"], "tls", "{}", ran.shown());
    assert_eq!(line["error"]["reached_server"], false);
    assert_eq!(sandbox.counts().connections, 3);
    assert_eq!(sandbox.counts().accepted, 0);
}

#[test]
fn plain_http_on_a_port_that_speaks_tls_reports_nothing() {
    let sandbox = api::tls(CertificateKind::Valid);
    let url = sandbox.base_url().replace("https:", "http:");
    let ran = Cli::new().against(&sandbox).run(REPORT.iter().copied().chain(["--retry", "0", "--base-url", &url]));
    assert_ne!(ran.status, Some(0), "{}", ran.shown());
    assert_eq!(ran.line()["outcome"], "retry");
    assert_eq!(sandbox.counts().failed_handshakes, 1);
    assert_eq!(sandbox.counts().accepted, 0);
}

#[test]
fn a_ca_file_is_read_before_anything_is_sent() {
    for (name, text) in [("missing.pem", None), ("empty.pem", Some("")), ("text.pem", Some("no PEM\n"))] {
        let sandbox = api::tls(CertificateKind::Valid);
        let cli = Cli::new().against(&sandbox);
        let file = cli.path(name);
        if let Some(text) = text {
            cli.file(name, text, 0o644);
        }
        let ran = cli.run(REPORT.iter().copied().chain(["--cacert", file.to_str().unwrap()]));
        ran.exits(78);
        ran.remarks(&contains(name).and(contains("hint:")));
        assert_eq!(sandbox.counts().connections, 0);
    }
}

#[test]
fn openssls_variables_replace_the_systems_store_and_must_name_certificates() {
    let sandbox = api::tls(CertificateKind::Valid);
    let unset = || Cli::new().against(&sandbox).with("NEXMO_CONVERSION_CACERT", "");
    let cli = unset();
    let file = cli.path("ca.pem");
    let empty = cli.file("empty.pem", "", 0o644);
    let open = cli.file("open.pem", fs::read(&file).unwrap(), 0o666);
    let folder = cli.file("certs/0123abcd.0", fs::read(&file).unwrap(), 0o644).parent().unwrap().to_owned();
    fs::create_dir(cli.path("none")).unwrap();
    let (missing, none) = (cli.path("missing.pem"), cli.path("none"));
    for (name, value) in [("SSL_CERT_FILE", &file), ("SSL_CERT_DIR", &folder)] {
        let cli = cli.clone().with(name, value);
        cli.run(["sms", "A", "--delivered", "--no-ledger"]).exits(0);
        let ran = cli.run(["check", "-v"]);
        assert!(ran.exits(0).stdout.contains(&format!("({name}) only")), "{}", ran.shown());
        let shown = cli.run(["config", "show"]);
        assert!(shown.exits(0).stdout.contains(name), "{}", shown.shown());
    }
    let connections = sandbox.counts().connections;
    for (name, value) in [
        ("SSL_CERT_FILE", &missing),
        ("SSL_CERT_FILE", &empty),
        ("SSL_CERT_FILE", &open),
        ("SSL_CERT_FILE", &none),
        ("SSL_CERT_DIR", &missing),
        ("SSL_CERT_DIR", &none),
    ] {
        let cli = cli.clone().with(name, value);
        for command in [&["check"][..], &["sms", "A", "--delivered"]] {
            let ran = cli.run(command);
            ran.exits(78);
            let said = ran.said();
            assert!(said.contains(name) && said.contains(value.to_str().unwrap()), "{name} {}", ran.shown());
        }
    }
    // One good source does not make up for another that is not there.
    cli.clone().with("SSL_CERT_DIR", &folder).with("SSL_CERT_FILE", &missing).run(["check"]).exits(78);
    assert_eq!(sandbox.counts().connections, connections);
    // A file that is named is the one that is trusted, and a variable that is set to nothing counts as unset.
    let named = cli.clone().with("SSL_CERT_FILE", &missing).with("NEXMO_CONVERSION_CACERT", &file);
    named.run(["sms", "A", "--delivered", "--no-ledger"]).exits(0);
    named.with("SSL_CERT_FILE", "").run(["sms", "A", "--delivered", "--no-ledger"]).exits(0);
    let ran = cli.with("SSL_CERT_FILE", "").run(["check"]);
    assert!(!ran.exits(78).stdout.contains("SSL_CERT_FILE"), "{}", ran.shown());
}

#[test]
fn a_ca_file_that_others_can_change_is_refused() {
    let sandbox = api::tls(CertificateKind::Valid);
    let cli = Cli::new().against(&sandbox);
    for bits in [0o664, 0o646] {
        fs::set_permissions(cli.path("ca.pem"), fs::Permissions::from_mode(bits)).unwrap();
        cli.run(REPORT).exits(78).remarks(&contains("chmod go-w '"));
    }
    fs::set_permissions(cli.path("ca.pem"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(cli.path("here"), fs::Permissions::from_mode(0o777)).unwrap();
    fs::copy(cli.path("ca.pem"), cli.path("here/ca.pem")).unwrap();
    cli.run(REPORT.iter().chain(&["--cacert", "ca.pem"]))
        .exits(78)
        .remarks(&contains("here, which others can change"));
    assert_eq!(sandbox.counts().connections, 0);
    // What the shell hands over is the user's word.
    cli.shell("nexmo-conversion sms A --delivered --cacert /dev/fd/3 3< ../ca.pem").exits(0);
    cli.shell("cat ../ca.pem | nexmo-conversion sms B --delivered --cacert /dev/stdin").exits(0);
}

#[test]
fn a_ca_file_without_end_is_refused() {
    let ran = Cli::new().against(&api::plain()).run(REPORT.iter().copied().chain(["--cacert", "/dev/zero"]));
    ran.exits(78).remarks(&contains("larger than"));
}

#[test]
fn a_handshake_that_never_ends_is_bounded() {
    let silent = relay::Silent::start();
    let url = format!("https://{}", silent.address());
    let ran = Cli::new()
        .with("VONAGE_API_KEY", api::KEY)
        .with("VONAGE_API_SECRET", api::SECRET)
        .run(REPORT.iter().copied().chain(["--retry", "0", "--connect-timeout", "400ms", "--base-url", &url]));
    let line = ran.exits(75).line();
    assert_eq!(line["error"]["code"], "timeout", "{}", ran.shown());
    assert_eq!(line["error"]["reached_server"], false);
    assert_eq!(silent.connections(), 1);
}
