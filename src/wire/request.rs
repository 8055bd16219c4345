//! A conversion as an HTTP request, rendered with its secrets or without.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{ParameterName, names, signature};
use crate::domain::{Account, ApiKey, Auth, Channel, Conversion, Placement, Secret, SignedTimestamp};

/// The media type of the form body. The API's documents ask for UTF-8, which percent-encoding makes moot.
pub const CONTENT_TYPE: &str = "application/x-www-form-urlencoded";

/// The request for one conversion: always `POST`, always with a `timestamp`.
#[derive(Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Decides the path.
    pub channel: Channel,
    /// Where the parameters go.
    pub placement: Placement,
    /// The parameters, in the order of the API's documents.
    pub parameters: Vec<Parameter<'a>>,
    /// Key and secret for an `Authorization: Basic` header, where the account uses one.
    pub basic: Option<(&'a ApiKey, &'a Secret)>,
}

/// One parameter.
#[derive(Debug, PartialEq, Eq)]
pub struct Parameter<'a> {
    /// Its name on the wire.
    pub name: ParameterName,
    /// Its value, not yet encoded.
    pub value: ParameterValue<'a>,
}

/// A value that may be seen, or one that may not.
#[derive(Debug, PartialEq, Eq)]
pub enum ParameterValue<'a> {
    /// Shown as it is.
    Plain(Cow<'a, str>),
    /// Shown as [`Secret::MASK`].
    Secret(Cow<'a, Secret>),
}

impl<'a> Request<'a> {
    /// The request that sends `conversion` for `account`. A signature is made now, over exactly what is sent.
    #[must_use]
    pub fn new(conversion: &'a Conversion, account: &'a Account) -> Self {
        let key = || Parameter::plain(names::API_KEY, account.api_key.as_str());
        let secret =
            |secret| Parameter { name: names::API_SECRET, value: ParameterValue::Secret(Cow::Borrowed(secret)) };
        let date = || conversion.timestamp.to_string();
        let fact = |timestamp: String| {
            [
                Parameter::plain(names::MESSAGE_ID, conversion.message_id.as_str()),
                Parameter::plain(names::DELIVERED, conversion.delivered.as_str()),
                Parameter { name: names::TIMESTAMP, value: ParameterValue::Plain(Cow::Owned(timestamp)) },
            ]
        };
        let mut parameters = Vec::with_capacity(5);
        let (mut placement, mut basic) = (Placement::Form, None);
        match &account.auth {
            Auth::Form(api_secret) => {
                parameters.extend([key(), secret(api_secret)]);
                parameters.extend(fact(date()));
            }
            Auth::Query(api_secret) => {
                placement = Placement::Query;
                parameters.extend([key(), secret(api_secret)]);
                parameters.extend(fact(date()));
            }
            Auth::Basic(api_secret) => {
                basic = Some((&account.api_key, api_secret));
                parameters.extend(fact(date()));
            }
            Auth::Signature { placement: signed_in, secret, method, timestamp } => {
                placement = *signed_in;
                let timestamp = match timestamp {
                    SignedTimestamp::Date => date(),
                    SignedTimestamp::Epoch => conversion.timestamp.unix().to_string(),
                };
                parameters.push(key());
                parameters.extend(fact(timestamp));
                let pairs = parameters.iter().map(|parameter| (parameter.name, parameter.value.expose()));
                let sig = Secret::new(signature(pairs, secret, *method));
                parameters.push(Parameter { name: names::SIG, value: ParameterValue::Secret(Cow::Owned(sig)) });
            }
        }
        Self { channel: conversion.channel, placement, parameters, basic }
    }

    /// The id that it is about.
    #[must_use]
    pub fn message_id(&self) -> &str {
        let id = self.parameters.iter().find(|parameter| parameter.name == names::MESSAGE_ID);
        id.map_or("", |parameter| parameter.value.expose())
    }

    /// The parameters, form-encoded, with every secret in them: for the wire only.
    #[must_use]
    pub fn encoded(&self) -> Zeroizing<String> {
        // Never moved: a buffer that grows leaves copies of the secret behind.
        let mut form = vec![0; self.room()];
        let length = self.encode(&mut form).unwrap_or_default();
        form.truncate(length);
        Zeroizing::new(String::from_utf8(form).unwrap_or_default())
    }

    /// What the encoded parameters take at most.
    fn room(&self) -> usize {
        self.parameters.iter().map(|p| p.name.len() + 3 * p.value.expose().len() + 2).sum()
    }

    /// The encoded parameters, for one who has memory for them; returns how much they have taken, and nothing if it may be too
    /// little.
    pub fn encode(&self, memory: &mut [u8]) -> Option<usize> {
        let memory = memory.get_mut(..self.room())?;
        let mut length = 0;
        let mut put = |byte| {
            memory[length] = byte;
            length += 1;
        };
        for (number, parameter) in self.parameters.iter().enumerate() {
            if number > 0 {
                put(b'&');
            }
            // Our own names are written as they are.
            parameter.name.bytes().for_each(&mut put);
            put(b'=');
            parameter.value.expose().bytes().for_each(|byte| put_encoded(byte, &mut put));
        }
        Some(length)
    }

    /// The value of the `Authorization` header, where there is one: for the wire only.
    #[must_use]
    pub fn authorization(&self) -> Option<Zeroizing<String>> {
        self.basic.map(|(key, secret)| basic_credentials(key, secret))
    }
}

impl<'a> Parameter<'a> {
    fn plain(name: ParameterName, value: &'a str) -> Self {
        Self { name, value: ParameterValue::Plain(Cow::Borrowed(value)) }
    }
}

impl ParameterValue<'_> {
    fn expose(&self) -> &str {
        match self {
            Self::Plain(value) => value,
            Self::Secret(secret) => secret.expose(),
        }
    }
}

