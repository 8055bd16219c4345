//! A shared ledger: what recording and settling cost the server, and how many round trips they take.
//!
//! Clients are threads that use the ledger as a run does, in groups, without sending anything in between. The server's time is that
//! of all its processes, by the kernel's word; everything shares the machine, so records/s are a lower bound.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use nexmo_conversion::clock;
use nexmo_conversion::domain::{
    ApiKey, CertificateAuthorities, Channel, ChannelBinding, Conversion, Delivered, Durability, HostAddress,
    LedgerPlace, MessageId, Record, Server, ServerHost, SharedLedger, TimeSource, Timestamp, TlsMode,
};
use nexmo_conversion::ledger::{Effort, Ledger, Recorded, Settlement, migrate};
use tempfile::TempDir;

use super::table::markdown;
use crate::postgres::Cluster;

/// How it is measured.
#[derive(Debug, Args)]
pub(crate) struct PostgresArgs {
    /// How many rows the larger ledger has; the smaller one has a tenth
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(10_000..))]
    rows: u64,
    /// Records in the tables' cells that are not limited by the wait for the disk
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(usize))]
    records: usize,
}

/// Records in a group, and clients at once.
const GROUPS: [usize; 4] = [1, 16, 64, 512];
const CLIENTS: [usize; 3] = [1, 4, 16];

pub(crate) fn postgres(_root: &Path, args: &PostgresArgs) -> anyhow::Result<String> {
    ensure!(
        !cfg!(debug_assertions),
        "the clients are this program's own: cargo run --release --package xtask -- bench postgres"
    );
    let bench = Bench::start()?;
    let trips = bench.round_trips()?;
    let costs = bench.costs(args.records)?;
    let growth = bench.growth(args.rows, args.records)?;
    Ok(format!("{}\n\n{trips}\n\n{costs}\n\n{growth}", bench.version))
}

struct Bench {
    cluster: Cluster,
    folder: TempDir,
    version: String,
    made: AtomicU64,
}

impl Bench {
    fn start() -> anyhow::Result<Self> {
        let cluster = Cluster::prepare("a measurement").context("PostgreSQL is not installed")?;
        // As it comes, but for what this many sessions need.
        let cluster = cluster.setting("max_connections = 60").start();
        let version = cluster.sql("postgres", "SELECT split_part(version(), ' on ', 1)");
        Ok(Self { cluster, folder: tempfile::tempdir()?, version, made: AtomicU64::new(0) })
    }

    /// A new ledger.
    fn ledger(&self) -> anyhow::Result<Shared> {
        let database = self.cluster.database();
        let address = HostAddress::Socket(self.cluster.folder().to_owned());
        let shared = Shared(SharedLedger {
            server: Server {
                hosts: vec![ServerHost { address, port: self.cluster.port(), password: None }],
                database,
                user: "postgres".to_owned(),
                tls: Some(TlsMode::Disable),
                authorities: CertificateAuthorities::Unnamed,
                channel_binding: ChannelBinding::Disable,
                certificate: None,
                session: None,
                connect_timeout: Duration::from_secs(5),
                application_name: "nexmo-conversion".to_owned(),
            },
            schema: "nexmo_conversion".to_owned(),
            linger: Duration::ZERO,
            keep: Duration::from_secs(30 * 86_400),
            lease: Duration::from_secs(30),
            patience: Duration::from_secs(10),
            locks: self.folder.path().join("locks"),
            durability: Durability::Strict,
        });
        migrate(&shared.0)?;
        Ok(shared)
    }

    /// New records, of message-ids that are scattered as those of the provider are.
    fn records(&self, count: usize) -> anyhow::Result<Vec<Record>> {
        let time = clock::now();
        (0..count)
            .map(|_| record(self.made.fetch_add(1, Ordering::Relaxed), Delivered::from(true), time))
            .collect()
    }

