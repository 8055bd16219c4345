//! What carries the bytes: a socket, or a proxy's tunnel.

use std::io::{self, Read, Write};
use std::time::Duration;

use ureq::Timeout;
use ureq::unversioned::transport::time::Duration as After;
use ureq::unversioned::transport::{NextTimeout, Transport, TransportAdapter};

use super::error::NotQuiet;
use super::records::Records;
use super::socket::{Socket, remaining};

/// A way for bytes in both directions.
pub(super) struct Line {
    way: Way,
    /// Where in TLS's records what was read has come to; means nothing without TLS.
    records: Records,
}

enum Way {
    Direct(Socket),
    Tunnel(TransportAdapter<Box<dyn Transport>>),
}

impl Line {
    pub(super) fn direct(socket: Socket) -> Self {
        Self { way: Way::Direct(socket), records: Records::default() }
    }

    pub(super) fn tunnel(tunnel: TransportAdapter<Box<dyn Transport>>) -> Self {
        Self { way: Way::Tunnel(tunnel), records: Records::default() }
    }

    /// Reads and writes fail from then on; a tunnel names this phase when they do.
    pub(super) fn set_deadline(&mut self, deadline: Option<Duration>, phase: Timeout) {
        match &mut self.way {
            Way::Direct(socket) => socket.set_deadline(deadline),
            Way::Tunnel(tunnel) => {
                let left = remaining(deadline).unwrap_or(Some(Duration::ZERO));
                let after = left.map_or(After::NotHappening, After::Exact);
                tunnel.set_timeout(NextTimeout { after, reason: phase, ..NextTimeout::default() });
            }
        }
    }

    /// See [`Socket::let_it_speak`].
    pub(super) fn let_it_speak(&self) {
        match &self.way {
            Way::Direct(socket) => socket.let_it_speak(),
            Way::Tunnel(_) => {}
        }
    }

    /// Holds that a read would wait: there is neither anything to be read nor an end.
    pub(super) fn look(&mut self) -> Result<(), NotQuiet> {
        match &mut self.way {
            Way::Direct(socket) => socket.look(),
            Way::Tunnel(tunnel) => {
                let tunnel = tunnel.get_mut();
                let is_quiet = tunnel.buffers().input().is_empty() && tunnel.is_open();
                if is_quiet { Ok(()) } else { Err(NotQuiet::Spoken) }
            }
        }
    }

    /// Whether all that was read is whole records of TLS.
    pub(super) fn is_between_records(&self) -> bool {
        self.records.is_between_two()
    }
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let amount = match &mut self.way {
            Way::Direct(socket) => socket.read(buffer),
            Way::Tunnel(tunnel) => tunnel.read(buffer),
        }?;
        self.records.pass(&buffer[..amount]);
        Ok(amount)
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.way {
            Way::Direct(socket) => socket.write(bytes),
            Way::Tunnel(tunnel) => tunnel.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.way {
            Way::Direct(socket) => socket.flush(),
            Way::Tunnel(tunnel) => tunnel.flush(),
        }
    }
}
