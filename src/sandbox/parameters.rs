//! The parameters of a request, wherever its sender put them.

use std::borrow::Cow;

use serde_json::Value;

use super::http::Request;
use super::log::CredentialSource;

/// All parameters, decoded, in the order in which they count: the query's, then the body's.
///
/// Where a name stands more than once the **first** wins, as with the servlet containers that the service's error
/// pages come from.
#[derive(Debug, Default)]
pub(super) struct Parameters<'a>(Vec<Parameter<'a>>);

#[derive(Debug)]
pub(super) struct Parameter<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) value: Cow<'a, str>,
    pub(super) source: CredentialSource,
}

impl<'a> Parameters<'a> {
    pub(super) fn read(request: &Request<'a>) -> Self {
        let mut parameters = Self(Vec::with_capacity(8));
        parameters.add_form(request.query.as_bytes(), CredentialSource::Query);
        if is_json(request) {
            parameters.add_json(request.body);
        } else {
            parameters.add_form(request.body, CredentialSource::Form);
        }
        parameters
    }

    pub(super) fn get(&self, name: &str) -> Option<&Parameter<'a>> {
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

    fn add_form(&mut self, bytes: &'a [u8], source: CredentialSource) {
        self.0.extend(form_urlencoded::parse(bytes).map(|(name, value)| Parameter { name, value, source }));
    }

    /// The scalars of an object. Anything else, such as the `[]` that one library sends beside its query, says nothing.
    fn add_json(&mut self, bytes: &[u8]) {
        let Ok(Value::Object(members)) = serde_json::from_slice(bytes) else {
            return;
        };
        let scalar = |value| match value {
            Value::String(text) => Some(text),
            Value::Bool(value) => Some(value.to_string()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        };
        let found = members.into_iter().filter_map(|(name, value)| {
            Some(Parameter {
                name: Cow::Owned(name),
                value: Cow::Owned(scalar(value)?),
                source: CredentialSource::Json,
            })
        });
        self.0.extend(found);
    }
}

/// What the header says, or, without one, what the body looks like.
fn is_json(request: &Request<'_>) -> bool {
    if request.content_type.is_empty() {
        matches!(request.body.trim_ascii_start().first(), Some(b'{' | b'['))
    } else {
        request.content_type.to_ascii_lowercase().contains("json")
    }
}

#[cfg(test)]
mod tests {
    use super::Parameters;
    use crate::sandbox::http::Request;

    fn pairs(query: &str, content_type: &str, body: &str) -> Vec<(String, String)> {
        let request = Request { query, content_type, body: body.as_bytes(), ..Request::default() };
        let parameters = Parameters::read(&request);
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
            ("a=query&a=again", FORM, "a=form&b=2", &[("a", "query"), ("b", "2")]),
            ("a&=&&b=%ff", "", "", &[("a", ""), ("", ""), ("b", "\u{fffd}")]),
        ] {
            let expected: Vec<_> = expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            assert_eq!(pairs(query, content_type, body), expected, "{query} {content_type} {body}");
        }
    }
}
