//! CPU time, by the kernel's word.

use std::time::Duration;

use anyhow::Context as _;

use crate::postgres::Cluster;

/// User and system time of the server's processes, those included that have ended.
pub(super) fn server_time(cluster: &Cluster) -> anyhow::Result<Duration> {
    let lock = std::fs::read_to_string(cluster.folder().join("data/postmaster.pid"))?;
    let server: u32 = lock.lines().next().context("an empty postmaster.pid")?.parse()?;
    let mut ticks = 0;
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(stat) = Stat::of(process) else { continue };
        if process == server {
            ticks += stat.own + stat.of_children;
        } else if stat.parent == server {
            ticks += stat.own;
        }
    }
    Ok(duration_of(ticks))
}

/// What `proc_pid_stat(5)` has of a process, in ticks.
struct Stat {
    parent: u32,
    own: u64,
    of_children: u64,
}

impl Stat {
    fn of(process: u32) -> anyhow::Result<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
        let (_, rest) = stat.rsplit_once(") ").context("a stat without a name")?;
        let fields: Vec<_> = rest.split(' ').collect();
        let field = |number: usize| {
            fields.get(number - 3).context("a short stat").and_then(|field| Ok(field.parse::<u64>()?))
        };
        Ok(Self {
            parent: u32::try_from(field(4)?)?,
            own: field(14)? + field(15)?,
            of_children: field(16)? + field(17)?,
        })
    }
}

/// The same of this process.
pub(super) fn own_time() -> anyhow::Result<Duration> {
    Ok(duration_of(Stat::of(std::process::id())?.own))
}

/// Linux counts a hundred ticks a second for user space.
fn duration_of(ticks: u64) -> Duration {
    Duration::from_millis(10 * ticks)
}