    /// Round trips of each kind of group, counted on the way to the server.
    fn round_trips(&self) -> anyhow::Result<String> {
        const GROUP: usize = 64;
        let shared = self.ledger()?;
        let relay = Relay::start(self.cluster.folder().join(format!(".s.PGSQL.{}", self.cluster.port())))?;
        let mut client = Client::open(&shared.by(&relay))?;
        let mut rows = Vec::new();
        let mut fresh = Vec::new();
        // The first ones find out about the server, and renew what the run has.
        for round in 0..3 {
            fresh = self.records(GROUP)?;
            let (recorded, record) = relay.count(|| client.record(&fresh))?;
            let ((), settle) = relay.count(|| client.settle(recorded))?;
            if round == 2 {
                rows.push(vec![
                    "nothing known of the message-ids".to_owned(),
                    record.to_string(),
                    settle.to_string(),
                ]);
            }
        }
        // An older value was accepted; a newer one comes.
        let later = clock::now();
        let values: Vec<_> = fresh.iter().map(|record| second_value(record, false, later)).collect();
        let (recorded, record) = relay.count(|| client.record(&values))?;
        let ((), settle) = relay.count(|| client.settle(recorded))?;
        rows.push(vec!["another value was accepted before".to_owned(), record.to_string(), settle.to_string()]);
        // Two values under way at once: one waits behind the other.
        let first = self.records(GROUP)?;
        let second: Vec<_> = first.iter().map(|record| second_value(record, false, later)).collect();
        let recorded = client.record(&first)?;
        let (waiting, record) = relay.count(|| client.record(&second))?;
        ensure!(waiting.is_empty(), "the second values do not wait");
        let ((), settle) = relay.count(|| client.settle(recorded))?;
        rows.push(vec!["another value is under way".to_owned(), record.to_string(), settle.to_string()]);
        ensure!(relay.count(|| client.record(&self.records(1)?))?.1 > 0, "the relay counts nothing");
        client.ledger.close(clock::now())?;
        Ok(markdown(&["round trips of a group of 64", "record", "settle"], &rows))
    }

    /// Every size of a group with every number of clients.
    fn costs(&self, records: usize) -> anyhow::Result<String> {
        let mut rows = Vec::new();
        for group in GROUPS {
            for clients in CLIENTS {
                let total = match group {
                    1 => records / 50,
                    16 => records / 4,
                    _ => records,
                };
                let cost = self.run(&self.ledger()?, group, clients, total)?;
                rows.push(vec![
                    group.to_string(),
                    clients.to_string(),
                    format!("{:.0}", cost.per_second()),
                    format!("{:.0}", cost.server_micros()),
                    format!("{:.0}", cost.client_micros()),
                    format!("{:.0}", cost.wal_bytes()),
                ]);
            }
        }
        let header = [
            "group",
            "clients",
            "records/s",
            "server CPU, µs a record",
            "clients' CPU, µs",
            "WAL, bytes a record",
        ];
        Ok(markdown(&header, &rows))
    }

    /// The same work on ledgers of two sizes, and on one whose dead rows an old transaction keeps.
    fn growth(&self, rows: u64, records: usize) -> anyhow::Result<String> {
        const GROUP: usize = 64;
        const CLIENTS: usize = 4;
        let mut table = Vec::new();
        let mut base = None;
        let mut line = |what: String, cost: &Cost| {
            let micros = cost.server_micros();
            let base = *base.get_or_insert(micros);
            table.push(vec![what, format!("{micros:.0}"), format!("{:.2}", micros / base)]);
        };
        for rows in [rows / 10, rows] {
            let shared = self.ledger()?;
            self.fill(&shared, rows)?;
            line(format!("{rows} rows"), &self.run(&shared, GROUP, CLIENTS, records)?);
        }
        let shared = self.ledger()?;
        self.fill(&shared, rows / 10)?;
        let pin = Pin::hold(&self.cluster, &shared.0.server.database)?;
        // What is dead by now stays where it is.
        self.run(&shared, GROUP, CLIENTS, records)?;
        let pinned = self.run(&shared, GROUP, CLIENTS, records)?;
        let dead = self.cluster.sql(
            &shared.0.server.database,
            "SELECT pg_stat_force_next_flush() IS NULL, n_dead_tup FROM pg_stat_user_tables WHERE relname = 'conversion'",
        );
        drop(pin);
        let dead: usize = dead.rsplit('|').next().unwrap_or_default().parse()?;
        ensure!(dead >= records, "the old transaction has kept only {dead} dead rows");
        line(format!("{} rows, and an old transaction that keeps {dead} dead ones", rows / 10), &pinned);
        Ok(markdown(&["4 clients, groups of 64", "server CPU, µs a record", "ratio"], &table))
    }

