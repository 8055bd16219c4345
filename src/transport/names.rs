//! Names to addresses, remembered for a while.
//!
//! ureq resolves the name for every request, also when a connection is open already, and with a time limit starts a
//! thread each time. A run asks one name many thousand times.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the kernel's, ureq's and rustls's enums are open; an unknown value has its own arm"
)]

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use ureq::unversioned::transport::time::Duration::NotHappening;

use crate::clock;

/// How long an answer is believed: shorter than any sensible record's life, long enough to be asked once a run.
const BELIEVED: Duration = Duration::from_secs(30);

/// A resolver that remembers its last answer; shared by all senders.
#[derive(Clone, Default)]
pub(super) struct Names {
    remembered: Arc<Mutex<Option<Remembered>>>,
}

struct Remembered {
    uri: Uri,
    addresses: ResolvedSocketAddrs,
    since: Duration,
}

impl Names {
    /// The addresses did not work: ask anew next time.
    pub(super) fn forget(&self) {
        if let Ok(mut remembered) = self.remembered.lock() {
            *remembered = None;
        }
    }
}

impl Resolver for Names {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let now = clock::monotonic();
        if let Ok(remembered) = self.remembered.lock()
            && let Some(last) = &*remembered
            && last.uri.authority() == uri.authority()
            && last.uri.scheme() == uri.scheme()
            && now.saturating_sub(last.since) < BELIEVED
        {
            return Ok(copy(self, &last.addresses));
        }
        let addresses = look_up(uri, config, timeout).map_err(|error| match error {
            Error::Io(cause) if is_out_of_descriptors(&cause) => Error::Io(cause),
            // A failed lookup arrives as an I/O error like any other; here it can only be the name.
            Error::Io(_) => Error::HostNotFound,
            other => other,
        })?;
        if let Ok(mut remembered) = self.remembered.lock() {
            *remembered = Some(Remembered { uri: uri.clone(), addresses: copy(self, &addresses), since: now });
        }
        Ok(addresses)
    }
}

/// Asks with a time limit, for which a thread is needed: ureq's own way panics where there is none. Then, and for an address, which
/// takes no time, it is asked without.
fn look_up(uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
    let at_leisure = NextTimeout { after: NotHappening, ..timeout };
    let is_address = uri.host().is_some_and(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok());
    let (answers_in, answers) = mpsc::sync_channel(1);
    let (asked, how) = (uri.clone(), config.clone());
    let ask = move || {
        // The one that waited may have gone.
        let _ = answers_in.send(DefaultResolver::default().resolve(&asked, &how, at_leisure));
    };
    if is_address || thread::Builder::new().spawn(ask).is_err() {
        return DefaultResolver::default().resolve(uri, config, at_leisure);
    }
    answers.recv_timeout(*timeout.after).unwrap_or(Err(Error::Timeout(timeout.reason)))
}

/// Whether it is this process's limit, or the system's, and not the network.
pub(super) fn is_out_of_descriptors(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(errno, Some(Errno::MFILE | Errno::NFILE))
}

fn copy(resolver: &impl Resolver, addresses: &ResolvedSocketAddrs) -> ResolvedSocketAddrs {
    let mut copy = resolver.empty();
    for address in addresses {
        copy.push(*address);
    }
    copy
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Names")
    }
}
