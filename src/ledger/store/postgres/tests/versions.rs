//! Ledgers that earlier versions made on a server: brought up to date by `ledger migrate` alone, and nothing in them changes; a later
//! one is refused, and says which release to install.

use super::{Cluster, by_socket};
use crate::ledger::StoreError;
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
