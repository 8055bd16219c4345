//! Servers that are no sandbox: a proxy that opens tunnels and counts them, one that answers with given bytes, one that keeps
//! what it passes on.

use std::io::{self, Read as _, Write as _};
use std::marker::PhantomData;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use nexmo_conversion::sandbox::Sandbox;

use crate::cli::wait_until;

const PATIENCE: Duration = Duration::from_secs(20);

/// A proxy on this machine. Its thread ends with the test; the sandbox that it leads to, if any, has to be there as long.
pub(crate) struct Proxy<'s> {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    sandbox: PhantomData<&'s Sandbox>,
}

impl<'s> Proxy<'s> {
    /// Opens every tunnel that it is asked for.
    pub(crate) fn open() -> Self {
        Self::start(|target| TcpStream::connect(target))
    }

    /// Opens every tunnel to the same place, whatever is asked for.
    pub(crate) fn leading_to(sandbox: &'s Sandbox) -> Self {
        let port = sandbox.port();
        Self::start(move |_| TcpStream::connect((Ipv4Addr::LOCALHOST, port)))
    }

    fn start(connect: impl Fn(&str) -> io::Result<TcpStream> + Send + Clone + 'static) -> Self {
        serve(move |client, head| {
            let target = head.split(' ').nth(1).unwrap_or_default();
            let Ok(server) = connect(target) else { return };
            let _ = tunnel(client, server);
        })
    }

    /// Opens no tunnel: answers with these bytes.
    pub(crate) fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        serve(move |mut client, _| {
            let _ = client.write_all(&bytes);
        })
    }

    /// The same, a byte now and then.
    #[expect(clippy::disallowed_methods, reason = "this proxy is slow; that is its fault to have")]
    pub(crate) fn dripping(bytes: &'static str) -> Self {
        serve(move |mut client, _| {
            for byte in bytes.bytes() {
                if client.write_all(&[byte]).is_err() {
                    return;
                }
                thread::sleep(Duration::from_millis(300));
            }
        })
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// The request heads that were read, in order.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// An address on this machine at which nothing listens.
pub(crate) fn closed_port() -> String {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().to_string()
}

fn serve(handle: impl Fn(TcpStream, &str) + Send + Clone + 'static) -> Proxy<'static> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&heads);
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let (handle, kept) = (handle.clone(), Arc::clone(&kept));
            thread::spawn(move || {
                let Ok(head) = read_head(&client) else { return };
                kept.lock().unwrap().push(head.clone());
                handle(client, &head);
            });
        }
    });
    Proxy { address, heads, sandbox: PhantomData }
}

fn read_head(mut client: &TcpStream) -> io::Result<String> {
    client.set_read_timeout(Some(PATIENCE))?;
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn tunnel(mut client: TcpStream, mut server: TcpStream) -> io::Result<()> {
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    server.set_read_timeout(Some(PATIENCE))?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    let up = thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    let _ = io::copy(&mut server, &mut client);
    let _ = client.shutdown(Shutdown::Both);
    let _ = up.join();
    Ok(())
}

/// Passes connections on to a server on this machine, and keeps what the client said on each, byte for byte.
pub(crate) struct Recorder<'s> {
    address: SocketAddr,
    said: Arc<Mutex<Vec<Said>>>,
    sandbox: PhantomData<&'s Sandbox>,
}

/// What the client of one connection said.
#[derive(Default)]
struct Said {
    bytes: Vec<u8>,
    ended: bool,
}

impl<'s> Recorder<'s> {
    pub(crate) fn before(sandbox: &'s Sandbox) -> Self {
        let port = sandbox.port();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let said = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&said);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let kept = Arc::clone(&kept);
                thread::spawn(move || {
                    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
                    let number = {
                        let mut kept = kept.lock().unwrap();
                        kept.push(Said::default());
                        kept.len() - 1
                    };
                    let keep = |bytes: &[u8]| kept.lock().unwrap()[number].bytes.extend_from_slice(bytes);
                    let passed_on = pass_on(client, server, keep);
                    kept.lock().unwrap()[number].ended = true;
                    passed_on
                });
            }
        });
        Self { address, said, sandbox: PhantomData }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// What was said on each connection, once all are at their end.
    pub(crate) fn said(&self) -> Vec<Vec<u8>> {
        wait_until("every connection is at its end", || self.said.lock().unwrap().iter().all(|said| said.ended));
        self.said.lock().unwrap().iter().map(|said| said.bytes.clone()).collect()
    }
}

/// Bytes are kept before they are passed on, so that they are kept before their effect is seen.
fn pass_on(mut client: TcpStream, server: TcpStream, mut keep: impl FnMut(&[u8])) -> io::Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    server.set_read_timeout(Some(PATIENCE))?;
    let (mut to_client, mut from_server, mut to_server) = (client.try_clone()?, server.try_clone()?, server);
    let down = thread::spawn(move || {
        let _ = io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let mut bytes = [0; 4096];
    while let Ok(count) = client.read(&mut bytes)
        && count > 0
    {
        keep(&bytes[..count]);
        // What the server does not take any more was said all the same.
        let _ = to_server.write_all(&bytes[..count]);
    }
    let _ = to_server.shutdown(Shutdown::Write);
    let _ = down.join();
    Ok(())
}

/// Takes connections and says nothing, ever.
pub(crate) struct Silent {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<TcpStream>>>,
}

impl Silent {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&taken);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                kept.lock().unwrap().push(client);
            }
        });
        Self { address, taken }
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn connections(&self) -> usize {
        self.taken.lock().unwrap().len()
    }
}
