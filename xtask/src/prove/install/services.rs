//! The units at work, under a systemd that enforces what they say of themselves, against a sandbox beside them.

use std::process::{Child, Stdio};

use anyhow::{Context as _, ensure};

use super::boot::Booted;

/// The sandbox, and an instance whose settings are the package's example.
const PREPARE: &str = r#"
set -e
cd /root
umask 077
echo open-sesame-2026 >right
echo something-else >wrong
(setsid nexmo-conversion sandbox --port 8080 --api-key abcd1234 --api-secret-file right --log requests.jsonl >sandbox.env 2>&1 </dev/null &)
until [ -s sandbox.env ]; do sleep 0.1; done
mkdir -m 755 /var/log/otp
umask 022
echo '{"id":"A1","channel":"sms","delivered":true}' >/var/log/otp/conversions.jsonl
echo '{"event":"sent","id":"C1","channel":"sms"}' >/var/log/otp/codes.jsonl
echo '{"event":"converted","id":"C1"}' >>/var/log/otp/codes.jsonl
example=/usr/share/doc/nexmo-conversion/examples/example.env
sed 's|^OPTIONS=.*|OPTIONS=--base-url http://127.0.0.1:8080|' $example >/etc/nexmo-conversion/otp.env
sed 's|conversions|codes|' /etc/nexmo-conversion/otp.env >/etc/nexmo-conversion/codes.env
for instance in otp codes; do install -m 600 right /etc/nexmo-conversion/$instance.secret; done
"#;

/// Runs them; fails if one does not send, sends twice, or sends with a wrong secret.
pub(super) fn show(booted: &Booted) -> anyhow::Result<Vec<String>> {
    let _prepared = Ended(booted.command(PREPARE).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
    wait(booted, "[ -e /etc/nexmo-conversion/codes.secret ]").context("the sandbox does not start")?;
    let batch = "nexmo-conversion-batch@otp.service";
    let start = |unit: &str| booted.shell(&format!("systemctl start {unit}"));
    for round in ["the first time", "again"] {
        let said = start(batch)?;
        ensure!(said.status == Some(0), "{batch}, {round}: {}", journal(booted, batch));
        ensure!(accepted(booted)? == 1, "{batch}, {round}: {} requests", accepted(booted)?);
    }
    let ledger = booted.shell("stat -c '%U %a' /var/lib/nexmo-conversion/ledger.db")?.exits(0)?;
    ensure!(ledger == "nexmo-conversion 600\n", "the ledger is {ledger}");
    let said = journal(booted, batch);
    ensure!(!said.contains("warning"), "{batch}: {said}");

    booted
        .shell(
            "cd /etc/nexmo-conversion && install -m 600 /root/wrong otp.secret && \
        echo '{\"id\":\"A2\",\"channel\":\"sms\",\"delivered\":true}' >>/var/log/otp/conversions.jsonl",
        )?
        .exits(0)?;
    let said = start(batch)?;
    let status = booted.shell(&format!("systemctl show -P ExecMainStatus {batch}"))?.stdout;
    ensure!(
        said.status != Some(0) && status.trim() == "77",
        "control: with a wrong secret {batch} ends with {status}"
    );
    booted.shell("install -m 600 /root/right /etc/nexmo-conversion/otp.secret")?.exits(0)?;

    booted.shell("systemctl enable --now nexmo-conversion-batch@otp.timer")?.exits(0).context("enable")?;
    booted.shell("systemctl is-active nexmo-conversion-batch@otp.timer")?.exits(0).context("the timer")?;
    booted.shell(&format!("systemctl start {batch}"))?.exits(0).with_context(|| journal(booted, batch))?;
    ensure!(accepted(booted)? == 2, "after the right secret is back: {} requests", accepted(booted)?);
    let mut answer = vec![
        "services batch@ sends a record once, also when it is started again, into a ledger of its own user's"
            .to_owned(),
        "         control: with a wrong secret it fails with 77; the record is sent when the right one is back"
            .to_owned(),
    ];
    answer.push(follow(booted)?);
    Ok(answer)
}

/// A unit that follows a log, is killed, comes back and is stopped.
fn follow(booted: &Booted) -> anyhow::Result<String> {
    if booted.shell("nexmo-conversion track --help | grep -q -- --follow")?.status != Some(0) {
        return Ok("         track@ NOT SHOWN: this program does not follow".to_owned());
    }
    let track = "nexmo-conversion-track@codes.service";
    booted
        .shell(&format!(
            "mkdir -p /run/systemd/system/{track}.d && cd /run/systemd/system/{track}.d && \
         printf '[Service]\\nRestartSec=1\\n' >soon.conf && systemctl daemon-reload && systemctl start {track}"
        ))?
        .exits(0)
        .with_context(|| journal(booted, track))?;
    let sent =
        |id: &str| format!("grep '\"message-id\":\"{id}\"' /root/requests.jsonl | grep -q '\"status\":200'");
    wait(booted, &sent("C1")).with_context(|| journal(booted, track))?;
    booted.shell(&format!("systemctl kill -s KILL {track}"))?.exits(0)?;
    booted
        .shell(
            "printf '%s\\n' '{\"event\":\"sent\",\"id\":\"C2\",\"channel\":\"sms\"}' \
         '{\"event\":\"converted\",\"id\":\"C2\"}' >>/var/log/otp/codes.jsonl",
        )?
        .exits(0)?;
    wait(booted, &sent("C2")).with_context(|| journal(booted, track))?;
    ensure!(accepted(booted)? == 4, "track@: {} requests instead of 4", accepted(booted)?);
    booted.shell(&format!("systemctl stop {track}"))?.exits(0)?;
    let result = booted.shell(&format!("systemctl show -P Result -P NRestarts {track}"))?.stdout;
    ensure!(result.contains("success"), "track@ was stopped: {result}");
    Ok("         track@ sends what its log says, is killed, comes back and goes on; a stop is no failure"
        .to_owned())
}

/// How many requests the sandbox has accepted.
fn accepted(booted: &Booted) -> anyhow::Result<usize> {
    booted
        .shell("grep -c '\"status\":200' /root/requests.jsonl || true")?
        .stdout
        .trim()
        .parse()
        .context("no count")
}

/// Waits until a condition of the shell's holds.
fn wait(booted: &Booted, condition: &str) -> anyhow::Result<()> {
    let line = format!("for try in $(seq 300); do {{ {condition}; }} && exit 0; sleep 0.1; done; exit 1");
    booted.shell(&line)?.exits(0).map(|_| ())
}

fn journal(booted: &Booted, unit: &str) -> String {
    let said =
        booted.shell(&format!("journalctl --no-pager -o cat -u {unit} 2>&1; systemctl status --no-pager {unit}"));
    said.map(|said| said.stdout).unwrap_or_default()
}

/// A process that has ended when this is dropped.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
