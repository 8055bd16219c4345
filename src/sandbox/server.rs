//! The server while it runs: its listener, its threads, and its end.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::certificate::{self, Security};
use super::connection;
use super::connections::Waited;
use super::log::{Counts, LoggedRequest};
use super::options::{Encryption, SandboxAccount, SandboxOptions};
use super::service::Service;

/// After an error that says there are no more descriptors, trying again at once would only burn the processor.
const AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(10);

/// A running sandbox. Dropping it stops it, with every connection.
#[must_use = "a sandbox that is dropped has stopped"]
pub struct Sandbox {
    address: SocketAddr,
    base_url: String,
    ca_pem: Option<String>,
    service: Arc<Service>,
    thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Binds and starts serving.
    pub fn start(options: SandboxOptions) -> io::Result<Self> {
        let (security, ca_pem) = match options.encryption {
            Encryption::Plain => (Security::None, None),
            Encryption::Tls { certificate, versions } => {
                let identity = certificate::identity(certificate, versions)?;
                (identity.security, Some(identity.ca_pem))
            }
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))?;
        let address = listener.local_addr()?;
        let service = Arc::new(Service::new(options, security));
        let thread = thread::Builder::new().name("sandbox".to_owned()).spawn({
            let service = Arc::clone(&service);
            move || listen(&listener, &service)
        })?;
        let scheme = if ca_pem.is_some() { "https" } else { "http" };
        let base_url = format!("{scheme}://{address}");
        Ok(Self { address, base_url, ca_pem, service, thread: Some(thread) })
    }

    /// Where it is, for `--base-url`: `https://127.0.0.1:PORT`. Borrowed, because nothing is there once the sandbox is dropped:
    ///
    /// ```compile_fail,E0716
    /// use nexmo_conversion::sandbox::{Sandbox, SandboxOptions};
    ///
    /// let url = Sandbox::start(SandboxOptions::default()).unwrap().base_url();
    /// println!("{url}");
    /// ```
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The certificate of its CA, which exists for this run only; nothing without TLS.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// Whose conversions are taken.
    #[must_use]
    pub fn accounts(&self) -> &[SandboxAccount] {
        &self.service.accounts
    }

    /// All requests so far, in order; empty with [`Keep::Counts`](super::Keep::Counts).
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.service.log.kept()
    }

    /// How much has happened so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.service.log.counts()
    }

    /// Mends the server: from now on each request has the answer that it deserves, whatever the script says. What was counted and
    /// kept so far is forgotten, as if a new server had come to the same address.
    pub fn mend(&self) {
        self.service.mend();
    }

    /// How often each scripted answer was given, by its name (`503`, `reset` …; `ok` only where it was delayed): a test of
    /// a fault has to show that it happened.
    #[must_use]
    pub fn faults_fired(&self) -> BTreeMap<String, u64> {
        self.service.log.faults()
    }

    /// Breaks all connections and waits for all threads.
    pub fn stop(mut self) {
        self.shut_down();
    }

    fn shut_down(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        self.service.connections.stop();
        // The listening thread waits for a connection; here is one. If it fails, others are queued and do as well.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
        let _ = thread.join();
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.shut_down();
    }
}

/// Takes connections until the sandbox stops, then waits for their threads.
fn listen(listener: &TcpListener, service: &Service) {
    thread::scope(|scope| {
        loop {
            let Ok((socket, _)) = listener.accept() else {
                match service.connections.wait(AFTER_FAILED_ACCEPT) {
                    Waited::Elapsed => continue,
                    Waited::Stopped => return,
                }
            };
            let number = service.log.connections.fetch_add(1, Ordering::Relaxed) + 1;
            let socket = Arc::new(socket);
            let Some(entry) = service.connections.enter(number, &socket) else {
                return;
            };
            let served = Arc::clone(&socket);
            let own = thread::Builder::new().spawn_scoped(scope, move || {
                connection::serve(service, &served, number);
                drop(entry);
            });
            // Where there is no thread for it, it is served here, and the next ones wait.
            if own.is_err()
                && let Some(entry) = service.connections.enter(number, &socket)
            {
                connection::serve(service, &socket, number);
                drop(entry);
            }
        }
    });
}
