//! A systemd that runs a root file system: the first process of its own namespaces, with a network of its own, of which only loopback is up.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use nexmo_conversion::clock;

use super::Said;
use super::root::{LIMIT, Root};

/// Puts it where its control groups can be taken away after it; `$0` is their name.
const ALONE: &str = r#"
for top in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
    [ ! -e "$top/cgroup.procs" ] || { mkdir "$top/$0" && echo $$ >"$top/$0/cgroup.procs"; } || exit 125
done
exec "$@"
"#;
/// Mounts what a system expects, and nothing through which it could change this machine; `$0` is the root.
const BOOT: &str = r#"
PATH=$PATH:/usr/sbin:/sbin
set -e
ip link set lo up
mount --bind "$0" "$0"
mount -t proc proc "$0/proc"
mount --bind "$0/proc/sys" "$0/proc/sys"
mount -o remount,bind,ro "$0/proc/sys"
mount -t sysfs -o ro sysfs "$0/sys"
mount -t tmpfs -o mode=755 tmpfs "$0/run"
mount -t tmpfs tmpfs "$0/tmp"
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    mount -t cgroup2 none "$0/sys/fs/cgroup"
else
    mount -t tmpfs tmpfs "$0/sys/fs/cgroup"
    mkdir "$0/sys/fs/cgroup/unified" "$0/sys/fs/cgroup/systemd"
    mount -t cgroup2 none "$0/sys/fs/cgroup/unified"
    mount -t cgroup -o none,name=systemd none "$0/sys/fs/cgroup/systemd"
fi
# Nothing that is only chrooted may make the namespaces that units ask for.
cd "$0"
pivot_root . .
umount -l .
# As at a start without a container: what is mounted for a unit is seen by the unit.
mount --make-rshared /
exec /usr/bin/env -i container=other /lib/systemd/systemd --unit=basic.target --log-target=null
"#;
const CLEAR_AWAY: &str = r#"
for top in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
    [ ! -d "$top/$0" ] || find "$top/$0" -depth -type d -exec rmdir {} +
done
"#;
const AROUND: [&str; 9] =
    ["unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child"];
const READY: Duration = Duration::from_secs(60);

/// A system that runs; it ends when this is dropped.
pub(super) struct Booted {
    /// Its end is the system's.
    around: Child,
    init: u32,
    /// Of its control groups.
    name: String,
}

impl Booted {
    /// Boots it, and waits until it is up.
    pub(super) fn start(root: &Root) -> anyhow::Result<Self> {
        let name = format!("nexmo-conversion-proof-{}", std::process::id());
        let around = Command::new("sh")
            .args(["-c", ALONE, &name])
            .args(AROUND)
            .args(["sh", "-c", BOOT])
            .arg(root.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot run sh")?;
        let mut booted = Self { around, init: 0, name };
        booted.init = booted.first_process()?;
        let state = booted.shell("systemctl is-system-running --wait")?;
        ensure!(matches!(state.stdout.trim(), "running" | "degraded"), "it does not boot: {}", state.stdout);
        Ok(booted)
    }

    /// The number of its first process on this machine, once that is systemd and listens.
    fn first_process(&mut self) -> anyhow::Result<u32> {
        let around = self.around.id();
        let began = clock::monotonic();
        while clock::monotonic().saturating_sub(began) < READY {
            ensure!(
                self.around.try_wait()?.is_none(),
                "it cannot be booted: what a system needs cannot be mounted"
            );
            let children =
                fs::read_to_string(format!("/proc/{around}/task/{around}/children")).unwrap_or_default();
            let init = children.split_whitespace().next().and_then(|pid| pid.parse().ok());
            if let Some(init) = init
                && Path::new(&format!("/proc/{init}/root/run/systemd/private")).exists()
            {
                return Ok(init);
            }
            clock::sleep(Duration::from_millis(50));
        }
        bail!("it has not booted in {READY:?}")
    }

    /// A command in it.
    pub(super) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(LIMIT[0]);
        command.args(&LIMIT[1..]);
        command.args(["nsenter", "--target", &self.init.to_string(), "--all", "--root", "--wd"]);
        command.args(["env", "-i", "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"]);
        command.args(["sh", "-c", line]);
        command
    }

    /// Runs a line of shell in it.
    pub(super) fn shell(&self, line: &str) -> anyhow::Result<Said> {
        Said::of(&mut self.command(line))
    }
}

impl Drop for Booted {
    fn drop(&mut self) {
        // The kernel lets the first process go after all others, so nothing is left in its groups then.
        let first = self.init.to_string();
        let killed =
            self.init != 0 && Command::new("kill").args(["-KILL", &first]).status().is_ok_and(|end| end.success());
        if !killed {
            let _ = self.around.kill();
        }
        let _ = self.around.wait();
        let _ = Command::new("sh").args(["-c", CLEAR_AWAY, &self.name]).output();
    }
}
