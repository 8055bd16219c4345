//! The tables of a ledger on a server, and how they are made and changed.
//!
//! Only SQL that other engines which speak PostgreSQL's protocol have, too. This file does not know what the rows mean.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::connect::Connection;
use super::exchange::{Statement, Step};
use super::failure::is_made_by_another;
use crate::ledger::store::{ServerError, StoreError};

/// Every step from an empty schema to today's. Steps are only ever added; the number of steps taken is the schema's version.
/// Each `@` stands for the schema's name and a dot.
const MIGRATIONS: &[&[&str]] = &[&[
    r#"CREATE TABLE @account (
        id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        fingerprint TEXT COLLATE "C" NOT NULL UNIQUE
    )"#,
    // Runs that have not ended, or have left something. `host` is a machine, so that a run can see which of its own machine's
    // have died. A run is dead when its lease was taken from it, and never lives again. `reported`: a summary has shown it.
    "CREATE TABLE @run (
        id            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        started       BIGINT  NOT NULL,
        unsettled_max BIGINT  NOT NULL,
        host          TEXT    NOT NULL,
        dead          BOOLEAN NOT NULL DEFAULT false,
        reported      BOOLEAN NOT NULL DEFAULT false
    )",
    // Apart from the run, so that what is written often is read by nobody else. `until` is the server's time. Of a run that reads a
    // log: of which account, which files, and the time up to which it has read them.
    "CREATE TABLE @lease (
        run      BIGINT      PRIMARY KEY,
        until    TIMESTAMPTZ NOT NULL,
        account  BIGINT,
        sources  BIGINT[],
        log_time BIGINT
    )",
    // Which of its transactions a run has committed: asked for when the answer to a COMMIT was lost. With its negative: which never were.
    "CREATE TABLE @done (
        run    BIGINT NOT NULL,
        serial BIGINT NOT NULL,
        PRIMARY KEY (run, serial)
    )",
    // `key_time` is `timestamp`, or -1 where the input gave none. `alone`: the message-id has few rows. `exclusive`: it was not
    // forced to go beside another value.
    r#"CREATE TABLE @conversion (
        id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        account      BIGINT   NOT NULL,
        channel      SMALLINT NOT NULL,
        message_id   TEXT COLLATE "C" NOT NULL,
        delivered    BOOLEAN  NOT NULL,
        key_time     BIGINT   NOT NULL,
        timestamp    BIGINT   NOT NULL,
        state        SMALLINT NOT NULL,
        owner        BIGINT   NOT NULL,
        recorded     BIGINT   NOT NULL,
        next_attempt BIGINT   NOT NULL,
        line         BIGINT   NOT NULL,
        rounds       INTEGER  NOT NULL DEFAULT 0,
        postponed_by BIGINT   NOT NULL DEFAULT 0,
        attempts     INTEGER  NOT NULL DEFAULT 0,
        ambiguous    INTEGER  NOT NULL DEFAULT 0,
        settled      BIGINT,
        http_status  INTEGER,
        code         TEXT,
        reached      SMALLINT,
        message      TEXT,
        reference    TEXT,
        alone        BOOLEAN  NOT NULL DEFAULT true,
        exclusive    BOOLEAN  NOT NULL DEFAULT true
    )"#,
    "CREATE UNIQUE INDEX conversion_key ON @conversion (message_id, account, channel, key_time, delivered)",
    // One value of a message-id is under way at a time, whatever any run believes.
    "CREATE UNIQUE INDEX conversion_slot ON @conversion (message_id, account, channel) WHERE state = 1 AND exclusive",
    "CREATE INDEX conversion_pending ON @conversion (account, owner, state, next_attempt, id) WHERE state < 2",
    "CREATE INDEX conversion_settled ON @conversion (state, settled, id) WHERE state >= 2",
    "CREATE TABLE @unreadable (
        id        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        account   BIGINT NOT NULL,
        digest    BYTEA  NOT NULL,
        raw       BYTEA  NOT NULL,
        line      BIGINT NOT NULL,
        reference TEXT,
        code      TEXT   NOT NULL,
        message   TEXT   NOT NULL,
        seen      BIGINT NOT NULL,
        UNIQUE (account, digest)
    )",
    "CREATE INDEX unreadable_seen ON @unreadable (seen, id)",
    // A file of a log, by its name or by what the file is; `read` is when a run last read it.
    r#"CREATE TABLE @source (
        id       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        account  BIGINT NOT NULL,
        name     TEXT COLLATE "C",
        identity TEXT COLLATE "C",
        read     BIGINT NOT NULL
    )"#,
    // One-time codes that a log told of. `closes` is when silence becomes false. `sent` is not known of a code whose conversion
    // came first, and its `channel` may not be: then `raw` is the line. Times are the log's, but for `arrived`, the clock's.
    // `source` is the file that told of the code; 0 where that is not known again.
    r#"CREATE TABLE @code (
        id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        account    BIGINT   NOT NULL,
        channel    SMALLINT,
        message_id TEXT COLLATE "C" NOT NULL,
        state      SMALLINT NOT NULL,
        owner      BIGINT   NOT NULL,
        source     BIGINT   NOT NULL,
        sent       BIGINT,
        closes     BIGINT,
        converted  BIGINT,
        arrived    BIGINT   NOT NULL,
        line       BIGINT   NOT NULL,
        reference  TEXT COLLATE "C",
        raw        BYTEA
    )"#,
    "CREATE INDEX code_closes ON @code (account, owner, source, closes, id) WHERE state = 0",
    "CREATE INDEX code_open ON @code (account, owner, source, arrived, id) WHERE state = 0",
    "CREATE INDEX code_unplaced ON @code (account, arrived, id) WHERE state = 1",
    "CREATE INDEX code_ended ON @code (arrived, id) WHERE state > 1",
    // A `ref` may be longer than an index takes.
    "CREATE INDEX code_mark ON @code (left(reference, 200), account, channel, sent) WHERE reference IS NOT NULL",
    // Which code a message-id belongs to: a long message has several. One message-id over two channels is of two codes.
    r#"CREATE TABLE @part (
        message_id TEXT COLLATE "C" NOT NULL,
        account    BIGINT NOT NULL,
        code       BIGINT NOT NULL,
        sent       BIGINT,
        line       BIGINT NOT NULL,
        PRIMARY KEY (message_id, account, code)
    )"#,
    "CREATE INDEX part_code ON @part (code)",
], &[
    // A message-id with many rows has none that is `alone`, and is read by these indices; ordinary rows are in neither. Who asks by
    // `state + 0`, or by `state * 1`, can be given only the index that says so: not the other, and not that of pending rows.
    r#"CREATE INDEX conversion_lane ON @conversion (message_id, account, channel, (state + 0), "timestamp", id)
       WHERE NOT alone AND state + 0 >= 0"#,
    "CREATE INDEX conversion_waiting ON @conversion (message_id, account, channel, owner) WHERE NOT alone AND state * 1 = 0",
    // Runs of which something is left, without a look at all the others.
    "CREATE INDEX run_dead ON @run (id) WHERE dead",
    "UPDATE @conversion c SET alone = false
     FROM (SELECT message_id, account, channel FROM @conversion GROUP BY message_id, account, channel HAVING count(*) > 4) l
     WHERE c.message_id = l.message_id AND c.account = l.account AND c.channel = l.channel",
], &[
    // How far a followed file has been read: what stands before `read_to` is recorded. `file` is a digest of the path and of how it
    // is read, `identity` what the file is wherever it is moved, `head` a digest of its first `head_size` bytes.
    r#"CREATE TABLE @followed (
        account   BIGINT NOT NULL,
        file      BYTEA  NOT NULL,
        identity  TEXT COLLATE "C" NOT NULL,
        path      TEXT   NOT NULL,
        read_to   BIGINT NOT NULL,
        lines     BIGINT NOT NULL,
        head      BYTEA  NOT NULL,
        head_size BIGINT NOT NULL,
        read      BIGINT NOT NULL,
        PRIMARY KEY (account, file, identity)
    )"#,
    // How the last run of each command ended.
    r#"CREATE TABLE @ended (
        account   BIGINT  NOT NULL,
        command   TEXT COLLATE "C" NOT NULL,
        at        BIGINT  NOT NULL,
        exit_code INTEGER NOT NULL,
        PRIMARY KEY (account, command)
    )"#,
    // The release that took the last of these steps, for older ones to name.
    "ALTER TABLE @meta ADD COLUMN program TEXT NOT NULL DEFAULT ''",
]];

