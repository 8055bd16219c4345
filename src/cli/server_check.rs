//! `check` on a ledger's server: what it is, whether it keeps what it says is kept, and what stands in between.

use std::time::Duration;

use super::exit::Exit;
use super::failure::later_release;
use super::finding::{Finding, Status};
use crate::domain::{Durability, SharedLedger, counted};
use crate::ledger::Examination;
use crate::output::Age;

/// A clock that is off by more than this makes times in the ledger hard to read; leases go by the server's clock alone.
const SKEW_WORTH_TELLING: i64 = 5;

/// A transaction that stays open so long keeps the server from tidying up.
const LONG: Duration = Duration::from_secs(600);

/// What is to be said of a server.
pub(super) fn server_findings(shared: &SharedLedger, seen: &Examination) -> Vec<Finding> {
    let mut findings = vec![server(seen), schema(shared, seen)];
    findings.extend(durability(shared, seen));
    findings.push(standbys(seen));
    findings.push(clock(seen));
    if seen.is_pooled {
        let text = "a pooler shares the server's connections among clients; this program works with one";
        findings.push(Finding::new("pooler", Status::Ok, text));
    }
    if seen.oldest_transaction > LONG {
        let age = i64::try_from(seen.oldest_transaction.as_secs()).unwrap_or(i64::MAX);
        let text = format!("a transaction in this database is {} old, and holds up vacuum", Age(age));
        let hint = "find it in pg_stat_activity, by xact_start";
        findings.push(Finding::new("vacuum", Status::Warn, text).advising(hint));
    }
    findings
}

fn server(seen: &Examination) -> Finding {
    let Examination { host, version, protection, round_trip, .. } = seen;
    let trip = round_trip.as_secs_f64() * 1000.0;
    let text = format!("{host}, PostgreSQL {version}, {protection}, round trip {trip:.1}ms");
    Finding::new("server", Status::Ok, text)
}

fn schema(shared: &SharedLedger, seen: &Examination) -> Finding {
    let (name, known) = (&shared.schema, seen.known);
    let fail = |text: String| Finding::new("schema", Status::Fail(Exit::Configuration), text);
    let migrate = "run `nexmo-conversion ledger migrate`";
    match seen.found {
        None => fail(format!("there is no schema {name} with a ledger yet")).advising(migrate),
        Some(found) if found < known => {
            fail(format!("schema {name} has version {found}, this program needs {known}")).advising(migrate)
        }
        Some(found) if found > known => {
            fail(format!("schema {name} has version {found}, this program knows up to {known}"))
                .advising(later_release(seen.program.as_deref()))
        }
        Some(_) if !seen.missing_grants.is_empty() => {
            let tables = seen.missing_grants.join(", ");
            fail(format!("the role may not work on these tables of schema {name}: {tables}"))
                .advising("have it granted the rights that docs/postgres.md lists")
        }
        Some(found) => {
            let runs = seen.live_runs.unwrap_or_default();
            let runs = counted(runs, "live run");
            Finding::new("schema", Status::Ok, format!("{name}, version {found}, {runs}"))
        }
    }
}

fn durability(shared: &SharedLedger, seen: &Examination) -> Option<Finding> {
    let (fsync, commit) = (&seen.fsync, &seen.synchronous_commit);
    if fsync.is_empty() && commit.is_empty() {
        // An engine that only speaks PostgreSQL's protocol.
        return None;
    }
    let text = format!("fsync {fsync}, synchronous_commit {commit}");
    let is_weak = matches!(commit.as_str(), "off" | "local");
    Some(match (fsync.as_str(), shared.durability) {
        ("off", Durability::Strict) => Finding::new("durability", Status::Fail(Exit::Configuration), text)
            .advising("set fsync on, or accept the loss by name: `durability = \"server\"` in `[ledger]`"),
        ("off", Durability::Server) => Finding::new("durability", Status::Warn, text)
            .advising("accepted by `durability = \"server\"`: a crash may lose anything"),
        (_, Durability::Server) if is_weak => Finding::new("durability", Status::Warn, text).advising(
            "accepted by `durability = \"server\"`: a crash may lose what was recorded in its last moment",
        ),
        (_, Durability::Strict) if is_weak => {
            Finding::new("durability", Status::Ok, format!("{text}, raised to on for what is recorded"))
        }
        (_, Durability::Strict | Durability::Server) => Finding::new("durability", Status::Ok, text),
    })
}

fn standbys(seen: &Examination) -> Finding {
    match seen.synchronous_standbys.as_str() {
        "" => Finding::new(
            "standbys",
            Status::Warn,
            "synchronous_standby_names is empty: a failover may lose what was recorded in its last moment",
        )
        .advising("name a synchronous standby (Patroni: synchronous_mode), or live with that"),
        names => Finding::new("standbys", Status::Ok, format!("waits for {names}")),
    }
}

fn clock(seen: &Examination) -> Finding {
    let ahead = seen.clock_ahead;
    if ahead.abs() < SKEW_WORTH_TELLING {
        return Finding::new(
            "server clock",
            Status::Ok,
            format!("within {SKEW_WORTH_TELLING}s of this machine's"),
        );
    }
    let direction = if ahead > 0 { "behind" } else { "ahead of" };
    let text = format!("{} {direction} this machine's", Age(ahead.abs()));
    Finding::new("server clock", Status::Warn, text)
        .advising("set both clocks (NTP): records carry this machine's time")
}
