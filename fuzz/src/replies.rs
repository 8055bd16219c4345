//! Replies: the status decides, and a success must carry what the API could have sent.
//!
//! Three digits are the status, a fourth the wait, two more the label, the coding and the end; the rest is the body.

use std::time::Duration;

use nexmo_conversion::wire::{Body, BodyEnd, Reply, StopCause, Verdict, classify, reason};

use crate::{assert_only_prints, choice};

const LABELS: [Option<&str>; 5] =
    [None, Some("text/plain"), Some("text/html"), Some("Text/HTML; charset=x"), Some("application/json")];
const CODINGS: [Option<&str>; 3] = [None, Some("identity"), Some("gzip")];

/// See the module.
pub fn replies(mut data: &[u8]) {
    let status = (0..3).fold(0, |status, _| status * 10 + u16::from(choice(&mut data)));
    let retry_after = Some(Duration::from_secs(u64::from(choice(&mut data)))).filter(|wait| !wait.is_zero());
    let label = LABELS[usize::from(choice(&mut data)) % LABELS.len()];
    let coding = CODINGS[usize::from(choice(&mut data)) % CODINGS.len()];
    for end in [BodyEnd::Reached, BodyEnd::Missed] {
        for body in [data, b"", b"OK", b"{\"error\":\"<html>\"}", b"\xff<b>"] {
            let nothing_came = end == BodyEnd::Missed && body.trim_ascii().is_empty();
            let good = !nothing_came && could_be_the_apis(body, end, label, coding);
            let reply = Reply { status, retry_after, body: Body::new(body.to_vec(), label, coding, end) };
            assert_eq!(classify(&reply), promised(status, good, retry_after), "{status} {label:?} {body:?}");
        }
    }
    assert_only_prints(reason(status));
}

/// The rule for bodies, written down once more: over text where the program goes over bytes.
fn could_be_the_apis(body: &[u8], end: BodyEnd, label: Option<&str>, coding: Option<&str>) -> bool {
    let trimmed = body.trim_ascii();
    let json = serde_json::from_slice::<serde_json::Value>(body);
    if trimmed.is_empty()
        || trimmed == b"OK"
        || (end == BodyEnd::Reached && json.is_ok_and(|json| json.is_object() || json.is_array()))
    {
        return true;
    }
    let text: String = body.iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
    let has_tag = text.split('<').skip(1).any(|rest| {
        rest.chars().next().is_some_and(|next| next.is_ascii_alphabetic() || ['!', '/', '?'].contains(&next))
    });
    let is_page = label.is_some_and(|label| label.to_lowercase().starts_with("text/html"));
    !has_tag && !is_page && coding != Some("gzip")
}

/// The table of promises, written down once more.
fn promised(status: u16, good: bool, wait: Option<Duration>) -> Verdict {
    const WRONG_ADDRESS: [u16; 7] = [404, 405, 406, 410, 415, 501, 505];
    if status / 100 == 2 && !good || status == 511 {
        Verdict::Stop(StopCause::Portal)
    } else if status / 100 == 2 {
        Verdict::Accepted
    } else if status / 100 == 3 {
        Verdict::Stop(StopCause::Redirect)
    } else if WRONG_ADDRESS.contains(&status) {
        Verdict::Stop(StopCause::WrongAddress)
    } else if [401, 403].contains(&status) {
        Verdict::Stop(StopCause::Credentials)
    } else if status == 402 {
        Verdict::Stop(StopCause::NotEnabled)
    } else if status == 407 {
        Verdict::Stop(StopCause::ProxyCredentials)
    } else if status == 429 {
        Verdict::Throttled(wait)
    } else if status / 100 == 4 && ![408, 425].contains(&status) {
        Verdict::Refused
    } else {
        Verdict::Transient(wait)
    }
}