    /// Settled rows, as if they had been sent before.
    fn fill(&self, shared: &Shared, rows: u64) -> anyhow::Result<()> {
        // The account has to be there.
        Client::open(shared)?.ledger.close(clock::now())?;
        let first = self.made.fetch_add(rows, Ordering::Relaxed);
        self.cluster.sql(
            &shared.0.server.database,
            &format!(
                "INSERT INTO nexmo_conversion.conversion (account, channel, message_id, delivered, key_time, timestamp, state,
                     owner, recorded, next_attempt, line, attempts, settled, http_status)
                 SELECT (SELECT min(id) FROM nexmo_conversion.account), 0, upper(md5(n::text)), true, t, t, 2, 0, t, t, n, 1, t, 200
                 FROM generate_series({first}, {last}) n, (SELECT extract(epoch FROM now())::int8) x(t)",
                last = first + rows - 1,
            ),
        );
        self.cluster.sql(&shared.0.server.database, "VACUUM ANALYZE");
        Ok(())
    }

    /// Records and settles that many, by so many clients in groups of this size.
    fn run(&self, shared: &Shared, group: usize, clients: usize, total: usize) -> anyhow::Result<Cost> {
        let mut ready = Vec::new();
        for _ in 0..clients {
            ready.push((Client::open(shared)?, self.records((total / clients).next_multiple_of(group))?));
        }
        let records = ready.iter().map(|(_, records)| records.len()).sum();
        // What is left of earlier work is not this work's.
        self.cluster.sql("postgres", "CHECKPOINT");
        let (server, own, wal) = (self.server_time()?, own_time()?, self.wal()?);
        let began = clock::monotonic();
        thread::scope(|scope| {
            let threads: Vec<_> = ready
                .into_iter()
                .map(|(mut client, records)| {
                    scope.spawn(move || {
                        for group in records.chunks(group) {
                            let recorded = client.record(group)?;
                            client.settle(recorded)?;
                        }
                        anyhow::Ok(client)
                    })
                })
                .collect();
            let joined = threads
                .into_iter()
                .map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a client has died"))?);
            joined.collect::<anyhow::Result<Vec<_>>>()
        })
        .and_then(|clients| {
            let took = clock::monotonic().saturating_sub(began);
            let server = self.server_time()?.saturating_sub(server);
            let cost =
                Cost { records, took, server, own: own_time()?.saturating_sub(own), wal: self.wal()? - wal };
            // Ending is another matter.
            clients.into_iter().try_for_each(|client| client.ledger.close(clock::now()))?;
            Ok(cost)
        })
    }

    fn wal(&self) -> anyhow::Result<f64> {
        Ok(self.cluster.sql("postgres", "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn").parse()?)
    }

    /// User and system time of the server's processes, those included that have ended.
    fn server_time(&self) -> anyhow::Result<Duration> {
        let lock = std::fs::read_to_string(self.cluster.folder().join("data/postmaster.pid"))?;
        let server: u32 = lock.lines().next().context("an empty postmaster.pid")?.parse()?;
        let mut ticks = 0;
        for entry in std::fs::read_dir("/proc")?.flatten() {
            let Some(process) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            let Ok(stat) = Stat::of(process) else { continue };
            if process == server {
                ticks += stat.own + stat.of_children;
            } else if stat.parent == server {
                ticks += stat.own;
            }
        }
        Ok(duration_of(ticks))
    }
}

/// What `proc_pid_stat(5)` has of a process, in ticks.
struct Stat {
    parent: u32,
    own: u64,
    of_children: u64,
}

impl Stat {
    fn of(process: u32) -> anyhow::Result<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
        let (_, rest) = stat.rsplit_once(") ").context("a stat without a name")?;
        let fields: Vec<_> = rest.split(' ').collect();
        let field = |number: usize| {
            fields.get(number - 3).context("a short stat").and_then(|field| Ok(field.parse::<u64>()?))
        };
        Ok(Self {
            parent: u32::try_from(field(4)?)?,
            own: field(14)? + field(15)?,
            of_children: field(16)? + field(17)?,
        })
    }
}

fn own_time() -> anyhow::Result<Duration> {
    Ok(duration_of(Stat::of(std::process::id())?.own))
}

/// Linux counts a hundred ticks a second for user space.
fn duration_of(ticks: u64) -> Duration {
    Duration::from_millis(10 * ticks)
}

/// What some records took.
struct Cost {
    records: usize,
    took: Duration,
    server: Duration,
    own: Duration,
    wal: f64,
}

#[expect(clippy::cast_precision_loss, reason = "fewer records than a float has bits for")]
impl Cost {
    fn per_second(&self) -> f64 {
        self.records as f64 / self.took.as_secs_f64()
    }

