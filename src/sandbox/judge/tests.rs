//! The table of answers, row by row. Requests are written as published clients send them.

use super::{World, judge};
use crate::domain::{Secret, SignatureMethod, Timestamp};
use crate::sandbox::http::ReceivedRequest;
use crate::sandbox::log::CredentialSource;
use crate::sandbox::options::SandboxAccount;
use crate::sandbox::parameters::Parameters;
use crate::sandbox::unknowns::Unknowns;

const FORM: &str = "application/x-www-form-urlencoded";
const WHO: &str = "api_key=abcd1234&api_secret=topsecret";
const FACT: &str = "message-id=00A0B0C0&delivered=true&timestamp=2026-11-22+01%3A25%3A26";

fn verdict(request: &ReceivedRequest<'_>, switches: &[&str]) -> (u16, CredentialSource) {
    let enabled = SandboxAccount::new("abcd1234", "topsecret").unwrap();
    let accounts = [
        enabled.signing(Secret::new("sigsecret".into()), SignatureMethod::Md5Hash),
        SandboxAccount::new("off", "topsecret").unwrap().not_enabled(),
    ];
    let mut unknowns = Unknowns::default();
    for switch in switches {
        unknowns.set(switch).unwrap();
    }
    let world =
        World { accounts: &accounts, unknowns: &unknowns, now: Timestamp::parse("2026-11-22 01:30:00").unwrap() };
    let judgement = judge(request, &Parameters::read(request, unknowns.mislabelled_form), &world);
    (judgement.ruling.status(&unknowns), judgement.credentials)
}

fn post(body: &str) -> ReceivedRequest<'_> {
    ReceivedRequest {
        method: "POST",
        path: "/conversions/sms",
        content_type: FORM,
        body: body.as_bytes(),
        ..ReceivedRequest::default()
    }
}

fn status(body: &str, switches: &[&str]) -> u16 {
    verdict(&post(body), switches).0
}

#[test]
fn what_published_clients_send_is_accepted() {
    let all = format!("{WHO}&{FACT}");
    let json = r#"{"message-id":"x","delivered":true,"timestamp":"2026-11-22 01:25:26"}"#;
    let spaced = format!("{WHO}&message-id=x&delivered=True&timestamp=2026-11-22%2001:25:26&");
    for (request, source) in [
        (post(&all), CredentialSource::Form),
        (post(&spaced), CredentialSource::Form),
        (ReceivedRequest { query: &all, ..post("") }, CredentialSource::Query),
        (ReceivedRequest { query: &all, content_type: "application/json", ..post("[]") }, CredentialSource::Query),
        (ReceivedRequest { query: WHO, content_type: "application/json", ..post(json) }, CredentialSource::Query),
        (ReceivedRequest { query: FACT, ..post(WHO) }, CredentialSource::Form),
        (ReceivedRequest { method: "GET", query: &all, ..post("") }, CredentialSource::Query),
        (ReceivedRequest { path: "/conversions/voice", ..post(&all) }, CredentialSource::Form),
        (
            // printf abcd1234:topsecret | base64
            ReceivedRequest { authorization: Some("Basic YWJjZDEyMzQ6dG9wc2VjcmV0"), ..post(FACT) },
            CredentialSource::Basic,
        ),
    ] {
        assert_eq!(verdict(&request, &[]), (200, source), "{request:?}");
    }
}

#[test]
fn signatures_are_checked_over_the_date_or_the_seconds() {
    // The two digests are those of `wire::request`, from md5sum.
    let dated = format!("api_key=abcd1234&{FACT}&sig=D29E20055BBED688941EBF4A20D32949");
    let epoch = "api_key=abcd1234&message-id=00A0B0C0&delivered=true&timestamp=1795310726\
                 &sig=09b8ac376478cdb4f4cb49bfc2a8afe6";
    assert_eq!(verdict(&post(&dated), &[]), (200, CredentialSource::Signature));
    assert_eq!(status(epoch, &[]), 200);
    assert_eq!(status(epoch, &["signed-timestamp=date"]), 420);
    assert_eq!(status(&dated, &["signed-timestamp=epoch"]), 420);
    assert_eq!(status(&dated.replace("true", "false"), &[]), 401, "tampered with");
    assert_eq!(status(&format!("{dated}&api_secret=topsecret"), &[]), 401, "never with the secret");
    let with_basic = ReceivedRequest { authorization: Some("Basic YWJjZDEyMzQ6dG9wc2VjcmV0"), ..post(&dated) };
    assert_eq!(verdict(&with_basic, &[]), (401, CredentialSource::Basic));
    let other = epoch.replace("abcd1234", "off");
    assert_eq!(status(&other, &[]), 401, "an account that does not sign");
    let unsigned = format!("{WHO}&message-id=x&delivered=1&timestamp=1795310726");
    assert_eq!(status(&unsigned, &[]), 420, "seconds are for signatures");
}

