//! Replies: the status decides, and nothing that stands in a body but a web page on a 200.
//!
//! Three digits are the status, a fourth the wait; the rest is the body.

use std::time::Duration;

use nexmo_conversion::wire::{Reply, StopCause, Verdict, classify, reason};

use crate::{assert_only_prints, choice};

/// See the module.
pub fn replies(mut data: &[u8]) {
    let status = (0..3).fold(0, |status, _| status * 10 + u16::from(choice(&mut data)));
    let retry_after = Some(Duration::from_secs(u64::from(choice(&mut data)))).filter(|wait| !wait.is_zero());
    let verdict = classify(&Reply { status, retry_after, body: data.to_vec() });
    assert_eq!(verdict, promised(status, data, retry_after), "{status}");
    for body in [&b""[..], b"OK", b"{\"error\":\"<html>\"}", b"\xff<"] {
        let other = classify(&Reply { status, retry_after, body: body.to_vec() });
        assert_eq!(other, promised(status, b"", retry_after), "{status}: {body:?} decides");
    }
    let longer = [b" \r\n\t", data, b"</html>"].concat();
    if !data.trim_ascii().is_empty() && !data.starts_with(MARK) {
        assert_eq!(classify(&Reply { status, retry_after, body: longer }), verdict, "{status}");
    }
    assert_only_prints(reason(status));
}

const MARK: &[u8] = b"\xEF\xBB\xBF";

fn begins_like_a_page(body: &[u8]) -> bool {
    body.strip_prefix(MARK).unwrap_or(body).trim_ascii_start().starts_with(b"<")
}

/// The table of promises, written down once more.
fn promised(status: u16, body: &[u8], wait: Option<Duration>) -> Verdict {
    const WRONG_ADDRESS: [u16; 7] = [404, 405, 406, 410, 415, 501, 505];
    if status == 200 && begins_like_a_page(body) || status == 511 {
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