    fn server_micros(&self) -> f64 {
        self.server.as_secs_f64() * 1e6 / self.records as f64
    }

    fn client_micros(&self) -> f64 {
        self.own.as_secs_f64() * 1e6 / self.records as f64
    }

    fn wal_bytes(&self) -> f64 {
        self.wal / self.records as f64
    }
}

/// Where a ledger is.
struct Shared(SharedLedger);

impl Shared {
    /// The same, reached through a relay.
    fn by(&self, relay: &Relay) -> Self {
        let mut shared = self.0.clone();
        let address = HostAddress::Name(Ipv4Addr::LOCALHOST.to_string());
        shared.server.hosts = vec![ServerHost { address, port: relay.port, password: None }];
        Self(shared)
    }
}

/// A run that sends nothing.
struct Client {
    ledger: Ledger,
}

impl Client {
    fn open(shared: &Shared) -> anyhow::Result<Self> {
        let account = ApiKey::parse("abcd1234")?.fingerprint();
        let place = LedgerPlace::Server(Box::new(shared.0.clone()));
        Ok(Self { ledger: Ledger::open_at(&place, &account, 64, clock::now())? })
    }

    /// What may go at once.
    fn record(&mut self, records: &[Record]) -> anyhow::Result<Vec<Recorded>> {
        let entries = self.ledger.record(records, clock::now())?;
        Ok(entries.recorded.into_iter().filter(|one| matches!(one, Recorded::Ready(_))).collect())
    }

    /// The API has taken all of them.
    fn settle(&mut self, recorded: Vec<Recorded>) -> anyhow::Result<()> {
        let accepted =
            || Settlement::Accepted { http_status: 200, effort: Effort { attempts: 1, ambiguous_resends: 0 } };
        let tickets = recorded.into_iter().filter_map(|one| match one {
            Recorded::Ready(ticket) => Some((ticket, accepted())),
            Recorded::Waiting(..) | Recorded::Known(..) => None,
        });
        // What that sets free stays with this run.
        let _ = self.ledger.settle(tickets.collect(), clock::now()).map_err(|unsettled| unsettled.cause)?;
        Ok(())
    }
}

fn record(number: u64, delivered: Delivered, timestamp: Timestamp) -> anyhow::Result<Record> {
    // A bijection that scatters.
    let scattered = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let message_id = MessageId::parse(&format!("{scattered:016X}{number:016X}"))?;
    Ok(Record {
        line: number + 1,
        reference: None,
        conversion: Conversion { channel: Channel::Sms, message_id, delivered, timestamp },
        time: TimeSource::Given,
        doubts: Vec::new(),
    })
}

fn second_value(record: &Record, delivered: bool, timestamp: Timestamp) -> Record {
    let mut record = record.clone();
    record.conversion.delivered = Delivered::from(delivered);
    record.conversion.timestamp = timestamp;
    record
}

/// Passes on what a client and its server say, and counts how often the client has to wait for an answer before it goes on.
struct Relay {
    port: u16,
    trips: Arc<AtomicU64>,
}

/// An answer is held up for so long that everything has been said that does not depend on it.
const HELD_UP: Duration = Duration::from_millis(20);

impl Relay {
    fn start(socket: PathBuf) -> io::Result<Self> {
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
    fn count<T>(&self, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(T, u64)> {
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

/// A transaction that stays open, as a forgotten session or a long dump does.
struct Pin {
    psql: Child,
}

impl Pin {
    fn hold(cluster: &Cluster, database: &str) -> anyhow::Result<Self> {
        let mut psql = Command::new("psql");
        psql.args(["-XAtq", "-U", "postgres", "-d", database, "-h"]).arg(cluster.folder());
        psql.args(["-p", &cluster.port().to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut psql = psql.spawn()?;
        let mut stdin = psql.stdin.take().context("psql has no input")?;
        stdin.write_all(b"BEGIN ISOLATION LEVEL REPEATABLE READ;\nSELECT 'pinned' FROM pg_class LIMIT 1;\n")?;
        psql.stdin = Some(stdin);
        let mut answer = [0; 7];
        psql.stdout.as_mut().context("psql says nothing")?.read_exact(&mut answer)?;
        ensure!(answer == *b"pinned\n", "psql says {answer:?}");
        Ok(Self { psql })
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        drop(self.psql.stdin.take());
        let _ = self.psql.wait();
    }
}