#[test]
fn wrong_credentials_are_401_before_anything_else_about_the_account() {
    for body in [
        FACT,
        "",
        "api_key=abcd1234&api_secret=wrong",
        "api_key=nobody&api_secret=topsecret",
        "api_key=abcd1234",
        "api_key=abcd1234&api_secret=",
        "api_secret=topsecret",
        "api_key=off&api_secret=wrong",
    ] {
        assert_eq!(status(body, &[]), 401, "{body}");
    }
    let body = format!("{WHO}&{FACT}");
    for header in ["Basic", "Basic !", "Bearer x", "Basic YWJjZDEyMzQ6d3Jvbmc="] {
        let request = ReceivedRequest { authorization: Some(header), ..post(&body) };
        assert_eq!(verdict(&request, &[]).0, 401, "{header}: the header counts, whatever the body says");
    }
}

#[test]
fn accounts_that_are_not_enabled_get_402() {
    let off = "api_key=off&api_secret=topsecret";
    assert_eq!(status(&format!("{off}&{FACT}"), &[]), 402);
    assert_eq!(status(off, &[]), 402);
    assert_eq!(status(off, &["order=parameters-first"]), 423);
    assert_eq!(status(&format!("{off}&{FACT}"), &["order=parameters-first"]), 402);
}

#[test]
fn missing_is_423_and_malformed_420() {
    for fact in [
        "delivered=1&timestamp=2026-11-22 01:25:26",
        "message-id=&delivered=1&timestamp=2026-11-22 01:25:26",
        "message-id=x&timestamp=2026-11-22 01:25:26",
        "message-id=x&delivered=1",
        "message-id=x&delivered=1&timestamp=+",
        "message-id=x&delivered=nonsense",
    ] {
        assert_eq!(status(&format!("{WHO}&{fact}"), &[]), 423, "{fact}");
        assert_eq!(status(&format!("{WHO}&{fact}"), &["missing=422"]), 422);
    }
    for fact in [
        "message-id=x&delivered=yes&timestamp=2026-11-22 01:25:26",
        "message-id=x&delivered=1&timestamp=2026-11-22T01:25:26",
        "message-id=x&delivered=1&timestamp=2026-11-22 01:25:26Z",
        "message-id=x&delivered=1&timestamp=2026-02-30 01:25:26",
        "message-id=x&delivered=1&timestamp=now",
    ] {
        assert_eq!(status(&format!("{WHO}&{fact}"), &[]), 420, "{fact}");
        assert_eq!(status(&format!("{WHO}&{fact}"), &["malformed=423"]), 423);
    }
    let undated = format!("{WHO}&message-id=x&delivered=1");
    assert_eq!(status(&undated, &["timestamp=optional"]), 200);
    let python = format!("{WHO}&message-id=x&delivered=True&timestamp=2026-11-22 01:25:26");
    assert_eq!(status(&python, &["delivered=lower-case"]), 420);
}

#[test]
fn doubtful_reports_are_accepted_unless_a_switch_refuses_them() {
    let stale = format!("{WHO}&message-id=x&delivered=1&timestamp=2026-11-22 01:14:59");
    let fresh = format!("{WHO}&message-id=x&delivered=1&timestamp=2026-11-22 01:15:00");
    assert_eq!(status(&stale, &[]), 200);
    assert_eq!(status(&stale, &["stale=420"]), 420);
    assert_eq!(status(&fresh, &["stale=420"]), 200);
    let ahead = format!("{WHO}&message-id=x&delivered=1&timestamp=2026-11-22 09:00:00");
    assert_eq!(status(&ahead, &["stale=420"]), 200);
    assert_eq!(status(&fresh, &["unknown-id=422", "known-id=y"]), 422);
    assert_eq!(status(&fresh, &["unknown-id=422", "known-id=x"]), 200);
    let basic = ReceivedRequest { authorization: Some("Basic YWJjZDEyMzQ6dG9wc2VjcmV0"), ..post(FACT) };
    assert_eq!(verdict(&basic, &["basic=refused"]).0, 401);
}

