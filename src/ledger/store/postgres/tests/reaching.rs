//! Whether a server can be reached, and what is said where it cannot.

use super::{Cluster, by_socket};
use crate::ledger::store::postgres::connect;

#[test]
fn a_server_is_reached_by_its_socket() {
    let Some(cluster) = Cluster::shared("a_server_is_reached_by_its_socket") else { return };
    let server = by_socket(cluster, &cluster.database());
    let mut connection = connect(&server).unwrap();
    let rows = connection.wait(async |client| client.query_typed("SELECT current_user::text", &[]).await).unwrap();
    assert_eq!(rows[0].get::<_, &str>(0), "postgres");
    assert!(connection.is_usable());
}
