//! A TCP socket that keeps to a deadline, also against a peer that sends a byte now and then.
#![expect(clippy::wildcard_enum_match_arm, reason = "the kernel's enum is open; an unknown value has its own arm")]

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use ureq::unversioned::resolver::ResolvedSocketAddrs;
use ureq::{Error, Timeout};

use super::error::NotQuiet;
use crate::clock;

/// A connected socket.
pub(super) struct Socket {
    stream: TcpStream,
    deadline: Option<Duration>,
    read_limit: Option<Duration>,
    write_limit: Option<Duration>,
}

impl Socket {
    /// Tries the addresses in turn; each gets an equal share of the time that is left.
    pub(super) fn connect(addresses: &ResolvedSocketAddrs, deadline: Option<Duration>) -> Result<Self, Error> {
        let mut failure = Error::HostNotFound;
        for (tried, address) in addresses.iter().enumerate() {
            let shares = u32::try_from(addresses.len() - tried).unwrap_or(1);
            let connected = match remaining(deadline) {
                Ok(Some(left)) => TcpStream::connect_timeout(address, (left / shares).max(MIN_LIMIT)),
                Ok(None) => TcpStream::connect(address),
                Err(timed_out) => return Err(phase_error(timed_out, Timeout::Connect)),
            };
            match connected.and_then(|stream| stream.set_nodelay(true).map(|()| stream)) {
                Ok(stream) => {
                    return Ok(Self { stream, deadline, read_limit: None, write_limit: None });
                }
                Err(error) => failure = phase_error(error, Timeout::Connect),
            }
        }
        Err(failure)
    }

    /// Reads and writes fail from then on.
    pub(super) fn set_deadline(&mut self, deadline: Option<Duration>) {
        self.deadline = deadline;
    }

    /// Gives a server that speaks at once the time to do so: a request that crosses what it says would take that for its
    /// answer. A server that TLS has shown to be the right one is not given this time, which each new connection would take.
    pub(super) fn let_it_speak(&self) {
        let limit = Timespec { tv_sec: 0, tv_nsec: SPEAKS_AT_ONCE.subsec_nanos().into() };
        // Whether it has spoken is seen before the request.
        let _ = poll(&mut [PollFd::new(&self.stream, PollFlags::IN)], Some(&limit));
    }

    /// Holds that a read would wait: there is neither anything to be read nor an end.
    pub(super) fn look(&self) -> Result<(), NotQuiet> {
        match recv(&self.stream, &mut [0; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
            Err(Errno::WOULDBLOCK) => Ok(()),
            Ok((1.., _)) => Err(NotQuiet::Spoken),
            Ok(_) | Err(_) => Err(NotQuiet::Closed),
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(limit) = new_limit(self.deadline, self.read_limit)? {
            self.stream.set_read_timeout(Some(limit))?;
            self.read_limit = Some(limit);
        }
        self.stream.read(buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(limit) = new_limit(self.deadline, self.write_limit)? {
            self.stream.set_write_timeout(Some(limit))?;
            self.write_limit = Some(limit);
        }
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Once a connection, and without TLS only, which is for servers on this machine.
const SPEAKS_AT_ONCE: Duration = Duration::from_millis(10);

/// The kernel takes no time limit of zero.
const MIN_LIMIT: Duration = Duration::from_millis(1);

/// The socket's time limit, where it must change: a system call for every few per cent would cost more than it is worth, so
/// a wait may overrun its deadline by a sixteenth.
fn new_limit(deadline: Option<Duration>, current: Option<Duration>) -> io::Result<Option<Duration>> {
    let Some(left) = remaining(deadline)? else {
        return Ok(None);
    };
    let good_enough = current.is_some_and(|current| current <= left + left / 16 && left <= current + current / 16);
    Ok((!good_enough).then_some(left.max(MIN_LIMIT)))
}

/// What is left of the time; an error where nothing is.
pub(super) fn remaining(deadline: Option<Duration>) -> io::Result<Option<Duration>> {
    match deadline.map(|deadline| deadline.saturating_sub(clock::monotonic())) {
        Some(Duration::ZERO) => Err(ErrorKind::TimedOut.into()),
        left => Ok(left),
    }
}

/// An I/O error as ureq's, with a wait that ran out named by its phase.
pub(super) fn phase_error(error: io::Error, phase: Timeout) -> Error {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Error::Timeout(phase),
        _ => Error::from(error),
    }
}
