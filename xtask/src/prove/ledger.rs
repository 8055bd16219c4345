//! Where the programs of a proof keep their ledger, and a look into it that owes the program nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::ValueEnum;
use nexmo_conversion::clock;
use nexmo_conversion::ledger::LedgerReader;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::producer::Key;
use super::stage::Programs;
use crate::postgres::Cluster;

/// What kind of ledger is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Kind {
    /// A file
    #[default]
    File,
    /// A database on a PostgreSQL server, which the proof starts
    Postgres,
}

/// Where the ledgers of a proof are made.
#[derive(Debug, Clone)]
pub(crate) enum Ledgers {
    Files,
    Server(Arc<Cluster>),
}

impl Ledgers {
    /// Starts a server where one is asked for.
    pub(crate) fn of(kind: Kind) -> anyhow::Result<Self> {
        match kind {
            Kind::File => Ok(Self::Files),
            Kind::Postgres => {
                let server = Cluster::prepare("a proof").context("PostgreSQL is not installed")?;
                Ok(Self::Server(Arc::new(server.start())))
            }
        }
    }

    /// A new, empty one. A file's folder is left to the program.
    pub(crate) fn make(&self, programs: &Programs, folder: &Path) -> anyhow::Result<Ledger> {
        match self {
            Self::Files => Ok(Ledger::File(folder.join("ledger/ledger.db"))),
            Self::Server(cluster) => {
                let ledger = Ledger::Server { cluster: Arc::clone(cluster), database: cluster.database() };
                let mut migrate = Command::new(&programs.honest);
                migrate.env_clear().env("HOME", folder).args(["ledger", "migrate", "--ledger"]);
                let migrated = migrate.arg(ledger.address()).output()?;
                let said = String::from_utf8_lossy(&migrated.stderr);
                ensure!(migrated.status.success(), "ledger migrate: {}: {said}", migrated.status);
                Ok(ledger)
            }
        }
    }
}

/// The ledger of a proof's programs.
#[derive(Debug)]
pub(crate) enum Ledger {
    /// There may be nothing yet.
    File(PathBuf),
    Server {
        cluster: Arc<Cluster>,
        database: String,
    },
}

/// Rows whose outcome is open, by both stores' numbers of states.
const PENDING: &str = "SELECT count(*) FROM conversion WHERE state < 2";

/// Rows that are queued again after a request that may have arrived.
const IN_DOUBT: &str = "SELECT message_id, CAST(delivered AS INTEGER) FROM conversion WHERE state = 0 AND code IS NOT NULL AND reached IS NULL";

/// Settings that make the leases of a proof's runs as short as they can be: a lease is longer than one and a half requests.
const SHORT_LEASE: [(&str, &str); 2] =
    [("NEXMO_CONVERSION_LEDGER_LEASE", "5s"), ("NEXMO_CONVERSION_MAX_TIME", "2s")];

/// They have ended by then.
const LEASES_END: Duration = Duration::from_secs(15);

impl Ledger {
    /// What `--ledger` takes.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Server { cluster, database } => format!(
                "postgres://postgres@/{database}?host={}&port={}",
                cluster.folder().display(),
                cluster.port()
            ),
        }
    }

    /// What the programs need to be told of it.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let mut settings = vec![("NEXMO_CONVERSION_LEDGER", self.address())];
        if let Self::Server { .. } = self {
            settings.extend(SHORT_LEASE.map(|(name, value)| (name, value.to_owned())));
        }
        settings
    }

    /// How many rows have an outcome that is open.
    pub(crate) fn pending(&self) -> anyhow::Result<u64> {
        let rows = self.rows(PENDING)?;
        rows.first().map_or(Ok(0), |row| Ok(row.parse()?))
    }

    /// What was given up in doubt, and settled so.
    pub(crate) fn in_doubt(&self) -> anyhow::Result<BTreeSet<Key>> {
        let rows = self.rows(IN_DOUBT)?;
        let keys = rows.iter().map(|row| row.split_once('|').map(|(id, value)| (id.to_owned(), value == "1")));
        keys.map(|key| key.context("a row without a value")).collect()
    }

    /// Runs that have not ended, or whose crash no summary has shown.
    pub(crate) fn crashed(&self) -> anyhow::Result<u64> {
        let rows = self.rows(match self {
            Self::File(_) => "SELECT count(*) FROM run",
            Self::Server { .. } => "SELECT count(*) FROM run WHERE NOT reported",
        })?;
        rows.first().map_or(Ok(0), |row| Ok(row.parse()?))
    }

    /// Waits until no run that was killed looks alive. On a server that takes a lease; of a file it is so at once.
    pub(crate) fn wait_for_leases(&self) -> anyhow::Result<()> {
        let Self::Server { .. } = self else { return Ok(()) };
        let began = clock::monotonic();
        loop {
            let leased = self.rows("SELECT run, until - now() FROM lease WHERE until > now()")?;
            if leased.is_empty() {
                return Ok(());
            }
            ensure!(clock::monotonic().saturating_sub(began) < LEASES_END, "leases do not end: {leased:?}");
            clock::sleep(Duration::from_millis(50));
        }
    }

    /// The rows of a question, their values separated by `|`; none from a file that is not there yet.
    pub(crate) fn rows(&self, question: &str) -> anyhow::Result<Vec<String>> {
        match self {
            Self::File(path) => {
                // The program must be able to read it at any time, too, whatever was killed before.
                if LedgerReader::open(path)?.is_none() {
                    return Ok(Vec::new());
                }
                // A read-only connection does not clean up after crashed runs.
                let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
                let mut query = db.prepare(question)?;
                let columns = query.column_count();
                let rows = query.query_map([], |row| {
                    let values = (0..columns).map(|column| match row.get_ref(column)? {
                        ValueRef::Integer(number) => Ok(number.to_string()),
                        value @ (ValueRef::Text(_) | ValueRef::Blob(_) | ValueRef::Null | ValueRef::Real(_)) => {
                            Ok(value.as_str()?.to_owned())
                        }
                    });
                    Ok(values.collect::<rusqlite::Result<Vec<_>>>()?.join("|"))
                })?;
                Ok(rows.collect::<rusqlite::Result<_>>()?)
            }
            Self::Server { cluster, database } => {
                let answer = cluster.sql(database, &format!("SET search_path = nexmo_conversion; {question}"));
                Ok(answer.lines().map(str::to_owned).collect())
            }
        }
    }

    /// What lies beside a file and is not a part of it.
    pub(crate) fn strangers(&self) -> anyhow::Result<Vec<PathBuf>> {
        let Self::File(path) = self else { return Ok(Vec::new()) };
        let folder = path.parent().context("a ledger without a folder")?;
        let known =
            ["", "-wal", "-shm", ".ballast", ".next.lock", ".write.lock"].map(|end| format!("ledger.db{end}"));
        let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
        let mut strangers = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if !known.iter().any(|name| path.ends_with(name)) {
                strangers.push(path);
            }
        }
        Ok(strangers)
    }
}
