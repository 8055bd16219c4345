//! A server that is too old for any client: it knows TLS 1.1 and nothing newer.
//!
//! No library speaks that any more, and none is needed: a client hangs up when it sees the version.

use std::io::{self, Read, Write};
use std::net::TcpStream;

/// Answers a `ClientHello` with the `ServerHello` of TLS 1.1 (RFC 4346 §7.4.1.3).
pub(super) fn answer_hello(mut socket: &TcpStream) -> io::Result<()> {
    let record = [22, 3, 2, 0, 42];
    let handshake = [2, 0, 0, 38, 3, 2];
    let random_and_no_session = [0; 33];
    let aes_128_cbc_sha_uncompressed = [0, 0x2F, 0];
    let hello = [&record[..], &handshake, &random_and_no_session, &aes_128_cbc_sha_uncompressed];
    if socket.read(&mut [0; 4096])? > 0 {
        socket.write_all(&hello.concat())?;
    }
    Ok(())
}
