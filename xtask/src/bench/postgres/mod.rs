//! A shared ledger: what recording and settling cost the server, and how many round trips they take.
//!
//! Clients are threads that use the ledger as a run does, in groups, without sending anything in between. The server's time is that
//! of all its processes, by the kernel's word; everything shares the machine, so records/s are a lower bound.

mod client;
mod relay;
mod time;

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use nexmo_conversion::clock;
use nexmo_conversion::domain::{
    CertificateAuthorities, ChannelBinding, Delivered, Durability, HostAddress, Record, Server, ServerHost,
    SharedLedger, TlsMode,
};
use nexmo_conversion::ledger::migrate;
use tempfile::TempDir;

use self::client::{Client, Shared, record, second_value};
use self::relay::Relay;
use self::time::{own_time, server_time};
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
        let (server, own, wal) = (server_time(&self.cluster)?, own_time()?, self.wal()?);
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
            let server = server_time(&self.cluster)?.saturating_sub(server);
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
