//! Common replies: what the program reads at once is what ureq-proto, whose word counts, reads state by state.
//!
//! The bytes are all that a server has sent when its reply is first looked at.

use nexmo_conversion::transport::{CommonReply, read_common};
use ureq_proto::client::state::RecvResponse;
use ureq_proto::client::{Call, RecvBodyResult, RecvResponseResult, SendRequestResult};
use ureq_proto::http::{HeaderName, Request, Response, header};

/// Reads a reply at once, or leaves it to ureq-proto.
pub type Reader = for<'a> fn(&'a [u8]) -> Option<CommonReply<'a>>;

/// See the module.
pub fn common_replies(data: &[u8]) {
    if let Err(difference) = agrees(read_common, data) {
        panic!("{difference}: {:?}", String::from_utf8_lossy(data));
    }
}

/// Whether a reader and ureq-proto agree on these bytes, and whether the reader took them.
pub fn agrees(reader: Reader, data: &[u8]) -> Result<bool, &'static str> {
    let Some(reply) = reader(data) else {
        return Ok(false);
    };
    let (head, body) = read_by_states(data)?;
    let value = |name: HeaderName| head.headers().get(name).and_then(|value| value.to_str().ok());
    let differences = [
        (head.status() != 200, "another status"),
        (value(header::CONTENT_TYPE) != reply.content_type, "another type"),
        (value(header::CONTENT_ENCODING) != reply.content_encoding, "another coding"),
        (head.headers().contains_key(header::RETRY_AFTER), "it says when to come again"),
        (body != reply.body, "another body"),
    ];
    match differences.into_iter().find(|(differs, _)| *differs) {
        Some((_, difference)) => Err(difference),
        None => Ok(true),
    }
}

/// One reply to a form, after which nothing is left and the connection lives on; or why it is none.
fn read_by_states(data: &[u8]) -> Result<(Response<()>, Vec<u8>), &'static str> {
    let mut call = waiting();
    let (used, head) = call.try_response(data, false).map_err(|_| "no reply")?;
    let head = head.ok_or("no whole head, or not the last one")?;
    let rest = &data[used..];
    let (cleanup, rest, body) = match call.proceed().ok_or("no whole head")? {
        RecvResponseResult::Cleanup(call) => (call, rest, Vec::new()),
        RecvResponseResult::Redirect(_) => return Err("a redirect"),
        RecvResponseResult::RecvBody(mut call) => {
            let mut body = vec![0; rest.len()];
            let (used, read) = call.read(rest, &mut body).map_err(|_| "no body")?;
            body.truncate(read);
            match call.proceed().ok_or("a body without its end")? {
                RecvBodyResult::Cleanup(call) => (call, &rest[used..], body),
                RecvBodyResult::Redirect(_) => return Err("a redirect"),
            }
        }
    };
    match (cleanup.close_reason(), rest) {
        (Some(_), _) => Err("the connection is to be closed"),
        (None, [_, ..]) => Err("something is left"),
        (None, []) => Ok((head, body)),
    }
}

/// A call whose form is sent.
fn waiting() -> Call<RecvResponse> {
    let request = Request::post("https://api.nexmo.com/conversions/sms").header("content-length", "2").body(());
    let mut call = Call::new(request.unwrap()).unwrap().proceed();
    call.write(&mut [0; 1024]).unwrap();
    let Ok(Some(SendRequestResult::SendBody(mut call))) = call.proceed() else {
        panic!("a form has a body");
    };
    call.write(b"a=", &mut [0; 2]).unwrap();
    call.proceed().unwrap()
}
