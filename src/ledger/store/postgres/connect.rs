//! Reaching a server: its hosts one after the other, each within its time limit, until one will do.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{Either, select};
use rustix::net::sockopt;
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};
use tokio_postgres::config::{self, SslMode, SslNegotiation};
use tokio_postgres::{Client, Config};

use super::failure::{Broke, is_not_let_in, unreachable};
use super::session::{self, Session};
use super::stream::{Agreed, ServerStream, Way};
use super::tls;
use crate::domain::{ChannelBinding, HostAddress, Server, ServerHost, SessionWanted, TlsMode};
use crate::ledger::store::{ServerError, StoreError};

/// How long anything that is asked of a server may take, beyond what the server itself allows a statement.
const ANSWER_LIMIT: Duration = Duration::from_secs(15);
/// How long bytes may stay unacknowledged, and a connection silent, before the kernel gives it up.
const SILENCE: Duration = Duration::from_secs(10);
/// How often it then asks whether the other side is still there.
const PROBE: Duration = Duration::from_secs(3);
const PROBES: u32 = 3;
/// How often it is looked whether a server is still waited for.
pub(super) const GLANCE: Duration = Duration::from_millis(50);
/// How long a server that is there may take when it is not: what has been done is to be settled.
const LAST_WORD: Duration = Duration::from_secs(2);

/// A connection to a server. What the server sends is taken in only while something is waited for.
#[derive(Debug)]
pub(crate) struct Connection {
    client: Client,
    /// What was found at the other end.
    session: Session,
    /// Nothing waits for its threads: the look-up of a name may take longer than anybody has time.
    runtime: Option<Runtime>,
    /// Whether an answer that was asked for did not come in time, so that the next answer may not be the next question's.
    is_lost: bool,
    /// Set from outside: answers are not waited for any longer.
    stop: Arc<AtomicBool>,
    /// How often an answer was waited for.
    #[cfg(test)]
    pub(super) answers: u64,
    /// How many rows came with them.
    #[cfg(test)]
    pub(super) rows: u64,
    /// Statements and their plans, where these are collected.
    #[cfg(test)]
    pub(super) plans: Option<Vec<(String, String)>>,
}

/// Connects to the first of a server's hosts that takes writes, or that will do by what somebody said.
pub(crate) fn connect(server: &Server) -> Result<Connection, StoreError> {
    connect_unless(&AtomicBool::new(false), server, SessionWanted::ReadWrite)
}

/// The same for a use that needs another session, and until somebody says that none is wanted any more.
pub(super) fn connect_unless(
    stop: &AtomicBool,
    server: &Server,
    needs: SessionWanted,
) -> Result<Connection, StoreError> {
    let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(4).build();
    let runtime = runtime.map_err(unreachable)?;
    let wanted = server.session.unwrap_or(needs);
    let mut failed = None;
    // A standby is looked for everywhere first.
    let rounds: &[SessionWanted] = match wanted {
        SessionWanted::PreferStandby => &[SessionWanted::Standby, SessionWanted::Any],
        SessionWanted::Any
        | SessionWanted::ReadWrite
        | SessionWanted::ReadOnly
        | SessionWanted::Primary
        | SessionWanted::Standby => &[wanted],
    };
    for (wanted, host) in rounds.iter().flat_map(|wanted| server.hosts.iter().map(move |host| (*wanted, host))) {
        let tried = runtime.block_on(unless(stop, try_host(server, host, wanted)));
        match tried.unwrap_or_else(|| Err(unreachable("it was no longer waited for"))) {
            Ok((client, session)) => {
                return Ok(Connection {
                    client,
                    session,
                    runtime: Some(runtime),
                    is_lost: false,
                    stop: Arc::default(),
                    #[cfg(test)]
                    answers: 0,
                    #[cfg(test)]
                    rows: 0,
                    #[cfg(test)]
                    plans: None,
                });
            }
            Err(error) => failed = Some(more_telling(failed, error)),
        }
    }
    runtime.shutdown_background();
    Err(failed.unwrap_or_else(|| unreachable("no host is named")))
}

/// Waits for something until nobody waits any more, and a moment longer.
async fn unless<T>(stop: &AtomicBool, wanted: impl Future<Output = T>) -> Option<T> {
    let stopped = async {
        while !stop.load(Ordering::Relaxed) {
            sleep(GLANCE).await;
        }
        sleep(LAST_WORD).await;
    };
    match select(pin!(wanted), pin!(stopped)).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(((), _)) => None,
    }
}

/// Of two hosts' errors the one that says more: what did not answer says least.
fn more_telling(before: Option<StoreError>, after: StoreError) -> StoreError {
    match before {
        Some(before) if !matches!(before, StoreError::Server(ServerError::Unreachable(_))) => before,
        Some(_) | None => after,
    }
}

async fn try_host(
    server: &Server,
    host: &ServerHost,
    wanted: SessionWanted,
) -> Result<(Client, Session), StoreError> {
    let mode = server.tls_to(host);
    let limited = async |mode| {
        let reached = timeout(server.connect_timeout, reach(server, host, mode, wanted)).await;
        reached.unwrap_or_else(|_| Err(unreachable(silent(host, server.connect_timeout))))
    };
    match limited(mode).await {
        // Where nothing is verified, no TLS is as good as one that cannot be agreed on.
        Err(StoreError::Server(ServerError::Tls(_))) if mode == TlsMode::Prefer => limited(TlsMode::Disable).await,
        // The server lets nobody in over TLS, or not this role; without it, it may. If not, its first word says as much.
        Err(refused) if mode == TlsMode::Prefer && is_not_let_in(&refused) => {
            match limited(TlsMode::Disable).await {
                Err(again) if is_not_let_in(&again) => Err(refused),
                reached => reached,
            }
        }
        reached => reached,
    }
}

