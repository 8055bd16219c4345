//! How a program that brings its own C library finds a host: by the root's `/etc/hosts`, and by a DNS server, which here is dnsmasq.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::Said;
use super::root::Root;

/// A sandbox with a certificate for `localhost`, a DNS server if it is wanted, and the program in its root, where `localhost` is known only
/// from there.
const LOOK_UP: &str = r#"
PATH=$PATH:/usr/sbin:/sbin
ip link set lo up
echo open-sesame-2026 >"$1/secret"
"$0/nexmo-conversion" sandbox --tls --port 8443 --ca-file "$0/ca.pem" --api-key abcd1234 --api-secret-file "$1/secret" >"$1/env" &
until [ -s "$1/env" ]; do sleep 0.1; done
if [ -s "$0/etc/resolv.conf" ]; then
    dnsmasq --keep-in-foreground --no-resolv --no-hosts --address=/localhost/127.0.0.1 --listen-address=127.0.0.1 --bind-interfaces \
        --user=root --pid-file= --log-queries --log-facility="$1/queries" &
    until ss -Hlun 'sport = 53' | grep -q .; do sleep 0.1; done
fi
env -i VONAGE_API_KEY=abcd1234 VONAGE_API_SECRET=open-sesame-2026 /usr/sbin/chroot "$0" /nexmo-conversion \
    sms A --delivered --no-ledger --retry 0 --cacert /ca.pem --base-url https://localhost:8443 --json
"#;

/// By each way; fails if one does not lead there, or if there is a third.
pub(super) fn show(program: &Path) -> anyhow::Result<String> {
    let hosts = look_up(program, Some(("hosts", "127.0.0.1 localhost\n")))?;
    ensure!(hosts.answer.contains("\"accepted\"") && hosts.queries.is_empty(), "/etc/hosts: {}", hosts.answer);
    let dns = look_up(program, Some(("resolv.conf", "nameserver 127.0.0.1\n")))?;
    ensure!(dns.answer.contains("\"accepted\""), "DNS: {}", dns.answer);
    let queries = dns.queries.lines().filter(|line| line.contains("query[A] localhost")).count();
    ensure!(queries > 0, "the DNS server was not asked: {}", dns.queries);
    let nowhere = look_up(program, None)?;
    ensure!(nowhere.answer.contains("\"code\":\"dns\""), "control: with neither: {}", nowhere.answer);
    Ok(format!(
        "names    the static program finds a host by /etc/hosts, and by dnsmasq, which logged {queries} {}; control: with neither, `dns`",
        if queries == 1 { "query" } else { "queries" }
    ))
}

struct Found {
    /// The result line.
    answer: String,
    /// What the DNS server wrote down.
    queries: String,
}

fn look_up(program: &Path, way: Option<(&str, &str)>) -> anyhow::Result<Found> {
    let root = Root::empty()?;
    fs::copy(program, root.at("nexmo-conversion"))?;
    if let Some((name, text)) = way {
        fs::create_dir(root.at("etc"))?;
        fs::write(root.at("etc").join(name), text)?;
    }
    let beside = tempfile::tempdir()?;
    let around = ["60", "unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "sh", "-c", LOOK_UP];
    let said = Said::of(Command::new("timeout").args(around).arg(root.path()).arg(beside.path()))?;
    ensure!(!said.stdout.is_empty(), "{}", said.stderr);
    let queries = beside.path().join("queries");
    let queries = if queries.exists() {
        fs::read_to_string(queries).context("the DNS server's log")?
    } else {
        String::new()
    };
    Ok(Found { answer: said.stdout, queries })
}
