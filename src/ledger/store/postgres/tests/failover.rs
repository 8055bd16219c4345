//! A server that is lost for good, and its standby.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::by_socket;
use super::support::Cluster;
use crate::domain::{Durability, REMEMBERED};
use crate::ledger::store::postgres::{Access, PostgresStore, Schema, connect, migrate};
use crate::ledger::store::{ServerError, StoreError};
use crate::ledger::tests::{account, sms};
use crate::ledger::{Ledger, Recorded};

#[test]
fn a_run_whose_server_is_lost_waits_until_its_standby_takes_writes() {
    let Some(first) = Cluster::prepare("a server that is lost for good") else { return };
    let first = first.start();
    let second = first.standby("second").start();
    let locks = tempfile::tempdir().unwrap();
    let mut server = by_socket(&first, "postgres");
    migrate(&mut connect(&server).unwrap(), &Schema::named("ledger")).unwrap();
    let following = "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_lsn()";
    while first.sql("postgres", following) == "0" {
        thread::yield_now();
    }
    server.hosts.extend(by_socket(&second, "postgres").hosts);
    let refused = Arc::new(AtomicUsize::new(0));
    let refusals = Arc::clone(&refused);
    let access = Access {
        name: "the test's".to_owned(),
        connect: Box::new(move |_| {
            connect(&server).inspect_err(|error| {
                let is_replica = matches!(error, StoreError::Server(ServerError::WrongSession(_)));
                refusals.fetch_add(usize::from(is_replica), Ordering::SeqCst);
            })
        }),
        schema: Schema::named("ledger"),
        locks: locks.path().into(),
        lease: Duration::from_secs(60),
        patience: Duration::from_secs(60),
        keep: REMEMBERED,
        durability: Durability::Strict,
    };
    let now = crate::ledger::tests::at(0);
    let mut ledger = Ledger::over(Box::new(PostgresStore::open(access, &account("abcd1234"), 64, now).unwrap()));
    while first.sql("postgres", following) == "0" {
        thread::yield_now();
    }
    first.crash();
    thread::scope(|scope| {
        let run = scope.spawn(|| ledger.enter(&sms("0A", 0), now));
        while refused.load(Ordering::SeqCst) == 0 && !run.is_finished() {
            thread::yield_now();
        }
        second.promote();
        assert!(matches!(run.join().unwrap(), Recorded::Ready(_)));
    });
}