/// The version that this program writes.
pub(crate) fn known_version() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// The schema that a ledger is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schema {
    /// Quoted, and with the dot after it.
    prefix: String,
    name: String,
}

impl Schema {
    pub(crate) fn named(name: &str) -> Self {
        Self { prefix: format!("\"{}\".", name.replace('"', "\"\"")), name: name.to_owned() }
    }

    /// A statement of this schema: each `@` in the text stands for it.
    pub(super) fn text(&self, text: &str) -> String {
        text.replace('@', &self.prefix)
    }

    pub(super) fn statement<'a>(&self, text: &str) -> Statement<'a> {
        Statement::new(self.text(text))
    }
}

/// Refuses a ledger that this program cannot use as it is.
pub(super) fn refuse_other_versions(connection: &mut Connection, schema: &Schema) -> Result<(), StoreError> {
    let known = known_version();
    match version(connection, schema)? {
        Some(found) if found == known => Ok(()),
        Some(found) if found > known => Err(newer(connection, schema, found)),
        found => Err(StoreError::Server(ServerError::Older { found, known })),
    }
}

fn newer(connection: &mut Connection, schema: &Schema, found: i64) -> StoreError {
    StoreError::Newer { found, known: known_version(), program: program(connection, schema) }
}

/// The release that a ledger asks for.
pub(super) fn program(connection: &mut Connection, schema: &Schema) -> Option<String> {
    let rows = connection.query(schema.statement("SELECT program FROM @meta WHERE id = 1")).ok()?;
    rows.first().map(|row| row.get(0))
}

