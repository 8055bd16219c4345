//! A real server, and what stands in a server's place.

#[path = "../../../../../tests/support/postgres.rs"]
pub(crate) mod support;

mod contention;
mod doubts;
mod failover;
mod faults;
mod journeys;
mod leases;
mod long_lanes;
mod plans;
mod reaching;
mod tls;
mod versions;
mod watermark;

use std::time::Duration;

use self::support::Cluster;
use crate::domain::{CertificateAuthorities, ChannelBinding, HostAddress, Server, ServerHost};

/// A cluster's superuser, by its socket.
pub(crate) fn by_socket(cluster: &Cluster, database: &str) -> Server {
    let address = HostAddress::Socket(cluster.folder().to_owned());
    Server {
        hosts: vec![ServerHost { address, port: cluster.port(), password: None }],
        database: database.to_owned(),
        user: "postgres".to_owned(),
        tls: None,
        authorities: CertificateAuthorities::Unnamed,
        channel_binding: ChannelBinding::Prefer,
        certificate: None,
        session: None,
        connect_timeout: Duration::from_secs(5),
        application_name: "nexmo-conversion".to_owned(),
    }
}
