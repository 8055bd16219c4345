//! Round trips, counted on the way.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use nexmo_conversion::clock;

/// Passes on what a client and its server say, and counts how often the client has to wait for an answer before it goes on.
pub(super) struct Relay {
    pub(super) port: u16,
    trips: Arc<AtomicU64>,
}

/// An answer is held up for so long that everything has been said that does not depend on it.
const HELD_UP: Duration = Duration::from_millis(20);

impl Relay {
    pub(super) fn start(socket: PathBuf) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let trips = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&trips);
        // Ends with the process.
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let counter = Arc::clone(&counter);
                let Ok(server) = UnixStream::connect(&socket) else { return };
                thread::spawn(move || pass(client, server, &counter));
            }
        });
        Ok(Self { port, trips })
    }

    /// What came of it, and how many round trips it took.
    pub(super) fn count<T>(&self, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(T, u64)> {
        let before = self.trips.load(Ordering::SeqCst);
        let done = work()?;
        Ok((done, self.trips.load(Ordering::SeqCst) - before))
    }
}

fn pass(mut client: TcpStream, mut server: UnixStream, trips: &AtomicU64) {
    let is_answered = AtomicBool::new(true);
    let (Ok(mut to_client), Ok(mut to_server)) = (client.try_clone(), server.try_clone()) else { return };
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut bytes = vec![0; 65_536];
            while let Ok(length @ 1..) = client.read(&mut bytes) {
                if is_answered.swap(false, Ordering::SeqCst) {
                    trips.fetch_add(1, Ordering::SeqCst);
                }
                if to_server.write_all(&bytes[..length]).is_err() {
                    break;
                }
            }
            let _ = to_server.shutdown(Shutdown::Both);
        });
        let mut bytes = vec![0; 65_536];
        while let Ok(length @ 1..) = server.read(&mut bytes) {
            clock::sleep(HELD_UP);
            is_answered.store(true, Ordering::SeqCst);
            if to_client.write_all(&bytes[..length]).is_err() {
                break;
            }
        }
        let _ = to_client.shutdown(Shutdown::Both);
    });
}
