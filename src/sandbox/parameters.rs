//! The parameters of a request, wherever its sender put them.

use std::borrow::Cow;

use serde_json::Value;

use super::http::ReceivedRequest;
use super::log::CredentialSource;
use super::switches::{MislabelledForm, SignedDuplicate, SignedParameters};

/// All parameters, decoded, in the order in which they count: the query's, then the body's.
///
/// Where a name stands more than once the **first** wins, as with the servlet containers that the service's error
/// pages come from.
#[derive(Debug, Default)]
pub(super) struct Parameters<'a>(Vec<ReceivedParameter<'a>>);

#[derive(Debug)]
pub(super) struct ReceivedParameter<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) value: Cow<'a, str>,
    pub(super) source: CredentialSource,
}

impl<'a> Parameters<'a> {
    pub(super) fn read(request: &ReceivedRequest<'a>, mislabelled: MislabelledForm) -> Self {
        let mut parameters = Self(Vec::with_capacity(8));
        parameters.add_form(request.query.as_bytes(), CredentialSource::Query);
        match body(request) {
            BodyFormat::Form => parameters.add_form(request.body, CredentialSource::Form),
            BodyFormat::Json => parameters.add_json(request.body, mislabelled),
            BodyFormat::JsonSentAsForm => parameters.add_whole(request.body),
        }
        parameters
    }

    pub(super) fn get(&self, name: &str) -> Option<&ReceivedParameter<'a>> {
        self.0.iter().find(|parameter| parameter.name == name)
    }

    /// A value that is there and not blank.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.get(name).map(|parameter| parameter.value.trim()).filter(|value| !value.is_empty())
    }

    /// Each name once, with the value that counts.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().enumerate().filter_map(|(index, parameter)| {
            let earlier = &self.0[..index];
            let first = !earlier.iter().any(|other| other.name == parameter.name);
            first.then_some((&*parameter.name, &*parameter.value))
        })
    }

    /// What a signature is over: each name once, or as the switches have it.
    pub(super) fn signed(
        &self,
        which: SignedParameters,
        duplicate: SignedDuplicate,
    ) -> impl Iterator<Item = (&str, &str)> {
        let taken: Vec<_> = self
            .0
            .iter()
            .filter(|parameter| match which {
                SignedParameters::All => true,
                SignedParameters::Body => parameter.source != CredentialSource::Query,
            })
            .collect();
        (0..taken.len()).filter_map(move |index| {
            let (parameter, name) = (taken[index], &taken[index].name);
            let others = match duplicate {
                SignedDuplicate::First => &taken[..index],
                SignedDuplicate::Last => &taken[index + 1..],
            };
            let counts = !others.iter().any(|other| other.name == *name);
            counts.then_some((&*parameter.name, &*parameter.value))
        })
    }

    fn add_form(&mut self, bytes: &'a [u8], source: CredentialSource) {
        self.0.extend(form_urlencoded::parse(bytes).map(|(name, value)| ReceivedParameter {
            name,
            value,
            source,
        }));
    }

    /// The body as one name: read as a form it would fall into pieces, wherever a value has an `&`.
    fn add_whole(&mut self, bytes: &'a [u8]) {
        let (name, value) = (String::from_utf8_lossy(bytes), Cow::Borrowed(""));
        self.0.push(ReceivedParameter { name, value, source: CredentialSource::Form });
    }

    /// The scalars of an object. Anything else, such as the `[]` that one library sends beside its query, says nothing.
    fn add_json(&mut self, bytes: &'a [u8], mislabelled: MislabelledForm) {
        let members = match (serde_json::from_slice(bytes), mislabelled) {
            (Ok(Value::Object(members)), _) => members,
            (Err(_), MislabelledForm::Read) if !looks_like_json(bytes) => {
                return self.add_form(bytes, CredentialSource::Form);
            }
            (Ok(_), _) | (Err(_), MislabelledForm::Read | MislabelledForm::Ignored) => return,
        };
        let scalar = |value| match value {
            Value::String(text) => Some(text),
            Value::Bool(value) => Some(value.to_string()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        };
        let found = members.into_iter().filter_map(|(name, value)| {
            Some(ReceivedParameter {
                name: Cow::Owned(name),
                value: Cow::Owned(scalar(value)?),
                source: CredentialSource::Json,
            })
        });
        self.0.extend(found);
    }
}

/// The types under which the service's documents list JSON.
const JSON_TYPES: [&str; 7] = [
    "application/json",
    "application/jsonrequest",
    "application/x-javascript",
    "text/json",
    "text/javascript",
    "text/x-javascript",
    "text/x-json",
];

/// How a body is read.
enum BodyFormat {
    Form,
    Json,
    /// Says nothing: `curl -d` labels whatever it sends as a form.
    JsonSentAsForm,
}

fn looks_like_json(bytes: &[u8]) -> bool {
    matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// What the header says, or, without one, what the body looks like.
fn body(request: &ReceivedRequest<'_>) -> BodyFormat {
    let media_type = request.content_type.split(';').next().unwrap_or_default().trim();
    let is_json = JSON_TYPES.iter().any(|json| media_type.eq_ignore_ascii_case(json))
        || media_type.to_ascii_lowercase().ends_with("+json");
    match (media_type, looks_like_json(request.body)) {
        ("", true) => BodyFormat::Json,
        _ if is_json => BodyFormat::Json,
        (_, true) => BodyFormat::JsonSentAsForm,
        (_, false) => BodyFormat::Form,
    }
}

#[cfg(test)]
mod tests {
    use super::Parameters;
    use crate::sandbox::http::ReceivedRequest;
    use crate::sandbox::switches::MislabelledForm;

    fn pairs(query: &str, content_type: &str, body: &str) -> Vec<(String, String)> {
        let request = ReceivedRequest { query, content_type, body: body.as_bytes(), ..ReceivedRequest::default() };
        let parameters = Parameters::read(&request, MislabelledForm::Ignored);
        parameters.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn every_place_and_mix_that_clients_use_is_read() {
        const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
        for (query, content_type, body, expected) in [
            ("a=1&b=2&", "", "", &[("a", "1"), ("b", "2")][..]),
            ("", FORM, "a=x+y&b=x%20y", &[("a", "x y"), ("b", "x y")]),
            ("a=1", "application/json", "[]", &[("a", "1")]),
            ("a=1", "application/json", "not json", &[("a", "1")]),
            (
                "",
                "Application/JSON",
                r#"{"a":true,"b":"x","c":5,"d":null,"e":[1]}"#,
                &[("a", "true"), ("b", "x"), ("c", "5")],
            ),
            ("", "", r#" {"a":"1"}"#, &[("a", "1")]),
            ("", FORM, r#"{"a":"1&b=2"}"#, &[(r#"{"a":"1&b=2"}"#, "")]),
            ("a=query&a=again", FORM, "a=form&b=2", &[("a", "query"), ("b", "2")]),
            ("a&=&&b=%ff", "", "", &[("a", ""), ("", ""), ("b", "\u{fffd}")]),
        ] {
            let expected: Vec<_> = expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            assert_eq!(pairs(query, content_type, body), expected, "{query} {content_type} {body}");
        }
    }

    #[test]
    fn every_type_of_the_documents_is_json() {
        for media_type in super::JSON_TYPES {
            for label in [media_type.to_owned(), format!("{}; charset=UTF-8", media_type.to_uppercase())] {
                assert_eq!(pairs("", &label, r#"{"a":1}"#), [("a".to_owned(), "1".to_owned())], "{label}");
            }
        }
        assert_eq!(pairs("", "text/plain", "a=1"), [("a".to_owned(), "1".to_owned())]);
    }
}
