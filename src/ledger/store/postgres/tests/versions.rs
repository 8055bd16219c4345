//! Ledgers that earlier versions made on a server: brought up to date by `ledger migrate` alone, and nothing in them changes; a later
//! one is refused, and says which release to install.

use std::thread;

use super::{Cluster, by_socket};
use crate::ledger::StoreError;
use crate::ledger::store::postgres::exchange::Step;
use crate::ledger::store::postgres::failure::is_made_by_another;
use crate::ledger::store::postgres::schema::{known_version, make_version, refuse_other_versions};
use crate::ledger::store::postgres::{Schema, connect, migrate};

const CONTENT: [&str; 4] = [
    "INSERT INTO old.account (fingerprint) VALUES ('e9cee71ab932fde8')",
    "INSERT INTO old.conversion (account, channel, message_id, delivered, key_time, timestamp, state, owner, recorded,
                                 next_attempt, line)
     SELECT 1, 0, m, true, t, t, s, 0, 0, 0, 1 FROM (VALUES ('A', 1, 2), ('B', 1, 0), ('B', 2, 3)) v(m, t, s)",
    "INSERT INTO old.code (account, channel, message_id, state, owner, source, sent, closes, arrived, line)
     VALUES (1, 0, 'C', 0, 0, 0, 5, 605, 5, 1)",
    "INSERT INTO old.source (account, name, read) VALUES (1, '/log', 5)",
];

const TABLES: [&str; 4] = ["account", "conversion", "code", "source"];

#[test]
fn a_ledger_of_each_earlier_version_is_migrated_and_keeps_its_rows() {
    let Some(cluster) = Cluster::shared("a_ledger_of_each_earlier_version_is_migrated_and_keeps_its_rows") else {
        return;
    };
    for version in 1..known_version() {
        let database = cluster.database();
        let (server, schema) = (by_socket(cluster, &database), Schema::named("old"));
        let mut connection = connect(&server).unwrap();
        make_version(&mut connection, &schema, version).unwrap();
        for statement in CONTENT {
            cluster.sql(&database, statement);
        }
        let rows = || TABLES.map(|table| cluster.sql(&database, &format!("SELECT * FROM old.{table} ORDER BY 1")));
        let before = rows();
        let refused = refuse_other_versions(&mut connection, &schema);
        assert!(matches!(refused, Err(StoreError::Server(_))), "version {version}: {refused:?}");
        assert_eq!(migrate(&mut connection, &schema).unwrap(), (Some(version), known_version()));
        assert_eq!(rows(), before, "version {version}");
        refuse_other_versions(&mut connection, &schema).unwrap();
        assert_eq!(cluster.sql(&database, "SELECT program FROM old.meta"), env!("CARGO_PKG_VERSION"));
    }
}

const META: &str =
    "CREATE TABLE ledger.meta (id SMALLINT PRIMARY KEY, version BIGINT NOT NULL, identity TEXT NOT NULL)";

#[test]
fn who_is_overtaken_while_it_makes_the_tables_makes_what_is_missing_then() {
    let Some(cluster) = Cluster::shared("who_is_overtaken_while_it_makes_the_tables_makes_what_is_missing_then")
    else {
        return;
    };
    // How far another has come before this one looks, and what it does meanwhile; then it is gone.
    for (before, meanwhile) in [
        ("SELECT", "CREATE SCHEMA ledger"),
        ("SELECT", &format!("CREATE SCHEMA ledger; {META}")),
        ("CREATE SCHEMA ledger", META),
        (&format!("CREATE SCHEMA ledger; {META}"), "INSERT INTO ledger.meta VALUES (1, 0, 'another')"),
    ] {
        let database = cluster.database();
        let (server, schema) = (by_socket(cluster, &database), Schema::named("ledger"));
        cluster.sql(&database, before);
        let mut other = connect(&server).unwrap();
        let mut ask = |text: String| drop(other.exchange(&[Step::Commands(text)]).unwrap());
        ask(format!("BEGIN; {meanwhile}"));
        let migrated = thread::scope(|scope| {
            let migrating = scope.spawn(|| migrate(&mut connect(&server).unwrap(), &schema));
            let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
            while cluster.sql(&database, waits) != "1" && !migrating.is_finished() {
                thread::yield_now();
            }
            assert!(!migrating.is_finished(), "{meanwhile}: it did not meet the other");
            ask("COMMIT".to_owned());
            migrating.join().unwrap()
        });
        assert_eq!(migrated.unwrap().1, known_version(), "{before}, {meanwhile}");
    }
}

/// Which of these the server says depends on how far the other one has come, within microseconds.
#[test]
fn what_another_has_made_meanwhile_is_known_by_each_of_its_names() {
    let Some(cluster) = Cluster::shared("what_another_has_made_meanwhile_is_known_by_each_of_its_names") else {
        return;
    };
    let mut connection = connect(&by_socket(cluster, &cluster.database())).unwrap();
    let mut twice = |text: &str, again: &str| {
        connection.exchange(&[Step::Commands(text.to_owned())]).unwrap();
        connection.exchange(&[Step::Commands(again.to_owned())]).unwrap_err()
    };
    for (text, again) in [
        ("CREATE SCHEMA one", "CREATE SCHEMA one"),
        ("CREATE TABLE one.meta (id INT PRIMARY KEY)", "CREATE TABLE one.meta (id INT)"),
        ("CREATE TYPE one.type AS ENUM ('no table')", "CREATE TABLE one.type (id INT)"),
        ("INSERT INTO one.meta VALUES (1)", "INSERT INTO one.meta VALUES (1)"),
    ] {
        let error = twice(text, again);
        assert!(is_made_by_another(&error), "{again}: {error:?}");
    }
    let error = twice("SELECT 1", "CREATE TABLE none.meta (id INT)");
    assert!(!is_made_by_another(&error), "{error:?}");
}

/// What nobody makes meanwhile is no reason to try for ever.
#[test]
fn what_stands_in_the_way_of_the_tables_is_said() {
    let Some(cluster) = Cluster::shared("what_stands_in_the_way_of_the_tables_is_said") else { return };
    let database = cluster.database();
    cluster.sql(&database, "CREATE SCHEMA ledger; CREATE TYPE ledger.meta AS ENUM ('no table')");
    let refused = migrate(&mut connect(&by_socket(cluster, &database)).unwrap(), &Schema::named("ledger"));
    let Err(StoreError::Database(why)) = refused else { panic!("{refused:?}") };
    assert!(why.to_string().contains("(SQLSTATE 42710)"), "{why}");
}

#[test]
fn an_older_program_says_which_release_a_newer_ledger_asks_for() {
    let Some(cluster) = Cluster::shared("an_older_program_says_which_release_a_newer_ledger_asks_for") else {
        return;
    };
    let database = cluster.database();
    let (server, schema) = (by_socket(cluster, &database), Schema::named("new"));
    let mut connection = connect(&server).unwrap();
    migrate(&mut connection, &schema).unwrap();
    cluster.sql(&database, "UPDATE new.meta SET version = 999, program = '7.8.9'");
    for refused in [refuse_other_versions(&mut connection, &schema), migrate(&mut connection, &schema).map(drop)] {
        let Err(StoreError::Newer { found: 999, program: Some(program), .. }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(program, "7.8.9");
    }
}
