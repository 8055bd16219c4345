//! A run on a server's ledger: how it begins, keeps its lease, comes back after the server was gone, and ends.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use tokio_postgres::types::Type;

use super::codes;
use super::connect::{Connection, connect_for};
use super::exchange::Step;
use super::forget::prune;
use super::liveness::{Locks, MARGIN, RunId, RunLock, renewed_after, sweep};
use super::row;
use super::schema::{self, Schema};
use super::statements as sql;
use super::tx::PostgresTx;
use crate::clock;
use crate::domain::{AccountFingerprint, Durability, SessionWanted, SharedLedger, Timestamp};
use crate::failpoint::{Promise, is_broken};
use crate::ledger::error::Location;
use crate::ledger::store::sources::Sources;
use crate::ledger::store::{Lease, ServerError, Store, StoreError, Tx};
use crate::ledger::ticket::UncleanStops;
use crate::ledger::tracking::LogSource;

/// How often a transaction is tried that others were in the way of.
const TRIES: u32 = 12;

/// The first wait between two tries; it doubles, and is anything up to that.
const FIRST_WAIT: Duration = Duration::from_millis(10);

/// The longest.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Transactions after which what is noted of earlier ones is removed.
const NOTED: i64 = 64;

/// Opens a connection to the ledger's server.
pub(crate) type Connect = Box<dyn Fn() -> Result<Connection, StoreError> + Send>;

/// Where a ledger on a server is, and how a run keeps it.
pub(crate) struct Access {
    /// For people.
    pub(crate) name: String,
    /// How it is reached, now and after the connection was lost.
    pub(crate) connect: Connect,
    /// In which schema.
    pub(crate) schema: Schema,
    /// Where this machine's runs keep their locks.
    pub(crate) locks: Box<Path>,
    /// How long a run's rows stay its own without a word from it.
    pub(crate) lease: Duration,
    /// How long a server that is gone is waited for.
    pub(crate) patience: Duration,
    /// How long a settled row is remembered.
    pub(crate) keep: Duration,
    /// What the server has to promise.
    pub(crate) durability: Durability,
}

impl Access {
    /// To a ledger as the settings describe it.
    pub(crate) fn to(shared: &SharedLedger) -> Self {
        Self::by(SessionWanted::ReadWrite, shared)
    }

    /// The same for reading, which a replica is good for.
    pub(crate) fn for_reading(shared: &SharedLedger) -> Self {
        Self::by(SessionWanted::Any, shared)
    }

    fn by(needs: SessionWanted, shared: &SharedLedger) -> Self {
        let server = shared.server.clone();
        Self {
            name: server.to_string(),
            connect: Box::new(move || connect_for(&server, needs)),
            schema: Schema::named(&shared.schema),
            locks: shared.locks.as_path().into(),
            lease: shared.lease,
            patience: shared.patience,
            keep: shared.keep,
            durability: shared.durability,
        }
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("name", &self.name).field("schema", &self.schema).finish_non_exhaustive()
    }
}

/// The ledger on a server, open for one run of one account.
///
/// Dropping it without [`Store::close`] is what a crash looks like.
#[derive(Debug)]
pub(crate) struct PostgresStore {
    pub(super) access: Access,
    pub(super) connection: Connection,
    locks: Locks,
    pub(super) account: i64,
    unsettled_max: usize,
    pub(super) me: RunId,
    lock: Option<RunLock>,
    /// The files of the log that it reads.
    pub(super) sources: Sources,
    /// Whether the lease was lost since the run was last asked for it.
    has_lost_lease: bool,
    crashed: Vec<(RunId, u64)>,
    /// The number of the last transaction.
    pub(super) serial: i64,
    /// When the lease ends, and when it is to be renewed, by the clock that never jumps.
    leased_until: Duration,
    renewal: Duration,
    tries: u32,
    /// What begins a transaction.
    pub(super) begins: Begins,
}

/// The commands that begin a transaction.
#[derive(Debug)]
pub(super) struct Begins {
    pub(super) serializable: String,
    pub(super) read_committed: String,
}

impl Begins {
    /// Whatever the server's own settings are: nothing hangs, the planner keeps to the indices, and a commit is durable.
    fn new(synchronous_commit: &str) -> Self {
        let durable = match synchronous_commit {
            "off" | "local" => "SET LOCAL synchronous_commit = on; ",
            _ => "",
        };
        let begin = |isolation: &str| {
            format!(
                "BEGIN ISOLATION LEVEL {isolation}; {durable}SET LOCAL lock_timeout = '5s'; \
                 SET LOCAL statement_timeout = '10s'; SET LOCAL idle_in_transaction_session_timeout = '10s'; \
                 SET LOCAL jit = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; \
                 SET LOCAL enable_mergejoin = off"
            )
        };
        Self { serializable: begin("SERIALIZABLE"), read_committed: begin("READ COMMITTED") }
    }
}

