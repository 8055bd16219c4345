//! What the log may show of a request. Any other parameter than a conversion's own may be a secret under an unexpected name, so
//! the parameters to show are listed here, and not those to mask.

use std::collections::BTreeMap;

use super::options::SandboxAccount;
use super::parameters::Parameters;
use crate::domain::Secret;
use crate::wire::{ParameterName, names};

/// Everything of a conversion that is no secret.
const SHOWN: [ParameterName; 4] = [names::API_KEY, names::MESSAGE_ID, names::DELIVERED, names::TIMESTAMP];

/// A name is longer only if it is something else: a body that was taken for a form, for instance.
const LONGEST_NAME: usize = 64;
/// A piece of a secret is known by no fewer characters.
const SHORTEST_PIECE: usize = 3;

/// The parameters that count, by name. A name is masked as well where it may be (a piece of) a secret: a secret with a `&`
/// that was not encoded ends in a name.
pub(super) fn parameters(parameters: &Parameters<'_>, accounts: &[SandboxAccount]) -> BTreeMap<String, String> {
    let shown = |(name, value): (&str, &str)| {
        let is_shown = SHOWN.contains(&name) && !holds_secret(value, accounts);
        let name = if is_name(name) && !is_piece_of_secret(name, accounts) { name } else { Secret::MASK };
        let value = if is_shown { value } else { Secret::MASK };
        (name.to_owned(), value.to_owned())
    };
    parameters.pairs().map(shown).collect()
}

/// The path as far as it is plain: what is behind a character that none of the API's paths has may be parameters.
pub(super) fn path(path: &str, accounts: &[SandboxAccount]) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
    if holds_secret(path, accounts) {
        return Secret::MASK.to_owned();
    }
    match path.find(|c| !is_plain(c)) {
        Some(end) => format!("{}{}", &path[..end], Secret::MASK),
        None => path.to_owned(),
    }
}

fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.[]".contains(&byte);
    (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(plain)
}

fn holds_secret(text: &str, accounts: &[SandboxAccount]) -> bool {
    secrets(accounts).any(|secret| secret.len() >= SHORTEST_PIECE && text.contains(secret))
}

fn is_piece_of_secret(text: &str, accounts: &[SandboxAccount]) -> bool {
    text.len() >= SHORTEST_PIECE && secrets(accounts).any(|secret| secret.contains(text))
}

fn secrets(accounts: &[SandboxAccount]) -> impl Iterator<Item = &str> {
    accounts.iter().flat_map(|account| {
        let signature = account.signature.as_ref().map(|(secret, _)| secret.expose());
        [Some(account.api_secret.expose()), signature].into_iter().flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::{parameters, path};
    use crate::domain::{Secret, SignatureMethod};
    use crate::sandbox::http::ReceivedRequest;
    use crate::sandbox::options::SandboxAccount;
    use crate::sandbox::parameters::Parameters;
    use crate::sandbox::switches::MislabelledForm;

    const FORM: &str = "application/x-www-form-urlencoded";

    fn accounts() -> [SandboxAccount; 1] {
        let account = SandboxAccount::new("abcd1234", "s3cret&tail").unwrap();
        [account.signing(Secret::new("sig-s3cret".into()), SignatureMethod::Sha256)]
    }

    fn logged(query: &str, content_type: &str, body: &str) -> String {
        let request = ReceivedRequest { query, content_type, body: body.as_bytes(), ..ReceivedRequest::default() };
        let shown = parameters(&Parameters::read(&request, MislabelledForm::Read), &accounts());
        serde_json::to_string(&shown).unwrap()
    }

    #[test]
    fn a_secret_is_masked_under_any_name_and_wherever_it_stands() {
        let names = [
            "api_secret",
            "apiSecret",
            "api-secret",
            "API_SECRET",
            "signature_secret",
            "signatureSecret",
            "sig",
            "password",
            "passwd",
            "secret",
            "token",
            "access_token",
            "authorization",
            "Authorization",
            "client[secret]",
            "jwt",
            "x",
            "é",
        ];
        for name in names {
            let pair = format!("message-id=A&{name}=hunter2");
            let json = format!(
                r#"{{"message-id":"A","{name}":"hunter2","nested":{{"{name}":"hunter2"}},"l":["hunter2"]}}"#
            );
            for (query, content_type, body) in [
                (&*pair, FORM, ""),
                ("", FORM, &*pair),
                ("", "", &pair),
                ("", "application/json", &json),
                ("", "text/x-javascript", &json),
                ("", "", &json),
                ("", FORM, &json),
                (&json, FORM, ""),
            ] {
                let shown = logged(query, content_type, body);
                assert!(!shown.contains("hunter2") && shown.contains("********"), "{name}: {body}: {shown}");
            }
        }
    }

    #[test]
    fn a_secret_is_not_shown_in_pieces_or_in_the_wrong_place() {
        for (query, body) in [
            ("api_secret=s3cret&tail", ""),
            ("", r#"{"api_secret":"s3cret&tail&ail=1"}"#),
            ("api_key=s3cret%26tail", ""),
            ("message-id=xx-sig-s3cret", ""),
            ("s3cret%26tail", ""),
        ] {
            let shown = logged(query, FORM, body);
            assert!(!shown.contains("s3cret") && !shown.contains("ail"), "{query}{body}: {shown}");
        }
    }

    #[test]
    fn the_conversion_itself_is_shown() {
        let shown = logged(
            "api_key=abcd1234&message-id=%7Ba%7D&delivered=1&timestamp=2026-11-22+01:25:26&message_id=B",
            FORM,
            "",
        );
        assert_eq!(
            shown,
            r#"{"api_key":"abcd1234","delivered":"1","message-id":"{a}","message_id":"********","timestamp":"2026-11-22 01:25:26"}"#
        );
    }

    #[test]
    fn a_path_is_shown_as_far_as_it_is_one() {
        for (sent, shown) in [
            ("/conversions/sms", "/conversions/sms"),
            ("/gateway/v1.0/conversions/voice", "/gateway/v1.0/conversions/voice"),
            ("/conversions/sms;api_secret=hunter2", "/conversions/sms********"),
            ("/conversions/sms%3Fapi_secret=hunter2", "/conversions/sms********"),
            ("/conversions/sig-s3cret", "********"),
        ] {
            assert_eq!(path(sent, &accounts()), shown);
        }
    }
}
