//! What all forms to one URL begin with. ureq-proto writes it once; only the length of the form is put in each time.

use memchr::memmem;
use ureq::Error;
use ureq::http::{HeaderValue, Method, Request as HttpRequest, Uri, header};

use super::error::unsendable;
use super::exchange::{prepare, write};
use super::output::Output;
use crate::wire::CONTENT_TYPE;

/// The head of a form, without the form's length.
#[derive(Debug)]
pub(super) struct FormHead {
    url: Uri,
    before_length: Vec<u8>,
    after_length: Vec<u8>,
}

/// A length has no more digits.
const DIGITS: usize = 20;

impl FormHead {
    pub(super) fn new(url: Uri) -> Result<Self, Error> {
        const LENGTH: &[u8] = b"content-length: ";
        let mut output = Output::new();
        write(prepare(form(url.clone()), Some(&[]))?, &[], &mut output)?;
        let head = output.bytes();
        let at = memmem::find(head, LENGTH).ok_or_else(|| unsendable(()))? + LENGTH.len();
        let (before, after) = head.split_at(at);
        let after = after.strip_prefix(b"0").ok_or_else(|| unsendable(()))?;
        Ok(Self { url, before_length: before.to_vec(), after_length: after.to_vec() })
    }

    pub(super) fn url(&self) -> &Uri {
        &self.url
    }

    /// What it needs at most.
    pub(super) fn room(&self) -> usize {
        self.before_length.len() + DIGITS + self.after_length.len()
    }

    /// Puts it before the form that is in the output.
    pub(super) fn complete(&self, output: &mut Output) -> Result<(), Error> {
        let length = output.bytes().len();
        output.prepend(&self.after_length)?;
        output.prepend(itoa::Buffer::new().format(length).as_bytes())?;
        output.prepend(&self.before_length)
    }
}

/// A request that sends a form, which comes later.
pub(super) fn form(url: Uri) -> HttpRequest<()> {
    // Not with a builder, which moves the whole request at each step.
    let mut request = HttpRequest::new(());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = url;
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    request
}

#[cfg(test)]
mod tests {
    use super::{FormHead, Output, form, prepare, write};

    #[test]
    fn it_is_what_ureq_writes_for_every_length() {
        for url in ["https://api.nexmo.com/conversions/sms", "http://127.0.0.1:9/content-length:%200/voice"] {
            let head = FormHead::new(url.parse().unwrap()).unwrap();
            for length in (0..200).chain([999, 1000, 9999, 10_000]) {
                let body = vec![b'x'; length];
                let (mut ours, mut ureqs) = (Output::new(), Output::new());
                ours.begin(head.room());
                ours.room()[..length].copy_from_slice(&body);
                ours.written(length);
                head.complete(&mut ours).unwrap();
                write(prepare(form(head.url().clone()), Some(&body)).unwrap(), &body, &mut ureqs).unwrap();
                assert_eq!(String::from_utf8_lossy(ours.bytes()), String::from_utf8_lossy(ureqs.bytes()));
            }
        }
    }
}