impl PostgresStore {
    /// Begins a run.
    pub(crate) fn open(
        access: Access,
        account: &AccountFingerprint,
        unsettled_max: usize,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let mut connection = (access.connect)()?;
        schema::refuse_other_versions(&mut connection, &access.schema)?;
        let begins = match access.durability {
            Durability::Strict => Begins::new(&refuse_forgetful(&mut connection)?),
            Durability::Server => Begins::new(""),
        };
        let identity = schema::identity(&mut connection, &access.schema)?;
        let locks = Locks::in_folder(&access.locks.join(identity))?;
        let account = number_of(&mut connection, &access.schema, account)?;
        let mut store = Self {
            access,
            connection,
            locks,
            account,
            unsettled_max,
            me: 0,
            lock: None,
            sources: Sources::default(),
            has_lost_lease: false,
            crashed: Vec::new(),
            serial: 0,
            leased_until: Duration::ZERO,
            renewal: Duration::ZERO,
            tries: 0,
            begins,
        };
        store.sweep()?;
        store.persist(|store| store.begin_run(now))?;
        let unreported = store.access.schema.statement(sql::UNREPORTED).number(store.me);
        for row in store.connection.query(unreported)? {
            store.crashed.push((row::get(&row, 0)?, row::get::<i64>(&row, 1)?.unsigned_abs()));
        }
        Ok(store)
    }

    /// Takes a new number, with a lease.
    fn begin_run(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let asked = clock::monotonic();
        let begin = self.access.schema.statement(sql::BEGIN_RUN);
        let begin = begin
            .number(now.unix())
            .number(i64::try_from(self.unsettled_max).unwrap_or(i64::MAX))
            .with(self.locks.host.clone(), Type::TEXT)
            .with(self.access.lease.as_secs_f64(), Type::FLOAT8);
        let rows = self.connection.query(begin)?;
        let row = rows.first().ok_or_else(|| row::damaged("no number for a run"))?;
        self.me = row::get(row, 0)?;
        self.lock = Some(self.locks.take(self.me)?);
        self.is_leased(asked);
        Ok(())
    }

    /// The server has given this run a lease when it was asked for, or later.
    fn is_leased(&mut self, asked: Duration) {
        self.leased_until =
            asked.saturating_add(self.access.lease).saturating_sub(MARGIN.min(self.access.lease / 4));
        self.renewal = asked.saturating_add(renewed_after(self.access.lease));
    }

    /// Takes the leases from runs that have died.
    pub(super) fn sweep(&mut self) -> Result<(), StoreError> {
        self.persist(|store| sweep(&mut store.connection, &store.access.schema, &store.locks, store.me))
    }

    /// Does something beside any transaction, again where others were in its way.
    fn persist<T>(&mut self, work: impl Fn(&mut Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        loop {
            match work(self) {
                Err(failed) if self.tries_again(&failed) => {}
                done => {
                    self.went_well();
                    return done;
                }
            }
        }
    }

    /// Begins anew after the lease was lost, with what no other run has taken over since: under the old number nothing more is
    /// recorded or settled.
    pub(super) fn begin_anew(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let old = self.me;
        self.persist(|store| {
            store.connection.query(store.access.schema.statement(sql::LET_GO).number(old)).map(drop)
        })?;
        if let Some(lock) = self.lock.take() {
            lock.end()?;
        }
        self.persist(|store| store.begin_run(now))?;
        self.serial = 0;
        self.has_lost_lease = true;
        self.persist(|store| {
            let reclaim = store.access.schema.statement(sql::RECLAIM).number(store.account);
            store.connection.query(reclaim.number(store.me).number(old)).map(drop)
        })
    }

    /// What is asked beside a transaction from time to time.
    pub(super) fn upkeep(&self) -> Option<Step<'static>> {
        (self.serial % NOTED == 0 && self.serial > 0)
            .then(|| self.access.schema.statement(sql::FORGET_DONE).number(self.me).number(self.serial - 1).into())
    }

