//! How the machines of a proof reach the ledger's server, and how that is cut: by namespaces of the network, each machine one, joined
//! to the server's by a cable that can be pulled; where those are not allowed, by proxies that fall silent.
//!
//! Every machine also has the sandbox on its own loopback, whatever becomes of its cable: a bridge passes the bytes on, and takes
//! note of when a request began.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use nexmo_conversion::clock;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::super::between::Between;
use super::super::ledger::Ledger;
use super::super::stage::Witness;
use crate::postgres::Cluster;

/// Makes the server's namespace and one for each machine, says so, and takes them away when the pipe is closed.
const KEEP: &str = r#"
PATH=$PATH:/usr/sbin:/sbin
hub=$1 machines=$2
take_away() {
    for n in $(seq 0 "$machines"); do ip netns del "$hub-$n" 2>/dev/null; done
    ip netns del "$hub" 2>/dev/null
}
make() {
    ip netns add "$hub" && ip -n "$hub" link set lo up || return 1
    for n in $(seq 0 $((machines - 1))); do
        ip netns add "$hub-$n" && ip -n "$hub-$n" link set lo up &&
            ip -n "$hub" link add "to$n" type veth peer name server netns "$hub-$n" &&
            ip -n "$hub" addr add "10.0.$n.1/24" dev "to$n" && ip -n "$hub" link set "to$n" up &&
            ip -n "$hub-$n" addr add "10.0.$n.2/24" dev server && ip -n "$hub-$n" link set server up || return 1
        tc -n "$hub" qdisc add dev "to$n" root netem delay 5ms 2ms 2>/dev/null || delay=without
    done
}
why=$(make 2>&1) && echo "ready" || echo "failed: $why"
exec >/dev/null
cat
take_away
"#;

/// What joins the machines to the server.
pub(super) enum Network {
    Namespaces(Hub),
    Proxies { why: String },
}

/// The server's namespace.
pub(super) struct Hub {
    name: String,
    keeper: Child,
    is_delayed: bool,
}