/// What a ledger is called among others.
pub(super) fn identity(connection: &mut Connection, schema: &Schema) -> Result<String, StoreError> {
    let rows = connection.query(schema.statement("SELECT identity FROM @meta WHERE id = 1"))?;
    Ok(rows.first().map(|row| row.get(0)).unwrap_or_default())
}

/// The version of a ledger; none where there is none.
pub(crate) fn version(connection: &mut Connection, schema: &Schema) -> Result<Option<i64>, StoreError> {
    let exists = Statement::new(
        "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                        WHERE n.nspname = $1 AND c.relname = 'meta')"
            .to_owned(),
    );
    let found = connection.query(exists.with(schema.name.clone(), Type::TEXT))?;
    if !found.first().is_some_and(|row| row.get::<_, bool>(0)) {
        return Ok(None);
    }
    let rows = connection.query(schema.statement("SELECT version FROM @meta WHERE id = 1"))?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// Makes the ledger, or takes the steps that are missing, and returns the version before and after. Several may try at once:
/// the version's row is changed within the transaction of each step, and who finds it changed looks again.
pub(crate) fn migrate(connection: &mut Connection, schema: &Schema) -> Result<(Option<i64>, i64), StoreError> {
    let before = version(connection, schema)?;
    if before.is_none() {
        begin(connection, schema)?;
    }
    loop {
        let found = version(connection, schema)?.unwrap_or_default();
        let Ok(taken) = usize::try_from(found) else {
            return Err(StoreError::Damaged(format!("its schema is {found}")));
        };
        if taken > MIGRATIONS.len() {
            return Err(newer(connection, schema, found));
        }
        let Some(step) = MIGRATIONS.get(taken) else { return Ok((before, found)) };
        take(connection, schema, found, step)?;
    }
}

/// Makes a ledger as a program of an earlier version did.
#[cfg(test)]
pub(crate) fn make_version(connection: &mut Connection, schema: &Schema, version: i64) -> Result<(), StoreError> {
    begin(connection, schema)?;
    (0..version).zip(MIGRATIONS).try_for_each(|(before, step)| take(connection, schema, before, step))
}

/// Of several that begin at once each makes what is missing then. Another may have made one thing at the same time, and be gone before it
/// makes the next: so who was overtaken looks again.
fn begin(connection: &mut Connection, schema: &Schema) -> Result<(), StoreError> {
    /// A schema, a table, its first row.
    const MADE: usize = 3;
    for _ in 0..MADE {
        match make_missing(connection, schema) {
            Err(error) if is_made_by_another(&error) => {}
            made => return made,
        }
    }
    make_missing(connection, schema)
}

fn make_missing(connection: &mut Connection, schema: &Schema) -> Result<(), StoreError> {
    let there = Statement::new("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1".to_owned());
    let is_there: Vec<Row> = connection.query(there.with(schema.name.clone(), Type::TEXT))?;
    let mut steps = Vec::new();
    if is_there.is_empty() {
        let name = schema.prefix.trim_end_matches('.');
        steps.push(Step::Commands(format!("CREATE SCHEMA IF NOT EXISTS {name}")));
    }
    // The identity is what this ledger is called among others on one machine.
    let meta = "CREATE TABLE IF NOT EXISTS @meta (id SMALLINT PRIMARY KEY, version BIGINT NOT NULL, identity TEXT NOT NULL)";
    steps.push(Step::Commands(schema.text(meta)));
    let identity = format!("{:032x}", fastrand::u128(..));
    let first = "INSERT INTO @meta (id, version, identity) VALUES (1, 0, $1) ON CONFLICT DO NOTHING";
    steps.push(schema.statement(first).with(identity, Type::TEXT).into());
    connection.exchange(&steps).map(drop)
}

fn take(connection: &mut Connection, schema: &Schema, version: i64, step: &[&str]) -> Result<(), StoreError> {
    let claim = "UPDATE @meta SET version = version + 1 WHERE id = 1 AND version = $1 RETURNING version";
    let claim = schema.statement(claim).number(version);
    let claimed = connection.exchange(&[Step::Commands("BEGIN".to_owned()), claim.into()]).and_then(|answers| {
        if answers.last().is_none_or(Vec::is_empty) {
            return connection.exchange(&[Step::Commands("ROLLBACK".to_owned())]);
        }
        let mut steps: Vec<_> = step.iter().map(|text| Step::Commands(schema.text(text))).collect();
        if version + 1 == known_version() {
            let name = schema.statement("UPDATE @meta SET program = $1 WHERE id = 1");
            steps.push(name.with(env!("CARGO_PKG_VERSION"), Type::TEXT).into());
        }
        connection.exchange(&steps)?;
        connection.exchange(&[Step::Commands("COMMIT".to_owned())])
    });
    if claimed.is_err() && connection.is_usable() {
        let _ = connection.exchange(&[Step::Commands("ROLLBACK".to_owned())]);
    }
    claimed.map(drop)
}
