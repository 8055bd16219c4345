//! Reaching a server: its hosts one after the other, each within its time limit, until one will do.

use std::io;
use std::time::Duration;

use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tokio_postgres::config::{SslMode, SslNegotiation};
use tokio_postgres::{Client, Config};

use super::stream::{Agreed, ServerStream, Way};
use crate::domain::{HostAddress, Server, ServerHost};
use crate::ledger::store::{ServerError, StoreError, Why};

/// How long anything that is asked of a server may take, beyond what the server itself allows a statement.
const ANSWER_LIMIT: Duration = Duration::from_secs(15);

/// A connection to a server. What the server sends is taken in only while something is waited for.
#[derive(Debug)]
pub(crate) struct Connection {
    client: Client,
    /// Nothing waits for its threads: the look-up of a name may take longer than anybody has time.
    runtime: Option<Runtime>,
    /// Whether an answer that was asked for did not come in time, so that the next answer may not be the next question's.
    is_lost: bool,
}

/// Connects to the first of a server's hosts that will do.
pub(crate) fn connect(server: &Server) -> Result<Connection, StoreError> {
    let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(4).build();
    let runtime = runtime.map_err(|source| unreachable(source))?;
    let mut failed = None;
    for host in &server.hosts {
        let reached = runtime.block_on(async {
            match timeout(server.connect_timeout, reach(server, host)).await {
                Ok(reached) => reached,
                Err(_) => Err(unreachable(silent(host, server.connect_timeout))),
            }
        });
        match reached {
            Ok(client) => return Ok(Connection { client, runtime: Some(runtime), is_lost: false }),
            Err(error) => failed = Some(error),
        }
    }
    runtime.shutdown_background();
    Err(failed.unwrap_or_else(|| unreachable("no host is named")))
}

fn silent(host: &ServerHost, limit: Duration) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("{host} did not answer within {limit:?}"))
}

async fn reach(server: &Server, host: &ServerHost) -> Result<Client, StoreError> {
    let (stream, first) = ServerStream::new(open(host).await.map_err(|source| {
        let why = format!("{host}: {source}");
        unreachable(io::Error::new(source.kind(), why))
    })?);
    let mut config = Config::new();
    config
        .user(&server.user)
        .dbname(&server.database)
        .application_name(&server.application_name)
        .ssl_mode(SslMode::Require)
        .ssl_negotiation(SslNegotiation::Direct);
    if let Some(password) = &host.password {
        config.password(password.expose());
    }
    let (client, connection) = config.connect_raw(stream, Agreed).await.map_err(|error| {
        if first.is_foreign() {
            StoreError::Server(ServerError::NotPostgres(host.to_string()))
        } else {
            error.into()
        }
    })?;
    // What the driver would report here, the client's next call reports, too.
    tokio::spawn(async { connection.await.unwrap_or_default() });
    Ok(client)
}

async fn open(host: &ServerHost) -> io::Result<Way> {
    match &host.address {
        HostAddress::Socket(folder) => {
            let socket = folder.join(format!(".s.PGSQL.{}", host.port));
            UnixStream::connect(socket).await.map(Way::Socket)
        }
        HostAddress::Name(name) => {
            let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
            for address in lookup_host((name.as_str(), host.port)).await? {
                match TcpStream::connect(address).await {
                    Ok(tcp) => {
                        tcp.set_nodelay(true)?;
                        return Ok(Way::Tcp(tcp));
                    }
                    Err(error) => failed = error,
                }
            }
            Err(failed)
        }
    }
}

impl Connection {
    /// Whether anything more can be asked.
    pub(crate) fn is_usable(&self) -> bool {
        !self.is_lost && !self.client.is_closed()
    }

    /// Waits for what was asked of the server.
    pub(crate) fn wait<T>(
        &mut self,
        ask: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, StoreError> {
        let Some(runtime) = &self.runtime else { return Err(unreachable("the connection is closed")) };
        match runtime.block_on(async { timeout(ANSWER_LIMIT, ask(&self.client)).await }) {
            Ok(answer) => answer.map_err(StoreError::from),
            Err(_) => {
                self.is_lost = true;
                let why = format!("the server did not answer within {ANSWER_LIMIT:?}");
                Err(unreachable(io::Error::new(io::ErrorKind::TimedOut, why)))
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn unreachable(why: impl Into<Why>) -> StoreError {
    StoreError::Server(ServerError::Unreachable(why.into()))
}
