//! What `check` wants to know of a server: how it is reached, whether it keeps what it says it keeps, what stands in between.

use std::time::Duration;

use tokio_postgres::types::Type;

use super::connect::connect;
use super::exchange::Statement;
use super::row;
use super::schema::{Schema, known_version, program, version};
use crate::clock;
use crate::domain::SharedLedger;
use crate::ledger::examination::Examination;
use crate::ledger::store::StoreError;

/// A server's connection that began so much before this one is a pooler's.
const OLDER: f64 = 0.5;

/// Looks at a server. Changes nothing.
pub(crate) fn examine(shared: &SharedLedger) -> Result<Examination, StoreError> {
    let began = clock::monotonic();
    let mut connection = connect(&shared.server)?;
    let session = connection.session().clone();
    let schema = Schema::named(&shared.schema);
    let found = version(&mut connection, &schema)?;
    let before = connection.query(Statement::new(FACTS.to_owned()))?;
    let asked = clock::monotonic();
    let facts = connection.query(Statement::new(FACTS.to_owned()))?;
    let round_trip = clock::monotonic().saturating_sub(asked);
    let (Some(before), Some(facts)) = (before.first(), facts.first()) else {
        return Err(row::damaged("the server tells nothing about itself"));
    };
    let backend_age: Option<f64> = row::get(facts, 1)?;
    let age = clock::monotonic().saturating_sub(began).as_secs_f64();
    let process: i32 = row::get(facts, 0)?;
    let is_pooled = row::get::<i32>(before, 0)? != process
        || backend_age.is_some_and(|backend| backend > age + OLDER)
        || another_connections_process(shared) == Some(process);
    let text = |index| row::get::<Option<String>>(facts, index);
    let missing = Statement::new(MISSING_GRANTS.to_owned()).with(shared.schema.clone(), Type::TEXT);
    let missing = connection.query(missing)?;
    let missing: Vec<String> = missing.iter().map(|row| row::get(row, 0)).collect::<Result<_, _>>()?;
    let live_runs = match found {
        Some(found) if found == known_version() && missing.is_empty() => {
            let rows = connection.query(schema.statement(LIVE_RUNS))?;
            let count = rows.first().map(|row| row::get::<i64>(row, 0)).transpose()?;
            count.map(i64::unsigned_abs)
        }
        Some(_) | None => None,
    };
    Ok(Examination {
        host: session.host,
        version: session.version,
        protection: session.protection,
        round_trip,
        found,
        known: known_version(),
        program: if found > Some(known_version()) { program(&mut connection, &schema) } else { None },
        clock_ahead: clock::now().unix() - row::get::<i64>(facts, 2)?,
        fsync: text(3)?.unwrap_or_default(),
        synchronous_commit: text(4)?.unwrap_or_default(),
        synchronous_standbys: text(5)?.unwrap_or_default(),
        is_pooled,
        missing_grants: missing,
        live_runs,
        oldest_transaction: Duration::from_secs_f64(
            row::get::<Option<f64>>(facts, 6)?.unwrap_or_default().max(0.0),
        ),
    })
}

/// The server's process behind a connection beside the first. Without a pooler, no two connections have the same.
fn another_connections_process(shared: &SharedLedger) -> Option<i32> {
    // A server that has no room for one more is examined without it.
    let mut another = connect(&shared.server).ok()?;
    let rows = another.query(Statement::new("SELECT pg_catalog.pg_backend_pid()".to_owned())).ok()?;
    row::get(rows.first()?, 0).ok()
}

const FACTS: &str = "
    SELECT pg_catalog.pg_backend_pid(),
           (SELECT extract(epoch FROM clock_timestamp() - backend_start)::float8
              FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()),
           floor(extract(epoch FROM clock_timestamp()))::int8,
           current_setting('fsync', true), current_setting('synchronous_commit', true),
           current_setting('synchronous_standby_names', true),
           (SELECT extract(epoch FROM clock_timestamp() - min(xact_start))::float8
              FROM pg_catalog.pg_stat_activity WHERE datname = current_database())";

const MISSING_GRANTS: &str = "
    SELECT c.relname::text
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')
       AND NOT (has_table_privilege(c.oid, 'SELECT') AND (c.relname = 'meta'
                OR (has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
                    AND has_table_privilege(c.oid, 'DELETE'))))
     ORDER BY 1";

const LIVE_RUNS: &str = "
    SELECT count(*) FROM @run r JOIN @lease l ON l.run = r.id WHERE NOT r.dead AND l.until > clock_timestamp()";