/// A byte of a value in a form (the URL standard, "application/x-www-form-urlencoded serializing"). Byte by byte, because a library's
/// pieces cost more to put together than all the rest of a form.
fn put_encoded(byte: u8, put: &mut impl FnMut(u8)) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    match byte {
        b'*' | b'-' | b'.' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => put(byte),
        b' ' => put(b'+'),
        _ => [b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]].into_iter().for_each(put),
    }
}

/// `Basic base64(api_key:api_secret)` (RFC 7617).
#[must_use]
pub fn basic_credentials(key: &ApiKey, secret: &Secret) -> Zeroizing<String> {
    let pair = Zeroizing::new(format!("{key}:{}", secret.expose()));
    Zeroizing::new(format!("Basic {}", *Zeroizing::new(STANDARD.encode(pair.as_bytes()))))
}

/// Key and secret out of an `Authorization` header: the inverse of [`basic_credentials`].
#[must_use]
pub fn decode_basic(header: &str) -> Option<(String, Secret)> {
    let (scheme, encoded) = header.trim().split_once(' ')?;
    let decoded = STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let pair = Zeroizing::new(String::from_utf8(decoded).ok()?);
    let (key, secret) = pair.split_once(':')?;
    Some((key.to_owned(), Secret::new(secret.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::{Request, decode_basic, put_encoded};
    use crate::domain::{
        Account, ApiKey, Auth, Channel, Conversion, Delivered, MessageId, Placement, Secret, SignatureMethod,
        SignedTimestamp, Timestamp,
    };

    fn conversion(id: &str) -> Conversion {
        Conversion {
            channel: Channel::Sms,
            message_id: MessageId::parse(id).unwrap(),
            delivered: Delivered::True,
            timestamp: Timestamp::parse("2026-11-22 01:25:26").unwrap(),
        }
    }

    fn account(auth: Auth) -> Account {
        Account { api_key: ApiKey::parse("abcd1234").unwrap(), auth }
    }

    fn secret() -> Secret {
        Secret::new("s&c=r+t %".into())
    }

    // The bodies are written down by hand from the reference's table of parameters.
    #[test]
    fn form_puts_key_secret_and_fact_into_the_body() {
        let (account, conversion) = (account(Auth::Form(secret())), conversion("00A0B0C0"));
        let request = Request::new(&conversion, &account);
        assert_eq!(
            request.encoded().as_str(),
            "api_key=abcd1234&api_secret=s%26c%3Dr%2Bt+%25&message-id=00A0B0C0&delivered=true\
             &timestamp=2026-11-22+01%3A25%3A26"
        );
        assert_eq!(request.placement, Placement::Form);
        assert_eq!(request.authorization(), None);
    }

    #[test]
    fn query_sends_the_same_parameters_in_the_url() {
        let (account, conversion) = (account(Auth::Query(Secret::new("x".into()))), conversion("00A0B0C0"));
        let request = Request::new(&conversion, &account);
        assert_eq!(request.placement, Placement::Query);
        assert_eq!(
            request.encoded().as_str(),
            "api_key=abcd1234&api_secret=x&message-id=00A0B0C0&delivered=true&timestamp=2026-11-22+01%3A25%3A26"
        );
    }

    #[test]
    fn basic_sends_the_credentials_in_the_header_only() {
        let (account, conversion) = (account(Auth::Basic(Secret::new("x:y".into()))), conversion("00A0B0C0"));
        let request = Request::new(&conversion, &account);
        assert_eq!(
            request.encoded().as_str(),
            "message-id=00A0B0C0&delivered=true&timestamp=2026-11-22+01%3A25%3A26"
        );
        // printf abcd1234:x:y | base64
        let header = request.authorization().unwrap();
        assert_eq!(header.as_str(), "Basic YWJjZDEyMzQ6eDp5");
        assert_eq!(decode_basic(&header), Some(("abcd1234".into(), Secret::new("x:y".into()))));
    }

    #[test]
    fn signature_signs_exactly_what_is_sent_and_never_sends_the_secret() {
        let secret = Secret::new("sigsecret".into());
        let auth = |placement, timestamp| Auth::Signature {
            placement,
            secret: secret.clone(),
            method: SignatureMethod::Md5Hash,
            timestamp,
        };
        let conversion = conversion("00A0B0C0");
        // printf '&api_key=abcd1234&delivered=true&message-id=00A0B0C0&timestamp=2026-11-22 01:25:26sigsecret' | md5sum
        let dated = account(auth(Placement::Form, SignedTimestamp::Date));
        assert_eq!(
            Request::new(&conversion, &dated).encoded().as_str(),
            "api_key=abcd1234&message-id=00A0B0C0&delivered=true&timestamp=2026-11-22+01%3A25%3A26\
             &sig=d29e20055bbed688941ebf4a20d32949"
        );
        let in_query = account(auth(Placement::Query, SignedTimestamp::Date));
        let (body, query) = (Request::new(&conversion, &dated), Request::new(&conversion, &in_query));
        assert_eq!((body.placement, query.placement), (Placement::Form, Placement::Query));
        assert_eq!(query.encoded(), body.encoded());
        // printf '&api_key=abcd1234&delivered=true&message-id=00A0B0C0&timestamp=1795310726sigsecret' | md5sum
        let epoch = account(auth(Placement::Form, SignedTimestamp::Epoch));
        assert_eq!(
            Request::new(&conversion, &epoch).encoded().as_str(),
            "api_key=abcd1234&message-id=00A0B0C0&delivered=true&timestamp=1795310726&sig=09b8ac376478cdb4f4cb49bfc2a8afe6"
        );
    }

    #[test]
    fn an_id_cannot_add_a_parameter() {
        let (account, conversion) = (account(Auth::Basic(secret())), conversion("a&delivered=false%0d%0a/../日"));
        let encoded = Request::new(&conversion, &account).encoded();
        assert!(
            encoded.starts_with("message-id=a%26delivered%3Dfalse%250d%250a%2F..%2F%E6%97%A5&delivered=true&")
        );
        let decoded: Vec<_> = form_urlencoded::parse(encoded.as_bytes()).collect();
        assert_eq!(decoded.len(), 3);
        assert_eq!(decoded[0].1, "a&delivered=false%0d%0a/../日");
    }

    #[test]
    fn the_body_is_never_moved_while_it_is_written_and_no_room_is_wasted() {
        for id in [1, 256] {
            let (account, conversion) =
                (account(Auth::Form(Secret::new("&".repeat(100)))), conversion(&"&".repeat(id)));
            let encoded = Request::new(&conversion, &account).encoded();
            // The first parameter has no `&` before it; a key of 8, `true` and 16 digits and signs of a time need no encoding.
            assert_eq!(encoded.capacity() - encoded.len(), 1 + 2 * (8 + 4 + 17));
        }
    }

    #[test]
    fn every_byte_is_encoded_as_other_peoples_code_has_it() {
        for byte in 0..=u8::MAX {
            let mut encoded = Vec::new();
            put_encoded(byte, &mut |byte| encoded.push(byte));
            let expected: String = form_urlencoded::byte_serialize(&[byte]).collect();
            assert_eq!(String::from_utf8(encoded).unwrap(), expected);
        }
    }

    #[test]
    fn what_has_no_room_is_not_encoded() {
        let (account, conversion) = (account(Auth::Form(secret())), conversion("00A0B0C0"));
        let request = Request::new(&conversion, &account);
        let whole = request.encoded();
        let mut memory = vec![0; whole.capacity()];
        assert_eq!(request.encode(&mut memory), Some(whole.len()));
        assert!(memory.starts_with(whole.as_bytes()));
        memory.pop();
        assert_eq!(request.encode(&mut memory), None);
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let (account, conversion) = (account(Auth::Form(Secret::new("tops3cret".into()))), conversion("00A0B0C0"));
        assert!(!format!("{:?}", Request::new(&conversion, &account)).contains("tops3cret"));
    }
}