#[test]
fn paths_come_before_methods_and_methods_before_credentials() {
    let request = |method, path| ReceivedRequest { method, path, ..post("") };
    for (method, path, switches, expected) in [
        ("POST", "/", &[][..], 404),
        ("DELETE", "/conversions", &[], 404),
        ("POST", "/conversions/sms/", &[], 404),
        ("POST", "/conversions/SMS", &[], 404),
        ("PUT", "/conversions/sms", &[], 405),
        ("HEAD", "/conversions/sms", &[], 405),
        ("GET", "/conversions/sms", &[], 401),
        ("GET", "/conversions/sms", &["get=refused"], 405),
        ("POST", "/account/get-balance", &[], 405),
        ("GET", "/account/get-balance", &[], 401),
    ] {
        assert_eq!(verdict(&request(method, path), switches).0, expected, "{method} {path}");
    }
    let balance = ReceivedRequest { query: WHO, ..request("GET", "/account/get-balance") };
    assert_eq!(verdict(&balance, &[]).0, 200);
}

/// A signature by md5hash, over the pairs as they stand here.
fn signature_of(text: &str) -> String {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    crate::wire::signature(pairs, &Secret::new("sigsecret".into()), SignatureMethod::Md5Hash)
}

const DATED: &str = "message-id=00A0B0C0&delivered=true&timestamp=2026-11-22 01:25:26";

#[test]
fn two_timestamps_may_be_signed_over_the_second() {
    let sig = signature_of("api_key=abcd1234&delivered=true&message-id=00A0B0C0&timestamp=1795310726");
    let body = format!("api_key=abcd1234&{DATED}&timestamp=1795310726&sig={sig}");
    assert_eq!(status(&body, &[]), 401);
    assert_eq!(status(&body, &["signed-duplicate=last"]), 200);
    assert_eq!(status(&body, &["signed-duplicate=last", "signed-timestamp=date"]), 200, "the first is read");
    assert_eq!(
        status(&body.replace("1795310726", "1795310727"), &["signed-duplicate=last"]),
        401,
        "tampered with"
    );
}

#[test]
fn a_signature_may_be_over_the_body_alone() {
    let sig = signature_of("api_key=abcd1234&timestamp=1795310800");
    let body = format!(r#"{{"api_key":"abcd1234","timestamp":1795310800,"sig":"{sig}"}}"#);
    let request = ReceivedRequest { query: DATED, content_type: "application/json", ..post(&body) };
    assert_eq!(verdict(&request, &[]), (401, CredentialSource::Signature));
    assert_eq!(verdict(&request, &["signed-parameters=body"]).0, 200);
    let tampered = body.replace("800", "801");
    assert_eq!(
        verdict(&ReceivedRequest { body: tampered.as_bytes(), ..request }, &["signed-parameters=body"]).0,
        401
    );
}

#[test]
fn seconds_without_a_signature_are_a_switch() {
    let epoch = format!("{WHO}&message-id=A&delivered=1&timestamp=1795310726");
    assert_eq!(status(&epoch, &[]), 420);
    assert_eq!(status(&epoch, &["unsigned-timestamp=either"]), 200);
    assert_eq!(status(&epoch, &["unsigned-timestamp=epoch"]), 200);
    assert_eq!(status(&format!("{WHO}&{FACT}"), &["unsigned-timestamp=either"]), 200);
    assert_eq!(status(&format!("{WHO}&{FACT}"), &["unsigned-timestamp=epoch"]), 420);
}

#[test]
fn basic_may_be_refused_with_402() {
    let right = ReceivedRequest { authorization: Some("Basic YWJjZDEyMzQ6dG9wc2VjcmV0"), ..post(FACT) };
    assert_eq!(verdict(&right, &["basic=402"]), (402, CredentialSource::Basic));
    let wrong = ReceivedRequest { authorization: Some("Basic YWJjZDEyMzQ6d3Jvbmc="), ..post(FACT) };
    assert_eq!(verdict(&wrong, &["basic=402"]).0, 401);
    assert_eq!(status(&format!("{WHO}&{FACT}"), &["basic=402"]), 200, "another way is not touched");
}

#[test]
fn a_signature_in_the_query_is_a_switch() {
    let sig = signature_of("api_key=abcd1234&delivered=true&message-id=00A0B0C0&timestamp=2026-11-22 01:25:26");
    let query = format!("api_key=abcd1234&{DATED}&sig={sig}");
    let request = ReceivedRequest { query: &query, ..post("") };
    assert_eq!(verdict(&request, &[]), (200, CredentialSource::Signature));
    assert_eq!(verdict(&request, &["query-signature=refused"]).0, 401);
    assert_eq!(status(&query, &["query-signature=refused"]), 200, "in the body it is as before");
}

#[test]
fn a_form_that_is_labelled_as_json_is_a_switch() {
    let all = format!("{WHO}&{FACT}");
    let request = ReceivedRequest { content_type: "application/json", ..post(&all) };
    assert_eq!(verdict(&request, &[]).0, 401);
    assert_eq!(verdict(&request, &["mislabelled-form=read"]), (200, CredentialSource::Form));
}
