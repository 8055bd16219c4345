//! A run on a server's ledger: how it begins, keeps its lease, and comes back after the server was gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio_postgres::types::Type;

use super::access::Access;
use super::connect::{Connection, GLANCE};
use super::exchange::Step;
use super::liveness::{Locks, MARGIN, RunId, RunLock, renewed_after, sweep};
use super::row;
use super::schema::{self, Schema};
use super::shown::DOUBTED;
use super::statements as sql;
use crate::clock;
use crate::domain::{AccountFingerprint, Durability, Timestamp};
use crate::failpoint::{Promise, is_broken};
use crate::ledger::store::sources::Sources;
use crate::ledger::store::{Lease, ServerError, StoreError};

/// How long something is tried at least that others are in the way of. It is tried for as long as a server that is gone is waited
/// for, where that is longer: neither says when it will end.
const CONTENDED: Duration = Duration::from_secs(10);

/// The first wait between two tries; it doubles, and is anything up to that.
const FIRST_WAIT: Duration = Duration::from_millis(10);

/// The longest, where others are in the way.
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// The longest for a server that is gone.
const LONGEST_ABSENCE: Duration = Duration::from_secs(2);

/// Transactions after which what is noted of earlier ones is removed.
const NOTED: i64 = 64;

/// The ledger on a server, open for one run of one account.
///
/// Dropping it without `close` is what a crash looks like.
#[derive(Debug)]
pub(crate) struct PostgresStore {
    pub(super) access: Access,
    pub(super) connection: Connection,
    locks: Locks,
    pub(super) account: i64,
    unsettled_max: usize,
    pub(super) me: RunId,
    /// A number that was asked for, and whose run may have begun.
    asked: RunId,
    pub(super) lock: Option<RunLock>,
    /// The files of the log that it reads.
    pub(super) sources: Sources,
    /// Whether the lease was lost since the run was last asked for it.
    has_lost_lease: bool,
    pub(super) crashed: Vec<(RunId, u64)>,
    /// The number of the last transaction.
    pub(super) serial: i64,
    /// When the lease ends, and when it is to be renewed, by the clock that never jumps.
    leased_until: Duration,
    renewal: Duration,
    next_sweep: Duration,
    tries: Tries,
    /// Set from outside: a server that is gone is not waited for any longer.
    stop: Arc<AtomicBool>,
    /// It was waited for in vain, or not at all: what is left to do is tried once.
    has_given_up: bool,
    /// What became of the last transaction is not known. Begun anew, it would find what it did itself, and take it for what was there
    /// before.
    is_in_doubt: bool,
    /// How many guesses more bring the lanes with them.
    pub(super) doubted: u32,
    /// What begins a transaction.
    pub(super) begins: Begins,
}

/// How often something was tried, and since when.
#[derive(Debug, Clone, Copy, Default)]
struct Tries {
    count: u32,
    since: Option<Duration>,
}

/// The commands that begin a transaction.
#[derive(Debug)]
pub(super) struct Begins {
    pub(super) serializable: String,
    pub(super) read_committed: String,
}