    /// Connects again after the connection was lost, for as long as the server is waited for.
    pub(super) fn reconnect(&mut self) -> Result<(), StoreError> {
        let given_up = clock::monotonic().saturating_add(self.access.patience);
        let mut wait = FIRST_WAIT * 5;
        loop {
            let connected = (self.access.connect)().and_then(|mut connection| {
                schema::refuse_other_versions(&mut connection, &self.access.schema)?;
                Ok(connection)
            });
            match connected {
                Ok(connection) => {
                    self.connection = connection;
                    return Ok(());
                }
                Err(error) if !may_pass(&error) || clock::monotonic() >= given_up => return Err(error),
                Err(_) => clock::sleep(wait.mul_f64(0.5 + fastrand::f64() / 2.0)),
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// The answer to a COMMIT was lost: whether it was carried out. If it was not, it never will be from here on, also where the
    /// old connection's end of it still lives.
    pub(super) fn was_done(&mut self, serial: i64) -> Result<bool, StoreError> {
        let given_up = clock::monotonic().saturating_add(self.access.patience);
        loop {
            self.reconnect()?;
            if is_broken(Promise::UnknownCommitsAreRead) {
                return Ok(false);
            }
            let ask = self.access.schema.statement(sql::WAS_DONE).number(self.me).number(serial);
            match self.connection.query(ask) {
                Ok(rows) => return Ok(rows.is_empty()),
                Err(error) if !may_pass(&error) || clock::monotonic() >= given_up => return Err(error),
                Err(_) => {}
            }
        }
    }
}

/// Whether the same may work a little later.
fn may_pass(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Busy | StoreError::Server(ServerError::Unreachable(_) | ServerError::TooManyConnections(_))
    )
}

/// Refuses a server that forgets what it has acknowledged; returns how it commits.
fn refuse_forgetful(connection: &mut Connection) -> Result<String, StoreError> {
    let settings = "SELECT current_setting('fsync', true), current_setting('synchronous_commit', true)";
    let rows = connection.query(super::exchange::Statement::new(settings.to_owned()))?;
    let Some(row) = rows.first() else { return Ok(String::new()) };
    if row::get::<Option<&str>>(row, 0)? == Some("off") {
        return Err(StoreError::Server(ServerError::NotDurable("fsync is off")));
    }
    Ok(row::get::<Option<String>>(row, 1)?.unwrap_or_default())
}

fn number_of(
    connection: &mut Connection,
    schema: &Schema,
    account: &AccountFingerprint,
) -> Result<i64, StoreError> {
    let named = |text: &str| schema.statement(text).with(account.as_str().to_owned(), Type::TEXT);
    let find = "SELECT id FROM @account WHERE fingerprint = $1";
    let answers = connection.exchange(&[
        named("INSERT INTO @account (fingerprint) VALUES ($1) ON CONFLICT DO NOTHING").into(),
        named(find).into(),
    ])?;
    let row = answers.last().and_then(|rows| rows.first()).ok_or_else(|| row::damaged("no account"))?;
    row::get(row, 0)
}

impl PostgresStore {
    /// A transaction has succeeded: the next one that does not has all its tries.
    pub(super) fn went_well(&mut self) {
        self.tries = 0;
    }
}

impl Store for PostgresStore {
    fn location(&self) -> Location {
        Location::Server(self.access.name.clone())
    }

    fn unclean_stops(&self) -> UncleanStops {
        let repeats = self.crashed.iter().fold(0, |sum: u64, (_, most)| sum.saturating_add(*most));
        UncleanStops { runs: self.crashed.len() as u64, repeats }
    }

    fn reads(&mut self, files: &[LogSource], now: Timestamp) -> Result<(), StoreError> {
        self.sources = self.persist(|store| codes::sources(store, files, now))?;
        Ok(())
    }

    fn begin(&mut self, now: Timestamp) -> Result<Box<dyn Tx + '_>, StoreError> {
        Ok(Box::new(PostgresTx::new(self, now)))
    }

    /// Only what passes is tried again, and not for ever.
    fn tries_again(&mut self, failed: &StoreError) -> bool {
        if !may_pass(failed) || self.tries >= TRIES {
            self.tries = 0;
            return false;
        }
        self.tries += 1;
        if !self.connection.is_usable() {
            return self.reconnect().is_ok();
        }
        let most = FIRST_WAIT.saturating_mul(1 << self.tries.min(10)).min(LONGEST_WAIT);
        clock::sleep(most.mul_f64(fastrand::f64()));
        true
    }

    fn beat(&mut self) -> Result<Lease, StoreError> {
        let now = clock::monotonic();
        if now >= self.renewal {
            let renewed = self.persist(|store| {
                let renew = store.access.schema.statement(sql::RENEW).number(store.me);
                store.connection.query(renew.with(store.access.lease.as_secs_f64(), Type::FLOAT8))
            })?;
            if renewed.is_empty() {
                self.begin_anew(clock::now())?;
            } else {
                self.is_leased(now);
            }
        }
        let lease = if self.has_lost_lease { Lease::Lost } else { Lease::Until(self.leased_until) };
        self.has_lost_lease = false;
        Ok(lease)
    }

    fn reserve_room(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn release_room(&mut self) -> bool {
        false
    }

    fn close(mut self: Box<Self>, recorded: u64, now: Timestamp) -> Result<(), StoreError> {
        let reported: Vec<_> = self.crashed.iter().map(|(run, _)| *run).collect();
        self.persist(|store| {
            let schema = &store.access.schema;
            prune(&mut store.connection, schema, recorded, now.before(store.access.keep))?;
            let answers = store.connection.exchange(&[
                schema.statement(sql::LET_GO).number(store.me).into(),
                schema.statement(sql::REPORTED).numbers(reported.clone()).into(),
                schema.statement(sql::FORGET_RUNS).into(),
            ])?;
            let gone = answers[2].iter().map(|row| row::get(row, 0)).collect::<Result<Vec<RunId>, _>>()?;
            if !gone.is_empty() {
                store.connection.query(schema.statement(sql::FORGET_DONE_OF).numbers(gone))?;
            }
            Ok(())
        })?;
        self.lock.take().map_or(Ok(()), RunLock::end)
    }

    #[cfg(test)]
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