fn silent(host: &ServerHost, limit: Duration) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("{host} did not answer within {limit:?}"))
}

async fn reach(
    server: &Server,
    host: &ServerHost,
    mode: TlsMode,
    wanted: SessionWanted,
) -> Result<(Client, Session), StoreError> {
    let broke = |error: io::Error| unreachable(Broke { host: host.to_string(), error });
    let way = match open(host).await.map_err(broke)? {
        Opened::Socket(socket) => Way::Socket(socket),
        Opened::Tcp(tcp) => tls::protect(tcp, server, host, mode).await?,
    };
    let protection = way.protection(mode);
    let (stream, first) = ServerStream::new(way);
    let connected = config(server, host).connect_raw(stream, Agreed).await;
    let (client, connection) = connected.map_err(|error| {
        if first.is_foreign() { ServerError::NotPostgres(host.to_string()).into() } else { unwelcome(error, host) }
    })?;
    let version = connection.parameter("server_version").unwrap_or_default().to_owned();
    // What the driver would report here, the client's next call reports, too.
    tokio::spawn(async { connection.await.unwrap_or_default() });
    let session = session::accept(&client, host, wanted).await?;
    Ok((client, Session { version, protection, ..session }))
}

/// Why a host that speaks PostgreSQL did not let us in.
#[expect(clippy::wildcard_enum_match_arm, reason = "only what a server says before anything is asked of it")]
fn unwelcome(error: tokio_postgres::Error, host: &ServerHost) -> StoreError {
    let is_refused = !error.is_closed() && error.as_db_error().is_none();
    match StoreError::from(error) {
        // The driver gives up by itself when it has nothing to prove itself with.
        StoreError::Database(why) if is_refused && host.password.is_none() => ServerError::NoPassword(why).into(),
        StoreError::Database(why) if is_refused => ServerError::LoginRefused(why).into(),
        StoreError::Server(ServerError::Unreachable(why)) => {
            unreachable(Broke { host: host.to_string(), error: io::Error::other(why) })
        }
        error => error,
    }
}

fn config(server: &Server, host: &ServerHost) -> Config {
    let mut config = Config::new();
    config
        .user(&server.user)
        .dbname(&server.database)
        .application_name(&server.application_name)
        .channel_binding(match server.channel_binding {
            ChannelBinding::Disable => config::ChannelBinding::Disable,
            ChannelBinding::Prefer => config::ChannelBinding::Prefer,
            ChannelBinding::Require => config::ChannelBinding::Require,
        })
        // For the driver TLS has been agreed on, whatever was.
        .ssl_mode(SslMode::Require)
        .ssl_negotiation(SslNegotiation::Direct);
    if let Some(password) = &host.password {
        config.password(password.expose());
    }
    config
}

/// A way that is open and not protected yet.
enum Opened {
    Socket(UnixStream),
    Tcp(TcpStream),
}

async fn open(host: &ServerHost) -> io::Result<Opened> {
    match &host.address {
        HostAddress::Socket(folder) => {
            let socket = folder.join(format!(".s.PGSQL.{}", host.port));
            UnixStream::connect(socket).await.map(Opened::Socket)
        }
        HostAddress::Name(name) => {
            let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
            for address in lookup_host((name.as_str(), host.port)).await? {
                match TcpStream::connect(address).await {
                    Ok(tcp) => return limited(tcp).map(Opened::Tcp),
                    Err(error) => failed = error,
                }
            }
            Err(failed)
        }
    }
}

/// The kernel gives a connection up where nobody answers, instead of after two hours.
fn limited(tcp: TcpStream) -> io::Result<TcpStream> {
    tcp.set_nodelay(true)?;
    sockopt::set_socket_keepalive(&tcp, true)?;
    #[cfg(target_os = "linux")]
    {
        sockopt::set_tcp_keepidle(&tcp, SILENCE)?;
        sockopt::set_tcp_user_timeout(&tcp, u32::try_from(SILENCE.as_millis()).unwrap_or(u32::MAX))?;
    }
    sockopt::set_tcp_keepintvl(&tcp, PROBE)?;
    sockopt::set_tcp_keepcnt(&tcp, PROBES)?;
    Ok(tcp)
}

impl Connection {
    /// What was found at the other end.
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// Whether anything more can be asked.
    pub(crate) fn is_usable(&self) -> bool {
        !self.is_lost && !self.client.is_closed()
    }

    /// From now on, what sets this ends the waiting for answers.
    pub(super) fn heed(&mut self, stop: Arc<AtomicBool>) {
        self.stop = stop;
    }

    /// Waits for what was asked of the server.
    pub(crate) fn wait<T>(
        &mut self,
        ask: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, StoreError> {
        let Some(runtime) = &self.runtime else { return Err(unreachable("the connection is closed")) };
        #[cfg(test)]
        {
            self.answers += 1;
        }
        let asked = async { unless(&self.stop, timeout(ANSWER_LIMIT, ask(&self.client))).await };
        let why = match runtime.block_on(asked) {
            Some(Ok(answer)) => return answer.map_err(StoreError::from),
            Some(Err(_)) => format!("the server did not answer within {ANSWER_LIMIT:?}"),
            None => "the server's answer was no longer waited for".to_owned(),
        };
        self.is_lost = true;
        Err(unreachable(io::Error::new(io::ErrorKind::TimedOut, why)))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
