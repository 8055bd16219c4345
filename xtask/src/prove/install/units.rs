//! What systemd says of the units: nothing wrong, and little exposed.

use std::fs;

use anyhow::{Context as _, ensure};

use super::root::Root;

const SERVICES: [&str; 2] = ["nexmo-conversion-batch@otp.service", "nexmo-conversion-track@otp.service"];
/// From 0, which exposes nothing, to 10. A service that needs the network cannot have less than 1.
const MOST: f32 = 2.0;

/// Asks the systemd of a system in which they are installed.
pub(super) fn show(system: &Root) -> anyhow::Result<Vec<String>> {
    let all = [&SERVICES[..], &["nexmo-conversion-batch@otp.timer"]].concat().join(" ");
    let verify = |units: &str| system.shell(&format!("systemd-analyze verify {units} 2>&1"));
    let complaints = verify(&all)?.exits(0).context("systemd-analyze verify")?;
    ensure!(complaints.is_empty(), "systemd-analyze verify: {complaints}");
    let mut shown = Vec::new();
    for service in SERVICES {
        let exposed = exposure(system, service)?;
        ensure!(exposed <= MOST, "{service} is exposed by {exposed}");
        shown.push(format!("{} {exposed}", service.replace("otp", "")));
    }

    // The same service without what protects it, and with a word that systemd does not know.
    let unit = fs::read_to_string(system.at("usr/lib/systemd/system/nexmo-conversion-batch@.service"))?;
    let (bare, _) =
        unit.split_once("\n# What the program may not do").context("where does the protection begin?")?;
    fs::write(
        system.at("etc/systemd/system/control.service"),
        format!("{}\nNonsense=yes\n", bare.replace("%i", "otp")),
    )?;
    let exposed = exposure(system, "control.service")?;
    ensure!(exposed > MOST, "control: without protection it is exposed by {exposed} only");
    let complaints = verify("control.service")?.stdout;
    ensure!(complaints.contains("Nonsense"), "control: systemd-analyze verify says nothing: {complaints}");
    fs::remove_file(system.at("etc/systemd/system/control.service"))?;
    Ok(vec![format!(
        "units    verified; exposure {} (at most {MOST}); control: {exposed} without protection, and a wrong word is found",
        shown.join(", ")
    )])
}

fn exposure(system: &Root, service: &str) -> anyhow::Result<f32> {
    let line = format!("systemd-analyze security --offline=true --no-pager {service}");
    let said = system.shell(&line)?.exits(0).with_context(|| line.clone())?;
    let (_, figure) = said.split_once("Overall exposure level for ").with_context(|| said.clone())?;
    let figure = figure.split_once(": ").and_then(|(_, figure)| figure.split_whitespace().next());
    figure.and_then(|figure| figure.parse().ok()).with_context(|| said.clone())
}