impl Begins {
    /// Whatever the server's own settings are: nothing hangs, the planner keeps to the indices, and a commit is durable.
    ///
    /// A scan of a small table would cost little, and conflict with every run that writes there. To forbid it adds 10¹⁰ to the cost
    /// of a statement that has no other way, for which a server would compile it for a third of a second: there is none
    /// (`tests/plans.rs`), and nothing is compiled.
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
        let mut connection = (access.connect)(&AtomicBool::new(false))?;
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
            asked: 0,
            lock: None,
            sources: Sources::default(),
            has_lost_lease: false,
            crashed: Vec::new(),
            serial: 0,
            leased_until: Duration::ZERO,
            renewal: Duration::ZERO,
            next_sweep: Duration::ZERO,
            tries: Tries::default(),
            stop: Arc::default(),
            has_given_up: false,
            is_in_doubt: false,
            // A run of one message guesses once.
            doubted: DOUBTED,
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
        let begun = self.try_to_begin_run(now);
        if begun.is_err() && self.connection.is_usable() {
            let _ = self.connection.exchange(&[Step::Commands("ROLLBACK".to_owned())]);
        }
        begun?;
        self.note_lease(asked);
        Ok(())
    }

    /// The number is known before it is committed: if the answer to that is lost, the next try lets go of it. Nobody is left with a
    /// run that looks as if it had died. Until it is answered this run has the number that it had.
    fn try_to_begin_run(&mut self, now: Timestamp) -> Result<(), StoreError> {
        if let Some(lock) = self.lock.take() {
            lock.end()?;
        }
        let let_go = self.access.schema.statement(sql::LET_GO).number(self.asked);
        let begin = self.access.schema.statement(sql::BEGIN_RUN);
        let begin = begin
            .number(now.unix())
            .number(i64::try_from(self.unsettled_max).unwrap_or(i64::MAX))
            .with(self.locks.host.clone(), Type::TEXT)
            .with(self.access.lease.as_secs_f64(), Type::FLOAT8);
        let steps = [Step::Commands(self.begins.read_committed.clone()), let_go.into(), begin.into()];
        let answers = self.connection.exchange(&steps)?;
        let row =
            answers.last().and_then(|rows| rows.first()).ok_or_else(|| row::damaged("no number for a run"))?;
        self.asked = row::get(row, 0)?;
        self.lock = Some(self.locks.take(self.asked)?);
        self.connection.exchange(&[Step::Commands("COMMIT".to_owned())])?;
        self.me = self.asked;
        Ok(())
    }

    /// The server has given this run a lease when it was asked for, or later.
    fn note_lease(&mut self, asked: Duration) {
        self.leased_until =
            asked.saturating_add(self.access.lease).saturating_sub(MARGIN.min(self.access.lease / 4));
        self.renewal = asked.saturating_add(renewed_after(self.access.lease));
    }

    /// Takes the leases from runs that have died: at once where one of this machine has left its lock, and from time to time where
    /// only a lease may have ended.
    pub(super) fn sweep(&mut self) -> Result<(), StoreError> {
        let now = clock::monotonic();
        let left = self.locks.left();
        if left.is_empty() && now < self.next_sweep && !is_broken(Promise::OwnedByOneRun) {
            return Ok(());
        }
        self.next_sweep = now.saturating_add(self.access.lease / 30);
        self.persist(|store| sweep(&mut store.connection, &store.access.schema, &store.locks, &left, store.me))
    }

    /// Does something beside any transaction, again where others were in its way.
    pub(super) fn persist<T>(
        &mut self,
        work: impl Fn(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut tries = Tries::default();
        loop {
            match work(self) {
                Err(failed) if self.comes_back(&failed, &mut tries) => {}
                done => return done,
            }
        }
    }

    /// Waits after something failed that may pass, and connects again where that is needed; not for ever.
    fn comes_back(&mut self, failed: &StoreError, tries: &mut Tries) -> bool {
        let now = clock::monotonic();
        let since = *tries.since.get_or_insert(now);
        let is_stopped = self.stop.load(Ordering::Relaxed);
        let limit = if is_stopped { CONTENDED } else { CONTENDED.max(self.access.patience) };
        if !may_pass(failed) || now.saturating_sub(since) >= limit {
            return false;
        }
        tries.count += 1;
        // A server that takes no writes any more has its place taken, or will take them again.
        if !self.connection.is_usable() || matches!(failed, StoreError::Server(ServerError::ReadOnly(_))) {
            return self.reconnect(since.saturating_add(self.access.patience)).is_ok();
        }
        let most = FIRST_WAIT.saturating_mul(1 << tries.count.min(10)).min(LONGEST_WAIT);
        clock::sleep(most.mul_f64(fastrand::f64()));
        true
    }

    /// The same for a transaction that is begun again and again.
    pub(super) fn tries_transaction_again(&mut self, failed: &StoreError) -> bool {
        let mut tries = self.tries;
        let again = !std::mem::take(&mut self.is_in_doubt) && self.comes_back(failed, &mut tries);
        self.tries = if again { tries } else { Tries::default() };
        again
    }

    /// A transaction has succeeded: the next one that does not has all its tries.
    pub(super) fn went_well(&mut self) {
        self.tries = Tries::default();
    }

    /// Renews the lease when it is time for that. Returns until when it lasts.
    pub(super) fn renew(&mut self) -> Result<Lease, StoreError> {
        let now = clock::monotonic();
        if now >= self.renewal {
            let renewed = self.persist(|store| {
                let renew = store.access.schema.statement(sql::RENEW).number(store.me);
                store.connection.query(renew.with(store.access.lease.as_secs_f64(), Type::FLOAT8))
            })?;
            if renewed.is_empty() {
                self.begin_anew(clock::now())?;
            } else {
                self.note_lease(now);
            }
        }
        let lease = if self.has_lost_lease { Lease::Lost } else { Lease::Until(self.leased_until) };
        self.has_lost_lease = false;
        Ok(lease)
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

    /// What is done before a transaction from time to time, and not with it: if it alone fails, the transaction has not failed.
    pub(super) fn keep_up(&mut self) {
        if self.serial % NOTED == 0 && self.serial > 0 {
            let forget = self.access.schema.statement(sql::FORGET_DONE).number(self.me).number(self.serial - 1);
            let _ = self.connection.query(forget);
        }
    }

    /// From now on, what sets this ends the waiting for a server that is gone.
    pub(super) fn heed(&mut self, stop: Arc<AtomicBool>) {
        self.connection.heed(Arc::clone(&stop));
        self.stop = stop;
    }

    /// Connects again after the connection was lost, which is tried until then, and once.
    fn reconnect(&mut self, given_up: Duration) -> Result<(), StoreError> {
        let given_up = if self.has_given_up { Duration::ZERO } else { given_up };
        let mut wait = FIRST_WAIT * 5;
        loop {
            let connected = (self.access.connect)(&self.stop).and_then(|mut connection| {
                schema::refuse_other_versions(&mut connection, &self.access.schema)?;
                Ok(connection)
            });
            match connected {
                Ok(mut connection) => {
                    connection.heed(Arc::clone(&self.stop));
                    self.has_given_up = false;
                    self.connection = connection;
                    return Ok(());
                }
                Err(error) if !may_pass(&error) || !self.goes_on_until(given_up) => {
                    self.has_given_up = true;
                    return Err(error);
                }
                Err(_) => self.pause(wait.mul_f64(0.5 + fastrand::f64() / 2.0)),
            }
            wait = (wait * 2).min(LONGEST_ABSENCE);
        }
    }

    /// Whether a server is still waited for that is waited for until then.
    fn goes_on_until(&self, end: Duration) -> bool {
        clock::monotonic() < end && !self.stop.load(Ordering::Relaxed)
    }

    /// Waits in small steps, to see when nothing is waited for any longer.
    fn pause(&self, time: Duration) {
        let until = clock::monotonic().saturating_add(time);
        while self.goes_on_until(until) {
            clock::sleep(GLANCE.min(until.saturating_sub(clock::monotonic())));
        }
    }

    /// The answer to a COMMIT was lost: whether it was carried out. If it was not, it never will be from here on, also where the
    /// old connection's end of it still lives. Where that cannot be found out, the transaction is not tried again.
    pub(super) fn was_done(&mut self, serial: i64) -> Result<bool, StoreError> {
        self.or_in_doubt(|store| store.ask_whether_done(serial))
    }

    /// Finds out something about a transaction that has ended. If it fails, that one is not tried again.
    pub(super) fn or_in_doubt<T>(
        &mut self,
        find_out: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let found = find_out(self);
        self.is_in_doubt = found.is_err();
        found
    }

    /// Whether it is not known what became of the last transaction.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.is_in_doubt
    }

    fn ask_whether_done(&mut self, serial: i64) -> Result<bool, StoreError> {
        let given_up = clock::monotonic().saturating_add(self.access.patience);
        loop {
            self.reconnect(given_up)?;
            if is_broken(Promise::UnknownCommitsAreRead) {
                return Ok(false);
            }
            let asked = [sql::RULE_OUT, sql::IS_RULED_OUT]
                .map(|text| self.access.schema.statement(text).number(self.me).number(serial).into());
            match self.connection.exchange(&asked) {
                Ok(answers) => return Ok(answers.last().is_none_or(Vec::is_empty)),
                Err(error) if !may_pass(&error) || !self.goes_on_until(given_up) => return Err(error),
                Err(_) => {}
            }
        }
    }
}

/// Whether the same may work a little later.
fn may_pass(error: &StoreError) -> bool {
    matches!(error, StoreError::Busy) || matches!(error, StoreError::Server(error) if error.is_away())
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
