//! Bytes over a line, in TLS where the URL asks for it.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the kernel's and rustls's enums are open; an unknown value has its own arm"
)]

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, ProtocolVersion};
use ureq::{Error, Timeout};

use super::error::{Handshake, NotQuiet};
use super::line::Line;
use super::socket::phase_error;
use super::trust::TrustStore;

/// A line, with TLS or without.
pub(super) struct Stream {
    line: Line,
    tls: Option<ClientConnection>,
}

impl Stream {
    pub(super) fn plain(line: Line) -> Self {
        Self { line, tls: None }
    }

    /// The TLS handshake, to its end: not a byte of a request leaves before the certificate was verified.
    pub(super) fn secured(mut line: Line, trust: &TrustStore, host: &str) -> Result<Self, Error> {
        let tls = shake_hands(&mut line, trust, host)?;
        Ok(Self { line, tls: Some(tls) })
    }

    /// The TLS version that was agreed on, where there is TLS.
    pub(super) fn tls(&self) -> Option<&'static str> {
        self.tls.as_ref().and_then(|tls| tls.protocol_version()).map(|version| match version {
            ProtocolVersion::TLSv1_3 => "TLS 1.3",
            ProtocolVersion::TLSv1_2 => "TLS 1.2",
            _ => "TLS",
        })
    }

    pub(super) fn set_deadline(&mut self, deadline: Option<Duration>, phase: Timeout) {
        self.line.set_deadline(deadline, phase);
    }

    /// Writes all of it, in one TLS record and one system call where it is no longer than these can be.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Self { line, tls } = self;
        match tls {
            Some(tls) => {
                tls.writer().write_all(bytes)?;
                pass_on(tls, line)?;
            }
            None => line.write_all(bytes)?,
        }
        line.flush()
    }

    /// Waits for bytes; 0 is the end.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Self { line, tls } = self;
        let Some(tls) = tls else {
            return line.read(buffer);
        };
        loop {
            match tls.reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                read_or_ended => return read_or_ended,
            }
            tls.read_tls(line)?;
            if let Err(error) = tls.process_new_packets() {
                // An alert with the reason, if the server still reads.
                let _ = pass_on(tls, line);
                return Err(io::Error::new(ErrorKind::InvalidData, error));
            }
            pass_on(tls, line)?;
        }
    }

    /// Holds that the other side has neither sent anything nor closed: it looks into TLS and into the line.
    pub(super) fn look(&mut self) -> Result<(), NotQuiet> {
        match &mut self.tls {
            Some(tls) => look_into_tls(tls, &mut self.line),
            None => self.line.look(),
        }
    }
}

fn shake_hands(line: &mut Line, trust: &TrustStore, host: &str) -> Result<ClientConnection, Error> {
    let failed = |handshake: Handshake| Error::Other(Box::new(handshake));
    let config = trust.client_config().map_err(|error| failed(Handshake::TrustStore(error)))?;
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
        .map_err(|_| failed(Handshake::Tls("the host is not a name that a certificate can have".to_owned())))?;
    let mut tls = ClientConnection::new(config, name).map_err(|error| failed(Handshake::from(error)))?;
    // Not by rustls's `complete_io`: it calls a wait that ran out after some bytes a success.
    while tls.is_handshaking() {
        let step = if tls.wants_write() { tls.write_tls(line) } else { tls.read_tls(line) };
        match step {
            Ok(0) => return Err(Error::Io(ErrorKind::UnexpectedEof.into())),
            Ok(_) => {}
            Err(error) => return Err(phase_error(error, Timeout::Connect)),
        }
        if let Err(error) = tls.process_new_packets() {
            // An alert with the reason, if the server still reads.
            let _ = tls.write_tls(line);
            return Err(failed(Handshake::from(error)));
        }
    }
    pass_on(&mut tls, line).map_err(|error| phase_error(error, Timeout::Connect))?;
    Ok(tls)
}

/// Writes what TLS has made ready.
fn pass_on(tls: &mut ClientConnection, line: &mut Line) -> io::Result<()> {
    while tls.wants_write() {
        tls.write_tls(line)?;
    }
    Ok(())
}

/// A server sends a few session tickets after the handshake; more than this is no such thing.
const MOST_TICKETS: usize = 16;

/// Holds that TLS has no part of an answer and the line none for it. Session tickets are taken, and are no answer.
fn look_into_tls(tls: &mut ClientConnection, line: &mut Line) -> Result<(), NotQuiet> {
    for _ in 0..=MOST_TICKETS {
        match tls.process_new_packets() {
            Ok(state) if state.plaintext_bytes_to_read() > 0 => return Err(NotQuiet::Spoken),
            Ok(state) if state.peer_has_closed() => return Err(NotQuiet::Closed),
            Ok(_) => {}
            // In TLS 1.3 a server looks at the client only after the client's handshake is over.
            Err(rustls::Error::AlertReceived(alert)) => return Err(NotQuiet::Refused(alert)),
            Err(_) => return Err(NotQuiet::Spoken),
        }
        if line.look().is_ok() {
            // Part of a record may be part of an answer.
            return if line.is_between_records() { Ok(()) } else { Err(NotQuiet::Spoken) };
        }
        // There is something, so this does not wait.
        if !matches!(tls.read_tls(line), Ok(1..)) {
            return Err(NotQuiet::Closed);
        }
    }
    Err(NotQuiet::Spoken)
}
