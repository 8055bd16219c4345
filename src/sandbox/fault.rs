//! Carrying out what goes wrong. Everything here ends the connection.

use std::io::{self, Read, Write};
use std::time::Duration;

use super::answer::Fault;
use super::connections::{Connections, Waited};

/// How long a dripping reply takes for one byte.
const DRIP: Duration = Duration::from_millis(200);

/// How a connection comes to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Termination {
    /// Properly, once all has been sent.
    Close,
    /// Once all has been sent, without TLS's good-bye, as when a server dies.
    Cut,
    /// With a reset, which also destroys what is still on its way.
    Reset,
}

/// The reply that the request deserves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deserved<'a> {
    pub(super) bytes: &'a [u8],
    /// How many of the bytes are status line and headers.
    pub(super) head: usize,
}

pub(super) fn carry_out(
    fault: Fault,
    reply: Deserved<'_>,
    stream: &mut (impl Read + Write),
    connections: &Connections,
) -> io::Result<Termination> {
    let (head, body) = reply.bytes.split_at(reply.head);
    match fault {
        Fault::ResetBefore | Fault::Reset => return Ok(Termination::Reset),
        Fault::Close => {}
        Fault::HalfStatus => stream.write_all(&head[.."HTTP/1.1 2".len()])?,
        Fault::HalfHeaders => stream.write_all(&head[..head.len() / 2])?,
        Fault::Truncated => {
            // One more digit: 2 becomes 12.
            let longer = String::from_utf8_lossy(head).replace("Content-Length: ", "Content-Length: 1");
            stream.write_all(&[longer.as_bytes(), body].concat())?;
        }
        Fault::Drip => {
            for byte in reply.bytes {
                stream.write_all(&[*byte])?;
                if connections.wait(DRIP) == Waited::Stopped {
                    break;
                }
            }
        }
        Fault::Stall => while stream.read(&mut [0; 1024])? > 0 {},
        Fault::EndlessInterim => {
            let block = "HTTP/1.1 100 Continue\r\n\r\n".repeat(100);
            endlessly(stream, block.as_bytes())?;
        }
        Fault::EndlessHeaders => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
            let block = "X-Endless: and another one\r\n".repeat(100);
            endlessly(stream, block.as_bytes())?;
        }
        Fault::EndlessHeader => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nX-Endless: ")?;
            endlessly(stream, "and more ".repeat(400).as_bytes())?;
        }
        Fault::EndlessBody => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
            let block = format!("1000\r\n{}\r\n", "O".repeat(0x1000));
            endlessly(stream, block.as_bytes())?;
        }
        Fault::EndlessTrailers => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n")?;
            let block = "X-Endless: and another one\r\n".repeat(100);
            endlessly(stream, block.as_bytes())?;
        }
        Fault::Garbage => stream.write_all(b"\x00\xff\xfeNO SUCH PROTOCOL\r\n\r\n\x80\x81")?,
    }
    Ok(Termination::Cut)
}

/// Until the client has had enough, or the sandbox stops and the connection breaks.
fn endlessly(stream: &mut impl Write, block: &[u8]) -> io::Result<()> {
    loop {
        stream.write_all(block)?;
    }
}