impl Network {
    /// Namespaces if they can be had, and are wanted.
    pub(super) fn make(machines: usize, is_wanted: bool) -> anyhow::Result<Self> {
        if !is_wanted {
            return Ok(Self::Proxies { why: "as asked for".to_owned() });
        }
        let name = format!("proof-{}", std::process::id());
        let mut keeper = Command::new("sh")
            .args(["-c", KEEP, "keeper", &name, &machines.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut answer = String::new();
        BufReader::new(keeper.stdout.take().context("no standard output")?).read_line(&mut answer)?;
        let mut hub = Hub { name, keeper, is_delayed: false };
        if answer.trim() != "ready" {
            return Ok(Self::Proxies { why: answer.trim().to_owned() });
        }
        let delays = ip(&["tc", "-n", &hub.name, "qdisc", "show"])?;
        hub.is_delayed = delays.contains("netem");
        Ok(Self::Namespaces(hub))
    }

    /// The ledger's server, in its place.
    pub(super) fn start_server(&self) -> anyhow::Result<Cluster> {
        let server = Cluster::prepare("a proof").context("PostgreSQL is not installed")?;
        match self {
            Self::Proxies { .. } => Ok(server.start()),
            Self::Namespaces(hub) => {
                let trusting = "local all all trust\nhost all all 10.0.0.0/16 trust\n";
                let server = server.setting("listen_addresses = '*'").file("pg_hba.conf", trusting);
                within(&hub.name, || Ok(server.start()))
            }
        }
    }

    /// The way of one machine to this witness's ledger.
    pub(super) fn road(&self, machine: usize, witness: &Witness) -> anyhow::Result<Road> {
        let Ledger::Server { cluster, database } = witness.ledger() else { anyhow::bail!("no server") };
        match self {
            Self::Proxies { .. } => {
                let between = Between::start(cluster, database)?;
                let folder = between.folder().display();
                let url = format!("postgres://postgres@/{database}?host={folder}&port={}", cluster.port());
                Ok(Road { url, way: Way::Proxy(between) })
            }
            Self::Namespaces(hub) => {
                let namespace = format!("{}-{machine}", hub.name);
                let bridge = Bridge::start(&namespace, witness.base_url())?;
                let address = format!("10.0.{machine}.1:{}", cluster.port());
                let url = format!("postgres://postgres@{address}/{database}?sslmode=disable");
                let cable = format!("to{machine}");
                Ok(Road { url, way: Way::Cable { hub: hub.name.clone(), cable, namespace, bridge } })
            }
        }
    }

    /// For people.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Proxies { why } => format!("proxies that fall silent ({why})"),
            Self::Namespaces(hub) if hub.is_delayed => "network namespaces joined by veth, with delay".to_owned(),
            Self::Namespaces(_) => "network namespaces joined by veth (without delay: no netem here)".to_owned(),
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// One machine's way to the server.
pub(super) struct Road {
    pub(super) url: String,
    way: Way,
}

enum Way {
    Cable { hub: String, cable: String, namespace: String, bridge: Bridge },
    Proxy(Between),
}

impl Road {
    /// Starts a program on this machine.
    pub(super) fn spawn(&self, command: &mut Command) -> anyhow::Result<Child> {
        match &self.way {
            Way::Proxy(_) => Ok(command.spawn()?),
            Way::Cable { namespace, .. } => within(namespace, || Ok(command.spawn()?)),
        }
    }

    /// Pulls the cable: neither side hears of it.
    pub(super) fn cut(&self) -> anyhow::Result<()> {
        match &self.way {
            Way::Proxy(between) => between.cut(),
            Way::Cable { hub, cable, .. } => drop(ip(&["ip", "-n", hub, "link", "set", cable, "down"])?),
        }
        Ok(())
    }

    pub(super) fn heal(&self) -> anyhow::Result<()> {
        match &self.way {
            Way::Proxy(between) => between.heal(),
            Way::Cable { hub, cable, .. } => drop(ip(&["ip", "-n", hub, "link", "set", cable, "up"])?),
        }
        Ok(())
    }

    /// How many requests this machine has begun since; `None` where nothing stands between it and the sandbox.
    pub(super) fn requests_since(&self, time: Duration) -> Option<usize> {
        match &self.way {
            Way::Proxy(_) => None,
            Way::Cable { bridge, .. } => {
                let began = bridge.began.lock().unwrap_or_else(PoisonError::into_inner);
                Some(began.iter().filter(|began| **began > time).count())
            }
        }
    }
}

/// Runs `ip` or `tc`, which are where services are.
fn ip(command: &[&str]) -> anyhow::Result<String> {
    let (program, arguments) = command.split_first().context("no program")?;
    let found = ["/usr/sbin", "/sbin"].map(|folder| format!("{folder}/{program}"));
    let program = found.iter().find(|path| std::path::Path::new(path).exists()).context("no iproute2")?;
    let ran = Command::new(program).args(arguments).output()?;
    ensure!(ran.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ran.stderr));
    Ok(String::from_utf8(ran.stdout)?)
}

/// Does something in a namespace of the network. What is made there, process or socket, stays there.
fn within<T: Send>(namespace: &str, what: impl FnOnce() -> anyhow::Result<T> + Send) -> anyhow::Result<T> {
    let entrance = File::open(format!("/run/netns/{namespace}")).context("no such namespace")?;
    thread::scope(|scope| {
        let done = scope.spawn(move || {
            move_into_link_name_space(entrance.as_fd(), Some(LinkNameSpaceType::Network))?;
            what()
        });
        done.join().map_err(|_| anyhow::anyhow!("what was done in a namespace has panicked"))?
    })
}

/// The sandbox on a machine's loopback.
struct Bridge {
    /// When requests began, by the clock that never jumps.
    began: Arc<Mutex<Vec<Duration>>>,
}

impl Bridge {
    fn start(namespace: &str, base_url: &str) -> anyhow::Result<Self> {
        let address = base_url.trim_start_matches("http://").to_owned();
        let listener = within(namespace, || Ok(TcpListener::bind(&address)?))?;
        let began = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&began);
        // Threads of the proof's own namespace, where the sandbox is.
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(sandbox) = TcpStream::connect(&address) else { continue };
                let began = Arc::clone(&all);
                thread::spawn(move || join(&client, &sandbox, &began));
            }
        });
        Ok(Self { began })
    }
}

fn join(client: &TcpStream, sandbox: &TcpStream, began: &Mutex<Vec<Duration>>) {
    let _ = client.set_nodelay(true);
    let _ = sandbox.set_nodelay(true);
    thread::scope(|scope| {
        scope.spawn(|| {
            pass(client, sandbox, || {
                began.lock().unwrap_or_else(PoisonError::into_inner).push(clock::monotonic());
            });
        });
        pass(sandbox, client, || ());
    });
}

/// Passes bytes on until there are no more.
fn pass(mut from: &TcpStream, mut to: &TcpStream, mut note: impl FnMut()) {
    let mut bytes = vec![0; 65536];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        note();
        if to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
    let _ = from.shutdown(Shutdown::Read);
}
